//! Links of a backend's answers, led back through this server.  Entry point: [`Links::rewrite`].

use api::request::decode_path;

use crate::kubelet::url::{clean_path, escape_path};

/// Where a backend is to a client.
#[derive(Debug)]
pub(super) struct Links {
    /// What the client's paths have in front of the backend's.
    prefix: String,
    /// The host that the client asked for.
    asked_host: String,
    /// `host:port` of the backend.
    backend: String,
}

/// A URL in parts, which together are the text.
struct Parts<'a> {
    /// `scheme:` or `""`.
    scheme: &'a str,
    /// `""` for none.
    host: &'a str,
    path: &'a str,
    /// Query and fragment with what introduces them.
    tail: &'a str,
}

impl Links {
    /// `path` is what the client asked for, `below` the backend's part of it.
    pub(super) fn new(path: &str, below: &str, asked_host: String, backend: String) -> Self {
        let mut suffix = below.to_owned();
        if path.ends_with('/') && !suffix.ends_with('/') {
            suffix.push('/');
        }
        let prefix = path.strip_suffix(suffix.as_str()).unwrap_or(path).to_owned();
        Self { prefix, asked_host, backend }
    }

    /// The path that the client asked for, as the backend is told.
    pub(super) fn forwarded_uri(&self, path: &str) -> String {
        let joined = clean_path(&format!("{}/{}", self.prefix, escape_path(path)));
        if path.ends_with('/') && !joined.ends_with('/') { joined + "/" } else { joined }
    }

    /// A link as the client has to follow it; one to elsewhere and a relative one stay as they are.
    ///
    /// # Errors
    /// A text that is no URL.
    pub(super) fn rewrite(&self, link: &str) -> Result<String, String> {
        let parts = split(link)?;
        let elsewhere = !parts.host.is_empty() && parts.host != self.backend && parts.host != self.asked_host;
        if elsewhere || !parts.path.starts_with('/') {
            return Ok(link.to_owned());
        }
        let origin = if !parts.host.is_empty() && parts.host == self.asked_host {
            format!("{}//{}", parts.scheme, parts.host)
        } else {
            String::new()
        };
        let path = decode_path(parts.path).ok_or_else(|| format!("parse {link:?}: invalid URL escape"))?;
        if path.starts_with(&self.prefix) {
            return Ok(format!("{origin}{}{}", parts.path, parts.tail));
        }
        let joined = clean_path(&format!("{}{path}", self.prefix));
        let end = if path.ends_with('/') && !joined.ends_with('/') { "/" } else { "" };
        Ok(format!("{origin}{}{end}{}", escape_path(&joined), parts.tail))
    }
}

fn split(link: &str) -> Result<Parts<'_>, String> {
    if link.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return Err(format!("parse {link:?}: net/url: invalid control character in URL"));
    }
    let (rest, tail) = link.split_at(link.find(['?', '#']).unwrap_or(link.len()));
    let scheme_end = rest.find(':').filter(|at| {
        let scheme = rest.get(..*at).unwrap_or("");
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    });
    let (scheme, rest) = rest.split_at(scheme_end.map_or(0, |at| at + 1));
    let Some(after) = rest.strip_prefix("//") else {
        return Ok(Parts { scheme, host: "", path: rest, tail });
    };
    let (host, path) = after.split_at(after.find('/').unwrap_or(after.len()));
    Ok(Parts { scheme, host, path, tail })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Links {
        let path = "/api/v1/namespaces/a/services/web/proxy/dir/page";
        Links::new(path, "/dir/page", "api.example:6443".to_owned(), "10.1.2.3:8080".to_owned())
    }

    #[test]
    fn links_lead_back_through_the_proxy() {
        let prefix = "/api/v1/namespaces/a/services/web/proxy";
        let cases = [
            ("/login", format!("{prefix}/login")),
            ("/", format!("{prefix}/")),
            ("/a/../b/?x=/y#z", format!("{prefix}/b/?x=/y#z")),
            ("http://10.1.2.3:8080/x%20y", format!("{prefix}/x%20y")),
            ("https://api.example:6443/x", format!("https://api.example:6443{prefix}/x")),
            ("http://elsewhere/x", "http://elsewhere/x".into()),
            ("relative/x", "relative/x".into()),
            ("mailto:me@example.org", "mailto:me@example.org".into()),
            ("?q", "?q".into()),
            (&format!("{prefix}/done"), format!("{prefix}/done")),
        ];
        for (link, expected) in cases {
            assert_eq!(links().rewrite(link).unwrap(), expected, "{link}");
        }
        assert!(links().rewrite("/%zz").is_err());
        assert!(links().rewrite("/a\u{1}").is_err());
    }

    #[test]
    fn a_backend_is_told_what_was_asked_for() {
        let path = "/api/v1/namespaces/a/services/web/proxy/dir/page";
        assert_eq!(links().forwarded_uri("/dir/page"), path);
        let root = Links::new("/api/v1/nodes/n/proxy/", "/", String::new(), String::new());
        assert_eq!(root.forwarded_uri("/"), "/api/v1/nodes/n/proxy/");
        assert_eq!(root.rewrite("/x").unwrap(), "/api/v1/nodes/n/proxy/x");
    }
}
