//! Giving a Service its addresses and ports, and taking them back.
//!
//! Entry points: [`begin_create`] and [`begin_update`] run before `prepare_*`, the [`Allocation`] they answer is
//! committed once the object is written, reverted when it is not; [`release`] follows a deletion.

use std::net::IpAddr;

use api::{ApiError, Value, field};

use super::pool::Refusal;
use super::stack::{self, Stack};
use super::{families, is_headless, kind_of, needs_cluster_ip, needs_health_port, node_ports};
use crate::kind::carry_over;
use crate::net;

/// What hands out addresses and ports.  Two requests may ask at the same time.
pub trait Allocators: Send + Sync {
    /// The families of the cluster, the default one first: `IPv4`, `IPv6`.
    fn families(&self) -> &[&'static str];
    /// The address a dry run shows for one of this family.
    fn placeholder(&self, family: &str) -> Option<IpAddr>;
    /// Whether an address could be handed out at all, free or not.
    fn check_ip(&self, ip: IpAddr) -> Result<(), Refusal>;
    /// Takes the address that is wanted, or any free one of a family, for a Service.
    fn allocate_ip(&self, family: &str, wanted: Option<IpAddr>, owner: &Owner) -> Result<IpAddr, Refusal>;
    /// Gives an address back; one that is not taken stays so.
    fn release_ip(&self, ip: IpAddr);
    /// True when a port on the nodes is taken.
    fn has_port(&self, port: i64) -> bool;
    /// Takes the port on the nodes that is wanted, or any free one.
    fn allocate_port(&self, wanted: Option<i64>) -> Result<i64, Refusal>;
    /// Gives a port back; one that is not taken stays so.
    fn release_port(&self, port: i64);
}

/// The Service an address is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What a write took and means to give back; nothing of it is final before [`Allocation::commit`].
#[derive(Debug, Default)]
#[must_use = "commit it once the Service is written, revert it when it is not"]
pub struct Allocation {
    taken_ips: Vec<IpAddr>,
    taken_ports: Vec<i64>,
    free_ips: Vec<IpAddr>,
    free_ports: Vec<i64>,
    dry_run: bool,
}

impl Allocation {
    /// The Service was written: what it no longer needs is free.
    pub fn commit(self, allocators: &dyn Allocators) {
        self.give_back(allocators, &self.free_ips, &self.free_ports);
    }

    /// The Service was not written: what it took is free.
    pub fn revert(self, allocators: &dyn Allocators) {
        self.give_back(allocators, &self.taken_ips, &self.taken_ports);
    }

    fn give_back(&self, allocators: &dyn Allocators, ips: &[IpAddr], ports: &[i64]) {
        if !self.dry_run {
            ips.iter().for_each(|ip| allocators.release_ip(*ip));
            ports.iter().for_each(|port| allocators.release_port(*port));
        }
    }
}

/// Gives a new Service what it needs.
pub fn begin_create(
    service: &mut Value,
    allocators: &dyn Allocators,
    dry_run: bool,
) -> Result<Allocation, ApiError> {
    stack::complete_cluster_ips(service, &Value::Null);
    Work::new(service, allocators, dry_run).run(|work| {
        stack::settle(work.service, &Value::Null, allocators)?;
        work.take_cluster_ips()?;
        if on_nodes(work.service) {
            work.take_new_ports()?;
        }
        if needs_health_port(work.service) { work.take_health_port() } else { Ok(()) }
    })
}

/// Gives a changed Service what it newly needs, after taking over from `old` what the client left out.
pub fn begin_update(
    new: &mut Value,
    old: &Value,
    allocators: &dyn Allocators,
    dry_run: bool,
) -> Result<Allocation, ApiError> {
    keep_allocated(new, old);
    stack::complete_cluster_ips(new, old);
    Work::new(new, allocators, dry_run).run(|work| {
        stack::settle(work.service, old, allocators)?;
        work.change_cluster_ips(old)?;
        work.change_ports(old)?;
        match (needs_health_port(old), needs_health_port(work.service)) {
            (false, true) => work.take_health_port(),
            (true, false) => {
                work.done.free_ports.extend(old.at(&["spec", "healthCheckNodePort"]).as_i64());
                Ok(())
            }
            _ => Ok(()),
        }
    })
}

/// Takes back all a deleted Service had.
pub fn release(service: &Value, allocators: &dyn Allocators) {
    if needs_cluster_ip(service) && !is_headless(service) {
        let ips = service.array_at(&["spec", "clusterIPs"]).iter().filter_map(Value::as_str);
        ips.filter_map(net::Address::parse).for_each(|address| allocators.release_ip(address.ip));
    }
    node_ports(service).into_iter().for_each(|port| allocators.release_port(port));
    let health = service.at(&["spec", "healthCheckNodePort"]).as_i64();
    if let Some(port) = health.filter(|_| needs_health_port(service)) {
        allocators.release_port(port);
    }
}

fn on_nodes(service: &Value) -> bool {
    matches!(kind_of(service), "NodePort" | "LoadBalancer")
}

/// True when ports on the nodes are given without being asked for.
fn wants_node_ports(service: &Value) -> bool {
    let allocate = service.at(&["spec", "allocateLoadBalancerNodePorts"]).as_bool();
    kind_of(service) == "NodePort" || (kind_of(service) == "LoadBalancer" && allocate != Some(false))
}

/// What was given once stays, so that a client need not repeat it.
fn keep_allocated(new: &mut Value, old: &Value) {
    if needs_cluster_ip(old) && needs_cluster_ip(new) {
        let (spec, was) = (new.make_object().entry("spec"), old.at(&["spec"]));
        if spec.str_at(&["clusterIP"]).is_empty() {
            carry_over(spec, was, "clusterIP");
        }
        if spec.array_at(&["clusterIPs"]).is_empty() {
            carry_over(spec, was, "clusterIPs");
        }
    }
    if wants_node_ports(old) && wants_node_ports(new) {
        keep_node_ports(new, old);
    }
    let health = new.at(&["spec", "healthCheckNodePort"]).as_i64().unwrap_or(0);
    if needs_health_port(old) && needs_health_port(new) && health == 0 {
        carry_over(new.make_object().entry("spec"), old.at(&["spec"]), "healthCheckNodePort");
    }
}

/// A port keeps its port on the nodes by its name, unless another one claims that now.
fn keep_node_ports(new: &mut Value, old: &Value) {
    let (had, has) = (node_ports(old), node_ports(new));
    let claimed = |port: &i64| had.contains(port) && has.contains(port);
    let was = |name: &str| {
        let ports = old.array_at(&["spec", "ports"]).iter().rev();
        let same = ports.filter(|port| port.str_at(&["name"]) == name);
        same.filter_map(|port| port.at(&["nodePort"]).as_i64()).next()
    };
    crate::kind::each(new, &["spec", "ports"], |port| {
        let unset = port.get("nodePort").and_then(Value::as_i64).unwrap_or(0) == 0;
        let name = port.get("name").and_then(Value::as_str).unwrap_or("");
        if let Some(number) = was(name).filter(|number| unset && !claimed(number)) {
            port.insert("nodePort", number.into());
        }
    });
}

/// One write in progress.
struct Work<'a> {
    service: &'a mut Value,
    allocators: &'a dyn Allocators,
    owner: Owner,
    done: Allocation,
}

impl<'a> Work<'a> {
    fn new(service: &'a mut Value, allocators: &'a dyn Allocators, dry_run: bool) -> Self {
        let owner = Owner {
            namespace: service.str_at(&["metadata", "namespace"]).to_owned(),
            name: service.str_at(&["metadata", "name"]).to_owned(),
        };
        Self { service, allocators, owner, done: Allocation { dry_run, ..Allocation::default() } }
    }

    /// Runs all steps, undoing them when one fails.
    fn run(mut self, steps: impl FnOnce(&mut Self) -> Result<(), ApiError>) -> Result<Allocation, ApiError> {
        match steps(&mut self) {
            Ok(()) => Ok(self.done),
            Err(error) => {
                self.done.revert(self.allocators);
                Err(error)
            }
        }
    }

    fn invalid(&self, path: &field::Path, value: &Value, why: &str) -> ApiError {
        let mut errors = field::Errors::new();
        errors.invalid(path, value, why);
        ApiError::invalid("", "Service", &self.owner.name, &errors)
    }

    /// An address for every family that has none yet, and the addresses that are asked for.
    fn take_cluster_ips(&mut self) -> Result<(), ApiError> {
        if kind_of(self.service) == "ExternalName"
            || self.service.str_at(&["spec", "clusterIP"]) == families::NONE
        {
            return Ok(());
        }
        let stack = Stack::of(self.service);
        (0..stack.families.len()).try_for_each(|i| self.take_cluster_ip(&stack, i))
    }

    fn take_cluster_ip(&mut self, stack: &Stack, i: usize) -> Result<(), ApiError> {
        let Some(family) = stack.families.get(i) else { return Ok(()) };
        let wanted = stack.ips.get(i).map_or("", String::as_str);
        let ip = self.take_ip(family, wanted)?;
        let shown = if wanted.is_empty() { ip.to_string() } else { wanted.to_owned() };
        let spec = self.service.object_at_mut(&["spec"]);
        if i == 0 {
            spec.insert("clusterIP", shown.as_str().into());
        }
        let ips = spec.entry("clusterIPs");
        if ips.as_array().is_none() {
            *ips = Value::Array(Vec::new());
        }
        let list = ips.as_array_mut();
        match list.map(|list| (list.len(), list)) {
            Some((len, list)) if len > i => list.splice(i..=i, [shown.into()]).for_each(drop),
            Some((_, list)) => list.push(shown.into()),
            None => {}
        }
        Ok(())
    }

    fn take_ip(&mut self, family: &str, wanted: &str) -> Result<IpAddr, ApiError> {
        let address = net::Address::parse(wanted).map(|address| address.ip);
        if !wanted.is_empty() && address.is_none() {
            return Err(ApiError::internal(format!(
                "failed to parse service IP {}",
                field::go_quote(wanted)
            )));
        }
        let taken = match (self.done.dry_run, address) {
            (false, _) => self.allocators.allocate_ip(family, address, &self.owner),
            (true, Some(ip)) => self.allocators.check_ip(ip).map(|()| ip),
            (true, None) => self.allocators.placeholder(family).ok_or(Refusal::Full),
        };
        match taken {
            Ok(ip) => {
                self.done.taken_ips.push(ip);
                Ok(ip)
            }
            Err(Refusal::Full) if wanted.is_empty() => {
                let service = field::go_quote(&self.owner.name);
                let why = format!("failed to allocate a serviceIP for Service {service}: {}", Refusal::Full);
                Err(ApiError::internal(why))
            }
            Err(refusal) => {
                let space = if wanted.is_empty() { "" } else { " " };
                let why = format!("failed to allocate IP{space}{wanted}: {refusal}");
                Err(self.invalid(
                    &field::Path::new("spec.clusterIPs"),
                    self.service.at(&["spec", "clusterIPs"]),
                    &why,
                ))
            }
        }
    }

    /// Addresses come and go with the type and with a second family.
    fn change_cluster_ips(&mut self, old: &Value) -> Result<(), ApiError> {
        if stack::is_settled_dual(self.service, old) {
            return Ok(());
        }
        let (was, is) = (Stack::of(old), Stack::of(self.service));
        let parsed =
            |ips: &[String]| ips.iter().filter_map(|ip| net::Address::parse(ip)).map(|a| a.ip).collect();
        match (kind_of(old), kind_of(self.service)) {
            ("ExternalName", "ExternalName") => {}
            ("ExternalName", _) => return self.take_cluster_ips(),
            _ if was.ips.first().is_some_and(|ip| ip == families::NONE) => {}
            (_, "ExternalName") => self.done.free_ips = parsed(&was.ips),
            _ if was.families.len() == 1 && is.families.len() == 2 => return self.take_cluster_ip(&is, 1),
            _ if was.families.len() == 2 && is.families.len() == 1 => {
                self.done.free_ips = parsed(was.ips.get(1..).unwrap_or(&[]));
            }
            _ => {}
        }
        Ok(())
    }

    fn take_port(&mut self, wanted: Option<i64>) -> Result<i64, Refusal> {
        let port = if self.done.dry_run {
            self.imagine_port(wanted)
        } else {
            self.allocators.allocate_port(wanted)
        }?;
        self.done.taken_ports.push(port);
        Ok(port)
    }

    /// A dry run counts up from beyond the usual range.
    fn imagine_port(&self, wanted: Option<i64>) -> Result<i64, Refusal> {
        match wanted {
            Some(port) if self.allocators.has_port(port) || self.done.taken_ports.contains(&port) => {
                Err(Refusal::PortTaken)
            }
            Some(port) => Ok(port),
            None => Ok(self.done.taken_ports.iter().max().unwrap_or(&32_768) + 1),
        }
    }

    fn take_port_at(&mut self, i: usize, wanted: Option<i64>) -> Result<i64, ApiError> {
        self.take_port(wanted).map_err(|refusal| match wanted {
            Some(port) => {
                let path = field::Path::new("spec.ports").index(i).child("nodePort");
                self.invalid(&path, &port.into(), &refusal.to_string())
            }
            None => ApiError::internal(format!("failed to allocate a nodePort: {refusal}")),
        })
    }

    fn set_node_port(&mut self, i: usize, number: i64) {
        let ports = self.service.object_at_mut(&["spec"]).get_mut("ports").and_then(Value::as_array_mut);
        if let Some(port) = ports.and_then(|ports| ports.get_mut(i)) {
            port.make_object().insert("nodePort", number.into());
        }
    }

    /// Port number and port on the nodes of each port.
    fn port_numbers(&self) -> Vec<(i64, i64)> {
        let number = |port: &Value, member: &str| port.at(&[member]).as_i64().unwrap_or(0);
        let ports = self.service.array_at(&["spec", "ports"]).iter();
        ports.map(|port| (number(port, "port"), number(port, "nodePort"))).collect()
    }

    /// Ports of the same number (with different protocols) share their port on the nodes.
    fn take_new_ports(&mut self) -> Result<(), ApiError> {
        let allocate = wants_node_ports(self.service);
        let numbers = self.port_numbers();
        let mut given: Vec<(i64, i64)> = Vec::new();
        for (i, (port, asked)) in numbers.iter().copied().enumerate() {
            if asked == 0 && !allocate {
                continue;
            }
            match given.iter().find(|(number, _)| *number == port) {
                None => {
                    let same = numbers.iter().filter(|(number, asked)| *number == port && *asked != 0);
                    let taken = self.take_port_at(i, same.map(|(_, asked)| *asked).next())?;
                    self.set_node_port(i, taken);
                    given.push((port, taken));
                }
                Some((_, taken)) if asked == 0 => self.set_node_port(i, *taken),
                Some((_, taken)) if asked != *taken => drop(self.take_port_at(i, Some(asked))?),
                Some(_) => {}
            }
        }
        Ok(())
    }

    fn change_ports(&mut self, old: &Value) -> Result<(), ApiError> {
        let had = node_ports(old);
        if !on_nodes(self.service) {
            if on_nodes(old) && matches!(kind_of(self.service), "ExternalName" | "ClusterIP") {
                self.done.free_ports.extend(had);
            }
            return Ok(());
        }
        let allocate = wants_node_ports(self.service);
        for (i, (_, asked)) in self.port_numbers().into_iter().enumerate() {
            if asked == 0 && allocate {
                let taken = self.take_port_at(i, None)?;
                self.set_node_port(i, taken);
            } else if asked != 0 && !had.contains(&asked) && !self.done.taken_ports.contains(&asked) {
                self.take_port_at(i, Some(asked))?;
            }
        }
        self.no_twins()?;
        let has = node_ports(self.service);
        self.done.free_ports.extend(had.into_iter().filter(|port| !has.contains(port)));
        Ok(())
    }

    /// No port on the nodes may be given twice for the same protocol.
    fn no_twins(&self) -> Result<(), ApiError> {
        let mut seen: Vec<(&str, i64)> = Vec::new();
        for port in self.service.array_at(&["spec", "ports"]) {
            let key = (port.str_at(&["protocol"]), port.at(&["nodePort"]).as_i64().unwrap_or(0));
            if key.1 != 0 && seen.contains(&key) {
                return Err(ApiError::internal(format!("duplicate nodePort: {{{} {}}}", key.0, key.1)));
            }
            seen.push(key);
        }
        Ok(())
    }

    fn take_health_port(&mut self) -> Result<(), ApiError> {
        let asked = self.service.at(&["spec", "healthCheckNodePort"]).as_i64().filter(|port| *port != 0);
        let taken = self.take_port(asked).map_err(|refusal| {
            ApiError::internal(match asked {
                Some(port) => format!("failed to allocate requested HealthCheck NodePort {port}: {refusal}"),
                None => format!("failed to allocate a HealthCheck NodePort 0: {refusal}"),
            })
        })?;
        self.service.set_at(&["spec", "healthCheckNodePort"], taken);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
