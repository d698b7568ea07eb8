//! The write path in small, and how its answers are compared and scored.

pub mod compare;
pub mod pipeline;
pub mod score;
