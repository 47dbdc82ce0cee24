//! `iplocation`. Search Reference, iplocation.

use crate::codes;
use crate::column::Ty;
use crate::command::Command;
use crate::example;
use crate::fields::{FieldSet, Fields};
use crate::geo::{Geo, Place, Registries};
use crate::plan::{Failed, Plan, PlanCx};
use crate::rowmap::{RowMap, Set, row_map};
use crate::spec::{CommandSpec, Kind, ParseCx, Support};
use crate::value::Val;
use davy_diag::{Span, Spanned};
use davy_spl::ast::{Args, Grammar};
use std::net::IpAddr;
use std::sync::Arc;

pub(super) static SPEC: CommandSpec = CommandSpec {
    name: "iplocation",
    aliases: &[],
    kind: Kind::Streaming,
    grammar: Grammar::General,
    syntax: "iplocation [prefix=<string>] [allfields=<bool>] [lang=<string>] <field>",
    summary: "Adds City, Country, Region, lat and lon of an IP address, with `allfields=t` also Continent, MetroCode and Timezone. Without a database of addresses (`--mmdb FILE`) Country and Continent are those of the registry that gave the address out, and the others stay empty.",
    examples: &[
        example!("| makeresults | eval ip=\"193.0.6.139\" | iplocation ip | table ip Country" => table "ip,Country\n193.0.6.139,Netherlands"),
        example!("| makeresults | eval ip=\"10.0.0.1\" | iplocation ip | table ip Country" => table "ip,Country\n10.0.0.1,"),
    ],
    source: "Search Reference, iplocation",
    support: Support::Limited("names of places are in the database's own language"),
    parse,
};

const FEW: [&str; 5] = ["City", "Country", "Region", "lat", "lon"];
const ALL: [&str; 8] =
    ["City", "Continent", "Country", "MetroCode", "Region", "Timezone", "lat", "lon"];

#[derive(Debug)]
struct IpLocation {
    field: Spanned<String>,
    names: &'static [&'static str],
    prefix: String,
}

fn parse(args: &Args, cx: &mut ParseCx<'_>) -> Option<Box<dyn Command>> {
    let (options, left) = cx.reader(args).options(&["prefix", "allfields", "lang"], cx);
    let prefix = options.text("prefix").map(|p| p.value).unwrap_or_default();
    let names: &[&str] = if options.flag("allfields", false, cx) { &ALL } else { &FEW };
    let mut fields = cx.field_list(&left)?.into_iter();
    let Some(field) = fields.next() else { return cx.missing("a field with an IP address") };
    if let Some(extra) = fields.next() {
        return cx.bad(extra.span, "`iplocation` reads one field");
    }
    Some(Box::new(IpLocation { field, names, prefix }))
}

impl IpLocation {
    fn makes(&self) -> Vec<String> {
        self.names.iter().map(|n| format!("{}{n}", self.prefix)).collect()
    }
}

impl Command for IpLocation {
    fn needs(&self, out: &FieldSet) -> FieldSet {
        out.before_keeping(&self.makes(), std::slice::from_ref(&self.field.value))
    }

    fn fields(&self, input: &Fields) -> Fields {
        let mut fields = input.clone();
        self.makes().into_iter().for_each(|name| fields.add(name));
        fields
    }

    fn reads(&self) -> Vec<(String, Span)> {
        vec![(self.field.value.clone(), self.field.span)]
    }

    fn makes_rows(&self) -> bool {
        false
    }

    fn plan(&self, input: Plan, cx: &PlanCx<'_>) -> Result<Plan, Failed> {
        let geo = cx.engine.knowledge().geo().unwrap_or_else(|| {
            let said = "without a database of addresses this adds the country and nothing finer";
            cx.engine.warn(codes::MISSING_FILE.at(cx.span, said).help(
                "City, Region, lat and lon come with --mmdb FILE: GeoLite2 City, DB-IP City or the like",
            ));
            Arc::new(Registries::default())
        });
        let sets = self
            .makes()
            .into_iter()
            .zip(self.names)
            .map(|(to, name)| {
                let ty = if matches!(*name, "lat" | "lon") { Ty::Num } else { Ty::Text };
                Set::keep(to, ty)
            })
            .collect();
        let map = Located { geo, names: self.names };
        row_map(input, vec![self.field.value.clone()], sets, Arc::new(map))
    }
}

#[derive(Debug)]
struct Located {
    geo: Arc<dyn Geo>,
    names: &'static [&'static str],
}

impl RowMap for Located {
    fn name(&self) -> &'static str {
        "iplocation"
    }

    fn map(&self, args: &[Val<'_>], out: &mut [Option<Val<'static>>]) -> Result<(), String> {
        let Some(text) = args.first().and_then(|value| value.values().into_iter().next()) else {
            return Ok(());
        };
        // Of a subnet its own address counts.
        let address = text.split('/').next().unwrap_or_default();
        let Some(place) = address.parse::<IpAddr>().ok().and_then(|ip| self.geo.place(ip)) else {
            return Ok(());
        };
        for (name, slot) in self.names.iter().zip(out) {
            *slot = part(&place, name);
        }
        Ok(())
    }
}

fn part(place: &Place, name: &str) -> Option<Val<'static>> {
    let text = match name {
        "City" => &place.city,
        "Continent" => &place.continent,
        "Country" => &place.country,
        "MetroCode" => &place.metro_code,
        "Region" => &place.region,
        "Timezone" => &place.timezone,
        "lat" => return place.position.map(|(lat, _)| Val::Num(lat)),
        _ => return place.position.map(|(_, lon)| Val::Num(lon)),
    };
    (!text.is_empty()).then(|| Val::str(text.clone()))
}
