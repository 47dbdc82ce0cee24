//! Progress on a terminal; silence in a pipe.

use davy_exec::{InputReport, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// A bar on standard error, if that is a terminal.
pub(crate) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub(crate) fn new(length: u64) -> Bar {
        if !std::io::stderr().is_terminal() {
            return Bar { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::new(length);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg} {elapsed}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Bar { bar }
    }

    pub(crate) fn step(&self, message: &str) {
        self.bar.set_message(message.to_owned());
        self.bar.inc(1);
    }

    pub(crate) fn tell(&self, message: &str) {
        self.bar.set_message(message.to_owned());
    }

    pub(crate) fn length(&self, length: u64) {
        self.bar.set_length(length);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn read(&self, report: &InputReport) {
        self.step(&report.name);
    }
}
