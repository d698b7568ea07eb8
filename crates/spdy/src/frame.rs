//! Frames to bytes and back.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// Version of the control frames.
const VERSION: u16 = 3;
/// Payload of a control frame, in bytes, at most.
const CONTROL_LIMIT: usize = 64 * 1024;
/// Payload of a data frame that is written, in bytes, at most (the length has 24 bits).
const DATA_LIMIT: usize = (1 << 24) - 1;
/// The flag that ends a stream's direction.
const FIN: u8 = 0x01;

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Opens a stream; odd ids are the client's.
    SynStream {
        /// The new stream.
        stream: u32,
        /// The sender will send nothing on it.
        fin: bool,
        /// Packed headers.
        block: Bytes,
    },
    /// Accepts a stream.
    SynReply {
        /// The stream.
        stream: u32,
        /// The sender will send nothing on it.
        fin: bool,
        /// Packed headers.
        block: Bytes,
    },
    /// Ends a stream in both directions.
    Reset {
        /// The stream.
        stream: u32,
        /// Why; 5 is "cancel".
        status: u32,
    },
    /// Is sent back as it is by the peer whose ids it does not have (even ids are the server's).
    Ping(u32),
    /// No new streams.
    GoAway {
        /// The last stream that the sender has taken.
        last: u32,
    },
    /// More headers of a stream.
    Headers {
        /// The stream.
        stream: u32,
        /// The sender will send nothing more on it.
        fin: bool,
        /// Packed headers.
        block: Bytes,
    },
    /// Bytes of a stream.  A long frame is decoded in pieces.
    Data {
        /// The stream.
        stream: u32,
        /// The sender will send nothing more on it.
        fin: bool,
        /// The bytes.
        bytes: Bytes,
    },
    /// Settings, windows and what is unknown: to be ignored.
    Other(u16),
}

/// Bytes that are no frame; the connection cannot go on after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Not version 3.
    Version(u16),
    /// A control frame of a wrong length.
    Length(usize),
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Version(version) => write!(f, "SPDY version {version} instead of {VERSION}"),
            Self::Length(length) => write!(f, "control frame of {length} bytes"),
        }
    }
}

impl std::error::Error for FrameError {}

impl Frame {
    /// Appends the frame to `out`; [`Frame::Other`] is not written.
    pub fn write(&self, out: &mut BytesMut) {
        match self {
            Self::SynStream { stream, fin, block } => {
                control(out, 1, *fin, 10 + block.len());
                out.put_u32(*stream);
                out.put_u32(0); // associated to no other stream
                out.put_u16(0); // priority and slot
                out.put_slice(block);
            }
            Self::SynReply { stream, fin, block } => with_block(out, 2, *stream, *fin, block),
            Self::Headers { stream, fin, block } => with_block(out, 8, *stream, *fin, block),
            Self::Reset { stream, status } => {
                control(out, 3, false, 8);
                out.put_u32(*stream);
                out.put_u32(*status);
            }
            Self::Ping(id) => {
                control(out, 6, false, 4);
                out.put_u32(*id);
            }
            Self::GoAway { last } => {
                control(out, 7, false, 8);
                out.put_u32(*last);
                out.put_u32(0); // in peace
            }
            Self::Data { stream, fin, bytes } => data(out, *stream, *fin, bytes),
            Self::Other(_) => {}
        }
    }
}

fn control(out: &mut BytesMut, kind: u16, fin: bool, length: usize) {
    out.put_u16(0x8000 | VERSION);
    out.put_u16(kind);
    put_length(out, fin, length);
}

fn put_length(out: &mut BytesMut, fin: bool, length: usize) {
    out.put_u8(if fin { FIN } else { 0 });
    out.put_uint(length as u64, 3);
}

fn with_block(out: &mut BytesMut, kind: u16, stream: u32, fin: bool, block: &Bytes) {
    control(out, kind, fin, 4 + block.len());
    out.put_u32(stream);
    out.put_slice(block);
}

fn data(out: &mut BytesMut, stream: u32, fin: bool, bytes: &Bytes) {
    let mut rest = bytes.clone();
    loop {
        let piece = rest.split_to(rest.len().min(DATA_LIMIT));
        out.put_u32(stream & 0x7fff_ffff);
        put_length(out, fin && rest.is_empty(), piece.len());
        out.put_slice(&piece);
        if rest.is_empty() {
            return;
        }
    }
}

/// Reads frames from bytes as they come.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The data frame that is being read: stream, fin, bytes still to come.
    open: Option<(u32, bool, usize)>,
}

impl Decoder {
    /// The next frame in `input`, which is taken out of it; `None` when more bytes are needed.
    ///
    /// # Errors
    /// Bytes that are no frame.
    pub fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        if let Some(open) = self.open {
            return Ok(self.data(open, input));
        }
        let Some(head) = input.first_chunk::<8>() else { return Ok(None) };
        let mut head = head.as_slice();
        let (first, flags, length) = (head.get_u32(), head.get_u8(), head.get_uint(3));
        let (fin, length) = (flags & FIN != 0, usize::try_from(length).unwrap_or(usize::MAX));
        if first & 0x8000_0000 == 0 {
            input.advance(8);
            return Ok(self.data((first, fin, length), input));
        }
        let (version, kind) = ((first >> 16 & 0x7fff) as u16, (first & 0xffff) as u16);
        if version != VERSION {
            return Err(FrameError::Version(version));
        }
        if length > CONTROL_LIMIT {
            return Err(FrameError::Length(length));
        }
        if input.len() < 8 + length {
            return Ok(None);
        }
        input.advance(8);
        read_control(kind, fin, input.split_to(length).freeze()).map(Some)
    }

    /// What is there of a data frame; an empty one is a frame too.
    fn data(&mut self, (stream, fin, left): (u32, bool, usize), input: &mut BytesMut) -> Option<Frame> {
        let bytes = input.split_to(left.min(input.len())).freeze();
        let left = left - bytes.len();
        self.open = (left > 0).then_some((stream, fin, left));
        if bytes.is_empty() && left > 0 {
            return None;
        }
        Some(Frame::Data { stream, fin: fin && left == 0, bytes })
    }
}

fn read_control(kind: u16, fin: bool, mut payload: Bytes) -> Result<Frame, FrameError> {
    let least = match kind {
        1 => 10,
        3 | 7 => 8,
        2 | 6 | 8 => 4,
        _ => return Ok(Frame::Other(kind)),
    };
    if payload.len() < least {
        return Err(FrameError::Length(payload.len()));
    }
    let first = payload.get_u32();
    let stream = first & 0x7fff_ffff;
    Ok(match kind {
        1 => {
            payload.advance(6);
            Frame::SynStream { stream, fin, block: payload }
        }
        2 => Frame::SynReply { stream, fin, block: payload },
        3 => Frame::Reset { stream, status: payload.get_u32() },
        6 => Frame::Ping(first),
        7 => Frame::GoAway { last: stream },
        _ => Frame::Headers { stream, fin, block: payload },
    })
}

#[cfg(test)]
mod tests;
