//! What connects pods: whether it follows network policies, and whether it encrypts.

use api::Value;
use evidence::Object;

use crate::finding::{Place, Status};
use crate::image::Image;
use crate::scan::Scan;
use crate::sources::cloud::Cloud;
use crate::sources::flags::Flags;
use crate::sources::nodes::{Found, Installed, names, nodes};
use crate::sources::products::Role;
use crate::words::{Words, words};
use crate::workload::Workload;

pub(super) const IDS: &[&str] = &["NET-001"];

/// Paths where network plug-ins put themselves.
const PLUGIN_PATHS: [&str; 2] = ["/opt/cni/bin", "/etc/cni/net.d"];

/// Plug-ins of managed clusters, as their providers name them, which follow policies.
const POLICED: [&str; 4] = ["cilium", "calico", "antrea", "ovn"];

/// Since that day's build kindnet follows policies (kind 0.24).
const KINDNET_SINCE: &str = "v20240813";

const PLAIN: Words =
    words("{} connects pods and does not follow network policies", "{}은(는) 네트워크 정책을 적용하지 않음");
const NOT_ON: Words = words(
    "{} follows network policies only when told to, and nothing tells it to",
    "{}은(는) 설정해야 정책을 적용하는데 그 설정이 없음",
);
const UNKNOWN: Words = words(
    "{} looks like a network plug-in that is not known here: find out whether it follows policies",
    "{}이(가) 네트워크 플러그인으로 보이나 알 수 없어 정책 적용 여부를 확인해야 함",
);
const NONE: Words = words(
    "no network plug-in was found that follows policies",
    "정책을 적용하는 네트워크 플러그인을 찾지 못함",
);
const OF_CLOUD: Words = words("the cluster's network plug-in is {}", "클러스터의 네트워크 플러그인이 {}임");

pub(super) fn run(scan: &mut Scan<'_>) {
    of_cloud(scan);
    if scan.input.whole_cluster {
        of_cluster(scan);
    }
}

/// What exports of a cloud say of their clusters.
fn of_cloud(scan: &mut Scan<'_>) {
    for cluster in Cloud::of(scan.input).clusters {
        let Some(plugin) = &cluster.network_plugin else { continue };
        scan.examine("NET-001");
        if !POLICED.iter().any(|known| plugin.value.to_ascii_lowercase().contains(known)) {
            let reason = OF_CLOUD.with([&plugin.value]);
            scan.find("NET-001", Status::Fail, &cluster.resource, plugin.field.clone(), reason);
        }
    }
}

fn of_cluster(scan: &mut Scan<'_>) {
    scan.examine("NET-001");
    let installed = Installed::of(&scan.input.objects, &scan.workloads);
    let policed = !installed.with(&[Role::PolicedNetwork]).is_empty()
        || installed.with(&[Role::MaybePolicedNetwork]).iter().any(is_told)
        || nodes(&scan.input.objects).into_iter().any(has_own_controller);
    if policed {
        return;
    }
    let maybe = installed.with(&[Role::MaybePolicedNetwork]);
    let plain = installed.with(&[Role::PlainNetwork]);
    let strange = scan.workloads.0.iter().find(|workload| is_plugin(workload)).copied();
    let (status, place, reason) = if let Some((workload, _)) = maybe.first().and_then(|found| found.workload)
    {
        (Status::Warn, Place::from(workload.object), NOT_ON.with([names(&maybe)]))
    } else if let Some((workload, _)) = plain.first().and_then(|found| found.workload) {
        (Status::Fail, Place::from(workload.object), PLAIN.with([names(&plain)]))
    } else if let Some(workload) = strange {
        (Status::Warn, Place::from(workload.object), UNKNOWN.with([workload.object.name()]))
    } else {
        (Status::Fail, Place::cluster(), NONE.plain())
    };
    scan.find("NET-001", status, place, String::new(), reason);
}

/// True when a plug-in that may follow policies is set up to.
fn is_told(found: &Found<'_>) -> bool {
    let Some((workload, container)) = found.workload else { return false };
    let image = container.value.str_at(&["image"]);
    let is_new = Image::parse(image).and_then(|image| image.tag).is_some_and(|tag| tag >= KINDNET_SINCE);
    (image.contains("kindnetd") && is_new) || workload.containers().any(|c| has_flag(c.value))
}

fn has_flag(container: &Value) -> bool {
    let words = ["command", "args"].into_iter().flat_map(|list| container.array_at(&[list]));
    let flags = Flags::parse(words.filter_map(Value::as_str));
    flags.last("enable-network-policy") == Some("true")
}

/// k3s brings a controller of policies in its own process, unless it is told not to.
fn has_own_controller(node: &Object) -> bool {
    let version = node.value.str_at(&["status", "nodeInfo", "kubeletVersion"]);
    let args = node.value.str_at(&["metadata", "annotations", "k3s.io/node-args"]);
    version.contains("+k3s") && !args.contains("disable-network-policy")
}

fn is_plugin(workload: &Workload<'_>) -> bool {
    let path =
        |volume: &Value| PLUGIN_PATHS.contains(&volume.str_at(&["hostPath", "path"]).trim_end_matches('/'));
    workload.object.kind() == "DaemonSet" && workload.volumes().any(|(_, volume)| path(volume))
}
