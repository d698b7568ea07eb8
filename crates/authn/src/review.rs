//! The reviews of `authentication.k8s.io`: whose token is this, and who am I.

use api::error::{ApiError, Result};
use api::time::Timestamp;
use api::user::UserInfo;
use api::{Map, Value, object};

use crate::authenticator::{Credentials, TokenContext};
use crate::chain::Chain;

/// A `TokenReview` with its status; `audiences` are those of the server, `now` is in seconds since the Unix epoch.
pub async fn token_review(mut review: Value, chain: &Chain, audiences: &[String], now: i64) -> Result<Value> {
    let token = review.str_at(&["spec", "token"]);
    if token.is_empty() {
        return Err(ApiError::bad_request("token is required for TokenReview in authentication"));
    }
    let asked = review.array_at(&["spec", "audiences"]).iter().filter_map(Value::as_str);
    let asked: Vec<String> = asked.map(str::to_owned).collect();
    let wanted = if asked.is_empty() { audiences } else { &asked };
    let header = format!("Bearer {token}");
    let context = TokenContext { audiences: wanted, now };
    let answer = chain.authenticate(&Credentials::header(Some(&header), context)).await;
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
    use crate::authenticator::{Answer, AuthnError, Identity, TokenAuthenticator, TokenMember};
    use crate::{Anonymous, SystemRandom, TokenCache};
    use futures_util::FutureExt as _;
    use std::sync::Arc;

    struct One;

    impl TokenAuthenticator for One {
        fn authenticate_token(&self, token: &str, context: &TokenContext) -> Answer {
            let audiences = context.audiences.to_vec();
            let user = UserInfo::new(token, ["dev"]);
            match token {
                "bob" => Ok(Some(Identity { audiences, ..Identity::of(user) })),
                "deaf" => Ok(Some(Identity::of(user))),
                _ => Err(AuthnError::new("never heard of it")),
            }
        }
    }

    fn review(token: &str) -> Result<String> {
        let review = object! { "spec" => object! { "token" => token } };
        let tokens = TokenCache::new(vec![TokenMember::Local(Arc::new(One))], 10, &SystemRandom).unwrap();
        let chain = Chain { members: Vec::new(), tokens: Some(tokens), anonymous: Anonymous::Refused };
        let reviewed = token_review(review, &chain, &["api".to_owned()], 0).now_or_never().unwrap();
        reviewed.map(|r| api::json::to_string(r.at(&["status"])))
    }

    #[test]
    fn token_reviews() {
        assert_eq!(
            review("bob").unwrap(),
            r#"{"authenticated":true,"user":{"username":"bob","groups":["dev","system:authenticated"]},"audiences":["api"]}"#
        );
        assert_eq!(
            review("eve").unwrap(),
            r#"{"user":{},"error":"[invalid bearer token, never heard of it]"}"#
        );
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
