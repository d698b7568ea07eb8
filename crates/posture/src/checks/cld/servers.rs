//! How servers are entered, and what runs on them first.

use std::collections::{BTreeMap, BTreeSet};

use super::{not_exported, untold};
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::cloud::{Cloud, Given, Resource};
use crate::sources::host::Host;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["CLD-013"];

const SHARED: Words = words("login key {} opens {} too", "로그인 키 {}을(를) {}에서도 사용함");
const RUNS: Words = words(
    "line {} runs what it downloads without looking at it",
    "{}번째 줄에서 내려받은 내용을 검증 없이 실행함",
);
const PLAIN: Words = words("line {} downloads without TLS", "{}번째 줄에서 TLS 없이 내려받음");
const PASSWORD: Words = words(
    "SSH lets people in by password (PasswordAuthentication {})",
    "SSH 암호 로그인이 허용됨 (PasswordAuthentication {})",
);
const NOTHING: Words = words(
    "the export has no servers, login keys or scripts",
    "내보내기에 서버, 로그인 키, 초기화 스크립트가 없음",
);

const NO_CONTENT: Words =
    words("the export does not tell what script {} runs", "내보내기에 스크립트 {}의 내용이 없음");

const SSHD: &str = "/etc/ssh/sshd_config";
const SSHD_DROP_INS: &str = "/etc/ssh/sshd_config.d";

pub(super) fn run(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let is_there = !cloud.scripts.is_empty()
        || !cloud.servers.is_empty()
        || cloud.clusters.iter().any(|cluster| cluster.login_key.is_some())
        || cloud.given.contains(&Given::Servers);
    not_exported(scan, "CLD-013", is_there, NOTHING.plain());
    untold(scan, cloud, Given::Scripts, &["CLD-013"]);
    keys(scan, cloud);
    scripts(scan, cloud);
    let input = scan.input;
    Host::all(input).iter().for_each(|host| passwords(scan, host));
}

/// A key that opens two clusters, or a cluster and another server, opens more than somebody thought of.
fn keys(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    let nodes = cloud.nodes();
    let nodes: BTreeSet<&str> = nodes.iter().map(|server| server.resource.id.as_str()).collect();
    let of_clusters = cloud.clusters.iter().map(|cluster| (&cluster.resource, cluster.login_key.as_ref()));
    let others =
        cloud.servers.iter().filter(|s| cloud.clusters.is_empty() || !nodes.contains(s.resource.id.as_str()));
    let others = others.map(|server| (&server.resource, server.login_key.as_ref()));
    let mut users: BTreeMap<&str, Vec<(&Resource<'_>, &str)>> = BTreeMap::new();
    for (resource, key) in of_clusters.chain(others) {
        let Some(key) = key.filter(|key| !key.value.is_empty()) else { continue };
        scan.examine("CLD-013");
        users.entry(&key.value).or_default().push((resource, &key.field));
    }
    for (key, users) in users {
        let is_of_cluster =
            users.iter().any(|(user, _)| cloud.clusters.iter().any(|c| c.resource.id == user.id));
        let [(first, _), rest @ ..] = users.as_slice() else { continue };
        for (resource, field) in rest.iter().filter(|_| is_of_cluster) {
            let reason = SHARED.with([key.to_owned(), first.title()]);
            scan.find("CLD-013", Status::Warn, *resource, (*field).to_owned(), reason);
        }
    }
}

fn scripts(scan: &mut Scan<'_>, cloud: &Cloud<'_>) {
    for script in &cloud.scripts {
        let Some(content) = &script.content else {
            scan.lack("CLD-013", NO_CONTENT.with([script.resource.title()]));
            continue;
        };
        scan.examine("CLD-013");
        for (i, line) in content.value.lines().enumerate() {
            let line = line.trim();
            let loads = !line.starts_with('#') && ["curl ", "wget "].iter().any(|tool| line.contains(tool));
            let words = match loads {
                true if is_run(line) => RUNS,
                true if line.contains("http://") => PLAIN,
                _ => continue,
            };
            let reason = words.with([i + 1]);
            scan.find("CLD-013", Status::Warn, &script.resource, content.field.clone(), reason);
        }
    }
}

/// `curl … | sh`, `bash <(curl …)`, `sh -c "$(wget …)"`
fn is_run(line: &str) -> bool {
    let shell = |word: &str| {
        let word = word.trim_start().trim_start_matches("sudo ").trim_start_matches("-E ");
        let first = word.split_whitespace().next().unwrap_or("");
        matches!(first.rsplit('/').next(), Some("sh" | "bash" | "python" | "python3" | "perl"))
    };
    line.split('|').skip(1).any(shell)
        || (shell(line) && (line.contains("$(") || line.contains("<(") || line.contains('`')))
}

/// The first word about it counts, and drop-ins are read before the rest of the file.
fn passwords(scan: &mut Scan<'_>, host: &Host<'_>) {
    let mut texts: Vec<(&str, &str)> = Vec::new();
    texts.extend(host.below(SSHD_DROP_INS).filter_map(|file| Some((file.path, file.content?))));
    texts.extend(host.content(SSHD).map(|content| (SSHD, content)));
    if host.content(SSHD).is_none() {
        return;
    }
    scan.examine("CLD-013");
    let said = texts.iter().find_map(|(path, text)| Some((*path, password_login(text)?)));
    let (path, value) = said.unwrap_or((SSHD, "yes"));
    if !value.eq_ignore_ascii_case("no") {
        let place = Place::named("Host", host.name(), &host.document.origin);
        scan.find("CLD-013", Status::Warn, place, path.to_owned(), PASSWORD.with([value]));
    }
}

/// What stands under `Match` is for some people only.
fn password_login(text: &str) -> Option<&str> {
    let lines =
        text.lines().map(str::trim).take_while(|line| !line.to_ascii_lowercase().starts_with("match "));
    let mut values = lines.filter_map(|line| {
        let (name, value) = line.split_once([' ', '\t', '='])?;
        name.eq_ignore_ascii_case("PasswordAuthentication").then(|| value.trim().trim_matches('"'))
    });
    values.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_run_what_they_load() {
        for line in [
            "curl -s https://x | sh",
            "curl https://x|sudo bash -s",
            "bash <(curl -s https://x)",
            "sh -c \"$(wget -O- https://x)\"",
        ] {
            assert!(is_run(line), "{line}");
        }
        for line in ["curl -o f https://x", "curl https://x | sha256sum -c", "curl https://x | jq . "] {
            assert!(!is_run(line), "{line}");
        }
    }

    #[test]
    fn the_first_word_counts() {
        assert_eq!(password_login("#PasswordAuthentication no\npasswordauthentication yes"), Some("yes"));
        assert_eq!(password_login("Match User x\nPasswordAuthentication no"), None);
    }
}
