//! Documents as tools write them.

use super::*;
use crate::document::Document;

fn input(texts: &[&str]) -> Input {
    let mut input = Input::default();
    for text in texts {
        input.documents.extend(Document::parse(Kind::Images, "report.json", text.as_bytes()).unwrap());
    }
    input
}

/// What is found in one image: `ID package fixed SEVERITY`.
fn found(text: &str) -> Vec<String> {
    let input = input(&[text]);
    assert!(problems(&input).is_empty(), "{:?}", problems(&input));
    let images = Images::of(&input);
    let facts: Vec<&Facts<'_>> = images.facts.iter().collect();
    let show = |v: &&Vulnerability<'_>| format!("{} {} {:?} {}", v.id, v.package, v.fixed, v.severity.name());
    vulnerabilities(&facts).iter().map(show).collect()
}

/// The image, and packages in it.
fn packed(text: &str) -> (String, Vec<String>, Vec<String>) {
    let input = input(&[text]);
    assert!(problems(&input).is_empty(), "{:?}", problems(&input));
    let images = Images::of(&input);
    let facts = images.facts.first().unwrap();
    assert!(facts.is_bill);
    let packages = facts.packages.iter().flatten().map(|p| format!("{} {}", p.name, p.version)).collect();
    let names: Vec<String> = facts.names.digests.iter().chain(&facts.names.references).cloned().collect();
    (facts.names.title.clone(), names, packages)
}

const TRIVY: &str = r#"{"SchemaVersion": 2, "CreatedAt": "2026-06-20T10:00:00.123456789+09:00",
 "ArtifactName": "nginx:1.27", "ArtifactType": "container_image",
 "Metadata": {"OS": {"Family": "debian", "Name": "12.5"}, "ImageID": "sha256:aa", "RepoTags": ["nginx:1.27"],
  "RepoDigests": ["nginx@sha256:00"], "Size": 7,
  "ImageConfig": {"created": "2026-01-01T00:00:00Z", "config": {"User": "101", "Env": ["A=b"]}, "history": [{"created_by": "RUN x"}]}},
 "Results": [{"Target": "nginx:1.27 (debian 12.5)", "Class": "os-pkgs", "Packages": [{"Name": "libssl3", "Version": "3.0.11"}],
   "Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "libssl3", "InstalledVersion": "3.0.11", "FixedVersion": "3.0.12", "Severity": "CRITICAL"},
    {"VulnerabilityID": "CVE-2024-2", "PkgName": "libssl3", "InstalledVersion": "3.0.11", "Severity": "HIGH"}]},
  {"Target": "/app/key.pem", "Class": "secret", "Secrets": [{"RuleID": "private-key", "Title": "Asymmetric Private Key", "Match": "xxx"}]}]}"#;

#[test]
fn trivy() {
    assert_eq!(found(TRIVY), [r#"CVE-2024-1 libssl3 "3.0.12" critical"#, r#"CVE-2024-2 libssl3 "" high"#]);
    let input = input(&[TRIVY]);
    let images = Images::of(&input);
    let facts = images.facts.first().unwrap();
    assert_eq!(facts.names.digests, ["sha256:00", "sha256:aa"]);
    assert_eq!(facts.names.references, ["docker.io/library/nginx:1.27"]);
    assert_eq!(facts.taken.unwrap().to_string(), "2026-06-20T01:00:00Z");
    assert_eq!(facts.leaks, [("/app/key.pem", "Asymmetric Private Key")]);
    let config = facts.config.as_ref().unwrap();
    assert_eq!(
        (config.user, config.env.as_slice(), config.history.as_slice()),
        (Some("101"), &["A=b"][..], &["RUN x"][..])
    );
    assert_eq!(facts.system.unwrap().is_ended, Some(false));
}

#[test]
fn trivy_of_a_cluster() {
    let report = r#"{"ClusterName": "c", "Resources": [{"Namespace": "a", "Kind": "Deployment", "Name": "d",
      "Metadata": [{"RepoTags": ["a:1"]}, {"RepoTags": ["b:1"]}],
      "Results": [{"Target": "a:1 (debian 12)", "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "PkgName": "x", "Severity": "LOW"}]},
       {"Target": "b:1 (debian 12)", "Vulnerabilities": [{"VulnerabilityID": "CVE-2", "PkgName": "x", "Severity": "LOW"}]}]},
      {"Kind": "Role", "Name": "r", "Results": [{"Target": "Role/r"}]}]}"#;
    let input = input(&[report]);
    let images = Images::of(&input);
    let of = |i: usize| {
        let facts = images.facts.get(i).unwrap();
        let ids: Vec<_> = facts.vulnerabilities.iter().flatten().map(|v| v.id).collect();
        (facts.names.references.join(" "), ids.join(" "))
    };
    assert_eq!(images.facts.len(), 2);
    assert_eq!(of(0), ("docker.io/library/a:1".to_owned(), "CVE-1".to_owned()));
    assert_eq!(of(1), ("docker.io/library/b:1".to_owned(), "CVE-2".to_owned()));
}

#[test]
fn grype_and_syft() {
    let report = r#"{"matches": [{"vulnerability": {"id": "GHSA-1", "severity": "High", "fix": {"versions": ["2.0"], "state": "fixed"}},
       "relatedVulnerabilities": [{"id": "CVE-2024-9"}], "artifact": {"name": "left-pad", "version": "1.0"}},
      {"vulnerability": {"id": "CVE-2024-8", "severity": "Negligible", "fix": {"versions": ["1"], "state": "wont-fix"}}, "artifact": {"name": "x", "version": "0"}}],
      "source": {"type": "image", "target": {"userInput": "a:1", "imageID": "sha256:01", "repoDigests": ["a@sha256:02"], "imageSize": 9}},
      "distro": {"name": "alpine", "version": "3.19.1"}, "descriptor": {"name": "grype", "timestamp": "2026-06-01T00:00:00Z"}}"#;
    assert_eq!(found(report), [r#"CVE-2024-8 x "" info"#, r#"GHSA-1 left-pad "2.0" high"#]);
    let syft = r#"{"artifacts": [{"name": "bash", "version": "5"}], "source": {"type": "image", "metadata": {"userInput": "a:1"}}, "schema": {}}"#;
    let (title, names, packages) = packed(syft);
    assert_eq!(
        (title.as_str(), names[0].as_str(), packages[0].as_str()),
        ("a:1", "docker.io/library/a:1", "bash 5")
    );
}

#[test]
fn clair() {
    let report = r#"{"manifest_hash": "sha256:03", "packages": {"1": {"name": "openssl", "version": "3.0.2"}},
      "distributions": {"1": {"did": "ubuntu", "version_id": "22.04"}},
      "vulnerabilities": {"7": {"name": "CVE-2023-0286 on Ubuntu 22.04", "normalized_severity": "High", "fixed_in_version": "3.0.2-0ubuntu1.8", "links": "https://x/CVE-2023-0286 https://x/CVE-2023-0215."}},
      "package_vulnerabilities": {"1": ["7", "8"]}}"#;
    assert_eq!(found(report), [r#"CVE-2023-0286 openssl "3.0.2-0ubuntu1.8" high"#]);
    let input = input(&[report]);
    let images = Images::of(&input);
    let first = images.facts[0].vulnerabilities.iter().flatten().next().unwrap();
    assert!(first.aliases.contains(&"CVE-2023-0215"));
    let features = r#"{"status": "scanned", "data": {"Layer": {"Name": "sha256:04", "Features": [{"Name": "glibc", "Version": "2.3",
       "Vulnerabilities": [{"Name": "CVE-2024-5555", "Severity": "Defcon1", "FixedBy": "2.4"}]}]}}}"#;
    assert_eq!(found(features), [r#"CVE-2024-5555 glibc "2.4" critical"#]);
}

#[test]
fn cyclonedx() {
    let bill = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "urn:uuid:1", "metadata": {"timestamp": "2026-06-01T00:00:00Z",
       "component": {"bom-ref": "root", "type": "container", "name": "a:1", "purl": "pkg:oci/a@sha256%3A05?repository_url=docker.io/library/a"}},
      "components": [{"bom-ref": "p", "type": "library", "name": "openssl", "version": "1", "components": [{"type": "library", "name": "inner", "version": "2"}]},
        {"type": "operating-system", "name": "alpine", "version": "3.19"}],
      "vulnerabilities": [{"id": "CVE-2024-1", "ratings": [{"severity": "low"}, {"severity": "critical"}], "affects": [{"ref": "p", "versions": [{"version": "2", "status": "unaffected"}]}]}]}"#;
    assert_eq!(found(bill), [r#"CVE-2024-1 openssl "2" critical"#]);
    let (_, names, packages) = packed(bill);
    assert_eq!(names, ["sha256:05", "docker.io/library/a:1"]);
    assert_eq!(packages, ["openssl 1", "inner 2"]);
}

#[test]
fn spdx() {
    let old = r#"{"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "x", "creationInfo": {"created": "2026-06-01T00:00:00Z"},
      "documentDescribes": ["SPDXRef-root"], "packages": [{"SPDXID": "SPDXRef-root", "name": "registry.example.com/a", "versionInfo": "1",
        "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:oci/a@sha256:06"}], "attributionTexts": ["RepoDigest: registry.example.com/a@sha256:07"]},
       {"SPDXID": "SPDXRef-b", "name": "bash", "versionInfo": "5"}]}"#;
    let (title, names, packages) = packed(old);
    assert_eq!(title, "registry.example.com/a:1");
    assert_eq!(names[..2], ["sha256:06", "sha256:07"]);
    assert_eq!(packages, ["bash 5"]);
    let new = r#"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [{"type": "CreationInfo", "created": "2026-06-01T00:00:00Z"},
      {"type": "software_Sbom", "rootElement": ["r"]}, {"type": "software_Package", "spdxId": "r", "name": "a:1", "software_packageUrl": "pkg:oci/a@sha256:08"},
      {"type": "software_Package", "spdxId": "b", "name": "bash", "software_packageVersion": "5"}]}"#;
    let (_, names, packages) = packed(new);
    assert_eq!(
        (names, packages),
        (vec!["sha256:08".to_owned(), "docker.io/library/a:1".to_owned()], vec!["bash 5".to_owned()])
    );
}

/// Which vulnerabilities of [`TRIVY`] are left when a document of VEX is given too.
fn left(vex: &str) -> Vec<String> {
    let input = input(&[TRIVY, vex]);
    assert!(problems(&input).is_empty(), "{:?}", problems(&input));
    let images = Images::of(&input);
    let facts: Vec<&Facts<'_>> = images.facts.iter().collect();
    let left = vulnerabilities(&facts).into_iter().filter(|v| !images.is_set_aside(&facts, v));
    left.map(|v| v.id.to_owned()).collect()
}

#[test]
fn what_is_said_to_do_no_harm_is_set_aside() {
    let vex = |statement: &str| {
        format!(
            r#"{{"@context": "https://openvex.dev/ns/v0.2.0", "timestamp": "2026-06-25T00:00:00Z", "statements": [{statement}]}}"#
        )
    };
    let said = |product: &str, rest: &str| {
        format!(
            r#"{{"vulnerability": {{"name": "CVE-2024-1"}}, "products": [{{"@id": "{product}"}}], {rest}}}"#
        )
    };
    let reason = r#""status": "not_affected", "justification": "vulnerable_code_not_present""#;
    let both = ["CVE-2024-1", "CVE-2024-2"];
    for (product, rest, want) in [
        ("pkg:oci/nginx@sha256%3A00", reason, &both[1..]),
        ("nginx:1.27", reason, &both[1..]),
        ("pkg:oci/nginx?repository_url=docker.io/library/nginx", r#""status": "fixed""#, &both[1..]),
        ("pkg:deb/debian/libssl3@3.0.11", reason, &both[1..]),
        // Another image, another package, no reason, not harmless.
        ("pkg:oci/nginx@sha256%3Aff", reason, &both[..]),
        ("pkg:deb/debian/libssl3@3.0.9", reason, &both[..]),
        ("nginx:1.27", r#""status": "not_affected""#, &both[..]),
        ("nginx:1.27", r#""status": "under_investigation""#, &both[..]),
    ] {
        assert_eq!(left(&vex(&said(product, rest))), want, "{product} {rest}");
    }
    // The last word counts.
    let later = said("nginx:1.27", r#""status": "affected", "timestamp": "2026-06-26T00:00:00Z""#);
    assert_eq!(left(&vex(&format!("{}, {later}", said("nginx:1.27", reason)))), both);
    let part = |part: &str| {
        format!(
            r#"{{"vulnerability": "CVE-2024-1", "products": [{{"@id": "nginx:1.27", "subcomponents": [{{"@id": "{part}"}}]}}], {reason}}}"#
        )
    };
    assert_eq!(left(&vex(&part("pkg:deb/debian/libssl3"))), both[1..]);
    assert_eq!(left(&vex(&part("pkg:deb/debian/zlib"))), both);
    assert_eq!(left(&vex(&part("something"))), both);
}

#[test]
fn what_a_bill_says_of_its_vulnerabilities_counts() {
    let bill = |state: &str| {
        format!(
            r#"{{"bomFormat": "CycloneDX", "metadata": {{"component": {{"bom-ref": "r", "type": "container", "name": "nginx:1.27"}}}},
             "vulnerabilities": [{{"id": "CVE-2024-1", "analysis": {state}, "affects": [{{"ref": "pkg:deb/debian/libssl3@3.0.11"}}]}}]}}"#
        )
    };
    assert_eq!(
        left(&bill(r#"{"state": "not_affected", "justification": "code_not_reachable"}"#)),
        ["CVE-2024-2"]
    );
    assert_eq!(left(&bill(r#"{"state": "not_affected"}"#)).len(), 2);
    assert_eq!(left(&bill(r#"{"state": "exploitable", "detail": "x"}"#)).len(), 2);
}

#[test]
fn what_a_bill_of_something_else_says_is_true_there_only() {
    let bill = |name: &str| {
        format!(
            r#"{{"bomFormat": "CycloneDX", "metadata": {{"component": {{"bom-ref": "r", "type": "application", "name": "{name}"}}}},
             "components": [{{"bom-ref": "x", "type": "library", "name": "libssl3", "version": "3.0.11"}}],
             "vulnerabilities": [{{"id": "CVE-2024-1", "ratings": [{{"score": 9.8, "method": "CVSSv31"}}], "affects": [{{"ref": "x"}}],
              "analysis": {{"state": "not_affected", "justification": "code_not_reachable"}}}}]}}"#
        )
    };
    let mut input = input(&[TRIVY]);
    input.documents.extend(Document::parse(Kind::Images, "app.json", bill("app").as_bytes()).unwrap());
    let images = Images::of(&input);
    let (nginx, app) = (images.facts.first().unwrap(), images.facts.last().unwrap());
    let worst = |facts| vulnerabilities(&[facts])[0].clone();
    assert_eq!(worst(app).severity, Severity::Critical);
    assert!(images.is_set_aside(&[app], &worst(app)));
    assert!(!images.is_set_aside(&[nginx], &worst(nginx)));
}

#[test]
fn what_somebody_signs_about_an_image() {
    let about = |predicate: &str| {
        format!(
            r#"{{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://cosign.sigstore.dev/attestation/vuln/v1",
             "subject": [{{"name": "registry.example.com/a", "digest": {{"sha256": "0a"}}}}], "predicate": {predicate}}}"#
        )
    };
    let bill =
        r#"{"bomFormat": "CycloneDX", "components": [{"type": "library", "name": "b", "version": "1"}]}"#;
    let report = format!(
        r#"{{"scanner": {{"result": {}}}, "metadata": {{"scanFinishedOn": "2026-06-01T00:00:00Z"}}}}"#,
        TRIVY.replace("CreatedAt", "x")
    );
    for predicate in [bill, &format!(r#"{{"Data": {bill}}}"#), &report] {
        let input = input(&[&about(predicate)]);
        assert!(problems(&input).is_empty(), "{:?}", problems(&input));
        let images = Images::of(&input);
        let facts = images.facts.first().unwrap();
        assert!(facts.names.digests.contains(&"sha256:0a".to_owned()), "{predicate}");
        assert!(facts.packages.is_some());
        assert_eq!(facts.taken.is_some(), predicate == report);
    }
    for (text, want) in [
        (about(r#"{"builder": {}}"#), "tells nothing of images"),
        (about(&about(bill)), "tells nothing of images"),
        (
            r#"{"payloadType": "application/vnd.in-toto+json", "payload": "e30="}"#.to_owned(),
            "signed envelope",
        ),
    ] {
        assert!(problems(&input(&[&text]))[0].text.contains(want), "{text}");
    }
}

#[test]
fn a_later_report_of_a_tool_stands_for_the_earlier_one() {
    let newer = TRIVY.replace("2026-06-20", "2026-06-21").replace("CVE-2024-2", "CVE-2024-3");
    let input = input(&[TRIVY, &newer]);
    let images = Images::of(&input);
    let ids: Vec<_> = vulnerabilities(&images.about(&Names::of("sha256:00"))).iter().map(|v| v.id).collect();
    assert_eq!(ids, ["CVE-2024-1", "CVE-2024-3"]);
    assert!(images.about(&Names::of("nginx:1.27@sha256:99")).is_empty());
    assert!(images.has_another(&Names::of("nginx:1.27@sha256:99")));
}

#[test]
fn what_is_not_whole_is_told() {
    for (text, want) in [
        (r#"{"a": 1}"#, "not a document about images"),
        ("5", "not a document about images"),
        (r#"{"SchemaVersion": 2, "ArtifactName": "a", "Results": "gone"}"#, "without Results"),
        (r#"{"matches": {}, "source": {}}"#, "without matches"),
        (r#"{"manifest_hash": "sha256:00", "packages": {}}"#, "without vulnerabilities"),
        (r#"{"bomFormat": "CycloneDX", "specVersion": "1.6"}"#, "without components"),
        (r#"{"spdxVersion": "SPDX-2.3"}"#, "without packages"),
        (
            r#"{"catalogVersion": "1", "count": 2, "vulnerabilities": [{"cveID": "CVE-1"}]}"#,
            "fewer than it says",
        ),
        (
            r#"{"@context": "https://openvex.dev/ns", "statements": [{"vulnerability": "CVE-1", "status": "fine"}]}"#,
            "status",
        ),
        (
            r#"{"apiVersion": "aquasecurity.github.io/v1alpha1", "kind": "ConfigAuditReport", "report": {}}"#,
            "nothing of images",
        ),
        (r#"{"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "repository"}"#, "about a repository"),
        (r#"{"artifacts": [], "source": {"type": "directory"}}"#, "about a directory"),
        // Vulnerabilities of nothing, and what two of a list have in common.
        (r#"{"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "CVE-1"}]}"#, "without components"),
        (r#"[{"a": 1}, {"b": 2}]"#, "not a document about images"),
    ] {
        let problems = problems(&input(&[text]));
        assert_eq!(problems.len(), 1, "{text}");
        assert!(problems[0].text.contains(want), "{text}: {}", problems[0].text);
    }
}

#[test]
fn configurations() {
    let of = |text: &str| {
        let input = input(&[text]);
        assert!(problems(&input).is_empty(), "{:?}", problems(&input));
        let images = Images::of(&input);
        let facts = images.facts.first().unwrap();
        let config = facts.config.as_ref().unwrap();
        (facts.names.title.clone(), config.user.map(str::to_owned), config.created.map(|t| t.to_string()))
    };
    let oci = r#"{"architecture": "amd64", "config": {"User": "app"}, "created": "1970-01-01T00:00:00Z", "history": []}"#;
    assert_eq!(of(oci), (String::new(), Some("app".to_owned()), None));
    let named = format!(r#"{{"image": "a:1", "config": {oci}}}"#);
    assert_eq!(of(&named).0, "a:1");
    let docker = r#"[{"Id": "sha256:00", "RepoTags": ["a:1"], "Created": "2026-01-02T00:00:00.5Z", "Size": 5, "Config": {"User": "", "Env": null}, "RootFS": {}}]"#;
    assert_eq!(of(docker), ("a:1".to_owned(), Some(String::new()), Some("2026-01-02T00:00:00Z".to_owned())));
    let skopeo = r#"{"Name": "docker.io/library/a", "Digest": "sha256:00", "Created": "2026-01-02T00:00:00Z", "Layers": [], "Env": ["A=b"]}"#;
    assert_eq!(of(skopeo).1, None);
}
