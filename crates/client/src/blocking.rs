//! The client for commands: no async code around it.  Entry points: [`Blocking::new`], [`Blocking::list`].

use std::ops::ControlFlow;

use api::{GroupVersionResource, Value};

use crate::{Client, Config, ConfigError, Error, Kind, Request};

/// Objects on a page of a list (client-go's default).
const PAGE: u32 = 500;
/// Largest answer that a command takes, a page of a list: 500 objects of the largest size would be 750 MiB.
const LARGEST: usize = 256 << 20;

/// A client that blocks.
#[derive(Debug)]
pub struct Blocking {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

/// What to list.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// The resource.
    pub resource: GroupVersionResource,
    /// In this namespace, `""` for all.
    pub namespace: String,
    /// Label selector, `""` for none.
    pub labels: String,
    /// Field selector, `""` for none.
    pub fields: String,
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The objects; items of a list do not carry their kind and version.
    pub items: Vec<Value>,
    /// Revision of the list.
    pub resource_version: String,
    /// Objects that are still to come, when the server tells.
    pub remaining: Option<u64>,
}

impl ListRequest {
    /// Everything of a resource.
    pub fn all(resource: GroupVersionResource) -> Self {
        Self { resource, namespace: String::new(), labels: String::new(), fields: String::new() }
    }

    fn path(&self) -> String {
        let (group, version) = (&self.resource.group, &self.resource.version);
        let root =
            if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        match self.namespace.as_str() {
            "" => format!("{root}/{}", self.resource.resource),
            namespace => format!("{root}/namespaces/{namespace}/{}", self.resource.resource),
        }
    }

    fn query(&self, limit: u32, next: &str) -> String {
        let mut query = format!("limit={limit}");
        for (key, value) in
            [("labelSelector", self.labels.as_str()), ("fieldSelector", &self.fields), ("continue", next)]
        {
            if !value.is_empty() {
                query.push_str(&format!("&{key}={}", escape(value)));
            }
        }
        query
    }
}

impl Blocking {
    /// A client of its own.
    ///
    /// # Errors
    /// What cannot be used.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let client = Client::new(config)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| format!("cannot wait for the network: {e}"))?;
        Ok(Self { client, runtime })
    }

    /// What it was made of.
    pub fn config(&self) -> &Config {
        self.client.config()
    }

    /// Asks for a JSON object.
    ///
    /// # Errors
    /// Those of [`Client::call`].
    pub fn call(&self, request: &Request) -> Result<Value, Error> {
        self.runtime.block_on(self.client.call(request))
    }

    /// The object at a path, such as `/apis`.
    ///
    /// # Errors
    /// Those of [`Client::call`].
    pub fn get(&self, path: &str) -> Result<Value, Error> {
        self.call(&Request { largest: LARGEST, ..Request::get(path) })
    }

    /// The answer to an object that is sent to a path, such as a review.
    ///
    /// # Errors
    /// Those of [`Client::call`].
    pub fn post(&self, path: &str, object: &Value) -> Result<Value, Error> {
        self.call(&Request { largest: LARGEST, ..Request::post(path, object) })
    }

    /// Lists a page at a time until there is no more or `take` breaks.
    ///
    /// # Errors
    /// Those of [`Client::call`]; 410 when the list took so long that its revision is gone.
    pub fn list(
        &self,
        what: &ListRequest,
        mut take: impl FnMut(Page) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut next = String::new();
        loop {
            let request = Request::get(what.path()).query(what.query(PAGE, &next));
            let mut list = self.call(&Request { largest: LARGEST, ..request })?;
            let metadata = list.at(&["metadata"]);
            let remaining = metadata.at(&["remainingItemCount"]).as_i64().and_then(|n| u64::try_from(n).ok());
            let resource_version = metadata.str_at(&["resourceVersion"]).to_owned();
            let following = metadata.str_at(&["continue"]).to_owned();
            let items = match list.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => items,
                Some(Value::Null) => Vec::new(),
                _ => {
                    return Err(Error::new(
                        Kind::Protocol,
                        format!("{}: the answer is no list", what.path()),
                    ));
                }
            };
            if take(Page { items, resource_version, remaining }).is_break() || following.is_empty() {
                return Ok(());
            }
            if following == next {
                return Err(Error::new(Kind::Protocol, format!("{}: the list does not go on", what.path())));
            }
            next = following;
        }
    }

    /// The whole list.
    ///
    /// # Errors
    /// Those of [`Blocking::list`].
    pub fn list_all(&self, what: &ListRequest) -> Result<Vec<Value>, Error> {
        let mut all = Vec::new();
        self.list(what, |page| {
            all.extend(page.items);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b if b.is_ascii_alphanumeric() => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}
