//! The formats that names and labels are checked against, with upstream's texts (k8s.io/apimachinery
//! `api/validate/content`).
//!
//! Each function answers the list of complaints about a value, empty when it is fine.

use crate::field;

const LABEL_KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_KEY_TEXT: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
     alphanumeric character";
const LABEL_VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const LABEL_VALUE_TEXT: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
     '.', and must start and end with an alphanumeric character";
const DNS1123_LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS1123_LABEL_TEXT: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
     and must start and end with an alphanumeric character";
const DNS1123_SUBDOMAIN: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const DNS1123_SUBDOMAIN_TEXT: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
     characters, '-' or '.', and must start and end with an alphanumeric character";
const HTTP_PATH: &str = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+";

/// The text for a value longer than `max` bytes.
pub fn max_length(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

/// The text for a value that does not match `pattern`; `text` says it in words.
pub fn pattern(text: &str, pattern: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{text} (regex used for validation is '{pattern}')");
    }
    let shown = examples.iter().map(|e| format!("'{e}', ")).collect::<Vec<_>>().join(" or ");
    format!("{text} (e.g. {shown}regex used for validation is '{pattern}')")
}

/// A label key or other qualified name: `name` or `prefix/name`.
pub fn label_key(value: &str) -> Vec<String> {
    let wrong = || pattern(LABEL_KEY_TEXT, LABEL_KEY, &["MyName", "my.name", "123-abc"]);
    let mut complaints = Vec::new();
    let name = match value.split_once('/') {
        None => value,
        Some((_, name)) if name.contains('/') => {
            let suffix = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {}{suffix}", wrong())];
        }
        Some((prefix, name)) => {
            if prefix.is_empty() {
                complaints.push("prefix part must be non-empty".to_owned());
            } else {
                complaints.extend(dns1123_subdomain(prefix).into_iter().map(|c| format!("prefix part {c}")));
            }
            name
        }
    };
    if name.is_empty() {
        complaints.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        complaints.push(format!("name part {}", max_length(63)));
    }
    if !is_label_text(name) {
        complaints.push(format!("name part {}", wrong()));
    }
    complaints
}

/// A label value; empty is fine.
pub fn label_value(value: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if value.len() > 63 {
        complaints.push(max_length(63));
    }
    if !value.is_empty() && !is_label_text(value) {
        complaints.push(pattern(LABEL_VALUE_TEXT, LABEL_VALUE, &["MyValue", "my_value", "12345"]));
    }
    complaints
}

/// A lower-case RFC 1123 label of at most 63 bytes.
pub fn dns1123_label(value: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if value.len() > 63 {
        complaints.push(max_length(63));
    }
    if !is_dns1123_label(value) {
        complaints.push(if is_dns1123_subdomain(value) {
            "must not contain dots".to_owned()
        } else {
            pattern(DNS1123_LABEL_TEXT, DNS1123_LABEL, &["my-name", "123-abc"])
        });
    }
    complaints
}

/// A lower-case RFC 1123 subdomain of at most 253 bytes.
pub fn dns1123_subdomain(value: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if value.len() > 253 {
        complaints.push(max_length(253));
    }
    if !is_dns1123_subdomain(value) {
        complaints.push(pattern(DNS1123_SUBDOMAIN_TEXT, DNS1123_SUBDOMAIN, &["example.com"]));
    }
    complaints
}

/// A path that starts with a domain, such as `acme.io/foo`; adds to `errors`.
pub fn domain_prefixed_path(errors: &mut field::Errors, path: &field::Path, value: &str) {
    if value.is_empty() {
        return errors.required(path, "");
    }
    let Some((host, rest)) =
        value.split_once('/').filter(|(host, rest)| !host.is_empty() && !rest.is_empty())
    else {
        let why = "must be a domain-prefixed path (such as \"acme.io/foo\")";
        return errors.invalid(path, &value.into(), why);
    };
    for complaint in dns1123_subdomain(host) {
        errors.invalid(path, &host.into(), complaint);
    }
    if !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b)) {
        errors.invalid(path, &rest.into(), pattern("Invalid path", HTTP_PATH, &[]));
    }
}

/// A name that can stand as one segment of a path; empty is fine.
pub fn path_segment_name(value: &str) -> Vec<String> {
    if matches!(value, "." | "..") {
        return vec![format!("may not be '{value}'")];
    }
    ['/', '%'].iter().filter(|c| value.contains(**c)).map(|c| format!("may not contain '{c}'")).collect()
}

fn is_label_text(value: &str) -> bool {
    let inner = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    framed(value.as_bytes(), u8::is_ascii_alphanumeric, inner)
}

fn is_dns1123_label(value: &str) -> bool {
    let outer = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    framed(value.as_bytes(), outer, |b| outer(b) || *b == b'-')
}

fn is_dns1123_subdomain(value: &str) -> bool {
    value.split('.').all(is_dns1123_label)
}

/// True for a non-empty text whose first and last byte are `outer` and all others `inner`.
fn framed(bytes: &[u8], outer: impl Fn(&u8) -> bool, inner: impl Fn(&u8) -> bool) -> bool {
    bytes.first().is_some_and(&outer) && bytes.last().is_some_and(&outer) && bytes.iter().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_keys() {
        for good in ["a", "A.b_c-d", "example.com/x", "1"] {
            assert_eq!(label_key(good), Vec::<String>::new(), "{good}");
        }
        assert_eq!(
            label_key("-bad"),
            [
                "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
              alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
              '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            ]
        );
        assert_eq!(label_key("").len(), 2);
        assert_eq!(label_key("/a"), ["prefix part must be non-empty"]);
        assert!(label_key("a/b/c")[0].ends_with("prefix and '/' (e.g. 'example.com/MyName')"));
        assert_eq!(label_key(&"a".repeat(64)), ["name part must be no more than 63 bytes"]);
        assert!(label_key("B.com/x")[0].starts_with("prefix part a lowercase RFC 1123 subdomain"));
    }

    #[test]
    fn values_and_names() {
        assert!(label_value("").is_empty() && label_value("a_b").is_empty());
        assert_eq!(label_value("a b").len(), 1);
        assert_eq!(dns1123_label("a.b"), ["must not contain dots"]);
        assert_eq!(dns1123_label("").len(), 1);
        assert_eq!(dns1123_subdomain("a..b").len(), 1);
        assert_eq!(path_segment_name(".."), ["may not be '..'"]);
        assert_eq!(path_segment_name("a/b%"), ["may not contain '/'", "may not contain '%'"]);
    }
}
