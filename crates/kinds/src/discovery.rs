//! `discovery.k8s.io`: where the endpoints of a Service are.

pub(crate) mod endpoint_slice;
