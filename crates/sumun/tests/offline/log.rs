//! An audit log of some days in the cluster of the dump: what operators, pipelines and people do, some of it forbidden.

/// Who, their own groups, verb, resource with its group, namespaces (`team-*`: of ten teams), names, how often.
const DONE: &str = "\
system:serviceaccount:monitoring:prometheus - list,watch pods team-*,monitoring - 3
system:serviceaccount:monitoring:prometheus - list,watch services,endpoints - - 3
system:serviceaccount:monitoring:prometheus - get /metrics - - 9
system:serviceaccount:cert-manager:cert-manager - get,update leases.coordination.k8s.io kube-system cert-manager-controller 40
system:serviceaccount:cert-manager:cert-manager - list,watch certificates.cert-manager.io - - 2
system:serviceaccount:cert-manager:cert-manager - update certificates/status.cert-manager.io team-* web-tls 2
system:serviceaccount:cert-manager:cert-manager - get,update secrets team-003 web-tls 2
system:serviceaccount:team-001:pipeline - get,patch deployments.apps team-001 web 5
system:serviceaccount:team-002:pipeline - get,patch deployments.apps team-002 web 5
system:serviceaccount:team-002:pipeline - create configmaps team-002 settings 1
lead-007@example.com team-007-developers create pods/exec team-007 web-1,web-2,web-3,web-4 1
ann@example.com team-007-developers get,list pods team-007 - 2
bob dev get,list pods projectCaribou - 4
bob dev !delete pods projectCaribou web 2
root system:masters delete nodes - n1 1
bob dev get /healthz - - 1
";

/// The log, an event a line; the last line is torn.
pub fn text() -> String {
    let mut lines: Vec<String> = DONE.lines().flat_map(events).collect();
    if let Some(last) = lines.last_mut() {
        let torn = last.chars().take(80).collect();
        lines.push(torn);
    }
    lines.join("\n")
}

fn events(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let [user, groups, verbs, resources, namespaces, names, often] = words.as_slice() else {
        return Vec::new();
    };
    let list = |text: &str| -> Vec<String> {
        match text {
            "-" => vec![String::new()],
            text => text.split(',').map(str::to_owned).collect(),
        }
    };
    let namespaces: Vec<String> = list(namespaces)
        .into_iter()
        .flat_map(|ns| match ns.as_str() {
            "team-*" => (0..10).map(|n| format!("team-{n:03}")).collect(),
            _ => vec![ns],
        })
        .collect();
    let mut all = Vec::new();
    for resource in list(resources) {
        for (verb, namespace) in list(verbs).iter().flat_map(|v| namespaces.iter().map(move |ns| (v, ns))) {
            for name in list(names) {
                let text = event(user, groups, verb, &resource, namespace, &name);
                all.extend(std::iter::repeat_n(text, often.parse().unwrap_or(0)));
            }
        }
    }
    all
}

fn event(user: &str, groups: &str, verb: &str, resource: &str, namespace: &str, name: &str) -> String {
    let (decision, verb) = verb.strip_prefix('!').map_or(("allow", verb), |verb| ("forbid", verb));
    let own = if groups == "-" { String::new() } else { format!("\"{groups}\",") };
    let about = if resource.starts_with('/') {
        format!(r#""requestURI":"{resource}""#)
    } else {
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let (resource, sub) = resource.split_once('/').unwrap_or((resource, ""));
        format!(
            r#""requestURI":"/api","objectRef":{{"resource":"{resource}","subresource":"{sub}","apiGroup":"{group}","namespace":"{namespace}","name":"{name}"}}"#
        )
    };
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","stage":"ResponseComplete","verb":"{verb}","user":{{"username":"{user}","groups":[{own}"system:authenticated"]}},{about},"stageTimestamp":"2026-11-02T08:00:00.000000Z","annotations":{{"authorization.k8s.io/decision":"{decision}"}}}}"#
    )
}
