//! Apps as content and knowledge: a small one as a folder lies in `tests/apps/acme`.

// A test may end in a panic; helpers outside `#[test]` functions are not told apart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod archive;
mod fields;
mod read;
mod settings;

use davy_app::{App, Context, Files, read as read_app};
use davy_content::Content;
use davy_detect::ContentKnowledge;
use davy_diag::{Diagnostics, SourceMap};
use davy_events::{Meta, Options};
use davy_exec::{Config, FileSource, Input, Place, Search, Session, prepare};
use davy_knowledge::Base;
use davy_plan::{Env, FieldSet, Knowledge, rows_of};
use std::path::Path;
use std::sync::Arc;

/// An app over what is built in.
struct Installed {
    app: App,
    content: Content,
    base: Arc<Base>,
    diags: Diagnostics,
}

fn install(files: &Files) -> Installed {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let mut base = Base::load(&[], &mut diags);
    assert!(!diags.has_errors(), "{:?}", diags.list());
    let mut content = Content::default();
    let context =
        Context { sources: &mut sources, base: &mut base, content: &content, diags: &mut diags };
    let app = read_app(files, context);
    app.install(&mut content, &mut base);
    Installed { app, content, base: Arc::new(base), diags }
}

/// An app of these files.
fn app(files: &[(&str, &str)]) -> Installed {
    let files = files.iter().map(|(p, t)| ((*p).to_owned(), t.as_bytes().to_vec()));
    install(&Files::of_folder("test", files).expect("an app"))
}

fn acme_files() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/apps/acme");
    let mut out = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inside = path.strip_prefix(&root).expect("a file inside");
            let inside = inside.to_string_lossy().replace('\\', "/");
            out.push((inside, std::fs::read(&path).expect("a file")));
        }
    }
    out
}

fn acme() -> Installed {
    install(&Files::of_folder("acme", acme_files()).expect("an app"))
}

impl Installed {
    /// Fields of the rows of a search over events (JSON lines), values with `|` between them.
    fn search(&self, events: &str, spl: &str, fields: &[&str]) -> Vec<Vec<String>> {
        self.search_as(None, events, spl, fields)
    }

    /// Fields of the rows of a search over lines of a sourcetype.
    fn search_lines(&self, of: &str, lines: &str, spl: &str, fields: &[&str]) -> Vec<Vec<String>> {
        self.search_as(Some(of.to_owned()), lines, spl, fields)
    }

    fn search_as(
        &self,
        sourcetype: Option<String>,
        events: &str,
        spl: &str,
        fields: &[&str],
    ) -> Vec<Vec<String>> {
        let mut knowledge = ContentKnowledge::new(&self.content).with_base(self.base.clone());
        for (name, table) in self.app.named_tables() {
            knowledge.add_table(name, table.names.clone(), table.rows.clone());
        }
        let prepared = prepare("search", spl, knowledge.macros());
        assert!(!prepared.diags.has_errors(), "{:?}", prepared.diags.list());
        let now = 1_777_890_000.0;
        let meta = Meta { name: "events".into(), now, sourcetype, ..Meta::default() };
        let input = Input { place: Place::Bytes(Arc::from(events.as_bytes())), meta };
        let search = Search {
            prepared: &prepared,
            env: Arc::new(Env { now: 1_777_890_000.0, ..Env::default() }),
            source: Some(Arc::new(FileSource::new(vec![input], Options::default()))),
            knowledge: &knowledge,
            out: FieldSet::all(),
        };
        let session = Session::new(Config { partitions: 1, ..Config::default() });
        let answer = session.expect("a session").run(&search).expect("an answer");
        let rows = rows_of(&answer.schema, &answer.batches).expect("rows");
        let places: Vec<Option<usize>> =
            fields.iter().map(|f| rows.names.iter().position(|n| n == f)).collect();
        let text = |row: &Vec<davy_plan::Val<'static>>, at: &Option<usize>| {
            let values: Vec<String> = at
                .and_then(|at| row.get(at))
                .iter()
                .flat_map(|v| v.values())
                .map(|v| v.to_string())
                .collect();
            values.join("|")
        };
        rows.rows.iter().map(|row| places.iter().map(|at| text(row, at)).collect()).collect()
    }

    /// Notes as `file:line [stanza] key`.
    fn notes(&self) -> Vec<String> {
        let shown = |n: &davy_app::Note| format!("{}:{} [{}] {}", n.file, n.line, n.stanza, n.key);
        self.app.notes.iter().map(shown).collect()
    }
}
