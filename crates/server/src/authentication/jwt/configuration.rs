//! The file of `--authentication-config`: an AuthenticationConfiguration, read strictly.
//!
//! Entry point: [`read`].

use authn::oidc::Configuration;
use codec::object::{ConfigKind, decode_config};
use schema::{Field, Message, Type};

/// Reads the file's content.
///
/// # Errors
/// Upstream's texts for what is no such configuration.
pub(super) fn read(content: &[u8]) -> Result<Configuration, String> {
    decode_config(content, &KIND).map(|value| Configuration::of_value(&value))
}

const KIND: ConfigKind = ConfigKind {
    group: "apiserver.config.k8s.io",
    versions: &["v1", "v1beta1", "v1alpha1"],
    kind: "AuthenticationConfiguration",
    message: &CONFIGURATION,
};

static CONFIGURATION: Message = message("AuthenticationConfiguration", "v1.AuthenticationConfiguration", {
    static FIELDS: [Field; 4] = [
        text("kind"),
        text("apiVersion"),
        list("jwt", &["[]v1.JWTAuthenticator"], &Type::Message(&JWT)),
        Field::new("anonymous", 0, Type::Message(&ANONYMOUS)),
    ];
    &FIELDS
});

static ANONYMOUS: Message = message("AnonymousAuthConfig", "v1.AnonymousAuthConfig", {
    static FIELDS: [Field; 2] = [
        Field { go: &["bool"], ..Field::new("enabled", 0, Type::Bool) },
        list("conditions", &["[]v1.AnonymousAuthCondition"], &Type::Message(&CONDITION)),
    ];
    &FIELDS
});

static CONDITION: Message = message("AnonymousAuthCondition", "v1.AnonymousAuthCondition", {
    static FIELDS: [Field; 1] = [text("path")];
    &FIELDS
});

static JWT: Message = message("JWTAuthenticator", "v1.JWTAuthenticator", {
    static FIELDS: [Field; 4] = [
        Field::new("issuer", 0, Type::Message(&ISSUER)),
        list("claimValidationRules", &["[]v1.ClaimValidationRule"], &Type::Message(&CLAIM_RULE)),
        Field::new("claimMappings", 0, Type::Message(&MAPPINGS)),
        list("userValidationRules", &["[]v1.UserValidationRule"], &Type::Message(&USER_RULE)),
    ];
    &FIELDS
});

static ISSUER: Message = message("Issuer", "v1.Issuer", {
    static FIELDS: [Field; 6] = [
        text("url"),
        text("discoveryURL"),
        text("certificateAuthority"),
        list("audiences", &["[]string", "string"], &Type::String),
        text("audienceMatchPolicy"),
        text("egressSelectorType"),
    ];
    &FIELDS
});

static CLAIM_RULE: Message = message("ClaimValidationRule", "v1.ClaimValidationRule", {
    static FIELDS: [Field; 4] = [text("claim"), text("requiredValue"), text("expression"), text("message")];
    &FIELDS
});

static MAPPINGS: Message = message("ClaimMappings", "v1.ClaimMappings", {
    static FIELDS: [Field; 4] = [
        Field::new("username", 0, Type::Message(&PREFIXED)),
        Field::new("groups", 0, Type::Message(&PREFIXED)),
        Field::new("uid", 0, Type::Message(&PLAIN)),
        list("extra", &["[]v1.ExtraMapping"], &Type::Message(&EXTRA)),
    ];
    &FIELDS
});

static PREFIXED: Message = message("PrefixedClaimOrExpression", "v1.PrefixedClaimOrExpression", {
    static FIELDS: [Field; 3] = [text("claim"), text("prefix"), text("expression")];
    &FIELDS
});

static PLAIN: Message = message("ClaimOrExpression", "v1.ClaimOrExpression", {
    static FIELDS: [Field; 2] = [text("claim"), text("expression")];
    &FIELDS
});

static EXTRA: Message = message("ExtraMapping", "v1.ExtraMapping", {
    static FIELDS: [Field; 2] = [text("key"), text("valueExpression")];
    &FIELDS
});

static USER_RULE: Message = message("UserValidationRule", "v1.UserValidationRule", {
    static FIELDS: [Field; 2] = [text("expression"), text("message")];
    &FIELDS
});

const fn message(name: &'static str, go_type: &'static str, fields: &'static [Field]) -> Message {
    Message::new(name, go_type, fields)
}

const fn text(name: &'static str) -> Field {
    Field { go: &["string"], ..Field::new(name, 0, Type::String) }
}

const fn list(name: &'static str, go: &'static [&'static str], item: &'static Type) -> Field {
    Field { go, ..Field::new(name, 0, Type::List(item)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n";

    #[test]
    fn every_field_is_read() {
        let text = format!(
            "{HEAD}
anonymous:
  enabled: true
  conditions: [{{path: /livez}}]
jwt:
- issuer:
    url: https://i
    discoveryURL: https://d
    certificateAuthority: ca
    audiences: [a, b]
    audienceMatchPolicy: MatchAny
    egressSelectorType: cluster
  claimValidationRules:
  - {{claim: hd, requiredValue: x}}
  - {{expression: 'true', message: m}}
  claimMappings:
    username: {{claim: sub, prefix: ''}}
    groups: {{expression: claims.groups}}
    uid: {{claim: uid}}
    extra: [{{key: a.b/c, valueExpression: claims.c}}]
  userValidationRules: [{{expression: 'true', message: why}}]
"
        );
        let read = read(text.as_bytes()).unwrap();
        let jwt = &read.jwt[0];
        assert_eq!(read.anonymous.unwrap().paths, ["/livez"]);
        assert_eq!(
            (jwt.issuer.url.as_str(), jwt.issuer.discovery_url.as_str(), jwt.issuer.audiences.len()),
            ("https://i", "https://d", 2)
        );
        assert_eq!(jwt.claim_rules[1].message, "m");
        assert_eq!((jwt.username.prefix.as_deref(), jwt.groups.prefix.as_deref()), (Some(""), None));
        assert_eq!((jwt.extra[0].expression.as_str(), jwt.user_rules.len()), ("claims.c", 1));
    }

    #[test]
    fn unknown_fields_and_wrong_types_are_refused() {
        let error = |text: &str| read(format!("{HEAD}{text}").as_bytes()).unwrap_err();
        assert_eq!(
            error("jwt: [{issuer: {issuerURL: x}}]\nnope: 1"),
            "strict decoding error: unknown field \"jwt[0].issuer.issuerURL\", unknown field \"nope\""
        );
        assert!(error("jwt: {}").starts_with("json: cannot unmarshal object into Go struct field"));
        assert!(read(b"apiVersion: apiserver.config.k8s.io/v2\nkind: AuthenticationConfiguration").is_err());
        for version in ["v1beta1", "v1alpha1"] {
            let text =
                format!("apiVersion: apiserver.config.k8s.io/{version}\nkind: AuthenticationConfiguration");
            assert_eq!(read(text.as_bytes()), Ok(Configuration::default()));
        }
    }
}
