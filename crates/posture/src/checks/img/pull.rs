//! Credentials by which images are pulled from registries that are not public.

use std::collections::{BTreeSet, HashMap};

use api::Value;
use evidence::Object;

use crate::finding::Status;
use crate::image::Image;
use crate::scan::Scan;
use crate::sources::tls_secrets::TlsSecrets;
use crate::words::{Words, words};
use crate::workload::Workload;

const ID: &str = "IMG-021";

/// Registries that show images to everybody.
const PUBLIC: &[&str] = &[
    "docker.io",
    "cgr.dev",
    "docker.elastic.co",
    "gcr.io",
    "ghcr.io",
    "k8s.gcr.io",
    "lscr.io",
    "mcr.microsoft.com",
    "nvcr.io",
    "public.ecr.aws",
    "quay.io",
    "registry.access.redhat.com",
    "registry.fedoraproject.org",
    "registry.gitlab.com",
    "registry.istio.io",
    "registry.k8s.io",
    "registry.opensuse.org",
    "registry.suse.com",
    "xpkg.upbound.io",
];

/// How hosts of registries end for which nodes of the same cloud have credentials of their own.
const BY_NODE: &[&str] = &[".amazonaws.com", ".pkg.dev", ".gcr.io", ".azurecr.io"];

const NO_SECRET: Words = words(
    "images come from {}, and neither the pod nor its service account names a pull secret",
    "이미지를 {}에서 받는데 파드와 서비스 어카운트 모두 imagePullSecrets가 없음",
);
const GONE: Words = words("pull secret {} is not there", "풀 시크릿 {}이(가) 없음");
const OTHER_TYPE: Words = words(
    "Secret {} is of type {}, which is none for registries",
    "시크릿 {}의 유형이 {}(으)로 레지스트리용이 아님",
);
const NO_ACCOUNT: Words = words(
    "service account {} was not given: it may name a pull secret",
    "서비스 어카운트 {}이(가) 주어지지 않아 풀 시크릿 여부를 알 수 없음",
);

pub(super) fn ids() -> Vec<&'static str> {
    vec![ID]
}

/// What pull secrets stand for.
struct Known<'a> {
    secrets: TlsSecrets<'a>,
    accounts: HashMap<(&'a str, &'a str), &'a Object>,
    whole: bool,
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let input = scan.input;
    let accounts = input.objects.of_kind("", "ServiceAccount");
    let known = Known {
        secrets: TlsSecrets::of(&input.objects),
        accounts: accounts.map(|account| ((account.namespace(), account.name()), account)).collect(),
        whole: input.whole_cluster,
    };
    for workload in scan.workloads.0.clone() {
        let registries = private(&workload);
        let named = names(workload.spec().at(&["imagePullSecrets"]));
        if registries.is_empty() && named.is_empty() {
            continue;
        }
        scan.examine(ID);
        for name in &named {
            look(scan, &known, &workload, name);
        }
        if named.is_empty() {
            by_account(scan, &known, &workload, &registries);
        }
    }
}

/// Registries that do not show their images to everybody.
fn private<'a>(workload: &Workload<'a>) -> BTreeSet<&'a str> {
    let images = workload.images().filter_map(|named| Image::parse(named.reference));
    let registries = images.map(|image| image.registry);
    let open = |registry: &&str| {
        let host = registry.split(':').next().unwrap_or(registry);
        PUBLIC.contains(&host) || BY_NODE.iter().any(|end| host.ends_with(end)) || host == "localhost"
    };
    registries.filter(|registry| !open(registry)).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .map(|item| item.str_at(&["name"]))
        .filter(|n| !n.is_empty())
        .collect()
}

fn look(scan: &mut Scan<'_>, known: &Known<'_>, workload: &Workload<'_>, name: &str) {
    let field = workload.field("imagePullSecrets");
    match known.secrets.find(workload.object.namespace(), name) {
        Some(secret) => {
            let kind = secret.value.str_at(&["type"]);
            if !matches!(kind, "kubernetes.io/dockerconfigjson" | "kubernetes.io/dockercfg") {
                scan.find(ID, Status::Fail, workload.object, field, OTHER_TYPE.with([name, kind]));
            }
        }
        None if known.whole && !known.secrets.is_empty() => {
            scan.find(ID, Status::Fail, workload.object, field, GONE.with([name]));
        }
        None => {}
    }
}

fn by_account(scan: &mut Scan<'_>, known: &Known<'_>, workload: &Workload<'_>, registries: &BTreeSet<&str>) {
    let name = workload.account();
    let account = known.accounts.get(&(workload.object.namespace(), name));
    let named = account.map(|account| names(account.value.at(&["imagePullSecrets"]))).unwrap_or_default();
    if account.is_none() && !known.whole {
        return scan.lack(ID, NO_ACCOUNT.with([name]));
    }
    for secret in &named {
        look(scan, known, workload, secret);
    }
    if named.is_empty() && !registries.is_empty() {
        let from = registries.iter().copied().collect::<Vec<_>>().join(", ");
        let field = workload.field("imagePullSecrets");
        scan.find(ID, Status::Warn, workload.object, field, NO_SECRET.with([from]));
    }
}
