//! Which updates wait: the package manager of this host is asked, from what it knows already, for half a minute at the
//! longest.  Nothing is fetched and nothing is installed.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api::time::Timestamp;
use api::{Value, object};

use super::root::Root;

const LONGEST: Duration = Duration::from_secs(30);
/// The most output that is read.
const MOST_BYTES: u64 = 8 << 20;

/// A package manager and how it is asked.
struct Manager {
    program: &'static str,
    args: &'static [&'static str],
    /// Pending and security updates by its answer.
    count: fn(&str) -> (i64, Option<i64>),
    /// Where it keeps what it knows; the time of it is when it last asked.
    known: &'static [&'static str],
}

const MANAGERS: &[Manager] = &[
    Manager {
        program: "/usr/bin/apt",
        args: &["list", "--upgradable"],
        count: apt,
        known: &["/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists/partial"],
    },
    Manager {
        program: "/usr/bin/dnf",
        args: &["-q", "-C", "updateinfo", "list", "--updates"],
        count: dnf,
        known: &["/var/cache/dnf", "/var/cache/libdnf5"],
    },
];

/// The updates that wait; `None` when nobody can tell.
pub(super) fn updates(root: &mut Root) -> Option<Value> {
    const TODO: &str = "run this on the host itself";
    let reboot = ["/run/reboot-required", "/var/run/reboot-required"].iter().any(|path| root.exists(path));
    if !root.is_here() {
        root.lack("updates", "no programs are run for another root", TODO);
        return None;
    }
    let Some(manager) = MANAGERS.iter().find(|manager| Path::new(manager.program).is_file()) else {
        root.lack("updates", "neither apt nor dnf is there", "list updates by hand");
        return None;
    };
    let checked = manager.known.iter().find_map(|path| root.stat(path)).map(|stat| stat.changed);
    let Some(checked) = checked.filter(|_| has_lists(root, manager)) else {
        root.lack("updates", "the package manager knows no updates", "run apt-get update or dnf makecache");
        return None;
    };
    match ask(manager) {
        Ok(answer) => {
            let (pending, security) = (manager.count)(&answer);
            Some(object! {
                "source" => manager.program,
                "pending" => pending,
                "security" => security.map_or(Value::Null, Value::from),
                "rebootRequired" => reboot,
                "checked" => Timestamp::new(checked, 0).text().as_str(),
            })
        }
        Err(why) => {
            root.lack("updates", format!("{}: {why}", manager.program), "ask the package manager by hand");
            None
        }
    }
}

/// Lists of packages are there: without any, nothing seems to wait.
fn has_lists(root: &mut Root, manager: &Manager) -> bool {
    let is_list = |name: &String| name.contains("_Packages") || name.ends_with("Release");
    !manager.program.ends_with("apt") || root.list("/var/lib/apt/lists").iter().any(is_list)
}

/// What a program answers, in English.
fn ask(manager: &Manager) -> Result<String, String> {
    let mut command = Command::new(manager.program);
    command.args(manager.args).env_clear().env("LC_ALL", "C").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| e.to_string())?;
    let output = child.stdout.take().ok_or("no output")?;
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = output.take(MOST_BYTES).read_to_end(&mut text);
        read.map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let start = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => break status,
            None if start.elapsed() > LONGEST => {
                // It is gone either way; who cannot be ended, is left alone.
                let _ = child.kill();
                let _ = child.wait();
                return Err("no answer in 30 seconds".to_owned());
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let text = reader.join().map_err(|_| "no output")?.map_err(|e| e.to_string())?;
    if status.success() { Ok(text) } else { Err(status.to_string()) }
}

/// `name/suite,suite version arch [upgradable from: version]` a line.
fn apt(answer: &str) -> (i64, Option<i64>) {
    let suites = answer.lines().filter(|line| line.contains("[upgradable from:"));
    let suites = suites.filter_map(|line| line.split_whitespace().next()?.split_once('/').map(|(_, s)| s));
    let is_security = |suites: &&str| suites.split(',').any(|suite| suite.ends_with("-security"));
    let (mut pending, mut security) = (0, 0);
    for suites in suites {
        pending += 1;
        security += i64::from(is_security(&suites));
    }
    (pending, Some(security))
}

/// `advisory severity/Sec. package` a line.
fn dnf(answer: &str) -> (i64, Option<i64>) {
    let lines = answer.lines().filter(|line| line.split_whitespace().count() >= 3);
    let (mut pending, mut security) = (0, 0);
    for line in lines {
        pending += 1;
        security += i64::from(line.contains("/Sec.") || line.contains(" security "));
    }
    (pending, Some(security))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted() {
        let answer = "Listing...\n\
            openssl/noble-updates,noble-security 3.0.13-0ubuntu3.5 amd64 [upgradable from: 3.0.13-0ubuntu3.4]\n\
            vim/noble-updates 2:9.1 amd64 [upgradable from: 2:9.0]\n";
        assert_eq!(apt(answer), (2, Some(1)));
        assert_eq!(apt("Listing...\n"), (0, Some(0)));
        let answer = "RHSA-2026:1 Important/Sec. openssl-3\nRHBA-2026:2 bugfix vim-9\n";
        assert_eq!(dnf(answer), (2, Some(1)));
    }
}
