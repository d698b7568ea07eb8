//! Every namespace has a service account named `default`.

use std::sync::Arc;

use api::{Str, object};

use super::queue::Queue;
use super::root_ca::{NamespaceWork, each_namespace};
use crate::app::App;

const NAME: &str = "serviceaccount-controller";

/// Starts the controller.
pub(super) fn start(app: &Arc<App>) {
    each_namespace(app, "serviceaccounts", Queue::<Str>::new(), Arc::new(Accounts));
}

struct Accounts;

impl NamespaceWork for Accounts {
    async fn run(&self, app: &App, namespace: &str) -> Result<(), api::ApiError> {
        let account = object! { "metadata" => object! { "name" => "default", "namespace" => namespace } };
        super::create_missing(app, NAME, "serviceaccounts", namespace, account).await
    }
}
