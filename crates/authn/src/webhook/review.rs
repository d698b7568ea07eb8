//! `TokenReview` on the wire.

use api::user::UserInfo;
use api::{Map, Value, object};

use super::ReviewVersion;
use crate::authenticator::{Answer, AuthnError, Identity};

const KIND: &str = "TokenReview";

/// What counts of an answer.
#[derive(Debug, Default)]
pub(super) struct Status {
    authenticated: bool,
    user: UserInfo,
    audiences: Vec<String>,
    error: String,
}

/// The question whose token this is.
pub(super) fn of(token: &str, audiences: &[String], version: ReviewVersion) -> Value {
    let mut spec = object! { "token" => token };
    if !audiences.is_empty() {
        spec.set_at(&["audiences"], audiences.iter().map(|a| Value::from(a.as_str())).collect::<Vec<_>>());
    }
    object! {
        "kind" => KIND, "apiVersion" => version.api_version(), "metadata" => Map::new(),
        "spec" => spec, "status" => object! { "user" => Map::new() },
    }
}

impl ReviewVersion {
    /// The version of a name such as `v1`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "v1" => Some(Self::V1),
            "v1beta1" => Some(Self::V1beta1),
            _ => None,
        }
    }

    fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "authentication.k8s.io/v1",
            Self::V1beta1 => "authentication.k8s.io/v1beta1",
        }
    }
}

impl Status {
    /// Reads an answer.  Whoever answers with something else, or in another version, has not answered.  What is wrong
    /// is said without the value: it may be the token.
    pub(super) fn read(answer: &Value, version: ReviewVersion) -> Result<Self, String> {
        let (kind, api_version) = (answer.str_at(&["kind"]), answer.str_at(&["apiVersion"]));
        if kind != KIND || api_version != version.api_version() {
            let wanted = version.api_version();
            return Err(format!("webhook did not answer with kind {KIND:?} of version {wanted:?}"));
        }
        let status = answer.at(&["status"]);
        let user = status.at(&["user"]);
        let extra = user.at(&["extra"]);
        let extra = match extra {
            Value::Null => None,
            Value::Object(map) => Some(map),
            _ => return Err(wrong("user.extra")),
        };
        let extra = extra.into_iter().flat_map(Map::iter);
        let extra = extra.map(|(key, values)| Ok((key.to_owned(), texts(values, "user.extra")?)));
        Ok(Self {
            authenticated: match status.at(&["authenticated"]) {
                Value::Null => false,
                Value::Bool(flag) => *flag,
                _ => return Err(wrong("authenticated")),
            },
            user: UserInfo {
                name: text(user.at(&["username"]), "user.username")?,
                uid: text(user.at(&["uid"]), "user.uid")?,
                groups: texts(user.at(&["groups"]), "user.groups")?,
                extra: extra.collect::<Result<_, String>>()?,
            },
            audiences: texts(status.at(&["audiences"]), "audiences")?,
            error: text(status.at(&["error"]), "error")?,
        })
    }

    /// Who it is.  `wanted` are the audiences that were asked for, `implicit` those of a service that knows none.
    pub(super) fn identity(self, wanted: &[String], implicit: &[String]) -> Answer {
        let good_for = if self.audiences.is_empty() { implicit } else { &self.audiences };
        let audiences: Vec<String> = wanted.iter().filter(|a| good_for.contains(a)).cloned().collect();
        if !wanted.is_empty() && audiences.is_empty() {
            return Ok(None);
        }
        match (self.authenticated, self.error) {
            (true, _) => Ok(Some(Identity { audiences, ..Identity::of(self.user) })),
            (false, error) if error.is_empty() => Ok(None),
            (false, error) => Err(AuthnError::new(error)),
        }
    }
}

fn wrong(field: &str) -> String {
    format!("webhook answered with a status.{field} of the wrong type")
}

fn text(value: &Value, field: &str) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.to_string()),
        _ => Err(wrong(field)),
    }
}

fn texts(value: &Value, field: &str) -> Result<Vec<String>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(field))).collect()
        }
        _ => Err(wrong(field)),
    }
}
