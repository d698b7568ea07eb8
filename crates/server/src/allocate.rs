//! Cluster IPs and node ports of services: taken before a service is validated, kept when it is committed, given back
//! when it is not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::sync::Arc;

use api::{ApiError, Value};
use kinds::allocation::{self, Allocation};
use kinds::net::Range;
use kinds::pool::Pool;
use store::{Object, Scope, Store};

use crate::app::App;
use crate::catalog::Served;
use crate::registry::{Call, parse};

/// The addresses and ports of this cluster.
pub(crate) struct Allocations {
    pool: Arc<Pool>,
}

impl std::fmt::Debug for Allocations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Allocations")
    }
}

/// What a write took; given back when dropped unless [`Held::keep`] was called.
#[must_use = "dropping it gives everything back"]
pub(crate) struct Held {
    taken: Option<(Arc<Pool>, Allocation)>,
}

impl Held {
    /// Nothing was taken.
    fn nothing() -> Self {
        Self { taken: None }
    }

    /// The write took place.
    pub(crate) fn keep(mut self) {
        if let Some((pool, allocation)) = self.taken.take() {
            allocation.commit(&*pool);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((pool, allocation)) = self.taken.take() {
            allocation.revert(&*pool);
        }
    }
}

impl Allocations {
    /// The pool of a cluster, everything taken that services in the store have.
    ///
    /// # Errors
    /// A range that makes no sense.
    pub(crate) fn new(
        cidrs: &str,
        (first, last): (u16, u16),
        store: &Store,
        services: &store::Resource,
    ) -> Result<Self, String> {
        let ranges = ranges(cidrs)?;
        let pool = Pool::new(&ranges, RangeInclusive::new(first, last), Box::new(random_below));
        for object in store.snapshot(services).iter(&Scope::All, None) {
            match parse(object) {
                Ok(service) => pool.occupy(&service),
                Err(error) => return Err(error.message),
            }
        }
        Ok(Self { pool: Arc::new(pool) })
    }

    /// Frees what a deleted service had.
    pub(crate) fn after_delete(&self, served: &Served, tombstone: &Object) {
        if !is_services(served) {
            return;
        }
        match parse(tombstone) {
            Ok(service) => allocation::release(&service, &*self.pool),
            Err(error) => tracing::error!(%error, "cannot free the addresses of a deleted service"),
        }
    }
}

impl App {
    /// Takes what a new object needs.
    ///
    /// # Errors
    /// 422 or 500 when it cannot be had.
    pub(crate) fn allocate_for_create(&self, call: &Call<'_>, object: &mut Value) -> Result<Held, ApiError> {
        if !is_services(call.served) {
            return Ok(Held::nothing());
        }
        let pool = self.allocations.pool.clone();
        let allocation = allocation::begin_create(object, &*pool, call.dry_run)?;
        Ok(Held { taken: Some((pool, allocation)) })
    }

    /// Takes what a changed object newly needs.
    ///
    /// # Errors
    /// 422 or 500 when it cannot be had.
    pub(crate) fn allocate_for_update(
        &self,
        call: &Call<'_>,
        object: &mut Value,
        old: &Value,
    ) -> Result<Held, ApiError> {
        if !is_services(call.served) || !call.subresource.is_empty() {
            return Ok(Held::nothing());
        }
        let pool = self.allocations.pool.clone();
        let allocation = allocation::begin_update(object, old, &*pool, call.dry_run)?;
        Ok(Held { taken: Some((pool, allocation)) })
    }
}

/// The ranges of `--service-cluster-ip-range`: one, or one of each family.
fn ranges(cidrs: &str) -> Result<Vec<Range>, String> {
    let ranges =
        cidrs.split(',').map(|text| Range::parse(text).ok_or_else(|| format!("`{text}` is no CIDR")));
    let ranges = ranges.collect::<Result<Vec<_>, _>>()?;
    let same_family = |a: &Range, b: &Range| a.first.is_ipv4() == b.first.is_ipv4();
    match ranges.as_slice() {
        [_] => Ok(ranges),
        [a, b] if !same_family(a, b) => Ok(ranges),
        _ => Err("one range is needed, or one of each IP family".to_owned()),
    }
}

/// The address of the `kubernetes` service: the first one that can be given.
///
/// # Errors
/// Ranges that make no sense.
pub(crate) fn first_service_ip(cidrs: &str) -> Result<IpAddr, String> {
    let ranges = ranges(cidrs)?;
    match ranges.first().map(|r| r.first) {
        Some(IpAddr::V4(ip)) => Ok(Ipv4Addr::from(u32::from(ip).wrapping_add(1)).into()),
        Some(IpAddr::V6(ip)) => Ok(Ipv6Addr::from(u128::from(ip).wrapping_add(1)).into()),
        None => Err("no range".to_owned()),
    }
}

fn is_services(served: &Served) -> bool {
    served.table.group.is_empty() && served.table.plural == "services"
}

fn random_below(limit: u64) -> u64 {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    (high ^ low) % limit.max(1)
}
