//! Flags of identity providers, whose tokens are JWTs.

use server::config::{Config, Oidc};

use super::value::{append, list};
use super::{Flag, Takes};

const GROUP: &str = "Identity providers";

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "authentication-config",
        short: None,
        takes: Takes::One("FILE"),
        default: "",
        group: GROUP,
        help: "Issuers of tokens and what their claims mean: an AuthenticationConfiguration. Read again when it changes.",
        set: |c, v| {
            c.authentication_config = Some(v.into());
            Ok(())
        },
    },
    text(
        "oidc-issuer-url",
        "URL",
        "",
        "One issuer of tokens instead of a file of them; https only.",
        |c, v| {
            c.oidc.issuer_url = v.to_owned();
            Ok(())
        },
    ),
    text("oidc-client-id", "NAME", "", "Its tokens must be for this audience.", |c, v| {
        c.oidc.client_id = v.to_owned();
        Ok(())
    }),
    text("oidc-ca-file", "FILE", "", "CAs of the issuer's server. [default: those of the host].", |c, v| {
        c.oidc.ca_file = Some(v.into());
        Ok(())
    }),
    text("oidc-username-claim", "CLAIM", "sub", "Claim with the user's name.", |c, v| {
        c.oidc.username_claim = v.to_owned();
        Ok(())
    }),
    text(
        "oidc-username-prefix",
        "TEXT",
        "",
        "What is put before user names, `-` for nothing. [default: the issuer and `#`, nothing for the claim email].",
        |c, v| {
            c.oidc.username_prefix = v.to_owned();
            Ok(())
        },
    ),
    text(
        "oidc-groups-claim",
        "CLAIM",
        "",
        "Claim with the user's groups: a text or a list of texts.",
        |c, v| {
            c.oidc.groups_claim = v.to_owned();
            Ok(())
        },
    ),
    text("oidc-groups-prefix", "TEXT", "", "What is put before groups.", |c, v| {
        c.oidc.groups_prefix = v.to_owned();
        Ok(())
    }),
    Flag {
        name: "oidc-required-claim",
        short: None,
        takes: Takes::Many("CLAIM=VALUE"),
        default: "",
        group: GROUP,
        help: "A claim that tokens must have, and its value. May be repeated.",
        set: |c, v| {
            let (claim, value) = v.split_once('=').ok_or("not a claim and its value with = between them")?;
            let claims = &mut c.oidc.required_claims;
            claims.retain(|(known, _)| known != claim.trim());
            claims.push((claim.trim().to_owned(), value.trim().to_owned()));
            Ok(())
        },
    },
    Flag {
        name: "oidc-signing-algs",
        short: None,
        takes: Takes::Many("ALG"),
        default: "RS256",
        group: GROUP,
        help: "How tokens may be signed: RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512.",
        set: |c, v| {
            let default = Oidc::default().signing_algs;
            let algorithms = &mut c.oidc.signing_algs;
            append(algorithms, &default, v);
            if list(v).next().is_none() { Err("no algorithm".to_owned()) } else { Ok(()) }
        },
    },
];

const fn text(
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
    set: fn(&mut Config, &str) -> Result<(), String>,
) -> Flag {
    Flag { name, short: None, takes: Takes::One(value), default, group: GROUP, help, set }
}
