//! What the recorded answers are compared with.

pub mod compare;
pub mod pipeline;
pub mod score;
mod updates;
