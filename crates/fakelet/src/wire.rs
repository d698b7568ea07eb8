//! SPDY on a connection, the server's side.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use spdy::{Compressor, Decoder, Decompressor, Frame};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// A connection that speaks SPDY.
pub(crate) struct Wire<S> {
    stream: S,
    decoder: Decoder,
    input: BytesMut,
    packer: Compressor,
    unpacker: Decompressor,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        let (packer, unpacker) = (Compressor::default(), Decompressor::default());
        Self { stream, decoder: Decoder::default(), input: BytesMut::new(), packer, unpacker }
    }

    /// The next frame; `None` when the other side has left.  Pings are answered.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            match self.decoder.decode(&mut self.input).ok()? {
                Some(Frame::Ping(id)) => self.send(&Frame::Ping(id)).await?,
                Some(frame) => return Some(frame),
                None => {
                    self.input.reserve(4096);
                    let read = self.stream.read_buf(&mut self.input).await.ok()?;
                    if read == 0 {
                        return None;
                    }
                }
            }
        }
    }

    pub(crate) async fn send(&mut self, frame: &Frame) -> Option<()> {
        let mut bytes = BytesMut::new();
        frame.write(&mut bytes);
        self.stream.write_all(&bytes).await.ok()?;
        self.stream.flush().await.ok()
    }

    pub(crate) async fn data(&mut self, stream: u32, bytes: impl Into<Bytes>, fin: bool) -> Option<()> {
        self.send(&Frame::Data { stream, fin, bytes: bytes.into() }).await
    }

    /// Accepts a stream; answers its headers.
    pub(crate) async fn accept(&mut self, stream: u32, block: &[u8]) -> Option<Vec<(String, String)>> {
        let headers = self.unpacker.unpack(block).ok()?;
        let block = self.packer.pack(&[]).ok()?.into();
        self.send(&Frame::SynReply { stream, fin: false, block }).await?;
        Some(headers)
    }

    /// Says that this is the end, and waits until the other side has gone: who closes a socket with unread bytes
    /// takes back what he has written.
    pub(crate) async fn leave(mut self) {
        let _ = self.send(&Frame::GoAway { last: 0 }).await;
        let _ = self.stream.shutdown().await;
        let mut nowhere = tokio::io::sink();
        let rest = tokio::io::copy(&mut self.stream, &mut nowhere);
        let _ = tokio::time::timeout(Duration::from_secs(5), rest).await;
    }
}
