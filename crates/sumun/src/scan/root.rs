//! `--root`: the control plane as it stands on a host's disk, or on a copy of it.
//!
//! Entry points: [`arg`], [`read`].  The manifests of static pods are read, and then just the files that flags name and
//! that tell how things are set up: certificates and configuration, no keys and no tokens.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use api::Value;
use clap::{Arg, ValueHint};
use evidence::{Object, Origin, Problem, ProblemKind, Reader, Wanted};
use posture::{Document, Input, Kind, files_named};

use super::files;

/// The flag's name.
pub(super) const NAME: &str = "root";

/// Where the kubelet finds static pods, unless it is told otherwise: as kubeadm and others set it up, RKE2, and k3s.
const MANIFESTS: [&str; 3] = [
    "etc/kubernetes/manifests",
    "var/lib/rancher/rke2/agent/pod-manifests",
    "var/lib/rancher/k3s/agent/pod-manifests",
];

/// Files name files, but not for long: an AdmissionConfiguration names a plug-in's.
const ROUNDS: usize = 3;

/// The largest file that a flag may name, in bytes.
const MOST_BYTES: u64 = 4 << 20;

/// The flag.
pub(super) fn arg() -> Arg {
    Arg::new(NAME)
        .long(NAME)
        .value_name("DIRECTORY")
        .value_hint(ValueHint::DirPath)
        .help_heading("Evidence")
        .help("Root of a control-plane host's disk, or of a copy: manifests of static pods and the files they name")
}

/// Adds what stands below a root.  What cannot be read is told, and the rest is still read.
pub(super) fn read(root: &Path, input: &mut Input) -> Vec<Problem> {
    let mut problems = Vec::new();
    for directory in MANIFESTS.map(|path| root.join(path)) {
        problems.extend(manifests(&directory, input));
    }
    let mut tried = BTreeSet::new();
    for _ in 0..ROUNDS {
        let named = files_named(input).into_iter().filter(|path| tried.insert(path.clone()));
        let named: Vec<_> = named.collect();
        if named.is_empty() {
            break;
        }
        for path in named {
            match below(root, &path).map(|file| text(&file)) {
                None | Some(Ok(None)) => {}
                Some(Ok(Some(text))) => add(input, &path, &text),
                Some(Err(why)) => problems.push(problem(root, &path, &why)),
            }
        }
    }
    problems
}

/// Reads static pods as the kubelet does: every file of the directory, whatever it is called, but for hidden ones.
fn manifests(directory: &Path, input: &mut Input) -> Vec<Problem> {
    let mut files = match std::fs::read_dir(directory) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>(),
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(why) => {
            let origin = Origin::whole(directory.display().to_string());
            return vec![Problem { origin, kind: ProblemKind::Unreadable, text: why.to_string() }];
        }
    };
    let is_hidden = |path: &Path| path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
    // Directories are passed over; what is no file, such as a pipe, would be waited for.
    files.retain(|path| !is_hidden(path) && (path.is_file() || path.metadata().is_err()));
    files.sort();
    let mut reader = Reader::new(Wanted::All);
    files.iter().for_each(|path| reader.path(path));
    let found = reader.finish();
    found.objects.into_iter().for_each(|object| input.add(object));
    found.problems
}

/// Where a path of the host stands; a path that leads elsewhere is not followed.
fn below(root: &Path, path: &str) -> Option<PathBuf> {
    let parts = Path::new(path).components().filter(|part| *part != Component::RootDir);
    let parts: Option<PathBuf> =
        parts.map(|part| matches!(part, Component::Normal(_)).then_some(part)).collect();
    parts.map(|parts| root.join(parts))
}

/// The text of a file; `None` when there is none.  What is missing is for the checks to say.
fn text(file: &Path) -> io::Result<Option<Vec<u8>>> {
    match file.metadata() {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why),
        Ok(metadata) if metadata.len() > MOST_BYTES => {
            Err(io::Error::other(format!("more than {} MiB; it is not read", MOST_BYTES >> 20)))
        }
        Ok(_) => files::read(file).map(Some),
    }
}

/// Adds a file under the name that the flag gives it.
fn add(input: &mut Input, path: &str, text: &[u8]) {
    let whole = || {
        let value = Value::from(String::from_utf8_lossy(text).into_owned());
        Document { kind: Kind::ControlPlane, value, origin: Origin::whole(path) }
    };
    let is_pem = text.windows(11).any(|part| part == b"-----BEGIN ");
    let parsed =
        if is_pem { Vec::new() } else { Document::parse(Kind::ControlPlane, path, text).unwrap_or_default() };
    if parsed.is_empty() || parsed.iter().any(|document| document.value.as_object().is_none()) {
        return input.documents.push(whole());
    }
    for document in parsed {
        let has = |member: &str| !document.value.str_at(&[member]).is_empty();
        if has("apiVersion") && has("kind") {
            input.add(Object { value: document.value, origin: document.origin });
        } else {
            input.documents.push(document);
        }
    }
}

fn problem(root: &Path, path: &str, why: &io::Error) -> Problem {
    let origin = Origin::whole(format!("{}{path}", root.display().to_string().trim_end_matches('/')));
    Problem { origin, kind: ProblemKind::Unreadable, text: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_gives_manifests_and_the_files_they_name() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let file = root.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write(
            "etc/kubernetes/manifests/api.manifest",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: kube-system}, spec: {containers: [{name: a, command: [kube-apiserver, --admission-control-config-file=/etc/adm/a.yaml, --client-ca-file=/etc/ca.crt, --tls-private-key-file=/etc/api.key, --authorization-policy-file=/../../out.jsonl]}]}}",
        );
        write(
            "etc/adm/a.yaml",
            "{apiVersion: apiserver.config.k8s.io/v1, kind: AdmissionConfiguration, plugins: [{name: PodSecurity, path: psa.yaml}]}",
        );
        write(
            "etc/adm/psa.yaml",
            "{apiVersion: pod-security.admission.config.k8s.io/v1, kind: PodSecurityConfiguration}",
        );
        write("etc/ca.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        write("etc/api.key", "secret");
        // The kubelet passes these over.
        write("etc/kubernetes/manifests/.api.yaml.swp", "[");
        write("etc/kubernetes/manifests/old/api.yaml", "[");
        let mut input = Input::default();
        assert!(read(root.path(), &mut input).is_empty());
        let sources: Vec<_> = input.documents.iter().map(|d| d.origin.source.to_string()).collect();
        assert_eq!(sources, ["/etc/adm/a.yaml", "/etc/ca.crt", "/etc/adm/psa.yaml"]);
        assert_eq!(input.objects.objects.len(), 1);
        assert!(input.documents.iter().any(|d| d.value.as_str().is_some_and(|pem| pem.lines().count() == 3)));
    }
}
