//! What tools found in code (SARIF) and in a running application (ZAP).
//!
//! Entry point: [`analyses`].

mod sarif;
mod zap;

use std::collections::BTreeMap;

use api::Value;
use api::time::Timestamp;

use crate::catalogue::Kind;
use crate::document::Document;
use crate::input::Input;

/// How a tool looks at an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Manner {
    /// At its code.
    Static,
    /// At its answers while it runs.
    Dynamic,
}

/// One run of a tool.
#[derive(Clone, Debug)]
pub(crate) struct Analysis<'a> {
    pub document: &'a Document,
    pub manner: Manner,
    pub tool: &'a str,
    /// When it ended.
    pub taken: Option<Timestamp>,
    /// False when the tool says that it did not come to an end.
    pub is_whole: bool,
    /// What is grave and still open: by rule, where.
    pub open: BTreeMap<&'a str, Vec<String>>,
}

/// Every run that was given; of each tool and what it looked at only the newest.
pub(crate) fn analyses(input: &Input, manner: Manner) -> Vec<Analysis<'_>> {
    let mut newest: BTreeMap<(&str, String), Analysis<'_>> = BTreeMap::new();
    for document in input.of_kind(Kind::Attestation) {
        for (subject, analysis) in read(document).into_iter().filter(|(_, a)| a.manner == manner) {
            let key = (analysis.tool, subject);
            if newest.get(&key).is_none_or(|known| known.taken <= analysis.taken) {
                newest.insert(key, analysis);
            }
        }
    }
    newest.into_values().collect()
}

/// True for what is read here.
pub(super) fn fits(value: &Value) -> bool {
    sarif::fits(value) || zap::fits(value)
}

fn read(document: &Document) -> Vec<(String, Analysis<'_>)> {
    match &document.value {
        value if sarif::fits(value) => sarif::read(document),
        value if zap::fits(value) => zap::read(document),
        _ => Vec::new(),
    }
}
