//! A host and what of Kubernetes runs on it: where each part keeps its files.
//!
//! Entry point: [`Machine::all`].

use super::control_plane::{Program, command, etcd_flag};
use super::flags::Flags;
use super::host::{File, Host};
use super::kubelet::{Kubelet, POD_PATH};
use crate::input::Input;

/// A host with its kubelet, if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Machine<'a> {
    pub host: Host<'a>,
    pub kubelet: Option<Kubelet<'a>>,
    /// What static pods run.
    pub pods: Vec<StaticPod<'a>>,
}

/// A program that a static pod runs.
#[derive(Clone, Debug)]
pub(crate) struct StaticPod<'a> {
    pub path: &'a str,
    pub program: Program,
    pub words: Vec<String>,
}

/// Where kubeadm puts static pods, and where they are looked for when the kubelet does not say.
const MANIFESTS: &str = "/etc/kubernetes/manifests";

/// Where kubeadm keeps certificates and keys.
const PKI: &str = "/etc/kubernetes/pki";

/// Where etcd keeps its data when nobody says.
const ETCD_DATA: &str = "/var/lib/etcd";

impl<'a> Machine<'a> {
    /// Every host that was given.
    pub(crate) fn all(input: &'a Input) -> Vec<Self> {
        Host::all(input).into_iter().map(Self::of).collect()
    }

    fn of(host: Host<'a>) -> Self {
        let kubelet = Kubelet::on(&host);
        let mut machine = Self { host, kubelet, pods: Vec::new() };
        let directory = machine.manifests();
        machine.pods = machine.host.below(&directory).flat_map(|file| pods(&file)).collect();
        machine
    }

    /// The directory of static pods.
    pub(crate) fn manifests(&self) -> String {
        let said = self.kubelet.as_ref().and_then(|kubelet| kubelet.text(&POD_PATH).ok());
        said.filter(|path| !path.is_empty()).unwrap_or(MANIFESTS).to_owned()
    }

    /// The file of a static pod: one whose name is the component's, whatever follows the `.`, or one that runs it.
    pub(crate) fn manifest(&self, component: &str) -> Option<&'a str> {
        let directory = self.manifests();
        let named = self.host.below(&directory).find(|file| stem(file.base_name()) == component);
        let runs = || self.pods.iter().find(|pod| pod.program.name() == component);
        named.map(|file| file.path).or_else(|| runs().map(|pod| pod.path))
    }

    /// The flags of a part of the control plane: of the running program, else of its static pod.
    pub(crate) fn flags(&self, component: &str) -> Option<Flags<'_>> {
        let pod = || self.pods.iter().find(|pod| pod.program.name() == component);
        let of_pod = || pod().map(|pod| Flags::parse(pod.words.iter().map(String::as_str)));
        self.host.flags(component).or_else(of_pod)
    }

    /// A flag of a part of the control plane, when it says something.
    pub(crate) fn flag(&self, component: &str, name: &str) -> Option<String> {
        let flags = self.flags(component)?;
        flags.last(name).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Where etcd keeps its data, if it runs here: what its file says, its flags, or its environment.
    pub(crate) fn etcd_data(&self) -> Option<String> {
        let flags = self.flags("etcd");
        let flag = |name| flags.as_ref().and_then(|flags| flags.last(name)).map(str::to_owned);
        let variable = |flag: &str| {
            let mut all = self.host.processes("etcd").filter_map(|process| process.environment.as_object());
            let (_, value) =
                all.find_map(|v| v.iter().find(|(n, _)| etcd_flag(n).as_deref() == Some(flag)))?;
            value.as_str().map(str::to_owned)
        };
        let there = flags.is_some() || self.host.file(ETCD_DATA).is_some();
        let said = match flag("config-file").or_else(|| variable("config-file")) {
            Some(path) => {
                let parsed = codec::yaml::parse(self.host.content(&path)?.as_bytes()).ok()?;
                Some(parsed.value.str_at(&["data-dir"]).to_owned()).filter(|path| !path.is_empty())
            }
            None => flag("data-dir").or_else(|| variable("data-dir")),
        };
        said.or_else(|| there.then(|| ETCD_DATA.to_owned()))
    }

    /// True for a static pod, and for a member inside another program: neither has a user of its own.
    pub(crate) fn runs_etcd_as_root(&self) -> bool {
        self.manifest("etcd").is_some() || self.host.processes("etcd").any(|process| process.is_inside)
    }

    /// The directories of certificates and keys.
    pub(crate) fn pki(&self) -> Vec<String> {
        let named = ["tls-cert-file", "client-ca-file"].into_iter();
        let named = named.filter_map(|flag| self.flag("kube-apiserver", flag));
        let mut all: Vec<_> = named
            .filter_map(|path| Some(path.rsplit_once('/')?.0.to_owned()))
            .filter(|d| !d.is_empty())
            .collect();
        all.retain(|directory| directory != PKI && !directory.starts_with("/etc/ssl"));
        all.push(PKI.to_owned());
        all.sort();
        all.dedup();
        all
    }
}

/// A file's name up to its first `.`.
fn stem(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// What a static pod runs.
fn pods<'a>(file: &File<'a>) -> Vec<StaticPod<'a>> {
    let parsed = file.content.and_then(|text| codec::yaml::parse(text.as_bytes()).ok());
    let pod = parsed.map(|parsed| parsed.value).unwrap_or_default();
    let containers = pod.array_at(&["spec", "containers"]).iter().filter_map(command);
    containers.map(|(program, words)| StaticPod { path: file.path, program, words }).collect()
}
