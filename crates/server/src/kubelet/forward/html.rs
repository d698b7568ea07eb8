//! Links in HTML, led back through this server.  Entry point: [`rewrite`].
//!
//! No tree is built: tags are found, the attributes that hold URLs are rewritten, everything else stays byte for byte.

use std::io::{Read as _, Write as _};

use api::ApiError;
use bytes::{Bytes, BytesMut};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::links::Links;

/// The largest page that is rewritten, in bytes, packed or not.
const LIMIT: usize = 16 * 1024 * 1024;

/// Attributes that hold a URL, by element.
const ATTRIBUTES: [(&str, &[&str]); 25] = [
    ("a", &["href"]),
    ("applet", &["codebase"]),
    ("area", &["href"]),
    ("audio", &["src"]),
    ("base", &["href"]),
    ("blockquote", &["cite"]),
    ("body", &["background"]),
    ("button", &["formaction"]),
    ("command", &["icon"]),
    ("del", &["cite"]),
    ("embed", &["src"]),
    ("form", &["action"]),
    ("frame", &["longdesc", "src"]),
    ("head", &["profile"]),
    ("html", &["manifest"]),
    ("iframe", &["longdesc", "src"]),
    ("img", &["longdesc", "src", "usemap"]),
    ("input", &["src", "usemap", "formaction"]),
    ("ins", &["cite"]),
    ("link", &["href"]),
    ("object", &["classid", "codebase", "data", "usemap"]),
    ("q", &["cite"]),
    ("script", &["src"]),
    ("source", &["src"]),
    ("video", &["poster", "src"]),
];

/// Elements whose content is no HTML.
const RAW: [&str; 2] = ["script", "style"];

/// How a page is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Gzip,
}

/// `Some` for an answer that is HTML which can be read here.
pub(super) fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
    if text(CONTENT_TYPE).split(';').next().map(str::trim) != Some("text/html") {
        return None;
    }
    match text(CONTENT_ENCODING) {
        "" => Some(Encoding::Plain),
        "gzip" => Some(Encoding::Gzip),
        _ => None,
    }
}

/// The page with its links rewritten.
///
/// # Errors
/// 500 for a page that breaks off, cannot be unpacked or is larger than 16 MiB.
pub(super) async fn rewrite(body: Incoming, encoding: Encoding, links: &Links) -> Result<Bytes, ApiError> {
    let page = read(body).await?;
    let failed = |e: std::io::Error| ApiError::internal(format!("cannot rewrite the links of a page: {e}"));
    if encoding == Encoding::Plain {
        return Ok(rewrite_page(&page, links).into());
    }
    let mut plain = Vec::new();
    GzDecoder::new(&*page).take(LIMIT as u64 + 1).read_to_end(&mut plain).map_err(failed)?;
    if plain.len() > LIMIT {
        return Err(too_large());
    }
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&rewrite_page(&plain, links)).map_err(failed)?;
    Ok(packer.finish().map_err(failed)?.into())
}

async fn read(mut body: Incoming) -> Result<Bytes, ApiError> {
    let mut page = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(ApiError::internal)?;
        let data = frame.into_data().unwrap_or_default();
        if page.len() + data.len() > LIMIT {
            return Err(too_large());
        }
        page.extend_from_slice(&data);
    }
    Ok(page.freeze())
}

fn too_large() -> ApiError {
    ApiError::internal("a page whose links are to be rewritten is larger than 16 MiB")
}

fn rewrite_page(page: &[u8], links: &Links) -> Vec<u8> {
    let mut out = Vec::with_capacity(page.len() + page.len() / 8);
    let mut rest = page;
    while let Some(at) = rest.iter().position(|b| *b == b'<') {
        let (before, tag) = rest.split_at(at);
        out.extend_from_slice(before);
        rest = match element(tag) {
            Tag::Start { name, length } => {
                let (start, after) = tag.split_at(length);
                rewrite_tag(start, name, links, &mut out);
                copy(after, raw_length(name, after), &mut out)
            }
            Tag::Other { length } => copy(tag, length, &mut out),
        };
    }
    out.extend_from_slice(rest);
    out
}

/// Copies the beginning of `from`; answers the rest.
fn copy<'a>(from: &'a [u8], length: usize, out: &mut Vec<u8>) -> &'a [u8] {
    let (copied, rest) = from.split_at(length.min(from.len()));
    out.extend_from_slice(copied);
    rest
}

/// What begins with a `<`.
enum Tag<'a> {
    Start {
        name: &'a [u8],
        length: usize,
    },
    /// A comment, an end tag, a lone `<`; a tag without its end is all that follows.
    Other {
        length: usize,
    },
}

fn element(tag: &[u8]) -> Tag<'_> {
    if tag.starts_with(b"<!--") {
        return Tag::Other { length: find(tag, b"-->").map_or(tag.len(), |at| at + 3) };
    }
    let inner = tag.get(1..).unwrap_or(&[]);
    if !inner.first().is_some_and(u8::is_ascii_alphabetic) {
        return Tag::Other { length: 1 };
    }
    let name_length = inner.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(name_length);
    let mut quote = None;
    for (at, byte) in rest.iter().enumerate() {
        match quote {
            None if *byte == b'>' => return Tag::Start { name, length: 1 + name_length + at + 1 },
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            Some(open) if open == byte => quote = None,
            _ => {}
        }
    }
    Tag::Other { length: tag.len() }
}

/// Bytes up to the end tag of an element whose content is no HTML.
fn raw_length(name: &[u8], rest: &[u8]) -> usize {
    let Some(name) = RAW.iter().find(|raw| name.eq_ignore_ascii_case(raw.as_bytes())) else { return 0 };
    let end = format!("</{name}");
    let matches = |w: &[u8]| w.eq_ignore_ascii_case(end.as_bytes());
    rest.windows(end.len()).position(matches).unwrap_or(rest.len())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|w| w == wanted)
}

/// Writes a start tag, its URLs rewritten.
fn rewrite_tag(tag: &[u8], name: &[u8], links: &Links, out: &mut Vec<u8>) {
    let known = ATTRIBUTES.iter().find(|(element, _)| name.eq_ignore_ascii_case(element.as_bytes()));
    let (Some((_, attributes)), Ok(text)) = (known, std::str::from_utf8(tag)) else {
        return out.extend_from_slice(tag);
    };
    let mut rest = text;
    while let Some(value) = next_value(rest) {
        let (before, from_value) = rest.split_at(value.start);
        let (old, after) = from_value.split_at(value.length);
        out.extend_from_slice(before.as_bytes());
        let holds_url = attributes.iter().any(|a| a.eq_ignore_ascii_case(value.attribute));
        let link = old.replace("&amp;", "&");
        match links.rewrite(&link) {
            Ok(new) if holds_url && new != link => {
                out.extend_from_slice(new.replace('&', "&amp;").replace('"', "&#34;").as_bytes());
            }
            _ => out.extend_from_slice(old.as_bytes()),
        }
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
}

struct AttributeValue<'a> {
    attribute: &'a str,
    /// Where the value begins, and how long it is, in bytes.
    start: usize,
    length: usize,
}

/// The next value of an attribute in a piece of a start tag.
fn next_value(text: &str) -> Option<AttributeValue<'_>> {
    let equals = text.find('=')?;
    let (before, after) = (text.get(..equals)?, text.get(equals + 1..)?);
    let attribute =
        before.trim_end().rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/')).next()?;
    let value = after.trim_start();
    let start = equals + 1 + (after.len() - value.len());
    let (start, length) = match value.chars().next()? {
        quote @ ('"' | '\'') => (start + 1, value.get(1..)?.find(quote)?),
        _ => (start, value.find(|c: char| c.is_whitespace() || c == '>')?),
    };
    Some(AttributeValue { attribute, start, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(page: &str) -> String {
        let links = Links::new("/p/page", "/page", "api:6443".to_owned(), "10.0.0.1:80".to_owned());
        String::from_utf8(rewrite_page(page.as_bytes(), &links)).unwrap()
    }

    #[test]
    fn links_are_rewritten_and_nothing_else() {
        let cases = [
            ("<a href=\"/x\">/x</a>", "<a href=\"/p/x\">/x</a>"),
            ("<A class=b HREF='/x?a=1&amp;b=2' id=c>", "<A class=b HREF='/p/x?a=1&amp;b=2' id=c>"),
            ("<img src=/x.png alt=\"/x\">", "<img src=/p/x.png alt=\"/x\">"),
            ("<a href=\"http://10.0.0.1:80/y\">", "<a href=\"/p/y\">"),
            ("<a href=\"http://other/y\"><b href=\"/z\">", "<a href=\"http://other/y\"><b href=\"/z\">"),
            ("<a href=\"y\"><a href='mailto:x'>", "<a href=\"y\"><a href='mailto:x'>"),
            ("<!-- <a href=\"/x\"> --><a href=\"/y\">", "<!-- <a href=\"/x\"> --><a href=\"/p/y\">"),
            (
                "<script src=\"/a.js\">'<a href=\"/x\">'</script><a href=\"/y\">",
                "<script src=\"/p/a.js\">'<a href=\"/x\">'</script><a href=\"/p/y\">",
            ),
            ("1 < 2 <a href=\"/x", "1 < 2 <a href=\"/x"),
            ("<form action=\"/p/done\"/>", "<form action=\"/p/done\"/>"),
        ];
        for (page, expected) in cases {
            assert_eq!(rewritten(page), expected, "{page}");
        }
    }

    #[test]
    fn pages_that_are_no_html_end_too() {
        for page in ["<", "<a", "<a href", "<a href=", "<a href=\"", "<script>", "<!--", "<a =>", "<a ='"] {
            assert_eq!(rewritten(page), page);
        }
        let links = Links::new("/p/", "/", String::new(), String::new());
        assert_eq!(rewrite_page(b"<a href=\"/\xff\">", &links), b"<a href=\"/\xff\">");
    }
}
