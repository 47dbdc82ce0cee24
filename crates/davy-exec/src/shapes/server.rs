//! The fields that a server adds to events.

use super::graph::{Graph, Scope};
use super::node::{Node, NodeId};
use super::run::Run;
use davy_events::Kind;
use davy_plan::Val;
use std::sync::Arc;

impl Graph {
    /// The fields that Splunk's indexing adds to every event, made where they are asked for.
    pub(super) fn server_field(&mut self, name: &str) -> NodeId {
        let eval = match name {
            "linecount" | "punct" | "timestartpos" | "timeendpos" => {
                let input = self.decoded("_raw");
                let run = self.server.get_or_insert_with(|| Arc::new(Run::server())).clone();
                return self.add(Node::Out { run, inputs: vec![input], name: name.into() });
            }
            // A line of a log has a host always, that of the forwarder if no other; searches that
            // group by it would lose those without. JSON may use the name for what it likes.
            "host" if self.shape().kind == Kind::Line => {
                return self.add(Node::Const(Val::str("unknown")));
            }
            "splunk_server" => return self.add(Node::Const(Val::str("davy"))),
            "date_hour" => "tonumber(strftime(_time,\"%H\"))",
            "date_mday" => "tonumber(strftime(_time,\"%d\"))",
            "date_minute" => "tonumber(strftime(_time,\"%M\"))",
            "date_second" => "tonumber(strftime(_time,\"%S\"))",
            "date_year" => "tonumber(strftime(_time,\"%Y\"))",
            "date_month" => "lower(strftime(_time,\"%B\"))",
            "date_wday" => "lower(strftime(_time,\"%A\"))",
            "date_zone" => return self.add(Node::Const(Val::str("0"))),
            _ => return 0,
        };
        let mut sources = davy_diag::SourceMap::default();
        let file = sources.add(name, eval);
        let span = file.span(0..eval.len());
        let mut diags = davy_diag::Diagnostics::default();
        match davy_spl::parse_expr_at(&sources, span, &mut diags) {
            Some(expr) => self.eval_once(&expr, Scope::Event(0), span),
            None => 0,
        }
    }
}
