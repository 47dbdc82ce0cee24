//! The country of an address, by the registries that gave it out.
//!
//! Sources: the delegation files of AFRINIC, APNIC, ARIN, LACNIC and RIPE NCC, as the crate
//! `iptocc` carries them; names as in the English names of MaxMind's databases.

use std::collections::HashMap;
use std::net::IpAddr;

/// A country and the continent that it is counted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country {
    pub name: &'static str,
    pub continent: &'static str,
}

/// A line a country: its code of ISO 3166, name and continent, with tabs between.
const TABLE: &str = include_str!("countries.tsv");

/// The countries by their codes, ready to be asked for addresses.
#[derive(Debug)]
pub struct Countries(HashMap<&'static str, Country>);

impl Default for Countries {
    fn default() -> Self {
        let row = |line: &'static str| {
            let mut cells = line.split('\t');
            let code = cells.next()?;
            Some((code, Country { name: cells.next()?, continent: cells.next()? }))
        };
        Self(TABLE.lines().filter_map(row).collect())
    }
}

impl Countries {
    /// Where the holder of the address is registered. `None` for addresses that are private,
    /// reserved or not given out, and for those that stand for a group of countries.
    pub fn of(&self, address: IpAddr) -> Option<Country> {
        // `::ffff:192.0.2.1` is an address of version 4.
        self.0.get(iptocc::country_code(address.to_canonical())?).copied()
    }
}
