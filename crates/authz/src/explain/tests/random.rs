use std::sync::Arc;

use api::user::UserInfo;
use proptest::prelude::*;

use crate::rbac::Rbac;
use crate::{Attributes, Authorizer, ResourceTarget, Target, Union, node};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Explaining gives the verdict that deciding gives, and misses only where nothing allows.
    #[test]
    fn explaining_decides_as_deciding(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let rbac = random(&mut dice);
        let union = Union::new([Arc::new(node::Node::new()) as Arc<dyn Authorizer>, Arc::new(rbac)]);
        for _ in 0..16 {
            let user = UserInfo::new(dice.pick(USERS), [dice.pick(GROUPS), dice.pick(GROUPS)]);
            let name = dice.pick(&["", "x", "y"]);
            let resource = ResourceTarget {
                group: dice.pick(&["", "apps"]), resource: dice.pick(&["pods", "deployments"]),
                subresource: dice.pick(&["", "log"]), namespace: dice.pick(&["", "n1", "n2"]), name,
                ..ResourceTarget::default()
            };
            let path = dice.pick(&["/a", "/a/b"]);
            let target = if dice.roll(5) == 0 { Target::Path(path) } else { Target::Resource(resource) };
            let attributes = Attributes { user: &user, verb: dice.pick(&["get", "create"]), target };
            let (verdict, explained) = (union.authorize(&attributes), union.explain(&attributes));
            prop_assert_eq!(verdict.decision, explained.verdict.decision);
            prop_assert_eq!(verdict.reason.to_string(), explained.verdict.reason.to_string());
            prop_assert_eq!(&verdict.error, &explained.verdict.error);
            let rbac = explained.members.last().unwrap();
            prop_assert_eq!(rbac.allowed(), !rbac.grants.is_empty());
            prop_assert!(rbac.misses.is_empty() || !rbac.allowed());
            for grant in &rbac.grants {
                prop_assert!(grant.role.rules[grant.rule].allows(attributes.verb, attributes.target));
            }
        }
    }
}

const USERS: &[&str] = &["bob", "Bob", "system:serviceaccount:n1:x", "system:serviceaccount:n2:x"];
const GROUPS: &[&str] = &["dev", "ops", "system:masters2", "x:dev"];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

fn random(dice: &mut Dice) -> Rbac {
    let rbac = Rbac::new();
    rbac.batch(|batch| {
        for name in ["r1", "r2", "r3"] {
            let rules = (0..dice.roll(3)).map(|_| random_rule(dice)).collect();
            let cluster = dice.roll(3) > 0;
            batch.set_role(cluster, if cluster { "" } else { "n1" }, name, rules);
        }
        for i in 0..dice.roll(6) {
            let namespace = dice.pick(&["", "n1", "n2"]);
            let (kind, role) = (dice.pick(&["Role", "ClusterRole"]), dice.pick(&["r1", "r2", "r3", "r4"]));
            let (user, group) = (dice.pick(USERS), dice.pick(GROUPS));
            let text = format!(
                "{{metadata: {{name: b{i}, namespace: {namespace}}}, roleRef: {{kind: {kind}, name: {role}}}, subjects: [{{kind: User, name: '{user}'}}, {{kind: Group, name: '{group}'}}]}}"
            );
            let binding = codec::yaml::parse(text.as_bytes()).unwrap().value;
            batch.set_binding(crate::rbac::Binding::from_value(&binding));
        }
    });
    rbac
}

fn random_rule(dice: &mut Dice) -> crate::rbac::Rule {
    use crate::rbac::Rule;
    if dice.roll(4) == 0 {
        return Rule::urls(dice.pick(&["get", "*"]), dice.pick(&["/a", "/a/*", "*"]));
    }
    let rule = Rule::resources(
        dice.pick(&["get", "create", "*", "get create"]),
        dice.pick(&["-", "apps", "*"]),
        dice.pick(&["pods", "pods/log", "*/log", "*", "deployments", "Pods"]),
    );
    if dice.roll(3) == 0 { rule.named(dice.pick(&["x", "y", "x y"])) } else { rule }
}
