//! MicroK8s: one program, `kubelite`, runs all of Kubernetes, each part with the arguments of a file.
//!
//! Entry point: [`programs`].

use super::programs::Program;
use super::root::Root;

pub(super) const NAME: &str = "kubelite";

/// Where the files are when nobody says.
const FILES: &str = "/var/snap/microk8s/current/args";

/// The parts: the flag that names the file, the program, and whether it belongs to the control plane.
const PARTS: &[(&str, &str, bool)] = &[
    ("kubelet-args-file", "kubelet", false),
    ("proxy-args-file", "kube-proxy", false),
    ("apiserver-args-file", "kube-apiserver", true),
    ("controller-manager-args-file", "kube-controller-manager", true),
    ("scheduler-args-file", "kube-scheduler", true),
];

/// The parts that a `kubelite` runs.
pub(super) fn programs(root: &mut Root, args: &[String]) -> Vec<Program> {
    let flag = |name: &str| {
        let start = format!("--{name}=");
        args.iter().rev().find_map(|word| word.strip_prefix(&start))
    };
    let worker = flag("start-control-plane") == Some("false");
    let mut found = Vec::new();
    for (name, program, of_control_plane) in PARTS {
        if *of_control_plane && worker {
            continue;
        }
        let path = flag(name).map_or_else(|| format!("{FILES}/{program}"), str::to_owned);
        match root.read(&path) {
            Some(text) => found.push(Program::inside(NAME, program, words(&text, &path))),
            None => {
                let why = format!("{path}, by which {program} runs, cannot be read");
                root.lack("processes", why, "run as root");
            }
        }
    }
    found
}

/// The words of a file: quotes do not count, lines that begin with `#` are none.
fn words(text: &str, path: &str) -> Vec<String> {
    let (data, _) = path.rsplit_once("/args/").unwrap_or(("/var/snap/microk8s/current", ""));
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let plain = lines.map(|line| line.replace(['"', '\''], ""));
    let words: Vec<String> =
        plain.flat_map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect();
    words.iter().filter(|word| !word.is_empty()).map(|word| expanded(word, data)).collect()
}

/// Variables of the snap.
fn expanded(word: &str, data: &str) -> String {
    let common = data.rsplit_once('/').map_or(data.to_owned(), |(snap, _)| format!("{snap}/common"));
    // The longer names first.
    let known = [("SNAP_DATA", data), ("SNAP_COMMON", common.as_str()), ("SNAP", "/snap/microk8s/current")];
    known.iter().fold(word.to_owned(), |word, (name, value)| {
        word.replace(&format!("${{{name}}}"), value).replace(&format!("${name}/"), &format!("{value}/"))
    })
}
