//! Locations of others, and the texts they are made of: paths, ports, names with a scheme.

use std::net::IpAddr;

use super::tls::Trust;

/// Something that can be asked over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// TLS or not.
    pub https: bool,
    /// Host name or address, an IPv6 address without brackets.
    pub host: String,
    /// Addresses that the host is known to have; it is looked up when there are none.
    pub addresses: Vec<IpAddr>,
    /// Port, `""` for that of the scheme.
    pub port: String,
    /// Path, decoded.
    pub path: String,
    /// Query, encoded, without the question mark.
    pub query: String,
    /// Whom a certificate is shown to and wanted from.
    pub trust: Trust,
}

impl Location {
    /// The root of something whose certificate nobody looks at; `scheme` is `http`, `https` or `""`.
    pub(crate) fn anyone(scheme: &str, host: &str, port: &str) -> Self {
        Self {
            https: scheme == "https",
            host: host.to_owned(),
            addresses: Vec::new(),
            port: port.to_owned(),
            path: String::new(),
            query: String::new(),
            trust: Trust::Anyone,
        }
    }

    /// The same place at a kubelet whose certificate the client does not care for.
    pub(crate) fn unverified(self) -> Self {
        Self { trust: Trust::AnyKubelet, ..self }
    }

    /// The same place at addresses that were looked at before.
    pub(crate) fn pinned(self, addresses: Vec<IpAddr>) -> Self {
        Self { addresses, ..self }
    }

    /// `host:port` as the `Host` header and messages have it.
    pub(crate) fn authority(&self) -> String {
        if self.port.is_empty() { bracketed(&self.host) } else { join_host_port(&self.host, &self.port) }
    }

    /// `host:port` to connect to.
    pub(crate) fn address(&self) -> String {
        let standard = if self.https { "443" } else { "80" };
        join_host_port(&self.host, if self.port.is_empty() { standard } else { &self.port })
    }

    /// Path and query as on the request line.
    pub(crate) fn target(&self) -> String {
        let path = if self.path.is_empty() { "/".to_owned() } else { escape_path(&self.path) };
        if self.query.is_empty() { path } else { format!("{path}?{}", self.query) }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target())
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Go's `net.JoinHostPort`.
pub(crate) fn join_host_port(host: &str, port: &str) -> String {
    format!("{}:{port}", bracketed(host))
}

/// A path with what a URL cannot hold escaped, as Go's `URL.EscapedPath` does it.
pub(crate) fn escape_path(path: &str) -> String {
    escape(path, b"$&+,/:;=@-_.~", "%20")
}

/// A query key or value, as Go's `url.QueryEscape` does it.
fn escape_query(text: &str) -> String {
    escape(text, b"-_.~", "+")
}

fn escape(text: &str, plain: &[u8], space: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push_str(space),
            b if b.is_ascii_alphanumeric() || plain.contains(&b) => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

/// A query with its keys in order, as Go's `url.Values.Encode` writes it.
pub(crate) fn encode_query(pairs: &[(&str, String)]) -> String {
    let mut pairs: Vec<_> = pairs.iter().collect();
    pairs.sort_by_key(|(key, _)| *key);
    let pairs: Vec<String> =
        pairs.into_iter().map(|(key, value)| format!("{key}={}", escape_query(value))).collect();
    pairs.join("&")
}

/// A path without `.`, `..` and empty segments, as Go's `path.Join` leaves it; a slash at the end stays.
pub(crate) fn clean_path(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// Scheme, name and port of `name`, `name:port` or `scheme:name:port`; `None` when it is none of them.
pub(crate) fn split_scheme_name_port(id: &str) -> Option<(&str, &str, &str)> {
    let parts: Vec<&str> = id.split(':').collect();
    let (scheme, name, port) = match parts.as_slice() {
        [name] => ("", *name, ""),
        [name, port] => ("", *name, *port),
        [scheme, name, port] => (*scheme, *name, *port),
        _ => return None,
    };
    (!name.is_empty() && matches!(scheme, "" | "http" | "https")).then_some((scheme, name, port))
}

/// True for an address that a pod or node of a cluster can have: not of this machine, not of this link, not of many
/// (Go's `IP.IsGlobalUnicast`).
pub(crate) fn is_global(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            !(ip.is_unspecified()
                || ip.is_loopback()
                || ip.is_multicast()
                || ip.is_link_local()
                || ip.is_broadcast())
        }
        IpAddr::V6(ip) => {
            !(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || ip.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_scheme_and_port() {
        let cases = [
            ("a", Some(("", "a", ""))),
            ("a:80", Some(("", "a", "80"))),
            ("a:web", Some(("", "a", "web"))),
            ("https:a:443", Some(("https", "a", "443"))),
            ("http:a:", Some(("http", "a", ""))),
            ("ftp:a:1", None),
            (":80", None),
            ("", None),
            ("a:b:c:d", None),
        ];
        for (id, expected) in cases {
            assert_eq!(split_scheme_name_port(id), expected, "{id}");
        }
    }

    #[test]
    fn paths_stay_inside() {
        let cases = [
            ("", ""),
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b/"),
            ("//a//b", "/a/b"),
            ("/a/../../b", "/b"),
            ("/../..", "/"),
            ("/a/./b/..", "/a"),
        ];
        for (path, expected) in cases {
            assert_eq!(clean_path(path), expected, "{path}");
        }
    }

    #[test]
    fn texts_are_escaped_as_go_escapes_them() {
        assert_eq!(escape_path("/a b/ü?#%&=:@"), "/a%20b/%C3%BC%3F%23%25&=:@");
        let query = encode_query(&[
            ("stdin", "1".to_owned()),
            ("command", "ls -l".into()),
            ("command", "ä&b".into()),
        ]);
        assert_eq!(query, "command=ls+-l&command=%C3%A4%26b&stdin=1");
    }

    #[test]
    fn addresses_of_this_machine_and_link_are_not_global() {
        for (ip, global) in [
            ("10.0.0.1", true),
            ("8.8.8.8", true),
            ("fd00::1", true),
            ("127.0.0.1", false),
            ("127.1.2.3", false),
            ("169.254.169.254", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("fe80::1", false),
            ("::ffff:127.0.0.1", false),
        ] {
            assert_eq!(is_global(ip.parse().unwrap()), global, "{ip}");
        }
    }

    #[test]
    fn a_location_reads_as_go_writes_it() {
        let mut location = Location {
            https: true,
            host: "fd00::1".to_owned(),
            addresses: Vec::new(),
            port: "10250".to_owned(),
            path: "/containerLogs/a/b c".to_owned(),
            query: "follow=true".to_owned(),
            trust: Trust::Kubelet,
        };
        assert_eq!(location.to_string(), "https://[fd00::1]:10250/containerLogs/a/b%20c?follow=true");
        location.port = String::new();
        assert_eq!((location.address(), location.authority()), ("[fd00::1]:443".into(), "[fd00::1]".into()));
    }
}
