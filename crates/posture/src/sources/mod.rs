//! Views of what was given: each makes sense of one kind of evidence, for the checks of any area.

pub(crate) mod attestation;
pub(crate) mod audit_log;
pub(crate) mod cloud;
pub(crate) mod control_plane;
pub(crate) mod host;
pub(crate) mod images;
pub(crate) mod kubeconfig;
pub(crate) mod kubelet;
pub(crate) mod nodes;
