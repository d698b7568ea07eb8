//! The Python client: `python/client.py` does the work and says what it did.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::SHARED;

#[test]
fn the_python_client_works() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/client.py");
    let mut command = Command::new(e2e::python());
    command.arg(script).arg(SHARED.kubeconfig()).arg("python");
    command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("HTTPS_PROXY").env_remove("https_proxy");
    let output = e2e::run(&mut command, Duration::from_secs(120));
    assert_eq!(output.code, Some(0), "{}\n{}", output.stdout, output.stderr);
    assert_eq!(output.stdout, "ok verbs\nok pages\nok watching\nok copying\nok workloads\n");
}
