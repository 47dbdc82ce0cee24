//! The kinds of regrets.

use davy_diag::Code;

pub static NOT_EQUAL: Code = Code::warning(
    "lint::not-equal",
    "In a search, `field!=value` drops the events that lack the field as well. `NOT field=value` \
     keeps them.",
);
pub static OR_PRECEDENCE: Code = Code::warning(
    "lint::or-precedence",
    "In a search, OR binds tighter than AND, written or not: `a b OR c` is `a (b OR c)`. In `where` \
     and `eval` it is the other way round, so parentheses spare readers a guess.",
);
pub static LEADING_WILDCARD: Code = Code::warning(
    "lint::leading-wildcard",
    "A value that starts with `*` cannot be looked up in Splunk's index, so every event is read. \
     Add a term or a field with a fixed beginning.",
);
pub static ABSENT_BY: Code = Code::warning(
    "lint::absent-by-field",
    "Events without a BY field are left out of the result, and the data source's list of fields \
     does not have this one. Check its name, or fill it with `fillnull` before.",
);
pub static SUBSEARCH_LIMIT: Code = Code::warning(
    "lint::subsearch-limit",
    "A search in brackets is cut at a number of rows, and one that gives its events as they are \
     reaches it soon; the rest is left out silently. Aggregate inside the brackets, or use `stats` \
     over both kinds of events in place of `join`.",
);
pub static COMMAND_WORD: Code = Code::warning(
    "lint::command-word",
    "A search without a `|` before its first word looks for words in events, also where the first \
     word is the name of a command: `stats count` finds events with these two words.",
);

/// Every code of the lints.
pub static ALL: &[&Code] =
    &[&NOT_EQUAL, &OR_PRECEDENCE, &LEADING_WILDCARD, &ABSENT_BY, &SUBSEARCH_LIMIT, &COMMAND_WORD];
