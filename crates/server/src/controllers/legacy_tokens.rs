//! Tokens in secrets grow old: since when their use is noted, each use, and the cleaning of those that nobody uses.
//!
//! The first two are kube-apiserver's own, [`track`]; the last is a controller, [`start`].

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use api::time::Timestamp;
use api::{ApiError, Reason, Value, object};
use authn::service_account::LegacyUse;
use authn::service_account::legacy::{self, day};
use store::Scope;

use super::feed;
use crate::app::App;
use crate::catalog::Served;
use crate::http::options::DeleteOptions;
use crate::registry::parse;

const CLEANER: &str = "legacy-serviceaccount-token-cleaner-controller";
const TRACKER: &str = "legacy-token-tracking-controller";
const SYSTEM: &str = "kube-system";
/// Tells since when uses are noted.
const MAP: &str = "kube-apiserver-legacy-service-account-token-tracking";
/// How often secrets are looked through (upstream's interval).
const INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a token may be unused, in seconds (upstream's `--legacy-service-account-token-clean-up-period`).
const UNUSED_SECONDS: i64 = 365 * DAY_SECONDS;
const DAY_SECONDS: i64 = 86_400;

/// Notes on secrets that their tokens are used, and since when that is done.
pub(super) fn track(app: &Arc<App>) {
    let served = |resource| app.catalog.stored("", resource).cloned();
    let (Some(secrets), Some(maps)) = (served("secrets"), served("configmaps")) else { return };
    feed::after_changes(app, &[&maps], "note since when tokens are tracked", |app| async move {
        ensure_map(&app).await
    });
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            let used = tokio::select! {
                () = app.shutdown.end_watches() => return,
                used = app.legacy_uses.take() => used,
            };
            if let Err(error) = note_use(&app, &secrets, &used).await {
                tracing::warn!(%error, namespace = used.namespace, secret = used.name, "cannot note the use of a token");
            }
        }
    });
}

async fn ensure_map(app: &App) -> Result<(), ApiError> {
    let today = day(app.now().seconds());
    let present = app.object("", "configmaps", SYSTEM, MAP);
    let Some(present) = present else {
        let metadata = object! { "name" => MAP, "namespace" => SYSTEM };
        let map = object! { "metadata" => metadata, "data" => object! { "since" => today } };
        return super::create_missing(app, TRACKER, "configmaps", SYSTEM, map).await;
    };
    if seconds(parse(&present)?.str_at(&["data", "since"])).is_some() {
        return Ok(());
    }
    let Some(maps) = app.catalog.stored("", "configmaps") else { return Ok(()) };
    set(app, TRACKER, maps, (SYSTEM, MAP), "", &["data", "since"], &today).await
}

async fn note_use(app: &App, secrets: &Served, used: &LegacyUse) -> Result<(), ApiError> {
    let place = (used.namespace.as_str(), used.name.as_str());
    set(app, TRACKER, secrets, place, &used.uid, &["metadata", "labels", legacy::LAST_USED], &used.day).await
}

/// Sets one text of an object, of the uid given unless that is `""`.
async fn set(
    app: &App,
    who: &str,
    served: &Served,
    place: (&str, &str),
    uid: &str,
    path: &[&str],
    text: &str,
) -> Result<(), ApiError> {
    let written = super::write(app, who, served, place, "", async |call| {
        call.update(false, |call, live| {
            let live = live.value.ok_or_else(ApiError::no_such_path)?;
            if !uid.is_empty() && live.str_at(&["metadata", "uid"]) != uid {
                return Ok(live.clone());
            }
            let mut object = live.clone();
            object.set_at(path, text);
            call.track(Some(live), &mut object);
            Ok(object)
        })
        .await
    })
    .await;
    settled(written.map(drop))
}

fn settled(outcome: Result<(), ApiError>) -> Result<(), ApiError> {
    match outcome {
        Err(error) if !matches!(error.reason, Reason::NotFound | Reason::Conflict) => Err(error),
        _ => Ok(()),
    }
}

/// Starts the cleaner.
pub(super) fn start(app: &Arc<App>) {
    let Some(secrets) = app.catalog.stored("", "secrets").cloned() else { return };
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            clean(&app, &secrets, app.now().seconds()).await;
            tokio::select! {
                () = app.shutdown.end_watches() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    });
}

/// What becomes of a secret.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Keep,
    /// Its token stops to be good; somebody may say that it is still needed.
    Invalidate,
    Remove,
}

async fn clean(app: &App, secrets: &Served, now: i64) {
    let map = app.object("", "configmaps", SYSTEM, MAP).and_then(|map| parse(&map).ok());
    let Some(since) = map.as_ref().and_then(|map| seconds(map.str_at(&["data", "since"]))) else { return };
    // The first whole day counts.
    if now < since + DAY_SECONDS + UNUSED_SECONDS {
        return;
    }
    let mut mounted = HashMap::new();
    let all: Vec<_> = app.store.snapshot(&secrets.stored).iter(&Scope::All, None).cloned().collect();
    for secret in all.iter().filter(|s| s.head().fields.get("type") == Some(legacy::SECRET_TYPE)) {
        let Ok(value) = parse(secret) else { continue };
        let place = (secret.namespace(), secret.name());
        let used = mounted
            .entry(secret.namespace().to_owned())
            .or_insert_with(|| mounted_in(app, secret.namespace()));
        let account = account(app, &value);
        let done = match fate(&value, account.as_ref(), used, now) {
            Fate::Keep => Ok(()),
            Fate::Invalidate => {
                tracing::info!(namespace = place.0, secret = place.1, "an unused token stops to be good");
                let path = ["metadata", "labels", legacy::INVALID_SINCE];
                set(app, CLEANER, secrets, place, secret.head().uid, &path, &day(now)).await
            }
            Fate::Remove => {
                tracing::info!(namespace = place.0, secret = place.1, "removing an unused token");
                remove(app, secrets, place, secret.revision()).await
            }
        };
        if let Err(error) = done {
            tracing::warn!(%error, namespace = place.0, secret = place.1, "cannot clean up a token");
        }
    }
}

async fn remove(app: &App, secrets: &Served, place: (&str, &str), revision: u64) -> Result<(), ApiError> {
    let options = DeleteOptions { resource_version: Some(revision.to_string()), ..DeleteOptions::default() };
    let removed =
        super::write(app, CLEANER, secrets, place, "", async |call| call.delete(options).await).await;
    settled(removed.map(drop))
}

/// The account of a secret, unless another one has its name now.
fn account(app: &App, secret: &Value) -> Option<Value> {
    let annotation = |key: &str| secret.str_at(&["metadata", "annotations", key]);
    let (name, uid) = (annotation(legacy::ACCOUNT_NAME), annotation(legacy::ACCOUNT_UID));
    let account = app.object("", "serviceaccounts", secret.str_at(&["metadata", "namespace"]), name)?;
    parse(&account).ok().filter(|_| uid.is_empty() || account.head().uid == uid)
}

fn mounted_in(app: &App, namespace: &str) -> HashSet<String> {
    let pods = app.objects("", "pods", namespace);
    pods.iter().flat_map(admission::secret_names).map(str::to_owned).collect()
}

/// Only tokens that the cluster made by itself are cleaned: those that their account lists.
fn fate(secret: &Value, account: Option<&Value>, mounted: &HashSet<String>, now: i64) -> Fate {
    let name = secret.str_at(&["metadata", "name"]);
    let limit = now - UNUSED_SECONDS;
    let created = Timestamp::parse(secret.str_at(&["metadata", "creationTimestamp"]));
    let is_young = created.is_ok_and(|at| at.seconds() >= limit);
    let last_used = secret.at(&["metadata", "labels", legacy::LAST_USED]).as_str();
    // A day that cannot be read may be any.
    let is_used = last_used.is_some_and(|text| seconds(text).is_none() || text >= day(limit).as_str());
    let is_listed =
        account.is_some_and(|a| a.array_at(&["secrets"]).iter().any(|s| s.str_at(&["name"]) == name));
    let is_going = !secret.at(&["metadata", "deletionTimestamp"]).is_null();
    if is_young || is_going || is_used || !is_listed || mounted.contains(name) {
        return Fate::Keep;
    }
    let invalid_since = secret.str_at(&["metadata", "labels", legacy::INVALID_SINCE]);
    match seconds(invalid_since) {
        None => Fate::Invalidate,
        Some(_) if invalid_since >= day(limit).as_str() => Fate::Keep,
        Some(_) => Fate::Remove,
    }
}

/// When a day such as `2006-01-02` begins.
fn seconds(day: &str) -> Option<i64> {
    Timestamp::parse(&format!("{day}T00:00:00Z")).ok().map(Timestamp::seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn secret(created: i64, labels: &[(&str, i64)]) -> Value {
        let mut secret = object! { "metadata" => object! { "name" => "s" } };
        secret.set_at(&["metadata", "creationTimestamp"], Timestamp::new(created, 0).text());
        for (label, at) in labels {
            secret.set_at(&["metadata", "labels", label], day(*at));
        }
        secret
    }

    #[test]
    fn what_nobody_uses_goes_in_two_steps() {
        let account = object! { "secrets" => vec![object! { "name" => "s" }] };
        let old = NOW - UNUSED_SECONDS - 10 * DAY_SECONDS;
        let fate_of = |secret: &Value| fate(secret, Some(&account), &HashSet::new(), NOW);
        assert_eq!(fate_of(&secret(old, &[])), Fate::Invalidate);
        assert_eq!(fate_of(&secret(NOW - DAY_SECONDS, &[])), Fate::Keep);
        assert_eq!(fate_of(&secret(old, &[(legacy::LAST_USED, NOW - DAY_SECONDS)])), Fate::Keep);
        assert_eq!(fate_of(&secret(old, &[(legacy::LAST_USED, old)])), Fate::Invalidate);
        assert_eq!(fate_of(&secret(old, &[(legacy::INVALID_SINCE, NOW - DAY_SECONDS)])), Fate::Keep);
        assert_eq!(fate_of(&secret(old, &[(legacy::INVALID_SINCE, old)])), Fate::Remove);
        let mut odd = secret(old, &[]);
        odd.set_at(&["metadata", "labels", legacy::LAST_USED], "yesterday");
        assert_eq!(fate_of(&odd), Fate::Keep);
        let unlisted = object! {};
        let stale = secret(old, &[(legacy::INVALID_SINCE, old)]);
        assert_eq!(fate(&stale, Some(&unlisted), &HashSet::new(), NOW), Fate::Keep);
        assert_eq!(fate(&stale, None, &HashSet::new(), NOW), Fate::Keep);
        assert_eq!(fate(&stale, Some(&account), &HashSet::from(["s".to_owned()]), NOW), Fate::Keep);
    }
}
