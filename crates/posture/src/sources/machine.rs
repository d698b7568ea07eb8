//! A host and what of Kubernetes runs on it: where each part keeps its files.
//!
//! Entry point: [`Machine::all`].

use api::Value;

use super::flags::Flags;
use super::host::Host;
use super::kubelet::{Kubelet, POD_PATH};
use crate::input::Input;

/// A host with its kubelet, if it has one.
#[derive(Clone, Debug)]
pub(crate) struct Machine<'a> {
    pub host: Host<'a>,
    pub kubelet: Option<Kubelet<'a>>,
    /// Commands of static pods, by the name of their file.
    commands: Vec<(&'a str, Vec<String>)>,
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
        let mut machine = Self { host, kubelet, commands: Vec::new() };
        let directory = machine.manifests();
        let files = machine.host.below(&directory);
        machine.commands = files.filter_map(|f| Some((stem(f.base_name()), command(f.content?)?))).collect();
        machine
    }

    /// The directory of static pods.
    pub(crate) fn manifests(&self) -> String {
        let said = self.kubelet.as_ref().and_then(|kubelet| kubelet.text(&POD_PATH).ok());
        said.filter(|path| !path.is_empty()).unwrap_or(MANIFESTS).to_owned()
    }

    /// The file of a static pod: one whose name is the component's, whatever follows the `.`.
    pub(crate) fn manifest(&self, component: &str) -> Option<&'a str> {
        let directory = self.manifests();
        self.host.below(&directory).find(|file| stem(file.base_name()) == component).map(|file| file.path)
    }

    /// The flags of a part of the control plane: of the running program, else of its static pod.
    pub(crate) fn flags(&self, component: &str) -> Option<Flags<'_>> {
        let pod = || self.commands.iter().find(|(name, _)| *name == component);
        let of_pod = || pod().map(|(_, words)| Flags::parse(words.iter().map(String::as_str)));
        self.host.flags(component).or_else(of_pod)
    }

    /// A flag of a part of the control plane, when it says something.
    pub(crate) fn flag(&self, component: &str, name: &str) -> Option<String> {
        let flags = self.flags(component)?;
        flags.last(name).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// Where etcd keeps its data, if it runs here.
    pub(crate) fn etcd_data(&self) -> Option<String> {
        let flags = self.flags("etcd");
        let said = flags.as_ref().and_then(|flags| flags.last("data-dir")).map(str::to_owned);
        let there = flags.is_some() || self.host.file(ETCD_DATA).is_some();
        said.or_else(|| there.then(|| ETCD_DATA.to_owned()))
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

/// The command of a pod's first container, with its arguments.
fn command(text: &str) -> Option<Vec<String>> {
    let pod = codec::yaml::parse(text.as_bytes()).ok()?.value;
    let container = pod.array_at(&["spec", "containers"]).first()?;
    let words = ["command", "args"].into_iter().flat_map(|list| container.array_at(&[list]));
    Some(words.filter_map(Value::as_str).map(str::to_owned).collect())
}
