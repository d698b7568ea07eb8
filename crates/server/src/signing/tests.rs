use super::*;
use crate::pki;
use authn::certificate::{Authorities, Subject};
use rcgen::{CertificateParams, DnType, SanType};

/// 2027-01-15.
const NOW: i64 = 1_800_000_000;

struct Case {
    _dir: tempfile::TempDir,
    ca: Vec<u8>,
    signer: Signer,
}

fn case() -> Case {
    let dir = tempfile::tempdir().unwrap();
    let request =
        pki::Request { dir: dir.path().to_owned(), dns_names: Vec::new(), addresses: Vec::new(), now: NOW };
    let pki = pki::ensure(&request).unwrap();
    let ca = std::fs::read(&pki.ca_cert).unwrap();
    let signer = Signer::new(&ca, &std::fs::read(&pki.ca_key).unwrap()).unwrap();
    Case { _dir: dir, ca, signer }
}

fn request(common_name: &str, organization: &str, names: &[SanType]) -> Request {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.subject_alt_names = names.to_vec();
    let csr = params.serialize_request(&KeyPair::generate().unwrap()).unwrap();
    Request::parse(csr.pem().unwrap().as_bytes()).unwrap()
}

const CLIENT: [&str; 2] = ["digital signature", "client auth"];

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

#[test]
fn what_is_signed_is_believed() {
    let case = case();
    let authorities = Authorities::from_pem(&case.ca).unwrap();
    let pem = case.signer.sign(&request("system:node:a", "system:nodes", &[]), &CLIENT, 3600, NOW).unwrap();
    let shown = [der(&pem)];
    assert_eq!(authorities.verify(&shown, NOW).unwrap().until, NOW + 3600);
    assert!(authorities.verify(&shown, NOW - BACKDATE).is_ok());
    assert!(authorities.verify(&shown, NOW - BACKDATE - 1).is_err());
    let user = Subject::of(&shown[0]).unwrap().user().unwrap().unwrap();
    assert_eq!(
        (user.name.as_str(), user.groups.as_slice()),
        ("system:node:a", &["system:nodes".to_owned()][..])
    );
    let other = case.signer.sign(&request("system:node:a", "system:nodes", &[]), &CLIENT, 3600, NOW).unwrap();
    assert_ne!(pem, other, "a serial number of its own");
}

#[test]
fn a_certificate_holds_what_was_asked_for_and_no_more() {
    let case = case();
    let names = [SanType::DnsName("a.test".try_into().unwrap()), SanType::IpAddress([192, 0, 2, 1].into())];
    let request = request("system:node:a", "system:nodes", &names);
    let usages = ["digital signature", "key encipherment", "server auth"];
    let pem = case.signer.sign(&request, &usages, 86_400, NOW).unwrap();
    let der = der(&pem);
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    assert_eq!(certificate.validity().not_after.timestamp(), NOW + 86_400 - BACKDATE);
    let usage = certificate.key_usage().unwrap().unwrap();
    assert!(usage.critical && usage.value.digital_signature() && usage.value.key_encipherment());
    assert!(!usage.value.key_cert_sign());
    let purposes = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(purposes.server_auth && !purposes.client_auth);
    assert!(!certificate.basic_constraints().unwrap().unwrap().value.ca);
    let names = &certificate.subject_alternative_name().unwrap().unwrap().value.general_names;
    assert_eq!(names.len(), 2);
    let trusted = Authorities::from_pem(&case.ca).unwrap();
    assert!(trusted.verify(std::slice::from_ref(&der), NOW).is_err(), "a serving certificate makes no user");
}

#[test]
fn a_request_is_signed_with_its_own_key() {
    let csr = |common_name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.serialize_request(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    };
    let mut spoiled = csr("bob");
    let at = spoiled.windows(3).position(|w| w == b"bob").unwrap();
    spoiled[at] = b'r';
    let pem = |der: &[u8]| {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n")
    };
    assert!(Request::parse(pem(&csr("bob")).as_bytes()).is_ok());
    assert!(Request::parse(pem(&spoiled).as_bytes()).unwrap_err().contains("signature"));
    assert!(Request::parse(b"junk").is_err());
}

#[test]
fn lifetimes() {
    let most = std::time::Duration::from_secs(86_400);
    for (asked, want) in [(None, 86_400), (Some(3600), 3600), (Some(1), 600), (Some(1 << 40), 86_400)] {
        assert_eq!(lifetime(most, asked), want);
    }
    let case = case();
    let far = case.signer.not_after;
    assert!(case.signer.sign(&request("a", "b", &[]), &CLIENT, 3600, far).is_err());
    let pem = case.signer.sign(&request("a", "b", &[]), &CLIENT, i64::MAX / 4, NOW).unwrap();
    let der = der(&pem);
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    assert_eq!(certificate.validity().not_after.timestamp(), far, "not beyond the CA's own end");
}

#[test]
fn what_signers_sign() {
    let serving = ["digital signature", "key encipherment", "server auth"];
    let dns = [SanType::DnsName("a.test".try_into().unwrap())];
    let node = |names: &[SanType]| request("system:node:a", "system:nodes", names);
    let check = |signer: &str, request: &Request, usages: &[&str]| match rules::check(signer, request, usages)
    {
        None => "another's".to_owned(),
        Some(outcome) => outcome.err().unwrap_or_default(),
    };
    for (signer, request, usages, want) in [
        (rules::KUBELET_CLIENT, node(&[]), &CLIENT[..], ""),
        (rules::KUBELET_CLIENT, node(&dns), &CLIENT, "DNS subjectAltNames are not allowed"),
        (
            rules::KUBELET_CLIENT,
            request("system:node:a", "other", &[]),
            &CLIENT,
            "subject organization is not system:nodes",
        ),
        (
            rules::KUBELET_CLIENT,
            request("bob", "system:nodes", &[]),
            &CLIENT,
            "subject common name does not begin with system:node:",
        ),
        (
            rules::KUBELET_CLIENT,
            node(&[]),
            &serving,
            "usages did not match [client auth digital signature key encipherment]",
        ),
        (rules::KUBELET_SERVING, node(&dns), &serving, ""),
        (rules::KUBELET_SERVING, node(&[]), &serving, "DNS or IP subjectAltName is required"),
        (
            rules::KUBELET_SERVING,
            node(&dns),
            &CLIENT,
            "usages did not match [digital signature key encipherment server auth]",
        ),
        (rules::API_CLIENT, request("bob", "dev", &[]), &CLIENT, ""),
        (
            rules::API_CLIENT,
            request("bob", "system:masters", &[]),
            &CLIENT,
            "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
        ),
        (
            rules::API_CLIENT,
            request("bob", "dev", &[]),
            &serving,
            "invalid usage for client certificate: server auth",
        ),
        (
            rules::API_CLIENT,
            request("bob", "dev", &[]),
            &["digital signature"],
            "missing required usage for client certificate: client auth",
        ),
        ("example.com/own", request("bob", "dev", &[]), &CLIENT, "another's"),
    ] {
        assert_eq!(check(signer, &request, usages), want, "{signer}");
    }
}
