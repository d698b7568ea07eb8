//! The options of connections, read from the query as upstream converts them and handed on to kubelets.

use std::num::IntErrorKind;

use api::field::{Errors, Path, go_quote};
use api::request::Query;
use api::time::Timestamp;
use api::{ApiError, Value};

use crate::kubelet::exec::Streams;

/// Query pairs for a kubelet.
pub(super) type Pairs = Vec<(&'static str, String)>;

/// The streams of exec and attach, and how a kubelet is asked for them.
pub(super) fn streams(query: &Query) -> (Streams, Pairs) {
    let streams = Streams {
        stdin: query.bool("stdin"),
        stdout: query.bool("stdout"),
        stderr: query.bool("stderr"),
        tty: query.bool("tty"),
    };
    let names = [
        ("input", streams.stdin),
        ("output", streams.stdout),
        ("error", streams.stderr),
        ("tty", streams.tty),
    ];
    let pairs = names.into_iter().filter(|(_, on)| *on).map(|(name, _)| (name, "1".to_owned()));
    (streams, pairs.collect())
}

/// The ports of a port-forward.
///
/// # Errors
/// 400 for one that is no port.
pub(super) fn ports(query: &Query) -> Result<Pairs, ApiError> {
    let mut ports = Vec::new();
    for text in query.all("ports").flat_map(|list| list.split(',')) {
        let port = number::<u16>("ParseUint", text)
            .map_err(|why| ApiError::bad_request(format!("cannot convert to []int32: {why}")))?;
        ports.push(port.to_string());
    }
    Ok(if ports.is_empty() { Vec::new() } else { vec![("port", ports.join(","))] })
}

/// A number as Go's `strconv` reads it, with its texts.
fn number<T: std::str::FromStr<Err = std::num::ParseIntError>>(
    function: &str,
    text: &str,
) -> Result<T, String> {
    // Rust takes a plus sign everywhere, Go only before signed numbers.
    let signed = function == "ParseInt" || !text.starts_with('+');
    let why = match text.parse::<T>() {
        Ok(number) if signed => return Ok(number),
        Err(e) if matches!(e.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow) => {
            "value out of range"
        }
        _ => "invalid syntax",
    };
    Err(format!("strconv.{function}: parsing {}: {why}", go_quote(text)))
}

/// The options of a log (`PodLogOptions`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LogOptions {
    pub container: String,
    pub follow: bool,
    pub skip_tls_verify: bool,
    previous: bool,
    timestamps: bool,
    since_seconds: Option<i64>,
    since_time: Option<String>,
    tail_lines: Option<i64>,
    limit_bytes: Option<i64>,
    stream: Option<String>,
}

impl LogOptions {
    /// Reads the options of the log of the pod `name`.
    ///
    /// # Errors
    /// 400 for what cannot be read, 422 for what makes no sense.
    pub(super) fn read(query: &Query, name: &str) -> Result<Self, ApiError> {
        let bad = |why: String| ApiError::bad_request(why);
        let amount = |key| query.first(key).map(|text| number::<i64>("ParseInt", text)).transpose();
        let options = Self {
            container: query.first("container").unwrap_or("").to_owned(),
            follow: query.bool("follow"),
            previous: query.bool("previous"),
            since_seconds: amount("sinceSeconds").map_err(bad)?,
            since_time: query.first("sinceTime").map(time).transpose()?,
            timestamps: query.bool("timestamps"),
            tail_lines: amount("tailLines").map_err(bad)?,
            limit_bytes: amount("limitBytes").map_err(bad)?,
            skip_tls_verify: query.bool("insecureSkipTLSVerifyBackend"),
            stream: query.first("stream").map(str::to_owned),
        };
        let errors = options.validate();
        if errors.is_empty() {
            Ok(options)
        } else {
            Err(ApiError::invalid("", "PodLogOptions", name, &errors))
        }
    }

    fn validate(&self) -> Errors {
        let mut errors = Errors::new();
        let mut at_least = |name: &str, value: Option<i64>, least: i64, why: &str| {
            if let Some(value) = value.filter(|v| *v < least) {
                errors.invalid(&Path::new(name), &Value::from(value), why);
            }
        };
        at_least("tailLines", self.tail_lines, 0, "must be greater than or equal to 0");
        at_least("limitBytes", self.limit_bytes, 1, "must be greater than 0");
        if self.since_time.is_none() {
            at_least("sinceSeconds", self.since_seconds, 1, "must be greater than 0");
        } else if self.since_seconds.is_some() {
            errors.forbidden(
                &Path::root().key(""),
                "at most one of `sinceTime` or `sinceSeconds` may be specified",
            );
        }
        // The feature PodLogsQuerySplitStreams is alpha.
        if self.stream.is_some() {
            errors.forbidden(&Path::new("stream"), "may not be specified");
        }
        errors
    }

    /// How a kubelet is asked.
    pub(super) fn pairs(&self) -> Pairs {
        let switches =
            [("follow", self.follow), ("previous", self.previous), ("timestamps", self.timestamps)];
        let switches = switches.into_iter().filter(|(_, on)| *on).map(|(name, _)| (name, "true".to_owned()));
        let amounts = [
            ("sinceSeconds", self.since_seconds),
            ("tailLines", self.tail_lines),
            ("limitBytes", self.limit_bytes),
        ];
        let amounts = amounts.into_iter().filter_map(|(name, n)| Some((name, n?.to_string())));
        let time = self.since_time.iter().map(|time| ("sinceTime", time.clone()));
        switches.chain(amounts).chain(time).collect()
    }
}

/// A time as a kubelet reads it; none at all is the zero time, as upstream has it.
fn time(text: &str) -> Result<String, ApiError> {
    if matches!(text, "" | "null") {
        return Ok("0001-01-01T00:00:00Z".to_owned());
    }
    let time = Timestamp::parse(text).map_err(|e| ApiError::bad_request(e.to_string()))?;
    Ok(time.text().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubelet::url::encode_query;

    fn log(query: &str) -> Result<String, String> {
        let options = LogOptions::read(&Query::parse(query), "p");
        options.map(|o| encode_query(&o.pairs())).map_err(|e| format!("{} {}", e.code, e.message))
    }

    #[test]
    fn log_options_reach_the_kubelet() {
        let cases = [
            ("", ""),
            ("container=c&pretty=true", ""),
            ("follow=true&previous=0&timestamps=", "follow=true&timestamps=true"),
            ("tailLines=0&limitBytes=1&sinceSeconds=+5", "limitBytes=1&tailLines=0"),
            ("sinceSeconds=5", "sinceSeconds=5"),
            ("sinceTime=2026-01-02T03:04:05%2B01:00", "sinceTime=2026-01-02T02%3A04%3A05Z"),
            ("sinceTime=", "sinceTime=0001-01-01T00%3A00%3A00Z"),
        ];
        for (query, expected) in cases {
            if query.contains("+5") {
                assert!(log(query).unwrap_err().starts_with("400 strconv.ParseInt: parsing \" 5\""));
                continue;
            }
            assert_eq!(log(query).as_deref(), Ok(expected), "{query}");
        }
    }

    #[test]
    fn log_options_that_make_no_sense_are_told_with_upstreams_texts() {
        let invalid = |why: &str| format!("422 PodLogOptions \"p\" is invalid: {why}");
        let cases = [
            ("tailLines=x", "400 strconv.ParseInt: parsing \"x\": invalid syntax".to_owned()),
            (
                "limitBytes=99999999999999999999",
                "400 strconv.ParseInt: parsing \"99999999999999999999\": value out of range".to_owned(),
            ),
            ("tailLines=-1", invalid("tailLines: Invalid value: -1: must be greater than or equal to 0")),
            ("limitBytes=0", invalid("limitBytes: Invalid value: 0: must be greater than 0")),
            ("sinceSeconds=0", invalid("sinceSeconds: Invalid value: 0: must be greater than 0")),
            (
                "sinceSeconds=1&sinceTime=2026-01-02T03:04:05Z",
                invalid("[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"),
            ),
            ("stream=All", invalid("stream: Forbidden: may not be specified")),
            (
                "tailLines=-1&limitBytes=-1",
                invalid(
                    "[tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes: Invalid value: -1: must be greater than 0]",
                ),
            ),
        ];
        for (query, expected) in cases {
            assert_eq!(log(query), Err(expected), "{query}");
        }
        assert!(log("sinceTime=now").unwrap_err().starts_with("400 parsing time \"now\""));
    }

    #[test]
    fn ports_and_streams() {
        let ports = |query| ports(&Query::parse(query)).map(|p| encode_query(&p)).map_err(|e| e.message);
        assert_eq!(ports(""), Ok(String::new()));
        assert_eq!(ports("ports=80&ports=81,82"), Ok("port=80%2C81%2C82".to_owned()));
        assert_eq!(
            ports("ports=70000"),
            Err("cannot convert to []int32: strconv.ParseUint: parsing \"70000\": value out of range"
                .to_owned())
        );
        assert_eq!(
            ports("ports=http"),
            Err("cannot convert to []int32: strconv.ParseUint: parsing \"http\": invalid syntax".to_owned())
        );
        let (streams, pairs) = streams(&Query::parse("stdin=true&stdout=1&stderr=false&tty=0"));
        assert!(streams.stdin && streams.stdout && !streams.stderr && !streams.tty);
        assert_eq!(encode_query(&pairs), "input=1&output=1");
    }
}
