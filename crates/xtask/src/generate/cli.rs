//! `docs/CLI.md`: the long help of the command and of each of its subcommands.

use clap::Command;
use std::fmt::Write;

pub(super) fn page() -> String {
    let mut cli = davy::cli().term_width(96);
    cli.build();
    let mut out = String::from("# The command line\n");
    add(&mut out, &cli, 2);
    out
}

fn add(out: &mut String, command: &Command, level: usize) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    // A copy, because rendering wants to write.
    let help = command.clone().render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = writeln!(
        out,
        "\n{} {name}\n\n```text\n{}\n```",
        "#".repeat(level),
        lines.join("\n").trim_end()
    );
    for inner in command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
        add(out, inner, 3);
    }
}
