//! WATCH: the present state when asked for, then every change, once and in order.

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, Reason, Value, object};
use bytes::{Bytes, BytesMut};
use hyper::StatusCode;
use kinds::columns::Include;
use store::{Change, Event, Object, WatchError};
use tokio::time::Instant;

use super::selection::Selection;
use super::shape::Shaper;
use super::{Exchange, list, parse_revision};
use crate::http::accept::{Format, Shape};
use crate::http::options::ListOptions;
use crate::http::{Response, answer};
use crate::registry::storage;
use crate::transport::{Body, Chunks};

/// How often a watcher that takes bookmarks gets one (upstream's `defaultBookmarkFrequency`).
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// A last bookmark is sent this long before a watch ends by its timeout.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);
/// Events that are written into one piece at most.
const BATCH: usize = 128;
/// Objects of the initial state in one piece at most.
const INITIAL_BATCH: usize = 64;
/// Says that a bookmark ends the initial state (KEP-3157).
const INITIAL_END: &str = "k8s.io/initial-events-end";

/// Answers a WATCH.
///
/// # Errors
/// What is wrong with the options.  A revision that is too old is answered inside the stream, as upstream does.
pub(crate) async fn watch(exchange: Arc<Exchange>, options: &ListOptions) -> Result<Response, ApiError> {
    let served = &exchange.served;
    let selection = Selection::new(served, options)?;
    // Says early what is wrong with includeObject.
    let include = Shaper::new(served, &exchange.output, &exchange.query, exchange.app.now())?.include;
    if exchange.output.format == Format::Yaml {
        return Err(stream_not_acceptable());
    }
    let from = parse_revision(&options.resource_version).map_err(ApiError::unclassified)?;
    let asks_initial = options.send_initial_events.unwrap_or(from.unwrap_or(0) == 0);
    match (asks_initial, from) {
        (true, None) => drop(exchange.app.store.consistent().await.map_err(storage)?),
        (true, Some(revision)) if revision > 0 => list::wait(&exchange.app, revision).await?,
        _ => {}
    }
    let snapshot = exchange.app.store.snapshot(&served.stored);
    let after = if asks_initial {
        snapshot.revision()
    } else {
        from.filter(|r| *r > 0).unwrap_or(snapshot.revision())
    };
    let scope = selection.scope(served, &exchange.namespace);
    let watch = exchange.app.store.watch(&served.stored, scope.clone(), after);
    let content_type = match exchange.output.format {
        Format::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
        _ => "application/json",
    };
    let initial: Vec<Arc<Object>> = if asks_initial {
        snapshot.iter(&scope, None).filter(|o| selection.matches(o)).cloned().collect()
    } else {
        Vec::new()
    };
    let deadline = Instant::now() + lifetime(&exchange, options);
    let stream = Stream {
        phase: match watch {
            // No event can be shown as a list; upstream answers with none.
            Ok(_) if matches!(exchange.output.shape, Shape::MetadataList(_)) => Phase::Over,
            Ok(watch) => Phase::Initial {
                watch,
                objects: initial.into_iter(),
                end: options.send_initial_events == Some(true) && options.bookmarks,
            },
            Err(error) => Phase::Failed(error),
        },
        selection,
        include,
        started_at: after,
        bookmarks: options.bookmarks,
        next_bookmark: Instant::now() + BOOKMARK_EVERY,
        deadline,
        headers_sent: false,
        exchange,
    };
    Ok(answer::bytes(StatusCode::OK, content_type, Body::chunks(stream)))
}

fn stream_not_acceptable() -> ApiError {
    let types = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";
    ApiError::new(Reason::NotAcceptable, format!("only the following media types are accepted: {types}"))
}

/// As long as asked for, else a random time between once and twice the shortest, so that clients do not all come back
/// at once.
fn lifetime(exchange: &Exchange, options: &ListOptions) -> Duration {
    match options.timeout_seconds {
        Some(seconds) if seconds > 0 => Duration::from_secs(seconds),
        _ => {
            let least = exchange.app.config.min_request_timeout;
            least + least.mul_f64(f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 256.0)
        }
    }
}

enum Phase {
    /// The present state is being sent.
    Initial { watch: store::Watch, objects: std::vec::IntoIter<Arc<Object>>, end: bool },
    /// Changes are sent as they come.
    Following(store::Watch),
    /// The watch could not begin.
    Failed(WatchError),
    /// Nothing more is sent.
    Over,
}

struct Stream {
    exchange: Arc<Exchange>,
    phase: Phase,
    selection: Selection,
    include: Include,
    /// The revision the watch follows from.
    started_at: u64,
    bookmarks: bool,
    next_bookmark: Instant,
    deadline: Instant,
    /// Tables send their columns once.
    headers_sent: bool,
}

impl Chunks for Stream {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match std::mem::replace(&mut self.phase, Phase::Over) {
                Phase::Initial { watch, objects, end } => {
                    let piece = self.initial(watch, objects, end);
                    // Clients of HTTP/2 end a connection on which many empty frames come.
                    if !piece.is_empty() {
                        return Some(piece);
                    }
                }
                Phase::Following(watch) => return self.follow(watch).await,
                Phase::Failed(error) => return Some(self.failed(error)),
                Phase::Over => return None,
            }
        }
    }
}

impl Stream {
    fn initial(
        &mut self,
        watch: store::Watch,
        mut objects: std::vec::IntoIter<Arc<Object>>,
        end: bool,
    ) -> Bytes {
        let mut out = BytesMut::new();
        for object in objects.by_ref().take(INITIAL_BATCH) {
            self.write(&mut out, Change::Added, &object, None);
        }
        if objects.len() > 0 {
            self.phase = Phase::Initial { watch, objects, end };
            return out.freeze();
        }
        if end {
            self.bookmark(&mut out, self.started_at, true);
        }
        self.phase = Phase::Following(watch);
        out.freeze()
    }

    async fn follow(&mut self, mut watch: store::Watch) -> Option<Bytes> {
        let exchange = self.exchange.clone();
        let mut events = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = exchange.app.shutdown.end_watches() => return None,
                () = tokio::time::sleep_until(self.deadline) => return None,
                () = tokio::time::sleep_until(self.bookmark_time()), if self.bookmarks => {
                    self.next_bookmark = Instant::now() + BOOKMARK_EVERY;
                    let Some(revision) = watch.progress() else { continue };
                    let mut out = BytesMut::new();
                    self.bookmark(&mut out, revision, false);
                    self.phase = Phase::Following(watch);
                    return Some(out.freeze());
                }
                ended = watch.next_batch(&mut events, BATCH) => {
                    if ended.is_err() {
                        return None;
                    }
                }
            }
            if let Some(bytes) = self.encode(&mut events) {
                self.phase = Phase::Following(watch);
                return Some(bytes);
            }
        }
    }

    /// The next regular bookmark, or the last one before the end.
    fn bookmark_time(&self) -> Instant {
        let last = self.deadline.checked_sub(LAST_BOOKMARK).unwrap_or(self.deadline);
        if Instant::now() >= last { self.next_bookmark } else { self.next_bookmark.min(last) }
    }

    /// The bytes of a batch; `None` when nothing in it is for this watcher.
    fn encode(&mut self, events: &mut Vec<Event>) -> Option<Bytes> {
        if let [event] = events.as_slice()
            && self.selection.is_everything()
            && self.is_raw()
        {
            let frame = event.object.frame();
            events.clear();
            return Some(frame);
        }
        let mut out = BytesMut::new();
        for event in events.drain(..) {
            self.write_event(&mut out, &event);
        }
        (!out.is_empty()).then(|| out.freeze())
    }

    /// An event as this watcher sees it: an object that comes into its selection was added, one that leaves was deleted.
    fn write_event(&mut self, out: &mut BytesMut, event: &Event) {
        let is = self.selection.matches(&event.object);
        let was = event.previous.as_ref().is_some_and(|p| self.selection.matches(p));
        match (event.change(), was, is) {
            (Change::Deleted, false, false) | (Change::Added | Change::Modified, false, false) => {}
            (Change::Deleted, ..) => self.write(out, Change::Deleted, &event.object, None),
            (_, true, true) => self.write(out, Change::Modified, &event.object, None),
            (_, false, true) => self.write(out, Change::Added, &event.object, None),
            (_, true, false) => {
                let previous = event.previous.as_ref().unwrap_or(&event.object).clone();
                self.write(out, Change::Deleted, &previous, Some(event.revision()));
            }
        }
    }

    fn is_raw(&self) -> bool {
        let output = &self.exchange.output;
        output.format == Format::Json && output.shape == Shape::Own && self.exchange.served.stored_as_served()
    }

    /// Appends an event; `at` shows the object at another revision than its own.
    fn write(&mut self, out: &mut BytesMut, change: Change, object: &Object, at: Option<u64>) {
        if self.is_raw() {
            match at {
                None => out.extend_from_slice(&object.frame_as(change)),
                Some(revision) => {
                    out.extend_from_slice(change.frame_start().as_bytes());
                    out.extend_from_slice(&object.json_at(revision));
                    out.extend_from_slice(b"}\n");
                }
            }
            return;
        }
        let exchange = self.exchange.clone();
        let shaper = self.shaper(&exchange);
        let shaped = shaper.value(object).and_then(|mut value| {
            if let Some(revision) = at {
                value.set_at(&["metadata", "resourceVersion"], revision.to_string());
            }
            self.shape_event(&shaper, value)
        });
        match shaped {
            Ok(value) => self.write_value(out, change.as_str(), &value),
            Err(error) => self.write_value(out, "ERROR", &error.status()),
        }
    }

    fn shaper<'a>(&self, exchange: &'a Exchange) -> Shaper<'a> {
        Shaper::with(&exchange.served, &exchange.output, self.include, exchange.app.now())
    }

    fn shape_event(&mut self, shaper: &Shaper<'_>, value: Value) -> Result<Value, ApiError> {
        let Shape::Table(version) = &shaper.output.shape else { return shaper.shaped(value) };
        let meta = object! { "resourceVersion" => value.str_at(&["metadata", "resourceVersion"]) };
        let no_headers = std::mem::replace(&mut self.headers_sent, true);
        Ok(shaper.table(version, &[&value], &meta, no_headers))
    }

    fn bookmark(&mut self, out: &mut BytesMut, revision: u64, initial_end: bool) {
        let exchange = self.exchange.clone();
        let table = exchange.served.table;
        let mut value = object! {
            "kind" => table.kind, "apiVersion" => exchange.served.group_version().to_string(),
            "metadata" => object! { "resourceVersion" => revision.to_string() },
        };
        if initial_end {
            value.set_at(&["metadata", "annotations"], object! { INITIAL_END => "true" });
        }
        schema::canonicalize(&mut value, table.message);
        match self.shape_event(&self.shaper(&exchange), value) {
            Ok(value) => self.write_value(out, "BOOKMARK", &value),
            Err(error) => tracing::warn!(%error, "cannot write a bookmark"),
        }
    }

    fn write_value(&self, out: &mut BytesMut, kind: &str, value: &Value) {
        if self.exchange.output.format == Format::Protobuf {
            match answer::encode(value, &self.exchange.output) {
                Ok(bytes) => out.extend_from_slice(&codec::proto::watch_frame(kind, &bytes)),
                Err(error) => tracing::warn!(%error, "cannot encode a watch event"),
            }
            return;
        }
        let mut line = format!("{{\"type\":\"{kind}\",\"object\":").into_bytes();
        api::json::write(&mut line, value);
        line.extend_from_slice(b"}\n");
        out.extend_from_slice(&line);
    }

    fn failed(&self, error: WatchError) -> Bytes {
        let error = match error {
            WatchError::TooOld { requested, oldest } => {
                ApiError::expired(format!("too old resource version: {requested} ({oldest})"))
            }
            WatchError::TooSlow | WatchError::Closed => ApiError::internal(error),
        };
        let mut out = BytesMut::new();
        self.write_value(&mut out, "ERROR", &error.status());
        out.freeze()
    }
}
