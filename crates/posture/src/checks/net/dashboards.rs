//! Dashboards and consoles that are reached from outside without anybody asking who comes.

use api::Value;
use evidence::Object;

use crate::finding::Status;
use crate::image::Image;
use crate::scan::Scan;
use crate::sources::exposure::{Exposure, Opening, Way};
use crate::words::{Words, words};
use crate::workload::Workload;

pub(super) const IDS: &[&str] = &["NET-019"];

const ID: &str = "NET-019";

/// Consoles and the ends of names of their images, as their projects' manifests and charts name them (August 2026).
const CONSOLES: &[(&str, &[&str])] = &[
    (
        "Kubernetes Dashboard",
        &[
            "kubernetesui/dashboard",
            "kubernetesui/dashboard-web",
            "kubernetesui/dashboard-api",
            "kubernetes-dashboard-amd64",
        ],
    ),
    ("Headlamp", &["headlamp-k8s/headlamp", "kinvolk/headlamp"]),
    ("Octant", &["antrea/octant-antrea-ubuntu"]),
    ("Argo CD", &["argoproj/argocd", "argoproj/argo-cd"]),
    ("Argo Workflows", &["argoproj/argocli"]),
    (
        "Kubeflow",
        &[
            "centraldashboard",
            "kubeflow/central-dashboard",
            "kubeflow/centraldashboard",
            "kubeflownotebookswg/centraldashboard",
            "ml-pipeline/frontend",
        ],
    ),
    ("Prometheus", &["prom/prometheus", "prometheus/prometheus"]),
    ("Alertmanager", &["prom/alertmanager", "prometheus/alertmanager"]),
    ("Weave Scope", &["weaveworks/scope"]),
    ("Hubble UI", &["cilium/hubble-ui"]),
    ("Kiali", &["kiali/kiali"]),
    ("Jaeger", &["jaegertracing/all-in-one", "jaegertracing/jaeger-query"]),
    ("Longhorn", &["longhornio/longhorn-ui"]),
];

const TILLER: &[&str] = &["kubernetes-helm/tiller", "helm/tiller"];

/// Containers beside a console that ask who comes.
const PROXIES: [&str; 5] =
    ["oauth2-proxy", "kube-rbac-proxy", "keycloak-gatekeeper", "pomerium", "oauth-proxy"];

/// Annotations of ingresses by which whoever comes has to say who it is.
const ASKS: [&str; 9] = [
    "nginx.ingress.kubernetes.io/auth-url",
    "nginx.ingress.kubernetes.io/auth-type",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "nginx.ingress.kubernetes.io/allowlist-source-range",
    "alb.ingress.kubernetes.io/auth-type",
    "haproxy.org/auth-type",
    "traefik.ingress.kubernetes.io/router.middlewares",
    "konghq.com/plugins",
];

const EXPOSED: Words =
    words("{} is reached through {} without anybody asking who comes", "{}이(가) 인증 없이 {}(으)로 노출됨");
const TILLER_THERE: Words = words(
    "Tiller does what whoever reaches its port tells it, with its own rights",
    "Tiller는 포트에 접근한 누구의 지시든 자신의 권한으로 수행함",
);

pub(super) fn run(scan: &mut Scan<'_>) {
    let exposure = Exposure::of(&scan.input.objects, &scan.workloads);
    for (i, workload) in scan.workloads.0.clone().iter().enumerate() {
        let tiller = runs(workload, TILLER);
        let console = CONSOLES.iter().find(|(_, images)| runs(workload, images)).map(|(name, _)| *name);
        let Some(name) = console.or(tiller.then_some("Tiller")) else { continue };
        scan.examine(ID);
        let mut open = exposure.to(i).iter().filter(|opening| is_open(workload, opening));
        if let Some(opening) = open.next() {
            let by = format!("{} {}", opening.object.kind(), opening.object.name());
            scan.find(ID, Status::Fail, workload.object, String::new(), EXPOSED.with([name, &by]));
        } else if tiller {
            scan.find(ID, Status::Warn, workload.object, String::new(), TILLER_THERE.plain());
        }
    }
}

fn runs(workload: &Workload<'_>, images: &[&str]) -> bool {
    workload.containers().any(|container| {
        let image = Image::parse(container.value.str_at(&["image"])).map(|image| image.name());
        image.is_some_and(|name| {
            images.iter().any(|known| name.strip_suffix(known).is_some_and(|before| before.ends_with('/')))
        })
    })
}

/// True when nothing on the way asks who comes.
fn is_open(workload: &Workload<'_>, opening: &Opening<'_>) -> bool {
    let guarded = workload.containers().any(|container| {
        let image = container.value.str_at(&["image"]);
        PROXIES.iter().any(|proxy| image.contains(proxy))
    });
    let by_ingress = opening.way == Way::Ingress && asks(opening.object);
    opening.is_public && !guarded && !by_ingress
}

fn asks(ingress: &Object) -> bool {
    let annotations = ingress.value.at(&["metadata", "annotations"]);
    let says = |key: &&str| {
        annotations.get(key).and_then(Value::as_str).is_some_and(|v| !v.is_empty() && v != "none")
    };
    ASKS.iter().any(says)
}
