//! The rules for names and other small texts: DNS labels, qualified names, label values, port names.
//!
//! Each rule is a function from a text to the list of what is wrong with it (empty: nothing), in upstream's words
//! (k8s.io/apimachinery `util/validation` and `api/validate/content`).  [`report`] turns such a list into field errors.
//! Lengths are in bytes.

use std::borrow::Cow;

pub use api::content::domain_prefixed_path;
use api::{Value, field};

use crate::NameRule;

/// What is wrong with a text, one sentence each.
pub type Faults = Vec<String>;

/// Longest RFC 1123 or RFC 1035 label.
pub const LABEL_MAX: usize = 63;
/// Longest RFC 1123 subdomain.
pub const SUBDOMAIN_MAX: usize = 253;

const LABEL_FORMAT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_FORMAT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const UNDERSCORE_SUBDOMAIN_FORMAT: &str =
    r"_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";
const WILDCARD_FORMAT: &str = r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL_1035_FORMAT: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const KEY_FORMAT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/// Adds each fault as an invalid value of `path`.
pub fn report(errors: &mut field::Errors, path: &field::Path, value: &str, faults: &[String]) {
    if !faults.is_empty() {
        let value = Value::from(value);
        faults.iter().for_each(|fault| errors.invalid(path, &value, fault));
    }
}

/// Faults of an object's name under a rule; `prefix` when more will be appended to it (`generateName`).
pub fn object_name(rule: NameRule, name: &str, prefix: bool) -> Faults {
    match rule {
        NameRule::Subdomain => dns1123_subdomain(&masked(name, prefix)),
        NameRule::Label => dns1123_label(&masked(name, prefix)),
        NameRule::Label1035 => dns1035_label(&masked(name, prefix)),
        NameRule::PathSegment => path_segment(name, prefix),
        NameRule::Custom => Faults::new(),
    }
}

/// A prefix may end in a dash, which the generated suffix follows; like upstream this forgives the byte before, too.
fn masked(name: &str, prefix: bool) -> Cow<'_, str> {
    let stem = if prefix { name.strip_suffix('-') } else { None };
    match stem.and_then(|stem| stem.get(..stem.len().checked_sub(1)?)) {
        Some(kept) => Cow::Owned(format!("{kept}a")),
        None => Cow::Borrowed(name),
    }
}

/// RFC 1123 label: 63 bytes, lower case.
pub fn dns1123_label(value: &str) -> Faults {
    let mut faults = longer_than(value, LABEL_MAX);
    if !is_label(value) {
        faults.push(if is_subdomain(value) {
            "must not contain dots".to_owned()
        } else {
            let why = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
                       and must start and end with an alphanumeric character";
            regex_fault(why, LABEL_FORMAT, &["my-name", "123-abc"])
        });
    }
    faults
}

/// RFC 1123 subdomain: 253 bytes, lower case, labels joined by dots.
pub fn dns1123_subdomain(value: &str) -> Faults {
    let mut faults = longer_than(value, SUBDOMAIN_MAX);
    faults.extend(subdomain_shape(value));
    faults
}

/// RFC 1123 subdomain in the words of the newer, declarative rules.
pub fn long_name(value: &str) -> Faults {
    let mut faults = longer_than_bytes(value, SUBDOMAIN_MAX);
    faults.extend(subdomain_shape(value));
    faults
}

fn subdomain_shape(value: &str) -> Option<String> {
    let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
               and must start and end with an alphanumeric character";
    (!is_subdomain(value)).then(|| regex_fault(why, SUBDOMAIN_FORMAT, &["example.com"]))
}

/// RFC 1123 subdomain whose labels may hold underscores.
pub fn dns1123_subdomain_with_underscore(value: &str) -> Faults {
    let mut faults = longer_than(value, SUBDOMAIN_MAX);
    let label = |label: &str| {
        let rest = label.strip_prefix('_').unwrap_or(label);
        bounded_by(rest, lower_alnum, |b| lower_alnum(b) || b == b'-' || b == b'_')
    };
    if !value.split('.').all(label) {
        let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or \
                   '.', and must start and end with an alphanumeric character";
        faults.push(regex_fault(why, UNDERSCORE_SUBDOMAIN_FORMAT, &["example.com"]));
    }
    faults
}

/// RFC 1123 subdomain in any case (driver names).
pub fn dns1123_subdomain_caseless(value: &str) -> Faults {
    let mut faults = longer_than_bytes(value, SUBDOMAIN_MAX);
    if !is_subdomain(&value.to_ascii_lowercase()) {
        let why = "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and \
                   end with an alphanumeric character";
        faults.push(regex_fault(why, SUBDOMAIN_FORMAT, &["Example.com"]));
    }
    faults
}

/// Wildcard subdomain, `*.` and a subdomain (RFC 1034 section 4.3.3).
pub fn wildcard_dns1123_subdomain(value: &str) -> Faults {
    let mut faults = longer_than(value, SUBDOMAIN_MAX);
    if !value.strip_prefix("*.").is_some_and(is_subdomain) {
        let why = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must \
                   consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
        faults.push(regex_fault(why, WILDCARD_FORMAT, &["*.example.com"]));
    }
    faults
}

/// RFC 1035 label: 63 bytes, lower case, starts with a letter.
pub fn dns1035_label(value: &str) -> Faults {
    let mut faults = longer_than(value, LABEL_MAX);
    if !(is_label(value) && value.starts_with(|c: char| c.is_ascii_lowercase())) {
        let why = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
                   alphabetic character, and end with an alphanumeric character";
        faults.push(regex_fault(why, LABEL_1035_FORMAT, &["my-name", "abc-123"]));
    }
    faults
}

/// Text that can stand as one segment of a path; `prefix` when more will be appended.
pub fn path_segment(value: &str, prefix: bool) -> Faults {
    if !prefix && (value == "." || value == "..") {
        return vec![format!("may not be '{value}'")];
    }
    ["/", "%"]
        .iter()
        .filter(|bad| value.contains(**bad))
        .map(|bad| format!("may not contain '{bad}'"))
        .collect()
}

/// Label key, also called qualified name: an optional subdomain and `/`, then up to 63 bytes.
pub fn qualified_name(value: &str) -> Faults {
    let why = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    let shape = || regex_fault(why, KEY_FORMAT, &["MyName", "my.name", "123-abc"]);
    let mut faults = Faults::new();
    let name = match value.split_once('/') {
        None => value,
        Some((_, name)) if name.contains('/') => {
            let hint = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {} {hint}", shape())];
        }
        Some((prefix, name)) => {
            faults.extend(key_prefix(prefix));
            name
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else {
        faults.extend(longer_than_bytes(name, LABEL_MAX).iter().map(|fault| format!("name part {fault}")));
    }
    if !is_key(name) {
        faults.push(format!("name part {}", shape()));
    }
    faults
}

fn key_prefix(prefix: &str) -> Faults {
    if prefix.is_empty() {
        return vec!["prefix part must be non-empty".to_owned()];
    }
    let mut faults = longer_than_bytes(prefix, SUBDOMAIN_MAX);
    faults.extend(subdomain_shape(prefix));
    faults.iter().map(|fault| format!("prefix part {fault}")).collect()
}

/// Label value: empty or up to 63 bytes.
pub fn label_value(value: &str) -> Faults {
    let mut faults = longer_than_bytes(value, LABEL_MAX);
    if !(value.is_empty() || is_key(value)) {
        let why = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                   must start and end with an alphanumeric character";
        faults.push(regex_fault(why, &format!("({KEY_FORMAT})?"), &["MyValue", "my_value", "12345"]));
    }
    faults
}

/// Identifier of the C language.
pub fn c_identifier(value: &str) -> Faults {
    let start = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    if starts_then(value, start, |b| start(b) || b.is_ascii_digit()) {
        return Faults::new();
    }
    let why = "a valid C identifier must start with alphabetic character or '_', followed by a string of \
               alphanumeric characters or '_'";
    vec![regex_fault(why, "[A-Za-z_][A-Za-z0-9_]*", &["my_name", "MY_NAME", "MyName"])]
}

/// Number of a port, 1 to 65535.
pub fn port_number(port: i64) -> Faults {
    in_range(port, 1, 65535)
}

/// Number within inclusive bounds.
pub fn in_range(value: i64, low: i64, high: i64) -> Faults {
    if (low..=high).contains(&value) {
        Faults::new()
    } else {
        vec![format!("must be between {low} and {high}, inclusive")]
    }
}

/// Unix user or group id.
pub fn unix_id(id: i64) -> Faults {
    in_range(id, 0, i64::from(i32::MAX))
}

/// Name of a port (RFC 6335): up to 15 bytes, lower case, at least one letter.
pub fn port_name(value: &str) -> Faults {
    let mut faults = longer_than(value, 15);
    let mut check = |wrong: bool, fault: &str| {
        if wrong {
            faults.push(fault.to_owned());
        }
    };
    let charset = !value.is_empty() && value.bytes().all(|b| lower_alnum(b) || b == b'-');
    check(!charset, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    check(!value.bytes().any(|b| b.is_ascii_lowercase()), "must contain at least one letter (a-z)");
    check(value.contains("--"), "must not contain consecutive hyphens");
    check(value.starts_with('-') || value.ends_with('-'), "must not begin or end with a hyphen");
    faults
}

/// Percentage such as `25%`.
pub fn percent(value: &str) -> Faults {
    let digits = value.strip_suffix('%').unwrap_or("");
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Faults::new();
    }
    let why = "a valid percent string must be a numeric string followed by an ending '%'";
    vec![regex_fault(why, "[0-9]+%", &["1%", "93%"])]
}

/// Name of an HTTP header.
pub fn http_header_name(value: &str) -> Faults {
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Faults::new();
    }
    let why = "a valid HTTP header must consist of alphanumeric characters or '-'";
    vec![regex_fault(why, "[-A-Za-z0-9]+", &["X-Header-Name"])]
}

/// Name of an environment variable: printable ASCII without `=`.
pub fn env_var_name(value: &str) -> Faults {
    let mut faults = Faults::new();
    if value.is_empty() {
        faults.push("environment variable name must be non-empty".to_owned());
    }
    if value.chars().any(|c| !matches!(c, ' '..='~') || c == '=') {
        let why = "a valid environment variable name must consist only of printable ASCII characters other than '='";
        faults.push(why.to_owned());
    }
    faults
}

/// Key of a ConfigMap or Secret, which becomes a file name.
pub fn config_map_key(value: &str) -> Faults {
    let mut faults = longer_than(value, SUBDOMAIN_MAX);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if value.is_empty() || !value.bytes().all(allowed) {
        let why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        faults.push(regex_fault(why, "[-._a-zA-Z0-9]+", &["key.name", "KEY_NAME", "key-name"]));
    }
    match value {
        "." | ".." => faults.push(format!("must not be '{value}'")),
        _ if value.starts_with("..") => faults.push("must not start with '..'".to_owned()),
        _ => {}
    }
    faults
}

/// Domain name of at least three labels; adds to `errors`.
pub fn fully_qualified_name(errors: &mut field::Errors, path: &field::Path, name: &str) {
    if name.is_empty() {
        return errors.required(path, "");
    }
    let faults = dns1123_subdomain(name);
    if !faults.is_empty() {
        return errors.invalid(path, &name.into(), faults.join(","));
    }
    if name.split('.').count() < 3 {
        errors.invalid(
            path,
            &name.into(),
            "should be a domain with at least three segments separated by dots",
        );
    }
}

/// Domain name of at least two labels, a final dot allowed; adds to `errors`.
pub fn fully_qualified_domain_name(errors: &mut field::Errors, path: &field::Path, name: &str) {
    if name.is_empty() {
        return errors.required(path, "");
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let faults = dns1123_subdomain(name);
    if !faults.is_empty() {
        return errors.invalid(path, &name.into(), faults.join(","));
    }
    if name.split('.').count() < 2 {
        let why = "should be a domain with at least two segments separated by dots";
        return errors.invalid(path, &name.into(), why);
    }
    let bad =
        name.split('.').map(|label| (label, dns1123_label(label))).find(|(_, faults)| !faults.is_empty());
    if let Some((label, faults)) = bad {
        errors.invalid(path, &label.into(), faults.join(","));
    }
}

/// Qualified name whose prefix is given, such as `acme.io/foo`; adds to `errors`.
pub fn domain_prefixed_key(errors: &mut field::Errors, path: &field::Path, key: &str) {
    if key.is_empty() {
        return errors.required(path, "");
    }
    let faults = qualified_name(key);
    if faults.is_empty() && !key.contains('/') {
        return errors.invalid(path, &key.into(), "must be a domain-prefixed key (such as \"acme.io/foo\")");
    }
    report(errors, path, key, &faults);
}

/// `why`, examples and the pattern, put together as upstream does.
pub fn regex_fault(why: &str, pattern: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{why} (regex used for validation is '{pattern}')");
    }
    let examples = examples.iter().map(|e| format!("'{e}', ")).collect::<Vec<_>>().join(" or ");
    format!("{why} (e.g. {examples}regex used for validation is '{pattern}')")
}

/// The fault of a text longer than `max`, in the words of the older rules.
pub fn longer_than(value: &str, max: usize) -> Faults {
    if value.len() > max { vec![format!("must be no more than {max} characters")] } else { Faults::new() }
}

/// The fault of a text longer than `max`, in the words of the newer rules.
fn longer_than_bytes(value: &str, max: usize) -> Faults {
    if value.len() > max { vec![format!("must be no more than {max} bytes")] } else { Faults::new() }
}

fn lower_alnum(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn is_label(value: &str) -> bool {
    bounded_by(value, lower_alnum, |b| lower_alnum(b) || b == b'-')
}

fn is_subdomain(value: &str) -> bool {
    value.split('.').all(is_label)
}

fn is_key(value: &str) -> bool {
    let edge = |b: u8| b.is_ascii_alphanumeric();
    bounded_by(value, edge, |b| edge(b) || matches!(b, b'-' | b'_' | b'.'))
}

/// True when first and last byte satisfy `edge` and all satisfy `inner`.
fn bounded_by(value: &str, edge: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = value.as_bytes();
    matches!((bytes.first(), bytes.last()), (Some(&first), Some(&last)) if edge(first) && edge(last))
        && bytes.iter().all(|&b| inner(b))
}

fn starts_then(value: &str, start: impl Fn(u8) -> bool, rest: impl Fn(u8) -> bool) -> bool {
    value.bytes().next().is_some_and(start) && value.bytes().skip(1).all(rest)
}

#[cfg(test)]
mod tests;
