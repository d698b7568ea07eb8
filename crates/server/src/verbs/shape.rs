//! Objects as the client wants to see them: version, encoding, table or metadata only.

use api::{
    ApiError, Map, Reason, Value,
    field::{Errors, Path},
    object,
    time::Timestamp,
};
use bytes::Bytes;
use hyper::StatusCode;
use kinds::columns::{self, Include, TableOptions};
use store::Object;

use crate::catalog::Served;
use crate::http::accept::{Format, Output, Shape};
use crate::http::{Response, answer};
use crate::registry::{Written, convert, parse};
use crate::transport::Body;

/// Turns stored objects of one resource into what a client asked for.
#[derive(Clone, Debug)]
pub(crate) struct Shaper<'a> {
    /// The resource.
    pub served: &'a Served,
    /// Group and kind of what is shown: the resource's, unless it is a subresource with a kind of its own.
    kind: (&'a str, &'a str),
    /// What the client asked for.
    pub output: &'a Output,
    /// What rows of a table carry.
    pub include: Include,
    /// Now, for ages.
    pub now: Timestamp,
}

impl<'a> Shaper<'a> {
    /// Reads what a table needs from the query.
    ///
    /// # Errors
    /// 400 for an unknown `includeObject`.
    pub(crate) fn new(
        served: &'a Served,
        output: &'a Output,
        query: &api::request::Query,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let text = query.first("includeObject").unwrap_or("");
        let include = match (&output.shape, Include::parse(text)) {
            (_, Some(include)) => include,
            (Shape::Table(_), None) => {
                let mut errors = Errors::new();
                let detail = "must be 'Metadata', 'Object', 'None', or empty";
                errors.invalid(&Path::new("includeObject"), &text.into(), detail);
                return Err(ApiError::bad_request(format!(
                    "Unable to convert to Table as requested: {errors}"
                )));
            }
            (_, None) => Include::default(),
        };
        Ok(Self::with(served, output, include, now))
    }

    /// With what rows of a table carry known already.
    pub(crate) fn with(served: &'a Served, output: &'a Output, include: Include, now: Timestamp) -> Self {
        Self { served, kind: (served.table.group, served.table.kind), output, include, now }
    }

    /// For objects of another kind, which a subresource has.
    pub(crate) fn showing(self, group: &'a str, kind: &'a str) -> Self {
        Self { kind: (group, kind), ..self }
    }

    /// True when stored bytes are just what the client wants.
    pub(crate) fn is_raw(&self) -> bool {
        self.output.format == Format::Json
            && self.output.shape == Shape::Own
            && !self.output.pretty
            && self.served.stored_as_served()
    }

    /// An object in the version of the request.
    pub(crate) fn value(&self, object: &Object) -> Result<Value, ApiError> {
        self.versioned(parse(object)?)
    }

    fn versioned(&self, value: Value) -> Result<Value, ApiError> {
        let mut value = convert(self.served, value, &self.served.group_version())?;
        if !self.served.stored_as_served() {
            schema::canonicalize(&mut value, self.served.table.message);
        }
        Ok(value)
    }

    /// The answer with one object.
    pub(crate) fn object(&self, status: StatusCode, object: &Object) -> Result<Response, ApiError> {
        if self.is_raw() {
            let body = Body::whole(object.json());
            return Ok(answer::bytes(status, self.output.format.media_type(), body));
        }
        if self.output.format == Format::Protobuf
            && self.output.shape == Shape::Own
            && self.served.stored_as_served()
        {
            return Ok(answer::bytes(
                status,
                self.output.format.media_type(),
                Body::whole(self.protobuf(object)?),
            ));
        }
        self.value_answer(status, self.value(object)?)
    }

    /// The answer with what a write left.
    pub(crate) fn written(&self, status: StatusCode, written: &Written) -> Result<Response, ApiError> {
        match written {
            Written::Stored(object) => self.object(status, object),
            Written::Value(value) => self.value_answer(status, self.versioned(value.clone())?),
        }
    }

    /// The answer with an object that is in the version asked for.
    pub(crate) fn value_answer(&self, status: StatusCode, value: Value) -> Result<Response, ApiError> {
        answer::value(status, &self.shaped(value)?, self.output)
    }

    /// The stored protobuf of an object, made once.
    pub(super) fn protobuf(&self, object: &Object) -> Result<Bytes, ApiError> {
        let mut failure = None;
        let bytes = object.encoded(|object| {
            let encoded = parse(object).and_then(|v| codec::object::encode(&v, Format::Protobuf, false));
            encoded.map(Bytes::from).unwrap_or_else(|e| {
                failure = Some(e);
                Bytes::new()
            })
        });
        failure.map_or(Ok(bytes), Err)
    }

    /// One object in the shape asked for.
    pub(crate) fn shaped(&self, value: Value) -> Result<Value, ApiError> {
        match &self.output.shape {
            Shape::Own => Ok(value),
            Shape::Metadata(version) => Ok(columns::partial_object(&value, version)),
            Shape::Table(version) => {
                let meta = value.get("metadata").cloned().unwrap_or_default();
                Ok(self.table(
                    version,
                    &[&value],
                    &object! { "resourceVersion" => meta.str_at(&["resourceVersion"]) },
                    false,
                ))
            }
            Shape::MetadataList(_) => Err(self.misfit("PartialObjectMetadataList", "not a list", "")),
        }
    }

    /// A whole list in the shape asked for; for everything but raw JSON.
    pub(crate) fn list(&self, meta: &Value, items: Vec<Value>) -> Result<Value, ApiError> {
        match &self.output.shape {
            Shape::Table(version) => Ok(self.table(version, &items.iter().collect::<Vec<_>>(), meta, false)),
            Shape::MetadataList(version) => {
                let items: Vec<_> = items.iter().map(|o| columns::partial_object(o, version)).collect();
                Ok(list("PartialObjectMetadataList", &format!("meta.k8s.io/{version}"), meta, items))
            }
            Shape::Metadata(_) => Err(self.misfit("PartialObjectMetadata", "a list", "List")),
            Shape::Own => {
                let items = items.into_iter().map(without_type).collect();
                Ok(list(&self.served.list_kind(), &self.served.group_version().to_string(), meta, items))
            }
        }
    }

    /// 406 for a list that was asked for as one object, or the other way round.
    fn misfit(&self, asked: &str, is: &str, suffix: &str) -> ApiError {
        let kind = codec::object::internal_type(self.kind.0, self.kind.1);
        let message = format!("you requested {asked}, but the requested object is {is} (*{kind}{suffix})");
        ApiError::new(Reason::NotAcceptable, message)
    }

    /// A table of objects.
    pub(crate) fn table(&self, version: &str, objects: &[&Value], meta: &Value, no_headers: bool) -> Value {
        let options = TableOptions { no_headers, ..self.table_options(version) };
        described(|describe| columns::table(self.printer(), objects, meta, &options, describe))
    }

    /// The columns of a table.
    pub(super) fn column_definitions(&self) -> Value {
        described(|describe| columns::column_definitions(self.printer(), describe))
    }

    /// The row of one object.
    pub(super) fn row(&self, version: &str, object: &Value) -> Value {
        columns::row(self.printer(), object, &self.table_options(version))
    }

    fn table_options<'b>(&self, version: &'b str) -> TableOptions<'b> {
        TableOptions { version, include: self.include, no_headers: false, now: self.now.seconds() }
    }

    /// What the columns of the kind are.
    pub(super) fn printer(&self) -> &'static dyn kinds::Printer {
        kinds::printer(self.kind.0, self.kind.1)
    }
}

/// Gives `make` the texts of the API's documentation.
fn described<T>(make: impl FnOnce(columns::Describe<'_>) -> T) -> T {
    let reader = std::cell::RefCell::new(descriptions::Reader::new());
    make(&|message, field| reader.borrow_mut().describe(message, field).map(str::to_owned))
}

/// Items of a list carry neither kind nor version.
fn without_type(mut value: Value) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.retain(|key, _| !matches!(key, "kind" | "apiVersion"));
    }
    value
}

fn list(kind: &str, api_version: &str, meta: &Value, items: Vec<Value>) -> Value {
    let mut out = Map::new();
    out.insert("kind", kind.into());
    out.insert("apiVersion", api_version.into());
    out.insert("metadata", meta.clone());
    out.insert("items", items.into());
    out.into()
}
