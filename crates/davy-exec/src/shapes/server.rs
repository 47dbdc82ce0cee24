//! The fields that a server adds to events.

use super::graph::Graph;
use super::node::{Node, NodeId};
use super::run::Run;
use davy_events::Kind;
use davy_plan::Val;
use std::sync::Arc;

impl Graph {
    /// The fields that Splunk's indexing adds to every event, made where they are asked for.
    pub(super) fn server_field(&mut self, name: &str) -> NodeId {
        match name {
            "linecount" | "punct" => {
                let input = self.decoded("_raw");
                let run = self.server.get_or_insert_with(|| Arc::new(Run::server())).clone();
                self.add(Node::Out { run, inputs: vec![input], name: name.into() })
            }
            "timestartpos" | "timeendpos" => self.stamped(name, true),
            "date_hour" | "date_mday" | "date_minute" | "date_month" | "date_second"
            | "date_wday" | "date_year" | "date_zone" => {
                // The times of Windows events are Greenwich's, and their text takes long to make.
                let windows = matches!(self.shape().kind, Kind::Evtx | Kind::WindowsXml);
                self.stamped(name, !windows)
            }
            // A line of a log has a host always, that of the forwarder if no other; searches that
            // group by it would lose those without. JSON may use the name for what it likes.
            "host" if self.shape().kind == Kind::Line => self.add(Node::Const(Val::str("unknown"))),
            "splunk_server" => self.add(Node::Const(Val::str("davy"))),
            _ => 0,
        }
    }

    /// A field that is made of the event's time, and of its text where that has a say.
    fn stamped(&mut self, name: &str, by_text: bool) -> NodeId {
        let mut inputs = vec![self.decoded("_time")];
        if by_text {
            inputs.push(self.decoded("_raw"));
        }
        let run = self.stamped.get_or_insert_with(|| Arc::new(Run::stamped())).clone();
        self.add(Node::Out { run, inputs, name: name.into() })
    }
}
