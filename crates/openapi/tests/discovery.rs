//! Discovery documents against those of the reference server, when they are at hand.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};

use api::{Str, Value};
use openapi::{ApiResource, ApiSubresource, ApiVersion, Listing, Schema, discovery, priorities};
use sumun_openapi as openapi;

/// The directory of reference documents; `None` (with a word why) where it is missing.
fn reference() -> Option<PathBuf> {
    let root = std::env::var_os("SUMUN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let dir = root.join("data/discovery");
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("skipped: no reference documents at {}", dir.display());
    None
}

fn from_serde(v: serde_json::Value) -> Value {
    match v {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => b.into(),
        serde_json::Value::Number(n) => {
            n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap()), Value::Int)
        }
        serde_json::Value::String(s) => s.into(),
        serde_json::Value::Array(a) => a.into_iter().map(from_serde).collect::<Vec<_>>().into(),
        serde_json::Value::Object(m) => {
            Value::Object(m.into_iter().map(|(k, v)| (k, from_serde(v))).collect())
        }
    }
}

fn read(path: PathBuf) -> Value {
    from_serde(serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
}

fn texts(v: &Value, key: &str) -> Vec<Str> {
    v.array_at(&[key]).iter().filter_map(Value::as_str).map(Str::from).collect()
}

/// The listing that the resource lists of the reference describe.
fn listing_of_lists(lists: &BTreeMap<String, Value>) -> Listing {
    Listing::new(lists.values().map(|list| Arc::new(version_of_list(list))).collect())
}

fn version_of_list(list: &Value) -> ApiVersion {
    let gv = list.str_at(&["groupVersion"]);
    let (group, version) = gv.split_once('/').unwrap_or(("", gv));
    let (group_priority, version_priority) = priorities(group, version);
    let mut out = ApiVersion {
        group: group.into(),
        version: version.into(),
        group_priority,
        version_priority,
        ..ApiVersion::default()
    };
    for r in list.array_at(&["resources"]) {
        let name = r.str_at(&["name"]);
        let or = |key: &str, other: &str| Str::from(r.get(key).and_then(Value::as_str).unwrap_or(other));
        match name.split_once('/') {
            None => out.resources.push(ApiResource {
                name: name.into(),
                singular: r.str_at(&["singularName"]).into(),
                kind: r.str_at(&["kind"]).into(),
                list_kind: Str::default(),
                namespaced: r.at(&["namespaced"]).as_bool().unwrap(),
                short_names: texts(r, "shortNames"),
                categories: texts(r, "categories"),
                verbs: texts(r, "verbs"),
                storage_version_hash: r.str_at(&["storageVersionHash"]).into(),
                subresources: vec![],
                schema: Schema::Custom(Arc::new(Value::object())),
            }),
            Some((_, sub)) => out.resources.last_mut().unwrap().subresources.push(ApiSubresource {
                name: sub.into(),
                group: or("group", group),
                version: or("version", version),
                kind: r.str_at(&["kind"]).into(),
                verbs: texts(r, "verbs"),
                schema: None,
            }),
        }
    }
    out
}

fn resource_lists(dir: &std::path::Path) -> BTreeMap<String, Value> {
    let files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let lists = files.map(|p| (p.file_stem().unwrap().to_string_lossy().into_owned(), read(p)));
    lists.filter(|(_, v)| v.str_at(&["kind"]) == "APIResourceList").collect()
}

fn check_all(listing: &Listing, dir: &std::path::Path, lists: &BTreeMap<String, Value>) {
    for (file, want) in lists {
        let gv = want.str_at(&["groupVersion"]);
        let (group, version) = gv.split_once('/').unwrap_or(("", gv));
        let version = listing.version(group, version).unwrap_or_else(|| panic!("{file}: not served"));
        assert_eq!(&discovery::resources(version), want, "{file}");
    }
    assert_eq!(listing.versions().len(), lists.len());
    let want = read(dir.join("apis.json"));
    assert_eq!(&discovery::groups(listing), &want, "apis.json");
    for entry in want.array_at(&["groups"]) {
        let mut want = entry.clone();
        want.set_at(&["kind"], "APIGroup");
        want.set_at(&["apiVersion"], "v1");
        assert_eq!(discovery::group(listing, entry.str_at(&["name"])).as_ref(), Some(&want));
    }
    let want = read(dir.join("api.json"));
    let address = want.array_at(&["serverAddressByClientCIDRs"])[0].str_at(&["serverAddress"]);
    assert_eq!(&discovery::core_versions(listing, address), &want, "api.json");
    for (scope, file) in [
        (discovery::Scope::Core, "api.aggregated-v2.json"),
        (discovery::Scope::Groups, "apis.aggregated-v2.json"),
    ] {
        let got = discovery::aggregated(listing, scope, discovery::AggregatedVersion::V2);
        assert_eq!(got, read(dir.join(file)), "{file}");
    }
}

#[test]
fn resource_lists_give_every_other_document() {
    let Some(dir) = reference() else { return };
    let lists = resource_lists(&dir);
    check_all(&listing_of_lists(&lists), &dir, &lists);
}
