//! Rows that later filters leave out are not kept, and no result shows it.

use crate::many::{Dice, Quiet, event, search, shown};
use crate::{Only, base};
use davy_events::{Meta, Options};
use davy_exec::{
    Config, EventSource, FileSource, Input, Place, Prepared, Search, Session, prepare,
};
use davy_knowledge::Base;
use davy_plan::{Knowledge, Rows, Val};
use davy_spl::Macros;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A base and a table.
struct Tabled(Only);

impl Knowledge for Tabled {
    fn macros(&self) -> &dyn Macros {
        self.0.macros()
    }

    fn lookup(&self, name: &str) -> Option<Rows> {
        let row = |cells: [&str; 2]| cells.iter().map(|c| Val::str((*c).to_owned())).collect();
        let rows = [["alice", "known"], ["10", "number"], ["x y", "odd"]].map(row).to_vec();
        let names = ["name", "label"].map(str::to_owned).to_vec();
        (name == "names").then_some(Rows { names, rows })
    }

    fn lookup_names(&self) -> Vec<String> {
        vec!["names".to_owned()]
    }

    fn saved_search(&self, _: &str) -> Option<String> {
        None
    }

    fn base(&self) -> Option<&Arc<Base>> {
        self.0.base()
    }
}

const FIRST: [&str; 9] = [
    "",
    "",
    "| eval user=lower(user)",
    "| rename \"user{}\" AS user",
    "| rename \"user{}\" AS user, \"image{}\" AS image",
    "| where isnotnull(image) OR code=2",
    "| rex field=image \"(?<tail>[^\\\\\\\\]+)$\"",
    "| fillnull value=none user",
    // Random, and the same each time: it must not be looked into.
    "| eval user=coalesce(user, kind), kind=if(random()<0, \"a\", \"b\")",
];

const GROUPED: [&str; 7] = [
    "",
    "| stats count values(host_name) AS hosts by user image",
    "| stats count max(_time) AS last by user code kind",
    "| stats count by user | sort 0 user",
    "| stats dc(image) AS images values(image) AS image by user host_name",
    "| stats count by user image | stats sum(count) AS count by user",
    "| eventstats count AS all by user",
];

const AFTER: [&str; 20] = [
    "| where user=\"alice\"",
    "| search user=a* NOT image=power*",
    "| search count>2",
    "| where count>40 AND user!=\"bob\"",
    "| regex user=\"^[a-x]\"",
    "| lookup names name AS user OUTPUT label | where label=\"known\"",
    "| lookup names name AS user OUTPUTNEW label AS image | search image=known",
    "| eval long=len(user) | where long>4",
    "| eval n=count*2 | where n>10",
    "| rename user AS who | search who=\"x y\"",
    "| rex field=user \"^(?<head>.)\" | search head=a",
    "| makemv delim=\" \" user | where mvcount(user)>1",
    "| mvexpand user | where user=\"alice\"",
    "| sort 4 - count | where user=\"alice\"",
    "| dedup user | where image=\"powershell.exe\"",
    "| head 5 | where user=\"alice\"",
    "| streamstats count AS nth | where nth<3 AND user=\"alice\"",
    "| join user [search code=1 user=a* | stats count AS ones by user]",
    "| appendpipe [stats count AS n] | where n>0 OR user=\"alice\"",
    "| eventstats count AS groups | where user=\"alice\"",
];

fn text(dice: &mut Dice) -> String {
    let filter = dice.pick(&["code=*", "*", "user=* NOT code=2", "sourcetype=made:*"]);
    let mut text = format!("search {filter} {} {}", dice.pick(&FIRST), dice.pick(&GROUPED));
    for _ in 0..=dice.roll(2) {
        text.push(' ');
        text.push_str(dice.pick(&AFTER));
    }
    match dice.roll(3) {
        0 => text.push_str(" | stats count"),
        1 => text.push_str(" | stats count by user"),
        // All events would be much to compare.
        _ => text.push_str(" | table user image count label | head 200"),
    }
    text
}

#[test]
fn rows_that_are_not_kept_have_no_effect() {
    let mut dice = Dice(20_261_126);
    let knowledge = Tabled(Only(base("addon: none\ndescription: None.\n", "")));
    let inputs = (0..3).map(|file| {
        let events: Vec<String> = (0..3000).map(|at| event(&mut dice, file * 3000 + at)).collect();
        Input {
            place: Place::Bytes(Arc::from(events.join("\n").into_bytes())),
            meta: Meta {
                source: Some(format!("file{file}")),
                sourcetype: Some("made:json".to_owned()),
                name: format!("file{file}"),
                ..Meta::default()
            },
        }
    });
    let inputs = inputs.collect();
    let source: Arc<dyn EventSource> = Arc::new(FileSource::new(inputs, Options::default()));
    let searches: Vec<Prepared> = (0..90)
        .map(|_| {
            let text = text(&mut dice);
            let prepared = prepare("search", &text, knowledge.macros());
            assert!(!prepared.diags.has_errors(), "{text}: {:?}", prepared.diags.list());
            prepared
        })
        .collect();
    let all: Vec<Search<'_>> =
        searches.iter().map(|one| search(one, &source, &knowledge)).collect();
    let alone = Session::new(Config { partitions: 2, ..Config::default() }).unwrap();
    let alone: Vec<String> = all.iter().map(|one| shown(one.prepared, alone.run(one))).collect();
    // With so little room rows go to disk before many are looked at together.
    for waiting in [Config::default().waiting, 128 << 10] {
        let session = Session::new(Config { partitions: 2, waiting, ..Config::default() }).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let many = session.run_many(all.as_slice(), &source, &stop, &Quiet).unwrap();
        for ((one, together), alone) in all.iter().zip(many.answers).zip(&alone) {
            assert_eq!(shown(one.prepared, together), *alone, "{}", one.prepared.expanded);
        }
        let rows = |name: &str| {
            let at = searches.iter().position(|s| s.expanded.contains(name)).unwrap();
            many.profile.searches[at].rows_in
        };
        // What passed the first filter is counted, kept or not.
        assert!(rows("where user=\"alice\"") > 3000);
    }
    let found = alone.iter().filter(|rows| !rows.is_empty()).count();
    assert!(found > 40, "{found}");
}
