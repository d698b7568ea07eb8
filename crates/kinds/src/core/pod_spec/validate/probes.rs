//! Probes and lifecycle hooks of a container.
//!
//! Entry point: [`all`].

use api::Value;
use api::field::Errors;

use super::Facts;
use crate::{Cursor, names};

/// All failures of `lifecycle` and the three probes.
pub(super) fn all(container: &Cursor, facts: &Facts, errors: &mut Errors) {
    lifecycle(&container.child("lifecycle"), facts, errors);
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let at = container.child(name);
        if !at.is_set() {
            continue;
        }
        probe(&at, facts, errors);
        let (successes, grace) = (at.child("successThreshold"), at.child("terminationGracePeriodSeconds"));
        if name == "readinessProbe" {
            if grace.is_set() {
                grace.invalid(errors, "must not be set for readinessProbes");
            }
        } else if successes.int() != 1 {
            successes.bad(errors, successes.int(), "must be 1");
        }
    }
}

fn probe(probe: &Cursor, facts: &Facts, errors: &mut Errors) {
    handler(probe, &["exec", "httpGet", "tcpSocket", "grpc"], facts, errors);
    for name in
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
    {
        probe.child(name).not_negative(errors);
    }
    let grace = probe.child("terminationGracePeriodSeconds");
    if grace.is_set() && grace.int() <= 0 {
        grace.invalid(errors, "must be greater than 0");
    }
}

fn lifecycle(lifecycle: &Cursor, facts: &Facts, errors: &mut Errors) {
    for hook in ["postStart", "preStop"] {
        if lifecycle.has(hook) {
            handler(&lifecycle.child(hook), &["exec", "httpGet", "tcpSocket", "sleep"], facts, errors);
        }
    }
    let signal = lifecycle.child("stopSignal");
    if signal.is_set() {
        stop_signal(&signal, facts, errors);
    }
}

/// Exactly one of the kinds, in this order.
fn handler(holder: &Cursor, kinds: &[&str], facts: &Facts, errors: &mut Errors) {
    let mut taken = false;
    for kind in kinds.iter().filter(|kind| holder.has(kind)) {
        let at = holder.child(kind);
        if taken {
            at.forbidden(errors, "may not specify more than 1 handler type");
            continue;
        }
        taken = true;
        match *kind {
            "exec" => at.require(errors, &["command"]),
            "httpGet" => http_get(&at, errors),
            "sleep" => sleep(&at, facts, errors),
            _ => port(&at.child("port"), errors),
        }
    }
    if !taken {
        holder.required(errors, "must specify a handler type");
    }
}

fn http_get(get: &Cursor, errors: &mut Errors) {
    get.require(errors, &["path"]);
    port(&get.child("port"), errors);
    get.child("scheme").one_of(errors, &["HTTP", "HTTPS"]);
    let headers = get.child("httpHeaders");
    for header in headers.items() {
        let name = header.text("name");
        names::report(errors, &headers.path(), name, &names::http_header_name(name));
    }
}

/// A number or the name of a port of the container.
fn port(port: &Cursor, errors: &mut Errors) {
    match port.value() {
        Value::String(name) => port.faults(errors, &names::port_name(name)),
        _ => port.number_faults(errors, &names::port_number(port.int())),
    }
}

fn sleep(sleep: &Cursor, facts: &Facts, errors: &mut Errors) {
    let seconds = sleep.child("seconds").int();
    if let Some(grace) = facts.grace
        && !(0..=grace).contains(&seconds)
    {
        let why = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        sleep.bad(errors, seconds, &why);
    }
}

/// Signals that Linux containers can be stopped with, without the real-time ones.
const SIGNALS: [&str; 35] = [
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGRTMAX",
    "SIGRTMIN",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
];

/// All signals in order of their names.
fn linux_signals() -> Vec<String> {
    let lower = (1..=15).map(|n| format!("SIGRTMIN+{n}"));
    let upper = (1..=14).map(|n| format!("SIGRTMAX-{n}"));
    let plain = SIGNALS.iter().copied().chain(["SIGXFSZ"]).map(str::to_owned);
    let mut all: Vec<String> = plain.chain(lower).chain(upper).collect();
    all.sort();
    all
}

fn stop_signal(signal: &Cursor, facts: &Facts, errors: &mut Errors) {
    match facts.os() {
        None => signal.forbidden(errors, "may not be set for containers with empty `spec.os.name`"),
        Some("windows") => signal.one_of(errors, &["SIGKILL", "SIGTERM"]),
        Some("linux") => {
            let all = linux_signals();
            signal.one_of(errors, &all.iter().map(String::as_str).collect::<Vec<_>>());
        }
        Some(_) => {}
    }
}
