//! Formats of values in schemas.
//!
//! Entry point: [`unknown_formats`].

use api::Value;

use super::walk;

/// The formats of a schema that are none, in the order of a walk through it.
pub(super) fn unknown_formats<'a>(schemas: impl Iterator<Item = &'a Value>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for schema in schemas {
        collect_formats(schema, &mut found);
    }
    found
}

fn collect_formats<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
    let format = schema.str_at(&["format"]);
    let known = match schema.str_at(&["type"]) {
        "" | "string" => FORMATS.contains(&format.replace('-', "").as_str()),
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    };
    if !format.is_empty() && !known {
        found.push(format);
    }
    walk::inner(schema).for_each(|inner| collect_formats(inner, found));
}

/// Formats of texts, without hyphens.
const FORMATS: [&str; 26] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "datetime",
    "k8sshortname",
    "k8slongname",
];
