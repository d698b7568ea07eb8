//! Views of what was given: each makes sense of one kind of evidence, for the checks of any area.

pub(crate) mod analyses;
pub(crate) mod attestation;
pub(crate) mod audit_log;
pub(crate) mod checker;
pub(crate) mod cloud;
pub(crate) mod control_plane;
pub(crate) mod exposure;
pub(crate) mod flags;
pub(crate) mod host;
pub(crate) mod images;
pub(crate) mod kubeconfig;
pub(crate) mod kubelet;
pub(crate) mod machine;
pub(crate) mod nodes;
pub(crate) mod products;
pub(crate) mod provider;
pub(crate) mod proxy;
pub(crate) mod review;
pub(crate) mod rights;
pub(crate) mod routes;
pub(crate) mod seccomp;
pub(crate) mod sinks;
pub(crate) mod tls_secrets;

use evidence::Problem;

use crate::input::Input;

pub use review::rights;

/// Views that tell what they cannot make sense of.
const VIEWS: &[fn(&Input) -> Vec<Problem>] =
    &[attestation::problems, checker::problems, cloud::problems, images::problems, review::problems];

/// Documents that cannot be made sense of: well-formed, but not what was asked for, or not all of it.
pub fn unreadable(input: &Input) -> Vec<Problem> {
    VIEWS.iter().flat_map(|problems| problems(input)).collect()
}
