//! Reports of Clair: version 4, and the lists of features of version 2, which registries built on it still pass on.

use api::Value;
use evidence::Origin;

use super::{Facts, Images, Names, Package, System, Vulnerability, severity};
use crate::when::moment;

const TOOL: &str = "Clair";

/// Members by which registries say which image a list of features is of.
const NAMES: [&str; 6] = ["digest", "manifest_hash", "image", "imageName", "Name", "name"];

pub(super) fn fits(value: &Value) -> bool {
    value.get("manifest_hash").is_some() && features(value).is_none()
}

pub(super) fn read<'a>(value: &'a Value, origin: &'a Origin, images: &mut Images<'a>) -> Result<(), String> {
    let member = |name: &str| {
        let whole = value.get(name).filter(|map| map.is_null() || map.as_object().is_some());
        // An empty one may be written as null.
        whole
            .map(Value::as_object)
            .ok_or_else(|| format!("a report of Clair without {name}: it is not whole"))
    };
    let (packages, all, found) =
        (member("packages")?, member("vulnerabilities")?, member("package_vulnerabilities")?);
    let mut vulnerabilities = Vec::new();
    for (package, ids) in found.into_iter().flat_map(api::Map::iter) {
        let package = packages.and_then(|all| all.get(package)).map(package_of);
        let ids = ids.as_array().unwrap_or(&[]).iter().filter_map(Value::as_str);
        let known = ids.filter_map(|id| all.and_then(|all| all.get(id)));
        vulnerabilities.extend(known.map(|v| vulnerability(v, package)));
    }
    let system = value.at(&["distributions"]).as_object().and_then(|d| d.iter().next()).map(|(_, d)| {
        System { family: d.str_at(&["did"]), version: d.str_at(&["version_id"]), is_ended: None }
    });
    images.facts.push(Facts {
        tool: TOOL,
        origin: Some(origin),
        names: Names::of(value.str_at(&["manifest_hash"])),
        vulnerabilities: Some(vulnerabilities),
        packages: Some(packages.into_iter().flat_map(api::Map::iter).map(|(_, p)| package_of(p)).collect()),
        system,
        ..Facts::default()
    });
    Ok(())
}

pub(super) fn fits_features(value: &Value) -> bool {
    features(value).is_some()
}

pub(super) fn read_features<'a>(
    value: &'a Value,
    origin: &'a Origin,
    images: &mut Images<'a>,
) -> Result<(), String> {
    let (layer, features) = features(value).ok_or("a report of Clair without features: it is not whole")?;
    let mut names = Names::default();
    let tag = value.str_at(&["tag"]);
    for place in [value, layer] {
        for name in NAMES.iter().map(|name| place.str_at(&[name])).filter(|name| !name.is_empty()) {
            let tagged = !tag.is_empty() && !name.contains([':', '@']);
            names.add(&if tagged { format!("{name}:{tag}") } else { name.to_owned() });
        }
    }
    let mut vulnerabilities = Vec::new();
    for feature in features {
        let package = Package { name: either(feature, "name"), version: either(feature, "version") };
        let found =
            feature.array_at(&["Vulnerabilities"]).iter().chain(feature.array_at(&["vulnerabilities"]));
        vulnerabilities.extend(found.map(|v| {
            Vulnerability {
                id: either(v, "name"),
                aliases: identifiers(either(v, "link")),
                package: package.name,
                version: package.version,
                severity: severity(either(v, "severity")),
                fixed: [either(v, "fixedBy"), v.str_at(&["fixed_by"])]
                    .into_iter()
                    .find(|f| !f.is_empty())
                    .unwrap_or(""),
            }
        }));
    }
    let packages =
        features.iter().map(|f| Package { name: either(f, "name"), version: either(f, "version") });
    let times = ["scanned_at", "scannedAt", "scan_time", "scanTime", "created_at", "updated_at"];
    images.facts.push(Facts {
        tool: TOOL,
        origin: Some(origin),
        names,
        taken: times.iter().find_map(|time| moment(value.str_at(&[time]))),
        vulnerabilities: Some(vulnerabilities),
        packages: Some(packages.collect()),
        ..Facts::default()
    });
    Ok(())
}

/// The features of a layer, wherever a registry wraps it.
fn features(value: &Value) -> Option<(&Value, &[Value])> {
    let places = [value, value.at(&["Layer"]), value.at(&["data", "Layer"]), value.at(&["result"])];
    places.into_iter().find_map(|place| {
        let list = ["Features", "features"].iter().find_map(|name| place.get(name)?.as_array())?;
        Some((place, list))
    })
}

/// A member, whether it begins with a capital or not.
fn either<'a>(value: &'a Value, name: &str) -> &'a str {
    let capital: String =
        name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect();
    match value.str_at(&[name]) {
        "" => value.str_at(&[&capital]),
        text => text,
    }
}

fn package_of(value: &Value) -> Package<'_> {
    Package { name: value.str_at(&["name"]), version: value.str_at(&["version"]) }
}

fn vulnerability<'a>(value: &'a Value, package: Option<Package<'a>>) -> Vulnerability<'a> {
    let own = value.at(&["package"]);
    let package = package.unwrap_or_else(|| package_of(own));
    let fixed = value.str_at(&["fixed_in_version"]);
    // Packages of languages tell several things here: `introduced=…&fixed=…`.
    let fixed = match fixed.contains('=') {
        true => fixed.split('&').find_map(|part| part.strip_prefix("fixed=")).unwrap_or(""),
        false => fixed,
    };
    let name = value.str_at(&["name"]);
    let mut aliases = identifiers(name);
    aliases.extend(identifiers(value.str_at(&["links"])));
    Vulnerability {
        id: name.split_whitespace().next().unwrap_or(name),
        aliases,
        package: package.name,
        version: package.version,
        severity: severity(value.str_at(&["normalized_severity"])),
        fixed,
    }
}

/// `CVE-2024-1234` wherever it stands in a text.
fn identifiers(text: &str) -> Vec<&str> {
    let is_end = |c: char| !c.is_ascii_digit() && c != '-';
    let one = |(at, _)| {
        let rest: &str = text.get(at..)?;
        let tail = rest.get(4..)?;
        let id = rest.get(..4 + tail.find(is_end).unwrap_or(tail.len()))?;
        (id.len() >= 13).then_some(id)
    };
    let mut all: Vec<&str> = text.match_indices("CVE-").filter_map(one).collect();
    all.sort_unstable();
    all.dedup();
    all
}
