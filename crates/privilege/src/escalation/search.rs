//! The graph and the shortest ways through it.
//!
//! Entry point: [`find`].  First everybody's own techniques are found and proved; then, level by level from those who
//! are cluster-admin, who can become somebody who is.

use std::collections::{BTreeSet, HashSet};

use super::Options;
use super::graph::{Graph, Reached};
use super::holdings::{Held, Holdings, Places};
use super::judge::{Asked, Judge, Question};
use super::principal::Principal;
use super::technique::{Gain, Name, Need, Over, TECHNIQUES, Technique};
use super::world::World;

/// Somebody who can become cluster-admin, and the shortest way.
#[derive(Clone, Debug)]
pub struct Path {
    /// Who.
    pub who: Principal,
    /// The steps, in order; the last one ends at everything.
    pub steps: Vec<Step>,
    /// What gives everything to the last identity on the way; `None` when the last step itself does.
    pub arrival: Option<(Principal, Asked)>,
    /// The other techniques that lead there, each for its first step.
    pub also: Vec<&'static str>,
    /// Everybody who has these rights only as a member of `who`, when that is a group.
    pub members: usize,
}

/// A step on the way.
#[derive(Clone, Debug)]
pub struct Step {
    /// Who takes it.
    pub who: Principal,
    /// The technique.
    pub technique: &'static Technique,
    /// What is done, in words.
    pub does: String,
    /// The permissions it needs, each proved.
    pub asked: Vec<Asked>,
    /// Whom the step gains, `None` for everything.
    pub gains: Option<Principal>,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Who is cluster-admin already, and by what.
    pub admins: Vec<(Principal, Asked)>,
    /// Who can become it, shortest first.
    pub paths: Vec<Path>,
    /// Paths that are not shown since they come of what every cluster starts with.
    pub stock: usize,
    /// How many identities were looked at.
    pub looked_at: usize,
    /// What the search could not know, in words.
    pub notes: Vec<String>,
}

/// A technique that somebody can use.
pub(super) struct Edge {
    pub(super) technique: &'static Technique,
    pub(super) item: Item,
    pub(super) asked: Vec<Asked>,
}

/// An object that a technique goes over.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    pub(super) namespace: String,
    pub(super) name: String,
    other: String,
    pub(super) gain: Option<Gain>,
}

/// Who can become cluster-admin in `world`.
pub fn find(world: &World, options: Options) -> Findings {
    let search = Search::new(world);
    let principals = world.principals();
    let mut graph = Graph::default();
    for principal in &principals {
        match search.judge.is_admin(principal) {
            Some(asked) => graph.reach(principal, 0, Reached::Admin(asked)),
            None => {
                graph.edges.insert(principal.clone(), search.edges(principal));
            }
        }
    }
    graph.spread(world, false);
    graph.spread(world, true);
    let mut findings = Findings { looked_at: principals.len(), notes: notes(world), ..Findings::default() };
    graph.tell(world, options, &mut findings);
    findings
}

fn notes(world: &World) -> Vec<String> {
    let mut notes = Vec::new();
    if world.policy.stock_added {
        notes.push(
            "no ClusterRole cluster-admin was found: the roles every cluster starts with were added".into(),
        );
    }
    if world.pods.is_empty() {
        notes.push("no pods were found: what can be gained through running pods is not told".into());
    }
    if world.guarded.is_empty() {
        notes.push("no namespaces were found: whether pods may take over their nodes is not told".into());
    }
    notes
}

struct Search<'w> {
    world: &'w World,
    holdings: Holdings<'w>,
    judge: Judge<'w>,
    wide_roles: Vec<String>,
    admin_roles: Vec<String>,
}

impl<'w> Search<'w> {
    fn new(world: &'w World) -> Self {
        let everything = |rules: &[authz::rbac::Rule]| {
            rules.iter().any(|r| {
                let all = |list: &[api::Str]| list.iter().any(|x| x == "*");
                all(&r.verbs) && all(&r.groups) && all(&r.resources) && r.names.is_empty()
            })
        };
        let cluster_roles = || world.policy.roles.values().filter(|r| r.key.namespace.is_empty());
        let admin_roles: Vec<String> =
            cluster_roles().filter(|r| everything(&r.rules)).map(|r| r.key.name.to_string()).collect();
        let usual = ["admin", "edit"].into_iter().map(str::to_owned);
        Self {
            world,
            holdings: Holdings::new(&world.policy),
            judge: Judge::new(&world.policy),
            wide_roles: admin_roles.iter().cloned().chain(usual).collect(),
            admin_roles,
        }
    }

    /// What `principal` can do, of each technique and gain once.
    fn edges(&self, principal: &Principal) -> Vec<Edge> {
        let held = self.holdings.of(principal);
        let mut edges = Vec::new();
        for technique in TECHNIQUES {
            let Some(places) = places(&held, technique) else { continue };
            let mut gained: HashSet<Gain> = HashSet::new();
            for item in self.items(technique.over, principal, &held, &places) {
                let Some(gain) = item.gain.clone() else { continue };
                if gained.contains(&gain) {
                    continue;
                }
                let asked: Option<Vec<Asked>> =
                    technique.needs.iter().map(|need| self.need(principal, need, &item)).collect();
                if let Some(asked) = asked {
                    gained.insert(gain);
                    edges.push(Edge { technique, item, asked });
                }
            }
        }
        edges
    }

    /// The first of the permissions that would do.
    fn need(&self, principal: &Principal, need: &Need, item: &Item) -> Option<Asked> {
        let namespace = if need.here { item.namespace.as_str() } else { "" };
        for (group, resource) in need.resources {
            for verb in need.verbs {
                let plain =
                    matches!(*verb, "list" | "watch") || (*verb == "create" && !resource.contains('/'));
                let names: &[&str] = match need.name {
                    Name::No => &[""],
                    Name::Its if plain => &[""],
                    Name::Its => &[item.name.as_str()],
                    Name::Other => &[item.other.as_str()],
                    Name::OneOf(names) => names,
                };
                for name in names {
                    let question = Question { verb, group, resource, namespace, name };
                    if let Some(asked) = self.judge.ask(principal, question) {
                        return Some(asked);
                    }
                }
            }
        }
        None
    }

    /// The objects that a technique goes over, in the places where it may be of use.
    fn items(&self, over: Over, principal: &Principal, held: &Held, places: &Places) -> Vec<Item> {
        let world = self.world;
        match over {
            Over::Once => vec![Item::gaining(Gain::Admin)],
            Over::OnceForAnyIdentity => vec![Item::gaining(Gain::AnyIdentity)],
            Over::OnceForNodes => self.node_gains(Item::default()),
            Over::Namespaces => {
                in_places(&world.namespaces, places).map(|ns| Item::of(ns, "", accounts_in(ns))).collect()
            }
            Over::OpenNamespaces => self.guarded(false, places),
            Over::GuardedNamespaces => self.guarded(true, places),
            Over::NamespacesForNodes => {
                let first = in_places(&world.namespaces, places).next();
                first.map(|ns| self.node_gains(Item::of(ns, "", Gain::Admin))).unwrap_or_default()
            }
            Over::Accounts => {
                let all = world.accounts.iter().filter(|(ns, _)| places.has(ns));
                all.map(|(ns, name)| Item::of(ns, name, account(ns, name))).collect()
            }
            Over::Users | Over::Groups => self.impersonated(over, held),
            Over::Pods => world.pods.iter().filter(|p| places.has(&p.namespace)).map(Item::of_pod).collect(),
            Over::PodsElsewhere => self.pods_elsewhere(principal, places),
            Over::TokenSecrets => {
                let all = world.token_secrets.iter().filter(|s| places.has(&s.namespace));
                all.map(|s| Item::of(&s.namespace, &s.name, account(&s.namespace, &s.account))).collect()
            }
            Over::Nodes => world.nodes.iter().map(|n| Item::of("", n, Gain::PodsOn(n.clone()))).collect(),
            Over::AwsAuth if world.aws_auth => vec![Item::of("kube-system", "aws-auth", Gain::Admin)],
            Over::AwsAuth => Vec::new(),
            _ => self.roles(over, held, places),
        }
    }

    fn roles(&self, over: Over, held: &Held, places: &Places) -> Vec<Item> {
        let policy = &self.world.policy;
        let in_cluster = held.cluster_roles().remove("").unwrap_or_default();
        match over {
            Over::AdminRoles => self.admin_roles.iter().map(|r| Item::of("", r, Gain::Admin)).collect(),
            Over::AdminBindings => {
                let all = policy.bindings.values().map(|b| &b.binding).filter(|b| {
                    b.namespace.is_empty() && self.admin_roles.iter().any(|r| *r == b.role_ref.name)
                });
                all.map(|b| Item { other: b.role_ref.name.to_string(), ..Item::of("", &b.name, Gain::Admin) })
                    .collect()
            }
            Over::WideRolesInNamespaces => in_places(&self.world.namespaces, places)
                .flat_map(|ns| self.wide_roles.iter().map(move |r| Item::of(ns, r, accounts_in(ns))))
                .collect(),
            Over::HeldClusterRoles => in_cluster.iter().map(|role| Item::of("", role, Gain::Admin)).collect(),
            Over::HeldAggregated => {
                let gathers = |role: &&&str| self.world.aggregated(role);
                in_cluster.iter().filter(gathers).map(|role| Item::of("", role, Gain::Admin)).collect()
            }
            Over::HeldInNamespace => {
                let places = held.cluster_roles().into_iter().filter(|(ns, _)| !ns.is_empty());
                places
                    .flat_map(|(ns, roles)| roles.into_iter().map(move |r| Item::of(ns, r, accounts_in(ns))))
                    .collect()
            }
            _ => {
                let roles = held.roles.iter().filter(|(_, key)| !key.namespace.is_empty());
                roles.map(|(ns, key)| Item::of(ns, &key.name, accounts_in(ns))).collect()
            }
        }
    }

    /// Users and groups that hold something; with a group, a user who may be impersonated.
    fn impersonated(&self, over: Over, held: &Held) -> Vec<Item> {
        let someone = match held.names("impersonate", "", "users") {
            None => Some("anybody".to_owned()),
            Some(names) => names.into_iter().next(),
        };
        let identity = |principal: Principal, name: &str| Item {
            other: someone.clone().unwrap_or_default(),
            ..Item::of("", name, Gain::Identity(principal))
        };
        let all = self.world.principals().into_iter();
        all.filter_map(|principal| match (&principal, over) {
            (Principal::User(name), Over::Users) | (Principal::Group(name), Over::Groups) => {
                let name = name.clone();
                Some(identity(principal, &name))
            }
            _ => None,
        })
        .collect()
    }

    fn guarded(&self, wanted: bool, places: &Places) -> Vec<Item> {
        let known = self.world.guarded.iter().filter(|(ns, guarded)| **guarded == wanted && places.has(ns));
        known.flat_map(|(ns, _)| self.node_gains(Item::of(ns, ns, Gain::Admin))).collect()
    }

    /// What taking over a node of one's choice gives.
    fn node_gains(&self, item: Item) -> Vec<Item> {
        let control = self.world.control_plane_nodes.iter().next();
        let everything = control.map(|_| Item { gain: Some(Gain::Admin), ..item.clone() });
        everything.into_iter().chain([Item { gain: Some(Gain::PodsOn(String::new())), ..item }]).collect()
    }

    /// Pods on other nodes than that of the asker, when the asker runs on one.
    fn pods_elsewhere(&self, principal: &Principal, places: &Places) -> Vec<Item> {
        let Principal::ServiceAccount(namespace, name) = principal else { return Vec::new() };
        let pods = &self.world.pods;
        let runs = pods.iter().any(|p| p.namespace == *namespace && p.account == *name && !p.node.is_empty());
        if !runs {
            return Vec::new();
        }
        pods.iter().filter(|p| places.has(&p.namespace)).map(Item::of_pod).collect()
    }
}

fn in_places<'a>(namespaces: &'a BTreeSet<String>, places: &'a Places) -> impl Iterator<Item = &'a String> {
    namespaces.iter().filter(|ns| places.has(ns))
}

/// Where the needs of a technique may all be met; `None` when nowhere.
fn places(held: &Held, technique: &Technique) -> Option<Places> {
    let mut places = Places::All;
    for need in technique.needs {
        let mut here = Places::Some(BTreeSet::new());
        for (group, resource) in need.resources {
            for verb in need.verbs {
                here = here.or(held.places(verb, group, resource));
            }
        }
        if here.is_empty() || (!need.here && here != Places::All) {
            return None;
        }
        places = places.and(here);
    }
    (!places.is_empty()).then_some(places)
}

fn account(namespace: &str, name: &str) -> Gain {
    Gain::Identity(Principal::ServiceAccount(namespace.to_owned(), name.to_owned()))
}

fn accounts_in(namespace: &str) -> Gain {
    Gain::AccountsIn(namespace.to_owned())
}

impl Item {
    fn gaining(gain: Gain) -> Self {
        Self { gain: Some(gain), ..Self::default() }
    }

    fn of(namespace: &str, name: &str, gain: Gain) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned(), ..Self::gaining(gain) }
    }

    fn of_pod(pod: &super::world::Pod) -> Self {
        Self::of(&pod.namespace, &pod.name, account(&pod.namespace, &pod.account))
    }
}
