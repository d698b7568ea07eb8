//! Flags of authentication: who may be known by what.  Those of service-account tokens are in `access.rs`.

use server::config::{Config, SniCertKey};

use super::value::{bool, duration, list};
use super::{Flag, Takes};

const TLS: &str = "TLS";
const FRONT_PROXY: &str = "Front proxies";
const AUTHN: &str = "Authentication";
const SIGNING: &str = "Certificate signing";

type Set = fn(&mut Config, &str) -> Result<(), String>;

/// A flag that names a file.
const fn file(name: &'static str, group: &'static str, help: &'static str, set: Set) -> Flag {
    Flag { name, short: None, takes: Takes::One("FILE"), default: "", group, help, set }
}

/// A flag that takes several values.
const fn many(
    name: &'static str,
    of: &'static str,
    group: &'static str,
    help: &'static str,
    set: Set,
) -> Flag {
    Flag { name, short: None, takes: Takes::Many(of), default: "", group, help, set }
}

pub(super) const FLAGS: &[Flag] = &[
    many(
        "tls-sni-cert-key",
        "CERT,KEY[:NAME,...]",
        TLS,
        "Another serving certificate with its key for clients that ask for these names (wildcards and addresses too), or for the names in it. May be repeated.",
        |c, v| sni(v).map(|pair| c.tls_sni_cert_key.push(pair)),
    ),
    Flag {
        name: "tls-min-version",
        short: None,
        takes: Takes::One("VERSION"),
        default: "",
        group: TLS,
        help: "Lowest version of TLS: VersionTLS12 or VersionTLS13.",
        set: |c, v| {
            c.tls_min_version = v.to_owned();
            Ok(())
        },
    },
    many(
        "tls-cipher-suites",
        "SUITE",
        TLS,
        "Cipher suites of TLS 1.2, in Go's names; those of TLS 1.3 are always there.",
        |c, v| {
            c.tls_cipher_suites.extend(list(v));
            Ok(())
        },
    ),
    Flag {
        name: "reload-interval",
        short: None,
        takes: Takes::One("DURATION"),
        default: "1s",
        group: AUTHN,
        help: "How often files are looked at that are read again when they change: certificates, CAs, tokens, configuration.",
        set: |c, v| {
            let interval = duration(v)?;
            if interval.is_zero() {
                return Err("must be longer than nothing".to_owned());
            }
            c.reload_interval = interval;
            Ok(())
        },
    },
    file(
        "client-crl-file",
        AUTHN,
        "Certificate revocation lists, PEM: client certificates on them are not believed. Of sumun only.",
        |c, v| {
            c.client_crl_file = Some(v.into());
            Ok(())
        },
    ),
    file(
        "basic-auth-file",
        AUTHN,
        "Users with passwords, a line each: NAME:HASH[:GROUP,...]; hashes are argon2id or bcrypt. Of sumun only.",
        |c, v| {
            c.basic_auth_file = Some(v.into());
            Ok(())
        },
    ),
    file(
        "iam-config",
        "Cloud IAM",
        "IAMConfiguration: clouds whose tokens (k8s-ncp-v1., k8s-aws-v1.) make users, and who owns the cluster.",
        |c, v| {
            c.iam_config = Some(v.into());
            Ok(())
        },
    ),
    Flag {
        name: "enable-bootstrap-token-auth",
        short: None,
        takes: Takes::Bool,
        default: "false",
        group: AUTHN,
        help: "Secrets of type bootstrap.kubernetes.io/token in kube-system are tokens of machines that join.",
        set: |c, v| bool(v).map(|b| c.enable_bootstrap_token_auth = b),
    },
    file(
        "requestheader-client-ca-file",
        FRONT_PROXY,
        "CAs of front proxies: whoever shows a certificate of theirs may say in headers who makes a request.",
        |c, v| {
            c.requestheader_client_ca_file = Some(v.into());
            Ok(())
        },
    ),
    many(
        "requestheader-allowed-names",
        "NAME",
        FRONT_PROXY,
        "Common names that front proxies may have; any when not given.",
        |c, v| {
            c.requestheader_allowed_names.extend(list(v));
            Ok(())
        },
    ),
    many(
        "requestheader-username-headers",
        "HEADER",
        FRONT_PROXY,
        "Headers that hold the user's name, such as X-Remote-User.",
        |c, v| {
            c.requestheader_username_headers.extend(list(v));
            Ok(())
        },
    ),
    many(
        "requestheader-uid-headers",
        "HEADER",
        FRONT_PROXY,
        "Headers that hold the user's uid, such as X-Remote-Uid.",
        |c, v| {
            c.requestheader_uid_headers.extend(list(v));
            Ok(())
        },
    ),
    many(
        "requestheader-group-headers",
        "HEADER",
        FRONT_PROXY,
        "Headers that hold the user's groups, such as X-Remote-Group.",
        |c, v| {
            c.requestheader_group_headers.extend(list(v));
            Ok(())
        },
    ),
    many(
        "requestheader-extra-headers-prefix",
        "PREFIX",
        FRONT_PROXY,
        "What headers begin with that hold extra attributes, such as X-Remote-Extra-.",
        |c, v| {
            c.requestheader_extra_headers_prefix.extend(list(v));
            Ok(())
        },
    ),
    file(
        "cluster-signing-cert-file",
        SIGNING,
        "CA that signs certificates of clients and kubelets. The generated CA when not given.",
        |c, v| {
            c.cluster_signing_cert_file = Some(v.into());
            Ok(())
        },
    ),
    file("cluster-signing-key-file", SIGNING, "Key of --cluster-signing-cert-file, PEM.", |c, v| {
        c.cluster_signing_key_file = Some(v.into());
        Ok(())
    }),
    Flag {
        name: "cluster-signing-duration",
        short: None,
        takes: Takes::One("DURATION"),
        default: "8760h",
        group: SIGNING,
        help: "How long signed certificates live; requests may ask for less.",
        set: |c, v| {
            let d = duration(v)?;
            if d.is_zero() {
                return Err("must be longer than nothing".to_owned());
            }
            c.cluster_signing_duration = d;
            Ok(())
        },
    },
];

/// Reads `cert,key` or `cert,key:name,name`.
fn sni(text: &str) -> Result<SniCertKey, String> {
    let (files, names) = match text.split_once(':') {
        Some((_, names)) if names.trim().is_empty() => {
            return Err("empty names list is not allowed".to_owned());
        }
        Some((files, names)) => (files, names.split(',').map(|n| n.trim().to_owned()).collect()),
        None => (text, Vec::new()),
    };
    let (certificate, key) =
        files.split_once(',').ok_or("expected comma separated certificate and key file paths")?;
    if key.contains(',') {
        return Err("expected comma separated certificate and key file paths".to_owned());
    }
    Ok(SniCertKey { certificate: certificate.trim().into(), key: key.trim().into(), names })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_for_names() {
        let got = sni("a.crt, a.key:*.example.org, api.test").unwrap();
        assert_eq!((got.certificate.to_str(), got.key.to_str()), (Some("a.crt"), Some("a.key")));
        assert_eq!(got.names, ["*.example.org", "api.test"]);
        assert!(sni("a.crt,a.key").unwrap().names.is_empty());
        for wrong in ["a.crt", "a,b,c", "a,b:", "a,b: "] {
            assert!(sni(wrong).is_err(), "{wrong}");
        }
    }
}
