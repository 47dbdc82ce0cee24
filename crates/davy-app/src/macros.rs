//! `macros.conf`.

use crate::app::Reader;
use davy_conf::{Conf, Stanza, list, truth};
use davy_content::model::MacroFile;
use davy_spl::Validation;

pub(crate) fn read(conf: &Conf, cx: &mut Reader<'_>) -> Vec<MacroFile> {
    let mut out = Vec::new();
    for stanza in conf.stanzas() {
        let full = &stanza.name.value;
        let (name, argc) = match full.strip_suffix(')').and_then(|n| n.rsplit_once('(')) {
            Some((name, count)) => (name.trim(), count.trim().parse().ok()),
            None => (full.as_str(), Some(0)),
        };
        let Some(argc) = argc else {
            cx.notes.stanza(cx.sources, stanza, "the number of arguments is no number");
            continue;
        };
        let Some(definition) = conf.setting(stanza, "definition") else {
            cx.notes.stanza(cx.sources, stanza, "the macro has no `definition`");
            continue;
        };
        let args = conf.setting(stanza, "args").map(|s| list(&s.value.value)).unwrap_or_default();
        if args.len() != argc {
            let why = format!("the name says {argc} arguments, `args` names {}", args.len());
            cx.notes.stanza(cx.sources, stanza, why);
            continue;
        }
        let iseval = conf.setting(stanza, "iseval").and_then(|s| truth(&s.value.value));
        for setting in stanza.own() {
            match setting.key.value.as_str() {
                "definition" | "args" | "description" | "disabled" | "iseval" | "validation"
                | "errormsg" => {}
                _ => cx.unknown(stanza, setting),
            }
        }
        let description = conf.setting(stanza, "description");
        out.push(MacroFile {
            name: davy_diag::Spanned::new(name.to_owned(), stanza.name.span),
            args,
            definition: cx.whole(stanza, definition),
            description: description.map(|s| s.value.value.clone()).unwrap_or_default(),
            iseval: iseval.unwrap_or_default(),
            validation: validation(conf, stanza),
            path: cx.file_of(stanza),
        });
    }
    out
}

/// The condition on the arguments; a macro without any has nothing to be checked.
fn validation(conf: &Conf, stanza: &Stanza) -> Option<Validation> {
    let text = |key: &str| conf.setting(stanza, key).map(|s| s.value.value.trim().to_owned());
    let expression = text("validation").filter(|t| !t.is_empty())?;
    let message = text("errormsg").filter(|t| !t.is_empty());
    Some(Validation { expression, message: message.unwrap_or_else(|| "they are not valid".into()) })
}
