//! Reports of Trivy in JSON: of an image, and of the workloads of a cluster (`trivy k8s`).

use std::collections::BTreeSet;

use api::Value;
use evidence::Origin;

use super::{Config, Facts, Images, Names, Package, System, Vulnerability, list, severity, texts};
use crate::when::moment;

const TOOL: &str = "Trivy";

/// What may be an image: itself, or a bill of materials of one.
const ARTIFACTS: [&str; 4] = ["", "container_image", "cyclonedx", "spdx"];

/// Classes of results of whoever looked for vulnerabilities.
const PACKAGES: [&str; 2] = ["os-pkgs", "lang-pkgs"];

pub(super) fn fits(value: &Value) -> bool {
    let some = |names: &[&str]| names.iter().any(|name| value.get(name).is_some());
    (some(&["SchemaVersion"]) && some(&["Results", "ArtifactName"]))
        || some(&["ClusterName"]) && lists(value).is_some()
}

pub(super) fn read<'a>(value: &'a Value, origin: &'a Origin, images: &mut Images<'a>) -> Result<(), String> {
    match lists(value) {
        Some(resources) => resources.iter().for_each(|resource| of_resource(resource, origin, images)),
        None => {
            let results = match value.get("Results") {
                // Nothing to scan in it.
                None | Some(Value::Null) => &[],
                _ => list(value, &["Results"], "a report of Trivy")?,
            };
            let kind = value.str_at(&["ArtifactType"]);
            if !ARTIFACTS.contains(&kind) {
                return Err(format!("a report of Trivy about a {kind}, not about an image"));
            }
            let metadata = value.at(&["Metadata"]);
            let mut facts = facts(metadata, results.iter(), origin);
            facts.taken = moment(value.str_at(&["CreatedAt"]));
            let artifact = value.str_at(&["ArtifactName"]);
            if matches!(kind, "" | "container_image") {
                facts.names.add(artifact);
            }
            if facts.names.title.is_empty() {
                artifact.clone_into(&mut facts.names.title);
            }
            images.facts.push(facts);
        }
    }
    Ok(())
}

/// What a report of a cluster has instead of results.
fn lists(value: &Value) -> Option<&[Value]> {
    ["Resources", "Findings"].iter().find_map(|list| value.get(list)?.as_array())
}

/// One workload; newer reports have a list of metadata, an image each.
fn of_resource<'a>(resource: &'a Value, origin: &'a Origin, images: &mut Images<'a>) {
    let results = resource.array_at(&["Results"]);
    let metadata = resource.at(&["Metadata"]);
    let all = metadata.as_array().unwrap_or(std::slice::from_ref(metadata));
    let is_image = |m: &&Value| !names(m).is_empty();
    for metadata in all.iter().filter(is_image) {
        let tags: Vec<&str> = texts(metadata, &["RepoTags"]).collect();
        // Results say which image they are of only by the beginning of their target.
        let others: Vec<&str> =
            all.iter().flat_map(|m| texts(m, &["RepoTags"])).filter(|t| !tags.contains(t)).collect();
        let own = |result: &&Value| {
            let target = result.str_at(&["Target"]);
            !others.iter().any(|other| target.starts_with(other))
        };
        let mut facts = facts(metadata, results.iter().filter(own), origin);
        if !resource.str_at(&["Error"]).is_empty() {
            facts.vulnerabilities = None;
        }
        images.facts.push(facts);
    }
}

fn names(metadata: &Value) -> Names {
    let mut names = Names::default();
    texts(metadata, &["RepoTags"]).for_each(|name| names.add(name));
    texts(metadata, &["RepoDigests"]).for_each(|name| names.add(name));
    names.add(metadata.str_at(&["ImageID"]));
    names
}

fn facts<'a>(metadata: &'a Value, results: impl Iterator<Item = &'a Value>, origin: &'a Origin) -> Facts<'a> {
    let mut facts = Facts {
        tool: TOOL,
        origin: Some(origin),
        names: names(metadata),
        system: system(metadata.at(&["OS"])),
        config: Config::of(metadata.at(&["ImageConfig"])),
        size: metadata.at(&["Size"]).as_i64(),
        ..Facts::default()
    };
    let (mut found, mut packages) = (Vec::new(), Vec::new());
    // Nothing in it, and nothing to find: no system.
    let mut looked = facts.system.is_none_or(|system| system.family == "none");
    let mut classes = BTreeSet::new();
    for result in results {
        classes.insert(class(result));
        found.extend(result.array_at(&["Vulnerabilities"]).iter().map(vulnerability));
        packages.extend(result.array_at(&["Packages"]).iter().map(package));
        let target = result.str_at(&["Target"]);
        facts.leaks.extend(result.array_at(&["Secrets"]).iter().map(|s| (target, leak(s))));
    }
    looked &= classes.is_empty();
    looked |= classes.iter().any(|class| PACKAGES.contains(class));
    facts.vulnerabilities = looked.then_some(found);
    facts.packages = Some(packages).filter(|packages| !packages.is_empty());
    facts
}

/// What a result is of.  Older reports do not say so: those have vulnerabilities only.
fn class(result: &Value) -> &str {
    match result.str_at(&["Class"]) {
        "" => "os-pkgs",
        _ if !result.array_at(&["Vulnerabilities"]).is_empty() => "os-pkgs",
        class => class,
    }
}

fn system(os: &Value) -> Option<System<'_>> {
    let family = os.str_at(&["Family"]);
    // What is still mended is left out.
    let is_ended = Some(os.at(&["EOSL"]).as_bool().unwrap_or(false));
    (!family.is_empty()).then(|| System { family, version: os.str_at(&["Name"]), is_ended })
}

fn vulnerability(value: &Value) -> Vulnerability<'_> {
    Vulnerability {
        id: value.str_at(&["VulnerabilityID"]),
        aliases: texts(value, &["VendorIDs"]).collect(),
        package: value.str_at(&["PkgName"]),
        version: value.str_at(&["InstalledVersion"]),
        severity: severity(value.str_at(&["Severity"])),
        fixed: value.str_at(&["FixedVersion"]),
    }
}

fn package(value: &Value) -> Package<'_> {
    Package { name: value.str_at(&["Name"]), version: value.str_at(&["Version"]) }
}

/// What a secret is called; what it is stays where it is.
fn leak(secret: &Value) -> &str {
    ["Title", "Category", "RuleID"]
        .iter()
        .map(|f| secret.str_at(&[f]))
        .find(|t| !t.is_empty())
        .unwrap_or("a secret")
}
