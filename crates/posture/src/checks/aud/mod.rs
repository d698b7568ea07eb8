//! Audit and logs.

mod backend;
mod cloud;
mod collection;
mod detections;
mod files;
mod integrity;
mod policy;

use super::{Family, components};

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: || components::ids(backend::RULES), run: |scan| components::run(scan, backend::RULES) },
    Family { ids: || files::IDS.to_vec(), run: files::run },
    Family { ids: || policy::IDS.to_vec(), run: policy::run },
    Family { ids: || integrity::IDS.to_vec(), run: integrity::run },
    Family { ids: || detections::IDS.to_vec(), run: detections::run },
    Family { ids: || collection::IDS.to_vec(), run: collection::run },
    Family { ids: cloud::ids, run: cloud::run },
];
