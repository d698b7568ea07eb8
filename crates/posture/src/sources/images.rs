//! What is known of images: configuration, bills of materials, vulnerabilities.
//!
//! Entry points: [`Images::of`] reads every document, [`Images::about`] finds what is known of an image, and
//! [`subjects`] says which images to look at.  A document is recognised by what stands in it ([`FORMATS`]); its reader
//! fills [`Facts`], one for each image it tells of.

mod clair;
mod config;
mod cyclonedx;
mod exploited;
mod grype;
mod in_toto;
mod names;
mod operator;
mod running;
mod spdx;
mod trivy;
mod vex;

use std::collections::{BTreeMap, HashMap};

use api::Value;
use api::time::Timestamp;
use evidence::{Origin, Problem, ProblemKind};

use crate::catalogue::{Kind, Severity};
use crate::input::Input;

pub(crate) use config::Config;
pub(crate) use exploited::Exploited;
pub(crate) use names::Names;
pub(crate) use running::{Subject, subjects};
pub(crate) use vex::Statement;

/// Everything that documents and objects tell of images.
#[derive(Default)]
pub(crate) struct Images<'a> {
    /// What each document tells of an image.
    pub facts: Vec<Facts<'a>>,
    /// What somebody says about vulnerabilities in products.
    pub statements: Vec<Statement<'a>>,
    /// Catalogues of vulnerabilities that are exploited.
    pub exploited: Vec<Exploited<'a>>,
    by_digest: HashMap<String, Vec<usize>>,
    by_reference: HashMap<String, Vec<usize>>,
}

/// What one document tells of one image.
#[derive(Default)]
pub(crate) struct Facts<'a> {
    /// What wrote it.
    pub tool: &'static str,
    /// Where it stands.
    pub origin: Option<&'a Origin>,
    /// Which image it is about.
    pub names: Names,
    /// When it was written.
    pub taken: Option<Timestamp>,
    /// What was found; `None` when nobody looked for vulnerabilities.
    pub vulnerabilities: Option<Vec<Vulnerability<'a>>>,
    /// What is in it; `None` when that is not told.
    pub packages: Option<Vec<Package<'a>>>,
    /// It is a bill of materials.
    pub is_bill: bool,
    /// The serial number of that; `""` when it has none.
    pub serial: &'a str,
    pub config: Option<Config<'a>>,
    pub system: Option<System<'a>>,
    /// Files with secrets, and what a scanner takes them for.
    pub leaks: Vec<(&'a str, &'a str)>,
    /// Bytes.
    pub size: Option<i64>,
}

/// A vulnerability of a package in an image.
#[derive(Clone, Debug)]
pub(crate) struct Vulnerability<'a> {
    pub id: &'a str,
    /// Other names of it.
    pub aliases: Vec<&'a str>,
    pub package: &'a str,
    pub version: &'a str,
    pub severity: Severity,
    /// The version that has it no more; `""` when there is none.
    pub fixed: &'a str,
}

/// A package in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package<'a> {
    pub name: &'a str,
    pub version: &'a str,
}

/// The operating system that an image is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System<'a> {
    pub family: &'a str,
    pub version: &'a str,
    /// True when the scanner says that nobody mends it any more.
    pub is_ended: Option<bool>,
}

/// What readers have found so far.
type Read = for<'a> fn(&'a Value, &'a Origin, &mut Images<'a>) -> Result<(), String>;

/// A kind of document.
struct Format {
    fits: fn(&Value) -> bool,
    read: Read,
}

/// Every kind of document; the first that fits reads it.
const FORMATS: &[Format] = &[
    Format { fits: in_toto::fits, read: in_toto::read },
    Format { fits: in_toto::fits_envelope, read: in_toto::read_envelope },
    Format { fits: trivy::fits, read: trivy::read },
    Format { fits: grype::fits, read: grype::read },
    Format { fits: grype::fits_syft, read: grype::read_syft },
    Format { fits: cyclonedx::fits, read: cyclonedx::read },
    Format { fits: spdx::fits, read: spdx::read },
    Format { fits: spdx::fits_graph, read: spdx::read_graph },
    Format { fits: vex::fits, read: vex::read },
    Format { fits: exploited::fits, read: exploited::read },
    Format { fits: operator::fits, read: operator::read },
    Format { fits: clair::fits, read: clair::read },
    Format { fits: clair::fits_features, read: clair::read_features },
    Format { fits: config::fits, read: config::read },
];

const UNKNOWN: &str = "not a document about images that is known: neither a report of Trivy, Grype or Clair, nor CycloneDX, \
SPDX, Syft, OpenVEX, an image's configuration or a catalogue of exploited vulnerabilities";

impl<'a> Images<'a> {
    /// Reads every document about images, and reports among the objects.
    pub(crate) fn of(input: &'a Input) -> Self {
        let mut images = Self::default();
        for document in input.of_kind(Kind::Images) {
            // What cannot be read is told by `problems`.
            each(&document.value, &mut |value| drop(read(value, &document.origin, &mut images)));
        }
        for (kind, _) in operator::KINDS {
            for object in input.objects.of_kind(operator::GROUP, kind) {
                drop(operator::read(&object.value, &object.origin, &mut images));
            }
        }
        vex::resolve(&mut images);
        images.index();
        images
    }

    /// What is known of an image: by digest, and by reference where a document names no digest or the image has none.
    pub(crate) fn about(&self, names: &Names) -> Vec<&Facts<'a>> {
        let found = |index: &HashMap<String, Vec<usize>>, keys: &[String]| {
            keys.iter().filter_map(|key| index.get(key)).flatten().copied().collect::<Vec<_>>()
        };
        let mut all = found(&self.by_digest, &names.digests);
        let same = |i: &usize| {
            let other = self.facts.get(*i);
            names.digests.is_empty() || other.is_some_and(|facts| facts.names.digests.is_empty())
        };
        all.extend(found(&self.by_reference, &names.references).into_iter().filter(same));
        all.sort_unstable();
        all.dedup();
        all.into_iter().filter_map(|i| self.facts.get(i)).collect()
    }

    /// True when a document is about the same reference with another digest.
    pub(crate) fn has_another(&self, names: &Names) -> bool {
        names.references.iter().any(|reference| self.by_reference.contains_key(reference))
    }

    /// True when somebody says that a vulnerability does no harm in an image, and nobody said otherwise later.
    pub(crate) fn is_set_aside(&self, facts: &[&Facts<'_>], vulnerability: &Vulnerability<'_>) -> bool {
        let about = self.statements.iter().filter(|s| s.is_about(facts, vulnerability));
        about.max_by_key(|statement| statement.time).is_some_and(|statement| statement.sets_aside)
    }

    fn index(&mut self) {
        for (i, facts) in self.facts.iter().enumerate() {
            for digest in &facts.names.digests {
                self.by_digest.entry(digest.clone()).or_default().push(i);
            }
            for reference in &facts.names.references {
                self.by_reference.entry(reference.clone()).or_default().push(i);
            }
        }
    }
}

/// The vulnerabilities that are told of an image: of each tool the newest report, each vulnerability of a package once.
pub(crate) fn vulnerabilities<'f, 'a>(facts: &[&'f Facts<'a>]) -> Vec<&'f Vulnerability<'a>> {
    let mut newest: BTreeMap<&str, &Facts<'a>> = BTreeMap::new();
    for facts in facts.iter().filter(|facts| facts.vulnerabilities.is_some()) {
        let best = newest.entry(facts.tool).or_insert(facts);
        if facts.taken > best.taken {
            *best = facts;
        }
    }
    let all = newest.into_values().flat_map(|facts| facts.vulnerabilities.iter().flatten());
    let mut once = BTreeMap::new();
    for vulnerability in all {
        once.entry((vulnerability.id, vulnerability.package)).or_insert(vulnerability);
    }
    once.into_values().collect()
}

/// Documents about images that cannot be made sense of.
pub(super) fn problems(input: &Input) -> Vec<Problem> {
    let mut problems = Vec::new();
    for document in input.of_kind(Kind::Images) {
        let mut scratch = Images::default();
        each(&document.value, &mut |value| {
            let Err(text) = read(value, &document.origin, &mut scratch) else { return };
            let problem = Problem { origin: document.origin.clone(), kind: ProblemKind::Broken, text };
            // What is true of everything in a list is said once.
            if problems.last() != Some(&problem) {
                problems.push(problem);
            }
        });
    }
    problems
}

/// A document, or each of a list of them.
fn each<'a>(value: &'a Value, take: &mut impl FnMut(&'a Value)) {
    let items = value.array_at(&["items"]);
    match value.as_array() {
        Some(list) if !list.is_empty() => list.iter().for_each(take),
        None if !items.is_empty() && value.str_at(&["kind"]).ends_with("List") => items.iter().for_each(take),
        _ => take(value),
    }
}

fn read<'a>(value: &'a Value, origin: &'a Origin, images: &mut Images<'a>) -> Result<(), String> {
    match FORMATS.iter().find(|format| (format.fits)(value)) {
        Some(format) => (format.read)(value, origin, images),
        None => Err(UNKNOWN.to_owned()),
    }
}

/// How bad a vulnerability is, in anybody's words.
fn severity(word: &str) -> Severity {
    match word.to_ascii_lowercase().as_str() {
        "critical" | "defcon1" => Severity::Critical,
        "high" | "important" => Severity::High,
        "medium" | "moderate" => Severity::Medium,
        "low" => Severity::Low,
        _ => Severity::Info,
    }
}

/// How bad a vulnerability is by its score.
fn scored(score: f64) -> Severity {
    match score {
        9.0.. => Severity::Critical,
        7.0.. => Severity::High,
        4.0.. => Severity::Medium,
        0.1.. => Severity::Low,
        _ => Severity::Info,
    }
}

/// A list that has to be there.
fn list<'a>(value: &'a Value, path: &[&str], what: &str) -> Result<&'a [Value], String> {
    value.at(path).as_array().ok_or_else(|| format!("{what} without {}: it is not whole", path.join(".")))
}

/// Texts of a list.
fn texts<'a>(value: &'a Value, path: &[&str]) -> impl Iterator<Item = &'a str> + use<'a> {
    value.array_at(path).iter().filter_map(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
