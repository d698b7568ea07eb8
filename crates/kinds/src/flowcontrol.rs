//! `flowcontrol.apiserver.k8s.io`: priority and fairness among requests.

pub(crate) mod flow_schema;
pub(crate) mod priority_level;
