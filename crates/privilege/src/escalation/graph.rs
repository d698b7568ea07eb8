//! Who is reached, level by level, and the shortest way told.

use std::collections::{BTreeMap, HashMap};

use super::Options;
use super::judge::Asked;
use super::principal::Principal;
use super::search::{Edge, Findings, Path, Step};
use super::technique::Gain;
use super::world::World;

/// Somebody on the way, in order of nearness.
#[derive(Clone, Debug)]
pub(super) enum Reached {
    Admin(Asked),
    /// By this edge, to that identity (`None`: everything).
    By(usize, Option<Principal>),
}

/// INVARIANT: `order` has everybody in `reached`, nearest first; `first_in` has of each namespace the first account.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) edges: BTreeMap<Principal, Vec<Edge>>,
    reached: BTreeMap<Principal, (usize, Reached)>,
    order: Vec<Principal>,
    first_in: HashMap<String, Principal>,
}

impl Graph {
    pub(super) fn reach(&mut self, who: &Principal, level: usize, how: Reached) {
        self.reached.insert(who.clone(), (level, how));
        self.order.push(who.clone());
        if let Principal::ServiceAccount(namespace, _) = who {
            self.first_in.entry(namespace.clone()).or_insert_with(|| who.clone());
        }
    }

    /// Finds who reaches somebody who is reached, level by level; with or without techniques that assume something.
    pub(super) fn spread(&mut self, world: &World, assuming: bool) {
        loop {
            let mut found = Vec::new();
            let left = self.edges.iter().filter(|(who, _)| !self.reached.contains_key(who));
            for (who, edges) in left {
                if let Some((level, how)) = self.nearest(world, edges, assuming, |_| true) {
                    found.push((who.clone(), level, how));
                }
            }
            // Only the nearest of this round are final; the others may find a shorter way through them.
            let Some(level) = found.iter().map(|(_, level, _)| *level).min() else { return };
            for (who, _, how) in found.into_iter().filter(|(_, l, _)| *l == level) {
                self.reach(&who, level, how);
            }
        }
    }

    /// The edge by which everything is nearest.
    fn nearest(
        &self,
        world: &World,
        edges: &[Edge],
        assuming: bool,
        wanted: impl Fn(&Edge) -> bool,
    ) -> Option<(usize, Reached)> {
        let mut best: Option<(usize, usize, Option<Principal>)> = None;
        for (at, edge) in edges.iter().enumerate() {
            if (!assuming && !edge.technique.assumes.is_empty()) || !wanted(edge) {
                continue;
            }
            let Some((level, target)) = self.target(world, edge) else { continue };
            if best.as_ref().is_none_or(|(least, ..)| level < *least) {
                best = Some((level, at, target));
            }
        }
        best.map(|(level, at, target)| (level, Reached::By(at, target)))
    }

    /// Whom an edge leads to, and how far everything is then.
    fn target(&self, world: &World, edge: &Edge) -> Option<(usize, Option<Principal>)> {
        let reached =
            |who: &Principal| self.reached.get(who).map(|(level, _)| (level + 1, Some(who.clone())));
        let nearest =
            |fits: &dyn Fn(&Principal) -> bool| self.order.iter().find(|who| fits(who)).and_then(reached);
        match edge.item.gain.as_ref()? {
            Gain::Admin => Some((1, None)),
            Gain::Identity(who) => reached(who),
            Gain::AccountsIn(place) => self.first_in.get(place).and_then(reached),
            Gain::PodsOn(node) => nearest(&|who| match who {
                Principal::ServiceAccount(ns, name) => world.runs(&(ns.clone(), name.clone()), node),
                _ => false,
            }),
            Gain::AnyIdentity => {
                nearest(&|who| *who != Principal::Group(api::user::SYSTEM_MASTERS.to_owned()))
            }
        }
    }

    pub(super) fn tell(&self, world: &World, options: Options, findings: &mut Findings) {
        let mut members: BTreeMap<Principal, usize> = BTreeMap::new();
        for who in &self.order {
            match self.reached.get(who) {
                Some((_, Reached::Admin(asked))) if options.stock || !is_stock(&[asked]) => {
                    findings.admins.push((who.clone(), asked.clone()));
                }
                Some((_, Reached::By(..))) => match self.path(world, who, options) {
                    Told::Path(path) => findings.paths.push(*path),
                    Told::Stock => findings.stock += 1,
                    Told::Member(group) => *members.entry(group).or_default() += 1,
                },
                _ => {}
            }
        }
        for path in &mut findings.paths {
            path.members = members.get(&path.who).copied().unwrap_or(0);
        }
        let assumed = |p: &Path| p.steps.iter().any(|s| !s.technique.assumes.is_empty());
        findings
            .paths
            .sort_by(|a, b| (assumed(a), a.steps.len(), &a.who).cmp(&(assumed(b), b.steps.len(), &b.who)));
        findings.admins.sort_by(|a, b| a.0.cmp(&b.0));
    }

    fn path(&self, world: &World, who: &Principal, options: Options) -> Told {
        let Some(edges) = self.edges.get(who) else { return Told::Stock };
        // Of a way that every cluster has, only what was added to it is worth telling.
        let own = |edge: &Edge| options.stock || !is_stock(&edge.asked.iter().collect::<Vec<_>>());
        let leads = |edge: &&Edge| own(edge) && self.target(world, edge).is_some();
        let nearest =
            self.nearest(world, edges, false, own).or_else(|| self.nearest(world, edges, true, own));
        let Some((_, Reached::By(at, target))) = nearest else { return Told::Stock };
        let Some(edge) = edges.get(at) else { return Told::Stock };
        let groups: Vec<Option<&Principal>> = edge.asked.iter().map(|a| a.through.as_ref()).collect();
        if let Some(Some(group)) = groups.first()
            && groups.iter().all(|g| *g == Some(group))
            && self.reached.contains_key(group)
        {
            return Told::Member((*group).clone());
        }
        let mut also: Vec<&'static str> = edges.iter().filter(leads).map(|e| e.technique.id).collect();
        also.retain(|id| *id != edge.technique.id);
        also.sort_unstable();
        also.dedup();
        let mut steps = vec![step(who, edge, target.clone())];
        let arrival = self.follow(target, &mut steps);
        Told::Path(Box::new(Path { who: who.clone(), steps, arrival, also, members: 0 }))
    }

    /// The steps from `next` on; answers who is everything at the end, unless the last step gives it.
    fn follow(&self, mut next: Option<Principal>, steps: &mut Vec<Step>) -> Option<(Principal, Asked)> {
        while let Some(who) = next {
            match self.reached.get(&who)? {
                (_, Reached::Admin(asked)) => return Some((who, asked.clone())),
                (_, Reached::By(at, target)) => {
                    let edge = self.edges.get(&who)?.get(*at)?;
                    steps.push(step(&who, edge, target.clone()));
                    next = target.clone();
                }
            }
        }
        None
    }
}

/// What is told of somebody.
enum Told {
    Path(Box<Path>),
    /// Nothing: every cluster has it.
    Stock,
    /// Nothing: it is told of the group.
    Member(Principal),
}

fn is_stock(asked: &[&Asked]) -> bool {
    asked.iter().all(|a| a.stock)
}

fn step(who: &Principal, edge: &Edge, gains: Option<Principal>) -> Step {
    let target = gains.as_ref().map_or_else(|| "that of the control plane".to_owned(), ToString::to_string);
    let does = edge.technique.does.replace("{name}", &edge.item.name);
    let does = does.replace("{ns}", &edge.item.namespace).replace("{target}", &target);
    Step { who: who.clone(), technique: edge.technique, does, asked: edge.asked.clone(), gains }
}
