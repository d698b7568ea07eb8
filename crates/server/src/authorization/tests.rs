use std::path::PathBuf;

use api::UserInfo;
use authz::Target;

use super::*;

struct Case {
    dir: tempfile::TempDir,
    reloads: Reloads,
    authorization: Authorization,
}

const HEAD: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n";
const RBAC: &str = "- {type: RBAC, name: rbac}\n";
const ALLOW: &str = "- {type: AlwaysAllow, name: alwaysallow}\n";

fn kubeconfig(dir: &std::path::Path) -> PathBuf {
    let path = dir.join("kubeconfig");
    let text = "{clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}], contexts: [{name: c, context: {cluster: c}}], current-context: c}";
    std::fs::write(&path, text).unwrap();
    path
}

fn webhook(kubeconfig: &std::path::Path, policy: &str) -> String {
    format!(
        "- type: Webhook\n  name: hook\n  webhook: {{timeout: 1s, subjectAccessReviewVersion: v1, failurePolicy: {policy}, connectionInfo: {{type: KubeConfigFile, kubeConfigFile: {}}}}}\n",
        kubeconfig.display()
    )
}

impl Case {
    fn new(authorizers: &str) -> Result<Self, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        std::fs::write(&path, format!("{HEAD}{authorizers}")).unwrap();
        let reloads = Reloads::default();
        let config = Config { authorization_config: Some(path), ..Config::default() };
        let policies = Arc::new(Policies::new(&reloads));
        let authorization = Authorization::new(&config, &policies, &reloads)?;
        Ok(Self { dir, reloads, authorization })
    }

    fn swap(&self, text: &str) {
        std::fs::write(self.dir.path().join("config"), text).unwrap();
        self.reloads.look();
    }

    async fn ask(&self) -> Result<(), String> {
        let user = UserInfo::new("bob", ["dev"]);
        let attributes = Attributes { user: &user, verb: "get", target: Target::Path("/x") };
        self.authorization.decide(&attributes).await.map_err(|refused| match refused {
            Refused::Forbidden(error) => error.message,
            Refused::Failed(why) => format!("failed: {why}"),
        })
    }

    fn metrics(&self) -> String {
        let mut out = String::new();
        self.authorization.metrics(&mut out);
        out
    }
}

#[tokio::test]
async fn the_last_good_file_is_in_force() {
    let case = Case::new(&format!("{RBAC}{ALLOW}")).unwrap();
    assert_eq!(case.ask().await, Ok(()));
    let hook = kubeconfig(case.dir.path());
    let denying = format!("{HEAD}{}{RBAC}{ALLOW}", webhook(&hook, "Deny"));
    case.swap(&denying);
    let why = case.ask().await.unwrap_err();
    assert!(
        why.starts_with("failed: Post \"https://127.0.0.1:1/?timeout=1s\": dial tcp 127.0.0.1:1: "),
        "{why}"
    );
    for bad in [
        "",
        "kind: [",
        &format!("{HEAD}{RBAC}"),
        &format!("{HEAD}{RBAC}{ALLOW}- {{type: Node, name: node}}"),
        &format!("{HEAD}{RBAC}{ALLOW}{}", webhook(&case.dir.path().join("gone"), "Deny")),
    ] {
        case.swap(bad);
        assert!(case.ask().await.is_err(), "{bad}");
    }
    case.swap(&format!("{HEAD}{}{RBAC}{ALLOW}", webhook(&hook, "NoOpinion")));
    assert_eq!(case.ask().await, Ok(()));
    let metrics = case.metrics();
    for line in [
        "apiserver_authorization_config_controller_automatic_reloads_total{status=\"success\"} 2",
        "apiserver_authorization_config_controller_automatic_reloads_total{status=\"failure\"} 5",
        "apiserver_authorization_webhook_evaluations_total{name=\"hook\",result=\"error\"} 7",
        "apiserver_authorization_webhook_evaluations_fail_open_total{name=\"hook\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn a_reload_may_bring_a_file_of_rules() {
    let case = Case::new(&format!("{RBAC}{ALLOW}")).unwrap();
    let rules = case.dir.path().join("rules");
    std::fs::write(&rules, "apiVersion: authz.sumun.io/v1alpha1\nkind: AccessRule\nmetadata: {name: shut}\nspec: {effect: Deny, match: [{nonResourceURLs: ['*'], verbs: ['*']}]}\n").unwrap();
    let section = format!("- {{type: AccessRules, name: jit, accessRules: {{file: {}}}}}\n", rules.display());
    case.swap(&format!("{HEAD}{section}{RBAC}{ALLOW}"));
    let why = case.ask().await.unwrap_err();
    assert!(why.contains("denied by access rule \"shut\""), "{why}\n{}", case.metrics());
    std::fs::write(&rules, "").unwrap();
    case.reloads.look();
    assert_eq!(case.ask().await, Ok(()));
}

#[test]
fn what_is_wrong_stops_the_start() {
    let why = Case::new("- {type: RBAC, name: mine}").map(|_| ()).unwrap_err();
    assert!(why.ends_with("config: expected name rbac for authorizer RBAC instead of mine"), "{why}");
    let why = Case::new("- {type: ABAC, name: abac}").map(|_| ()).unwrap_err();
    assert_eq!(why, "authorization-mode ABAC's authorization policy file not passed");
    let start = |config: &Config| {
        let reloads = Reloads::default();
        let policies = Arc::new(Policies::new(&reloads));
        Authorization::new(config, &policies, &reloads).map(drop).unwrap_err()
    };
    let mut config = Config { authorization_mode: vec!["Webhook".to_owned()], ..Config::default() };
    assert_eq!(start(&config), "authorization-mode Webhook's authorization config file not passed");
    config.authorization_webhook.config_file = Some("/no/such".into());
    assert!(start(&config).contains("/no/such: No such file"), "{}", start(&config));
    config.authorization_mode = vec!["RBAC".to_owned()];
    assert_eq!(start(&config), "cannot specify --authorization-webhook-config-file without mode Webhook");
    config.authorization_config = Some("/there".into());
    config.given.insert("authorization-mode");
    assert!(
        start(&config).starts_with("--authorization-config can not be specified when --authorization-mode")
    );
}

#[test]
fn json_that_cannot_be_read_names_its_line() {
    let why = configuration::read(b"{\n \"kind\": \"AuthorizationConfiguration\",\n oops }").unwrap_err();
    assert!(why.starts_with("line 3: failed to load AuthorizationConfiguration from file: "), "{why}");
}
