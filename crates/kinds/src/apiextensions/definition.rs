//! CustomResourceDefinition: a kind of a user's own.

use api::{Map, Value, object};

use crate::Context;
use crate::kind::{Generation, Kind, Status, default_member, default_text, inside};

mod approval;
mod conversion;
mod defaults;
mod formats;
mod rules;
mod schema;
mod shown;
mod structural;
mod validate;
mod view;
mod walk;

pub(crate) static CUSTOM_RESOURCE_DEFINITION: Kind = Kind {
    knows_finalizers: false,
    checks_metadata: false,
    unconditional_update: false,
    generation: Generation::Of(&["spec"]),
    status: Status::Own,
    default: default_definition,
    prepare_create: |definition, _| remember_storage_version(definition),
    prepare_update: |new: &mut Value, _: &Value, cx: &Context| {
        if cx.subresource.is_empty() {
            remember_storage_version(new);
        }
    },
    validate: |definition, _, errors| validate::create(definition, errors),
    validate_update: |new, old, cx, errors| match cx.subresource {
        "status" => validate::status(new, errors),
        _ => validate::update(new, old, errors),
    },
    warnings: |definition, old, cx| {
        if cx.subresource.is_empty() { validate::warnings(definition, old) } else { Vec::new() }
    },
    ..Kind::PLAIN
};

fn default_definition(definition: &mut Value, _version: &str) {
    let spec = definition.object_at_mut(&["spec"]);
    default_names(spec.entry("names").make_object());
    default_member(spec, "conversion", object! { "strategy" => "None" });
    inside(definition, &["spec", "conversion", "webhook", "clientConfig", "service"], |service| {
        default_member(service, "port", 443);
    });
    if definition.array_at(&["status", "storedVersions"]).is_empty() {
        remember_storage_version(definition);
    }
}

fn default_names(names: &mut Map) {
    let kind = names.get("kind").and_then(Value::as_str).unwrap_or("").to_owned();
    if !kind.is_empty() {
        default_text(names, "singular", &kind.to_lowercase());
        default_text(names, "listKind", &format!("{kind}List"));
    }
}

/// `status.storedVersions` names every version that ever was the storage version.
fn remember_storage_version(definition: &mut Value) {
    let versions = definition.array_at(&["spec", "versions"]);
    let storage = versions.iter().find(|version| version.at(&["storage"]).as_bool() == Some(true));
    let Some(name) = storage.map(|version| Value::from(version.str_at(&["name"]))) else { return };
    let stored = definition.object_at_mut(&["status"]).entry("storedVersions");
    match stored.as_array_mut() {
        Some(list) if list.contains(&name) => {}
        Some(list) => list.push(name),
        None => *stored = vec![name].into(),
    }
}
