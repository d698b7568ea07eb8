//! The kubelet, which probes pods, must not be sent to hosts that the pod chooses (KEP-4940).

use api::Value;

use super::Violation;
use super::text::{self, Values};
use crate::pod_security::pod::{Pod, name};

/// Whatever has a handler.
const HANDLERS: [&[&str]; 5] = [
    &["livenessProbe"],
    &["readinessProbe"],
    &["startupProbe"],
    &["lifecycle", "postStart"],
    &["lifecycle", "preStop"],
];

pub(super) fn check(pod: &Pod<'_>) -> Option<Violation> {
    let (mut names, mut hosts) = (Values::new(), Values::new());
    for container in pod.containers() {
        let chosen: Vec<_> = chosen(container).collect();
        if !chosen.is_empty() {
            names.insert(name(container));
            hosts.extend(chosen);
        }
    }
    if names.is_empty() {
        return None;
    }
    let names: Vec<_> = names.into_iter().collect();
    let detail = format!(
        "{} {} {} {}",
        text::containers(&names),
        text::plural(names.len(), "uses", "use"),
        text::plural(hosts.len(), "probe or lifecycle host", "probe or lifecycle hosts"),
        text::quoted(hosts)
    );
    Violation::some("probe or lifecycle host", detail)
}

fn chosen(container: &Value) -> impl Iterator<Item = &str> {
    let handlers = HANDLERS.iter().map(|path| container.at(path));
    let hosts =
        handlers.flat_map(|handler| ["httpGet", "tcpSocket"].map(|kind| handler.str_at(&[kind, "host"])));
    hosts.filter(|host| !host.is_empty())
}
