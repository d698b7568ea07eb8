//! Measures reading an audit log: `make BYTES > FILE` writes one, `read FILE...` makes a policy of it and tells how
//! long each part took.  Memory is for `/usr/bin/time -v`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program to run by hand")]

use std::io::{BufWriter, Write as _};
use std::time::Instant;

use audit::log::Reader;
use privilege::least::{Kept, Observed, Options, plan, prove};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        Some(("make", [bytes])) => make(bytes.parse()?),
        Some(("read", files)) => read(files),
        _ => Err("make BYTES, or read FILE...".into()),
    }
}

/// Events of a thousand accounts in a hundred namespaces; every fourth carries bodies, as at level RequestResponse.
fn make(bytes: usize) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let body = format!(r#"{{"kind":"Pod","spec":{{"text":"{}"}}}}"#, r#"a \"b\" {c} "#.repeat(150));
    let (mut written, mut n) = (0, 0_usize);
    while written < bytes {
        let verb = ["get", "list", "watch", "update", "create"].get(n % 5).copied().unwrap_or("get");
        let resource =
            ["pods", "configmaps", "secrets", "services"].get(n / 5 % 4).copied().unwrap_or("pods");
        let (account, namespace) = (n * 7919 % 1000, n * 31 % 100);
        let name = if matches!(verb, "get" | "update") { n % 50 } else { 0 };
        let bodies = if n.is_multiple_of(4) {
            format!(r#""requestObject":{body},"responseObject":{body},"#)
        } else {
            String::new()
        };
        let line = format!(
            concat!(
                r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{n:08x}-0000-4000-8000-000000000000","#,
                r#""stage":"ResponseComplete","requestURI":"/api/v1/namespaces/ns-{ns}/{resource}/x-{name}?timeout=30s","verb":"{verb}","#,
                r#""user":{{"username":"system:serviceaccount:ns-{ns}:app-{account}","uid":"0f9c","groups":["system:serviceaccounts","system:serviceaccounts:ns-{ns}","system:authenticated"],"#,
                r#""extra":{{"authentication.kubernetes.io/credential-id":["JTI={n:08x}"],"authentication.kubernetes.io/pod-name":["app-{n}"]}}}},"#,
                r#""sourceIPs":["10.0.0.1"],"userAgent":"app/v1.2.3 (linux/amd64) kubernetes/$Format","#,
                r#""objectRef":{{"resource":"{resource}","namespace":"ns-{ns}","name":"x-{name}","apiVersion":"v1"}},"#,
                r#""responseStatus":{{"metadata":{{}},"code":200}},{bodies}"#,
                r#""requestReceivedTimestamp":"2026-11-02T08:00:00.000000Z","stageTimestamp":"2026-11-02T08:00:00.001000Z","#,
                r#""annotations":{{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":"RBAC: allowed by RoleBinding \"app/ns-{ns}\" of Role \"app\""}}}}"#,
                "\n"
            ),
            n = n,
            ns = namespace,
            resource = resource,
            name = name,
            verb = verb,
            account = account,
            bodies = bodies
        );
        out.write_all(line.as_bytes())?;
        written += line.len();
        n += 1;
    }
    Ok(out.flush()?)
}

fn read(files: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let mut observed = Observed::new(Kept::default());
    let start = Instant::now();
    let mut sink = |event: &audit::Event| observed.add(event);
    let mut reader = Reader::new(&mut sink);
    for file in files {
        reader.read(file, std::fs::File::open(file)?);
    }
    let summary = reader.finish();
    let took = start.elapsed().as_secs_f64();
    println!(
        "{} events, {} MB in {took:.2} s: {:.0} MB/s, {} broken",
        summary.events,
        summary.bytes / 1_000_000,
        summary.bytes as f64 / took / 1e6,
        summary.broken
    );
    let options = Options::default();
    let start = Instant::now();
    let plan = plan(&observed, &options);
    println!(
        "{} roles, {} bindings in {:.2} s",
        plan.roles.len(),
        plan.bindings.len(),
        start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    let proof = prove(&observed, &plan, &options);
    println!("{} questions asked again in {:.2} s", proof.asked, start.elapsed().as_secs_f64());
    if !proof.refused.is_empty() {
        eprintln!("{} refused", proof.refused.len());
    }
    Ok(())
}
