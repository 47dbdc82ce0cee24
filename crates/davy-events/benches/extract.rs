//! What the fields of events cost: none, one, ten and all of them, of EVTX, Windows XML, CloudTrail
//! JSON and audit records, in one run and against all fields of the same events.
//!
//! `cargo bench -p davy-events --bench extract`

use davy_events::{Decoder, Demand, EventBatch, Meta, Options, Problem, Sink, Want};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

const EVTX: &[u8] = include_bytes!("../../../samples/certificate_export.evtx");
const XML: &[u8] = include_bytes!("../../../samples/certificate_export.xml");

#[derive(Default)]
struct Count(usize);

impl Sink for Count {
    fn batch(&mut self, batch: EventBatch) -> ControlFlow<()> {
        self.0 += batch.batch.num_rows();
        ControlFlow::Continue(())
    }

    fn problem(&mut self, problem: Problem) {
        println!("{problem:?}");
    }
}

/// Calls of an API with parameters of their own: 61 fields each.
fn cloudtrail(events: usize) -> Vec<u8> {
    let mut out = String::new();
    for n in 0..events {
        let mut parameters = String::new();
        for p in 0..30 {
            let _ = write!(
                parameters,
                "{}\"p{p}\":{{\"value\":\"v{n}-{p}\"}}",
                if p > 0 { "," } else { "" }
            );
        }
        let tags: String = (0..8).map(|t| format!(",{{\"k\":\"t{t}\",\"v\":{n}}}")).collect();
        let _ = writeln!(
            out,
            "{{\"eventVersion\":\"1.08\",\"userIdentity\":{{\"type\":\"IAMUser\",\"principalId\":\"AID{n}\",\
             \"arn\":\"arn:aws:iam::123456789012:user/u{n}\",\"accountId\":\"123456789012\",\"userName\":\"u{n}\"}},\
             \"eventTime\":\"2026-05-04T09:30:00Z\",\"eventSource\":\"ec2.amazonaws.com\",\"eventName\":\"RunInstances\",\
             \"awsRegion\":\"eu-west-1\",\"sourceIPAddress\":\"10.0.0.{}\",\"userAgent\":\"aws-cli\",\
             \"requestParameters\":{{{parameters}}},\"tags\":[{{\"k\":\"a\",\"v\":0}}{tags}],\"responseElements\":null}}",
            n % 250
        );
    }
    out.into_bytes()
}

fn audit(events: usize) -> Vec<u8> {
    let mut out = String::new();
    for n in 0..events {
        let _ = writeln!(
            out,
            "type=SYSCALL msg=audit(1777887000.{:03}:{n}): arch=c000003e syscall=59 success=yes exit=0 \
             a0=55d a1=55e a2=55f a3=8 items=2 ppid={n} pid={} auid=1000 uid=0 gid=0 euid=0 suid=0 \
             fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm=\"curl\" exe=\"/usr/bin/curl\" \
             subj=unconfined key=\"net\"\u{1d}ARCH=x86_64 SYSCALL=execve AUID=\"ann\" UID=\"root\"",
            n % 1000,
            n + 1
        );
    }
    out.into_bytes()
}

fn repeated(part: &[u8], times: usize) -> Vec<Vec<u8>> {
    vec![part.to_vec(); times]
}

fn want(names: &[&str]) -> Want {
    let names: Vec<Arc<str>> = names.iter().map(|name| Arc::from(*name)).collect();
    Want::Fields { names: names.into(), rest: false }
}

/// The time that this thread had a core, where the system tells it: other work does not count.
fn clock() -> Duration {
    thread_local!(static START: Instant = Instant::now());
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|t| t.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.with(Instant::elapsed), Duration::from_nanos)
}

fn run(data: &[Vec<u8>], demand: &dyn Demand) -> (Duration, usize) {
    let mut rows = 0;
    let times = (0..5).map(|_| {
        let start = clock();
        let mut decoder = Decoder::new(demand, Options::default());
        let mut sink = Count::default();
        let mut events = 0;
        for bytes in data {
            events += decoder.decode(bytes, &Meta::default(), &mut sink).events;
        }
        decoder.finish(&mut sink);
        rows = usize::try_from(std::hint::black_box(events)).unwrap_or_default();
        clock().saturating_sub(start)
    });
    let time = times.min().unwrap_or_default();
    (time, rows)
}

fn main() {
    let windows = [
        "EventCode",
        "Computer",
        "Channel",
        "Image",
        "CommandLine",
        "ParentImage",
        "User",
        "ProcessId",
        "NewProcessName",
        "SubjectUserName",
    ];
    let cloud = [
        "eventName",
        "eventSource",
        "awsRegion",
        "sourceIPAddress",
        "userAgent",
        "userIdentity.type",
        "userIdentity.arn",
        "userIdentity.userName",
        "eventTime",
        "requestParameters.p3.value",
    ];
    let linux = ["type", "syscall", "exe", "comm", "pid", "ppid", "uid", "auid", "key", "tty"];
    let sets: [(&str, Vec<Vec<u8>>, [&str; 10]); 4] = [
        ("EVTX", repeated(EVTX, 4000), windows),
        ("Windows XML", repeated(XML, 2000), windows),
        ("CloudTrail", vec![cloudtrail(20_000)], cloud),
        ("auditd", vec![audit(50_000)], linux),
    ];
    println!("| events | none | one field | ten fields | all fields |\n|---|---:|---:|---:|---:|");
    for (name, data, fields) in &sets {
        let all = Want::Fields { names: Arc::new([]), rest: true };
        let (all, rows) = run(data, &all);
        let share = |demand: &Want| run(data, demand).0.as_secs_f64() / all.as_secs_f64();
        let one = fields.get(..1).unwrap_or_default();
        println!(
            "| {name} | {:.2} | {:.2} | {:.2} | 1 ({:.2} µs an event) |",
            share(&Want::Skip),
            share(&want(one)),
            share(&want(fields)),
            all.as_secs_f64() * 1e6 / rows.max(1) as f64,
        );
    }
}
