//! Identities and rights.

mod baseline;
mod bindings;
mod cloud;
mod credentials;
mod dangers;
mod expectations;
mod held;
mod naver;
mod paths;
mod rules;
mod seen;
mod together;
mod tokens;
mod unused;

use super::Family;
use crate::scan::Scan;
use crate::sources::rights::Rights;

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: rights_ids, run: rights },
    Family { ids: || tokens::IDS.to_vec(), run: tokens::run },
    Family { ids: || credentials::IDS.to_vec(), run: credentials::run },
    Family { ids: || unused::IDS.to_vec(), run: unused::run },
    Family { ids: cloud::ids, run: cloud::run },
    baseline::FAMILY,
];

fn rights_ids() -> Vec<&'static str> {
    let others = [bindings::IDS, rules::IDS, together::IDS, naver::IDS, paths::IDS, expectations::IDS];
    held::ids().chain(others.into_iter().flatten().copied()).collect()
}

/// Checks of roles and bindings, over one view of them.
fn rights(scan: &mut Scan<'_>) {
    let rights = Rights::of(scan.input, scan.settings.profile);
    let mut hits = held::Hits::new(&rights, minor(scan));
    held::run(scan, &rights, &mut hits);
    bindings::run(scan, &rights);
    rules::run(scan, &rights, &mut hits);
    together::run(scan, &rights, &mut hits);
    naver::run(scan, &rights);
    paths::run(scan, &rights, &mut hits);
    expectations::run(scan, &rights);
}

/// The minor release of the server, as far as nodes and its own pods tell: it is never older than a kubelet.
fn minor(scan: &Scan<'_>) -> Option<u32> {
    let nodes = scan.input.objects.of_kind("", "Node");
    let kubelets = nodes.map(|node| node.value.str_at(&["status", "nodeInfo", "kubeletVersion"]));
    let containers = scan.workloads.0.iter().flat_map(|workload| workload.containers());
    let servers = containers.filter_map(|container| {
        let image = container.value.str_at(&["image"]);
        let (name, tag) = image.split('@').next()?.rsplit_once(':')?;
        (name.rsplit('/').next() == Some("kube-apiserver")).then_some(tag)
    });
    kubelets.chain(servers).filter_map(crate::releases::parse_version).map(|release| release.minor).max()
}
