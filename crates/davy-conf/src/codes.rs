//! The kinds of mistakes in configuration files, with the words that `davy explain` shows.

use davy_diag::Code;

macro_rules! codes {
    ($($name:ident = $level:ident($id:literal, $text:literal);)*) => {
        $(pub static $name: Code = Code::$level($id, $text);)*
        /// Every kind, for the reference.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    NO_EQUALS = warning("conf::no-equals", "A line of a configuration file is empty, a comment, a stanza's header in brackets, or `key = value`. This one is none of them and is left out. Most often the line before was to end with a backslash, and a blank follows the backslash.");
    BAD_HEADER = warning("conf::bad-header", "A stanza's header is one line, in brackets. What follows up to the next header is left out.");
    AFTER_HEADER = warning("conf::after-header", "Something stands behind the bracket that closes a stanza's header; it is left out. A comment needs a line of its own.");
    DUPLICATE_KEY = warning("conf::duplicate-key", "A stanza of one file sets the same key twice; the later line counts.");
}
