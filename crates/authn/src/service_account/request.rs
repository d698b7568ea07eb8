//! `TokenRequest`: the `token` subresource of service accounts.
//!
//! Entry points: [`prepare`] before admission, [`draft`] after it; whoever has the key signs [`Draft::payload`], and
//! [`Draft::finish`] puts the token into the answer.

use std::fmt;

use api::error::{ApiError, Result};
use api::field::{Errors, Path};
use api::time::Timestamp;
use api::{GroupResource, GroupVersion, GroupVersionKind, Value, field, object};

use super::claims::{Claims, Reference};
use crate::Secret;
use crate::random::{Random, uuid};

const GROUP: &str = "authentication.k8s.io";
const KIND: &str = "TokenRequest";
/// The lifetime that kubelets ask for, in seconds: an hour and a bit, so that it can be told from others.
const WARN_ONLY_SECONDS: i64 = 60 * 60 + 7;
/// What such a token really gets, in seconds: clients that never read it again go on for a year, noted in the audit.
pub const EXTENDED_SECONDS: i64 = 24 * 365 * 60 * 60;
const LEAST_SECONDS: i64 = 10 * 60;

/// How tokens are issued.
pub struct Issuer {
    /// The `iss` of tokens.
    pub name: String,
    /// The audiences of the server: what a token is for when the request does not say.
    pub audiences: Vec<String>,
    /// The longest lifetime, in seconds (`--service-account-max-token-expiration`).
    pub max_seconds: Option<i64>,
    /// How long tokens that kubelets ask for live, in seconds, when they live longer than asked
    /// (`--service-account-extend-token-expiration`): [`EXTENDED_SECONDS`], or what a signer allows.
    pub extended_seconds: Option<i64>,
}

/// Objects that a request refers to, read by the server.
pub trait Objects {
    /// The object, or the 404 that a GET of it would give; `namespace` is `""` for nodes.
    fn get(&self, resource: &GroupResource, namespace: &str, name: &str) -> Result<Value>;
}

/// A token that only lacks its signature.
pub struct Draft {
    request: Value,
    claims: Claims,
    warnings: Vec<String>,
    expires: i64,
}

/// A token that was issued.
pub struct Issued {
    /// The request with its `status`.
    pub object: Value,
    /// Texts for `Warning` headers.
    pub warnings: Vec<String>,
    /// For the audit annotation `authentication.kubernetes.io/issued-credential-id`.
    pub credential_id: String,
}

/// Fills in what the request leaves out and checks it: `namespace` and `name` are those of the path, `account` the
/// service account, `now` in seconds since the Unix epoch.
pub fn prepare(
    issuer: &Issuer,
    request: &mut Value,
    namespace: &str,
    account: &Value,
    now: i64,
) -> Result<()> {
    let name = account.str_at(&["metadata", "name"]);
    let mut errors = Errors::new();
    for (key, wanted, what) in [("name", name, "name"), ("namespace", namespace, "namespace")] {
        let given = request.str_at(&["metadata", key]);
        if !given.is_empty() && given != wanted && errors.is_empty() {
            let text = format!("must match the service account {what} if specified");
            errors.invalid(&Path::new("metadata").child(key), &given.into(), text);
        }
    }
    if !errors.is_empty() {
        return Err(ApiError::invalid(GROUP, KIND, name, &errors));
    }
    let (given, uid) = (request.str_at(&["metadata", "uid"]), account.str_at(&["metadata", "uid"]));
    if !given.is_empty() && given != uid {
        let why = format!(
            "the UID in the token request ({given}) does not match the UID of the service account ({uid})"
        );
        return Err(ApiError::conflict(&GroupResource::new(GROUP, KIND), name, why));
    }
    fill(issuer, request, namespace, account, now);
    validate(request)
}

fn fill(issuer: &Issuer, request: &mut Value, namespace: &str, account: &Value, now: i64) {
    for (key, value) in [("name", account.str_at(&["metadata", "name"])), ("namespace", namespace)] {
        request.set_at(&["metadata", key], value);
    }
    request.set_at(&["metadata", "uid"], account.str_at(&["metadata", "uid"]));
    request.set_at(&["metadata", "creationTimestamp"], Timestamp::new(now, 0).text());
    if request.array_at(&["spec", "audiences"]).is_empty() {
        let audiences: Vec<&str> = issuer.audiences.iter().map(String::as_str).collect();
        request.set_at(&["spec", "audiences"], audiences);
    }
    if request.at(&["spec", "expirationSeconds"]).is_null() {
        request.set_at(&["spec", "expirationSeconds"], 60 * 60);
    }
    request.remove_at(&["status"]);
}

fn validate(request: &Value) -> Result<()> {
    let mut errors = Errors::new();
    let seconds = lifetime(request);
    let path = Path::new("spec").child("expirationSeconds");
    if seconds < LEAST_SECONDS {
        errors.invalid(&path, &seconds.into(), "may not specify a duration less than 10 minutes");
    }
    if seconds > 1 << 32 {
        errors.invalid(&path, &seconds.into(), "may not specify a duration larger than 2^32 seconds");
    }
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(GROUP, KIND, "", &errors)) }
}

fn lifetime(request: &Value) -> i64 {
    request.at(&["spec", "expirationSeconds"]).as_i64().unwrap_or(0)
}

/// What the token of a prepared request will say.
pub fn draft(
    issuer: &Issuer,
    mut request: Value,
    objects: &dyn Objects,
    random: &dyn Random,
    now: i64,
) -> Result<Draft> {
    let bound = Binding::read(&request, objects)?;
    let mut warnings = Vec::new();
    if let Some(max) = issuer.max_seconds.filter(|max| *max > 0 && lifetime(&request) > *max) {
        let asked = lifetime(&request);
        warnings.push(format!("requested expiration of {asked} seconds shortened to {max} seconds"));
        request.set_at(&["spec", "expirationSeconds"], max);
    }
    let claims = claims(issuer, &request, bound, random, now)?;
    let expires = now.saturating_add(lifetime(&request));
    Ok(Draft { request, claims, warnings, expires })
}

impl Draft {
    /// What is to be signed.
    pub fn payload(&self) -> Value {
        self.claims.payload()
    }

    /// The answer to the request, with the token that was made of [`Draft::payload`].
    pub fn finish(self, token: &Secret) -> Issued {
        let Self { request: mut object, claims, warnings, expires } = self;
        let status = object! {
            "token" => token.expose(),
            "expirationTimestamp" => Timestamp::new(expires, 0).text(),
        };
        object.set_at(&["status"], status);
        Issued { object, warnings, credential_id: format!("JTI={}", claims.id) }
    }
}

fn claims(issuer: &Issuer, request: &Value, bound: Binding, random: &dyn Random, now: i64) -> Result<Claims> {
    let text = |key: &str| request.str_at(&["metadata", key]).to_owned();
    let audiences = request.array_at(&["spec", "audiences"]).iter().filter_map(Value::as_str);
    let audiences: Vec<String> = audiences.map(str::to_owned).collect();
    let asked = lifetime(request);
    let ours = audiences.iter().all(|a| issuer.audiences.contains(a));
    let extended =
        issuer.extended_seconds.filter(|_| bound.pod.is_some() && asked == WARN_ONLY_SECONDS && ours);
    let id = uuid(random).ok_or_else(|| ApiError::internal("there is no randomness for the token's id"))?;
    Ok(Claims {
        issuer: issuer.name.clone(),
        audiences,
        expires: now.saturating_add(extended.unwrap_or(asked)),
        issued_at: now,
        not_before: now,
        id,
        namespace: text("namespace"),
        account: Reference::new(text("name"), text("uid")),
        pod: bound.pod,
        secret: bound.secret,
        node: bound.node,
        warn_after: extended.map(|_| now.saturating_add(asked)),
    })
}

/// The objects that a token will be bound to.
#[derive(Default)]
struct Binding {
    pod: Option<Reference>,
    secret: Option<Reference>,
    node: Option<Reference>,
}

impl Binding {
    /// Looks up the `boundObjectRef` of a request.
    fn read(request: &Value, objects: &dyn Objects) -> Result<Self> {
        let reference = request.at(&["spec", "boundObjectRef"]);
        if reference.is_null() {
            return Ok(Self::default());
        }
        let text = |key: &str| reference.str_at(&[key]);
        let version = GroupVersion::parse(text("apiVersion")).unwrap_or_default();
        let kind = version.with_kind(text("kind"));
        let namespace = request.str_at(&["metadata", "namespace"]);
        let plural = match (kind.group.as_str(), kind.kind.as_str()) {
            ("", "Pod") => "pods",
            ("", "Secret") => "secrets",
            ("", "Node") => "nodes",
            _ => return Err(ApiError::bad_request(format!("cannot bind token to object of type {kind}"))),
        };
        let namespace = if plural == "nodes" { "" } else { namespace };
        let object = objects.get(&GroupResource::new("", plural), namespace, text("name"))?;
        let found = Reference::new(object.str_at(&["metadata", "name"]), object.str_at(&["metadata", "uid"]));
        let mut bound = Self::default();
        match plural {
            "pods" => {
                bound.node = node_of_pod(request, &object, objects)?;
                bound.pod = Some(found.clone());
            }
            "secrets" => bound.secret = Some(found.clone()),
            _ => bound.node = Some(found.clone()),
        }
        same_uid(&kind, text("name"), text("uid"), &found)?;
        Ok(bound)
    }
}

/// The node of a pod, once it is clear that the pod uses the service account.
fn node_of_pod(request: &Value, pod: &Value, objects: &dyn Objects) -> Result<Option<Reference>> {
    let account = request.str_at(&["metadata", "name"]);
    if pod.str_at(&["spec", "serviceAccountName"]) != account {
        let account = field::go_quote(account);
        let text = "to pod running with different serviceaccount name.";
        return Err(ApiError::bad_request(format!("cannot bind token for serviceaccount {account} {text}")));
    }
    let name = pod.str_at(&["spec", "nodeName"]);
    if name.is_empty() {
        return Ok(None);
    }
    // A node that is not there yet, or no more, is still worth its name.
    let node = objects.get(&GroupResource::new("", "nodes"), "", name).ok();
    let uid = node.map(|n| n.str_at(&["metadata", "uid"]).to_owned()).unwrap_or_default();
    Ok(Some(Reference::new(name, uid)))
}

fn same_uid(kind: &GroupVersionKind, name: &str, wanted: &str, found: &Reference) -> Result<()> {
    if wanted.is_empty() || wanted == found.uid {
        return Ok(());
    }
    let why = format!(
        "the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have been \
         deleted and then recreated"
    );
    Err(ApiError::conflict(&GroupResource::new(kind.group.clone(), kind.kind.clone()), name, why))
}

/// The token stays out of it.
impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("credential_id", &self.credential_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
