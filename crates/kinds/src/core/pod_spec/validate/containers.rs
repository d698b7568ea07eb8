//! The containers of a pod: main, init and ephemeral ones.
//!
//! Entry point: [`all`].

use std::collections::BTreeSet;

use api::field::Errors;

use super::super::resources::is_sidecar;
use super::{Facts, env, mounts, probes, requirements, security};
use crate::{Cursor, names};

/// All failures of the three lists of containers.
pub(super) fn all(spec: &Cursor, facts: &Facts, errors: &mut Errors) {
    main(&spec.child("containers"), facts, errors);
    init(&spec.child("initContainers"), facts, errors);
    ephemeral(&spec.child("ephemeralContainers"), facts, errors);
}

fn main(containers: &Cursor, facts: &Facts, errors: &mut Errors) {
    if containers.is_empty() {
        return containers.required(errors, "");
    }
    let mut seen = BTreeSet::new();
    for container in containers.items() {
        common(&container, facts, errors);
        if !seen.insert(container.text("name")) {
            container.child("name").duplicate(errors);
        }
        probes::all(&container, facts, errors);
        restart_policy(&container, errors);
    }
    host_ports(containers, errors);
}

fn init(containers: &Cursor, facts: &Facts, errors: &mut Errors) {
    let mut seen: BTreeSet<&str> = names_of(facts, "containers").collect();
    for container in containers.items() {
        common(&container, facts, errors);
        if container.has("restartPolicy") {
            restart_policy(&container, errors);
        } else if !container.child("restartPolicyRules").is_empty() {
            let why = "must specify restartPolicy when restart rules are used";
            container.child("restartPolicy").required(errors, why);
        }
        let name = container.text("name");
        if seen.contains(name) {
            container.child("name").duplicate(errors);
        } else if !name.is_empty() {
            seen.insert(name);
        }
        host_ports_alone(&container, containers, errors);
        if is_sidecar(container.value()) {
            probes::all(&container, facts, errors);
        } else {
            no_probes(&container, errors);
            no_restart_on_resize(&container, facts, errors);
        }
    }
}

fn names_of<'a>(facts: &'a Facts, list: &str) -> impl Iterator<Item = &'a str> {
    facts.spec.array_at(&[list]).iter().map(|container| container.str_at(&["name"]))
}

fn no_probes(container: &Cursor, errors: &mut Errors) {
    for name in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
        if container.has(name) {
            let why = "may not be set for init containers without restartPolicy=Always";
            container.child(name).forbidden(errors, why);
        }
    }
}

fn no_restart_on_resize(container: &Cursor, facts: &Facts, errors: &mut Errors) {
    if facts.options.lax_init_resize {
        return;
    }
    for policy in container.child("resizePolicy").items() {
        let restart = policy.child("restartPolicy");
        if restart.str() == "RestartContainer" {
            let why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
            restart.bad(errors, restart.str(), why);
        }
    }
}

/// Members that ephemeral containers may not have, in upstream's order.
const NOT_EPHEMERAL: [&str; 9] = [
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

fn ephemeral(containers: &Cursor, facts: &Facts, errors: &mut Errors) {
    let others: BTreeSet<&str> =
        names_of(facts, "containers").chain(names_of(facts, "initContainers")).collect();
    let mut seen = others.clone();
    for container in containers.items() {
        common(&container, facts, errors);
        image_of_pod(&container, errors);
        if !seen.insert(container.text("name")) {
            container.child("name").duplicate(errors);
        }
        let target = container.child("targetContainerName");
        if !target.is_empty() && !others.contains(target.str()) {
            target.not_found(errors);
        }
        let why = "cannot be set for an Ephemeral Container";
        for name in NOT_EPHEMERAL {
            let member = container.child(name);
            let empty = name == "resources" && member.is_empty();
            if member.is_set() && !empty {
                member.forbidden(errors, why);
            }
        }
        for mount in container.child("volumeMounts").items() {
            for name in ["subPath", "subPathExpr"] {
                if !mount.text(name).is_empty() {
                    mount.child(name).forbidden(errors, why);
                }
            }
        }
    }
}

/// Reports blanks around the image name, which templates may have.
pub(crate) fn image_of_pod(container: &Cursor, errors: &mut Errors) {
    let image = container.child("image");
    if image.str().trim() != image.str() {
        image.bad(errors, image.str(), "must not have leading or trailing whitespace");
    }
}

fn common(container: &Cursor, facts: &Facts, errors: &mut Errors) {
    let name = container.child("name");
    if name.is_empty() {
        name.required(errors, "");
    } else {
        name.faults(errors, &names::dns1123_label(name.str()));
    }
    container.require(errors, &["image"]);
    let policy = container.child("terminationMessagePolicy");
    if policy.is_empty() {
        policy.required(errors, "");
    } else {
        policy.one_of(errors, &["File", "FallbackToLogsOnError"]);
    }
    ports(&container.child("ports"), errors);
    env::variables(&container.child("env"), errors);
    env::sources(&container.child("envFrom"), errors);
    mounts::mounts(container, facts, errors);
    mounts::devices(container, facts, errors);
    pull_policy(&container.child("imagePullPolicy"), errors);
    let claims: Vec<&str> = facts.claims().collect();
    requirements::container_resources(&container.child("resources"), &claims, facts.options, errors);
    resize_policy(&container.child("resizePolicy"), facts, errors);
    security::of_container(&container.child("securityContext"), facts, errors);
}

fn ports(ports: &Cursor, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        let name = port.child("name");
        let faults = if name.is_empty() { Vec::new() } else { names::port_name(name.str()) };
        name.faults(errors, &faults);
        if faults.is_empty() && !name.is_empty() && !seen.insert(name.str()) {
            name.duplicate(errors);
        }
        let number = port.child("containerPort");
        if number.int() == 0 {
            number.required(errors, "");
        } else {
            number.number_faults(errors, &names::port_number(number.int()));
        }
        let host = port.child("hostPort");
        if host.int() != 0 {
            host.number_faults(errors, &names::port_number(host.int()));
        }
        let protocol = port.child("protocol");
        if protocol.is_empty() {
            protocol.required(errors, "");
        } else {
            protocol.one_of(errors, &["SCTP", "TCP", "UDP"]);
        }
    }
}

/// Main containers run together, so their host ports must differ.
fn host_ports(containers: &Cursor, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for container in containers.items() {
        unique_host_ports(&container, &mut seen, errors);
    }
}

/// Init containers run one by one; upstream reports the conflicts of each as if it were the first.
fn host_ports_alone(container: &Cursor, containers: &Cursor, errors: &mut Errors) {
    let path = containers.path().index(0).to_string();
    unique_host_ports(&Cursor::at(&path, container.value()), &mut BTreeSet::new(), errors);
}

fn unique_host_ports(container: &Cursor, seen: &mut BTreeSet<String>, errors: &mut Errors) {
    for port in container.child("ports").items() {
        let host = port.child("hostPort");
        if host.int() == 0 {
            continue;
        }
        let key = format!("{}/{}/{}", port.text("protocol"), port.text("hostIP"), host.int());
        if seen.contains(&key) {
            errors.duplicate(&host.path(), &key.as_str().into());
        }
        seen.insert(key);
    }
}

/// When an image is pulled.
pub(super) fn pull_policy(policy: &Cursor, errors: &mut Errors) {
    if policy.is_empty() {
        policy.required(errors, "");
    } else {
        policy.one_of(errors, &["Always", "IfNotPresent", "Never"]);
    }
}

/// Failures stand at the list, as upstream has it.
fn resize_policy(policies: &Cursor, facts: &Facts, errors: &mut Errors) {
    let never = facts.spec.str_at(&["restartPolicy"]) == "Never";
    let mut seen = BTreeSet::new();
    for policy in policies.items() {
        let (resource, restart) = (policy.text("resourceName"), policy.text("restartPolicy"));
        if !seen.insert(resource) {
            errors.duplicate(&policy.path(), &resource.into());
        }
        let closed = [(resource, ["cpu", "memory"]), (restart, ["NotRequired", "RestartContainer"])];
        for (value, allowed) in closed {
            if value.is_empty() {
                policies.required(errors, "");
            } else if !allowed.contains(&value) {
                errors.not_supported(&policies.path(), &value.into(), &allowed);
            }
        }
        if never && restart != "NotRequired" {
            policies.bad(errors, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
        }
    }
}

/// Most rules of a container, and most exit codes of a rule.
const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;

/// Whether and when the container alone is started again (KEP-5307, KEP-5532).
fn restart_policy(container: &Cursor, errors: &mut Errors) {
    let (policy, rules) = (container.child("restartPolicy"), container.child("restartPolicyRules"));
    if policy.is_set() {
        policy.one_of(errors, &["Always", "Never", "OnFailure"]);
    } else if !rules.is_empty() {
        policy.required(errors, "must specify restartPolicy when restart rules are used");
    }
    if rules.len() > RULES_MAX {
        errors.too_many(&rules.path(), rules.len(), RULES_MAX);
    }
    for rule in rules.items() {
        rule.child("action").one_of(errors, &["Restart", "RestartAllContainers"]);
        let codes = rule.child("exitCodes");
        if !codes.is_set() {
            codes.required(errors, "must be specified");
            continue;
        }
        codes.child("operator").one_of(errors, &["In", "NotIn"]);
        let values = codes.child("values");
        if values.len() > EXIT_CODES_MAX {
            errors.too_many(&values.path(), values.len(), EXIT_CODES_MAX);
        }
    }
}
