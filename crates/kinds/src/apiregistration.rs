//! `apiregistration.k8s.io`: which server answers for which group and version.

pub(crate) mod api_service;
