//! Admission plug-ins: which are on, and what the one for Pod Security is told.

use admission::pod_security::{Configuration, Level};

use crate::checks::components::Look;
use crate::finding::{Place, Status};
use crate::sources::control_plane::{File, beside};
use crate::words::{Words, words};

/// Plug-ins that are on unless somebody switches them off, of those that checks ask for; since which minor release
/// (kubernetes.io/docs, admission controllers; up to 1.36).
const ON_BY_DEFAULT: &[(&str, u32)] =
    &[("NamespaceLifecycle", 0), ("PodSecurity", 23), ("ServiceAccount", 0)];

const OFF: Words = words("{} is switched off", "{}가 꺼져 있음");
const NOT_ON: Words =
    words("{} is not among --enable-admission-plugins", "{}가 --enable-admission-plugins에 없음");
const ADMITS_ALL: Words = words("AlwaysAdmit admits everything", "AlwaysAdmit이 모든 요청을 허용함");
const NO_LIMITS: Words = words(
    "EventRateLimit has no limits: {} does not configure it",
    "EventRateLimit의 제한값이 없음: {}에 설정이 없음",
);
const NO_FILE: Words = words(
    "EventRateLimit has no limits: there is no --admission-control-config-file",
    "EventRateLimit의 제한값이 없음: --admission-control-config-file이 없음",
);
const PRIVILEGED: Words = words(
    "where a namespace says nothing, nothing is enforced",
    "네임스페이스에 지정이 없으면 아무것도 강제하지 않음",
);
const EXEMPT_NAMESPACE: Words =
    words("pods of the namespace {} are not looked at", "네임스페이스 {}의 파드를 검사하지 않음");
const EXEMPT_USER: Words = words("pods of the user {} are not looked at", "사용자 {}의 파드를 검사하지 않음");
const WRONG: Words = words("{}", "{}");

/// True when a plug-in is on.  Naming a plug-in in both lists keeps the server from starting; off counts then.
fn on(look: &Look<'_, '_>, plugin: &str) -> bool {
    let flags = look.flags();
    let since = ON_BY_DEFAULT.iter().find(|(name, _)| *name == plugin).map(|(_, since)| *since);
    // The flag of old releases names all that are on.
    let all = flags.list("admission-control");
    if !all.is_empty() {
        return all.contains(&plugin);
    }
    !flags.list("disable-admission-plugins").contains(&plugin)
        && (flags.list("enable-admission-plugins").contains(&plugin)
            || since.is_some_and(|since| look.component.since(since)))
}

fn tell(look: &mut Look<'_, '_>, status: Status, plugin: &str) {
    let switched_off = look.flags().list("disable-admission-plugins").contains(&plugin);
    let (flag, reason) = if switched_off {
        ("disable-admission-plugins", OFF.with([plugin]))
    } else {
        ("enable-admission-plugins", NOT_ON.with([plugin]))
    };
    look.find(status, flag, reason);
}

pub(super) fn is_on(look: &mut Look<'_, '_>, plugin: &str) -> bool {
    if !on(look, plugin) {
        tell(look, Status::Fail, plugin);
    }
    true
}

pub(super) fn should_be_on(look: &mut Look<'_, '_>, plugin: &str) -> bool {
    if !on(look, plugin) {
        tell(look, Status::Warn, plugin);
    }
    true
}

pub(super) fn always_admit(look: &mut Look<'_, '_>) -> bool {
    for flag in ["enable-admission-plugins", "admission-control"] {
        if look.flags().list(flag).contains(&"AlwaysAdmit") {
            look.fail(flag, ADMITS_ALL.plain());
        }
    }
    true
}

/// The plug-in without limits limits nothing.
pub(super) fn rate_limit(look: &mut Look<'_, '_>) -> bool {
    let plugin = "EventRateLimit";
    if !on(look, plugin) {
        return should_be_on(look, plugin);
    }
    let flag = "admission-control-config-file";
    if !look.flags().has(flag) {
        look.warn(flag, NO_FILE.plain());
        return true;
    }
    let Some(file) = look.file(flag) else { return true };
    let Some(value) = look.value(&file) else { return true };
    if !value.array_at(&["plugins"]).iter().any(|p| p.str_at(&["name"]) == plugin) {
        look.find_in(Status::Warn, file.place(), "plugins", NO_LIMITS.with([&file.path]));
    }
    true
}

/// A policy that speaks of the field does as well.
pub(super) fn external_addresses(look: &mut Look<'_, '_>) -> bool {
    let groups =
        ["admissionregistration.k8s.io", "kyverno.io", "policies.kyverno.io", "constraints.gatekeeper.sh"];
    let mut policies = look.input().objects.objects.iter().filter(|o| groups.contains(&o.group()));
    if policies.any(|o| {
        let text = api::json::to_string(&o.value);
        text.contains("externalIPs") || text.contains("ExternalIPs")
    }) {
        return true;
    }
    should_be_on(look, "DenyServiceExternalIPs")
}

pub(super) fn pod_security(look: &mut Look<'_, '_>) -> bool {
    is_on(look, "PodSecurity");
    let flag = "admission-control-config-file";
    if !look.flags().has(flag) {
        return true;
    }
    let Some(file) = look.file(flag) else { return true };
    if let Some((text, place)) = pod_security_configuration(look, &file) {
        judge(look, &text, &place);
    }
    true
}

/// The plug-in's configuration: in the file, or in one beside it.
fn pod_security_configuration<'a>(look: &mut Look<'_, 'a>, file: &File<'a>) -> Option<(String, Place)> {
    let value = look.value(file)?;
    let plugin = value.array_at(&["plugins"]).iter().find(|p| p.str_at(&["name"]) == "PodSecurity")?;
    if !plugin.at(&["configuration"]).is_null() {
        return Some((api::json::to_string(plugin.at(&["configuration"])), file.place()));
    }
    let path = beside(plugin.str_at(&["path"]), look.flags().text("admission-control-config-file"));
    let inner = look.named(&file.path, &path)?;
    Some((inner.text().into_owned(), inner.place()))
}

fn judge(look: &mut Look<'_, '_>, text: &str, place: &Place) {
    let configuration = match Configuration::read(text.as_bytes()) {
        Ok(configuration) => configuration,
        Err(why) => return look.find_in(Status::Fail, place.clone(), "", WRONG.with([why])),
    };
    if configuration.defaults.enforce.level == Level::Privileged {
        look.find_in(Status::Warn, place.clone(), "defaults.enforce", PRIVILEGED.plain());
    }
    let settings = look.settings();
    for namespace in configuration.namespaces.iter().filter(|n| !settings.is_system(n)) {
        look.find_in(
            Status::Warn,
            place.clone(),
            "exemptions.namespaces",
            EXEMPT_NAMESPACE.with([namespace]),
        );
    }
    for user in configuration.usernames.iter().filter(|user| user.starts_with("system:")) {
        look.find_in(Status::Warn, place.clone(), "exemptions.usernames", EXEMPT_USER.with([user]));
    }
}
