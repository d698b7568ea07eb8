//! Where the programs are that the tests run.  A missing one is a failure that says what to do, never a skipped
//! test.

use std::path::{Path, PathBuf};

/// The server's command: `SUMUN_BIN`, or the one that cargo built beside this test.
pub fn sumun() -> PathBuf {
    find("SUMUN_BIN", &built("sumun"), "`tools/test` builds it; so does `cargo build --bin sumun`")
}

/// kubectl: `SUMUN_KUBECTL`, or what `tools/setup` fetched.
pub fn kubectl() -> PathBuf {
    find("SUMUN_KUBECTL", &root().join(".tools/bin/kubectl"), "`tools/setup` fetches it")
}

/// A Python that has the `kubernetes` client: `SUMUN_PYTHON`, or what `tools/setup` made.
pub fn python() -> PathBuf {
    find("SUMUN_PYTHON", &root().join(".tools/python/bin/python"), "`tools/setup` installs it")
}

fn find(variable: &str, usual: &Path, hint: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| usual.to_owned(), PathBuf::from);
    assert!(path.is_file(), "no `{}`; {hint}, or set {variable}", path.display());
    path
}

/// Top folder of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A binary of this workspace: tests run from `target/debug/deps`, binaries lie one folder above.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test.parent().and_then(Path::parent).expect("a test lies in a target folder");
    folder.join(name)
}
