//! SPDY/3.1 as kubelets and container runtimes speak it: frames to bytes and back, and compressed header blocks.
//! Pure: no sockets in here.  Entry points: [`Frame::write`], [`Decoder::decode`], [`Compressor`], [`Decompressor`].
//!
//! Source: draft-mbelshe-httpbis-spdy-00 with the changes of SPDY/3.1.  Flow control is left out, as the peers leave it
//! out: they send no WINDOW_UPDATE and stop reading the connection instead.

mod dictionary;
mod frame;
mod headers;

pub use frame::{Decoder, Frame, FrameError};
pub use headers::{BlockError, Compressor, Decompressor};
