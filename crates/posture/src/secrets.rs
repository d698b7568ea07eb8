//! Values that look like credentials.  What is found is never shown: a report says what it looks like and how long it is.

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looks(pub &'static str);

/// How credentials of well-known makers begin.
const PREFIXES: &[(&str, &str, usize)] = &[
    ("AKIA", "AWS access key", 20),
    ("ASIA", "AWS access key", 20),
    ("ncp_iam_", "Naver Cloud access key", 20),
    ("k8s-ncp-v1.", "Naver Cloud IAM token", 40),
    ("k8s-aws-v1.", "AWS IAM token", 40),
    ("ghp_", "GitHub token", 36),
    ("gho_", "GitHub token", 36),
    ("ghr_", "GitHub token", 36),
    ("ghs_", "GitHub token", 36),
    ("ghu_", "GitHub token", 36),
    ("github_pat_", "GitHub token", 40),
    ("glpat-", "GitLab token", 20),
    ("xoxb-", "Slack token", 24),
    ("xoxp-", "Slack token", 24),
    ("sk_live_", "Stripe key", 24),
    ("AIza", "Google API key", 35),
    ("npm_", "npm token", 36),
    ("dckr_pat_", "Docker token", 32),
    ("SG.", "SendGrid key", 60),
    ("hvs.", "Vault token", 24),
];

/// Parts of names whose values are secrets.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "accountkey",
    "encryptionkey",
    "masterkey",
    "privatekey",
    "signingkey",
    "storagekey",
    "credential",
    "passphrase",
];

/// Parts of names that only point to a secret.
const POINTERS: &[&str] = &[
    "file", "path", "name", "url", "uri", "endpoint", "ttl", "expir", "header", "enabled", "type", "policy",
    "length", "issuer", "files", "paths", "names", "urls",
];

/// Values that nobody would keep secret.
const HARMLESS: &[&str] =
    &["", "true", "false", "none", "null", "changeme", "example", "placeholder", "default"];

/// The fewest bits of an entirely random value: 20 characters of base64.
const BITS: f64 = 70.0;

/// What `value`, named `name`, looks like; `None` when it looks harmless.
pub(crate) fn looks_like(name: &str, value: &str) -> Option<Looks> {
    known_format(value).or_else(|| by_name(name, value))
}

/// Formats that say what they are wherever they stand.
pub(crate) fn known_format(value: &str) -> Option<Looks> {
    let value = value.trim();
    if value.contains("--BEGIN") && value.contains("PRIVATE KEY--") {
        return Some(Looks("private key"));
    }
    if is_jwt(value) {
        return Some(Looks("JWT"));
    }
    if has_url_password(value) {
        return Some(Looks("URL with a password"));
    }
    if is_authorization(value) {
        return Some(Looks("authorization header"));
    }
    let known = |(prefix, _, length): &&(&str, &str, usize)| {
        let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '=');
        value.starts_with(prefix) && value.len() >= *length && value.chars().all(token)
    };
    PREFIXES.iter().find(known).map(|(_, what, _)| Looks(what))
}

/// A text without the credentials that it says aloud: words of known formats, and what URLs carry.
pub(crate) fn masked(text: String) -> String {
    let delimiter =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '(' | ')' | '<' | '>');
    let is_bare = |word: &str| word.len() < 16 && !word.contains("://") || masked_word(word).is_none();
    if text.split(delimiter).all(is_bare) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(delimiter) {
        let word = piece.trim_end_matches(delimiter);
        out.push_str(masked_word(word).as_deref().unwrap_or(word));
        out.push_str(piece.get(word.len()..).unwrap_or(""));
    }
    out
}

/// What is said in the place of a word, when it may not be said as it is.
fn masked_word(word: &str) -> Option<String> {
    if let Some((scheme, rest)) = word.split_once("://") {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at_checked(end)?;
        let host = authority.rsplit_once('@').map(|(user, host)| match user.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => format!("***@{host}"),
        });
        let query = behind.split_once('?').map(|(path, _)| format!("{path}?***"));
        return (host.is_some() || query.is_some()).then(|| {
            let (host, behind) = (host.as_deref().unwrap_or(authority), query.as_deref().unwrap_or(behind));
            format!("{scheme}://{host}{behind}")
        });
    }
    let value = word.split_once('=').map_or(word, |(_, value)| value);
    known_format(value).map(|looks| word.replace(value, &format!("[{}]", looks.0)))
}

/// `Bearer …` and `Basic …` with something that may be a credential.
fn is_authorization(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(' ') else { return false };
    let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '=' | '~');
    let is_known = ["bearer", "basic"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    is_known && rest.len() >= 8 && rest.chars().all(token) && rest.contains(|c: char| c.is_ascii_digit())
}

fn is_jwt(value: &str) -> bool {
    let parts: Vec<_> = value.split('.').collect();
    let base64 = |part: &&str| {
        part.len() > 8 && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    parts.len() == 3 && value.starts_with("eyJ") && parts.iter().all(base64)
}

/// `scheme://user:password@host`, unless the password is a reference.
fn has_url_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.split_once(':').is_some_and(|(_, password)| !is_reference(password) && !is_harmless(password))
}

fn by_name(name: &str, value: &str) -> Option<Looks> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let secret =
        NAMES.iter().any(|part| plain.contains(part)) && !POINTERS.iter().any(|part| plain.ends_with(part));
    if !secret || is_harmless(value) || is_reference(value) || value.parse::<f64>().is_ok() && value.len() < 6
    {
        return None;
    }
    if value.starts_with('/') && !value.contains(char::is_whitespace) && bits(value) < BITS {
        // A path to where the secret is.
        return None;
    }
    Some(Looks(if bits(value) >= BITS { "random secret" } else { "password" }))
}

/// `$(NAME)`, `${NAME}`, `` `command` ``, `{{ name }}`, `<name>`, `vault:…`: filled in later.
fn is_reference(value: &str) -> bool {
    let value = value.trim();
    ["$", "`", "{{", "<", "vault:", "ref+", "ssm:"].iter().any(|start| value.starts_with(start))
}

fn is_harmless(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let blank = value.len() > 4 && value.starts_with("__") && value.ends_with("__");
    HARMLESS.contains(&value.as_str()) || blank || value.chars().all(|c| matches!(c, '*' | 'x'))
}

/// How much a value tells, by the frequencies of its characters (Shannon).
fn bits(value: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for c in value.chars() {
        *counts.entry(c).or_insert(0u32) += 1;
    }
    let total = f64::from(counts.values().sum::<u32>().max(1));
    counts.values().map(|n| -f64::from(*n) * (f64::from(*n) / total).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_seen() {
        for (name, value, what) in [
            ("X", "AKIAIOSFODNN7EXAMPLE", "AWS access key"),
            ("X", "-----BEGIN RSA PRIVATE KEY-----\nabc", "private key"),
            ("X", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ.c2lnbmF0dXJl", "JWT"),
            ("DATABASE_URL", "postgres://bob:hunter2@db/shop", "URL with a password"),
            ("DB_PASSWORD", "hunter2", "password"),
            ("AUTH", "Bearer k3Jd82msLq", "authorization header"),
            ("pwd", "hunter2", "password"),
            ("AZURE_STORAGE_KEY", "hunter2hunter2", "password"),
            ("api-key", "Zk3xP9qLr7TfW2mNc8VbY4sD", "random secret"),
        ] {
            assert_eq!(looks_like(name, value), Some(Looks(what)), "{name}={value}");
        }
    }

    #[test]
    fn credentials_are_masked() {
        for (text, shown) in [
            ("at https://bob:pw@h/x?token=1: any", "at https://bob:***@h/x?***"),
            ("https://tok@h", "https://***@h"),
            ("a, token=AKIAIOSFODNN7EXAMPLE, b", "a, token=[AWS access key], b"),
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ.c2lnbmF0dXJl", "[JWT]"),
            ("https://example.com/a: b", "https://example.com/a: b"),
            ("images registry.example.com/a@sha256:0", "images registry.example.com/a@sha256:0"),
        ] {
            assert!(masked(text.to_owned()).starts_with(shown), "{text}: {}", masked(text.to_owned()));
        }
        assert_eq!(masked(" plain  text ".to_owned()), " plain  text ");
    }

    #[test]
    fn other_values_are_not() {
        for (name, value) in [
            ("DB_PASSWORD", "$(SECRET)"),
            ("DB_PASSWORD", ""),
            ("DB_PASSWORD_FILE", "/run/secrets/db"),
            ("TOKEN_TTL", "3600"),
            ("SECRET_NAME", "db-credentials"),
            ("TOKEN_PATH", "/var/run/secrets/token"),
            ("PASSWORD", "${PASSWORD}"),
            ("URL", "https://example.com/a@b:c"),
            ("URL", "redis://:$(PASSWORD)@redis"),
            ("MODE", "Zk3xP9qLr7TfW2mNc8VbY4sD"),
            ("token", "/var/run/token"),
            ("k8s_auth_token", "__SERVICEACCOUNT_TOKEN__"),
            ("AUTH", "basic authentication"),
            ("PWD", "/srv"),
            ("PASSWORD", "`cat /run/p`"),
        ] {
            assert_eq!(looks_like(name, value), None, "{name}={value}");
        }
    }
}
