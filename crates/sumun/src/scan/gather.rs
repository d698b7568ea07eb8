//! Gathers what a scan looks at: objects, and everything that is given beside them.
//!
//! Entry points: [`args`], [`gather`].

use std::path::Path;

use clap::{Arg, ArgAction, ArgMatches, ValueHint};
use evidence::{Evidence, Origin, Problem, ProblemKind, Wanted};
use posture::{AuditLog, Document, Input, Kind};

use super::{probe, root};
use crate::common::{Failure, Sources, logs, tell_problems};

/// The largest file of documents, in bytes.
const MOST_BYTES: u64 = 256 << 20;

/// Flags that name files of one kind of document, and their help.
const FILES: &[(&str, Kind, &str)] = &[
    ("host-facts", Kind::Host, "What `sumun scan host` wrote on a host; may be repeated"),
    (
        "kubelet",
        Kind::Kubelet,
        "Configuration of a kubelet or kube-proxy, or what a kubelet answers at /configz; may be repeated",
    ),
    (
        "cloud",
        Kind::Cloud,
        "Export of a cloud: answers of Naver Cloud's API, or `terraform show -json`; may be repeated",
    ),
    (
        "images",
        Kind::Images,
        "Image configuration, bill of materials or vulnerability report (Trivy, Grype, Clair, CycloneDX, SPDX); may be repeated",
    ),
    (
        "attestation",
        Kind::Attestation,
        "What somebody vouches for, or evidence from elsewhere (SARIF, ZAP); may be repeated",
    ),
];

/// The flag that names audit logs, which are read as streams.
const AUDIT_LOG: &str = "audit-log";

/// What was gathered.
pub(super) struct Gathered {
    pub input: Input,
    /// False when something could not be read.
    pub is_complete: bool,
}

/// The flags.
pub(super) fn args() -> Vec<Arg> {
    let file = |(name, _, help): &(&'static str, Kind, &'static str)| {
        Arg::new(*name)
            .long(*name)
            .value_name("PATH")
            .action(ArgAction::Append)
            .value_hint(ValueHint::AnyPath)
            .help_heading("Evidence")
            .help(*help)
    };
    let log = (
        AUDIT_LOG,
        Kind::AuditLog,
        "Audit logs: files, directories, or - for standard input; compressed or not; may be repeated",
    );
    FILES.iter().chain([&log]).map(file).chain([root::arg(), probe::arg()]).collect()
}

/// Reads what the flags name.  Problems are told on stderr, and the rest is still read.
///
/// # Errors
/// Nothing that could be read.
pub(super) fn gather(matches: &ArgMatches) -> Result<Gathered, Failure> {
    let sources = Sources::of(matches);
    let mut documents = Documents::default();
    for (flag, kind, _) in FILES {
        for path in matches.get_many::<String>(flag).into_iter().flatten() {
            documents.path(*kind, Path::new(path));
        }
    }
    let audit_log = audit_log(matches, &mut documents)?;
    tell_problems(&Evidence { problems: documents.problems.clone(), ..Evidence::default() });
    let root = matches.get_one::<String>(root::NAME);
    // Whoever names documents only does not mean the cluster of the kubeconfig.
    let named =
        FILES.iter().any(|(flag, ..)| matches.contains_id(flag)) || audit_log.is_some() || root.is_some();
    let is_given = !documents.all.is_empty() || audit_log.is_some() || root.is_some();
    if named && !sources.is_named() && !is_given && !documents.problems.is_empty() {
        return Err(Failure("nothing could be read".to_owned()));
    }
    let objects = if sources.is_named() || !named { sources.read(Wanted::All)? } else { Evidence::default() };
    let from_cluster = !sources.has_files() && !objects.objects.is_empty();
    let is_whole = objects.is_complete();
    let whole = (from_cluster && is_whole) || matches.get_flag("whole-cluster");
    let mut input = Input::of(objects, whole);
    input.documents.append(&mut documents.all);
    input.audit_log = audit_log;
    if matches.get_flag(probe::NAME) {
        input.documents.push(probe::probe(sources.live_config()?)?);
    }
    let mut problems = root.map(|root| root::read(Path::new(root), &mut input)).unwrap_or_default();
    if input.objects.objects.is_empty() && input.documents.is_empty() && input.audit_log.is_none() {
        // A pipeline that looks into the wrong place does not pass.
        tell_problems(&Evidence { problems, ..Evidence::default() });
        return Err(Failure("there is nothing to look at in what was given".to_owned()));
    }
    let is_lost = documents.problems.iter().chain(&problems).any(|p| p.kind.is_loss());
    let unreadable = posture::unreadable(&input);
    let is_complete = is_whole && !is_lost && unreadable.is_empty();
    problems.extend(unreadable);
    tell_problems(&Evidence { problems, ..Evidence::default() });
    Ok(Gathered { input, is_complete })
}

/// The audit logs; `None` when none are named.  What is broken in them is told.
fn audit_log(matches: &ArgMatches, documents: &mut Documents) -> Result<Option<AuditLog>, Failure> {
    let paths: Vec<&String> = matches.get_many(AUDIT_LOG).into_iter().flatten().collect();
    if paths.is_empty() {
        return Ok(None);
    }
    let mut log = AuditLog::default();
    logs::read(&logs::files(paths.into_iter())?, |name, input| log.read(name, input))?;
    for problem in log.problems() {
        let is_other = problem.what.starts_with("is no audit event");
        let kind = if is_other { ProblemKind::NotAnObject } else { ProblemKind::Broken };
        let line = usize::try_from(problem.line).unwrap_or(0);
        let origin = Origin { line, ..Origin::whole(problem.file.as_str()) };
        documents.problems.push(Problem { origin, kind, text: problem.what.clone() });
    }
    Ok(Some(log))
}

#[derive(Default)]
struct Documents {
    all: Vec<Document>,
    problems: Vec<Problem>,
}

impl Documents {
    /// Reads a file, or every file of a directory.
    fn path(&mut self, kind: Kind, path: &Path) {
        if !path.is_dir() {
            return self.file(kind, path);
        }
        match std::fs::read_dir(path) {
            Ok(entries) => {
                let mut files: Vec<_> =
                    entries.flatten().map(|entry| entry.path()).filter(|p| p.is_file()).collect();
                files.sort();
                files.iter().for_each(|file| self.file(kind, file));
            }
            Err(why) => self.problem(path, ProblemKind::Unreadable, why.to_string()),
        }
    }

    fn file(&mut self, kind: Kind, path: &Path) {
        let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        if size > MOST_BYTES {
            let text = format!("{} MiB; the most that is read is {} MiB", size >> 20, MOST_BYTES >> 20);
            return self.problem(path, ProblemKind::TooLarge, text);
        }
        match std::fs::read(path) {
            Ok(text) => match Document::parse(kind, &path.display().to_string(), &text) {
                Ok(documents) if documents.is_empty() => {
                    self.problem(path, ProblemKind::Broken, "there is nothing in it".to_owned());
                }
                Ok(documents) => self.all.extend(documents),
                Err(problem) => self.problems.push(problem),
            },
            Err(why) => self.problem(path, ProblemKind::Unreadable, why.to_string()),
        }
    }

    fn problem(&mut self, path: &Path, kind: ProblemKind, text: String) {
        let origin = Origin::whole(path.display().to_string());
        self.problems.push(Problem { origin, kind, text });
    }
}
