//! The kinds of mistakes that binding and running a search can report.

use davy_diag::Code;

macro_rules! codes {
    ($($name:ident = $severity:ident $id:literal $text:literal;)*) => {
        $(pub static $name: Code = Code::$severity($id, $text);)*
        /// Every code of this crate.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    MISSING_ARGUMENT = error "spl::missing-argument" "A command or function needs an argument that is not there. Its syntax is shown by `davy help spl NAME`.";
    BAD_ARGUMENT = error "spl::bad-argument" "An argument cannot be what it is: a word where a number is needed, a value outside its range, an expression where a field is needed.";
    UNKNOWN_OPTION = error "spl::unknown-option" "A command was given a `key=value` that it does not have.";
    UNKNOWN_FUNCTION = error "spl::unknown-function" "No eval or statistical function has this name.";
    WRONG_COUNT = error "spl::argument-count" "A function was called with too few or too many arguments.";
    NOT_A_CONDITION = error "spl::not-a-condition" "A condition is needed here: a comparison, or a function that is true or false. Other values have no truth in SPL.";
    CONDITION_AS_VALUE = error "spl::condition-as-value" "A field cannot hold true or false in SPL. Turn the condition into a value with if(), case() or tostring().";
    BAD_REGEX = error "spl::bad-regex" "The regular expression cannot be read.";
    REGEX_LIMIT = error "run::regex-limit" "A regular expression that backtracks took more steps on one value than it may, as with `match_limit` in Splunk's limits.conf. Patterns without look-around, backreferences, atomic groups and possessive quantifiers never backtrack.";
    TOO_MANY_VALUES = error "run::too-many-values" "A function would put more values into one field than a typing error should be able to: a million.";
    REFUSED = error "spl::refused" "Splunk has this command or function; davy does not, and says why.";
    TOO_MANY_ROWS = error "run::too-many-rows" "A command that holds all rows at once met more than the limit, or a join made a thousand rows for each of its own.";
    SUBSEARCH_CUT = warning "run::subsearch-cut" "A search in brackets gave more rows than Splunk's limit (limits.conf) lets through; the rest was left out, as Splunk does.";
    LIMIT_CUT = warning "run::limit-cut" "A command met one of Splunk's limits and left rows or values out, as Splunk does.";
    UNKNOWN_FIELD = warning "spl::unknown-field" "A command reads a field that no earlier command leaves behind, so it is always null.";
    CONDITION_AFTER_BY = warning "spl::condition-after-by" "Only fields stand after BY, so a condition there is read as their names, and rows without such fields are left out. A condition is a command of its own: `| where count>5`. A field of such a name needs double quotes.";
    NO_SUCH_LOOKUP = error "knowledge::no-such-lookup" "A lookup that is not in the content. `inputlookup` only warns of it, unless it says `strict=t`.";
    NO_SUCH_MODEL = error "knowledge::no-such-data-model" "A data model or dataset that is not in the content.";
    NO_SUCH_SEARCH = error "knowledge::no-such-search" "A saved search or transaction type that is not in the content.";
    FIRST_ONLY = error "spl::not-first" "A command that makes its own rows must be the first of its pipeline.";
    TIMED_OUT = error "run::timed-out" "A search took longer than `--timeout` allows. In a hunt the others go on.";
    OUT_OF_MEMORY = error "run::out-of-memory" "A command needs to hold more at once than `--memory-limit` allows, and cannot put it on disk. Sorting and grouping can, and commands that walk over the rows of each key by themselves; lists of values, and what needs all rows at once, cannot.";
    RUNTIME = error "run::failed" "A search failed while it ran.";
    NO_INPUT = error "run::no-input" "The search reads events, and no input was named.";
    MISSING_FILE = warning "knowledge::missing-file" "A command needs a file that was not given, for instance a database of addresses; fields that only it tells stay empty.";
    NO_EFFECT = warning "run::no-effect" "The command does something outside the search (sends, writes, keeps events) that is not done here, or an option of it adds something that is not added. Its rows go on to the next command.";
    NO_FIELD_FOR_MAP = error "run::no-field-for-map" "A row lacks a field that the template of `map` names between dollar signs.";
}
