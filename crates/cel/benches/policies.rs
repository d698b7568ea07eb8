//! What typical policies cost on a real pod: `cargo bench -p sumun-cel [-- PART OF A TEXT]`.  Each line is the best of several rounds, with
//! the values of variables set anew each time; `docs/cel.md` says how to compare.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program that measures ends by panicking, prints, and looks at the clock"
)]

use std::hint::black_box;
use std::time::Instant;

use cel::{Activation, Env, Limits, Program, Type, Value};

#[path = "../tests/support/mod.rs"]
mod support;

/// How often an expression is evaluated in a round.
const TIMES: u32 = 50_000;
const ROUNDS: usize = 10;

fn main() {
    let pod = support::convert(&serde_json::from_str(include_str!("pod.json")).unwrap());
    let env = Env::kubernetes().variable("object", Type::Dyn);
    let limits = Limits { cost: Some(cel::environment::EXPRESSION_BUDGET), cancel: None };
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    for text in include_str!("policies.txt").lines().filter(|text| text.contains(&wanted)) {
        let program = Program::new(&env.compile(text).unwrap()).unwrap();
        let round = |_| {
            let start = Instant::now();
            for _ in 0..TIMES {
                let vars = Activation::new(&env).set("object", Value::json(black_box(&pod)));
                let outcome = program.evaluate(&vars, &limits);
                assert_eq!(black_box(outcome).value.unwrap().as_bool(), Some(true));
            }
            start.elapsed() / TIMES
        };
        let best = (0..ROUNDS).map(round).min().unwrap();
        println!("{:>6} ns  {text}", best.as_nanos());
    }
}
