//! The objects that pods and volumes name.

use api::Value;

use super::graph::{Kind, Object};

/// Where a volume of a pod, or a `PersistentVolume`, names a secret in an object of name and namespace.
const SECRET_REFS: [(&str, &str); 7] = [
    ("cephfs", "secretRef"),
    ("cinder", "secretRef"),
    ("flexVolume", "secretRef"),
    ("rbd", "secretRef"),
    ("scaleIO", "secretRef"),
    ("iscsi", "secretRef"),
    ("storageos", "secretRef"),
];

/// What a pod lets its node read besides the pod itself.
///
/// A mirror pod is made by the kubelet, so it must give nothing.
pub(super) fn pod_references(pod: &Value, namespace: &str) -> Vec<Object> {
    let mut found = Found { namespace, objects: Vec::new() };
    if pod.at(&["metadata", "annotations"]).get("kubernetes.io/config.mirror").is_some() {
        return found.objects;
    }
    let spec = pod.at(&["spec"]);
    found.add(Kind::ServiceAccount, spec.str_at(&["serviceAccountName"]));
    for secret in spec.array_at(&["imagePullSecrets"]) {
        found.add(Kind::Secret, secret.str_at(&["name"]));
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        spec.array_at(&[list]).iter().for_each(|c| container(c, &mut found));
    }
    let name = pod.str_at(&["metadata", "name"]);
    spec.array_at(&["volumes"]).iter().for_each(|v| volume(v, name, &mut found));
    resource_claims(pod, &mut found);
    found.objects
}

struct Found<'a> {
    namespace: &'a str,
    objects: Vec<Object>,
}

impl Found<'_> {
    fn add(&mut self, kind: Kind, name: &str) {
        if !name.is_empty() {
            self.objects.push(Object::new(kind, self.namespace, name));
        }
    }
}

fn container(container: &Value, found: &mut Found) {
    for source in container.array_at(&["envFrom"]) {
        found.add(Kind::Secret, source.str_at(&["secretRef", "name"]));
        found.add(Kind::ConfigMap, source.str_at(&["configMapRef", "name"]));
    }
    for variable in container.array_at(&["env"]) {
        found.add(Kind::Secret, variable.str_at(&["valueFrom", "secretKeyRef", "name"]));
        found.add(Kind::ConfigMap, variable.str_at(&["valueFrom", "configMapKeyRef", "name"]));
    }
}

fn volume(volume: &Value, pod: &str, found: &mut Found) {
    for (source, reference) in SECRET_REFS {
        found.add(Kind::Secret, volume.str_at(&[source, reference, "name"]));
    }
    found.add(Kind::Secret, volume.str_at(&["csi", "nodePublishSecretRef", "name"]));
    found.add(Kind::Secret, volume.str_at(&["azureFile", "secretName"]));
    found.add(Kind::Secret, volume.str_at(&["secret", "secretName"]));
    found.add(Kind::ConfigMap, volume.str_at(&["configMap", "name"]));
    for source in volume.array_at(&["projected", "sources"]) {
        found.add(Kind::Secret, source.str_at(&["secret", "name"]));
        found.add(Kind::ConfigMap, source.str_at(&["configMap", "name"]));
    }
    found.add(Kind::Claim, volume.str_at(&["persistentVolumeClaim", "claimName"]));
    if !volume.at(&["ephemeral"]).is_null() {
        found.add(Kind::Claim, &format!("{pod}-{}", volume.str_at(&["name"])));
    }
}

/// Claims by name, and those made from templates, whose names are in the status.
fn resource_claims(pod: &Value, found: &mut Found) {
    for claim in pod.array_at(&["spec", "resourceClaims"]) {
        found.add(Kind::ResourceClaim, claim.str_at(&["resourceClaimName"]));
        if !claim.str_at(&["resourceClaimTemplateName"]).is_empty() {
            let name = claim.str_at(&["name"]);
            let statuses = pod.array_at(&["status", "resourceClaimStatuses"]);
            let made = statuses.iter().find(|s| s.str_at(&["name"]) == name);
            found.add(Kind::ResourceClaim, made.map_or("", |s| s.str_at(&["resourceClaimName"])));
        }
    }
    let extended = ["status", "extendedResourceClaimStatus", "resourceClaimName"];
    found.add(Kind::ResourceClaim, pod.str_at(&extended));
}

/// The claim of a `PersistentVolume` and the secrets that a kubelet needs for it; `None` without a claim.
pub(super) fn volume_references(volume: &Value) -> Option<(Object, Vec<Object>)> {
    let claim = volume.at(&["spec", "claimRef"]);
    claim.as_object()?;
    let namespace = claim.str_at(&["namespace"]);
    let spec = volume.at(&["spec"]);
    let mut secrets = Vec::new();
    let mut add = |at: &str, name: &str| {
        if !name.is_empty() {
            secrets.push(Object::new(Kind::Secret, at, name));
        }
    };
    let azure = spec.at(&["azureFile"]);
    add(or_else(azure.str_at(&["secretNamespace"]), namespace), azure.str_at(&["secretName"]));
    for (source, field) in SECRET_REFS {
        let reference = spec.at(&[source, field]);
        let given = reference.str_at(&["namespace"]);
        // Old objects may leave out the namespace and mean that of the claim; these two kinds never did.
        let at = if matches!(source, "cinder" | "storageos") { given } else { or_else(given, namespace) };
        add(at, reference.str_at(&["name"]));
    }
    for field in ["nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"] {
        let reference = spec.at(&["csi", field]);
        add(reference.str_at(&["namespace"]), reference.str_at(&["name"]));
    }
    Some((Object::new(Kind::Claim, namespace, claim.str_at(&["name"])), secrets))
}

fn or_else<'a>(given: &'a str, otherwise: &'a str) -> &'a str {
    if given.is_empty() { otherwise } else { given }
}
