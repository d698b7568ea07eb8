//! Where the API server's audit events go, and for how long they stay there.

use crate::checks::components::{API_SERVER, Ask, Look, Rule, rule};
use crate::finding::Status;
use crate::words::{Words, words};

pub(super) const RULES: &[Rule] = &[
    rule("AUD-001", API_SERVER, Ask::Other(on)),
    rule("AUD-002", API_SERVER, Ask::Other(|look| kept(look, &AGE))),
    rule("AUD-003", API_SERVER, Ask::Other(|look| kept(look, &BACKUPS))),
    rule("AUD-004", API_SERVER, Ask::Other(|look| kept(look, &SIZE))),
    rule("AUD-009", API_SERVER, Ask::Other(settings)),
];

const LOG: &str = "audit-log-path";
const WEBHOOK: &str = "audit-webhook-config-file";

/// Since this release log files are rotated without a word: 100 files of 100 MB, for 366 days.
const ROTATES_BY_DEFAULT: u32 = 36;

/// A bound of log files: its flag, the least that is asked for, and what counts unless it is set.
struct Bound {
    flag: &'static str,
    least: i64,
    default: i64,
    /// What 0 says.
    unbounded: Words,
}

const AGE: Bound = Bound {
    flag: "audit-log-maxage",
    least: 30,
    default: 366,
    unbounded: words(
        "old logs stay until somebody deletes them (--audit-log-maxage={})",
        "오래된 로그가 자동으로 삭제되지 않음 (--audit-log-maxage={})",
    ),
};
const BACKUPS: Bound = Bound {
    flag: "audit-log-maxbackup",
    least: 10,
    default: 100,
    unbounded: words(
        "the number of old logs has no bound (--audit-log-maxbackup={})",
        "보관하는 로그 파일 수에 제한이 없음 (--audit-log-maxbackup={})",
    ),
};
const SIZE: Bound = Bound {
    flag: "audit-log-maxsize",
    least: 100,
    default: 100,
    unbounded: words(
        "the size of a log has no bound of its own (--audit-log-maxsize={})",
        "로그 파일 크기가 지정되지 않음 (--audit-log-maxsize={})",
    ),
};

/// Events that wait for the webhook, unless it is said otherwise.
const BUFFER: i64 = 10_000;

const NO_POLICY: Words = words(
    "--audit-policy-file is not set: nothing is recorded",
    "--audit-policy-file이 없어 아무것도 기록하지 않음",
);
const NOWHERE: Words = words(
    "neither --audit-log-path nor --audit-webhook-config-file is set: nothing is recorded",
    "--audit-log-path와 --audit-webhook-config-file이 모두 없어 아무것도 기록하지 않음",
);
const TOO_LITTLE: Words = words("--{}={}, less than {}", "--{}={}로 {}보다 작음");
const FORMAT: Words = words(
    "events are written as {}, which few programs read",
    "이벤트를 {} 형식으로 기록하여 분석 도구가 읽기 어려움",
);
const DROPS: Words = words(
    "events are dropped when the log cannot keep up (--audit-log-mode=batch)",
    "기록이 밀리면 이벤트를 버림 (--audit-log-mode=batch)",
);
const SMALL_BUFFER: Words = words(
    "events are dropped when more than {} wait for the webhook",
    "웹훅 대기 이벤트가 {}개를 넘으면 버림",
);
const TRUNCATES: Words = words("long events are cut (--{})", "긴 이벤트를 잘라서 기록함 (--{})");
const PLAIN: Words = words("events go to {} without TLS", "이벤트를 {}로 TLS 없이 보냄");

fn on(look: &mut Look<'_, '_>) -> bool {
    if !look.flags().has("audit-policy-file") {
        look.fail("audit-policy-file", NO_POLICY.plain());
    }
    if !look.flags().has(LOG) && !look.flags().has(WEBHOOK) {
        look.fail(LOG, NOWHERE.plain());
    }
    true
}

/// Standard output is for others to keep, and so is what only a webhook hears.
fn kept(look: &mut Look<'_, '_>, bound: &Bound) -> bool {
    if matches!(look.flags().text(LOG), "" | "-") {
        return false;
    }
    let recent = look.component.version.is_some() && look.component.since(ROTATES_BY_DEFAULT);
    let default = if recent { bound.default } else { 0 };
    match look.flags().number(bound.flag).unwrap_or(default) {
        0 => look.warn(bound.flag, bound.unbounded.with([0])),
        number if number < bound.least => {
            let parts = [bound.flag.to_owned(), number.to_string(), bound.least.to_string()];
            look.fail(bound.flag, TOO_LITTLE.with(parts));
        }
        _ => {}
    }
    true
}

fn settings(look: &mut Look<'_, '_>) -> bool {
    let flags = look.flags();
    let (log, webhook) = (flags.has(LOG), flags.has(WEBHOOK));
    if log && !matches!(flags.text("audit-log-format"), "" | "json") {
        look.warn("audit-log-format", FORMAT.with([flags.text("audit-log-format")]));
    }
    if log && flags.text("audit-log-mode") == "batch" {
        look.warn("audit-log-mode", DROPS.plain());
    }
    for (used, flag) in [(log, "audit-log-truncate-enabled"), (webhook, "audit-webhook-truncate-enabled")] {
        if used && flags.is(flag, false) {
            look.warn(flag, TRUNCATES.with([flag]));
        }
    }
    if webhook {
        let flag = "audit-webhook-batch-buffer-size";
        if let Some(size) = flags.number(flag).filter(|size| *size < BUFFER) {
            look.warn(flag, SMALL_BUFFER.with([size]));
        }
        transport(look);
    }
    log || webhook
}

fn transport(look: &mut Look<'_, '_>) {
    let Some(file) = look.file(WEBHOOK) else { return };
    let Some(value) = look.value(&file) else { return };
    for (i, cluster) in value.array_at(&["clusters"]).iter().enumerate() {
        let server = cluster.str_at(&["cluster", "server"]);
        if !server.starts_with("https://") {
            let field = format!("clusters[{i}].cluster.server");
            look.find_in(Status::Warn, file.place(), &field, PLAIN.with([server]));
        }
    }
}
