//! Values back to JSON.

use super::{Value, show};

impl Value<'_> {
    /// The value as JSON; `None` for what JSON cannot hold (types, optionals without value, values of libraries).
    pub fn to_json(&self) -> Option<api::Value> {
        Some(match self {
            Value::Null => api::Value::Null,
            Value::Bool(b) => api::Value::Bool(*b),
            Value::Int(i) => api::Value::Int(*i),
            Value::Uint(u) => i64::try_from(*u).map_or(api::Value::Float(*u as f64), api::Value::Int),
            Value::Double(d) if d.is_finite() => api::Value::Float(*d),
            Value::Duration(d) => show::seconds(*d).into(),
            Value::Timestamp(t) => show::rfc3339(*t).into(),
            Value::Optional(Some(v)) => return v.to_json(),
            Value::Array(a, _) => api::Value::Array((*a).clone()),
            Value::Object(m, _) => api::Value::Object((*m).clone()),
            Value::List(l) => api::Value::Array(l.iter().map(Value::to_json).collect::<Option<_>>()?),
            Value::Map(m) => {
                let member =
                    |(k, v): &(Value<'_>, Value<'_>)| Some((api::Str::from(show::bare(k)), v.to_json()?));
                api::Value::Object(m.entries().iter().map(member).collect::<Option<_>>()?)
            }
            Value::Struct(s) => {
                let fields = s.fields.iter().map(|(k, v)| Some((api::Str::from(&**k), v.to_json()?)));
                api::Value::Object(fields.collect::<Option<_>>()?)
            }
            other => return other.as_str().map(Into::into),
        })
    }
}
