//! Made-up objects of any kind for tests: what the catalogue says a kind may hold, chosen by dice.
//!
//! Entry points: [`Dice`] chooses, by a seed or by the bytes of a fuzzer; [`Maker`] makes an object of a structure and
//! changes one; [`patches`] makes patches for one; [`damage`] spoils bytes as hostile or broken clients would.  Equal seeds make equal objects on every
//! machine, so that a failing test names the seed and shows the same object again.

pub mod cluster;
pub mod damage;
mod dice;
mod make;
pub mod patches;
mod scalars;
mod vary;

pub use dice::Dice;
pub use make::Maker;
pub use scalars::anything;
