//! Services, endpoints, ingresses, network policies, addresses.

use std::collections::BTreeSet;

use api::{GroupResource, Value};

use super::format::{age, annotated, int, join, labels, name, plain, pointer_or, selector, some_of};
use super::sheet::{AGE, NAME, Sheet, core_message, field, string, text, wide};

/// The sheet of a kind of this file.
pub fn sheet(kind: &str) -> Option<&'static Sheet> {
    match kind {
        "Endpoints" => Some(&ENDPOINTS),
        "EndpointSlice" => Some(&ENDPOINT_SLICE),
        "Ingress" => Some(&INGRESS),
        "IngressClass" => Some(&INGRESS_CLASS),
        "IPAddress" => Some(&IP_ADDRESS),
        "NetworkPolicy" => Some(&NETWORK_POLICY),
        "Service" => Some(&SERVICE),
        "ServiceCIDR" => Some(&SERVICE_CIDR),
        _ => None,
    }
}

macro_rules! networking {
    ($name:literal) => {
        concat!("io.k8s.api.networking.v1.", $name)
    };
}

const ENDPOINT_SLICE_MESSAGE: &str = "io.k8s.api.discovery.v1.EndpointSlice";

/// How many addresses, ports or hosts a cell shows before it says "more".
const SHOWN: usize = 3;

static SERVICE: Sheet = Sheet {
    columns: &[
        NAME,
        string("Type", field(core_message!("ServiceSpec"), "type")),
        string("Cluster-IP", field(core_message!("ServiceSpec"), "clusterIP")),
        string("External-IP", field(core_message!("ServiceSpec"), "externalIPs")),
        string("Port(s)", field(core_message!("ServiceSpec"), "ports")),
        AGE,
        wide("Selector", field(core_message!("ServiceSpec"), "selector")),
    ],
    cells: |o, now| {
        vec![
            name(o),
            o.str_at(&["spec", "type"]).into(),
            cluster_ip(o).into(),
            external_ip(o).into(),
            service_ports(o).into(),
            age(o, now),
            labels(o.at(&["spec", "selector"])).into(),
        ]
    },
    ..Sheet::BARE
};

fn cluster_ip(o: &Value) -> &str {
    let first = o.array_at(&["spec", "clusterIPs"]).first().or_else(|| o.at(&["spec"]).get("clusterIP"));
    first.and_then(Value::as_str).unwrap_or("<none>")
}

fn external_ip(o: &Value) -> String {
    let external = join(o, &["spec", "externalIPs"], plain);
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    match o.str_at(&["spec", "type"]) {
        "ClusterIP" | "NodePort" => or(external, "<none>"),
        "LoadBalancer" => {
            let both = [load_balancer(o), external];
            let parts: Vec<&str> = both.iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
            or(parts.join(","), "<pending>")
        }
        "ExternalName" => o.str_at(&["spec", "externalName"]).to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

/// The addresses of a load balancer, or host names where it has none, sorted and each once.
fn load_balancer(o: &Value) -> String {
    let entry = |i: &Value| {
        [i.str_at(&["ip"]), i.str_at(&["hostname"])].into_iter().find(|s| !s.is_empty()).map(str::to_owned)
    };
    let entries: BTreeSet<String> =
        o.array_at(&["status", "loadBalancer", "ingress"]).iter().filter_map(entry).collect();
    entries.into_iter().collect::<Vec<_>>().join(",")
}

fn service_ports(o: &Value) -> String {
    let port = |p: &Value| match int(p, &["nodePort"]) {
        node if node > 0 => format!("{}:{node}/{}", int(p, &["port"]), p.str_at(&["protocol"])),
        _ => format!("{}/{}", int(p, &["port"]), p.str_at(&["protocol"])),
    };
    match join(o, &["spec", "ports"], port) {
        none if none.is_empty() => "<none>".to_owned(),
        ports => ports,
    }
}

static ENDPOINTS: Sheet = Sheet {
    columns: &[NAME, string("Endpoints", field(core_message!("Endpoints"), "subsets")), AGE],
    cells: |o, now| vec![name(o), endpoints(o).into(), age(o, now)],
    ..Sheet::BARE
};

/// Every ready address with every port of its subset.
fn endpoints(o: &Value) -> String {
    let subsets = o.array_at(&["subsets"]);
    if subsets.is_empty() {
        return "<none>".to_owned();
    }
    let mut shown = Vec::new();
    let mut count = 0;
    for subset in subsets {
        let addresses = subset.array_at(&["addresses"]);
        let ports = subset.array_at(&["ports"]);
        count += addresses.len() * ports.len().max(1);
        let ports: Vec<Option<i64>> = if ports.is_empty() {
            vec![None]
        } else {
            ports.iter().map(|p| Some(int(p, &["port"]))).collect()
        };
        let all = ports.iter().flat_map(|port| addresses.iter().map(|a| host_port(a.str_at(&["ip"]), *port)));
        shown.extend(all.take(SHOWN - shown.len()));
    }
    let text = shown.join(",");
    if count > SHOWN { format!("{text} + {} more...", count - SHOWN) } else { text }
}

fn host_port(host: &str, port: Option<i64>) -> String {
    match port {
        None => host.to_owned(),
        Some(port) if host.contains(':') => format!("[{host}]:{port}"),
        Some(port) => format!("{host}:{port}"),
    }
}

static ENDPOINT_SLICE: Sheet = Sheet {
    columns: &[
        NAME,
        string("AddressType", field(ENDPOINT_SLICE_MESSAGE, "addressType")),
        string("Ports", field(ENDPOINT_SLICE_MESSAGE, "ports")),
        string("Endpoints", field(ENDPOINT_SLICE_MESSAGE, "endpoints")),
        AGE,
    ],
    cells: |o, now| {
        let ports: Vec<String> = o.array_at(&["ports"]).iter().map(slice_port).collect();
        let addresses: Vec<String> =
            o.array_at(&["endpoints"]).iter().flat_map(|e| e.array_at(&["addresses"])).map(plain).collect();
        vec![
            name(o),
            o.str_at(&["addressType"]).into(),
            some_of(&ports, SHOWN).into(),
            some_of(&addresses, SHOWN).into(),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};

fn slice_port(port: &Value) -> String {
    match (port.at(&["port"]).as_i64(), port.at(&["name"]).as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    }
}

static INGRESS: Sheet = Sheet {
    columns: &[
        NAME,
        string("Class", text("The ingress class it asks for.")),
        string("Hosts", text("Hosts that its rules match.")),
        string("Address", text("Where its load balancer is reached.")),
        string("Ports", text("80, and 443 when it has TLS.")),
        AGE,
    ],
    cells: |o, now| {
        vec![
            name(o),
            pointer_or(o, &["spec", "ingressClassName"], "<none>").into(),
            hosts(o).into(),
            load_balancer(o).into(),
            if o.array_at(&["spec", "tls"]).is_empty() { "80" } else { "80, 443" }.into(),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};

/// Hosts of the rules; once three are shown and a rule is left, the rest is counted in rules, not in hosts.
fn hosts(o: &Value) -> String {
    let rules = o.array_at(&["spec", "rules"]);
    let named =
        rules.iter().enumerate().map(|(i, r)| (i, r.str_at(&["host"]))).filter(|(_, h)| !h.is_empty());
    let shown: Vec<(usize, &str)> = named.take(SHOWN).collect();
    let text = shown.iter().map(|(_, host)| *host).collect::<Vec<_>>().join(",");
    match shown.last() {
        None => "*".to_owned(),
        Some((last, _)) if shown.len() == SHOWN && last + 1 < rules.len() => {
            format!("{text} + {} more...", rules.len() - SHOWN)
        }
        Some(_) => text,
    }
}

static INGRESS_CLASS: Sheet = Sheet {
    columns: &[
        NAME,
        string("Controller", text("The controller that serves this class.")),
        string("Parameters", text("The object with further settings of this class.")),
        AGE,
    ],
    cells: |o, now| {
        let default = annotated(o, "ingressclass.kubernetes.io/is-default-class", "true");
        let name = o.str_at(&["metadata", "name"]);
        vec![
            format!("{name}{}", if default { " (default)" } else { "" }).into(),
            o.str_at(&["spec", "controller"]).into(),
            parameters(o.at(&["spec", "parameters"])).into(),
            age(o, now),
        ]
    },
    ..Sheet::BARE
};

fn parameters(reference: &Value) -> String {
    if reference.is_null() {
        return "<none>".to_owned();
    }
    let kind = reference.str_at(&["kind"]);
    let group = reference.at(&["apiGroup"]).as_str().map_or_else(String::new, |g| format!(".{g}"));
    format!("{kind}{group}/{}", reference.str_at(&["name"]))
}

static NETWORK_POLICY: Sheet = Sheet {
    columns: &[NAME, string("Pod-Selector", field(networking!("NetworkPolicySpec"), "podSelector")), AGE],
    cells: |o, now| {
        // An absent selector is an empty one here, not one that selects nothing; both read the same.
        vec![name(o), selector(o.at(&["spec", "podSelector"])).into(), age(o, now)]
    },
    ..Sheet::BARE
};

static SERVICE_CIDR: Sheet = Sheet {
    columns: &[NAME, string("CIDRs", field(networking!("ServiceCIDRSpec"), "cidrs")), AGE],
    cells: |o, now| vec![name(o), join(o, &["spec", "cidrs"], plain).into(), age(o, now)],
    ..Sheet::BARE
};

/// One cell more than there are columns: upstream's rows end with an age that it declares no column for.
static IP_ADDRESS: Sheet = Sheet {
    columns: &[NAME, string("ParentRef", field(networking!("IPAddressSpec"), "parentRef"))],
    cells: |o, now| vec![name(o), parent(o.at(&["spec", "parentRef"])).into(), age(o, now)],
    ..Sheet::BARE
};

fn parent(reference: &Value) -> String {
    if reference.is_null() {
        return "<none>".to_owned();
    }
    let text = |member| reference.str_at(&[member]);
    let resource = GroupResource::new(text("group"), text("resource")).to_string().to_lowercase();
    let namespace = match text("namespace") {
        "" => String::new(),
        namespace => format!("/{namespace}"),
    };
    format!("{resource}{namespace}/{}", text("name"))
}
