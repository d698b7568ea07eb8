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
pub fn wanted_user<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Option<UserInfo>> {
    let mut user = UserInfo::default();
    let (mut has_group, mut has_extra) = (false, false);
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            // Of a repeated header the first counts.
            USER if user.name.is_empty() => user.name = value.to_owned(),
            UID if user.uid.is_empty() => user.uid = value.to_owned(),
            GROUP => {
                has_group = true;
                user.groups.push(value.to_owned());
            }
            _ => {
                if let Some(key) = name.strip_prefix(EXTRA) {
                    has_extra = true;
                    let key = decode_path(key).unwrap_or_else(|| key.to_owned());
                    user.extra.entry(key).or_default().push(value.to_owned());
                }
            }
        }
    }
    if !user.name.is_empty() {
        return Ok(Some(user));
    }
    if has_group || has_extra || !user.uid.is_empty() {
        return Err(ApiError::bad_request(format!(
            "requested {} without impersonating a user name",
            shown(&user)
        )));
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
    fn header_names() {
        assert!(
            is_impersonation_header("Impersonate-Extra-x") && is_impersonation_header("IMPERSONATE-USER")
        );
        assert!(!is_impersonation_header("Accept"));
    }
}
