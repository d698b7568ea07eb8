//! Against upstream's answers, against a naive version, and what becomes of rules.

use api::{UserInfo, Value};
use proptest::prelude::*;

use super::*;

/// Policies, questions and upstream's answers (apiserver/pkg/audit/policy at 1.36).
const GOLDEN: &str = include_str!("testdata/answers.txt");

fn policy(text: &str) -> Policy {
    let loaded = Policy::read(text.as_bytes()).map_err(|e| format!("{text}: {e}")).unwrap();
    assert!(loaded.ignored.is_empty(), "{:?}", loaded.ignored);
    loaded.policy
}

/// A policy with these rules, in YAML.
fn rules(rules: &str) -> Policy {
    policy(&format!("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{rules}]\n"))
}

/// A question as it stands in the file: user, groups, verb, and a path or the five parts of a resource.
#[derive(Debug)]
struct Question {
    user: Option<UserInfo>,
    verb: String,
    target: Vec<String>,
}

impl Question {
    fn parse(text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').map(|word| if word == "-" { "" } else { word }).collect();
        let groups = words[1].split(',').filter(|group| !group.is_empty());
        Self {
            user: (words[0] != "!").then(|| UserInfo::new(words[0], groups)),
            verb: words[2].to_owned(),
            target: words[3..].iter().map(ToString::to_string).collect(),
        }
    }

    fn attributes(&self) -> Attributes<'_> {
        let target = match self.target.as_slice() {
            [path] => Target::Path(path),
            [group, resource, subresource, namespace, name, ..] => {
                Target::Resource(Resource { group, resource, subresource, namespace, name })
            }
            other => panic!("{other:?}"),
        };
        Attributes { user: self.user.as_ref(), verb: &self.verb, target }
    }
}

#[test]
fn as_upstream_decides() {
    let (mut policies, mut refused, mut questions) = (0, 0, 0);
    for case in GOLDEN.split("\n\n").map(str::trim) {
        let mut lines = case.lines();
        let text = lines.next().and_then(|line| line.strip_prefix("P ")).unwrap();
        let read = Policy::read(text.as_bytes());
        for line in lines {
            if let Some(want) = line.strip_prefix("E ") {
                let why = read.as_ref().err().unwrap_or_else(|| panic!("{text} is read")).to_string();
                match want.strip_prefix('~') {
                    // Upstream's words are about its own types.
                    Some(_) => {}
                    None => assert_eq!(why, want, "{text}"),
                }
                refused += 1;
                continue;
            }
            let (question, want) = line.strip_prefix("Q ").and_then(|l| l.split_once(" => ")).unwrap();
            let loaded = read.as_ref().map_err(|e| format!("{text}: {e}")).unwrap();
            let got = loaded.policy.decide(&Question::parse(question).attributes());
            let mut stages: Vec<&str> = got.omit_stages.iter().map(Stage::name).collect();
            stages.sort_unstable();
            let got = format!("{} [{}] {}", got.level, stages.join(","), got.omit_managed_fields);
            assert_eq!(got, want, "{text}\n{question}");
            questions += 1;
        }
        policies += 1;
    }
    assert!(policies > 60 && refused > 15 && questions > 500, "{policies} {refused} {questions}");
}

#[test]
fn what_does_not_count_is_told() {
    let text = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, user: [ann]}]\nomitStage: [Panic]\n";
    let loaded = Policy::read(text.as_bytes()).unwrap();
    assert_eq!(loaded.ignored, [r#"unknown field "omitStage""#, r#"unknown field "rules[0].user""#]);
    let twice = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: []\nrules: [{level: None}]\n";
    assert_eq!(Policy::read(twice.as_bytes()).unwrap().ignored.len(), 1);
}

#[test]
fn which_rule_decides() {
    let policy = rules("{level: None, verbs: [watch]}, {level: Request, namespaces: ['']}");
    let ask = |text: &str| policy.decide(&Question::parse(text).attributes()).rule;
    assert_eq!(ask("ann - watch - pods - a x"), Some(0));
    assert_eq!(ask("ann - get - nodes - - x"), Some(1));
    assert_eq!(ask("ann - get - pods - a x"), None);
    assert_eq!(ask("ann - get /"), None, "a namespace is of resources only");
}

#[test]
fn what_becomes_of_rules() {
    use Reach::{Decides, Nothing, Shadowed};
    for (text, want) in [
        ("{level: None, verbs: [get]}, {level: Metadata}", vec![Decides, Decides]),
        ("{level: Metadata}, {level: None, users: [ann]}", vec![Decides, Shadowed(vec![0])]),
        // Together they match everything.
        (
            "{level: None, verbs: [get, list, watch, head, options]}, {level: Metadata, verbs: [create, update, patch, delete, deletecollection, post, put]}, {level: Request}",
            vec![Decides, Decides, Shadowed(vec![0, 1])],
        ),
        ("{level: None, verbs: ['*']}, {level: None, verbs: [exec]}", vec![Nothing, Nothing]),
        ("{level: None, users: ['*']}, {level: None, namespaces: ['*']}", vec![Nothing, Nothing]),
        ("{level: None, resources: [{resources: ['*/*']}]}", vec![Nothing]),
        // Every kubelet is authenticated.
        (
            "{level: None, userGroups: ['system:authenticated']}, {level: Metadata, userGroups: ['system:nodes']}, {level: Metadata}",
            vec![Decides, Shadowed(vec![0]), Decides],
        ),
        (
            "{level: None, resources: [{group: '', resources: ['pods']}]}, {level: Request, resources: [{group: '', resources: ['pods', 'pods/exec']}]}",
            vec![Decides, Decides],
        ),
        (
            "{level: None, resources: [{group: '', resources: ['pods/*']}]}, {level: Request, resources: [{group: '', resources: ['pods', 'pods/exec']}]}",
            vec![Decides, Shadowed(vec![0])],
        ),
        (
            "{level: None, nonResourceURLs: ['/healthz*']}, {level: None, nonResourceURLs: ['/healthz/etcd', '/livez']}, {level: None, nonResourceURLs: ['/healthz/ping']}",
            vec![Decides, Decides, Shadowed(vec![0])],
        ),
    ] {
        let policy = rules(text);
        let got: Vec<Reach> = (0..policy.len()).map(|at| policy.reach(at)).collect();
        assert_eq!(got, want, "{text}");
    }
}

/// A rule judged as the words of the API say it, over the text of the policy.
fn naive(rule: &Value, attributes: &Attributes<'_>) -> bool {
    let list = |name: &str| -> Vec<String> {
        rule.array_at(&[name]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let user = attributes.user.cloned().unwrap_or_default();
    let (users, groups, verbs) = (list("users"), list("userGroups"), list("verbs"));
    if !users.is_empty() && (attributes.user.is_none() || !users.contains(&user.name))
        || !groups.is_empty() && !user.groups.iter().any(|g| groups.contains(g))
        || !verbs.is_empty() && !verbs.iter().any(|v| v == attributes.verb)
    {
        return false;
    }
    let (namespaces, urls) = (list("namespaces"), list("nonResourceURLs"));
    let resources = rule.array_at(&["resources"]);
    match attributes.target {
        Target::Path(path) => {
            let url = |u: &String| match u.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => u == path,
            };
            namespaces.is_empty() && resources.is_empty() && (urls.is_empty() || urls.iter().any(url))
        }
        Target::Resource(r) => {
            let full = if r.subresource.is_empty() {
                r.resource.to_owned()
            } else {
                format!("{}/{}", r.resource, r.subresource)
            };
            let one = |item: &Value| {
                let texts = |name: &str| -> Vec<String> {
                    item.array_at(&[name]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
                };
                let (patterns, names) = (texts("resources"), texts("resourceNames"));
                let fits = |p: &String| {
                    *p == full
                        || p == "*"
                        || !r.subresource.is_empty() && *p == format!("*/{}", r.subresource)
                        || *p == format!("{}/*", r.resource)
                };
                [r.group, "*"].contains(&item.str_at(&["group"]))
                    && (patterns.is_empty()
                        || patterns.iter().any(fits)
                            && (names.is_empty() || names.iter().any(|n| n == r.name)))
            };
            urls.is_empty()
                && (namespaces.is_empty() || namespaces.iter().any(|n| n == r.namespace))
                && (resources.is_empty() || resources.iter().any(one))
        }
    }
}

fn some(all: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    let few = proptest::sample::subsequence(all, 0..=2);
    let many = proptest::sample::subsequence(all, 0..=all.len());
    prop_oneof![2 => Just(Vec::new()), 2 => few, 1 => many]
        .prop_map(|picked| picked.into_iter().map(str::to_owned).collect())
}

const USERS: &[&str] = &[
    "",
    "ann",
    "bob",
    "system:anonymous",
    "system:node:n",
    "system:serviceaccount:a:b",
    "*",
    "u1",
    "u2",
    "u3",
    "u4",
];
const GROUPS: &[&str] =
    &["dev", "system:authenticated", "system:masters", "system:nodes", "system:unauthenticated"];
const VERBS: &[&str] = &["get", "list", "create", "delete", "post", "*"];
const API_GROUPS: &[&str] = &["", "apps", "*"];
const RESOURCES: &[&str] =
    &["pods", "pods/log", "pods/*", "*/log", "*", "*/*", "secrets", "log", "pods/log/x", "/log", "pods/"];
const NAMESPACES: &[&str] = &["", "a", "b", "*"];
const NAMES: &[&str] = &["", "x", "*"];
const URLS: &[&str] = &["/", "/a", "/a*", "/a/*", "*", "/b"];

fn quoted(list: &[String]) -> String {
    format!("[{}]", list.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(","))
}

fn any_rule() -> impl Strategy<Value = String> {
    let group = (proptest::sample::select(API_GROUPS), some(RESOURCES), some(NAMES)).prop_map(
        |(group, resources, names)| {
            let names = if resources.is_empty() { Vec::new() } else { names };
            format!(
                r#"{{"group":"{group}","resources":{},"resourceNames":{}}}"#,
                quoted(&resources),
                quoted(&names)
            )
        },
    );
    let about = prop_oneof![
        Just(String::new()),
        (some(NAMESPACES), proptest::collection::vec(group, 0..3)).prop_map(|(namespaces, groups)| format!(
            r#","namespaces":{},"resources":[{}]"#,
            quoted(&namespaces),
            groups.join(",")
        )),
        some(URLS).prop_map(|urls| format!(r#","nonResourceURLs":{}"#, quoted(&urls))),
    ];
    (0_usize..4, some(USERS), some(GROUPS), some(VERBS), about).prop_map(
        |(level, users, groups, verbs, about)| {
            format!(
                r#"{{"level":"{}","users":{},"userGroups":{},"verbs":{}{about}}}"#,
                Level::ALL[level],
                quoted(&users),
                quoted(&groups),
                quoted(&verbs)
            )
        },
    )
}

fn any_question() -> impl Strategy<Value = Question> {
    let pick = |all: &'static [&'static str]| proptest::sample::select(all).prop_map(str::to_owned);
    let resource = (
        pick(&["", "apps"]),
        pick(&["pods", "secrets", "*", "log"]),
        pick(&["", "log", "log/x"]),
        pick(NAMESPACES),
        pick(NAMES),
    )
        .prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e]);
    let path = pick(&["/", "/a", "/ab", "/a/b", "/b", "/c"]).prop_map(|path| vec![path]);
    let user = (pick(USERS), some(GROUPS)).prop_map(|(name, groups)| UserInfo::new(name, groups));
    (proptest::option::weighted(0.9, user), pick(VERBS), prop_oneof![2 => resource, 1 => path])
        .prop_map(|(user, verb, target)| Question { user, verb, target })
}

proptest! {
    #[test]
    fn as_a_naive_version_decides(
        rules in proptest::collection::vec(any_rule(), 1..8),
        questions in proptest::collection::vec(any_question(), 40),
    ) {
        let text = format!(r#"{{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{}]}}"#, rules.join(","));
        let policy = policy(&text);
        let value = codec::json::parse(text.as_bytes()).unwrap().value;
        for question in &questions {
            let attributes = question.attributes();
            let want = value.array_at(&["rules"]).iter().position(|rule| naive(rule, &attributes));
            let got = policy.decide(&attributes);
            prop_assert_eq!(got.rule, want, "{:?}", attributes);
            prop_assert_eq!(Some(got.level), want.map_or(Some(Level::None), |at| policy.level(at)));
        }
        // What is said to decide nothing decides none of them either, for users as they are.
        for question in questions.iter().filter(|q| q.user.as_ref().is_none_or(is_real)) {
            if let Some(at) = policy.decide(&question.attributes()).rule {
                let usual: &[&str] = match question.attributes().target {
                    Target::Path(_) => &["get", "post", "delete"],
                    Target::Resource(_) => &["get", "list", "create", "delete"],
                };
                let usual = usual.contains(&question.verb.as_str());
                let listed = usual && question.target.iter().all(|part| part != "*") && question.user.is_some();
                let reach = policy.reach(at);
                prop_assert!(!listed || matches!(reach, Reach::Decides | Reach::Unknown), "rule {at} {reach:?} {text} {:?}", question.attributes());
            }
        }
    }
}

/// True for a user with the groups that come with such a name.
fn is_real(user: &UserInfo) -> bool {
    let has = |group: &str| user.in_group(group);
    let service_account = user.name.starts_with("system:serviceaccount:");
    !user.name.is_empty()
        && user.name != "*"
        && has("system:unauthenticated") != has("system:authenticated")
        && has("system:unauthenticated") == (user.name == "system:anonymous")
        && (user.name != "system:anonymous" || user.groups.len() == 1)
        && has("system:nodes") == user.name.starts_with("system:node:")
        && !service_account
}
