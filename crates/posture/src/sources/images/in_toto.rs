//! Statements of in-toto: what somebody signs about an image, with a bill of materials or a report in it.
//!
//! Entry point: [`read`].  Which image it is about is told by the statement, whatever the text in it says.

use api::Value;
use evidence::Origin;

use super::{FORMATS, Images};
use crate::when::moment;

/// Where the text is that is vouched for: as signers wrap bills, and reports of vulnerabilities.
const WAYS: [&[&str]; 3] = [&["predicate", "Data"], &["predicate", "scanner", "result"], &["predicate"]];

pub(super) fn fits(value: &Value) -> bool {
    !value.str_at(&["predicateType"]).is_empty() && value.get("subject").is_some()
}

pub(super) fn read<'a>(value: &'a Value, origin: &'a Origin, images: &mut Images<'a>) -> Result<(), String> {
    let kind = value.str_at(&["predicateType"]);
    let all = WAYS.iter().map(|way| value.at(way)).filter(|text| text.as_object().is_some());
    let known = all.filter(|text| !fits(text)).find_map(|text| {
        let format = FORMATS.iter().find(|format| (format.fits)(text))?;
        Some((text, format))
    });
    let (text, format) =
        known.ok_or_else(|| format!("a statement about {kind}, which tells nothing of images"))?;
    let before = images.facts.len();
    (format.read)(text, origin, images)?;
    let ended = moment(value.str_at(&["predicate", "metadata", "scanFinishedOn"]));
    for facts in images.facts.iter_mut().skip(before) {
        for subject in value.array_at(&["subject"]) {
            let (name, digest) = (subject.str_at(&["name"]), subject.str_at(&["digest", "sha256"]));
            facts.names.add(&format!("{name}@sha256:{digest}"));
            facts.names.add(&format!("sha256:{digest}"));
        }
        facts.taken = facts.taken.or(ended);
    }
    Ok(())
}

/// An envelope with a signature: what it vouches for is encoded.
pub(super) fn fits_envelope(value: &Value) -> bool {
    value.get("payloadType").is_some() && value.get("payload").is_some()
}

/// A signature that nobody checks is worth nothing: the text is to be given.
pub(super) fn read_envelope<'a>(_: &'a Value, _: &'a Origin, _: &mut Images<'a>) -> Result<(), String> {
    Err("a signed envelope: check its signature, and give what its payload holds".to_owned())
}
