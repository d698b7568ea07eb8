//! Bills of materials in SPDX: 2.x as a document, 3.0 as a graph.

use api::Value;
use evidence::Origin;

use super::{Facts, Images, Names, Package, System, list, texts};
use crate::when::moment;

pub(super) fn fits(value: &Value) -> bool {
    value.get("spdxVersion").is_some() || value.str_at(&["SPDXID"]) == "SPDXRef-DOCUMENT"
}

pub(super) fn read<'a>(value: &'a Value, origin: &'a Origin, images: &mut Images<'a>) -> Result<(), String> {
    let packages = list(value, &["packages"], "a bill of materials in SPDX")?;
    let described: Vec<&str> = described(value).collect();
    let is_image = |p: &&Value| {
        described.contains(&p.str_at(&["SPDXID"])) || p.str_at(&["primaryPackagePurpose"]) == "CONTAINER"
    };
    let mut facts = Facts { tool: "SPDX", origin: Some(origin), is_bill: true, ..Facts::default() };
    facts.taken = moment(value.str_at(&["creationInfo", "created"]));
    packages.iter().filter(is_image).for_each(|package| name_image(package, &mut facts.names));
    if facts.names.title.is_empty() {
        value.str_at(&["name"]).clone_into(&mut facts.names.title);
    }
    facts.system = packages
        .iter()
        .find(|p| p.str_at(&["primaryPackagePurpose"]) == "OPERATING-SYSTEM")
        .map(|p| System { family: p.str_at(&["name"]), version: p.str_at(&["versionInfo"]), is_ended: None });
    let others = packages.iter().filter(|p| !is_image(p));
    let others = others.map(|p| Package { name: p.str_at(&["name"]), version: p.str_at(&["versionInfo"]) });
    facts.packages = Some(others.collect());
    images.facts.push(facts);
    Ok(())
}

/// Which packages the document describes.
fn described(value: &Value) -> impl Iterator<Item = &str> {
    let relations = value.array_at(&["relationships"]).iter();
    let related = relations
        .filter(|r| r.str_at(&["relationshipType"]) == "DESCRIBES")
        .map(|r| r.str_at(&["relatedSpdxElement"]));
    texts(value, &["documentDescribes"]).chain(related)
}

/// What tools write of an image: its package URL, its name with the version, and notes of Trivy's.
fn name_image(package: &Value, names: &mut Names) {
    let (name, version) = (package.str_at(&["name"]), package.str_at(&["versionInfo"]));
    let located = package.array_at(&["externalRefs"]).iter().map(|r| r.str_at(&["referenceLocator"]));
    let notes = package.array_at(&["annotations"]).iter().map(|note| note.str_at(&["comment"]));
    let noted = texts(package, &["attributionTexts"]).chain(notes).filter_map(|note| note.split_once(": "));
    let noted = noted.filter(|(key, _)| matches!(*key, "RepoDigest" | "RepoTag" | "ImageID"));
    let others: Vec<&str> = located.chain(noted.map(|(_, name)| name)).collect();
    let is_digest = version.starts_with("sha256:");
    // What is no container, such as a library or a folder, may be called like one.
    let is_container = match package.str_at(&["primaryPackagePurpose"]) {
        "" => {
            is_digest || name.contains([':', '@']) || others.iter().any(|other| !Names::of(other).is_empty())
        }
        purpose => purpose == "CONTAINER",
    };
    match version {
        _ if !is_container => {}
        "" => names.add(name),
        digest if is_digest => names.add(&format!("{name}@{digest}")),
        tag if name.contains(['/', '.']) && !name.contains([':', '@']) => names.add(&format!("{name}:{tag}")),
        _ => names.add(name),
    }
    others.iter().filter(|_| is_container).for_each(|other| names.add(other));
    if names.title.is_empty() {
        name.clone_into(&mut names.title);
    }
}

pub(super) fn fits_graph(value: &Value) -> bool {
    let context = value.at(&["@context"]);
    let mut all = texts(value, &["@context"]).chain(context.as_str());
    all.any(|context| context.contains("spdx.org/rdf/3"))
}

pub(super) fn read_graph<'a>(
    value: &'a Value,
    origin: &'a Origin,
    images: &mut Images<'a>,
) -> Result<(), String> {
    let graph = list(value, &["@graph"], "a bill of materials in SPDX 3")?;
    let of_type = |name: &'static str| {
        graph.iter().filter(move |e| e.str_at(&["type"]).trim_start_matches("software_") == name)
    };
    let roots: Vec<&str> = ["Sbom", "SpdxDocument"]
        .into_iter()
        .flat_map(of_type)
        .flat_map(|e| texts(e, &["rootElement"]))
        .collect();
    let is_image = |p: &&Value| {
        roots.contains(&p.str_at(&["spdxId"])) || p.str_at(&["software_primaryPurpose"]) == "container"
    };
    let mut facts = Facts { tool: "SPDX", origin: Some(origin), is_bill: true, ..Facts::default() };
    facts.taken = of_type("CreationInfo").find_map(|info| moment(info.str_at(&["created"])));
    for image in of_type("Package").filter(is_image) {
        let name = image.str_at(&["name"]);
        facts.names.add(image.str_at(&["software_packageUrl"]));
        if image.str_at(&["software_primaryPurpose"]) == "container" || name.contains([':', '@']) {
            facts.names.add(name);
        }
        if facts.names.title.is_empty() {
            name.clone_into(&mut facts.names.title);
        }
        for hash in image.array_at(&["verifiedUsing"]).iter().filter(|h| h.str_at(&["algorithm"]) == "sha256")
        {
            facts.names.add(&format!("sha256:{}", hash.str_at(&["hashValue"])));
        }
    }
    let others = of_type("Package").filter(|p| !is_image(p));
    let package =
        |p: &'a Value| Package { name: p.str_at(&["name"]), version: p.str_at(&["software_packageVersion"]) };
    facts.packages = Some(others.map(package).collect());
    images.facts.push(facts);
    Ok(())
}
