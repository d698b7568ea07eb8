//! The tree of a document as it was written: aliases unfollowed, scalars unread.  It is kept small, because a short
//! text can have very many nodes.

use api::Str;

/// Where a node is in its [`Tree`].
pub(super) type Id = u32;

/// The first document of a stream.
#[derive(Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Where each node begins and ends in the text; `None` when nobody asks.
    spans: Option<Vec<(usize, usize)>>,
    /// `None` for an empty stream.
    pub(super) root: Option<Id>,
}

pub(super) struct Node {
    /// The line it begins in, counted from 0.
    pub(super) line: u32,
    pub(super) data: Data,
}

pub(super) enum Data {
    Scalar(Box<Scalar>),
    Alias(Box<Alias>),
    Sequence(Box<[Id]>),
    /// Keys and values in turn.
    Mapping(Box<[Id]>),
}

pub(super) struct Scalar {
    pub(super) text: Str,
    /// The tag in full, `None` for none.
    pub(super) tag: Option<Box<str>>,
    /// Without quotes and tag, so that its text says what it is.
    pub(super) implicit: bool,
}

pub(super) struct Alias {
    pub(super) name: String,
    pub(super) target: Id,
}

impl Tree {
    /// A tree that remembers where its nodes stand.
    pub(super) fn with_spans() -> Self {
        Self { spans: Some(Vec::new()), ..Self::default() }
    }

    /// Remembers where a node stands.
    pub(super) fn stands(&mut self, id: Id, start: usize, end: usize) {
        if let Some(spans) = &mut self.spans {
            if spans.len() <= id as usize {
                spans.resize(id as usize + 1, (0, 0));
            }
            if let Some(span) = spans.get_mut(id as usize) {
                *span = (start, end);
            }
        }
    }

    /// Where a node stands.
    pub(super) fn span(&self, id: Id) -> (usize, usize) {
        self.spans.as_ref().and_then(|spans| spans.get(id as usize)).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, line: usize, data: Data) -> Id {
        self.nodes.push(Node { line: u32::try_from(line).unwrap_or(u32::MAX), data });
        // A text of 4 GiB would be needed to get beyond.
        u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn get(&self, id: Id) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    /// Gives a collection the children that were read after it was added.
    pub(super) fn set(&mut self, id: Id, data: Data) {
        if let Some(node) = self.nodes.get_mut(id as usize) {
            node.data = data;
        }
    }
}
