//! The tables against the OpenAPI document of the same release, when `../shared` holds it.

use api::Value;
use sumun_schema::{Field, ListType, Message, Type, message};

#[test]
fn every_definition_agrees_with_its_table() {
    let Some(swagger) = super::shared_json("data/swagger.json") else { return };
    let definitions = swagger.at(&["definitions"]).as_object().expect("definitions");
    let mut wrong = Vec::new();
    let mut known = 0;
    for (name, definition) in definitions.iter() {
        if definition.get("properties").is_none() || IRREGULAR.iter().any(|n| name.ends_with(n)) {
            continue;
        }
        match message(name) {
            Some(m) => {
                known += 1;
                compare(m, definition, &mut wrong);
            }
            None => wrong.push(format!("{name}: missing")),
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert!(known > 700, "only {known} definitions compared");
}

/// Their Go structures have no JSON members of their own.
const IRREGULAR: &[&str] = &[];

fn compare(message: &Message, definition: &Value, wrong: &mut Vec<String>) {
    let mut check = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            wrong.push(format!("{}{what}: ours {ours}, upstream {theirs}", message.name));
        }
    };
    let properties = definition.at(&["properties"]).as_object().expect("properties");
    let mut ours: Vec<&str> = message.fields.iter().map(|f| f.name).collect();
    let mut theirs: Vec<&str> = properties.keys().collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    check("", ours.join(" "), theirs.join(" "));
    let mut required: Vec<&str> = message.fields.iter().filter(|f| f.required).map(|f| f.name).collect();
    let mut their_required = strings(definition.at(&["required"]));
    required.sort_unstable();
    their_required.sort_unstable();
    check(" required", required.join(" "), their_required.join(" "));
    check(
        " atomic",
        message.atomic.to_string(),
        (definition.str_at(&["x-kubernetes-map-type"]) == "atomic").to_string(),
    );
    for field in message.fields {
        let Some(property) = properties.get(field.name) else { continue };
        let mut check = |what: &str, ours: String, theirs: String| {
            check(&format!(".{} {what}", field.name), ours, theirs);
        };
        check("list type", list_type(field), their_list_type(property));
        check("patch", patch(field), property.str_at(&["x-kubernetes-patch-strategy"]).to_owned());
        check(
            "merge key",
            field.patch.merge_key.to_owned(),
            property.str_at(&["x-kubernetes-patch-merge-key"]).to_owned(),
        );
        check("type", type_name(&field.ty), their_type(property));
    }
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap_or(&[]).iter().filter_map(Value::as_str).collect()
}

fn list_type(field: &Field) -> String {
    match field.list {
        ListType::Default => String::new(),
        ListType::Atomic => "atomic".to_owned(),
        ListType::Set => "set".to_owned(),
        ListType::Map(keys) => format!("map {}", keys.join(",")),
        ListType::Granular => "granular".to_owned(),
    }
}

fn their_list_type(property: &Value) -> String {
    let kind = property.str_at(&["x-kubernetes-list-type"]);
    let map = property.str_at(&["x-kubernetes-map-type"]);
    match (kind, map) {
        ("map", _) => format!("map {}", strings(property.at(&["x-kubernetes-list-map-keys"])).join(",")),
        ("", "atomic") => "atomic".to_owned(),
        ("", "granular") => "granular".to_owned(),
        ("", _) => String::new(),
        (kind, _) => kind.to_owned(),
    }
}

fn patch(field: &Field) -> String {
    let p = field.patch;
    let words = [(p.merge, "merge"), (p.replace, "replace"), (p.retain_keys, "retainKeys")];
    let mut words: Vec<&str> = words.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
    words.sort_unstable();
    words.join(",")
}

fn type_name(ty: &Type) -> String {
    match ty {
        Type::Bool => "boolean".to_owned(),
        Type::Int32 => "integer int32".to_owned(),
        Type::Int64 => "integer int64".to_owned(),
        Type::Double => "number double".to_owned(),
        Type::String => "string".to_owned(),
        Type::Bytes => "string byte".to_owned(),
        Type::List(item) => format!("[{}]", type_name(item)),
        Type::StringList => "[string]".to_owned(),
        Type::Map(value) => format!("{{{}}}", type_name(value)),
        Type::Message(m) => m.name.to_owned(),
        Type::Time => "io.k8s.apimachinery.pkg.apis.meta.v1.Time".to_owned(),
        Type::MicroTime => "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime".to_owned(),
        Type::Duration => "io.k8s.apimachinery.pkg.apis.meta.v1.Duration".to_owned(),
        Type::Quantity => "io.k8s.apimachinery.pkg.api.resource.Quantity".to_owned(),
        Type::IntOrString => "io.k8s.apimachinery.pkg.util.intstr.IntOrString".to_owned(),
        Type::FieldsV1 => "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1".to_owned(),
        Type::RawExtension => "io.k8s.apimachinery.pkg.runtime.RawExtension".to_owned(),
        Type::Json => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON".to_owned(),
        Type::JsonSchemaOr(or, _) => {
            format!("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOr{or:?}")
        }
    }
}

fn their_type(property: &Value) -> String {
    if let Some(name) = property.str_at(&["$ref"]).strip_prefix("#/definitions/") {
        return name.to_owned();
    }
    match (property.str_at(&["type"]), property.str_at(&["format"])) {
        ("array", _) => format!("[{}]", their_type(property.at(&["items"]))),
        ("object", _) => format!("{{{}}}", their_type(property.at(&["additionalProperties"]))),
        (name, "") => name.to_owned(),
        (name, format) => format!("{name} {format}"),
    }
}
