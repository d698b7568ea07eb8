//! Block devices, one upon the other, and what is mounted from them: the tree that `lsblk --json` gives, read from
//! `/sys` and `/proc`.

use std::collections::BTreeMap;

use api::{Value, object};

use super::root::Root;

/// How deep devices lie upon each other.
const DEEP: usize = 8;

/// Mount points by device: its numbers, and the name it was mounted by.
struct Mounts {
    by_number: BTreeMap<String, Vec<String>>,
    by_name: BTreeMap<String, Vec<String>>,
}

/// The tree of devices; `None` when it cannot be seen.
pub(super) fn tree(root: &mut Root) -> Option<Value> {
    let disks = root.list("/sys/block");
    let Some(mounts) = mounts(root).filter(|_| !disks.is_empty()) else {
        root.lack("blockDevices", "/sys/block or /proc is not there", "mount both below --root");
        return None;
    };
    // What lies upon others is below them in the tree.
    let bottom: Vec<_> =
        disks.into_iter().filter(|disk| root.list(&format!("/sys/block/{disk}/slaves")).is_empty()).collect();
    let devices: Vec<_> = bottom
        .iter()
        .filter_map(|disk| device(root, &mounts, disk, &format!("/sys/block/{disk}"), DEEP))
        .collect();
    Some(object! { "blockdevices" => devices })
}

fn device(root: &mut Root, mounts: &Mounts, name: &str, path: &str, deep: usize) -> Option<Value> {
    let deep = deep.checked_sub(1)?;
    let entries = root.list(path);
    let mapped = root.line(&format!("{path}/dm/name"));
    let shown = mapped.as_deref().unwrap_or(name).to_owned();
    let kind = kind(root, name, path, &entries);
    let points = mounts.of(root.line(&format!("{path}/dev")), &shown);
    let holders = root.list(&format!("{path}/holders"));
    let mut children: Vec<_> = entries
        .iter()
        .filter(|entry| entry.starts_with(name))
        .filter_map(|part| device(root, mounts, part, &format!("{path}/{part}"), deep))
        .collect();
    children.extend(
        holders
            .iter()
            .filter_map(|holder| device(root, mounts, holder, &format!("/sys/block/{holder}"), deep)),
    );
    // Empty loops and RAM disks tell nothing.
    if points.is_empty() && children.is_empty() && kind == "loop" {
        return None;
    }
    let points: Vec<_> = points.iter().map(|point| Value::from(point.as_str())).collect();
    Some(
        object! { "name" => shown.as_str(), "type" => kind, "mountpoints" => points, "children" => children },
    )
}

fn kind(root: &mut Root, name: &str, path: &str, entries: &[String]) -> &'static str {
    let has = |entry: &str| entries.iter().any(|e| e == entry);
    let uuid = root.line(&format!("{path}/dm/uuid")).unwrap_or_default();
    match uuid.split('-').next() {
        Some("CRYPT") => "crypt",
        Some("LVM") => "lvm",
        Some("mpath") => "mpath",
        _ if has("dm") => "dm",
        _ if has("md") => "raid",
        _ if has("partition") => "part",
        _ if name.starts_with("loop") || name.starts_with("ram") => "loop",
        _ => "disk",
    }
}

/// What is mounted where, as the first process of the host sees it.
fn mounts(root: &mut Root) -> Option<Mounts> {
    let text = root.read("/proc/1/mountinfo").or_else(|| root.read("/proc/self/mountinfo"))?;
    let mut mounts = Mounts { by_number: BTreeMap::new(), by_name: BTreeMap::new() };
    for line in text.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let (Some(number), Some(point)) = (words.get(2), words.get(4)) else { continue };
        let source = words.iter().position(|word| *word == "-").and_then(|i| words.get(i + 2));
        let point = point.replace("\\040", " ");
        mounts.by_number.entry((*number).to_owned()).or_default().push(point.clone());
        if let Some(name) = source.and_then(|source| source.strip_prefix("/dev/")) {
            let name = name.strip_prefix("mapper/").unwrap_or(name);
            mounts.by_name.entry(name.to_owned()).or_default().push(point);
        }
    }
    Some(mounts)
}

impl Mounts {
    /// The mount points of a device, by its numbers; by its name for file systems that have numbers of their own.
    fn of(&self, number: Option<String>, name: &str) -> Vec<String> {
        let by_number = number.and_then(|number| self.by_number.get(&number));
        let mut points = by_number.or_else(|| self.by_name.get(name)).cloned().unwrap_or_default();
        points.sort();
        points.dedup();
        // Where pods have it mounted too is of no interest.
        points.truncate(64);
        points
    }
}
