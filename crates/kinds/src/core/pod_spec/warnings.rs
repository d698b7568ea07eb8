//! What a pod or a pod template is warned about although it is accepted.
//!
//! Entry point: [`of`]; containers and ports are in [`containers`], paths in volumes in [`paths`].

mod containers;
mod paths;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use api::quantity::Quantity;

use crate::core::claim_spec;
use crate::{Cursor, net, nodes};

/// Annotations that do nothing any more, each with what to use instead.
const DEAD_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];
/// Annotation with the seccomp profile of a pod.
const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/pod";

/// Volume sources that are on their way out, in upstream's order.
const DEAD_SOURCES: [(&str, &str); 7] = [
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
];
/// Those that upstream looks at after the claims of ephemeral volumes.
const LATER_DEAD_SOURCES: [(&str, &str); 2] = [
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// What upstream calls a selector that is not there.
const NULL_SELECTOR: &str = "a null labelSelector results in matching no pod";

/// The resources that come in whole bytes.
const IN_BYTES: [&str; 2] = ["memory", "ephemeral-storage"];

/// All warnings about a `pod`, or about a `template` for pods: an object with `metadata` and `spec`, both valid.
pub(crate) fn of(pod: &Cursor, template: bool) -> Vec<String> {
    let mut texts = Vec::new();
    let spec = pod.child("spec");
    node_labels(&spec, &mut texts);
    spread(&spec, &mut texts);
    annotations(pod, &mut texts);
    volumes(&spec, &mut texts);
    paths::overlapping(&spec, &mut texts);
    repeated(&spec.child("hostAliases"), "ip", &mut texts);
    pull_secrets(&spec.child("imagePullSecrets"), &mut texts);
    in_bytes(&spec.child("overhead"), &mut texts);
    seccomp(pod, &mut texts);
    containers::each(pod, template, &mut texts);
    containers::ports(&spec, &mut texts);
    containers::port_names(&spec, &mut texts);
    if spec.child("terminationGracePeriodSeconds").int() < 0 {
        let why = "must be >= 0; negative values are invalid and will be treated as 1";
        texts.push(format!("{}: {why}", spec.child("terminationGracePeriodSeconds").path()));
    }
    pod_affinity(&spec, &mut texts);
    addresses(&spec, &mut texts);
    texts
}

/// An amount of bytes that is no whole number.
pub(crate) fn fractional(amount: &Cursor) -> Option<String> {
    let quantity = Quantity::parse(amount.str()).ok()?;
    (quantity.milli_value() % 1000 != 0).then(|| {
        let shown = api::field::go_quote(amount.str());
        format!("{}: fractional byte value {shown} is invalid, must be an integer", amount.path())
    })
}

/// The amounts of a list of resources that should be whole bytes.
fn in_bytes(resources: &Cursor, texts: &mut Vec<String>) {
    texts.extend(IN_BYTES.iter().filter_map(|name| fractional(&resources.key(name))));
}

fn node_labels(spec: &Cursor, texts: &mut Vec<String>) {
    for (key, entry) in spec.child("nodeSelector").entries() {
        texts.extend(nodes::deprecated_label(key).map(|advice| format!("{}: {advice}", entry.path())));
    }
    let affinity = spec.child("affinity");
    let affinity = affinity.child("nodeAffinity");
    let required = affinity.child("requiredDuringSchedulingIgnoredDuringExecution");
    for term in required.child("nodeSelectorTerms").items() {
        texts.extend(nodes::term_warnings(term.value(), &term.path()));
    }
    for weighted in affinity.child("preferredDuringSchedulingIgnoredDuringExecution").items() {
        let term = weighted.child("preference");
        texts.extend(nodes::preference_warnings(term.value(), &term.path()));
    }
}

fn spread(spec: &Cursor, texts: &mut Vec<String>) {
    for constraint in spec.child("topologySpreadConstraints").items() {
        let key = constraint.child("topologyKey");
        texts.extend(
            nodes::deprecated_label(key.str())
                .map(|advice| format!("{}: {} is {advice}", key.path(), key.str())),
        );
        selector(&constraint.child("labelSelector"), texts);
    }
}

fn selector(selector: &Cursor, texts: &mut Vec<String>) {
    if !selector.is_set() {
        texts.push(format!("{}: {NULL_SELECTOR}", selector.path()));
    }
}

fn annotations(pod: &Cursor, texts: &mut Vec<String>) {
    let metadata = pod.child("metadata");
    let annotations = metadata.child("annotations");
    let dead = DEAD_ANNOTATIONS.iter().filter(|(key, _)| annotations.has(key));
    texts.extend(dead.map(|(key, advice)| format!("{}: {advice}", annotations.key(key).path())));
}

fn volumes(spec: &Cursor, texts: &mut Vec<String>) {
    for volume in spec.child("volumes").items() {
        dead_sources(&volume, &DEAD_SOURCES, texts);
        let ephemeral = volume.child("ephemeral");
        let claim = ephemeral.child("volumeClaimTemplate");
        texts.extend(claim_spec::warnings(&claim.child("spec")));
        dead_sources(&volume, &LATER_DEAD_SOURCES, texts);
    }
}

fn dead_sources(volume: &Cursor, sources: &[(&str, &str)], texts: &mut Vec<String>) {
    let used = sources.iter().filter(|(source, _)| volume.has(source));
    texts.extend(used.map(|(source, advice)| {
        let shown = if *source == "storageos" { "storageOS" } else { source };
        format!("{}: {advice}", volume.child(shown).path())
    }));
}

/// Items of a list that have the same member as one before.
fn repeated(list: &Cursor, member: &str, texts: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for item in list.items() {
        let member_of = item.child(member);
        if !seen.insert(member_of.str()) {
            let shown = api::field::go_quote(member_of.str());
            texts.push(format!("{}: duplicate {member} {shown}", member_of.path()));
        }
    }
}

fn pull_secrets(secrets: &Cursor, texts: &mut Vec<String>) {
    repeated(secrets, "name", texts);
    let nameless = secrets.items().filter(|secret| secret.text("name").is_empty());
    texts.extend(nameless.map(|secret| format!("{}: invalid empty name \"\"", secret.child("name").path())));
}

fn seccomp(pod: &Cursor, texts: &mut Vec<String>) {
    let metadata = pod.child("metadata");
    let annotations = metadata.child("annotations");
    if pod.value().at(&["spec", "securityContext", "seccompProfile"]).is_null() && annotations.has(SECCOMP) {
        texts.push(format!("{}: {}", annotations.key(SECCOMP).path(), containers::SECCOMP_ADVICE));
    }
}

fn pod_affinity(spec: &Cursor, texts: &mut Vec<String>) {
    let affinity = spec.child("affinity");
    for kind in ["podAffinity", "podAntiAffinity"] {
        let terms = affinity.child(kind);
        for term in terms.child("requiredDuringSchedulingIgnoredDuringExecution").items() {
            selector(&term.child("labelSelector"), texts);
        }
        for weighted in terms.child("preferredDuringSchedulingIgnoredDuringExecution").items() {
            selector(&weighted.child("podAffinityTerm").child("labelSelector"), texts);
        }
    }
}

fn addresses(spec: &Cursor, texts: &mut Vec<String>) {
    let dns = spec.child("dnsConfig");
    for server in dns.child("nameservers").items() {
        texts.extend(net::ip_warning(&server.path(), server.str()));
    }
    for alias in spec.child("hostAliases").items() {
        let ip = alias.child("ip");
        texts.extend(net::ip_warning(&ip.path(), ip.str()));
    }
}
