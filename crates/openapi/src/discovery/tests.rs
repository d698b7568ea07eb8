//! Discovery documents against those of the reference server, and what the reference does not show.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use super::*;
use crate::{
    Schema, priorities,
    testing::{read, reference},
};

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

fn resource_lists(dir: &Path) -> BTreeMap<String, Value> {
    let files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let lists = files.map(|p| (p.file_stem().unwrap().to_string_lossy().into_owned(), read(&p)));
    lists.filter(|(_, v)| v.str_at(&["kind"]) == "APIResourceList").collect()
}

fn check_all(listing: &Listing, dir: &Path, lists: &BTreeMap<String, Value>) {
    for (file, want) in lists {
        let gv = want.str_at(&["groupVersion"]);
        let (group, version) = gv.split_once('/').unwrap_or(("", gv));
        let version = listing.version(group, version).unwrap_or_else(|| panic!("{file}: not served"));
        assert_eq!(&resources(version), want, "{file}");
    }
    assert_eq!(listing.versions().len(), lists.len());
    let want = read(&dir.join("apis.json"));
    assert_eq!(&groups(listing), &want, "apis.json");
    for entry in want.array_at(&["groups"]) {
        let mut want = entry.clone();
        want.set_at(&["kind"], "APIGroup");
        want.set_at(&["apiVersion"], "v1");
        assert_eq!(group(listing, entry.str_at(&["name"])).as_ref(), Some(&want));
    }
    let want = read(&dir.join("api.json"));
    let address = want.array_at(&["serverAddressByClientCIDRs"])[0].str_at(&["serverAddress"]);
    assert_eq!(&core_versions(listing, address), &want, "api.json");
    for (scope, file) in [(Scope::Core, "api.aggregated-v2.json"), (Scope::Groups, "apis.aggregated-v2.json")]
    {
        let got = aggregated(listing, scope, AggregatedVersion::V2);
        assert_eq!(got, read(&dir.join(file)), "{file}");
    }
}

#[test]
fn resource_lists_give_every_other_document() {
    let Some(dir) = reference("discovery") else { return };
    let lists = resource_lists(&dir);
    check_all(&listing_of_lists(&lists), &dir, &lists);
}

#[test]
fn the_catalogue_gives_every_document() {
    let Some(dir) = reference("discovery") else { return };
    check_all(&Listing::of(schema::resources(), []), &dir, &resource_lists(&dir));
}

fn custom() -> Listing {
    let scale = ApiSubresource {
        name: "scale".into(),
        group: "autoscaling".into(),
        version: "v1".into(),
        kind: "Scale".into(),
        verbs: vec!["get".into()],
        schema: None,
    };
    let widgets = ApiResource {
        name: "widgets".into(),
        singular: "widget".into(),
        kind: "Widget".into(),
        list_kind: "WidgetList".into(),
        namespaced: true,
        short_names: vec!["wd".into()],
        categories: vec![],
        verbs: vec!["get".into(), "list".into()],
        storage_version_hash: "abc=".into(),
        subresources: vec![scale],
        schema: Schema::Custom(Arc::new(Value::object())),
    };
    Listing::new(vec![Arc::new(ApiVersion {
        group: "example.org".into(),
        version: "v1".into(),
        custom: true,
        resources: vec![widgets],
        ..ApiVersion::default()
    })])
}

#[test]
fn custom_resources_spell_out_their_kinds() {
    let listing = custom();
    let all = aggregated(&listing, Scope::Groups, AggregatedVersion::V2beta1);
    let text = api::json::to_string(&all);
    assert!(text.contains(r#""apiVersion":"apidiscovery.k8s.io/v2beta1""#), "{text}");
    assert!(
        text.contains(r#""responseKind":{"group":"example.org","version":"v1","kind":"Widget"}"#),
        "{text}"
    );
    let list = api::json::to_string(&resources(&listing.versions()[0]));
    assert!(
        list.contains(r#""name":"widgets/scale","singularName":"","namespaced":true,"group":"autoscaling""#)
    );
}

#[test]
fn paths_are_sorted_and_single() {
    let text = api::json::to_string(&paths(&custom(), ["/version", "/healthz", "/version"]));
    assert_eq!(
        text,
        r#"{"paths":["/api","/apis","/apis/","/apis/example.org","/apis/example.org/v1","/healthz","/version"]}"#
    );
}

#[test]
fn etags_differ_when_texts_do() {
    assert_eq!(etag("").len(), 32);
    assert_ne!(etag("a"), etag("b"));
    // The offset basis and one known value of FNV-1a 128.
    assert_eq!(etag(""), "6C62272E07BB014262B821756295C58D");
    assert_eq!(etag("a"), "D228CB696F1A8CAF78912B704E4A8964");
}
