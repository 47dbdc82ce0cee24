//! The kinds of mistakes in add-ons and models.

use davy_diag::Code;

macro_rules! codes {
    ($($name:ident = $severity:ident $id:literal $text:literal;)*) => {
        $(pub static $name: Code = Code::$severity($id, $text);)*
        /// Every code of this crate.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    YAML = error "knowledge::yaml" "The file is not well-formed YAML, or repeats a key.";
    TOO_LARGE = error "knowledge::too-large" "The file goes past a limit on size, nesting or aliases. The limits keep a small hostile file from using all memory.";
    WRONG_TYPE = error "knowledge::wrong-type" "The value is of another type than the key takes, such as a text where a map is needed.";
    MISSING_KEY = error "knowledge::missing-key" "A key that is needed here is missing.";
    UNKNOWN_KEY = error "knowledge::unknown-key" "An add-on or a model has no such key here.";
    DUPLICATE = error "knowledge::duplicate" "Two things have the same name, so one would hide the other.";
    NO_SUCH_TABLE = error "knowledge::no-such-table" "An automatic lookup names a table that is not there.";
    NO_SUCH_PARENT = error "knowledge::no-such-parent" "A dataset's parent is not a dataset of its model, or is the dataset itself.";
    EXPRESSION = error "knowledge::expression" "An expression of an add-on or a data model cannot be compiled: a function that is not there, a bad regular expression, a condition where a value is needed.";
    BAD_TABLE = error "knowledge::bad-table" "A lookup table is CSV with a header, and every row has as many cells.";
}
