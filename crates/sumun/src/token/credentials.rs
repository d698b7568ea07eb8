//! Where Naver Cloud's tools keep their keys: environment variables, then a profile of `~/.ncloud/configure`.
//!
//! Entry point: [`Credentials::find`].

use std::path::{Path, PathBuf};

use api::Secret;
use clap::{Arg, ArgMatches, ValueHint};

use crate::common::{Failure, say};

const PROFILE: &str = "NCLOUD_PROFILE";
const ACCESS: [&str; 2] = ["NCLOUD_ACCESS_KEY_ID", "NCLOUD_ACCESS_KEY"];
const SECRET: [&str; 2] = ["NCLOUD_SECRET_ACCESS_KEY", "NCLOUD_SECRET_KEY"];
const ACCESS_IN_FILE: &str = "ncloud_access_key_id";
const SECRET_IN_FILE: &str = "ncloud_secret_access_key";
const DEFAULT_SECTION: &str = "DEFAULT";

/// A key of Naver Cloud's API.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub access_key: String,
    pub secret_key: Secret,
}

/// Flags that say where the key is.
pub(crate) fn args() -> [Arg; 2] {
    [
        Arg::new("profile")
            .long("profile")
            .value_name("NAME")
            .help("Profile of the credential file [default: $NCLOUD_PROFILE, then DEFAULT]"),
        Arg::new("credential-config")
            .long("credential-config")
            .alias("credentialConfig")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .help("Credential file [default: ~/.ncloud/configure]"),
    ]
}

impl Credentials {
    /// The key that the environment holds, or else the file.
    pub(crate) fn find(matches: &ArgMatches) -> Result<Self, Failure> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let first = |names: [&str; 2]| names.into_iter().find_map(variable);
        if let (Some(access_key), Some(secret_key)) = (first(ACCESS), first(SECRET)) {
            return Ok(Self { access_key, secret_key: Secret::new(secret_key) });
        }
        let home = || variable("HOME").map(|home| Path::new(&home).join(".ncloud/configure"));
        let file = matches.get_one::<String>("credential-config").map(PathBuf::from).or_else(home);
        let Some(file) = file else {
            return Err(Failure(
                "there is no key: set NCLOUD_ACCESS_KEY_ID and NCLOUD_SECRET_ACCESS_KEY".to_owned(),
            ));
        };
        let profile = matches.get_one::<String>("profile").cloned().or_else(|| variable(PROFILE));
        let text = std::fs::read_to_string(&file).map_err(|e| {
            Failure(format!(
                "there is no key in NCLOUD_ACCESS_KEY_ID and NCLOUD_SECRET_ACCESS_KEY, and {}: {e}",
                file.display()
            ))
        })?;
        warn_of_readers(&file);
        let section = profile.as_deref().unwrap_or(DEFAULT_SECTION);
        Self::read(&text, section).map_err(|why| Failure(format!("{}: {why}", file.display())))
    }

    /// Reads a section of an INI file.
    fn read(text: &str, section: &str) -> Result<Self, String> {
        let (mut here, mut seen) = (section == DEFAULT_SECTION, section == DEFAULT_SECTION);
        let (mut access, mut secret) = (None, None);
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                here = name.trim() == section;
                seen |= here;
            } else if let Some((name, value)) = line.split_once('=').filter(|_| here) {
                let value = value.trim().trim_matches(['"', '\'']).to_owned();
                match name.trim() {
                    ACCESS_IN_FILE => access = Some(value),
                    SECRET_IN_FILE => secret = Some(value),
                    _ => {}
                }
            }
        }
        if !seen {
            return Err(format!("there is no profile [{section}]"));
        }
        let need = |value: Option<String>, name| {
            value.filter(|v| !v.is_empty()).ok_or_else(|| format!("[{section}] has no {name}"))
        };
        Ok(Self {
            access_key: need(access, ACCESS_IN_FILE)?,
            secret_key: Secret::new(need(secret, SECRET_IN_FILE)?),
        })
    }
}

/// Others on this machine should not be able to read the key.
fn warn_of_readers(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file).map(|m| m.permissions().mode() & 0o077).unwrap_or(0);
    if mode != 0 {
        say(&format!("warning: others can read {}; chmod 600 it", file.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_a_file() {
        let text = "; a comment\n[DEFAULT]\nncloud_access_key_id = A\nncloud_secret_access_key=\"B=\"\n\n[project]\n ncloud_access_key_id=C\n# ncloud_secret_access_key = x\n";
        let key = Credentials::read(text, "DEFAULT").unwrap();
        assert_eq!((key.access_key.as_str(), key.secret_key.expose()), ("A", "B="));
        assert!(!format!("{key:?}").contains("B="));
        let why = |section| Credentials::read(text, section).unwrap_err();
        assert_eq!(why("project"), "[project] has no ncloud_secret_access_key");
        assert_eq!(why("none"), "there is no profile [none]");
    }
}
