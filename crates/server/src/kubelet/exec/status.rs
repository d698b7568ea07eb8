//! How a command ended: what kubelets write to the error stream, and what clients read from theirs.

use api::field::go_quote;
use api::{ApiError, Value, json, object};

/// The end of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It ended with 0.
    Success,
    /// It ended with something else.
    Exit(u8),
    /// It could not be run, or nobody knows how it ended; upstream's text.
    Failed(String),
}

impl Outcome {
    /// The Status for the client, without kind and version, as upstream writes it.
    pub(super) fn status(&self) -> String {
        let status = match self {
            Self::Success => object! { "metadata" => object! {}, "status" => "Success" },
            Self::Exit(code) => exit_status(*code),
            Self::Failed(why) => {
                let mut status = ApiError::internal(why).status();
                status.remove_at(&["kind"]);
                status.remove_at(&["apiVersion"]);
                status
            }
        };
        json::to_string(&status)
    }
}

fn exit_status(code: u8) -> Value {
    let cause = object! { "reason" => "ExitCode", "message" => code.to_string() };
    object! {
        "metadata" => object! {},
        "status" => "Failure",
        "message" => format!(
            "command terminated with non-zero exit code: command terminated with exit code {code}"
        ),
        "reason" => "NonZeroExitCode",
        "details" => object! { "causes" => vec![cause] },
    }
}

/// Reads the error stream of a protocol; nothing in it means success.
pub(super) fn read(protocol: &str, message: &[u8]) -> Outcome {
    if message.is_empty() {
        return Outcome::Success;
    }
    let text = String::from_utf8_lossy(message);
    if !matches!(protocol, "v5.channel.k8s.io" | "v4.channel.k8s.io") {
        return Outcome::Failed(format!("error executing remote command: {text}"));
    }
    let status = match codec::json::parse(message) {
        Ok(parsed) => parsed.value,
        Err(error) => {
            let why = format!("error stream protocol error: {error} in {}", go_quote(&text));
            return Outcome::Failed(why);
        }
    };
    let failed = |why: &str| Outcome::Failed(format!("error stream protocol error: {why}"));
    match (status.str_at(&["status"]), status.str_at(&["reason"])) {
        ("Success", _) => Outcome::Success,
        ("Failure", "NonZeroExitCode") if status.at(&["details"]).is_null() => failed("details must be set"),
        ("Failure", "NonZeroExitCode") => {
            let causes = status.array_at(&["details", "causes"]);
            let Some(cause) = causes.iter().find(|c| c.str_at(&["reason"]) == "ExitCode") else {
                return failed("no ExitCode cause given");
            };
            let code = cause.str_at(&["message"]);
            match code.parse() {
                Ok(code) => Outcome::Exit(code),
                Err(_) => failed(&format!("invalid exit code value {}", go_quote(code))),
            }
        }
        ("Failure", _) => Outcome::Failed(status.str_at(&["message"]).to_owned()),
        _ => failed("unknown error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V5: &str = "v5.channel.k8s.io";

    #[test]
    fn ends_are_read_and_told_as_upstream_does() {
        assert_eq!(read(V5, b""), Outcome::Success);
        assert_eq!(read(V5, br#"{"metadata":{},"status":"Success"}"#), Outcome::Success);
        assert_eq!(Outcome::Success.status(), r#"{"metadata":{},"status":"Success"}"#);
        let exit = Outcome::Exit(3);
        let told = r#"{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: command terminated with exit code 3","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}"#;
        assert_eq!(exit.status(), told);
        assert_eq!(read(V5, told.as_bytes()), exit);
        assert_eq!(
            read("v2.channel.k8s.io", b"boom"),
            Outcome::Failed("error executing remote command: boom".into())
        );
        assert_eq!(
            Outcome::Failed("x".into()).status(),
            r#"{"metadata":{},"status":"Failure","message":"Internal error occurred: x","reason":"InternalError","details":{"causes":[{"message":"x"}]},"code":500}"#
        );
    }

    #[test]
    fn an_end_that_makes_no_sense_is_a_failure() {
        let why = |message: &str| match read(V5, message.as_bytes()) {
            Outcome::Failed(why) => why,
            other => format!("{other:?}"),
        };
        assert_eq!(why(r#"{"status":"Failure","message":"no such container"}"#), "no such container");
        assert_eq!(why(r#"{"status":"Maybe"}"#), "error stream protocol error: unknown error");
        let exit = r#"{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"300"}]}}"#;
        assert_eq!(why(exit), "error stream protocol error: invalid exit code value \"300\"");
        assert_eq!(
            why(r#"{"status":"Failure","reason":"NonZeroExitCode","details":{}}"#),
            "error stream protocol error: no ExitCode cause given"
        );
        assert!(why("nonsense").starts_with("error stream protocol error: "));
    }
}
