//! Fields that nobody named, packed into one text column: `name = value ; name = value …` with
//! noncharacters for the two signs.

/// The column that holds them.
pub const COLUMN: &str = "__rest";
const IS: char = '\u{FDD2}';
const NEXT: char = '\u{FDD3}';

pub fn pack<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        push(&mut out, name, value);
    }
    out
}

pub(crate) fn push(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push(NEXT);
    }
    out.push_str(name);
    out.push(IS);
    out.push_str(value);
}

/// The packed fields, in order. Text that was never packed gives none.
pub fn iter(packed: &str) -> impl Iterator<Item = (&str, &str)> {
    packed.split(NEXT).filter_map(|pair| pair.split_once(IS))
}
