//! Pages of the documentation that follow from the catalogue.  `SUMUN_UPDATE=1` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::PathBuf;

use sumun_posture::{Area, Check, Fix, Framework, LIMITS, Language, catalogue, items};

fn is_as_written(name: &str, got: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("SUMUN_UPDATE").is_some() {
        std::fs::write(&path, got).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(got == written, "docs/{name} is old: run this test with SUMUN_UPDATE=1");
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// Every item of both documents, and of the guidelines beside them, with the checks that decide it.
#[test]
fn every_item_has_its_checks() {
    let mut page = String::from(
        "# Guidelines and their checks\n\n\
         Every item of the guidelines that `sumun scan` knows, and the checks that decide it; `--framework NAME` reports\n\
         by these items.  The page follows from the catalogue: `crates/posture/catalogue/`.\n",
    );
    for framework in Framework::ALL {
        let title = framework.title();
        write!(page, "\n## {} (`--framework {}`)\n\n", title.of(Language::English), framework.name())
            .unwrap();
        page.push_str("| item | about | 내용 | checks |\n| --- | --- | --- | --- |\n");
        for item in items(framework) {
            let about = |language| item.title.map_or("", |title| title.of(language));
            let checks: Vec<_> = item.checks.iter().map(|check| check.id).collect();
            let (en, ko) = (cell(about(Language::English)), cell(about(Language::Korean)));
            writeln!(page, "| {} | {en} | {ko} | {} |", item.id, checks.join(", ")).unwrap();
            let is_document = matches!(framework, Framework::FourC | Framework::Ncp);
            assert!(!is_document || !item.checks.is_empty(), "no check decides {}", item.id);
        }
    }
    is_as_written("guidelines.md", &page);
}

/// Every check, an area a table.
#[test]
fn every_check_is_listed() {
    let mut page = String::from(
        "# Every check\n\n\
         `sumun scan explain ID` tells more of each.  What can be done by a program: *safe* patches break no workload that\n\
         keeps to the rules, *offered* ones need consent, *generated* are new objects or files, *command* is a command or\n\
         setting to apply by hand.  The page follows from the catalogue: `crates/posture/catalogue/`.\n",
    );
    let mut area: Option<Area> = None;
    for check in catalogue() {
        if area != Some(check.area()) {
            area = Some(check.area());
            write!(page, "\n## {}\n\n", check.area().words().of(Language::English)).unwrap();
            page.push_str("| check | severity | asks for | | decided from | fix |\n| --- | --- | --- | --- | --- | --- |\n");
        }
        page.push_str(&row(check));
    }
    page.push_str(
        "\n## Limits\n\n\
         What a site decides for itself, with `--limit NAME=N`: how old, how many, how long.\n\n\
         | limit | default | what | | checks |\n| --- | --- | --- | --- | --- |\n",
    );
    for limit in LIMITS {
        let (en, ko) = (limit.about.of(Language::English), limit.about.of(Language::Korean));
        writeln!(page, "| {} | {} | {en} | {ko} | {} |", limit.name, limit.default, limit.checks.join(", "))
            .unwrap();
    }
    is_as_written("checks.md", &page);
}

fn row(check: &Check) -> String {
    let inputs: Vec<_> = check.inputs.iter().map(|kind| kind.words().of(Language::English)).collect();
    let fix = match check.fix {
        Fix::No => "",
        Fix::Safe => "safe",
        Fix::Offered => "offered",
        Fix::Generated => "generated",
        Fix::Command => "command",
    };
    let (en, ko) = (cell(check.title.of(Language::English)), cell(check.title.of(Language::Korean)));
    format!("| {} | {} | {en} | {ko} | {} | {fix} |\n", check.id, check.severity, inputs.join("; "))
}
