//! `resource.k8s.io`: devices that pods can claim (KEP-4381).

pub(crate) mod claim;
pub(crate) mod claim_template;
pub(crate) mod device_class;
mod parts;
mod requests;
pub(crate) mod slice;
