//! What went wrong with a request, and the one place that turns it into a `metav1.Status` (k8s.io/apimachinery
//! `api/errors`).  Every stage answers [`ApiError`]; only [`ApiError::status`] knows how it looks on the wire.

use std::fmt;

use crate::{GroupResource, Map, Value, field, object};

/// The machine-readable reason of a Status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No reason is given (`""`).
    Unknown,
    /// 400: the request makes no sense.
    BadRequest,
    /// 401: no valid credentials.
    Unauthorized,
    /// 403: the user may not.
    Forbidden,
    /// 404: no such object or path.
    NotFound,
    /// 405: no such verb here.
    MethodNotAllowed,
    /// 406: no such answer encoding.
    NotAcceptable,
    /// 409: the object exists.
    AlreadyExists,
    /// 409: somebody else changed the object.
    Conflict,
    /// 410: gone for good.
    Gone,
    /// 410: the revision is too old.
    Expired,
    /// 413: the body is too large.
    RequestEntityTooLarge,
    /// 415: no such body encoding.
    UnsupportedMediaType,
    /// 422: the object is not valid.
    Invalid,
    /// 429: try later.
    TooManyRequests,
    /// 500: a fault of ours.
    InternalError,
    /// 500: could not finish in time, try again.
    ServerTimeout,
    /// 503: not now.
    ServiceUnavailable,
    /// 504: did not finish in time.
    Timeout,
}

impl Reason {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        self.wire().0
    }

    /// The HTTP status code that goes with it.
    pub fn code(self) -> u16 {
        self.wire().1
    }

    fn wire(self) -> (&'static str, u16) {
        match self {
            Self::Unknown => ("", 500),
            Self::BadRequest => ("BadRequest", 400),
            Self::Unauthorized => ("Unauthorized", 401),
            Self::Forbidden => ("Forbidden", 403),
            Self::NotFound => ("NotFound", 404),
            Self::MethodNotAllowed => ("MethodNotAllowed", 405),
            Self::NotAcceptable => ("NotAcceptable", 406),
            Self::AlreadyExists => ("AlreadyExists", 409),
            Self::Conflict => ("Conflict", 409),
            Self::Gone => ("Gone", 410),
            Self::Expired => ("Expired", 410),
            Self::RequestEntityTooLarge => ("RequestEntityTooLarge", 413),
            Self::UnsupportedMediaType => ("UnsupportedMediaType", 415),
            Self::Invalid => ("Invalid", 422),
            Self::TooManyRequests => ("TooManyRequests", 429),
            Self::InternalError => ("InternalError", 500),
            Self::ServerTimeout => ("ServerTimeout", 500),
            Self::ServiceUnavailable => ("ServiceUnavailable", 503),
            Self::Timeout => ("Timeout", 504),
        }
    }
}

/// One cause in the details of a Status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cause {
    /// Machine-readable reason, `""` for none.
    pub reason: String,
    /// Text for people.
    pub message: String,
    /// The field it is about, `""` for none.
    pub field: String,
}

/// The details of a Status; all empty is written as `{}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// Name of the object.
    pub name: String,
    /// Group of the object.
    pub group: String,
    /// Resource or kind of the object.
    pub kind: String,
    /// Uid of the object.
    pub uid: String,
    /// Single causes.
    pub causes: Vec<Cause>,
    /// When to try again, in seconds; also sent as `Retry-After`.
    pub retry_after_seconds: i64,
    /// How to go on with a list that expired; written into the metadata of the Status.
    pub continue_token: String,
}

/// A request that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// Machine-readable reason.
    pub reason: Reason,
    /// HTTP status code; mostly that of the reason.
    pub code: u16,
    /// Text for people; clients match some of them.
    pub message: String,
    /// What it is about, when there is more to say.
    pub details: Option<Box<Details>>,
}

/// The result of a stage.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;

impl ApiError {
    /// A failure without details.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, code: reason.code(), message: message.into(), details: None }
    }

    fn about(reason: Reason, resource: &GroupResource, name: &str, message: String) -> Self {
        let details = Details {
            name: name.to_owned(),
            group: resource.group.to_string(),
            kind: resource.resource.to_string(),
            ..Details::default()
        };
        Self { details: Some(Box::new(details)), ..Self::new(reason, message) }
    }

    /// The same failure with a hint when to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: i64) -> Self {
        self.details.get_or_insert_default().retry_after_seconds = seconds;
        self
    }

    /// The same failure with one more cause.
    #[must_use]
    pub fn with_cause(mut self, cause: Cause) -> Self {
        self.details.get_or_insert_default().causes.push(cause);
        self
    }

    /// The same failure with a token that goes on with a list.
    #[must_use]
    pub fn with_continue(mut self, token: impl Into<String>) -> Self {
        self.details.get_or_insert_default().continue_token = token.into();
        self
    }

    /// 404 for an object.
    pub fn not_found(resource: &GroupResource, name: &str) -> Self {
        Self::about(
            Reason::NotFound,
            resource,
            name,
            format!("{resource} {} not found", field::go_quote(name)),
        )
    }

    /// 404 for a path of the API that leads nowhere.
    pub fn no_such_path() -> Self {
        let details = Some(Box::default());
        Self { details, ..Self::new(Reason::NotFound, "the server could not find the requested resource") }
    }

    /// 405 for a path of the API that has no such method.
    pub fn method_not_allowed() -> Self {
        let details = Some(Box::default());
        let message = "the server does not allow this method on the requested resource";
        Self { details, ..Self::new(Reason::MethodNotAllowed, message) }
    }

    /// 500 without a reason: upstream's answer where it lets an error through as it is.
    pub fn unclassified(message: impl fmt::Display) -> Self {
        Self::new(Reason::Unknown, message.to_string())
    }

    /// The same failure with details, if only empty ones, as failures of upstream's router have.
    #[must_use]
    pub fn with_details(mut self) -> Self {
        self.details.get_or_insert_default();
        self
    }

    /// 405 for a verb that the resource does not have.
    pub fn method_not_supported(resource: &GroupResource, action: &str) -> Self {
        let message = format!(
            "{action} is not supported on resources of kind {}",
            field::go_quote(&resource.to_string())
        );
        Self::about(Reason::MethodNotAllowed, resource, "", message)
    }

    /// 409: the object is there already.
    pub fn already_exists(resource: &GroupResource, name: &str) -> Self {
        let message = format!("{resource} {} already exists", field::go_quote(name));
        Self::about(Reason::AlreadyExists, resource, name, message)
    }

    /// 409: no free name was found for a `generateName`.
    pub fn generate_name_conflict(resource: &GroupResource, name: &str) -> Self {
        let message = format!(
            "{resource} {} already exists, the server was not able to generate a unique name for the object",
            field::go_quote(name)
        );
        Self::about(Reason::AlreadyExists, resource, name, message).retry_after(1)
    }

    /// 409: the write was made against another state of the object.
    pub fn conflict(resource: &GroupResource, name: &str, why: impl fmt::Display) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} {}: {why}", field::go_quote(name));
        Self::about(Reason::Conflict, resource, name, message)
    }

    /// 409 with upstream's text for a stale `resourceVersion`.
    pub fn stale(resource: &GroupResource, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    /// 409 of server-side apply, with the contested fields as causes.
    pub fn apply_conflict(causes: Vec<Cause>, message: String) -> Self {
        let details = Details { causes, ..Details::default() };
        Self { details: Some(Box::new(details)), ..Self::new(Reason::Conflict, message) }
    }

    /// 403, and why.
    pub fn forbidden(resource: &GroupResource, name: &str, why: impl fmt::Display) -> Self {
        let message = if resource.resource.is_empty() && resource.group.is_empty() {
            format!("forbidden: {why}")
        } else if name.is_empty() {
            format!("{resource} is forbidden: {why}")
        } else {
            format!("{resource} {} is forbidden: {why}", field::go_quote(name))
        };
        Self::about(Reason::Forbidden, resource, name, message)
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(Reason::Unauthorized, "Unauthorized")
    }

    /// 422: the object of `kind` in `group` failed validation.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &field::Errors) -> Self {
        let kind_name = GroupResource::new(group, kind);
        let causes = errors
            .0
            .iter()
            .map(|e| Cause {
                reason: e.kind.reason().to_owned(),
                message: e.body.clone(),
                field: e.field.to_string(),
            })
            .collect();
        let mut message = format!("{kind_name} {} is invalid", field::go_quote(name));
        if !errors.is_empty() {
            message.push_str(&format!(": {errors}"));
        }
        let mut error = Self::about(Reason::Invalid, &kind_name, name, message);
        error.details.get_or_insert_default().causes = causes;
        error
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Reason::BadRequest, message)
    }

    /// 410: the revision asked for is no longer known.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(Reason::Expired, message)
    }

    /// 500: a fault of ours.
    pub fn internal(why: impl fmt::Display) -> Self {
        let message = format!("Internal error occurred: {why}");
        let cause = Cause { message: why.to_string(), ..Cause::default() };
        Self::new(Reason::InternalError, message).with_cause(cause)
    }

    /// 504: did not finish in time.
    pub fn timeout(message: impl fmt::Display, retry_after_seconds: i64) -> Self {
        let error = Self::new(Reason::Timeout, format!("Timeout: {message}"));
        error.retry_after(retry_after_seconds)
    }

    /// 413.
    pub fn too_large(message: impl fmt::Display) -> Self {
        Self::new(Reason::RequestEntityTooLarge, format!("Request entity too large: {message}"))
    }

    /// 429 with upstream's details.
    pub fn too_many_requests(message: impl Into<String>, retry_after_seconds: i64) -> Self {
        Self::new(Reason::TooManyRequests, message).retry_after(retry_after_seconds)
    }

    /// The Status object, members in upstream's order.
    pub fn status(&self) -> Value {
        let mut status = object! {
            "kind" => "Status", "apiVersion" => "v1", "metadata" => object! {}, "status" => "Failure",
            "message" => self.message.as_str(),
        };
        let map = status.make_object();
        if self.reason != Reason::Unknown {
            map.insert("reason", self.reason.as_str().into());
        }
        if let Some(token) =
            self.details.as_ref().map(|d| d.continue_token.as_str()).filter(|t| !t.is_empty())
        {
            map.insert("metadata", object! { "continue" => token });
        }
        if let Some(details) = self.details.as_ref().filter(|d| !d.only_continues()) {
            map.insert("details", details.value());
        }
        map.insert("code", i64::from(self.code).into());
        status
    }
}

impl Details {
    /// True when there is nothing to write but the token, which stands elsewhere.
    fn only_continues(&self) -> bool {
        let token = self.continue_token.clone();
        !token.is_empty() && *self == Self { continue_token: token, ..Self::default() }
    }

    fn value(&self) -> Value {
        let mut map = Map::new();
        let mut text = |key: &str, s: &str| {
            if !s.is_empty() {
                map.insert(key, s.into());
            }
        };
        text("name", &self.name);
        text("group", &self.group);
        text("kind", &self.kind);
        text("uid", &self.uid);
        if !self.causes.is_empty() {
            map.insert("causes", self.causes.iter().map(Cause::value).collect::<Vec<_>>().into());
        }
        if self.retry_after_seconds != 0 {
            map.insert("retryAfterSeconds", self.retry_after_seconds.into());
        }
        map.into()
    }
}

impl Cause {
    fn value(&self) -> Value {
        let pairs = [("reason", &self.reason), ("message", &self.message), ("field", &self.field)];
        pairs.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k, v.as_str())).collect::<Map>().into()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_found_reads_as_upstreams() {
        let e = ApiError::not_found(&GroupResource::new("apps", "deployments"), "web");
        assert_eq!(
            crate::json::to_string(&e.status()),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"deployments.apps \"web\" not found","reason":"NotFound","details":{"name":"web","group":"apps","kind":"deployments"},"code":404}"#
        );
    }

    #[test]
    fn invalid_lists_every_cause_and_an_empty_details_stays() {
        let mut errors = field::Errors::new();
        errors.required(&field::Path::new("spec.a"), "");
        errors.forbidden(&field::Path::new("spec.b"), "no");
        let e = ApiError::invalid("", "Pod", "p", &errors);
        assert_eq!(e.message, "Pod \"p\" is invalid: [spec.a: Required value, spec.b: Forbidden: no]");
        assert_eq!(e.status().array_at(&["details", "causes"]).len(), 2);
        assert_eq!(ApiError::no_such_path().status().at(&["details"]), &Value::object());
    }
}
