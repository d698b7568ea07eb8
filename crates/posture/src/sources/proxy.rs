//! kube-proxy's configuration as it is in force: its file, or its flags when it has none.
//!
//! Entry point: [`Proxy::all`].

use api::Value;

use super::flags::Flags;
use super::host::Host;
use crate::catalogue::Kind;
use crate::finding::Place;
use crate::input::Input;

/// A kube-proxy, or a configuration of some.
#[derive(Clone, Debug)]
pub(crate) struct Proxy<'a> {
    pub place: Place,
    /// The member of its configuration or the flag, and the address; `""` for the default, which is the node itself.
    /// `None` when the file that would tell was not given.
    pub metrics: Option<(&'static str, String)>,
    /// The kubeconfig, `""` when it uses the one of its pod.
    pub kubeconfig: Option<String>,
    /// The host it runs on.
    pub host: Option<Host<'a>>,
}

const METRICS: &str = "metricsBindAddress";

impl<'a> Proxy<'a> {
    /// Those that run on hosts, configurations that were given by themselves, and the one that kubeadm keeps in a
    /// ConfigMap for all nodes.
    pub(crate) fn all(input: &'a Input) -> Vec<Self> {
        let hosts = Host::all(input).into_iter();
        let on_hosts = hosts.flat_map(|host| {
            let flags: Vec<_> = host.processes("kube-proxy").map(|process| process.flags()).collect();
            flags.into_iter().map(move |flags| Self::on(&host, &flags))
        });
        let alone = input
            .of_kind(Kind::Kubelet)
            .filter(|document| document.value.str_at(&["kind"]) == "KubeProxyConfiguration");
        let alone = alone.map(|document| Self::configured(document.into(), &document.value));
        let kept = input
            .objects
            .of_kind("", "ConfigMap")
            .filter(|map| map.namespace() == "kube-system" && map.name() == "kube-proxy");
        let kept = kept.filter_map(|map| {
            let text = map.value.str_at(&["data", "config.conf"]);
            let parsed = codec::yaml::parse(text.as_bytes()).ok()?;
            parsed.value.as_object()?;
            Some(Self::configured(map.into(), &parsed.value))
        });
        on_hosts.chain(alone).chain(kept).collect()
    }

    fn configured(place: Place, config: &Value) -> Self {
        Self {
            place,
            metrics: Some((METRICS, config.str_at(&[METRICS]).to_owned())),
            kubeconfig: Some(config.str_at(&["clientConnection", "kubeconfig"]).to_owned()),
            host: None,
        }
    }

    /// With `--config` no other flag counts.
    fn on(host: &Host<'a>, flags: &Flags<'a>) -> Self {
        let place = host.place("Process", "kube-proxy");
        let said = |name| flags.last(name).unwrap_or("").to_owned();
        let host = host.clone();
        let Some(path) = flags.last("config").filter(|path| !path.is_empty()) else {
            let metrics = Some(("--metrics-bind-address", said("metrics-bind-address")));
            return Self { place, metrics, kubeconfig: Some(said("kubeconfig")), host: Some(host) };
        };
        let parsed = host.content(path).and_then(|text| codec::yaml::parse(text.as_bytes()).ok());
        match parsed.filter(|parsed| parsed.value.as_object().is_some()) {
            Some(parsed) => Self { host: Some(host), ..Self::configured(place, &parsed.value) },
            None => Self { place, metrics: None, kubeconfig: None, host: Some(host) },
        }
    }
}
