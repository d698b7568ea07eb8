//! Header blocks: a count, then names and values behind their lengths, compressed as one zlib stream a direction.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::dictionary::dictionary;

/// Bytes of a block when unpacked, at most.
const LIMIT: usize = 64 * 1024;

/// A header block that cannot be packed or unpacked; the connection cannot go on after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockError;

impl std::fmt::Display for BlockError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken header block")
    }
}

impl std::error::Error for BlockError {}

/// Packs the header blocks of one direction.
#[derive(Debug)]
pub struct Compressor {
    zlib: Compress,
    started: bool,
}

impl Default for Compressor {
    fn default() -> Self {
        Self { zlib: Compress::new(Compression::best(), true), started: false }
    }
}

impl Compressor {
    /// A block of these names and values; names must be lower case.
    ///
    /// # Errors
    /// More than 64 KiB.
    pub fn pack(&mut self, headers: &[(&str, &str)]) -> Result<Vec<u8>, BlockError> {
        if !self.started {
            self.zlib.set_dictionary(dictionary()).map_err(|_| BlockError)?;
            self.started = true;
        }
        let plain = plain(headers)?;
        let mut out = Vec::with_capacity(plain.len() + 64);
        let start = self.zlib.total_in();
        loop {
            let done = usize::try_from(self.zlib.total_in() - start).map_err(|_| BlockError)?;
            let rest = plain.get(done..).ok_or(BlockError)?;
            self.zlib.compress_vec(rest, &mut out, FlushCompress::Sync).map_err(|_| BlockError)?;
            if out.len() < out.capacity() {
                return Ok(out);
            }
            out.reserve(256);
        }
    }
}

fn plain(headers: &[(&str, &str)]) -> Result<Vec<u8>, BlockError> {
    let length = |n: usize| u32::try_from(n).map(u32::to_be_bytes).map_err(|_| BlockError);
    let mut plain = length(headers.len())?.to_vec();
    for text in headers.iter().flat_map(|(name, value)| [name, value]) {
        plain.extend_from_slice(&length(text.len())?);
        plain.extend_from_slice(text.as_bytes());
    }
    if plain.len() > LIMIT { Err(BlockError) } else { Ok(plain) }
}

/// Unpacks the header blocks of one direction, which must all be given to it in order.
#[derive(Debug)]
pub struct Decompressor(Decompress);

impl Default for Decompressor {
    fn default() -> Self {
        Self(Decompress::new(true))
    }
}

impl Decompressor {
    /// Names and values of a block.
    ///
    /// # Errors
    /// No block, or more than 64 KiB of it.
    pub fn unpack(&mut self, block: &[u8]) -> Result<Vec<(String, String)>, BlockError> {
        let mut out = Vec::with_capacity(1024);
        let mut rest = block;
        loop {
            let (before_in, before_out) = (self.0.total_in(), out.len());
            match self.0.decompress_vec(rest, &mut out, FlushDecompress::Sync) {
                Ok(Status::StreamEnd) => return Err(BlockError),
                Ok(_) => {}
                Err(error) if error.needs_dictionary().is_some() => {
                    self.0.set_dictionary(dictionary()).map_err(|_| BlockError)?;
                }
                Err(_) => return Err(BlockError),
            }
            let taken = usize::try_from(self.0.total_in() - before_in).map_err(|_| BlockError)?;
            rest = rest.get(taken..).ok_or(BlockError)?;
            if out.len() > LIMIT {
                return Err(BlockError);
            }
            if rest.is_empty() && out.len() < out.capacity() {
                return parse(&out);
            }
            if taken == 0 && out.len() == before_out && out.len() < out.capacity() {
                return Err(BlockError);
            }
            out.reserve(1024);
        }
    }
}

fn parse(mut plain: &[u8]) -> Result<Vec<(String, String)>, BlockError> {
    let count = number(&mut plain)?;
    let mut headers = Vec::new();
    for _ in 0..count {
        headers.push((text(&mut plain)?, text(&mut plain)?));
    }
    if plain.is_empty() { Ok(headers) } else { Err(BlockError) }
}

fn number(plain: &mut &[u8]) -> Result<usize, BlockError> {
    let (head, rest) = plain.split_first_chunk::<4>().ok_or(BlockError)?;
    *plain = rest;
    usize::try_from(u32::from_be_bytes(*head)).map_err(|_| BlockError)
}

fn text(plain: &mut &[u8]) -> Result<String, BlockError> {
    let length = number(plain)?;
    let (head, rest) = plain.split_at_checked(length).ok_or(BlockError)?;
    *plain = rest;
    String::from_utf8(head.to_vec()).map_err(|_| BlockError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_one_direction_are_one_stream() {
        let (mut packer, mut unpacker) = (Compressor::default(), Decompressor::default());
        for kind in ["error", "stdin", "stdout", "stderr", "resize"] {
            let block = packer.pack(&[("streamtype", kind), ("port", "80")]).unwrap();
            let headers = unpacker.unpack(&block).unwrap();
            assert_eq!(headers, [("streamtype".to_owned(), kind.to_owned()), ("port".into(), "80".into())]);
        }
        let long = "x".repeat(50_000);
        let block = packer.pack(&[("a", &long)]).unwrap();
        assert_eq!(unpacker.unpack(&block).unwrap(), [("a".to_owned(), long)]);
    }

    #[test]
    fn the_dictionary_is_named_and_used() {
        let block = Compressor::default().pack(&[("content-encoding", "chunked")]).unwrap();
        // Second byte: FDICT; then the checksum of the dictionary (RFC 1950).
        assert_eq!((block[1] & 0x20, &block[2..6]), (0x20, [0xe3, 0xc6, 0xa7, 0xc2].as_slice()));
    }

    #[test]
    fn a_bomb_and_garbage_are_refused() {
        assert!(Compressor::default().pack(&[("a", &"x".repeat(LIMIT))]).is_err());
        let mut zlib = Compress::new(Compression::best(), true);
        zlib.set_dictionary(dictionary()).unwrap();
        let mut block = Vec::with_capacity(1 << 16);
        zlib.compress_vec(&vec![0; 8 << 20], &mut block, FlushCompress::Sync).unwrap();
        assert_eq!(Decompressor::default().unpack(&block), Err(BlockError));
        for garbage in
            [&b""[..], b"garbage", &[0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2], &[0x78, 0xf9, 1, 2, 3, 4, 5]]
        {
            assert_eq!(Decompressor::default().unpack(garbage), Err(BlockError), "{garbage:?}");
        }
    }
}
