//! Whose word counts about who a client is: the CAs for clients and those for front proxies, with what they have taken
//! back.
//!
//! As upstream, a certificate is judged for every request, not for the connection: a CA that is taken away counts no
//! more, also on connections that are open.  A judgement is remembered on the connection until the CAs change or a
//! certificate of its path ends.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use authn::certificate::{Authorities, RevocationLists};
use rustls::DistinguishedName;
use rustls::pki_types::CertificateDer;
use tokio::sync::Notify;

/// The CAs as they are now; they may be replaced while the server runs.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    current: ArcSwap<Trusted>,
    /// One change after the other.
    changing: Mutex<()>,
    changed: Notify,
}

/// CAs that do not change any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trusted {
    clients: Option<Authorities>,
    front_proxies: Option<Authorities>,
    revoked: RevocationLists,
}

/// What a certificate is worth, with the CAs of its time.
#[derive(Debug)]
pub(crate) struct Judgement {
    by: Arc<Trusted>,
    /// Good until then, in seconds since the Unix epoch.
    until: i64,
    /// As a client's; `None` when there are no CAs for clients.
    pub client: Option<Result<(), String>>,
    /// As a front proxy's; `None` when there are no CAs for front proxies.
    pub front_proxy: Option<Result<(), String>>,
}

impl Trust {
    /// Trusts these CAs about clients.
    pub(crate) fn set_clients(&self, authorities: Authorities) {
        self.change(|trusted| trusted.clients = Some(authorities));
    }

    /// Trusts these CAs about front proxies.
    pub(crate) fn set_front_proxies(&self, authorities: Authorities) {
        self.change(|trusted| trusted.front_proxies = Some(authorities));
    }

    /// Believes no certificate on these lists.
    pub(crate) fn set_revoked(&self, lists: RevocationLists) {
        self.change(|trusted| trusted.revoked = lists);
    }

    /// When the first of the revocation lists should have been replaced, in seconds since the Unix epoch.
    pub(crate) fn next_revocations(&self) -> Option<i64> {
        self.current.load().revoked.next_update()
    }

    /// The CAs for clients, and those for front proxies, PEM; `None` for those that there are not.
    pub(crate) fn bundles(&self) -> (Option<String>, Option<String>) {
        let trusted = self.current.load();
        let pem = |a: &Option<Authorities>| a.as_ref().map(|a| pem_text(a.certificates()));
        (pem(&trusted.clients), pem(&trusted.front_proxies))
    }

    /// Waits until something has changed since the last time; for one who waits.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What clients are told to choose their certificates by.
    pub(super) fn hints(&self) -> Vec<DistinguishedName> {
        let trusted = self.current.load();
        let all = [&trusted.clients, &trusted.front_proxies].into_iter().flatten();
        all.flat_map(Authorities::subjects).map(DistinguishedName::in_sequence).collect()
    }

    /// Judges the certificates that a client has shown, or takes an earlier judgement that is still good.
    pub(crate) fn judge(
        &self,
        shown: &[CertificateDer<'static>],
        earlier: Option<&Arc<Judgement>>,
        now: i64,
    ) -> Arc<Judgement> {
        let by = self.current.load();
        match earlier {
            Some(earlier) if now <= earlier.until && Arc::ptr_eq(&earlier.by, &by) => earlier.clone(),
            _ => Arc::new(Judgement::new(Arc::clone(&by), shown, now)),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Trusted)) {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut trusted = Trusted::clone(&self.current.load());
        change(&mut trusted);
        let revoked = trusted.revoked.clone();
        let apply = |a: Authorities| a.with_revoked(revoked.clone());
        trusted.clients = trusted.clients.map(apply);
        trusted.front_proxies = trusted.front_proxies.map(apply);
        self.current.store(Arc::new(trusted));
        self.changed.notify_one();
    }
}

impl Judgement {
    fn new(by: Arc<Trusted>, shown: &[CertificateDer<'static>], now: i64) -> Self {
        let mut until = i64::MAX;
        // What is refused may be good in a second: it is looked at anew then.
        let mut judge = |authorities: &Authorities| {
            let answer = authorities.verify(shown, now);
            until = until.min(answer.as_ref().map_or(now, |verified| verified.until));
            answer.map(drop)
        };
        let client = by.clients.as_ref().map(&mut judge);
        let front_proxy = by.front_proxies.as_ref().map(&mut judge);
        Self { by, until, client, front_proxy }
    }
}

/// Certificates as PEM, as Go writes it.
pub(crate) fn pem_text<'a>(certificates: impl Iterator<Item = &'a CertificateDer<'static>>) -> String {
    use base64::Engine as _;
    let mut text = String::new();
    for der in certificates {
        let encoded = base64::engine::general_purpose::STANDARD.encode(der);
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in encoded.as_bytes().chunks(64) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}
