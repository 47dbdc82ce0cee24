//! The client: opens texts, asks about the place of a `^`, keeps what it was told.

use davy_content::{InputFile, builtin_pack, load};
use davy_diag::{Diagnostics, SourceMap};
use davy_lsp::{World, serve};
use lsp_server::{Connection, Message, Notification, Request, RequestId};
use serde_json::{Value, json};
use std::time::Duration;

const MACROS: &str =
    "name: sysmon\ndefinition: index=win sourcetype=sysmon\ndescription: Events of Sysmon.\n";
const TIMES: &str = "name: times\narguments:\n- field\ndefinition: convert ctime($field$)\ndescription: Readable times.\n";

pub(crate) struct Client {
    connection: Connection,
    server: Option<std::thread::JoinHandle<()>>,
    last: i32,
}

fn world() -> World {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let mut content = load(builtin_pack(), &mut sources, &mut diags);
    let file = |name: &str, text: &str| InputFile {
        path: format!("/content/macros/{name}.yml"),
        text: text.to_owned(),
    };
    let own = load([file("sysmon", MACROS), file("times", TIMES)], &mut sources, &mut diags);
    assert!(!diags.has_errors(), "{:?}", diags.list());
    content.layer(own);
    let base = std::sync::Arc::new(davy_knowledge::Base::load(&[], &mut diags));
    World { content, sources, base }
}

impl Client {
    pub(crate) fn start() -> Client {
        let (server, client) = Connection::memory();
        let thread = std::thread::spawn(move || serve(&server, &world()).unwrap());
        let mut client = Client { connection: client, server: Some(thread), last: 0 };
        let answer = client.ask("initialize", json!({ "capabilities": {} }));
        assert_eq!(answer["capabilities"]["hoverProvider"], true);
        client.tell("initialized", json!({}));
        client
    }

    fn tell(&self, method: &str, params: Value) {
        let message = Notification::new(method.to_owned(), params);
        self.connection.sender.send(Message::Notification(message)).unwrap();
    }

    fn next(&self) -> Message {
        self.connection.receiver.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    /// The result of a request.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        match self.try_ask(method, params) {
            Ok(result) => result,
            Err(message) => panic!("{message}"),
        }
    }

    pub(crate) fn try_ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.last += 1;
        let id = RequestId::from(self.last);
        let message = Request::new(id.clone(), method.to_owned(), params);
        self.connection.sender.send(Message::Request(message)).unwrap();
        loop {
            if let Message::Response(response) = self.next() {
                assert_eq!(response.id, id);
                let response = serde_json::to_value(response).unwrap();
                return match response.get("error") {
                    Some(error) => Err(error["message"].to_string()),
                    None => Ok(response["result"].clone()),
                };
            }
        }
    }

    /// Opens a text, or changes it, and gives the mistakes that the server finds.
    pub(crate) fn open(&mut self, uri: &str, text: &str) -> Vec<Value> {
        self.tell(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": "spl", "version": 1, "text": text } }),
        );
        self.told(uri)
    }

    pub(crate) fn change(&mut self, uri: &str, text: &str) -> Vec<Value> {
        self.tell(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": uri, "version": 2 },
                "contentChanges": [{ "text": text }],
            }),
        );
        self.told(uri)
    }

    /// Puts `new` in place of a range of a line, and gives the mistakes that the server finds.
    pub(crate) fn edit(
        &mut self,
        uri: &str,
        line: u32,
        units: (u32, u32),
        new: &str,
    ) -> Vec<Value> {
        let place = |unit: u32| json!({ "line": line, "character": unit });
        self.tell(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": uri, "version": 3 },
                "contentChanges": [
                    { "range": { "start": place(units.0), "end": place(units.1) }, "text": new },
                ],
            }),
        );
        self.told(uri)
    }

    pub(crate) fn close(&mut self, uri: &str) -> Vec<Value> {
        self.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
        self.told(uri)
    }

    fn told(&self, uri: &str) -> Vec<Value> {
        match self.next() {
            Message::Notification(n) if n.method == "textDocument/publishDiagnostics" => {
                assert_eq!(n.params["uri"], uri);
                n.params["diagnostics"].as_array().unwrap().clone()
            }
            other => panic!("{other:?}"),
        }
    }

    /// Says `exit` after `shutdown`, and waits for the server to leave.
    pub(crate) fn left(&mut self) {
        self.tell("exit", Value::Null);
        self.server.take().unwrap().join().unwrap();
    }

    /// Asks about the place of the `^` in a text.
    pub(crate) fn at(&mut self, method: &str, uri: &str, marked: &str) -> Value {
        let at = marked.find('^').unwrap();
        let text = marked.replace('^', "");
        self.open(uri, &text);
        let before = &text[..at];
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap().encode_utf16().count();
        self.ask(
            &format!("textDocument/{method}"),
            json!({
                "textDocument": { "uri": uri },
                "position": { "line": line, "character": column },
            }),
        )
    }

    /// The labels that are offered at the `^`.
    pub(crate) fn offered(&mut self, marked: &str) -> Vec<String> {
        let answer = self.at("completion", "file:///q.spl", marked);
        let items = answer.as_array().cloned().unwrap_or_default();
        items.iter().map(|i| i["label"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn hover(&mut self, marked: &str) -> String {
        let answer = self.at("hover", "file:///q.spl", marked);
        answer["contents"]["value"].as_str().unwrap_or("").to_owned()
    }

    pub(crate) fn formatted(&mut self, uri: &str, text: &str) -> Value {
        self.open(uri, text);
        let options = json!({ "tabSize": 4, "insertSpaces": true });
        let document = json!({ "uri": uri });
        self.ask("textDocument/formatting", json!({ "textDocument": document, "options": options }))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if self.server.is_some() {
            assert!(self.ask("shutdown", Value::Null).is_null());
            self.left();
        }
    }
}

/// The text that a range covers.
pub(crate) fn covered(text: &str, range: &Value) -> String {
    let at = |place: &Value| {
        let line = place["line"].as_u64().unwrap() as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        start + place["character"].as_u64().unwrap() as usize
    };
    text[at(&range["start"])..at(&range["end"])].to_owned()
}
