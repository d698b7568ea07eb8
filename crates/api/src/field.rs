//! Validation failures with their field paths, all of them at once (k8s.io/apimachinery `field.ErrorList`).
//!
//! Entry points: [`Path`] names a field, [`Errors`] collects failures.  The texts are upstream's; clients match them.

use std::fmt;

use crate::Value;

/// The path of a field, such as `spec.containers[0].env[name].value`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(String);

impl Path {
    /// The path of the object itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of a top-level field; `name` may hold dots.
    pub fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The path of a member.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// The path of a list item.
    #[must_use]
    pub fn index(&self, i: usize) -> Self {
        Self(format!("{}[{i}]", self.0))
    }

    /// The path of a map entry.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "<nil>" } else { &self.0 })
    }
}

/// What kind of failure it is; the wire reason is [`ErrorType::reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// A required value is missing.
    Required,
    /// The value cannot be accepted.
    Invalid,
    /// The value is not one of the allowed ones.
    NotSupported,
    /// The value may not be given here.
    Forbidden,
    /// The value stands there twice.
    Duplicate,
    /// What the value names does not exist.
    NotFound,
    /// The text is too long.
    TooLong,
    /// The list has too many items.
    TooMany,
    /// The value has the wrong type.
    TypeInvalid,
    /// Something else failed while validating.
    InternalError,
}

impl ErrorType {
    /// The `reason` of the cause on the wire.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::Duplicate => "FieldValueDuplicate",
            Self::NotFound => "FieldValueNotFound",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::InternalError => "InternalError",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::Duplicate => "Duplicate value",
            Self::NotFound => "Not found",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::InternalError => "Internal error",
        }
    }
}

/// One failure at one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// What kind of failure.
    pub kind: ErrorType,
    /// Where.
    pub field: Path,
    /// The text after the field: `Invalid value: "x": must be …`.
    pub body: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body)
    }
}

/// A list of failures, in the order they were found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Errors(pub Vec<Error>);

impl Errors {
    /// No failures.
    pub fn new() -> Self {
        Self::default()
    }

    /// True when nothing failed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many failures there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds all failures of another list.
    pub fn extend(&mut self, other: Errors) {
        self.0.extend(other.0);
    }

    /// A required value is missing; `detail` may be empty.
    pub fn required(&mut self, field: &Path, detail: impl fmt::Display) {
        self.plain(ErrorType::Required, field, &detail);
    }

    /// The value may not be given here.
    pub fn forbidden(&mut self, field: &Path, detail: impl fmt::Display) {
        self.plain(ErrorType::Forbidden, field, &detail);
    }

    /// The value cannot be accepted, and why.
    pub fn invalid(&mut self, field: &Path, value: &Value, detail: impl fmt::Display) {
        self.with_value(ErrorType::Invalid, field, value, &detail);
    }

    /// The value has the wrong type.
    pub fn type_invalid(&mut self, field: &Path, value: &Value, detail: impl fmt::Display) {
        self.with_value(ErrorType::TypeInvalid, field, value, &detail);
    }

    /// The value stands there twice.
    pub fn duplicate(&mut self, field: &Path, value: &Value) {
        self.with_value(ErrorType::Duplicate, field, value, &"");
    }

    /// What the value names does not exist.
    pub fn not_found(&mut self, field: &Path, value: &Value) {
        self.with_value(ErrorType::NotFound, field, value, &"");
    }

    /// The value is none of the allowed ones, which are listed in the order given.
    pub fn not_supported(&mut self, field: &Path, value: &Value, allowed: &[&str]) {
        let list = allowed.iter().map(|s| go_quote(s)).collect::<Vec<_>>().join(", ");
        let detail = if allowed.is_empty() { String::new() } else { format!("supported values: {list}") };
        self.with_value(ErrorType::NotSupported, field, value, &detail);
    }

    /// The text is longer than `max` bytes.  The value itself is not shown.
    pub fn too_long(&mut self, field: &Path, max: usize) {
        let unit = if max == 1 { "byte" } else { "bytes" };
        self.plain(ErrorType::TooLong, field, &format!("may not be more than {max} {unit}"));
    }

    /// The list has `actual` items where `max` are allowed.
    pub fn too_many(&mut self, field: &Path, actual: usize, max: usize) {
        let unit = if max == 1 { "item" } else { "items" };
        let body = format!("Too many: {actual}: must have at most {max} {unit}");
        self.0.push(Error { kind: ErrorType::TooMany, field: field.clone(), body });
    }

    /// Something else failed while validating.
    pub fn internal(&mut self, field: &Path, detail: impl fmt::Display) {
        self.plain(ErrorType::InternalError, field, &detail);
    }

    fn plain(&mut self, kind: ErrorType, field: &Path, detail: &dyn fmt::Display) {
        let detail = detail.to_string();
        let body =
            if detail.is_empty() { kind.text().to_owned() } else { format!("{}: {detail}", kind.text()) };
        self.0.push(Error { kind, field: field.clone(), body });
    }

    fn with_value(&mut self, kind: ErrorType, field: &Path, value: &Value, detail: &dyn fmt::Display) {
        let detail = detail.to_string();
        let mut body = format!("{}: {}", kind.text(), show(value));
        if !detail.is_empty() {
            body.push_str(": ");
            body.push_str(&detail);
        }
        self.0.push(Error { kind, field: field.clone(), body });
    }
}

/// `a` or `[a, b]`, without repeating equal texts, as upstream's aggregate prints.
impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut seen: Vec<String> = Vec::new();
        for e in &self.0 {
            let text = e.to_string();
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
        match seen.as_slice() {
            [one] => f.write_str(one),
            many => write!(f, "[{}]", many.join(", ")),
        }
    }
}

/// A value as upstream's messages show it: strings quoted as Go's `%q`, scalars bare, structures as JSON.
fn show(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(n) => n.to_string(),
        Value::String(s) => go_quote(s),
        Value::Array(_) | Value::Object(_) => crate::json::to_string(value),
    }
}

/// A string as Go's `%q` writes it.
pub fn go_quote(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 2);
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if !is_print(c) => out.push_str(&match c as u32 {
                code @ 0..=0xffff => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Go's `unicode.IsPrint` for characters outside ASCII: no controls, no spaces, nothing invisible or private.
fn is_print(c: char) -> bool {
    !(c.is_control()
        || c.is_whitespace() && c != ' '
        || matches!(c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_upstreams() {
        let p = Path::new("spec").child("containers").index(0).child("name");
        let mut e = Errors::new();
        e.required(&p, "");
        e.invalid(&p, &Value::from("A\"b"), "must be lower case");
        e.not_supported(&p, &Value::from("x"), &["a", "b"]);
        e.duplicate(&Path::new("x").key("k"), &Value::from(3));
        let texts: Vec<String> = e.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.containers[0].name: Required value",
                "spec.containers[0].name: Invalid value: \"A\\\"b\": must be lower case",
                "spec.containers[0].name: Unsupported value: \"x\": supported values: \"a\", \"b\"",
                "x[k]: Duplicate value: 3",
            ]
        );
    }
}
