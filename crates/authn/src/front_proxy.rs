//! Users that a proxy in front of the server vouches for, in headers (`--requestheader-…`).
//!
//! Entry point: [`FrontProxy`].  The proxy itself is known by its certificate; headers of anybody else say nothing and
//! go no further.

use api::request::decode_path;
use api::user::UserInfo;

use crate::authenticator::{Answer, Authenticator, AuthnError, Credentials, Headers, Identity};
use crate::certificate::Certificate;

/// The headers that proxies are used to send: they are never handed on, whatever the flags say.
const STANDARD_HEADERS: [&str; 3] = ["x-remote-user", "x-remote-uid", "x-remote-group"];
const STANDARD_EXTRA: &str = "x-remote-extra-";

/// Takes the word of a proxy about who makes a request.
#[derive(Clone, Debug, Default)]
pub struct FrontProxy {
    /// Common names that a proxy's certificate may have; empty for any.
    pub allowed_names: Vec<String>,
    /// Headers that may hold the user's name; the first that holds one counts.
    pub username_headers: Vec<String>,
    /// Headers that may hold the user's uid; the first that holds one counts.
    pub uid_headers: Vec<String>,
    /// Headers that hold groups; all of them count.
    pub group_headers: Vec<String>,
    /// What the headers of extra attributes begin with.
    pub extra_prefixes: Vec<String>,
}

impl Authenticator for FrontProxy {
    fn authenticate(&self, credentials: &Credentials) -> Answer {
        let subject = match credentials.front_proxy {
            Certificate::None => return Ok(None),
            Certificate::Invalid(why) => return Err(AuthnError::new(why)),
            Certificate::Verified(subject) => subject,
        };
        let name = subject.common_name();
        if !self.allowed_names.is_empty() && !self.allowed_names.iter().any(|allowed| allowed == name) {
            return Err(AuthnError::new(format!("x509: subject with cn={name} is not in the allowed list")));
        }
        self.user(credentials.headers).map(|user| user.map(Identity::of))
    }
}

impl FrontProxy {
    /// True for a header that says who somebody is: it must go no further than here.
    pub fn owns(&self, name: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|own| own.eq_ignore_ascii_case(name));
        is_standard(name)
            || named(&self.username_headers)
            || named(&self.uid_headers)
            || named(&self.group_headers)
            || self.extra_prefixes.iter().any(|prefix| strip_prefix(name, prefix).is_some())
    }

    /// The user that the headers name; `None` when they name none.
    ///
    /// # Errors
    /// A header that is not UTF-8: two users whose names differ only there must not become one.
    fn user(&self, headers: &dyn Headers) -> Result<Option<UserInfo>, AuthnError> {
        let Some(name) = first(headers, &self.username_headers)? else { return Ok(None) };
        let mut user = UserInfo {
            name,
            uid: first(headers, &self.uid_headers)?.unwrap_or_default(),
            groups: all(headers, &self.group_headers)?,
            ..UserInfo::default()
        };
        for prefix in &self.extra_prefixes {
            collect(
                headers,
                |name| strip_prefix(name, prefix).map(extra_key),
                |key, value| {
                    user.extra.entry(key).or_default().push(value);
                },
            )?;
        }
        Ok(Some(user))
    }
}

/// True for one of the headers that proxies are used to send.
pub fn is_standard(name: &str) -> bool {
    STANDARD_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name))
        || strip_prefix(name, STANDARD_EXTRA).is_some()
}

/// The rest of a header's name after a prefix in any case.
fn strip_prefix<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The key of an extra attribute: lower case, percent-decoded if it can be.
fn extra_key(encoded: &str) -> String {
    let lower = encoded.to_ascii_lowercase();
    decode_path(&lower).unwrap_or(lower)
}

/// The first value of the first header that has one that is not empty.
fn first(headers: &dyn Headers, names: &[String]) -> Result<Option<String>, AuthnError> {
    for wanted in names {
        let mut found: Option<String> = None;
        let mut seen = false;
        collect(
            headers,
            |name| (!seen && name.eq_ignore_ascii_case(wanted)).then(|| seen = true),
            |(), value| {
                found = Some(value);
            },
        )?;
        if let Some(value) = found.filter(|value| !value.is_empty()) {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// All values of these headers that are not empty.
fn all(headers: &dyn Headers, names: &[String]) -> Result<Vec<String>, AuthnError> {
    let mut values = Vec::new();
    for wanted in names {
        collect(
            headers,
            |name| name.eq_ignore_ascii_case(wanted).then_some(()),
            |(), value| {
                values.extend(Some(value).filter(|v| !v.is_empty()));
            },
        )?;
    }
    Ok(values)
}

/// Hands on the values of the headers that `select` wants, as text.
fn collect<K>(
    headers: &dyn Headers,
    mut select: impl FnMut(&str) -> Option<K>,
    mut take: impl FnMut(K, String),
) -> Result<(), AuthnError> {
    let mut wrong = None;
    headers.each(&mut |name, value| {
        let Some(key) = select(name) else { return };
        match std::str::from_utf8(value) {
            Ok(text) => take(key, text.to_owned()),
            Err(_) => wrong = Some(AuthnError::new(format!("the header {name} is not UTF-8"))),
        }
    });
    wrong.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticator::TokenContext;
    use crate::certificate::Subject;

    fn proxy() -> FrontProxy {
        let list = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect();
        FrontProxy {
            allowed_names: list(&["front"]),
            username_headers: list(&["X-Remote-User", "X-Other-User"]),
            uid_headers: list(&["X-Remote-Uid"]),
            group_headers: list(&["X-Remote-Group", "X-More-Groups"]),
            extra_prefixes: list(&["X-Remote-Extra-"]),
        }
    }

    fn subject(name: &str) -> Subject {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        Subject::of(params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der()).unwrap()
    }

    /// The user that the proxy `name` gets for these headers.
    fn user(name: &str, headers: &[(&str, &[u8])]) -> Result<Option<UserInfo>, String> {
        let (subject, headers) = (subject(name), headers.to_vec());
        let headers: [(&str, &[u8]); 8] =
            std::array::from_fn(|i| headers.get(i).copied().unwrap_or(("x-nothing", b"")));
        let context = TokenContext { audiences: &[], now: 0 };
        let credentials = Credentials {
            front_proxy: Certificate::Verified(&subject),
            headers: &headers,
            ..Credentials::header(None, context)
        };
        let answer = proxy().authenticate(&credentials).map_err(|e| e.to_string())?;
        Ok(answer.map(|identity| identity.user))
    }

    #[test]
    fn the_headers_of_a_proxy_are_believed() {
        let user = user(
            "front",
            &[
                ("x-remote-user", b"alice"),
                ("X-Remote-User", b"mallory"),
                ("X-REMOTE-GROUP", b"dev"),
                ("x-remote-group", b""),
                ("X-More-Groups", b"ops"),
                ("x-remote-uid", b"u-1"),
                ("X-Remote-Extra-Acme.com%2fProject", b"one"),
                ("x-remote-extra-%zz", b"odd"),
            ],
        );
        let user = user.unwrap().unwrap();
        assert_eq!((user.name.as_str(), user.uid.as_str()), ("alice", "u-1"), "the first value counts");
        assert_eq!(user.groups, ["dev", "ops"]);
        assert_eq!(user.extra["acme.com/project"], ["one"]);
        assert_eq!(user.extra["%zz"], ["odd"]);
    }

    #[test]
    fn an_empty_header_gives_way_to_the_next_one() {
        let name = |headers: &[(&str, &[u8])]| user("front", headers).unwrap().map(|u| u.name);
        assert_eq!(name(&[("x-remote-user", b""), ("x-other-user", b"bob")]).unwrap(), "bob");
        // As with Go's Header.Get: the first of two counts, even when it is empty.
        assert_eq!(name(&[("x-remote-user", b""), ("x-remote-user", b"bob")]), None);
        assert_eq!(name(&[("x-remote-group", b"system:masters")]), None);
    }

    #[test]
    fn strangers_and_bytes_are_refused() {
        assert_eq!(
            user("mallory", &[("x-remote-user", b"alice")]).unwrap_err(),
            "x509: subject with cn=mallory is not in the allowed list"
        );
        assert_eq!(
            user("front", &[("x-remote-user", b"al\xffice")]).unwrap_err(),
            "the header x-remote-user is not UTF-8"
        );
        assert!(user("front", &[("x-remote-user", b"a"), ("x-remote-group", b"\xff")]).is_err());
        let context = TokenContext { audiences: &[], now: 0 };
        let headers = [("x-remote-user", "alice")];
        let nobody = Credentials { headers: &headers, ..Credentials::header(None, context) };
        assert_eq!(proxy().authenticate(&nobody), Ok(None));
        let bad = Credentials { front_proxy: Certificate::Invalid("expired"), ..nobody };
        assert_eq!(proxy().authenticate(&bad).unwrap_err().to_string(), "expired");
    }

    #[test]
    fn headers_that_go_no_further() {
        let proxy = proxy();
        for name in ["X-Remote-User", "x-remote-extra-a", "X-MORE-GROUPS", "x-other-user", "X-Remote-Extra-"]
        {
            assert!(proxy.owns(name), "{name}");
        }
        for name in ["x-remote", "x-remote-users", "accept", "x-remote-extr", "é-remote-user"] {
            assert!(!proxy.owns(name), "{name}");
        }
        assert!(FrontProxy::default().owns("x-remote-user"), "the usual ones also without a proxy");
    }
}
