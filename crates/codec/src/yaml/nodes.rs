//! The tree of a document as it was written: aliases unfollowed, scalars unread.

/// Where a node is in its [`Tree`].
pub(super) type Id = usize;

/// The first document of a stream.
#[derive(Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// `None` for an empty stream.
    pub(super) root: Option<Id>,
}

pub(super) struct Node {
    /// The line it begins in, counted from 0.
    pub(super) line: usize,
    pub(super) data: Data,
}

pub(super) enum Data {
    Scalar(Box<Scalar>),
    Alias(Box<Alias>),
    Sequence(Vec<Id>),
    /// Keys and values in turn.
    Mapping(Vec<Id>),
}

pub(super) struct Scalar {
    pub(super) text: String,
    /// The tag in full, empty for none.
    pub(super) tag: String,
    /// Without quotes and tag, so that its text says what it is.
    pub(super) implicit: bool,
}

pub(super) struct Alias {
    pub(super) name: String,
    pub(super) target: Id,
}

impl Tree {
    pub(super) fn add(&mut self, line: usize, data: Data) -> Id {
        self.nodes.push(Node { line, data });
        self.nodes.len() - 1
    }

    pub(super) fn get(&self, id: Id) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// Gives a collection the children that were read after it was added.
    pub(super) fn set(&mut self, id: Id, data: Data) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.data = data;
        }
    }
}
