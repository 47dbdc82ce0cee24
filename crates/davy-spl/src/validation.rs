//! What the arguments of a macro must be: macros.conf, `validation` and `errormsg`.

use crate::expand::EvalMacro;
use serde::{Deserialize, Serialize};

/// An eval expression over the arguments: they are fields for it, and `$name$` is put in as text. As a condition it holds
/// for what the macro takes; as a text it is the message, and null for what the macro takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    pub expression: String,
    /// What is told where the condition does not hold.
    pub message: String,
}

impl Validation {
    /// Why the arguments are not taken. `None`: they are.
    pub(crate) fn refuses(&self, args: &[(&str, String)], eval: EvalMacro<'_>) -> Option<String> {
        let mut text = String::new();
        let mut rest = self.expression.as_str();
        while let Some(start) = rest.find('$') {
            let (before, after) = rest.split_at(start);
            text.push_str(before);
            let found = args.iter().find_map(|(name, value)| {
                let left = after.get(1..)?.strip_prefix(name)?.strip_prefix('$')?;
                Some((value, left))
            });
            rest = match found {
                Some((value, left)) => {
                    text.push_str(value);
                    left
                }
                None => {
                    text.push('$');
                    after.get(1..).unwrap_or("")
                }
            };
        }
        text.push_str(rest);
        match eval(&format!("if(({text}), \"true\", \"false\")"), args) {
            Ok(holds) if holds == "true" => return None,
            Ok(_) => return Some(self.message.clone()),
            Err(_) => {}
        }
        match eval(&format!("coalesce(({text}), \"\")"), args) {
            Ok(message) => Some(message).filter(|m| !m.is_empty()),
            Err(why) => Some(format!("its validation has no value: {why}")),
        }
    }
}
