//! Labels of namespaces for the `PodSecurity` admission plug-in: the strictest level that what runs there meets already.

use std::collections::{BTreeMap, BTreeSet};

use admission::pod_security::{Level, LevelVersion, Policy, Version, evaluate};
use api::{Value, object};

use super::Made;
use crate::finding::Subject;
use crate::input::Input;
use crate::releases;
use crate::settings::Settings;
use crate::workload::{Workload, Workloads};

/// How many workloads a comment names.
const MOST_NAMED: usize = 5;

/// A Namespace with labels for each namespace that is there or that something runs in, but those of the system.  Nothing
/// that runs is refused by them, and a level that is enforced already is not lowered; what is beyond restricted is told
/// in any case.
pub fn psa_labels(input: &Input, settings: &Settings) -> Vec<Made> {
    let workloads = Workloads::of(&input.objects);
    let mut there: BTreeMap<&str, Vec<&Workload<'_>>> = BTreeMap::new();
    for workload in &workloads.0 {
        there.entry(workload.object.namespace()).or_default().push(workload);
    }
    let objects: BTreeMap<&str, &Value> =
        input.objects.of_kind("", "Namespace").map(|o| (o.name(), &o.value)).collect();
    let names: BTreeSet<&str> = there.keys().chain(objects.keys()).copied().collect();
    let names = names.into_iter().filter(|name| !name.is_empty() && !settings.is_system(name));
    names
        .map(|name| {
            let labels = objects.get(name).map_or(&Value::Null, |o| o.at(&["metadata", "labels"]));
            let enforced = Policy::of_labels(labels, &Policy::default()).0.enforce.level;
            made(name, there.get(name).map_or(&[], Vec::as_slice), enforced, settings)
        })
        .collect()
}

fn made(name: &str, workloads: &[&Workload<'_>], enforced: Level, settings: &Settings) -> Made {
    let met = met(workloads, settings.pod_security);
    let level = met.max(enforced);
    let version = match settings.pod_security {
        Version::Latest => Version::Minor(releases::newest()),
        version => version,
    };
    let mut labels = Value::object();
    for (mode, level) in [("enforce", level), ("audit", Level::Restricted), ("warn", Level::Restricted)] {
        labels.set_at(&[&format!("pod-security.kubernetes.io/{mode}")], level.name());
        labels.set_at(&[&format!("pod-security.kubernetes.io/{mode}-version")], version.to_string());
    }
    let object = object! {
        "apiVersion" => "v1",
        "kind" => "Namespace",
        "metadata" => object! { "name" => name, "labels" => labels },
    };
    Made { comment: comment(name, workloads, met, enforced, settings.pod_security), object }
}

/// The strictest level that all of them meet.
fn met(workloads: &[&Workload<'_>], version: Version) -> Level {
    let meets = |level: &Level| {
        workloads.iter().all(|w| evaluate(LevelVersion { level: *level, version }, &w.pod).is_empty())
    };
    Level::ALL.into_iter().rev().find(meets).unwrap_or(Level::Privileged)
}

/// What was looked at, and what keeps the next level away.
fn comment(name: &str, workloads: &[&Workload<'_>], met: Level, enforced: Level, version: Version) -> String {
    let all = match workloads.len() {
        0 => return format!("{name}: nothing runs in it"),
        1 => "what runs in it meets".to_owned(),
        n => format!("all {n} workloads in it meet"),
    };
    let mut lines = vec![format!("{name}: {all} {}", met.name())];
    if enforced > met {
        lines.push(format!(
            "{} is enforced already, and some of them could not be made again",
            enforced.name()
        ));
    }
    let Some(next) = Level::ALL.into_iter().find(|level| *level > met) else { return lines.join("\n") };
    let beyond = workloads.iter().filter_map(|w| {
        let violations = evaluate(LevelVersion { level: next, version }, &w.pod);
        let reasons: Vec<_> = violations.iter().map(|violation| violation.reason).collect();
        (!reasons.is_empty()).then(|| format!("  {}: {}", Subject::of(w.object), reasons.join(", ")))
    });
    let beyond: Vec<String> = beyond.collect();
    lines.push(format!("not {}:", next.name()));
    lines.extend(beyond.iter().take(MOST_NAMED).cloned());
    if beyond.len() > MOST_NAMED {
        lines.push(format!("  and {} more", beyond.len() - MOST_NAMED));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use evidence::{Object, Origin};

    use super::*;
    use crate::generate::manifest;

    const GOOD: &str = "{securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}";

    fn input(pods: &[(&str, &str)], namespaces: &[&str]) -> Input {
        let mut input = Input::default();
        let pods = pods.iter().map(|(namespace, spec)| {
            format!(
                "{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: {namespace}}}, spec: {spec}}}"
            )
        });
        let namespaces = namespaces
            .iter()
            .map(|metadata| format!("{{apiVersion: v1, kind: Namespace, metadata: {metadata}}}"));
        for text in pods.chain(namespaces) {
            let value = codec::yaml::parse(text.as_bytes()).unwrap().value;
            input.add(Object { value, origin: Origin::whole("f") });
        }
        input
    }

    fn levels(input: &Input) -> Vec<(String, String)> {
        let made = psa_labels(input, &Settings::default());
        let text = |made: &Made, path: &[&str]| made.object.str_at(path).to_owned();
        let level = ["metadata", "labels", "pod-security.kubernetes.io/enforce"];
        made.iter().map(|made| (text(made, &["metadata", "name"]), text(made, &level))).collect()
    }

    #[test]
    fn the_strictest_level_that_all_meet_is_enforced() {
        let pods = [
            ("good", GOOD),
            ("plain", "{containers: [{name: a}]}"),
            ("mixed", GOOD),
            ("mixed", "{hostNetwork: true, containers: [{name: a}]}"),
            ("kube-system", "{hostNetwork: true, containers: [{name: a}]}"),
            ("kept", "{containers: [{name: a}]}"),
        ];
        let kept = "{name: kept, labels: {pod-security.kubernetes.io/enforce: restricted}}";
        let want = [
            ("empty", "restricted"),
            ("good", "restricted"),
            ("kept", "restricted"),
            ("mixed", "privileged"),
            ("plain", "baseline"),
        ];
        let want = want.map(|(name, level)| (name.to_owned(), level.to_owned()));
        assert_eq!(levels(&input(&pods, &["{name: empty}", kept])), want);
    }

    #[test]
    fn the_manifest_says_why_and_can_be_applied() {
        let made = psa_labels(&input(&[("plain", "{containers: [{name: a}]}")], &[]), &Settings::default());
        let text = manifest(&made);
        assert!(
            text.starts_with("# plain: what runs in it meets baseline\n# not restricted:\n#   Pod plain/p: ")
        );
        let value = codec::yaml::parse(text.as_bytes()).unwrap().value;
        assert_eq!(value, made[0].object);
        let version = value.str_at(&["metadata", "labels", "pod-security.kubernetes.io/enforce-version"]);
        assert!(version.starts_with("v1."));
        // What it says keeps POD-040 and POD-041 content.
        let mut after = input(&[("plain", "{containers: [{name: a}]}")], &[]);
        after.add(Object { value, origin: Origin::whole("f") });
        let report = crate::scan(&after, &Settings::default());
        let bad = report.findings().into_iter().filter(|f| ["POD-040", "POD-041"].contains(&f.check.id));
        assert_eq!(bad.count(), 0);
    }

    #[test]
    fn a_name_cannot_end_its_comment() {
        let made = [Made { comment: "a\u{85}b\rc".to_owned(), object: Value::object() }];
        assert_eq!(manifest(&made), "# a b c\n{}\n");
    }
}
