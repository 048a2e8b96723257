//! Builds a document from what the parser finds.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::QualName;
use html5ever::interface::{Attribute, ElementFlags, ExpandedName, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;

use super::document::{Content, Document, Node};
use crate::format::TOO_DEEP;

/// The most levels of elements, as in browsers.
const MAX_DEPTH: usize = 512;

/// Takes what the parser builds.
pub(super) struct Sink {
    nodes: RefCell<Vec<Node>>,
    most: usize,
    failed: Rc<Cell<Option<&'static str>>>,
}

/// A node, and its name if it is an element.
#[derive(Clone)]
pub(super) struct Handle {
    id: usize,
    name: Option<Rc<QualName>>,
}

impl Sink {
    /// Takes at most this many nodes. What is wrong with the document is in `failed` as soon as it is known.
    pub(super) fn new(most: usize, failed: Rc<Cell<Option<&'static str>>>) -> Self {
        Self { nodes: RefCell::new(vec![Node::default()]), most, failed }
    }

    fn add(&self, content: Content, name: Option<Rc<QualName>>) -> Handle {
        let mut nodes = self.nodes.borrow_mut();
        if nodes.len() >= self.most {
            self.failed.set(Some("it has far more elements than it writes"));
        }
        nodes.push(Node { content, ..Node::default() });
        Handle { id: nodes.len() - 1, name }
    }

    /// Puts a node into a parent: before another of its children, or as the last.
    fn insert(&self, parent: usize, child: NodeOrText<Handle>, before: Option<usize>) {
        let previous = {
            let nodes = self.nodes.borrow();
            match before {
                Some(before) => nodes.get(before).and_then(|node| node.previous),
                None => nodes.get(parent).and_then(|node| node.last),
            }
        };
        let id = match child {
            NodeOrText::AppendNode(handle) => {
                self.remove(handle.id);
                handle.id
            }
            NodeOrText::AppendText(text) => {
                let mut nodes = self.nodes.borrow_mut();
                if let Some(Node { content: Content::Text(own), .. }) = previous.and_then(|id| nodes.get_mut(id)) {
                    own.push_str(&text);
                    return;
                }
                drop(nodes);
                self.add(Content::Text(text.to_string()), None).id
            }
        };
        let mut nodes = self.nodes.borrow_mut();
        let depth = nodes.get(parent).map_or(0, |node| node.depth + 1);
        if depth > MAX_DEPTH {
            self.failed.set(Some(TOO_DEEP));
        }
        if let Some(node) = nodes.get_mut(id) {
            (node.parent, node.previous, node.next, node.depth) = (Some(parent), previous, before, depth);
        }
        match previous.and_then(|id| nodes.get_mut(id)) {
            Some(previous) => previous.next = Some(id),
            None => nodes.get_mut(parent).into_iter().for_each(|parent| parent.first = Some(id)),
        }
        match before.and_then(|id| nodes.get_mut(id)) {
            Some(before) => before.previous = Some(id),
            None => nodes.get_mut(parent).into_iter().for_each(|parent| parent.last = Some(id)),
        }
    }

    fn remove(&self, id: usize) {
        let mut nodes = self.nodes.borrow_mut();
        let Some(node) = nodes.get_mut(id) else { return };
        let (parent, previous, next) = (node.parent.take(), node.previous.take(), node.next.take());
        match previous.and_then(|id| nodes.get_mut(id)) {
            Some(previous) => previous.next = next,
            None => parent.and_then(|id| nodes.get_mut(id)).into_iter().for_each(|parent| parent.first = next),
        }
        match next.and_then(|id| nodes.get_mut(id)) {
            Some(next) => next.previous = previous,
            None => parent.and_then(|id| nodes.get_mut(id)).into_iter().for_each(|parent| parent.last = previous),
        }
    }

    fn parent_of(&self, id: usize) -> Option<usize> {
        self.nodes.borrow().get(id)?.parent
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Vec<Node>;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Vec<Node> {
        self.nodes.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        Handle { id: Document::ROOT.0, name: None }
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        const NONE: ExpandedName<'static> =
            ExpandedName { ns: &html5ever::namespace_url!(""), local: &html5ever::local_name!("") };
        target.name.as_ref().map_or(NONE, |name| name.expanded())
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, _: ElementFlags) -> Handle {
        let text = |attribute: Attribute| (attribute.name.local.to_string(), attribute.value.to_string());
        let attributes = attributes.into_iter().map(text).collect();
        let content = Content::Element { name: name.local.to_string(), attributes };
        self.add(content, Some(Rc::new(name)))
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        self.add(Content::Other, None)
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        self.add(Content::Other, None)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.insert(parent.id, child, None);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        match self.parent_of(element.id) {
            Some(parent) => self.insert(parent, child, Some(element.id)),
            None => self.insert(previous.id, child, None),
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    /// The content of a template is inside of it.
    fn get_template_contents(&self, target: &Handle) -> Handle {
        target.clone()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.id == other.id
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, node: NodeOrText<Handle>) {
        if let Some(parent) = self.parent_of(sibling.id) {
            self.insert(parent, node, Some(sibling.id));
        }
    }

    /// Those of a second `html` or `body`, which say nothing about tables.
    fn add_attrs_if_missing(&self, _: &Handle, _: Vec<Attribute>) {}

    fn remove_from_parent(&self, target: &Handle) {
        self.remove(target.id);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let first = || self.nodes.borrow().get(node.id).and_then(|node| node.first);
        while let Some(id) = first() {
            self.insert(new_parent.id, NodeOrText::AppendNode(Handle { id, name: None }), None);
        }
    }
}
