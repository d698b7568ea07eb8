//! The `--oidc-…` flags, which say less than the file does.

use authn::jose::Algorithm;
use authn::oidc::{ClaimMapping, ClaimRule, Configuration, IssuerSettings, JwtAuthenticator};

use crate::config::Config;

/// Refuses flags that do not go together.
pub(super) fn check(config: &Config) -> Result<(), String> {
    let (oidc, is_set) = (&config.oidc, config.has_flag("oidc-"));
    if config.authentication_config.is_some() {
        return if is_set {
            Err("authentication-config file and oidc-* flags are mutually exclusive".to_owned())
        } else {
            Ok(())
        };
    }
    if is_set && (oidc.issuer_url.is_empty() || oidc.client_id.is_empty()) {
        let why =
            "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set";
        return Err(why.to_owned());
    }
    Ok(())
}

/// The algorithms that tokens may be signed with.
pub(super) fn algorithms(config: &Config) -> Result<Vec<Algorithm>, String> {
    let named = |name: &String| {
        Algorithm::named(name).ok_or_else(|| format!("oidc: unsupported signing alg: {name:?}"))
    };
    config.oidc.signing_algs.iter().map(named).collect()
}

/// What the flags say; no issuer when they say nothing.
pub(super) fn configuration(config: &Config) -> Result<Configuration, String> {
    let oidc = &config.oidc;
    if oidc.issuer_url.is_empty() {
        return Ok(Configuration::default());
    }
    let prefix = match oidc.username_prefix.as_str() {
        // As upstream: only addresses of mail go without.
        "" if oidc.username_claim != "email" => format!("{}#", oidc.issuer_url),
        "-" => String::new(),
        prefix => prefix.to_owned(),
    };
    let certificate_authority = match &oidc.ca_file {
        Some(path) => std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?,
        None => String::new(),
    };
    let mapping = |claim: &str, prefix: String| ClaimMapping {
        claim: claim.to_owned(),
        prefix: Some(prefix),
        ..ClaimMapping::default()
    };
    let rule = |(claim, value): &(String, String)| ClaimRule {
        claim: claim.clone(),
        required_value: value.clone(),
        ..ClaimRule::default()
    };
    let has_groups = !oidc.groups_claim.is_empty();
    let authenticator = JwtAuthenticator {
        issuer: IssuerSettings {
            url: oidc.issuer_url.clone(),
            certificate_authority,
            audiences: vec![oidc.client_id.clone()],
            ..IssuerSettings::default()
        },
        claim_rules: oidc.required_claims.iter().map(rule).collect(),
        username: mapping(&oidc.username_claim, prefix),
        groups: if has_groups {
            mapping(&oidc.groups_claim, oidc.groups_prefix.clone())
        } else {
            ClaimMapping::default()
        },
        ..JwtAuthenticator::default()
    };
    Ok(Configuration { jwt: vec![authenticator], anonymous: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Oidc;

    fn config(change: impl FnOnce(&mut Oidc)) -> Config {
        let mut config = Config::default();
        config.given.insert("oidc-issuer-url");
        config.oidc.issuer_url = "https://i".to_owned();
        config.oidc.client_id = "c".to_owned();
        change(&mut config.oidc);
        config
    }

    #[test]
    fn flags_go_together() {
        assert!(check(&Config::default()).is_ok() && check(&config(|_| {})).is_ok());
        assert!(check(&config(|o| o.client_id.clear())).unwrap_err().starts_with("oidc-issuer-url and"));
        let both = Config { authentication_config: Some("x".into()), ..config(|_| {}) };
        assert!(check(&both).unwrap_err().ends_with("are mutually exclusive"));
        assert_eq!(
            algorithms(&config(|o| o.signing_algs = vec!["HS256".into()])).unwrap_err(),
            "oidc: unsupported signing alg: \"HS256\""
        );
    }

    #[test]
    fn names_are_told_apart_by_issuer() {
        let prefix = |change: &dyn Fn(&mut Oidc)| {
            configuration(&config(change)).unwrap().jwt[0].username.prefix.clone().unwrap()
        };
        assert_eq!(prefix(&|_| {}), "https://i#");
        assert_eq!(prefix(&|o| o.username_claim = "email".into()), "");
        assert_eq!(prefix(&|o| o.username_prefix = "-".into()), "");
        assert_eq!(prefix(&|o| o.username_prefix = "oidc:".into()), "oidc:");
    }
}
