//! URLs as Go's `net/url` reads them: validation tells clients what that parser says.
//!
//! Entry point: [`Url::parse`].

use crate::field::go_quote;

/// What validation looks at of a URL (RFC 3986).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// In lower case, `""` when there is none.
    pub scheme: String,
    /// User and password as they would be written, `None` when there is no `@`.
    pub user: Option<String>,
    /// Host with its port.
    pub host: String,
    /// What follows the `?`.
    pub query: String,
    /// What follows the `#`, decoded.
    pub fragment: String,
}

/// Where in a URL text stands, which decides what it may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    Other,
}

impl Url {
    /// Parses a URL, which may be relative.
    ///
    /// # Errors
    /// The parser's text, with the URL in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (front, fragment) = text.split_once('#').unwrap_or((text, ""));
        let fault = |shown: &str, why: String| format!("parse {}: {why}", go_quote(shown));
        let mut url = parse_front(front).map_err(|why| fault(front, why))?;
        url.fragment = unescape(fragment, Part::Other).map_err(|why| fault(text, why))?;
        Ok(url)
    }
}

fn parse_front(text: &str) -> Result<Url, String> {
    if text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if text == "*" {
        return Ok(Url::default());
    }
    let (scheme, rest) = split_scheme(text)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut url = Url { scheme: scheme.to_ascii_lowercase(), query: query.to_owned(), ..Url::default() };
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            return Ok(url);
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let mut path = rest;
    if let Some(authority) =
        rest.strip_prefix("//").filter(|_| !scheme.is_empty() || !rest.starts_with("///"))
    {
        let (authority, behind) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
        path = behind;
        (url.user, url.host) = parse_authority(authority, &url.scheme)?;
    }
    unescape(path, Part::Other)?;
    Ok(url)
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
    match end.map(|end| text.split_at(end)) {
        Some(("", rest)) if rest.starts_with(':') => Err("missing protocol scheme".to_owned()),
        Some((scheme, rest))
            if rest.starts_with(':') && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            Ok((scheme, rest.get(1..).unwrap_or("")))
        }
        _ => Ok(("", text)),
    }
}

fn parse_authority(authority: &str, scheme: &str) -> Result<(Option<String>, String), String> {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return Ok((None, parse_host(authority, scheme)?));
    };
    let host = parse_host(host, scheme)?;
    if !user.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b)) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let shown = match user.split_once(':') {
        None => escape_user(&unescape(user, Part::Other)?),
        Some((name, password)) => {
            let name = escape_user(&unescape(name, Part::Other)?);
            name + ":" + &escape_user(&unescape(password, Part::Other)?)
        }
    };
    Ok((Some(shown), host))
}

fn parse_host(host: &str, scheme: &str) -> Result<String, String> {
    let port = match host.rfind('[') {
        Some(0) => {
            let end = host.rfind(']').ok_or("missing ']' in host")?;
            let inside = unescape(host.get(1..end).unwrap_or(""), Part::Host)?;
            let address = inside.split_once('%').map_or(inside.as_str(), |(address, _zone)| address);
            check_literal(&inside, address)?;
            host.get(end + 1..).unwrap_or("")
        }
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {
            let colon = if matches!(scheme, "http" | "https") { host.find(':') } else { host.rfind(':') };
            colon.and_then(|colon| host.get(colon..)).unwrap_or("")
        }
    };
    let sound = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    if !sound {
        return Err(format!("invalid port {} after host", go_quote(port)));
    }
    unescape(host, Part::Host)
}

fn check_literal(shown: &str, address: &str) -> Result<(), String> {
    match address.parse() {
        Ok(std::net::IpAddr::V6(_)) => Ok(()),
        Ok(std::net::IpAddr::V4(_)) => Err("invalid IP-literal".to_owned()),
        Err(_) => Err(format!("invalid host: ParseAddr({}): unable to parse IP", go_quote(shown))),
    }
}

fn unescape(text: &str, part: Part) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'%' => {
                let digits = behind.get(..2).unwrap_or(behind);
                let code = hex_pair(digits);
                let allowed = |code: u8| part == Part::Other || code >= 0x80 || code == b'%';
                let Some(code) = code.filter(|&code| allowed(code)) else {
                    let shown = format!("%{}", String::from_utf8_lossy(digits));
                    return Err(format!("invalid URL escape {}", go_quote(&shown)));
                };
                out.push(code);
                rest = behind.get(2..).unwrap_or(&[]);
            }
            _ if part == Part::Host && byte < 0x80 && !in_host(byte) => {
                let shown = go_quote(&char::from(byte).to_string());
                return Err(format!("invalid character {shown} in host name"));
            }
            _ => out.push(byte),
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn hex_pair(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.len() == 2 && !text.starts_with('+'))?;
    u8::from_str_radix(text, 16).ok()
}

fn in_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

fn escape_user(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,;=".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let url = Url::parse("HTTPS://us%65r:p%40ss@host.example:8443/a%20b?x=1#fr%41g").unwrap();
        let wanted = Url {
            scheme: "https".into(),
            user: Some("user:p%40ss".into()),
            host: "host.example:8443".into(),
            query: "x=1".into(),
            fragment: "frAg".into(),
        };
        assert_eq!(url, wanted);
        assert_eq!(Url::parse("/only/path").unwrap(), Url::default());
        assert_eq!(Url::parse("mailto:someone").unwrap().scheme, "mailto");
        assert_eq!(Url::parse("https://[::1]:80/").unwrap().host, "[::1]:80");
    }

    #[test]
    fn faults() {
        for (url, wanted) in [
            (":x", "missing protocol scheme"),
            ("a\u{1}", "net/url: invalid control character in URL"),
            ("1:2/x", "first path segment in URL cannot contain colon"),
            ("https://a b/", "invalid character \" \" in host name"),
            ("https://h:8x/", "invalid port \":8x\" after host"),
            ("https://h:1:2/", "invalid port \":1:2\" after host"),
            ("https://[::1/", "missing ']' in host"),
            ("https://h/%z1", "invalid URL escape \"%z1\""),
            ("https://a^@h/", "net/url: invalid userinfo"),
            ("https://[1.2.3.4]/", "invalid IP-literal"),
        ] {
            assert_eq!(Url::parse(url).unwrap_err(), format!("parse {}: {wanted}", go_quote(url)));
        }
    }
}
