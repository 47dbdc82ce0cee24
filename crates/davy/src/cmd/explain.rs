//! `davy explain`: what an error code means; and how searches are explained.

use crate::exit::Exit;
use clap::Args;
use davy_diag::{Code, closest};
use davy_exec::{RunError, Search, Session};
use davy_plan::Fields;
use std::fmt::Write;

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

fn all() -> Vec<&'static Code> {
    let mut codes: Vec<&'static Code> = Vec::new();
    codes.extend(davy_spl::codes::ALL.iter());
    codes.extend(davy_plan::codes::ALL.iter());
    codes.extend(davy_content::codes::ALL.iter());
    codes.extend(davy_conf::codes::ALL.iter());
    codes.sort_by_key(|c| c.id);
    codes
}

/// The stages of a search with the fields that each needs and leaves, then the plans.
pub(crate) fn explain_search(session: &Session, search: &Search<'_>) -> Result<String, RunError> {
    let prepared = search.prepared;
    let mut out = String::new();
    let _ = writeln!(out, "{}\n", davy_spl::format(&prepared.pipeline));
    let demands = prepared.bound.demands(&search.out, true);
    let fields = prepared.bound.fields(Fields::open());
    for ((stage, demand), after) in prepared.bound.stages.iter().zip(&demands).zip(&fields) {
        let needs: Vec<&str> = demand.needs.names.iter().map(String::as_str).collect();
        let all = if demand.needs.all { " and all other fields" } else { "" };
        let open = if after.open { " and others" } else { "" };
        let _ = writeln!(out, "{:<12} {:?}", stage.spec.name, stage.spec.kind);
        let _ = writeln!(out, "    needs  {}{all}", needs.join(", "));
        let _ = writeln!(out, "    leaves {}{open}", after.names.join(", "));
    }
    let (logical, physical) = session.explain(search)?;
    let _ = writeln!(out, "\nlogical plan\n{logical}\n\nphysical plan\n{physical}");
    Ok(out)
}
