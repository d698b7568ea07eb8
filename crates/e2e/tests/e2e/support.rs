//! What several tests need: the Rust client, a server that they share, a runtime.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

/// Waits until there is an answer; fails with `what` after [`e2e::PATIENCE`].
pub async fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < e2e::PATIENCE, "no {what} within {:?}", e2e::PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Numbers that look random and follow from a seed (splitmix64).
pub struct Random(u64);

impl Random {
    /// The numbers that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed that `SUMUN_SEED` names, or another one each time; a test prints it.
    pub fn seed() -> u64 {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos().into();
        std::env::var("SUMUN_SEED").map_or_else(|_| now(), |seed| seed.parse().unwrap())
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
