//! Event types whose searches name other event types. What such a name stands for is put in its place,
//! since the event types of an event are all told at once.

use crate::app::Reader;
use davy_conf::Conf;
use davy_knowledge::{EventType, wild};
use davy_spl::ast::{CmpOp, SearchExpr};
use std::sync::Arc;

/// How many names are followed for one event type; those that name each other twice could grow
/// without end.
const MOST: usize = 1000;

/// Puts searches in place of names. What cannot be done is told, and that event type left out.
pub(crate) fn inline(conf: &Conf, types: &mut Vec<EventType>, cx: &mut Reader<'_>) {
    if !types.iter().any(|t| names_types(&t.search)) {
        return;
    }
    let mut known: Vec<(Arc<str>, Arc<SearchExpr>)> =
        types.iter().map(|t| (t.name.clone(), t.search.clone())).collect();
    let below = cx.base.addons().iter().flat_map(|a| &a.eventtypes);
    let below: Vec<_> = below
        .filter(|t| !t.name.is_empty() && !known.iter().any(|(name, _)| *name == t.name))
        .map(|t| (t.name.clone(), t.search.clone()))
        .collect();
    known.extend(below);
    types.retain_mut(|one| {
        if !names_types(&one.search) {
            return true;
        }
        let mut path = Path { known: &known, open: vec![one.name.clone()], left: MOST };
        match path.resolved(&one.search) {
            Ok(search) => {
                one.search = Arc::new(search);
                true
            }
            Err(why) => {
                let stanza = conf.stanza(&one.name);
                let text = stanza.and_then(|s| Some((s, conf.setting(s, "search")?)));
                if let Some((stanza, text)) = text {
                    cx.notes.setting(cx.sources, stanza, text, why);
                }
                false
            }
        }
    });
}

fn names_types(search: &SearchExpr) -> bool {
    match search {
        SearchExpr::And(list) | SearchExpr::Or(list) => list.iter().any(names_types),
        SearchExpr::Not(inner, _) => names_types(inner),
        SearchExpr::Compare { field, .. } | SearchExpr::In { field, .. } => {
            field.value == "eventtype"
        }
        _ => false,
    }
}

/// The names that are followed, from the event type that is read.
struct Path<'k> {
    known: &'k [(Arc<str>, Arc<SearchExpr>)],
    open: Vec<Arc<str>>,
    left: usize,
}

impl Path<'_> {
    fn resolved(&mut self, search: &SearchExpr) -> Result<SearchExpr, String> {
        Ok(match search {
            SearchExpr::And(list) => SearchExpr::And(self.all(list)?),
            SearchExpr::Or(list) => SearchExpr::Or(self.all(list)?),
            SearchExpr::Not(inner, span) => SearchExpr::Not(Box::new(self.resolved(inner)?), *span),
            SearchExpr::Compare { field, op, value } if field.value == "eventtype" => {
                if op.value != CmpOp::Eq {
                    return Err(
                        "event types are only compared by `=`; write `NOT eventtype=`".into()
                    );
                }
                self.named(&value.text)?
            }
            SearchExpr::In { field, values, .. } if field.value == "eventtype" => {
                let found: Result<_, String> = values.iter().map(|v| self.named(&v.text)).collect();
                SearchExpr::Or(found?)
            }
            other => other.clone(),
        })
    }

    fn all(&mut self, list: &[SearchExpr]) -> Result<Vec<SearchExpr>, String> {
        list.iter().map(|one| self.resolved(one)).collect()
    }

    /// The searches of all event types of a name, which may have stars.
    fn named(&mut self, pattern: &str) -> Result<SearchExpr, String> {
        let known = self.known;
        let mut found = Vec::new();
        for (name, search) in known.iter().filter(|(name, _)| wild(pattern, name)) {
            if self.open.contains(name) {
                let mut names: Vec<&str> = self.open.iter().map(|n| &**n).collect();
                names.push(name);
                return Err(format!("event types name each other: {}", names.join(" > ")));
            }
            let Some(left) = self.left.checked_sub(1) else {
                return Err(format!("more than {MOST} event types are named here"));
            };
            self.left = left;
            self.open.push(name.clone());
            found.push(self.resolved(search)?);
            self.open.pop();
        }
        match found.is_empty() {
            true => Err(format!("no event type has the name `{pattern}`")),
            false => Ok(SearchExpr::Or(found)),
        }
    }
}
