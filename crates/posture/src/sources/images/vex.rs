//! What somebody says about vulnerabilities in products: OpenVEX here, CycloneDX in its own file.
//!
//! Entry point: [`Statement::is_about`].  What is set aside needs a reason: without one a statement does not count.

use std::collections::HashMap;

use api::Value;
use api::time::Timestamp;
use evidence::Origin;

use super::names::package;
use super::{Facts, Images, Names, Vulnerability, list, texts};
use crate::when::moment;

/// What somebody says about a vulnerability in a product.
#[derive(Clone, Debug)]
pub(crate) struct Statement<'a> {
    /// Names of the vulnerability.
    pub ids: Vec<&'a str>,
    /// The serial number of the bill of materials that it is about; `""` when it says itself what it is about.
    pub bill: &'a str,
    /// The document whose images alone are meant; `None` for images by their names.
    pub within: Option<&'a Origin>,
    /// The image; called nothing when the packages are meant wherever they are.
    pub image: Names,
    /// Names and versions (`""` for all) of packages; none when the whole image is meant.
    pub packages: Vec<(String, String)>,
    /// It does no harm there, or it is mended.
    pub sets_aside: bool,
    /// When it was said: the last word counts.
    pub time: Option<Timestamp>,
}

impl Statement<'_> {
    /// True when it is about this vulnerability in the image that the facts tell of.
    pub(super) fn is_about(&self, facts: &[&Facts<'_>], vulnerability: &Vulnerability<'_>) -> bool {
        let named = |id: &&str| *id == vulnerability.id || vulnerability.aliases.contains(id);
        let of_package = |(name, version): &(String, String)| {
            name == vulnerability.package && (version.is_empty() || version == vulnerability.version)
        };
        self.ids.iter().any(named)
            && (self.packages.is_empty() || self.packages.iter().any(of_package))
            && self.within.is_none_or(|document| facts.iter().any(|facts| facts.origin == Some(document)))
            && (self.image.is_empty() || facts.iter().any(|facts| facts.names.overlaps(&self.image)))
    }
}

pub(super) fn fits(value: &Value) -> bool {
    value.str_at(&["@context"]).contains("openvex")
}

pub(super) fn read<'a>(value: &'a Value, _: &'a Origin, images: &mut Images<'a>) -> Result<(), String> {
    let whole = moment(value.str_at(&["timestamp"]));
    for statement in list(value, &["statements"], "a document of OpenVEX")? {
        let ids = ids(statement.at(&["vulnerability"]));
        if ids.is_empty() {
            return Err("a statement of OpenVEX names no vulnerability".to_owned());
        }
        let said = ["justification", "impact_statement"].iter().any(|f| !statement.str_at(&[f]).is_empty());
        let sets_aside = match statement.str_at(&["status"]) {
            "fixed" => true,
            "not_affected" => said,
            "affected" | "under_investigation" => false,
            other => return Err(format!("a statement of OpenVEX has the status {other:?}")),
        };
        let times = ["last_updated", "timestamp"].iter().find_map(|f| moment(statement.str_at(&[f])));
        let time = times.or(whole);
        let products = statement.array_at(&["products"]).iter().filter_map(product);
        let said = products.map(|(image, packages)| Statement {
            ids: ids.clone(),
            bill: "",
            within: None,
            image,
            packages,
            sets_aside,
            time,
        });
        images.statements.extend(said);
    }
    Ok(())
}

/// What is said of a bill of materials is said of its image.  Statements about nobody's product go.
pub(super) fn resolve(images: &mut Images<'_>) {
    let Images { facts, statements, .. } = images;
    let bills: HashMap<&str, &Names> =
        facts.iter().filter(|f| !f.serial.is_empty()).map(|f| (f.serial, &f.names)).collect();
    statements.retain_mut(|statement| {
        if statement.bill.is_empty() {
            let is_told = !statement.image.is_empty() || !statement.packages.is_empty();
            return is_told || statement.within.is_some();
        }
        let image = bills.get(statement.bill).filter(|image| !image.is_empty());
        statement.image = image.map_or_else(Names::default, |image| (*image).clone());
        image.is_some()
    });
}

/// A name, or an object with a name and others.
fn ids(vulnerability: &Value) -> Vec<&str> {
    let one = vulnerability.as_str().into_iter().chain([vulnerability.str_at(&["name"])]);
    one.chain(texts(vulnerability, &["aliases"])).filter(|id| !id.is_empty()).collect()
}

/// An image, whole or some packages of it; or packages wherever they are.  `None` when that cannot be told.
fn product(value: &Value) -> Option<(Names, Vec<(String, String)>)> {
    let mut image = Names::default();
    let mut packages = Vec::new();
    for name in called(value) {
        match package(name) {
            Some(package) => packages.push(package),
            None => image.add(name),
        }
    }
    let hashes = value.at(&["hashes"]).as_object();
    for (_, hash) in
        hashes.into_iter().flat_map(|h| h.iter()).filter(|(name, _)| matches!(*name, "sha-256" | "sha256"))
    {
        image.add(&format!("sha256:{}", hash.as_str().unwrap_or("")));
    }
    let parts = value.array_at(&["subcomponents"]);
    let known = parts.iter().flat_map(called).filter_map(package);
    packages.extend(known);
    // Parts that cannot be told would widen what is said to the whole image.
    let lost = !parts.is_empty() && packages.is_empty();
    let is_told = !image.is_empty() || !packages.is_empty();
    (!lost && is_told).then_some((image, packages))
}

fn called(value: &Value) -> Vec<&str> {
    let names = [value.str_at(&["@id"]), value.str_at(&["identifiers", "purl"])];
    value.as_str().into_iter().chain(names).filter(|name| !name.is_empty()).collect()
}
