//! Who are you: from what a request shows to a user, and the tokens that service accounts show.
//!
//! The question is [`Credentials`], the answer an [`Identity`], nothing, or an error; [`Chain`] asks every way of
//! knowing in upstream's order.  Nothing here reads a clock, a file or the network: time, randomness and objects are
//! handed in.

mod authenticator;
pub mod bearer;
pub mod bootstrap;
mod cache;
pub mod certificate;
mod chain;
mod front_proxy;
mod grounds;
pub mod iam;
pub mod impersonation;
pub mod inspect;
pub mod jose;
pub mod oidc;
pub mod password;
pub mod random;
pub mod review;
pub mod service_account;
mod token_file;
pub mod webhook;

pub use api::Secret;
pub use authenticator::{
    Answer, AnswerFuture, Authenticator, AuthnError, Credentials, Headers, Identity, Member, NoHeaders,
    RemoteAuthenticator, RemoteTokenAuthenticator, TokenAuthenticator, TokenContext, TokenMember,
};
pub use cache::TokenCache;
pub use certificate::{Certificate, ClientCertificates};
pub use chain::{Anonymous, Chain};
pub use front_proxy::{FrontProxy, is_standard as is_front_proxy_header};
pub use grounds::{Generation, Ground, Grounds};
pub use random::{Random, SystemRandom};
pub use token_file::{TokenFile, TokenFileError};
