//! The target that `SUMUN_TARGET` names, driven by libFuzzer.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static RUN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("SUMUN_TARGET").unwrap_or_default();
    match sumun_fuzz::TARGETS.iter().find(|target| target.name == name) {
        Some(target) => target.run,
        None => {
            let names: Vec<&str> = sumun_fuzz::TARGETS.iter().map(|target| target.name).collect();
            eprintln!("SUMUN_TARGET must be one of: {}", names.join(", "));
            std::process::exit(2)
        }
    }
});

fuzz_target!(|bytes: &[u8]| RUN(bytes));
