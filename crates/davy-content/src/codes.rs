//! The kinds of mistakes in content files, with the words that `davy explain` shows.

use davy_diag::Code;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $level:ident($id:literal, $text:literal);)*) => {
        $(pub static $name: Code = Code::$level($id, $text);)*
        /// Every kind, for the reference.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    YAML = error("content::yaml", "The file is not well-formed YAML, or repeats a key.");
    TOO_LARGE = error("content::too-large", "The file goes past a limit on size, nesting or aliases. The limits keep a small hostile file from using all memory.");
    UNKNOWN_KIND = error("content::unknown-kind", "Neither the folder nor the keys tell what the file describes. Put it in a folder such as `detections/` or `macros/`.");
    MISSING_KEY = error("content::missing-key", "A key that every file of this kind needs is missing or empty.");
    WRONG_TYPE = error("content::wrong-type", "The value is of another type than the key takes, such as a text where a number is needed.");
    BAD_VALUE = error("content::bad-value", "The value is of the right type but not one that the key accepts.");
    UNKNOWN_KEY = warning("content::unknown-key", "No kind of content has this key here; it is ignored. Most often it is a slip of the pen. In the second and third form of a detection it is an error.");
    NOT_UTF8 = warning("content::not-utf8", "The file holds bytes that are no UTF-8, as text in Latin-1 does. A sign that stands for them is read in their place.");
    DUPLICATE_NAME = error("content::duplicate-name", "Two files of one folder tree define the same name, so one would silently hide the other.");
    DUPLICATE_ID = error("content::duplicate-id", "Two objects have the same id. Ids are unique over all kinds.");
    FILE_NAME = warning("content::file-name", "A file is named after the object in it: lower case, with `_` for blanks, dashes, dots and slashes. The filter macro's name is made from the file's.");
    NAME_LENGTH = error("content::name-length", "Splunk limits the length of a saved search's name, so a detection's name has at most 67 characters, any other name 99.");
    PLACEHOLDER = error("content::placeholder", "The file still holds the marker `__UPDATE__` of an unfinished template.");
    BAD_REFERENCE = error("content::bad-reference", "A reference is an absolute URL.");
    BAD_DATE = error("content::bad-date", "A date is a day of the calendar, written YYYY-MM-DD.");
    BAD_ID = error("content::bad-id", "An id is a UUID.");
    REPEATED = error("content::repeated", "The same name stands twice in one list.");
    NO_FILTER_MACRO = error("content::no-filter-macro", "A detection's search calls a macro named after its file with `_filter`, so that users can leave out results without editing the search.");
    UNKNOWN_MACRO = error("content::unknown-macro", "The search calls a macro that no file defines.");
    MACRO_CYCLE = error("content::macro-cycle", "A macro calls itself, directly or through others, and can never be expanded.");
    BAD_COMMENT = error("content::bad-comment", "Four back-quotes in a row: an empty macro or a broken comment.");
    UNKNOWN_LOOKUP = error("content::unknown-lookup", "The search uses a lookup that no file defines.");
    UNKNOWN_DATA_SOURCE = warning("content::unknown-data-source", "The detection names a data source that no file defines.");
    UNKNOWN_STORY = error("content::unknown-story", "The detection names an analytic story that no file defines.");
    ABSENT_DETECTION = warning("content::absent-detection", "A baseline names a detection that is not among the files.");
    UNKNOWN_DETECTION = error("content::unknown-detection", "No detection has this name, id or file name.");
    OUTPUT_FIELD = error("content::output-field", "The data source asks for a field in each result that the search never mentions.");
    NO_TEST = error("content::no-test", "A production detection needs a test, or `manual_test` with the reason why there is none.");
    BAD_TEST = error("content::bad-test", "A test needs at least one data set, each with an address, a source and a sourcetype.");
    DRILLDOWNS = error("content::drilldowns", "A production detection that alerts has at least two drill-down searches, one of them with %original_detection_search%.");
    FIELD_NOT_IN_SEARCH = error("content::field-not-in-search", "A risk object, threat object, throttling field or message token names a field that the search does not mention.");
    RISK_SHAPE = error("content::risk-shape", "The detection's type decides whether it must, may or must not score risk and raise a finding.");
    BAD_MESSAGE = error("content::bad-message", "A message holds tokens such as $dest$: whole, without blanks, and at least one.");
    BAD_TECHNIQUE = error("content::bad-technique", "A technique is T and four digits, with .001 and so on for a sub-technique, and exists in ATT&CK.");
    BAD_CVE = error("content::bad-cve", "A vulnerability is written CVE-YYYY-NNNN.");
    TUNING = error("tuning::mistake", "An entry of a tuning file cannot be used. It has a detection (a name, an id, or a pattern with `*`), a reason, and one test: `field` with `value`, or SPL in `where` or `search`; `expires` is a day.");
    TUNING_EXPIRED = warning("tuning::expired", "The entry's day has passed, so it suppresses nothing any more. What was known to be good then may not be so now.");
    TUNING_IDLE = warning("tuning::no-such-detection", "An entry of a tuning file names no detection of the content, so it does nothing.");
    TUNING_UNUSED = warning("tuning::unused", "The detections of an entry of a tuning file have findings, and none of them has the entry's field, so it suppresses nothing. Most often the name is a slip of the pen.");
    DEPLOYMENT = error("content::deployment", "Each type of detection has exactly one default configuration.");
    ENABLED = error("content::enabled-by-default", "Only production detections of type TTP, Anomaly or Correlation may be enabled by default.");
}
