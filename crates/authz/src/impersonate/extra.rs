//! What constrained impersonation takes for `extra`.

use std::collections::BTreeMap;

use api::content;
use api::field::{Errors, Path, go_quote};

use super::mode::MANY;

type Extra = BTreeMap<String, Vec<String>>;

/// True when one question about all values comes first.
pub(super) fn is_large(extra: &Extra) -> bool {
    extra.len() >= MANY || extra.values().map(Vec::len).sum::<usize>() >= MANY
}

/// Why such an `extra` cannot be asked for.
pub(super) fn validate(extra: &Extra) -> Result<(), String> {
    for (key, values) in extra {
        if key.is_empty() {
            return Err("impersonating the empty string key in extra is not allowed".to_owned());
        }
        let mut errors = Errors::new();
        content::domain_prefixed_path(&mut errors, &Path::new("extra").child("key"), key);
        if !errors.is_empty() {
            return Err(format!("impersonating an invalid key in extra is not allowed: {errors}"));
        }
        if key.chars().any(char::is_uppercase) {
            let key = go_quote(key);
            return Err(format!("impersonating a non-lowercase key in extra is not allowed: {key}"));
        }
        if values.is_empty() {
            return Err("impersonating empty values in extra is not allowed".to_owned());
        }
        if values.iter().any(String::is_empty) {
            return Err("impersonating the empty string value in extra is not allowed".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, values: &[&str]) -> String {
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        validate(&Extra::from([(key.to_owned(), values)])).err().unwrap_or_default()
    }

    #[test]
    fn keys_and_values() {
        assert_eq!(check("acme.io/foo", &["a"]), "");
        let start = "impersonating an invalid key in extra is not allowed: extra.key: Invalid value: ";
        assert_eq!(
            check("scopes", &["a"]),
            format!("{start}\"scopes\": must be a domain-prefixed path (such as \"acme.io/foo\")")
        );
        assert!(
            check("acme.io/a b", &["a"]).starts_with(&format!("{start}\"a b\": Invalid path (regex used"))
        );
        assert_eq!(check("", &["a"]), "impersonating the empty string key in extra is not allowed");
        assert!(check("acme.io/Foo", &["a"]).ends_with("not allowed: \"acme.io/Foo\""));
        assert_eq!(check("acme.io/foo", &[]), "impersonating empty values in extra is not allowed");
        assert_eq!(
            check("acme.io/foo", &[""]),
            "impersonating the empty string value in extra is not allowed"
        );
    }
}
