//! Reports that Trivy's operator keeps as objects of the cluster.

use api::Value;
use evidence::Origin;

use super::{Facts, Images, Names, System, Vulnerability, cyclonedx, list, severity};
use crate::when::moment;

pub(super) const GROUP: &str = "aquasecurity.github.io";

type Fill = for<'a> fn(&'a Value, &mut Facts<'a>) -> Result<(), String>;

/// Kinds of reports, and what each tells.
pub(super) const KINDS: [(&str, Fill); 5] = [
    ("VulnerabilityReport", vulnerabilities),
    ("ClusterVulnerabilityReport", vulnerabilities),
    ("ExposedSecretReport", secrets),
    ("SbomReport", components),
    ("ClusterSbomReport", components),
];

pub(super) fn fits(value: &Value) -> bool {
    value.str_at(&["apiVersion"]).starts_with("aquasecurity.github.io/") && value.get("report").is_some()
}

pub(super) fn read<'a>(value: &'a Value, origin: &'a Origin, images: &mut Images<'a>) -> Result<(), String> {
    let kind = value.str_at(&["kind"]);
    let Some((_, fill)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        return Err(format!("{kind} tells nothing of images"));
    };
    let report = value.at(&["report"]);
    let updated = moment(report.str_at(&["updateTimestamp"]));
    let created = moment(value.str_at(&["metadata", "creationTimestamp"]));
    let mut facts = Facts {
        tool: "Trivy operator",
        origin: Some(origin),
        names: names(report),
        taken: updated.or(created),
        ..Facts::default()
    };
    fill(report, &mut facts)?;
    images.facts.push(facts);
    Ok(())
}

fn names(report: &Value) -> Names {
    let artifact = |name: &str| report.str_at(&["artifact", name]);
    let server = report.str_at(&["registry", "server"]);
    let (repository, tag, digest) = (artifact("repository"), artifact("tag"), artifact("digest"));
    let place = if server.is_empty() { repository.to_owned() } else { format!("{server}/{repository}") };
    let tag = if tag.is_empty() { String::new() } else { format!(":{tag}") };
    let digest = if digest.is_empty() { String::new() } else { format!("@{digest}") };
    Names::of(&format!("{place}{tag}{digest}"))
}

fn vulnerabilities<'a>(report: &'a Value, facts: &mut Facts<'a>) -> Result<(), String> {
    let found = list(report, &["vulnerabilities"], "a VulnerabilityReport")?;
    let one = |v: &'a Value| Vulnerability {
        id: v.str_at(&["vulnerabilityID"]),
        aliases: Vec::new(),
        package: v.str_at(&["resource"]),
        version: v.str_at(&["installedVersion"]),
        severity: severity(v.str_at(&["severity"])),
        fixed: v.str_at(&["fixedVersion"]),
    };
    facts.vulnerabilities = Some(found.iter().map(one).collect());
    let (family, version) = (report.str_at(&["os", "family"]), report.str_at(&["os", "name"]));
    let is_ended = Some(report.at(&["os", "eosl"]).as_bool().unwrap_or(false));
    facts.system = (!family.is_empty()).then_some(System { family, version, is_ended });
    Ok(())
}

fn secrets<'a>(report: &'a Value, facts: &mut Facts<'a>) -> Result<(), String> {
    let found = list(report, &["secrets"], "an ExposedSecretReport")?;
    let one = |s: &'a Value| {
        let what = [s.str_at(&["title"]), s.str_at(&["ruleID"])].into_iter().find(|text| !text.is_empty());
        (s.str_at(&["target"]), what.unwrap_or("a secret"))
    };
    facts.leaks = found.iter().map(one).collect();
    Ok(())
}

fn components<'a>(report: &'a Value, facts: &mut Facts<'a>) -> Result<(), String> {
    facts.packages = Some(cyclonedx::packages(report.at(&["components"]))?);
    facts.is_bill = true;
    Ok(())
}
