//! The verbs of resources.  Each takes an [`Exchange`], which only an authorized request can become, and answers.

mod connect;

mod delete;
mod eviction;
mod list;
mod page;
mod patch;
mod scale;
mod selection;
mod shape;
mod special;
mod stream;
mod token;
mod watch;
mod watch_socket;
mod write;

use std::sync::Arc;

use api::field::{Errors, Path, go_quote};
use api::request::Query;
use api::{ApiError, Str, UserInfo};
use hyper::StatusCode;

use crate::app::App;
use crate::catalog::Served;
use crate::http::accept::Output;
use crate::http::options::ListOptions;
use crate::http::{Response, Warnings};
use crate::registry::Call;
use shape::Shaper;

/// A request about a resource that has passed every gate, with what the verbs need of it.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// The server.
    pub app: Arc<App>,
    /// The resource.
    pub served: Arc<Served>,
    /// The subresource, if the request names one.
    pub subresource: Option<&'static schema::Subresource>,
    /// Namespace, `""` for none.
    pub namespace: Str,
    /// Name, `""` for none.
    pub name: Str,
    /// Who asks.
    pub user: UserInfo,
    /// The query.
    pub query: Query,
    /// How the answer is to look.
    pub output: Output,
    /// `Content-Type` of the body.
    pub content_type: String,
    /// It came in on the insecure port, where everything is allowed.
    pub insecure: bool,
    /// What to tell the client besides the answer.
    pub warnings: Warnings,
    /// `User-Agent`; the field manager when none is named.
    pub user_agent: String,
}

impl Exchange {
    /// The write that this request is.
    fn call<'a>(&'a self, manager: &'a str, dry_run: bool) -> Call<'a> {
        Call {
            app: &self.app,
            served: &self.served,
            subresource: self.subresource.map_or("", |s| s.name),
            namespace: &self.namespace,
            name: &self.name,
            user: &self.user,
            manager,
            dry_run,
            admission: true,
            own: false,
            now: self.app.now(),
            warnings: self.warnings.clone(),
        }
    }

    fn shaper(&self) -> Result<Shaper<'_>, ApiError> {
        Shaper::new(&self.served, &self.output, &self.query, self.app.now())
    }

    /// The object that the request names.
    fn stored(&self) -> Result<Arc<store::Object>, ApiError> {
        let key = self.served.key(&self.namespace, &self.name);
        self.app.store.get(&key).ok_or_else(|| self.not_found())
    }

    fn not_found(&self) -> ApiError {
        ApiError::not_found(&self.served.group_resource(), &self.name)
    }

    fn manager(&self, named: &str) -> String {
        ::patch::managed::manager_name(named, &self.user_agent)
    }
}

/// GET of one object.
///
/// # Errors
/// 404; 500 for a revision that is none, as upstream; 504 for one that does not come.
pub(crate) async fn get(exchange: &Exchange) -> Result<Response, ApiError> {
    let asked = parse_revision(exchange.query.first("resourceVersion").unwrap_or(""));
    match asked.map_err(ApiError::unclassified)? {
        None => drop(exchange.app.store.consistent().await.map_err(crate::registry::storage)?),
        Some(revision) => list::wait(&exchange.app, revision).await?,
    }
    let key = exchange.served.key(&exchange.namespace, &exchange.name);
    let object = exchange.app.store.get(&key).ok_or_else(|| exchange.not_found())?;
    match exchange.subresource {
        Some(sub) if sub.name == "scale" => scale::get(exchange, &object),
        _ => exchange.shaper()?.object(StatusCode::OK, &object),
    }
}

/// LIST or WATCH.
///
/// # Errors
/// What is wrong with the options.
pub(crate) async fn list_or_watch(exchange: Exchange, force_watch: bool) -> Result<Response, ApiError> {
    let mut options = ListOptions::parse(&exchange.query)?;
    options.watch |= force_watch;
    if !exchange.name.is_empty() {
        options.select_name(&exchange.name)?;
    }
    if options.watch {
        watch::watch(Arc::new(exchange), &options).await
    } else {
        list::list(Arc::new(exchange), &options).await
    }
}

pub(crate) use connect::connect;
pub(crate) use delete::{delete, delete_collection};
pub(crate) use patch::{check_patch_type, patch};
pub(crate) use watch_socket::upgrade as watch_over_websocket;
pub(crate) use write::{create, create_subresource, update};

/// A revision as clients write it: `""` is none.
///
/// # Errors
/// Upstream's text for what is none.
fn parse_revision(text: &str) -> Result<Option<u64>, Errors> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let mut errors = Errors::new();
        let detail = format!("strconv.ParseUint: parsing {}: invalid syntax", go_quote(text));
        errors.invalid(&Path::new("resourceVersion"), &text.into(), detail);
        errors
    })
}

/// The revision that a read names.
///
/// # Errors
/// 400 with upstream's text.
fn revision(text: &str) -> Result<Option<u64>, ApiError> {
    parse_revision(text).map_err(|why| ApiError::bad_request(format!("invalid resource version: {why}")))
}
