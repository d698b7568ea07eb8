//! `sumun token inspect`: explains a token without showing it.

use std::io::Read as _;
use std::path::Path;

use api::time::Timestamp;
use api::{Map, Value, object};
use authn::inspect::{Inspection, Known, inspect};
use authn::jose::PublicKey;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

use super::{connect, now_millis};
use crate::common::{Failure, Output, Sources, exit, output_arg};

pub(super) const NAME: &str = "inspect";

/// Longer tokens are not read, in bytes.
const LONGEST: u64 = 1 << 20;

const HELP: &str = "\
The token is read from a file or standard input, never from the command line, where others could see it; it may be
alone, behind `Bearer `, or in an ExecCredential. It is not shown, and goes nowhere unless --live sends it to the
server in a TokenReview (which may be answered as 10 s ago).

Examples:
  # A token that kubectl has just got
  kubectl create token default | sumun token inspect

  # What is mounted into a pod
  kubectl exec web -- cat /var/run/secrets/kubernetes.io/serviceaccount/token | sumun token inspect

  # Check the signature with the key of a server (its public half), and the audience
  sumun token inspect token.txt --key sumun-data/pki/sa.key --audience https://kubernetes.default.svc

  # Would the server take it, and as whom?
  sumun token inspect token.txt --live

  # For a program
  sumun token inspect -o json < token.txt

Exit codes: 0 nothing is wrong with it as far as can be told (with --live: the server takes it), 1 it would be refused,
2 no token, or a file or server that cannot be read.";

pub(super) fn command() -> Command {
    let from = |arg: Arg| arg.help_heading("With --live");
    Command::new(NAME)
        .about("Explain a token: who, until when, bound to what, taken by what, or why not")
        .after_help(HELP)
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .value_hint(ValueHint::FilePath)
                .help("File with the token; - or nothing is standard input"),
        )
        .arg(
            Arg::new("key")
                .long("key")
                .value_name("FILE")
                .action(ArgAction::Append)
                .value_hint(ValueHint::FilePath)
                .help("Key or certificate (PEM) that may have signed it; may be repeated"),
        )
        .arg(
            Arg::new("issuer")
                .long("issuer")
                .value_name("URL")
                .action(ArgAction::Append)
                .help("Issuer that is taken; may be repeated"),
        )
        .arg(
            Arg::new("audience")
                .long("audience")
                .value_name("NAME")
                .action(ArgAction::Append)
                .help("Audience that it must be for, one of those given; may be repeated"),
        )
        .arg(
            Arg::new("live")
                .long("live")
                .action(ArgAction::SetTrue)
                .help("Ask the server too (TokenReview; needs the right to create tokenreviews)"),
        )
        .arg(from(
            Arg::new("kubeconfig")
                .long("kubeconfig")
                .value_name("FILE")
                .value_hint(ValueHint::FilePath)
                .help("The cluster to ask [default: $KUBECONFIG, then ~/.kube/config]"),
        ))
        .arg(from(Arg::new("context").long("context").value_name("NAME").help("Context of the kubeconfig")))
        .arg(output_arg())
}

pub(super) fn run(matches: &ArgMatches) -> Result<u8, Failure> {
    let token = read(matches.get_one::<String>("file").map_or("-", String::as_str))?;
    let list =
        |name: &str| -> Vec<String> { matches.get_many(name).into_iter().flatten().cloned().collect() };
    let (issuers, audiences) = (list("issuer"), list("audience"));
    let keys = keys(&list("key"))?;
    let now = now_millis() / 1000;
    let mut found = inspect(&token, &Known { keys: &keys, issuers: &issuers, audiences: &audiences, now });
    let mut live = None;
    if matches.get_flag("live") {
        let answer = review(matches, &token, &audiences)?;
        if answer.at(&["authenticated"]).as_bool() == Some(true) {
            // The server knows better than what can be told from here.
            found.unknown.clear();
        } else {
            let why = answer.str_at(&["error"]);
            let why = if why.is_empty() { "nobody there knows it" } else { why };
            found.problems.push(format!("the server refuses it: {why}"));
        }
        live = Some(answer);
    }
    let good = found.problems.is_empty();
    Output::of(matches).show(|| value(&found, live.as_ref()), || text(&found, live.as_ref(), now))?;
    Ok(if good { exit::OK } else { exit::NO })
}

fn read(file: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let outcome = match file {
        "-" => std::io::stdin().lock().take(LONGEST).read_to_string(&mut text),
        path => std::fs::File::open(Path::new(path)).and_then(|f| f.take(LONGEST).read_to_string(&mut text)),
    };
    outcome.map_err(|e| Failure(format!("{file}: {e}")))?;
    let mut token = text.trim().to_owned();
    if token.starts_with('{')
        && let Ok(parsed) = codec::json::parse(token.as_bytes())
    {
        token = parsed.value.str_at(&["status", "token"]).to_owned();
    }
    let token = token.strip_prefix("Bearer ").unwrap_or(&token).trim();
    if token.is_empty() {
        Err(Failure(format!("{file}: there is no token in it")))
    } else {
        Ok(token.to_owned())
    }
}

fn keys(files: &[String]) -> Result<Vec<PublicKey>, Failure> {
    let mut keys = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).map_err(|e| Failure(format!("{file}: {e}")))?;
        keys.extend(PublicKey::all_from_pem(&bytes).map_err(|e| Failure(format!("{file}: {e}")))?);
    }
    Ok(keys)
}

/// Asks the server; the `status` of its answer.
fn review(matches: &ArgMatches, token: &str, audiences: &[String]) -> Result<Value, Failure> {
    let one = |name: &str| matches.get_one::<String>(name).cloned();
    let sources = Sources {
        kubeconfig: one("kubeconfig").map(Into::into),
        context: one("context"),
        ..Sources::default()
    };
    let mut spec = object! { "token" => token };
    if !audiences.is_empty() {
        spec.set_at(&["audiences"], audiences.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let review =
        object! { "apiVersion" => "authentication.k8s.io/v1", "kind" => "TokenReview", "spec" => spec };
    let answer = connect(&sources)?.post("/apis/authentication.k8s.io/v1/tokenreviews", &review)?;
    Ok(answer.at(&["status"]).clone())
}

fn value(found: &Inspection, live: Option<&Value>) -> Value {
    let mut value = object! {
        "kind" => found.kind,
        "takenBy" => found.taken_by,
        "good" => found.problems.is_empty(),
        "token" => found.facts.clone(),
        "problems" => texts(&found.problems),
        "unknown" => texts(&found.unknown),
    };
    if let Some(live) = live {
        value.set_at(&["server"], live.clone());
    }
    value
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn text(found: &Inspection, live: Option<&Value>, now: i64) -> String {
    let mut rows = vec![("kind", found.kind.to_owned()), ("taken by", found.taken_by.to_owned())];
    for (name, value) in found.facts.iter() {
        rows.push((name, shown(name, value, now)));
    }
    if let Some(user) = live.map(|status| status.at(&["user"])).filter(|_| found.problems.is_empty()) {
        rows.push(("server says", format!("it is {}", user.str_at(&["username"]))));
        let groups = user.array_at(&["groups"]).iter().filter_map(Value::as_str);
        rows.push(("in groups", groups.collect::<Vec<_>>().join(", ")));
    }
    rows.extend(found.problems.iter().map(|why| ("REFUSED", why.clone())));
    rows.extend(found.unknown.iter().map(|what| ("not known", what.clone())));
    if found.problems.is_empty() {
        let verdict = if live.is_some() {
            "the server takes it"
        } else {
            "nothing is wrong with it as far as can be told"
        };
        rows.push(("verdict", verdict.to_owned()));
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

fn shown(name: &str, value: &Value, now: i64) -> String {
    match value {
        Value::String(text) if matches!(name, "issued" | "validFrom" | "expires" | "staleFrom") => {
            match Timestamp::parse(text) {
                Ok(at) => format!("{text} ({})", distance(at.seconds() - now)),
                Err(_) => text.to_string(),
            }
        }
        Value::String(text) => text.to_string(),
        Value::Array(items) => items.iter().map(|i| shown("", i, now)).collect::<Vec<_>>().join(", "),
        Value::Object(map) => reference(map),
        other => api::json::to_string(other),
    }
}

/// An object that a token is bound to.
fn reference(map: &Map) -> String {
    let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or("");
    let uid = if text("uid").is_empty() { String::new() } else { format!(" (uid {})", text("uid")) };
    format!("{} {}{uid}", text("kind"), text("name"))
}

/// `in 59m`, `3d ago`.
fn distance(seconds: i64) -> String {
    let size = seconds.unsigned_abs();
    let words = match size {
        0..120 => format!("{size}s"),
        120..7200 => format!("{}m", size / 60),
        7200..172_800 => format!("{}h", size / 3600),
        _ => format!("{}d", size / 86_400),
    };
    if seconds >= 0 { format!("in {words}") } else { format!("{words} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path().to_str().unwrap()).map_err(|e| e.0)
    }

    #[test]
    fn tokens_come_in_several_wrappings() {
        for text in ["t.o.k\n", "Bearer t.o.k", r#"{"kind":"ExecCredential","status":{"token":"t.o.k"}}"#] {
            assert_eq!(read_text(text).unwrap(), "t.o.k");
        }
        assert!(read_text(" \n").unwrap_err().contains("no token"));
        assert!(read_text("{}").unwrap_err().contains("no token"));
        assert!(read("/no/such/file").is_err());
    }

    #[test]
    fn distances() {
        assert_eq!(distance(59), "in 59s");
        assert_eq!(distance(3607), "in 60m");
        assert_eq!(distance(-90_000), "25h ago");
        assert_eq!(distance(31_536_000), "in 365d");
    }
}
