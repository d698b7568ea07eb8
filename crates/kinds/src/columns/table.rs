//! Tables and partial metadata, the two views that every kind can be asked for.
//!
//! Entry point: [`table`]; a server that streams takes [`column_definitions`] and one [`row`] after another.

use api::{Map, Value, object};

use crate::apps::daemon_set;
use crate::{Column, Description, Printer};

/// What a row carries of its object (`includeObject`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Include {
    /// Nothing.
    None,
    /// Kind, version and metadata.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

impl Include {
    /// Reads the query parameter; `""` is the default.  `None` for a word that is not one of the three.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "Metadata" => Some(Self::Metadata),
            "None" => Some(Self::None),
            "Object" => Some(Self::Object),
            _ => None,
        }
    }
}

/// How a table is to be made.
#[derive(Clone, Copy, Debug)]
pub struct TableOptions<'a> {
    /// Version of `meta.k8s.io` that was asked for, `v1` or `v1beta1`.
    pub version: &'a str,
    /// What rows carry of their objects.
    pub include: Include,
    /// Leaves the column definitions out.
    pub no_headers: bool,
    /// Now, in seconds since the Unix epoch.
    pub now: i64,
}

/// Where descriptions of fields come from: OpenAPI name of the message, JSON name of the field.
pub type Describe<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

/// A Table of these objects.  `list_meta` is the metadata of the list, or of the single object: `resourceVersion`,
/// `continue` and `remainingItemCount` are taken from it.
pub fn table(
    printer: &dyn Printer,
    objects: &[&Value],
    list_meta: &Value,
    options: &TableOptions,
    describe: Describe,
) -> Value {
    let mut objects = objects.to_vec();
    if let Some(order) = printer.order() {
        objects.sort_by(|a, b| order(a, b));
    }
    let rows: Vec<Value> = objects.iter().map(|o| row(printer, o, options)).collect();
    object! {
        "kind" => "Table",
        "apiVersion" => format!("meta.k8s.io/{}", options.version),
        "metadata" => table_meta(list_meta),
        "columnDefinitions" => if options.no_headers { Value::Null } else { column_definitions(printer, describe) },
        "rows" => rows,
    }
}

/// The metadata of a Table of a list with this metadata.
pub fn table_meta(list_meta: &Value) -> Map {
    let mut out = Map::new();
    for member in ["resourceVersion", "continue", "remainingItemCount"] {
        if let Some(value) = list_meta.get(member).filter(|v| !v.is_null() && v.as_str() != Some("")) {
            out.insert(member, value.clone());
        }
    }
    out
}

/// The columns as a Table states them.
pub fn column_definitions(printer: &dyn Printer, describe: Describe) -> Value {
    printer.columns().iter().map(|c| column_definition(c, describe)).collect::<Vec<_>>().into()
}

fn column_definition(column: &Column, describe: Describe) -> Value {
    let description = match column.description {
        Description::Field(message, field) => describe(message, field).unwrap_or_default(),
        Description::Text(text) => text.to_owned(),
    };
    object! {
        "name" => column.name,
        "type" => column.ty,
        "format" => column.format,
        "description" => description,
        "priority" => column.priority,
    }
}

/// The row of one object.
pub fn row(printer: &dyn Printer, object: &Value, options: &TableOptions) -> Value {
    let mut out = object! { "cells" => printer.cells(object, options.now) };
    let map = out.make_object();
    let conditions = printer.conditions(object);
    if !conditions.is_empty() {
        map.insert("conditions", conditions.into());
    }
    let carried = match options.include {
        Include::None => Value::Null,
        Include::Metadata => partial_object(object, options.version),
        Include::Object => object.clone(),
    };
    map.insert("object", carried);
    out
}

/// The metadata of an object as a `PartialObjectMetadata` of `meta.k8s.io/<version>`.
pub fn partial_object(object: &Value, version: &str) -> Value {
    let mut metadata = object.get("metadata").cloned().unwrap_or_else(Value::object);
    if object.str_at(&["kind"]) == "DaemonSet" {
        without_field_annotation(&mut metadata);
    }
    object! {
        "kind" => "PartialObjectMetadata",
        "apiVersion" => format!("meta.k8s.io/{version}"),
        "metadata" => metadata,
    }
}

/// To upstream the template generation of a daemon set is a field that only a whole object shows as an annotation.
fn without_field_annotation(metadata: &mut Value) {
    metadata.remove_at(&["annotations", daemon_set::GENERATION_KEY]);
    if metadata.at(&["annotations"]).as_object().is_some_and(Map::is_empty) {
        metadata.remove_at(&["annotations"]);
    }
}
