//! The two steps of reading a body: what it says it is, then what it holds as a value of that kind.

use api::Value;
use api::field::go_quote;
use schema::Message;

use super::failure::{self, Failure};
use super::format::{FieldValidation, Format};
use super::identity::Claim;
use crate::{json, proto, yaml};

/// A body after the first step.
pub(super) enum Document<'a> {
    Text(Text<'a>),
    Protobuf(proto::Envelope),
}

/// A body of JSON or YAML.
pub(super) struct Text<'a> {
    value: Value,
    /// The body, when it is JSON.
    json: &'a [u8],
    /// Paths of members of the JSON that stand more than once.
    duplicates: Vec<String>,
    /// The text of a number that is too large for a float.
    out_of_range: Option<String>,
    /// YAML's complaint about keys that are set more than once.
    yaml: Option<String>,
}

/// A body after the second step.
pub(super) struct Typed {
    pub(super) value: Value,
    /// What is wrong with it in strict eyes.
    pub(super) strict: Vec<String>,
}

impl<'a> Document<'a> {
    pub(super) fn read(body: &'a [u8], format: Format) -> Result<Self, Failure> {
        match format {
            Format::Json => {
                let parsed = json::parse(body).map_err(|e| {
                    Failure::unrecognized(format!("couldn't get version/kind; json parse error: {e}"))
                })?;
                Ok(Self::Text(Text {
                    value: parsed.value,
                    json: body,
                    duplicates: parsed.duplicates,
                    out_of_range: parsed.out_of_range,
                    yaml: None,
                }))
            }
            Format::Yaml => {
                let parsed = yaml::parse(body).map_err(|e| Failure::unrecognized(e.to_string()))?;
                Ok(Self::Text(Text {
                    value: parsed.value,
                    json: &[],
                    duplicates: Vec::new(),
                    out_of_range: None,
                    yaml: parsed.duplicates,
                }))
            }
            Format::Protobuf => match proto::Envelope::decode(body) {
                Ok(envelope) => Ok(Self::Protobuf(envelope)),
                Err(e) => Err(Failure::unrecognized(e.to_string())),
            },
        }
    }

    /// What the body says it is.
    pub(super) fn identity(&self) -> Result<Claim, Failure> {
        match self {
            Self::Text(text) => claim(&text.value).map_err(|e| {
                Failure::unrecognized(format!("couldn't get version/kind; json parse error: json: {e}"))
            }),
            // A version that is no version counts as none here.
            Self::Protobuf(envelope) => Ok(Claim {
                api_version: Some(&envelope.api_version)
                    .filter(|version| version.matches('/').count() < 2)
                    .cloned()
                    .unwrap_or_default(),
                kind: envelope.kind.clone(),
            }),
        }
    }

    /// The body as it is: the value, what is wrong with it in strict eyes, and the first number too large for a float.
    pub(super) fn free(self) -> (Value, Vec<String>, Option<String>) {
        let Self::Text(text) = self else { return (Value::Null, Vec::new(), None) };
        let mut strict: Vec<String> = text.yaml.into_iter().collect();
        strict.extend(text.duplicates.iter().map(|path| format!("duplicate field {}", go_quote(path))));
        (text.value, strict, text.out_of_range)
    }

    /// Reads the body as a structure of the catalogue.
    pub(super) fn typed(self, message: &'static Message) -> Result<Typed, String> {
        match self {
            Self::Text(text) => text.typed(message),
            Self::Protobuf(envelope) => {
                let value = proto::decode(&envelope.raw, message).map_err(|e| e.to_string())?;
                Ok(Typed { value, strict: Vec::new() })
            }
        }
    }
}

impl Text<'_> {
    fn typed(mut self, message: &'static Message) -> Result<Typed, String> {
        if self.value.is_null() {
            self.value = Value::object();
        }
        let repeated = !self.duplicates.is_empty();
        if repeated {
            self.value = json::parse_merging(self.json).map_err(|e| e.to_string())?;
        }
        let findings = schema::coerce(&mut self.value, message).map_err(|e| e.to_string())?;
        if let Some(text) = self.out_of_range
            && has_infinity(&self.value)
        {
            return Err(format!("json: cannot unmarshal number {text} into Go value of type float64"));
        }
        let mut strict: Vec<String> = self.yaml.into_iter().collect();
        if repeated {
            strict.extend(json::strict(self.json, message).map_err(|e| e.to_string())?);
        } else {
            strict.extend(findings.unknown.iter().map(|path| format!("unknown field {}", go_quote(path))));
        }
        Ok(Typed { value: self.value, strict })
    }
}

/// What strict complaints come to: warnings or, where `validation` is strict, a failure.
pub(super) fn judge(strict: &[String], validation: FieldValidation) -> Result<Vec<String>, String> {
    match validation {
        FieldValidation::Strict if !strict.is_empty() => {
            Err(format!("strict decoding error: {}", strict.join(", ")))
        }
        FieldValidation::Warn => Ok(strict.iter().flat_map(|text| failure::warnings(text)).collect()),
        FieldValidation::Strict | FieldValidation::Ignore => Ok(Vec::new()),
    }
}

fn has_infinity(value: &Value) -> bool {
    match value {
        Value::Float(f) => f.is_infinite(),
        Value::Array(items) => items.iter().any(has_infinity),
        Value::Object(map) => map.values().any(has_infinity),
        _ => false,
    }
}

/// Reads `kind` and `apiVersion`, in whatever letter case, as Go's own decoder does.
fn claim(value: &Value) -> Result<Claim, String> {
    let mut claim = Claim::default();
    let map = match value {
        Value::Null => return Ok(claim),
        Value::Object(map) => map,
        other => {
            return Err(format!(
                "cannot unmarshal {} into Go value of type struct {{ APIVersion string \
                 \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
                other.type_name()
            ));
        }
    };
    for (name, member) in map.iter() {
        let (place, name) = if name.eq_ignore_ascii_case("apiVersion") {
            (&mut claim.api_version, "apiVersion")
        } else if name.eq_ignore_ascii_case("kind") {
            (&mut claim.kind, "kind")
        } else {
            continue;
        };
        match member {
            Value::Null => {}
            Value::String(text) => *place = text.to_string(),
            other => {
                let found = other.type_name();
                return Err(format!("cannot unmarshal {found} into Go struct field .{name} of type string"));
            }
        }
    }
    Ok(claim)
}
