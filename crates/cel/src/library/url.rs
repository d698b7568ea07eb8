//! URLs, read as Go's `net/url` reads request targets.

use std::net::IpAddr;

use api::field::go_quote;

use super::net::complaint;

use super::{Cost, Ext, ONE, Row, ext, extension, row, text};
use crate::error::Error;
use crate::value::{MapValue, Value};

pub(super) static ROWS: &[Row] = &[
    row("url", "string_to_url", "(string): kubernetes.URL", Cost::First(0.1), |a| {
        let url = Url::read(text(a, 0)?);
        let url =
            url.map_err(|e| Error::new(format!("URL parse error during conversion from string: {e}")))?;
        Ok(ext(Ext::Url(url)))
    }),
    row("isURL", "is_url_string", "(string): bool", ONE, |a| Ok(Value::Bool(Url::read(text(a, 0)?).is_ok()))),
    row("getScheme", "url_get_scheme", "kubernetes.URL.(): string", ONE, |a| {
        Ok(Value::text(&get(a)?.scheme))
    }),
    row("getHost", "url_get_host", "kubernetes.URL.(): string", ONE, |a| Ok(Value::text(&get(a)?.host))),
    row("getHostname", "url_get_hostname", "kubernetes.URL.(): string", ONE, |a| {
        Ok(Value::text(get(a)?.host_and_port().0))
    }),
    row("getPort", "url_get_port", "kubernetes.URL.(): string", ONE, |a| {
        Ok(Value::text(get(a)?.host_and_port().1))
    }),
    row("getEscapedPath", "url_get_escaped_path", "kubernetes.URL.(): string", ONE, |a| {
        Ok(Value::text(&get(a)?.path))
    }),
    row("getQuery", "url_get_query", "kubernetes.URL.(): map(string, list(string))", ONE, |a| {
        Ok(Value::Map(std::sync::Arc::new(query(&get(a)?.query))))
    }),
];

/// A URL taken apart.
#[derive(Clone, Debug)]
pub struct Url {
    text: String,
    scheme: String,
    host: String,
    /// As it would be written, escapes kept.
    path: String,
    query: String,
}

fn get<'a>(args: &'a [Value<'_>]) -> Result<&'a Url, Error> {
    if let Ext::Url(url) = extension(args, 0)? { Ok(url) } else { Err(Error::no_such_overload()) }
}

impl Url {
    /// The text it came from.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Reads an absolute URL or path.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        Self::parts(text).map_err(|why| format!("parse {}: {why}", go_quote(text)))
    }

    fn parts(text: &str) -> Result<Self, String> {
        if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        if text.is_empty() {
            return Err("empty url".to_owned());
        }
        let empty = |path: &str| Self {
            text: text.to_owned(),
            scheme: String::new(),
            host: String::new(),
            path: path.to_owned(),
            query: String::new(),
        };
        if text == "*" {
            return Ok(empty("*"));
        }
        let (scheme, rest) = scheme(text)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut url = Self { scheme: scheme.to_ascii_lowercase(), query: query.to_owned(), ..empty("") };
        if !rest.starts_with('/') {
            // `mailto:x` has no path; without a scheme it is no request target.
            return if url.scheme.is_empty() { Err("invalid URI for request".to_owned()) } else { Ok(url) };
        }
        let with_authority = !url.scheme.is_empty() || !rest.starts_with("///");
        let authority = rest.strip_prefix("//").filter(|_| {
            with_authority && !url.scheme.is_empty() || rest.starts_with("//") && !rest.starts_with("///")
        });
        let rest = match authority {
            Some(after) => {
                let (authority, path) =
                    after.split_at_checked(after.find('/').unwrap_or(after.len())).unwrap_or((after, ""));
                url.host = host(authority)?;
                path
            }
            None => rest,
        };
        url.path = escaped_path(rest.split_once('#').map_or(rest, |(path, _)| path))?;
        url.query = url.query.split_once('#').map_or(url.query.as_str(), |(q, _)| q).to_owned();
        Ok(url)
    }

    /// The host without its port and brackets, and the port.
    fn host_and_port(&self) -> (&str, &str) {
        let (host, port) = match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !host.ends_with('[') => {
                if self.host.starts_with('[') && !host.ends_with(']') {
                    (self.host.as_str(), "")
                } else {
                    (host, port)
                }
            }
            _ => (self.host.as_str(), ""),
        };
        (host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host), port)
    }
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (i, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if i > 0 => {}
            ':' if i == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((text.get(..i).unwrap_or(""), text.get(i + 1..).unwrap_or(""))),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

/// The host and port of an authority; the user is checked and dropped.
fn host(authority: &str) -> Result<String, String> {
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u), h));
    let in_user = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if user.is_some_and(|u| !u.chars().all(in_user)) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    user.map_or(Ok(()), check_escapes)?;
    let port = match host.strip_prefix('[') {
        Some(inner) => match inner.rfind(']') {
            Some(end) => inner.get(end + 1..).unwrap_or(""),
            None => return Err("missing ']' in host".to_owned()),
        },
        None => host.find(':').and_then(|i| host.get(i..)).unwrap_or(""),
    };
    let good_port =
        port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    if !good_port {
        return Err(format!("invalid port {} after host", go_quote(port)));
    }
    check_host_escapes(host)?;
    if let Some((inner, _)) = host.strip_prefix('[').and_then(|h| h.rsplit_once(']')) {
        check_bracketed(inner.split_once("%25").map_or(inner, |(address, _)| address))?;
    }
    let in_host =
        |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c);
    if let Some(bad) = host.chars().find(|c| !in_host(*c)) {
        return Err(format!("invalid character {} in host name", go_quote(&bad.to_string())));
    }
    Ok(unescape(host))
}

/// Brackets are for addresses of version 6.
fn check_bracketed(address: &str) -> Result<(), String> {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(_)) => Ok(()),
        Ok(IpAddr::V4(_)) => Err("invalid IP-literal".to_owned()),
        Err(_) => Err(format!("invalid host: {}", complaint::of(address))),
    }
}

fn check_escapes(text: &str) -> Result<(), String> {
    match bad_escape(text) {
        Some(bad) => Err(format!("invalid URL escape {}", go_quote(bad))),
        None => Ok(()),
    }
}

/// In a host only what is not ASCII may be escaped.
fn check_host_escapes(text: &str) -> Result<(), String> {
    check_escapes(text)?;
    let ascii = text
        .split('%')
        .skip(1)
        .find(|t| t.starts_with(|c: char| ('0'..='7').contains(&c)) && !t.starts_with("25"));
    match ascii.and_then(|t| t.get(..2)) {
        Some(digits) => Err(format!("invalid URL escape {}", go_quote(&format!("%{digits}")))),
        None => Ok(()),
    }
}

/// The first escape that is none, at most three characters of it.
fn bad_escape(text: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find('%') {
        let start = from + at;
        let digits = text.as_bytes().get(start + 1..start + 3).unwrap_or(&[]);
        if digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            let end = text.get(start..)?.char_indices().nth(3).map_or(text.len(), |(i, _)| start + i);
            return text.get(start..end);
        }
        from = start + 3;
    }
    None
}

fn unescape(text: &str) -> String {
    let (mut out, mut bytes) = (Vec::with_capacity(text.len()), text.bytes());
    while let Some(b) = bytes.next() {
        let rest = bytes.as_str_lossless(text);
        match (b, rest.and_then(|r| r.get(..2)).and_then(|d| u8::from_str_radix(d, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                bytes.nth(1);
            }
            _ => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The rest of a text that an iterator over its bytes has not seen.
trait Rest {
    fn as_str_lossless<'a>(&self, of: &'a str) -> Option<&'a str>;
}

impl Rest for std::str::Bytes<'_> {
    fn as_str_lossless<'a>(&self, of: &'a str) -> Option<&'a str> {
        of.get(of.len() - self.len()..)
    }
}

/// The path with everything escaped that has to be.
fn escaped_path(path: &str) -> Result<String, String> {
    check_escapes(path)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@[]/%".contains(&b);
    if path.bytes().all(plain) {
        return Ok(path.to_owned());
    }
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~$&+,/:;=@".contains(&b);
    let decoded = unescape(path);
    Ok(decoded
        .bytes()
        .map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect())
}

/// The parameters of a query, each with all its values; those that cannot be read are left out.
fn query<'v>(query: &str) -> MapValue<'v> {
    let mut names: Vec<(String, Vec<String>)> = Vec::new();
    for pair in query.split('&').filter(|p| !p.is_empty() && !p.contains(';') && bad_escape(p).is_none()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (unescape(&name.replace('+', " ")), unescape(&value.replace('+', " ")));
        match names.iter_mut().find(|(n, _)| *n == name) {
            Some((_, values)) => values.push(value),
            None => names.push((name, vec![value])),
        }
    }
    let mut map = MapValue::default();
    for (name, values) in names {
        map.insert(Value::text(&name), Value::strings(values));
    }
    map
}
