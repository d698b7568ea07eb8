//! CycloneDX in JSON: bills of materials, vulnerabilities in them, and what somebody has said about those (VEX).

use std::collections::HashMap;

use api::Value;
use api::time::Timestamp;
use evidence::Origin;

use super::vex::Statement;
use super::{Facts, Images, Names, Package, System, Vulnerability, list, names, scored, severity};
use crate::catalogue::Severity;
use crate::when::moment;

/// So deep may components be within components.
const DEPTH: usize = 16;

/// Properties by which Trivy names the image.
const PROPERTIES: [&str; 3] =
    ["aquasecurity:trivy:RepoDigest", "aquasecurity:trivy:RepoTag", "aquasecurity:trivy:ImageID"];

/// What somebody says of a vulnerability that does no harm.
const HARMLESS: [&str; 4] = ["resolved", "resolved_with_pedigree", "false_positive", "not_affected"];

pub(super) fn fits(value: &Value) -> bool {
    value.str_at(&["bomFormat"]) == "CycloneDX"
}

pub(super) fn read<'a>(value: &'a Value, origin: &'a Origin, images: &mut Images<'a>) -> Result<(), String> {
    let found = value.array_at(&["vulnerabilities"]);
    let is_bill = is_bill(value);
    let is_said = found.iter().any(|v| !v.str_at(&["analysis", "state"]).is_empty());
    if !is_bill && !is_said {
        list(value, &["components"], "a document of CycloneDX")?;
    }
    let by_ref = by_ref(value);
    let about = About {
        image: image(value),
        root: value.str_at(&["metadata", "component", "bom-ref"]),
        origin: Some(origin).filter(|_| is_bill),
        taken: moment(value.str_at(&["metadata", "timestamp"])),
    };
    images.statements.extend(found.iter().flat_map(|v| statements(v, &about, &by_ref)));
    if !is_bill {
        return Ok(());
    }
    let About { image: names, taken, .. } = about;
    let mut facts = Facts { tool: "CycloneDX", origin: Some(origin), names, taken, ..Facts::default() };
    facts.packages = Some(components(value).into_iter().filter(is_package).map(package).collect());
    facts.is_bill = true;
    facts.serial = value.str_at(&["serialNumber"]).trim_start_matches("urn:uuid:");
    facts.system = components(value)
        .into_iter()
        .find(|c| c.str_at(&["type"]) == "operating-system")
        .map(|c| System { family: c.str_at(&["name"]), version: c.str_at(&["version"]), is_ended: None });
    // An empty list says nothing: bills that nobody held against a database have one too.
    let found: Vec<_> = found.iter().flat_map(|v| vulnerabilities(v, &by_ref)).collect();
    facts.vulnerabilities = Some(found).filter(|found| !found.is_empty());
    images.facts.push(facts);
    Ok(())
}

/// What is in a bill, the image itself and its operating system left out.
pub(super) fn packages(bill: &Value) -> Result<Vec<Package<'_>>, String> {
    list(bill, &["components"], "a bill of materials in CycloneDX")?;
    Ok(components(bill).into_iter().filter(is_package).map(package).collect())
}

/// A bill may be of one thing that has no parts; what is said of vulnerabilities elsewhere names nothing.
fn is_bill(value: &Value) -> bool {
    let is_alone = value.array_at(&["vulnerabilities"]).is_empty();
    value.get("components").is_some() || (is_alone && !value.at(&["metadata", "component"]).is_null())
}

fn is_package(component: &&Value) -> bool {
    !matches!(component.str_at(&["type"]), "operating-system" | "container" | "file")
}

fn package(component: &Value) -> Package<'_> {
    Package { name: component.str_at(&["name"]), version: component.str_at(&["version"]) }
}

/// Components, and components within them.
fn components(bill: &Value) -> Vec<&Value> {
    let mut all: Vec<&Value> = Vec::new();
    let mut level: Vec<&Value> = bill.array_at(&["components"]).iter().collect();
    for _ in 0..DEPTH {
        let inner = level.iter().flat_map(|c| c.array_at(&["components"])).collect();
        all.append(&mut level);
        level = inner;
    }
    all
}

fn by_ref(bill: &Value) -> HashMap<&str, Package<'_>> {
    components(bill).into_iter().map(|c| (c.str_at(&["bom-ref"]), package(c))).collect()
}

fn image(bill: &Value) -> Names {
    let component = bill.at(&["metadata", "component"]);
    let mut all = Names::default();
    let (name, version) = (component.str_at(&["name"]), component.str_at(&["version"]));
    if component.str_at(&["type"]) == "container" || component.str_at(&["purl"]).starts_with("pkg:oci/") {
        match version {
            "" => all.add(name),
            digest if digest.starts_with("sha256:") => all.add(&format!("{name}@{digest}")),
            tag if !name.contains([':', '@']) => all.add(&format!("{name}:{tag}")),
            _ => all.add(name),
        }
    }
    all.add(component.str_at(&["purl"]));
    let properties = component.array_at(&["properties"]).iter();
    properties
        .filter(|p| PROPERTIES.contains(&p.str_at(&["name"])))
        .for_each(|p| all.add(p.str_at(&["value"])));
    for hash in component.array_at(&["hashes"]).iter().filter(|h| h.str_at(&["alg"]) == "SHA-256") {
        all.add(&format!("sha256:{}", hash.str_at(&["content"])));
    }
    if all.title.is_empty() {
        name.clone_into(&mut all.title);
    }
    all
}

/// The worst of the ratings counts.
fn vulnerabilities<'a>(value: &'a Value, by_ref: &HashMap<&str, Package<'a>>) -> Vec<Vulnerability<'a>> {
    let ratings = value.array_at(&["ratings"]).iter();
    let worst = ratings.map(rated).max();
    let worst = worst.unwrap_or(severity(""));
    let others = value.array_at(&["references"]).iter().map(|r| r.str_at(&["id"]));
    let aliases: Vec<&str> = others.filter(|id| !id.is_empty()).collect();
    let affected = value.array_at(&["affects"]).iter().filter_map(|affected| {
        let package = by_ref.get(affected.str_at(&["ref"]))?;
        let versions = affected.array_at(&["versions"]).iter();
        let mut unaffected = versions.filter(|v| v.str_at(&["status"]) == "unaffected");
        let version = unaffected.next().map(|v| v.str_at(&["version"]));
        let advice = value.str_at(&["recommendation"]);
        Some((*package, version.filter(|v| !v.is_empty()).unwrap_or(advice)))
    });
    let one = |(package, fixed): (Package<'a>, &'a str)| Vulnerability {
        id: value.str_at(&["id"]),
        aliases: aliases.clone(),
        package: package.name,
        version: package.version,
        severity: worst,
        fixed,
    };
    affected.map(one).collect()
}

/// A rating without a word has a score.
fn rated(rating: &Value) -> Severity {
    match (rating.str_at(&["severity"]), rating.at(&["score"]).as_f64()) {
        // The second version knows nothing worse than high.
        ("", Some(score)) if rating.str_at(&["method"]) == "CVSSv2" => scored(score).min(Severity::High),
        ("", Some(score)) if rating.str_at(&["method"]).starts_with("CVSS") => scored(score),
        (word, _) => severity(word),
    }
}

/// What a document is about.
struct About<'a> {
    image: Names,
    /// What it calls that.
    root: &'a str,
    /// The document, when it is a bill: what it says of its parts is true of them there.
    origin: Option<&'a Origin>,
    taken: Option<Timestamp>,
}

/// What is said about a vulnerability: in this image, in a package of another bill, or in a package anywhere.
fn statements<'a>(
    value: &'a Value,
    about: &About<'a>,
    by_ref: &HashMap<&str, Package<'a>>,
) -> Vec<Statement<'a>> {
    let state = value.str_at(&["analysis", "state"]);
    if state.is_empty() {
        return Vec::new();
    }
    let said = ["justification", "detail"].iter().any(|f| !value.str_at(&["analysis", f]).is_empty());
    let must_say = matches!(state, "not_affected" | "false_positive");
    let sets_aside = HARMLESS.contains(&state) && (said || !must_say);
    let times = ["lastUpdated", "firstIssued"].iter().find_map(|f| moment(value.str_at(&["analysis", f])));
    let statement = |reference: &'a str| {
        let link = reference.strip_prefix("urn:cdx:").and_then(|link| link.split_once('#'));
        let (bill, element) =
            link.map_or(("", reference), |(bill, element)| (bill.split('/').next().unwrap_or(bill), element));
        let known = by_ref.get(element).map(|p| (p.name.to_owned(), p.version.to_owned()));
        let package = known.or_else(|| names::package(element));
        // What is not known is not the whole image.
        let is_image = element == about.root || element.starts_with("pkg:oci/");
        (package.is_some() || is_image).then(|| Statement {
            ids: vec![value.str_at(&["id"])],
            bill,
            within: about.origin.filter(|_| bill.is_empty() && about.image.is_empty()),
            image: about.image.clone(),
            packages: package.into_iter().collect(),
            sets_aside,
            time: times.or(about.taken),
        })
    };
    let affected = value.array_at(&["affects"]).iter().map(|affected| affected.str_at(&["ref"]));
    affected.filter_map(statement).collect()
}
