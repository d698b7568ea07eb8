//! Where a server is, and the proxy in front of it: the URLs of kubeconfig files.

use std::fmt;

use api::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;

/// A server's URL taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    https: bool,
    host: String,
    port: Option<u16>,
    /// Path in front of every request's path, without a slash at its end.
    path: String,
}

/// A proxy that is asked to connect (RFC 9110 section 9.3.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    host: String,
    port: u16,
    login: Option<Secret>,
}

impl Server {
    /// Reads `scheme://host[:port][/path]`; `https` is the scheme where none is given.  Query and fragment do not
    /// count, as upstream.
    ///
    /// # Errors
    /// Why it is no URL of a server.
    pub fn parse(url: &str, https: bool) -> Result<Self, String> {
        let full = match url.split_once("://") {
            Some(_) => url.to_owned(),
            None => format!("{}://{url}", if https { "https" } else { "http" }),
        };
        let before = full.split(['?', '#']).next().unwrap_or(&full);
        let (https, uri) = parts(before, &["https", "http"])?;
        let (host, port) = host_port(&uri)?;
        Ok(Self { https, host, port, path: uri.path().trim_end_matches('/').to_owned() })
    }

    /// The server at a host and port.
    pub fn https(host: impl Into<String>, port: u16) -> Self {
        Self { https: true, host: host.into(), port: Some(port), path: String::new() }
    }

    /// TLS is spoken.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }

    /// `host:port` as the `Host` header has it.
    pub fn authority(&self) -> String {
        let host = bracketed(&self.host);
        self.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }

    /// Path and query on the request line; `path` is below the URL's own path.
    pub fn target(&self, path: &str, query: &str) -> String {
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        let whole = format!("{}{slash}{path}", self.path);
        let whole = if whole.is_empty() { "/".to_owned() } else { whole };
        if query.is_empty() { whole } else { format!("{whole}?{query}") }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

impl Proxy {
    /// Reads `http://[user:password@]host[:port]`.
    ///
    /// # Errors
    /// Why it is no proxy that can be used; never the password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or("is no URL")?;
        if scheme != "http" {
            return Err(format!("proxies are reached by http, not by `{scheme}`"));
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(Secret::new(unescape(login))), place),
            None => (None, authority),
        };
        let (_, uri) = parts(&format!("http://{place}"), &["http"])?;
        let (host, port) = host_port(&uri)?;
        Ok(Self { host, port: port.unwrap_or(80), login })
    }

    /// Name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The `Proxy-Authorization` header.
    pub(crate) fn authorization(&self) -> Option<String> {
        self.login.as_ref().map(|login| format!("Basic {}", STANDARD.encode(login.expose())))
    }
}

fn parts(url: &str, schemes: &[&str]) -> Result<(bool, Uri), String> {
    let uri: Uri = url.parse().map_err(|_| "is no URL".to_owned())?;
    let scheme = uri.scheme_str().unwrap_or("");
    if !schemes.contains(&scheme) {
        return Err(format!("has the scheme `{scheme}`; it must be one of {}", schemes.join(", ")));
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("holds a user; use the fields username and password".to_owned());
    }
    Ok((scheme == "https", uri))
}

fn host_port(uri: &Uri) -> Result<(String, Option<u16>), String> {
    let host = uri.host().unwrap_or("").trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err("names no host".to_owned());
    }
    let given =
        uri.authority().map_or("", |a| a.as_str()).strip_prefix(uri.host().unwrap_or("")).unwrap_or("");
    match (given.trim_start_matches(':'), uri.port_u16()) {
        ("", _) => Ok((host.to_owned(), None)),
        (_, Some(port)) if port > 0 => Ok((host.to_owned(), Some(port))),
        (port, _) => Err(format!("has a port `{port}` that is none")),
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

fn unescape(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
        let mut ahead = rest.clone();
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.extend(u8::try_from(high * 16 + low));
                rest = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_servers() {
        let cases = [
            ("https://a:1/b/", "https://a:1/b", "a", 1),
            ("https://a", "https://a", "a", 443),
            ("a:80", "https://a:80", "a", 80),
            ("http://[fd00::1]:8080", "http://[fd00::1]:8080", "fd00::1", 8080),
            ("https://a/x?y=z#w", "https://a/x", "a", 443),
        ];
        for (url, shown, host, port) in cases {
            let server = Server::parse(url, true).unwrap();
            assert_eq!((server.to_string().as_str(), server.host(), server.port()), (shown, host, port));
        }
        for bad in ["ftp://a", "https://", "https://a:99999", "https://u:p@a", "https://a b", "a:0", ""] {
            let why = Server::parse(bad, true).unwrap_err();
            assert!(!why.contains("u:p"), "{bad}: {why}");
        }
    }

    #[test]
    fn targets() {
        let at = |url: &str, path: &str, query: &str| Server::parse(url, true).unwrap().target(path, query);
        assert_eq!(at("https://a", "", ""), "/");
        assert_eq!(at("https://a/authorize/", "", "timeout=30s"), "/authorize?timeout=30s");
        assert_eq!(at("https://a/k8s", "api/v1/pods", ""), "/k8s/api/v1/pods");
        assert_eq!(at("https://a", "/api", "limit=1"), "/api?limit=1");
    }

    #[test]
    fn proxies() {
        let proxy = Proxy::parse("http://me:s%40b@proxy:3128/").unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("proxy", 3128));
        assert_eq!(proxy.authorization().unwrap(), format!("Basic {}", STANDARD.encode("me:s@b")));
        assert!(!format!("{proxy:?}").contains("s@b"));
        assert!(Proxy::parse("socks5://a:1").unwrap_err().contains("socks5"));
        assert!(Proxy::parse("proxy:3128").is_err());
    }
}
