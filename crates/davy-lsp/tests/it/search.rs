//! Files of SPL.

use crate::client::{Client, covered};
use serde_json::json;

#[test]
fn mistakes_come_all_at_once_and_go_when_they_are_mended() {
    let mut client = Client::start();
    let uri = "file:///tmp/a%20b.spl";
    let text = "index=a\n| stast count\n| eval x=lowr(y)";
    let found = client.open(uri, text);
    let words: Vec<String> = found.iter().map(|d| covered(text, &d["range"])).collect();
    assert_eq!(words, ["stast", "lowr"]);
    assert_eq!(found[0]["code"], "spl::unknown-command");
    assert_eq!(found[0]["severity"], 1);
    assert!(found[0]["message"].as_str().unwrap().contains("did you mean `stats`?"));
    assert!(client.change(uri, "index=a\n| stats count\n| eval x=lower(count)").is_empty());
    let warned = client.change(uri, "index=a\n| stats count\n| where cuont > 5");
    assert_eq!((warned[0]["severity"].as_u64(), warned.len()), (Some(2), 1));
    assert!(client.close(uri).is_empty());
}

#[test]
fn a_mistake_that_a_macro_brings_stands_at_its_call() {
    let mut client = Client::start();
    let text = "index=a | `times(a, b)` | `nothing`";
    let found = client.open("file:///q.spl", text);
    let words: Vec<String> = found.iter().map(|d| covered(text, &d["range"])).collect();
    assert_eq!(words, ["`times(a, b)`", "`nothing`"]);
}

#[test]
fn hover_tells_what_the_word_is_where_it_stands() {
    let mut client = Client::start();
    assert!(client.hover("index=a | sta^ts count by b").contains("### stats"));
    assert!(client.hover("index=a | stats co^unt by b").contains("### count"));
    assert!(client.hover("index=a | eval b=repl^ace(c, d, e)").contains("replace(<text>"));
    let command = client.hover("index=a | repl^ace x WITH y");
    assert!(command.contains("### replace") && !command.contains("replace(<text>"), "{command}");
    assert!(client.hover("index=a | eval x=y + `sys^mon`").contains("sourcetype=sysmon"));
    assert_eq!(client.hover("index=a \"| sta^ts\""), "");
    assert_eq!(client.hover("index=a | table st^ats"), "");
}

#[test]
fn completion_offers_what_may_stand_there() {
    let mut client = Client::start();
    let commands = client.offered("index=a | st^");
    assert!(commands.contains(&"stats".to_owned()) && !commands.contains(&"lower".to_owned()));
    let eval = client.offered("index=a | eval x=lo^");
    assert!(eval.contains(&"lower".to_owned()) && !eval.contains(&"values".to_owned()));
    let stats = client.offered("index=a | stats va^");
    assert!(stats.contains(&"values".to_owned()) && !stats.contains(&"lower".to_owned()));
    let inside = client.offered("index=a | stats count(eval(lo^");
    assert!(inside.contains(&"lower".to_owned()));
    let macros = client.offered("`sys^");
    assert!(macros.contains(&"sysmon".to_owned()) && macros.contains(&"times".to_owned()));
    assert!(client.offered("index=a | head ^").contains(&"limit=".to_owned()));
    let models = client.offered("| tstats count from datamodel=En^");
    assert!(models.contains(&"Endpoint.Processes".to_owned()), "{models:?}");
    assert!(client.offered("index=a \"st^\"").is_empty());
}

#[test]
fn a_part_of_the_text_is_changed() {
    let mut client = Client::start();
    let uri = "file:///q.spl";
    assert!(client.open(uri, "index=\"𝄞\" | head\r\n| stats count").is_empty());
    let broken = client.edit(uri, 0, (13, 17), "haed");
    assert_eq!(broken[0]["code"], "spl::unknown-command", "{broken:?}");
    assert_eq!(broken[0]["range"]["start"], json!({ "line": 0, "character": 13 }));
    assert!(client.edit(uri, 0, (14, 16), "ea").is_empty());
}

#[test]
fn completion_replaces_what_was_typed() {
    let mut client = Client::start();
    let edit = |client: &mut Client, marked: &str, label: &str| {
        let answer = client.at("completion", "file:///q.spl", marked);
        let item = answer.as_array().unwrap().iter().find(|i| i["label"] == label).unwrap();
        let range = &item["textEdit"]["range"];
        assert_eq!(item["textEdit"]["newText"], label);
        (range["start"]["character"].as_u64().unwrap(), range["end"]["character"].as_u64().unwrap())
    };
    assert_eq!(edit(&mut client, "\"𝄞\" | st^x", "stats"), (7, 10));
    let model = "| tstats count from datamodel=Endpoint.Pro^";
    assert_eq!(edit(&mut client, model, "Endpoint.Processes"), (30, 42));
    assert_eq!(edit(&mut client, "a | eval b=c.lo^", "lower"), (13, 15));
}

#[test]
fn completion_knows_models_and_lookups() {
    let mut client = Client::start();
    let by = client.offered("| tstats count from datamodel=Endpoint.Processes by Processes.^");
    assert!(by.contains(&"Processes.process_name".to_owned()), "{by:?}");
    assert!(!by.iter().any(|name| name.starts_with("Filesystem.")));
    let all = client.offered("| tstats count, values(^) from datamodel=Endpoint");
    assert!(all.contains(&"Filesystem.file_name".to_owned()));
    assert!(client.offered("| datamodel ^").contains(&"Endpoint".to_owned()));
    assert!(client.offered("| datamodel Endpoint ^").contains(&"Filesystem".to_owned()));
    assert!(client.offered("| from datamodel:^").contains(&"Web".to_owned()));
    assert!(client.offered("a | lookup ^").contains(&"asset_lookup_by_str".to_owned()));
}

#[test]
fn after_shutdown_requests_are_refused() {
    let mut client = Client::start();
    assert!(client.ask("shutdown", json!(null)).is_null());
    let refused = client.try_ask("textDocument/hover", json!({})).unwrap_err();
    assert!(refused.contains("shut down"), "{refused}");
    client.left();
}

#[test]
fn completion_offers_the_fields_that_are_left() {
    let mut client = Client::start();
    let closed = client.offered("index=a | stats count AS n by dest | eval x=n+1 | where ^");
    for name in ["n", "dest", "x"] {
        assert!(closed.contains(&name.to_owned()), "{name}: {closed:?}");
    }
    assert!(!closed.contains(&"_raw".to_owned()));
    let open = client.offered("index=a EventCode=1 | where user=\"x\" | table ^");
    for name in ["EventCode", "user", "_time"] {
        assert!(open.contains(&name.to_owned()), "{name}: {open:?}");
    }
}

#[test]
fn a_macro_leads_to_its_definition() {
    let mut client = Client::start();
    let place = client.at("definition", "file:///q.spl", "index=a | `tim^es(x)`");
    assert_eq!(place["uri"], "file:///content/macros/times.yml");
    assert_eq!(place["range"]["start"], json!({ "line": 3, "character": 12 }));
    assert!(client.at("definition", "file:///q.spl", "index=^a").is_null());
}

#[test]
fn formatting_keeps_macros_and_comments() {
    let mut client = Client::start();
    let edits = client.formatted("file:///q.spl", "`sysmon`  a=1|stats  count```why```");
    assert_eq!(edits[0]["newText"], "`sysmon` a=1\n| stats count\n```why```\n");
    assert_eq!(client.formatted("file:///q.spl", "a\n| head\n"), json!([]));
    assert!(client.formatted("file:///q.spl", "a | where (").is_null(), "not while it is wrong");
}

#[test]
fn what_the_server_does_not_know_is_refused_and_does_no_harm() {
    let mut client = Client::start();
    assert!(client.try_ask("textDocument/rename", json!({})).is_err());
    assert!(client.try_ask("textDocument/hover", json!({ "x": 1 })).is_err());
    let place = json!({ "line": 0, "character": 0 });
    let document = json!({ "uri": "file:///never-opened.spl" });
    let params = json!({ "textDocument": document, "position": place });
    assert!(client.ask("textDocument/hover", params).is_null());
}

#[test]
fn half_written_texts_are_answered_at_every_place() {
    let mut client = Client::start();
    let text = "`sysmon` é=\"𝄞 | [x | eval a='b | `times(\"a | stats count(eval(x by ```c";
    for (at, _) in text.char_indices() {
        let marked = format!("{}^{}", &text[..at], &text[at..]);
        client.offered(&marked);
        client.hover(&marked);
        client.at("definition", "file:///q.spl", &marked);
    }
}
