//! Takes credentials out of what is collected.  Texts are read and written anew, so that comments are gone too.
//!
//! Entry points: [`document`] for YAML and JSON, [`args`] for command lines, [`toml`] for containerd's configuration,
//! [`certificates`] for what is public in a PEM file.

use api::Value;

/// What stands where a credential was.
const GONE: &str = "REDACTED";

/// Parts of names whose texts are credentials.
const SECRET: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "keydata",
    "credential",
    "authheader",
    "authorization",
];

/// Ends of names that only say where a credential is, or how long it lives.
const POINTERS: &[&str] = &[
    "file",
    "path",
    "dir",
    "name",
    "namespace",
    "ttl",
    "expiration",
    "seconds",
    "url",
    "mode",
    "version",
    "issuer",
    "config",
    "configuration",
    "webhook",
    "lookup",
    "audiences",
    "plugin",
];

/// Members of containerd's configuration that are kept.
const TOML: &[&str] = &[
    "version",
    "address",
    "tcp_address",
    "tcp_tls_ca",
    "tcp_tls_cert",
    "uid",
    "gid",
    "conf_dir",
    "bin_dir",
    "stream_server_address",
    "enable_tls_streaming",
    "SystemdCgroup",
    "sandbox_image",
    "enable_selinux",
    "disable_apparmor",
    "enable_unprivileged_ports",
    "unset_seccomp_profile",
];

/// A text in YAML or JSON without credentials; `None` when it is neither.
pub(super) fn document(text: &str) -> Option<String> {
    let mut value = codec::yaml::parse(text.as_bytes()).ok()?.value;
    value.as_object()?;
    clean("", &mut value);
    Some(codec::yaml::write(&value))
}

/// A command line without credentials.
pub(super) fn args(words: &[String]) -> Vec<String> {
    let mut cleaned = Vec::with_capacity(words.len());
    let mut expects = false;
    for word in words {
        cleaned.push(if expects && !word.starts_with('-') { hidden("token", word) } else { flag(word) });
        expects = word.starts_with("--") && !word.contains('=') && is_secret(word);
    }
    cleaned
}

/// A variable's value without credentials.
pub(super) fn variable(name: &str, value: &str) -> String {
    hidden(name, value)
}

/// The lines of a configuration that begin with one of some words, and those that begin its parts.
pub(super) fn lines(text: &str, words: &[&str]) -> String {
    let is_known = |line: &&str| {
        let word = line.split([' ', '\t', '=']).next().unwrap_or("");
        words.iter().any(|known| known.eq_ignore_ascii_case(word)) || line.starts_with('[')
    };
    text.lines().map(str::trim).filter(is_known).map(|line| format!("{}\n", plain(line))).collect()
}

/// The lines of containerd's configuration that are known to be harmless.
pub(super) fn toml(text: &str) -> String {
    let kept = text.lines().map(str::trim).filter(|line| {
        let member = line.split('=').next().unwrap_or("").trim();
        TOML.contains(&member) || line.starts_with('[') && line.ends_with(']') && !line.contains('=')
    });
    kept.map(|line| format!("{}\n", plain(line))).collect()
}

/// The certificates of a PEM file, without the keys beside them.
pub(super) fn certificates(text: &str) -> Option<String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let mut pem = String::new();
    for part in text.split(BEGIN).skip(1) {
        let body = part.split_once(END)?.0;
        pem.push_str(BEGIN);
        pem.push_str(body);
        pem.push_str(END);
        pem.push('\n');
    }
    Some(pem).filter(|pem| !pem.is_empty())
}

fn clean(name: &str, value: &mut Value) {
    match value {
        Value::String(text) => {
            let shown = hidden(name, text);
            if shown != text.as_str() {
                *value = Value::from(shown.as_str());
            }
        }
        Value::Array(items) => {
            let words: Option<Vec<String>> = items.iter().map(|i| i.as_str().map(str::to_owned)).collect();
            match words {
                // A command line: what follows a flag belongs to it.
                Some(words) if words.iter().any(|word| word.starts_with("--")) => {
                    *items = args(&words).iter().map(|word| Value::from(word.as_str())).collect();
                }
                _ => items.iter_mut().for_each(|item| clean(name, item)),
            }
        }
        Value::Object(members) => {
            // `{name: PASSWORD, value: …}`
            let named = members.get("name").and_then(Value::as_str).is_some_and(is_secret);
            for (key, member) in members.iter_mut() {
                let key = if named && key == "value" { "password" } else { key };
                clean(key, member);
            }
        }
        _ => {}
    }
}

fn flag(word: &str) -> String {
    match word.split_once('=') {
        Some((name, value)) => format!("{name}={}", hidden(name, value)),
        None => plain(word),
    }
}

/// A text, as far as it may be shown under that name.  Keys in base64 may begin with `/` as paths do, so that a path is
/// shown only under a name that says so.
fn hidden(name: &str, text: &str) -> String {
    if is_secret(name) && !matches!(text, "" | "true" | "false") {
        return GONE.to_owned();
    }
    plain(text)
}

/// A text under a name that says nothing: without keys, tokens, and passwords in addresses and assignments.
fn plain(text: &str) -> String {
    if text.contains("PRIVATE KEY-----") {
        return GONE.to_owned();
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'');
    text.split_inclusive(ends)
        .map(|part| {
            let word = part.trim_end_matches(ends);
            word_of(word) + part.get(word.len()..).unwrap_or("")
        })
        .collect()
}

fn word_of(word: &str) -> String {
    if word.starts_with("eyJ") && word.matches('.').count() == 2 {
        return GONE.to_owned();
    }
    if let Some((name, _)) = word.split_once('=').filter(|(name, value)| is_secret(name) && !value.is_empty())
    {
        return format!("{name}={GONE}");
    }
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{GONE}@{host}{path}"),
        None => word.to_owned(),
    }
}

fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    plain == "auth"
        || SECRET.iter().any(|part| plain.contains(part)) && !POINTERS.iter().any(|end| plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_gone_and_the_rest_stays() {
        let text = "# hunter2\nusers: [{name: a, user: {token: hunter2, client-key-data: hunter2, password: hunter2}}]\n\
            resources: [{providers: [{aescbc: {keys: [{name: k, secret: hunter2}]}}]}]\n\
            env: [{name: DB_PASSWORD, value: hunter2}]\n\
            command: [a, --token=hunter2, --bootstrap-token, hunter2, --etcd-servers=https://u:hunter2@e:1/p]\n\
            sh: [sh, -c, \"DB_PASSWORD=hunter2 run --token=hunter2 http://a, https://u:hunter2@b\"]\n\
            token: /hunter2\nurl: http://hunter2@h/x\nkey: \"-----BEGIN EC PRIVATE KEY-----hunter2\"\n\
            rules: [{resources: [{resources: [secrets]}]}]\nspec: {secretName: s, tokenFile: /t}\n\
            authentication: {anonymous: {enabled: false}}\n";
        let shown = document(text).unwrap();
        assert!(!shown.contains("hunter2"), "{shown}");
        for kept in
            ["secrets", "secretName: s", "tokenFile: /t", "REDACTED@e:1/p", "enabled: false", "name: k"]
        {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
        assert!(document("just words").is_none() && document("a: [b").is_none());
    }

    #[test]
    fn command_lines_keep_paths() {
        let words = [
            "kubelet",
            "--token-auth-file=/t",
            "--authorization-mode",
            "Node",
            "--service-account-key-file",
            "/k",
        ];
        let words = words.map(str::to_owned);
        assert_eq!(args(&words), words);
        let words = ["--api-key=x", "--enable-bootstrap-token-auth=true"].map(str::to_owned);
        assert_eq!(args(&words), ["--api-key=REDACTED", "--enable-bootstrap-token-auth=true"]);
        let servers = ["--etcd-servers=https://u:p@a:1,https://u:p@b:2".to_owned()];
        assert_eq!(args(&servers), ["--etcd-servers=https://REDACTED@a:1,https://REDACTED@b:2"]);
    }

    #[test]
    fn only_known_lines_and_certificates() {
        let text = "version = 2\n[grpc]\n  address = \"/run/c.sock\"\n[plugins.registry.auth]\n  password = \"hunter2\"\n auth = \"hunter2\"\n";
        assert_eq!(toml(text), "version = 2\n[grpc]\naddress = \"/run/c.sock\"\n[plugins.registry.auth]\n");
        let pem =
            "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nBB\n";
        assert_eq!(
            certificates(pem).unwrap(),
            "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"
        );
        assert!(certificates("-----BEGIN PRIVATE KEY-----\nBB\n").is_none());
    }
}
