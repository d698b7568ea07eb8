//! `certificates.k8s.io`: asking for certificates.

pub(crate) mod signing_request;
