//! exec, attach and port-forward on an upgraded connection.
//!
//! The commands: `cat` writes what it reads, `echo …` writes its words, `complain …` writes them to stderr, `exit N`
//! ends with a code, `deaf N` writes N KiB without reading anything, `size` waits for the size of its terminal, `vanish` drops the connection, `refuse` never starts.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::json;
use spdy::Frame;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::wire::Wire;

/// What a request asks for.
#[derive(Debug)]
pub(crate) struct Asks {
    kind: String,
    pub(crate) command: Vec<String>,
    /// Streams that will be opened.
    streams: usize,
}

impl Asks {
    pub(crate) fn read(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let kind = path.split('/').nth(1).unwrap_or("").to_owned();
        let pairs = || query.split('&').filter_map(|pair| pair.split_once('='));
        let on = |key: &str| pairs().any(|(k, v)| k == key && v == "1");
        let command = pairs().filter(|(k, _)| *k == "command").map(|(_, v)| v.replace('+', " ")).collect();
        let optional = [on("input"), on("output"), on("error") && !on("tty"), on("tty")];
        Self { kind, command, streams: 1 + optional.iter().filter(|on| **on).count() }
    }
}

pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, asks: Asks) {
    let wire = Wire::new(stream);
    if asks.kind == "portForward" {
        forward(wire).await;
    } else {
        command(wire, &asks).await;
    }
}

/// Sends everything back in capitals, on as many connections as are opened.
async fn forward<S: AsyncRead + AsyncWrite + Unpin>(mut wire: Wire<S>) -> Option<()> {
    let mut kinds: HashMap<u32, String> = HashMap::new();
    while let Some(frame) = wire.next().await {
        match frame {
            Frame::SynStream { stream, block, .. } => {
                let headers = wire.accept(stream, &block).await?;
                let kind = headers.into_iter().find(|(n, _)| n == "streamtype").map(|(_, v)| v)?;
                if kind == "error" {
                    wire.data(stream, Bytes::new(), true).await?;
                }
                kinds.insert(stream, kind);
            }
            Frame::Data { stream, fin, bytes } if kinds.get(&stream).is_some_and(|k| k == "data") => {
                wire.data(stream, bytes.to_ascii_uppercase(), fin).await?;
            }
            _ => {}
        }
    }
    Some(())
}

struct Running<S> {
    wire: Wire<S>,
    streams: HashMap<String, u32>,
}

async fn command<S: AsyncRead + AsyncWrite + Unpin>(mut wire: Wire<S>, asks: &Asks) -> Option<()> {
    let mut streams = HashMap::new();
    while streams.len() < asks.streams {
        if let Frame::SynStream { stream, block, .. } = wire.next().await? {
            let headers = wire.accept(stream, &block).await?;
            let kind = headers.into_iter().find(|(n, _)| n == "streamtype").map(|(_, v)| v)?;
            streams.insert(kind, stream);
        }
    }
    let mut running = Running { wire, streams };
    let words: Vec<&str> = asks.command.iter().map(String::as_str).collect();
    let code = match (asks.kind.as_str(), words.as_slice()) {
        ("attach", _) => {
            running.write("stdout", "attached\n").await?;
            running.copy().await?
        }
        (_, ["cat"]) => running.copy().await?,
        (_, ["echo", words @ ..]) => {
            running.write("stdout", &format!("{}\n", words.join(" "))).await?;
            0
        }
        (_, ["complain", words @ ..]) => {
            running.write("stderr", &format!("{}\n", words.join(" "))).await?;
            0
        }
        (_, ["exit", code]) => code.parse().ok()?,
        (_, ["deaf", amount]) => {
            for _ in 0..amount.parse().ok()? {
                running.write("stdout", &"x".repeat(1024)).await?;
            }
            0
        }
        (_, ["size"]) => running.size().await?,
        (_, ["vanish"]) => return None,
        _ => 127,
    };
    running.end(code).await
}

impl<S: AsyncRead + AsyncWrite + Unpin> Running<S> {
    async fn write(&mut self, to: &str, text: &str) -> Option<()> {
        let stream = *self.streams.get(to)?;
        self.wire.data(stream, text.to_owned(), false).await
    }

    /// Writes what it reads until there is no more.
    async fn copy(&mut self) -> Option<u8> {
        let (stdin, stdout) = (*self.streams.get("stdin")?, *self.streams.get("stdout")?);
        loop {
            if let Frame::Data { stream, fin, bytes } = self.wire.next().await?
                && stream == stdin
            {
                if !bytes.is_empty() {
                    self.wire.data(stdout, bytes, false).await?;
                }
                if fin {
                    return Some(0);
                }
            }
        }
    }

    async fn size(&mut self) -> Option<u8> {
        let resize = *self.streams.get("resize")?;
        loop {
            if let Frame::Data { stream, bytes, .. } = self.wire.next().await?
                && stream == resize
            {
                let text = String::from_utf8_lossy(&bytes).trim().to_owned();
                self.write("stdout", &format!("{text}\n")).await?;
                return Some(0);
            }
        }
    }

    /// Tells how the command ended, as a kubelet does.
    async fn end(mut self, code: u8) -> Option<()> {
        let status = if code == 0 {
            json!({"metadata": {}, "status": "Success"})
        } else {
            json!({
                "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
                "message": format!("command terminated with non-zero exit code: exit status {code}"),
                "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
            })
        };
        let error = *self.streams.get("error")?;
        self.wire.data(error, status.to_string(), true).await?;
        for kind in ["stdout", "stderr"] {
            if let Some(stream) = self.streams.get(kind).copied() {
                self.wire.data(stream, Bytes::new(), true).await?;
            }
        }
        self.wire.leave().await;
        Some(())
    }
}
