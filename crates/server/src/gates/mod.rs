//! The gates of the pipeline, in order: receive, authenticate, impersonate, flow control, authorize.

pub(crate) mod authenticate;
pub(crate) mod authorize;
pub(crate) mod flow;
pub(crate) mod impersonate;
pub(crate) mod receive;
