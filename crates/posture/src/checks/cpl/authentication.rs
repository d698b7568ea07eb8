//! Who may be who: requests without credentials, and issuers of tokens elsewhere.

use api::Value;

use crate::catalogue::Kind;
use crate::checks::components::{API_SERVER, Ask, Look, Rule, rule, run as ask};
use crate::finding::{Place, Status};
use crate::scan::Scan;
use crate::sources::control_plane::{ControlPlane, File, Program};
use crate::words::{Said, Words, words};

pub(super) const IDS: &[&str] = &["CPL-001", "CPL-035"];

const ANONYMOUS: &[Rule] = &[rule("CPL-001", API_SERVER, Ask::Other(anonymous))];
/// A provider's export tells this one too.
const ISSUERS: &[Rule] = &[rule("CPL-035", API_SERVER, Ask::Other(issuers))];

const FLAG: &str = "authentication-config";

/// Paths that tell nothing but whether the server is well.
const HEALTH: [&str; 3] = ["/livez", "/readyz", "/healthz"];

const OPEN: Words = words(
    "requests without credentials are taken (--anonymous-auth, true unless set otherwise)",
    "인증 정보가 없는 요청을 받음 (--anonymous-auth, 기본값 true)",
);
const OPEN_BY_FILE: Words = words(
    "requests without credentials are taken for every path",
    "모든 경로에서 인증 정보가 없는 요청을 받음",
);
const OPEN_PATH: Words =
    words("requests without credentials are taken for {}", "{}에서 인증 정보가 없는 요청을 받음");
const HEALTH_ONLY: Words = words(
    "requests without credentials are taken for {}, which tells the server's health",
    "서버 상태를 알리는 {}에서 인증 정보가 없는 요청을 받음",
);
const TWICE: Words = words(
    "--anonymous-auth and the file's anonymous are both set: the server does not start",
    "--anonymous-auth와 파일의 anonymous가 모두 설정되어 서버가 시작되지 않음",
);
const PLAIN: Words = words("the issuer {} is no https URL", "발급자 {}가 https URL이 아님");
const NO_AUDIENCE: Words =
    words("tokens for anybody are taken from {}", "{}가 발급한 토큰의 대상을 확인하지 않음");
const NO_PREFIX: Words = words(
    "the {} of {} has no prefix: it may be one of the cluster's own",
    "{}({})에 접두사가 없어 클러스터 고유의 이름과 겹칠 수 있음",
);
const NO_CLAIMS: Words =
    words("no claim is required of tokens from {}", "{}가 발급한 토큰에 필수 클레임이 없음");

pub(super) fn run(scan: &mut Scan<'_>) {
    ask(scan, ANONYMOUS);
    let plane = ControlPlane::of(scan);
    if !issuers_of_clouds(scan) || plane.all(Program::ApiServer).next().is_some() {
        ask(scan, ISSUERS);
    }
    for file in plane.strays(scan.input, "AuthenticationConfiguration", FLAG) {
        let Some(value) = file.value() else { continue };
        let anonymous = anonymous_of(&value);
        let issuers = (!value.array_at(&["jwt"]).is_empty()).then(|| issuers_of(&value));
        for (id, told) in [("CPL-001", anonymous), ("CPL-035", issuers)] {
            let Some(told) = told else { continue };
            scan.examine(id);
            for (status, field, reason) in told {
                scan.find(id, status, file.place(), field, reason);
            }
        }
    }
}

/// How deep settings stand in an export.
const DEPTH: usize = 16;

/// Issuers that a provider's export tells of: in answers of its API, or in what Terraform knows.
fn issuers_of_clouds(scan: &mut Scan<'_>) -> bool {
    let [Rule { id, .. }] = ISSUERS else { return false };
    let mut any = false;
    for document in scan.input.of_kind(Kind::Cloud) {
        let mut found = Vec::new();
        collect(&document.value, DEPTH, &mut found);
        for settings in found {
            any = true;
            scan.examine(id);
            issuer_of_settings(settings).into_iter().for_each(|(status, field, reason)| {
                scan.find(id, status, document, field, reason);
            });
        }
    }
    any
}

/// Objects that name an issuer.
fn collect<'v>(value: &'v Value, depth: usize, found: &mut Vec<&'v Value>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, depth - 1, found)),
        Value::Object(members)
            if ISSUER
                .iter()
                .any(|name| members.get(name).is_some_and(|v| v.as_str().is_some_and(|v| !v.is_empty()))) =>
        {
            found.push(value);
        }
        Value::Object(members) => members.values().for_each(|member| collect(member, depth - 1, found)),
        _ => {}
    }
}

/// What an API and Terraform call the issuer.
const ISSUER: [&str; 2] = ["issuerURL", "issuer_url"];

fn issuer_of_settings(settings: &Value) -> Vec<Told> {
    let text =
        |names: [&str; 2]| names.map(|name| settings.str_at(&[name])).into_iter().find(|t| !t.is_empty());
    let issuer = text(ISSUER).unwrap_or("");
    let mut told = Vec::new();
    if !issuer.starts_with("https://") {
        told.push((Status::Fail, "issuerURL".to_owned(), PLAIN.with([issuer])));
    }
    if text(["clientId", "client_id"]).is_none() {
        told.push((Status::Fail, "clientId".to_owned(), NO_AUDIENCE.with([issuer])));
    }
    if text(["usernamePrefix", "username_prefix"]) == Some("-") {
        told.push((Status::Warn, "usernamePrefix".to_owned(), NO_PREFIX.with(["username", issuer])));
    }
    let groups = text(["groupsClaim", "groups_claim"]);
    if groups.is_some() && text(["groupsPrefix", "groups_prefix"]).is_none() {
        told.push((Status::Warn, "groupsPrefix".to_owned(), NO_PREFIX.with(["groups", issuer])));
    }
    if text(["requiredClaim", "required_claim"]).is_none() {
        told.push((Status::Warn, "requiredClaim".to_owned(), NO_CLAIMS.with([issuer])));
    }
    told
}

/// How bad, in which field, and why.
type Told = (Status, String, Said);

/// What counts is the file when it says something, else the flag; both together keep the server from starting.
fn anonymous(look: &mut Look<'_, '_>) -> bool {
    let flag = "anonymous-auth";
    let set = look.flags().last(flag).is_some();
    let file = look.plane.file(look.component, look.flags().text(FLAG));
    let value = file.as_ref().and_then(File::value);
    if let Some((file, told)) = file.as_ref().zip(value.as_deref().and_then(anonymous_of)) {
        if set {
            look.fail(flag, TWICE.plain());
        }
        tell_all(look, &file.place(), told);
        return true;
    }
    // Without an authorizer that tells apart, the server takes no requests without credentials.
    let told_apart = !look.flags().list("authorization-mode").contains(&"AlwaysAllow");
    if !set && look.flags().has(FLAG) && value.is_none() {
        let file = look.file(FLAG);
        file.and_then(|file| look.value(&file));
    } else if look.flags().is(flag, true) && told_apart {
        look.fail(flag, OPEN.plain());
    }
    true
}

/// What a file says of requests without credentials; `None` when it says nothing.
fn anonymous_of(value: &Value) -> Option<Vec<Told>> {
    let anonymous = value.get("anonymous").filter(|anonymous| !anonymous.is_null())?;
    if anonymous.at(&["enabled"]).as_bool() != Some(true) {
        return Some(Vec::new());
    }
    let conditions = anonymous.array_at(&["conditions"]);
    if conditions.is_empty() {
        return Some(vec![(Status::Fail, "anonymous.enabled".to_owned(), OPEN_BY_FILE.plain())]);
    }
    let told = |(i, condition): (usize, &Value)| {
        let path = condition.str_at(&["path"]);
        let field = format!("anonymous.conditions[{i}].path");
        if HEALTH.contains(&path) {
            (Status::Warn, field, HEALTH_ONLY.with([path]))
        } else {
            (Status::Fail, field, OPEN_PATH.with([path]))
        }
    };
    Some(conditions.iter().enumerate().map(told).collect())
}

fn tell_all(look: &mut Look<'_, '_>, place: &Place, told: Vec<Told>) {
    for (status, field, reason) in told {
        look.find_in(status, place.clone(), &field, reason);
    }
}

fn issuers(look: &mut Look<'_, '_>) -> bool {
    let by_flag = look.flags().has("oidc-issuer-url");
    if by_flag {
        issuer_of_flags(look);
    }
    if !look.flags().has(FLAG) {
        return by_flag;
    }
    let Some(file) = look.file(FLAG) else { return true };
    let Some(value) = look.value(&file) else { return true };
    tell_all(look, &file.place(), issuers_of(&value));
    by_flag || !value.array_at(&["jwt"]).is_empty()
}

fn issuer_of_flags(look: &mut Look<'_, '_>) {
    let flags = look.flags();
    let issuer = flags.text("oidc-issuer-url");
    if !issuer.starts_with("https://") {
        look.fail("oidc-issuer-url", PLAIN.with([issuer]));
    }
    if !flags.has("oidc-client-id") {
        look.fail("oidc-client-id", NO_AUDIENCE.with([issuer]));
    }
    // Without a prefix names are those of the issuer, unless they are addresses of mail.
    if flags.text("oidc-username-prefix") == "-" {
        look.warn("oidc-username-prefix", NO_PREFIX.with(["username", issuer]));
    }
    if flags.has("oidc-groups-claim") && !flags.has("oidc-groups-prefix") {
        look.warn("oidc-groups-prefix", NO_PREFIX.with(["groups", issuer]));
    }
    if !flags.has("oidc-required-claim") {
        look.warn("oidc-required-claim", NO_CLAIMS.with([issuer]));
    }
}

fn issuers_of(value: &Value) -> Vec<Told> {
    value
        .array_at(&["jwt"])
        .iter()
        .enumerate()
        .flat_map(|(i, jwt)| issuer_of(jwt, &format!("jwt[{i}]")))
        .collect()
}

fn issuer_of(jwt: &Value, field: &str) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut tell = |status, member: &str, reason| told.push((status, format!("{field}.{member}"), reason));
    let issuer = jwt.str_at(&["issuer", "url"]);
    if !issuer.starts_with("https://") {
        tell(Status::Fail, "issuer.url", PLAIN.with([issuer]));
    }
    if jwt.array_at(&["issuer", "audiences"]).is_empty() {
        tell(Status::Fail, "issuer.audiences", NO_AUDIENCE.with([issuer]));
    }
    for member in ["username", "groups"] {
        if may_be_of_the_system(jwt, member) {
            tell(Status::Warn, &format!("claimMappings.{member}"), NO_PREFIX.with([member, issuer]));
        }
    }
    if jwt.array_at(&["claimValidationRules"]).is_empty() {
        tell(Status::Warn, "claimValidationRules", NO_CLAIMS.with([issuer]));
    }
    told
}

/// True when names that a mapping yields may begin with `system:`: a claim without a prefix, or an expression that does
/// not begin with a text of its own, unless a rule looks at what came out.
fn may_be_of_the_system(jwt: &Value, member: &str) -> bool {
    let mapping = jwt.at(&["claimMappings", member]);
    let rules = jwt.array_at(&["userValidationRules"]);
    let looked_at = rules
        .iter()
        .map(|rule| rule.str_at(&["expression"]))
        .any(|e| e.contains("system:") && e.contains(member));
    let expression = mapping.str_at(&["expression"]).trim_start();
    let open = match (mapping.str_at(&["claim"]), expression) {
        ("", "") => false,
        ("", expression) => {
            !expression.starts_with(['\'', '"'])
                || expression.get(1..).is_some_and(|e| e.starts_with("system:"))
        }
        _ => mapping.str_at(&["prefix"]).is_empty(),
    };
    open && !looked_at
}
