//! The control plane: flags of its components, the files they name, webhooks and policies.

mod admission;
mod api_server;
mod authentication;
mod authorization;
mod disk;
mod encryption;
mod etcd;
mod flags;
mod policies;
mod probe;
mod version;
mod webhooks;

use super::{Family, components};

pub(super) const FAMILIES: &[Family] = &[
    Family { ids: || components::ids(flags::RULES), run: |scan| components::run(scan, flags::RULES) },
    Family { ids: || authentication::IDS.to_vec(), run: authentication::run },
    Family { ids: || authorization::IDS.to_vec(), run: authorization::run },
    Family { ids: || encryption::IDS.to_vec(), run: encryption::run },
    Family { ids: || disk::IDS.to_vec(), run: disk::run },
    Family { ids: || version::IDS.to_vec(), run: version::run },
    Family { ids: || webhooks::IDS.to_vec(), run: webhooks::run },
    Family { ids: || policies::IDS.to_vec(), run: policies::run },
    Family { ids: || probe::IDS.to_vec(), run: probe::run },
];
