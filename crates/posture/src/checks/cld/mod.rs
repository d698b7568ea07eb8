//! Cloud: what a provider exports of a cluster and its network.

mod clusters;
mod firewalls;
mod guide;
mod networks;
mod servers;
pub(super) mod setting;
mod storage;

use super::Family;
use crate::catalogue::Kind;
use crate::scan::Scan;
use crate::sources::cloud::{Cloud, Given};
use crate::words::{Said, Words, words};

pub(super) const FAMILIES: &[Family] = &[
    Family {
        ids: || {
            let of = [clusters::IDS, firewalls::IDS, networks::IDS, storage::IDS, servers::IDS];
            let settings = clusters::SETTINGS.iter().map(|setting| setting.id);
            of.into_iter().flatten().copied().chain(settings).collect()
        },
        run: |scan| {
            let input = scan.input;
            let cloud = Cloud::of(input);
            clusters::run(scan, &cloud);
            firewalls::run(scan, &cloud);
            networks::run(scan, &cloud);
            storage::run(scan, &cloud);
            servers::run(scan, &cloud);
        },
    },
    guide::FAMILY,
];

const UNTOLD: Words = words("not all is known of {}", "{}의 내용을 모두 알 수 없음");

/// Says of what a plan, or a list that is cut off, does not tell enough.
pub(super) fn untold(scan: &mut Scan<'_>, cloud: &Cloud<'_>, list: Given, ids: &[&'static str]) {
    for resource in cloud.untold(list) {
        ids.iter().for_each(|id| scan.lack(id, UNTOLD.with([resource.title()])));
    }
}

/// Says that something was not exported, when there is an export at all.
pub(super) fn not_exported(scan: &mut Scan<'_>, id: &'static str, is_there: bool, what: Said) {
    if !is_there && scan.input.has(Kind::Cloud) {
        scan.lack(id, what);
    }
}
