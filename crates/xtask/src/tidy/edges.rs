//! A crate's dependencies point down the list of the architecture.

use super::Finding;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// From the bottom to the top; see `docs/ARCHITECTURE.md`.
const ORDER: &[&str] = &[
    "davy-diag",
    "davy-conf",
    "davy-spl",
    "davy-events",
    "davy-knowledge",
    "davy-plan",
    "davy-content",
    "davy-exec",
    "davy-store",
    "davy-detect",
    "davy-service",
    "davy-cluster",
    "davy-app",
    "davy-lsp",
    "davy",
    "davy-testkit",
    "xtask",
];

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
    Ok(edges(&metadata))
}

fn edges(metadata: &Value) -> Vec<Finding> {
    let place = |name: &str| ORDER.iter().position(|n| *n == name);
    let mut found = Vec::new();
    for package in list(metadata, "packages") {
        let Some(name) = package["name"].as_str() else { continue };
        let Some(at) = place(name) else {
            found.push(Finding::error(format!("{name}: not in the order of crates")));
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
    use super::edges;
    use serde_json::json;

    #[test]
    fn an_edge_upwards_is_found() {
        let on = |name: &str| json!({"name": name, "kind": null, "path": "x"});
        let metadata = json!({"packages": [
            {"name": "davy-spl", "dependencies": [on("davy-diag"), on("davy-plan")]},
        ]});
        let found = edges(&metadata);
        assert_eq!(found.len(), 1);
        assert!(found[0].text.contains("davy-spl: depends on davy-plan"));
    }
}
