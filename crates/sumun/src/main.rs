//! The `sumun` command.

fn main() {}
