//! Every kind of mistake in the text of a search, with its explanation.

use davy_diag::Code;

macro_rules! codes {
    ($($name:ident = $kind:ident $id:literal, $text:literal;)*) => {
        $(pub static $name: Code = Code::$kind($id, $text);)*
        /// All codes of this crate, for `explain` and the documentation.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    UNKNOWN_COMMAND = error "spl::unknown-command",
        "After each `|` stands the name of a command. There is no command of this name.";
    NO_COMMAND = error "spl::no-command",
        "After each `|` stands the name of a command: a word of letters, digits and `_`.";
    EMPTY_STAGE = error "spl::empty-stage",
        "Nothing stands between two `|`. Write a command there, or remove one of them.";
    TRAILING_PIPE = error "spl::trailing-pipe",
        "The search ends with a `|` that no command follows. Remove it, or add the command.";
    NOT_UTF8 = error "spl::not-utf8",
        "The text holds bytes that are no UTF-8, as text in Latin-1 or UTF-16 does. Save it as \
         UTF-8.";
    EMPTY_SEARCH = error "spl::empty-search",
        "There is no search here. `search *` finds everything.";
    UNCLOSED_PAREN = error "spl::unclosed-paren",
        "A `(` has no `)` before the end of its command. A `|` outside quotes ends the command, \
         so a text that holds one needs double quotes.";
    UNMATCHED_PAREN = error "spl::unmatched-paren",
        "A `)` stands where no `(` is open. Remove it, or add the `(`.";
    UNCLOSED_BRACKET = error "spl::unclosed-bracket",
        "A `[` starts a subsearch and needs a `]` at its end. A bracket that is part of a text \
         needs double quotes around that text.";
    UNMATCHED_BRACKET = error "spl::unmatched-bracket",
        "A `]` stands where no `[` is open. A bracket that is part of a text needs double quotes \
         around that text.";
    UNTERMINATED_STRING = error "spl::unterminated-string",
        "A double quote starts a text that no double quote ends. Inside a quoted text, a double \
         quote is written `\\\"` and a backslash before the closing quote `\\\\`.";
    UNTERMINATED_FIELD = error "spl::unterminated-field",
        "A single quote starts a field name that no single quote ends.";
    MISSING_OPERAND = error "spl::missing-operand",
        "An operator or a comma has nothing on one of its sides.";
    UNEXPECTED = error "spl::unexpected",
        "Something stands here that cannot follow what is before it: an operator or a comma is \
         missing, or a text lacks its quotes.";
    MISSING_VALUE = error "spl::missing-value",
        "`=` and the other comparisons need a value after them. The empty value is `\"\"`.";
    MISSING_FIELD = error "spl::missing-field",
        "A comparison needs a field name before it.";
    EMPTY_PARENS = error "spl::empty-parens",
        "A pair of parentheses holds nothing. Remove it, or write a condition inside.";
    CALL_IN_SEARCH = warning "spl::call-in-search",
        "`search` knows no functions: the word is a term to find, and what stands in the \
         parentheses are terms too. `where` computes.";
    LOOK_ALIKE = warning "spl::look-alike",
        "Word processors and web pages put curly quotes, `\u{2265}`, no-break spaces and signs \
         without width in place of what was typed. Outside straight quotes Splunk takes them for \
         letters of a word, so the search means something else. Inside quotes they are text.";
    EMPTY_LIST = error "spl::empty-list",
        "`IN` needs at least one value: `field IN (a, b)`.";
    MISSING_ASSIGNMENT = error "spl::missing-assignment",
        "`eval` takes assignments, `field=expression`, separated by commas.";
    MISSING_EXPRESSION = error "spl::missing-expression",
        "This command needs an expression, as in `where count > 5`.";
    BAD_NUMBER = error "spl::bad-number",
        "A number is written like `42`, `1.5`, `1e6` or `0x1F`. A field whose name starts with a \
         digit needs single quotes.";
    TOO_DEEP = error "spl::too-deep",
        "Parentheses, brackets, calls or operators are nested deeper than any search needs. The \
         bound keeps a hostile search from exhausting memory.";
    UNKNOWN_MACRO = error "spl::unknown-macro",
        "A name between backticks calls a search macro. There is no macro of this name.";
    MACRO_ARGUMENTS = error "spl::macro-arguments",
        "The macro exists with another number of arguments. An argument that holds a comma needs \
         double quotes.";
    MACRO_RECURSION = error "spl::macro-recursion",
        "A macro calls itself, directly or through others, so its expansion would never end.";
    UNTERMINATED_MACRO = error "spl::unterminated-macro",
        "A backtick starts the call of a macro and needs another backtick at its end.";
    UNTERMINATED_COMMENT = error "spl::unterminated-comment",
        "Three backticks start a comment and need another three at its end.";
    MACRO_SIZE = error "spl::macro-size",
        "The macros of this search expand to too much text (over 1 MiB), too deep, or in too many \
         calls.";
    MACRO_EVAL = error "spl::macro-eval",
        "The macro's definition is an eval expression that yields the text, and this one yields none: \
         it cannot be read, is null, or is no text. Arguments are put into it before it is computed; \
         those that are text need double quotes there. Functions that need a search (`lookup`) \
         cannot be used.";
    MACRO_VALIDATION = error "spl::macro-validation",
        "The macro's definition in macros.conf says what its arguments must be (`validation`), and \
         these are not that. The message is the macro's own (`errormsg`).";
    NOT_FORMATTED = error "spl::not-formatted",
        "The search cannot be laid out anew without a risk of changing what it means, so it was \
         left as it is.";
}
