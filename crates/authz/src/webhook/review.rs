//! `SubjectAccessReview` on the wire, in both versions.

use std::sync::Arc;

use api::{Map, Value, object};

use super::ReviewVersion;

const GROUP: &str = "authorization.k8s.io";
const KIND: &str = "SubjectAccessReview";

/// What counts of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Status {
    pub allowed: bool,
    pub denied: bool,
    pub reason: Arc<str>,
}

/// The spec without what is empty, as Go writes it.
pub(super) fn wire_spec(mut spec: Value) -> Value {
    prune(&mut spec);
    for target in ["resourceAttributes", "nonResourceAttributes"] {
        if let Some(target) = spec.get_mut(target) {
            prune(target);
        }
    }
    spec
}

fn prune(value: &mut Value) {
    let empty = |value: &Value| match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    if let Some(map) = value.as_object_mut() {
        // A target stays, however little it says.
        map.retain(|key, value| key.ends_with("Attributes") || !empty(value));
    }
}

/// The review of a spec.
pub(super) fn wrap(mut spec: Value, version: ReviewVersion) -> Value {
    if version == ReviewVersion::V1beta1
        && let Some(groups) = spec.as_object_mut().and_then(|spec| spec.remove("groups"))
    {
        spec.set_at(&["group"], groups);
    }
    object! {
        "kind" => KIND, "apiVersion" => version.api_version(), "metadata" => Map::new(),
        "spec" => spec, "status" => object! { "allowed" => false },
    }
}

impl ReviewVersion {
    /// The version of a name such as `v1`.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::V1, Self::V1beta1].into_iter().find(|version| version.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1beta1 => "v1beta1",
        }
    }

    fn api_version(self) -> String {
        format!("{GROUP}/{}", self.name())
    }
}

impl Status {
    /// Reads an answer.  Whoever answers with something else, or in another version, has not answered: upstream would
    /// take that for no opinion.
    pub(super) fn read(mut answer: Value, version: ReviewVersion) -> Result<Self, String> {
        let (kind, api_version) = (answer.str_at(&["kind"]), answer.str_at(&["apiVersion"]));
        if kind != KIND || api_version != version.api_version() {
            return Err(format!(
                "webhook answered with kind {kind:?} of version {api_version:?} instead of {KIND:?} of {:?}",
                version.api_version()
            ));
        }
        let mut status = answer.get_mut("status").map(Value::take).unwrap_or_default();
        if status.is_null() {
            status = Value::object();
        }
        let Some(message) = schema::resource(GROUP, "v1", "subjectaccessreviews")
            .and_then(|resource| resource.message.field("status"))
            .and_then(
                |field| if let schema::Type::Message(message) = field.ty { Some(message) } else { None },
            )
        else {
            return Err(format!("{KIND} is not known"));
        };
        schema::coerce(&mut status, message).map_err(|error| error.to_string())?;
        let flag = |key| status.at(&[key]).as_bool().unwrap_or_default();
        Ok(Self {
            allowed: flag("allowed"),
            denied: flag("denied"),
            reason: status.str_at(&["reason"]).into(),
        })
    }
}
