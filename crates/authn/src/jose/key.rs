//! The keys of a token issuer, from PEM.
//!
//! Entry points: [`SigningKey::from_pem`], [`PublicKey::all_from_pem`].

use std::fmt;

use api::Value;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair, ParsedPublicKey, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::algorithm::Algorithm;
use super::jwk;

/// A key that verifies.
#[derive(Clone)]
pub struct PublicKey {
    /// How signatures are made with it.
    pub algorithm: Algorithm,
    /// Its id: base64url of the SHA-256 of its DER form, as upstream names keys.
    pub id: String,
    parsed: ParsedPublicKey,
    jwk: Value,
}

/// A key that signs.
pub struct SigningKey {
    public: PublicKey,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
}

/// A key that cannot be used, and why.  It never holds key material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(String);

/// The curves a key may be on.
const CURVES: [(&str, &EcdsaSigningAlgorithm); 3] = [
    ("P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING),
    ("P-384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING),
    ("P-521", &signature::ECDSA_P521_SHA512_FIXED_SIGNING),
];

impl PublicKey {
    /// Every public key in a PEM text: public keys, certificates, and the public halves of private keys.
    pub fn all_from_pem(pem: &[u8]) -> Result<Vec<Self>, KeyError> {
        let mut keys = Vec::new();
        for block in blocks(pem)? {
            match block.label.as_str() {
                "PUBLIC KEY" => keys.push(Self::from_spki(&block.contents)?),
                "CERTIFICATE" => {
                    let certificate = X509Certificate::from_der(&block.contents);
                    let (_, certificate) =
                        certificate.map_err(|_| KeyError::new("a certificate in it is not valid"))?;
                    keys.push(Self::from_spki(certificate.public_key().raw)?);
                }
                label => {
                    if let Some(key) = SigningKey::from_block(label, &block.contents)? {
                        keys.push(key.public);
                    }
                }
            }
        }
        if keys.is_empty() { Err(KeyError::new("it holds no key")) } else { Ok(keys) }
    }

    /// Reads a `SubjectPublicKeyInfo`.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let wrong = |_| KeyError::new("a public key in it is not valid");
        let (_, info) = SubjectPublicKeyInfo::from_der(der).map_err(|_| wrong(()))?;
        let (algorithm, jwk) = jwk::of_key(&info).ok_or_else(|| {
            KeyError::new(
                "a key in it is neither RSA of 2048 to 8192 bits nor ECDSA on P-256, P-384 or P-521",
            )
        })?;
        let parsed = ParsedPublicKey::new(algorithm.verification(), der).map_err(|_| wrong(()))?;
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, der));
        Ok(Self { algorithm, id, parsed, jwk })
    }

    /// The same key under another id, as somebody else calls it.
    pub fn named(self, id: impl Into<String>) -> Self {
        Self { id: id.into(), ..self }
    }

    /// True for the same key under the same id.
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.algorithm == other.algorithm && self.jwk == other.jwk
    }

    /// True when `signature` over `message` is of this key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    /// The members of its JWK that depend on the kind of key.
    pub(super) fn jwk_members(&self) -> &Value {
        &self.jwk
    }
}

impl SigningKey {
    /// The first private key of a PEM text: PKCS #1, PKCS #8 or SEC 1.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        for block in blocks(pem)? {
            if let Some(key) = Self::from_block(&block.label, &block.contents)? {
                return Ok(key);
            }
        }
        Err(KeyError::new("it holds no private key"))
    }

    /// A new RSA key of 2048 bits.
    ///
    /// RSA is the default because RS256 is the one algorithm that every relying party of OpenID Connect must know, and
    /// verifies faster than ECDSA; making the key takes a fraction of a second, once.
    pub fn generate() -> Result<Self, KeyError> {
        let pair =
            RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::new("no key could be made"))?;
        Self::of(Pair::Rsa(Box::new(pair)))
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The key as PKCS #8 in PEM, to be written to a file that only its owner can read.
    pub fn to_pem(&self) -> Result<crate::Secret, KeyError> {
        let failed = |_| KeyError::new("the key cannot be written");
        let der = match &self.pair {
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der>::as_der(pair.as_ref()).map_err(failed)?.as_ref().to_vec(),
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
        };
        let text = STANDARD.encode(der);
        let lines: Vec<&str> =
            (0..text.len()).step_by(64).filter_map(|i| text.get(i..text.len().min(i + 64))).collect();
        let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
        Ok(crate::Secret::new(format!("{begin}\n{}\n{end}\n", lines.join("\n"))))
    }

    /// Signs a message; the form of the signature is that of RFC 7518.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |_| KeyError::new("the key cannot sign");
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => {
                Ok(pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref().to_vec())
            }
        }
    }

    /// The key in one PEM block, `None` when it is a block of another kind.
    fn from_block(label: &str, der: &[u8]) -> Result<Option<Self>, KeyError> {
        let wrong = |what: &str| KeyError::new(format!("the {what} private key in it is not valid"));
        let ec = |read: fn(&'static EcdsaSigningAlgorithm, &[u8]) -> Option<EcdsaKeyPair>| {
            CURVES.iter().find_map(|(_, algorithm)| read(algorithm, der)).map(Pair::Ecdsa)
        };
        let pair = match label {
            "RSA PRIVATE KEY" => {
                RsaKeyPair::from_der(der).ok().map(|p| Pair::Rsa(Box::new(p))).ok_or_else(|| wrong("RSA"))
            }
            "EC PRIVATE KEY" => {
                ec(|a, der| EcdsaKeyPair::from_private_key_der(a, der).ok()).ok_or_else(|| wrong("EC"))
            }
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(der)
                .ok()
                .map(|p| Pair::Rsa(Box::new(p)))
                .or_else(|| ec(|a, der| EcdsaKeyPair::from_pkcs8(a, der).ok()))
                .ok_or_else(|| wrong("PKCS #8")),
            "ENCRYPTED PRIVATE KEY" => Err(KeyError::new("the private key in it is encrypted")),
            _ => return Ok(None),
        };
        pair.and_then(Self::of).map(Some)
    }

    fn of(pair: Pair) -> Result<Self, KeyError> {
        let failed = |_| KeyError::new("its public key cannot be told");
        let spki: PublicKeyX509Der = match &pair {
            Pair::Rsa(pair) => pair.public_key().as_der().map_err(failed)?,
            Pair::Ecdsa(pair) => pair.public_key().as_der().map_err(failed)?,
        };
        Ok(Self { public: PublicKey::from_spki(spki.as_ref())?, pair })
    }
}

fn blocks(pem: &[u8]) -> Result<Vec<Pem>, KeyError> {
    let blocks: Result<Vec<Pem>, _> = Pem::iter_from_buffer(pem).collect();
    blocks.map_err(|_| KeyError::new("it is not PEM"))
}

impl KeyError {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm.name(), self.id)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.public.algorithm.name(), self.public.id)
    }
}

#[cfg(test)]
mod tests;
