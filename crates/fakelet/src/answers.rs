//! What is answered to a request, by its path.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::time::Interval;

use crate::streams::{self, Asks};
use crate::{Asked, Diary, Upgraded};

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

fn full(status: u16, kind: &str, text: impl Into<Bytes>) -> Answer {
    let body = Full::new(text.into()).boxed_unsync();
    let response = Response::builder().status(status).header("content-type", kind).body(body);
    response.expect("an answer")
}

pub(crate) async fn answer(request: Request<Incoming>, asked: Asked, diary: Arc<Diary>) -> Answer {
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["containerLogs", _, pod, container] => log(pod, container, request.uri().query().unwrap_or("")),
        ["exec" | "attach" | "portForward", ..] => upgrade(request, &asked, diary),
        ["raw"] => raw(request),
        ["redirect"] => {
            let mut response = full(302, "text/plain", "go there");
            response.headers_mut().insert("location", "/there?x=1".parse().expect("a header"));
            response
        }
        ["page"] => full(200, "text/html; charset=utf-8", "<a href=\"/there\">there</a>"),
        _ => echo(request, &asked).await,
    }
}

/// Tells what was asked for.
async fn echo(request: Request<Incoming>, asked: &Asked) -> Answer {
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
    let headers: serde_json::Map<_, _> =
        asked.headers.iter().map(|(n, _)| (n.clone(), asked.header(n).into())).collect();
    let told = json!({"method": asked.method, "target": asked.target, "headers": headers, "body": body});
    let mut response = full(200, "application/json", told.to_string());
    response.headers_mut().insert("access-control-allow-origin", "*".parse().expect("a header"));
    response.headers_mut().insert("x-fakelet", "here".parse().expect("a header"));
    response
}

fn option<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
}

fn log(pod: &str, container: &str, query: &str) -> Answer {
    if option(query, "previous").is_some() {
        let text = format!("previous terminated container \"{container}\" in pod \"{pod}\" not found");
        return full(400, "text/plain", text);
    }
    let lines: Vec<String> = (1..=3).map(|n| format!("{container} says {n}\n")).collect();
    let tail = option(query, "tailLines").and_then(|n| n.parse().ok()).unwrap_or(lines.len());
    let text = lines.get(lines.len().saturating_sub(tail)..).unwrap_or(&[]).concat();
    if option(query, "follow").is_none() {
        return full(200, "text/plain", text);
    }
    let ticks = tokio::time::interval(Duration::from_millis(50));
    Response::new(Ticking { first: Some(text.into()), ticks, count: 3 }.boxed_unsync())
}

/// A log that grows by a line every now and then, as long as somebody reads it.
struct Ticking {
    first: Option<Bytes>,
    ticks: Interval,
    count: usize,
}

impl Body for Ticking {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match self.ticks.poll_tick(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => {
                self.count += 1;
                Poll::Ready(Some(Ok(Frame::data(format!("more {}\n", self.count).into()))))
            }
        }
    }
}

/// Takes over the connection with SPDY, if that is what is asked for.
fn upgrade(mut request: Request<Incoming>, asked: &Asked, diary: Arc<Diary>) -> Answer {
    if !asked.header("upgrade").eq_ignore_ascii_case("SPDY/3.1") {
        return full(400, "text/plain", "unable to upgrade: only SPDY is spoken here");
    }
    let protocols = asked.header("x-stream-protocol-version");
    let known = ["v4.channel.k8s.io", "portforward.k8s.io"];
    let Some(protocol) = protocols.split(',').map(str::trim).find(|p| known.contains(p)) else {
        return full(403, "text/plain", format!("no protocol of {protocols} is spoken here"));
    };
    let wants = Asks::read(&asked.target);
    if wants.command == ["refuse"] {
        return full(500, "application/json", "{\"kind\":\"Status\",\"message\":\"container is on strike\"}");
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let open = Upgraded::new(diary);
    tokio::spawn(async move {
        let _open = open;
        if let Ok(stream) = upgrade.await {
            streams::serve(TokioIo::new(stream), wants).await;
        }
    });
    switching("SPDY/3.1", protocol)
}

fn switching(to: &str, protocol: &str) -> Answer {
    let response = Response::builder()
        .status(101)
        .header("connection", "Upgrade")
        .header("upgrade", to)
        .header("x-stream-protocol-version", protocol)
        .body(Full::default().boxed_unsync());
    response.expect("an answer")
}

/// Takes over the connection with a protocol whose every byte is sent back.
fn raw(mut request: Request<Incoming>) -> Answer {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(stream) = upgrade.await {
            let (mut read, mut write) = tokio::io::split(TokioIo::new(stream));
            let _ = tokio::io::copy(&mut read, &mut write).await;
        }
    });
    switching("echo", "")
}
