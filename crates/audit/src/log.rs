//! Reading audit logs: JSON lines, lists, gzip, and the forms clouds wrap events in; told apart value by value.
//!
//! Entry point: [`Reader`].  Memory is bounded by one event: a list of any length is taken item by item.  What is broken
//! is counted and named with its line, and reading goes on behind it.

mod cloud;
mod extract;
mod pieces;
mod reader;
mod scan;
mod text;
pub(crate) mod values;

pub use extract::Form;
pub use pieces::MOST_BYTES;
pub use reader::{Problem, Reader, Summary};

#[cfg(test)]
mod tests;
