//! Finds what is known in the documents of an export, wherever it stands.
//!
//! Entry point: [`read`].  Answers of an API are known by the members of their objects, in whatever they are wrapped;
//! what Terraform knows (state, plan, `terraform show -json`) by the types of resources.

use std::collections::{BTreeMap, HashMap};

use api::Value;

use super::item::{At, Item, PLAN, Resource, join};
use super::{Cloud, Given, aws, ncp, s3};
use crate::catalogue::Kind;
use crate::document::Document;
use crate::input::Input;

/// Takes an object into the model.
pub(super) type Read = for<'a> fn(&mut Reader<'a>, &Item<'a>);

/// How one provider's export is read.
pub(super) struct Adapter {
    /// Objects of answers, by members that are in them; the first that fits counts.
    pub answers: &'static [(&'static [&'static str], Read)],
    /// Types of Terraform's resources.
    pub resources: &'static [(&'static str, Read)],
    /// Members whose lists count even when they are empty, and those that only tell that something is known.
    pub lists: &'static [(&'static str, Option<Given>)],
}

const ADAPTERS: &[&Adapter] = &[&ncp::ADAPTER, &aws::ADAPTER, &s3::ADAPTER];

/// Members that say how long a list is in all, and the list; `""` for every list that is known.
const TOTALS: [(&str, &str); 4] =
    [("totalRows", ""), ("totalItems", "items"), ("totalCount", "exportConfigInfo"), ("count", "results")];

/// How deep answers are looked through.
const DEPTH: usize = 24;

/// What is being read.
#[derive(Default)]
pub(super) struct Reader<'a> {
    pub cloud: Cloud<'a>,
    /// What has been read, by kind and id: where it is, and how much stood in it.
    seen: HashMap<(&'static str, String), (usize, usize)>,
    /// How often something was known.
    known: usize,
    /// Addresses of the internet that are listed by themselves, and the servers that have them.
    pub addresses: Vec<(String, At<String>)>,
    /// Of lists that come in pages, by name and whole length: how many were given, and where the first page is.
    pages: BTreeMap<(&'a str, usize), (usize, Item<'a>)>,
}

/// What was read.
pub(super) struct Export<'a> {
    pub cloud: Cloud<'a>,
    /// For each document, whether something in it is known.
    pub known: Vec<bool>,
    /// Lists that are cut off: where, and what is missing.
    pub cut: Vec<(&'a Document, String)>,
}

/// Reads every document.
pub(super) fn read(input: &Input) -> Export<'_> {
    let mut reader = Reader::default();
    let mut known = Vec::new();
    for document in input.of_kind(Kind::Cloud) {
        let before = reader.known;
        let item = Item { document, value: &document.value, path: String::new(), address: String::new() };
        reader.document(&item);
        let is_empty = document.value.as_array().is_some_and(<[Value]>::is_empty);
        known.push(reader.known > before || is_empty);
    }
    reader.assign();
    let cut = reader.cut().into_iter().map(|(item, text)| (item.document, text)).collect();
    Export { cloud: reader.cloud, known, cut }
}

impl<'a> Reader<'a> {
    /// Keeps a thing, once: of two with the same id the one that says more.
    pub(super) fn keep<T>(
        &mut self,
        list: for<'c> fn(&'c mut Cloud<'a>) -> &'c mut Vec<T>,
        item: &Item<'a>,
        key: (&'static str, &str),
        thing: T,
    ) {
        let list = list(&mut self.cloud);
        let weight = item.value.as_object().map_or(0, api::Map::len);
        if key.1.is_empty() {
            return list.push(thing);
        }
        match self.seen.get_mut(&(key.0, key.1.to_owned())) {
            Some((at, before)) => {
                if let Some(old) = list.get_mut(*at).filter(|_| weight > *before) {
                    *old = thing;
                    *before = weight;
                }
            }
            None => {
                self.seen.insert((key.0, key.1.to_owned()), (list.len(), weight));
                list.push(thing);
            }
        }
    }

    /// Notes that something of a list is there of which too little is known.
    pub(super) fn untold(&mut self, list: Given, resource: &Resource<'a>) {
        self.cloud.untold.push((list, resource.clone()));
    }

    fn document(&mut self, item: &Item<'a>) {
        let roots = ["values.root_module", PLAN];
        match item.at(&roots) {
            Some(at) => self.module(&Item { value: at.value, path: at.field, ..item.clone() }, 0),
            None if item.has(&["terraform_version"]) => self.state(item),
            None => self.answer(item, 0),
        }
    }

    /// `terraform show -json`
    fn module(&mut self, module: &Item<'a>, depth: usize) {
        self.known += 1;
        for resource in module.items(&["resources"]) {
            for mut values in resource.items(&["values"]) {
                values.address = resource.word(&["address"]);
                self.resource(&resource.word(&["type"]), &values);
            }
        }
        if depth < DEPTH {
            module.items(&["child_modules"]).iter().for_each(|child| self.module(child, depth + 1));
        }
    }

    /// The file in which Terraform keeps its state.
    fn state(&mut self, state: &Item<'a>) {
        self.known += 1;
        for resource in state.items(&["resources"]) {
            let kind = resource.word(&["type"]);
            let way = [resource.word(&["module"]), kind.clone(), resource.word(&["name"])];
            let way = way.into_iter().filter(|step| !step.is_empty()).collect::<Vec<_>>().join(".");
            for instance in resource.items(&["instances"]) {
                let key =
                    instance.text(&["index_key"]).map_or_else(String::new, |at| format!("[{}]", at.value));
                for mut values in instance.items(&["attributes"]) {
                    values.address = format!("{way}{key}");
                    self.resource(&kind, &values);
                }
            }
        }
    }

    fn resource(&mut self, kind: &str, values: &Item<'a>) {
        let all = ADAPTERS.iter().flat_map(|adapter| adapter.resources);
        if let Some((_, read)) = all.into_iter().find(|(name, _)| *name == kind) {
            read(self, values);
        }
    }

    fn answer(&mut self, item: &Item<'a>, depth: usize) {
        match item.value {
            Value::Object(members) => {
                let fits =
                    |(has, _): &&(&[&str], Read)| has.iter().all(|member| members.get(member).is_some());
                if let Some((_, read)) = ADAPTERS.iter().flat_map(|a| a.answers).find(fits) {
                    self.known += 1;
                    return read(self, item);
                }
                self.page(item, members);
                for (name, value) in members.iter() {
                    self.list(name, value);
                    self.inner(item, value, join(&item.path, name), depth);
                }
            }
            Value::Array(all) => {
                for (i, value) in all.iter().enumerate() {
                    self.inner(item, value, format!("{}[{i}]", item.path), depth);
                }
            }
            _ => {}
        }
    }

    fn inner(&mut self, item: &Item<'a>, value: &'a Value, path: String, depth: usize) {
        if depth < DEPTH && matches!(value, Value::Object(_) | Value::Array(_)) {
            let inner = Item { document: item.document, value, path, address: String::new() };
            self.answer(&inner, depth + 1);
        }
    }

    /// Counts what an answer has of a list that is longer.
    fn page(&mut self, item: &Item<'a>, members: &'a api::Map) {
        for (total, list) in TOTALS {
            let Some(total) = item.number(&[total]).and_then(|at| usize::try_from(at.value).ok()) else {
                continue;
            };
            let wanted = |name: &str| if list.is_empty() { known_list(name).is_some() } else { name == list };
            for (name, all) in members.iter().filter(|(name, _)| wanted(name)) {
                let Some(all) = all.as_array() else { continue };
                let new = || (0, Item { path: join(&item.path, name), ..item.clone() });
                self.pages.entry((name, total)).or_insert_with(new).0 += all.len();
            }
        }
    }

    /// Lists of which not every page was given.
    fn cut(&mut self) -> Vec<(Item<'a>, String)> {
        let mut cut = Vec::new();
        for ((name, total), (given, item)) in std::mem::take(&mut self.pages) {
            if given >= total {
                continue;
            }
            let text = format!("{name} has {given} of {total}: the other pages are missing");
            if let Some(list) = known_list(name).flatten() {
                let resource = Resource { name: text.clone(), ..item.resource("List", &[], &[]) };
                self.untold(list, &resource);
            }
            cut.push((item, text));
        }
        cut
    }

    fn list(&mut self, name: &str, value: &Value) {
        if let Some(given) = known_list(name) {
            self.known += 1;
            // Names alone tell nothing of what they name.
            let is_told = value.as_array().is_none_or(|all| all.iter().all(|one| one.as_object().is_some()));
            self.cloud.given.extend(given.filter(|_| is_told));
        }
    }

    /// Gives answers that do not say of which cluster they are to their clusters.
    fn assign(&mut self) {
        let Cloud { clusters, endpoints, pools, entries, servers, .. } = &mut self.cloud;
        let by_server: HashMap<String, At<String>> = self.addresses.drain(..).collect();
        // A server may not know yet what it was given.
        for server in servers.iter_mut().filter(|s| s.public_ip.as_ref().is_none_or(|ip| ip.value.is_empty()))
        {
            server.public_ip = by_server.get(&server.resource.id).cloned().or(server.public_ip.take());
        }
        let named: Vec<_> =
            clusters.iter().map(|c| (c.resource.id.clone(), c.resource.name.clone())).collect();
        let resources = endpoints
            .iter_mut()
            .map(|e| (&mut e.cluster, &mut e.resource))
            .chain(pools.iter_mut().map(|p| (&mut p.cluster, &mut p.resource)))
            .chain(entries.iter_mut().map(|e| (&mut e.cluster, &mut e.resource)));
        for (cluster, resource) in resources.filter(|(cluster, _)| cluster.is_empty()) {
            let place = format!("{}/{}", resource.document.origin.source, resource.path);
            let Some((id, name)) = owner(&named, &place) else { continue };
            id.clone_into(cluster);
            if resource.name.is_empty() && resource.id.is_empty() {
                name.clone_into(&mut resource.name);
            }
        }
    }
}

/// What a member is a list of; `None` for one that is not known.
fn known_list(name: &str) -> Option<Option<Given>> {
    let all = ADAPTERS.iter().flat_map(|adapter| adapter.lists);
    all.into_iter().find(|(list, _)| *list == name).map(|(_, given)| *given)
}

/// The cluster that the way to an answer names: by its id, or by its name as a word (`prod` in `prod-ip-acl.json`); the
/// only cluster there is, when none is named.
fn owner<'c>(clusters: &'c [(String, String)], place: &str) -> Option<&'c (String, String)> {
    let by_id = clusters.iter().find(|(id, _)| !id.is_empty() && place.contains(id.as_str()));
    let by_name = || {
        let words: Vec<&str> = place.split(['/', '.', '[', ']', ':', '_', ' ']).collect();
        let says = |name: &str| {
            words.iter().any(|word| {
                let rest = word.strip_prefix(name).map(|rest| rest.is_empty() || rest.starts_with('-'));
                rest == Some(true) || word.strip_suffix(name).is_some_and(|rest| rest.ends_with('-'))
            })
        };
        let named = clusters.iter().filter(|(_, name)| !name.is_empty() && says(name));
        named.max_by_key(|(_, name)| name.len())
    };
    let only = || clusters.first().filter(|_| clusters.len() == 1);
    by_id.or_else(by_name).or_else(only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_answer_it_is() {
        let clusters = [("u-1", "prod"), ("u-2", "prod-blue")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let of = |place: &str| owner(&clusters, place).map(|(id, _)| id.as_str());
        assert_eq!(of("x/u-2/ip-acl.json/"), Some("u-2"));
        assert_eq!(of("export/prod-ip-acl.json/"), Some("u-1"));
        assert_eq!(of("export/prod-blue-ip-acl.json/"), Some("u-2"));
        assert_eq!(of("all.json/ip-acl prod"), Some("u-1"));
        assert_eq!(of("production/ip-acl.json/"), None);
        assert_eq!(owner(&clusters[..1], "ip-acl.json/").map(|(id, _)| id.as_str()), Some("u-1"));
    }
}
