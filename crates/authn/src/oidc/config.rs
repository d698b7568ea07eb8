//! What an AuthenticationConfiguration says (`apiserver.config.k8s.io`), or the flags that say the same.
//!
//! Entry point: [`Configuration::of_value`].  Names are upstream's; what is not set is empty.

use api::Value;

/// Who vouches for whom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// Issuers of tokens.
    pub jwt: Vec<JwtAuthenticator>,
    /// Requests that show nothing; `None` leaves that to a flag.
    pub anonymous: Option<AnonymousSettings>,
}

/// What becomes of requests that show nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnonymousSettings {
    /// They are let in.
    pub enabled: bool,
    /// They are let in on these paths alone; empty is no condition.
    pub paths: Vec<String>,
}

/// An issuer, and what its tokens mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JwtAuthenticator {
    /// Who signs.
    pub issuer: Issuer,
    /// What tokens must say.
    pub claim_rules: Vec<ClaimRule>,
    /// The user's name.
    pub username: ClaimMapping,
    /// The user's groups.
    pub groups: ClaimMapping,
    /// The user's uid; without prefix.
    pub uid: ClaimMapping,
    /// More about the user.
    pub extra: Vec<ExtraMapping>,
    /// What users must be like.
    pub user_rules: Vec<UserRule>,
}

/// Who signs tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuer {
    /// The `iss` claim; the discovery document is below it.
    pub url: String,
    /// Where the discovery document is instead; `""` for below `url`.
    pub discovery_url: String,
    /// CAs of the issuer's server, PEM; `""` for those of the host.
    pub certificate_authority: String,
    /// The `aud` claim must name one of these.
    pub audiences: Vec<String>,
    /// `""` or `MatchAny`.
    pub audience_match_policy: String,
    /// `""`, `controlplane` or `cluster`.
    pub egress_selector_type: String,
}

/// What a claim must be: a text, or what an expression says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimRule {
    /// A claim that must be there …
    pub claim: String,
    /// … with this text.
    pub required_value: String,
    /// An expression over `claims`.
    pub expression: String,
    /// What is said when the expression is false.
    pub message: String,
}

/// Where a part of the user comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimMapping {
    /// A claim.
    pub claim: String,
    /// What is put before the claim's value; must be said, if only as `""`.
    pub prefix: Option<String>,
    /// An expression over `claims`.
    pub expression: String,
}

/// One key of the user's `extra`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraMapping {
    /// The key, such as `acme.io/team`.
    pub key: String,
    /// An expression over `claims` for its values.
    pub expression: String,
}

/// What a user must be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserRule {
    /// An expression over `user`.
    pub expression: String,
    /// What is said when the expression is false.
    pub message: String,
}

impl Configuration {
    /// Reads a value that has the types of upstream's fields; other members are overlooked.
    pub fn of_value(value: &Value) -> Self {
        let anonymous = value.get("anonymous").filter(|v| !v.is_null()).map(|v| AnonymousSettings {
            enabled: v.get("enabled").and_then(Value::as_bool).unwrap_or(false),
            paths: v.array_at(&["conditions"]).iter().map(|c| text(c, "path")).collect(),
        });
        Self { jwt: each(value, "jwt", JwtAuthenticator::of_value), anonymous }
    }
}

impl JwtAuthenticator {
    fn of_value(value: &Value) -> Self {
        let mappings = value.at(&["claimMappings"]);
        Self {
            issuer: Issuer::of_value(value.at(&["issuer"])),
            claim_rules: each(value, "claimValidationRules", |rule| ClaimRule {
                claim: text(rule, "claim"),
                required_value: text(rule, "requiredValue"),
                expression: text(rule, "expression"),
                message: text(rule, "message"),
            }),
            username: ClaimMapping::of_value(mappings.at(&["username"])),
            groups: ClaimMapping::of_value(mappings.at(&["groups"])),
            uid: ClaimMapping::of_value(mappings.at(&["uid"])),
            extra: each(mappings, "extra", |mapping| ExtraMapping {
                key: text(mapping, "key"),
                expression: text(mapping, "valueExpression"),
            }),
            user_rules: each(value, "userValidationRules", |rule| UserRule {
                expression: text(rule, "expression"),
                message: text(rule, "message"),
            }),
        }
    }
}

impl Issuer {
    fn of_value(value: &Value) -> Self {
        let audiences = value.array_at(&["audiences"]).iter();
        Self {
            url: text(value, "url"),
            discovery_url: text(value, "discoveryURL"),
            certificate_authority: text(value, "certificateAuthority"),
            audiences: audiences.map(|a| a.as_str().unwrap_or("").to_owned()).collect(),
            audience_match_policy: text(value, "audienceMatchPolicy"),
            egress_selector_type: text(value, "egressSelectorType"),
        }
    }
}

impl ClaimMapping {
    fn of_value(value: &Value) -> Self {
        Self {
            claim: text(value, "claim"),
            prefix: value.get("prefix").and_then(Value::as_str).map(str::to_owned),
            expression: text(value, "expression"),
        }
    }
}

fn text(value: &Value, member: &str) -> String {
    value.str_at(&[member]).to_owned()
}

fn each<T>(value: &Value, member: &str, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.array_at(&[member]).iter().map(read).collect()
}
