//! The secrets that a pod refers to, and those that its account lists.

use std::collections::HashSet;

use api::Value;

/// Accounts with this annotation limit their pods to the secrets that they list.
const LIMITED: &str = "kubernetes.io/enforce-mountable-secrets";

/// The lists of containers, and what each is called in messages.
const CONTAINERS: [(&str, &str); 3] = [
    ("initContainers", "init container"),
    ("containers", "container"),
    ("ephemeralContainers", "ephemeral container"),
];

/// Where volumes name a secret.
const VOLUMES: &[&[&str]] = &[
    &["azureFile", "secretName"],
    &["cephfs", "secretRef", "name"],
    &["cinder", "secretRef", "name"],
    &["flexVolume", "secretRef", "name"],
    &["rbd", "secretRef", "name"],
    &["secret", "secretName"],
    &["scaleIO", "secretRef", "name"],
    &["iscsi", "secretRef", "name"],
    &["storageos", "secretRef", "name"],
    &["csi", "nodePublishSecretRef", "name"],
];

/// True when pods of the account may use only the secrets that it lists.
pub(super) fn are_limited(account: &Value) -> bool {
    let value = account.str_at(&["metadata", "annotations", LIMITED]);
    matches!(value, "1" | "t" | "T" | "TRUE" | "true" | "True")
}

/// The first secret of a pod that its account does not list, in words.
pub(super) fn unlisted(account: &Value, pod: &Value) -> Option<String> {
    let listed = names(account, "secrets");
    let account_name = account.str_at(&["metadata", "name"]);
    let volumes = pod.array_at(&["spec", "volumes"]).iter().map(|v| v.at(&["secret"]));
    for secret in volumes.filter(|s| !s.is_null()).map(|s| s.str_at(&["secretName"])) {
        if !listed.contains(secret) {
            return Some(format!(
                "volume with secret.secretName=\"{secret}\" is not allowed because service account {account_name} does \
                 not reference that secret"
            ));
        }
    }
    let [init, main, _] = CONTAINERS;
    in_containers(account, &listed, pod, init).or_else(|| in_containers(account, &listed, pod, main)).or_else(|| {
        let listed = names(account, "imagePullSecrets");
        let pulls = pod.array_at(&["spec", "imagePullSecrets"]).iter().map(|s| s.str_at(&["name"]));
        let (at, pull) = pulls.enumerate().find(|(_, name)| !listed.contains(name))?;
        Some(format!(
            "imagePullSecrets[{at}].name=\"{pull}\" is not allowed because service account {account_name} does not \
             reference that imagePullSecret"
        ))
    })
}

/// The same for the containers that are added to a running pod.
pub(super) fn unlisted_in_ephemeral(account: &Value, pod: &Value) -> Option<String> {
    let [_, _, ephemeral] = CONTAINERS;
    in_containers(account, &names(account, "secrets"), pod, ephemeral)
}

/// The names of all secrets that a pod refers to, some of them twice.
pub fn secret_names(pod: &Value) -> impl Iterator<Item = &str> {
    let spec = pod.at(&["spec"]);
    let pulls = spec.array_at(&["imagePullSecrets"]).iter().map(|s| s.str_at(&["name"]));
    let containers = CONTAINERS.iter().flat_map(|(list, _)| spec.array_at(&[list])).flat_map(references);
    let volumes = spec.array_at(&["volumes"]).iter();
    let direct = volumes.clone().flat_map(|v| VOLUMES.iter().map(|path| v.str_at(path)));
    let projected = volumes.flat_map(|v| v.array_at(&["projected", "sources"]));
    let projected = projected.map(|s| s.str_at(&["secret", "name"]));
    pulls.chain(containers.map(|r| r.secret)).chain(direct).chain(projected).filter(|name| !name.is_empty())
}

fn names<'a>(account: &'a Value, list: &str) -> HashSet<&'a str> {
    account.array_at(&[list]).iter().map(|s| s.str_at(&["name"])).collect()
}

fn in_containers(
    account: &Value,
    listed: &HashSet<&str>,
    pod: &Value,
    (list, what): (&str, &str),
) -> Option<String> {
    let containers = pod.array_at(&["spec", list]).iter();
    let mut uses = containers.flat_map(|c| references(c).map(move |r| (c.str_at(&["name"]), r)));
    let (container, reference) = uses.find(|(_, r)| !listed.contains(r.secret))?;
    let by = match reference.variable {
        Some(variable) => format!("envVar {variable}"),
        None => "envFrom".to_owned(),
    };
    Some(format!(
        "{what} {container} with {by} referencing secret.secretName=\"{}\" is not allowed because service account {} \
         does not reference that secret",
        reference.secret,
        account.str_at(&["metadata", "name"]),
    ))
}

/// A secret that the environment of a container is from.
struct Reference<'a> {
    /// The one variable, `None` for all that is in it.
    variable: Option<&'a str>,
    secret: &'a str,
}

fn references(container: &Value) -> impl Iterator<Item = Reference<'_>> {
    let one = container.array_at(&["env"]).iter().filter_map(|env| {
        let secret = env.at(&["valueFrom", "secretKeyRef"]);
        let variable = Some(env.str_at(&["name"]));
        (!secret.is_null()).then(|| Reference { variable, secret: secret.str_at(&["name"]) })
    });
    let all = container.array_at(&["envFrom"]).iter().map(|from| from.at(&["secretRef"]));
    let all = all.filter(|secret| !secret.is_null());
    one.chain(all.map(|secret| Reference { variable: None, secret: secret.str_at(&["name"]) }))
}
