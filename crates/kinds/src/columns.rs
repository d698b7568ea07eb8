//! How `kubectl get` shows each kind: the columns, and the cells of an object.
//!
//! Entry points: [`printer`] finds the [`Printer`] of a kind, [`table`] makes a `meta.k8s.io` Table of objects.

mod admission;
mod authz;
mod autoscaling;
mod batch;
mod cluster;
mod config;
mod format;
mod network;
mod nodes;
mod pods;
mod policy;
mod rbac;
mod sheet;
mod storage;
mod table;
mod workloads;

use api::Value;
use sheet::{AGE, NAME, Sheet, col, metadata};

pub use format::{human_duration, seconds_of};
pub use table::{
    Describe, Include, TableOptions, column_definitions, partial_object, row, table, table_meta,
};

use crate::Printer;

/// How objects of a kind are shown; name and creation time for a kind that has no columns of its own.
pub fn printer(group: &str, kind: &str) -> &'static dyn Printer {
    match group {
        "" => core(kind),
        "admissionregistration.k8s.io" => admission::sheet(kind),
        "apiregistration.k8s.io" => cluster::sheet(kind),
        "apps" => workloads::sheet(kind),
        "autoscaling" => autoscaling::sheet(kind),
        "batch" => batch::sheet(kind),
        "certificates.k8s.io" | "coordination.k8s.io" | "flowcontrol.apiserver.k8s.io" => {
            cluster::sheet(kind)
        }
        "discovery.k8s.io" | "networking.k8s.io" => network::sheet(kind),
        "events.k8s.io" => config::sheet(kind),
        "node.k8s.io" | "resource.k8s.io" => nodes::sheet(kind),
        "policy" | "scheduling.k8s.io" => policy::sheet(kind),
        "authz.sumun.io" => authz::sheet(kind),
        "rbac.authorization.k8s.io" => rbac::sheet(kind),
        "storage.k8s.io" => storage::sheet(kind),
        _ => None,
    }
    .unwrap_or(&DEFAULT)
}

/// The core group has kinds in several files.
fn core(kind: &str) -> Option<&'static Sheet> {
    let files = [
        pods::sheet,
        workloads::sheet,
        config::sheet,
        network::sheet,
        nodes::sheet,
        storage::sheet,
        cluster::sheet,
    ];
    files.iter().find_map(|sheet| sheet(kind))
}

/// Name and creation time (upstream's default table convertor).
static DEFAULT: Sheet = Sheet {
    columns: &[NAME, col("Created At", "date", metadata("creationTimestamp"))],
    cells: |o, _| vec![format::name(o), o.str_at(&["metadata", "creationTimestamp"]).into()],
    ..Sheet::BARE
};

/// Just a name and an age.
static NAME_AND_AGE: Sheet = Sheet {
    columns: &[NAME, AGE],
    cells: |o, now| vec![format::name(o), format::age(o, now)],
    ..Sheet::BARE
};

/// How many items a list at `path` has, as a cell.
fn count(object: &Value, path: &[&str]) -> Value {
    (object.array_at(path).len() as i64).into()
}

#[cfg(test)]
mod tests;
