//! HTML documents as trees, in one list of nodes. The parser is that of browsers; this keeps what it builds.

use std::cell::Cell;
use std::rc::Rc;

use html5ever::tendril::{StrTendril, TendrilSink as _};
use html5ever::{ParseOpts, parse_document};

use super::sink::Sink;

/// How much is parsed between two looks at what has become of it, in bytes.
const PART: usize = 1 << 10;

/// How many nodes a document may have besides one for each of its bytes. Formatting that is never closed is repeated in each
/// paragraph.
const MORE_NODES: usize = 1 << 10;

/// How many attributes a tag may have. The parser compares all of them with each other.
const MAX_ATTRIBUTES: usize = 20_000;

/// Elements that are lines of their own.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "html",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];

/// The number of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) usize);

/// A document.
pub(super) struct Document {
    nodes: Vec<Node>,
    /// The place of each node in the order of the document.
    order: Vec<usize>,
}

/// A node.
#[derive(Default)]
pub(super) struct Node {
    pub(super) parent: Option<usize>,
    pub(super) previous: Option<usize>,
    pub(super) next: Option<usize>,
    pub(super) first: Option<usize>,
    pub(super) last: Option<usize>,
    pub(super) depth: usize,
    pub(super) content: Content,
}

/// What a node is.
#[derive(Default)]
pub(super) enum Content {
    /// A document, a comment, or anything else that has no text.
    #[default]
    Other,
    Text(String),
    Element {
        name: String,
        attributes: Vec<(String, String)>,
    },
}

impl Document {
    /// The root of every document, which is no element.
    pub(super) const ROOT: Id = Id(0);

    /// Reads a document. Any text is one.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        if has_endless_tag(text) {
            return Err("a tag has too many attributes");
        }
        let failed = Rc::new(Cell::new(None));
        let most = text.len().saturating_add(MORE_NODES);
        let mut parser = parse_document(Sink::new(most, Rc::clone(&failed)), ParseOpts::default());
        let mut rest = text;
        while !rest.is_empty() {
            let end = (PART..rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
            let (part, later) = rest.split_at_checked(end).unwrap_or((rest, ""));
            parser.process(StrTendril::from(part));
            if let Some(problem) = failed.get() {
                return Err(problem);
            }
            rest = later;
        }
        let nodes = parser.finish();
        if let Some(problem) = failed.get() {
            return Err(problem);
        }
        let mut document = Self { nodes, order: Vec::new() };
        let mut order = vec![0; document.nodes.len()];
        for (place, id) in document.descendants(Self::ROOT).enumerate() {
            if let Some(entry) = order.get_mut(id.0) {
                *entry = place;
            }
        }
        document.order = order;
        Ok(document)
    }

    fn node(&self, id: usize) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// All nodes inside of one, in the order of the document.
    pub(super) fn descendants(&self, outer: Id) -> impl Iterator<Item = Id> + '_ {
        let mut next = self.node(outer.0).and_then(|node| node.first);
        std::iter::from_fn(move || {
            let current = next?;
            next = self.after(current, outer.0, true);
            Some(Id(current))
        })
    }

    /// The node after another: its first child if wanted, else the next one that is not inside of it.
    fn after(&self, id: usize, outer: usize, enters: bool) -> Option<usize> {
        let node = self.node(id)?;
        if let Some(first) = node.first.filter(|_| enters) {
            return Some(first);
        }
        let mut current = id;
        while current != outer {
            let node = self.node(current)?;
            if node.next.is_some() {
                return node.next;
            }
            current = node.parent?;
        }
        None
    }

    pub(super) fn ancestors_and_self(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        std::iter::successors(Some(id), |id| self.node(id.0)?.parent.map(Id))
    }

    pub(super) fn is_before(&self, one: Id, other: Id) -> bool {
        self.order.get(one.0) < self.order.get(other.0)
    }

    pub(super) fn is_named(&self, id: Id, wanted: &str) -> bool {
        matches!(self.node(id.0), Some(Node { content: Content::Element { name, .. }, .. }) if name == wanted)
    }

    /// Whether no element is before it in its parent.
    pub(super) fn is_first_child(&self, id: Id) -> bool {
        self.previous_element(id).is_none()
    }

    /// The element before another in its parent.
    pub(super) fn previous_element(&self, id: Id) -> Option<Id> {
        let mut previous = self.node(id.0)?.previous;
        while let Some(other) = previous {
            let node = self.node(other)?;
            if matches!(node.content, Content::Element { .. }) {
                return Some(Id(other));
            }
            previous = node.previous;
        }
        None
    }

    /// How many nodes there are. Each has a number below it.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn parent(&self, id: Id) -> Option<Id> {
        self.node(id.0)?.parent.map(Id)
    }

    pub(super) fn children(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        let first = self.node(id.0).and_then(|node| node.first);
        std::iter::successors(first, |id| self.node(*id)?.next).map(Id)
    }

    /// The name and the attributes of an element; `None` for other nodes.
    pub(super) fn element(&self, id: Id) -> Option<(&str, &[(String, String)])> {
        match &self.node(id.0)?.content {
            Content::Element { name, attributes } => Some((name, attributes)),
            _ => None,
        }
    }

    /// Whether a node is an element or text.
    pub(super) fn is_content(&self, id: Id) -> bool {
        self.node(id.0).is_some_and(|node| !matches!(node.content, Content::Other))
    }

    /// Its text as it is shown: blanks are one space, and blocks and lines have one between them.
    pub(super) fn text(&self, outer: Id) -> String {
        let mut text = String::new();
        let mut next = self.node(outer.0).and_then(|node| node.first);
        while let Some(id) = next {
            let mut enters = true;
            match self.node(id).map(|node| &node.content) {
                Some(Content::Text(part)) if self.is_preformatted(id) => text.push_str(part),
                Some(Content::Text(part)) => {
                    for c in part.chars() {
                        match c {
                            ' ' | '\t' | '\n' | '\r' | '\u{c}' | '\u{a0}' => space(&mut text),
                            // They are not seen.
                            '\u{200b}' | '\u{ad}' => {}
                            c => text.push(c),
                        }
                    }
                }
                Some(Content::Element { name, .. }) => {
                    enters = !matches!(name.as_str(), "script" | "style");
                    if name == "br" || is_block(name) {
                        space(&mut text);
                    }
                }
                Some(Content::Other) | None => enters = false,
            }
            let after = self.after(id, outer.0, enters);
            // A block ends where something follows that is not inside of it.
            if let Some(after) = after {
                let parent = self.node(after).and_then(|node| node.parent);
                let mut ended = Some(id);
                while let Some(one) = ended.filter(|one| Some(*one) != parent) {
                    if matches!(self.node(one), Some(Node { content: Content::Element { name, .. }, .. }) if is_block(name))
                    {
                        space(&mut text);
                    }
                    ended = self.node(one).and_then(|node| node.parent);
                }
            }
            next = after;
        }
        text.trim().to_owned()
    }

    /// Its text without that of the elements inside of it.
    pub(super) fn own_text(&self, id: Id) -> String {
        let texts = self.children(id).filter_map(|child| match &self.node(child.0)?.content {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn is_preformatted(&self, id: usize) -> bool {
        self.ancestors_and_self(Id(id)).skip(1).take(6).any(|id| self.is_named(id, "pre"))
    }
}

/// Whether some tag may have more attributes than it should.
fn has_endless_tag(text: &str) -> bool {
    text.split('<').filter(|tag| tag.starts_with(|c: char| c.is_ascii_alphabetic())).any(|tag| {
        let tag = tag.split('>').next().unwrap_or(tag);
        let breaks = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'"' | b'\'');
        tag.len() > MAX_ATTRIBUTES && tag.bytes().filter(breaks).count() > MAX_ATTRIBUTES
    })
}

fn is_block(name: &str) -> bool {
    BLOCKS.binary_search(&name).is_ok()
}

/// Adds a space, unless there is one.
fn space(text: &mut String) {
    if !text.is_empty() && !text.ends_with([' ', '\n']) {
        text.push(' ');
    }
}
