//! Values as the parser gives them.

use crate::{Node, Value};
use davy_diag::{FileId, Spanned};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::ops::Range;

pub(crate) fn range(location: &serde_saphyr::Location) -> Range<usize> {
    let span = location.span();
    let start = span.byte_offset().unwrap_or_default() as usize;
    start..start + span.byte_len().unwrap_or_default() as usize
}

/// A value as the parser gives it; places are put in afterwards.
pub(crate) enum Raw {
    Leaf(Value),
    List(Vec<serde_saphyr::Spanned<Raw>>),
    Map(Vec<(serde_saphyr::Spanned<String>, serde_saphyr::Spanned<Raw>)>),
}

impl Raw {
    pub(crate) fn place(self, at: Range<usize>, file: FileId) -> Node {
        let mut span = file.span(at);
        let value = match self {
            Raw::Leaf(value) => value,
            Raw::List(items) => {
                let items: Vec<Node> =
                    items.into_iter().map(|i| i.value.place(range(&i.referenced), file)).collect();
                Value::List(items)
            }
            Raw::Map(entries) => {
                let entries: Vec<(Spanned<String>, Node)> = entries
                    .into_iter()
                    .map(|(k, v)| {
                        let key = Spanned::new(k.value, file.span(range(&k.referenced)));
                        (key, v.value.place(range(&v.referenced), file))
                    })
                    .collect();
                // A map is shown by its first key: underlining all of it would help nobody.
                if let Some((key, _)) = entries.first() {
                    span = key.span;
                }
                Value::Map(entries)
            }
        };
        Node { value, span }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Bool(v)))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Int(v)))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Raw, E> {
        let value = i64::try_from(v).map_or(Value::Float(v as f64), Value::Int);
        Ok(Raw::Leaf(value))
    }

    fn visit_i128<E>(self, v: i128) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Float(v as f64)))
    }

    fn visit_u128<E>(self, v: u128) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Float(v as f64)))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Float(v)))
    }

    fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Text(v.to_owned())))
    }

    fn visit_string<E>(self, v: String) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Text(v)))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Leaf(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Raw, D::Error> {
        Raw::deserialize(d)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key()? {
            entries.push((key, map.next_value()?));
        }
        Ok(Raw::Map(entries))
    }
}
