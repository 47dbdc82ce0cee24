//! `davy explain`: what an error code means.

use crate::exit::Exit;
use crate::output::say;
use clap::Args;
use davy_diag::{Code, closest};

/// Tells what an error code means.
#[derive(Args)]
pub(crate) struct Arguments {
    /// As shown in brackets: spl::unknown-command. All are listed without it.
    code: Option<String>,
}

pub(crate) fn run(args: Arguments) -> Exit {
    let codes: Vec<&'static Code> = all();
    let Some(wanted) = args.code else {
        let ids: String = codes.iter().map(|c| format!("{}\n", c.id)).collect();
        return say(&ids);
    };
    match codes.iter().find(|c| c.id == wanted) {
        Some(code) => say(&format!("{}\n\n{}\n", code.id, code.explanation)),
        None => {
            let near = closest(&wanted, codes.iter().map(|c| c.id));
            let help = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            crate::settings::usage(&format!("no code `{wanted}`{help}"))
        }
    }
}

pub(crate) fn all() -> Vec<&'static Code> {
    let mut codes: Vec<&'static Code> = Vec::new();
    codes.extend(davy_spl::codes::ALL.iter());
    codes.extend(davy_plan::codes::ALL.iter());
    codes.extend(davy_plan::lint::codes::ALL.iter());
    codes.extend(davy_content::codes::ALL.iter());
    codes.extend(davy_conf::codes::ALL.iter());
    codes.sort_by_key(|c| c.id);
    codes
}
