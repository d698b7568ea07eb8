//! `sumun token ncp`: an exec credential plugin that makes tokens of Naver Cloud.

use api::time::Timestamp;
use api::{Secret, Value, object};
use authn::iam::ncp;
use clap::{Arg, ArgMatches, Command};

use super::credentials::{self, Credentials};
use super::now_millis;
use crate::common::{Failure, exit, print};

pub(crate) const NAME: &str = "ncp";

/// How kubectl tells which version of the answer it wants.
const EXEC_INFO: &str = "KUBERNETES_EXEC_INFO";
const GROUP: &str = "client.authentication.k8s.io";
/// A token is made anew a while before the cloud refuses it, in milliseconds.
const MARGIN_MILLIS: i64 = 60_000;

const HELP: &str = "\
kubectl runs this by itself when a kubeconfig says so; `sumun kubeconfig ncp` writes such a kubeconfig.

The key is taken from NCLOUD_ACCESS_KEY_ID (or NCLOUD_ACCESS_KEY) and NCLOUD_SECRET_ACCESS_KEY (or NCLOUD_SECRET_KEY),
or else from a profile of ~/.ncloud/configure:

  [DEFAULT]
  ncloud_access_key_id = ...
  ncloud_secret_access_key = ...

The secret key never leaves this machine: the token holds a signature, which is good for five minutes and one cluster.

Examples:
  # What kubectl reads
  sumun token ncp --cluster-uuid 1f3c... --region KR

  # Look at what is in it
  sumun token ncp --cluster-uuid 1f3c... --region KR -o token | sumun token inspect

Exit codes: 0 a token, 2 no key, or flags that make no sense.";

pub(super) fn command() -> Command {
    Command::new(NAME)
        .about("Make a token of Naver Cloud IAM (an exec credential plugin)")
        .after_help(HELP)
        .args(cluster_args())
        .args(credentials::args())
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FORMAT")
                .value_parser(["exec", "token"])
                .default_value("exec")
                .help("exec is an ExecCredential for kubectl, token is the token alone"),
        )
}

/// Flags that name the cluster; those of `ncp-iam-authenticator` are understood too.
pub(crate) fn cluster_args() -> [Arg; 2] {
    [
        Arg::new("cluster-uuid")
            .long("cluster-uuid")
            .alias("clusterUuid")
            .value_name("UUID")
            .required(true)
            .help("The cluster that the token is for"),
        Arg::new("region")
            .long("region")
            .value_name("CODE")
            .default_value("KR")
            .help("Region of the cluster, such as KR or SGN"),
    ]
}

pub(super) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    let text = |name: &str| matches.get_one::<String>(name).map_or("", String::as_str);
    let key = Credentials::find(matches)?;
    let millis = now_millis();
    let path = ncp::path(text("region"), text("cluster-uuid"));
    let token = ncp::sign(&key.access_key, &key.secret_key, &path, millis);
    if text("output") == "token" {
        print(&format!("{}\n", token.expose()))?;
        return Ok(exit::OK);
    }
    let version = version(std::env::var(EXEC_INFO).ok().as_deref())?;
    print(&(api::json::to_string(&credential(version, &token, millis)) + "\n"))?;
    Ok(exit::OK)
}

/// The version of the answer that the caller wants; v1 when it does not say.
fn version(info: Option<&str>) -> Result<&'static str, Failure> {
    let Some(info) = info.filter(|info| !info.is_empty()) else { return Ok("v1") };
    let parsed = codec::json::parse(info.as_bytes()).map_err(|e| Failure(format!("{EXEC_INFO}: {e}")))?;
    match parsed.value.str_at(&["apiVersion"]) {
        "client.authentication.k8s.io/v1" => Ok("v1"),
        "client.authentication.k8s.io/v1beta1" => Ok("v1beta1"),
        other => Err(Failure(format!("{EXEC_INFO}: `{other}` is not {GROUP}/v1 or {GROUP}/v1beta1"))),
    }
}

fn credential(version: &str, token: &Secret, millis: i64) -> Value {
    let end = (millis + ncp::SKEW_SECONDS * 1000 - MARGIN_MILLIS) / 1000;
    object! {
        "kind" => "ExecCredential",
        "apiVersion" => format!("{GROUP}/{version}"),
        "spec" => object! { "interactive" => false },
        "status" => object! {
            "expirationTimestamp" => Timestamp::new(end, 0).text(),
            "token" => token.expose(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_says_which_version_it_wants() {
        let asked = |version: &str| {
            format!(r#"{{"apiVersion":"{GROUP}/{version}","kind":"ExecCredential","spec":{{}}}}"#)
        };
        assert_eq!(version(None).unwrap(), "v1");
        assert_eq!(version(Some(&asked("v1beta1"))).unwrap(), "v1beta1");
        assert_eq!(version(Some(&asked("v1"))).unwrap(), "v1");
        assert!(version(Some(&asked("v2"))).is_err());
        assert!(version(Some("{")).is_err());
    }

    #[test]
    fn the_answer_ends_before_the_token() {
        let answer = credential("v1", &Secret::new("t"), 1_800_000_000_000);
        assert_eq!(answer.str_at(&["status", "expirationTimestamp"]), "2027-01-15T08:04:00Z");
        assert_eq!(answer.str_at(&["apiVersion"]), "client.authentication.k8s.io/v1");
    }
}
