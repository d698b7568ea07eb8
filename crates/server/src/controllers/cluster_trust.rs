//! Keeps the config map `kube-system/extension-apiserver-authentication`: what extension servers need to trust the
//! clients and front proxies of this server.  kube-apiserver keeps it whatever controllers are on.
//!
//! Several servers write it: each adds its own CAs, header names and allowed names to those that are there, and takes
//! away nothing but certificates that have ended.

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, Value, object};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::feed;
use super::queue::Queue;
use crate::app::App;
use crate::bootstrap;
use crate::registry::parse;
use crate::transport::pem_text;

const NAMESPACE: &str = "kube-system";
const NAME: &str = "extension-apiserver-authentication";
/// It is looked at this often even when nothing seems to have changed: certificates end.
const EVERY: Duration = Duration::from_secs(60);
/// A certificate that has ended stays for this time, in seconds.
const SLACK: i64 = 300;

/// Starts the controller.
pub(super) fn start(app: &Arc<App>) {
    let Some(maps) = app.catalog.stored("", "configmaps").cloned() else { return };
    let queue = Queue::new();
    feed::follow(app, &maps, Arc::new(Touched(queue.clone())));
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = app.shutdown.end_watches() => return,
                () = queue.take() => {}
                () = app.trust.changed() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
            if let Err(error) = sync(&app).await {
                tracing::warn!(%error, "cannot write what extension servers trust");
            }
        }
    });
}

/// Notices when somebody writes or deletes the map.
struct Touched(Arc<Queue<()>>);

impl feed::Sink for Touched {
    fn fill(&self, _served: &crate::catalog::Served, _snapshot: &store::Snapshot) {
        self.0.add(());
    }

    fn take(&self, _served: &crate::catalog::Served, events: &[store::Event]) {
        if events.iter().any(|e| e.object.name() == NAME && e.object.namespace() == NAMESPACE) {
            self.0.add(());
        }
    }
}

/// Writes the map if it does not say yet what it should.
///
/// # Errors
/// What is there cannot be read; the write failed.
pub(crate) async fn sync(app: &App) -> Result<(), ApiError> {
    let present = app.object("", "configmaps", NAMESPACE, NAME).map(|o| parse(&o)).transpose()?;
    let data = present.as_ref().map_or(Value::Null, |map| map.at(&["data"]).clone());
    let wanted = Own::of(app).combined(&data, app.now().seconds())?;
    if present.is_some() && data == wanted {
        return Ok(());
    }
    let metadata = object! { "name" => NAME, "namespace" => NAMESPACE };
    let mut map = present.clone().unwrap_or_else(|| object! { "metadata" => metadata });
    map.set_at(&["data"], wanted);
    bootstrap::put(app, "configmaps", map, present.is_some()).await
}

/// What this server adds.
struct Own {
    client_ca: Option<String>,
    proxy_ca: Option<String>,
    /// Key in the map, and values.
    lists: [(&'static str, Vec<String>); 5],
}

impl Own {
    fn of(app: &App) -> Self {
        let (client_ca, proxy_ca) = app.trust.bundles();
        let proxy = &app.authentication.front_proxy;
        let with_ca = |list: &[String]| if proxy_ca.is_some() { list.to_vec() } else { Vec::new() };
        let lists = [
            ("requestheader-username-headers", with_ca(&proxy.username_headers)),
            ("requestheader-uid-headers", with_ca(&proxy.uid_headers)),
            ("requestheader-group-headers", with_ca(&proxy.group_headers)),
            ("requestheader-extra-headers-prefix", with_ca(&proxy.extra_prefixes)),
            ("requestheader-allowed-names", with_ca(&proxy.allowed_names)),
        ];
        Self { client_ca, proxy_ca, lists }
    }

    fn combined(&self, present: &Value, now: i64) -> Result<Value, ApiError> {
        let mut data = object! {};
        let text = |key: &str| present.str_at(&[key]);
        let bundle = |key, own: &Option<String>| certificates(text(key), own.as_deref().unwrap_or(""), now);
        let clients = bundle("client-ca-file", &self.client_ca)?;
        if !clients.is_empty() {
            data.set_at(&["client-ca-file"], clients);
        }
        let proxies = bundle("requestheader-client-ca-file", &self.proxy_ca)?;
        if proxies.is_empty() {
            return Ok(data);
        }
        data.set_at(&["requestheader-client-ca-file"], proxies);
        for (key, own) in &self.lists {
            let list = list(key, text(key), own)?;
            if *key != "requestheader-uid-headers" || list != "[]" {
                data.set_at(&[key], list);
            }
        }
        Ok(data)
    }
}

/// Both bundles, each certificate once, without those that have ended.
fn certificates(present: &str, own: &str, now: i64) -> Result<String, ApiError> {
    let mut all: Vec<CertificateDer<'static>> = Vec::new();
    for pem in [present, own] {
        for der in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let der = der.map_err(|e| ApiError::internal(format!("{NAME}: a CA cannot be read: {e}")))?;
            let ended = x509_parser::parse_x509_certificate(&der)
                .is_ok_and(|(_, c)| c.validity().not_after.timestamp() <= now - SLACK);
            if !ended && !all.contains(&der) {
                all.push(der);
            }
        }
    }
    Ok(pem_text(all.iter()))
}

/// Both lists, each value once, as JSON.
fn list(key: &str, present: &str, own: &[String]) -> Result<String, ApiError> {
    let malformed = || ApiError::internal(format!("{NAME}: {key} is no list of texts"));
    let mut all: Vec<String> = Vec::new();
    if !present.is_empty() {
        let present = codec::json::parse(present.as_bytes()).map_err(|_| malformed())?.value;
        for value in present.as_array().ok_or_else(malformed)? {
            all.push(value.as_str().ok_or_else(malformed)?.to_owned());
        }
    }
    all.extend(own.iter().cloned());
    let mut once: Vec<&str> = Vec::new();
    for value in &all {
        if !once.contains(&value.as_str()) {
            once.push(value);
        }
    }
    Ok(api::json::to_string(&once.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(name: &str, year: i32) -> String {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    }

    fn own(client_ca: &str, proxy_ca: Option<&str>) -> Own {
        let list = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        Own {
            client_ca: Some(client_ca.to_owned()),
            proxy_ca: proxy_ca.map(str::to_owned),
            lists: [
                ("requestheader-username-headers", list(&["X-Remote-User"])),
                ("requestheader-uid-headers", list(&[])),
                ("requestheader-group-headers", list(&["X-Remote-Group"])),
                ("requestheader-extra-headers-prefix", list(&["X-Remote-Extra-"])),
                ("requestheader-allowed-names", list(&["front"])),
            ],
        }
    }

    /// 2027-01-15.
    const NOW: i64 = 1_800_000_000;

    #[test]
    fn what_is_there_stays_until_it_has_ended() {
        let (ours, theirs, old) = (certificate("a", 2040), certificate("b", 2040), certificate("c", 2026));
        let present = object! { "client-ca-file" => format!("{theirs}{old}"), "other" => "x" };
        let data = own(&ours, None).combined(&present, NOW).unwrap();
        let bundle = data.str_at(&["client-ca-file"]);
        assert_eq!(bundle.matches("BEGIN CERTIFICATE").count(), 2);
        assert_eq!(own(&ours, None).combined(&data, NOW).unwrap(), data, "it settles");
        assert!(data.at(&["requestheader-username-headers"]).is_null());
    }

    #[test]
    fn lists_grow_together() {
        let ca = certificate("a", 2040);
        let present = object! { "requestheader-allowed-names" => r#"["other","front"]"# };
        let data = own(&ca, Some(&ca)).combined(&present, NOW).unwrap();
        assert_eq!(data.str_at(&["requestheader-allowed-names"]), r#"["other","front"]"#);
        assert_eq!(data.str_at(&["requestheader-group-headers"]), r#"["X-Remote-Group"]"#);
        assert!(data.at(&["requestheader-uid-headers"]).is_null());
        let broken = object! { "requestheader-allowed-names" => "{" };
        assert!(own(&ca, Some(&ca)).combined(&broken, NOW).is_err());
    }
}
