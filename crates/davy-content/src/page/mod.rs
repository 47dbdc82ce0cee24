//! The page of a detection: what it looks for, how, on which data, with which settings.

mod html;
mod markdown;
mod tests_table;
mod text;
mod view;

pub use tests_table::{TestReport, TestResult, TestStatus};

use crate::attack::Attack;
use crate::content::Content;
use crate::model::Detection;

/// All that a page shows.
#[derive(Debug, Clone, Copy)]
pub struct PageInput<'a> {
    pub detection: &'a Detection,
    pub content: &'a Content,
    pub attack: &'a Attack,
    pub tests: &'a TestReport,
    /// Where the file can be read, for the last line; its path without one.
    pub source_url: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFormat {
    /// One file that needs nothing else.
    Html,
    /// GitHub's flavour.
    Markdown,
    Text,
}

/// The page in one of three formats, with the same words in each.
pub fn render(page: &PageInput<'_>, format: PageFormat) -> String {
    let view = view::View::new(page);
    match format {
        PageFormat::Html => html::render(&view),
        PageFormat::Markdown => markdown::render(&view),
        PageFormat::Text => text::render(&view),
    }
}
