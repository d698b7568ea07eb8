//! Schemas of custom kinds: what a CustomResourceDefinition states, with the parts every kind has.  Entry point:
//! [`schema`].

use api::{Map, Value, object};

use crate::{ApiResource, ApiVersion, Dialect, Schema, operations::schema_name};

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

/// The schemas of the catalogue that those of custom kinds refer to.
pub(crate) const BASES: [&str; 2] = [OBJECT_META, LIST_META];

/// Members of a stated schema that dialect 2 has no words for.
const ONLY_V3: &[&str] = &["allOf", "anyOf", "oneOf", "not", "nullable", "default"];

/// The schema of a custom kind of this group-version, or of its list, by name.
pub(crate) fn schema(version: &ApiVersion, name: &str, dialect: Dialect) -> Option<Value> {
    version.resources.iter().find_map(|resource| {
        let Schema::Custom(stated) = &resource.schema else { return None };
        let own = schema_name(version, resource);
        match name.strip_prefix(&own)? {
            "" => Some(object_schema(version, resource, stated, dialect)),
            "List" => Some(list_schema(version, resource, &own, dialect)),
            _ => None,
        }
    })
}

fn object_schema(version: &ApiVersion, resource: &ApiResource, stated: &Value, dialect: Dialect) -> Value {
    let mut out = stated.clone();
    if dialect == Dialect::V2 {
        strip(&mut out);
    }
    if out.get("x-kubernetes-preserve-unknown-fields").and_then(Value::as_bool) != Some(true) {
        out.set_at(&["type"], "object");
    }
    for member in ["apiVersion", "kind"] {
        out.set_at(&["properties", member, "type"], "string");
    }
    out.set_at(&["properties", "metadata"], dialect.reference(OBJECT_META));
    out.object_at_mut(&["properties"]).sort();
    kinds(&mut out, version, &resource.kind);
    out
}

/// Drops what dialect 2 has no words for.  A stated schema is nested no deeper than the decoder let it in.
fn strip(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.retain(|key, value| !ONLY_V3.contains(&key) || value.is_null());
            for (key, value) in map.iter_mut() {
                if key == "properties" || key == "patternProperties" {
                    value.as_object_mut().into_iter().flat_map(Map::iter_mut).for_each(|(_, v)| strip(v));
                } else if key == "items" || key == "additionalProperties" {
                    strip(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

fn list_schema(version: &ApiVersion, resource: &ApiResource, item: &str, dialect: Dialect) -> Value {
    let text = || object! { "type" => "string" };
    let properties = object! {
        "apiVersion" => text(),
        "items" => object! { "type" => "array", "items" => dialect.reference(item) },
        "kind" => text(),
        "metadata" => dialect.reference(LIST_META),
    };
    let mut out = object! { "type" => "object", "required" => vec!["items"], "properties" => properties };
    kinds(&mut out, version, &resource.list_kind);
    out
}

fn kinds(out: &mut Value, version: &ApiVersion, kind: &str) {
    let names = [("group", version.group.as_str()), ("version", &version.version), ("kind", kind)];
    out.set_at(&["x-kubernetes-group-version-kind"], vec![names.into_iter().collect::<Map>()]);
}
