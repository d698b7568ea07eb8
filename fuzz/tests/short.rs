//! Every target on some thousand inputs: its seeds, and its seeds spoiled.  The same inputs on every machine;
//! `SUMUN_FUZZ_INPUTS` asks for more of them and `SUMUN_FUZZ_SEED` for others.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a failing test says for which input")]

use samples::Dice;
use samples::damage::spoil;
use sumun_fuzz::{TARGETS, Target};

/// Inputs for each target.
const INPUTS: u64 = 1500;

fn number(name: &str, or: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
}

fn check(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let seeds = (target.seeds)();
    seeds.iter().for_each(|seed| run(target, seed));
    let first = number("SUMUN_FUZZ_SEED", 0);
    for seed in first..first + number("SUMUN_FUZZ_INPUTS", INPUTS) {
        let dice = &mut Dice::new(seed);
        let mut input = seeds.get(dice.below(seeds.len())).cloned().unwrap_or_default();
        let other = seeds.get(dice.below(seeds.len())).cloned().unwrap_or_default();
        spoil(dice, &mut input, &other);
        run(target, &input);
    }
}

fn run(target: &Target, input: &[u8]) {
    if let Err(why) = std::panic::catch_unwind(|| (target.run)(input)) {
        eprintln!("target {} fails for \"{}\"", target.name, input.escape_ascii());
        std::panic::resume_unwind(why);
    }
}

macro_rules! short {
    ($($test:ident $name:literal,)*) => {
        $(#[test] fn $test() { check($name); })*

        #[test]
        fn every_target_is_run() {
            let run = [$($name),*];
            assert!(TARGETS.iter().all(|target| run.contains(&target.name)) && run.len() == TARGETS.len());
        }
    };
}

short! {
    json "json", yaml "yaml", protobuf "protobuf", envelope "envelope", object "object", options "options",
    custom "custom", patch "patch", made_patch "made-patch", owners "owners", fields_v1 "fields-v1",
    selector "selector", continuation "continue", token "token", request "request", amount "amount",
    jwt "jwt", key_set "key-set", issuers "issuers", explained_token "explained-token",
    reviews "reviews", authorizers "authorizers", kubeconfig "kubeconfig",
    expression "expression", rules "rules", policy "policy",
    certificate "certificate", authorities "authorities", proxy_headers "proxy-headers", password "password",
    audit_policy "audit-policy", audit_log "audit-log",
}

#[test]
#[ignore = "writes the seeds into folders for long runs"]
fn write_seeds() {
    let root = std::path::PathBuf::from(std::env::var("SUMUN_SEEDS").unwrap());
    for target in TARGETS {
        let folder = root.join(target.name);
        std::fs::create_dir_all(&folder).unwrap();
        for (i, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{i}")), seed).unwrap();
        }
    }
}
