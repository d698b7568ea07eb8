//! Whom a request wants to be taken for, from its `Impersonate-…` headers.
//!
//! Entry point: [`wanted_user`].  Whether it may is for authorization to say.

use api::error::{ApiError, Result};
use api::field::go_quote;
use api::request::decode_path;
use api::user::UserInfo;

const USER: &str = "impersonate-user";
const UID: &str = "impersonate-uid";
const GROUP: &str = "impersonate-group";
const EXTRA: &str = "impersonate-extra-";

/// True for the name of a header that says something about impersonation; such headers go no further.
pub fn is_impersonation_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), USER | UID | GROUP) || name.starts_with(EXTRA)
}

/// The user asked for, just as the headers say it; `None` when they ask for nobody.  Names in any case, in the order
/// of the request.
///
/// # Errors
/// 400 for something to be without somebody to be, and for a value that is no text: to overlook it would let the request
/// act as another user, or with other groups, than was asked for.
pub fn wanted_user<'a, V: AsRef<[u8]> + ?Sized + 'a>(
    headers: impl Iterator<Item = (&'a str, &'a V)>,
) -> Result<Option<UserInfo>> {
    let mut user = UserInfo::default();
    let (mut name_seen, mut uid_seen, mut more) = (false, false, false);
    for (header, value) in headers.filter(|(name, _)| is_impersonation_header(name)) {
        let header = header.to_ascii_lowercase();
        let value = std::str::from_utf8(value.as_ref())
            .map_err(|_| ApiError::bad_request(format!("the value of the {header} header is not UTF-8")))?;
        match header.as_str() {
            // Of a repeated header the first counts, even if it is empty.
            USER => {
                if !std::mem::replace(&mut name_seen, true) {
                    value.clone_into(&mut user.name);
                }
            }
            UID => {
                if !std::mem::replace(&mut uid_seen, true) {
                    value.clone_into(&mut user.uid);
                }
            }
            GROUP => {
                more = true;
                user.groups.push(value.to_owned());
            }
            _ => {
                more = true;
                let key = header.strip_prefix(EXTRA).unwrap_or("");
                let key = decode_path(key).unwrap_or_else(|| key.to_owned());
                user.extra.entry(key).or_default().push(value.to_owned());
            }
        }
    }
    if !user.name.is_empty() {
        return Ok(Some(user));
    }
    if more || !user.uid.is_empty() {
        let shown = shown(&user);
        return Err(ApiError::bad_request(format!("requested {shown} without impersonating a user name")));
    }
    Ok(None)
}

/// A user as Go's `%#v` shows upstream's.
fn shown(user: &UserInfo) -> String {
    let list = |items: &[String]| {
        if items.is_empty() {
            return "[]string(nil)".to_owned();
        }
        format!("[]string{{{}}}", items.iter().map(|s| go_quote(s)).collect::<Vec<_>>().join(", "))
    };
    let extra = if user.extra.is_empty() {
        "map[string][]string(nil)".to_owned()
    } else {
        let pairs = user.extra.iter().map(|(k, v)| format!("{}:{}", go_quote(k), list(v)));
        format!("map[string][]string{{{}}}", pairs.collect::<Vec<_>>().join(", "))
    };
    format!(
        "&user.DefaultInfo{{Name:{}, UID:{}, Groups:{}, Extra:{extra}}}",
        go_quote(&user.name),
        go_quote(&user.uid),
        list(&user.groups)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&str, &str)]) -> Result<Option<UserInfo>> {
        wanted_user(headers.iter().copied())
    }

    #[test]
    fn users() {
        assert_eq!(read(&[("Accept", "x")]), Ok(None));
        let user = read(&[
            ("Impersonate-User", "alice"),
            ("impersonate-group", "ops"),
            ("Impersonate-Group", "dev"),
            ("Impersonate-Uid", "u-1"),
            ("Impersonate-Extra-Acme.com%2Fscopes", "view"),
            ("Impersonate-Extra-acme.com%2fscopes", "edit"),
            ("Impersonate-Extra-%zz", "odd"),
        ]);
        let user = user.unwrap().unwrap();
        assert_eq!((user.name.as_str(), user.uid.as_str()), ("alice", "u-1"));
        assert_eq!(user.groups, ["ops", "dev"]);
        assert_eq!(user.extra["acme.com/scopes"], ["view", "edit"]);
        assert_eq!(user.extra["%zz"], ["odd"]);
    }

    #[test]
    fn nobody_with_something() {
        let message = |headers: &[(&str, &str)]| read(headers).unwrap_err().message;
        assert_eq!(
            message(&[("Impersonate-Group", "ops")]),
            "requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\"ops\"}, Extra:map[string][]string(nil)} without impersonating a user name"
        );
        assert!(message(&[("Impersonate-Uid", "1")]).contains("UID:\"1\", Groups:[]string(nil)"));
        assert!(
            message(&[("Impersonate-Extra-a", "b")])
                .contains("Extra:map[string][]string{\"a\":[]string{\"b\"}}")
        );
    }

    #[test]
    fn repeated_empty_and_odd_values() {
        let user =
            read(&[("Impersonate-User", "alice"), ("impersonate-user", "root"), ("Impersonate-Uid", "")]);
        assert_eq!(user.unwrap().unwrap(), UserInfo::new("alice", [] as [&str; 0]));
        assert!(
            read(&[("Impersonate-User", ""), ("Impersonate-User", "root"), ("Impersonate-Group", "x")])
                .is_err()
        );
        assert_eq!(read(&[("Impersonate-User", ""), ("Impersonate-Uid", "")]), Ok(None));
        let bytes = |value: &'static [u8]| wanted_user([("Impersonate-User", value)].into_iter());
        assert_eq!(bytes("jürgen".as_bytes()).unwrap().unwrap().name, "jürgen");
        let error = bytes(b"j\xfcrgen").unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (400, "the value of the impersonate-user header is not UTF-8")
        );
        let other = wanted_user([("X-Other", &b"\xff"[..])].into_iter());
        assert_eq!(other, Ok(None), "other headers may hold what they like");
    }

    #[test]
    fn header_names() {
        assert!(
            is_impersonation_header("Impersonate-Extra-x") && is_impersonation_header("IMPERSONATE-USER")
        );
        assert!(!is_impersonation_header("Accept"));
    }
}
