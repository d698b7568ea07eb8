//! Every recorded create of the reference server, run through decoding, defaults, preparation and validation.
//!
//! The transcripts live beside the workspace (`../shared/oracle/golden`, or under `SUMUN_SHARED`); without them the test
//! says so and passes.  `SUMUN_ORACLE_ONLY=text|text` picks cases by name, `SUMUN_ORACLE_SHOW=n` explains n failed ones,
//! `SUMUN_ORACLE_UPDATE=1` raises the floors in `tests/floors.tsv`.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test that reports scores")]

mod support;

use api::Value;
use support::{compare, pipeline, score::Scores};

/// Golden files whose creates are run.
const FILES: [&str; 2] = ["validation.json", "kinds.json"];

#[test]
fn creates_answer_as_recorded() {
    let Some(golden) = golden_folder() else {
        println!("no transcripts beside the workspace, nothing to compare");
        return;
    };
    let only = std::env::var("SUMUN_ORACLE_ONLY").unwrap_or_default();
    let mut show: usize = std::env::var("SUMUN_ORACLE_SHOW").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut scores = Scores::default();
    for file in FILES {
        let text = std::fs::read(golden.join(file)).expect("a golden file");
        let cases = codec::json::parse(&text).expect("a golden file is JSON").value;
        for case in cases.as_array().unwrap_or(&[]) {
            let name = case.str_at(&["name"]);
            if !only.is_empty() && !only.split('|').any(|part| name.contains(part)) {
                continue;
            }
            for (step, want) in pipeline::creates(case) {
                let got = pipeline::create(&step, &want);
                let verdict = compare::verdict(&want, &got);
                scores.add(&got.kind, verdict);
                if !verdict.exact && show > 0 {
                    show -= 1;
                    println!("{name}: {}", compare::explain(&want, &got));
                }
            }
        }
    }
    scores.print();
    if only.is_empty() {
        scores.check(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/floors.tsv"));
    }
}

fn golden_folder() -> Option<std::path::PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("SUMUN_SHARED").unwrap_or_else(|_| beside.to_owned());
    let folder = std::path::Path::new(&shared).join("oracle/golden");
    folder.is_dir().then_some(folder)
}

/// What came of a create.
pub struct Answer {
    /// Group, version and kind, such as `apps/v1.Deployment`.
    pub kind: String,
    /// HTTP status.
    pub status: i64,
    /// The object or the `Status`.
    pub body: Value,
    /// Texts of the `Warning` headers.
    pub warnings: Vec<String>,
}

impl Answer {
    /// An answer without warnings.
    fn new(kind: &str, status: i64, body: Value) -> Self {
        Self { kind: kind.to_owned(), status, body, warnings: Vec::new() }
    }

    /// The same kind and warnings with another outcome.
    fn with(self, status: i64, body: Value) -> Self {
        Self { status, body, ..self }
    }
}
