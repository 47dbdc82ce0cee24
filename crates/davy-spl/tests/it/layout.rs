//! Texts laid out with their macros and comments.

use crate::catalogue::searches;
use crate::support::{Commands, read_with};
use davy_diag::{Diagnostics, SourceMap, render};
use davy_spl::format_source;

fn try_layout(query: &str) -> Result<String, String> {
    let mut sources = SourceMap::default();
    let mut diags = Diagnostics::default();
    let file = sources.add("query", query);
    let text = format_source(&mut sources, file, &Commands, &mut diags);
    text.ok_or_else(|| {
        diags.sorted().iter().map(|d| render::text(&sources, d, false)).collect::<String>()
    })
}

#[track_caller]
fn lays_out(query: &str, expected: &str) {
    let text = try_layout(query).unwrap_or_else(|message| panic!("{message}"));
    assert_eq!(text, expected);
    assert_eq!(try_layout(&text).unwrap(), expected, "not stable");
}

#[test]
fn calls_of_macros_stay_as_written() {
    lays_out(
        "`sysmon`   EventCode=1|stats count by dest | `ctime( firstTime )`|  `x_filter`",
        "`sysmon` EventCode=1\n| stats count by dest\n| `ctime( firstTime )`\n| `x_filter`\n",
    );
    lays_out(
        "|tstats `summariesonly` count from datamodel=Endpoint.Processes where `m(\"a, b\")` by x",
        "| tstats `summariesonly` count from datamodel=Endpoint.Processes WHERE `m(\"a, b\")` BY x\n",
    );
    lays_out("search index=`i` x=\"a `not` b\"", "search index=`i` x=\"a `not` b\"\n");
    lays_out("a | eval x=`m`+1, y='`n`'", "a\n| eval x=`m` + 1, y='`n`'\n");
}

#[test]
fn a_command_that_cannot_be_read_with_a_macro_in_it_stays_as_it_is() {
    lays_out("a | eval   `set(x)`  |table  x", "a\n| eval `set(x)`\n| table x\n");
    lays_out("a | where x >  1 `more`", "a\n| where x >  1 `more`\n");
}

#[test]
fn a_macro_in_brackets_keeps_its_pipe_or_its_lack_of_one() {
    lays_out("a [`m`]", "a [`m`]\n");
    lays_out("a [|`m`]", "a [| `m`]\n");
    lays_out("a [`m` | fields b]", "a [\n    `m`\n    | fields b\n]\n");
}

#[test]
fn comments_move_in_front_of_their_command() {
    lays_out(
        "```what it does``` search a ```why``` | stats count ```by``` by b```end```",
        "```what it does```\nsearch a\n```why```\n```by```\n| stats count by b\n```end```\n",
    );
    lays_out("a [```inner``` | stats count]", "a [\n    ```inner```\n    | stats count\n]\n");
    lays_out("a | ```x``` head", "a\n```x```\n| head\n");
}

#[test]
fn mistakes_are_reported_where_they_were_written() {
    let message = try_layout("`m` a | stast count").unwrap_err();
    assert!(message.contains("no command `stast`") && message.contains("`m` a |"), "{message}");
    let message = try_layout("a | where (x `m`) > `n").unwrap_err();
    assert!(message.contains("no closing backtick"), "{message}");
    assert!(try_layout("a ```never closed").unwrap_err().contains("this comment has no end"));
}

#[test]
fn every_search_of_the_catalogue_means_the_same_when_laid_out() {
    let Some((searches, macros)) = searches() else { return };
    let mut bad = Vec::new();
    for (name, search) in &searches {
        match try_layout(search) {
            Err(message) => bad.push(format!("{name}\n{message}")),
            Ok(text) => {
                let (before, after) = (read_with(search, &macros), read_with(&text, &macros));
                if before.pipeline != after.pipeline {
                    bad.push(format!("{name}: another tree\n{search}\n{text}"));
                }
                if try_layout(&text).as_deref() != Ok(text.as_str()) {
                    bad.push(format!("{name}: not stable\n{text}"));
                }
            }
        }
    }
    assert!(bad.is_empty(), "{} of {}:\n{}", bad.len(), searches.len(), bad.join("\n"));
}
