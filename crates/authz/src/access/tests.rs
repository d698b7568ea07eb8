use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::authorizer::{ResourceTarget, Selectors, Target};
use crate::builtin::AlwaysAllow;
use crate::union::Union;
use api::selector::FieldTerm;

/// 2026-11-23T10:00:00Z, a Monday.
const MONDAY: i64 = 1_795_428_000;

fn rules(text: &str) -> AccessRules {
    at(text, Arc::new(AtomicI64::new(MONDAY)))
}

fn at(text: &str, now: Arc<AtomicI64>) -> AccessRules {
    let rules = AccessRules::new(Arc::new(move || Timestamp::new(now.load(Ordering::Relaxed), 0)));
    rules.replace(file::parse(text).unwrap_or_else(|e| panic!("{e:?}")));
    rules
}

/// A rule of a few lines; `spec` is indented by two.
fn rule(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: authz.sumun.io/v1alpha1\nkind: AccessRule\nmetadata: {{name: {name}}}\nspec:\n{spec}\n"
    )
}

fn ask(rules: &dyn Authorizer, user: &UserInfo, verb: &str, target: Target) -> (Decision, String) {
    let verdict = rules.authorize(&Attributes { user, verb, target });
    assert_eq!(verdict.error, None);
    (verdict.decision, verdict.reason.to_string())
}

fn secrets(namespace: &'static str) -> Target<'static> {
    Target::Resource(ResourceTarget {
        resource: "secrets",
        version: "v1",
        namespace,
        ..ResourceTarget::default()
    })
}

fn bob() -> UserInfo {
    UserInfo::new("bob", ["dev", "system:authenticated"])
}

#[test]
fn the_strongest_effect_decides() {
    let allow = rule("a", "  effect: Allow\n  match: [{resources: [secrets]}]");
    let deny = rule(
        "b",
        "  effect: Deny\n  match: [{resources: [secrets], namespaces: ['prod-*', '']}]\n  reason: frozen",
    );
    let abstain = rule(
        "c",
        "  effect: NoOpinion\n  subjects: [{kind: Group, name: dev}]\n  match: [{namespaces: [test]}]",
    );
    let rules = rules(&[allow, deny, abstain].concat());
    let bob = bob();
    let (allowed, denied) = ("allowed by access rule \"a\"", "denied by access rule \"b\": frozen");
    for (namespace, want) in [
        ("dev", (Decision::Allow, allowed)),
        ("prod-1", (Decision::Deny, denied)),
        ("", (Decision::Deny, denied)),
        ("prod-", (Decision::Deny, denied)),
        ("prod", (Decision::Allow, allowed)),
        ("test", (Decision::NoOpinion, "")),
    ] {
        let (decision, reason) = ask(&rules, &bob, "get", secrets(namespace));
        assert_eq!((decision, reason.as_str()), want, "{namespace}");
    }
    let carol = UserInfo::new("carol", ["ops"]);
    assert_eq!(ask(&rules, &carol, "get", secrets("test")).0, Decision::Allow);
    assert_eq!(ask(&rules, &carol, "get", Target::Path("/healthz")).0, Decision::NoOpinion);
}

#[test]
fn deny_wins_over_who_follows_but_not_over_masters() {
    let rules: Arc<dyn Authorizer> = Arc::new(rules(&rule("lock", "  effect: Deny")));
    let union = Union::new([rules, Arc::new(AlwaysAllow)]);
    assert_eq!(ask(&union, &bob(), "get", Target::Path("/x")).0, Decision::Deny);
    let root = UserInfo::new("root", ["system:masters"]);
    assert_eq!(ask(&union, &root, "get", Target::Path("/x")).0, Decision::Allow);
}

#[test]
fn conditions_are_match_conditions_and_the_time() {
    let text = [
        rule(
            "exec",
            "  effect: Deny\n  conditions:\n  - expression: request.resourceAttributes.subresource == 'exec' && !('oncall' in request.groups)",
        ),
        rule(
            "office",
            "  effect: Allow\n  subjects: [{kind: User, name: bob}]\n  conditions:\n  - name: office hours\n    expression: now.getDayOfWeek('Asia/Seoul') in [1, 2, 3, 4, 5] && now.getHours('Asia/Seoul') >= 9 && now.getHours('Asia/Seoul') < 18",
        ),
        rule(
            "node",
            "  effect: Allow\n  conditions:\n  - expression: request.resourceAttributes.?fieldSelector.requirements.orValue([]).exists(r, r.key == 'spec.nodeName' && r.values == ['n1'])",
        ),
    ];
    let now = Arc::new(AtomicI64::new(MONDAY));
    let rules = at(&text.concat(), now.clone());
    let pod = ResourceTarget {
        resource: "pods",
        subresource: "exec",
        namespace: "ns",
        name: "p",
        ..ResourceTarget::default()
    };
    let exec = Target::Resource(pod);
    assert_eq!(
        ask(&rules, &bob(), "create", exec),
        (Decision::Deny, "denied by access rule \"exec\"".to_owned())
    );
    let oncall = UserInfo::new("eve", ["oncall"]);
    assert_eq!(ask(&rules, &oncall, "create", exec).0, Decision::NoOpinion);
    // Ten o'clock in UTC is seven in the evening in Seoul.
    assert_eq!(ask(&rules, &bob(), "get", secrets("ns")).0, Decision::NoOpinion);
    now.store(MONDAY - 6 * 3600, Ordering::Relaxed);
    assert_eq!(ask(&rules, &bob(), "get", secrets("ns")).0, Decision::Allow);
    now.store(MONDAY - 30 * 3600, Ordering::Relaxed);
    assert_eq!(ask(&rules, &bob(), "get", secrets("ns")).0, Decision::NoOpinion);
    let term = FieldTerm { field: "spec.nodeName".into(), negated: false, value: "n1".into() };
    let selectors = Selectors { fields: vec![term], ..Selectors::default() };
    let list = ResourceTarget { resource: "pods", selectors: Some(&selectors), ..ResourceTarget::default() };
    assert_eq!(ask(&rules, &oncall, "list", Target::Resource(list)).0, Decision::Allow);
    assert_eq!(ask(&rules, &oncall, "list", secrets("")).0, Decision::NoOpinion);
}

#[test]
fn rules_begin_and_end() {
    let now = Arc::new(AtomicI64::new(0));
    let text = rule(
        "jit",
        "  effect: Allow\n  notBefore: 2026-11-23T10:00:00Z\n  notAfter: '2026-11-23T12:00:00+01:00'",
    );
    let rules = at(&text, now.clone());
    for (seconds, want) in [(-1, false), (0, true), (3599, true), (3600, false)] {
        now.store(MONDAY + seconds, Ordering::Relaxed);
        assert_eq!(ask(&rules, &bob(), "get", secrets("ns")).0 == Decision::Allow, want, "{seconds}");
    }
}

#[test]
fn what_cannot_be_evaluated_denies_or_does_not_allow() {
    let broken = "  conditions:\n  - name: team\n    expression: request.extra['team'][0] == 'a'";
    let because = "condition `team` cannot be evaluated: no such key: team";
    for (effect, want, reason) in [
        ("Deny", Decision::Deny, format!("denied by access rule \"r\": {because}")),
        ("NoOpinion", Decision::NoOpinion, String::new()),
        ("Allow", Decision::NoOpinion, format!("access rule \"r\" does not allow: {because}")),
    ] {
        let rules = rules(&rule("r", &format!("  effect: {effect}\n{broken}")));
        assert_eq!(ask(&rules, &bob(), "get", secrets("ns")), (want, reason), "{effect}");
    }
    // A condition that is false decides, whatever happens to the others.
    let other = rules(&rule("r", &format!("  effect: Deny\n{broken}\n  - expression: request.user == 'x'")));
    assert_eq!(ask(&other, &bob(), "get", secrets("ns")).0, Decision::NoOpinion);
}

#[test]
fn conditions_about_resources_leave_paths_alone() {
    let path = Target::Path("/healthz");
    for (condition, resource, other) in [
        ("request.resourceAttributes.verb == 'get'", Decision::Deny, Decision::NoOpinion),
        ("request.nonResourceAttributes.verb == 'get'", Decision::NoOpinion, Decision::Deny),
        (
            "!has(request.resourceAttributes) || request.resourceAttributes.verb == 'x'",
            Decision::NoOpinion,
            Decision::Deny,
        ),
        (
            "request.resourceAttributes.verb == 'get' || request.nonResourceAttributes.verb == 'get'",
            Decision::Deny,
            Decision::Deny,
        ),
        ("request.user == 'bob'", Decision::Deny, Decision::Deny),
    ] {
        let rules =
            rules(&rule("r", &format!("  effect: Deny\n  conditions:\n  - expression: \"{condition}\"")));
        assert_eq!(ask(&rules, &bob(), "get", secrets("ns")).0, resource, "{condition}");
        assert_eq!(ask(&rules, &bob(), "get", path).0, other, "{condition}");
    }
}

#[test]
fn what_is_listed() {
    let text = [
        rule(
            "a",
            "  effect: Allow\n  subjects: [{kind: User, name: bob}]\n  match: [{verbs: [get], resources: [pods], namespaces: [ns]}, {nonResourceURLs: [/x]}]",
        ),
        rule("b", "  effect: Deny\n  subjects: [{kind: Group, name: ops}]"),
    ];
    let rules = rules(&text.concat());
    let listed = rules.rules(&bob(), "ns");
    assert_eq!(listed.resource[0].to_string(), r#"{APIGroups:["*"], Resources:["pods"], Verbs:["get"]}"#);
    assert_eq!(listed.non_resource[0].to_string(), r#"{NonResourceURLs:["/x"], Verbs:["*"]}"#);
    assert!(!listed.incomplete && rules.rules(&bob(), "other").resource.is_empty());
    assert!(rules.rules(&UserInfo::new("x", ["ops"]), "ns").incomplete);
}

#[test]
fn broken_files_are_told_by_line() {
    let text = "# comment\napiVersion: authz.sumun.io/v1alpha1\nkind: AccessRule\nmetadata:\n  name: one\nspec:\n  effect: Forbid\n  conditions:\n  - expression: request.user == 'a'\n  - name: x\n    expression: request.usr == 'a'\n  match:\n  - verbs: [get]\n  - verb: [get]\n---\nkind: Policy\nmetadata: {name: two}\nspec: {effect: Deny}\n---\nkind: [\n";
    let shown: Vec<String> = file::parse(text).unwrap_err().iter().map(ToString::to_string).collect();
    let starts = [
        "line 14: access rule `one`: spec.match[1].verb: Forbidden: no such field",
        "line 11: access rule `one`: spec.conditions[1].expression: Invalid value: \"request.usr == 'a'\": compilation failed: ERROR: <input>:1:8: undefined field 'usr'",
        "line 7: access rule `one`: spec.effect: Unsupported value: \"Forbid\": supported values: \"Allow\", \"Deny\", \"NoOpinion\"",
        "line 16: access rule `two`: apiVersion: Unsupported value: null: supported values: \"authz.sumun.io/v1alpha1\"",
        "line 16: access rule `two`: kind: Unsupported value: \"Policy\": supported values: \"AccessRule\"",
        "yaml: line 2",
    ];
    assert_eq!(shown.len(), starts.len(), "{shown:#?}");
    for (shown, start) in shown.iter().zip(starts) {
        assert!(shown.starts_with(start), "{shown}");
    }
    let twice = [rule("a", "  effect: Deny"), rule("a", "  effect: Deny")].concat();
    assert_eq!(
        file::parse(&twice).unwrap_err()[0].to_string(),
        "line 8: access rule `a` stands already in line 2"
    );
    assert!(file::parse("# nothing\n---\n").unwrap().is_empty());
}

#[test]
fn everything_wrong_is_told() {
    let object = api::object! {
        "apiVersion" => "authz.sumun.io/v1alpha1", "kind" => "AccessRule", "metadata" => api::object! {},
        "spec" => api::object! {
            "subjects" => vec![api::object! { "kind" => "Robot" }, api::object! { "kind" => "User", "name" => "a", "namespace" => "b" },
                api::object! { "kind" => "ServiceAccount", "name" => "a" }],
            "conditions" => vec![api::object! {}, api::object! { "expression" => "request.user" }],
            "match" => vec![api::object! { "verbs" => "get" }], "notAfter" => "soon", "reason" => 1,
        },
    };
    let errors: Vec<String> =
        AccessRule::compile(&object).unwrap_err().0.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "metadata.name: Required value",
            "spec.subjects[0].kind: Unsupported value: \"Robot\": supported values: \"Group\", \"ServiceAccount\", \"User\"",
            "spec.subjects[0].name: Required value",
            "spec.subjects[1].namespace: Forbidden: only service accounts have one",
            "spec.subjects[2].namespace: Required value",
            "spec.match[0].verbs: Invalid value: \"get\": must be a list of strings",
            "spec.conditions[0].expression: Required value",
            "spec.conditions[1].expression: Invalid value: \"request.user\": must evaluate to bool but got string",
            "spec.notAfter: Invalid value: \"soon\": must be an instant such as 2026-12-24T18:00:00Z",
            "spec.reason: Invalid value: 1: must be a string",
            "spec.effect: Required value",
        ]
    );
}

#[test]
fn a_broken_object_leaves_the_last_good_one_in_force() {
    let rules = rules("");
    let good = file_object("deny");
    assert!(rules.upsert([&good]).is_empty());
    let mut broken = good.clone();
    broken.set_at(&["spec", "effect"], "Maybe");
    let bad = rules.upsert([&broken]);
    assert_eq!(bad[0].0, "deny");
    assert_eq!(ask(&rules, &bob(), "get", secrets("ns")).0, Decision::Deny);
    rules.remove(["deny"]);
    assert_eq!(ask(&rules, &bob(), "get", secrets("ns")).0, Decision::NoOpinion);
}

fn file_object(name: &str) -> Value {
    api::object! {
        "apiVersion" => "authz.sumun.io/v1alpha1", "kind" => "AccessRule",
        "metadata" => api::object! { "name" => name }, "spec" => api::object! { "effect" => "Deny" },
    }
}

/// Every rule is asked about every request; the index must not leave out one that matters.
#[test]
fn the_index_finds_what_matters() {
    let conditions = [
        "request.user == 'u1'",
        "'u0' == request.user && request.resourceAttributes.verb in ['get', 'list']",
        "request.user in ['u1', 'u2']",
        "'g1' in request.groups && request.resourceAttributes.namespace == 'n1'",
        "request.resourceAttributes.resource == 'pods' || request.user == 'u2'",
        "request.resourceAttributes.resource == 'pods' && request.resourceAttributes.name == ''",
        "has(request.resourceAttributes) && request.resourceAttributes.resource in ['pods', 'nodes']",
        "request.nonResourceAttributes.path.startsWith('/a')",
        "!(request.user == 'u1')",
        "request.user == 'u1' && request.extra['x'] == ['y']",
    ];
    let parts = [
        "",
        "  match: [{resources: [pods]}]\n",
        "  match: [{resources: ['*/log'], verbs: [get]}, {nonResourceURLs: ['/a*']}]\n",
        "  match: [{namespaces: ['n*']}]\n",
        "  subjects: [{kind: User, name: u1}, {kind: Group, name: g2}]\n",
        "  subjects: [{kind: ServiceAccount, namespace: n1, name: a}]\n",
    ];
    let mut all = Vec::new();
    for (i, condition) in conditions.iter().enumerate() {
        for (j, part) in parts.iter().enumerate() {
            for effect in ["Allow", "Deny", "NoOpinion"] {
                let spec =
                    format!("  effect: {effect}\n{part}  conditions: [{{expression: \"{condition}\"}}]");
                all.extend(
                    file::parse(&rule(&format!("r{i}-{j}-{}", effect.to_lowercase()), &spec)).unwrap(),
                );
            }
        }
    }
    let all: Vec<Arc<AccessRule>> = all.into_iter().map(Arc::new).collect();
    let now = Timestamp::new(MONDAY, 0);
    let mut decided = 0;
    for user in [("u0", "g0"), ("u1", "g1"), ("u2", "g2"), ("u3", "g1"), ("system:serviceaccount:n1:a", "g0")]
    {
        let user = UserInfo::new(user.0, [user.1]);
        for verb in ["get", "list", "delete"] {
            for target in targets() {
                let attributes = Attributes { user: &user, verb, target };
                for set in all.chunks(7).chain(std::iter::once(all.as_slice())) {
                    let found = RuleSet::new(set.iter().cloned()).decide(&attributes, now).rule;
                    let expected = naive(set, &attributes, now);
                    decided += usize::from(expected.is_some());
                    assert_eq!(found.map(|r| r.name.clone()), expected, "{attributes:?}");
                }
            }
        }
    }
    assert!(decided > 1000, "{decided}");
}

fn targets() -> Vec<Target<'static>> {
    let mut all = vec![Target::Path("/a/b"), Target::Path("/b"), Target::Path("")];
    for resource in ["pods", "nodes", "secrets"] {
        for (namespace, subresource) in [("", ""), ("n1", ""), ("n1", "log"), ("m", "log")] {
            all.push(Target::Resource(ResourceTarget {
                resource,
                subresource,
                namespace,
                ..ResourceTarget::default()
            }));
        }
    }
    all
}

/// The same, rule by rule.
fn naive(set: &[Arc<AccessRule>], attributes: &Attributes, now: Timestamp) -> Option<api::Str> {
    let request = crate::spec::review_spec(attributes);
    let mut sorted: Vec<_> = set.to_vec();
    sorted.sort_by(|a, b| (a.effect, &a.name).cmp(&(b.effect, &b.name)));
    sorted.into_iter().find_map(|rule| {
        let variables = cel::Activation::new(index::environment())
            .set("request", cel::Value::json(&request))
            .set("now", cel::Value::Timestamp(now));
        let holds = rule.concerns(attributes, now)
            && rule.holds(&variables, &mut u64::MAX.clone()).unwrap_or(rule.effect != Effect::Allow);
        holds.then(|| rule.name.clone())
    })
}

/// The documentation's examples are rules.
#[test]
fn documented_rules_compile() {
    let text = include_str!("../../../../docs/authorization.md");
    let blocks = text.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next());
    let names: Vec<_> = blocks
        .flat_map(|block| file::parse(block).unwrap_or_else(|e| panic!("{block}: {e:?}")))
        .map(|r| r.name)
        .collect();
    assert_eq!(
        names,
        ["production-is-frozen", "bob-incident-4711", "shells-in-office-hours", "agents-see-one-node"]
    );
}

#[test]
fn what_nearly_holds_is_explained() {
    let text = [
        rule("later", "  effect: Allow\n  notBefore: 2027-01-01T00:00:00Z"),
        rule("over", "  effect: Allow\n  notAfter: 2026-01-01T00:00:00Z"),
        rule(
            "team",
            "  effect: Allow\n  subjects: [{kind: Group, name: dev}]\n  conditions: [{name: oncall, expression: \"'oncall' in request.groups\"}]",
        ),
        rule(
            "others",
            "  effect: Allow\n  subjects: [{kind: User, name: eve}]\n  match: [{namespaces: [ns], resources: [secrets]}]",
        ),
    ];
    let rules = rules(&text.concat());
    let bob = bob();
    let attributes = Attributes { user: &bob, verb: "get", target: secrets("ns") };
    let explanation = rules.explain(&attributes);
    let texts: Vec<&str> = explanation.misses.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "access rule \"later\" (Allow) does not hold: it begins at 2027-01-01T00:00:00Z",
            "access rule \"over\" (Allow) does not hold: it ended at 2026-01-01T00:00:00Z",
            "access rule \"team\" (Allow) does not hold: its condition `oncall` is false",
        ]
    );
    let holders = rules.holders(&attributes);
    let named: Vec<_> = holders.list.iter().map(|h| (h.subject.name.as_str(), h.source.as_str())).collect();
    assert_eq!(
        named,
        [
            ("eve", "access rule \"others\", without conditions"),
            ("dev", "access rule \"team\", under conditions")
        ]
    );
    let held = rules.held(&UserInfo::new("eve", ["x"])).list;
    assert_eq!((held.len(), held[0].namespace.as_str()), (1, "ns"));
}
