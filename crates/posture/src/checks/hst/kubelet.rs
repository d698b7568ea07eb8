//! How a kubelet is set up: a row a check, each over what is in force.

use crate::checks::Flaw;
use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::cloud::Cloud;
use crate::sources::kubelet::{
    ADDRESS, ANONYMOUS, AUTHORIZATION, BOOTSTRAP, CERTIFICATE, CIPHERS, CLIENT_CA, EVENT_QPS, Field, GATES,
    IDLE_TIMEOUT, IPTABLES, KERNEL, KEY, Kubelet, MIN_TLS, PIDS, POD_URL, READ_ONLY_PORT, ROTATE, SECCOMP,
    SYSCTLS, Unread, is_no_time,
};
use crate::words::{Said, Words, words};

/// A check of one kubelet.
struct Row {
    id: &'static str,
    look: fn(&Kubelet<'_>) -> Looked,
}

/// What is wrong, or a file that would tell.
type Looked = Result<Vec<Flaw>, Unread>;

const ROWS: &[Row] = &[
    Row { id: "HST-050", look: anonymous },
    Row { id: "HST-051", look: authorization },
    Row { id: "HST-052", look: client_ca },
    Row { id: "HST-053", look: read_only_port },
    Row { id: "HST-054", look: idle_timeout },
    Row { id: "HST-055", look: iptables },
    Row { id: "HST-056", look: host_name },
    Row { id: "HST-058", look: certificate },
    Row { id: "HST-059", look: rotation },
    Row { id: "HST-060", look: serving_rotation },
    Row { id: "HST-061", look: ciphers },
    Row { id: "HST-062", look: pids },
    Row { id: "HST-063", look: seccomp },
    Row { id: "HST-064", look: kernel },
    Row { id: "HST-065", look: sysctls_and_pods },
];

/// What the kubelet expects of the kernel (1.36).
const TUNABLES: [(&str, i64); 6] = [
    ("vm.overcommit_memory", 1),
    ("vm.panic_on_oom", 0),
    ("kernel.panic", 10),
    ("kernel.panic_on_oops", 1),
    ("kernel.keys.root_maxkeys", 1_000_000),
    ("kernel.keys.root_maxbytes", 25_000_000),
];

/// So many events that they drown everything else; how many a site says.
const EVENTS: &str = "HST-057";

/// What a kubelet calls the certificate that it has signed for itself.
const SELF_SIGNED: &str = "/kubelet.crt";

const NOT_READ: Words =
    words("{} was not given, and it decides this", "이 항목을 정하는 {} 파일이 주어지지 않음");
const NO_FLAGS: Words = words(
    "only the kubelet's command line tells; give facts of the host",
    "kubelet 명령행으로만 알 수 있음. 호스트 정보가 필요함",
);
const NOBODY: Words = words(
    "whoever comes without credentials is let in as system:anonymous",
    "자격 증명이 없는 요청을 system:anonymous로 받아들임",
);
const EVERYTHING: Words = words(
    "whoever is let in may do everything (AlwaysAllow)",
    "인증된 모두에게 모든 작업을 허용함 (AlwaysAllow)",
);
const NOT_WEBHOOK: Words =
    words("the API server is not asked: the mode is \"{}\"", "API 서버에 묻지 않음: 방식이 \"{}\"임");
const NO_CA: Words = words(
    "client certificates cannot be checked: no CA is named",
    "CA가 없어 클라이언트 인증서를 확인할 수 없음",
);
const OPEN_PORT: Words =
    words("port {} answers everybody without authentication", "{} 포트가 인증 없이 모두에게 응답함");
const NEVER_ENDS: Words = words(
    "idle connections of exec, attach and port-forward are never closed",
    "exec, attach, port-forward의 유휴 연결이 닫히지 않음",
);
const NO_CHAINS: Words =
    words("the iptables rules that nodes need are not kept", "노드에 필요한 iptables 규칙을 유지하지 않음");
const RENAMED: Words = words(
    "the node calls itself \"{}\", whatever its host is called",
    "호스트 이름과 무관하게 노드 이름이 \"{}\"임",
);
const UNLIMITED: Words = words(
    "0 stands for 5 events a second up to 1.36, so that events are lost, and for no limit from 1.37 on",
    "0은 1.36까지 초당 5개를 뜻해 이벤트가 유실되고 1.37부터는 제한이 없음",
);
const TOO_MANY: Words = words("{} events a second are more than {}", "초당 이벤트 {}개로 {}개를 넘음");
const SELF_MADE: Words = words(
    "it serves a certificate that it has signed itself, so nobody can verify it",
    "스스로 서명한 인증서를 써서 아무도 검증할 수 없음",
);
const GROWS_OLD: Words = words(
    "its client certificate is not renewed before it ends",
    "클라이언트 인증서를 만료 전에 갱신하지 않음",
);
const GATE_OFF: Words = words(
    "the gate RotateKubeletServerCertificate is off: its serving certificate is never renewed",
    "RotateKubeletServerCertificate 게이트가 꺼져 서빙 인증서가 갱신되지 않음",
);
const NOT_ASKED_FOR: Words = words(
    "its serving certificate is not asked for, and so not renewed",
    "서빙 인증서를 발급받지 않으므로 갱신되지 않음",
);
const OLD_TLS: Words = words("{} is accepted", "{}를 받아들임");
const WEAK: Words = words("weak cipher suites: {}", "취약한 암호군: {}");
const NO_SECRECY: Words = words("cipher suites without forward secrecy: {}", "전방 비밀성이 없는 암호군: {}");
const ANY_SUITE: Words = words(
    "no cipher suites are named, so that what is accepted changes with the build",
    "암호군을 지정하지 않아 빌드에 따라 허용 범위가 바뀜",
);
const ANY_PIDS: Words = words(
    "a pod may use up all process numbers of its node",
    "파드 하나가 노드의 프로세스 번호를 모두 쓸 수 있음",
);
const NO_SECCOMP: Words = words(
    "containers that say nothing may call everything of the kernel",
    "설정이 없는 컨테이너가 모든 시스템 호출을 쓸 수 있음",
);
const CHANGES_KERNEL: Words = words(
    "it changes the kernel's settings instead of refusing to start on wrong ones",
    "커널 값이 다를 때 시작을 거부하지 않고 값을 바꿈",
);
const KERNEL_DIFFERS: Words = words("{} is {} instead of {}", "{} 값이 {}임 (기대 값 {})");
const UNSAFE: Words = words("pods may set {}", "파드가 {} 값을 바꿀 수 있음");
const PODS_FROM: Words = words(
    "it runs pods from {}, which anybody on the way can change",
    "{}에서 받은 파드를 실행하는데 전송 중에 바뀔 수 있음",
);

const REACHABLE: Words = words(
    "it listens at every address, and a firewall lets everybody come to port {}",
    "모든 주소에서 요청을 받고 방화벽이 {} 포트를 모두에게 엶",
);

/// The port of the kubelet.
const PORT: u16 = 10_250;

pub(super) fn ids() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.id).chain([EVENTS]).collect()
}

pub(super) fn run(scan: &mut Scan<'_>) {
    let open = Cloud::of(scan.input).firewall_opens(PORT).is_some_and(|rules| !rules.is_empty());
    for kubelet in Kubelet::all(scan.input) {
        if open && kubelet.text(&ADDRESS).is_ok_and(|address| matches!(address, "" | "0.0.0.0" | "::")) {
            let reason = REACHABLE.with([PORT]);
            scan.find("HST-065", Status::Warn, kubelet.place(), ADDRESS.name(), reason);
        }
        for row in ROWS {
            told(scan, row.id, &kubelet, (row.look)(&kubelet));
        }
        told(scan, EVENTS, &kubelet, events(&kubelet, scan.settings.limits.event_rate));
    }
}

fn told(scan: &mut Scan<'_>, id: &'static str, kubelet: &Kubelet<'_>, looked: Looked) {
    match looked {
        Ok(flaws) => {
            scan.examine(id);
            for flaw in flaws {
                scan.find(id, flaw.status, kubelet.place(), flaw.field, flaw.reason);
            }
        }
        // No path: what would tell is no file.
        Err(Unread(path)) if path.is_empty() => scan.lack(id, NO_FLAGS.plain()),
        Err(Unread(path)) => scan.lack(id, NOT_READ.with([path])),
    }
}

fn flaw(status: Status, field: &Field, reason: Said) -> Flaw {
    Flaw { status, field: field.name(), reason }
}

/// One flaw when something is so.
fn when(bad: bool, status: Status, field: &Field, reason: Words) -> Looked {
    Ok(if bad { vec![flaw(status, field, reason.plain())] } else { Vec::new() })
}

fn anonymous(kubelet: &Kubelet<'_>) -> Looked {
    when(kubelet.is(&ANONYMOUS)?, Status::Fail, &ANONYMOUS, NOBODY)
}

fn authorization(kubelet: &Kubelet<'_>) -> Looked {
    Ok(match kubelet.text(&AUTHORIZATION)? {
        "AlwaysAllow" => vec![flaw(Status::Fail, &AUTHORIZATION, EVERYTHING.plain())],
        "Webhook" => Vec::new(),
        other => vec![flaw(Status::Warn, &AUTHORIZATION, NOT_WEBHOOK.with([other]))],
    })
}

fn client_ca(kubelet: &Kubelet<'_>) -> Looked {
    when(kubelet.text(&CLIENT_CA)?.is_empty(), Status::Fail, &CLIENT_CA, NO_CA)
}

fn read_only_port(kubelet: &Kubelet<'_>) -> Looked {
    Ok(match kubelet.number(&READ_ONLY_PORT)? {
        0 => Vec::new(),
        port => vec![flaw(Status::Fail, &READ_ONLY_PORT, OPEN_PORT.with([port]))],
    })
}

fn idle_timeout(kubelet: &Kubelet<'_>) -> Looked {
    let text = kubelet.text(&IDLE_TIMEOUT)?;
    // An answer of the kubelet without the field is one of a build that does not tell.
    when(!text.is_empty() && is_no_time(text), Status::Fail, &IDLE_TIMEOUT, NEVER_ENDS)
}

fn iptables(kubelet: &Kubelet<'_>) -> Looked {
    when(!kubelet.is(&IPTABLES)?, Status::Fail, &IPTABLES, NO_CHAINS)
}

/// Clouds name their nodes themselves, so that a name is no sign of anything there.
fn host_name(kubelet: &Kubelet<'_>) -> Looked {
    let flags = kubelet.flags.as_ref().ok_or(Unread(String::new()))?;
    let cloud = flags.last("cloud-provider").is_some_and(|provider| !provider.is_empty());
    Ok(match flags.last("hostname-override") {
        Some(name) if !name.is_empty() && !cloud => vec![Flaw {
            status: Status::Warn,
            field: "--hostname-override".to_owned(),
            reason: RENAMED.with([name]),
        }],
        _ => Vec::new(),
    })
}

fn events(kubelet: &Kubelet<'_>, most: i64) -> Looked {
    Ok(match kubelet.number(&EVENT_QPS)? {
        0 => vec![flaw(Status::Warn, &EVENT_QPS, UNLIMITED.plain())],
        n if n > most => vec![flaw(Status::Warn, &EVENT_QPS, TOO_MANY.with([n, most]))],
        _ => Vec::new(),
    })
}

fn certificate(kubelet: &Kubelet<'_>) -> Looked {
    let (file, key) = (kubelet.text(&CERTIFICATE)?, kubelet.text(&KEY)?);
    // A kubelet that is asked names the certificate that it has made, as if somebody had given it.
    let own = kubelet.asked && file.ends_with(SELF_SIGNED);
    let given = !file.is_empty() && !key.is_empty() && !own;
    when(!given && !kubelet.is(&BOOTSTRAP)?, Status::Warn, &BOOTSTRAP, SELF_MADE)
}

fn rotation(kubelet: &Kubelet<'_>) -> Looked {
    when(!kubelet.is(&ROTATE)? && !has_no_certificate(kubelet), Status::Fail, &ROTATE, GROWS_OLD)
}

/// What asks a program, or has a token, proves by that who it is: there is no certificate to renew.
fn has_no_certificate(kubelet: &Kubelet<'_>) -> bool {
    let path = kubelet.flags.as_ref().and_then(|flags| flags.last("kubeconfig")).unwrap_or("");
    let mut files = kubelet.document.value.array_at(&["files"]).iter();
    let file = files.find(|file| file.str_at(&["path"]) == path);
    let credentials = file.map_or(&[][..], |file| file.array_at(&["credentials"]));
    !credentials.is_empty() && credentials.iter().all(|kind| kind.as_str() != Some("certificate"))
}

fn serving_rotation(kubelet: &Kubelet<'_>) -> Looked {
    let gate = kubelet.value(&GATES)?.get("RotateKubeletServerCertificate").and_then(api::Value::as_bool);
    if gate == Some(false) {
        return when(true, Status::Fail, &GATES, GATE_OFF);
    }
    when(!kubelet.is(&BOOTSTRAP)?, Status::Warn, &BOOTSTRAP, NOT_ASKED_FOR)
}

fn ciphers(kubelet: &Kubelet<'_>) -> Looked {
    let version = kubelet.text(&MIN_TLS)?;
    // TLS 1.3 has its own suites, which nobody can choose.
    if version == "VersionTLS13" {
        return Ok(Vec::new());
    }
    let mut flaws = Vec::new();
    if matches!(version, "VersionTLS10" | "VersionTLS11") {
        flaws.push(flaw(Status::Fail, &MIN_TLS, OLD_TLS.with([version])));
    }
    let suites = kubelet.list(&CIPHERS)?;
    if suites.is_empty() {
        flaws.push(flaw(Status::Warn, &CIPHERS, ANY_SUITE.plain()));
    }
    let rated = [(Strength::Weak, Status::Fail, WEAK), (Strength::NoSecrecy, Status::Warn, NO_SECRECY)];
    for (strength, status, reason) in rated {
        let bad: Vec<_> = suites.iter().filter(|suite| Strength::of(suite) == strength).copied().collect();
        if !bad.is_empty() {
            flaws.push(flaw(status, &CIPHERS, reason.with([bad.join(", ")])));
        }
    }
    Ok(flaws)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Weak,
    NoSecrecy,
    Good,
}

impl Strength {
    fn of(suite: &str) -> Self {
        let sealed = suite.contains("_GCM_") || suite.contains("_CHACHA20_POLY1305");
        // Suites of TLS 1.3 name no key exchange.
        match suite {
            _ if !sealed => Self::Weak,
            _ if suite.starts_with("TLS_RSA_") => Self::NoSecrecy,
            _ => Self::Good,
        }
    }
}

fn pids(kubelet: &Kubelet<'_>) -> Looked {
    when(kubelet.number(&PIDS)? < 1, Status::Warn, &PIDS, ANY_PIDS)
}

fn seccomp(kubelet: &Kubelet<'_>) -> Looked {
    when(!kubelet.is(&SECCOMP)?, Status::Warn, &SECCOMP, NO_SECCOMP)
}

/// A kubelet that protects the defaults does not run on a kernel that differs.
fn kernel(kubelet: &Kubelet<'_>) -> Looked {
    if kubelet.is(&KERNEL)? {
        return Ok(Vec::new());
    }
    let mut flaws = vec![flaw(Status::Warn, &KERNEL, CHANGES_KERNEL.plain())];
    let set = kubelet.document.value.at(&["sysctls"]);
    for (name, want) in TUNABLES {
        if let Some(is) = set.get(name).and_then(api::Value::as_i64).filter(|is| *is != want) {
            let reason = KERNEL_DIFFERS.with([name, &is.to_string(), &want.to_string()]);
            flaws.push(flaw(Status::Fail, &KERNEL, reason));
        }
    }
    Ok(flaws)
}

fn sysctls_and_pods(kubelet: &Kubelet<'_>) -> Looked {
    let mut flaws = Vec::new();
    let unsafe_ones = kubelet.list(&SYSCTLS)?;
    if !unsafe_ones.is_empty() {
        flaws.push(flaw(Status::Warn, &SYSCTLS, UNSAFE.with([unsafe_ones.join(", ")])));
    }
    let url = kubelet.text(&POD_URL)?;
    if url.to_ascii_lowercase().starts_with("http://") {
        // Whoever may fetch them with a password has it in the address.
        let shown = url.rsplit_once('@').map_or(url, |(_, host)| host);
        flaws.push(flaw(Status::Fail, &POD_URL, PODS_FROM.with([shown])));
    }
    Ok(flaws)
}
