use super::*;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// A certificate with this common name and these alternative names, and its key, PEM.
fn pair(common_name: &str, names: &[&str]) -> (String, String) {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn tls() -> Tls {
    Tls::new(Policy::new("", &[]).unwrap(), Arc::default())
}

/// The common name of the certificate that is shown to a client that asks for `name`.
fn shown(tls: &Tls, name: Option<&str>, local: Option<&str>) -> String {
    let settings = tls.settings(local.map(|ip| ip.parse().unwrap())).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    let (any, _) = pair("any", &["any"]);
    roots.add(CertificateDer::from_pem_slice(any.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Noting::default()));
    let noting = Arc::new(Noting::default());
    let mut client = client.with_no_client_auth();
    client.dangerous().set_certificate_verifier(noting.clone());
    client.enable_sni = name.is_some();
    let server_name = name.unwrap_or("none.test").to_owned().try_into().unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(client), server_name).unwrap();
    let mut server = rustls::ServerConnection::new(settings).unwrap();
    for _ in 0..4 {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        let mut bytes = Vec::new();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets().unwrap();
    }
    let der = noting.0.lock().unwrap().clone();
    authn::certificate::Subject::of(&der).unwrap().common_name().to_owned()
}

/// Takes any certificate and remembers it.
#[derive(Debug, Default)]
struct Noting(Mutex<Vec<u8>>);

impl rustls::client::danger::ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = end_entity.to_vec();
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        vec![rustls::SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

fn set(tls: &Tls, place: Option<usize>, (certificate, key): &(String, String)) -> Result<(), String> {
    match place {
        None => tls.set_serving(certificate.as_bytes(), key.as_bytes()),
        Some(place) => tls.set_named(place, certificate.as_bytes(), key.as_bytes()),
    }
}

#[test]
fn names_choose_certificates() {
    let tls = tls();
    assert!(tls.settings(None).is_none(), "nothing to show yet");
    set(&tls, None, &pair("usual", &["usual.test"])).unwrap();
    let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let first = tls.add_named(names(&["api.example.org", "*.Example.org", "192.0.2.7"]));
    let second = tls.add_named(Vec::new());
    let third = tls.add_named(names(&["own.test"]));
    set(&tls, Some(first), &pair("first", &["ignored.test"])).unwrap();
    set(&tls, Some(second), &pair("second.test", &["own.test", "*.wild.test"])).unwrap();
    set(&tls, Some(third), &pair("third", &[])).unwrap();
    for (name, want) in [
        ("usual.test", "usual"),
        ("unknown.test", "usual"),
        ("api.example.org", "first"),
        ("API.example.org", "first"),
        ("other.example.org", "first"),
        ("deep.other.example.org", "usual"),
        ("ignored.test", "usual"),
        ("second.test", "second.test"),
        ("a.wild.test", "second.test"),
        // A name of a flag counts before one in a certificate, also of an earlier flag.
        ("own.test", "third"),
    ] {
        assert_eq!(shown(&tls, Some(name), Some("127.0.0.1")), want, "{name}");
    }
    assert_eq!(shown(&tls, None, Some("127.0.0.1")), "usual");
    assert_eq!(shown(&tls, None, Some("192.0.2.7")), "first", "an address of ours that has a certificate");
    assert_eq!(shown(&tls, None, Some("::ffff:192.0.2.7")), "first");
}

#[test]
fn certificates_are_replaced_whole_or_not() {
    let tls = tls();
    let (old, new) = (pair("old", &["a.test"]), pair("new", &["a.test"]));
    set(&tls, None, &old).unwrap();
    assert!(set(&tls, None, &(new.0.clone(), old.1.clone())).unwrap_err().contains("cannot be used"));
    assert!(set(&tls, None, &(String::new(), old.1)).unwrap_err().contains("no certificate"));
    assert!(set(&tls, None, &(new.0.clone(), "junk".to_owned())).unwrap_err().contains("key"));
    assert_eq!(shown(&tls, Some("a.test"), None), "old");
    set(&tls, None, &new).unwrap();
    assert_eq!(shown(&tls, Some("a.test"), None), "new");
}
