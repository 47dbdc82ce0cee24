//! `docs/spl/`: the table of support, a page for each command, a page for each family of functions.

use super::Files;
use davy_plan::reference::{Class, entries, slug, support_table};

pub(super) fn files(files: &mut Files) {
    files.insert("docs/spl/README.md".into(), support_table());
    for entry in entries() {
        let (path, title) = match entry.class {
            Class::Command => {
                let path = format!("docs/spl/commands/{}.md", entry.name);
                files.insert(path.into(), entry.markdown(1));
                continue;
            }
            Class::Function => ("functions", format!("{} functions of eval", entry.family)),
            Class::Statistic => ("stats", format!("{} functions of stats", entry.family)),
        };
        let path = format!("docs/spl/{path}/{}.md", slug(entry.family));
        let page = files.entry(path.into()).or_insert_with(|| format!("# {title}\n"));
        page.push('\n');
        page.push_str(&entry.markdown(2));
    }
}
