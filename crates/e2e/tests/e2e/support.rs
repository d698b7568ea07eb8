//! What several tests need: the Rust client, a server that they share, a runtime.

use std::sync::LazyLock;
use std::time::Duration;

use e2e::Server;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};

/// A server for tests that need none of their own; each takes a namespace of its own.
///
/// It is never dropped; its guard stops it when the tests end.
pub static SHARED: LazyLock<Server> = LazyLock::new(|| Server::start(&[]));

/// The administrator's client of a server.
pub async fn admin(server: &Server) -> Client {
    Client::try_from(config(server).await).unwrap()
}

/// What the kubeconfig of a server's administrator says.
pub async fn config(server: &Server) -> Config {
    let kubeconfig = Kubeconfig::read_from(server.kubeconfig()).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.read_timeout = Some(e2e::PATIENCE);
    config
}

/// Makes a namespace and waits for what controllers put into it, so that nobody else writes there any more.
pub async fn namespace(client: &Client, name: &str) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = serde_json::json!({"metadata": {"name": name}});
    namespaces.create(&Default::default(), &serde_json::from_value(namespace).unwrap()).await.unwrap();
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), name);
    while accounts.get_opt("default").await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), name);
    while maps.get_opt("kube-root-ca.crt").await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Runs a test that is a future; it fails when it takes longer than `seconds`.
pub fn block_on<T>(seconds: u64, future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let limit = Duration::from_secs(seconds);
    runtime.block_on(async { tokio::time::timeout(limit, future).await }).expect("the test takes too long")
}
