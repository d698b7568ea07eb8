//! Programs of Kubernetes that run on a host, with the command lines by which they do.
//!
//! Entry point: [`Programs::of`].

use api::{Value, object};

use super::root::Root;
use super::{k3s, microk8s, redact};

/// The most processes that are looked at.
const MOST_PROCESSES: usize = 100_000;

/// Programs whose command lines are told.
const PROGRAMS: &[&str] = &[
    "kubelet",
    "kube-proxy",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "cloud-controller-manager",
    "etcd",
    "containerd",
    "dockerd",
    "crio",
    "cri-dockerd",
    k3s::NAME,
    "rke2",
    microk8s::NAME,
];

/// What etcd reads from its environment begins so.
const ETCD: &str = "ETCD_";

/// What a check asks for when it has to know the environment.
const ENVIRONMENT: &str = "environment of etcd";

/// A program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Program {
    pub name: String,
    /// Its command line, its own name first.
    pub args: Vec<String>,
    /// The variables that it goes by: etcd's.
    pub environment: Vec<(String, String)>,
    /// The program that has it inside, `""` for none.
    pub within: &'static str,
}

/// What runs on a host.
pub(super) struct Programs {
    /// Those that are told.
    pub told: Vec<Program>,
    /// The names of all.
    pub running: Vec<String>,
}

impl Program {
    /// One that runs inside another.
    pub(super) fn inside(within: &'static str, name: &str, flags: impl IntoIterator<Item = String>) -> Self {
        let args = std::iter::once(name.to_owned()).chain(flags).collect();
        Self { name: name.to_owned(), args, environment: Vec::new(), within }
    }

    /// Its flags, those of the environment too: `ETCD_CONFIG_FILE` stands for `--config-file`.
    pub(super) fn words(&self) -> Vec<String> {
        let variable = |(name, value): &(String, String)| {
            let flag = name.strip_prefix(ETCD).unwrap_or(name).to_ascii_lowercase().replace('_', "-");
            format!("--{flag}={value}")
        };
        let flags = self.args.iter().skip(1).cloned();
        self.environment.iter().map(variable).chain(flags).collect()
    }

    fn told(&self) -> Value {
        let args: Vec<_> = redact::args(&self.args).iter().map(|word| Value::from(word.as_str())).collect();
        let mut told = object! { "name" => self.name.as_str(), "args" => args };
        if !self.within.is_empty() {
            told.set_at(&["within"], self.within);
        }
        if !self.environment.is_empty() {
            let mut all = Value::object();
            for (name, value) in &self.environment {
                all.set_at(&[name], redact::variable(name, value).as_str());
            }
            told.set_at(&["environment"], all);
        }
        told
    }
}

impl Programs {
    /// Everything that runs.
    pub(super) fn of(root: &mut Root) -> Self {
        let is_process = |name: &String| name.bytes().all(|b| b.is_ascii_digit());
        let ids: Vec<_> = root.list_all("/proc", MOST_PROCESSES).into_iter().filter(is_process).collect();
        let mut all = Self { told: Vec::new(), running: Vec::new() };
        let mut hidden = 0;
        for id in &ids {
            match root.peek(&format!("/proc/{id}/cmdline")) {
                Ok(bytes) => all.add(root, id, &bytes),
                Err(why) if why.kind() == std::io::ErrorKind::PermissionDenied => hidden += 1,
                // A process may be gone by now.
                Err(_) => {}
            }
        }
        // The first process of a host is not one of a container; who sees that one sees all.
        if !ids.iter().any(|id| id == "1") || all.running.is_empty() {
            root.lack(
                "processes",
                "the host's processes are not there",
                "mount the host's /proc below --root",
            );
        } else if hidden > 0 {
            let why = format!("the command lines of {hidden} processes cannot be read");
            root.lack("processes", why, "run as root");
        }
        let found: Vec<_> = all.told.iter().flat_map(|program| inside(root, program)).collect();
        all.told.extend(found);
        all.told.sort();
        all.told.dedup();
        all
    }

    /// What is told of them.
    pub(super) fn facts(&self) -> Vec<Value> {
        self.told.iter().map(Program::told).collect()
    }

    fn add(&mut self, root: &mut Root, id: &str, command: &[u8]) {
        let text = String::from_utf8_lossy(command);
        let args: Vec<_> = text.trim_end_matches('\0').split('\0').map(str::to_owned).collect();
        // Some write one text over their command line, such as `/usr/local/bin/k3s server`.
        let first = args.first().and_then(|word| word.split_ascii_whitespace().next()).unwrap_or("");
        let name = first.rsplit('/').next().unwrap_or("").to_owned();
        if name.is_empty() {
            return;
        }
        if PROGRAMS.contains(&name.as_str()) {
            let environment = if name == "etcd" { environment(root, id) } else { Vec::new() };
            self.told.push(Program { name: name.clone(), args, environment, within: "" });
        }
        self.running.push(name);
    }
}

/// What a program has inside.
fn inside(root: &mut Root, program: &Program) -> Vec<Program> {
    match program.name.as_str() {
        k3s::NAME => k3s::programs(root, &program.args),
        microk8s::NAME => microk8s::programs(root, &program.args),
        _ => Vec::new(),
    }
}

fn environment(root: &mut Root, id: &str) -> Vec<(String, String)> {
    let bytes = match root.peek(&format!("/proc/{id}/environ")) {
        Ok(bytes) => bytes,
        Err(why) => {
            let why = match why.kind() {
                std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
                _ => why.to_string(),
            };
            root.lack(ENVIRONMENT, why, "run as root");
            return Vec::new();
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let variables = text.split('\0').filter_map(|variable| variable.split_once('='));
    let mut all: Vec<_> = variables
        .filter(|(name, _)| name.starts_with(ETCD))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    all.sort();
    all
}
