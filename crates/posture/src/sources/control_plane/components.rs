//! Components in pods and among the processes of hosts.

use std::collections::BTreeSet;

use api::Value;

use super::argv::{self, Word};
use super::flags::{Flag, Flags};
use super::{Component, Program};
use crate::catalogue::Kind;
use crate::document::Document;
use crate::finding::Place;
use crate::image::Image;
use crate::input::Input;
use crate::releases::parse_version;
use crate::sources::machine::{Machine, StaticPod};
use crate::workload::{Container, Workload, Workloads};

/// The namespace of the cluster's own pods.
const SYSTEM: &str = "kube-system";

/// The components in pods.
pub(super) fn of_workloads<'a>(workloads: &Workloads<'a>) -> Vec<Component<'a>> {
    let mut found: Vec<(Workload<'a>, Component<'a>)> = Vec::new();
    for workload in &workloads.0 {
        for container in workload.containers().filter(|c| c.list == "containers") {
            found.extend(of_container(workload, &container).map(|component| (*workload, component)));
        }
    }
    let servers = found.iter().filter(|(_, component)| component.program == Program::ApiServer);
    let namespaces: BTreeSet<&str> = servers.map(|(workload, _)| workload.object.namespace()).collect();
    // etcd serves others too: an application's own is no part of the control plane.
    let belongs = |workload: &Workload<'_>| {
        let namespace = workload.object.namespace();
        namespace == SYSTEM
            || namespaces.contains(namespace)
            || workload.label("tier") == Some("control-plane")
            || workload.spec().at(&["hostNetwork"]).as_bool() == Some(true)
    };
    let kept = found.into_iter().filter(|(w, c)| c.program != Program::Etcd || belongs(w));
    kept.map(|(_, component)| component).collect()
}

/// The components among the processes of hosts.
pub(super) fn of_hosts(input: &Input) -> Vec<Component<'_>> {
    let hosts = input.of_kind(Kind::Host);
    let processes = hosts.flat_map(|host| host.value.array_at(&["processes"]).iter().map(move |p| (host, p)));
    let component = |(host, process): (_, &Value)| {
        let host: &Document = host;
        let field = |i: usize| format!("args[{i}]");
        let words = process.array_at(&["args"]).iter().enumerate();
        let words = words.map(|(i, w)| Word { text: w.as_str().unwrap_or("").to_owned(), field: field(i) });
        let words: Vec<Word> = words.collect();
        // A process is what its first word names; the shell that started it has a process of its own.
        let (first, rest) = words.split_first()?;
        let program = Program::of_path(&first.text)?;
        let name = host.value.str_at(&["metadata", "name"]);
        let mut flags = Flags::parse(rest);
        let mut missing = None;
        if program == Program::Etcd {
            flags = flags.with_environment(variables(process));
            missing = unknown_environment(host, &flags);
        }
        Some(Component {
            program,
            flags,
            version: parse_version(process.str_at(&["version"])),
            host: name,
            place: Place::named("Process", format!("{} ({name})", program.name()), &host.origin),
            field: "args".to_owned(),
            mounts: Vec::new(),
            missing,
            is_manifest: false,
        })
    };
    processes.filter_map(component).collect()
}

/// The components that manifests on hosts tell of, whether they run or not.
pub(super) fn of_static_pods<'a>(machines: &[Machine<'a>]) -> Vec<Component<'a>> {
    let pods = machines.iter().flat_map(|machine| machine.pods.iter().map(move |pod| (machine, pod)));
    let component = |(machine, pod): (&Machine<'a>, &StaticPod<'a>)| {
        let field = "spec.containers.command".to_owned();
        let words: Vec<_> =
            pod.words.iter().map(|text| Word { text: text.clone(), field: field.clone() }).collect();
        Component {
            program: pod.program,
            flags: Flags::parse(&words),
            version: None,
            host: machine.host.at(&["metadata", "name"]).as_str().unwrap_or(""),
            place: machine.host.place("File", pod.path),
            field,
            mounts: Vec::new(),
            missing: None,
            is_manifest: true,
        }
    };
    pods.map(component).collect()
}

/// Almost no container runs one: those that never speak of one are passed over at once.
fn mentions_one(container: &Container<'_>) -> bool {
    let words = ["command", "args"].into_iter().flat_map(|member| container.value.array_at(&[member]));
    let image = std::iter::once(container.value.str_at(&["image"]));
    let mut texts = words.filter_map(Value::as_str).chain(image);
    texts.any(|text| Program::ALL.iter().any(|program| text.contains(program.name())))
}

fn of_container<'a>(workload: &Workload<'a>, container: &Container<'a>) -> Option<Component<'a>> {
    if !mentions_one(container) {
        return None;
    }
    let environment = container.value.array_at(&["env"]);
    let words = ["command", "args"].into_iter().flat_map(|member| {
        let items = container.value.array_at(&[member]).iter().enumerate();
        items.map(move |(i, item)| {
            let text = argv::expand(item.as_str().unwrap_or(""), environment);
            Word { text, field: workload.field(&container.field(&format!("{member}[{i}]"))) }
        })
    });
    let words: Vec<Word> = words.collect();
    let image = Image::parse(container.value.str_at(&["image"]));
    let (program, words) = argv::program(&words).or_else(|| {
        // Flags alone go to the program of the image.
        let flags_alone = words.first().is_none_or(|word| word.text.starts_with('-'));
        let program = image.as_ref().and_then(|image| Program::of_path(&image.repository));
        program.filter(|_| flags_alone).map(|program| (program, words.clone()))
    })?;
    let mut flags = Flags::parse(&words);
    if program == Program::Etcd {
        flags = flags.with_environment(etcd_environment(workload, container, environment));
    }
    let member = if container.value.array_at(&["command"]).is_empty() { "args" } else { "command" };
    Some(Component {
        program,
        flags,
        version: image.and_then(|image| parse_version(image.tag?)).filter(|_| program != Program::Etcd),
        host: workload.spec().str_at(&["nodeName"]),
        place: workload.object.into(),
        field: workload.field(&container.field(member)),
        mounts: mounts(workload, container),
        missing: None,
        is_manifest: false,
    })
}

/// `ETCD_CERT_FILE` stands for `--cert-file`.
pub(crate) fn etcd_flag(variable: &str) -> Option<String> {
    Some(variable.strip_prefix("ETCD_")?.to_ascii_lowercase().replace('_', "-"))
}

fn etcd_environment(workload: &Workload<'_>, container: &Container<'_>, environment: &[Value]) -> Vec<Flag> {
    let flag = |(i, variable): (usize, &Value)| {
        let name = etcd_flag(variable.str_at(&["name"]))?;
        let value = argv::expand(variable.get("value")?.as_str()?, environment);
        Some(Flag { name, value, field: workload.field(&container.field(&format!("env[{i}]"))) })
    };
    environment.iter().enumerate().filter_map(flag).collect()
}

/// The variables of a process.
fn variables(process: &Value) -> Vec<Flag> {
    let all = process.at(&["environment"]).as_object();
    let flag = |(variable, value): (&str, &Value)| {
        let (name, value) = (etcd_flag(variable)?, value.as_str()?.to_owned());
        Some(Flag { name, value, field: format!("environment.{variable}") })
    };
    all.into_iter().flat_map(|all| all.iter()).filter_map(flag).collect()
}

/// The variables, when nobody could read them and the flags leave it to them how etcd is reached.
fn unknown_environment(host: &Document, flags: &Flags) -> Option<String> {
    const ENVIRONMENT: &str = "environment of etcd";
    let mut gaps = host.value.array_at(&["missing"]).iter();
    let unknown = gaps.any(|gap| gap.str_at(&["what"]) == ENVIRONMENT);
    let told = ["cert-file", "config-file", "listen-client-urls"].iter().any(|flag| flags.has(flag));
    (unknown && !told).then(|| "/proc/PID/environ".to_owned())
}

/// The files of the host that a container sees, and under which paths.
fn mounts<'a>(workload: &Workload<'a>, container: &Container<'a>) -> Vec<(&'a str, &'a str)> {
    let mount = |mount: &'a Value| {
        let name = mount.str_at(&["name"]);
        let (_, volume) = workload.volumes().find(|(_, volume)| volume.str_at(&["name"]) == name)?;
        let path = volume.at(&["hostPath", "path"]).as_str()?;
        // What is below a part of a volume is not where its name says.
        mount.str_at(&["subPath"]).is_empty().then(|| (mount.str_at(&["mountPath"]), path))
    };
    container.value.array_at(&["volumeMounts"]).iter().filter_map(mount).collect()
}
