//! ZAP's report in JSON: alerts, site by site.

use std::collections::BTreeMap;

use api::Value;

use super::{Analysis, Manner};
use crate::document::Document;
use crate::when::moment;

/// The code of a high risk.
const HIGH: &str = "3";
/// The code of an alert that somebody took for a mistake.
const FALSE: &str = "0";

pub(super) fn fits(value: &Value) -> bool {
    let is_told =
        ["@version", "@programName", "@generated", "created"].iter().any(|name| value.get(name).is_some());
    is_told
        && value.get("site").is_some_and(|sites| sites.as_array().is_some() || sites.as_object().is_some())
}

/// A code, whether it is written as a text or as a number.
fn code(alert: &Value, name: &str) -> String {
    let value = alert.at(&[name]);
    value.as_i64().map_or_else(|| alert.str_at(&[name]).to_owned(), |number| number.to_string())
}

pub(super) fn read(document: &Document) -> Vec<(String, Analysis<'_>)> {
    let value = &document.value;
    let site = value.at(&["site"]);
    // One site alone may stand without a list.
    let sites = site.as_array().unwrap_or(std::slice::from_ref(site));
    let times = ["created", "@generated"].iter().find_map(|time| moment(value.str_at(&[time])));
    let one = |site: &'_ Value| {
        let analysis = Analysis {
            document,
            manner: Manner::Dynamic,
            tool: "ZAP",
            taken: times,
            is_whole: true,
            open: BTreeMap::new(),
        };
        (site.str_at(&["@name"]).to_owned(), analysis)
    };
    sites
        .iter()
        .map(|site| {
            let (name, mut analysis) = one(site);
            analysis.open = open(site);
            (name, analysis)
        })
        .collect()
}

fn open(site: &Value) -> BTreeMap<&str, Vec<String>> {
    let mut open: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for alert in site.array_at(&["alerts"]) {
        if code(alert, "riskcode") != HIGH || code(alert, "confidence") == FALSE {
            continue;
        }
        let name =
            ["alert", "name", "pluginid"].iter().map(|f| alert.str_at(&[f])).find(|text| !text.is_empty());
        let places = open.entry(name.unwrap_or("an alert")).or_default();
        let instances = alert.array_at(&["instances"]).iter().map(|i| i.str_at(&["uri"]));
        // Queries may hold what was sent.
        places.extend(instances.map(|uri| uri.split(['?', '#']).next().unwrap_or(uri).to_owned()));
        if places.is_empty() {
            places.push(site.str_at(&["@name"]).to_owned());
        }
    }
    open
}
