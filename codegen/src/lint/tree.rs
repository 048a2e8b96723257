//! Access to the YAML tree of a capability. Lists and maps of named members are read alike.

use crate::diagnostic::Span;
use crate::read::yaml::{Content, Entry, Node};

/// A name and its span.
#[derive(Clone, Copy)]
pub(super) struct Name<'n> {
    pub(super) text: &'n str,
    pub(super) span: Span,
}

/// A member of a collection.
#[derive(Clone, Copy)]
pub(super) struct Member<'n> {
    pub(super) name: Option<Name<'n>>,
    pub(super) node: &'n Node,
}

impl Member<'_> {
    /// The span to report: that of the name, if there is one.
    pub(super) fn span(&self) -> Span {
        self.name.map_or(self.node.span, |name| name.span)
    }

    /// The name for a message.
    pub(super) fn called(&self) -> String {
        let name = self.name.or_else(|| first_text(self.node, &["path", "method"]));
        name.map_or_else(|| "without a name".to_owned(), |name| format!("`{}`", name.text))
    }
}

/// An operation that the file itself consumes.
pub(super) struct Operation<'n> {
    pub(super) namespace: &'n str,
    pub(super) name: Name<'n>,
    /// In capital letters.
    pub(super) method: String,
}

/// The value under a key. A key without a value counts as absent.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|value| !value.is_null())
}

/// A value as text.
pub(super) fn text(node: &Node) -> Option<&str> {
    match &node.content {
        Content::Text(text) | Content::Number(_, text) => Some(text),
        _ => None,
    }
}

/// The text under a key, with its span.
pub(super) fn text_of<'n>(node: &'n Node, key: &str) -> Option<Name<'n>> {
    let value = get(node, key)?;
    Some(Name { text: text(value)?, span: value.span })
}

/// The text under the first of these keys that has one.
pub(super) fn first_text<'n>(node: &'n Node, keys: &[&str]) -> Option<Name<'n>> {
    keys.iter().find_map(|key| text_of(node, key))
}

/// The `true` or `false` under a key, with its span.
pub(super) fn flag(node: &Node, key: &str) -> Option<(bool, Span)> {
    let value = get(node, key)?;
    match value.content {
        Content::Bool(flag, _) => Some((flag, value.span)),
        _ => None,
    }
}

/// Whether a key has this text.
pub(super) fn says(node: &Node, key: &str, wanted: &str) -> bool {
    text_of(node, key).is_some_and(|given| given.text == wanted)
}

/// Whether a key is missing, or has an empty text, list or mapping.
pub(super) fn is_empty(node: &Node, key: &str) -> bool {
    get(node, key).is_none_or(|value| match &value.content {
        Content::Text(text) => text.trim().is_empty(),
        Content::Sequence(items) => items.is_empty(),
        Content::Mapping(entries) => entries.is_empty(),
        _ => false,
    })
}

/// The members of a list or of a mapping. Their name is the text under `name_key`, or their key in the mapping. Members
/// that are not mappings are left to the compiler.
pub(super) fn members<'n>(node: &'n Node, key: &str, name_key: &str) -> Vec<Member<'n>> {
    let mut members: Vec<Member<'n>> = match get(node, key).map(|value| &value.content) {
        Some(Content::Sequence(items)) => {
            items.iter().map(|node| Member { name: text_of(node, name_key), node }).collect()
        }
        Some(Content::Mapping(entries)) => {
            let member = |entry: &'n Entry| {
                let key = Name { text: &entry.key, span: entry.span };
                Member { name: text_of(&entry.value, name_key).or(Some(key)), node: &entry.value }
            };
            entries.iter().map(member).collect()
        }
        _ => Vec::new(),
    };
    members.retain(|member| matches!(member.node.content, Content::Mapping(_)));
    members
}

/// The entries of a section, at the root of the file and in its capability. Their names are their namespaces.
pub(super) fn section<'n>(root: &'n Node, section: &str) -> Vec<Member<'n>> {
    let parents = [Some(root), get(root, "capability")];
    parents.into_iter().flatten().flat_map(|parent| members(parent, section, "namespace")).collect()
}

/// The entries of a section that are not imports.
pub(super) fn own<'n>(root: &'n Node, name: &str) -> Vec<Member<'n>> {
    section(root, name).into_iter().filter(|entry| !is_import(entry.node, name)).collect()
}

/// The keys for the file of an import. In binds, `location` means where values come from.
pub(super) fn source_keys(section: &str) -> &'static [&'static str] {
    match section {
        "binds" => &["from"],
        "consumes" => &["from", "location", "ref"],
        _ => &["from", "location"],
    }
}

/// Whether an entry of a section is an import.
pub(super) fn is_import(entry: &Node, section: &str) -> bool {
    let located = matches!(section, "consumes" | "aggregates") && get(entry, "location").is_some();
    let referred = section == "consumes" && get(entry, "ref").is_some();
    located || referred || get(entry, "import").is_some() || get(entry, "from").is_some()
}

/// The adapters of a type.
pub(super) fn adapters<'n>(root: &'n Node, kind: &str) -> Vec<Member<'n>> {
    own(root, "exposes").into_iter().filter(|adapter| adapter_kind(adapter.node) == Some(kind)).collect()
}

/// The type of an adapter, declared or deduced from its content. `api` is an older word for `rest`.
pub(super) fn adapter_kind(adapter: &Node) -> Option<&str> {
    match text_of(adapter, "type") {
        Some(kind) => Some(if kind.text == "api" { "rest" } else { kind.text }),
        None if get(adapter, "tools").is_some() => Some("mcp"),
        None => get(adapter, "resources").map(|_| "rest"),
    }
}

/// The operation that something calls: a text, or in early versions a mapping with the text in it.
pub(super) fn call(caller: &Node) -> Option<&str> {
    let call = get(caller, "call").or_else(|| get(caller, "operation"))?;
    text(get(call, "operation").unwrap_or(call))
}

/// The resources of all REST adapters.
pub(super) fn resources(root: &Node) -> Vec<Member<'_>> {
    adapters(root, "rest").iter().flat_map(|adapter| members(adapter.node, "resources", "name")).collect()
}

/// The operations of all REST adapters.
pub(super) fn routes(root: &Node) -> Vec<Member<'_>> {
    resources(root).iter().flat_map(|resource| members(resource.node, "operations", "name")).collect()
}

/// The tools of all MCP adapters.
pub(super) fn tools(root: &Node) -> Vec<Member<'_>> {
    adapters(root, "mcp").iter().flat_map(|adapter| members(adapter.node, "tools", "name")).collect()
}

/// The functions of an aggregate; later versions of the format call them flows.
pub(super) fn functions<'n>(aggregate: &'n Node) -> Vec<Member<'n>> {
    ["functions", "flows"].iter().flat_map(|key| members(aggregate, key, "name")).collect()
}

/// Everything that can call or have steps: routes, tools, MCP resources and functions.
pub(super) fn callers(root: &Node) -> Vec<Member<'_>> {
    let mcp = adapters(root, "mcp");
    let mut callers = routes(root);
    callers.extend(tools(root));
    callers.extend(mcp.iter().flat_map(|adapter| members(adapter.node, "resources", "name")));
    callers.extend(own(root, "aggregates").iter().flat_map(|aggregate| functions(aggregate.node)));
    callers
}

/// The operations that the file itself consumes.
pub(super) fn operations(root: &Node) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for api in own(root, "consumes") {
        let Some(namespace) = api.name else { continue };
        for resource in members(api.node, "resources", "name") {
            for operation in members(resource.node, "operations", "name") {
                let Some(name) = operation.name else { continue };
                let method = text_of(operation.node, "method").map_or("GET", |method| method.text);
                operations.push(Operation { namespace: namespace.text, name, method: method.to_ascii_uppercase() });
            }
        }
    }
    operations
}
