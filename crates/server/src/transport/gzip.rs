//! Answers made smaller on the way out.  Entry point: [`Body::gzipped`].

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::body::{Body, Kind, Pieces};

/// Shorter answers are sent as they are (upstream's `defaultGzipThresholdBytes`).
const THRESHOLD: usize = 128 * 1024;
/// What is compressed without a pause, in bytes.
const PIECE: usize = 64 * 1024;
/// Upstream's level: most of the gain, least of the time.
const LEVEL: Compression = Compression::new(1);

impl Body {
    /// The body compressed, and whether it is: what is short or comes as things happen stays as it is.
    pub(crate) fn gzipped(mut self) -> (Self, bool) {
        let kind = std::mem::replace(&mut self.kind, Kind::Whole(None));
        let (kind, compressed) = match kind {
            Kind::Whole(Some(bytes)) if bytes.len() > THRESHOLD => {
                (compressing(Vec::new(), Box::new(cut(bytes))), true)
            }
            Kind::Pieces { pieces, length } => from_pieces(pieces, length),
            other => (other, false),
        };
        self.kind = kind;
        (self, compressed)
    }
}

/// A body that is there, in pieces that take little time each.
fn cut(mut bytes: Bytes) -> impl Iterator<Item = io::Result<Bytes>> {
    std::iter::from_fn(move || {
        let piece = bytes.split_to(bytes.len().min(PIECE));
        (!piece.is_empty()).then_some(Ok(piece))
    })
}

/// Looks at pieces until they are long enough to be worth it.
fn from_pieces(mut pieces: Pieces, length: Option<u64>) -> (Kind, bool) {
    let mut start = Vec::new();
    let mut seen = 0;
    while seen <= THRESHOLD {
        match pieces.next() {
            Some(Ok(piece)) => {
                seen += piece.len();
                start.push(piece);
            }
            broken_off => {
                let rest = start.into_iter().map(Ok).chain(broken_off);
                return (Kind::Pieces { pieces: Box::new(rest), length }, false);
            }
        }
    }
    (compressing(start, pieces), true)
}

fn compressing(start: Vec<Bytes>, rest: Pieces) -> Kind {
    let encoder = GzEncoder::new(Vec::with_capacity(THRESHOLD), LEVEL);
    let plain = Box::new(start.into_iter().map(Ok).chain(rest));
    Kind::Pieces { pieces: Box::new(Gzip { plain, encoder: Some(encoder) }), length: None }
}

struct Gzip {
    plain: Pieces,
    /// `None` behind the end.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl Gzip {
    /// The next compressed bytes; reads on while the encoder keeps what it gets.
    fn piece(&mut self) -> io::Result<Option<Bytes>> {
        let Some(mut encoder) = self.encoder.take() else { return Ok(None) };
        loop {
            match self.plain.next() {
                None => return encoder.finish().map(|rest| Some(rest.into())),
                Some(piece) => encoder.write_all(&piece?)?,
            }
            if !encoder.get_ref().is_empty() {
                let out = std::mem::take(encoder.get_mut());
                self.encoder = Some(encoder);
                return Ok(Some(out.into()));
            }
        }
    }
}

impl Iterator for Gzip {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        self.piece().transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn read(body: Body) -> Vec<u8> {
        match body.kind {
            Kind::Whole(bytes) => bytes.unwrap_or_default().to_vec(),
            Kind::Pieces { pieces, .. } => pieces.map(Result::unwrap).collect::<Vec<_>>().concat(),
            _ => Vec::new(),
        }
    }

    fn unzipped(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn what_is_long_is_compressed_and_comes_back() {
        let text: Vec<u8> = (0..1_000_000u32).map(|i| (i * 7 / 13) as u8).collect();
        let (whole, compressed) = Body::whole(text.clone()).gzipped();
        assert!(compressed);
        assert_eq!(unzipped(&read(whole)), text);

        let pieces: Vec<_> = text.chunks(50_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let (body, compressed) = Body::pieces(pieces.into_iter(), None).gzipped();
        assert!(compressed);
        assert_eq!(unzipped(&read(body)), text);
    }

    #[test]
    fn what_is_short_stays() {
        let text = vec![b'x'; THRESHOLD];
        let (whole, compressed) = Body::whole(text.clone()).gzipped();
        assert!(!compressed);
        assert_eq!(read(whole), text);
        let halves =
            text.chunks(THRESHOLD / 2).map(|half| Ok(Bytes::copy_from_slice(half))).collect::<Vec<_>>();
        let (body, compressed) = Body::pieces(halves.into_iter(), None).gzipped();
        assert!(!compressed);
        assert_eq!(read(body), text);
    }
}
