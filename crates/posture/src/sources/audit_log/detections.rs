//! What looks like an attack, or like the preparation of one: a row a thing, over single events.
//!
//! Entry point: [`DETECTIONS`].  A row says what was done in words that are the same for all requests alike, so that they
//! are counted together.

use api::user::{SYSTEM_MASTERS, UNAUTHENTICATED, split_service_account};
use audit::{Event, ObjectRef, Outcome};

use super::actors::ActorKind;
use crate::finding::Status;

/// One thing to look for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Detection {
    /// The check.
    pub id: &'static str,
    /// What was seen in an event, by whom of which kind.
    pub look: fn(&Event<'_>, ActorKind) -> Option<What>,
}

/// What was seen.
#[derive(Clone, Debug)]
pub(crate) struct What {
    pub status: Status,
    pub text: String,
}

/// The detections; those of bodies and of bursts see nothing here.
pub(crate) const DETECTIONS: [Detection; 8] = [
    Detection { id: "AUD-020", look: anonymous },
    Detection { id: "AUD-022", look: shell },
    Detection { id: "AUD-024", look: secrets },
    Detection { id: "AUD-025", look: minted },
    Detection { id: "AUD-026", look: impersonated },
    Detection { id: "AUD-027", look: masters },
    Detection { id: "AUD-028", look: admission },
    Detection { id: "AUD-029", look: |_, _| None },
];
/// The place of AUD-029, which `bodies` feeds.
pub(super) const LABEL: usize = 7;

/// What every cluster answers without a credential.
const PUBLIC_PATHS: [&str; 4] = ["/healthz", "/livez", "/readyz", "/version"];
/// Ways into a container.
const SHELLS: [&str; 4] = ["attach", "ephemeralcontainers", "exec", "portforward"];
/// Groups of objects that decide what may be written.
const POLICY_GROUPS: &[&str] = &[
    "admissionregistration.k8s.io",
    "constraints.gatekeeper.sh",
    "kyverno.io",
    "policies.kubewarden.io",
    "policies.kyverno.io",
    "templates.gatekeeper.sh",
];
/// The user that a server has for itself.
const SERVER: &str = "system:apiserver";

/// True when the request was let through and done.
pub(super) fn succeeded(event: &Event) -> bool {
    event.outcome() == Outcome::Allowed && event.code < 400
}

/// True for verbs that change something.
pub(super) fn is_write(verb: &str) -> bool {
    matches!(verb, "create" | "update" | "patch" | "delete" | "deletecollection")
}

/// Who runs the control plane by itself: the server, its controllers and kubelets.
pub(super) fn is_own(event: &Event, kind: ActorKind) -> bool {
    match kind {
        ActorKind::System | ActorKind::Node => true,
        ActorKind::ServiceAccount => is_controller(&event.user.name),
        ActorKind::Anonymous | ActorKind::Human => false,
    }
}

/// True for the accounts of the controller manager's own controllers.
fn is_controller(name: &str) -> bool {
    split_service_account(name).is_some_and(|(namespace, name)| {
        namespace == "kube-system" && (name.ends_with("-controller") || CONTROLLERS.contains(&name))
    })
}

/// Controllers of Kubernetes 1.36 whose names do not end in `-controller`.
const CONTROLLERS: [&str; 11] = [
    "bootstrap-signer",
    "generic-garbage-collector",
    "horizontal-pod-autoscaler",
    "kube-apiserver-serving-clustertrustbundle-publisher",
    "legacy-service-account-token-cleaner",
    "persistent-volume-binder",
    "pod-garbage-collector",
    "podcertificaterequestcleaner",
    "root-ca-cert-publisher",
    "storage-version-garbage-collector",
    "token-cleaner",
];

/// `verb resource.group/subresource in namespace`.
pub(super) fn asked(verb: &str, object: &ObjectRef) -> String {
    let mut text = format!("{verb} {}", object.resource);
    if !object.group.is_empty() {
        text = format!("{text}.{}", object.group);
    }
    if !object.subresource.is_empty() {
        text = format!("{text}/{}", object.subresource);
    }
    if !object.namespace.is_empty() {
        text = format!("{text} -n {}", object.namespace);
    }
    text
}

fn warn(text: String) -> Option<What> {
    Some(What { status: Status::Warn, text })
}

fn fail(text: String) -> Option<What> {
    Some(What { status: Status::Fail, text })
}

fn anonymous(event: &Event<'_>, kind: ActorKind) -> Option<What> {
    // Without any name, and refused as such: that is as it should be.
    let is_nobody = kind == ActorKind::Anonymous && !event.user.name.is_empty();
    if !(is_nobody || event.user.is_in(UNAUTHENTICATED)) || !succeeded(event) {
        return None;
    }
    let Some(object) = &event.object else {
        let uri = event.request_uri.split(['?', '#']).next().unwrap_or("");
        let is_below = |path: &&str| {
            uri.strip_prefix(*path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if PUBLIC_PATHS.iter().any(is_below) {
            return None;
        }
        return fail(format!("{} {}", event.verb, uri.chars().take(200).collect::<String>()));
    };
    // Where nodes join with a token, they read this first.
    let joins = (&*object.namespace, &*object.resource, &*object.name)
        == ("kube-public", "configmaps", "cluster-info");
    let text = asked(&event.verb, object);
    if joins && event.verb == "get" { warn(format!("{text} cluster-info")) } else { fail(text) }
}

fn shell(event: &Event<'_>, kind: ActorKind) -> Option<What> {
    let object = event.object.as_ref().filter(|_| kind == ActorKind::Human)?;
    let into = object.resource == "pods" && SHELLS.contains(&&*object.subresource);
    // To look at the ephemeral containers is not to add one.
    let looks = object.subresource == "ephemeralcontainers" && !is_write(&event.verb);
    (into && !looks && succeeded(event)).then(|| warn(asked(&event.verb, object))).flatten()
}

fn secrets(event: &Event<'_>, kind: ActorKind) -> Option<What> {
    let object = event.object.as_ref().filter(|_| kind == ActorKind::ServiceAccount)?;
    let lists = object.resource == "secrets"
        && object.group.is_empty()
        && object.name.is_empty()
        && matches!(&*event.verb, "list" | "watch");
    (lists && succeeded(event) && !is_own(event, kind)).then(|| warn(asked(&event.verb, object))).flatten()
}

fn minted(event: &Event<'_>, kind: ActorKind) -> Option<What> {
    let object = event.object.as_ref()?;
    let made = match (&*object.group, &*object.resource, &*object.subresource) {
        ("", "serviceaccounts", "token") => event.verb == "create",
        ("certificates.k8s.io", "certificatesigningrequests", "") => event.verb == "create",
        ("certificates.k8s.io", "certificatesigningrequests", "approval") => is_write(&event.verb),
        _ => false,
    };
    // kubelets fetch tokens for their pods and renew certificates, new ones with a bootstrap token.
    (made && succeeded(event) && !is_own(event, kind)).then(|| warn(asked(&event.verb, object))).flatten()
}

fn impersonated(event: &Event<'_>, _: ActorKind) -> Option<What> {
    let person = event.impersonated.as_ref()?;
    if person.is_in(SYSTEM_MASTERS) {
        return fail(format!("{} ({SYSTEM_MASTERS})", person.name));
    }
    warn(person.name.to_string())
}

fn masters(event: &Event<'_>, _: ActorKind) -> Option<What> {
    let is_one = event.user.name != SERVER && event.user.is_in(SYSTEM_MASTERS);
    is_one.then(|| fail(event.verb.to_string())).flatten()
}

fn admission(event: &Event<'_>, kind: ActorKind) -> Option<What> {
    let object = event.object.as_ref().filter(|_| is_write(&event.verb))?;
    let decides = POLICY_GROUPS.contains(&&*object.group) && object.subresource != "status";
    if !decides || !succeeded(event) || is_own(event, kind) {
        return None;
    }
    let name = if object.name.is_empty() { String::new() } else { format!(" {}", object.name) };
    warn(format!("{}{name}", asked(&event.verb, object)))
}
