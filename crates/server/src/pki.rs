//! What a first start makes under the data directory: a CA, a serving certificate, a service-account key, an admin
//! certificate and its kubeconfig.  Entry point: [`ensure`], which makes only what is missing or near its end.

mod kubeconfig;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData as _,
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use time::{Duration, OffsetDateTime};

use crate::files;

pub use kubeconfig::Kubeconfig;

const CA_DAYS: i64 = 3650;
const LEAF_DAYS: i64 = 365;
/// A certificate with less than this left is made anew at start.
const RENEW_DAYS: i64 = 30;
/// Certificates are valid from a little before now, for clients whose clock is behind.
const BACKDATE: Duration = Duration::hours(1);

/// What the certificates must say.
#[derive(Clone, Debug)]
pub struct Request {
    /// Folder of the keys and certificates.
    pub dir: PathBuf,
    /// Names the serving certificate must cover.
    pub dns_names: Vec<String>,
    /// Addresses the serving certificate must cover.
    pub addresses: Vec<IpAddr>,
    /// Now, in seconds since the Unix epoch.
    pub now: i64,
}

/// Where everything lies, all present after [`ensure`].
#[derive(Clone, Debug)]
pub struct Pki {
    /// Certificate of the CA.
    pub ca_cert: PathBuf,
    /// Key of the CA.
    pub ca_key: PathBuf,
    /// Serving certificate.
    pub serving_cert: PathBuf,
    /// Key of the serving certificate.
    pub serving_key: PathBuf,
    /// Private key that signs service-account tokens.
    pub service_account_key: PathBuf,
    /// Client certificate of `system:masters`.
    pub admin_cert: PathBuf,
    /// Key of the admin certificate.
    pub admin_key: PathBuf,
}

/// A key or certificate that could not be made, read or written.
#[derive(Debug)]
pub struct PkiError {
    path: PathBuf,
    why: String,
}

impl std::fmt::Display for PkiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for PkiError {}

impl PkiError {
    fn new(path: &Path, why: impl std::fmt::Display) -> Self {
        Self { path: path.to_owned(), why: why.to_string() }
    }
}

/// Makes what is missing under `request.dir` and what is near its end, and says where everything lies.
///
/// # Errors
/// A file that cannot be read, parsed or written, by name.  Existing keys are never overwritten: a CA key without its
/// certificate (or the other way round) is an error, because a new CA would lock out every client of the old one.
pub fn ensure(request: &Request) -> Result<Pki, PkiError> {
    let at = |name: &str| request.dir.join(name);
    let pki = Pki {
        ca_cert: at("ca.crt"),
        ca_key: at("ca.key"),
        serving_cert: at("apiserver.crt"),
        serving_key: at("apiserver.key"),
        service_account_key: at("sa.key"),
        admin_cert: at("admin.crt"),
        admin_key: at("admin.key"),
    };
    files::create_private_dir(&request.dir).map_err(|e| PkiError::new(&request.dir, e))?;
    let ca = ensure_ca(&pki, request)?;
    ensure_leaf(&pki.serving_cert, &pki.serving_key, &ca, request, &serving_params(request)?)?;
    ensure_leaf(&pki.admin_cert, &pki.admin_key, &ca, request, &admin_params())?;
    if !pki.service_account_key.exists() {
        let key = new_key(&pki.service_account_key)?;
        write(&pki.service_account_key, key.serialize_pem().as_bytes())?;
    }
    Ok(pki)
}

struct Ca {
    issuer: Issuer<'static, KeyPair>,
    /// Certificates of another CA are made anew.
    der: CertificateDer<'static>,
}

fn ensure_ca(pki: &Pki, request: &Request) -> Result<Ca, PkiError> {
    match (pki.ca_cert.exists(), pki.ca_key.exists()) {
        (true, true) => {}
        (false, false) => make_ca(pki, request)?,
        (true, false) => {
            return Err(PkiError::new(&pki.ca_key, "missing, while its certificate ca.crt exists"));
        }
        (false, true) => return Err(PkiError::new(&pki.ca_cert, "missing, while its key ca.key exists")),
    }
    let key = read_key(&pki.ca_key)?;
    let der = read_cert(&pki.ca_cert)?;
    let issuer = Issuer::from_ca_cert_der(&der, key).map_err(|e| PkiError::new(&pki.ca_cert, e))?;
    Ok(Ca { issuer, der })
}

fn make_ca(pki: &Pki, request: &Request) -> Result<(), PkiError> {
    let key = new_key(&pki.ca_key)?;
    let mut params = params("sumun-ca", None, request.now, CA_DAYS);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let cert = params.self_signed(&key).map_err(|e| PkiError::new(&pki.ca_cert, e))?;
    write(&pki.ca_key, key.serialize_pem().as_bytes())?;
    write(&pki.ca_cert, cert.pem().as_bytes())
}

/// Makes a certificate signed by the CA unless a good one is there; an existing key is kept.
fn ensure_leaf(
    cert: &Path,
    key: &Path,
    ca: &Ca,
    request: &Request,
    params: &CertificateParams,
) -> Result<(), PkiError> {
    let key_pair = if key.exists() { read_key(key)? } else { new_key(key)? };
    if cert.exists() && is_good(cert, &key_pair, ca, request, params)? {
        return Ok(());
    }
    let mut params = params.clone();
    (params.not_before, params.not_after) = validity(request.now, LEAF_DAYS);
    let signed = params.signed_by(&key_pair, &ca.issuer).map_err(|e| PkiError::new(cert, e))?;
    if !key.exists() {
        write(key, key_pair.serialize_pem().as_bytes())?;
    }
    write(cert, signed.pem().as_bytes())
}

/// True when the certificate is of this CA and key, covers every name asked for, and has long enough left.
fn is_good(
    cert: &Path,
    key: &KeyPair,
    ca: &Ca,
    request: &Request,
    params: &CertificateParams,
) -> Result<bool, PkiError> {
    let der = read_cert(cert)?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).map_err(|e| PkiError::new(cert, e))?;
    let (_, ca) = x509_parser::parse_x509_certificate(&ca.der).map_err(|e| PkiError::new(cert, e))?;
    let left = parsed.validity().not_after.timestamp() - request.now;
    let names =
        parsed.subject_alternative_name().ok().flatten().map(|e| e.value.general_names.len()).unwrap_or(0);
    let covers = params.subject_alt_names.iter().all(|san| covers(&parsed, san))
        && names >= params.subject_alt_names.len();
    let own_key = parsed.public_key().raw == key.subject_public_key_info();
    Ok(left > RENEW_DAYS * 86_400
        && covers
        && own_key
        && parsed.verify_signature(Some(ca.public_key())).is_ok())
}

fn covers(cert: &x509_parser::certificate::X509Certificate<'_>, san: &rcgen::SanType) -> bool {
    use x509_parser::extensions::GeneralName;
    let Ok(Some(names)) = cert.subject_alternative_name() else { return false };
    names.value.general_names.iter().any(|name| match (name, san) {
        (GeneralName::DNSName(have), rcgen::SanType::DnsName(want)) => *have == want.as_str(),
        (GeneralName::IPAddress(have), rcgen::SanType::IpAddress(IpAddr::V4(want))) => {
            **have == want.octets()
        }
        (GeneralName::IPAddress(have), rcgen::SanType::IpAddress(IpAddr::V6(want))) => {
            **have == want.octets()
        }
        _ => false,
    })
}

fn serving_params(request: &Request) -> Result<CertificateParams, PkiError> {
    let mut params = params("kube-apiserver", None, request.now, LEAF_DAYS);
    for name in &request.dns_names {
        let name = name.clone().try_into().map_err(|e| PkiError::new(Path::new(name), e))?;
        params.subject_alt_names.push(rcgen::SanType::DnsName(name));
    }
    params.subject_alt_names.extend(request.addresses.iter().map(|ip| rcgen::SanType::IpAddress(*ip)));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

fn admin_params() -> CertificateParams {
    let mut params = params("kubernetes-admin", Some("system:masters"), 0, LEAF_DAYS);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

fn params(common_name: &str, organization: Option<&str>, now: i64, days: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    params.distinguished_name = name;
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = validity(now, days);
    params
}

fn validity(now: i64, days: i64) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::from_unix_timestamp(now).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (now - BACKDATE, now + Duration::days(days))
}

fn new_key(path: &Path) -> Result<KeyPair, PkiError> {
    KeyPair::generate().map_err(|e| PkiError::new(path, e))
}

fn read_key(path: &Path) -> Result<KeyPair, PkiError> {
    let text = std::fs::read_to_string(path).map_err(|e| PkiError::new(path, e))?;
    KeyPair::from_pem(&text).map_err(|e| PkiError::new(path, e))
}

fn read_cert(path: &Path) -> Result<CertificateDer<'static>, PkiError> {
    CertificateDer::from_pem_file(path).map_err(|e| PkiError::new(path, e))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), PkiError> {
    files::write_private(path, bytes).map_err(|e| PkiError::new(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn request(dir: &Path, now: i64) -> Request {
        Request {
            dir: dir.to_owned(),
            dns_names: vec!["localhost".to_owned(), "kubernetes.default.svc".to_owned()],
            addresses: vec![IpAddr::from([127, 0, 0, 1])],
            now,
        }
    }

    fn read(path: &Path) -> Vec<u8> {
        std::fs::read(path).unwrap()
    }

    #[test]
    fn later_starts_reuse_and_an_old_serving_certificate_is_renewed() {
        let dir = tempfile::tempdir().unwrap();
        let pki = ensure(&request(dir.path(), NOW)).unwrap();
        let (ca, serving, key) = (read(&pki.ca_cert), read(&pki.serving_cert), read(&pki.serving_key));
        ensure(&request(dir.path(), NOW + 86_400)).unwrap();
        assert_eq!(serving, read(&pki.serving_cert), "reused");
        ensure(&request(dir.path(), NOW + (LEAF_DAYS - RENEW_DAYS + 1) * 86_400)).unwrap();
        assert_ne!(serving, read(&pki.serving_cert), "renewed");
        assert_eq!((ca, key), (read(&pki.ca_cert), read(&pki.serving_key)), "CA and keys stay");
    }

    #[test]
    fn a_new_name_makes_a_new_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let pki = ensure(&request(dir.path(), NOW)).unwrap();
        let before = read(&pki.serving_cert);
        let mut more = request(dir.path(), NOW);
        more.dns_names.push("api.example.org".to_owned());
        ensure(&more).unwrap();
        assert_ne!(before, read(&pki.serving_cert));
    }

    #[test]
    fn half_a_ca_is_an_error_that_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let pki = ensure(&request(dir.path(), NOW)).unwrap();
        std::fs::remove_file(&pki.ca_key).unwrap();
        let error = ensure(&request(dir.path(), NOW)).unwrap_err().to_string();
        assert!(error.contains("ca.key: missing"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_readable_by_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let pki = ensure(&request(dir.path(), NOW)).unwrap();
        for key in [&pki.ca_key, &pki.serving_key, &pki.service_account_key, &pki.admin_key] {
            assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
