//! What is wrong with the spec of a job, in jobs and in cron jobs.
//!
//! Entry point: [`check`].

use api::field::Errors;

use super::failure_policy;
use super::indexes;
use crate::core::pod_spec::validate::Options;
use crate::{Cursor, names, shown, workload};

/// Most indexes that run at once, and most that may fail, so that the lists of indexes in the status stay short.
const INDEXES_MAX: i64 = 100_000;
/// From more completions on the limits below hold for jobs that count failures by index.
const MANY_COMPLETIONS: i64 = 100_000;
const PARALLELISM_OF_MANY: i64 = 10_000;
const FAILED_OF_MANY: i64 = 10_000;
/// Longest name of a controller, in bytes.
const MANAGER_MAX: usize = 63;
/// Most rules of a success policy.
const SUCCESS_RULES_MAX: usize = 20;
/// Longest list of indexes, in bytes.
const INDEX_LIST_MAX: usize = 64 * 1024;

/// All failures of the spec, but for its selector.
pub(in crate::batch) fn check(spec: &Cursor, options: &Options, errors: &mut Errors) {
    let numbers = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    numbers.iter().for_each(|name| spec.child(name).not_negative(errors));
    if spec.has("maxFailedIndexes") && !spec.has("backoffLimitPerIndex") {
        spec.child("backoffLimitPerIndex").required(errors, "when maxFailedIndexes is specified");
    }
    manager(&spec.child("managedBy"), errors);
    completion_mode(spec, errors);
    if spec.has("podFailurePolicy") {
        failure_policy::check(&spec.child("podFailurePolicy"), spec, errors);
    }
    success_policy(spec, errors);
    replacement_policy(spec, errors);
    workload::template(&spec.child("template"), options, errors);
    restart_policy(spec, errors);
}

fn manager(manager: &Cursor, errors: &mut Errors) {
    if !manager.is_set() {
        return;
    }
    names::domain_prefixed_path(errors, &manager.path(), manager.str());
    if manager.str().len() > MANAGER_MAX {
        errors.too_long(&manager.path(), MANAGER_MAX);
    }
}

fn completion_mode(spec: &Cursor, errors: &mut Errors) {
    let mode = spec.child("completionMode");
    if mode.is_set() {
        mode.one_of(errors, &["NonIndexed", "Indexed"]);
    }
    match mode.str() {
        "Indexed" => indexed(spec, errors),
        "NonIndexed" => not_indexed(spec, errors),
        _ if !mode.is_set() => not_indexed(spec, errors),
        _ => {}
    }
}

fn not_indexed(spec: &Cursor, errors: &mut Errors) {
    for name in ["backoffLimitPerIndex", "maxFailedIndexes"] {
        let number = spec.child(name);
        if number.is_set() {
            number.bad(errors, number.int(), "requires indexed completion mode");
        }
    }
}

fn indexed(spec: &Cursor, errors: &mut Errors) {
    let (completions, parallelism, failed) =
        (spec.child("completions"), spec.child("parallelism"), spec.child("maxFailedIndexes"));
    let at_most = |number: &Cursor, max: i64, more: &str, errors: &mut Errors| {
        if number.int() > max {
            number.bad(errors, number.int(), &format!("must be less than or equal to {max}{more}"));
        }
    };
    if !completions.is_set() {
        completions.required(errors, "when completion mode is Indexed");
    }
    at_most(&parallelism, INDEXES_MAX, " when completion mode is Indexed", errors);
    if completions.is_set() && failed.int() > completions.int() {
        failed.bad(errors, failed.int(), "must be less than or equal to completions");
    }
    at_most(&failed, INDEXES_MAX, "", errors);
    if completions.int() > MANY_COMPLETIONS && spec.has("backoffLimitPerIndex") {
        if !failed.is_set() {
            let why = format!("must be specified when completions is above {MANY_COMPLETIONS}");
            failed.required(errors, &why);
        }
        let more =
            format!(" when completions are above {MANY_COMPLETIONS} and used with backoff limit per index");
        at_most(&parallelism, PARALLELISM_OF_MANY, &more, errors);
        at_most(&failed, FAILED_OF_MANY, &more, errors);
    }
}

fn success_policy(spec: &Cursor, errors: &mut Errors) {
    let policy = spec.child("successPolicy");
    if !policy.is_set() {
        return;
    }
    if spec.text("completionMode") != "Indexed" {
        let shown = shown::of_type(policy.value(), "SuccessPolicy");
        return policy.bad(errors, shown, "requires indexed completion mode");
    }
    let rules = policy.child("rules");
    if rules.is_empty() {
        rules.required(errors, "at least one rules must be specified when the successPolicy is specified");
    }
    if rules.len() > SUCCESS_RULES_MAX {
        errors.too_many(&rules.path(), rules.len(), SUCCESS_RULES_MAX);
    }
    let completions = spec.child("completions").int();
    rules.items().for_each(|rule| success_rule(&rule, completions, errors));
}

fn success_rule(rule: &Cursor, completions: i64, errors: &mut Errors) {
    let (list, count) = (rule.child("succeededIndexes"), rule.child("succeededCount"));
    if !list.is_set() && !count.is_set() {
        rule.required(errors, "at least one of succeededCount or succeededIndexes must be specified");
    }
    let mut listed = 0;
    if list.is_set() {
        if list.str().len() > INDEX_LIST_MAX {
            errors.too_long(&list.path(), INDEX_LIST_MAX);
        }
        match indexes::count(list.str(), completions) {
            Ok(count) => listed = count,
            Err(why) => list.bad(errors, list.str(), &format!("error parsing succeededIndexes: {why}")),
        }
    }
    if !count.is_set() {
        return;
    }
    count.not_negative(errors);
    if count.int() > completions {
        let why =
            format!("must be less than or equal to {completions} (the number of specified completions)");
        count.bad(errors, count.int(), &why);
    }
    if list.is_set() && count.int() > listed {
        let why = format!(
            "must be less than or equal to {listed} (the number of indexes in the specified succeededIndexes field)"
        );
        count.bad(errors, count.int(), &why);
    }
}

fn replacement_policy(spec: &Cursor, errors: &mut Errors) {
    let policy = spec.child("podReplacementPolicy");
    if policy.is_set() {
        let failed = spec.has("podFailurePolicy");
        policy.one_of(errors, if failed { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] });
    }
}

/// Pods of a job end.
fn restart_policy(spec: &Cursor, errors: &mut Errors) {
    let (template, failure) = (spec.child("template"), spec.has("podFailurePolicy"));
    let pod = template.child("spec");
    let policy = pod.child("restartPolicy");
    match policy.str() {
        "Always" | "" => policy.required(errors, "valid values: \"OnFailure\", \"Never\""),
        "Never" => {}
        "OnFailure" if failure => {
            let why = "only \"Never\" is supported when podFailurePolicy is specified";
            policy.bad(errors, policy.str(), why);
        }
        _ => policy.one_of(errors, &["OnFailure", "Never"]),
    }
}
