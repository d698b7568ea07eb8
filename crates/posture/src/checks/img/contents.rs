//! What is in images: bills of materials, who runs them, what they do not need, what they should not hold.

use std::collections::BTreeSet;

use super::known::{Known, Row, Seen, fail, warn};
use crate::checks::Flaw;
use crate::limits::exceeds;
use crate::secrets::{known_format, looks_like};
use crate::sources::images::{Config, Package, Subject};
use crate::when::day;
use crate::words::{Words, words};

pub(super) const ROWS: &[Row] = &[
    Row { id: "IMG-009", needs: NO_BILLS, look: billed },
    Row { id: "IMG-011", needs: NO_USERS, look: rootless },
    Row { id: "IMG-012", needs: NO_PACKAGES, look: minimal },
    Row { id: "IMG-013", needs: NO_CONFIGS, look: without_secrets },
    Row { id: "IMG-015", needs: NO_TIMES, look: young },
];

const NO_BILLS: Words =
    words("no bill of materials for {} of {} images, the first is {}", "이미지 {}/{}개에 SBOM이 없음: {} 등");
const NO_USERS: Words = words(
    "no configuration that names the user for {} of {} images, the first is {}",
    "이미지 {}/{}개에 USER를 알 수 있는 설정이 없음: {} 등",
);
const NO_PACKAGES: Words = words(
    "no list of packages for {} of {} images, the first is {}",
    "이미지 {}/{}개에 패키지 목록이 없음: {} 등",
);
const NO_CONFIGS: Words = words(
    "neither configuration nor report for {} of {} images, the first is {}",
    "이미지 {}/{}개에 설정도 보고서도 없음: {} 등",
);
const NO_TIMES: Words = words(
    "nothing says when {} of {} images were built, the first is {}",
    "이미지 {}/{}개의 빌드 시각을 알 수 없음: {} 등",
);

const NO_BILL: Words = words("{} has no bill of materials", "{}의 SBOM이 없음");
const EMPTY_BILL: Words = words("the bill of materials of {} lists nothing", "{}의 SBOM에 항목이 없음");
const ROOT: Words = words("{} runs as root: its user is {}", "{}가 root로 실행됨: USER {}");
const NOBODY: Words = words("{} runs as root: it names no user", "{}에 USER가 없어 root로 실행됨");
const LARGE: Words = words("{} holds more than it needs: {}", "{}에 필요 이상이 들어 있음: {}");
const SECRET: Words =
    words("{} looks like a secret ({}, {} characters)", "{}이(가) 비밀 정보로 보임 ({}, {}자)");
const LEAK: Words = words("{} holds a secret: {}", "{}에 비밀 정보가 있음: {}");
const OLD: Words = words("it was built {} days ago ({})", "{}일 전에 빌드됨 ({})");

/// Packages that an application hardly ever needs, and what they are there for.
const EXTRAS: &[(&str, &[&str])] = &[
    ("shell", &["bash", "busybox", "dash", "ksh", "zsh"]),
    ("package manager", &["apk-tools", "apt", "dnf", "microdnf", "rpm", "yum", "zypper"]),
    (
        COMPILER,
        &["binutils", "clang", "cmake", "g++", "gcc", "golang", "make", "openjdk-jdk", "rust", "rustc"],
    ),
    (
        "network tools",
        &[
            "curl",
            "netcat-openbsd",
            "netcat-traditional",
            "nmap",
            "nmap-ncat",
            "openssh",
            "openssh-client",
            "openssh-clients",
            "socat",
            "tcpdump",
            "telnet",
            "wget",
        ],
    ),
];

/// What makes an image that is for building, not for running.
const COMPILER: &str = "compiler";

/// So many things too much are a failure, half of them a warning.
const MOST_EXTRAS: usize = 4;

/// Endings of values of `USER` that are root.
const ROOTS: [&str; 2] = ["0", "root"];

fn billed(known: &Known<'_>, image: &Subject<'_, '_>) -> Seen {
    let title = image.names.title.as_str();
    let bills: Vec<_> = image.facts.iter().filter(|facts| facts.is_bill).collect();
    let lists = bills.iter().any(|bill| bill.packages.as_ref().is_some_and(|packages| !packages.is_empty()));
    match (lists, bills.is_empty()) {
        (true, _) => Seen::one(None),
        (false, false) => Seen::one(Some(fail(&image.field, EMPTY_BILL.with([title])))),
        (false, true) if known.runs => Seen::one(Some(warn(&image.field, NO_BILL.with([title])))),
        (false, true) => Seen::Unknown,
    }
}

fn configs<'s, 'a>(image: &Subject<'s, 'a>) -> impl Iterator<Item = &'s Config<'a>> {
    image.facts.iter().filter_map(|facts| facts.config.as_ref())
}

fn rootless(_: &Known<'_>, image: &Subject<'_, '_>) -> Seen {
    let Some(user) = configs(image).find_map(|config| config.user) else { return Seen::Unknown };
    let title = image.names.title.as_str();
    // `user:group`
    let name = user.split(':').next().unwrap_or(user);
    let reason = match name {
        "" => Some(NOBODY.with([title])),
        name if ROOTS.contains(&name) => Some(ROOT.with([title, user])),
        _ => None,
    };
    Seen::one(reason.map(|reason| fail("config.User", reason)))
}

fn minimal(known: &Known<'_>, image: &Subject<'_, '_>) -> Seen {
    let lists = image.facts.iter().filter_map(|facts| facts.packages.as_ref());
    let Some(packages) = lists.max_by_key(|packages| packages.len()) else { return Seen::Unknown };
    let mut extras: Vec<String> = Vec::new();
    let mut builds = false;
    for (what, names) in EXTRAS {
        let mut found = packages.iter().filter(|package| is_one_of(package, names));
        if let Some(package) = found.next() {
            builds |= *what == COMPILER;
            extras.push(format!("{what} ({})", package.name));
        }
    }
    let limits = &known.settings.limits;
    let count = packages.iter().map(|package| package.name).collect::<BTreeSet<_>>().len();
    if exceeds(count, limits.image_packages) {
        extras.push(format!("{count} packages"));
    }
    let size = image.facts.iter().filter_map(|facts| facts.size).max();
    if let Some(size) = size.filter(|size| *size >> 20 > limits.image_mib) {
        extras.push(format!("{} MiB", size >> 20));
    }
    let reason = LARGE.with([image.names.title.clone(), extras.join(", ")]);
    Seen::one(match extras.len() {
        n if builds || n >= MOST_EXTRAS => Some(fail(&image.field, reason)),
        n if n >= MOST_EXTRAS / 2 => Some(warn(&image.field, reason)),
        _ => None,
    })
}

/// The name of a package, or one with the version in it: `gcc-12`, `openjdk-17-jdk`, `golang-1.21-go`.
fn is_one_of(package: &Package<'_>, names: &[&str]) -> bool {
    let plain = |part: &&str| !part.starts_with(|c: char| c.is_ascii_digit());
    let without_version = || package.name.split('-').filter(plain).collect::<Vec<_>>().join("-");
    names.contains(&package.name) || names.contains(&without_version().as_str())
}

fn without_secrets(_: &Known<'_>, image: &Subject<'_, '_>) -> Seen {
    let mut flaws: BTreeSet<(String, String, String)> = BTreeSet::new();
    let mut is_known = false;
    for facts in &image.facts {
        is_known |= facts.config.is_some() || facts.vulnerabilities.is_some() || !facts.leaks.is_empty();
        for (file, what) in &facts.leaks {
            flaws.insert((String::new(), (*file).to_owned(), (*what).to_owned()));
        }
        facts.config.iter().for_each(|config| in_config(config, &mut flaws));
    }
    let flaw = |(field, a, b): (String, String, String)| match field.is_empty() {
        true => fail(&image.field, LEAK.with([a, b])),
        false => {
            let (what, length) = b.split_once('\t').unwrap_or((&b, ""));
            fail(field, SECRET.with([a.as_str(), what, length]))
        }
    };
    if is_known { Seen::Flaws(flaws.into_iter().map(flaw).collect::<Vec<Flaw>>()) } else { Seen::Unknown }
}

/// Field, name, and what the value looks like: never the value.
fn in_config(config: &Config<'_>, flaws: &mut BTreeSet<(String, String, String)>) {
    let mut check = |field: String, name: &str, value: &str| {
        if let Some(looks) = looks_like(name, value) {
            flaws.insert((field, name.to_owned(), format!("{}\t{}", looks.0, value.chars().count())));
        }
    };
    for (i, variable) in config.env.iter().enumerate() {
        let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
        check(format!("config.Env[{i}]"), name, value);
    }
    for (name, value) in &config.labels {
        check(format!("config.Labels.{name}"), name, value);
    }
    for (i, layer) in config.history.iter().enumerate() {
        for word in layer.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';', ','])) {
            let (name, value) = word.split_once('=').unwrap_or(("", word));
            let name = name.trim_start_matches('-');
            // A word that is not given to a name tells only by its own look.
            let is_name =
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            match is_name {
                true => check(format!("history[{i}]"), name, value.trim_matches(['"', '\''])),
                false if known_format(word).is_some() => check(format!("history[{i}]"), "a word", word),
                false => {}
            }
        }
    }
}

fn young(known: &Known<'_>, image: &Subject<'_, '_>) -> Seen {
    let Some(created) = configs(image).filter_map(|config| config.created).max() else {
        return Seen::Unknown;
    };
    let age = known.settings.days_since(created);
    let is_old = age > known.settings.limits.image_days;
    Seen::one(is_old.then(|| warn("created", OLD.with([age.to_string(), day(created)]))))
}
