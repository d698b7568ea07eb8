//! Who may read and change what the API server writes down of requests, and what it goes by.

use crate::checks::hst::files::permissions;
use crate::scan::Scan;
use crate::sources::machine::Machine;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["AUD-010"];

const ID: &str = "AUD-010";

const NOT_KNOWN: Words =
    words("whether {} runs an API server is not known: {}", "{}에서 API 서버가 실행되는지 알 수 없음: {}");
const NOT_THERE: Words =
    words("{} is not among the files that were collected on {}", "{} 파일이 {}에서 수집되지 않음");

pub(super) fn run(scan: &mut Scan<'_>) {
    for machine in Machine::all(scan.input) {
        let unseen = machine.host.missing("processes").filter(|_| machine.flags("kube-apiserver").is_none());
        if let Some(why) = unseen {
            scan.lack(ID, NOT_KNOWN.with([machine.host.name(), why]));
        }
        let flag = |name| machine.flag("kube-apiserver", name);
        if let Some(policy) = flag("audit-policy-file") {
            look(scan, &machine, &policy, 0o600);
        }
        // `-` is standard output, which the container runtime keeps.
        let Some(log) = flag("audit-log-path").filter(|path| path != "-") else { continue };
        look(scan, &machine, &log, 0o600);
        let Some((directory, name)) = log.rsplit_once('/').filter(|(d, _)| !d.is_empty()) else { continue };
        look(scan, &machine, directory, 0o700);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let start = format!("{directory}/{stem}-");
        let older: Vec<_> = machine.host.below(directory).filter(|f| f.path.starts_with(&start)).collect();
        for file in older {
            permissions(scan, ID, &machine.host, file.path, 0o600);
        }
    }
}

fn look(scan: &mut Scan<'_>, machine: &Machine<'_>, path: &str, most: u32) {
    let host = &machine.host;
    let known = permissions(scan, ID, host, path, most) || host.missing(path).is_some();
    if !known {
        scan.lack(ID, NOT_THERE.with([path, host.name()]));
    }
}
