//! TOML as a tree with spans, in the form of YAML.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::yaml::{Content, Entry, Node};
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};

/// Parses a text. Every problem is reported; `None` means that no value can be made of it.
pub(crate) fn parse(text: &str, file: usize, sink: &mut Sink) -> Option<Node> {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let message = format!("this is not TOML: {}", error.message().lines().next().unwrap_or_default());
        sink.report(Code::SettingsSyntax, span(error.span().unwrap_or_default(), file), message)
            .help("texts are in double quotes, and sections in brackets");
    }
    errors.is_empty().then(|| Node { span: span(root.span(), file), content: table(root.get_ref(), file) })
}

fn span(range: Range<usize>, file: usize) -> Span {
    Span { start: range.start, end: range.end, file }
}

fn table(table: &DeTable<'_>, file: usize) -> Content {
    let entry = |(key, value): (&Spanned<_>, _)| Entry {
        key: String::from(AsRef::<str>::as_ref(key.get_ref())),
        span: span(key.span(), file),
        value: node(value, file),
    };
    Content::Mapping(table.iter().map(entry).collect())
}

fn node(value: &Spanned<DeValue<'_>>, file: usize) -> Node {
    let content = match value.get_ref() {
        DeValue::String(text) => Content::Text(text.clone().into_owned()),
        DeValue::Boolean(flag) => Content::Bool(*flag, flag.to_string()),
        DeValue::Integer(number) => Content::Number(number.to_string(), number.to_string()),
        DeValue::Float(number) => Content::Number(number.to_string(), number.to_string()),
        DeValue::Datetime(time) => Content::Text(time.to_string()),
        DeValue::Array(items) => Content::Sequence(items.iter().map(|item| node(item, file)).collect()),
        DeValue::Table(inside) => table(inside, file),
    };
    Node { span: span(value.span(), file), content }
}
