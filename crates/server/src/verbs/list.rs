//! LIST: a snapshot of the store, streamed.

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, Map, Value, error::Cause};
use hyper::StatusCode;
use store::{Name, Object, RevisionError, Scope, Snapshot};

use super::page::Token;
use super::selection::Selection;
use super::stream::{self, Form};
use super::{Exchange, revision};
use crate::app::App;
use crate::http::options::{ListOptions, Match};
use crate::http::{Response, answer};

/// How long a read waits for a revision that is not there yet (upstream's `blockTimeout`).
const WAIT: Duration = Duration::from_secs(3);

/// Answers a LIST.
///
/// # Errors
/// What is wrong with the options; 410 for a revision that is gone; 504 for one that does not come.
pub(crate) async fn list(exchange: Arc<Exchange>, options: &ListOptions) -> Result<Response, ApiError> {
    let served = &exchange.served;
    let selection = Selection::new(served, options)?;
    let shaper = exchange.shaper()?;
    let page = Page::new(&exchange, options, &selection).await?;
    if let Some(form) = Form::of(&shaper) {
        let media_type = exchange.output.format.media_type();
        return Ok(answer::bytes(StatusCode::OK, media_type, stream::body(&exchange, form, page).await?));
    }
    let items = page.objects().map(|o| shaper.value(o)).collect::<Result<Vec<_>, _>>()?;
    answer::value(StatusCode::OK, &shaper.list(&page.meta, items)?, &exchange.output)
}

/// The objects of a request at one moment; also what deletecollection goes through.
pub(crate) struct Page {
    snapshot: Snapshot,
    scope: Scope,
    after: Option<Name>,
    selection: Option<Selection>,
    /// The last object of the page; `None` goes to the end.
    last: Option<Name>,
    /// `metadata` of the list.
    pub meta: Value,
}

impl Page {
    /// Finds the snapshot and the part of it that the options ask for.
    pub(crate) async fn new(
        exchange: &Exchange,
        options: &ListOptions,
        selection: &Selection,
    ) -> Result<Self, ApiError> {
        let served = &exchange.served;
        let namespace = exchange.namespace.as_str();
        let token = match options.continue_token.as_str() {
            "" => None,
            text => Some(Token::decode(text, namespace, served.table.namespaced)?),
        };
        let snapshot = snapshot(&exchange.app, &served.stored, options, token.as_ref(), namespace).await?;
        let revision = snapshot.revision();
        let mut page = Self {
            scope: selection.scope(served, namespace),
            snapshot,
            after: token.map(|t| t.after),
            selection: (!selection.is_everything()).then(|| selection.clone()),
            last: None,
            meta: Value::object(),
        };
        let mut meta = Map::new();
        meta.insert("resourceVersion", revision.to_string().into());
        // "Anything will do" is answered whole: the pages of a list must show one state, and this one names none.
        let whole = options.resource_version == "0" && options.continue_token.is_empty();
        if options.limit > 0 && !whole {
            page.cut(options.limit, revision, namespace, &mut meta);
        }
        page.meta = meta.into();
        Ok(page)
    }

    /// Ends the page after `limit` objects and says in `meta` how to go on.
    fn cut(&mut self, limit: usize, revision: u64, namespace: &str, meta: &mut Map) {
        let (last, remaining) = {
            let mut objects = self.objects();
            let last = objects.by_ref().take(limit).last().map(|o| o.key().name.clone());
            // Counting selected objects would look at all of them; upstream gives no number then either.
            let remaining = if self.selection.is_some() {
                usize::from(objects.next().is_some())
            } else {
                objects.count()
            };
            (last, remaining)
        };
        let Some(last) = last.filter(|_| remaining > 0) else { return };
        meta.insert(
            "continue",
            Token { revision: Some(revision), after: last.clone() }.encode(namespace).into(),
        );
        if self.selection.is_none() {
            meta.insert("remainingItemCount", i64::try_from(remaining).unwrap_or(i64::MAX).into());
        }
        self.last = Some(last);
    }

    /// What the page begins behind.
    pub(super) fn after(&self) -> Option<&Name> {
        self.after.as_ref()
    }

    /// The objects of the page, in order.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects_after(self.after.as_ref())
    }

    pub(super) fn objects_after<'a>(
        &'a self,
        after: Option<&'a Name>,
    ) -> impl Iterator<Item = &'a Arc<Object>> {
        let selected = move |o: &&Arc<Object>| self.selection.as_ref().is_none_or(|s| s.matches(o));
        let inside = move |o: &&Arc<Object>| self.last.as_ref().is_none_or(|last| o.key().name <= *last);
        self.snapshot.iter(&self.scope, after).take_while(inside).filter(selected)
    }
}

/// The snapshot that the options ask for (the table under "Semantics for get and list" in the API concepts).
async fn snapshot(
    app: &App,
    resource: &store::Resource,
    options: &ListOptions,
    token: Option<&Token>,
    namespace: &str,
) -> Result<Snapshot, ApiError> {
    if let Some(token) = token {
        if !matches!(options.resource_version.as_str(), "" | "0") {
            return Err(ApiError::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let Some(revision) = token.revision else { return newest(app, resource).await };
        return app.store.snapshot_at(resource, revision).map_err(|e| match e {
            RevisionError::TooOld { .. } => inconsistent(token, namespace),
            RevisionError::TooNew { requested, current } => too_new(requested, current),
        });
    }
    let Some(revision) = revision(&options.resource_version)? else { return newest(app, resource).await };
    if revision == 0 {
        return Ok(app.store.snapshot(resource));
    }
    wait(app, revision).await?;
    let exact =
        options.version_match == Some(Match::Exact) || (options.version_match.is_none() && options.limit > 0);
    if !exact {
        return Ok(app.store.snapshot(resource));
    }
    app.store.snapshot_at(resource, revision).map_err(|e| match e {
        RevisionError::TooOld { .. } => {
            ApiError::expired("The resourceVersion for the provided list is too old.")
        }
        RevisionError::TooNew { requested, current } => too_new(requested, current),
    })
}

async fn newest(app: &App, resource: &store::Resource) -> Result<Snapshot, ApiError> {
    app.store.consistent().await.map_err(crate::registry::storage)?;
    Ok(app.store.snapshot(resource))
}

/// Waits a little for a revision that is not there yet.
///
/// # Errors
/// 504 with upstream's text and cause.
pub(crate) async fn wait(app: &App, revision: u64) -> Result<(), ApiError> {
    if app.store.revision() >= revision {
        return Ok(());
    }
    let reached = tokio::time::timeout(WAIT, app.store.reached(revision)).await;
    reached.map_err(|_| too_new(revision, app.store.revision()))
}

fn too_new(requested: u64, current: u64) -> ApiError {
    let cause = Cause {
        reason: "ResourceVersionTooLarge".to_owned(),
        message: "Too large resource version".to_owned(),
        field: String::new(),
    };
    ApiError::timeout(format!("Too large resource version: {requested}, current: {current}"), 1)
        .with_cause(cause)
}

/// 410 with a token that goes on at the newest state.
fn inconsistent(token: &Token, namespace: &str) -> ApiError {
    const TEXT: &str = "The provided continue parameter is too old to display a consistent list result. You can start a \
                        new list without the continue parameter, or use the continue token in this response to retrieve \
                        the remainder of the results. Continuing with the provided token results in an inconsistent list \
                        - objects that were created, modified, or deleted between the time the first chunk was returned \
                        and now may show up in the list.";
    let onward = Token { revision: None, after: token.after.clone() };
    ApiError::expired(TEXT).with_continue(onward.encode(namespace))
}
