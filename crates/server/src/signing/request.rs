//! What a certificate request (PKCS #10, RFC 2986) says.

use authn::certificate::is_signed_by;
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension};

use super::der;

/// What is asked for, signed with the key that it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The subject, DER.
    pub subject: Vec<u8>,
    /// The last common name, `""` when there is none.
    pub common_name: String,
    /// All organizations, in order.
    pub organizations: Vec<String>,
    /// Alternative names; those of other kinds are left out, as upstream's signer does.
    pub names: Vec<Name>,
    /// The public key, DER.
    pub public_key: Vec<u8>,
}

/// An alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// A DNS name.
    Dns(String),
    /// A mail address.
    Mail(String),
    /// A URI.
    Uri(String),
    /// An address of 4 or 16 bytes.
    Address(Vec<u8>),
}

impl Request {
    /// Reads a request, PEM.
    ///
    /// # Errors
    /// What is no request, or is not signed with its own key.
    pub(crate) fn parse(pem: &[u8]) -> Result<Self, String> {
        let der = CertificateSigningRequestDer::from_pem_slice(pem)
            .map_err(|_| "PEM block type must be CERTIFICATE REQUEST")?;
        let (_, request) = X509CertificationRequest::from_der(&der).map_err(|e| e.to_string())?;
        let info = &request.certification_request_info;
        if !is_signed_by(&der, info.subject_pki.raw) {
            return Err("unable to verify certificate request signature".to_owned());
        }
        let text = |a: &x509_parser::x509::AttributeTypeAndValue<'_>| a.as_str().map(str::to_owned).ok();
        let names = request.requested_extensions().into_iter().flatten().filter_map(|e| match e {
            ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
            _ => None,
        });
        Ok(Self {
            subject: info.subject.as_raw().to_vec(),
            common_name: info.subject.iter_common_name().filter_map(text).last().unwrap_or_default(),
            organizations: info.subject.iter_organization().filter_map(text).collect(),
            names: names.flatten().filter_map(Name::of).collect(),
            public_key: info.subject_pki.raw.to_vec(),
        })
    }

    /// True for a subject that says nothing.
    pub(super) fn has_empty_subject(&self) -> bool {
        self.subject.get(1) == Some(&0)
    }

    /// The alternative names as an extension holds them.
    pub(super) fn alternative_names(&self) -> Vec<u8> {
        let names: Vec<Vec<u8>> = self.names.iter().map(Name::encoded).collect();
        der::sequence(&names.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

impl Name {
    fn of(name: &GeneralName<'_>) -> Option<Self> {
        match name {
            GeneralName::DNSName(text) => Some(Self::Dns((*text).to_owned())),
            GeneralName::RFC822Name(text) => Some(Self::Mail((*text).to_owned())),
            GeneralName::URI(text) => Some(Self::Uri((*text).to_owned())),
            GeneralName::IPAddress(bytes) => Some(Self::Address(bytes.to_vec())),
            _ => None,
        }
    }

    fn encoded(&self) -> Vec<u8> {
        match self {
            Self::Mail(text) => der::implicit(1, text.as_bytes()),
            Self::Dns(text) => der::implicit(2, text.as_bytes()),
            Self::Uri(text) => der::implicit(6, text.as_bytes()),
            Self::Address(bytes) => der::implicit(7, bytes),
        }
    }
}
