//! The protobuf form of the document (gnostic's `openapi.v2`), which old clients ask for: JSON values driven through a
//! table of field numbers.
//!
//! Entry point: [`Struct::encode`] on one of the structures below.

use api::{Map, Value, json};

/// A message made of a JSON object.
pub(super) struct Struct {
    /// JSON member, field number and shape of its value, by number.
    fields: &'static [(&'static str, u32, Shape)],
    /// Field number of `x-` members, 0 when there is none.
    extensions: u32,
}

/// What a JSON value becomes.
enum Shape {
    /// A string.
    Text,
    /// A boolean.
    Flag,
    /// An integer.
    Int,
    /// A double.
    Number,
    /// Any value, carried as YAML text (JSON is YAML).
    Any,
    /// A message.
    Struct(&'static Struct),
    /// A message that holds the value in one field.
    In(u32, &'static Shape),
    /// One field for each item of a list.
    Each(&'static Shape),
    /// A message with a name and a value for each member, in this field.
    Named(u32, &'static Shape),
    /// A parameter.
    Parameter,
    /// A parameter or a reference to one.
    ParameterItem,
    /// A schema or a boolean.
    SchemaOrFlag,
}

use Shape::{Any, Each, Flag, In, Int, Named, Number, Text};

/// The document itself.
pub(super) static DOCUMENT: Struct = Struct {
    fields: &[
        ("swagger", 1, Text),
        ("info", 2, Shape::Struct(&INFO)),
        ("paths", 8, Named(2, &Shape::Struct(&PATH_ITEM))),
        ("definitions", 9, Named(1, &Shape::Struct(&SCHEMA))),
        ("parameters", 10, Named(1, &Shape::Parameter)),
        ("security", 12, Each(&Named(1, &In(1, &Each(&Text))))),
        ("securityDefinitions", 13, Named(1, &In(2, &Shape::Struct(&API_KEY)))),
    ],
    extensions: 16,
};

static INFO: Struct = Struct { fields: &[("title", 1, Text), ("version", 2, Text)], extensions: 7 };

static API_KEY: Struct = Struct {
    fields: &[("type", 1, Text), ("name", 2, Text), ("in", 3, Text), ("description", 4, Text)],
    extensions: 5,
};

static PATH_ITEM: Struct = Struct {
    fields: &[
        ("get", 2, Shape::Struct(&OPERATION)),
        ("put", 3, Shape::Struct(&OPERATION)),
        ("post", 4, Shape::Struct(&OPERATION)),
        ("delete", 5, Shape::Struct(&OPERATION)),
        ("options", 6, Shape::Struct(&OPERATION)),
        ("head", 7, Shape::Struct(&OPERATION)),
        ("patch", 8, Shape::Struct(&OPERATION)),
        ("parameters", 9, Each(&Shape::ParameterItem)),
    ],
    extensions: 10,
};

static OPERATION: Struct = Struct {
    fields: &[
        ("tags", 1, Each(&Text)),
        ("description", 3, Text),
        ("operationId", 5, Text),
        ("produces", 6, Each(&Text)),
        ("consumes", 7, Each(&Text)),
        ("parameters", 8, Each(&Shape::ParameterItem)),
        ("responses", 9, Named(1, &In(1, &Shape::Struct(&RESPONSE)))),
        ("schemes", 10, Each(&Text)),
    ],
    extensions: 13,
};

static RESPONSE: Struct = Struct {
    fields: &[("description", 1, Text), ("schema", 2, In(1, &Shape::Struct(&SCHEMA)))],
    extensions: 5,
};

static REFERENCE: Struct = Struct { fields: &[("$ref", 1, Text)], extensions: 0 };

static BODY: Struct = Struct {
    fields: &[
        ("description", 1, Text),
        ("name", 2, Text),
        ("in", 3, Text),
        ("required", 4, Flag),
        ("schema", 5, Shape::Struct(&SCHEMA)),
    ],
    extensions: 6,
};

static QUERY: Struct = Struct {
    fields: &[
        ("in", 2, Text),
        ("description", 3, Text),
        ("name", 4, Text),
        ("type", 6, Text),
        ("uniqueItems", 20, Flag),
    ],
    extensions: 23,
};

static PATH: Struct = Struct {
    fields: &[
        ("required", 1, Flag),
        ("in", 2, Text),
        ("description", 3, Text),
        ("name", 4, Text),
        ("type", 5, Text),
        ("uniqueItems", 19, Flag),
    ],
    extensions: 22,
};

static SCHEMA: Struct = Struct {
    fields: &[
        ("$ref", 1, Text),
        ("format", 2, Text),
        ("title", 3, Text),
        ("description", 4, Text),
        ("default", 5, Any),
        ("multipleOf", 6, Number),
        ("maximum", 7, Number),
        ("exclusiveMaximum", 8, Flag),
        ("minimum", 9, Number),
        ("exclusiveMinimum", 10, Flag),
        ("maxLength", 11, Int),
        ("minLength", 12, Int),
        ("pattern", 13, Text),
        ("maxItems", 14, Int),
        ("minItems", 15, Int),
        ("uniqueItems", 16, Flag),
        ("maxProperties", 17, Int),
        ("minProperties", 18, Int),
        ("required", 19, Each(&Text)),
        ("enum", 20, Each(&Any)),
        ("additionalProperties", 21, Shape::SchemaOrFlag),
        ("type", 22, In(1, &Text)),
        ("items", 23, In(1, &Shape::Struct(&SCHEMA))),
        ("properties", 25, Named(1, &Shape::Struct(&SCHEMA))),
        ("example", 30, Any),
    ],
    extensions: 31,
};

impl Struct {
    /// Appends the fields of an object, without tag and length.
    pub fn encode(&self, out: &mut Vec<u8>, object: &Map) {
        for (name, number, shape) in self.fields {
            if let Some(value) = object.get(name) {
                shape.encode(out, *number, value, false);
            }
        }
        let extensions = object.iter().filter(|(name, _)| self.extensions != 0 && name.starts_with("x-"));
        for (name, value) in extensions {
            message(out, self.extensions, |out| named(out, name, &Any, value));
        }
    }

    /// Appends one entry of the member `member`, to be wrapped by [`Struct::encode_section`].
    pub fn encode_entry(&self, out: &mut Vec<u8>, member: &str, name: &str, value: &Value) {
        let field = self.fields.iter().find(|(m, ..)| *m == member);
        if let Some((_, _, Named(number, shape))) = field {
            message(out, *number, |out| named(out, name, shape, value));
        }
    }

    /// Appends the member `member` whose entries are written already.
    pub fn encode_section(&self, out: &mut Vec<u8>, member: &str, entries: &[u8]) {
        if let Some((_, number, _)) = self.fields.iter().find(|(m, ..)| *m == member) {
            bytes(out, *number, entries);
        }
    }
}

impl Shape {
    /// Appends a field.  A zero value is left out unless `always`, as the members of a one-of and of a list are
    /// written.
    fn encode(&self, out: &mut Vec<u8>, number: u32, value: &Value, always: bool) {
        match self {
            Text => {
                let text = value.as_str().unwrap_or("");
                if always || !text.is_empty() {
                    bytes(out, number, text.as_bytes());
                }
            }
            Flag | Int => {
                let n = value.as_i64().unwrap_or_else(|| i64::from(value.as_bool() == Some(true)));
                if always || n != 0 {
                    tag(out, number, 0);
                    varint(out, n.cast_unsigned());
                }
            }
            Number => {
                tag(out, number, 1);
                out.extend(value.as_f64().unwrap_or(0.0).to_le_bytes());
            }
            Any => message(out, number, |out| bytes(out, 2, &json::to_vec(value))),
            Shape::Struct(fields) => {
                message(out, number, |out| value.as_object().into_iter().for_each(|o| fields.encode(out, o)));
            }
            In(inner, shape) => message(out, number, |out| shape.encode(out, *inner, value, true)),
            Each(shape) => {
                value.as_array().unwrap_or(&[]).iter().for_each(|item| shape.encode(out, number, item, true));
            }
            Named(inner, shape) => message(out, number, |out| {
                for (name, value) in value.as_object().into_iter().flat_map(Map::iter) {
                    message(out, *inner, |out| named(out, name, shape, value));
                }
            }),
            Shape::Parameter => message(out, number, |out| parameter(out, value)),
            Shape::ParameterItem if value.get("$ref").is_some() => {
                message(out, number, |out| Shape::Struct(&REFERENCE).encode(out, 2, value, true));
            }
            Shape::ParameterItem => message(out, number, |out| Shape::Parameter.encode(out, 1, value, true)),
            Shape::SchemaOrFlag => message(out, number, |out| match value {
                Value::Bool(_) => Flag.encode(out, 2, value, true),
                _ => Shape::Struct(&SCHEMA).encode(out, 1, value, true),
            }),
        }
    }
}

/// The two fields of a named value.
fn named(out: &mut Vec<u8>, name: &str, shape: &Shape, value: &Value) {
    bytes(out, 1, name.as_bytes());
    shape.encode(out, 2, value, true);
}

/// A parameter is one of several messages, depending on where it stands.
fn parameter(out: &mut Vec<u8>, value: &Value) {
    match value.str_at(&["in"]) {
        "body" => Shape::Struct(&BODY).encode(out, 1, value, true),
        "path" => message(out, 2, |out| Shape::Struct(&PATH).encode(out, 4, value, true)),
        _ => message(out, 2, |out| Shape::Struct(&QUERY).encode(out, 3, value, true)),
    }
}

/// A field of bytes whose length is known once they are written.
fn message(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    bytes(out, number, &inner);
}

fn bytes(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    tag(out, number, 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn tag(out: &mut Vec<u8>, number: u32, wire_type: u64) {
    varint(out, u64::from(number) << 3 | wire_type);
}

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}
