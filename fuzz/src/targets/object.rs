//! Bodies of requests about objects of any kind.

use api::{GroupVersionKind, Value};
use codec::object::{self, Endpoint, FieldValidation, Format};
use codec::yaml;
use kinds::Context;
use schema::Resource;

use crate::choice;
use crate::targets::text::read_again;

/// A body sent to the endpoint of a kind, which the first byte names, in an encoding, which the second names: a 400, or
/// an object that stays the same through its encodings after it was defaulted, and that validation bears.
pub(crate) fn body(bytes: &[u8]) {
    let (resource, bytes) = choice(bytes, schema::resources().len());
    let (format, bytes) = choice(bytes, Format::ALL.len());
    let Some(resource) = schema::resources().get(resource) else { return };
    let Some(format) = Format::ALL.get(format) else { return };
    let kind = kind_of(resource);
    let strict = object::decode(bytes, *format, Endpoint::of(&kind), FieldValidation::Strict);
    match object::decode(bytes, *format, Endpoint::of(&kind), FieldValidation::Warn) {
        Ok(decoded) => {
            let clean = decoded.warnings.is_empty();
            assert_eq!(strict.is_ok(), clean, "strict decoding refuses what warnings are about");
            settled(decoded.value, resource);
        }
        Err(error) => {
            assert_eq!(error.code, 400, "{}", error.message);
            assert!(strict.is_err());
        }
    }
}

/// The kind of a resource.
pub(crate) fn kind_of(resource: &Resource) -> GroupVersionKind {
    GroupVersionKind::new(resource.group, resource.version, resource.kind)
}

/// What becomes of a decoded object: defaults, the stored form, validation, every encoding.
pub(crate) fn settled(mut value: Value, resource: &'static Resource) {
    schema::apply_defaults(&mut value, resource.message);
    let strategy = kinds::strategy(resource.group, resource.kind);
    strategy.default(&mut value, resource.version);
    schema::canonicalize(&mut value, resource.message);
    stays_the_same(&value, resource);
    let context = Context { namespace: "default", user: "u", now: 1_700_000_000, ..Context::default() };
    let mut prepared = value.clone();
    strategy.prepare_create(&mut prepared, &context);
    schema::canonicalize(&mut prepared, resource.message);
    drop(kinds::check_create(strategy, &prepared, resource.namespaced, &context));
    let mut updated = value.clone();
    strategy.prepare_update(&mut updated, &prepared, &context);
    drop(kinds::check_update(strategy, &updated, &prepared, resource.namespaced, &context));
    drop(strategy.warnings(&updated, Some(&prepared), &context));
    drop(strategy.selectable_fields(&updated));
    drop(kinds::printer(resource.group, resource.kind).cells(&updated, 1_700_000_000));
}

/// Encodes an object in its stored form and reads it again.
fn stays_the_same(value: &Value, resource: &'static Resource) {
    as_json(value);
    let kind = kind_of(resource);
    for format in Format::ALL {
        let bytes = object::encode(value, *format, false).expect("every kind has every encoding");
        if *format == Format::Yaml && bytes.windows(2).any(|pair| pair == b"<<") {
            continue;
        }
        let mut again = object::decode(&bytes, *format, Endpoint::of(&kind), FieldValidation::Strict)
            .unwrap_or_else(|e| panic!("{format:?}: {}: {}", e.message, String::from_utf8_lossy(&bytes)))
            .value;
        schema::canonicalize(&mut again, resource.message);
        assert!(
            again == *value || *format != Format::Json && read_again(value) == read_again(&again),
            "{format:?}: {}",
            differ(&again, value)
        );
        if *format != Format::Yaml {
            // YAML sorts the members of what has no type.
            assert_eq!(api::json::to_string(&again), api::json::to_string(value), "{format:?}");
        }
    }
}

fn differ(left: &Value, right: &Value) -> String {
    format!("{}\n{}", api::json::to_string(left), api::json::to_string(right))
}

/// What is stored must be readable, however deep it became.
pub(crate) fn as_json(value: &Value) {
    read_again(value);
}

/// The body of a deletion, in an encoding that the first byte names.
pub(crate) fn options(bytes: &[u8]) {
    let (format, bytes) = choice(bytes, Format::ALL.len());
    let Some(format) = Format::ALL.get(format) else { return };
    for kind in ["DeleteOptions", "CreateOptions", "PatchOptions", "ListOptions"] {
        match object::decode_options(bytes, *format, kind) {
            Ok(options) => as_json(&options),
            Err(error) => assert_eq!(error.code, 400),
        }
    }
}

/// The body of a custom resource, JSON or YAML, with and without strictness.
pub(crate) fn custom(bytes: &[u8]) {
    let kind = GroupVersionKind::new("ex.io", "v1", "Thing");
    for format in Format::TEXT {
        match object::decode_custom(bytes, *format, &kind, FieldValidation::Warn, |_| Vec::new()) {
            Ok(decoded) => {
                as_json(&decoded.value);
                let printed = yaml::write(&decoded.value);
                assert!(printed.contains("<<") || yaml::parse(printed.as_bytes()).is_ok());
            }
            Err(error) => assert_eq!(error.code, 400),
        }
    }
}
