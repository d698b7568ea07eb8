//! The control plane: its components' flags, and the configuration files that they name.
//!
//! Entry point: [`ControlPlane::of`].  Components are found by the program they run: in pods (static pod manifests, mirror
//! pods, hosted control planes) and among the processes of hosts.

mod argv;
mod components;
mod files;
mod flags;

use api::Value;

use crate::catalogue::Kind;
use crate::finding::Place;
use crate::input::Input;
use crate::releases::Release;
use crate::scan::Scan;
use crate::sources::machine::Machine;
use crate::workload::Workloads;

pub(crate) use components::etcd_flag;
pub(crate) use files::{File, Files, beside};
pub(crate) use flags::Flags;

/// A program of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Program {
    ApiServer,
    ControllerManager,
    Scheduler,
    Etcd,
}

/// One running program.
#[derive(Clone, Debug)]
pub(crate) struct Component<'a> {
    pub program: Program,
    pub flags: Flags,
    /// Its version, when the image says.
    pub version: Option<Release>,
    /// The host it runs on, `""` when nobody says.
    pub host: &'a str,
    /// What a finding is about.
    pub place: Place,
    /// Where its command line stands in that.
    pub field: String,
    /// Mounts of the host's files: the path in the container, the path on the host.
    mounts: Vec<(&'a str, &'a str)>,
    /// What replaces the flags, and was not given: a file, or the environment.
    pub missing: Option<String>,
    /// It is a manifest on a host: what runs there tells better.
    is_manifest: bool,
}

/// What is known of the control plane.
#[derive(Debug)]
pub(crate) struct ControlPlane<'a> {
    pub components: Vec<Component<'a>>,
    pub files: Files<'a>,
}

impl Program {
    pub(crate) const ALL: [Self; 4] = [Self::ApiServer, Self::ControllerManager, Self::Scheduler, Self::Etcd];

    /// The name of its executable.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Etcd => "etcd",
        }
    }

    fn of_path(path: &str) -> Option<Self> {
        let base = path.rsplit('/').next().unwrap_or(path);
        Self::ALL.into_iter().find(|program| program.name() == base)
    }
}

impl<'a> ControlPlane<'a> {
    /// Everything that was given of it.
    pub(crate) fn of(scan: &Scan<'a>) -> Self {
        Self::gather(scan.input, &scan.workloads)
    }

    fn gather(input: &'a Input, workloads: &Workloads<'a>) -> Self {
        let files = Files::of(input);
        let mut components = components::of_workloads(workloads);
        let machines = Machine::all(input);
        for process in components::of_hosts(input).into_iter().chain(components::of_static_pods(&machines)) {
            // A pod of that host has told already.
            let told = |c: &Component<'_>| {
                let runs = process.is_manifest && c.host == process.host;
                c.program == process.program && (runs || c.flags.same(&process.flags))
            };
            if !components.iter().any(told) {
                components.push(process);
            }
        }
        components.iter_mut().for_each(|component| component.read_configuration(&files));
        Self { components, files }
    }

    /// The components that run a program.
    pub(crate) fn all(&self, program: Program) -> impl Iterator<Item = &Component<'a>> {
        self.components.iter().filter(move |component| component.program == program)
    }

    /// The file that a component calls `path`.
    pub(crate) fn file(&self, component: &Component<'_>, path: &str) -> Option<File<'a>> {
        self.files.find(&component.on_host(path), component.host)
    }

    /// Configuration documents of a kind that no component names by a flag: given by themselves.
    pub(crate) fn strays(&self, input: &'a Input, kind: &str, flag: &str) -> Vec<File<'a>> {
        let named: Vec<_> = self.components.iter().filter_map(|c| self.file(c, c.flags.text(flag))).collect();
        let of_kind = input.of_kind(Kind::ControlPlane).filter(|d| d.value.str_at(&["kind"]) == kind);
        of_kind.filter(|d| !named.iter().any(|file| file.holds(d))).map(File::of).collect()
    }
}

impl Component<'_> {
    /// The path on the host of what the component calls `path`.
    pub(crate) fn on_host(&self, path: &str) -> String {
        let within = |(inside, outside): &(&str, &str)| {
            let rest = path.strip_prefix(inside.trim_end_matches('/'))?;
            let fits = rest.is_empty() || rest.starts_with('/');
            fits.then(|| (inside.len(), format!("{}{rest}", outside.trim_end_matches('/'))))
        };
        let longest = self.mounts.iter().filter_map(within).max();
        longest.map_or_else(|| path.to_owned(), |(_, path)| path)
    }

    /// True when it is at least of that minor release; when nobody says, it is taken for a recent one.
    pub(crate) fn since(&self, minor: u32) -> bool {
        self.version.is_none_or(|version| version >= Release::minor(minor))
    }

    /// A file that stands for flags: etcd's `--config-file` replaces them and its environment, OpenShift's adds to them.
    fn read_configuration(&mut self, files: &Files<'_>) {
        let flag = if self.program == Program::Etcd { "config-file" } else { "openshift-config" };
        let path = self.flags.text(flag).to_owned();
        if path.is_empty() {
            return;
        }
        let value = files.find(&self.on_host(&path), self.host).and_then(|file| file.value());
        match (value, self.program) {
            (None, _) => self.missing = Some(path),
            (Some(value), Program::Etcd) => self.flags = Flags::of_etcd_file(&value, &path),
            (Some(value), _) => self.flags.add_arguments(&value, &path),
        }
    }
}

/// The program that a container of a pod runs, and the words behind its name; etcd's variables as flags before them.
pub(crate) fn command(container: &Value) -> Option<(Program, Vec<String>)> {
    let words = ["command", "args"].into_iter().flat_map(|list| container.array_at(&[list]));
    let word = |text: &str| argv::Word { text: text.to_owned(), field: String::new() };
    let words: Vec<_> = words.filter_map(Value::as_str).map(word).collect();
    let (program, words) = argv::program(&words)?;
    let variable = |variable: &Value| {
        let flag = etcd_flag(variable.str_at(&["name"]))?;
        Some(format!("--{flag}={}", variable.get("value")?.as_str()?))
    };
    let environment = container.array_at(&["env"]).iter().filter_map(variable);
    let environment = environment.filter(|_| program == Program::Etcd);
    Some((program, environment.chain(words.into_iter().map(|word| word.text)).collect()))
}

/// Paths on hosts of the files that the flags of the control plane name, and that those files name, as far as they tell
/// how the control plane is set up: no keys and no tokens.  What was given already is not among them.
pub fn files_named(input: &Input) -> Vec<String> {
    let plane = ControlPlane::gather(input, &Workloads::of(&input.objects));
    let mut paths: Vec<String> = plane.components.iter().flat_map(|c| files::named(&plane, c)).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests;
