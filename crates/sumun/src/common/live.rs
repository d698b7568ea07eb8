//! A live cluster through a kubeconfig.

use std::path::Path;

use api::Value;
use client::{Blocking, Kind, Kubeconfig, Method, Request};
use evidence::{Cluster, ClusterError};

use super::Failure;

/// A cluster that can be asked.
#[derive(Debug)]
pub(crate) struct Live {
    client: Blocking,
    address: String,
}

impl Live {
    /// The cluster of a kubeconfig, the usual one when none is named, and of a context in it.
    ///
    /// # Errors
    /// What is wrong with file or context.
    pub(crate) fn open(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<Self, Failure> {
        let file = match kubeconfig {
            Some(path) => Kubeconfig::load(path)?,
            None => Kubeconfig::load_default()?,
        };
        let config = file.config(context)?;
        let address = config.server.to_string();
        Ok(Self { client: Blocking::new(config)?, address })
    }

    /// The namespace of the context, `""` for none.
    pub(crate) fn namespace(&self) -> &str {
        &self.client.config().namespace
    }

    /// What the cluster answers to an object that is sent to a path.
    ///
    /// # Errors
    /// What the cluster says, or why it cannot be asked.
    pub(crate) fn post(&self, path: &str, object: &Value) -> Result<Value, ClusterError> {
        self.client.post(path, object).map_err(|why| failure(&why))
    }

    /// Whether the cluster would take an object at a path, as `kubectl apply --server-side --dry-run=server` asks.
    ///
    /// # Errors
    /// What the cluster says, or why it cannot be asked.
    pub(crate) fn dry_run(&self, path: &str, object: &Value) -> Result<(), ClusterError> {
        let query = "dryRun=All&force=true&fieldManager=sumun";
        let body = api::json::to_vec(object);
        let request = Request::post_bytes(path, "application/apply-patch+yaml", body).query(query);
        let request = Request { method: Method::PATCH, ..request };
        self.client.call(&request).map(drop).map_err(|why| failure(&why))
    }
}

impl Cluster for Live {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn get(&mut self, path: &str) -> Result<Value, ClusterError> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request { largest: 256 << 20, ..Request::get(path).query(query) };
        self.client.call(&request).map_err(|why| failure(&why))
    }
}

fn failure(error: &client::Error) -> ClusterError {
    match error.kind() {
        Kind::Status(code) => ClusterError::Status { code, message: error.to_string() },
        _ => ClusterError::Unreachable(error.to_string()),
    }
}
