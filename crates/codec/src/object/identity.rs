//! Which kind a body says it is, and whether an endpoint can take that kind.

use api::field::go_quote;
use api::{ApiError, GroupVersion, GroupVersionKind, Reason, Value};
use schema::Message;

use super::failure::Failure;
use crate::proto::{Envelope, encode};

/// What a body says about itself; empty where it says nothing.
#[derive(Debug, Default)]
pub(super) struct Claim {
    pub(super) api_version: String,
    pub(super) kind: String,
}

/// The kind of a body, where the endpoint's fills in what the body does not say.
pub(super) fn with_defaults(
    claim: Claim,
    expected: &GroupVersionKind,
    body: &[u8],
) -> Result<GroupVersionKind, Failure> {
    let Some(version) = GroupVersion::parse(&claim.api_version) else {
        return Err(Failure::unrecognized(format!("unexpected GroupVersion string: {}", claim.api_version)));
    };
    let mut kind = version.with_kind(claim.kind);
    if kind.kind.is_empty() {
        kind.kind = expected.kind.clone();
    }
    if kind.version.is_empty() && (kind.group.is_empty() || kind.group == expected.group) {
        kind.group = expected.group.clone();
        kind.version = expected.version.clone();
    }
    if kind.version.is_empty() {
        let text = format!("Object 'apiVersion' is missing in '{}'", String::from_utf8_lossy(body));
        return Err(Failure::of(&kind, text));
    }
    Ok(kind)
}

/// One of the registries of types that kube-apiserver is made of.
struct Registry {
    /// Where its source is, which shows in errors.
    name: &'static str,
    /// The group it knows; `None` for all that no other knows.
    group: Option<&'static str>,
}

const REGISTRIES: [Registry; 4] = [
    Registry { name: "pkg/apiserver/scheme/scheme.go:28", group: Some("apiregistration.k8s.io") },
    Registry { name: "pkg/apiserver/apiserver.go:55", group: Some("apiextensions.k8s.io") },
    Registry { name: "pkg/apis/meta/internalversion/scheme/register.go:27", group: Some("meta.k8s.io") },
    Registry { name: "pkg/api/legacyscheme/scheme.go:30", group: None },
];

/// Versions that upstream can still read but does not serve, and that the catalogue leaves out; the next one stands in.
const RETIRED: [(&str, &str); 2] =
    [("apiextensions.k8s.io", "v1beta1"), ("apiregistration.k8s.io", "v1beta1")];

impl Registry {
    /// The one behind an endpoint.
    fn of(expected: &GroupVersionKind) -> &'static Self {
        let [first, rest @ ..] = &REGISTRIES;
        let mut candidates = std::iter::once(first).chain(rest);
        candidates.find(|r| r.group.is_none_or(|group| expected.group == group)).unwrap_or(first)
    }

    fn message(&self, kind: &GroupVersionKind) -> Option<&'static Message> {
        let retired = RETIRED.contains(&(&kind.group, &kind.version));
        let version = if retired { "v1" } else { &kind.version };
        let message = schema::kind(&kind.group, version, &kind.kind)?;
        let everywhere = message.name.starts_with("io.k8s.apimachinery.");
        let known = match self.group {
            Some(group) => kind.group == group,
            None => !REGISTRIES.iter().any(|r| r.group.is_some_and(|group| kind.group == group)),
        };
        (everywhere || known).then_some(message)
    }
}

/// The structure of a kind, when the endpoint's registry has it.
pub(super) fn registered(
    kind: &GroupVersionKind,
    expected: &GroupVersionKind,
) -> Result<&'static Message, String> {
    let registry = Registry::of(expected);
    registry.message(kind).ok_or_else(|| {
        format!(
            "no kind {} is registered for version {} in scheme {}",
            go_quote(&kind.kind),
            go_quote(&kind.api_version()),
            go_quote(registry.name)
        )
    })
}

/// Can upstream turn the kind into the one it works with behind the endpoint?
pub(super) fn convertible(
    kind: &GroupVersionKind,
    message: &'static Message,
    expected: &GroupVersionKind,
) -> Result<(), String> {
    let package = package(&expected.group, &expected.kind);
    let same = kind.kind == expected.kind
        && (package == self::package(&kind.group, &kind.kind)
            || message.name.starts_with("io.k8s.apimachinery."));
    if same {
        return Ok(());
    }
    let from = message.go_type;
    Err(format!("converting ({from}) to ({package}.{}): unknown conversion", expected.kind))
}

/// Refuses an object that says it is of another kind than the endpoint's, in upstream's words.  Its structure is that of
/// what it says it is; `coerce` gets to say first what does not fit that.
///
/// # Errors
/// A kind that nobody knows, a member that does not fit it, or a kind that cannot become the endpoint's.
pub fn check_kind(value: &Value, expected: &GroupVersionKind) -> Result<(), String> {
    let (api_version, kind) = (value.str_at(&["apiVersion"]), value.str_at(&["kind"]));
    if api_version.is_empty() || kind.is_empty() {
        return Ok(());
    }
    if kind == expected.kind && api_version == expected.api_version() {
        return Ok(());
    }
    let version = GroupVersion::parse(api_version)
        .ok_or_else(|| format!("unexpected GroupVersion string: {api_version}"))?;
    let kind = version.with_kind(kind.to_owned());
    let message = registered(&kind, expected)?;
    schema::coerce(&mut value.clone(), message).map_err(|why| why.to_string())?;
    convertible(&kind, message, expected)
}

/// The Go type that upstream works with for a kind, such as `core.Pod`, which shows in errors.
pub fn internal_type(group: &str, kind: &str) -> String {
    format!("{}.{kind}", package(group, kind))
}

/// The Go package of the type that upstream works with for a kind; some moved out of `extensions`.
fn package<'a>(group: &'a str, kind: &str) -> &'a str {
    match (group, kind) {
        ("" | "events.k8s.io", _) => "core",
        // Options have no other form.
        ("meta.k8s.io", _) => "v1",
        ("extensions" | "apps", "Scale") => "autoscaling",
        ("extensions", "Ingress" | "NetworkPolicy") => "networking",
        ("extensions", _) => "apps",
        (group, _) => group.split('.').next().unwrap_or(group),
    }
}

/// The protobuf bytes of an object, with their envelope.
pub(super) fn to_protobuf(value: &Value) -> Result<Vec<u8>, ApiError> {
    let (api_version, kind) = (value.str_at(&["apiVersion"]), value.str_at(&["kind"]));
    let message = GroupVersion::parse(api_version)
        .and_then(|version| schema::kind(&version.group, &version.version, kind))
        .filter(|message| has_protobuf(message));
    let Some(message) = message else {
        let message = format!(
            "object *v1.{kind} does not implement the protobuf marshalling interface and cannot be encoded to a \
             protobuf message"
        );
        return Err(ApiError::new(Reason::NotAcceptable, message));
    };
    let raw = encode(value, message).map_err(ApiError::internal)?;
    Ok(Envelope::wrap(api_version, kind, &raw))
}

/// Does any field have a place on the wire?
fn has_protobuf(message: &Message) -> bool {
    message.fields.iter().any(|field| field.number > 0)
}
