//! `davy page`: the page of a detection.

use crate::content::ContentArgs;
use crate::datasets::DataFolders;
use crate::exit::Exit;
use crate::interrupt;
use crate::output;
use crate::settings::RangeArgs;
use clap::{Args, ValueEnum};
use davy_content::page::{PageFormat, PageInput, render};
use davy_content::{Attack, to_json};
use davy_detect::testing::test_detection;
use std::path::{Path, PathBuf};

/// Prints the page of a detection: what it looks for, how, on which data, and whether its tests
/// pass.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Its name, id, or YAML file.
    detection: String,
    /// Write it there instead of to standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// HTML is one file that needs nothing else. Told by the name of the output file unless given.
    #[arg(long, value_enum)]
    format: Option<Shape>,
    #[command(flatten)]
    content: ContentArgs,
    /// A folder of datasets for the tests. May be repeated.
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
    /// Where the detection's file can be read, for the last line of the page.
    #[arg(long, value_name = "URL")]
    source_url: Option<String>,
    #[command(flatten)]
    range: RangeArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    Html,
    Md,
    Text,
    Json,
}

pub(crate) fn run(args: Arguments) -> Exit {
    match page(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn page(mut args: Arguments) -> Result<Exit, Exit> {
    let env = args.range.env()?;
    if Path::new(&args.detection).is_file() {
        args.content.content.push(args.detection.clone());
    }
    let loaded = args.content.open()?;
    let attack = Attack::builtin();
    let session = args.range.session()?;
    interrupt::ends(&session);
    let knowledge = loaded.knowledge();
    let world = loaded.world(&attack, &session, &knowledge);
    let detection = loaded.detection(&args.detection, false)?;
    let shape = args.format.unwrap_or_else(|| by_name(args.output.as_deref()));
    let text = if shape == Shape::Json {
        format!("{:#}\n", to_json(detection, &loaded.content, &attack))
    } else {
        let datasets = DataFolders::new(args.data.clone(), true);
        let tested = test_detection(&world, detection, &datasets, env.now, &env.zone);
        let input = PageInput {
            detection,
            content: &loaded.content,
            attack: &attack,
            tests: &tested.report,
            source_url: args.source_url.as_deref(),
        };
        let format = match shape {
            Shape::Html => PageFormat::Html,
            Shape::Md => PageFormat::Markdown,
            _ => PageFormat::Text,
        };
        render(&input, format)
    };
    let written = output::write_to(args.output.as_deref(), |out| {
        out.write_all(text.as_bytes())?;
        out.flush()
    });
    Ok(output::ended(written, false))
}

fn by_name(path: Option<&Path>) -> Shape {
    match path.and_then(Path::extension).and_then(|e| e.to_str()) {
        Some("html" | "htm") => Shape::Html,
        Some("md") => Shape::Md,
        Some("json") => Shape::Json,
        _ => Shape::Text,
    }
}
