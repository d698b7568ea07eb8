//! The server: TLS, HTTP, the pipeline of a request, verbs, health, controllers.
//!
//! Entry points: [`Server`] from outside; inside, `pipeline.rs` shows the way of a request.

mod allocate;
mod app;
mod authentication;
mod authorization;
mod bootstrap;
mod catalog;
pub mod config;
mod controllers;
mod decisions;
mod decode;
mod documents;
mod files;
mod gates;
mod health;
mod histogram;
mod http;
pub mod iam;
mod keys;
mod kubelet;
mod late;
mod metrics;
mod paths;
mod pipeline;
pub mod pki;
mod policies;
mod registry;
mod reload;
mod reviews;
mod route;
mod serve;
pub mod shutdown;
mod signing;
pub mod transport;
mod verbs;
mod webhook;

pub use serve::{Ready, ServeError, Server};

/// The Kubernetes version that this server tells, such as `v1.36.2+sumun.0.1.0`.
pub fn kubernetes_version() -> String {
    openapi::version::git_version()
}
