//! Whether somebody vouches that the cloud provider's own guide is followed.

use crate::checks::Family;
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::attestation::{attestations, decide};
use crate::words::{Words, words};

const ID: &str = "CLD-014";

pub(super) const FAMILY: Family = Family { ids: || vec![ID], run };

const NOBODY: Words =
    words("nobody vouches for it: no attestation names CLD-014", "CLD-014를 확인한 확인서가 없음");

fn run(scan: &mut Scan<'_>) {
    if decide(scan, ID, Status::Warn).is_some() {
        return;
    }
    // Who vouches for other things, does not for this one.
    match attestations(scan.input).next() {
        Some(other) => {
            let place = Place::named("Attestation", "", &other.origin);
            scan.find(ID, Status::Warn, place, "spec.checks".to_owned(), NOBODY.plain());
        }
        None => scan.lack(ID, NOBODY.plain()),
    }
}
