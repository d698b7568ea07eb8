//! Documents against those of the reference, structure by structure, and what the reference does not show.

use std::{cell::RefCell, fs, path::Path, sync::Arc};

use super::*;
use crate::{
    ApiResource, Schema,
    testing::{comparable, differences, from_serde, parse, read, reference},
};

fn listing() -> Listing {
    Listing::of(schema::resources(), [])
}

fn silent(_: &str, _: &str) -> Option<String> {
    None
}

/// A document with its descriptions.
fn described(path: &str) -> Value {
    let reader = RefCell::new(descriptions::Reader::new());
    let describe = |m: &str, f: &str| reader.borrow_mut().describe(m, f).map(str::to_owned);
    parse(&document(&listing(), path, &describe).unwrap())
}

/// How many members of an object are equal on both sides, of how many there are on either; differences are printed.
fn equal_members(ours: &Value, theirs: &Value, what: &str) -> (usize, usize) {
    let (ours, theirs) = (comparable(ours, true), comparable(theirs, false));
    let empty = Map::new();
    let (ours, theirs) = (ours.as_object().unwrap_or(&empty), theirs.as_object().unwrap_or(&empty));
    let mut names: Vec<&str> = ours.keys().chain(theirs.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differ = |name: &&&str| match (ours.get(name), theirs.get(name)) {
        (Some(a), Some(b)) => {
            let found = differences(a, b);
            found.iter().for_each(|d| println!("{what} {name}{d}"));
            !found.is_empty()
        }
        (a, _) => {
            println!("{what} {name}: only {}", if a.is_some() { "ours" } else { "theirs" });
            true
        }
    };
    let different = names.iter().filter(differ).count();
    (names.len() - different, names.len())
}

fn compare(dir: &Path, path: &str, totals: &mut [(usize, usize); 2]) {
    let file = dir.join(format!("{}_openapi.json", path.replace('/', "__")));
    let theirs = read(&file);
    let ours = described(path);
    for (total, members) in totals.iter_mut().zip([&["components", "schemas"][..], &["paths"]]) {
        let (equal, all) = equal_members(ours.at(members), theirs.at(members), path);
        *total = (total.0 + equal, total.1 + all);
    }
    assert_eq!(ours.at(&["openapi"]), theirs.at(&["openapi"]));
    assert_eq!(ours.str_at(&["info", "title"]), theirs.str_at(&["info", "title"]));
    let security = ["components", "securitySchemes"];
    assert_eq!(comparable(ours.at(&security), true), comparable(theirs.at(&security), false), "{path}");
}

#[test]
fn schemas_and_paths_are_those_of_the_reference() {
    let Some(dir) = reference("openapi-v3") else { return };
    let mut totals = [(0, 0); 2];
    for path in paths(&listing()) {
        compare(&dir, &path, &mut totals);
    }
    let [schemas, paths] = totals;
    println!("schemas {}/{}, paths {}/{}", schemas.0, schemas.1, paths.0, paths.1);
    assert!(schemas.1 > 1200 && paths.1 > 400, "{schemas:?} {paths:?}");
    assert_eq!(schemas.0, schemas.1, "every schema is equal");
    assert_eq!(paths.0, paths.1, "every path is equal");
}

#[test]
fn deployment_reads_as_recorded() {
    let Some(dir) = reference("../oracle/golden/discovery.json") else { return };
    let cases = from_serde(serde_json::from_slice(&fs::read(dir).unwrap()).unwrap());
    let case =
        cases.as_array().unwrap().iter().find(|c| c.str_at(&["name"]) == "discovery/openapi-v3-Deployment");
    let golden = case.unwrap().array_at(&["golden"])[0].at(&["body"]).as_object().unwrap();
    let document = described("apis/apps/v1");
    for (pointer, want) in golden.iter() {
        let steps: Vec<&str> = pointer.trim_start_matches('/').split('/').collect();
        assert_eq!(document.at(&steps), want, "{pointer}");
    }
}

#[test]
fn enumerations_are_listed_in_the_schema_and_in_its_text() {
    let ours = parse(&document(&listing(), "api/v1", &silent).unwrap());
    let pod =
        ours.at(&["components", "schemas", "io.k8s.api.core.v1.PodSpec", "properties", "restartPolicy"]);
    let values: Vec<&str> = pod.array_at(&["enum"]).iter().filter_map(Value::as_str).collect();
    assert_eq!(values, ["Always", "Never", "OnFailure"]);
    assert!(
        pod.str_at(&["description"])
            .ends_with("values:\n - `\"Always\"`\n - `\"Never\"`\n - `\"OnFailure\"`")
    );
    let items = [
        "components",
        "schemas",
        "io.k8s.api.core.v1.PersistentVolumeSpec",
        "properties",
        "accessModes",
        "items",
    ];
    assert_eq!(ours.at(&items).array_at(&["enum"]).len(), 4);
}

#[test]
fn index_points_to_documents_by_their_hash() {
    let listing = listing();
    let all = paths(&listing);
    assert!(
        all.is_sorted() && all.contains(&"apis/apps/v1".to_owned()) && all.contains(&"version".to_owned())
    );
    let bytes = document(&listing, "version", &silent).unwrap();
    let index = index([("version", hash(&bytes).as_str())]);
    let url = index.str_at(&["paths", "version", "serverRelativeURL"]);
    assert_eq!(url, format!("/openapi/v3/version?hash={}", hash(&bytes)));
    assert!(document(&listing, "apis/none/v1", &silent).is_none());
    assert!(document(&listing, "api/v2", &silent).is_none());
    assert!(document(&listing, "", &silent).is_none());
}

/// A custom kind with a status, as a definition would bring it.
fn custom() -> Listing {
    let stated = api::object! {
        "description" => "A thing.",
        "properties" => api::object! { "spec" => api::object! { "type" => "object" } },
    };
    let verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    let resource = ApiResource {
        name: "things".into(),
        singular: "thing".into(),
        kind: "Thing".into(),
        list_kind: "ThingList".into(),
        namespaced: true,
        short_names: vec![],
        categories: vec![],
        verbs: verbs.map(Into::into).to_vec(),
        storage_version_hash: "".into(),
        subresources: vec![],
        schema: Schema::Custom(Arc::new(stated)),
    };
    let version = ApiVersion {
        group: "stable.example.org".into(),
        version: "v1".into(),
        custom: true,
        resources: vec![resource],
        ..ApiVersion::default()
    };
    Listing::of(schema::resources(), [Arc::new(version)])
}

#[test]
fn custom_kinds_have_documents_too() {
    let listing = custom();
    assert!(paths(&listing).contains(&"apis/stable.example.org/v1".to_owned()));
    let document = parse(&document(&listing, "apis/stable.example.org/v1", &silent).unwrap());
    let schemas = document.at(&["components", "schemas"]);
    let thing = schemas.at(&["org.example.stable.v1.Thing"]);
    assert_eq!(thing.str_at(&["properties", "spec", "type"]), "object");
    assert_eq!(thing.array_at(&["x-kubernetes-group-version-kind"])[0].str_at(&["kind"]), "Thing");
    assert!(schemas.get("org.example.stable.v1.ThingList").is_some());
    assert!(schemas.get("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").is_some());
    let path = "/apis/stable.example.org/v1/namespaces/{namespace}/things/{name}";
    let patch = document.at(&["paths", path, "patch"]);
    assert_eq!(patch.str_at(&["operationId"]), "patchStableExampleOrgV1NamespacedThing");
    assert_eq!(patch.at(&["requestBody", "content"]).as_object().unwrap().len(), 3);
    // Every reference leads somewhere.
    let text = api::json::to_string(&document);
    for reference in text.split("#/components/schemas/").skip(1).map(|s| s.split('"').next().unwrap()) {
        assert!(schemas.get(reference).is_some(), "{reference}");
    }
}
