//! Objects with where they were found: in files and directories, a live cluster, or the data directory of a server.
//!
//! Entry points: [`Reader`] gathers [`Evidence`] from any of them; [`read`] streams one text.  A broken document is a
//! [`Problem`] that names file and line, and the rest is still read.

mod bytes;
mod cluster;
mod data_dir;
mod disk;
mod documents;
mod files;
mod json;
mod kustomize;
mod origin;
mod reader;
mod yaml;

pub use cluster::{Cluster, ClusterError};
pub use data_dir::Stored;
pub use files::read;
pub use origin::{Origin, Problem, ProblemKind};
pub use reader::{Evidence, Found, Limits, Object, Reader, Wanted};

#[cfg(test)]
mod tests;
