//! What each patch changes: a row a check.

use api::{Value, object};

use super::draft::{Draft, below};
use crate::checks::SMUGGLING;
use crate::edit::{Path, Step, keys};

type Rule = fn(&mut Draft<'_>);

/// A check, and what makes an object satisfy it.
const RULES: &[(&str, Rule)] = &[
    ("CPL-038", |d| d.remove(keys(&["spec", "insecureSkipTLSVerify"]))),
    ("CPL-040", fail_closed),
    ("IAM-003", remove_fields),
    ("IAM-004", remove_fields),
    ("IAM-010", remove_fields),
    ("IAM-027", |d| d.set(keys(&["automountServiceAccountToken"]), false)),
    ("IAM-043", remove_fields),
    ("IAM-045", |d| d.remove(keys(&["subjects"]))),
    ("IMG-004", |d| set_fields(d, |_| "Always".into())),
    ("IMG-016", move_images),
    ("NET-011", cluster_ip),
    ("NET-014", modern_tls),
    ("POD-001", |d| without(d, &["windowsOptions", "hostProcess"])),
    ("POD-002", |d| of_pod(d, "hostNetwork", None)),
    ("POD-003", |d| of_pod(d, "hostPID", None)),
    ("POD-004", |d| of_pod(d, "hostIPC", None)),
    ("POD-005", |d| without(d, &["privileged"])),
    ("POD-006", |d| drop_added(d, "capabilities_baseline")),
    ("POD-008", without_host_ports),
    ("POD-009", without_hosts),
    ("POD-010", app_armor),
    ("POD-011", se_linux),
    ("POD-012", default_proc),
    ("POD-013", no_unconfined),
    ("POD-014", without_sysctls),
    ("POD-016", no_escalation),
    ("POD-017", non_root),
    ("POD-018", without_user_0),
    ("POD-019", seccomp),
    ("POD-020", |d| drop_capability(d, "ALL", &["ALL"])),
    ("POD-021", default_proc),
    ("POD-022", |d| in_containers(d, "readOnlyRootFilesystem", true)),
    ("POD-023", |d| set_fields(d, |_| true.into())),
    ("POD-024", |d| of_pod(d, "automountServiceAccountToken", Some(false))),
    ("POD-027", dangerous),
    ("POD-028", |d| drop_capability(d, "NET_RAW", &["NET_RAW", "ALL"])),
    ("POD-041", levels),
    ("POD-044", remove_fields),
    ("POD-045", |d| of_pod(d, "hostUsers", Some(false))),
    ("POD-046", remove_fields),
    ("POD-048", short_tokens),
    ("POD-050", context),
    ("RUN-001", |d| set_pod_profile(d, "appArmorProfile")),
    ("RUN-002", seccomp),
];

/// The rule of a check.
pub(super) fn rule(id: &str) -> Option<Rule> {
    RULES.iter().find(|(known, _)| *known == id).map(|(_, rule)| *rule)
}

/// True when a patch is known for what a check finds.
pub fn has_patch(id: &str) -> bool {
    rule(id).is_some()
}

fn remove_fields(draft: &mut Draft<'_>) {
    for field in draft.fields() {
        draft.remove(field);
    }
}

fn set_fields(draft: &mut Draft<'_>, value: fn(&str) -> Value) {
    for field in draft.fields() {
        if let Some(Step::Key(member)) = field.last() {
            let value = value(member);
            draft.set(field, value);
        }
    }
}

fn fail_closed(draft: &mut Draft<'_>) {
    set_fields(draft, |member| if member == "timeoutSeconds" { 10.into() } else { "Fail".into() });
}

/// A member of the pod's specification; removed without a value.
fn of_pod(draft: &mut Draft<'_>, member: &str, value: Option<bool>) {
    let path = below(&draft.pod(), &[member]);
    match value {
        Some(value) => draft.set(path, value),
        None => draft.remove(path),
    }
}

/// The security contexts of the pod and of every container.
fn contexts(draft: &Draft<'_>) -> Vec<Path> {
    let all = std::iter::once(draft.pod()).chain(draft.containers());
    all.map(|path| below(&path, &["securityContext"])).collect()
}

/// Without something in every security context.
fn without(draft: &mut Draft<'_>, path: &[&str]) {
    for context in contexts(draft) {
        draft.remove(below(&context, path));
    }
}

fn in_containers(draft: &mut Draft<'_>, member: &str, value: bool) {
    for container in draft.containers() {
        draft.set(below(&container, &["securityContext", member]), value);
    }
}

/// The API refuses this for containers that are privileged or administer the system.
fn no_escalation(draft: &mut Draft<'_>) {
    for container in draft.containers() {
        let context = below(&container, &["securityContext"]);
        let added = draft.at(&below(&context, &["capabilities", "add"])).as_array().unwrap_or_default();
        let administers = added.iter().any(|c| matches!(c.as_str(), Some("SYS_ADMIN" | "CAP_SYS_ADMIN")));
        if administers || draft.at(&below(&context, &["privileged"])).as_bool() == Some(true) {
            draft.refused =
                Some("the API does not take it while a container is privileged or adds SYS_ADMIN");
        } else {
            draft.set(below(&context, &["allowPrivilegeEscalation"]), false);
        }
    }
}

/// Removes the items of a list that are bad, with what would be empty then.
fn remove_items(draft: &mut Draft<'_>, list: &[Step], bad: impl Fn(&Draft<'_>, &Value) -> bool) {
    for i in (0..draft.at(list).as_array().map_or(0, <[Value]>::len)).rev() {
        let item: Path = list.iter().cloned().chain([Step::Item(i)]).collect();
        if bad(draft, draft.at(&item)) {
            draft.remove(item);
        }
    }
}

/// Takes out the capabilities that a control does not let a container add.
fn drop_added(draft: &mut Draft<'_>, control: &str) {
    for container in draft.containers() {
        let list = below(&container, &["securityContext", "capabilities", "add"]);
        remove_items(draft, &list, |draft, item| {
            let context = object! { "capabilities" => object! { "add" => vec![item.clone()] } };
            let container = object! { "name" => "a", "securityContext" => context };
            draft.violates(control, &object! { "containers" => vec![container] })
        });
    }
}

fn dangerous(draft: &mut Draft<'_>) {
    for container in draft.containers() {
        let list = below(&container, &["securityContext", "capabilities", "add"]);
        remove_items(draft, &list, |_, item| {
            item.as_str().is_some_and(|capability| crate::checks::DANGEROUS.contains(&capability))
        });
    }
}

/// Drops a capability in the containers that drop none of `enough`.
fn drop_capability(draft: &mut Draft<'_>, capability: &str, enough: &[&str]) {
    for container in draft.containers() {
        let list = below(&container, &["securityContext", "capabilities", "drop"]);
        let dropped = draft.at(&list).as_array().unwrap_or_default();
        if !dropped.iter().any(|item| item.as_str().is_some_and(|item| enough.contains(&item))) {
            draft.append(list, capability);
        }
    }
}

fn without_host_ports(draft: &mut Draft<'_>) {
    for container in draft.containers() {
        let ports = below(&container, &["ports"]);
        for i in 0..draft.at(&ports).as_array().map_or(0, <[Value]>::len) {
            let port: Path = ports.iter().cloned().chain([Step::Item(i)]).collect();
            draft.remove(below(&port, &["hostPort"]));
        }
    }
}

fn without_hosts(draft: &mut Draft<'_>) {
    const PROBES: [&[&str]; 5] = [
        &["livenessProbe"],
        &["readinessProbe"],
        &["startupProbe"],
        &["lifecycle", "postStart"],
        &["lifecycle", "preStop"],
    ];
    for container in draft.containers() {
        for probe in PROBES {
            for how in ["httpGet", "tcpSocket"] {
                draft.remove(below(&below(&container, probe), &[how, "host"]));
            }
        }
    }
}

fn app_armor(draft: &mut Draft<'_>) {
    for context in contexts(draft) {
        let kind = below(&context, &["appArmorProfile", "type"]);
        if draft.at(&kind).as_str() == Some("Unconfined") {
            draft.set(kind, "RuntimeDefault");
        }
    }
    // Before there was a field.
    let mut metadata = draft.pod();
    metadata.pop();
    let annotations = below(&metadata, &["metadata", "annotations"]);
    let names = draft.at(&annotations).as_object().into_iter().flat_map(api::Map::keys);
    let names: Vec<String> = names
        .filter(|name| name.starts_with("container.apparmor.security.beta.kubernetes.io/"))
        .map(str::to_owned)
        .collect();
    for name in names {
        let path = below(&annotations, &[&name]);
        let profile = draft.at(&path).as_str().unwrap_or("");
        if profile != "runtime/default" && !profile.starts_with("localhost/") {
            draft.set(path, "runtime/default");
        }
    }
}

fn se_linux(draft: &mut Draft<'_>) {
    for member in ["user", "role", "type"] {
        without(draft, &["seLinuxOptions", member]);
    }
}

fn default_proc(draft: &mut Draft<'_>) {
    for container in draft.containers() {
        let path = below(&container, &["securityContext", "procMount"]);
        if !draft.at(&path).is_null() {
            draft.set(path, "Default");
        }
    }
}

fn no_unconfined(draft: &mut Draft<'_>) {
    for context in contexts(draft) {
        let kind = below(&context, &["seccompProfile", "type"]);
        if draft.at(&kind).as_str() == Some("Unconfined") {
            draft.set(kind, "RuntimeDefault");
        }
    }
}

fn seccomp(draft: &mut Draft<'_>) {
    no_unconfined(draft);
    set_pod_profile(draft, "seccompProfile");
}

/// The profile of the runtime for the whole pod, unless one is named.
fn set_pod_profile(draft: &mut Draft<'_>, profile: &str) {
    let kind = below(&draft.pod(), &["securityContext", profile, "type"]);
    if draft.at(&kind).is_null() {
        draft.set(kind, "RuntimeDefault");
    }
}

fn without_sysctls(draft: &mut Draft<'_>) {
    let list = below(&draft.pod(), &["securityContext", "sysctls"]);
    remove_items(draft, &list, |draft, item| {
        let context = object! { "sysctls" => vec![item.clone()] };
        item.str_at(&["value"]).contains(SMUGGLING)
            || draft.violates("sysctls", &object! { "securityContext" => context })
    });
}

fn non_root(draft: &mut Draft<'_>) {
    draft.set(below(&draft.pod(), &["securityContext", "runAsNonRoot"]), true);
    for container in draft.containers() {
        let path = below(&container, &["securityContext", "runAsNonRoot"]);
        if draft.at(&path).as_bool() == Some(false) {
            draft.remove(path);
        }
    }
}

fn without_user_0(draft: &mut Draft<'_>) {
    for context in contexts(draft) {
        let path = below(&context, &["runAsUser"]);
        if draft.at(&path).as_i64() == Some(0) {
            draft.remove(path);
        }
    }
}

fn move_images(draft: &mut Draft<'_>) {
    const MOVED: [&str; 3] = ["k8s.gcr.io/", "gcr.io/google_containers/", "gcr.io/google-containers/"];
    for field in draft.fields() {
        let image = draft.at(&field).as_str().unwrap_or("");
        if let Some(rest) = MOVED.iter().find_map(|old| image.strip_prefix(old)) {
            let moved = format!("registry.k8s.io/{rest}");
            draft.set(field, moved);
        }
    }
}

fn cluster_ip(draft: &mut Draft<'_>) {
    for field in draft.fields() {
        draft.remove(field);
    }
    draft.set(keys(&["spec", "type"]), "ClusterIP");
}

fn modern_tls(draft: &mut Draft<'_>) {
    const SETTINGS: [(&str, &str); 2] =
        [("ssl-protocols", "TLSv1.2 TLSv1.3"), ("ncloud-load-balancer-tls-min-version", "TLSV12")];
    for field in draft.fields() {
        let Some(Step::Key(name)) = field.last() else { continue };
        if let Some((_, value)) = SETTINGS.iter().find(|(end, _)| name.ends_with(end)) {
            draft.set(field, *value);
        }
    }
}

fn levels(draft: &mut Draft<'_>) {
    for field in draft.fields() {
        let Some(Step::Key(label)) = field.last() else { continue };
        let value = if label.ends_with("-version") { draft.version() } else { "restricted".to_owned() };
        draft.set(field, value);
    }
}

fn short_tokens(draft: &mut Draft<'_>) {
    for field in draft.fields() {
        // Who the token is for only its owner knows.
        if field.last() == Some(&Step::Key("expirationSeconds".to_owned())) {
            draft.set(field, 3600);
        }
    }
}

fn context(draft: &mut Draft<'_>) {
    let pod = draft.pod();
    draft.set(below(&pod, &["securityContext", "runAsNonRoot"]), true);
    seccomp(draft);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Fix, catalogue, check};

    /// What is said to be safe for a program to do can be done by this one.
    #[test]
    fn every_safe_fix_has_a_rule() {
        for check in catalogue().iter().filter(|check| check.fix == Fix::Safe) {
            assert!(has_patch(check.id), "{} is said to be safe", check.id);
        }
        assert!(RULES.is_sorted_by(|a, b| a.0 < b.0));
        let known = RULES.iter().filter_map(|(id, _)| check(id));
        assert!(known.into_iter().all(|check| matches!(check.fix, Fix::Safe | Fix::Offered)));
    }
}
