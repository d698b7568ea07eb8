//! What can be said of a token without asking anybody: what kind it is, who takes it, whom it names, until when, bound
//! to what, and why it would be refused.  The token itself is in no answer.
//!
//! Entry point: [`inspect`].

use api::time::Timestamp;
use api::user::{service_account_groups, service_account_username};
use api::{Map, Value, object};

use crate::iam::{aws, ncp};
use crate::jose::{Compact, PublicKey};
use crate::service_account::{Claims, legacy};

/// What is known while a token is looked at.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Keys that may have signed it; none: signatures are not checked.
    pub keys: &'a [PublicKey],
    /// Issuers that are taken; none: any.
    pub issuers: &'a [String],
    /// Audiences that it must be for, one of them; none: any.
    pub audiences: &'a [String],
    /// Now, in seconds since the Unix epoch.
    pub now: i64,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// Its kind in words.
    pub kind: &'static str,
    /// Which way in takes it, by the flag or resource that a reader knows it by.
    pub taken_by: &'static str,
    /// What it says, by name, the more important first.
    pub facts: Map,
    /// Why it would be refused.
    pub problems: Vec<String>,
    /// What could not be found out here.
    pub unknown: Vec<String>,
}

/// Says what there is to say of a token.
pub fn inspect(token: &str, known: &Known<'_>) -> Inspection {
    if token.starts_with(ncp::PREFIX) {
        return naver_cloud(token, known);
    }
    if token.starts_with(aws::PREFIX) {
        return amazon(token, known);
    }
    if let Some(jws) = Compact::parse(token) {
        return jwt(&jws, known);
    }
    match token.split_once('.').filter(|(id, secret)| is_bootstrap(id, 6) && is_bootstrap(secret, 16)) {
        Some((id, _)) => bootstrap(id),
        None => opaque(token),
    }
}

impl Inspection {
    fn new(kind: &'static str, taken_by: &'static str) -> Self {
        Self { kind, taken_by, facts: Map::new(), problems: Vec::new(), unknown: Vec::new() }
    }

    /// Adds what is not empty.
    fn tell(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        let empty =
            value.is_null() || value.as_str() == Some("") || value.as_array().is_some_and(<[_]>::is_empty);
        if !empty {
            self.facts.insert(name, value);
        }
    }

    fn time(&mut self, name: &str, seconds: Option<i64>) {
        let seconds = seconds.filter(|s| *s != i64::MIN);
        self.tell(name, seconds.map_or(Value::Null, |s| Timestamp::new(s, 0).text().into()));
    }

    fn times(&mut self, payload: &Value, now: i64) {
        let number = |name: &str| match payload.at(&[name]) {
            Value::Int(i) => Some(*i),
            Value::Float(f) if f.abs() < 1e15 => Some(*f as i64),
            _ => None,
        };
        let (issued, from, until) = (number("iat"), number("nbf"), number("exp"));
        self.time("issued", issued);
        self.time("validFrom", from.filter(|from| Some(*from) != issued));
        self.time("expires", until);
        if until.is_some_and(|until| until < now) {
            self.problems.push("it has expired".to_owned());
        }
        if from.is_some_and(|from| from > now) {
            self.problems.push("it is not valid yet".to_owned());
        }
    }

    fn signature(&mut self, jws: &Compact<'_>, known: &Known<'_>) {
        let (id, algorithm) = (jws.key_id(), jws.claimed_algorithm());
        self.tell("algorithm", algorithm);
        self.tell("keyID", id);
        if algorithm.eq_ignore_ascii_case("none") || algorithm.starts_with("HS") {
            self.problems.push(format!("tokens with the algorithm {algorithm} are never taken"));
            return;
        }
        let mut candidates = known.keys.iter().filter(|key| id.is_empty() || key.id == id).peekable();
        if known.keys.is_empty() {
            self.unknown.push("the signature was not checked: no keys are given".to_owned());
        } else if candidates.peek().is_none() {
            self.problems.push("none of the keys has its key ID".to_owned());
        } else if let Some(key) = candidates.find(|key| jws.payload_if_signed_by(key).is_some()) {
            self.tell("signedBy", key.id.as_str());
        } else {
            self.problems.push("its signature is not by the key that it names".to_owned());
        }
    }

    fn issuer(&mut self, issuer: &str, known: &Known<'_>) {
        self.tell("issuer", issuer);
        if !known.issuers.is_empty() && !known.issuers.iter().any(|i| i == issuer) {
            self.problems.push("its issuer is none of those that are taken".to_owned());
        }
    }

    fn audiences(&mut self, audiences: &[String], known: &Known<'_>) {
        self.tell("audiences", audiences.iter().map(String::as_str).collect::<Vec<_>>());
        if !known.audiences.is_empty() && !audiences.iter().any(|a| known.audiences.contains(a)) {
            self.problems.push(format!("it is for none of the audiences {}", known.audiences.join(", ")));
        }
    }
}

fn jwt(jws: &Compact<'_>, known: &Known<'_>) -> Inspection {
    let payload = jws.claimed_payload();
    if jws.claimed_issuer() == legacy::ISSUER {
        return in_secret(jws, known);
    }
    if payload.at(&["kubernetes.io"]).as_object().is_some() {
        return service_account(jws, known);
    }
    let mut found = Inspection::new(
        "OpenID Connect token (JWT)",
        "--oidc-issuer-url or --authentication-config, where its issuer is configured",
    );
    found.tell("subject", payload.str_at(&["sub"]));
    found.issuer(jws.claimed_issuer(), known);
    let audiences = match payload.at(&["aud"]) {
        Value::String(one) => vec![one.to_string()],
        many => {
            many.as_array().unwrap_or_default().iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
    };
    found.audiences(&audiences, known);
    found.times(payload, known.now);
    if payload.at(&["exp"]).is_null() {
        found.problems.push("it has no end (exp)".to_owned());
    }
    let names = payload.as_object().into_iter().flat_map(Map::iter).map(|(name, _)| name);
    found.tell("claims", names.collect::<Vec<_>>());
    found.signature(jws, known);
    found.unknown.push("user name and groups: the mapping of its issuer says".to_owned());
    found
}

fn service_account(jws: &Compact<'_>, known: &Known<'_>) -> Inspection {
    let mut found = Inspection::new(
        "service account token (TokenRequest)",
        "service accounts (--service-account-issuer)",
    );
    let payload = jws.claimed_payload();
    let Some(claims) = Claims::read(payload) else {
        found.problems.push("its claims cannot be read".to_owned());
        found.signature(jws, known);
        return found;
    };
    account(&mut found, &claims.namespace, &claims.account.name, &claims.account.uid);
    let bound = [("Pod", &claims.pod), ("Secret", &claims.secret)];
    let mut bound: Vec<(&str, _)> = bound.into_iter().filter_map(|(k, r)| Some((k, r.as_ref()?))).collect();
    if claims.pod.is_none() {
        bound.extend(claims.node.as_ref().map(|node| ("Node", node)));
    } else if let Some(node) = &claims.node {
        found.tell("node", node.name.as_str());
    }
    let shown = bound.iter().map(|(kind, reference)| {
        object! { "kind" => *kind, "name" => reference.name.as_str(), "uid" => reference.uid.as_str() }
    });
    found.tell("boundTo", shown.collect::<Vec<_>>());
    found.issuer(&claims.issuer, known);
    found.audiences(&claims.audiences, known);
    found.times(payload, known.now);
    found.time("staleFrom", claims.warn_after);
    found.tell(
        "credentialID",
        if claims.id.is_empty() { String::new() } else { format!("JTI={}", claims.id) },
    );
    found.signature(jws, known);
    let ends = match bound.first() {
        Some((kind, reference)) => {
            format!("account and {kind} `{}` still exist with these uids", reference.name)
        }
        None => "the account still exists with this uid".to_owned(),
    };
    found.unknown.push(format!("whether the {ends}").replace("the account and", "account and"));
    found
}

fn in_secret(jws: &Compact<'_>, known: &Known<'_>) -> Inspection {
    let mut found = Inspection::new(
        "service account token of a secret (legacy)",
        "secrets of type kubernetes.io/service-account-token",
    );
    let payload = jws.claimed_payload();
    let claim = |name: &str| payload.str_at(&[&format!("kubernetes.io/serviceaccount/{name}")]).to_owned();
    let namespace = claim("namespace");
    account(&mut found, &namespace, &claim("service-account.name"), &claim("service-account.uid"));
    found.tell("boundTo", vec![object! { "kind" => "Secret", "name" => claim("secret.name") }]);
    found.tell("issuer", legacy::ISSUER);
    found.signature(jws, known);
    found.tell("expires", "never; it ends with its secret");
    found.unknown.push("whether the secret still exists and holds this token".to_owned());
    found
}

fn account(found: &mut Inspection, namespace: &str, name: &str, uid: &str) {
    found.tell("user", service_account_username(namespace, name));
    found.tell("uid", uid);
    let groups = service_account_groups(namespace);
    found.tell("groups", groups.iter().map(String::as_str).collect::<Vec<_>>());
}

fn naver_cloud(token: &str, known: &Known<'_>) -> Inspection {
    let mut found = Inspection::new("Naver Cloud IAM token", "--iam-config (naverCloud)");
    match ncp::Parts::read(token) {
        Ok(parts) => {
            let made = parts.millis / 1000;
            found.tell("accessKey", parts.access_key);
            found.tell("path", parts.path);
            until(&mut found, made, ncp::SKEW_SECONDS, known.now);
            found.unknown.push("who it is: only the cloud can check its signature".to_owned());
        }
        Err(why) => found.problems.push(why),
    }
    found
}

fn amazon(token: &str, known: &Known<'_>) -> Inspection {
    let mut found = Inspection::new("AWS IAM token (presigned STS URL)", "--iam-config (aws)");
    match aws::Parts::read(token) {
        Ok(parts) => {
            found.tell("host", parts.host);
            found.tell("accessKey", parts.access_key);
            until(&mut found, parts.made, aws::LIFETIME, known.now);
            found.unknown.push("who it is: only STS can check its signature".to_owned());
        }
        Err(why) => found.problems.push(why),
    }
    found
}

fn until(found: &mut Inspection, made: i64, lifetime: i64, now: i64) {
    let end = made.saturating_add(lifetime);
    found.time("issued", Some(made));
    found.time("expires", Some(end));
    if end <= now {
        found.problems.push("it has expired".to_owned());
    }
    if made > now.saturating_add(ncp::SKEW_SECONDS) {
        found.problems.push("it was made in the future".to_owned());
    }
}

fn is_bootstrap(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn bootstrap(id: &str) -> Inspection {
    let mut found =
        Inspection::new("bootstrap token", "--enable-bootstrap-token-auth, a secret in kube-system");
    found.tell("tokenID", id);
    found.tell("user", format!("system:bootstrap:{id}"));
    found.tell("boundTo", vec![object! { "kind" => "Secret", "name" => format!("bootstrap-token-{id}") }]);
    found.unknown.push("groups, end and usages: its secret says".to_owned());
    found
}

fn opaque(token: &str) -> Inspection {
    let mut found =
        Inspection::new("opaque token", "--token-auth-file or --authentication-token-webhook-config-file");
    let length = i64::try_from(token.len()).unwrap_or(i64::MAX);
    found.tell("length", length);
    if token.bytes().filter(|b| *b == b'.').count() == 2 {
        found.unknown.push("it has the dots of a JWT, but is none".to_owned());
    }
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        found.problems.push("it holds what cannot stand in a header, or nothing".to_owned());
    }
    found.unknown.push("everything: only the server that takes it can tell".to_owned());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{SigningKey, sign};
    use crate::{Random, Secret};

    const P256: &[u8] = include_bytes!("../testdata/p256-sec1.pem");
    const P384: &[u8] = include_bytes!("../testdata/p384-pkcs8.pem");
    const NOW: i64 = 1_800_000_000;

    fn look(token: &str, keys: &[PublicKey], audiences: &[&str]) -> Inspection {
        let audiences: Vec<String> = audiences.iter().map(|a| (*a).to_owned()).collect();
        let found = inspect(token, &Known { keys, issuers: &[], audiences: &audiences, now: NOW });
        let shown = format!("{found:?}");
        let secret = token.rsplit('.').next().unwrap_or(token);
        assert!(secret.len() < 8 || !shown.contains(secret), "{shown}");
        found
    }

    fn claims() -> Value {
        object! {
            "aud" => vec!["api"], "exp" => NOW + 100, "iat" => NOW, "iss" => "https://i", "jti" => "j",
            "kubernetes.io" => object! {
                "namespace" => "ns", "pod" => object! { "name" => "p", "uid" => "u-p" },
                "node" => object! { "name" => "n" },
                "serviceaccount" => object! { "name" => "robot", "uid" => "u" },
            },
        }
    }

    fn signed(payload: &Value) -> String {
        sign(&SigningKey::from_pem(P256).unwrap(), payload).unwrap().expose().to_owned()
    }

    #[test]
    fn tokens_of_service_accounts() {
        let key = SigningKey::from_pem(P256).unwrap();
        let keys = [key.public().clone()];
        let found = look(&signed(&claims()), &keys, &["api"]);
        assert_eq!(found.kind, "service account token (TokenRequest)");
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        let facts = Value::Object(found.facts);
        assert_eq!(facts.str_at(&["user"]), "system:serviceaccount:ns:robot");
        assert_eq!((facts.str_at(&["node"]), facts.str_at(&["signedBy"])), ("n", key.public().id.as_str()));
        assert_eq!(facts.array_at(&["boundTo"])[0].str_at(&["kind"]), "Pod");
        let mut old = claims();
        old.set_at(&["exp"], NOW - 1);
        let other = [SigningKey::from_pem(P384).unwrap().public().clone()];
        let found = look(&signed(&old), &other, &["elsewhere"]);
        assert_eq!(
            found.problems,
            [
                "it is for none of the audiences elsewhere",
                "it has expired",
                "none of the keys has its key ID"
            ]
        );
    }

    #[test]
    fn every_kind_is_known_by_its_form() {
        let ncp = ncp::sign("KEY", &Secret::new("s"), &ncp::path("KR", "c"), NOW * 1000);
        let oidc = signed(&object! { "iss" => "https://o", "sub" => "s", "aud" => "a", "exp" => NOW + 1 });
        let legacy = signed(&object! { "iss" => legacy::ISSUER, "sub" => "s" });
        for (token, kind) in [
            (ncp.expose(), "Naver Cloud IAM token"),
            ("k8s-aws-v1.x", "AWS IAM token (presigned STS URL)"),
            (oidc.as_str(), "OpenID Connect token (JWT)"),
            (legacy.as_str(), "service account token of a secret (legacy)"),
            ("abcdef.0123456789abcdef", "bootstrap token"),
            ("something", "opaque token"),
            ("a.b.c", "opaque token"),
        ] {
            assert_eq!(look(token, &[], &[]).kind, kind, "{token}");
        }
        assert_eq!(look("k8s-aws-v1.x", &[], &[]).problems.len(), 1);
        assert!(look(ncp.expose(), &[], &[]).problems.is_empty());
    }

    #[test]
    fn algorithms_that_nobody_takes_are_told() {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let token = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(r#"{"iss":"x","exp":9999999999}"#));
        let found = look(&token, &[], &[]);
        assert_eq!(found.problems, ["tokens with the algorithm none are never taken"]);
    }

    #[test]
    fn anything_is_survived() {
        let mut bytes = [0u8; 64];
        for _ in 0..200 {
            assert!(crate::SystemRandom.fill(&mut bytes));
            look(&String::from_utf8_lossy(&bytes), &[], &[]);
            look(&format!("k8s-ncp-v1.{}", String::from_utf8_lossy(&bytes)), &[], &[]);
        }
    }
}
