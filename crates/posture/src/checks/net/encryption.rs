//! Encryption between pods: by the network under them, or by a mesh that takes nothing else.

use std::collections::BTreeMap;

use api::Value;
use evidence::{Evidence, Object};

use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["NET-017"];

const NOTHING: Words = words(
    "nothing encrypts what pods say to each other: no mesh that asks for it, no encryption of the network",
    "파드 간 통신을 암호화하는 수단이 없음: 이를 강제하는 메시도 네트워크 암호화도 없음",
);
const NOT_STRICT: Words = words(
    "pods of this namespace may be spoken to in plain text",
    "이 네임스페이스의 파드는 평문 통신을 받을 수 있음",
);

/// A setting by which a network encrypts: group, kind, the start of a name, where, and what stands there.
type Switch = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const SWITCHES: &[Switch] = &[
    ("", "ConfigMap", "cilium-config", &["data", "enable-wireguard"], &["true"]),
    ("", "ConfigMap", "cilium-config", &["data", "enable-ipsec"], &["true"]),
    (
        "",
        "ConfigMap",
        "antrea-config",
        &["data", "antrea-agent.conf"],
        &["trafficEncryptionMode: ipsec", "trafficEncryptionMode: wireguard"],
    ),
    ("", "ConfigMap", "kube-flannel-cfg", &["data", "net-conf.json"], &["\"wireguard\"", "\"ipsec\""]),
    ("crd.projectcalico.org", "FelixConfiguration", "", &["spec", "wireguardEnabled"], &["true"]),
    ("projectcalico.org", "FelixConfiguration", "", &["spec", "wireguardEnabled"], &["true"]),
    (
        "operator.openshift.io",
        "Network",
        "",
        &["spec", "defaultNetwork", "ovnKubernetesConfig", "ipsecConfig", "mode"],
        &["full"],
    ),
];

/// The namespace whose policies are for a whole mesh of Istio.
const ISTIO_ROOT: &str = "istio-system";

/// Policies of Linkerd that take nothing in plain text.
const AUTHENTICATED: [&str; 2] = ["all-authenticated", "cluster-authenticated"];

pub(super) fn run(scan: &mut Scan<'_>) {
    if !scan.input.whole_cluster {
        return;
    }
    let input = scan.input;
    if input.objects.objects.iter().any(is_switch) {
        return scan.examine("NET-017");
    }
    let mesh = Mesh::of(&input.objects);
    let mut running: BTreeMap<&str, Option<&Object>> = BTreeMap::new();
    for workload in &scan.workloads.0 {
        running.insert(workload.object.namespace(), None);
    }
    for namespace in input.objects.of_kind("", "Namespace") {
        running.entry(namespace.name()).and_modify(|object| *object = Some(namespace));
    }
    running.retain(|name, _| !scan.settings.is_system(name) && !mesh.is_own(name));
    if running.is_empty() {
        return;
    }
    scan.examine("NET-017");
    let open: Vec<_> = running.iter().filter(|(name, object)| !mesh.is_strict(name, **object)).collect();
    if open.len() == running.len() {
        return scan.find("NET-017", Status::Warn, Place::cluster(), String::new(), NOTHING.plain());
    }
    for object in open.into_iter().filter_map(|(_, object)| *object) {
        scan.find("NET-017", Status::Warn, object, String::new(), NOT_STRICT.plain());
    }
}

fn is_switch(object: &Object) -> bool {
    SWITCHES.iter().any(|(group, kind, name, path, values)| {
        object.group() == *group
            && object.kind() == *kind
            && object.name().starts_with(name)
            && match object.value.at(path) {
                Value::Bool(on) => *on,
                Value::String(text) => {
                    let text = text.to_ascii_lowercase();
                    values.iter().any(|value| text.contains(&value.to_ascii_lowercase()))
                }
                _ => false,
            }
    })
}

/// What meshes ask of the pods in them.
#[derive(Default)]
struct Mesh<'a> {
    /// Modes of mTLS of Istio by namespace.
    modes: BTreeMap<&'a str, &'a str>,
    /// Linkerd takes nothing in plain text unless a namespace says otherwise.
    linkerd: bool,
}

impl<'a> Mesh<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        let all = evidence.of_kind("security.istio.io", "PeerAuthentication");
        let for_all = |object: &&Object| {
            let selector = object.value.at(&["spec", "selector"]);
            selector.as_object().is_none_or(api::Map::is_empty)
        };
        let modes = all.filter(for_all).map(|o| (o.namespace(), o.value.str_at(&["spec", "mtls", "mode"])));
        let linkerd = evidence.of_kind("", "ConfigMap").filter(|o| o.name() == "linkerd-config").any(|o| {
            let values = o.value.str_at(&["data", "values"]);
            AUTHENTICATED.iter().any(|policy| values.contains(&format!("defaultInboundPolicy: {policy}")))
        });
        Self { modes: modes.collect(), linkerd }
    }

    /// True for a namespace of a mesh itself.
    fn is_own(&self, namespace: &str) -> bool {
        namespace == ISTIO_ROOT || namespace == "linkerd"
    }

    /// True when the pods of a namespace are in a mesh and take nothing in plain text.
    fn is_strict(&self, name: &str, namespace: Option<&Object>) -> bool {
        let Some(namespace) = namespace else { return false };
        let (labels, annotations) =
            (namespace.value.at(&["metadata", "labels"]), namespace.value.at(&["metadata", "annotations"]));
        let label = |key: &str| labels.get(key).and_then(Value::as_str);
        let annotation = |key: &str| annotations.get(key).and_then(Value::as_str);
        let in_istio = label("istio-injection") == Some("enabled")
            || label("istio.io/rev").is_some()
            || label("istio.io/dataplane-mode") == Some("ambient");
        let set = |mode: &&str| !matches!(*mode, "" | "UNSET");
        let mode = |namespace: &str| self.modes.get(namespace).copied().filter(set);
        let in_linkerd = annotation("linkerd.io/inject") == Some("enabled");
        let policy = annotation("config.linkerd.io/default-inbound-policy");
        (in_istio && mode(name).or_else(|| mode(ISTIO_ROOT)) == Some("STRICT"))
            || (in_linkerd && policy.map_or(self.linkerd, |policy| AUTHENTICATED.contains(&policy)))
    }
}
