//! Search mode: a list of three tools that find, describe and call all others, for servers whose list would be long.
//!
//! A call through them is the call itself: it is checked, confirmed and masked like any other.

mod definitions;
mod index;
mod words;

use std::sync::{Arc, LazyLock};
use std::thread;

use naftiko_adapter::short;
use naftiko_schema::{Capability, Tool};
use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock, JsonObject};
use serde_json::{Value, json};

use self::definitions::{CALL, DESCRIBE, SEARCH, definitions};
use self::index::{Entry, Index};
use super::about::first_sentence;
use super::member::Indexed;

/// How many tools a search finds unless the call says it.
const FOUND: usize = 5;
/// How many tools a search finds at most.
const MOST: usize = 20;
/// How many tools are named in place of one that is not there.
const SIMILAR: usize = 3;

/// The names of the three tools.
const OWN: [&str; 3] = [SEARCH, DESCRIBE, CALL];

/// An index that is there a little later.
type Later = LazyLock<Index, Box<dyn FnOnce() -> Index + Send>>;

/// The tools of a server that find its other tools.
pub(crate) struct Finder {
    index: Arc<Later>,
    /// The tools, by their numbers.
    all: Vec<(&'static Tool, &'static Capability)>,
    /// The JSON of each as clients see it.
    texts: Vec<Box<str>>,
    /// What is added if a tool is not there.
    note: String,
}

impl Finder {
    /// Finds these tools, whose descriptions are these texts. The index of hundreds takes as long as the rest of a start, so another
    /// thread makes it meanwhile; a search that comes before it is there waits for it.
    pub(crate) fn new(all: Vec<(&'static Tool, &'static Capability)>, texts: Vec<Box<str>>, note: String) -> Self {
        let entries = all.clone().into_iter().map(|(tool, capability)| Entry {
            name: &tool.name,
            title: &tool.title,
            description: &tool.description,
            capability: [&capability.title, &capability.description],
        });
        let index: Arc<Later> = Arc::new(LazyLock::new(Box::new(|| Index::new(entries))));
        let early = Arc::clone(&index);
        // Without another thread, the first search makes it.
        let _ = thread::Builder::new().name("search".to_owned()).spawn(move || {
            LazyLock::force(&early);
        });
        Self { index, all, texts, note }
    }

    /// A tool as clients see it.
    pub(crate) fn description(&self, indexed: &Indexed) -> Value {
        let text = self.texts.get(indexed.number);
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// The three tools.
    pub(crate) fn tools(&self) -> Vec<rmcp::model::Tool> {
        definitions(self.all.iter().map(|(tool, _)| *tool))
    }

    /// Whether a tool is one of the three. Others of these names are called through `call_tool`.
    pub(crate) fn is_own(name: &str) -> bool {
        OWN.contains(&name)
    }

    /// The name of one of the three tools that calls no other.
    pub(crate) fn own(name: &str) -> Option<&'static str> {
        [SEARCH, DESCRIBE].into_iter().find(|own| *own == name)
    }

    /// The name of the tool that a call is about.
    pub(crate) fn named_by<'r>(&self, request: &'r CallToolRequestParams) -> &'r str {
        let named = request.arguments.as_ref().and_then(|arguments| arguments.get("name")?.as_str());
        match &*request.name {
            CALL => named.unwrap_or_default(),
            name => name,
        }
    }

    /// A call as that of the tool that it is about.
    pub(crate) fn unwrapped(&self, request: &CallToolRequestParams) -> CallToolRequestParams {
        let mut unwrapped = request.clone();
        if request.name == CALL {
            unwrapped.name = self.named_by(request).to_owned().into();
            unwrapped.arguments = unwrapped.arguments.as_ref().and_then(|arguments| inner(arguments).ok().flatten());
        }
        unwrapped
    }

    /// What a call means: a call of another tool, or a result at once. `known` gives a tool by its name.
    pub(crate) fn meant<'t>(
        &self,
        mut request: CallToolRequestParams,
        known: impl Fn(&str) -> Option<&'t Indexed>,
    ) -> Result<CallToolRequestParams, Box<CallToolResult>> {
        if !Self::is_own(&request.name) {
            return Ok(request);
        }
        let arguments = request.arguments.take().unwrap_or_default();
        let outcome = match (&*request.name, only_known(&request.name, &arguments)) {
            (_, Err(problem)) => Err(problem),
            (SEARCH, _) => self.search(&arguments, known),
            (DESCRIBE, _) => self.named(&arguments, known).map(|indexed| self.description(indexed)),
            _ => match self.named(&arguments, known).and_then(|indexed| Ok((indexed, inner(&arguments)?))) {
                Ok((indexed, inner)) => {
                    request.name = (&*indexed.tool.name).into();
                    request.arguments = inner;
                    return Ok(request);
                }
                Err(problem) => Err(problem),
            },
        };
        Err(Box::new(match outcome {
            Ok(document) => {
                let mut result = CallToolResult::success(vec![ContentBlock::text(document.to_string())]);
                result.structured_content = Some(document);
                result
            }
            Err(problem) => CallToolResult::error(vec![ContentBlock::text(format!("nothing was sent: {problem}"))]),
        }))
    }

    fn search<'t>(&self, arguments: &JsonObject, known: impl Fn(&str) -> Option<&'t Indexed>) -> Result<Value, String> {
        let question = text(arguments, "query")?;
        let limit = match arguments.get("limit") {
            None | Some(Value::Null) => FOUND,
            Some(limit) => whole(limit)
                .filter(|limit| (1..=MOST).contains(limit))
                .ok_or_else(|| format!("`limit` must be a whole number from 1 to {MOST}"))?,
        };
        let found: Vec<_> = self
            .found(question, limit)
            .filter_map(known)
            .map(|indexed| line(indexed, &self.description(indexed)))
            .collect();
        let help = if found.is_empty() {
            "nothing was found; ask with other words, such as the kind of thing and what shall be done with it"
        } else {
            "call_tool calls one of them; describe_tool shows all that it takes"
        };
        Ok(json!({"tools": found, "next": help}))
    }

    fn found(&self, question: &str, limit: usize) -> impl Iterator<Item = &'static str> {
        self.index.find(question, limit).into_iter().filter_map(|number| Some(&*self.all.get(number)?.0.name))
    }

    /// The tool that a call names.
    fn named<'t>(
        &self,
        arguments: &JsonObject,
        known: impl Fn(&str) -> Option<&'t Indexed>,
    ) -> Result<&'t Indexed, String> {
        let name = text(arguments, "name")?;
        known(name).ok_or_else(|| {
            if Self::is_own(name) {
                return format!("`{name}` is called by its own name, and finds, describes and calls the other tools");
            }
            let similar: Vec<_> = self.found(name, SIMILAR).map(|name| format!("`{name}`")).collect();
            let similar =
                if similar.is_empty() { String::new() } else { format!("; there are {}", similar.join(", ")) };
            format!("no tool has the name `{}`{similar}{}", short(name), self.note)
        })
    }
}

/// The arguments of the tool that a call names.
fn inner(arguments: &JsonObject) -> Result<Option<JsonObject>, String> {
    match arguments.get("arguments") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(inner)) => Ok(Some(inner.clone())),
        // As some clients send all arguments.
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(inner)) => Ok(Some(inner)),
            _ => Err("`arguments` must be an object".to_owned()),
        },
        Some(_) => Err("`arguments` must be an object".to_owned()),
    }
}

/// A whole number, also as `5.0` or as text.
fn whole(value: &Value) -> Option<usize> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        other => other.as_f64()?,
    };
    (number.fract() == 0.0 && (0.0..1e9).contains(&number)).then_some(number as usize)
}

/// Refuses what one of the three tools does not take: what was meant for another tool would be ignored without a word.
fn only_known(name: &str, arguments: &JsonObject) -> Result<(), String> {
    let (known, help) = match name {
        SEARCH => (&["query", "limit"][..], ""),
        DESCRIBE => (&["name"][..], ""),
        _ => (&["name", "arguments"][..], "; what the tool takes belongs into `arguments`"),
    };
    let Some(unknown) = arguments.keys().find(|argument| !known.contains(&argument.as_str())) else { return Ok(()) };
    let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Err(format!("`{}` is not a known input; expected one of {known}{help}", short(unknown)))
}

fn text<'a>(arguments: &'a JsonObject, name: &str) -> Result<&'a str, String> {
    match arguments.get(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
        Some(Value::String(_)) => Err(format!("`{name}` is empty")),
        Some(_) => Err(format!("`{name}` must be a text")),
        None => Err(format!("`{name}` is required")),
    }
}

/// What a search says of a tool, which is described like this: enough to call it where its inputs are plain.
fn line(indexed: &Indexed, description: &Value) -> Value {
    let schema = |name: &str| description.get("inputSchema")?.get(name);
    let required: Vec<_> =
        schema("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let inputs: JsonObject = schema("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let kind = property.get("type").and_then(Value::as_str).unwrap_or("any");
            let kind = if required.contains(&name.as_str()) { format!("{kind}, required") } else { kind.to_owned() };
            (name.clone(), kind.into())
        })
        .collect();
    let Indexed { tool, capability, .. } = indexed;
    json!({
        "name": tool.name,
        "description": first_sentence(&tool.description),
        "capability": capability.title,
        "readOnly": tool.hints.read_only,
        "destructive": tool.hints.destructive,
        "inputs": inputs,
    })
}
