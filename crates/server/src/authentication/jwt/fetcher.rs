//! Documents of issuers over HTTPS, bounded in time and size.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use authn::oidc::{Fetch, FetchFuture, Fetched};
use client::tls::Trust;
use client::{Client, Pem, Request, Response, Server};
use hyper::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use hyper::http::HeaderValue;

/// How long one document may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest document, in bytes.
const LARGEST: usize = 1 << 20;
/// The most servers that connections are kept to, for one issuer.
const MOST_SERVERS: usize = 8;
/// How often an answer may point elsewhere.
const MOST_REDIRECTS: usize = 5;

/// Gets documents from servers whose certificates one set of CAs has signed.
pub(super) struct Fetcher {
    trust: Trust,
    /// By scheme, host and port.
    clients: Mutex<BTreeMap<String, Client>>,
}

impl Fetcher {
    /// Trusts the CAs in PEM, or those of the host when there are none.
    pub(super) fn new(authorities: &str) -> Self {
        let trust = if authorities.is_empty() {
            Trust::System
        } else {
            Trust::Authorities(Pem::bytes("certificateAuthority", authorities.as_bytes().to_vec()))
        };
        Self { trust, clients: Mutex::default() }
    }

    async fn follow(&self, url: &str, bearer: Option<&str>) -> Result<Fetched, String> {
        let (mut url, mut bearer) = (url.to_owned(), bearer);
        for _ in 0..MOST_REDIRECTS {
            let response = self.ask(&url, bearer).await?;
            let Some(target) = redirect(&response, &url) else { return Ok(fetched(&response)) };
            if origin(&target) != origin(&url) {
                bearer = None;
            }
            url = target;
        }
        Err(format!("stopped after {MOST_REDIRECTS} redirects"))
    }

    async fn ask(&self, url: &str, bearer: Option<&str>) -> Result<Response, String> {
        let (origin, rest) = origin(url).ok_or_else(|| format!("{url:?} is no https URL"))?;
        let client = self.client(origin)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut request =
            Request { largest: LARGEST, timeout: Some(TIMEOUT), ..Request::get(path).query(query) };
        if let Some(bearer) = bearer {
            let mut value = HeaderValue::try_from(format!("Bearer {bearer}"))
                .map_err(|_| "the access token cannot stand in a header".to_owned())?;
            value.set_sensitive(true);
            request.headers.insert(AUTHORIZATION, value);
        }
        client.send(&request).await.map_err(|e| e.to_string())
    }

    fn client(&self, origin: &str) -> Result<Client, String> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(origin) {
            return Ok(client.clone());
        }
        let server = Server::parse(origin, true)?;
        let config = client::Config { trust: self.trust.clone(), ..client::Config::of_url(server) };
        let client = Client::new(config).map_err(|e| e.to_string())?;
        if clients.len() >= MOST_SERVERS {
            clients.pop_first();
        }
        clients.insert(origin.to_owned(), client.clone());
        Ok(client)
    }
}

impl Fetch for Fetcher {
    fn get<'a>(&'a self, url: &'a str, bearer: Option<&'a str>) -> FetchFuture<'a> {
        Box::pin(self.follow(url, bearer))
    }
}

/// `https://host:port` and the rest of a URL.
fn origin(url: &str) -> Option<(&str, &str)> {
    let after = url.strip_prefix("https://")?;
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let at = "https://".len() + end;
    Some((url.get(..at)?, url.get(at..)?)).filter(|_| end > 0)
}

/// Where an answer points instead, over `https` too.
fn redirect(response: &Response, url: &str) -> Option<String> {
    if !matches!(response.code, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers.get(LOCATION)?.to_str().ok()?;
    if location.starts_with("https://") {
        return Some(location.to_owned());
    }
    let (origin, _) = origin(url)?;
    (location.starts_with('/') && !location.starts_with("//")).then(|| format!("{origin}{location}"))
}

fn fetched(response: &Response) -> Fetched {
    let text = |name| {
        let values = response.headers.get_all(name).iter().filter_map(|v| v.to_str().ok());
        values.collect::<Vec<_>>().join(",")
    };
    Fetched {
        status: response.code,
        cache_control: text(CACHE_CONTROL),
        content_type: text(CONTENT_TYPE),
        body: response.body.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        assert_eq!(origin("https://h:1/a?b"), Some(("https://h:1", "/a?b")));
        assert_eq!(origin("https://h?b"), Some(("https://h", "?b")));
        assert_eq!(origin("https://h"), Some(("https://h", "")));
        assert_eq!((origin("http://h/"), origin("https:///x"), origin("file:///x")), (None, None, None));
    }

    #[test]
    fn redirects_stay_behind_tls() {
        let answer = |code, location: &str| {
            let mut headers = hyper::HeaderMap::new();
            headers.insert(LOCATION, location.parse().unwrap());
            redirect(&Response { code, headers, body: hyper::body::Bytes::new() }, "https://h:1/a")
        };
        assert_eq!(answer(302, "/b").as_deref(), Some("https://h:1/b"));
        assert_eq!(answer(301, "https://e/").as_deref(), Some("https://e/"));
        for (code, location) in [(200, "/b"), (302, "http://h/"), (302, "//e/"), (302, "b"), (304, "/b")] {
            assert_eq!(answer(code, location), None, "{location}");
        }
    }
}
