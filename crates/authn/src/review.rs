//! The reviews of `authentication.k8s.io`: whose token is this, and who am I.

use api::error::{ApiError, Result};
use api::time::Timestamp;
use api::user::UserInfo;
use api::{Map, Value, object};

use crate::authenticator::{Authenticator, Certificate, Credentials, TokenContext};

/// A `TokenReview` with its status; `audiences` are those of the server, `now` is in seconds since the Unix epoch.
pub fn token_review(
    mut review: Value,
    authenticator: &dyn Authenticator,
    audiences: &[String],
    now: i64,
) -> Result<Value> {
    let token = review.str_at(&["spec", "token"]);
    if token.is_empty() {
        return Err(ApiError::bad_request("token is required for TokenReview in authentication"));
    }
    let asked = review.array_at(&["spec", "audiences"]).iter().filter_map(Value::as_str);
    let asked: Vec<String> = asked.map(str::to_owned).collect();
    let wanted = if asked.is_empty() { audiences } else { &asked };
    let answer = authenticator.authenticate(&Credentials {
        certificate: Certificate::None,
        authorization: Some(&format!("Bearer {token}")),
        websocket_protocols: None,
        path: "",
        context: TokenContext { audiences: wanted, now },
    });
    let mut status = Map::new();
    match answer {
        Err(error) => {
            status.insert("user", object! {});
            status.insert("error", error.to_string().into());
        }
        Ok(None) => {
            status.insert("user", object! {});
        }
        Ok(Some(identity)) => {
            let common = identity.audiences.iter().any(|a| wanted.contains(a));
            if !wanted.is_empty() && !common {
                return Err(ApiError::internal("error validating audiences"));
            }
            status.insert("authenticated", true.into());
            status.insert("user", identity.user.value());
            let audiences: Vec<&str> = identity.audiences.iter().map(String::as_str).collect();
            if !audiences.is_empty() {
                status.insert("audiences", audiences.into());
            }
        }
    }
    review.set_at(&["status"], status);
    Ok(review)
}

/// The answer to a `SelfSubjectReview`, whatever it said.
pub fn self_subject_review(user: &UserInfo, now: i64) -> Value {
    object! {
        "kind" => "SelfSubjectReview",
        "apiVersion" => "authentication.k8s.io/v1",
        "metadata" => object! { "creationTimestamp" => Timestamp::new(now, 0).text() },
        "status" => object! { "userInfo" => user.value() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticator::{Answer, AuthnError, Identity};

    struct One;

    impl Authenticator for One {
        fn authenticate(&self, credentials: &Credentials) -> Answer {
            let audiences = credentials.context.audiences.to_vec();
            match credentials.authorization {
                Some("Bearer bob") => {
                    Ok(Some(Identity { audiences, ..Identity::of(UserInfo::new("bob", ["dev"])) }))
                }
                Some("Bearer deaf") => Ok(Some(Identity::of(UserInfo::new("deaf", ["dev"])))),
                _ => Err(AuthnError::new("invalid bearer token")),
            }
        }
    }

    fn review(token: &str) -> Result<String> {
        let review = object! { "spec" => object! { "token" => token } };
        token_review(review, &One, &["api".to_owned()], 0).map(|r| api::json::to_string(r.at(&["status"])))
    }

    #[test]
    fn token_reviews() {
        assert_eq!(
            review("bob").unwrap(),
            r#"{"authenticated":true,"user":{"username":"bob","groups":["dev"]},"audiences":["api"]}"#
        );
        assert_eq!(review("eve").unwrap(), r#"{"user":{},"error":"invalid bearer token"}"#);
        assert_eq!(review("").unwrap_err().message, "token is required for TokenReview in authentication");
        assert_eq!(
            review("deaf").unwrap_err().message,
            "Internal error occurred: error validating audiences"
        );
    }

    #[test]
    fn self_reviews() {
        let got = self_subject_review(&UserInfo::new("bob", ["dev"]), 0);
        assert_eq!(got.str_at(&["metadata", "creationTimestamp"]), "1970-01-01T00:00:00Z");
        assert_eq!(got.str_at(&["status", "userInfo", "username"]), "bob");
    }
}
