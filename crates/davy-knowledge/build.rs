//! Lists the add-ons, models and lookup tables of this folder, so that a new file needs no line of
//! Rust.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let mut code = String::new();
    for (name, folder, ending) in [
        ("ADDONS", "addons", "yml"),
        ("MODELS", "models", "yml"),
        ("TABLES", "addons/lookups", "csv"),
    ] {
        println!("cargo:rerun-if-changed={folder}");
        let mut files: Vec<String> = match fs::read_dir(Path::new(&root).join(folder)) {
            Ok(entries) => entries
                .flatten()
                .filter_map(|e| e.file_name().into_string().ok())
                .filter(|f| f.rsplit_once('.').is_some_and(|(_, e)| e == ending))
                .collect(),
            Err(_) => Vec::new(),
        };
        files.sort();
        let _ = writeln!(code, "pub(crate) static {name}: &[(&str, &str)] = &[");
        for file in files {
            let path = Path::new(&root).join(folder).join(&file);
            let _ =
                writeln!(code, "    ({:?}, include_str!({path:?})),", format!("{folder}/{file}"));
        }
        code.push_str("];\n");
    }
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("embedded.rs"), code)
}
