//! Asking the authorizer from an expression: `authorizer.group('apps').resource('deployments').check('create').allowed()`.
//!
//! Entry points: [`authorizer`] and [`resource_authorizer`].

use std::fmt;

use api::{UserInfo, content, user};

use super::{Cost, Ext, ONE, Row, ext, extension, row, text};
use crate::error::Error;
use crate::value::{Result, Value};

/// Who answers the questions.
pub trait Authorizer: Send + Sync {
    /// Decides.
    fn authorize(&self, request: &Request<'_>) -> Verdict;
}

/// The question: may this user do that?
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub user: &'a UserInfo,
    /// What for.
    pub verb: &'a str,
    /// A path that is no resource; the fields below are empty then.
    pub path: Option<&'a str>,
    /// The API group; the version is always `*`.
    pub group: &'a str,
    /// The resource.
    pub resource: &'a str,
    /// The subresource, or nothing.
    pub subresource: &'a str,
    /// The namespace, or nothing.
    pub namespace: &'a str,
    /// The object, or nothing.
    pub name: &'a str,
    /// The field selector as written, or nothing.
    pub field_selector: &'a str,
    /// The label selector as written, or nothing.
    pub label_selector: &'a str,
}

/// What an authorizer decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// No.
    Deny,
    /// Nobody said yes.
    NoOpinion,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Yes or no.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// What went wrong on the way.
    pub error: Option<String>,
}

const STEP: Cost = ONE;
/// Two checks and no more fit into one expression's budget.
const CHECK: Cost = Cost::Fixed(350_000);

macro_rules! ty {
    ($name:literal) => {
        concat!("kubernetes.authorization.", $name)
    };
}

pub(super) static ROWS: &[Row] = &[
    row("path", "authorizer_path", concat!(ty!("Authorizer"), ".(string): ", ty!("PathCheck")), STEP, |a| {
        let path = non_empty(a, "path must not be empty")?;
        match step(a)? {
            Step::Authorizer(who) => made(Step::Path(who.clone(), path)),
            _ => Err(Error::no_such_overload()),
        }
    }),
    row(
        "group",
        "authorizer_group",
        concat!(ty!("Authorizer"), ".(string): ", ty!("GroupCheck")),
        STEP,
        |a| {
            let group = text(a, 1)?.to_owned();
            match step(a)? {
                Step::Authorizer(who) => made(Step::Group(who.clone(), group)),
                _ => Err(Error::no_such_overload()),
            }
        },
    ),
    row(
        "serviceAccount",
        "authorizer_serviceaccount",
        concat!(ty!("Authorizer"), ".(string, string): ", ty!("Authorizer")),
        STEP,
        |a| {
            let (namespace, name) = (text(a, 1)?, text(a, 2)?);
            if !content::dns1123_subdomain(name).is_empty() {
                return Err(Error::new("Invalid service account name"));
            }
            if !content::dns1123_label(namespace).is_empty() {
                return Err(Error::new("Invalid service account namespace"));
            }
            let Step::Authorizer(who) = step(a)? else { return Err(Error::no_such_overload()) };
            let user = UserInfo::new(
                user::service_account_username(namespace, name),
                user::service_account_groups(namespace),
            );
            made(Step::Authorizer(Who { user, ..who.clone() }))
        },
    ),
    row(
        "resource",
        "groupcheck_resource",
        concat!(ty!("GroupCheck"), ".(string): ", ty!("ResourceCheck")),
        STEP,
        |a| {
            let resource = non_empty(a, "resource must not be empty")?;
            match step(a)? {
                Step::Group(who, group) => made(Step::Resource(Box::new(Resource {
                    resource,
                    ..Resource::new(who.clone(), group.clone())
                }))),
                _ => Err(Error::no_such_overload()),
            }
        },
    ),
    row(
        "subresource",
        "resourcecheck_subresource",
        concat!(ty!("ResourceCheck"), ".(string): ", ty!("ResourceCheck")),
        STEP,
        |a| narrow(a, |r| &mut r.subresource),
    ),
    row(
        "namespace",
        "resourcecheck_namespace",
        concat!(ty!("ResourceCheck"), ".(string): ", ty!("ResourceCheck")),
        STEP,
        |a| narrow(a, |r| &mut r.namespace),
    ),
    row(
        "name",
        "resourcecheck_name",
        concat!(ty!("ResourceCheck"), ".(string): ", ty!("ResourceCheck")),
        STEP,
        |a| narrow(a, |r| &mut r.name),
    ),
    row(
        "fieldSelector",
        "authorizer_fieldselector",
        concat!(ty!("ResourceCheck"), ".(string): ", ty!("ResourceCheck")),
        Cost::Selector,
        |a| narrow(a, |r| &mut r.field_selector),
    ),
    row(
        "labelSelector",
        "authorizer_labelselector",
        concat!(ty!("ResourceCheck"), ".(string): ", ty!("ResourceCheck")),
        Cost::Selector,
        |a| narrow(a, |r| &mut r.label_selector),
    ),
    row("check", "pathcheck_check", concat!(ty!("PathCheck"), ".(string): ", ty!("Decision")), CHECK, check),
    row(
        "check",
        "resourcecheck_check",
        concat!(ty!("ResourceCheck"), ".(string): ", ty!("Decision")),
        CHECK,
        check,
    ),
    row("errored", "decision_errored", concat!(ty!("Decision"), ".(): bool"), STEP, |a| {
        Ok(Value::Bool(verdict(a)?.error.is_some()))
    }),
    row("error", "decision_error", concat!(ty!("Decision"), ".(): string"), STEP, |a| {
        Ok(Value::text(verdict(a)?.error.as_deref().unwrap_or("")))
    }),
    row("allowed", "decision_allowed", concat!(ty!("Decision"), ".(): bool"), STEP, |a| {
        Ok(Value::Bool(verdict(a)?.decision == Decision::Allow))
    }),
    row("reason", "decision_reason", concat!(ty!("Decision"), ".(): string"), STEP, |a| {
        Ok(Value::text(&verdict(a)?.reason))
    }),
];

/// A user and who decides about them.
#[derive(Clone)]
pub struct Who<'v> {
    user: UserInfo,
    authorizer: &'v dyn Authorizer,
}

impl fmt::Debug for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Who").field(&self.user).finish()
    }
}

/// A question about a resource.
#[derive(Clone, Debug)]
pub struct Resource<'v> {
    who: Who<'v>,
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
    field_selector: String,
    label_selector: String,
}

impl<'v> Resource<'v> {
    fn new(who: Who<'v>, group: String) -> Self {
        let none = String::new;
        let (resource, subresource, namespace, name) = (none(), none(), none(), none());
        Self {
            who,
            group,
            resource,
            subresource,
            namespace,
            name,
            field_selector: none(),
            label_selector: none(),
        }
    }
}

/// How far a question has got.
#[derive(Clone, Debug)]
pub enum Step<'v> {
    /// Nothing but who asks.
    Authorizer(Who<'v>),
    /// A path.
    Path(Who<'v>, String),
    /// A group.
    Group(Who<'v>, String),
    /// A resource.
    Resource(Box<Resource<'v>>),
    /// The answer.
    Answer(Verdict),
}

impl Step<'_> {
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Step::Authorizer(_) => ty!("Authorizer"),
            Step::Path(..) => ty!("PathCheck"),
            Step::Group(..) => ty!("GroupCheck"),
            Step::Resource(_) => ty!("ResourceCheck"),
            Step::Answer(_) => ty!("Decision"),
        }
    }
}

/// The value of the variable `authorizer`.
pub fn authorizer(user: UserInfo, authorizer: &dyn Authorizer) -> Value<'_> {
    ext(Ext::Authz(Step::Authorizer(Who { user, authorizer })))
}

/// The value of the variable `authorizer.requestResource`: the question for what a request is about.
pub fn resource_authorizer<'v>(
    user: UserInfo,
    authorizer: &'v dyn Authorizer,
    request: &api::RequestInfo,
) -> Value<'v> {
    let resource = Resource {
        resource: request.resource.to_string(),
        subresource: request.subresource.to_string(),
        namespace: request.namespace.to_string(),
        name: request.name.to_string(),
        ..Resource::new(Who { user, authorizer }, request.group.to_string())
    };
    ext(Ext::Authz(Step::Resource(Box::new(resource))))
}

fn made(step: Step<'_>) -> Result<'_> {
    Ok(ext(Ext::Authz(step)))
}

fn step<'a, 'v>(args: &'a [Value<'v>]) -> std::result::Result<&'a Step<'v>, Error> {
    if let Ext::Authz(step) = extension(args, 0)? { Ok(step) } else { Err(Error::no_such_overload()) }
}

fn verdict<'a>(args: &'a [Value<'_>]) -> std::result::Result<&'a Verdict, Error> {
    if let Step::Answer(verdict) = step(args)? { Ok(verdict) } else { Err(Error::no_such_overload()) }
}

fn non_empty(args: &[Value<'_>], complaint: &'static str) -> std::result::Result<String, Error> {
    let text = text(args, 1)?;
    if text.trim().is_empty() { Err(Error::new(complaint)) } else { Ok(text.to_owned()) }
}

fn narrow<'v>(args: &[Value<'v>], field: for<'a> fn(&'a mut Resource<'v>) -> &'a mut String) -> Result<'v> {
    let Step::Resource(resource) = step(args)? else { return Err(Error::no_such_overload()) };
    let mut resource = resource.clone();
    text(args, 1)?.clone_into(field(&mut resource));
    made(Step::Resource(resource))
}

fn check<'v>(args: &mut [Value<'v>]) -> Result<'v> {
    let verb = text(args, 1)?;
    let blank = |who: &Who<'v>, path: Option<&str>| {
        let request = Request {
            user: &who.user,
            verb,
            path,
            group: "",
            resource: "",
            subresource: "",
            namespace: "",
            name: "",
            field_selector: "",
            label_selector: "",
        };
        who.authorizer.authorize(&request)
    };
    let verdict = match step(args)? {
        Step::Path(who, path) => blank(who, Some(path)),
        Step::Resource(r) => r.who.authorizer.authorize(&Request {
            user: &r.who.user,
            verb,
            path: None,
            group: &r.group,
            resource: &r.resource,
            subresource: &r.subresource,
            namespace: &r.namespace,
            name: &r.name,
            field_selector: &r.field_selector,
            label_selector: &r.label_selector,
        }),
        _ => return Err(Error::no_such_overload()),
    };
    made(Step::Answer(verdict))
}
