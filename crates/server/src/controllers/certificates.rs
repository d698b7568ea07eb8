//! Requests for certificates: kubelets' are approved if they may ask for them, approved ones are signed, as
//! kube-controller-manager does.

use std::sync::Arc;
use std::time::Duration;

use api::{ApiError, UserInfo, Value, object};
use authz::{Attributes, ResourceTarget};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use store::{Change, Event, Scope, Snapshot};

use super::feed::{self, Sink};
use super::queue::Queue;
use crate::app::App;
use crate::catalog::Served;
use crate::registry::parse;
use crate::signing::{self, Request, rules};

const GROUP: &str = "certificates.k8s.io";
const RESOURCE: &str = "certificatesigningrequests";
/// The account that kube-controller-manager uses for both.
const NAME: &str = "certificate-controller";
const AGAIN: Duration = Duration::from_secs(1);

/// What is done with requests.
#[derive(Clone, Copy)]
enum Work {
    Approve,
    Sign,
}

/// A change to a request: the subresource that is written, and what it gets.
struct Step {
    subresource: &'static str,
    change: Outcome,
}

enum Outcome {
    Condition(Value),
    Certificate(String),
}

/// Starts the controller that approves requests of kubelets.
pub(super) fn start_approving(app: &Arc<App>) {
    start(app, Work::Approve);
}

/// Starts the controller that signs.
pub(super) fn start_signing(app: &Arc<App>) {
    start(app, Work::Sign);
}

fn start(app: &Arc<App>, work: Work) {
    let Some(served) = app.catalog.stored(GROUP, RESOURCE).cloned() else { return };
    let queue = Queue::<api::Str>::new();
    feed::follow(app, &served, Arc::new(Touched(queue.clone())));
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                () = app.shutdown.end_watches() => return,
                name = queue.take() => name,
            };
            if let Err(error) = handle(&app, &served, &name, work).await {
                tracing::warn!(%error, request = %name, "cannot handle a request for a certificate, trying again");
                queue.add_later(name, AGAIN);
            }
        }
    });
}

struct Touched(Arc<Queue<api::Str>>);

impl Sink for Touched {
    fn fill(&self, _served: &Served, snapshot: &Snapshot) {
        snapshot.iter(&Scope::All, None).for_each(|object| self.0.add(object.name().into()));
    }

    fn take(&self, _served: &Served, events: &[Event]) {
        let live = events.iter().filter(|e| e.change() != Change::Deleted);
        live.for_each(|event| self.0.add(event.object.name().into()));
    }
}

async fn handle(app: &App, served: &Served, name: &str, work: Work) -> Result<(), ApiError> {
    let Some(object) = app.object(GROUP, RESOURCE, "", name) else { return Ok(()) };
    let object = parse(&object)?;
    let step = match work {
        Work::Approve => approve(app, &object).await,
        Work::Sign => sign(app, &object),
    };
    let Some(step) = step else { return Ok(()) };
    let written = super::write(app, NAME, served, ("", name), step.subresource, async |call| {
        call.update(false, |call, live| {
            let mut object = live.value.cloned().unwrap_or_default();
            object.remove_at(&["metadata", "resourceVersion"]);
            step.change.apply(&mut object);
            call.track(live.value, &mut object);
            Ok(object)
        })
        .await
    })
    .await;
    match written {
        Err(error) if error.reason != api::Reason::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Outcome {
    fn apply(&self, object: &mut Value) {
        match self {
            Self::Condition(condition) => {
                let mut conditions = object.array_at(&["status", "conditions"]).to_vec();
                conditions.push(condition.clone());
                object.set_at(&["status", "conditions"], conditions);
            }
            Self::Certificate(pem) => object.set_at(&["status", "certificate"], STANDARD.encode(pem)),
        }
    }
}

/// Approves a kubelet's client certificate when whoever asks may have it: its own (`selfnodeclient`), or another's
/// (`nodeclient`).
async fn approve(app: &App, object: &Value) -> Option<Step> {
    let signed = !object.str_at(&["status", "certificate"]).is_empty();
    if signed || has(object, "Approved", false) || has(object, "Denied", false) {
        return None;
    }
    let (request, usages) = (read(object)?, usages(object));
    let signer = object.str_at(&["spec", "signerName"]);
    if signer != rules::KUBELET_CLIENT || !matches!(rules::check(signer, &request, &usages), Some(Ok(()))) {
        return None;
    }
    let asker = asker(object);
    let own = (asker.name == request.common_name).then_some((
        "selfnodeclient",
        "Auto approving self kubelet client certificate after SubjectAccessReview.",
    ));
    let any = ("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview.");
    let mut message = None;
    for (subresource, text) in own.into_iter().chain([any]) {
        if message.is_none() && may_create(app, &asker, subresource).await {
            message = Some(text);
        }
    }
    let message = message?;
    Some(Step {
        subresource: "approval",
        change: Outcome::Condition(object! {
            "type" => "Approved", "status" => "True", "reason" => "AutoApproved", "message" => message,
        }),
    })
}

/// Signs what is approved, with the cluster's CA.
fn sign(app: &App, object: &Value) -> Option<Step> {
    let signed = !object.str_at(&["status", "certificate"]).is_empty();
    let refused = has(object, "Denied", false) || has(object, "Failed", true);
    if signed || refused || !has(object, "Approved", true) {
        return None;
    }
    let signer = app.signer.load();
    let ca = signer.as_ref()?;
    let (request, usages) = (read(object)?, usages(object));
    let status = |change| Some(Step { subresource: "status", change });
    let checked = rules::check(object.str_at(&["spec", "signerName"]), &request, &usages)?;
    let asked = object.at(&["spec", "expirationSeconds"]).as_i64();
    let seconds = signing::lifetime(app.config.cluster_signing_duration, asked);
    if let Err(why) = checked {
        let now = app.now().text();
        return status(Outcome::Condition(object! {
            "type" => "Failed", "status" => "True", "reason" => "SignerValidationFailure",
            "message" => why, "lastUpdateTime" => now,
        }));
    }
    match ca.sign(&request, &usages, seconds, app.now().seconds()) {
        Ok(pem) => status(Outcome::Certificate(pem)),
        Err(why) => {
            tracing::warn!(%why, request = object.str_at(&["metadata", "name"]), "cannot sign a certificate");
            None
        }
    }
}

async fn may_create(app: &App, user: &UserInfo, subresource: &str) -> bool {
    let target = ResourceTarget {
        group: GROUP,
        version: "*",
        resource: RESOURCE,
        subresource,
        ..ResourceTarget::default()
    };
    app.authorization.check(&Attributes::of_resource(user, "create", target)).await.is_ok()
}

/// Whether a request has a condition, true or (when that does not matter) of any status.
fn has(object: &Value, kind: &str, when_true: bool) -> bool {
    object.array_at(&["status", "conditions"]).iter().any(|condition| {
        let status = condition.str_at(&["status"]);
        condition.str_at(&["type"]) == kind && (!when_true || matches!(status, "" | "True"))
    })
}

fn read(object: &Value) -> Option<Request> {
    let pem = STANDARD.decode(object.str_at(&["spec", "request"])).ok()?;
    Request::parse(&pem).ok()
}

fn usages(object: &Value) -> Vec<&str> {
    object.array_at(&["spec", "usages"]).iter().filter_map(Value::as_str).collect()
}

/// Who has asked.
fn asker(object: &Value) -> UserInfo {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap_or_default().iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut user = UserInfo::new(object.str_at(&["spec", "username"]), texts(object.at(&["spec", "groups"])));
    user.uid = object.str_at(&["spec", "uid"]).to_owned();
    if let Some(extra) = object.at(&["spec", "extra"]).as_object() {
        user.extra = extra.iter().map(|(key, values)| (key.to_string(), texts(values))).collect();
    }
    user
}
