//! How people get to a cluster: kubeconfigs, and the client certificates that they ask for.
//!
//! Entry point: [`run`].  Kubeconfigs of the cluster's own components are not those of people.

use api::user::SYSTEM_MASTERS;
use evidence::Object;

use crate::catalogue::Kind;
use crate::certificate::Certificate;
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::secrets::looks_like;
use crate::settings::Profile;
use crate::sources::host::{File, Host};
use crate::sources::kubeconfig::{Cluster, Kubeconfig, Pem, Token, User, kubeconfigs, requested_subject};
use crate::when::day;
use crate::words::{Said, Words, words};

pub(super) const IDS: &[&str] = &["IAM-002", "IAM-030", "IAM-031", "IAM-032", "IAM-033"];

/// Where installers put the kubeconfigs of administrators.
const ADMINISTRATORS: [&str; 2] = ["/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf"];

const PLUGIN: &str = "ncp-iam-authenticator";
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";

const CERTIFICATE: Words = words(
    "{} shows a client certificate, which nobody can take back before its end",
    "{}: 만료 전에 회수할 수 없는 클라이언트 인증서를 사용함",
);
const LONG_CERTIFICATE: Words = words(
    "the client certificate of {} lasts {} days, until {}, and nobody can take it back",
    "{}의 클라이언트 인증서 유효 기간이 {}일({}까지)이며 회수할 수 없음",
);
const REQUESTED: Words = words("{} asks for a client certificate", "{}이(가) 클라이언트 인증서를 요청함");
const REQUESTED_LONG: Words =
    words("{} asks for a client certificate of {} days", "{}이(가) {}일짜리 클라이언트 인증서를 요청함");
const MASTERS: Words = words(
    "{} is in system:masters, whom no authorizer refuses",
    "{}이(가) 권한 검사를 받지 않는 system:masters에 속함",
);
const ACCOUNT_TOKEN: Words = words(
    "{} is a person's login with the token of service account {}/{}, until {}",
    "{}: 사람이 서비스 어카운트 {}/{}의 토큰({}까지)으로 로그인함",
);
const ENDLESS: Words = words(
    "{} is a person's login with a token of service account {}/{} that never ends",
    "{}: 사람이 서비스 어카운트 {}/{}의 만료되지 않는 토큰으로 로그인함",
);
const INSECURE: Words = words(
    "anybody may pose as the server: certificates are not checked",
    "인증서를 검사하지 않아 서버를 사칭할 수 있음",
);
const PLAIN: Words = words("{} is not https", "{}은(는) https가 아님");
const NO_AUTHORITY: Words = words(
    "{} is private, and nothing says who vouches for it",
    "{}은(는) 사설 주소인데 이를 보증하는 CA가 없음",
);
const BROKEN_AUTHORITY: Words = words("the authority cannot be read: {}", "CA 인증서를 읽을 수 없음: {}");
const PASSWORD: Words = words("it holds a password", "비밀번호가 들어 있음");
const OPAQUE: Words = words(
    "it holds a token that does not say for whom and until when",
    "대상과 만료일을 알 수 없는 토큰이 들어 있음",
);
const IN_PLUGIN: Words =
    words("{} of the plug-in looks like a credential ({})", "플러그인의 {}에 자격 증명이 있음 ({})");
const OPEN: Words =
    words("with mode {} others than {} get at it", "모드 {}이므로 {} 외의 사용자가 접근할 수 있음");
const STATIC: Words = words(
    "{} logs in with {} and not as a user of Naver Cloud",
    "{}이(가) 네이버 클라우드 사용자가 아닌 {}(으)로 로그인함",
);
const NO_TOKEN_WORD: Words = words(
    "the plug-in is not asked for a token: args do not begin with token",
    "플러그인 인자가 token으로 시작하지 않음",
);
const NO_FLAG: Words = words("the plug-in is not told {}", "플러그인에 {}이(가) 없음");
const OLD_API: Words = words(
    "{} is not client.authentication.k8s.io/v1 or v1beta1",
    "{}은(는) client.authentication.k8s.io/v1이나 v1beta1이 아님",
);

pub(super) fn run(scan: &mut Scan<'_>) {
    for config in kubeconfigs(scan.input) {
        let place = config.place();
        for cluster in &config.clusters {
            servers(scan, &place, cluster);
        }
        for user in &config.users {
            masters(scan, &place, user);
            if is_component(user) {
                continue;
            }
            certificates(scan, &place, user);
            account_tokens(scan, &place, user);
            secrets(scan, &place, user);
            naver(scan, &place, &config, user);
        }
    }
    let requests: Vec<&Object> =
        scan.input.objects.of_kind("certificates.k8s.io", "CertificateSigningRequest").collect();
    requests.into_iter().for_each(|request| requested(scan, request));
    modes(scan);
    super::seen::run(scan);
}

/// True for a user that is a part of the cluster: its certificate says so, or its credentials are files that a kubelet
/// or a pod keeps.
fn is_component(user: &User<'_>) -> bool {
    let kept = ["/var/lib/kubelet/", "/var/run/secrets/", "/run/secrets/"];
    let file = match &user.certificate {
        Some(Pem::File(file)) => file,
        _ => user.token_file,
    };
    kept.iter().any(|folder| file.starts_with(folder)) || user.shown_certificate().is_some_and(of_component)
}

fn of_component(certificate: &Certificate) -> bool {
    certificate.common_name.starts_with("system:") && certificate.common_name != "system:admin"
}

fn masters(scan: &mut Scan<'_>, place: &Place, user: &User<'_>) {
    let Some(certificate) = user.shown_certificate() else { return };
    scan.examine("IAM-002");
    if certificate.organizations.iter().any(|group| group == SYSTEM_MASTERS) {
        let reason = MASTERS.with([&certificate.common_name]);
        scan.find("IAM-002", Status::Fail, place.clone(), user.certificate_field(), reason);
    }
}

fn certificates(scan: &mut Scan<'_>, place: &Place, user: &User<'_>) {
    scan.examine("IAM-030");
    if user.certificate.is_none() {
        return;
    }
    let (status, reason) = match user.shown_certificate() {
        Some(certificate) => judged(certificate, scan.settings.limits.client_certificate_days),
        None => (Status::Warn, CERTIFICATE.with([user.name])),
    };
    scan.find("IAM-030", status, place.clone(), user.certificate_field(), reason);
}

fn judged(certificate: &Certificate, longest: i64) -> (Status, Said) {
    let name = &certificate.common_name;
    let days = (certificate.not_after.seconds() - certificate.not_before.seconds()).div_euclid(86_400);
    match days > longest {
        true => {
            let parts = [name.clone(), days.to_string(), day(certificate.not_after)];
            (Status::Fail, LONG_CERTIFICATE.with(parts))
        }
        false => (Status::Warn, CERTIFICATE.with([name])),
    }
}

fn account_tokens(scan: &mut Scan<'_>, place: &Place, user: &User<'_>) {
    scan.examine("IAM-031");
    let Some(Token::ServiceAccount(namespace, name, end)) = &user.token else { return };
    let reason = match end {
        Some(end) => ACCOUNT_TOKEN.with([user.name, namespace, name, &day(*end)]),
        None => ENDLESS.with([user.name, namespace, name]),
    };
    scan.find("IAM-031", Status::Warn, place.clone(), user.field("token"), reason);
}

fn servers(scan: &mut Scan<'_>, place: &Place, cluster: &Cluster<'_>) {
    scan.examine("IAM-032");
    let mut fail = |field: &str, reason| {
        scan.find("IAM-032", Status::Fail, place.clone(), cluster.field(field), reason);
    };
    let plain = cluster.server.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://"));
    if plain {
        fail("server", PLAIN.with([cluster.shown()]));
    }
    match &cluster.authority {
        _ if cluster.insecure => fail("insecure-skip-tls-verify", INSECURE.plain()),
        Some(Pem::Inline(Err(why))) => fail("certificate-authority-data", BROKEN_AUTHORITY.with([why])),
        None if !plain && cluster.is_private() => {
            fail("certificate-authority-data", NO_AUTHORITY.with([cluster.shown()]));
        }
        _ => {}
    }
}

fn secrets(scan: &mut Scan<'_>, place: &Place, user: &User<'_>) {
    scan.examine("IAM-032");
    let mut find = |status, field: &str, reason| {
        scan.find("IAM-032", status, place.clone(), user.field(field), reason);
    };
    if user.has_password {
        find(Status::Fail, "password", PASSWORD.plain());
    }
    if user.token == Some(Token::Opaque) {
        find(Status::Warn, "token", OPAQUE.plain());
    }
    let Some(exec) = &user.exec else { return };
    for (i, (name, value)) in exec.env.iter().enumerate() {
        if let Some(looks) = looks_like(name, value) {
            find(Status::Fail, &format!("exec.env[{i}].value"), IN_PLUGIN.with([*name, looks.0]));
        }
    }
    for (i, arg) in exec.args.iter().enumerate() {
        // `--password=x` and `--password x`.
        let before = i.checked_sub(1).and_then(|at| exec.args.get(at)).copied().unwrap_or("");
        let (name, value) = match arg.split_once('=') {
            Some(pair) => pair,
            None if arg.starts_with('-') => continue,
            None if before.starts_with('-') && !before.contains('=') => (before, *arg),
            None => ("", *arg),
        };
        if let Some(looks) = looks_like(name, value) {
            let name = if name.is_empty() { "args" } else { name };
            find(Status::Fail, &format!("exec.args[{i}]"), IN_PLUGIN.with([name, looks.0]));
        }
    }
}

/// On Naver Cloud people are users of the cloud.
fn naver(scan: &mut Scan<'_>, place: &Place, config: &Kubeconfig<'_>, user: &User<'_>) {
    let plugin = user.exec.as_ref().filter(|exec| exec.program() == PLUGIN);
    let there = |cluster: &Cluster<'_>| cluster.host().ends_with(".ntruss.com");
    let on_naver = scan.settings.profile == Profile::Nks || config.clusters_of(user).any(there);
    if plugin.is_none() && !on_naver {
        return;
    }
    let ways = [
        (user.certificate.is_some(), "client-certificate"),
        (user.token.is_some(), "token"),
        (user.has_password, "password"),
    ];
    let Some(exec) = plugin else {
        // Other plug-ins and providers are for OpenID Connect, which NKS knows too.
        let fixed = ways.into_iter().find(|(given, _)| *given);
        if let Some((_, way)) = fixed {
            scan.examine("IAM-033");
            let reason = STATIC.with([user.name, way]);
            scan.find("IAM-033", Status::Fail, place.clone(), user.field(way), reason);
        }
        return;
    };
    scan.examine("IAM-033");
    let mut find = |status, field: &str, reason| {
        scan.find("IAM-033", status, place.clone(), user.field(field), reason);
    };
    if exec.args.first() != Some(&"token") {
        find(Status::Fail, "exec.args", NO_TOKEN_WORD.plain());
    }
    if exec.flag("--clusterUuid").is_none_or(str::is_empty) {
        find(Status::Fail, "exec.args", NO_FLAG.with(["--clusterUuid"]));
    }
    if exec.flag("--region").is_none_or(str::is_empty) {
        find(Status::Warn, "exec.args", NO_FLAG.with(["--region"]));
    }
    if !["v1", "v1beta1"].iter().any(|v| exec.api_version == format!("client.authentication.k8s.io/{v}")) {
        find(Status::Fail, "exec.apiVersion", OLD_API.with([exec.api_version]));
    }
}

/// Kubeconfigs on hosts: those that were given too, and those of administrators.
fn modes(scan: &mut Scan<'_>) {
    let input = scan.input;
    let given: Vec<&str> = input.of_kind(Kind::Kubeconfig).map(|document| &*document.origin.source).collect();
    for host in Host::all(input) {
        let is_kubeconfig = |file: &File<'_>| {
            let own = file.path.ends_with("/.kube/config");
            own || ADMINISTRATORS.contains(&file.path) || given.contains(&file.path)
        };
        for file in host.below("").filter(is_kubeconfig) {
            let Some(mode) = file.mode else { continue };
            scan.examine("IAM-032");
            if mode & 0o077 != 0 {
                let reason = OPEN.with([format!("{:04o}", mode & 0o7777), file.owner.to_owned()]);
                let place = host.place("Kubeconfig", file.path);
                scan.find("IAM-032", Status::Fail, place, "mode".to_owned(), reason);
            }
        }
    }
}

/// A request for a certificate, as an object.
fn requested(scan: &mut Scan<'_>, request: &Object) {
    let spec = request.value.at(&["spec"]);
    let Some((name, groups)) = requested_subject(spec.str_at(&["request"])) else { return };
    scan.examine("IAM-002");
    if groups.iter().any(|group| group == SYSTEM_MASTERS) {
        let reason = MASTERS.with([&name]);
        scan.find("IAM-002", Status::Fail, request, "spec.request".to_owned(), reason);
    }
    if spec.str_at(&["signerName"]) != CLIENT_SIGNER {
        return;
    }
    scan.examine("IAM-030");
    if name.starts_with("system:") {
        return;
    }
    let days = spec.at(&["expirationSeconds"]).as_i64().map_or(0, |seconds| seconds / 86_400);
    let longest = scan.settings.limits.client_certificate_days;
    let (status, reason) = match days > longest {
        true => (Status::Fail, REQUESTED_LONG.with([name, days.to_string()])),
        false => (Status::Warn, REQUESTED.with([name])),
    };
    scan.find("IAM-030", status, request, "spec.request".to_owned(), reason);
}
