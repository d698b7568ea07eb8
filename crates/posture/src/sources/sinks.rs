//! Where shippers of logs send them, as far as their configuration tells.
//!
//! Entry points: [`texts`] finds a workload's configuration, [`sinks`] reads it.  Nothing of it is ever shown: there may
//! be credentials in it.

use std::collections::HashSet;

use evidence::{Evidence, Object};

use crate::sources::tls_secrets::{TlsSecrets, data};
use crate::workload::Workload;

/// Where logs go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sink {
    /// To something in the cluster.
    Inside,
    /// Out of the cluster.
    Outside,
}

/// Names of outputs that are services outside of any cluster, as the documentation of Fluent Bit, Fluentd and Vector
/// has them.
const SERVICES: &[&str] = &[
    "aws_cloudwatch_logs",
    "aws_s3",
    "azure",
    "azure_blob",
    "azure_logs_ingestion",
    "azure_monitor_logs",
    "bigquery",
    "cloudwatch",
    "cloudwatch_logs",
    "datadog",
    "datadog_logs",
    "gcp_stackdriver_logs",
    "gcs",
    "google_cloud",
    "kinesis_firehose",
    "kinesis_streams",
    "logzio",
    "new_relic",
    "newrelic",
    "nrlogs",
    "oracle_log_analytics",
    "s3",
    "splunk",
    "splunk_hec",
    "splunk_hec_logs",
    "stackdriver",
    "sumologic",
];

/// Keys that name an output.
const TYPES: [&str; 3] = ["name", "@type", "type"];

/// Keys that name a host.
const HOSTS: [&str; 12] = [
    "address",
    "addr",
    "brokers",
    "bootstrap_servers",
    "endpoint",
    "endpoints",
    "host",
    "hosts",
    "server",
    "uri",
    "url",
    "client.url",
];

/// How names within a cluster end.
const INSIDE: [&str; 3] = [".svc", ".cluster.local", ".local"];

/// Every text that a workload is configured by: files of ConfigMaps and Secrets that it mounts, its arguments and
/// environment.
pub(crate) fn texts<'a>(
    evidence: &'a Evidence,
    secrets: &TlsSecrets<'a>,
    workload: &Workload<'a>,
) -> Vec<String> {
    let mut texts = Vec::new();
    let (mut maps, mut hidden) = (HashSet::new(), HashSet::new());
    for (_, volume) in workload.volumes() {
        let projected = volume.array_at(&["projected", "sources"]).iter();
        for source in projected.chain([volume]) {
            maps.insert(source.str_at(&["configMap", "name"]));
            hidden.insert(source.str_at(&["secret", "secretName"]));
            hidden.insert(source.str_at(&["secret", "name"]));
        }
    }
    let namespace = workload.object.namespace();
    let mounted = |o: &&Object| o.namespace() == namespace && maps.contains(o.name());
    for map in evidence.of_kind("", "ConfigMap").filter(mounted) {
        let values = map.value.at(&["data"]).as_object().into_iter().flat_map(api::Map::values);
        texts.extend(values.filter_map(api::Value::as_str).map(str::to_owned));
    }
    for secret in hidden.iter().filter_map(|name| secrets.find(namespace, name)) {
        let keys = ["data", "stringData"].into_iter().flat_map(|m| secret.value.at(&[m]).as_object());
        let values = keys.flat_map(api::Map::keys).filter_map(|key| data(secret, key).ok());
        texts.extend(values.filter_map(|bytes| String::from_utf8(bytes).ok()));
    }
    texts.extend(workload.containers().map(|container| own_text(&container)));
    texts
}

/// Arguments and environment as lines `key=value`.
fn own_text(container: &crate::workload::Container<'_>) -> String {
    let words = ["command", "args"].into_iter().flat_map(|list| container.value.array_at(&[list]));
    let words = words.filter_map(api::Value::as_str).map(|word| word.trim_start_matches('-').to_owned());
    let variables = container.value.array_at(&["env"]).iter().map(|variable| {
        let name = variable.str_at(&["name"]).to_ascii_lowercase();
        let last = name.rsplit('_').next().unwrap_or("").to_owned();
        format!("{last}={}", variable.str_at(&["value"]))
    });
    words.chain(variables).collect::<Vec<_>>().join("\n")
}

/// Where a configuration sends logs; `services` are those of the cluster, as `name.namespace`.
pub(crate) fn sinks(text: &str, services: &HashSet<String>) -> Vec<Sink> {
    let mut sinks: Vec<_> = text.lines().flat_map(|line| of_line(line, services)).collect();
    sinks.sort_unstable();
    sinks.dedup();
    sinks
}

fn of_line(line: &str, services: &HashSet<String>) -> Vec<Sink> {
    let line = line.trim().trim_start_matches(['-', '{', ' ']);
    // `#` begins a remark, in every one of these languages.
    let Some((key, value)) = line.split_once([' ', '\t', ':', '=']).filter(|_| !line.starts_with('#')) else {
        return Vec::new();
    };
    let key = key.trim_matches(['"', '\'']).to_ascii_lowercase();
    let value = value.trim_matches([' ', '\t', ':', '=', '"', '\'', ',']);
    if TYPES.contains(&key.as_str()) && SERVICES.contains(&value.to_ascii_lowercase().as_str()) {
        return vec![Sink::Outside];
    }
    if !HOSTS.contains(&key.as_str()) {
        return Vec::new();
    }
    let words = value.split([',', '[', ']', '"', '\'', ' ', '\t']).filter(|word| !word.is_empty());
    words.filter_map(|word| of_host(word, services)).collect()
}

fn of_host(word: &str, services: &HashSet<String>) -> Option<Sink> {
    let rest = word.split_once("://").map_or(word, |(_, rest)| rest);
    let rest = rest.split(['/', '?']).next().unwrap_or(rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = rest.split(':').next().unwrap_or(rest).trim_end_matches('.').to_ascii_lowercase();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_';
    // What a variable stands for is not known; what listens everywhere is no destination.
    if host.is_empty() || !host.chars().all(is_name) || matches!(host.as_str(), "0.0.0.0" | "localhost") {
        return None;
    }
    if host.starts_with("127.") {
        return None;
    }
    let inside =
        !host.contains('.') || INSIDE.iter().any(|end| host.ends_with(end)) || services.contains(&host);
    Some(if inside { Sink::Inside } else { Sink::Outside })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_of_every_shipper() {
        let services = HashSet::from(["loki.logs".to_owned()]);
        for (text, want) in [
            ("[OUTPUT]\n    Name  es\n    Host  logs.example.com\n    Port 9200", vec![Sink::Outside]),
            ("[OUTPUT]\n    Name es\n    Host elasticsearch.logging.svc.cluster.local", vec![Sink::Inside]),
            ("[OUTPUT]\n    Name s3\n    bucket b", vec![Sink::Outside]),
            ("<match **>\n  @type elasticsearch\n  host es\n</match>", vec![Sink::Inside]),
            ("clients:\n  - url: http://loki.logs:3100/loki/api/v1/push", vec![Sink::Inside]),
            ("clients:\n  - url: https://user:pw@loki.example.com/push", vec![Sink::Outside]),
            (
                "output.elasticsearch:\n  hosts: ['https://es-1.example.com:9200', \"es\"]",
                vec![Sink::Inside, Sink::Outside],
            ),
            ("sinks:\n  out:\n    type: aws_s3", vec![Sink::Outside]),
            ("[sinks.out]\ntype = \"datadog_logs\"", vec![Sink::Outside]),
            ("# host logs.example.com\nHost ${ES_HOST}\nListen 0.0.0.0\nhost: 0.0.0.0", vec![]),
            ("url=https://loki.example.com/push", vec![Sink::Outside]),
        ] {
            assert_eq!(sinks(text, &services), want, "{text}");
        }
    }
}
