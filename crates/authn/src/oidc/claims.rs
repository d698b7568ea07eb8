//! What every ID token says (OpenID Connect Core 1.0, section 2): by whom it is, for whom, from when until when.
//!
//! Entry point: [`check`].  The texts are those of upstream's library; where Go's JSON is lax (letter case of members,
//! members twice, numbers that overflow) a token is refused.

use api::field::go_quote;
use api::time::Timestamp;
use api::{Map, Value};

/// By how many seconds `nbf` may lie ahead.
const LEEWAY: i64 = 60;
/// Instants from here on overflow Go's clock, in seconds since the Unix epoch.
const END_OF_TIME: i64 = i64::MAX - 62_135_596_800;

/// Who must have issued a token, and for whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// One of these must be in `aud`.
    pub audiences: &'a [String],
    /// Now, in seconds since the Unix epoch.
    pub now: i64,
}

/// Checks the claims of a token whose signature is good; answers when it expires, in seconds since the Unix epoch.
///
/// # Errors
/// The first claim that is wrong.
pub(super) fn check(claims: &Map, expected: &Expected) -> Result<i64, String> {
    let shape = |why: String| format!("oidc: failed to unmarshal claims: {why}");
    for name in ["sub", "nonce", "at_hash"] {
        text(claims, name).map_err(shape)?;
    }
    let issuer = text(claims, "iss").map_err(shape)?;
    let audiences = audiences(claims).map_err(shape)?;
    let expires = instant(claims, "exp").map_err(shape)?;
    instant(claims, "iat").map_err(shape)?;
    let not_before = instant(claims, "nbf").map_err(shape)?;
    sources(claims)?;
    check_issuer(issuer, expected.issuer)?;
    check_audiences(&audiences, expected.audiences)?;
    check_times(expires, not_before, expected.now)
}

/// Google leaves out the scheme now and then, which is taken from Google alone.
pub(super) fn is_issuer(claimed: &str, expected: &str) -> bool {
    claimed == expected || expected == "https://accounts.google.com" && claimed == "accounts.google.com"
}

fn check_issuer(claimed: &str, expected: &str) -> Result<(), String> {
    if is_issuer(claimed, expected) {
        return Ok(());
    }
    let (expected, claimed) = (go_quote(expected), go_quote(claimed));
    Err(format!("oidc: id token issued by a different provider, expected {expected} got {claimed}"))
}

fn check_audiences(claimed: &[&str], expected: &[String]) -> Result<(), String> {
    if expected.iter().any(|e| !e.is_empty() && claimed.contains(&e.as_str())) {
        return Ok(());
    }
    let claimed = quoted(claimed.iter().copied());
    Err(match expected {
        [one] => format!("oidc: expected audience {} got {claimed}", go_quote(one)),
        many => {
            let mut sorted: Vec<&str> = many.iter().map(String::as_str).collect();
            sorted.sort_unstable();
            format!("oidc: expected audience in {} got {claimed}", quoted(sorted.into_iter()))
        }
    })
}

fn check_times(expires: Option<i64>, not_before: Option<i64>, now: i64) -> Result<i64, String> {
    let Some(expires) = expires.filter(|e| *e > now && *e < END_OF_TIME) else {
        let shown = expires.map_or_else(|| "0001-01-01 00:00:00 +0000 UTC".to_owned(), shown);
        return Err(format!("oidc: token is expired (Token Expiry: {shown})"));
    };
    match not_before.filter(|n| *n > now.saturating_add(LEEWAY)) {
        Some(not_before) => Err(format!(
            "oidc: current time {} before the nbf (not before) time: {}",
            shown(now),
            shown(not_before)
        )),
        None => Ok(expires),
    }
}

/// A claim that is a text; missing and `null` are empty.
pub(super) fn text<'a>(claims: &'a Map, name: &str) -> Result<&'a str, String> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(mismatch(other, &format!("struct field idToken.{name}"), "string")),
    }
}

fn audiences(claims: &Map) -> Result<Vec<&str>, String> {
    match claims.get("aud") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(many)) => many
            .iter()
            .map(|a| match a {
                Value::Null => Ok(""),
                other => other.as_str().ok_or_else(|| mismatch(other, "value", "string")),
            })
            .collect(),
        Some(other) => Err(mismatch(other, "value", "[]string")),
    }
}

/// A claim that is a number of seconds; fractions are cut off.  What no 64-bit number of seconds can hold is no
/// instant, however far ahead: it must not wrap around, nor stand for ever.
fn instant(claims: &Map, name: &str) -> Result<Option<i64>, String> {
    let seconds = |f: f64| {
        let fits = f.is_finite() && f.abs() < 9_223_372_036_854_775_808.0;
        fits.then_some(f as i64).ok_or_else(|| format!("{name} is out of range"))
    };
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Null) if name == "nbf" => Ok(None),
        Some(Value::Int(i)) => Ok(Some(*i)),
        Some(Value::Float(f)) => seconds(*f).map(Some),
        Some(Value::String(text)) => match number(text) {
            Some(Value::Int(i)) => Ok(Some(i)),
            Some(Value::Float(f)) => seconds(f).map(Some),
            _ => Err(format!(
                "json: invalid number literal, trying to unmarshal {} into Number",
                go_quote(text)
            )),
        },
        Some(other) => Err(mismatch(other, "value", "json.Number")),
    }
}

/// A text that is a number of JSON, which Go takes for one.
fn number(text: &str) -> Option<Value> {
    let bare = text.bytes().all(|b| !b.is_ascii_whitespace());
    bare.then(|| crate::jose::parse_json(text.as_bytes())).flatten()
}

/// Every distributed or aggregated claim must name a source that is there.
fn sources(claims: &Map) -> Result<(), String> {
    let Some(names) = claims.get("_claim_names").and_then(Value::as_object) else { return Ok(()) };
    for (_, source) in names.iter() {
        let Some(source) = source.as_str().filter(|s| !s.is_empty()) else {
            return Err("oidc: failed to obtain source from claim name".to_owned());
        };
        if claims.get("_claim_sources").and_then(|s| s.get(source)).is_none() {
            return Err("oidc: source does not exist".to_owned());
        }
    }
    Ok(())
}

/// What Go says of a value that does not fit.
pub(super) fn mismatch(found: &Value, into: &str, go_type: &str) -> String {
    format!("json: cannot unmarshal {} into Go {into} of type {go_type}", found.type_name())
}

fn quoted<'a>(list: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", list.map(go_quote).collect::<Vec<_>>().join(" "))
}

/// An instant as Go shows it.
fn shown(seconds: i64) -> String {
    let instant = Timestamp::new(seconds, 0);
    if instant.has_text() {
        instant.text().replace('T', " ").replace('Z', " +0000 UTC")
    } else {
        format!("{seconds} s")
    }
}
