//! Imports: entries of a section that are replaced by entries of the same section in another file.
//!
//! Paths are relative to the file that names them. Nothing outside of the given sources is read.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::document::{Adapter, Aggregate, Bind, Consumes, Text};
use super::fields::Fields;
use super::yaml::{self, Node};
use super::{Member, SECTIONS, span_of};
use crate::Sources;
use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink, Span};

/// How many files may import each other in a row.
const MAX_CHAIN: usize = 16;

/// Follows the imports of one capability.
pub(super) struct Imports<'s> {
    sources: &'s Sources,
    /// The files that are being read, from the capability to the innermost.
    chain: Vec<String>,
    /// The namespaces of imports that could not be resolved; empty where the import names no namespace.
    pub(super) missing: Vec<String>,
    /// The namespaces that entries of `consumes` have in their own files, and by which they are not called.
    pub(super) replaced: Vec<String>,
    /// Whether the version of the format writes imports with `from` only.
    wants_from: bool,
    /// The sections that were read, by file; `None` if the file has no valid YAML.
    read: BTreeMap<(&'s str, &'static str), Option<Rc<Section>>>,
}

/// A section of an imported file.
struct Section {
    entries: Vec<(Option<Text>, Node)>,
    /// Where the namespaces are among the entries.
    namespaces: BTreeMap<String, usize>,
}

/// What an import says.
struct Import {
    from: Text,
    namespace: Option<Text>,
    alias: Option<Text>,
}

/// An entry that goes by a namespace.
pub(super) trait Named {
    /// Gives the entry another namespace.
    fn rename(&mut self, namespace: Text);

    /// The namespace that it has.
    fn namespace(&self) -> Option<&Text>;
}

impl Named for Consumes {
    fn rename(&mut self, namespace: Text) {
        self.namespace = namespace;
    }

    fn namespace(&self) -> Option<&Text> {
        Some(&self.namespace)
    }
}

impl Named for Adapter {
    fn rename(&mut self, namespace: Text) {
        self.original = self.namespace.replace(namespace);
    }

    fn namespace(&self) -> Option<&Text> {
        self.namespace.as_ref()
    }
}

impl Named for Aggregate {
    fn rename(&mut self, namespace: Text) {
        self.original = self.namespace.replace(namespace);
    }

    fn namespace(&self) -> Option<&Text> {
        self.namespace.as_ref()
    }
}

impl Named for Bind {
    fn rename(&mut self, namespace: Text) {
        self.namespace = Some(namespace);
    }

    fn namespace(&self) -> Option<&Text> {
        self.namespace.as_ref()
    }
}

type Read<T> = fn(Option<Text>, &Node, &mut Sink) -> Option<T>;

impl<'s> Imports<'s> {
    pub(super) fn new(sources: &'s Sources, path: &str, wants_from: bool) -> Self {
        let (missing, replaced, read) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { sources, chain: vec![path.to_owned()], missing, replaced, wants_from, read }
    }

    /// Reads the members of a section, those of other files included.
    pub(super) fn members<T: Named>(
        &mut self,
        members: Vec<Member<'_>>,
        section: &'static str,
        read: Read<T>,
        sink: &mut Sink,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for (key, node) in members {
            if !sink.reads(entry_of(section), span_of(key.as_ref(), node)) {
                if section == "consumes" && self.chain.len() == 1 {
                    self.missing.extend(namespace(key.as_ref(), node));
                }
                continue;
            }
            let entry = match import(node, section, sink) {
                Some(import) => {
                    let found = self.import(&import, node, section, read, sink);
                    if found.is_none() && section == "consumes" {
                        let name = import.alias.or(import.namespace);
                        self.missing.push(name.map(|name| name.value).unwrap_or_default());
                    }
                    found.map(|found| (found, true))
                }
                None => read(key, node, sink).map(|own| (own, false)),
            };
            if let Some((entry, is_import)) = entry {
                let same = |known: &&(T, bool)| {
                    let (one, other) = (known.0.namespace(), entry.namespace());
                    one.is_some() && one.map(|name| &name.value) == other.map(|name| &name.value)
                };
                if let Some((first, was_import)) = all.iter().find(same)
                    && (is_import || *was_import)
                {
                    report_twice(first.namespace(), node.span, sink);
                }
                all.push((entry, is_import));
            }
        }
        all.into_iter().map(|(entry, _)| entry).collect()
    }

    /// What an import means, under the name that it gets.
    fn import<T: Named>(
        &mut self,
        import: &Import,
        node: &Node,
        section: &'static str,
        read: Read<T>,
        sink: &mut Sink,
    ) -> Option<T> {
        if self.wants_from && node.get("from").is_none() {
            let message = "this version of the format writes imports with `from`";
            sink.report(Code::ImportTarget, import.from.span, message).help("write `from:`");
            return None;
        }
        let found = self.follow(import, section, read, sink)?;
        if let (Some(own), Some(_), "consumes") = (&import.namespace, &import.alias, section) {
            self.replaced.push(own.value.clone());
        }
        Some(found)
    }

    fn follow<T: Named>(
        &mut self,
        import: &Import,
        section: &'static str,
        read: Read<T>,
        sink: &mut Sink,
    ) -> Option<T> {
        let code = if section == "consumes" { Code::BrokenImport } else { Code::ImportTarget };
        let named = &import.from.value;
        if named.contains("://") && !named.starts_with("file://") {
            let message = format!("`{named}` is a URL, and imports are files");
            sink.report(code, import.from.span, message).help("download the file, and name its path");
            return None;
        }
        let importer = self.chain.last().cloned().unwrap_or_default();
        let path = relative(&importer, named);
        let Some((path, text)) = path.as_ref().and_then(|path| self.sources.get_key_value(path)) else {
            let given = path.as_deref().unwrap_or(named);
            let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
            let mut same = self.sources.keys().filter(|known| name(known) == name(given));
            let help = match (same.next(), same.next()) {
                (Some(only), None) => {
                    format!("there is a file `{only}`; the path is relative to the file that imports it")
                }
                _ => "the path is relative to the file that imports it".to_owned(),
            };
            sink.report(code, import.from.span, format!("the imported file `{given}` does not exist")).help(help);
            return None;
        };
        if self.chain.contains(path) {
            let circle: Vec<&str> =
                self.chain.iter().map(String::as_str).skip_while(|other| other != path).skip(1).collect();
            let message = match circle.as_slice() {
                [] => format!("`{path}` imports itself"),
                others => format!("`{path}` imports itself through `{}`", others.join("`, `")),
            };
            sink.report(Code::ImportCycle, import.from.span, message)
                .help("move what the files share into one that imports neither");
            return None;
        }
        if self.chain.len() >= MAX_CHAIN {
            let message =
                format!("`{path}` is imported through {} other files, one after the other", self.chain.len() - 1);
            sink.report(Code::ImportCycle, import.from.span, message)
                .help("import it from a file that is nearer to the capability");
            return None;
        }
        let known = self.read.entry((path, section)).or_insert_with(|| {
            let file = sink.enter(path);
            let root = yaml::parse(text, file, sink)?;
            Some(Rc::new(Section::new(section_of(&root, section, sink))))
        });
        let entries = known.clone()?;
        self.chain.push(path.clone());
        let found = self.select(import, path, &entries, section, read, sink);
        self.chain.pop();
        found
    }

    /// Picks the entry with the imported namespace; the only one, where the import names none.
    fn select<T: Named>(
        &mut self,
        import: &Import,
        path: &str,
        Section { entries, namespaces }: &Section,
        section: &'static str,
        read: Read<T>,
        sink: &mut Sink,
    ) -> Option<T> {
        let position = match &import.namespace {
            Some(wanted) => namespaces.get(&wanted.value).copied(),
            None => (entries.len() == 1).then_some(0),
        };
        let Some((key, node)) = position.and_then(|index| entries.get(index)) else {
            let known: Vec<&str> = if sink.is_full(Code::ImportTarget) {
                Vec::new()
            } else {
                let names = entries.iter().filter_map(|(key, node)| namespace(key.as_ref(), node));
                let positions = names.filter_map(|name| namespaces.get_key_value(&name));
                positions.map(|(name, _)| name.as_str()).collect()
            };
            let (span, message) = match &import.namespace {
                Some(wanted) => {
                    (wanted.span, format!("`{path}` has no namespace `{}` under `{section}`", wanted.value))
                }
                None => (import.from.span, format!("the import does not name a namespace of `{path}`")),
            };
            let wanted = import.namespace.as_ref().map_or("", |wanted| wanted.value.as_str());
            let help = match known.as_slice() {
                [] => format!("the file has no `{section}`"),
                known => format!("the file has `{}`", known.join("`, `")),
            };
            let meant = sink.nearest(Code::ImportTarget, wanted, known.iter().copied());
            sink.report(Code::ImportTarget, span, message).nearest(span, wanted, meant, &help);
            return None;
        };
        let member = vec![(key.clone(), node)];
        let mut entry = self.members(member, section, read, sink).pop()?;
        if let Some(alias) = &import.alias {
            entry.rename(alias.clone());
        }
        Some(entry)
    }
}

impl Section {
    fn new(members: Vec<Member<'_>>) -> Self {
        let entries: Vec<_> = members.into_iter().map(|(key, node)| (key, node.clone())).collect();
        let mut namespaces = BTreeMap::new();
        for (index, (key, node)) in entries.iter().enumerate() {
            if let Some(name) = namespace(key.as_ref(), node) {
                namespaces.entry(name).or_insert(index);
            }
        }
        Self { entries, namespaces }
    }
}

/// What an entry imports, if it is an import.
fn import(node: &Node, section: &str, sink: &mut Sink) -> Option<Import> {
    // `location` is the older spelling; in binds it means something else.
    let names: &[&'static str] = match section {
        "consumes" => &["from", "location", "ref"],
        "binds" => &["from"],
        _ => &["from", "location"],
    };
    let is_given = names.iter().any(|name| node.get(name).is_some());
    if !is_given && !names_file(node) {
        return None;
    }
    let mut fields = Fields::of(node, "an import", sink);
    let (from, namespace) = if is_given {
        (fields.text(names, sink), fields.text(&["import"], sink))
    } else {
        (fields.text(&["import"], sink), None)
    };
    let alias = fields.text(&["as"], sink);
    // Some tools repeat keys of the imported entry, whose values count.
    fields.ignore(&["description", "type", "namespace", "baseUri"]);
    fields.finish(sink);
    Some(Import { from: from?, namespace, alias })
}

/// Whether `import` is a file, and not a namespace in one, as some files of version 0.5 write it.
fn names_file(node: &Node) -> bool {
    node.get("import").and_then(Node::scalar_text).is_some_and(|text| crate::is_specification(&text))
}

/// The members of a section of another file, at its root or in its capability.
fn section_of<'n>(root: &'n Node, section: &'static str, sink: &mut Sink) -> Vec<Member<'n>> {
    debug_assert!(SECTIONS.contains(&section));
    let mut fields = Fields::of(root, "an imported file", sink);
    if fields.has(&[section]) {
        return fields.members(&[section], sink);
    }
    match fields.get(&["capability"]) {
        Some(entry) => Fields::of(&entry.value, "`capability`", sink).members(&[section], sink),
        None => Vec::new(),
    }
}

fn report_twice(name: Option<&Text>, span: Span, sink: &mut Sink) {
    let Some(name) = name else { return };
    let message = format!("another entry has the namespace `{}` already", name.value);
    sink.report(Code::ImportedTwice, span, message)
        .label(name.span, FIRST)
        .help("give one of them another name with `as`");
}

/// What an entry of a section is, for messages.
fn entry_of(section: &str) -> &'static str {
    match section {
        "consumes" => "API",
        "exposes" => "adapter",
        "aggregates" => "aggregate",
        _ => "bind",
    }
}

fn namespace(key: Option<&Text>, node: &Node) -> Option<String> {
    let text = |name| node.get(name).and_then(Node::scalar_text);
    // An entry that is an import has the name that it gets in this file.
    let is_import = names_file(node) || node.get("from").or(node.get("location")).is_some();
    let imported = is_import.then(|| text("as").or(text("import"))).flatten();
    imported.or(text("namespace")).or_else(|| key.map(|key| key.value.clone()))
}

/// The path of a file that another one names; `None` if it is outside of the sources.
pub(crate) fn relative(importer: &str, named: &str) -> Option<String> {
    let named = named.strip_prefix("file://").unwrap_or(named);
    let mut parts: Vec<&str> = importer.split('/').collect();
    parts.pop();
    for part in named.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_importer_and_stay_inside() {
        let from = |named| relative("spec/a/b.yaml", named);
        assert_eq!(from("./shared/c.yaml").as_deref(), Some("spec/a/shared/c.yaml"));
        assert_eq!(from("../c.yaml").as_deref(), Some("spec/c.yaml"));
        assert_eq!(from("file://./c.yaml").as_deref(), Some("spec/a/c.yaml"));
        assert_eq!(from("../../../c.yaml"), None);
    }

    #[test]
    fn chain_of_files_that_is_too_long_is_no_circle() {
        let file = |number: usize, last: usize| match number == last {
            true => "naftiko: 1.0.0-alpha2\nconsumes: [{namespace: api, baseUri: 'https://a.test'}]\n".to_owned(),
            false => format!("naftiko: 1.0.0-alpha2\nconsumes: [{{location: f{}.yaml, import: api}}]\n", number + 1),
        };
        let found = |last| {
            let mut sources: Sources =
                (1..=last).map(|number| (format!("f{number}.yaml"), file(number, last))).collect();
            let capability = "naftiko: 1.0.0-alpha2\ncapability: {consumes: [{location: f1.yaml, import: api}]}\n";
            sources.insert("f0.yaml".to_owned(), capability.to_owned());
            let compiled = crate::compile(&sources, "f0.yaml", "api");
            let cycles = compiled.diagnostics.iter().filter(|it| it.code == Code::ImportCycle);
            cycles.map(|it| it.message.clone()).collect::<Vec<_>>()
        };
        assert_eq!(found(MAX_CHAIN - 1), Vec::<String>::new());
        assert_eq!(found(MAX_CHAIN), ["`f16.yaml` is imported through 15 other files, one after the other"]);
    }

    #[test]
    fn spans_in_other_files_name_them() {
        let mut sink = Sink::new("a.yaml");
        let file = sink.enter("b.yaml");
        sink.report(Code::BrokenImport, Span::start_of(file), "gone");
        assert_eq!(sink.finish(&Sources::new()).iter().next().map(|it| it.file.clone()).as_deref(), Some("b.yaml"));
    }
}
