//! The body of `/version`.  Entry point: [`info`].

use api::{Value, object};

/// The Kubernetes release whose API this is.
pub const KUBERNETES: &str = "1.36.2";

/// A `version.Info`.
///
/// `gitVersion` is the Kubernetes release with our own version as build metadata, so that clients that compare
/// versions see the API level; the build facts are those of this program.
pub fn info() -> Value {
    let mut parts = KUBERNETES.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let previous = minor.parse::<u32>().map(|m| m.saturating_sub(1).to_string()).unwrap_or_default();
    object! {
        "major" => major,
        "minor" => minor,
        "emulationMajor" => major,
        "emulationMinor" => minor,
        "minCompatibilityMajor" => major,
        "minCompatibilityMinor" => previous,
        "gitVersion" => git_version(),
        "gitCommit" => option_env!("SUMUN_COMMIT").unwrap_or_default(),
        "gitTreeState" => if option_env!("SUMUN_COMMIT").is_some() { "clean" } else { "" },
        "buildDate" => option_env!("SUMUN_BUILD_DATE").unwrap_or("1970-01-01T00:00:00Z"),
        "goVersion" => concat!("rust", env!("CARGO_PKG_RUST_VERSION")),
        "compiler" => "rustc",
        "platform" => format!("{}/{}", std::env::consts::OS, go_arch(std::env::consts::ARCH)),
    }
}

/// The version as clients compare it, such as `v1.36.2+sumun.0.1.0`.
pub fn git_version() -> String {
    format!("v{KUBERNETES}+sumun.{}", env!("CARGO_PKG_VERSION"))
}

fn go_arch(arch: &str) -> &str {
    match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_api_level() {
        let info = info();
        assert_eq!(info.str_at(&["major"]), "1");
        assert_eq!(info.str_at(&["minor"]), "36");
        assert_eq!(info.str_at(&["minCompatibilityMinor"]), "35");
        assert!(info.str_at(&["gitVersion"]).starts_with("v1.36."));
        assert!(info.as_object().is_some_and(|m| m.len() == 13));
    }
}
