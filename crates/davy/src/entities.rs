//! Assets and identities of the user's: two CSV files in the layout of Enterprise Security, turned
//! into the lookups that published searches name, and into fields such as `dest_priority` and
//! `user_category` of all events.
//!
//! Source: Administer Splunk Enterprise Security, "Format the asset or identity list as a lookup";
//! several values of a cell stand between `|`.

use davy_events::mv;
use davy_knowledge::Text;
use ipnet::{Ipv4Subnets, Ipv6Subnets};
use std::fmt::Write;
use std::net::IpAddr;
use std::path::Path;

/// What the events' fields take from an asset and from an identity, where the file has it.
const OF_ASSETS: [&str; 14] = [
    "bunit",
    "category",
    "city",
    "country",
    "dns",
    "is_expected",
    "lat",
    "long",
    "owner",
    "pci_domain",
    "priority",
    "requires_av",
    "should_timesync",
    "should_update",
];
const OF_IDENTITIES: [&str; 12] = [
    "bunit",
    "category",
    "email",
    "endDate",
    "first",
    "last",
    "managedBy",
    "nick",
    "priority",
    "startDate",
    "watchlist",
    "work_city",
];

/// Columns that searches name and files may lack.
const ASSET_COLUMNS: [&str; 4] = ["asset_id", "asset_tag", "mac", "nt_host"];
const IDENTITY_COLUMNS: [&str; 5] =
    ["identity_id", "identity_tag", "objectSid", "downLevelDomainName", "sAMAccountName"];

/// One of the two files.
struct List {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl List {
    /// An error names the flag and the file.
    fn read(flag: &str, path: &Path, needed: &[&str]) -> Result<List, String> {
        let read = List::of(path, needed);
        read.map_err(|why| format!("{flag} {}: {why}", path.display()))
    }

    fn of(path: &Path, needed: &[&str]) -> Result<List, String> {
        let reader = csv::ReaderBuilder::new().flexible(true).from_path(path);
        let mut reader = reader.map_err(|e| e.to_string())?;
        let header = reader.headers().map_err(|e| e.to_string())?;
        let names: Vec<String> = header.iter().map(|n| n.trim().to_owned()).collect();
        if !names.iter().any(|n| needed.contains(&n.as_str())) {
            return Err(format!("no column is named {}", needed.join(", ")));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(record.map_err(|e| e.to_string())?.iter().map(str::to_owned).collect());
        }
        Ok(List { names, rows })
    }

    fn cell<'l>(&self, row: &'l [String], name: &str) -> &'l str {
        let at = self.names.iter().position(|n| n == name);
        at.and_then(|at| row.get(at)).map_or("", |cell| cell.trim())
    }

    /// A row whose ranges of addresses (`10.0.0.9-10.0.0.20`) are networks.
    fn in_nets(&self, row: &[String]) -> Vec<String> {
        let mut row = row.to_vec();
        let at = self.names.iter().position(|n| n == "ip");
        if let Some(cell) = at.and_then(|at| row.get_mut(at)) {
            let parts: Vec<String> = cell.split('|').map(|part| nets(part.trim())).collect();
            *cell = parts.join("|");
        }
        row
    }

    /// The table with a row for each key, as CSV.
    fn table(&self, key: &str, by: &[&str], more: &[&str], keep: fn(&str) -> bool) -> String {
        let mut columns: Vec<&str> = vec![key];
        let own = self.names.iter().map(String::as_str).filter(|n| *n != key);
        columns.extend(own);
        columns.extend(more.iter().filter(|name| !self.names.iter().any(|n| n == *name)));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let _ = writer.write_record(&columns);
        for row in &self.rows {
            let keys = by.iter().flat_map(|name| self.cell(row, name).split('|'));
            let mut seen: Vec<&str> = Vec::new();
            for found in keys.map(str::trim).filter(|k| !k.is_empty() && keep(k)) {
                if seen.contains(&found) {
                    continue;
                }
                seen.push(found);
                let cells = columns.iter().map(|name| match *name {
                    name if name == key => found.to_owned(),
                    // Searches tell by the tag what kind of thing it is.
                    "asset_tag" | "identity_tag" if self.cell(row, name).is_empty() => {
                        several(self.cell(row, "category"))
                    }
                    name => several(self.cell(row, name)),
                });
                let _ = writer.write_record(cells.collect::<Vec<String>>());
            }
        }
        writer.into_inner().map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
    }
}

/// The networks that a range of addresses is made of; anything else as it is.
fn nets(text: &str) -> String {
    let Some((from, to)) = text.split_once('-') else { return text.to_owned() };
    let nets: Vec<String> = match (from.trim().parse(), to.trim().parse()) {
        (Ok(IpAddr::V4(from)), Ok(IpAddr::V4(to))) => {
            Ipv4Subnets::new(from, to, 0).map(|net| net.to_string()).collect()
        }
        (Ok(IpAddr::V6(from)), Ok(IpAddr::V6(to))) => {
            Ipv6Subnets::new(from, to, 0).map(|net| net.to_string()).collect()
        }
        _ => return text.to_owned(),
    };
    nets.join("|")
}

fn several(cell: &str) -> String {
    let values: Vec<&str> = cell.split('|').map(str::trim).filter(|v| !v.is_empty()).collect();
    match values.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        many => mv::encode(many),
    }
}

/// The add-on and the tables of the files that are given.
pub(crate) fn texts(assets: Option<&Path>, identities: Option<&Path>) -> Result<Vec<Text>, String> {
    let mut out = Vec::new();
    let mut stanza = String::new();
    let mut uses = |table: &str, key: &str, fields: &[&str], columns: &[&str], list: &List| {
        let nets = table == "asset_lookup_by_cidr";
        let matching = if nets { "        match_type: CIDR(asset)\n" } else { "" };
        let has = |name: &&&str| list.names.iter().any(|n| n == **name);
        for field in fields {
            let outs: Vec<String> =
                columns.iter().filter(has).map(|c| format!("{c}: {field}_{c}")).collect();
            if !outs.is_empty() {
                let _ = write!(
                    stanza,
                    "      - table: {table}\n        match: {{ {key}: {field} }}\n{matching}        out: {{ {} }}\n",
                    outs.join(", ")
                );
            }
        }
    };
    let mut table = |name: &str, text: String| {
        out.push(Text { name: format!("addons/lookups/{name}.csv"), text });
    };
    if let Some(path) = assets {
        let list = List::read("--assets", path, &["ip", "mac", "nt_host", "dns"])?;
        let by = ["ip", "mac", "nt_host", "dns"];
        let more = [&OF_ASSETS[..], &ASSET_COLUMNS, &["ip"]].concat();
        let list = List { rows: list.rows.iter().map(|row| list.in_nets(row)).collect(), ..list };
        let plain = list.table("asset", &by, &more, |key| !key.contains('/'));
        table("asset_lookup_by_str", plain);
        let nets = list.table("asset", &["ip"], &more, |key| key.contains('/'));
        table("asset_lookup_by_cidr", nets);
        // What is known of the one address stands over what is known of its network.
        uses("asset_lookup_by_cidr", "asset", &["src", "dest", "dvc"], &OF_ASSETS, &list);
        uses("asset_lookup_by_str", "asset", &["src", "dest", "dvc"], &OF_ASSETS, &list);
    }
    if let Some(path) = identities {
        let list = List::read("--identities", path, &["identity"])?;
        let more = [&OF_IDENTITIES[..], &IDENTITY_COLUMNS].concat();
        let by = ["identity", "email", "objectSid", "downLevelDomainName"];
        table("identity_lookup_expanded", list.table("identity", &by, &more, |_| true));
        uses("identity_lookup_expanded", "identity", &["user", "src_user"], &OF_IDENTITIES, &list);
    }
    if !stanza.is_empty() {
        let text = format!(
            "addon: assets_and_identities\ndescription: Assets and identities of the user's\n\
             stanzas:\n  - sourcetype: \"*\"\n    lookup:\n{stanza}"
        );
        out.push(Text { name: "addons/assets_and_identities.yml".to_owned(), text });
    }
    Ok(out)
}
