//! PEM texts (RFC 7468): which blocks they hold, and whether they look like a certificate and its key.
//!
//! Entry points: [`blocks`], [`key_pair_fault`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::x509;

/// One block: its type and what it holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Type, such as `CERTIFICATE`.
    pub label: String,
    /// Whether headers precede the body.
    pub headers: bool,
    /// The decoded body.
    pub bytes: Vec<u8>,
}

/// The blocks of a text, in order; what is no sound block is skipped.
pub(crate) fn blocks(text: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(label) = fence(line, "-----BEGIN ") {
            let rest = lines.clone();
            if let Some((block, after)) = block(label, rest) {
                found.push(block);
                lines = after;
            }
        }
    }
    found
}

fn fence<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.trim_end().strip_prefix(start)?.strip_suffix("-----")
}

fn block<'a>(label: &str, mut lines: std::str::Lines<'a>) -> Option<(Block, std::str::Lines<'a>)> {
    let (mut body, mut headers) = (String::new(), false);
    loop {
        let line = lines.next()?;
        match fence(line, "-----END ") {
            Some(end) if end == label => break,
            Some(_) => return None,
            // Headers such as `Proc-Type: 4,ENCRYPTED` precede the body.
            None if line.contains(':') => headers = true,
            None => body.extend(line.chars().filter(|c| !c.is_whitespace())),
        }
    }
    let bytes = STANDARD.decode(body).ok()?;
    Some((Block { label: label.to_owned(), headers, bytes }, lines))
}

/// Why a certificate and a key cannot be served, in the words of Go's `crypto/tls`; `None` when both are there.
pub(crate) fn key_pair_fault(certificate: &[u8], key: &[u8]) -> Option<String> {
    let is_key = |label: &str| label == "PRIVATE KEY" || label.ends_with(" PRIVATE KEY");
    let labels = |blocks: &[Block]| blocks.iter().map(|block| block.label.clone()).collect::<Vec<_>>();
    let (certificate, key) = (blocks(certificate), blocks(key));
    let (of_certificate, of_key) = (labels(&certificate), labels(&key));
    let Some(leaf) = certificate.iter().find(|block| block.label == "CERTIFICATE") else {
        return Some(match of_certificate.as_slice() {
            [] => "tls: failed to find any PEM data in certificate input".to_owned(),
            [one] if one.ends_with("PRIVATE KEY") => {
                "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs \
                 may have been switched"
                    .to_owned()
            }
            many => format!(
                "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the \
                 following types: [{}]",
                many.join(" ")
            ),
        });
    };
    if let Some(key) = key.iter().find(|block| is_key(&block.label)) {
        return x509::pair_fault(&leaf.bytes, &key.bytes).map(str::to_owned);
    }
    Some(match of_key.as_slice() {
        [] => "tls: failed to find any PEM data in key input".to_owned(),
        [one] if one == "CERTIFICATE" => {
            "tls: found a certificate rather than a key in the PEM for the private key".to_owned()
        }
        many => format!(
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of \
             the following types: [{}]",
            many.join(" ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "noise\n-----BEGIN CERTIFICATE-----\nQUJD\nREVG\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4\n\nQUJD\n-----END EC PRIVATE KEY-----";

    #[test]
    fn blocks_are_found_among_noise() {
        let text = format!("{CERTIFICATE}-----BEGIN X-----\n!\n-----END X-----\n-----BEGIN X-----\n{KEY}\n");
        let found = blocks(text.as_bytes());
        let labels: Vec<&str> = found.iter().map(|block| block.label.as_str()).collect();
        assert_eq!(labels, ["CERTIFICATE", "EC PRIVATE KEY"]);
        assert_eq!(found[0].bytes, b"ABCDEF");
        assert!(found[1].headers && !found[0].headers);
    }

    #[test]
    fn pairs() {
        let fault =
            |cert: &str, key: &str| key_pair_fault(cert.as_bytes(), key.as_bytes()).unwrap_or_default();
        assert_eq!(fault(CERTIFICATE, KEY), "x509: malformed certificate");
        assert_eq!(fault("", KEY), "tls: failed to find any PEM data in certificate input");
        assert!(fault(KEY, CERTIFICATE).ends_with("PEM inputs may have been switched"));
        assert!(fault(CERTIFICATE, CERTIFICATE).starts_with("tls: found a certificate rather than a key"));
        assert_eq!(fault(CERTIFICATE, "x"), "tls: failed to find any PEM data in key input");
    }
}
