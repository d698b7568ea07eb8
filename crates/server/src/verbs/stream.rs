//! Lists that are written an item at a time, as the client takes them: however long a list, no more of it is in memory
//! than one piece.  Entry points: [`Form::of`] says whether a list can be written so, [`body`] does it.

use std::io;
use std::sync::Arc;

use api::{ApiError, Value};
use bytes::Bytes;
use codec::proto::{self, Envelope};
use kinds::columns;
use store::{Name, Object};

use super::Exchange;
use super::list::Page;
use super::shape::Shaper;
use crate::http::accept::{Format, Shape};
use crate::registry::parse;
use crate::transport::Body;

/// About how many bytes one piece has.
const PIECE: usize = 64 * 1024;
/// Objects that are encoded without a pause.
const ENCODED_AT_ONCE: usize = 128;
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

/// How the items of a list are written.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Stored bytes.
    Raw,
    /// Metadata of this `meta.k8s.io` version.
    Metadata(String),
    /// Rows of a table of this `meta.k8s.io` version.
    Rows(String),
    /// Protobuf, which each object keeps once it was made.
    Protobuf,
}

impl Form {
    /// `None` for a list that has to be made as a whole: for people, in another version than the stored one, or sorted.
    pub(super) fn of(shaper: &Shaper<'_>) -> Option<Self> {
        let output = shaper.output;
        let stored = shaper.served.stored_as_served();
        match (&output.shape, output.format) {
            _ if output.pretty => None,
            (Shape::Own, Format::Json) if stored => Some(Self::Raw),
            (Shape::Own, Format::Protobuf) if stored => Some(Self::Protobuf),
            (Shape::MetadataList(version), Format::Json) => Some(Self::Metadata(version.clone())),
            (Shape::Table(version), Format::Json) if shaper.printer().order().is_none() => {
                Some(Self::Rows(version.clone()))
            }
            _ => None,
        }
    }
}

/// The list as the body of an answer.
///
/// # Errors
/// 500 for stored objects that cannot be read, when that shows before the first byte.
pub(super) async fn body(exchange: &Arc<Exchange>, form: Form, page: Page) -> Result<Body, ApiError> {
    let (head, length) = head(exchange, &form, &page).await?;
    let stream = Stream { exchange: exchange.clone(), form, page, at: None, head: Some(head) };
    Ok(Body::pieces(Pieces(Some(stream)), length))
}

/// What comes before the first item, and how long the whole is where that is known.
async fn head(exchange: &Exchange, form: &Form, page: &Page) -> Result<(Vec<u8>, Option<u64>), ApiError> {
    let served = &exchange.served;
    let own = (served.group_version().to_string(), served.list_kind());
    let text = match form {
        Form::Protobuf => return protobuf_head(exchange, (&own.0, &own.1), page).await,
        Form::Raw => json_head((&own.0, &own.1), &page.meta, None),
        Form::Metadata(version) => {
            let api_version = format!("meta.k8s.io/{version}");
            json_head((&api_version, "PartialObjectMetadataList"), &page.meta, None)
        }
        Form::Rows(version) => {
            let meta = columns::table_meta(&page.meta).into();
            let columns = exchange.shaper()?.column_definitions();
            json_head((&format!("meta.k8s.io/{version}"), "Table"), &meta, Some(&columns))
        }
    };
    Ok((text, None))
}

fn json_head((api_version, kind): (&str, &str), meta: &Value, columns: Option<&Value>) -> Vec<u8> {
    let mut out =
        format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"{api_version}\",\"metadata\":").into_bytes();
    api::json::write(&mut out, meta);
    match columns {
        None => out.extend_from_slice(b",\"items\":["),
        Some(columns) => {
            out.extend_from_slice(b",\"columnDefinitions\":");
            api::json::write(&mut out, columns);
            out.extend_from_slice(b",\"rows\":[");
        }
    }
    out
}

async fn protobuf_head(
    exchange: &Exchange,
    kind: (&str, &str),
    page: &Page,
) -> Result<(Vec<u8>, Option<u64>), ApiError> {
    let (mut items, mut at) = (0, page.after().cloned());
    loop {
        let (size, last) = protobuf_size(exchange, page, at.as_ref())?;
        items += size;
        if last.is_none() {
            break;
        }
        at = last;
        // The first list of many objects encodes them all: others get their turn meanwhile.
        tokio::task::yield_now().await;
    }
    let list_meta = schema::message(LIST_META).ok_or_else(|| ApiError::internal("no list metadata"))?;
    let head = proto::list_head(kind, &page.meta, list_meta, items).map_err(ApiError::internal)?;
    let length = head.len() + items + proto::LIST_TAIL.len();
    Ok((head, Some(length as u64)))
}

/// What the next objects take in a list, and the last of them; `None` when there were none.
fn protobuf_size(
    exchange: &Exchange,
    page: &Page,
    after: Option<&Name>,
) -> Result<(usize, Option<Name>), ApiError> {
    let shaper = exchange.shaper()?;
    let (mut size, mut last) = (0, None);
    for object in page.objects_after(after).take(ENCODED_AT_ONCE) {
        let encoded = shaper.protobuf(object)?;
        size += proto::item_size(Envelope::raw_of(&encoded).map_err(ApiError::internal)?.len());
        last = Some(object.key().name.clone());
    }
    Ok((size, last))
}

struct Stream {
    exchange: Arc<Exchange>,
    form: Form,
    page: Page,
    /// The last object that was written.
    at: Option<Name>,
    /// What comes before the first object, until it was written.
    head: Option<Vec<u8>>,
}

/// The pieces of a list; `None` behind the last one.
struct Pieces(Option<Stream>);

impl Iterator for Pieces {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut stream = self.0.take()?;
        match stream.piece() {
            Ok((piece, more)) => {
                self.0 = more.then_some(stream);
                Some(Ok(piece))
            }
            Err(error) => {
                tracing::error!(%error, resource = ?stream.exchange.served, "a list breaks off");
                Some(Err(io::Error::other(error)))
            }
        }
    }
}

impl Stream {
    /// The next piece, and whether there are more.
    fn piece(&mut self) -> Result<(Bytes, bool), ApiError> {
        let mut first = self.head.is_some();
        let mut out = self.head.take().unwrap_or_default();
        let shaper = self.exchange.shaper()?;
        let from = self.at.take();
        for object in self.page.objects_after(from.as_ref().or(self.page.after())) {
            if !first && !matches!(self.form, Form::Protobuf) {
                out.push(b',');
            }
            first = false;
            self.form.write(&shaper, object, &mut out)?;
            if out.len() >= PIECE {
                self.at = Some(object.key().name.clone());
                return Ok((out.into(), true));
            }
        }
        match self.form {
            Form::Protobuf => out.extend_from_slice(&proto::LIST_TAIL),
            _ => out.extend_from_slice(b"]}\n"),
        }
        Ok((out.into(), false))
    }
}

impl Form {
    fn write(&self, shaper: &Shaper<'_>, object: &Object, out: &mut Vec<u8>) -> Result<(), ApiError> {
        match self {
            Self::Raw => match object.rest() {
                Some(rest) => {
                    out.push(b'{');
                    out.extend_from_slice(rest);
                }
                None => out.extend_from_slice(object.json_bytes()),
            },
            Self::Metadata(version) => {
                api::json::write(out, &columns::partial_object(&parse(object)?, version));
            }
            Self::Rows(version) => {
                api::json::write(out, &shaper.row(version, &shaper.value(object)?));
            }
            Self::Protobuf => {
                let encoded = shaper.protobuf(object)?;
                proto::put_item(out, Envelope::raw_of(&encoded).map_err(ApiError::internal)?);
            }
        }
        Ok(())
    }
}
