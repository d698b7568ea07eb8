//! Work that goes on beside requests: what feeds the authorizer, and the controllers of `--controllers`.
//!
//! Entry points: [`Selected::parse`] reads the flag, [`start`] starts what is on.  Each controller is a file of its own
//! and goes through the same [`crate::registry::Call`] as requests do.

mod account_tokens;
mod accounts;
mod aggregation;
pub(crate) mod authorizers;
mod certificates;
pub(crate) mod cluster_trust;
mod expiry;
mod feed;
mod flow_schemas;
mod garbage;
mod iam_maps;
mod legacy_tokens;
mod namespace_conditions;
mod namespaces;
pub(crate) mod queue;
mod root_ca;

use std::sync::Arc;

use api::{ApiError, UserInfo, Value};

use crate::app::App;
use crate::catalog::Served;
use crate::registry::Call;

/// A controller this build has.
struct Known {
    /// kube-controller-manager's name of it.
    name: &'static str,
    /// Its older name there.
    alias: &'static str,
    start: fn(&Arc<App>),
}

const KNOWN: &[Known] = &[
    Known {
        name: "certificatesigningrequest-approving-controller",
        alias: "csrapproving",
        start: certificates::start_approving,
    },
    Known {
        name: "certificatesigningrequest-signing-controller",
        alias: "csrsigning",
        start: certificates::start_signing,
    },
    Known {
        name: "clusterrole-aggregation-controller",
        alias: "clusterrole-aggregation",
        start: aggregation::start,
    },
    Known { name: "garbage-collector-controller", alias: "garbagecollector", start: garbage::start },
    Known {
        name: "legacy-serviceaccount-token-cleaner-controller",
        alias: "legacy-service-account-token-cleaner",
        start: legacy_tokens::start,
    },
    Known { name: "namespace-controller", alias: "namespace", start: namespaces::start },
    Known {
        name: "root-ca-certificate-publisher-controller",
        alias: "root-ca-cert-publisher",
        start: root_ca::start,
    },
    Known { name: "serviceaccount-controller", alias: "serviceaccount", start: accounts::start },
    Known {
        name: "serviceaccount-token-controller",
        alias: "serviceaccount-token",
        start: account_tokens::start,
    },
];

/// The controllers that are on.
pub(crate) struct Selected(Vec<&'static Known>);

impl Selected {
    /// Reads `--controllers`: `*` is all, `NAME` switches one on, `-NAME` off; a name beats the star.
    ///
    /// # Errors
    /// Names of no controller, all at once.
    pub(crate) fn parse(list: &[String]) -> Result<Self, String> {
        let bare = |entry: &str| entry.strip_prefix('-').unwrap_or(entry).to_owned();
        let is = |known: &Known, name: &str| known.name == name || known.alias == name;
        let unknown: Vec<_> = list
            .iter()
            .map(|entry| bare(entry))
            .filter(|name| name != "*" && !KNOWN.iter().any(|k| is(k, name)))
            .collect();
        if !unknown.is_empty() {
            let have: Vec<_> = KNOWN.iter().map(|k| k.name).collect();
            return Err(format!("no controller named {}; there are {}", unknown.join(", "), have.join(", ")));
        }
        let on = |known: &Known| {
            let own = list.iter().rev().find(|entry| is(known, &bare(entry)));
            let star = list.iter().rev().find(|entry| bare(entry) == "*");
            own.or(star).is_some_and(|entry| !entry.starts_with('-'))
        };
        Ok(Self(KNOWN.iter().filter(|k| on(k)).collect()))
    }
}

/// Starts the controllers that are on, and what kube-apiserver itself looks after; they run until the server stops.
pub(crate) fn start(app: &Arc<App>, selected: &Selected) {
    cluster_trust::start(app);
    flow_schemas::start(app);
    expiry::start(app);
    legacy_tokens::track(app);
    iam_maps::start(app);
    for known in &selected.0 {
        tracing::info!(controller = known.name, "starting");
        (known.start)(app);
    }
}

/// Writes as a controller, through the same path as requests.
async fn write<T>(
    app: &App,
    controller: &str,
    served: &Served,
    (namespace, name): (&str, &str),
    subresource: &str,
    write: impl AsyncFnOnce(&mut Call<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let user = UserInfo::new(
        format!("system:serviceaccount:kube-system:{controller}"),
        ["system:serviceaccounts", "system:serviceaccounts:kube-system", api::user::AUTHENTICATED],
    );
    let mut call = Call {
        app,
        served,
        subresource,
        namespace,
        name,
        user: &user,
        manager: controller,
        dry_run: false,
        admission: true,
        own: true,
        now: app.now(),
        warnings: crate::http::Warnings::default(),
    };
    write(&mut call).await
}

/// Creates an object unless there is one of its name.
async fn create_missing(
    app: &App,
    controller: &str,
    resource: &str,
    namespace: &str,
    object: Value,
) -> Result<(), ApiError> {
    let served = app.catalog.stored("", resource).ok_or_else(ApiError::no_such_path)?;
    let name = object.str_at(&["metadata", "name"]).to_owned();
    if app.store.get(&served.key(namespace, &name)).is_some() {
        return Ok(());
    }
    let object = crate::decode::own(object, &crate::decode::Target::of_resource(served))?;
    let created =
        write(app, controller, served, (namespace, &name), "", async |call| call.create(object).await).await;
    match created {
        Err(error) if error.reason != api::Reason::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(list: &[&str]) -> Vec<&'static str> {
        let list: Vec<String> = list.iter().map(|s| (*s).to_owned()).collect();
        Selected::parse(&list).map(|s| s.0.iter().map(|k| k.name).collect()).unwrap_or_default()
    }

    #[test]
    fn a_name_beats_the_star() {
        assert_eq!(on(&["*"]).len(), KNOWN.len());
        assert!(on(&["-*"]).is_empty());
        assert_eq!(on(&["-*", "namespace"]), ["namespace-controller"]);
        assert_eq!(on(&["*", "-garbagecollector"]).len(), KNOWN.len() - 1);
    }

    #[test]
    fn unknown_names_are_told() {
        assert!(Selected::parse(&["nope".to_owned()]).is_err_and(|e| e.contains("nope")));
    }
}
