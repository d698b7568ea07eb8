//! Containers of Windows: accounts and host processes.
//!
//! Entry points: [`options`] and [`host_process`].

use api::Value;
use api::field::Errors;

use super::{Facts, each_container};
use crate::{Cursor, names};

/// Largest credential spec, in bytes.
const CREDENTIAL_MAX: usize = 64 * 1024;
/// The domain of a user is shorter than this, in bytes.
const DOMAIN_MAX: usize = 256;
/// Longest name of a user, in bytes.
const USER_MAX: usize = 104;

/// All failures of `windowsOptions`.
pub(super) fn options(options: &Cursor, errors: &mut Errors) {
    let name = options.child("gmsaCredentialSpecName");
    if name.is_set() {
        name.faults(errors, &names::dns1123_subdomain(name.str()));
    }
    let credential = options.child("gmsaCredentialSpec");
    if credential.is_set() {
        if credential.is_empty() {
            credential.invalid(errors, "gmsaCredentialSpec cannot be an empty string");
        } else if credential.str().len() > CREDENTIAL_MAX {
            credential.invalid(errors, "gmsaCredentialSpec size must be under 64 KiB");
        }
    }
    let user = options.child("runAsUserName");
    if user.is_set() {
        for fault in user_faults(user.str()) {
            user.invalid(errors, &fault);
        }
    }
}

fn user_faults(text: &str) -> Vec<String> {
    let one = |fault: &str| vec![fault.to_owned()];
    if text.is_empty() {
        return one("runAsUserName cannot be an empty string");
    }
    if text.bytes().any(|b| b.is_ascii_control()) {
        return one("runAsUserName cannot contain control characters");
    }
    let (domain, user) = match text.split_once('\\') {
        Some((_, user)) if user.contains('\\') => {
            return one("runAsUserName cannot contain more than one backslash");
        }
        Some((domain, user)) => (Some(domain), user),
        None => (None, text),
    };
    let mut faults = Vec::new();
    if domain.is_some_and(|domain| domain.len() >= DOMAIN_MAX) {
        faults.push(format!("runAsUserName's Domain length must be under {DOMAIN_MAX} characters"));
    }
    if domain.is_some_and(|domain| !is_netbios(domain) && !is_dns(domain)) {
        faults.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format".to_owned());
    }
    if user.is_empty() {
        faults.push("runAsUserName's User cannot be empty".to_owned());
    } else if user.len() > USER_MAX {
        faults.push(format!("runAsUserName's User length must not be longer than {USER_MAX} characters"));
    }
    if !user.is_empty() && user.chars().all(|c| c == '.' || c == ' ') {
        faults.push("runAsUserName's User cannot contain only periods or spaces".to_owned());
    }
    if user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
        let list = r#"runAsUserName's User cannot contain the following characters: "/\:;|=,+*?<>@[]"#;
        faults.push(list.to_owned());
    }
    faults
}

/// One to fifteen characters, no dot in front.
fn is_netbios(domain: &str) -> bool {
    let bad = ['\\', '/', ':', '*', '?', '"', '<', '>', '|'];
    (1..=15).contains(&domain.chars().count()) && !domain.contains(bad) && !domain.starts_with('.')
}

fn is_dns(domain: &str) -> bool {
    domain.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

/// Either all containers are processes of the host or none (KEP-1981).
pub(super) fn host_process(spec: &Cursor, facts: &Facts, errors: &mut Errors) {
    let of = |holder: &Value| holder.at(&["securityContext", "windowsOptions", "hostProcess"]).as_bool();
    let of_pod = of(spec.value());
    let (mut all, mut processes) = (0, 0);
    each_container(spec, |container| {
        all += 1;
        let own = of(container.value());
        if let (Some(pod), Some(own)) = (of_pod, own)
            && pod != own
        {
            let context = container.child("securityContext");
            let options = context.child("windowsOptions");
            let why = format!("pod hostProcess value must be identical if both are specified, was {pod}");
            options.child("hostProcess").bad(errors, own, &why);
        }
        processes += usize::from(own.or(of_pod) == Some(true));
    });
    if processes == 0 {
        return;
    }
    if processes != all {
        let why =
            "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        spec.bad(errors, "", why);
    }
    if !facts.host_network() {
        let why = "hostNetwork must be true if pod contains any hostProcess containers";
        spec.child("hostNetwork").bad(errors, false, why);
    }
    if !facts.options.allow_privileged {
        spec.forbidden(errors, "hostProcess containers are disallowed by cluster policy");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users() {
        for good in ["ContainerUser", r"DOMAIN\user", r"a.example.com\user", "a b"] {
            assert_eq!(user_faults(good), [""; 0], "{good}");
        }
        for (bad, count) in
            [("", 1), ("a\n", 1), (r"a\b\c", 1), (r".a\u", 1), (r"a\", 1), ("..", 1), ("a@b", 1), (r"*\@", 2)]
        {
            assert_eq!(user_faults(bad).len(), count, "{bad}");
        }
    }
}
