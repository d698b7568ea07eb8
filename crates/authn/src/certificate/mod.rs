//! Client certificates: whether they chain to a CA that is trusted, and whom they name.
//!
//! Entry points: [`Authorities::verify`] judges the certificates of a connection, [`ClientCertificates`] knows whoever
//! shows good ones, [`crate::FrontProxy`] takes the word of those whose good ones are of a front proxy.

mod authorities;
mod crl;
mod signed;
mod subject;

pub use authorities::{Authorities, AuthoritiesError, Verified};
pub use crl::{RevocationList, RevocationListError, RevocationLists};
pub use signed::{is_signed_by, public_key};
pub use subject::Subject;

use crate::authenticator::{Answer, Authenticator, AuthnError, Credentials, Identity};

/// The key in a user's `extra` under which credentials are told apart.
pub const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// A client certificate, judged against some CAs.
#[derive(Clone, Copy, Debug, Default)]
pub enum Certificate<'a> {
    /// None was shown, or there are no such CAs.
    #[default]
    None,
    /// It chains to one of the CAs, is for client authentication, in date and not revoked.
    Verified(&'a Subject),
    /// It does not, and why.
    Invalid(&'a str),
}

/// Knows whoever shows a certificate of a CA for clients.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientCertificates;

impl Authenticator for ClientCertificates {
    fn authenticate(&self, credentials: &Credentials) -> Answer {
        match credentials.certificate {
            Certificate::None => Ok(None),
            Certificate::Verified(subject) => Ok(subject.user()?.map(Identity::of)),
            Certificate::Invalid(why) => Err(AuthnError::new(why)),
        }
    }
}

#[cfg(test)]
mod tests;
