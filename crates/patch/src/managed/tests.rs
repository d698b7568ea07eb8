use api::{GroupVersionKind, Value, json, object};

use super::*;

mod golden;
mod units;
