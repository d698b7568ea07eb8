use std::sync::Mutex;

use api::{UserInfo, object};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// Allows one verb on some signers, and notes what it was asked.
struct Rights {
    verb: &'static str,
    signers: &'static [&'static str],
    asked: Mutex<Vec<String>>,
}

impl Rights {
    fn to(verb: &'static str, signers: &'static [&'static str]) -> Self {
        Self { verb, signers, asked: Mutex::default() }
    }
}

impl World for Rights {
    fn get(&self, _: &str, _: &str, _: &str, _: &str) -> Option<Value> {
        None
    }

    fn list(&self, _: &str, _: &str, _: &str) -> Vec<Value> {
        Vec::new()
    }

    fn generate_name(&self, prefix: &str) -> String {
        prefix.to_owned()
    }

    fn warn(&self, _: String) {}

    fn allows(&self, question: &Question<'_>) -> bool {
        assert_eq!((question.group, question.resource), ("certificates.k8s.io", "signers"));
        self.asked.lock().unwrap().push(format!("{} {}", question.verb, question.name));
        question.verb == self.verb && self.signers.contains(&question.name)
    }
}

fn judged(
    plugin: &dyn Plugin,
    (operation, subresource): (Operation, &str),
    object: &Value,
    old: &Value,
    world: &Rights,
) -> Result<(), String> {
    let user = UserInfo::new("u", ["g"]);
    let attributes = Attributes {
        operation,
        group: GROUP,
        version: "v1",
        resource: RESOURCE,
        subresource,
        kind: "CertificateSigningRequest",
        namespace: "",
        name: "r",
        user: &user,
        dry_run: false,
        now: 0,
    };
    plugin.validate(&attributes, Some(object), Some(old), world).map_err(|e| e.message)
}

fn request(signer: &str) -> Value {
    object! { "spec" => object! { "signerName" => signer } }
}

const FORBIDDEN: &str = "certificatesigningrequests.certificates.k8s.io \"r\" is forbidden: ";

#[test]
fn who_approves_may_approve_for_the_signer() {
    let (old, new) = (request("example.com/a"), request("example.com/b"));
    let approval = (Operation::Update, "approval");
    let judge = |world: &Rights| judged(&CertificateApproval, approval, &new, &old, world);
    assert_eq!(judge(&Rights::to("approve", &["example.com/a"])), Ok(()));
    assert_eq!(judge(&Rights::to("approve", &["example.com/*"])), Ok(()));
    let refusal =
        format!("{FORBIDDEN}user not permitted to approve requests with signerName \"example.com/a\"");
    // What it would be changed to does not count, nor does another verb or domain.
    for wrong in [
        Rights::to("approve", &["example.com/b", "other.com/*", "*"]),
        Rights::to("sign", &["example.com/a", "example.com/*"]),
    ] {
        assert_eq!(judge(&wrong), Err(refusal.clone()));
        assert_eq!(*wrong.asked.lock().unwrap(), ["approve example.com/a", "approve example.com/*"]);
    }
    let nobody = Rights::to("", &[]);
    for elsewhere in [(Operation::Update, ""), (Operation::Update, "status"), (Operation::Create, "approval")]
    {
        assert_eq!(judged(&CertificateApproval, elsewhere, &new, &old, &nobody), Ok(()), "{elsewhere:?}");
    }
    assert!(nobody.asked.lock().unwrap().is_empty());
}

#[test]
fn who_changes_the_outcome_may_sign() {
    let old = request("example.com/a");
    let with = |member: &str, value: Value| {
        let mut new = old.clone();
        new.set_at(&["status", member], value);
        new
    };
    let signing = |new: &Value, world: &Rights| {
        judged(&CertificateSigning, (Operation::Update, "status"), new, &old, world)
    };
    let refusal = format!("{FORBIDDEN}user not permitted to sign requests with signerName \"example.com/a\"");
    let failed = vec![object! { "type" => "Failed" }];
    for new in [with("certificate", "Y2VydA==".into()), with("conditions", failed.into())] {
        assert_eq!(signing(&new, &Rights::to("approve", &["example.com/a"])), Err(refusal.clone()));
        assert_eq!(signing(&new, &Rights::to("sign", &["example.com/*"])), Ok(()));
    }
    let nobody = Rights::to("", &[]);
    for same in [old.clone(), with("conditions", Value::Array(Vec::new())), with("certificate", "".into())] {
        assert_eq!(signing(&same, &nobody), Ok(()));
    }
    assert!(nobody.asked.lock().unwrap().is_empty());
}

#[test]
fn nobody_asks_for_everything() {
    let text = |organizations: &[&str]| {
        let mut parameters = rcgen::CertificateParams::default();
        for organization in organizations {
            parameters.distinguished_name.push(rcgen::DnType::OrganizationName, *organization);
        }
        let key = rcgen::KeyPair::generate().unwrap();
        STANDARD.encode(parameters.serialize_request(&key).unwrap().pem().unwrap())
    };
    let judge = |signer: &str, body: &str| {
        let mut new = request(signer);
        new.set_at(&["spec", "request"], body);
        judged(&CertificateSubjectRestriction, (Operation::Create, ""), &new, &new, &Rights::to("", &[]))
    };
    let refusal = format!(
        "{FORBIDDEN}use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
    );
    assert_eq!(judge(API_CLIENT, &text(&["system:masters"])), Err(refusal));
    assert_eq!(judge(API_CLIENT, &text(&["dev"])), Ok(()));
    assert_eq!(judge("example.com/a", &text(&["system:masters"])), Ok(()), "others decide for themselves");
    let broken = judge(API_CLIENT, "bm9uZQ==").unwrap_err();
    assert!(broken.starts_with(&format!("{FORBIDDEN}failed to parse CSR: ")), "{broken}");
}
