//! HTTP as the API uses it: negotiation of encodings, query options, bodies within limits, answers.

pub(crate) mod accept;
pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod options;
mod warnings;

pub(crate) use warnings::Warnings;

/// An answer on its way out.
pub(crate) type Response = hyper::Response<crate::transport::Body>;
