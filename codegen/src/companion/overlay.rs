//! OpenAPI Overlay 1.1: changes to a document, each with a JSONPath (RFC 9535) to what it changes. What an overlay adds keeps
//! its span there, so that diagnostics about it point to the overlay.

use serde_json::{Map, Number, Value};
use serde_json_path::{JsonPath, PathElement};

use crate::codes::Code;
use crate::diagnostic::{Sink, Span, excerpt};
use crate::json_path::{MAX_BRACKETS, MAX_PATH};
use crate::read::yaml::{Content, Node};

/// Values nested deeper than this cannot be made, as they cannot be read.
const MAX_DEPTH: usize = 100;
/// How many values an overlay may add.
const MAX_VALUES: usize = 200_000;

/// One step to a value.
enum Step {
    Name(String),
    Index(usize),
}

type Path = Vec<Step>;

/// What an action does.
enum Change<'o> {
    Update(&'o Node),
    Copy(&'o Node),
    Remove,
}

/// Applies an overlay to a document. An action that is wrong is reported and changes nothing.
pub(crate) fn apply(root: Node, overlay: &Node, sink: &mut Sink) -> Node {
    let version = overlay.get("overlay").and_then(Node::scalar_text).unwrap_or_default();
    if !version.starts_with("1.") {
        let span = overlay.get("overlay").map_or(overlay.span, |version| version.span);
        let report = sink.report(Code::Overlay, span, "this is no overlay of version 1.0 or 1.1");
        report.help("begin it with `overlay: 1.1.0`");
        return root;
    }
    let actions = match overlay.get("actions").map(|actions| &actions.content) {
        Some(Content::Sequence(actions)) => actions.as_slice(),
        _ => {
            sink.report(Code::Overlay, overlay.span, "an overlay needs a list of `actions`");
            return root;
        }
    };
    let value = to_value(&root);
    let mut document = Overlaid { root, value, room: MAX_VALUES };
    for action in actions {
        if let Err((span, problem)) = document.act(action, sink) {
            sink.report(Code::Overlay, span, problem);
        }
    }
    document.root
}

/// A document that is being changed, and the same as JSON, for queries.
struct Overlaid {
    root: Node,
    value: Value,
    /// How many values can still be added.
    room: usize,
}

/// What is wrong, and where.
type Problem = (Span, String);

impl Overlaid {
    fn act(&mut self, action: &Node, sink: &mut Sink) -> Result<(), Problem> {
        let Some(target) = action.get("target") else {
            return Err((action.span, "an action needs a `target`".to_owned()));
        };
        let paths = self.select(target)?;
        let change = match (action.get("remove"), action.get("copy"), action.get("update")) {
            (Some(remove), ..) if remove.is_true() => Change::Remove,
            (_, Some(from), _) => Change::Copy(from),
            (_, None, Some(update)) => Change::Update(update),
            _ => return Err((action.span, "an action needs `update`, `copy` or `remove: true`".to_owned())),
        };
        if paths.is_empty() {
            let message = format!("`{}` selects nothing", excerpt(&target.scalar_text().unwrap_or_default()));
            let report = sink.report(Code::OverlayTarget, target.span, message);
            report.help("correct the path, or remove the action if the document no longer needs it");
            return Ok(());
        }
        match change {
            // From the last to the first, so that positions in lists stay what they are.
            Change::Remove => paths.iter().rev().try_for_each(|path| self.remove(path, target.span)),
            Change::Update(update) => self.merge(&paths, &update.clone()),
            Change::Copy(from) => {
                let sources = self.select(from)?;
                match sources.as_slice() {
                    [source] => match at(&mut self.root, source).map(|node| node.clone()) {
                        Some(node) => self.merge(&paths, &node),
                        None => Ok(()),
                    },
                    all => Err((from.span, format!("`copy` must select one value, and this selects {}", all.len()))),
                }
            }
        }
    }

    /// The paths that a JSONPath selects, each once.
    fn select(&self, query: &Node) -> Result<Vec<Path>, Problem> {
        let Some(text) = query.scalar_text() else { return Err((query.span, "a JSONPath is text".to_owned())) };
        let brackets = text.chars().filter(|c| matches!(c, '[' | '(')).count();
        if text.len() > MAX_PATH || brackets > MAX_BRACKETS {
            return Err((query.span, "the JSONPath is too long".to_owned()));
        }
        let parsed = JsonPath::parse(&text)
            .map_err(|error| (query.span, format!("`{}` is no JSONPath (RFC 9535): {error}", excerpt(&text))))?;
        let located = parsed.query_located(&self.value).dedup();
        let step = |element: &PathElement<'_>| match element {
            PathElement::Name(name) => Step::Name((*name).to_owned()),
            PathElement::Index(index) => Step::Index(*index),
        };
        Ok(located.locations().map(|path| path.iter().map(step).collect()).collect())
    }

    fn merge(&mut self, paths: &[Path], update: &Node) -> Result<(), Problem> {
        let (size, depth) = measure(update);
        for path in paths {
            if path.len() + depth > MAX_DEPTH || size > self.room {
                return Err((update.span, "the document would become too large".to_owned()));
            }
            self.room -= size;
            let Some(target) = at(&mut self.root, path) else { continue };
            match (&mut target.content, &update.content) {
                (Content::Sequence(items), Content::Sequence(more)) => items.extend(more.iter().cloned()),
                (Content::Sequence(items), _) => items.push(update.clone()),
                (Content::Mapping(_), Content::Mapping(_)) => merged(target, update),
                (one, other) if is_scalar(one) && is_scalar(other) => *target = update.clone(),
                _ => {
                    let message = format!("this is {}, and the target is {}", update.what(), target.what());
                    return Err((update.span, message));
                }
            }
            let value = to_value(target);
            if let Some(place) = value_at(&mut self.value, path) {
                *place = value;
            }
        }
        Ok(())
    }

    fn remove(&mut self, path: &[Step], span: Span) -> Result<(), Problem> {
        let Some((last, parent)) = path.split_last() else {
            return Err((span, "the whole document cannot be removed".to_owned()));
        };
        match (at(&mut self.root, parent).map(|node| &mut node.content), last) {
            (Some(Content::Mapping(entries)), Step::Name(name)) => entries.retain(|entry| entry.key != *name),
            (Some(Content::Sequence(items)), Step::Index(index)) if *index < items.len() => drop(items.remove(*index)),
            _ => {}
        }
        match (value_at(&mut self.value, parent), last) {
            (Some(Value::Object(members)), Step::Name(name)) => drop(members.shift_remove(name)),
            (Some(Value::Array(items)), Step::Index(index)) if *index < items.len() => drop(items.remove(*index)),
            _ => {}
        }
        Ok(())
    }
}

/// Merges members: objects recursively, lists one after the other; everything else is replaced.
fn merged(target: &mut Node, update: &Node) {
    match (&mut target.content, &update.content) {
        (Content::Mapping(entries), Content::Mapping(more)) => {
            for entry in more {
                match entries.iter_mut().find(|own| own.key == entry.key) {
                    Some(own) => merged(&mut own.value, &entry.value),
                    None => entries.push(entry.clone()),
                }
            }
        }
        (Content::Sequence(items), Content::Sequence(more)) => items.extend(more.iter().cloned()),
        _ => *target = update.clone(),
    }
}

fn is_scalar(content: &Content) -> bool {
    !matches!(content, Content::Sequence(_) | Content::Mapping(_))
}

/// How many values a value is, and how many levels.
fn measure(node: &Node) -> (usize, usize) {
    let inner: Vec<(usize, usize)> = match &node.content {
        Content::Sequence(items) => items.iter().map(measure).collect(),
        Content::Mapping(entries) => entries.iter().map(|entry| measure(&entry.value)).collect(),
        _ => Vec::new(),
    };
    let size = inner.iter().fold(1_usize, |size, (one, _)| size.saturating_add(*one));
    (size, 1 + inner.iter().map(|(_, depth)| *depth).max().unwrap_or_default())
}

fn at<'n>(root: &'n mut Node, path: &[Step]) -> Option<&'n mut Node> {
    path.iter().try_fold(root, |node, step| match (&mut node.content, step) {
        (Content::Mapping(entries), Step::Name(name)) => {
            entries.iter_mut().find(|entry| entry.key == *name).map(|entry| &mut entry.value)
        }
        (Content::Sequence(items), Step::Index(index)) => items.get_mut(*index),
        _ => None,
    })
}

fn value_at<'v>(root: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(root, |value, step| match (value, step) {
        (Value::Object(members), Step::Name(name)) => members.get_mut(name),
        (Value::Array(items), Step::Index(index)) => items.get_mut(*index),
        _ => None,
    })
}

/// The value as queries see it.
fn to_value(node: &Node) -> Value {
    match &node.content {
        Content::Null(_) => Value::Null,
        Content::Bool(flag, _) => Value::Bool(*flag),
        Content::Number(json, _) => json.parse::<Number>().map_or(Value::Null, Value::Number),
        Content::Text(text) => Value::String(text.clone()),
        Content::Sequence(items) => Value::Array(items.iter().map(to_value).collect()),
        Content::Mapping(entries) => {
            let members = entries.iter().map(|entry| (entry.key.clone(), to_value(&entry.value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}
