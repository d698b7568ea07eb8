//! Secrets of type `kubernetes.io/service-account-token` hold a token of the account that they name, and go with it.

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, Reason, Value};
use authn::service_account::legacy;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use store::{Change, Event, Object, Scope, Snapshot};

use super::feed::{self, Sink};
use super::queue::Queue;
use crate::app::App;
use crate::catalog::Served;
use crate::http::options::DeleteOptions;
use crate::registry::parse;

const NAME: &str = "serviceaccount-token-controller";
const AGAIN: Duration = Duration::from_secs(1);

/// Starts the controller.
pub(super) fn start(app: &Arc<App>) {
    let served = |resource| app.catalog.stored("", resource).cloned();
    let (Some(secrets), Some(accounts)) = (served("secrets"), served("serviceaccounts")) else { return };
    let queue = Queue::new();
    feed::follow(app, &secrets, Arc::new(Secrets(queue.clone())));
    feed::follow(app, &accounts, Arc::new(Accounts(queue.clone())));
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            let work = tokio::select! {
                () = app.shutdown.end_watches() => return,
                work = queue.take() => work,
            };
            let done = match &work {
                Work::Secret(secret) => complete(&app, &secrets, secret).await,
                Work::Gone(secret, account) => unlist(&app, &accounts, secret, account).await,
                Work::Account(account) => remove_tokens(&app, &secrets, account).await,
            };
            if let Err(error) = done {
                tracing::warn!(%error, ?work, "cannot look after a token, trying again");
                queue.add_later(work, AGAIN);
            }
        }
    });
}

/// An object by namespace and name, and by uid where it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Named {
    namespace: String,
    name: String,
    uid: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Work {
    /// A secret that is there may lack something.
    Secret(Named),
    /// A secret is gone; its account may still list it.
    Gone(Named, Named),
    /// An account is gone; its secrets go too.
    Account(Named),
}

/// Notices secrets that hold tokens.
struct Secrets(Arc<Queue<Work>>);

/// Notices accounts that go.
struct Accounts(Arc<Queue<Work>>);

fn named(object: &Object) -> Named {
    Named {
        namespace: object.namespace().to_owned(),
        name: object.name().to_owned(),
        uid: object.head().uid.to_owned(),
    }
}

fn holds_token(object: &Object) -> bool {
    object.head().fields.get("type") == Some(legacy::SECRET_TYPE)
}

impl Sink for Secrets {
    fn fill(&self, _served: &Served, snapshot: &Snapshot) {
        let tokens = snapshot.iter(&Scope::All, None).filter(|object| holds_token(object));
        tokens.for_each(|object| self.0.add(Work::Secret(named(object))));
    }

    fn take(&self, _served: &Served, events: &[Event]) {
        for event in events.iter().filter(|event| holds_token(&event.object)) {
            if event.change() != Change::Deleted {
                self.0.add(Work::Secret(named(&event.object)));
                continue;
            }
            let last = event.previous.as_deref().and_then(|secret| parse(secret).ok());
            if let Some(account) = last.as_ref().and_then(account_of) {
                self.0.add(Work::Gone(named(&event.object), account));
            }
        }
    }
}

impl Sink for Accounts {
    fn fill(&self, _served: &Served, _snapshot: &Snapshot) {}

    fn take(&self, _served: &Served, events: &[Event]) {
        for event in events.iter().filter(|event| event.change() == Change::Deleted) {
            let uid = event.previous.as_ref().map(|account| account.head().uid.to_owned());
            let account = named(&event.object);
            self.0.add(Work::Account(Named { uid: uid.unwrap_or_default(), ..account }));
        }
    }
}

/// The account that a secret names, `None` when it names none.
fn account_of(secret: &Value) -> Option<Named> {
    let annotation = |key: &str| secret.str_at(&["metadata", "annotations", key]).to_owned();
    let name = annotation(legacy::ACCOUNT_NAME);
    let namespace = secret.str_at(&["metadata", "namespace"]).to_owned();
    (!name.is_empty()).then(|| Named { namespace, name, uid: annotation(legacy::ACCOUNT_UID) })
}

/// The account itself, unless another one has its name now.
fn find(app: &App, account: &Named) -> Option<Value> {
    let object = app.object("", "serviceaccounts", &account.namespace, &account.name)?;
    let same = account.uid.is_empty() || object.head().uid == account.uid;
    parse(&object).ok().filter(|_| same)
}

/// Fills what a secret lacks; removes one whose account is not there.
async fn complete(app: &App, secrets: &Served, named: &Named) -> Result<(), ApiError> {
    let Some(secret) = app.object("", "secrets", &named.namespace, &named.name) else { return Ok(()) };
    let secret = parse(&secret)?;
    let Some(account) = account_of(&secret).as_ref().and_then(|account| find(app, account)) else {
        return remove(app, secrets, named).await;
    };
    let Some(filled) = fill(app, &account, &secret)? else { return Ok(()) };
    change(app, secrets, named, move |live| {
        let same = |member| live.str_at(&["metadata", member]) == secret.str_at(&["metadata", member]);
        (same("uid") && same("resourceVersion")).then(|| filled.clone())
    })
    .await
}

/// The secret with what it lacks, `None` when it lacks nothing.
fn fill(app: &App, account: &Value, secret: &Value) -> Result<Option<Value>, ApiError> {
    let mut filled = secret.clone();
    let ca = STANDARD.encode(&app.server_ca);
    if secret.str_at(&["data", "ca.crt"]) != ca {
        filled.set_at(&["data", "ca.crt"], ca);
    }
    if secret.str_at(&["data", "namespace"]).is_empty() {
        filled.set_at(&["data", "namespace"], STANDARD.encode(secret.str_at(&["metadata", "namespace"])));
    }
    if secret.str_at(&["data", "token"]).is_empty()
        && let Some(token) = app.authentication.accounts.legacy_token(account, secret)?
    {
        filled.set_at(&["data", "token"], STANDARD.encode(token.expose()));
    }
    if filled == *secret {
        return Ok(None);
    }
    for (annotation, member) in [(legacy::ACCOUNT_NAME, "name"), (legacy::ACCOUNT_UID, "uid")] {
        filled.set_at(&["metadata", "annotations", annotation], account.str_at(&["metadata", member]));
    }
    Ok(Some(filled))
}

/// Takes a secret that is gone off the list of its account.
async fn unlist(app: &App, accounts: &Served, secret: &Named, account: &Named) -> Result<(), ApiError> {
    if app.object("", "secrets", &secret.namespace, &secret.name).is_some() || find(app, account).is_none() {
        return Ok(());
    }
    change(app, accounts, account, |live| {
        let listed = live.array_at(&["secrets"]);
        let rest: Vec<Value> =
            listed.iter().filter(|s| s.str_at(&["name"]) != secret.name).cloned().collect();
        if rest.len() == listed.len() {
            return None;
        }
        let mut account = live.clone();
        if rest.is_empty() {
            account.remove_at(&["secrets"]);
        } else {
            account.set_at(&["secrets"], rest);
        }
        Some(account)
    })
    .await
}

/// Removes the secrets of an account that is gone.
async fn remove_tokens(app: &App, secrets: &Served, account: &Named) -> Result<(), ApiError> {
    let snapshot = app.store.snapshot(&secrets.stored);
    let scope = Scope::Namespace(account.namespace.as_str().into());
    let of_account = |object: &Object| {
        let secret = parse(object).ok().filter(|_| holds_token(object));
        secret.as_ref().and_then(account_of).is_some_and(|a| a.name == account.name && a.uid == account.uid)
    };
    let tokens: Vec<Named> =
        snapshot.iter(&scope, None).filter(|object| of_account(object)).map(|o| named(o)).collect();
    for token in tokens {
        remove(app, secrets, &token).await?;
    }
    Ok(())
}

async fn remove(app: &App, secrets: &Served, secret: &Named) -> Result<(), ApiError> {
    let options = DeleteOptions { uid: Some(secret.uid.clone()), ..DeleteOptions::default() };
    let place = (secret.namespace.as_str(), secret.name.as_str());
    let removed = super::write(app, NAME, secrets, place, "", async |call| call.delete(options).await).await;
    settled(removed.map(drop))
}

/// Changes an object unless `change` has nothing to change any more.
async fn change(
    app: &App,
    served: &Served,
    named: &Named,
    change: impl Fn(&Value) -> Option<Value>,
) -> Result<(), ApiError> {
    let place = (named.namespace.as_str(), named.name.as_str());
    let changed = super::write(app, NAME, served, place, "", async |call| {
        call.update(false, |call, live| {
            let live = live.value.ok_or_else(ApiError::no_such_path)?;
            let Some(mut object) = change(live) else { return Ok(live.clone()) };
            call.track(Some(live), &mut object);
            Ok(object)
        })
        .await
    })
    .await;
    settled(changed.map(drop))
}

/// Somebody else was faster: there will be an event for it.
fn settled(outcome: Result<(), ApiError>) -> Result<(), ApiError> {
    match outcome {
        Err(error) if !matches!(error.reason, Reason::NotFound | Reason::Conflict) => Err(error),
        _ => Ok(()),
    }
}
