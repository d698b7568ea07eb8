//! The server: TLS, HTTP, the pipeline of a request, verbs, health, controllers.

mod files;
pub mod pki;
pub mod shutdown;
pub mod transport;
