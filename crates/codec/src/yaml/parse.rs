//! Tokens to the tree of the first document, by libyaml's grammar.

use std::collections::HashMap;

use api::Str;

use super::nodes::{Alias, Data, Id, Scalar, Tree};
use super::scan::{Kind, Result, Scanner, Token};
use super::{MAX_DEPTH, error};

/// Reads the first document; what follows it is not looked at, but for one token.
pub(super) fn first_document(text: &str) -> Result<Tree> {
    let mut parser = Parser::new(text, Tree::default());
    parser.document()?;
    Ok(parser.tree)
}

/// Reads the only document, with where everything stands.
pub(super) fn only_document(text: &str) -> Result<Tree> {
    let mut parser = Parser::new(text, Tree::with_spans());
    parser.document()?;
    if *parser.peek()? == Kind::DocumentEnd {
        parser.skip();
    }
    if *parser.peek()? != Kind::StreamEnd {
        return parser.error("more than one document");
    }
    Ok(parser.tree)
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    tree: Tree,
    anchors: HashMap<String, Id>,
    /// Handles of tags and what they stand for.
    tags: HashMap<String, String>,
    depth: usize,
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Flow,
    Block,
    /// The key or value of a block mapping, where a sequence need not be indented.
    BlockMapping,
}

/// What came before the content of a node.
#[derive(Default)]
struct Properties {
    anchor: Option<String>,
    tag: Option<Box<str>>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, tree: Tree) -> Self {
        let scanner = Scanner::new(text);
        Self { scanner, tree, anchors: HashMap::new(), tags: HashMap::new(), depth: 0 }
    }
}

impl Parser<'_> {
    fn peek(&mut self) -> Result<&Kind> {
        Ok(&self.token()?.kind)
    }

    fn line(&mut self) -> Result<usize> {
        Ok(self.token()?.line)
    }

    fn token(&mut self) -> Result<&Token> {
        self.scanner.fill()?;
        // The queue is filled; an empty one would be the end of the stream read twice.
        self.scanner
            .head()
            .ok_or_else(|| error::plain("attempted to go past the end of stream; corrupted value?"))
    }

    fn skip(&mut self) {
        self.scanner.take();
    }

    fn error<T>(&mut self, problem: &str) -> Result<T> {
        let line = self.line()?;
        Err(error::parsing(line, problem))
    }

    fn document(&mut self) -> Result<()> {
        match self.peek()? {
            Kind::StreamEnd => return Ok(()),
            Kind::Version(..) | Kind::TagDirective(..) | Kind::DocumentStart => {
                self.directives()?;
                if *self.peek()? != Kind::DocumentStart {
                    return self.error("did not find expected <document start>");
                }
                self.skip();
                self.tree.root = Some(self.document_content()?);
            }
            _ => {
                self.directives()?;
                self.tree.root = Some(self.node(Place::Block)?);
            }
        }
        // The end of the document is known by what follows it.
        self.peek().map(drop)
    }

    fn document_content(&mut self) -> Result<Id> {
        match self.peek()? {
            Kind::Version(..)
            | Kind::TagDirective(..)
            | Kind::DocumentStart
            | Kind::DocumentEnd
            | Kind::StreamEnd => {
                let line = self.line()?;
                Ok(self.empty(line))
            }
            _ => self.node(Place::Block),
        }
    }

    fn directives(&mut self) -> Result<()> {
        let mut version_seen = false;
        loop {
            match self.peek()? {
                Kind::Version(..) if version_seen => return self.error("found duplicate %YAML directive"),
                Kind::Version(1, 1) => version_seen = true,
                Kind::Version(..) => return self.error("found incompatible YAML document"),
                Kind::TagDirective(handle, prefix) => {
                    let (handle, prefix) = (handle.clone(), prefix.clone());
                    if self.tags.insert(handle, prefix).is_some() {
                        return self.error("found duplicate %TAG directive");
                    }
                }
                _ => break,
            }
            self.skip();
        }
        for (handle, prefix) in [("!", "!"), ("!!", "tag:yaml.org,2002:")] {
            self.tags.entry(handle.to_owned()).or_insert_with(|| prefix.to_owned());
        }
        Ok(())
    }

    /// A scalar that is not there.
    fn empty(&mut self, line: usize) -> Id {
        self.scalar(line, Str::default(), true, Properties::default())
    }

    fn scalar(&mut self, line: usize, text: Str, implicit: bool, properties: Properties) -> Id {
        let scalar = Scalar { text, tag: properties.tag, implicit };
        let id = self.tree.add(line, Data::Scalar(Box::new(scalar)));
        self.tree.stands(id, self.scanner.passed(), self.scanner.passed());
        self.name(id, properties.anchor);
        id
    }

    fn name(&mut self, id: Id, anchor: Option<String>) {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
    }

    fn node(&mut self, place: Place) -> Result<Id> {
        let line = self.line()?;
        if let Kind::Alias(name) = self.peek()? {
            let name = name.clone();
            let start = self.token()?.start;
            self.skip();
            let id = self.alias(line, name)?;
            self.tree.stands(id, start, self.scanner.passed());
            return Ok(id);
        }
        let properties = self.properties()?;
        let implicit = properties.tag.is_none();
        match self.peek()? {
            Kind::Scalar { .. } => Ok(self.written_scalar(line, properties)),
            Kind::BlockEntry if place == Place::BlockMapping => {
                self.collection(line, properties, Self::unindented_sequence)
            }
            Kind::FlowSequenceStart => self.collection(line, properties, Self::flow_sequence),
            Kind::FlowMappingStart => self.collection(line, properties, Self::flow_mapping),
            Kind::BlockSequenceStart if place != Place::Flow => {
                self.collection(line, properties, Self::block_sequence)
            }
            Kind::BlockMappingStart if place != Place::Flow => {
                self.collection(line, properties, Self::block_mapping)
            }
            _ if properties.anchor.is_some() || !implicit => {
                Ok(self.scalar(line, Str::default(), implicit, properties))
            }
            _ => self.error("did not find expected node content"),
        }
    }

    /// The scalar whose token comes next.
    fn written_scalar(&mut self, line: usize, properties: Properties) -> Id {
        let start = self.scanner.head().map_or(0, |token| token.start);
        let (text, plain) = match self.scanner.take().map(|token| token.kind) {
            Some(Kind::Scalar { text, plain }) => (Str::from(text), plain),
            _ => (Str::default(), true),
        };
        let implicit = properties.tag.as_deref().map_or(plain, |tag| tag == "!");
        let id = self.scalar(line, text, implicit, properties);
        self.tree.stands(id, start, self.scanner.passed());
        id
    }

    fn alias(&mut self, line: usize, name: String) -> Result<Id> {
        match self.anchors.get(&name) {
            Some(&target) => Ok(self.tree.add(line, Data::Alias(Box::new(Alias { name, target })))),
            None => Err(error::plain(&format!("unknown anchor '{name}' referenced"))),
        }
    }

    /// An anchor and a tag in either order.
    fn properties(&mut self) -> Result<Properties> {
        let mut anchor = None;
        let mut tag = None;
        loop {
            let line = self.line()?;
            match self.peek()? {
                Kind::Anchor(name) if anchor.is_none() => anchor = Some(name.clone()),
                Kind::Tag(handle, suffix) if tag.is_none() => {
                    tag = Some((line, handle.clone(), suffix.clone()));
                }
                _ => break,
            }
            self.skip();
        }
        let tag = tag.map(|(line, handle, suffix)| self.full_tag(line, &handle, suffix)).transpose()?;
        // An empty tag, `!<>`, is none.
        Ok(Properties { anchor, tag: tag.filter(|tag| !tag.is_empty()) })
    }

    fn full_tag(&self, line: usize, handle: &str, suffix: String) -> Result<Box<str>> {
        if handle.is_empty() {
            return Ok(suffix.into());
        }
        match self.tags.get(handle) {
            Some(prefix) => Ok(format!("{prefix}{suffix}").into()),
            None => Err(error::parsing(line, "found undefined tag handle")),
        }
    }

    /// Adds a collection and reads its content, so that aliases inside can name it.
    fn collection(
        &mut self,
        line: usize,
        properties: Properties,
        content: impl FnOnce(&mut Self) -> Result<Data>,
    ) -> Result<Id> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.error(&format!("exceeded max depth of {MAX_DEPTH}"));
        }
        let start = self.token()?.start;
        let id = self.tree.add(line, Data::Sequence(Box::default()));
        self.name(id, properties.anchor);
        let data = content(self)?;
        self.tree.set(id, data);
        self.tree.stands(id, start, self.scanner.passed());
        self.depth -= 1;
        Ok(id)
    }

    fn block_sequence(&mut self) -> Result<Data> {
        self.skip();
        let mut items = Vec::new();
        while *self.peek()? == Kind::BlockEntry {
            let line = self.line()?;
            self.skip();
            let empty = matches!(self.peek()?, Kind::BlockEntry | Kind::BlockEnd);
            items.push(if empty { self.empty(line) } else { self.node(Place::Block)? });
        }
        if *self.peek()? != Kind::BlockEnd {
            return self.error("did not find expected '-' indicator");
        }
        self.skip();
        Ok(Data::Sequence(items.into()))
    }

    fn unindented_sequence(&mut self) -> Result<Data> {
        let mut items = Vec::new();
        while *self.peek()? == Kind::BlockEntry {
            let line = self.line()?;
            self.skip();
            let empty = matches!(self.peek()?, Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd);
            items.push(if empty { self.empty(line) } else { self.node(Place::Block)? });
        }
        Ok(Data::Sequence(items.into()))
    }

    fn block_mapping(&mut self) -> Result<Data> {
        self.skip();
        let mut members = Vec::new();
        while *self.peek()? == Kind::Key {
            members.push(self.block_member()?);
            if *self.peek()? == Kind::Value {
                members.push(self.block_member()?);
            } else {
                let line = self.line()?;
                members.push(self.empty(line));
            }
        }
        if *self.peek()? != Kind::BlockEnd {
            return self.error("did not find expected key");
        }
        self.skip();
        Ok(Data::Mapping(members.into()))
    }

    /// The node behind a key or value token, which is taken.
    fn block_member(&mut self) -> Result<Id> {
        let line = self.line()?;
        self.skip();
        match self.peek()? {
            Kind::Key | Kind::Value | Kind::BlockEnd => Ok(self.empty(line)),
            _ => self.node(Place::BlockMapping),
        }
    }

    fn flow_sequence(&mut self) -> Result<Data> {
        self.skip();
        let mut items = Vec::new();
        while *self.peek()? != Kind::FlowSequenceEnd {
            if !items.is_empty() {
                if *self.peek()? != Kind::FlowEntry {
                    return self.error("did not find expected ',' or ']'");
                }
                self.skip();
            }
            match self.peek()? {
                Kind::FlowSequenceEnd => break,
                Kind::Key => {
                    let line = self.line()?;
                    items.push(self.collection(line, Properties::default(), Self::flow_pair)?);
                }
                _ => items.push(self.node(Place::Flow)?),
            }
        }
        self.skip();
        Ok(Data::Sequence(items.into()))
    }

    /// A mapping of one member in a flow sequence, `[a: b]`.
    fn flow_pair(&mut self) -> Result<Data> {
        self.skip();
        let line = self.line()?;
        let key = if matches!(self.peek()?, Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd) {
            // As libyaml, which passes over the token here.
            self.skip();
            self.empty(line)
        } else {
            self.node(Place::Flow)?
        };
        let value = self.flow_value(&Kind::FlowSequenceEnd)?;
        Ok(Data::Mapping(Box::new([key, value])))
    }

    fn flow_mapping(&mut self) -> Result<Data> {
        self.skip();
        let mut members = Vec::new();
        while *self.peek()? != Kind::FlowMappingEnd {
            if !members.is_empty() {
                if *self.peek()? != Kind::FlowEntry {
                    return self.error("did not find expected ',' or '}'");
                }
                self.skip();
            }
            match self.peek()? {
                Kind::FlowMappingEnd => break,
                Kind::Key => {
                    self.skip();
                    let line = self.line()?;
                    let empty = matches!(self.peek()?, Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd);
                    members.push(if empty { self.empty(line) } else { self.node(Place::Flow)? });
                    members.push(self.flow_value(&Kind::FlowMappingEnd)?);
                }
                _ => {
                    members.push(self.node(Place::Flow)?);
                    let line = self.line()?;
                    members.push(self.empty(line));
                }
            }
        }
        self.skip();
        Ok(Data::Mapping(members.into()))
    }

    /// The value of a member in flow style, which may be missing with its colon.
    fn flow_value(&mut self, end: &Kind) -> Result<Id> {
        let mut line = self.line()?;
        if *self.peek()? == Kind::Value {
            self.skip();
            let next = self.peek()?;
            if *next != Kind::FlowEntry && next != end {
                return self.node(Place::Flow);
            }
            line = self.line()?;
        }
        Ok(self.empty(line))
    }
}
