//! Hostile input for every decoder: functions that take any bytes and panic when a law does not hold.
//!
//! Entry point: [`TARGETS`].  `tests/short.rs` runs each on some thousand spoiled inputs, `tests/large.rs` on inputs that
//! are as large as a body may be; `long/` runs one under libFuzzer for as long as wanted (see README.md).

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a target fails by panicking, which is what a fuzzer looks for"
)]

mod seeds;
mod targets;

/// One thing to attack.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, such as `yaml`.
    pub name: &'static str,
    /// Panics when a law does not hold for the bytes.
    pub run: fn(&[u8]),
    /// Inputs that mean something to it, to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "json", run: targets::text::json, seeds: seeds::json },
    Target { name: "yaml", run: targets::text::yaml, seeds: seeds::yaml },
    Target { name: "protobuf", run: targets::protobuf::message, seeds: seeds::protobuf },
    Target { name: "envelope", run: targets::protobuf::envelope, seeds: seeds::envelopes },
    Target { name: "object", run: targets::object::body, seeds: seeds::objects },
    Target { name: "options", run: targets::object::options, seeds: seeds::options },
    Target { name: "custom", run: targets::object::custom, seeds: seeds::custom },
    Target { name: "patch", run: targets::patches::text, seeds: seeds::patches },
    Target { name: "made-patch", run: targets::patches::made, seeds: seeds::choices },
    Target { name: "owners", run: targets::patches::owners, seeds: seeds::choices },
    Target { name: "fields-v1", run: targets::patches::fields_v1, seeds: seeds::fields_v1 },
    Target { name: "selector", run: targets::selectors::selectors, seeds: seeds::selectors },
    Target { name: "continue", run: targets::selectors::continuation, seeds: seeds::continuations },
    Target { name: "token", run: targets::requests::tokens, seeds: seeds::tokens },
    Target { name: "certificate", run: targets::logins::certificate, seeds: seeds::certificates },
    Target { name: "authorities", run: targets::logins::authorities, seeds: seeds::authorities },
    Target { name: "proxy-headers", run: targets::logins::headers, seeds: seeds::proxy_headers },
    Target { name: "password", run: targets::logins::passwords, seeds: seeds::passwords },
    Target { name: "explained-token", run: targets::requests::explained, seeds: seeds::cloud_tokens },
    Target { name: "request", run: targets::requests::request, seeds: seeds::requests },
    Target { name: "jwt", run: targets::issuers::jwt, seeds: seeds::jwts },
    Target { name: "key-set", run: targets::issuers::documents, seeds: seeds::key_sets },
    Target { name: "issuers", run: targets::issuers::configuration, seeds: seeds::issuers },
    Target { name: "reviews", run: targets::webhooks::answers, seeds: seeds::reviews },
    Target { name: "authorizers", run: targets::webhooks::configuration, seeds: seeds::authorizers },
    Target { name: "kubeconfig", run: targets::webhooks::kubeconfig, seeds: seeds::kubeconfigs },
    Target { name: "expression", run: targets::expressions::expression, seeds: seeds::expressions },
    Target { name: "rules", run: targets::expressions::schema, seeds: seeds::rules },
    Target { name: "policy", run: targets::expressions::policy, seeds: seeds::policies },
    Target { name: "audit-policy", run: targets::audit::policy, seeds: seeds::audit_policies },
    Target { name: "audit-log", run: targets::audit::log, seeds: seeds::audit_logs },
    Target { name: "amount", run: targets::amounts::all, seeds: seeds::amounts },
];

/// One byte of an input as a choice among `n`, and the rest.
fn choice(bytes: &[u8], n: usize) -> (usize, &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    (usize::from(*first) % n.max(1), rest)
}

/// The input as text, spoiled UTF-8 replaced.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
