//! A crate's dependencies point down the list of the architecture.

use super::Finding;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const PAGE: &str = "docs/ARCHITECTURE.md";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root)
        .output()
        .map_err(|e| format!("cargo metadata: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let page = std::fs::read_to_string(root.join(PAGE)).map_err(|e| format!("{PAGE}: {e}"))?;
    Ok(edges(&metadata, &order(&page)))
}

/// The crates that the page's table names in its first column, from the bottom to the top.
fn order(page: &str) -> Vec<&str> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    cells.flat_map(|cell| cell.split([',', ' ', '`'])).filter(|name| !name.is_empty()).collect()
}

fn edges(metadata: &Value, order: &[&str]) -> Vec<Finding> {
    let place = |name: &str| order.iter().position(|n| *n == name);
    let mut found = Vec::new();
    for package in list(metadata, "packages") {
        let Some(name) = package["name"].as_str() else { continue };
        let Some(at) = place(name) else {
            found.push(Finding::error(format!("{name}: not in the table of {PAGE}")));
            continue;
        };
        for dependency in list(package, "dependencies") {
            let Some(on) = dependency["name"].as_str() else { continue };
            // Tests may use what they like; cargo itself rules out circles that matter.
            let normal = dependency["kind"].is_null() && !dependency["path"].is_null();
            if normal && place(on).is_none_or(|p| p >= at) {
                found.push(Finding::error(format!("{name}: depends on {on}, which is above it")));
            }
        }
    }
    found
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{edges, order};
    use serde_json::json;

    #[test]
    fn an_edge_upwards_is_found() {
        let on = |name: &str| json!({"name": name, "kind": null, "path": "x"});
        let metadata = json!({"packages": [
            {"name": "davy-spl", "dependencies": [on("davy-diag"), on("davy-plan")]},
        ]});
        let page = "| crate | there |\n| `davy-diag` | x |\n| `davy-spl`, `davy-plan` | y |\n";
        let order = order(page);
        assert_eq!(order, ["davy-diag", "davy-spl", "davy-plan"]);
        let found = edges(&metadata, &order);
        assert_eq!(found.len(), 1);
        assert!(found[0].text.contains("davy-spl: depends on davy-plan"));
        let metadata = json!({"packages": [{"name": "davy-new", "dependencies": []}]});
        assert!(edges(&metadata, &order)[0].text.contains("davy-new: not in the table"));
    }
}
