//! Flags of services that are asked who somebody is and what they may do, and of the file that says which authorizers
//! there are.

use super::value::duration;
use super::{Flag, Takes};

const AUTHN: &str = "Authentication";
const AUTHZ: &str = "Authorization";

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "authentication-token-webhook-config-file",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: AUTHN,
        help: "kubeconfig of a service that knows bearer tokens; it is sent TokenReviews.",
        set: |c, v| {
            c.token_webhook.config_file = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "authentication-token-webhook-version",
        short: None,
        takes: Takes::One("VERSION"),
        default: "v1beta1",
        group: AUTHN,
        help: "Version of TokenReview that the service speaks: v1 or v1beta1.",
        set: |c, v| version(v).map(|v| c.token_webhook.version = v),
    },
    Flag {
        name: "authentication-token-webhook-cache-ttl",
        short: None,
        takes: Takes::One("DURATION"),
        default: "2m",
        group: AUTHN,
        help: "How long the service's answers are remembered.",
        set: |c, v| duration(v).map(|d| c.token_webhook.cache_ttl = d),
    },
    Flag {
        name: "authorization-config",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: AUTHZ,
        help: "AuthorizationConfiguration: which authorizers there are, in which order; read again when it changes. Instead of --authorization-mode and --authorization-webhook-*.",
        set: |c, v| {
            c.authorization_config = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "authorization-webhook-config-file",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: AUTHZ,
        help: "kubeconfig of the service that mode Webhook asks; it is sent SubjectAccessReviews.",
        set: |c, v| {
            c.authorization_webhook.config_file = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "authorization-webhook-version",
        short: None,
        takes: Takes::One("VERSION"),
        default: "v1beta1",
        group: AUTHZ,
        help: "Version of SubjectAccessReview that the service speaks: v1 or v1beta1.",
        set: |c, v| {
            c.authorization_webhook.version = version(v)?;
            Ok(())
        },
    },
    Flag {
        name: "authorization-webhook-cache-authorized-ttl",
        short: None,
        takes: Takes::One("DURATION"),
        default: "5m",
        group: AUTHZ,
        help: "How long the service's yes is remembered.",
        set: |c, v| {
            c.authorization_webhook.cache_authorized_ttl = duration(v)?;
            Ok(())
        },
    },
    Flag {
        name: "authorization-webhook-cache-unauthorized-ttl",
        short: None,
        takes: Takes::One("DURATION"),
        default: "30s",
        group: AUTHZ,
        help: "How long any other answer of the service is remembered.",
        set: |c, v| {
            c.authorization_webhook.cache_unauthorized_ttl = duration(v)?;
            Ok(())
        },
    },
];

fn version(text: &str) -> Result<String, String> {
    match text {
        "v1" | "v1beta1" => Ok(text.to_owned()),
        _ => Err("must be v1 or v1beta1".to_owned()),
    }
}
