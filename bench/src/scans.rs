//! What it costs to scan manifests: [`measure`] runs commands over the same files, one after another.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::text;
use crate::median;
use crate::process::Folder;

/// How often each command runs.
const ROUNDS: usize = 3;
/// How often its memory is looked at.
const LOOK: Duration = Duration::from_millis(1);
/// How often the memory of its children is: that takes longer.
const LOOK_WIDE: Duration = Duration::from_millis(25);

/// Prints how long commands take over `count` manifests, and their largest resident memory.  Commands are separated
/// by `--`; `{dir}` in an argument is the folder with the manifests.
///
/// # Errors
/// A command that cannot be started.
pub(crate) fn measure(count: usize, words: &[&str]) -> Result<(), String> {
    let folder = Folder::new()?;
    for i in 0..count {
        let path = folder.path().join(format!("{i:05}.yaml"));
        std::fs::write(path, manifest(i)).map_err(text)?;
    }
    for command in words.split(|word| *word == "--") {
        let Some((program, arguments)) = command.split_first() else { continue };
        let (mut times, mut peaks) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (time, peak) = run(program, arguments, folder.path())?;
            times.push(time.as_secs_f64() * 1000.0);
            peaks.push(peak as f64 / 1024.0);
        }
        let (time, peak) = (median(&mut times), median(&mut peaks));
        println!("{count:>6} manifests   {time:>9.1} ms   {peak:>8.1} MiB   {program}");
    }
    Ok(())
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> Result<(Duration, u64), String> {
    let dir = folder.display().to_string();
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(arguments.iter().map(|argument| argument.replace("{dir}", &dir)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("{program}: {e}"))?;
    let peak = watch(&mut child)?;
    Ok((started.elapsed(), peak))
}

/// Waits for the end; gives the largest memory of the process with its children, in KiB.
fn watch(child: &mut Child) -> Result<u64, String> {
    let (mut peak, mut wide) = (0, Instant::now());
    while child.try_wait().map_err(text)?.is_none() {
        peak = peak.max(kib(child.id(), "status", "VmHWM:"));
        if wide.elapsed() > LOOK_WIDE {
            let family: u64 =
                family(child.id()).into_iter().map(|pid| kib(pid, "smaps_rollup", "Pss:")).sum();
            peak = peak.max(family);
            wide = Instant::now();
        }
        std::thread::sleep(LOOK);
    }
    Ok(peak)
}

/// A process, its children, and theirs.
fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut next = 0;
    while let Some(pid) = all.get(next).copied() {
        let children =
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        next += 1;
    }
    all
}

fn kib(pid: u32, file: &str, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// What people deploy: mostly workloads, each with something to find.
fn manifest(i: usize) -> String {
    let (name, namespace) = (format!("app-{i}"), format!("team-{}", i % 20));
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = match i % 5 {
        0..=2 => write!(
            out,
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  labels: {{app: {name}}}\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      hostNetwork: {host}\n      containers:\n      - name: web\n        image: registry.example.com/{name}:1.{i}\n        env:\n        - name: MODE\n          value: production\n        ports:\n        - containerPort: 8080\n        securityContext:\n          runAsNonRoot: true\n          allowPrivilegeEscalation: {host}\n        resources:\n          limits: {{cpu: 500m, memory: 256Mi}}\n      - name: sidecar\n        image: envoy\n        volumeMounts:\n        - name: config\n          mountPath: /etc/envoy\n      volumes:\n      - name: config\n        configMap:\n          name: {name}\n",
            host = i.is_multiple_of(7)
        ),
        3 => write!(
            out,
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  type: {kind}\n  selector: {{app: {name}}}\n  ports:\n  - port: 80\n    targetPort: 8080\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  podSelector:\n    matchLabels: {{app: {name}}}\n  ingress:\n  - from:\n    - namespaceSelector: {{}}\n",
            kind = if i.is_multiple_of(2) { "LoadBalancer" } else { "ClusterIP" }
        ),
        _ => write!(
            out,
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: {name}\n  namespace: {namespace}\nrules:\n- apiGroups: ['']\n  resources: [pods, secrets]\n  verbs: [get, list]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: {name}\n  namespace: {namespace}\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: {name}\nsubjects:\n- kind: ServiceAccount\n  name: {name}\n  namespace: {namespace}\n"
        ),
    };
    out
}
