//! Certificates that must not be believed, each with where the pattern is known from, and those that must be.

use std::net::Ipv4Addr;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CidrSubnet, CustomExtension,
    DnType, ExtendedKeyUsagePurpose as Usage, GeneralSubtree, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, NameConstraints, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use super::*;

/// 2027-01-15.
const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

/// A certificate with its key, which can sign others.
struct Made {
    der: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
    params: CertificateParams,
}

type Change = fn(&mut CertificateParams);

const KEEP: Change = |_| {};

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2027, 1, 1);
    params.not_after = date_time_ymd(2027, 2, 1);
    params
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn client_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.extended_key_usages = vec![Usage::ClientAuth];
    params
}

fn root(name: &str, change: Change) -> Made {
    let (mut params, key) = (ca_params(name), KeyPair::generate().unwrap());
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap();
    Made { der: certificate.der().clone(), pem: certificate.pem(), key, params }
}

fn made_root(name: &str) -> Made {
    root(name, KEEP)
}

fn signed(mut params: CertificateParams, by: &Made, change: Change) -> Made {
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::from_params(&by.params, &by.key);
    let certificate = params.signed_by(&key, &issuer).unwrap();
    Made { der: certificate.der().clone(), pem: certificate.pem(), key, params }
}

fn trusting(roots: &[&Made]) -> Authorities {
    let pem: String = roots.iter().map(|r| r.pem.as_str()).collect();
    Authorities::from_pem(pem.as_bytes()).unwrap()
}

fn verify(authorities: &Authorities, shown: &[&Made], now: i64) -> Result<Verified, String> {
    let shown: Vec<_> = shown.iter().map(|m| m.der.clone()).collect();
    authorities.verify(&shown, now)
}

/// Why a client certificate (changed) under an intermediate (changed) under a root (changed) is refused.
fn refusal(of_root: Change, of_between: Change, of_leaf: Change) -> String {
    let root = root("root", of_root);
    let between = signed(ca_params("between"), &root, of_between);
    let leaf = signed(client_params("bob"), &between, of_leaf);
    match verify(&trusting(&[&root]), &[&leaf, &between], NOW) {
        Ok(_) => String::new(),
        Err(why) => why.rsplit("x509: ").next().unwrap_or_default().to_owned(),
    }
}

const UNKNOWN: &str = "certificate signed by unknown authority";
const USAGE: &str = "certificate specifies an incompatible key usage";
const TIME: &str = "certificate has expired or is not yet valid";
const NO_SIGNER: &str = "an issuer is not authorized to sign other certificates";

/// One attack: where it is known from, what is done to root, intermediate and leaf, and the answer.
struct Attack {
    reference: &'static str,
    root: Change,
    between: Change,
    leaf: Change,
    refused: &'static str,
}

const ATTACKS: &[Attack] = &[
    Attack {
        reference: "CVE-2002-0862: basic constraints are not looked at, a leaf signs another",
        root: KEEP,
        between: |p| p.is_ca = IsCa::ExplicitNoCa,
        leaf: KEEP,
        refused: NO_SIGNER,
    },
    Attack {
        reference: "CVE-2011-0228, CVE-2021-3450: no basic constraints at all",
        root: KEEP,
        between: |p| p.is_ca = IsCa::NoCa,
        leaf: KEEP,
        refused: NO_SIGNER,
    },
    Attack {
        reference: "RFC 5280 4.2.1.3: the key of the issuer is not for certificates",
        root: KEEP,
        between: |p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature],
        leaf: KEEP,
        refused: NO_SIGNER,
    },
    Attack {
        reference: "RFC 5280 4.2.1.9: more CAs in a path than the one above allows",
        root: KEEP,
        between: |p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)),
        leaf: KEEP,
        refused: "",
    },
    Attack {
        reference: "RFC 5280 4.2.1.12: a serving certificate as a client's",
        root: KEEP,
        between: KEEP,
        leaf: |p| p.extended_key_usages = vec![Usage::ServerAuth],
        refused: USAGE,
    },
    Attack {
        reference: "RFC 5280 4.2.1.12: a CA for servers only vouches for clients",
        root: KEEP,
        between: |p| p.extended_key_usages = vec![Usage::ServerAuth],
        leaf: KEEP,
        refused: USAGE,
    },
    Attack {
        reference: "a root that is for servers only vouches for clients (Go checks roots too)",
        root: |p| p.extended_key_usages = vec![Usage::ServerAuth],
        between: KEEP,
        leaf: KEEP,
        refused: UNKNOWN,
    },
    Attack {
        reference: "any usage covers client authentication (RFC 5280 4.2.1.12)",
        root: KEEP,
        between: |p| p.extended_key_usages = vec![Usage::Any],
        leaf: |p| p.extended_key_usages = vec![Usage::Any],
        refused: "",
    },
    Attack {
        reference: "no list of usages is no limit",
        root: KEEP,
        between: KEEP,
        leaf: |p| p.extended_key_usages = Vec::new(),
        refused: "",
    },
    Attack {
        reference: "RFC 5280 6.1.3: expired leaf",
        root: KEEP,
        between: KEEP,
        leaf: |p| p.not_after = date_time_ymd(2027, 1, 10),
        refused: TIME,
    },
    Attack {
        reference: "RFC 5280 6.1.3: leaf of the future",
        root: KEEP,
        between: KEEP,
        leaf: |p| p.not_before = date_time_ymd(2027, 1, 20),
        refused: TIME,
    },
    Attack {
        reference: "RFC 5280 6.1.3: expired intermediate",
        root: KEEP,
        between: |p| p.not_after = date_time_ymd(2027, 1, 10),
        leaf: KEEP,
        refused: TIME,
    },
    Attack {
        reference: "expired root (Go looks at the validity of roots, many libraries do not)",
        root: |p| p.not_after = date_time_ymd(2027, 1, 10),
        between: KEEP,
        leaf: KEEP,
        refused: TIME,
    },
    Attack {
        reference: "RFC 5280 4.2.1.10, CVE-2025-61727: a name outside of a permitted domain",
        root: KEEP,
        between: |p| {
            let permitted = vec![GeneralSubtree::DnsName("example.org".to_owned())];
            p.name_constraints =
                Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
        },
        leaf: |p| p.subject_alt_names = vec![SanType::DnsName("evil.test".try_into().unwrap())],
        refused: "a name is not permitted by a constraint of an issuer",
    },
    Attack {
        reference: "an excluded address",
        root: KEEP,
        between: |p| {
            let net = CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0]);
            let excluded = vec![GeneralSubtree::IpAddress(net)];
            p.name_constraints =
                Some(NameConstraints { permitted_subtrees: Vec::new(), excluded_subtrees: excluded });
        },
        leaf: |p| p.subject_alt_names = vec![SanType::IpAddress(Ipv4Addr::new(10, 1, 2, 3).into())],
        refused: "a name is not permitted by a constraint of an issuer",
    },
    Attack {
        reference: "a name inside of a permitted domain is fine",
        root: KEEP,
        between: |p| {
            let permitted = vec![GeneralSubtree::DnsName("example.org".to_owned())];
            p.name_constraints =
                Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
        },
        leaf: |p| p.subject_alt_names = vec![SanType::DnsName("node.example.org".try_into().unwrap())],
        refused: "",
    },
    Attack {
        reference: "RFC 5280 4.2: a critical extension that nobody here knows",
        root: KEEP,
        between: KEEP,
        leaf: |p| {
            let mut unknown = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57683, 99], vec![5, 0]);
            unknown.set_criticality(true);
            p.custom_extensions.push(unknown);
        },
        refused: "unhandled critical extension",
    },
];

#[test]
fn attacks() {
    for attack in ATTACKS {
        let got = refusal(attack.root, attack.between, attack.leaf);
        assert_eq!(got, attack.refused, "{}", attack.reference);
    }
}

/// CVE-2020-0601 (CurveBall): what looks like a CA that is trusted does not make its signature.
#[test]
fn a_ca_of_the_same_name_is_another_ca() {
    let (ours, theirs) = (root("root", KEEP), root("root", KEEP));
    let forged = signed(client_params("admin"), &theirs, KEEP);
    assert!(verify(&trusting(&[&ours]), &[&forged], NOW).is_err());
    assert!(verify(&trusting(&[&ours]), &[&forged, &theirs], NOW).is_err(), "it brings its own root");
    // Both are trusted: the one that has signed is found, wherever it stands.
    for roots in [[&ours, &theirs], [&theirs, &ours]] {
        assert_eq!(verify(&trusting(&roots), &[&forged], NOW), Ok(Verified { until: theirs_end() }));
    }
}

fn theirs_end() -> i64 {
    date_time_ymd(2027, 2, 1).unix_timestamp()
}

/// RFC 5280 4.2.1.9: a path must not be longer than a constraint allows.
#[test]
fn path_lengths() {
    let root = root("root", |p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let one = signed(ca_params("one"), &root, |p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let two = signed(ca_params("two"), &one, KEEP);
    let leaf = signed(client_params("bob"), &two, KEEP);
    let why = verify(&trusting(&[&root]), &[&leaf, &two, &one], NOW).unwrap_err();
    assert!(why.contains("PathLenConstraintViolated"), "{why}");
}

/// CVE-2018-16875 (Go), CVE-2023-0464 (OpenSSL): certificates that make a verifier work without end.
#[test]
fn work_is_bounded() {
    let root = root("root", KEEP);
    let mut shown = Vec::new();
    // Every one of these could be the issuer of every other one by its name.
    for _ in 0..200 {
        shown.push(signed(ca_params("root"), &root, |p| p.key_identifier_method = KeyIdMethod::Sha256));
    }
    let stranger = made_root("root");
    let leaf = signed(client_params("bob"), &stranger, KEEP);
    let list: Vec<&Made> = std::iter::once(&leaf).chain(&shown).collect();
    assert!(verify(&trusting(&[&root]), &list, NOW).is_err());
}

#[test]
fn a_path_ends_with_its_first_certificate() {
    let root = root("root", |p| p.not_after = date_time_ymd(2027, 1, 25));
    let leaf = signed(client_params("bob"), &root, KEEP);
    let end = date_time_ymd(2027, 1, 25).unix_timestamp();
    assert_eq!(verify(&trusting(&[&root]), &[&leaf], NOW), Ok(Verified { until: end }));
    assert!(verify(&trusting(&[&root]), &[&leaf], end).is_ok());
    assert!(verify(&trusting(&[&root]), &[&leaf], end + 1).is_err());
    assert!(verify(&trusting(&[&root]), &[&leaf], NOW - 30 * DAY).is_err());
}

/// CVE-2015-1793: a certificate in the file is trusted itself, and nothing that it signs unless it is a CA.
#[test]
fn a_leaf_may_be_trusted_itself() {
    let other = root("other", KEEP);
    let leaf = signed(client_params("bob"), &other, KEEP);
    let child = signed(client_params("admin"), &leaf, KEEP);
    let authorities = trusting(&[&leaf]);
    assert!(verify(&authorities, &[&leaf], NOW).is_ok());
    assert!(verify(&authorities, &[&child], NOW).unwrap_err().contains(UNKNOWN));
    assert!(verify(&authorities, &[&child, &leaf], NOW).is_err());
    let serving = signed(client_params("web"), &other, |p| p.extended_key_usages = vec![Usage::ServerAuth]);
    assert!(verify(&trusting(&[&serving]), &[&serving], NOW).is_err());
}

fn revocations(by: &Made, serials: &[u8], next_update_day: u8) -> String {
    let revoked = serials.iter().map(|serial| RevokedCertParams {
        serial_number: SerialNumber::from_slice(&[*serial]),
        revocation_time: date_time_ymd(2027, 1, 2),
        reason_code: None,
        invalidity_date: None,
    });
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2027, 1, 1),
        next_update: date_time_ymd(2027, 1, next_update_day),
        crl_number: SerialNumber::from_slice(&[1]),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(&Issuer::from_params(&by.params, &by.key)).unwrap().pem().unwrap()
}

#[test]
fn revoked_certificates() {
    let (root, stranger) = (root("root", KEEP), root("root", KEEP));
    let between =
        signed(ca_params("between"), &root, |p| p.serial_number = Some(SerialNumber::from_slice(&[9])));
    let leaf =
        signed(client_params("bob"), &between, |p| p.serial_number = Some(SerialNumber::from_slice(&[7])));
    let answer = |lists: String| {
        let revoked = RevocationLists::from_pem(lists.as_bytes()).unwrap();
        verify(&trusting(&[&root]).with_revoked(revoked), &[&leaf, &between], NOW).map(drop)
    };
    assert!(answer(revocations(&between, &[7], 31)).unwrap_err().contains("certificate has been revoked"));
    assert!(answer(revocations(&root, &[9], 31)).unwrap_err().contains("certificate has been revoked"));
    assert_eq!(answer(revocations(&between, &[9], 31)), Ok(()), "the number of another issuer");
    assert_eq!(answer(revocations(&stranger, &[9], 31)), Ok(()), "somebody else of the same name");
    // Lists of two CAs of one name: the right one is found behind the other.
    let both = revocations(&stranger, &[1], 31) + &revocations(&root, &[9], 31);
    assert!(answer(both).is_err());
    assert!(answer(revocations(&between, &[7], 10)).is_err(), "a list that is late still counts");
}

#[test]
fn revocation_lists() {
    let root = root("root", KEEP);
    let lists = RevocationLists::from_pem(revocations(&root, &[1], 20).as_bytes()).unwrap();
    assert_eq!(lists.next_update(), Some(date_time_ymd(2027, 1, 20).unix_timestamp()));
    assert!(RevocationLists::from_pem(root.pem.as_bytes()).is_err());
    assert!(RevocationLists::from_pem(b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n").is_err());
}

/// One DER element.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length: &[u8] = match content.len() {
        0..0x80 => &[low],
        0x80..0x100 => &[0x81, low],
        _ => &[0x82, high, low],
    };
    [&[tag], length, content].concat()
}

/// The elements of some DER content.
fn elements(mut content: &[u8]) -> Vec<&[u8]> {
    use x509_parser::asn1_rs::{Any, FromDer};
    let mut list = Vec::new();
    while let Ok((rest, _)) = Any::from_der(content) {
        list.push(&content[..content.len() - rest.len()]);
        content = rest;
    }
    list
}

/// The content of an element.
fn inside(element: &[u8]) -> &[u8] {
    use x509_parser::asn1_rs::{Any, FromDer};
    Any::from_der(element).unwrap().1.data
}

/// The same certificate with another body and, if there is a key, its signature.
fn remade(made: &Made, change: impl Fn(Vec<&[u8]>) -> Vec<u8>, by: Option<&KeyPair>) -> Made {
    use rcgen::SigningKey as _;
    let parts = elements(inside(&made.der));
    let body = element(0x30, &change(elements(inside(parts[0]))));
    let signature = match by {
        Some(key) => element(0x03, &[&[0][..], &key.sign(&body).unwrap()].concat()),
        None => parts[2].to_vec(),
    };
    let der = element(0x30, &[&body[..], parts[1], &signature].concat());
    let key = KeyPair::from_pem(&made.key.serialize_pem()).unwrap();
    Made { der: CertificateDer::from(der), pem: String::new(), key, params: made.params.clone() }
}

/// A body without version and extensions: version 1.
fn version1(parts: Vec<&[u8]>) -> Vec<u8> {
    parts.into_iter().filter(|p| !matches!(p[0], 0xa0 | 0xa3)).flatten().copied().collect()
}

#[test]
fn certificates_of_version_1() {
    let (ours, theirs) = (root("root", KEEP), root("root", KEEP));
    let leaf =
        signed(client_params("bob"), &ours, |p| p.serial_number = Some(SerialNumber::from_slice(&[7])));
    let good = remade(&leaf, version1, Some(&ours.key));
    let authorities = trusting(&[&theirs, &ours]);
    assert_eq!(verify(&authorities, &[&good], NOW), Ok(Verified { until: theirs_end() }));
    assert!(verify(&authorities, &[&good], NOW + 30 * DAY).is_err());
    let forged = remade(&leaf, version1, Some(&leaf.key));
    assert!(verify(&authorities, &[&forged], NOW).unwrap_err().contains(UNKNOWN));
    let revoked = RevocationLists::from_pem(revocations(&ours, &[7], 31).as_bytes()).unwrap();
    let why = verify(&authorities.with_revoked(revoked), &[&good], NOW).unwrap_err();
    assert!(why.contains("certificate has been revoked"), "{why}");
    // Extensions without the version that has them.
    let smuggled = remade(
        &leaf,
        |parts| parts.into_iter().filter(|p| p[0] != 0xa0).flatten().copied().collect(),
        Some(&ours.key),
    );
    assert!(verify(&trusting(&[&ours]), &[&smuggled], NOW).is_err());
}

/// CVE-2014-1959 (GnuTLS): a certificate of version 1 between leaf and root is taken for a CA.
#[test]
fn version_1_is_no_intermediate() {
    let root = root("root", KEEP);
    let between = remade(&signed(ca_params("between"), &root, KEEP), version1, Some(&root.key));
    let leaf = signed(client_params("bob"), &between, KEEP);
    assert!(verify(&trusting(&[&root]), &[&leaf, &between], NOW).is_err());
}

/// CVE-2022-21449: a signature of zeros is good for everything.
#[test]
fn psychic_signatures() {
    let root = root("root", KEEP);
    let leaf = signed(client_params("admin"), &root, KEEP);
    let zeros = [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00];
    for signature in [&zeros[..], &[]] {
        let parts = elements(inside(&leaf.der));
        let signature = element(0x03, &[&[0][..], signature].concat());
        let der = element(0x30, &[parts[0], parts[1], &signature].concat());
        assert!(trusting(&[&root]).verify(&[CertificateDer::from(der)], NOW).is_err());
    }
}

/// CVE-2014-8275: the same certificate in other bytes, and one whose bytes were changed.
#[test]
fn every_byte_is_signed() {
    let root = root("root", KEEP);
    let leaf = signed(client_params("bob"), &root, KEEP);
    let authorities = trusting(&[&root]);
    for at in 0..leaf.der.len() {
        for bit in [0x01, 0x80] {
            let mut der = leaf.der.to_vec();
            der[at] ^= bit;
            assert!(authorities.verify(&[CertificateDer::from(der)], NOW).is_err(), "byte {at} bit {bit:#x}");
        }
    }
    let mut longer = leaf.der.to_vec();
    longer.push(0);
    assert!(authorities.verify(&[CertificateDer::from(longer)], NOW).is_err());
}

#[test]
fn files_that_are_no_ca() {
    for pem in ["", "junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(Authorities::from_pem(pem.as_bytes()).is_err(), "{pem}");
    }
    let key = KeyPair::generate().unwrap().serialize_pem();
    assert_eq!(Authorities::from_pem(key.as_bytes()).unwrap_err().to_string(), "no certificate in it");
}

#[test]
fn a_failure_names_the_certificate() {
    let (ours, theirs) = (root("root", KEEP), root("other", KEEP));
    let leaf =
        signed(client_params("bob"), &theirs, |p| p.serial_number = Some(SerialNumber::from_slice(&[7])));
    let why = verify(&trusting(&[&ours]), &[&leaf], NOW).unwrap_err();
    assert!(why.starts_with("verifying certificate SN=7, SKID="), "{why}");
    assert!(why.ends_with("failed: x509: certificate signed by unknown authority"), "{why}");
    let nothing = trusting(&[&ours]).verify(&[CertificateDer::from(vec![1, 2, 3])], NOW).unwrap_err();
    assert!(nothing.contains("of no known form"), "{nothing}");
}
