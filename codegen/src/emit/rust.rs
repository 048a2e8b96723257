//! Writing Rust: formatting, headers, and documentation text that cannot break out of its comment.

use proc_macro2::TokenStream;
use quote::quote;

use naftiko_schema::InboundAuth;

use super::MARKER;
use super::code::{Code, INDENT, WIDTH};
use crate::model::Model;
use crate::vocabulary::{is_invisible, is_printed};

/// Formats a file and puts the header before it. Items are separated by blank lines.
pub(super) fn file<I: Into<Item>>(model: &Model, docs: &str, items: impl IntoIterator<Item = I>) -> String {
    file_from(&model.spec, docs, items)
}

/// The same for a file that is made of these sources.
pub(super) fn file_from<I: Into<Item>>(origin: &str, docs: &str, items: impl IntoIterator<Item = I>) -> String {
    let mut text = format!("// {MARKER} from {origin}.\n// Do not edit: change the specification instead.\n\n");
    for line in doc_lines(docs) {
        text.extend(["//!", &line, "\n"]);
    }
    text.push_str("#![cfg_attr(rustfmt, rustfmt_skip)]\n");
    for item in items {
        text.push('\n');
        text.push_str(&format(item.into()));
    }
    text
}

/// What stands between blank lines in a file.
pub(super) enum Item {
    Tokens(TokenStream),
    /// Lines that are laid out.
    Text(String),
    /// The `static` of a table.
    Table(Table),
}

impl Item {
    /// The table of an adapter.
    pub(super) fn adapter(kind: &'static str, value: Code) -> Self {
        let (docs, condition) = (String::new(), String::new());
        Self::Table(Table { docs, condition, name: "ADAPTER".to_owned(), kind, value })
    }
}

/// Text of this compiler as tokens.
pub(super) fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap_or_else(|_| quote! { compile_error!("the compiler emitted invalid Rust") })
}

/// The `static` of a table.
pub(super) struct Table {
    /// Its documentation, in Markdown.
    pub(super) docs: String,
    /// An attribute before it, such as `#[cfg(…)]`, or nothing.
    pub(super) condition: String,
    pub(super) name: String,
    /// Its type.
    pub(super) kind: &'static str,
    pub(super) value: Code,
}

impl Table {
    fn text(&self) -> String {
        let mut start = comment(&self.docs);
        if !self.condition.is_empty() {
            start.extend([&self.condition, "\n"]);
        }
        start.extend(["pub(crate) static ", &self.name, ": ", self.kind]);
        self.value.after(&start)
    }
}

impl From<String> for Item {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Item {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<TokenStream> for Item {
    fn from(tokens: TokenStream) -> Self {
        Self::Tokens(tokens)
    }
}

fn format(item: Item) -> String {
    match item {
        Item::Tokens(tokens) => spaced(&formatted(tokens)),
        Item::Text(text) => text,
        Item::Table(table) => table.text(),
    }
}

fn formatted(tokens: TokenStream) -> String {
    match syn::parse2::<syn::File>(tokens) {
        Ok(file) => prettyplease::unparse(&file),
        // Emitters write valid Rust. If one did not, the generated crate would not compile and say where it comes from.
        Err(error) => format!("compile_error!({:?});\n", format!("the compiler emitted invalid Rust: {error}")),
    }
}

/// The code with a blank line before each documented item of an `impl`, which prettyplease does not set. Fields of structs have
/// none.
fn spaced(code: &str) -> String {
    let mut spaced = String::new();
    let mut previous = "{";
    for line in code.lines() {
        let continues =
            previous.trim_start().starts_with("///") || previous.ends_with(['{', ',']) || previous.is_empty();
        if line.starts_with("    ///") && !continues {
            spaced.push('\n');
        }
        spaced.push_str(line);
        spaced.push('\n');
        previous = line;
    }
    spaced
}

/// Documentation attributes for an item. The text is Markdown.
pub(super) fn docs(text: &str) -> TokenStream {
    let lines = doc_lines(text).map(|line| quote! { #[doc = #line] });
    quote! { #(#lines)* }
}

/// Documentation lines before an item. The text is Markdown.
pub(super) fn comment(text: &str) -> String {
    let mut lines = String::new();
    for line in doc_lines(text) {
        lines.extend(["///", &line, "\n"]);
    }
    lines
}

/// A public function that stands in a block: what it takes, what it returns, and the expression that it is.
pub(super) fn function(name: &str, arguments: Vec<String>, result: &str, value: &Code) -> String {
    let width = WIDTH - INDENT;
    let start = format!("pub fn {name}({}) -> {result} {{\n", arguments.join(", "));
    let start = if start.chars().count() <= width + "\n".len() {
        start
    } else {
        format!("pub fn {name}(\n{}) -> {result} {{\n", indented(&(arguments.join(",\n") + ",\n")))
    };
    [&*start, &indented(&value.statement("", width - INDENT)), "}\n"].concat()
}

/// A block whose members are separated by blank lines.
pub(super) fn block(head: &str, members: impl IntoIterator<Item = String>) -> String {
    let mut text = format!("{head} {{\n");
    for (index, member) in members.into_iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&indented(&member));
    }
    text + "}\n"
}

/// The lines, one level further in.
pub(super) fn indented(text: &str) -> String {
    let mut indented = String::with_capacity(text.len() + text.len() / 4);
    for line in text.split_inclusive('\n') {
        if line != "\n" {
            indented.push_str("    ");
        }
        indented.push_str(line);
    }
    indented
}

/// The length at which lines of documentation are wrapped.
const DOC_WIDTH: usize = 112;

fn doc_lines(text: &str) -> impl Iterator<Item = String> {
    let mut code = false;
    let lines = text.lines().flat_map(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        // Rows of tables and headings end with their line.
        if code || fence || line.starts_with(['|', '#']) { vec![line.to_owned()] } else { wrapped(line) }
    });
    lines.map(|line| if line.is_empty() { String::new() } else { format!(" {line}") })
}

/// A line of Markdown in lines of [`DOC_WIDTH`], as far as blanks allow. It renders the same: code spans stay whole, and no
/// line begins like a list, a heading or a quotation.
fn wrapped(line: &str) -> Vec<String> {
    let indent = if line.starts_with("- ") { "  " } else { "" };
    let mut lines = vec![String::new()];
    let mut in_code = false;
    for word in line.split(' ') {
        let fits =
            lines.last().is_none_or(|last| last.is_empty() || last.chars().count() + word.chars().count() < DOC_WIDTH);
        let may_begin_a_line = word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '`' | '(' | '"' | '['));
        if !fits && !in_code && may_begin_a_line {
            lines.push(format!("{indent}{word}"));
        } else if let Some(last) = lines.last_mut() {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
        in_code ^= word.matches('`').count() % 2 == 1;
    }
    lines
}

/// Text from a specification as Markdown that renders as that text and nothing else: no links, no HTML, no code.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$' | '&') {
            out.push('\\');
        }
        out.push(c);
    }
    // An address would be flagged as a bare link, and a line may not start like a list, a heading or a definition.
    let out = out.replace("://", "\\://");
    if out.starts_with(['-', '+', '=', ':']) {
        return format!("\\{out}");
    }
    match out.find(|c: char| !c.is_ascii_digit()) {
        Some(end) if end > 0 => match out.split_at(end) {
            (digits, rest) if rest.starts_with(['.', ')']) => format!("{digits}\\{rest}"),
            _ => out,
        },
        _ => out,
    }
}

/// Text from a specification as an inline code span.
pub(super) fn code(text: &str) -> String {
    if is_printed(text) && !text.contains('`') {
        return ["`", text, "`"].concat();
    }
    let plain = |c: char| if c.is_control() || is_invisible(c) || c == '`' { '\'' } else { c };
    format!("`{}`", text.chars().map(plain).collect::<String>())
}

/// A sentence for documentation: the text, or a fallback, with a full stop.
pub(super) fn sentence(text: &str, fallback: &str) -> String {
    let text = if text.is_empty() { fallback.to_owned() } else { plain(text) };
    if text.ends_with(['.', '!', '?', ':', ')']) { text } else { format!("{text}.") }
}

/// Documentation of what an application can mount, with what it has to know about its callers.
pub(super) fn mounted(summary: &str, auth: &InboundAuth) -> String {
    let callers = if auth.is_public() {
        ""
    } else {
        "\n\nThe capability requires callers to authenticate. The server of this crate checks that; an application that mounts \
         this has to check it itself."
    };
    comment(&format!("{summary}{callers}"))
}
