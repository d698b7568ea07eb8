//! Lines of output: what is replaced in them, and the comparison with what is expected.

use std::sync::LazyLock;

use regex::Regex;

/// Replaces what is another in each run: `<uid>`, `<time>`, `<age>` (of a table's row), `<revision>`, `<server>`.
pub(super) fn normalize(text: &str) -> String {
    static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            // What kubectl logs for information depends on how quick the machine is.
            (r"(?m)^I\d{4} \d\d:\d\d:\d\d\.\d+ .*\n?", ""),
            (r"(?m)^([WE])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ", "$1 "),
            (r"/\S*/kubectl-edit-\d+\.", "<file>."),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
            (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000", "<time>"),
            (r"(?m)(  |^)(\d{1,3}s|\d+m\d+s)$", "$1<age>"),
            (r"(  )(\d{1,3}s|\d+m\d+s) {2,}", "$1<age>   "),
            (r"kube-api-access-[a-z0-9]{5}", "kube-api-access-<any>"),
            (r#"("?resourceVersion"?: *)"\d+""#, r#"$1"<revision>""#),
            (r"(https://)?127\.0\.0\.1:\d+", "<server>"),
        ]
        .map(|(pattern, with)| (Regex::new(pattern).expect("a valid pattern"), with))
        .into()
    });
    RULES.iter().fold(text.to_owned(), |text, (pattern, with)| pattern.replace_all(&text, *with).into_owned())
}

/// Whether the lines are those expected, where a line `...` stands for any number of lines.
pub(super) fn lines_fit(expected: &[String], actual: &[String]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((any, rest)) if any == "..." => {
            (0..=actual.len()).any(|skip| actual.get(skip..).is_some_and(|tail| lines_fit(rest, tail)))
        }
        Some((line, rest)) => {
            actual.split_first().is_some_and(|(first, tail)| line_fits(line, first) && lines_fit(rest, tail))
        }
    }
}

/// Whether a line is the one expected, where `[..]` stands for any text.
fn line_fits(expected: &str, actual: &str) -> bool {
    match expected.trim_end().split_once("[..]") {
        None => expected.trim_end() == actual,
        Some((head, tail)) => actual.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| rest.get(at..).is_some_and(|rest| line_fits(tail, rest)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_what_they_say_and_no_more() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let cases = [
            ("a\nb", "a\nb", true),
            ("a", "a\nb", false),
            ("a\n...", "a\nb\nc", true),
            ("...\nc", "a\nb\nc", true),
            ("...\nb", "a\nb\nc", false),
            ("...", "", true),
            ("a[..]c", "abc", true),
            ("a[..]c", "abcd", false),
            ("[..]x[..]", "axb", true),
            ("[..]x[..]", "ab", false),
            ("a", "", false),
        ];
        for (expected, actual, fits) in cases {
            assert_eq!(lines_fit(&lines(expected), &lines(actual)), fits, "{expected:?} {actual:?}");
        }
    }

    #[test]
    fn only_what_differs_in_each_run_is_replaced() {
        assert_eq!(normalize("a   Active   5s\nb   Active   10s"), "a   Active   <age>\nb   Active   <age>");
        assert_eq!(normalize("a   5s    x\nb   10s   x"), "a   <age>   x\nb   <age>   x");
        assert_eq!(normalize("timeout 5s x"), "timeout 5s x");
        assert_eq!(normalize("I1122 23:12:01.103838   1 x.go:1] Waited for 1s\nError: x"), "Error: x");
        assert_eq!(normalize("W1122 23:12:01.103838   15 x.go:1] odd\nx"), "W x.go:1] odd\nx");
        assert_eq!(normalize("in \"/tmp/kubectl-edit-12.yaml\""), "in \"<file>.yaml\"");
        assert_eq!(normalize(r#"resourceVersion: "12""#), r#"resourceVersion: "<revision>""#);
        assert_eq!(normalize("at https://127.0.0.1:41315/x"), "at <server>/x");
    }
}
