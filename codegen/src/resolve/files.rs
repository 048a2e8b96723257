//! Files with the content of resources and prompts. Those beside the capability are embedded in the crate; those with an
//! absolute path are read by the server at run time.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use naftiko_schema::FileContent;

use super::format;
use super::script;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::Files;
use crate::read::document::Text;
use crate::read::yaml::{self, Content, Node};
use crate::read::{SECTIONS, relative};
use crate::{ENCODED, Sources, is_specification};

/// The largest number of files in one location.
pub(super) const MOST: usize = 200;

/// The files of a location. If there are none, that is reported.
pub(super) fn link(location: &Text, sources: &Sources, sink: &mut Sink) -> Option<Files> {
    let given = location.value.as_str();
    let path = path_of(given);
    let refuse = |problem: &str, help: &str, sink: &mut Sink| {
        sink.report(Code::BadLocation, location.span, format!("the location `{given}` {problem}")).help(help);
        None
    };
    if path.contains("://") || path.contains(|c: char| c.is_control() || c == '\\') {
        return refuse(
            "is not a path of a file",
            "write `file:///` and an absolute path, or `./` and a relative one",
            sink,
        );
    }
    if !is_beside(path) {
        if path.split('/').any(|part| matches!(part, "." | "..")) || path.split('/').all(str::is_empty) {
            return refuse("is not a definite path", "write the path without `.` and `..`", sink);
        }
        let message = format!("`{path}` is read by the server at run time, for each request");
        let help = "start the path with `./` to embed files beside the capability in the crate; these are offered only if the \
                    operator names their folder with `--files`";
        sink.report(Code::ServerFiles, location.span, message).help(help);
        return Some(Files::ServerFile(path.to_owned()));
    }
    let help = "write a path relative to this file, to files in the folder of the capabilities";
    let Some(path) = relative(sink.path(location.span.file), path) else {
        return refuse("is outside of the folder of the capabilities", help, sink);
    };
    let only = [path.clone(), format!("{path}{ENCODED}")];
    if let Some((file, text)) = only.iter().find_map(|file| Some((file, sources.get(file)?))) {
        let (path, content) = content(file, text);
        return Some(Files::Embedded(vec![(String::new(), file_name(path), content)]));
    }
    // Hidden files are not published.
    let is_shown = |file: &str| !file.split('/').any(|part| part.starts_with('.'));
    let shown = below(sources, &path).into_iter().filter(|(file, _)| is_shown(file));
    let embedded = shown.map(|(file, text)| {
        let (path, content) = content(file, text);
        (path.to_owned(), file_name(path), content)
    });
    let mut files: Vec<_> = embedded.collect();
    files.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    match files.len() {
        0 => refuse("is neither a file nor a folder with files", help, sink),
        1..=MOST => Some(Files::Embedded(files)),
        many => refuse(&format!("has {many} files, more than {MOST}"), "split the folder", sink),
    }
}

/// The files of a folder among the sources, by their paths from there.
pub(super) fn below<'s>(sources: &'s Sources, folder: &str) -> Vec<(&'s str, &'s String)> {
    let folder = format!("{folder}/");
    let below = sources.range(folder.clone()..).take_while(|(file, _)| file.starts_with(&folder));
    below.filter_map(|(file, text)| Some((file.strip_prefix(&folder)?, text))).collect()
}

/// The path of a file among the sources, and what is in it.
pub(super) fn content<'p>(path: &'p str, text: &str) -> (&'p str, FileContent) {
    let encoded = path.strip_suffix(ENCODED).and_then(|path| Some((path, BASE64_STANDARD.decode(text).ok()?)));
    match encoded {
        Some((path, bytes)) => (path, FileContent::Bytes(bytes.into())),
        None => (path, FileContent::Text(plain(text).into())),
    }
}

/// Where a folder or a schema may be among the sources, the likeliest first. An absolute location is one of the machine that
/// runs the file, such as `/app/scripts` in an image; the compiler looks beside the file for the same end of the path.
pub(super) fn folders(importer: &str, location: &str) -> Vec<String> {
    let path = path_of(location);
    if path.contains("://") {
        return Vec::new();
    }
    if is_beside(path) {
        return relative(importer, path).into_iter().collect();
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let ends = (0..parts.len()).filter_map(|start| parts.get(start..));
    ends.filter_map(|end| relative(importer, &end.join("/"))).collect()
}

/// The files and folders beside a capability that its resources, skills, prompts, scripts and operations name, or those beside a
/// `.proto` file that it imports, whether they are there or not.
pub(crate) fn named(path: &str, text: &str) -> Vec<String> {
    if path.ends_with(".proto") {
        return format::imported(path, text);
    }
    let mut named = Vec::new();
    // Most texts name no file. Only an escape could hide the keys.
    let imports = text.contains("from") && text.contains("import");
    if !imports && !["location", script::LOCATION, format::SCHEMA, "\\"].iter().any(|key| text.contains(key)) {
        return named;
    }
    // A syntax error is reported when the file is compiled.
    if let Some(root) = yaml::parse(text, 0, &mut Sink::new(path)) {
        let default = script::default_location(&root);
        collect(&root, path, default.as_deref(), &mut named);
    }
    named
}

/// The files of variables beside a capability, which only the server reads.
pub(crate) fn bound(path: &str, text: &str) -> Vec<String> {
    fn collect(node: &Node, path: &str, bound: &mut Vec<String>) {
        match &node.content {
            Content::Sequence(items) => items.iter().for_each(|item| collect(item, path, bound)),
            Content::Mapping(entries) => entries.iter().for_each(|entry| {
                if entry.key == "binds" {
                    let locations = texts(&entry.value, "location");
                    bound.extend(locations.iter().flat_map(|given| folders(path, given)));
                }
                collect(&entry.value, path, bound);
            }),
            _ => {}
        }
    }
    let mut bound = Vec::new();
    let root = if text.contains("binds") { yaml::parse(text, 0, &mut Sink::new(path)) } else { None };
    root.iter().for_each(|root| collect(root, path, &mut bound));
    bound
}

fn collect(node: &Node, path: &str, default: Option<&str>, named: &mut Vec<String>) {
    match &node.content {
        Content::Sequence(items) => items.iter().for_each(|item| collect(item, path, default, named)),
        Content::Mapping(entries) => {
            named.extend(format::named(node).iter().flat_map(|file| folders(path, file)));
            for entry in entries {
                if matches!(entry.key.as_str(), "resources" | "prompts") {
                    let locations = texts(&entry.value, "location");
                    let beside = locations.iter().map(|given| path_of(given)).filter(|given| is_beside(given));
                    named.extend(beside.filter_map(|given| relative(path, given)));
                }
                if SECTIONS.contains(&entry.key.as_str()) {
                    // Files in YAML are read anyway.
                    let imported = texts(&entry.value, "from").into_iter().filter(|file| !is_specification(file));
                    named.extend(imported.filter_map(|file| relative(path, path_of(&file))));
                }
                if entry.key == "skills" {
                    named.extend(texts(&entry.value, "location").iter().flat_map(|given| folders(path, given)));
                }
                if entry.key == "steps" {
                    script::named(&entry.value, path, default, named);
                }
                collect(&entry.value, path, default, named);
            }
        }
        _ => {}
    }
}

/// The texts that the members of a collection have under a key.
fn texts(collection: &Node, key: &str) -> Vec<String> {
    let text = |member: &Node| member.get(key).and_then(Node::scalar_text);
    match &collection.content {
        Content::Sequence(items) => items.iter().filter_map(text).collect(),
        Content::Mapping(members) => members.iter().filter_map(|one| text(&one.value)).collect(),
        _ => Vec::new(),
    }
}

/// A path from a location without `./` at its start, which means the same.
pub(super) fn from_location(path: &str) -> &str {
    path.trim_start_matches("./")
}

pub(super) fn path_of(location: &str) -> &str {
    location.strip_prefix("file://").unwrap_or(location)
}

/// Whether a path is relative to the file that names it.
pub(super) fn is_beside(path: &str) -> bool {
    !path.starts_with('/') || path.starts_with("/./") || path.starts_with("/../")
}

/// The text without a byte order mark and with the same line ends on every machine.
pub(super) fn plain(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}

fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}
