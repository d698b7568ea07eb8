//! Flags of authentication and authorization.

use server::config::Config;

use super::value::{append, bool, duration, list, parse};
use super::{Flag, Takes};

const AUTHN: &str = "Authentication";
const TOKENS: &str = "Service-account tokens";
const AUTHZ: &str = "Authorization";

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "client-ca-file",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: AUTHN,
        help: "CAs whose client certificates are accepted: CN is the user, O are the groups. Generated when not given.",
        set: |c, v| {
            c.client_ca_file = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "token-auth-file",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: AUTHN,
        help: "Static bearer tokens, CSV: token,user,uid,\"group1,group2\".",
        set: |c, v| {
            c.token_auth_file = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "anonymous-auth",
        short: None,
        takes: Takes::Bool,
        default: "true",
        group: AUTHN,
        help: "Requests without credentials are user system:anonymous, group system:unauthenticated, rather than 401.",
        set: |c, v| bool(v).map(|b| c.anonymous_auth = b),
    },
    Flag {
        name: "api-audiences",
        short: None,
        takes: Takes::Many("NAME"),
        default: "",
        group: TOKENS,
        help: "Audiences that tokens for this API must name. [default: the first issuer].",
        set: |c, v| {
            c.api_audiences.extend(list(v));
            Ok(())
        },
    },
    Flag {
        name: "service-account-issuer",
        short: None,
        takes: Takes::Many("URL"),
        default: "https://kubernetes.default.svc",
        group: TOKENS,
        help: "Issuer of tokens; the first one is put into new tokens, all are accepted.",
        set: |c, v| {
            append(&mut c.service_account_issuer, &Config::default().service_account_issuer, v);
            Ok(())
        },
    },
    Flag {
        name: "service-account-key-file",
        short: None,
        takes: Takes::Many("FILE"),
        default: "",
        group: TOKENS,
        help: "Keys that tokens are checked with, PEM. [default: the signing key].",
        set: |c, v| {
            c.service_account_key_file.extend(list(v).map(Into::into));
            Ok(())
        },
    },
    Flag {
        name: "service-account-signing-key-file",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: TOKENS,
        help: "Key that signs tokens, PEM. Generated when not given.",
        set: |c, v| {
            c.service_account_signing_key_file = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "service-account-signing-endpoint",
        short: None,
        takes: Takes::One("SOCKET"),
        default: "",
        group: TOKENS,
        help: "Unix socket (a path, or @name) of a service that signs tokens and tells their keys (gRPC, ExternalJWTSigner v1), instead of key files.",
        set: |c, v| {
            c.service_account_signing_endpoint = (!v.is_empty()).then(|| v.to_owned());
            Ok(())
        },
    },
    Flag {
        name: "service-account-lookup",
        short: None,
        takes: Takes::Bool,
        default: "true",
        group: TOKENS,
        help: "Tokens in secrets are only good while their secret and account are there. Requested tokens always are checked.",
        set: |c, v| bool(v).map(|b| c.service_account_lookup = b),
    },
    Flag {
        name: "service-account-jwks-uri",
        short: None,
        takes: Takes::One("URL"),
        default: "",
        group: TOKENS,
        help: "Where others find the keys of tokens, told in /.well-known/openid-configuration. [default: this server].",
        set: |c, v| {
            if !v.starts_with("https://") {
                return Err("must be an https URL".to_owned());
            }
            c.service_account_jwks_uri = Some(v.to_owned());
            Ok(())
        },
    },
    Flag {
        name: "service-account-max-token-expiration",
        short: None,
        takes: Takes::One("DURATION"),
        default: "",
        group: TOKENS,
        help: "Longest life of a requested token; longer requests are shortened. At least 1h.",
        set: |c, v| {
            let d = duration(v)?;
            if !d.is_zero() && !(3600..=1 << 32).contains(&d.as_secs()) {
                return Err("must be at least an hour and at most 2^32 seconds".to_owned());
            }
            c.service_account_max_token_expiration = (!d.is_zero()).then_some(d);
            Ok(())
        },
    },
    Flag {
        name: "service-account-extend-token-expiration",
        short: None,
        takes: Takes::Bool,
        default: "true",
        group: TOKENS,
        help: "Tokens mounted into pods live a year but warn after an hour, for clients that do not reload them.",
        set: |c, v| bool(v).map(|b| c.service_account_extend_token_expiration = b),
    },
    Flag {
        name: "authorization-mode",
        short: None,
        takes: Takes::Many("MODE"),
        default: "Node,RBAC",
        group: AUTHZ,
        help: "Authorizers, asked in this order: Node, RBAC, ABAC, AccessRules, AlwaysAllow, AlwaysDeny.",
        set: |c, v| {
            append(&mut c.authorization_mode, &Config::default().authorization_mode, v);
            Ok(())
        },
    },
    Flag {
        name: "authorization-policy-file",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: AUTHZ,
        help: "Policies of mode ABAC, one JSON object a line; read again when it changes.",
        set: |c, v| {
            c.authorization_policy_file = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "access-rules-file",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: AUTHZ,
        help: "Rules of mode AccessRules, YAML, read again when they change. Without it the rules are objects of resource accessrules.",
        set: |c, v| {
            c.access_rules_file = Some(v.into());
            Ok(())
        },
    },
    Flag {
        name: "service-cluster-ip-range",
        short: None,
        takes: Takes::One("CIDR"),
        default: "10.0.0.0/24",
        group: "Services",
        help: "Addresses that services get; the first one is that of the kubernetes service.",
        set: |c, v| {
            c.service_cluster_ip_range = v.to_owned();
            Ok(())
        },
    },
    Flag {
        name: "service-node-port-range",
        short: None,
        takes: Takes::One("FIRST-LAST"),
        default: "30000-32767",
        group: "Services",
        help: "Ports that services of type NodePort and LoadBalancer get.",
        set: |c, v| {
            let (first, last) = v.split_once('-').ok_or("not two ports with a dash between them")?;
            c.service_node_port_range = (parse(first, "a port")?, parse(last, "a port")?);
            if first_after_last(c.service_node_port_range) {
                Err("the first port is after the last".to_owned())
            } else {
                Ok(())
            }
        },
    },
];

fn first_after_last((first, last): (u16, u16)) -> bool {
    first > last
}
