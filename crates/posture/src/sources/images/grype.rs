//! Reports of Grype, and bills of materials of Syft in its own format: both describe the image alike.

use api::Value;
use evidence::Origin;

use super::{Facts, Images, Names, Package, System, Vulnerability, list, severity, texts};
use crate::when::moment;

pub(super) fn fits(value: &Value) -> bool {
    value.get("matches").is_some() && (value.get("source").is_some() || value.get("descriptor").is_some())
}

pub(super) fn read<'a>(value: &'a Value, origin: &'a Origin, images: &mut Images<'a>) -> Result<(), String> {
    let matches = list(value, &["matches"], "a report of Grype")?;
    is_image(value, "a report of Grype")?;
    let target = value.at(&["source", "target"]);
    let mut facts = facts("Grype", value, target, origin);
    facts.taken = moment(value.str_at(&["descriptor", "timestamp"]));
    facts.vulnerabilities = Some(matches.iter().map(vulnerability).collect());
    images.facts.push(facts);
    Ok(())
}

pub(super) fn fits_syft(value: &Value) -> bool {
    value.get("artifacts").is_some() && value.get("source").is_some()
}

pub(super) fn read_syft<'a>(
    value: &'a Value,
    origin: &'a Origin,
    images: &mut Images<'a>,
) -> Result<(), String> {
    let artifacts = list(value, &["artifacts"], "a bill of materials of Syft")?;
    is_image(value, "a bill of materials of Syft")?;
    let source = value.at(&["source"]);
    let target =
        if source.at(&["metadata"]).is_null() { source.at(&["target"]) } else { source.at(&["metadata"]) };
    let mut facts = facts("Syft", value, target, origin);
    let package = |a: &'a Value| Package { name: a.str_at(&["name"]), version: a.str_at(&["version"]) };
    facts.packages = Some(artifacts.iter().map(package).collect());
    facts.is_bill = true;
    images.facts.push(facts);
    Ok(())
}

fn is_image(value: &Value, what: &str) -> Result<(), String> {
    match value.str_at(&["source", "type"]) {
        kind @ ("directory" | "file") => Err(format!("{what} about a {kind}, not about an image")),
        _ => Ok(()),
    }
}

fn facts<'a>(tool: &'static str, value: &'a Value, target: &'a Value, origin: &'a Origin) -> Facts<'a> {
    let mut names = Names::default();
    names.add(target.str_at(&["userInput"]));
    texts(target, &["tags"]).for_each(|name| names.add(name));
    texts(target, &["repoDigests"]).for_each(|name| names.add(name));
    names.add(target.str_at(&["manifestDigest"]));
    names.add(target.str_at(&["imageID"]));
    let distro = value.at(&["distro"]);
    // Syft tells it as `/etc/os-release` does.
    let family = [distro.str_at(&["id"]), distro.str_at(&["name"])].into_iter().find(|name| !name.is_empty());
    let version =
        [distro.str_at(&["versionID"]), distro.str_at(&["version"])].into_iter().find(|v| !v.is_empty());
    let system = family.map(|family| System { family, version: version.unwrap_or(""), is_ended: None });
    let size = target.at(&["imageSize"]).as_i64();
    Facts { tool, origin: Some(origin), names, system, size, ..Facts::default() }
}

fn vulnerability(found: &Value) -> Vulnerability<'_> {
    let value = found.at(&["vulnerability"]);
    let related = found.array_at(&["relatedVulnerabilities"]).iter();
    // `wont-fix` may still name versions.
    let is_fixed = matches!(value.str_at(&["fix", "state"]), "fixed" | "");
    let fixed = texts(value, &["fix", "versions"]).next().filter(|_| is_fixed);
    // So its first releases called it.
    let fixed = fixed.unwrap_or(value.str_at(&["fixedInVersion"]));
    Vulnerability {
        id: value.str_at(&["id"]),
        aliases: related.map(|v| v.str_at(&["id"])).filter(|id| !id.is_empty()).collect(),
        package: found.str_at(&["artifact", "name"]),
        version: found.str_at(&["artifact", "version"]),
        severity: severity(value.str_at(&["severity"])),
        fixed,
    }
}
