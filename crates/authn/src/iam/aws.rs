//! Tokens of AWS, as `aws-iam-authenticator` and `aws eks get-token` make them: `k8s-aws-v1.` and base64url of a
//! presigned URL of STS (`GetCallerIdentity`), with the name of the cluster as a signed header.
//!
//! Entry point: [`Aws`].  Only STS can check the signature: the URL is asked with the header of this cluster, so that a
//! token for another one fails.

use api::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Claim, Cloud, Principal, Question, Told};
use crate::jose::parse_json;

/// What its tokens begin with.
pub const PREFIX: &str = "k8s-aws-v1.";
/// The header that names the cluster.
const CLUSTER: &str = "x-k8s-aws-id";
/// How long STS takes a presigned URL, in seconds, whatever it says itself.
pub(crate) const LIFETIME: i64 = 15 * 60;
/// The parameters that a presigned URL may have, in lower case.
const PARAMETERS: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];
const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

/// Checks tokens for one cluster.
#[derive(Clone, Debug)]
pub struct Aws {
    /// The name of the cluster that tokens must be signed for.
    pub cluster: String,
    /// The hosts that a token may name; nobody else is asked.
    pub hosts: Vec<String>,
    /// How far in the future a token may have been made, in seconds.
    pub skew: i64,
}

/// The hosts of STS in these regions, and the one without a region where that exists.
pub fn hosts(regions: &[String], global: bool) -> Vec<String> {
    let host = |region: &String| {
        let end = if region.starts_with("cn-") { ".cn" } else { "" };
        format!("sts.{region}.amazonaws.com{end}")
    };
    let without = global.then(|| "sts.amazonaws.com".to_owned());
    regions.iter().map(host).chain(without).collect()
}

/// What a token says, each part in its form.
#[derive(Clone, PartialEq, Eq)]
pub struct Parts {
    /// The host it wants to be asked at.
    pub host: String,
    /// The access key that signed it.
    pub access_key: String,
    /// When it was made, in seconds since the Unix epoch.
    pub made: i64,
    query: String,
}

impl Parts {
    /// Takes a token apart; an error is what is wrong with it.
    pub fn read(token: &str) -> Result<Self, String> {
        let form = || "the token is not in its form".to_owned();
        let bytes =
            URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX).ok_or_else(form)?).map_err(|_| form())?;
        let url = String::from_utf8(bytes).map_err(|_| form())?;
        if !url.bytes().all(|b| b.is_ascii_graphic()) || url.contains('#') {
            return Err(form());
        }
        let (scheme, rest) = url.split_once("://").ok_or_else(form)?;
        if scheme != "https" {
            return Err("the token's URL is not https".to_owned());
        }
        let (authority, rest) = rest.split_once('/').ok_or("the token's URL has an unexpected path")?;
        let query = rest.strip_prefix('?').ok_or("the token's URL has an unexpected path")?;
        let parameters = parameters(query)?;
        let get =
            |name: &str| parameters.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str());
        if get("action") != "GetCallerIdentity" {
            return Err("the token's URL asks for another action".to_owned());
        }
        if !get("x-amz-signedheaders").split(';').any(|header| header.eq_ignore_ascii_case(CLUSTER)) {
            return Err(format!("the token's URL does not sign the header {CLUSTER}"));
        }
        if !get("x-amz-expires").parse::<u32>().is_ok_and(|seconds| i64::from(seconds) <= LIFETIME) {
            return Err("the token's URL has an X-Amz-Expires that is not allowed".to_owned());
        }
        let made = time(get("x-amz-date")).ok_or("the token's URL has no X-Amz-Date")?;
        let access_key = get("x-amz-credential").split('/').next().unwrap_or("").to_owned();
        Ok(Self { host: authority.to_owned(), access_key, made, query: query.to_owned() })
    }
}

impl Cloud for Aws {
    fn prefix(&self) -> &'static str {
        PREFIX
    }

    fn claim(&self, token: &str, now: i64) -> Result<Claim, String> {
        let parts = Parts::read(token)?;
        if !self.hosts.contains(&parts.host) {
            return Err("the token's URL is on a host that is not allowed".to_owned());
        }
        let expires = parts.made.saturating_add(LIFETIME);
        if expires <= now {
            return Err("the token has expired".to_owned());
        }
        if parts.made > now.saturating_add(self.skew) {
            return Err("the token was made in the future".to_owned());
        }
        let question = Question {
            host: parts.host,
            path: "/".to_owned(),
            query: parts.query,
            headers: vec![(CLUSTER, self.cluster.clone())],
        };
        Ok(Claim { question, expires, access_key: parts.access_key })
    }

    fn principal(&self, claim: &Claim, told: &Told) -> Result<Principal, String> {
        if told.status != 200 {
            return Err(format!("STS does not know it (status {})", told.status));
        }
        let answer = parse_json(&told.body).ok_or("the answer of STS is no JSON")?;
        let result = answer.at(&["GetCallerIdentityResponse", "GetCallerIdentityResult"]);
        let (arn, user_id) = (result.str_at(&["Arn"]), result.str_at(&["UserId"]));
        let canonical = Arn::read(arn).ok_or("the answer of STS names nobody that is known")?;
        let (id, session) = match (canonical.is_role, user_id.split_once(':')) {
            (false, _) => (user_id, ""),
            (true, Some((id, session))) if !session.contains(':') => (id, session),
            (true, _) => return Err("the answer of STS has a malformed UserId".to_owned()),
        };
        let account = result.str_at(&["Account"]);
        Ok(Principal {
            id: canonical.text.clone(),
            account: account.to_owned(),
            session: session.to_owned(),
            access_key: claim.access_key.clone(),
            uid: format!("aws-iam-authenticator:{account}:{id}"),
            extra: vec![
                ("arn", arn.to_owned()),
                ("canonicalArn", canonical.text),
                ("sessionName", session.to_owned()),
                ("accessKeyId", claim.access_key.clone()),
                ("principalId", id.to_owned()),
                ("sigs.k8s.io/aws-iam-authenticator/principalId", id.to_owned()),
            ],
        })
    }
}

/// A name that AWS has for somebody.
struct Arn {
    /// That of the role where it is a session of one.
    text: String,
    is_role: bool,
}

impl Arn {
    /// Reads the ARN of a user, root, a federated user, a role or a session of a role.
    fn read(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, service, _, account, resource] = parts.as_slice() else { return None };
        if !PARTITIONS.contains(partition) {
            return None;
        }
        let same = |is_role| Some(Self { text: arn.to_owned(), is_role });
        match (*service, resource.split('/').next()?) {
            ("sts", "federated-user") | ("iam", "user" | "root") => same(false),
            ("iam", "role") => same(true),
            ("sts", "assumed-role") => {
                // The session comes last; the role's name may have a path.
                let (role, _session) = resource.strip_prefix("assumed-role/")?.rsplit_once('/')?;
                Some(Self { text: format!("arn:{partition}:iam::{account}:role/{role}"), is_role: true })
            }
            _ => None,
        }
    }
}

/// The parameters of a query, names in lower case; only those that are known, each once.
fn parameters(query: &str) -> Result<Vec<(String, String)>, String> {
    let mut all: Vec<(String, String)> = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = unescape(name).zip(unescape(value)).filter(|_| !pair.contains(';'));
        let (name, value) = decoded.ok_or("the token's URL has a malformed parameter")?;
        let name = name.to_ascii_lowercase();
        if !PARAMETERS.contains(&name.as_str()) {
            return Err("the token's URL has a parameter that is not allowed".to_owned());
        }
        if all.iter().any(|(n, _)| *n == name) {
            return Err("the token's URL has a parameter twice".to_owned());
        }
        all.push((name, value));
    }
    Ok(all)
}

fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
                out.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
            }
            b'+' => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok()
}

/// A time such as `20060102T150405Z`.
fn time(text: &str) -> Option<i64> {
    let part = |from: usize, to: usize| text.get(from..to);
    let good = text.len() == 16 && part(8, 9)? == "T" && part(15, 16)? == "Z";
    let (day, hour) = (part(0, 8)?, part(9, 15)?);
    if !good || !day.bytes().chain(hour.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    Timestamp::parse(&text).ok().map(Timestamp::seconds)
}

/// The query holds a signature.
impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("host", &self.host).field("made", &self.made).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23T04:00:00Z.
    const NOW: i64 = 1_795_406_400;
    const QUERY: &str = "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20261123%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20261123T040000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=abc";

    fn aws() -> Aws {
        Aws { cluster: "c".into(), hosts: hosts(&["us-east-1".into(), "cn-north-1".into()], true), skew: 300 }
    }

    fn token(url: &str) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))
    }

    #[test]
    fn a_token_becomes_a_question_for_this_cluster() {
        for host in ["sts.us-east-1.amazonaws.com", "sts.cn-north-1.amazonaws.com.cn", "sts.amazonaws.com"] {
            let claim = aws().claim(&token(&format!("https://{host}/?{QUERY}")), NOW).unwrap();
            assert_eq!((claim.question.host.as_str(), claim.question.query.as_str()), (host, QUERY));
            assert_eq!(claim.question.headers, [(CLUSTER, "c".to_owned())]);
            assert_eq!((claim.expires, claim.access_key.as_str()), (NOW + 900, "AKIA"));
            assert!(!format!("{claim:?}").contains("abc"));
        }
    }

    #[test]
    fn bad_tokens_are_asked_nobody_about() {
        let url = |host: &str, query: &str| format!("https://{host}/?{query}");
        let good = "sts.amazonaws.com";
        for (url, want) in [
            (url("evil.example.com", QUERY), "the token's URL is on a host that is not allowed"),
            (url("sts.amazonaws.com.evil.com", QUERY), "the token's URL is on a host that is not allowed"),
            (url("sts.amazonaws.com:443", QUERY), "the token's URL is on a host that is not allowed"),
            (url("sts.amazonaws.com@evil.com", QUERY), "the token's URL is on a host that is not allowed"),
            (url("evil.com\\@sts.amazonaws.com", QUERY), "the token's URL is on a host that is not allowed"),
            (url("STS.amazonaws.com", QUERY), "the token's URL is on a host that is not allowed"),
            (url(good, QUERY).replace("https", "http"), "the token's URL is not https"),
            (format!("https://{good}/x?{QUERY}"), "the token's URL has an unexpected path"),
            (format!("https://{good}?{QUERY}"), "the token's URL has an unexpected path"),
            (format!("{}#x", url(good, QUERY)), "the token is not in its form"),
            (format!("{} x", url(good, QUERY)), "the token is not in its form"),
            (url(good, &QUERY.replace("GetCaller", "Delete")), "the token's URL asks for another action"),
            (
                url(good, &format!("{QUERY}&action=GetCallerIdentity")),
                "the token's URL has a parameter twice",
            ),
            (url(good, &format!("{QUERY}&Foo=1")), "the token's URL has a parameter that is not allowed"),
            (url(good, &format!("{QUERY}&x=%zz")), "the token's URL has a malformed parameter"),
            (
                url(good, &QUERY.replace("%3Bx-k8s-aws-id", "")),
                "the token's URL does not sign the header x-k8s-aws-id",
            ),
            (
                url(good, &QUERY.replace("Expires=60", "Expires=901")),
                "the token's URL has an X-Amz-Expires that is not allowed",
            ),
            (
                url(good, &QUERY.replace("Expires=60", "Expires=-1")),
                "the token's URL has an X-Amz-Expires that is not allowed",
            ),
            (url(good, &QUERY.replace("T040000Z", "T034500Z")), "the token has expired"),
            (url(good, &QUERY.replace("T040000Z", "T040501Z")), "the token was made in the future"),
            (url(good, &QUERY.replace("T040000Z", "T04000")), "the token's URL has no X-Amz-Date"),
        ] {
            assert_eq!(aws().claim(&token(&url), NOW).unwrap_err(), want, "{url}");
        }
        assert_eq!(aws().claim("k8s-aws-v1.***", NOW).unwrap_err(), "the token is not in its form");
    }

    fn judged(arn: &str, user_id: &str) -> Result<Principal, String> {
        let claim = aws().claim(&token(&format!("https://sts.amazonaws.com/?{QUERY}")), NOW).unwrap();
        let body = format!(
            r#"{{"GetCallerIdentityResponse":{{"GetCallerIdentityResult":{{"Account":"123456789012","Arn":"{arn}","UserId":"{user_id}"}}}}}}"#
        );
        aws().principal(&claim, &Told { status: 200, body: body.into_bytes() })
    }

    #[test]
    fn sessions_are_known_by_their_role() {
        let role = judged("arn:aws:sts::123456789012:assumed-role/dev/me@x", "AROA:me@x").unwrap();
        assert_eq!((role.id.as_str(), role.session.as_str()), ("arn:aws:iam::123456789012:role/dev", "me@x"));
        assert_eq!(role.uid, "aws-iam-authenticator:123456789012:AROA");
        let path = judged("arn:aws:sts::123456789012:assumed-role/a/b/s", "AROA:s").unwrap();
        assert_eq!(path.id, "arn:aws:iam::123456789012:role/a/b");
        let user = judged("arn:aws:iam::123456789012:user/bob", "AIDA").unwrap();
        assert_eq!((user.id.as_str(), user.session.as_str()), ("arn:aws:iam::123456789012:user/bob", ""));
        for (arn, user_id) in [
            ("arn:aws:sts::1:assumed-role/dev", "A:s"),
            ("arn:aws:sts::1:assumed-role/dev/s", "A"),
            ("arn:aws:sts::1:assumed-role/dev/s", "A:s:t"),
            ("arn:other:iam::1:user/bob", "A"),
            ("arn:aws:s3:::bucket", "A"),
            ("bob", "A"),
        ] {
            assert!(judged(arn, user_id).is_err(), "{arn}");
        }
    }
}
