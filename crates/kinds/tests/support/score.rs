//! How many answers were right, kind by kind, and floors that only rise.

use std::collections::BTreeMap;
use std::path::Path;

/// Whether an answer is right: in meaning, and to the letter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verdict {
    /// Status, reason and the causes' reasons and fields are the recorded ones, or the object is.
    pub semantic: bool,
    /// The texts are, too.
    pub exact: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Score {
    cases: usize,
    semantic: usize,
    exact: usize,
}

/// Scores by kind.
#[derive(Debug, Default)]
pub struct Scores(BTreeMap<String, Score>);

impl Scores {
    /// Counts a case.
    pub fn add(&mut self, kind: &str, verdict: Verdict) {
        let score = self.0.entry(kind.to_owned()).or_default();
        score.cases += 1;
        score.semantic += usize::from(verdict.semantic);
        score.exact += usize::from(verdict.exact);
    }

    /// Shows the scores, those of all kinds last.
    pub fn print(&self) {
        println!("{:<62}{:>7}{:>10}{:>8}", "kind", "cases", "semantic", "exact");
        let mut all = Score::default();
        for (kind, score) in &self.0 {
            println!("{kind:<62}{:>7}{:>10}{:>8}", score.cases, score.semantic, score.exact);
            all.cases += score.cases;
            all.semantic += score.semantic;
            all.exact += score.exact;
        }
        println!("{:<62}{:>7}{:>10}{:>8}", "all", all.cases, all.semantic, all.exact);
    }

    /// Fails when a kind is below its floor; with `SUMUN_ORACLE_UPDATE` raises the floors instead.
    pub fn check(&self, file: &Path) {
        let floors = read(file);
        if std::env::var_os("SUMUN_ORACLE_UPDATE").is_some() {
            self.raise(&floors, file);
            return;
        }
        let below = self.0.iter().filter_map(|(kind, score)| {
            let (semantic, exact) = floors.get(kind).copied()?;
            (score.semantic < semantic || score.exact < exact).then(|| {
                format!("{kind}: {} of {semantic} semantic, {} of {exact} exact", score.semantic, score.exact)
            })
        });
        let below: Vec<String> = below.collect();
        assert!(
            below.is_empty(),
            "below the floors of {} (SUMUN_ORACLE_SHOW=20 explains, SUMUN_ORACLE_UPDATE=1 raises them):\n{}",
            file.display(),
            below.join("\n")
        );
    }

    fn raise(&self, floors: &BTreeMap<String, (usize, usize)>, file: &Path) {
        let mut text = String::from(
            "# kind\tsemantic\texact: answers that must be right; raised with SUMUN_ORACLE_UPDATE=1\n",
        );
        for (kind, score) in &self.0 {
            let (semantic, exact) = floors.get(kind).copied().unwrap_or_default();
            text.push_str(&format!("{kind}\t{}\t{}\n", semantic.max(score.semantic), exact.max(score.exact)));
        }
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder for the floors");
        std::fs::write(file, text).expect("the floors can be written");
    }
}

fn read(file: &Path) -> BTreeMap<String, (usize, usize)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let floors = lines.filter_map(|line| {
        let mut parts = line.split('\t');
        Some((parts.next()?.to_owned(), (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)))
    });
    floors.collect()
}
