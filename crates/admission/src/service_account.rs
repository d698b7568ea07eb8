//! `ServiceAccount`: every pod runs as a service account that exists, with its token and pull secrets; mirror pods do
//! not.

mod mount;
mod secrets;

use api::{ApiError, GroupResource, Value};

pub use secrets::secret_names;

use crate::{Attributes, Operation, Plugin, World};

/// The account of pods that name none.
const DEFAULT: &str = "default";
/// Marks a pod that a kubelet made from a file and shows here.
const MIRROR: &str = "kubernetes.io/config.mirror";

#[derive(Debug)]
pub(crate) struct ServiceAccount;

impl Plugin for ServiceAccount {
    fn mutate(
        &self,
        attributes: &Attributes<'_>,
        object: &mut Value,
        _old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        if attributes.operation != Operation::Create || !attributes.is("", "pods", "") {
            return Ok(());
        }
        // The spec of a mirror pod is its kubelet's.
        if is_mirror(object) {
            return check_mirror(attributes, object);
        }
        if account_name(object).is_empty() {
            // The older field always says the same.
            object.set_at(&["spec", "serviceAccountName"], DEFAULT);
            object.set_at(&["spec", "serviceAccount"], DEFAULT);
        }
        let account = find(attributes, object, world)?;
        if is_automounted(&account, object) {
            mount::token(object, world);
        }
        if object.array_at(&["spec", "imagePullSecrets"]).is_empty() {
            let names = account.array_at(&["imagePullSecrets"]).iter().map(|s| s.str_at(&["name"]));
            let references: Vec<Value> = names.map(|name| api::object! { "name" => name }).collect();
            if !references.is_empty() {
                object.set_at(&["spec", "imagePullSecrets"], references);
            }
        }
        check_secrets(attributes, &account, object)
    }

    fn validate(
        &self,
        attributes: &Attributes<'_>,
        object: Option<&Value>,
        _old: Option<&Value>,
        world: &dyn World,
    ) -> Result<(), ApiError> {
        let Some(pod) = object else { return Ok(()) };
        if attributes.operation == Operation::Update && attributes.is("", "pods", "ephemeralcontainers") {
            let account = required(attributes, pod, world)?;
            let limited = secrets::are_limited(&account);
            return match secrets::unlisted_in_ephemeral(&account, pod).filter(|_| limited) {
                Some(why) => Err(ApiError::unclassified(why)),
                None => Ok(()),
            };
        }
        if attributes.operation != Operation::Create || !attributes.is("", "pods", "") {
            return Ok(());
        }
        if is_mirror(pod) {
            return check_mirror(attributes, pod);
        }
        check_secrets(attributes, &required(attributes, pod, world)?, pod)
    }
}

fn account_name(pod: &Value) -> &str {
    pod.str_at(&["spec", "serviceAccountName"])
}

fn is_mirror(pod: &Value) -> bool {
    !pod.at(&["metadata", "annotations", MIRROR]).is_null()
}

/// The pod's word counts before the account's; without either the token is mounted.
fn is_automounted(account: &Value, pod: &Value) -> bool {
    let pods = pod.at(&["spec", "automountServiceAccountToken"]).as_bool();
    pods.or(account.at(&["automountServiceAccountToken"]).as_bool()).unwrap_or(true)
}

fn required(attributes: &Attributes<'_>, pod: &Value, world: &dyn World) -> Result<Value, ApiError> {
    if account_name(pod).is_empty() {
        let name = pod.str_at(&["metadata", "name"]);
        let why = format!("no service account specified for pod {}/{name}", attributes.namespace);
        return Err(refuse(attributes, pod, why));
    }
    find(attributes, pod, world)
}

fn find(attributes: &Attributes<'_>, pod: &Value, world: &dyn World) -> Result<Value, ApiError> {
    let (namespace, name) = (attributes.namespace, account_name(pod));
    world.get("", "serviceaccounts", namespace, name).ok_or_else(|| {
        let missing = ApiError::not_found(&GroupResource::new("", "serviceaccount"), name);
        let why = format!("error looking up service account {namespace}/{name}: {}", missing.message);
        refuse(attributes, pod, why)
    })
}

fn check_secrets(attributes: &Attributes<'_>, account: &Value, pod: &Value) -> Result<(), ApiError> {
    let limited = secrets::are_limited(account);
    match secrets::unlisted(account, pod).filter(|_| limited) {
        Some(why) => Err(refuse(attributes, pod, why)),
        None => Ok(()),
    }
}

/// A mirror pod runs already, whatever is said here: it must not lead to credentials that its kubelet could not have.
fn check_mirror(attributes: &Attributes<'_>, pod: &Value) -> Result<(), ApiError> {
    let why = if !account_name(pod).is_empty() {
        "a mirror pod may not reference service accounts"
    } else if secret_names(pod).next().is_some() {
        "a mirror pod may not reference secrets"
    } else if mount::projects_token(pod) {
        "a mirror pod may not use ServiceAccountToken volume projections"
    } else {
        return Ok(());
    };
    Err(refuse(attributes, pod, why))
}

/// 403 that names a pod without a name by what its name will begin with.
fn refuse(attributes: &Attributes<'_>, pod: &Value, why: impl std::fmt::Display) -> ApiError {
    let names =
        [attributes.name, pod.str_at(&["metadata", "name"]), pod.str_at(&["metadata", "generateName"])];
    let name = names.into_iter().find(|n| !n.is_empty()).unwrap_or("Unknown");
    Attributes { name, ..*attributes }.forbidden(why)
}

#[cfg(test)]
mod tests;
