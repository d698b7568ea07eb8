//! Naver Cloud's tokens, as `ncp-iam-authenticator` makes them: `k8s-ncp-v1.` and base64 of a JSON object with the time,
//! the access key, a signature, and the path that the signature is good for.
//!
//! Entry points: [`NaverCloud`] judges, [`sign`] makes.  The signature is Naver Cloud's API signature (version 2) of a
//! `GET` of that path, so only the cloud can check it: the path is asked for with it.

use api::{Value, object};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Claim, Cloud, Principal, Question, Told};
use crate::Secret;
use crate::jose::parse_json;

/// What its tokens begin with.
pub const PREFIX: &str = "k8s-ncp-v1.";
/// The names under which the cloud may tell who it is, when the configuration names none: the number that
/// `mapSubAccounts` calls `subAccountIdNo`.
pub const ID_FIELDS: [&str; 3] = ["subAccountIdNo", "subAccountNo", "idNo"];
/// How far the clock of a token may be away, in seconds: the cloud refuses what is older than five minutes.
pub const SKEW_SECONDS: i64 = 300;

/// Checks tokens for one cluster.
#[derive(Clone, Debug)]
pub struct NaverCloud {
    /// The path that tokens must be for; see [`path`].
    pub path: String,
    /// How far the clock of a token may be away, in seconds.
    pub skew: i64,
    /// Where in the cloud's answer the id is: names of members, dots between nested ones; the first that is there.
    pub id_fields: Vec<String>,
}

/// The path and query that tokens for a cluster are signed for.
pub fn path(region: &str, cluster: &str) -> String {
    let region = region.to_ascii_uppercase();
    let stage = match region.as_str() {
        "" | "KR" => "v1".to_owned(),
        other if other.starts_with('F') || other.contains("CS") => "v1".to_owned(),
        other => format!("{}-v1", other.to_ascii_lowercase()),
    };
    format!("/iam/{stage}/user?clusterUuid={cluster}")
}

/// Makes a token; `millis` is the time in milliseconds since the Unix epoch.
pub fn sign(access_key: &str, secret_key: &Secret, path: &str, millis: i64) -> Secret {
    let claim = object! {
        "timestamp" => millis.to_string(),
        "accessKey" => access_key,
        "signature" => signature(secret_key, path, access_key, millis),
        "path" => path,
    };
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(api::json::to_string(&claim))))
}

/// The API signature of a `GET`.
fn signature(secret_key: &Secret, path: &str, access_key: &str, millis: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret_key.expose().as_bytes());
    let signed = format!("GET {path}\n{millis}\n{access_key}");
    STANDARD.encode(hmac::sign(&key, signed.as_bytes()))
}

/// What a token says, each part in its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// When it was made, in milliseconds since the Unix epoch.
    pub millis: i64,
    /// The public half of the key that signed it.
    pub access_key: String,
    /// The path it is for.
    pub path: String,
    signature: String,
}

impl Parts {
    /// Takes a token apart; an error is what is wrong with it.
    pub fn read(token: &str) -> Result<Self, String> {
        let bad = || "the token is not in its form".to_owned();
        let encoded = token.strip_prefix(PREFIX).ok_or_else(bad)?;
        let value = parse_json(&STANDARD.decode(encoded).map_err(|_| bad())?).ok_or_else(bad)?;
        let members = value.as_object().ok_or_else(bad)?;
        let known = ["timestamp", "accessKey", "signature", "path"];
        if members.iter().any(|(name, _)| !known.contains(&name)) {
            return Err("the token has members that are not known".to_owned());
        }
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(bad);
        let timestamp = text("timestamp")?;
        let digits = timestamp.len() <= 15 && timestamp.bytes().all(|b| b.is_ascii_digit());
        let millis = timestamp.parse().ok().filter(|_| digits).ok_or("its timestamp is no number")?;
        let access_key = text("accessKey")?;
        if !(1..=128).contains(&access_key.len())
            || !access_key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        {
            return Err("its access key is none".to_owned());
        }
        let signature = text("signature")?;
        if STANDARD.decode(&signature).is_ok_and(|bytes| bytes.len() == 32) {
            Ok(Self { millis, access_key, path: text("path")?, signature })
        } else {
            Err("its signature is not the length of one".to_owned())
        }
    }
}

impl Cloud for NaverCloud {
    fn prefix(&self) -> &'static str {
        PREFIX
    }

    fn claim(&self, token: &str, now: i64) -> Result<Claim, String> {
        let parts = Parts::read(token)?;
        let made = parts.millis / 1000;
        if made > now.saturating_add(self.skew) {
            return Err("the token was made in the future".to_owned());
        }
        let expires = made.saturating_add(self.skew);
        if expires <= now {
            return Err("the token has expired".to_owned());
        }
        if parts.path != self.path {
            return Err("the token is for another cluster or region".to_owned());
        }
        let (path, query) = parts.path.split_once('?').unwrap_or((&parts.path, ""));
        let question = Question {
            host: String::new(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![
                ("x-ncp-apigw-timestamp", parts.millis.to_string()),
                ("x-ncp-iam-access-key", parts.access_key.clone()),
                ("x-ncp-apigw-signature-v2", parts.signature),
            ],
        };
        Ok(Claim { question, expires, access_key: parts.access_key })
    }

    fn principal(&self, claim: &Claim, told: &Told) -> Result<Principal, String> {
        if told.status != 200 {
            return Err(format!("the cloud does not know it (status {})", told.status));
        }
        let answer = parse_json(&told.body).ok_or("the answer of the cloud is no JSON")?;
        let id = self.id_fields.iter().find_map(|field| id(&answer, field));
        let id = id.ok_or_else(|| {
            format!("the answer of the cloud has no id; looked for {}", self.id_fields.join(", "))
        })?;
        Ok(Principal {
            uid: format!("ncp:{id}"),
            id,
            access_key: claim.access_key.clone(),
            extra: vec![("authn.sumun.io/iam-access-key", claim.access_key.clone())],
            ..Principal::default()
        })
    }
}

/// The id under a path of names; numbers are as good as texts.
fn id(answer: &Value, field: &str) -> Option<String> {
    let path: Vec<&str> = field.split('.').collect();
    match answer.at(&path) {
        Value::String(text) if !text.is_empty() && text.len() <= 256 => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn cloud() -> NaverCloud {
        NaverCloud {
            path: path("KR", "c-1"),
            skew: SKEW_SECONDS,
            id_fields: ID_FIELDS.map(str::to_owned).to_vec(),
        }
    }

    fn token(millis: i64) -> String {
        sign("ACCESS", &Secret::new("secret"), &path("kr", "c-1"), millis).expose().to_owned()
    }

    #[test]
    fn paths_follow_regions() {
        assert_eq!(path("KR", "c"), "/iam/v1/user?clusterUuid=c");
        assert_eq!(path("", "c"), "/iam/v1/user?clusterUuid=c");
        assert_eq!(path("FKR", "c"), "/iam/v1/user?clusterUuid=c");
        assert_eq!(path("KRCS", "c"), "/iam/v1/user?clusterUuid=c");
        assert_eq!(path("sgn", "c"), "/iam/sgn-v1/user?clusterUuid=c");
    }

    #[test]
    fn tokens_are_as_the_tool_makes_them() {
        let token = token(1_700_000_000_123);
        let json = STANDARD.decode(token.strip_prefix(PREFIX).unwrap()).unwrap();
        // HMAC-SHA256 of "GET /iam/v1/user?clusterUuid=c-1\n1700000000123\nACCESS" under "secret".
        assert_eq!(
            String::from_utf8(json).unwrap(),
            "{\"timestamp\":\"1700000000123\",\"accessKey\":\"ACCESS\",\"signature\":\"tVR+2Hpdrsm71RCJsd/5kpqTlwWvBEJyo1liQadGhVc=\",\"path\":\"/iam/v1/user?clusterUuid=c-1\"}"
        );
    }

    #[test]
    fn a_token_becomes_a_question_with_its_signature() {
        let claim = cloud().claim(&token(NOW * 1000), NOW).unwrap();
        assert_eq!(
            (claim.question.path.as_str(), claim.question.query.as_str()),
            ("/iam/v1/user", "clusterUuid=c-1")
        );
        assert_eq!(claim.question.headers[0].1, format!("{NOW}000"));
        assert_eq!(claim.question.headers[1].1, "ACCESS");
        assert_eq!(claim.expires, NOW + 300);
        assert!(!format!("{claim:?}").contains(&claim.question.headers[2].1));
    }

    #[test]
    fn bad_tokens_are_asked_nobody_about() {
        let made = |json: &str| format!("{PREFIX}{}", STANDARD.encode(json));
        let good = token(NOW * 1000);
        let parts = String::from_utf8(STANDARD.decode(good.strip_prefix(PREFIX).unwrap()).unwrap()).unwrap();
        let why = |token: &str| cloud().claim(token, NOW).unwrap_err();
        assert!(cloud().claim(&made(&parts), NOW).is_ok());
        let form = "the token is not in its form";
        for (token, want) in [
            (token((NOW - 300) * 1000), "the token has expired"),
            (token((NOW + 301) * 1000), "the token was made in the future"),
            (made(&parts.replace("c-1", "c-2")), "the token is for another cluster or region"),
            (made(&parts.replace("/iam/v1", "//evil/..")), "the token is for another cluster or region"),
            (made(&parts.replace("ACCESS", "A\\r\\nx: y")), "its access key is none"),
            (made(&parts.replace("\"timestamp\":\"18", "\"timestamp\":\"+8")), "its timestamp is no number"),
            (
                made(&parts.replace("\"path\"", "\"more\":\"x\",\"path\"")),
                "the token has members that are not known",
            ),
            (made(&parts.replace("\"path\"", "\"path\":\"x\",\"path\"")), form),
            (made("[]"), form),
            (made("{}"), form),
            (format!("{PREFIX}*"), form),
            (PREFIX.to_owned(), form),
        ] {
            assert_eq!(why(&token), want, "{token}");
        }
    }

    #[test]
    fn answers_name_an_id() {
        let claim = cloud().claim(&token(NOW * 1000), NOW).unwrap();
        let judge = |status, body: &str| {
            let told = Told { status, body: body.as_bytes().to_vec() };
            cloud().principal(&claim, &told).map(|p| p.id)
        };
        assert_eq!(judge(200, r#"{"subAccountIdNo":"12"}"#).unwrap(), "12");
        assert_eq!(judge(200, r#"{"idNo":34,"x":1}"#).unwrap(), "34");
        for (status, body) in
            [(401, r#"{"idNo":34}"#), (200, "{}"), (200, "<html>"), (200, r#"{"idNo":""}"#), (302, "")]
        {
            assert!(judge(status, body).is_err(), "{status} {body}");
        }
        let nested = NaverCloud { id_fields: vec!["user.no".into()], ..cloud() };
        let told = Told { status: 200, body: br#"{"user":{"no":7}}"#.to_vec() };
        assert_eq!(nested.principal(&claim, &told).unwrap().id, "7");
    }
}
