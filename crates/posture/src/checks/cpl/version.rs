//! Whether the versions that run are still looked after.

use std::collections::BTreeMap;

use crate::finding::{Place, Status};
use crate::releases::{MADE, Release, Support, parse_version, support};
use crate::scan::Scan;
use crate::sources::cloud::Cloud;
use crate::sources::control_plane::ControlPlane;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["CPL-037"];
const ID: &str = "CPL-037";

const ENDED: Words = words("{} gets no fixes since {}", "{}은 {}에 지원이 끝남");
const ENDED_LONG: Words = words("{} gets no fixes any more", "{}은 지원이 끝난 지 오래됨");
const ENDS: Words = words("{} gets fixes until {} only", "{}은 {}에 지원이 끝날 예정임");
const UNKNOWN: Words =
    words("{} is newer than the table of releases, which is of {}", "{}은 릴리스 표({})보다 새 버전임");

/// One finding a version, about the first that runs it.
pub(super) fn run(scan: &mut Scan<'_>) {
    let mut versions: BTreeMap<Release, (Place, String)> = BTreeMap::new();
    for component in ControlPlane::of(scan).components {
        if let Some(version) = component.version {
            versions.entry(version).or_insert((component.place, component.field));
        }
    }
    for node in scan.input.objects.of_kind("", "Node") {
        let field = ["status", "nodeInfo", "kubeletVersion"];
        if let Some(version) = parse_version(node.value.str_at(&field)) {
            versions.entry(version).or_insert_with(|| (node.into(), field.join(".")));
        }
    }
    for cluster in &Cloud::of(scan.input).clusters {
        let version =
            cluster.version.as_ref().and_then(|at| Some((parse_version(&at.value)?, at.field.clone())));
        if let Some((version, field)) = version {
            versions.entry(version).or_insert_with(|| ((&cluster.resource).into(), field));
        }
    }
    for (version, (place, field)) in versions {
        scan.examine(ID);
        let shown = version.to_string();
        let minor = if version.major == 1 { version.minor } else { u32::MAX };
        match support(minor, scan.settings.profile, scan.settings.now) {
            Support::Until(day, left) if left < 0 => {
                scan.find(ID, Status::Fail, place, field, ENDED.with([shown.as_str(), day]));
            }
            Support::Until(day, left) if left < scan.settings.limits.support_days => {
                scan.find(ID, Status::Warn, place, field, ENDS.with([shown.as_str(), day]));
            }
            Support::Until(..) => {}
            Support::Ended => scan.find(ID, Status::Fail, place, field, ENDED_LONG.with([shown])),
            Support::Unknown => scan.lack(ID, UNKNOWN.with([shown.as_str(), MADE])),
        }
    }
}
