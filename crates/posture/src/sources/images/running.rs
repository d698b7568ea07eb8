//! Which images to look at: those that run, as workloads name them and as nodes report their digests; without
//! workloads those that documents tell of.
//!
//! Entry point: [`subjects`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use api::Value;
use evidence::Evidence;

use super::names::{Names, reference};
use super::{Facts, Images};
use crate::finding::{Place, Subject as About};
use crate::image::Image;
use crate::scan::Scan;
use crate::workload::Workloads;

/// An image to look at.
pub(crate) struct Subject<'s, 'a> {
    pub names: Names,
    /// It, where it is named first.
    pub place: Place,
    /// The field that names it; `""` when only a document does.
    pub field: String,
    /// The workloads that run it, by their places among the workloads.
    pub workloads: Vec<usize>,
    /// What is known of it.
    pub facts: Vec<&'s Facts<'a>>,
}

/// The lists of containers of a pod, and what its status tells of each.
const STATUSES: [(&str, &str); 3] = [
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
];

/// The images to look at, sorted by name.  A configuration that does not say which image it is of is looked at in any
/// case.
pub(crate) fn subjects<'s, 'a>(scan: &Scan<'_>, images: &'s Images<'a>) -> Vec<Subject<'s, 'a>> {
    let running = running(&scan.input.objects, &scan.workloads);
    if running.is_empty() {
        return told(images, |_| true);
    }
    let mut all: Vec<Subject<'s, 'a>> = running
        .into_values()
        .map(|running| {
            let place = Place {
                subject: about(&running.names),
                origin: scan.workloads.0.get(running.first).map(|w| w.object.origin.clone()),
            };
            let facts = images.about(&running.names);
            Subject { names: running.names, place, field: running.field, workloads: running.workloads, facts }
        })
        .collect();
    all.extend(told(images, |facts| facts.names.is_empty()));
    all
}

struct Running {
    names: Names,
    first: usize,
    field: String,
    workloads: Vec<usize>,
}

/// Images by name; one that was pulled under the same name twice, with different digests, is two images.
fn running(evidence: &Evidence, workloads: &Workloads<'_>) -> BTreeMap<String, Running> {
    let pulled = pulled(evidence);
    let mut all: BTreeMap<String, Running> = BTreeMap::new();
    for (i, workload) in workloads.0.iter().enumerate() {
        for named in workload.images() {
            let text = named.reference;
            let Some(image) = Image::parse(text) else { continue };
            let mut add = |names: Names| {
                let key = names
                    .digest()
                    .map_or_else(|| reference(&image), |d| format!("{}@{d}", reference(&image)));
                let new = || Running {
                    names,
                    first: i,
                    field: workload.field(&named.field),
                    workloads: Vec::new(),
                };
                let running = all.entry(key).or_insert_with(new);
                if running.workloads.last() != Some(&i) {
                    running.workloads.push(i);
                }
            };
            let digests = pulled.get(&reference(&image)).filter(|_| image.digest.is_none());
            match digests {
                None => add(Names::of(text)),
                Some(digests) => digests.iter().for_each(|digest| {
                    let mut names = Names::of(text);
                    names.add(digest);
                    add(names);
                }),
            }
        }
    }
    all
}

/// The digests with which nodes run a reference, as pods report.
fn pulled(evidence: &Evidence) -> HashMap<String, BTreeSet<&str>> {
    let mut all: HashMap<String, BTreeSet<&str>> = HashMap::new();
    for pod in evidence.of_kind("", "Pod") {
        for (list, statuses) in STATUSES {
            let statuses = pod.value.array_at(&["status", statuses]);
            let id = |name: &str| {
                let status: Option<&Value> = statuses.iter().find(|status| status.str_at(&["name"]) == name);
                status.map(|status| status.str_at(&["imageID"])).filter(|id| id.contains("sha256:"))
            };
            for container in pod.value.array_at(&["spec", list]) {
                let image = Image::parse(container.str_at(&["image"]));
                if let (Some(image), Some(id)) = (image, id(container.str_at(&["name"]))) {
                    let digest = id.rsplit_once('@').map_or(id, |(_, digest)| digest);
                    let digest = digest.rsplit_once("//").map_or(digest, |(_, digest)| digest);
                    all.entry(reference(&image)).or_default().insert(digest);
                }
            }
        }
    }
    all
}

/// The images that documents tell of, each once whatever it is told of in.
fn told<'s, 'a>(images: &'s Images<'a>, wanted: impl Fn(&Facts<'a>) -> bool) -> Vec<Subject<'s, 'a>> {
    let mut groups: Vec<Subject<'s, 'a>> = Vec::new();
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for facts in images.facts.iter().filter(|facts| wanted(facts)) {
        let digest = facts.names.digests.iter().find_map(|digest| by_name.get(digest.as_str()));
        let reference = facts.names.references.iter().find_map(|reference| by_name.get(reference.as_str()));
        // The same name with another digest is another image.
        let undecided = |i: &&usize| {
            facts.names.digests.is_empty()
                || groups.get(**i).is_some_and(|group| group.names.digests.is_empty())
        };
        let found = digest.copied().or_else(|| reference.filter(undecided).copied());
        let i = found.unwrap_or(groups.len());
        match groups.get_mut(i) {
            Some(group) => {
                group.names.digests.extend(facts.names.digests.iter().cloned());
                group.facts.push(facts);
            }
            None => groups.push(alone(facts)),
        }
        let names = facts.names.digests.iter().chain(&facts.names.references);
        names.for_each(|name| {
            by_name.entry(name).or_insert(i);
        });
    }
    groups
}

fn alone<'s, 'a>(facts: &'s Facts<'a>) -> Subject<'s, 'a> {
    let mut names = facts.names.clone();
    if names.title.is_empty() {
        names.title = facts.origin.map_or_else(String::new, |origin| origin.source.to_string());
    }
    let place = Place { subject: about(&names), origin: facts.origin.cloned() };
    Subject { names, place, field: String::new(), workloads: Vec::new(), facts: vec![facts] }
}

/// The image as the subject of a finding.
fn about(names: &Names) -> About {
    let short = |digest: &str| digest.get(..19).unwrap_or(digest).to_owned();
    let name = match names.digest() {
        Some(digest) if !names.title.contains(digest) => format!("{}@{}", names.title, short(digest)),
        _ => names.title.clone(),
    };
    About { kind: "Image".to_owned(), name, ..About::default() }
}
