//! Asking others over HTTPS: a kubeconfig file becomes a checked [`Config`], a config a [`Client`] that keeps
//! connections, bounds time and memory, and never shows a secret.
//!
//! Entry points: [`Kubeconfig::load`] (or [`Config::in_cluster`], [`Config::of_url`]), then [`Client::new`] for async
//! code and [`Blocking::new`] for commands.  [`Client::call`] asks for a JSON object; [`retry::with_backoff`] asks
//! again as upstream's webhooks do.  [`tls`] and [`dial`] are also what the server reaches kubelets with.

mod blocking;
mod config;
mod credentials;
pub mod dial;
mod error;
mod exec;
mod http;
mod kubeconfig;
mod pem;
pub mod retry;
mod roots;
mod server;
pub mod tls;

pub use blocking::{Blocking, ListRequest, Page};
pub use config::{Config, ConfigError, Impersonation};
pub use credentials::{Authentication, TokenFile};
pub use error::{Error, Kind};
pub use exec::{ExecPlugin, Interactive};
pub use http::{Client, Method, Request, Response};
pub use kubeconfig::Kubeconfig;
pub use pem::Pem;
pub use server::{Proxy, Server};
