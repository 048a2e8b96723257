//! The format of the responses of an operation, with what is needed to read it.

mod protobuf;

use naftiko_schema::selector::Selector;
use naftiko_schema::{AvroSchema, Format, Separator};

use super::files;
use crate::Sources;
use crate::diagnostic::Sink;
use crate::linked::Unreadable;
use crate::read::document::{ConsumedOperation, Text};
use crate::read::yaml::Node;

/// The key of an operation that names the file with the schema of its format.
pub(super) const SCHEMA: &str = "outputSchema";

/// The formats that an operation can name.
const FORMATS: &str = "the formats are json, xml, yaml, csv, tsv, psv, html, markdown, avro, protobuf and binary";

/// The format of an operation; JSON unless it says otherwise.
pub(super) fn link(operation: &ConsumedOperation, sources: &Sources, sink: &Sink) -> Result<Format, Unreadable> {
    let Some(word) = &operation.output_format else { return Ok(Format::Json) };
    let schema = operation.output_schema.as_ref();
    Ok(match word.value.to_ascii_lowercase().as_str() {
        "json" => Format::Json,
        "binary" => Format::Binary,
        // No engine knows `text`, but it is clear what it means.
        "text" => Format::Any,
        "xml" => Format::Xml,
        "yaml" => Format::Yaml,
        "csv" => Format::Rows(Separator::Comma),
        "tsv" => Format::Rows(Separator::Tab),
        "psv" => Format::Rows(Separator::Pipe),
        "html" => Format::Html(schema.map(selectors).transpose()?.unwrap_or_default()),
        "markdown" => Format::Markdown(schema.map(|prefix| prefix.value.clone()).unwrap_or_default().into()),
        "avro" if schema.is_none() => Format::AvroFile,
        "avro" => {
            let (file, _, text) = schema_file(word, schema, sources, sink)?;
            Format::Avro(AvroSchema::read(text).map_err(|problem| wrong(file, &problem))?)
        }
        "protobuf" => {
            let (file, path, _) = schema_file(word, schema, sources, sink)?;
            Format::Protobuf(protobuf::read(&path, sources).map_err(|problem| wrong(file, &problem))?.into())
        }
        _ => return Err(unreadable(word, format!("the format `{}` is unknown", word.value), FORMATS)),
    })
}

fn unreadable(at: &Text, message: String, help: &'static str) -> Unreadable {
    Unreadable { span: at.span, message, help }
}

fn wrong(file: &Text, problem: &str) -> Unreadable {
    let message = format!("the schema `{}` cannot be read: {problem}", file.value);
    unreadable(file, message, "correct the file")
}

/// The file with the schema of a format: what names it, its path, and its text.
fn schema_file<'s>(
    word: &Text,
    schema: Option<&'s Text>,
    sources: &'s Sources,
    sink: &Sink,
) -> Result<(&'s Text, String, &'s str), Unreadable> {
    let Some(file) = schema else {
        let message = format!("responses in `{}` need an `outputSchema`", word.value);
        return Err(unreadable(word, message, "name the file with the schema, relative to this file"));
    };
    let mut paths = files::folders(sink.path(file.span.file), &file.value).into_iter();
    let found = paths.find_map(|path| sources.get(&path).map(|text| (path, text)));
    let (path, text) = found.ok_or_else(|| {
        let message = format!("the schema `{}` is not there", file.value);
        unreadable(file, message, "name a file in the folder of the capabilities, relative to this file")
    })?;
    Ok((file, path, text.strip_prefix('\u{feff}').unwrap_or(text)))
}

/// The list of selectors that is written. An empty one selects all tables.
fn selectors(list: &Text) -> Result<naftiko_schema::Text, Unreadable> {
    let text = list.value.trim();
    match Selector::read(text) {
        Err(problem) if !text.is_empty() => {
            let message = format!("the CSS selector `{text}` cannot be read: {problem}");
            let help = "write names, `.class`, `#id`, `[a=b]`, `:nth-child()`, `:nth-of-type()`, `:not()`, `:has()`, `:eq()`, \
                        `:contains()` and their like, as docs/semantics.md lists them, or nothing for all tables";
            Err(unreadable(list, message, help))
        }
        _ => Ok(text.to_owned().into()),
    }
}

/// The file that an operation names as the schema of its responses, if it is one.
pub(super) fn named(operation: &Node) -> Option<String> {
    let format = operation.get("outputRawFormat").and_then(Node::scalar_text)?.to_ascii_lowercase();
    matches!(format.as_str(), "avro" | "protobuf").then(|| operation.get(SCHEMA)?.scalar_text())?
}

/// Where the files that a `.proto` file imports may be.
pub(super) fn imported(path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    protobuf::imports(text).flat_map(|name| protobuf::places(folder, name)).collect()
}
