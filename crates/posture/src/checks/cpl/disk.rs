//! Whether whoever takes the disk of etcd has its data.

use api::Value;

use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::attestation;
use crate::sources::host::Host;
use crate::sources::machine::Machine;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["CPL-078"];

const ID: &str = "CPL-078";

/// How deep devices lie upon each other.
const DEEP: usize = 32;

const PLAIN: Words = words(
    "{} lies on {}, which this host does not encrypt; if the cloud does, attest it",
    "{} 경로가 암호화되지 않은 {}에 있음. 클라우드가 암호화한다면 확인서로 남겨야 함",
);
const NO_DEVICES: Words =
    words("the block devices of {} were not collected", "{}의 블록 장치 정보가 수집되지 않음");

pub(super) fn run(scan: &mut Scan<'_>) {
    // Who vouches for the disk knows more than a host does of its cloud.
    if attestation::decide(scan, ID, Status::Warn) == Some(true) {
        return;
    }
    for machine in Machine::all(scan.input) {
        let Some(path) = machine.etcd_data() else { continue };
        let host = &machine.host;
        match mount(host, &path) {
            None => scan.lack(ID, NO_DEVICES.with([host.name()])),
            Some(Mount { encrypted: true, .. }) => scan.examine(ID),
            Some(Mount { device, .. }) => {
                scan.examine(ID);
                let place = host.place("Directory", &path);
                scan.find(ID, Status::Warn, place, String::new(), PLAIN.with([path.as_str(), device]));
            }
        }
    }
}

/// What a path lies on.
struct Mount<'a> {
    /// How much of the path the mount point is.
    length: usize,
    device: &'a str,
    encrypted: bool,
}

/// The device with the mount point that covers most of a path, by the tree that `lsblk --json` gives.
fn mount<'a>(host: &Host<'a>, path: &str) -> Option<Mount<'a>> {
    let mut best = None;
    for device in host.at(&["blockDevices", "blockdevices"]).as_array()? {
        walk(device, path, false, DEEP, &mut best);
    }
    best
}

fn walk<'a>(device: &'a Value, path: &str, encrypted: bool, deep: usize, best: &mut Option<Mount<'a>>) {
    let encrypted = encrypted || device.str_at(&["type"]) == "crypt";
    let many = device.array_at(&["mountpoints"]).iter();
    for point in many.chain([device.at(&["mountpoint"])]).filter_map(Value::as_str) {
        let bare = point.trim_end_matches('/');
        let covers = path.strip_prefix(bare).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if covers && best.as_ref().is_none_or(|best| best.length <= bare.len()) {
            let device = device.str_at(&["name"]);
            *best = Some(Mount { length: bare.len(), device, encrypted });
        }
    }
    if let Some(deep) = deep.checked_sub(1) {
        let below = device.array_at(&["children"]);
        below.iter().for_each(|child| walk(child, path, encrypted, deep, best));
    }
}
