//! Whether images without a signature are kept out when pods are admitted.

use api::Value;
use evidence::Object;

use crate::catalogue::Kind;
use crate::finding::{Place, Status};
use crate::input::Input;
use crate::scan::Scan;
use crate::sources::nodes::{Installed, names};
use crate::sources::products::Role;
use crate::words::{Words, words};

const ID: &str = "IMG-010";

const NOBODY: Words = words(
    "nothing asks for signatures of images when pods are admitted",
    "파드 승인 시 이미지 서명을 확인하는 수단이 없음",
);
const LENIENT: Words = words(
    "it tells of images without a signature and lets them in",
    "서명이 없는 이미지를 알리기만 하고 막지 않음",
);
const NO_POLICY: Words = words(
    "{} is there, and no policy tells it whose signatures count",
    "{}이(가) 있으나 어떤 서명을 인정할지 정한 정책이 없음",
);

/// Whether a policy keeps images out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verifies {
    Enforces,
    Tells,
}

pub(super) fn ids() -> Vec<&'static str> {
    vec![ID]
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    if !input.whole_cluster {
        return;
    }
    scan.examine(ID);
    let policies: Vec<_> = input.objects.objects.iter().filter_map(|o| Some((o, verifies(o)?))).collect();
    let enforced = policies.iter().any(|(_, verifies)| *verifies == Verifies::Enforces);
    if enforced || has_webhook(input) {
        return;
    }
    for (policy, _) in &policies {
        scan.find(ID, Status::Warn, *policy, String::new(), LENIENT.plain());
    }
    if policies.is_empty() {
        let verifiers = Installed::of(&input.objects, &scan.workloads).with(&[Role::Verifier]);
        // Connaisseur holds its policy in its own configuration.
        if verifiers.iter().any(|found| found.product.name == "Connaisseur") {
            return;
        }
        let reason = if verifiers.is_empty() { NOBODY.plain() } else { NO_POLICY.with([names(&verifiers)]) };
        scan.find(ID, Status::Warn, Place::cluster(), String::new(), reason);
    }
}

/// What a policy does about images without a signature; `None` for objects of other kinds.
fn verifies(object: &Object) -> Option<Verifies> {
    let spec = object.value.at(&["spec"]);
    let enforces = match (object.group(), object.kind()) {
        ("kyverno.io", "ClusterPolicy" | "Policy") => return kyverno(spec),
        ("policies.kyverno.io", "ImageValidatingPolicy" | "NamespacedImageValidatingPolicy") => {
            let actions = spec.array_at(&["validationActions"]);
            actions.is_empty() || actions.iter().any(|action| action.as_str() == Some("Deny"))
        }
        ("policy.sigstore.dev", "ClusterImagePolicy") => spec.str_at(&["mode"]) != "warn",
        ("config.openshift.io", "ClusterImagePolicy" | "ImagePolicy") => true,
        ("portieris.cloud.ibm.com", "ClusterImagePolicy" | "ImagePolicy") => {
            let required = |r: &Value| {
                let policy = |kind: &str| r.at(&["policy", kind, "enabled"]).as_bool() == Some(true);
                policy("trust") || !r.array_at(&["policy", "simple", "requirements"]).is_empty()
            };
            spec.array_at(&["repositories"]).iter().any(required)
        }
        ("constraints.gatekeeper.sh", kind) if kind.to_ascii_lowercase().contains("ratify") => {
            matches!(spec.str_at(&["enforcementAction"]), "" | "deny")
        }
        _ => return None,
    };
    Some(if enforces { Verifies::Enforces } else { Verifies::Tells })
}

/// A policy of Kyverno: rules say what becomes of a failure, and the policy for those that do not.
fn kyverno(spec: &Value) -> Option<Verifies> {
    let checks = spec.array_at(&["rules"]).iter().flat_map(|rule| rule.array_at(&["verifyImages"]));
    let action = |check: &Value| {
        let own = check.str_at(&["failureAction"]);
        let action = if own.is_empty() { spec.str_at(&["validationFailureAction"]) } else { own };
        let required = check.at(&["required"]).as_bool() != Some(false);
        let signed = !check.array_at(&["attestors"]).is_empty() || check.at(&["key"]).as_str().is_some();
        signed && required && action.eq_ignore_ascii_case("enforce")
    };
    let all: Vec<_> = checks.map(action).collect();
    let verdict = if all.iter().any(|enforces| *enforces) { Verifies::Enforces } else { Verifies::Tells };
    (!all.is_empty()).then_some(verdict)
}

/// True when the API server asks a service about images, and keeps out what it cannot ask about.
fn has_webhook(input: &Input) -> bool {
    let plugins =
        input.of_kind(Kind::ControlPlane).flat_map(|document| document.value.array_at(&["plugins"]));
    plugins
        .filter(|plugin| plugin.str_at(&["name"]) == "ImagePolicyWebhook")
        .any(|plugin| plugin.at(&["configuration", "imagePolicy", "defaultAllow"]).as_bool() == Some(false))
}
