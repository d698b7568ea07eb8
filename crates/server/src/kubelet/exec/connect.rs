//! Opening the kubelet's end: the upgrade to SPDY, and which stream is which channel.

use api::Value;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, LOCATION, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{HeaderMap, Request, StatusCode};

use super::{ERROR, RESIZE, STDERR, STDIN, STDOUT, Streams};
use crate::kubelet::Backends;
use crate::kubelet::http::{KUBELET_HEADERS, read_some, send};
use crate::kubelet::url::Location;

pub(in crate::kubelet) const STREAM_PROTOCOL: HeaderName =
    HeaderName::from_static("x-stream-protocol-version");

/// What is spoken on the streams, the best first.
const PROTOCOLS: [&str; 5] =
    ["v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

/// A kubelet that is ready for streams.
pub(super) struct Session {
    pub(super) stream: Upgraded,
    pub(super) plan: Plan,
    /// One of [`PROTOCOLS`], or `""` from a kubelet that names none.
    pub(super) protocol: String,
}

/// Which channel is which SPDY stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan(Vec<(u8, u32)>);

impl Plan {
    /// The streams in upstream's order; ids are odd, as we are the client.
    fn new(streams: Streams, protocol: &str) -> Self {
        let resizes = matches!(protocol, "v5.channel.k8s.io" | "v4.channel.k8s.io" | "v3.channel.k8s.io");
        let wanted = [
            (ERROR, true),
            (STDIN, streams.stdin),
            (STDOUT, streams.stdout),
            (STDERR, streams.stderr && !streams.tty),
            (RESIZE, streams.tty && resizes),
        ];
        let channels = wanted.into_iter().filter(|(_, wanted)| *wanted).map(|(channel, _)| channel);
        Self(channels.zip((1..).step_by(2)).collect())
    }

    /// Channels and their streams.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (u8, u32)> {
        self.0.iter().copied()
    }

    /// The stream of a channel.
    pub(super) fn stream(&self, channel: u8) -> Option<u32> {
        self.iter().find(|(c, _)| *c == channel).map(|(_, stream)| stream)
    }

    /// The channel of a stream.
    pub(super) fn channel(&self, stream: u32) -> Option<u8> {
        self.iter().find(|(_, s)| *s == stream).map(|(channel, _)| channel)
    }
}

/// Asks a kubelet for streams.
///
/// # Errors
/// Upstream's text of what went wrong.
pub(super) async fn connect(backends: &Backends, to: &Location, streams: Streams) -> Result<Session, String> {
    let mut request = Request::post(to.target())
        .header(HOST, to.authority())
        .header(CONTENT_LENGTH, "0")
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "SPDY/3.1");
    for protocol in PROTOCOLS {
        request = request.header(STREAM_PROTOCOL, protocol);
    }
    let request = request.body(http_body_util::Empty::<bytes::Bytes>::new());
    let request = request.map_err(|e| format!("error creating request: {e}"))?;
    let sent = async { send(backends.dial(to).await?, request, KUBELET_HEADERS).await };
    let (mut response, _driver) =
        sent.await.map_err(|why| format!("error sending request: Post \"{to}\": {why}"))?;
    if !is_upgraded(response.status(), response.headers()) {
        if let Some(target) = redirect(&response) {
            return Err(format!("error sending request: {target}: redirect not allowed"));
        }
        let text = read_some(response.into_body(), 50_000).await;
        return Err(format!("unable to upgrade connection: {}", reason(&text)));
    }
    let protocol =
        response.headers().get(STREAM_PROTOCOL).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let stream = hyper::upgrade::on(&mut response).await.map_err(|e| e.to_string())?;
    Ok(Session { stream, plan: Plan::new(streams, &protocol), protocol })
}

pub(in crate::kubelet) fn is_upgraded(status: StatusCode, headers: &HeaderMap) -> bool {
    let says = |name: HeaderName, text: &str| {
        let value = headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or("");
        value.to_ascii_lowercase().contains(text)
    };
    status == StatusCode::SWITCHING_PROTOCOLS && says(CONNECTION, "upgrade") && says(UPGRADE, "spdy/3.1")
}

/// Where a kubelet wants to send us, which we do not follow.
fn redirect<B>(response: &hyper::Response<B>) -> Option<String> {
    let method = match response.status().as_u16() {
        301..=303 => "Get",
        307 | 308 => "Post",
        _ => return None,
    };
    let target = response.headers().get(LOCATION)?.to_str().ok()?;
    Some(format!("{method} \"{target}\""))
}

/// What an error's body says: the message of a Status, else all of it.
fn reason(text: &str) -> String {
    let value = codec::json::parse(text.as_bytes()).map(|parsed| parsed.value).unwrap_or(Value::Null);
    let told = [value.str_at(&["message"]), value.str_at(&["error"]), text];
    let told = told.iter().map(|t| t.trim()).find(|t| !t.is_empty());
    told.unwrap_or("empty server response").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_opened_as_wanted() {
        let all = Streams { stdin: true, stdout: true, stderr: true, tty: false };
        let plan = |streams, protocol| Plan::new(streams, protocol).0;
        assert_eq!(plan(all, "v5.channel.k8s.io"), [(ERROR, 1), (STDIN, 3), (STDOUT, 5), (STDERR, 7)]);
        let terminal = Streams { tty: true, ..all };
        assert_eq!(plan(terminal, "v4.channel.k8s.io"), [(ERROR, 1), (STDIN, 3), (STDOUT, 5), (RESIZE, 7)]);
        assert_eq!(plan(terminal, "v2.channel.k8s.io"), [(ERROR, 1), (STDIN, 3), (STDOUT, 5)]);
        assert_eq!(plan(Streams { stderr: true, ..Streams::default() }, ""), [(ERROR, 1), (STDERR, 3)]);
    }

    #[test]
    fn errors_are_told_with_the_kubelets_words() {
        assert_eq!(reason("{\"kind\":\"Status\",\"message\":\" no such pod \"}"), "no such pod");
        assert_eq!(reason("{\"error\":\"x\"}"), "x");
        assert_eq!(reason(" plain \n"), "plain");
        assert_eq!(reason(""), "empty server response");
    }
}
