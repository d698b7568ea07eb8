//! What is attacked, a file an area.  Each function's comment says what must hold.

pub(crate) mod amounts;
pub(crate) mod audit;
pub(crate) mod expressions;
pub(crate) mod issuers;
pub(crate) mod logins;
pub(crate) mod object;
pub(crate) mod patches;
pub(crate) mod protobuf;
pub(crate) mod requests;
pub(crate) mod selectors;
pub(crate) mod text;
pub(crate) mod webhooks;
