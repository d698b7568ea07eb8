//! Products that run in clusters: what each is for, and by what it is known.

/// Something that can be installed in a cluster.
#[derive(Debug)]
pub(crate) struct Product {
    pub name: &'static str,
    pub role: Role,
    /// Parts of names of its images, from one separator to another.
    pub images: &'static [&'static str],
    /// Groups of its resources.
    pub groups: &'static [&'static str],
}

/// What a product is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Connects pods, and follows network policies.
    PolicedNetwork,
    /// Follows network policies when it is told to.
    MaybePolicedNetwork,
    /// Connects pods, and knows no policies.
    PlainNetwork,
    /// Watches what containers do.
    RuntimeSecurity,
    /// Takes logs elsewhere.
    Shipper,
    /// Takes logs to a service outside of the cluster, without being told where.
    ShipperElsewhere,
    /// Measures, searches, or tells of what happens.
    Monitoring,
    /// Encrypts between pods.
    Mesh,
    /// Verifies signatures of images.
    Verifier,
}

const fn product(
    role: Role,
    name: &'static str,
    images: &'static [&'static str],
    groups: &'static [&'static str],
) -> Product {
    Product { name, role, images, groups }
}

use Role::{
    MaybePolicedNetwork, Mesh, Monitoring, PlainNetwork, PolicedNetwork, RuntimeSecurity, Shipper,
    ShipperElsewhere, Verifier,
};

/// Every product that is known, by the images that its own manifests and charts name (August 2026).
pub(crate) const PRODUCTS: &[Product] = &[
    product(
        PolicedNetwork,
        "Cilium",
        &[
            "cilium/cilium",
            "cilium/cilium-ci",
            "mirrored-cilium-cilium",
            "cilium-agent",
            "networking/cilium",
            "anetd",
        ],
        &[],
    ),
    product(
        PolicedNetwork,
        "Calico",
        &["calico/node", "calico-node", "hardened-calico", "mirrored-calico-node", "tigera/cnx-node"],
        &[],
    ),
    product(
        PolicedNetwork,
        "Antrea",
        &["antrea/antrea-agent", "antrea/antrea-ubuntu", "antrea-agent", "antrea-ubuntu"],
        &[],
    ),
    product(
        PolicedNetwork,
        "OVN-Kubernetes",
        &["ovn-kubernetes", "ovn-kube-ubuntu", "ovn-kube-fedora", "ovn-kube-u"],
        &[],
    ),
    product(PolicedNetwork, "Kube-OVN", &["kubeovn/kube-ovn", "kube-ovn"], &[]),
    product(PolicedNetwork, "kube-router", &["kube-router"], &[]),
    product(PolicedNetwork, "Weave Net", &["weave-npc", "weaveworks/weave-kube"], &[]),
    product(PolicedNetwork, "Azure network policy manager", &["azure-npm"], &[]),
    product(PolicedNetwork, "Romana", &["romana/agent", "romana-agent"], &[]),
    product(PolicedNetwork, "kube-network-policies", &["kube-network-policies"], &[]),
    product(
        MaybePolicedNetwork,
        "Amazon VPC CNI",
        &["amazon-k8s-cni", "aws-network-policy-agent", "amazon-network-policy-agent"],
        &[],
    ),
    product(MaybePolicedNetwork, "kindnet", &["kindest/kindnetd", "kindnetd"], &[]),
    product(MaybePolicedNetwork, "Terway", &["acs/terway", "terway"], &[]),
    product(
        PlainNetwork,
        "flannel",
        &[
            "flannel/flannel",
            "coreos/flannel",
            "flannel",
            "hardened-flannel",
            "mirrored-flannel-flannel",
            "mirrored-flannelcni-flannel",
        ],
        &[],
    ),
    product(PlainNetwork, "Multus", &["multus-cni", "multus-thick"], &[]),
    product(
        RuntimeSecurity,
        "Falco",
        &["falcosecurity/falco", "falcosecurity/falco-no-driver", "falco"],
        &[],
    ),
    product(RuntimeSecurity, "Tetragon", &["cilium/tetragon", "tetragon"], &[]),
    product(RuntimeSecurity, "KubeArmor", &["kubearmor/kubearmor", "kubearmor"], &[]),
    product(RuntimeSecurity, "Tracee", &["aquasec/tracee", "tracee"], &[]),
    product(RuntimeSecurity, "Aqua Enforcer", &["aquasec/enforcer", "aqua-enforcer"], &[]),
    product(RuntimeSecurity, "Sysdig", &["sysdig/agent", "sysdig/agent-slim", "sysdig-agent"], &[]),
    product(
        RuntimeSecurity,
        "NeuVector",
        &["neuvector/enforcer", "neuvector-enforcer", "mirrored-neuvector-enforcer"],
        &[],
    ),
    product(
        RuntimeSecurity,
        "Prisma Cloud",
        &["twistlock/defender", "twistlock-defender", "prisma-cloud-defender"],
        &[],
    ),
    product(RuntimeSecurity, "CrowdStrike Falcon", &["falcon-sensor", "falcon-container"], &[]),
    product(
        RuntimeSecurity,
        "Trend Micro",
        &[
            "trendmicro-scout",
            "trendmicro/container-security",
            "container-security-scout",
            "deep-security-agent",
        ],
        &[],
    ),
    product(RuntimeSecurity, "Wiz", &["wiz-sensor", "wizio/sensor", "wizio.azurecr.io/sensor"], &[]),
    product(RuntimeSecurity, "SentinelOne", &["s1agent", "sentinelone"], &[]),
    product(
        RuntimeSecurity,
        "Red Hat ACS",
        &[
            "stackrox/collector",
            "stackrox-io/collector",
            "rhacs-collector",
            "advanced-cluster-security/rhacs-collector",
            "collector-slim",
        ],
        &[],
    ),
    product(RuntimeSecurity, "Lacework", &["lacework/datacollector"], &[]),
    product(RuntimeSecurity, "Kubescape node agent", &["kubescape/node-agent"], &[]),
    product(RuntimeSecurity, "Inspektor Gadget", &["inspektor-gadget/inspektor-gadget"], &[]),
    product(RuntimeSecurity, "Amazon GuardDuty", &["aws-guardduty-agent"], &[]),
    product(
        RuntimeSecurity,
        "Microsoft Defender",
        &["microsoft-defender", "defender-sensor", "azuredefender"],
        &[],
    ),
    product(RuntimeSecurity, "Deepfence", &["deepfence_agent_ce", "deepfenceio/deepfence_agent_ce"], &[]),
    product(Shipper, "Fluent Bit", &["fluent/fluent-bit", "fluent-bit", "fluentbit"], &[]),
    product(Shipper, "Fluentd", &["fluent/fluentd", "fluentd-kubernetes-daemonset", "fluentd"], &[]),
    product(Shipper, "Filebeat", &["beats/filebeat", "filebeat", "filebeat-oss"], &[]),
    product(
        Shipper,
        "Elastic Agent",
        &["beats/elastic-agent", "elastic-agent", "elastic-agent-complete"],
        &[],
    ),
    product(Shipper, "Vector", &["timberio/vector"], &[]),
    product(Shipper, "Promtail", &["grafana/promtail", "promtail"], &[]),
    product(Shipper, "Grafana Alloy", &["grafana/alloy", "grafana/agent"], &[]),
    product(Shipper, "Logstash", &["logstash/logstash", "logstash"], &[]),
    product(
        Shipper,
        "OpenTelemetry Collector",
        &["opentelemetry-collector", "opentelemetry-collector-contrib", "opentelemetry-collector-k8s"],
        &[],
    ),
    product(
        ShipperElsewhere,
        "Splunk",
        &["splunk/fluentd-hec", "splunk/universalforwarder", "splunk-otel-collector"],
        &[],
    ),
    product(ShipperElsewhere, "Datadog", &["datadog/agent", "datadoghq/agent"], &[]),
    product(ShipperElsewhere, "New Relic", &["newrelic-fluentbit-output"], &[]),
    product(
        ShipperElsewhere,
        "Sumo Logic",
        &["sumologic-otel-collector", "sumologic/kubernetes-fluentd"],
        &[],
    ),
    product(ShipperElsewhere, "Amazon CloudWatch", &["cloudwatch-agent", "aws-for-fluent-bit"], &[]),
    product(
        ShipperElsewhere,
        "Google Cloud Logging",
        &["fluentbit-gke", "gke-fluent-bit", "fluent-bit-gke-exporter"],
        &[],
    ),
    product(
        ShipperElsewhere,
        "Azure Monitor",
        &["azuremonitor/containerinsights", "ama-logs", "omsagent"],
        &[],
    ),
    product(ShipperElsewhere, "Dynatrace", &["dynatrace-oneagent", "linux/oneagent", "oneagent"], &[]),
    product(
        Monitoring,
        "Prometheus",
        &["prometheus/prometheus", "prom/prometheus", "prometheus"],
        &["monitoring.coreos.com"],
    ),
    product(
        Monitoring,
        "VictoriaMetrics",
        &["victoriametrics/victoria-metrics", "victoriametrics/vmsingle", "victoriametrics/vmagent"],
        &["operator.victoriametrics.com"],
    ),
    product(Monitoring, "Thanos", &["thanos/thanos", "thanosio/thanos"], &[]),
    product(Monitoring, "Grafana", &["grafana/grafana", "grafana/mimir", "grafana/loki"], &[]),
    product(
        Monitoring,
        "Elasticsearch",
        &["elasticsearch/elasticsearch", "library/elasticsearch"],
        &["elasticsearch.k8s.elastic.co"],
    ),
    product(Monitoring, "Kibana", &["kibana/kibana", "library/kibana"], &[]),
    product(Monitoring, "OpenSearch", &["opensearchproject/opensearch"], &["opensearch.opster.io"]),
    product(Monitoring, "Wazuh", &["wazuh/wazuh-agent", "wazuh/wazuh-manager", "wazuh-agent"], &[]),
    product(
        Monitoring,
        "Zabbix",
        &[
            "zabbix/zabbix-agent",
            "zabbix/zabbix-agent2",
            "zabbix/zabbix-server-mysql",
            "zabbix/zabbix-server-pgsql",
        ],
        &[],
    ),
    product(Monitoring, "WhaTap", &["whatap/kube_mon", "whatap"], &[]),
    product(
        Mesh,
        "Istio",
        &["istio/pilot", "pilot-distroless", "istio/ztunnel", "ztunnel"],
        &["security.istio.io"],
    ),
    product(Mesh, "Linkerd", &["linkerd/controller", "linkerd/proxy"], &["policy.linkerd.io"]),
    product(Mesh, "Consul", &["hashicorp/consul-k8s-control-plane"], &["consul.hashicorp.com"]),
    product(Mesh, "Kuma", &["kumahq/kuma-cp", "kong-mesh"], &["kuma.io"]),
    product(Verifier, "Connaisseur", &["securesystemsengineering/connaisseur"], &[]),
    product(
        Verifier,
        "sigstore policy-controller",
        &["policy-controller/policy-controller", "sigstore/policy-controller"],
        &[],
    ),
    product(Verifier, "Ratify", &["ratify-project/ratify", "deislabs/ratify", "notaryproject/ratify"], &[]),
    product(Verifier, "Portieris", &["portieris/portieris", "portieris"], &[]),
];

impl Product {
    /// True when an image (`registry/repository`) is one of the product's.
    pub(crate) fn is_in(&self, image: &str) -> bool {
        self.images.iter().any(|part| has_part(image, part))
    }
}

/// True when `part` stands in `name` between separators: `flannel` in `a/flannel`, not in `a/flannels`, nor in
/// `a/flannel-cni-plugin` (another image).
fn has_part(name: &str, part: &str) -> bool {
    let starts = |at: usize| name.get(..at).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    let ends = |end: usize| name.get(end..).is_some_and(|after| after.is_empty() || after.starts_with('/'));
    name.match_indices(part).any(|(at, _)| starts(at) && ends(at + part.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_wherever_they_are_mirrored() {
        let role = |image: &str| PRODUCTS.iter().find(|p| p.is_in(image)).map(|p| (p.role, p.name));
        for (image, want) in [
            ("quay.io/cilium/cilium", Some((PolicedNetwork, "Cilium"))),
            ("registry.example.com/mirror/cilium/cilium", Some((PolicedNetwork, "Cilium"))),
            ("docker.io/rancher/mirrored-flannelcni-flannel", Some((PlainNetwork, "flannel"))),
            ("docker.io/flannel/flannel-cni-plugin", Some((PlainNetwork, "flannel"))),
            ("docker.io/falcosecurity/falcoctl", None),
            ("docker.io/falcosecurity/falco", Some((RuntimeSecurity, "Falco"))),
            ("docker.io/library/nginx", None),
            ("cr.fluentbit.io/fluent/fluent-bit", Some((Shipper, "Fluent Bit"))),
        ] {
            assert_eq!(role(image), want, "{image}");
        }
    }
}
