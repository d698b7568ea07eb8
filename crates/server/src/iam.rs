//! Cloud IAM as the server is told of it: the configuration file (`IAMConfiguration`), and the ConfigMaps that say who
//! is who.
//!
//! Entry points: [`read`] reads the file, [`Settings::rules`] a ConfigMap; commands use them too.

mod message;

use std::path::{Path, PathBuf};
use std::time::Duration;

use api::Value;
use api::user::SYSTEM_MASTERS;
use authn::iam::aws::{self, Aws};
use authn::iam::ncp::{self, NaverCloud};
use authn::iam::{Origin, Rule, Rules};
use codec::object::decode_config;

/// Where Naver Cloud's public zone is asked.
const NCP_ENDPOINT: &str = "https://ncloud.apigw.ntruss.com";
const MOST_PROVIDERS: usize = 16;
const NAMESPACE: &str = "kube-system";
const TIMEOUT: Duration = Duration::from_secs(5);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);
const KEEP: Duration = Duration::from_secs(60);
/// Clouds refuse what is older than five minutes (Naver Cloud) or fifteen (AWS).
const SKEW: Duration = Duration::from_secs(300);
const LONGEST: Duration = Duration::from_secs(900);

/// One provider of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// How its tokens are read.
    pub tokens: Tokens,
    /// Whom to ask; `None` asks the host that a token names, which is one of those allowed.
    pub endpoint: Option<String>,
    /// What the endpoint's certificate is checked by; the machine's authorities by default.
    pub certificate_authority: Option<PathBuf>,
    /// How long a question may take.
    pub timeout: Duration,
    /// How long an answer is remembered, in seconds.
    pub keep: i64,
    /// Namespace and name of the ConfigMap that says who is who.
    pub map: (String, String),
    /// Who is an administrator whatever the ConfigMap says.
    pub owners: Vec<Rule>,
}

/// The tokens of a cloud.
#[derive(Clone, Debug)]
pub enum Tokens {
    /// Naver Cloud's.
    NaverCloud(NaverCloud),
    /// AWS's.
    Aws(Aws),
}

/// Reads a configuration file; files that it names are relative to the folder `base`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(bytes: &[u8], base: &Path) -> Result<Vec<Settings>, String> {
    let file = decode_config(bytes, &message::KIND)?;
    let providers = file.array_at(&["providers"]);
    let mut problems = Vec::new();
    if providers.is_empty() || providers.len() > MOST_PROVIDERS {
        problems.push(format!("providers: there must be 1 to {MOST_PROVIDERS}"));
    }
    let mut all: Vec<Settings> = Vec::new();
    for (at, provider) in providers.iter().enumerate() {
        let mut problem = |field: &str, why: &str| problems.push(format!("providers[{at}].{field}: {why}"));
        let settings = Settings::read(provider, base, &mut problem);
        if all.iter().any(|other| other.name == settings.name) {
            problem("name", "another provider has it");
        }
        all.push(settings);
    }
    if problems.is_empty() { Ok(all) } else { Err(problems.join("\n")) }
}

impl Settings {
    fn read(provider: &Value, base: &Path, problem: &mut impl FnMut(&str, &str)) -> Self {
        let text = |path: &[&str]| provider.str_at(path).to_owned();
        let name = text(&["name"]);
        let label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 63 || !name.bytes().all(label) {
            problem("name", "must be 1 to 63 letters in lower case, digits and dashes");
        }
        let skew = duration(provider, "clockSkew", SKEW, LONGEST, problem).as_secs().cast_signed();
        let (tokens, endpoint, map) = match (provider.get("naverCloud"), provider.get("aws")) {
            (Some(ncp), None) => (naver_cloud(ncp, skew, problem), Some(NCP_ENDPOINT), "ncp-auth"),
            (None, Some(aws)) => (amazon(aws, skew, problem), None, "aws-auth"),
            _ => {
                problem("naverCloud", "either this or aws must be there");
                (naver_cloud(&Value::Null, skew, &mut |_, _| {}), None, "ncp-auth")
            }
        };
        let or = |given: String, default: &str| if given.is_empty() { default.to_owned() } else { given };
        let endpoint = Some(text(&["endpoint"])).filter(|e| !e.is_empty()).or(endpoint.map(str::to_owned));
        if endpoint.as_deref().is_some_and(|e| !is_private(e)) {
            problem("endpoint", "must be an https URL, or http on this machine");
        }
        let authority = Some(text(&["certificateAuthority"])).filter(|file| !file.is_empty());
        Self {
            tokens,
            endpoint,
            certificate_authority: authority.map(|file| base.join(file)),
            timeout: duration(provider, "timeout", TIMEOUT, LONGEST_TIMEOUT, problem),
            keep: duration(provider, "cacheTTL", KEEP, LONGEST, problem).as_secs().cast_signed(),
            map: (or(text(&["configMap", "namespace"]), NAMESPACE), or(text(&["configMap", "name"]), map)),
            owners: owners(provider, &name, problem),
            name,
        }
    }

    /// Who is who: the owners, and what the ConfigMap says, `None` when there is none.
    pub fn rules(&self, map: Option<&Value>) -> Rules {
        let mut rules = Rules::of_owners(&self.owners);
        for entry in Rules::entries() {
            let content = map.map_or("", |map| map.str_at(&["data", entry]));
            if content.trim().is_empty() {
                continue;
            }
            match codec::yaml::parse(content.as_bytes()) {
                Ok(parsed) => rules.read(entry, &parsed.value),
                Err(why) => rules.problems.push(format!("{entry}: {why}")),
            }
        }
        rules
    }
}

fn naver_cloud(ncp: &Value, skew: i64, problem: &mut impl FnMut(&str, &str)) -> Tokens {
    let cluster = ncp.str_at(&["clusterUUID"]);
    if cluster.is_empty() || !cluster.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        problem("naverCloud.clusterUUID", "must be the UUID of the cluster");
    }
    let region = ncp.str_at(&["region"]);
    if !region.bytes().all(|b| b.is_ascii_alphanumeric()) {
        problem("naverCloud.region", "must be the code of a region, such as KR");
    }
    let fields = ncp.array_at(&["idFields"]).iter().filter_map(Value::as_str).map(str::to_owned);
    let mut id_fields: Vec<String> = fields.collect();
    if id_fields.is_empty() {
        id_fields = ncp::ID_FIELDS.map(str::to_owned).to_vec();
    }
    Tokens::NaverCloud(NaverCloud { path: ncp::path(region, cluster), skew, id_fields })
}

fn amazon(aws: &Value, skew: i64, problem: &mut impl FnMut(&str, &str)) -> Tokens {
    let texts = |name: &str| -> Vec<String> {
        aws.array_at(&[name]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let cluster = aws.str_at(&["clusterID"]).to_owned();
    if cluster.is_empty() || !cluster.bytes().all(|b| b.is_ascii_graphic()) {
        problem("aws.clusterID", "must be the name of the cluster that tokens are made for");
    }
    let regions = texts("regions");
    let region = |r: &String| !r.is_empty() && r.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !regions.iter().all(region) {
        problem("aws.regions", "must be names of regions, such as ap-northeast-2");
    }
    let more = texts("hosts");
    let host = |h: &String| {
        !h.is_empty() && h.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
    };
    if !more.iter().all(host) {
        problem("aws.hosts", "must be names of hosts in lower case, without a port");
    }
    let global = aws.at(&["globalEndpoint"]).as_bool().unwrap_or(true);
    let mut hosts = aws::hosts(&regions, global);
    hosts.extend(more);
    if hosts.is_empty() {
        problem("aws.regions", "no host of STS is allowed");
    }
    Tokens::Aws(Aws { cluster, hosts, skew })
}

fn owners(provider: &Value, name: &str, problem: &mut impl FnMut(&str, &str)) -> Vec<Rule> {
    let mut owners = Vec::new();
    for (at, owner) in provider.array_at(&["owners"]).iter().enumerate() {
        let id = owner.str_at(&["id"]).to_owned();
        if id.is_empty() {
            problem(&format!("owners[{at}].id"), "must be there");
        }
        let username = match owner.str_at(&["username"]) {
            "" => format!("{name}:{id}"),
            given => given.to_owned(),
        };
        let groups = match owner.get("groups") {
            None => vec![SYSTEM_MASTERS.to_owned()],
            Some(groups) => {
                let groups = groups.as_array().unwrap_or_default().iter();
                groups.filter_map(Value::as_str).map(str::to_owned).collect()
            }
        };
        owners.push(Rule { id, username, groups, origin: Origin::Owner });
    }
    owners
}

fn duration(
    provider: &Value,
    field: &str,
    default: Duration,
    longest: Duration,
    problem: &mut impl FnMut(&str, &str),
) -> Duration {
    let text = provider.str_at(&[field]);
    if text.is_empty() {
        return default;
    }
    let nanos = api::time::duration::parse(text).ok().and_then(|nanos| u64::try_from(nanos).ok());
    let given = nanos.map(Duration::from_nanos).filter(|d| *d <= longest);
    given.unwrap_or_else(|| {
        problem(field, &format!("must be a time of at most {} s", longest.as_secs()));
        default
    })
}

/// What goes there cannot be read on the way.
fn is_private(url: &str) -> bool {
    let Ok(server) = client::Server::parse(url, true) else { return false };
    let is_local = server.host().parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    url.contains("://") && (server.is_https() || is_local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    const HEAD: &str = "apiVersion: authn.sumun.io/v1alpha1\nkind: IAMConfiguration\nproviders:\n";

    fn of(text: &str) -> Result<Vec<Settings>, String> {
        read(format!("{HEAD}{text}").as_bytes(), Path::new("/etc/sumun"))
    }

    #[test]
    fn little_is_enough() {
        let all = of("- name: ncp
  naverCloud: {clusterUUID: c-1, region: KR}
  owners: [{id: '42'}, {id: '43', username: ann, groups: [ops]}]
- name: aws
  aws: {clusterID: prod, regions: [ap-northeast-2], globalEndpoint: false}
  certificateAuthority: ca.pem
  cacheTTL: 0s
")
        .unwrap();
        let [ncp, aws] = &all[..] else { panic!("{all:?}") };
        assert_eq!(ncp.endpoint.as_deref(), Some(NCP_ENDPOINT));
        assert_eq!(ncp.map, ("kube-system".to_owned(), "ncp-auth".to_owned()));
        assert_eq!((ncp.owners[0].username.as_str(), ncp.owners[0].is_master()), ("ncp:42", true));
        assert_eq!((ncp.owners[1].username.as_str(), ncp.owners[1].is_master()), ("ann", false));
        assert_eq!((aws.endpoint.as_deref(), aws.keep, aws.map.1.as_str()), (None, 0, "aws-auth"));
        assert_eq!(aws.certificate_authority.as_deref(), Some(Path::new("/etc/sumun/ca.pem")));
        let Tokens::Aws(aws) = &aws.tokens else { panic!() };
        assert_eq!(aws.hosts, ["sts.ap-northeast-2.amazonaws.com"]);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let why = of("- name: A
  naverCloud: {clusterUUID: 'c/../x', region: 'k r'}
  endpoint: http://ncloud.example.com
  timeout: 1h
  owners: [{}]
- name: A
  aws: {hosts: ['evil:443'], globalEndpoint: false, clusterID: c}
- name: b
")
        .unwrap_err();
        for field in [
            "[0].name",
            "[0].naverCloud.clusterUUID",
            "[0].naverCloud.region",
            "[0].endpoint",
            "[0].timeout",
            "[0].owners[0].id",
            "[1].name",
            "[1].aws.hosts",
            "[2].naverCloud",
        ] {
            assert!(why.contains(&format!("providers{field}: ")), "{field}: {why}");
        }
        assert!(of("- nmae: x").unwrap_err().contains("unknown field"));
        assert!(of("  []").unwrap_err().contains("there must be 1 to 16"));
    }

    #[test]
    fn config_maps_are_yaml_in_texts() {
        let settings =
            of("- {name: ncp, naverCloud: {clusterUUID: c, region: KR}, owners: [{id: '1'}]}").unwrap();
        let list = "- subAccountIdNo: 7\n  username: bob\n  groups:\n    - dev\n";
        let map =
            object! { "data" => object! { "mapSubAccounts" => list, "mapUsers" => "{", "other" => "x" } };
        let rules = settings[0].rules(Some(&map));
        assert_eq!(rules.all().iter().map(|r| r.username.as_str()).collect::<Vec<_>>(), ["ncp:1", "bob"]);
        assert_eq!(rules.problems.len(), 1, "{:?}", rules.problems);
        assert_eq!(settings[0].rules(None).all().len(), 1);
    }
}
