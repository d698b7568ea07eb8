//! What pods that are there already would say to a stricter level.

use std::collections::{BTreeMap, HashSet};

use api::Value;

use super::configuration::Configuration;
use super::controls::{Violation, evaluate};
use super::level::LevelVersion;
use super::pod::Pod;

/// No more pods than this are looked at (upstream's `defaultNamespaceMaxPodsToCheck`).
const MOST: usize = 3000;

/// The pods that go beyond a level in the same way.
struct Alike<'a> {
    /// The first of them by name.
    first: &'a str,
    count: usize,
}

/// Warnings about the pods of a namespace: those that violate `level` are named, grouped by what they do.
pub(super) fn sweep(
    pods: &[Value],
    namespace: &str,
    level: LevelVersion,
    configuration: &Configuration,
) -> Vec<String> {
    let order = by_importance(pods, configuration);
    let mut groups: BTreeMap<String, Alike> = BTreeMap::new();
    for pod in order.iter().take(MOST) {
        let violations = evaluate(level, &Pod { metadata: pod.at(&["metadata"]), spec: pod.at(&["spec"]) });
        if violations.is_empty() {
            continue;
        }
        let name = pod.str_at(&["metadata", "name"]);
        let group = groups.entry(Violation::reasons(&violations)).or_insert(Alike { first: name, count: 0 });
        group.first = group.first.min(name);
        group.count += 1;
    }
    let mut warnings = Vec::new();
    if order.len() > MOST {
        let all = order.len();
        warnings.push(format!(
            "new PodSecurity enforce level only checked against the first {MOST} of {all} existing pods"
        ));
    }
    if !groups.is_empty() {
        warnings.push(format!(
            "existing pods in namespace \"{namespace}\" violate the new PodSecurity enforce level \"{level}\""
        ));
    }
    let mut named: Vec<_> = groups.iter().map(|(reasons, group)| group.named(reasons)).collect();
    named.sort();
    warnings.extend(named);
    warnings
}

impl Alike<'_> {
    fn named(&self, reasons: &str) -> String {
        let first = self.first;
        match self.count {
            1 => format!("{first}: {reasons}"),
            2 => format!("{first} (and 1 other pod): {reasons}"),
            n => format!("{first} (and {} other pods): {reasons}", n - 1),
        }
    }
}

/// One pod of each controller before its others, which are like it; none that are exempt.
fn by_importance<'a>(pods: &'a [Value], configuration: &Configuration) -> Vec<&'a Value> {
    let mut seen = HashSet::new();
    let counted = pods.iter().filter(|pod| !configuration.exempts_class_of(pod.at(&["spec"])));
    let (mut first, others): (Vec<_>, Vec<_>) =
        counted.partition(|pod| controller(pod).is_none_or(|uid| seen.insert(uid)));
    first.extend(others);
    first
}

fn controller(pod: &Value) -> Option<&str> {
    let owners = pod.array_at(&["metadata", "ownerReferences"]).iter();
    owners.filter(|o| o.at(&["controller"]).as_bool() == Some(true)).map(|o| o.str_at(&["uid"])).next()
}
