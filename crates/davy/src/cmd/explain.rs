//! `davy explain`: what an error code means.

use crate::exit::Exit;
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
        codes.iter().for_each(|c| println!("{}", c.id));
        return Exit::Done;
    };
    match codes.iter().find(|c| c.id == wanted) {
        Some(code) => {
            println!("{}\n\n{}", code.id, code.explanation);
            Exit::Done
        }
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
