//! Users that a front proxy vouches for (`--requestheader-…`).

use authn::FrontProxy;

use crate::config::Config;

/// The proxies of the flags; without a CA for them nobody is one, and the usual headers are still taken away.
///
/// # Errors
/// Values of white space, and headers for uids without the one that extension servers know.
pub(super) fn make(config: &Config) -> Result<FrontProxy, String> {
    let proxy = FrontProxy {
        allowed_names: config.requestheader_allowed_names.clone(),
        username_headers: trimmed("username-headers", &config.requestheader_username_headers)?,
        uid_headers: trimmed("uid-headers", &config.requestheader_uid_headers)?,
        group_headers: trimmed("group-headers", &config.requestheader_group_headers)?,
        extra_prefixes: trimmed("extra-headers-prefix", &config.requestheader_extra_headers_prefix)?,
    };
    trimmed("allowed-names", &proxy.allowed_names)?;
    let has =
        |list: &[String], name: &str| list.is_empty() || list.iter().any(|n| n.eq_ignore_ascii_case(name));
    for (flag, list, standard) in [
        ("username-headers", &proxy.username_headers, "X-Remote-User"),
        ("group-headers", &proxy.group_headers, "X-Remote-Group"),
        ("extra-headers-prefix", &proxy.extra_prefixes, "X-Remote-Extra-"),
    ] {
        if !has(list, standard) {
            tracing::warn!("--requestheader-{flag} is without {standard}: extension servers will not work");
        }
    }
    if !has(&proxy.uid_headers, "X-Remote-Uid") {
        return Err(
            "--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - \
                    API aggregation will not work"
                .to_owned(),
        );
    }
    Ok(proxy)
}

fn trimmed(flag: &str, values: &[String]) -> Result<Vec<String>, String> {
    let values: Vec<String> = values.iter().map(|v| v.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) {
        return Err(format!("empty value in \"requestheader-{flag}\""));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused() {
        let with = |uid: &str, name: &str| {
            make(&Config {
                requestheader_uid_headers: vec![uid.to_owned()],
                requestheader_username_headers: vec![name.to_owned()],
                ..Config::default()
            })
        };
        assert!(with("X-Remote-Uid", " X-Remote-User ").is_ok());
        assert!(with("X-Other-Uid", "X-Remote-User").unwrap_err().contains("X-Remote-Uid"));
        assert_eq!(
            with("X-Remote-Uid", " ").unwrap_err(),
            "empty value in \"requestheader-username-headers\""
        );
    }
}
