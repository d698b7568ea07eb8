//! An answer for people: the verdict, then each authorizer's part as a tree.
//!
//! Entry point: [`render`].

use api::Value;

use super::string;
use crate::common::rule_text;

/// The whole answer.
pub(super) fn render(answer: &Value) -> String {
    let verdict = if answer.at(&["allowed"]).as_bool() == Some(true) { "ALLOWED" } else { "DENIED " };
    let user = answer.at(&["user"]);
    let mut out = vec![format!(
        "{verdict}  {} may{} {}",
        who(user),
        if verdict == "DENIED " { " not" } else { "" },
        string(answer, "question")
    )];
    let groups = strings(user.at(&["groups"]));
    if !groups.is_empty() {
        out.push(format!("         groups: {}", groups.join(", ")));
    }
    if let Some(error) = answer.get("evaluationError").and_then(Value::as_str) {
        out.push(format!("         error: {error}"));
    }
    out.push(String::new());
    let members = answer.array_at(&["authorizers"]);
    for (i, member) in members.iter().enumerate() {
        let last = i + 1 == members.len();
        let (branch, below) = if last { ("└─ ", "     ") } else { ("├─ ", "│    ") };
        out.push(format!("{branch}{:<15} {}", string(member, "authorizer"), opinion(member)));
        out.extend(details(member).into_iter().map(|line| format!("{below}{line}")));
    }
    out.extend(remarks(answer));
    out.join("\n") + "\n"
}

fn who(user: &Value) -> String {
    match string(user, "username") {
        "" => "nobody in particular".to_owned(),
        name => format!("user \"{name}\""),
    }
}

fn strings(list: &Value) -> Vec<&str> {
    list.as_array().unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

fn opinion(member: &Value) -> String {
    match (string(member, "notAsked"), string(member, "decision")) {
        ("NotReached", _) => "not asked: decided above".to_owned(),
        ("", "Allow") => "allows".to_owned(),
        ("", "Deny") => "denies".to_owned(),
        ("", _) => "no opinion".to_owned(),
        _ => "not asked: it cannot be asked from here".to_owned(),
    }
}

fn details(member: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let grants = member.array_at(&["grants"]);
    let reason = string(member, "reason");
    // Grants say what the reason of RBAC says.
    if grants.is_empty() && !reason.is_empty() {
        lines.extend(reason.lines().map(str::to_owned));
    }
    if let Some(error) = member.get("evaluationError").and_then(Value::as_str) {
        lines.push(format!("error: {error}"));
    }
    lines.extend(strings(member.at(&["notes"])).into_iter().map(str::to_owned));
    for (i, grant) in grants.iter().enumerate() {
        if i == 1 {
            lines.push("also allowed by:".to_owned());
        }
        lines.extend(grant_lines(grant));
    }
    let misses = member.array_at(&["nearMisses"]);
    if !misses.is_empty() {
        lines.push("nearest misses:".to_owned());
    }
    for (i, miss) in misses.iter().enumerate() {
        lines.extend(miss_lines(i + 1, miss));
    }
    lines
}

fn grant_lines(grant: &Value) -> Vec<String> {
    let (binding, role, subject) = (grant.at(&["binding"]), grant.at(&["role"]), grant.at(&["subject"]));
    let mut lines = vec![
        format!("{} to {}{}", named(binding), named(subject), place(binding)),
        format!("  {}{}", named(role), place(role)),
    ];
    let rule = grant.at(&["rule"]);
    if !rule.is_null() {
        let number = rule.at(&["index"]).as_i64().unwrap_or(0) + 1;
        lines.push(format!("    rule {number}: {}", rule_text(rule)));
    }
    lines
}

fn miss_lines(number: usize, miss: &Value) -> Vec<String> {
    let kinds = strings(miss.at(&["differs"])).join(", ");
    let mut lines = vec![format!("{number}. {kinds}: {}", string(miss, "message"))];
    let places: Vec<String> = miss
        .array_at(&["bindings"])
        .iter()
        .chain([miss.at(&["role"])])
        .filter(|v| !string(v, "origin").is_empty())
        .map(|v| format!("{} {}", string(v, "origin"), string(v, "kind")))
        .collect();
    if !places.is_empty() {
        lines.push(format!("     at {}", places.join(", ")));
    }
    lines
}

/// `RoleBinding shop/read-pods`.
fn named(object: &Value) -> String {
    let (kind, namespace, name) =
        (string(object, "kind"), string(object, "namespace"), string(object, "name"));
    if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") }
}

fn place(object: &Value) -> String {
    match string(object, "origin") {
        "" => String::new(),
        origin => format!("   ({origin})"),
    }
}

/// What the log or the cluster says beside it.
fn remarks(answer: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let allowed = answer.at(&["allowed"]).as_bool();
    let recorded = answer.at(&["recorded"]);
    if !recorded.is_null() {
        let decision = match string(recorded, "decision") {
            "" => format!("status {}", recorded.at(&["code"]).as_i64().unwrap_or(0)),
            decision => decision.to_owned(),
        };
        let reason = string(recorded, "reason");
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        lines.push(format!("the log says: {decision}{reason}"));
    }
    let cluster = answer.at(&["cluster"]);
    if !cluster.is_null() {
        let says = cluster.at(&["allowed"]).as_bool();
        if says == allowed {
            lines.push("The cluster itself says the same.".to_owned());
        } else {
            let (word, reason) =
                (if says == Some(true) { "allowed" } else { "denied" }, string(cluster, "reason"));
            let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
            lines.push(format!(
                "The cluster itself says: {word}{reason}. It has authorizers that cannot be read from here, such as webhooks."
            ));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}
