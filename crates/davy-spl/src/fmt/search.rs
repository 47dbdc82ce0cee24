//! Search expressions.

use super::Writer;
use crate::ast::{CmpOp, SearchExpr, SearchValue};

impl Writer<'_> {
    /// `open`: no parentheses are needed around a list of terms here.
    pub(super) fn search(&mut self, expr: &SearchExpr, open: bool) {
        let list = matches!(expr, SearchExpr::And(_) | SearchExpr::Or(_));
        if !list && std::mem::take(&mut self.wrap) {
            self.push("(");
            self.search(expr, true);
            self.push(")");
            return;
        }
        match expr {
            SearchExpr::And(items) => self.joined(items, if open { " " } else { " AND " }, open),
            SearchExpr::Or(items) => self.joined(items, " OR ", open),
            SearchExpr::Not(inner, _) => {
                self.push("NOT ");
                self.operand(inner);
            }
            SearchExpr::Compare { field, op, value } => {
                self.field(&field.value);
                self.push(sign(op.value));
                // `a= =b`: the value's own sign would join the comparison.
                if !value.quoted && value.text.starts_with('=') {
                    self.push(" ");
                }
                self.value(value);
            }
            SearchExpr::In { field, values, .. } => {
                self.field(&field.value);
                self.push(" IN (");
                for (i, value) in values.iter().enumerate() {
                    if i > 0 {
                        self.push(", ");
                    }
                    self.value(value);
                }
                self.push(")");
            }
            SearchExpr::Term(value) => self.value(value),
            SearchExpr::IndexedTerm(value) => self.directive("TERM", value),
            SearchExpr::Case { field, value } => {
                if let Some(field) = field {
                    self.field(&field.value);
                    self.push("=");
                }
                self.directive("CASE", value);
            }
            SearchExpr::Subsearch(pipeline, _) => self.subsearch(pipeline),
            SearchExpr::CompareSub { field, op, pipeline, .. } => {
                self.field(&field.value);
                match op {
                    Some(op) => {
                        self.push(sign(op.value));
                        self.subsearch(pipeline);
                    }
                    None => {
                        self.push(" IN (");
                        self.subsearch(pipeline);
                        self.push(")");
                    }
                }
            }
            SearchExpr::Time { key, value } => {
                self.field(&key.value);
                self.push(if value.text.starts_with('=') { "= " } else { "=" });
                self.value(value);
            }
        }
    }

    fn joined(&mut self, items: &[SearchExpr], sign: &str, open: bool) {
        let open = open && !items.is_empty();
        if !open {
            self.push("(");
        }
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.push(sign);
            }
            self.operand(item);
        }
        if !open {
            self.push(")");
        }
    }

    /// What stands after another term or `NOT`: a bare `in` before parentheses would read as the
    /// operator.
    fn operand(&mut self, item: &SearchExpr) {
        match item {
            SearchExpr::Term(word) if !word.quoted && word.text.eq_ignore_ascii_case("in") => {
                self.push("(");
                self.push(&word.text);
                self.push(")");
            }
            _ => self.search(item, false),
        }
    }

    fn directive(&mut self, name: &str, value: &SearchValue) {
        self.push(name);
        self.push("(");
        // What stands here bare is taken as it is.
        if value.quoted {
            self.value(value)
        } else {
            self.push(&value.text)
        }
        self.push(")");
    }

    fn value(&mut self, value: &SearchValue) {
        if value.quoted { self.quote(&value.text, '"') } else { self.push(&bare(&value.text)) }
    }

    fn field(&mut self, name: &str) {
        let bare = !name.is_empty()
            && !name.contains(|c: char| c.is_whitespace() || ",()[]\"=<>!|`".contains(c))
            && !name.contains('\'')
            && !matches!(name, "AND" | "OR" | "NOT")
            && !["by", "groupby"].iter().any(|k| k.eq_ignore_ascii_case(name));
        if bare { self.push(&self::bare(name)) } else { self.quote(name, '"') }
    }
}

fn sign(op: CmpOp) -> &'static str {
    match op {
        CmpOp::Eq => "=",
        CmpOp::Ne => "!=",
        CmpOp::Lt => "<",
        CmpOp::Le => "<=",
        CmpOp::Gt => ">",
        CmpOp::Ge => ">=",
    }
}

/// A bare word as it is typed: what would be read as an escape, or end the word, gets a backslash.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), None | Some('\\' | '"' | '|')) => out.push_str("\\\\"),
            '"' | '|' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}
