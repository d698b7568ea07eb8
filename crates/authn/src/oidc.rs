//! Tokens of identity providers: OpenID Connect and other issuers of JWTs, as the `--oidc-…` flags or an
//! AuthenticationConfiguration (KEP-3331) describe them.
//!
//! Entry points: [`Configuration::of_value`] and [`compile`] read the settings, [`Issuers::new`] makes the authenticators,
//! which fetch what they need through [`Fetch`].  An issuer is of no use before its discovery document was read once;
//! [`Issuers::tend`] does that, and keeps keys fresh.

mod claims;
mod compile;
mod config;
mod distributed;
mod fetch;
mod issuer;
mod issuers;
mod mapping;
mod provider;
mod rate;

pub use compile::{Rules, compile};
pub use config::{
    AnonymousSettings, ClaimMapping, ClaimRule, Configuration, ExtraMapping, Issuer as IssuerSettings,
    JwtAuthenticator, UserRule,
};
pub use fetch::{Fetch, FetchFuture, Fetched};
pub use issuer::Issuer;
pub use issuers::{Asked, Issuers, Reach};
pub use provider::KeyNews;

#[cfg(test)]
mod tests;
