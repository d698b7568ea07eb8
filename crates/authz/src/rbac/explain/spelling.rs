//! Names that people take for the same and the server does not.

use api::user::SERVICE_ACCOUNT_PREFIX;

/// How a name is near another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alike {
    /// But for the case of letters.
    Case,
    /// But for something before a colon, slash or hash, as identity providers put before names.
    Prefix,
    /// But for something behind an at sign.
    Domain,
    /// But for one letter, or two swapped.
    Letter,
    /// A service account of that name in another namespace.
    Account,
}

/// How `b` is near `a`; `None` when it is `a`, or nothing like it.
pub(super) fn alike(a: &str, b: &str) -> Option<Alike> {
    if a == b || a.is_empty() || b.is_empty() {
        return None;
    }
    match (account(a), account(b)) {
        (Some((_, x)), Some((_, y))) if x == y => return Some(Alike::Account),
        (Some((m, x)), Some((n, y))) => {
            return (m == n).then(|| letters(x, y)).flatten();
        }
        (Some(_), None) | (None, Some(_)) => return None,
        (None, None) => {}
    }
    if a.starts_with("system:") || b.starts_with("system:") {
        return a.eq_ignore_ascii_case(b).then_some(Alike::Case);
    }
    let bare = |name: &str| name.rsplit([':', '/', '#']).next().map(str::to_owned);
    if a.len() != b.len() && bare(a) == bare(b) && bare(a).is_some_and(|n| !n.is_empty()) {
        return Some(Alike::Prefix);
    }
    let local = |name: &str| name.split_once('@').map_or(name, |(local, _)| local).to_owned();
    if a.contains('@') != b.contains('@') && local(a) == local(b) {
        return Some(Alike::Domain);
    }
    letters(a, b)
}

fn letters(a: &str, b: &str) -> Option<Alike> {
    if a.eq_ignore_ascii_case(b) {
        return Some(Alike::Case);
    }
    one_letter(a.as_bytes(), b.as_bytes()).then_some(Alike::Letter)
}

/// Namespace and name of a service account's user name, valid or not.
fn account(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(SERVICE_ACCOUNT_PREFIX)?.split_once(':')
}

/// True when names of at least four letters differ in one letter, one missing letter, or two swapped ones.  Digits tell
/// numbered names apart and are no slips.
fn one_letter(a: &[u8], b: &[u8]) -> bool {
    if a.len().min(b.len()) < 4 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(start..).unwrap_or_default(), b.get(start..).unwrap_or_default());
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let a = a.get(..a.len() - end.min(a.len())).unwrap_or_default();
    let b = b.get(..b.len() - end.min(b.len())).unwrap_or_default();
    let letters = a.iter().chain(b).all(|c| !c.is_ascii_digit());
    letters
        && match (a, b) {
            ([_], [_] | []) | ([], [_]) => true,
            ([x, y], [v, w]) => (x, y) == (w, v),
            _ => false,
        }
}

/// True when a rule names a resource as people write it and no request does: another case, the singular, the kind.
pub(super) fn misspelled(written: &str, resource: &str) -> bool {
    if written == resource || written == "*" {
        return false;
    }
    let lower = written.to_ascii_lowercase();
    lower == resource
        || ["s", "es"].iter().any(|end| resource.strip_suffix(end) == Some(&lower))
        || lower.strip_suffix('y').zip(resource.strip_suffix("ies")).is_some_and(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (a, b, expect) in [
            ("bob", "Bob", Some(Alike::Case)),
            ("bob", "oidc:bob", Some(Alike::Prefix)),
            ("https://idp/#bob", "bob", Some(Alike::Prefix)),
            ("bob@example.com", "bob", Some(Alike::Domain)),
            ("alice", "alcie", Some(Alike::Letter)),
            ("alice", "alic", Some(Alike::Letter)),
            ("team-1", "team-2", None),
            ("bob", "rob", None),
            ("bob", "bob", None),
            ("system:serviceaccount:a:x", "system:serviceaccount:b:x", Some(Alike::Account)),
            ("system:serviceaccount:a:pipeline", "system:serviceaccount:a:pipelin", Some(Alike::Letter)),
            ("system:serviceaccount:a:x", "x", None),
            ("system:nodes", "x:nodes", None),
        ] {
            assert_eq!(alike(a, b), expect, "{a} {b}");
        }
    }

    #[test]
    fn resources() {
        for written in ["Pods", "pod", "Pod"] {
            assert!(misspelled(written, "pods"), "{written}");
        }
        assert!(misspelled("NetworkPolicy", "networkpolicies") && misspelled("Ingress", "ingresses"));
        assert!(!misspelled("pods", "pods") && !misspelled("*", "pods") && !misspelled("nodes", "pods"));
    }
}
