//! Warnings about containers: each by itself, and the ports of all of them together.

use std::collections::BTreeMap;

use api::field::{self, go_quote};

use crate::Cursor;
use crate::core::pod::app_armor;
use crate::core::pod_spec::CONTAINER_LISTS;

/// What comes before the container's name in the annotation with its seccomp profile.
const SECCOMP_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// What to do instead of naming a seccomp profile in an annotation.
pub(super) const SECCOMP_ADVICE: &str = "non-functional in v1.27+; use the \"seccompProfile\" field instead";

/// Warnings about each container of a `pod` or of a `template`.
pub(super) fn each(pod: &Cursor, template: bool, texts: &mut Vec<String>) {
    let spec = pod.child("spec");
    for list in CONTAINER_LISTS {
        for container in spec.child(list).items() {
            annotations(pod, &container, template, texts);
            let resources = container.child("resources");
            for name in super::IN_BYTES {
                for part in ["limits", "requests"] {
                    texts.extend(super::fractional(&resources.child(part).key(name)));
                }
            }
            variables(&container.child("env"), texts);
        }
    }
}

/// Profiles in annotations that the fields of today do not repeat.  Pods carry AppArmor's over to the field instead.
fn annotations(pod: &Cursor, container: &Cursor, template: bool, texts: &mut Vec<String>) {
    let metadata = pod.child("metadata");
    let annotations = metadata.child("annotations");
    if annotations.is_empty() {
        return;
    }
    let (name, security) = (container.text("name"), container.child("securityContext"));
    let key = format!("{SECCOMP_PREFIX}{name}");
    if !security.has("seccompProfile") && annotations.has(&key) {
        texts.push(format!("{}: {SECCOMP_ADVICE}", annotations.key(&key).path()));
    }
    let key = format!("{}{name}", app_armor::KEY_PREFIX);
    if template && !security.has("appArmorProfile") && annotations.has(&key) {
        let of_pod = pod.value().at(&["spec", "securityContext", "appArmorProfile"]);
        if of_pod.is_null() || app_armor::profile(annotations.text(&key)).as_ref() != Some(of_pod) {
            let advice = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
            texts.push(format!("{}: {advice}", annotations.key(&key).path()));
        }
    }
}

/// Variables that hide an earlier one of the same name without using it.
fn variables(env: &Cursor, texts: &mut Vec<String>) {
    let mut seen = std::collections::BTreeSet::new();
    for variable in env.items() {
        let (name, value) = (variable.text("name"), variable.text("value"));
        if seen.insert(name) {
            continue;
        }
        let reference = format!("$({name})");
        let extends = value != reference && value.contains(&reference);
        if variable.has("valueFrom") || !extends {
            texts.push(format!(
                "{}: hides previous definition of {}, which may be dropped when using apply",
                variable.path(),
                go_quote(name)
            ));
        }
    }
}

/// A port and where it stands.
struct Port<'v> {
    path: field::Path,
    host_ip: &'v str,
    host_port: i64,
}

/// Ports of one number and protocol that meet.
pub(super) fn ports(spec: &Cursor, texts: &mut Vec<String>) {
    let mut known: BTreeMap<(i64, &str), Vec<Port>> = BTreeMap::new();
    for list in CONTAINER_LISTS {
        for container in spec.child(list).items() {
            for item in container.child("ports").items() {
                let port = Port {
                    path: item.path(),
                    host_ip: item.text("hostIP"),
                    host_port: item.child("hostPort").int(),
                };
                if !port.host_ip.is_empty() && port.host_port == 0 {
                    texts.push(format!("{}: hostIP set without hostPort: {}", port.path, go_port(&item)));
                }
                let others =
                    known.entry((item.child("containerPort").int(), item.text("protocol"))).or_default();
                texts.extend(others.iter().filter_map(|other| meeting(&port, other)));
                others.push(port);
            }
        }
    }
}

/// A port as Go prints the structure.
fn go_port(port: &Cursor) -> String {
    format!(
        "{{Name:{} HostPort:{} ContainerPort:{} Protocol:{} HostIP:{}}}",
        port.text("name"),
        port.child("hostPort").int(),
        port.child("containerPort").int(),
        port.text("protocol"),
        port.text("hostIP")
    )
}

/// How two ports of one number and protocol meet, if they do.
fn meeting(port: &Port, other: &Port) -> Option<String> {
    let same_port = port.host_port == other.host_port;
    let how = if same_port && port.host_ip == other.host_ip {
        "duplicate"
    } else if port.host_port == 0 || other.host_port == 0 {
        "overlapping"
    } else if same_port && port.host_ip.is_empty() != other.host_ip.is_empty() {
        "dangerously ambiguous"
    } else {
        return None;
    };
    Some(format!("{}: {how} port definition with {}", port.path, other.path))
}

/// Ports of different containers with one name.
pub(super) fn port_names(spec: &Cursor, texts: &mut Vec<String>) {
    let mut first: BTreeMap<&str, field::Path> = BTreeMap::new();
    for list in CONTAINER_LISTS {
        for container in spec.child(list).items() {
            for port in container.child("ports").items() {
                let name = port.text("name");
                match first.get(name) {
                    _ if name.is_empty() => {}
                    None => {
                        first.insert(name, port.path());
                    }
                    Some(other) => texts.push(format!(
                        "{}: duplicate port name {} with {other}, services and probes that select ports by name will use \
                         {other}",
                        port.path(),
                        go_quote(name)
                    )),
                }
            }
        }
    }
}
