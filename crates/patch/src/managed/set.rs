//! A set of fields as a tree of path elements, and the algebra managers' claims are computed with.
//!
//! Entry point: [`FieldSet`].  A field in the set does not imply the fields around it or below it.

use std::{cmp::Ordering, iter::Peekable, vec::IntoIter};

use super::element::Element;

/// A set of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// INVARIANT: sorted by element without equals; each is a member or has children.
    nodes: Vec<Node>,
}

/// A field that is in the set, or has fields below it that are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The last step to it.
    pub element: Element,
    /// True when the field itself is in the set.
    pub member: bool,
    /// The fields below it that are.
    pub children: FieldSet,
}

impl Node {
    fn is_needed(&self) -> bool {
        self.member || !self.children.is_empty()
    }
}

impl FieldSet {
    /// The set of nothing.
    pub const fn new() -> Self {
        Self { nodes: Vec::new() }
    }

    /// A set from nodes in any order; of equal elements the later one's children stand.
    pub fn from_nodes(mut nodes: Vec<Node>) -> Self {
        if !nodes.is_sorted_by(|a, b| a.element < b.element) {
            nodes.sort_by(|a, b| a.element.cmp(&b.element));
            nodes.dedup_by(|later, earlier| {
                let equal = later.element == earlier.element;
                if equal {
                    earlier.member |= later.member;
                    if !later.children.is_empty() {
                        earlier.children = std::mem::take(&mut later.children);
                    }
                }
                equal
            });
        }
        nodes.retain(Node::is_needed);
        Self { nodes }
    }

    /// True when no field is in the set.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The first steps, in order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The first steps, taken out.
    pub(super) fn into_nodes(self) -> Vec<Node> {
        self.nodes
    }

    /// Changes every first step but its element, and drops those that are no longer needed.
    pub(super) fn retain_nodes(&mut self, mut change: impl FnMut(&mut Node)) {
        self.nodes.retain_mut(|node| {
            change(node);
            node.is_needed()
        });
    }

    /// Adds one field.  The empty path names the whole object, which nobody owns.
    pub fn insert(&mut self, path: &[Element]) {
        let Some((first, rest)) = path.split_first() else { return };
        let at = match self.nodes.binary_search_by(|n| n.element.cmp(first)) {
            Ok(at) => at,
            Err(at) => {
                self.nodes.insert(at, Node { element: first.clone(), member: false, children: Self::new() });
                at
            }
        };
        if let Some(node) = self.nodes.get_mut(at) {
            if rest.is_empty() {
                node.member = true;
            } else {
                node.children.insert(rest);
            }
        }
    }

    /// A set of members of objects, each path a list of names.
    pub fn of_names(paths: &[&[&str]]) -> Self {
        let mut set = Self::new();
        for path in paths {
            set.insert(&path.iter().map(|name| Element::field(*name)).collect::<Vec<_>>());
        }
        set
    }

    /// What the set says about `element`.
    pub fn get(&self, element: &Element) -> Option<&Node> {
        let at = self.nodes.binary_search_by(|n| n.element.cmp(element)).ok()?;
        self.nodes.get(at)
    }

    /// True when the field at `path` is in the set.
    pub fn has(&self, path: &[Element]) -> bool {
        match path {
            [] => false,
            [last] => self.get(last).is_some_and(|n| n.member),
            [first, rest @ ..] => self.get(first).is_some_and(|n| n.children.has(rest)),
        }
    }

    /// True when every field of this set is in `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.nodes.iter().all(|mine| {
            other
                .get(&mine.element)
                .is_some_and(|n| (n.member || !mine.member) && mine.children.is_within(&n.children))
        })
    }

    /// How many fields are in the set.
    pub fn len(&self) -> usize {
        self.nodes.iter().map(|n| usize::from(n.member) + n.children.len()).sum()
    }

    /// The fields in either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let mut nodes = Vec::with_capacity(self.nodes.len().max(other.nodes.len()));
        let (mut left, mut right) = (self.nodes.into_iter().peekable(), other.nodes.into_iter().peekable());
        loop {
            match next_pair(&mut left, &mut right) {
                (Some(a), Some(b)) => nodes.push(Node {
                    element: a.element,
                    member: a.member || b.member,
                    children: a.children.union(b.children),
                }),
                (Some(one), None) | (None, Some(one)) => nodes.push(one),
                (None, None) => return Self { nodes },
            }
        }
    }

    /// The fields in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut nodes = Vec::new();
        let mut theirs = other.nodes.iter().peekable();
        for mine in &self.nodes {
            while theirs.next_if(|n| n.element < mine.element).is_some() {}
            if let Some(n) = theirs.next_if(|n| n.element == mine.element) {
                let node = Node {
                    element: mine.element.clone(),
                    member: mine.member && n.member,
                    children: mine.children.intersection(&n.children),
                };
                if node.is_needed() {
                    nodes.push(node);
                }
            }
        }
        Self { nodes }
    }

    /// The fields of this set that are not in `other`; fields below those in `other` stay.
    #[must_use]
    pub fn difference(self, other: &Self) -> Self {
        self.subtract(other, false)
    }

    /// The fields of this set that are not in `other` and not below a field in `other`.
    #[must_use]
    pub fn recursive_difference(self, other: &Self) -> Self {
        self.subtract(other, true)
    }

    fn subtract(mut self, other: &Self, recursive: bool) -> Self {
        if other.is_empty() {
            return self;
        }
        let mut theirs = other.nodes.iter().peekable();
        self.nodes.retain_mut(|mine| {
            while theirs.next_if(|n| n.element < mine.element).is_some() {}
            let Some(n) = theirs.next_if(|n| n.element == mine.element) else { return true };
            mine.member &= !n.member;
            let children = std::mem::take(&mut mine.children);
            mine.children =
                if recursive && n.member { Self::new() } else { children.subtract(&n.children, recursive) };
            mine.is_needed()
        });
        self
    }

    /// The members without members below them.
    #[must_use]
    pub fn leaves(mut self) -> Self {
        for node in &mut self.nodes {
            node.member &= node.children.is_empty();
            node.children = std::mem::take(&mut node.children).leaves();
        }
        self
    }

    /// Calls `visit` with every path in the set: the fields of a level first, then those below them.
    pub fn for_each(&self, visit: &mut dyn FnMut(&[&Element])) {
        self.walk(&mut Vec::new(), visit);
    }

    fn walk<'a>(&'a self, path: &mut Vec<&'a Element>, visit: &mut dyn FnMut(&[&Element])) {
        for node in self.nodes.iter().filter(|n| n.member) {
            path.push(&node.element);
            visit(path);
            path.pop();
        }
        for node in &self.nodes {
            path.push(&node.element);
            node.children.walk(path, visit);
            path.pop();
        }
    }
}

/// The next nodes of two sorted lists: both when their elements are equal, else the smaller one.
fn next_pair(
    left: &mut Peekable<IntoIter<Node>>,
    right: &mut Peekable<IntoIter<Node>>,
) -> (Option<Node>, Option<Node>) {
    match (left.peek(), right.peek()) {
        (Some(a), Some(b)) => match a.element.cmp(&b.element) {
            Ordering::Less => (left.next(), None),
            Ordering::Greater => (None, right.next()),
            Ordering::Equal => (left.next(), right.next()),
        },
        _ => (left.next(), right.next()),
    }
}
