//! The Rust client: every verb on typed objects, on subresources, and on kinds found by discovery alone.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, ServiceAccount};
use kube::api::{
    Api, DeleteParams, DynamicObject, EvictParams, ListParams, Patch, PatchParams, PostParams, WatchEvent,
    WatchParams,
};
use kube::{Client, ResourceExt, discovery};
use serde_json::{from_value, json};

use crate::support::{SHARED, admin, block_on, config, namespace};

/// Runs a test with a client in a namespace of its own on the shared server.
fn in_namespace<F: Future>(name: &'static str, test: impl FnOnce(Client) -> F) -> F::Output {
    block_on(60, async {
        namespace(&admin(&SHARED).await, name).await;
        let mut config = config(&SHARED).await;
        config.default_namespace = name.to_owned();
        test(Client::try_from(config).unwrap()).await
    })
}

/// A ConfigMap of this name and data.
pub fn config_map(name: &str, data: &[(&str, &str)]) -> ConfigMap {
    let data: BTreeMap<_, _> = data.iter().copied().collect();
    from_value(json!({"metadata": {"name": name}, "data": data})).unwrap()
}

fn deployment(name: &str) -> Deployment {
    let labels = json!({"app": name});
    from_value(json!({
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "example.com/web:1"}]},
            },
        },
    }))
    .unwrap()
}

/// Reason of the Status that a failed call was answered with.
fn reason<T: std::fmt::Debug>(result: kube::Result<T>) -> (u16, String) {
    match result {
        Err(kube::Error::Api(status)) => (status.code, status.reason.clone()),
        other => panic!("no Status: {other:?}"),
    }
}

#[test]
fn verbs() {
    in_namespace("client-verbs", |client| async move {
        let maps: Api<ConfigMap> = Api::default_namespaced(client);
        let made = maps.create(&PostParams::default(), &config_map("one", &[("a", "1")])).await.unwrap();
        assert_eq!(maps.get("one").await.unwrap(), made);
        // An object of a revision is not to be created, whether it is there or not.
        let again = maps.create(&PostParams::default(), &made).await;
        assert_eq!(reason(again), (500, String::new()));
        let again = maps.create(&PostParams::default(), &config_map("one", &[])).await;
        assert_eq!(reason(again), (409, "AlreadyExists".into()));

        let mut changed = made.clone();
        changed.data.as_mut().unwrap().insert("b".into(), "2".into());
        let replaced = maps.replace("one", &PostParams::default(), &changed).await.unwrap();
        assert_eq!(replaced.data.as_ref().unwrap().len(), 2);
        let stale = maps.replace("one", &PostParams::default(), &changed).await;
        assert_eq!(reason(stale), (409, "Conflict".into()));

        let dry = PostParams { dry_run: true, ..PostParams::default() };
        maps.create(&dry, &config_map("two", &[])).await.unwrap();
        assert_eq!(maps.get_opt("two").await.unwrap(), None);

        let names: Vec<_> =
            maps.list(&ListParams::default().fields("metadata.name=one")).await.unwrap().items;
        assert_eq!(names, [replaced]);
        assert!(maps.delete("one", &DeleteParams::default()).await.unwrap().is_right());
        assert_eq!(maps.get_opt("one").await.unwrap(), None);
        assert_eq!(reason(maps.delete("one", &DeleteParams::default()).await), (404, "NotFound".into()));
    });
}

#[test]
fn patches() {
    in_namespace("client-patches", |client| async move {
        let deployments: Api<Deployment> = Api::default_namespaced(client);
        deployments.create(&PostParams::default(), &deployment("web")).await.unwrap();
        let plain = PatchParams::default();
        let side = json!({"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "s"}]}}}});
        let merged = deployments.patch("web", &plain, &Patch::Strategic(&side)).await.unwrap();
        let names = |deployment: &Deployment| -> Vec<String> {
            let pod = deployment.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
            pod.containers.iter().map(|container| container.name.clone()).collect()
        };
        assert_eq!(names(&merged), ["side", "main"]);
        let replaced = deployments.patch("web", &plain, &Patch::Merge(&side)).await.unwrap();
        assert_eq!(names(&replaced), ["side"]);

        let applied = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 4},
        });
        let ours = PatchParams::apply("e2e");
        let other = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"template": {"spec": {"containers": [{"name": "side", "image": "mine"}]}}},
        });
        let conflict = deployments.patch("web", &ours, &Patch::Apply(&other)).await;
        assert_eq!(reason(conflict), (409, "Conflict".into()));
        let done = deployments.patch("web", &ours.force(), &Patch::Apply(&applied)).await.unwrap();
        assert_eq!(done.spec.as_ref().unwrap().replicas, Some(4));
        let managers: Vec<_> =
            done.managed_fields().iter().filter_map(|entry| entry.manager.clone()).collect();
        assert!(managers.contains(&"e2e".to_owned()), "{managers:?}");
    });
}

#[test]
fn subresources() {
    in_namespace("client-subresources", |client| async move {
        let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
        deployments.create(&PostParams::default(), &deployment("web")).await.unwrap();
        let two = Patch::Merge(json!({"spec": {"replicas": 2}}));
        let scale = deployments.patch_scale("web", &PatchParams::default(), &two).await.unwrap();
        assert_eq!(scale.spec.unwrap().replicas, Some(2));
        let status = Patch::Merge(json!({"status": {"replicas": 1}, "spec": {"replicas": 9}}));
        let after = deployments.patch_status("web", &PatchParams::default(), &status).await.unwrap();
        assert_eq!(after.spec.unwrap().replicas, Some(2));
        assert_eq!(after.status.unwrap().replicas, Some(1));

        let accounts: Api<ServiceAccount> = Api::default_namespaced(client.clone());
        let account: ServiceAccount = from_value(json!({"metadata": {"name": "robot"}})).unwrap();
        accounts.create(&PostParams::default(), &account).await.unwrap();
        let request = TokenRequest {
            spec: Some(TokenRequestSpec { expiration_seconds: Some(3600), ..Default::default() }),
            ..Default::default()
        };
        let token = accounts.create_token_request("robot", &PostParams::default(), &request).await.unwrap();
        assert_eq!(token.status.unwrap().token.unwrap().split('.').count(), 3);

        let pods: Api<Pod> = Api::default_namespaced(client);
        let pod = json!({
            "metadata": {"name": "one"},
            "spec": {"serviceAccountName": "robot", "containers": [{"name": "main", "image": "x"}]},
        });
        pods.create(&PostParams::default(), &from_value(pod).unwrap()).await.unwrap();
        pods.evict("one", &EvictParams::default()).await.unwrap();
        assert_eq!(pods.get_opt("one").await.unwrap(), None);
    });
}

#[test]
fn a_watch_sees_each_change_once_and_in_order() {
    in_namespace("client-watch", |client| async move {
        let maps: Api<ConfigMap> = Api::default_namespaced(client);
        let start = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
        let stream = maps.watch(&WatchParams::default().timeout(50), &start).await.unwrap().boxed();
        let mut expected = Vec::new();
        for number in 0..30 {
            let name = format!("map-{}", number % 4);
            let now = if number < 4 {
                maps.create(&PostParams::default(), &config_map(&name, &[])).await.unwrap()
            } else {
                let data = Patch::Merge(json!({"data": {"n": number.to_string()}}));
                maps.patch(&name, &PatchParams::default(), &data).await.unwrap()
            };
            expected.push((if number < 4 { "added" } else { "modified" }, now.resource_version().unwrap()));
        }
        maps.delete("map-3", &DeleteParams::default()).await.unwrap();
        let seen: Vec<_> = stream
            .take(expected.len() + 1)
            .map_ok(|event| match event {
                WatchEvent::Added(map) => ("added", map.resource_version().unwrap()),
                WatchEvent::Modified(map) => ("modified", map.resource_version().unwrap()),
                WatchEvent::Deleted(map) => ("deleted", map.name_any()),
                other => panic!("{other:?}"),
            })
            .try_collect()
            .await
            .unwrap();
        expected.push(("deleted", "map-3".to_owned()));
        assert_eq!(seen, expected);
        let revisions: Vec<u64> = seen.iter().filter_map(|(_, at)| at.parse().ok()).collect();
        assert!(revisions.is_sorted(), "{revisions:?}");
    });
}

#[test]
fn collections_and_pages() {
    in_namespace("client-pages", |client| async move {
        let maps: Api<ConfigMap> = Api::default_namespaced(client);
        for number in 0..11 {
            let mut map = config_map(&format!("map-{number:02}"), &[]);
            map.labels_mut().insert("half".into(), (number % 2).to_string());
            maps.create(&PostParams::default(), &map).await.unwrap();
        }
        let mut names = Vec::new();
        let mut parameters = ListParams::default().labels("half").limit(4);
        loop {
            let page = maps.list(&parameters).await.unwrap();
            names.extend(page.items.iter().map(ResourceExt::name_any));
            match page.metadata.continue_ {
                Some(token) if !token.is_empty() => parameters = parameters.continue_token(&token),
                _ => break,
            }
            // What comes while somebody turns pages is not on them.
            let _ = maps.create(&PostParams::default(), &config_map("zzz-late", &[])).await;
        }
        assert_eq!(names, (0..11).map(|number| format!("map-{number:02}")).collect::<Vec<_>>());
        let half = ListParams::default().labels("half=1");
        maps.delete_collection(&DeleteParams::default(), &half).await.unwrap();
        assert_eq!(maps.list(&ListParams::default().labels("half")).await.unwrap().items.len(), 6);
    });
}

#[test]
fn kinds_found_by_discovery() {
    in_namespace("client-discovery", |client| async move {
        let discovery = discovery::Discovery::new(client.clone()).run().await.unwrap();
        let kinds: usize = discovery.groups().map(|group| group.recommended_resources().len()).sum();
        assert!(kinds > 50, "{kinds}");
        let (resource, capabilities) = discovery
            .groups()
            .flat_map(discovery::ApiGroup::recommended_resources)
            .find(|(resource, _)| resource.kind == "Lease")
            .unwrap();
        assert!(capabilities.supports_operation(discovery::verbs::WATCH));
        let leases: Api<DynamicObject> = Api::default_namespaced_with(client, &resource);
        let lease = DynamicObject::new("held", &resource).data(json!({"spec": {"holderIdentity": "me"}}));
        leases.create(&PostParams::default(), &lease).await.unwrap();
        assert_eq!(leases.get("held").await.unwrap().data["spec"]["holderIdentity"], "me");
        assert_eq!(leases.list(&ListParams::default()).await.unwrap().items.len(), 1);
    });
}
