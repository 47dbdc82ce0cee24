//! Behaviour of content through its public interface.

#![allow(clippy::unwrap_used)] // A helper of a test may fail like a test.

mod catalogue;
mod forms;
mod layers;
mod mistakes;
mod page;
mod seed;

use davy_content::{Content, InputFile, builtin_pack, load};
use davy_diag::{Diagnostics, SourceMap, render};

/// What loading gave.
struct Loaded {
    content: Content,
    sources: SourceMap,
    diags: Diagnostics,
}

impl Loaded {
    /// Every message as a user sees it.
    fn shown(&self) -> String {
        self.diags.sorted().into_iter().map(|d| render::text(&self.sources, d, false)).collect()
    }

    fn codes(&self) -> Vec<&'static str> {
        self.diags.sorted().into_iter().map(|d| d.code.id).collect()
    }
}

fn files(list: &[(&str, &str)]) -> Loaded {
    let list = list.iter().map(|(p, t)| InputFile { path: (*p).into(), text: (*t).into() });
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let content = load(list, &mut sources, &mut diags);
    Loaded { content, sources, diags }
}

/// The files over the built-in pack.
fn over_pack(list: &[(&str, &str)]) -> Loaded {
    let mut loaded = files(list);
    let mut content = load(builtin_pack(), &mut loaded.sources, &mut loaded.diags);
    content.layer(std::mem::take(&mut loaded.content));
    loaded.content = content;
    loaded
}
