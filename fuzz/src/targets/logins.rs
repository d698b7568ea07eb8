//! What says who somebody is besides tokens: certificates with their lists of CAs and of revocations, headers of front
//! proxies, passwords, bootstrap tokens.

use std::sync::LazyLock;

use authn::certificate::{Authorities, RevocationLists, Subject, public_key};
use authn::password::{Login, PasswordFile};
use authn::{
    Authenticator as _, Certificate, Credentials, FrontProxy, SystemRandom, TokenContext, bootstrap,
};

use crate::{choice, text};

pub(crate) const CA: &[u8] = include_bytes!("../../testdata/ca.pem");
pub(crate) const LEAF: &[u8] = include_bytes!("../../testdata/leaf.der");
pub(crate) const LEAF_VERSION_1: &[u8] = include_bytes!("../../testdata/leaf-v1.der");
pub(crate) const REVOKED: &[u8] = include_bytes!("../../testdata/revoked.pem");

/// 2027-01-15, when the certificates above are good.
const NOW: i64 = 1_800_000_000;

static TRUSTED: LazyLock<Authorities> = LazyLock::new(|| Authorities::from_pem(CA).expect("the CA is good"));
static BOB: LazyLock<Subject> = LazyLock::new(|| Subject::of(LEAF).expect("the certificate is good"));

/// Nothing but what the CA has signed is believed, alone or behind others; the same each time.
pub(crate) fn certificate(bytes: &[u8]) {
    drop(Subject::of(bytes));
    let _ = public_key(bytes);
    let shown = [bytes.into(), LEAF.into(), CA.into()];
    for chain in [shown.get(..1).unwrap_or_default(), &shown] {
        let answer = TRUSTED.verify(chain, NOW);
        assert_eq!(answer, TRUSTED.verify(chain, NOW));
        assert!(
            answer.is_err() || bytes == LEAF || bytes == LEAF_VERSION_1,
            "a spoiled certificate is believed"
        );
    }
    let behind = [LEAF.into(), bytes.into()];
    assert!(TRUSTED.verify(&behind, NOW).is_ok(), "what is shown besides does no harm");
}

/// A file of CAs or of revocations is read or refused; with any of them a stranger stays one.
pub(crate) fn authorities(bytes: &[u8]) {
    let revoked = RevocationLists::from_pem(bytes);
    if let Ok(authorities) = Authorities::from_pem(bytes) {
        let _ = authorities.verify(&[LEAF.into()], NOW);
        assert!(authorities.subjects().count() <= authorities.certificates().count());
    }
    if let Ok(lists) = revoked {
        let _ = lists.next_update();
        let answer = TRUSTED.clone().with_revoked(lists).verify(&[LEAF.into()], NOW);
        assert!(bytes != REVOKED || answer.is_err(), "a revoked certificate is believed");
    }
}

/// Headers of a proxy make the same user each time and never more than they say; of a stranger they make none.
pub(crate) fn headers(bytes: &[u8]) {
    let lines = bytes.split(|b| *b == b'\n').filter_map(|line| {
        let at = line.iter().position(|b| *b == b':')?;
        let (name, value) = line.split_at(at);
        Some((text(name), value.get(1..).unwrap_or_default().to_vec()))
    });
    let headers: Vec<(String, Vec<u8>)> = lines.collect();
    let list = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect();
    let proxy = FrontProxy {
        allowed_names: list(&["bob"]),
        username_headers: list(&["X-Remote-User"]),
        uid_headers: list(&["X-Remote-Uid"]),
        group_headers: list(&["X-Remote-Group"]),
        extra_prefixes: list(&["X-Remote-Extra-"]),
    };
    let context = TokenContext { audiences: &[], now: NOW };
    let seen = Seen(headers);
    let stranger = Credentials { headers: &seen, ..Credentials::header(None, context) };
    assert_eq!(proxy.authenticate(&stranger), Ok(None), "headers of a stranger are believed");
    let trusted = Credentials { front_proxy: Certificate::Verified(&BOB), ..stranger };
    let answer = proxy.authenticate(&trusted);
    assert_eq!(answer, proxy.authenticate(&trusted));
    if let Ok(Some(identity)) = answer {
        let named = |name: &str| seen.0.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count();
        assert!(!identity.user.name.is_empty() && named("x-remote-user") > 0);
        assert!(identity.user.groups.len() <= named("x-remote-group"));
        assert!(seen.0.iter().all(|(n, _)| !n.eq_ignore_ascii_case("x-remote-user") || proxy.owns(n)));
    }
}

struct Seen(Vec<(String, Vec<u8>)>);

impl authn::Headers for Seen {
    fn each(&self, see: &mut dyn FnMut(&str, &[u8])) {
        self.0.iter().for_each(|(name, value)| see(name, value));
    }
}

/// A login, a password file and a bootstrap token are read or refused; a refusal shows no hash and no password.
pub(crate) fn passwords(bytes: &[u8]) {
    let (kind, bytes) = choice(bytes, 3);
    let text = text(bytes);
    match kind {
        0 => {
            if let Ok(Some(login)) = Login::of_header(&text) {
                assert!(!login.name.is_empty() && !login.name.contains(':'));
                assert!(
                    !format!("{login:?}").contains(login.password.expose())
                        || login.password.expose().len() < 8
                );
            }
        }
        1 => match PasswordFile::parse(&text, &SystemRandom) {
            Ok((file, warnings)) => assert!(warnings.len() <= file.len()),
            Err(error) => assert!(error.to_string().len() <= text.len() + 400),
        },
        _ => {
            if let Some((id, secret)) = bootstrap::split(&text) {
                assert_eq!(format!("{id}.{secret}"), text);
            }
        }
    }
}
