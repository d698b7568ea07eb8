//! Signed JSON as service-account tokens and OpenID Connect use it: keys, the compact serialization of a JWS (RFC
//! 7515), key sets (RFC 7517).
//!
//! Kept minimal on purpose: a key knows the algorithms that it can be for (a [`PublicKey`] exactly one), so what a
//! token claims about its algorithm can only agree or be wrong; there are no symmetric algorithms, no `none`, no key in
//! a header, no `crit`.
//!
//! All cryptography, and all of X.509 and PEM, is a library's.  The few lines around it are ours because no library at
//! hand knows ES512, which clusters use, and because everything that a general one would add (claims, leeways, ways to
//! choose an algorithm) has to be as upstream has it, or not at all.

mod algorithm;
mod json;
mod jwk;
mod jws;
mod key;
mod key_set;

pub use algorithm::Algorithm;
pub use json::parse as parse_json;
pub use jwk::{key_set, openid_configuration};
pub use jws::{Compact, sign};
pub use key::{KeyError, PublicKey, SigningKey};
pub use key_set::{KeySet, ProviderKey};
