//! From the claims of a verified token to a user, and the rules both must meet.
//!
//! Entry point: [`user`].

use api::user::UserInfo;
use api::{Map, Value};
use cel::environment::{self, Expression};
use cel::escape::escape;
use cel::{Activation, Value as CelValue};

use super::claims::mismatch;
use super::compile::Rules;
use super::config::{ClaimMapping, JwtAuthenticator};
use crate::certificate::CREDENTIAL_ID;

const STRINGS: &str = "expression must return a string or a list of strings";

/// The user that the claims stand for.
///
/// # Errors
/// The first claim, expression or rule that is in the way, in upstream's order and words.
pub(super) fn user(settings: &JwtAuthenticator, rules: &Rules, claims: &Map) -> Result<UserInfo, String> {
    let over = OverClaims::new(rules, claims);
    let mut user = UserInfo {
        name: username(&settings.username, rules.username.as_ref(), claims, &over)?,
        ..UserInfo::default()
    };
    user.groups = groups(&settings.groups, rules.groups.as_ref(), claims, &over)?;
    user.uid = uid(&settings.uid, rules.uid.as_ref(), claims, &over)?;
    extra(rules, claims, &over, &mut user)?;
    for rule in settings.claim_rules.iter().filter(|r| !r.claim.is_empty()) {
        required(claims, &rule.claim, &rule.required_value)?;
    }
    over.check(&rules.claims)
        .map_err(|e| format!("oidc: error evaluating claim validation expression: {e}"))?;
    check_user(rules, &user).map_err(|e| format!("oidc: error evaluating user info validation rule: {e}"))?;
    Ok(user)
}

fn username(
    mapping: &ClaimMapping,
    expression: Option<&Expression>,
    claims: &Map,
    over: &OverClaims,
) -> Result<String, String> {
    if let Some(expression) = expression {
        let wrong = |why: String| format!("oidc: error evaluating username claim expression: {why}");
        let name = over.text(expression, "username").map_err(wrong)?;
        return if name.is_empty() {
            Err("oidc: empty username via CEL expression is not allowed".to_owned())
        } else {
            Ok(name)
        };
    }
    let claim = &mapping.claim;
    let name = text(claims, claim)
        .map_err(|e| format!("oidc: parse username claims {}: {e}", api::field::go_quote(claim)))?;
    if claim == "email" && claims.get("email_verified").is_some() {
        let verified = boolean(claims, "email_verified")
            .map_err(|e| format!("oidc: parse 'email_verified' claim: {e}"))?;
        if !verified {
            return Err("oidc: email not verified".to_owned());
        }
    }
    let name = format!("{}{name}", mapping.prefix.as_deref().unwrap_or(""));
    // Upstream lets in a user without a name, whom no rule could be about.
    if name.is_empty() { Err("oidc: empty username is not allowed".to_owned()) } else { Ok(name) }
}

fn groups(
    mapping: &ClaimMapping,
    expression: Option<&Expression>,
    claims: &Map,
    over: &OverClaims,
) -> Result<Vec<String>, String> {
    if let Some(claim) = Some(&mapping.claim).filter(|c| !c.is_empty() && claims.get(c).is_some()) {
        let prefix = mapping.prefix.as_deref().unwrap_or("");
        let groups = texts(claims.get(claim).unwrap_or(&Value::Null))
            .map_err(|e| format!("oidc: parse groups claim {}: {e}", api::field::go_quote(claim)))?;
        return Ok(groups.into_iter().map(|g| format!("{prefix}{g}")).collect());
    }
    let wrong = |why: String| format!("oidc: error evaluating group claim expression: {why}");
    expression.map_or(Ok(Vec::new()), |e| over.texts(e).map_err(wrong))
}

fn uid(
    mapping: &ClaimMapping,
    expression: Option<&Expression>,
    claims: &Map,
    over: &OverClaims,
) -> Result<String, String> {
    if !mapping.claim.is_empty() {
        let claim = &mapping.claim;
        return text(claims, claim)
            .map_err(|e| format!("oidc: parse uid claim {}: {e}", api::field::go_quote(claim)));
    }
    let wrong = |why: String| format!("oidc: error evaluating uid claim expression: {why}");
    expression.map_or(Ok(String::new()), |e| over.text(e, "uid").map_err(wrong))
}

fn extra(rules: &Rules, claims: &Map, over: &OverClaims, user: &mut UserInfo) -> Result<(), String> {
    if let Some(id) = claims.get("jti").and_then(Value::as_str).filter(|id| !id.is_empty()) {
        user.extra.insert(CREDENTIAL_ID.to_owned(), vec![format!("JTI={id}")]);
    }
    for (key, expression) in &rules.extra {
        let value = over.evaluate(expression)?;
        let values = strings(&value).map_err(|e| {
            format!("oidc: error evaluating extra claim expression: {}: {e}", expression.text())
        })?;
        if !values.is_empty() {
            user.extra.insert(key.clone(), values);
        }
    }
    Ok(())
}

fn required(claims: &Map, claim: &str, value: &str) -> Result<(), String> {
    if claims.get(claim).is_none() {
        return Err(format!("oidc: required claim {claim} not present in ID token"));
    }
    let found = text(claims, claim).map_err(|e| format!("oidc: parse claim {claim}: {e}"))?;
    if found == value {
        return Ok(());
    }
    Err(format!("oidc: required claim {claim} value does not match. Got = {found}, want = {value}"))
}

fn check_user(rules: &Rules, user: &UserInfo) -> Result<(), String> {
    if rules.users.is_empty() {
        return Ok(());
    }
    let list = |items: &[String]| items.iter().map(|s| Value::from(s.as_str())).collect::<Vec<_>>();
    let extra: Map =
        user.extra.iter().map(|(k, v)| (api::Str::from(k.as_str()), Value::from(list(v)))).collect();
    let mut shown = api::object! {
        "username" => user.name.as_str(),
        "uid" => user.uid.as_str(),
        "groups" => list(&user.groups),
        "extra" => extra,
    };
    let selected = |name: &str| rules.users.iter().any(|(e, _)| e.selects(name));
    name_escaped(&mut shown, &selected);
    let vars = Activation::new(environment::user()).set("user", CelValue::json(&shown));
    check(&rules.users, &vars)
}

/// Claims as expressions see them.
struct OverClaims {
    value: Value,
}

impl OverClaims {
    /// Nothing is copied when there is no expression.
    fn new(rules: &Rules, claims: &Map) -> Self {
        let mapped = [&rules.username, &rules.groups, &rules.uid];
        let all = || {
            mapped
                .iter()
                .filter_map(|e| e.as_ref())
                .chain(rules.extra.iter().map(|(_, e)| e))
                .chain(rules.claims.iter().map(|(e, _)| e))
        };
        if all().next().is_none() {
            return Self { value: Value::Null };
        }
        let mut value = Value::Object(claims.clone());
        as_doubles(&mut value);
        name_escaped(&mut value, &|name| all().any(|e| e.selects(name)));
        Self { value }
    }

    fn vars(&self) -> Activation<'_> {
        Activation::new(environment::claims()).set("claims", CelValue::json(&self.value))
    }

    fn evaluate<'a>(&'a self, expression: &'a Expression) -> Result<CelValue<'a>, String> {
        let vars = self.vars();
        let outcome = expression.evaluate(&vars);
        outcome.value.map_err(|e| format!("expression '{}' resulted in error: {e}", expression.text()))
    }

    fn text(&self, expression: &Expression, what: &str) -> Result<String, String> {
        let value = self.evaluate(expression)?;
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| format!("{what} claim expression must return a string"))
    }

    fn texts(&self, expression: &Expression) -> Result<Vec<String>, String> {
        strings(&self.evaluate(expression)?)
    }

    fn check(&self, rules: &[(Expression, String)]) -> Result<(), String> {
        if rules.is_empty() { Ok(()) } else { check(rules, &self.vars()) }
    }
}

/// Every expression is evaluated before one of them may be false, as upstream.
fn check<'v>(rules: &'v [(Expression, String)], vars: &Activation<'v>) -> Result<(), String> {
    let mut results = Vec::with_capacity(rules.len());
    for (expression, message) in rules {
        let value = expression.evaluate(vars).value;
        let value =
            value.map_err(|e| format!("expression '{}' resulted in error: {e}", expression.text()))?;
        results.push((expression, message, value));
    }
    for (expression, message, value) in results {
        match value.as_bool() {
            Some(true) => {}
            Some(false) => {
                let expression = expression.text();
                return Err(format!("validation expression '{expression}' failed: {message}"));
            }
            None => return Err("validation expression must return a boolean".to_owned()),
        }
    }
    Ok(())
}

/// A value as a list of texts: one text, several, or none; empty texts are left out.
fn strings(value: &CelValue) -> Result<Vec<String>, String> {
    let json = value.to_json().ok_or(STRINGS)?;
    let items = match json {
        Value::Null => Vec::new(),
        // Durations and the like are written as texts, but are none.
        Value::String(text) if value.as_str().is_some() => vec![Value::String(text)],
        Value::Array(items) => items,
        _ => return Err(STRINGS.to_owned()),
    };
    let mut texts = Vec::with_capacity(items.len());
    for item in &items {
        let text = item.as_str().ok_or(STRINGS)?;
        if !text.is_empty() {
            texts.push(text.to_owned());
        }
    }
    Ok(texts)
}

/// Numbers of claims are doubles, whatever they look like, as Go reads JSON.
fn as_doubles(value: &mut Value) {
    match value {
        Value::Int(i) => *value = Value::Float(*i as f64),
        Value::Array(items) => items.iter_mut().for_each(as_doubles),
        Value::Object(map) => map.iter_mut().for_each(|(_, v)| as_doubles(v)),
        _ => {}
    }
}

/// Members whose names expressions cannot write, `acme.io/team`, also go by the name that they can, if some does:
/// `acme__dot__io__slash__team`.
fn name_escaped(value: &mut Value, selected: &dyn Fn(&str) -> bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|v| name_escaped(v, selected)),
        Value::Object(map) => {
            map.iter_mut().for_each(|(_, v)| name_escaped(v, selected));
            let aliases: Vec<(String, Value)> = map
                .iter()
                .filter_map(|(name, v)| {
                    let alias = escape(name).filter(|alias| alias != name && selected(alias))?;
                    Some((alias, v.clone()))
                })
                .collect();
            for (alias, v) in aliases {
                map.insert(alias, v);
            }
        }
        _ => {}
    }
}

/// A claim as a text, as Go unmarshals one: `null` is empty.
fn text(claims: &Map, name: &str) -> Result<String, String> {
    match claims.get(name) {
        None => Err("claim not present".to_owned()),
        Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.to_string()),
        Some(other) => Err(mismatch(other, "value", "string")),
    }
}

fn boolean(claims: &Map, name: &str) -> Result<bool, String> {
    match claims.get(name) {
        None => Err("claim not present".to_owned()),
        Some(Value::Null) => Ok(false),
        Some(Value::Bool(b)) => Ok(*b),
        Some(other) => Err(mismatch(other, "value", "bool")),
    }
}

/// A claim as a list of texts, or one text.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(one) => Ok(vec![one.to_string()]),
        Value::Array(items) if items.iter().all(|v| v.is_null() || v.as_str().is_some()) => {
            Ok(items.iter().map(|v| v.as_str().unwrap_or("").to_owned()).collect())
        }
        other => Err(mismatch(other, "value", "string")),
    }
}
