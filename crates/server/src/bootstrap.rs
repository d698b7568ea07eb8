//! What every cluster starts with: namespaces, roles and bindings, the `kubernetes` service, priority classes, flow
//! control, API services.  Entry point: [`run`], at each start; what is there already is left alone or reconciled.

mod cluster;
mod flowcontrol;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use api::{ApiError, Reason, UserInfo, Value};
use authz::bootstrap as policy;
use authz::rbac::{self, Kind, Step};

use crate::app::App;
use crate::registry::{Call, parse};

/// One object that has to be there.
pub(super) struct Wanted {
    /// Its API group.
    pub group: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its plural resource name.
    pub resource: &'static str,
    /// The object; kind and version may be left out.
    pub object: Value,
}

/// Creates what is missing.
///
/// # Errors
/// The object that could not be made, and why.
pub(crate) async fn run(app: &App) -> Result<(), ApiError> {
    // Namespaces first: everything namespaced is refused without.
    create_missing(app, cluster::namespaces()).await?;
    create_missing(app, flowcontrol::objects().chain(cluster::objects(app)?)).await?;
    crate::controllers::cluster_trust::sync(app).await?;
    all(policy::objects().into_iter().map(async |(kind, object)| reconcile(app, kind, &object).await)).await
}

async fn create_missing(app: &App, wanted: impl IntoIterator<Item = Wanted>) -> Result<(), ApiError> {
    all(wanted.into_iter().map(async |wanted: Wanted| {
        let (namespace, name) = names(&wanted.object);
        if app.object(wanted.group, wanted.resource, &namespace, &name).is_some() {
            return Ok(());
        }
        match create(app, &wanted).await {
            Err(error) if error.reason != Reason::AlreadyExists => {
                let what = format!("{} {namespace}/{name}", wanted.resource);
                Err(ApiError { message: format!("{what}: {}", error.message), ..error })
            }
            _ => Ok(()),
        }
    }))
    .await
}

/// How many writes are under way at once: enough to share syncs to disk, few enough to need little memory.
const AT_ONCE: usize = 24;

/// Waits for all writes, several at once; answers the first failure, after the last write.
async fn all<F>(writes: impl IntoIterator<Item = F>) -> Result<(), ApiError>
where
    F: Future<Output = Result<(), ApiError>>,
{
    let mut writes = writes.into_iter().map(Box::pin).fuse();
    let mut pending = Vec::with_capacity(AT_ONCE);
    let mut outcome = Ok(());
    poll_fn(move |cx| {
        loop {
            pending.extend(writes.by_ref().take(AT_ONCE - pending.len()));
            if pending.is_empty() {
                return Poll::Ready(std::mem::replace(&mut outcome, Ok(())));
            }
            let before = pending.len();
            pending.retain_mut(|write: &mut Pin<Box<F>>| match write.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(done) => {
                    if let (Ok(()), Err(error)) = (&outcome, done) {
                        outcome = Err(error);
                    }
                    false
                }
            });
            if pending.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Creates or completes a bootstrap role or binding (upstream's `rbac/bootstrap-roles` hook).
async fn reconcile(app: &App, kind: Kind, wanted: &Value) -> Result<(), ApiError> {
    let (namespace, name) = names(wanted);
    let existing = app.object(rbac::GROUP, kind.resource(), &namespace, &name);
    let existing = existing.as_deref().map(parse).transpose()?;
    let step = match kind {
        Kind::Role | Kind::ClusterRole => rbac::reconcile_role(existing.as_ref(), wanted),
        Kind::RoleBinding | Kind::ClusterRoleBinding => rbac::reconcile_binding(existing.as_ref(), wanted),
    };
    let object = |object| Wanted { group: rbac::GROUP, version: "v1", resource: kind.resource(), object };
    match step {
        Step::Keep | Step::Protected => Ok(()),
        Step::Create(new) => create(app, &object(new)).await,
        Step::Update(new) => update(app, &object(new)).await,
        Step::Recreate(new) => {
            with_call(app, &object(Value::Null), &namespace, &name, async |mut call: Call<'_>| {
                call.delete(crate::http::options::DeleteOptions::default()).await.map(drop)
            })
            .await?;
            create(app, &object(new)).await
        }
    }
}

/// Writes an object of the core group, as the server itself.
///
/// # Errors
/// Why it cannot be written.
pub(crate) async fn put(
    app: &App,
    resource: &'static str,
    object: Value,
    exists: bool,
) -> Result<(), ApiError> {
    let wanted = Wanted { group: "", version: "v1", resource, object };
    if exists { update(app, &wanted).await } else { create(app, &wanted).await }
}

async fn create(app: &App, wanted: &Wanted) -> Result<(), ApiError> {
    let (namespace, name) = names(&wanted.object);
    let object = complete(app, wanted)?;
    with_call(app, wanted, &namespace, &name, async |mut call: Call<'_>| {
        call.create(object.clone()).await.map(drop)
    })
    .await
}

async fn update(app: &App, wanted: &Wanted) -> Result<(), ApiError> {
    let (namespace, name) = names(&wanted.object);
    let object = complete(app, wanted)?;
    with_call(app, wanted, &namespace, &name, async |mut call: Call<'_>| {
        call.update(false, |call, live| {
            let mut object = object.clone();
            object.remove_at(&["metadata", "resourceVersion"]);
            call.track(live.value, &mut object);
            Ok(object)
        })
        .await
        .map(drop)
    })
    .await
}

/// The object as a decoded request body would be.
fn complete(app: &App, wanted: &Wanted) -> Result<Value, ApiError> {
    let served =
        app.catalog.find(wanted.group, wanted.version, wanted.resource).ok_or_else(ApiError::no_such_path)?;
    crate::decode::own(wanted.object.clone(), &crate::decode::Target::of_resource(served))
}

/// Runs a write as the server itself, past admission.
async fn with_call(
    app: &App,
    wanted: &Wanted,
    namespace: &str,
    name: &str,
    write: impl AsyncFnOnce(Call<'_>) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let served =
        app.catalog.find(wanted.group, wanted.version, wanted.resource).ok_or_else(ApiError::no_such_path)?;
    let user = server_user();
    let call = Call {
        app,
        served,
        subresource: "",
        namespace,
        name,
        user: &user,
        manager: "kube-apiserver",
        dry_run: false,
        admission: false,
        own: true,
        now: app.now(),
        warnings: crate::http::Warnings::default(),
    };
    write(call).await
}

/// The server's own identity.
pub(crate) fn server_user() -> UserInfo {
    UserInfo::new("system:apiserver", [api::user::SYSTEM_MASTERS])
}

fn names(object: &Value) -> (String, String) {
    let text = |member| object.str_at(&["metadata", member]).to_owned();
    (text("namespace"), text("name"))
}
