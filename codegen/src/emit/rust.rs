//! Writing Rust: formatting, headers, and documentation text that cannot break out of its comment.

use proc_macro2::TokenStream;
use quote::quote;

use naftiko_schema::InboundAuth;

use super::MARKER;
use super::code::{Code, INDENT, WIDTH, length};
use crate::model::Model;
use crate::vocabulary::{is_invisible, is_printed};

/// Formats a file and puts the header before it. Items are separated by blank lines.
pub(super) fn file<I: Into<Item>>(model: &Model, docs: &str, items: impl IntoIterator<Item = I>) -> String {
    file_from(&model.spec, docs, items)
}

/// The same for a file that is made of these sources.
pub(super) fn file_from<I: Into<Item>>(origin: &str, docs: &str, items: impl IntoIterator<Item = I>) -> String {
    let mut head = format!("// {MARKER} from {origin}.\n// Do not edit: change the specification instead.\n\n");
    write_docs(&mut head, "//!", docs);
    head.push_str("#![cfg_attr(rustfmt, rustfmt_skip)]\n");
    let texts: Vec<String> = [head].into_iter().chain(items.into_iter().map(|item| format(item.into()))).collect();
    texts.join("\n")
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
    let mut docs = String::new();
    write_docs(&mut docs, "", text);
    let lines = docs.lines().map(|line| quote! { #[doc = #line] });
    quote! { #(#lines)* }
}

/// Documentation lines before an item. The text is Markdown.
pub(super) fn comment(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / 4);
    write_docs(&mut lines, "///", text);
    lines
}

/// A public function that stands in a block: what it takes, what it returns, and the expression that it is.
pub(super) fn function(name: &str, arguments: Vec<String>, result: &str, value: &Code) -> String {
    let width = WIDTH - INDENT;
    let start = format!("pub fn {name}({}) -> {result} {{\n", arguments.join(", "));
    let start = if length(&start) <= width + "\n".len() {
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

/// Writes lines of documentation, each after a sign.
fn write_docs(docs: &mut String, sign: &str, text: &str) {
    let mut code = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        docs.push_str(sign);
        // Rows of tables and headings end with their line.
        if code || fence || line.starts_with(['|', '#']) {
            docs.extend([if line.is_empty() { "" } else { " " }, line]);
        } else {
            write_wrapped(docs, sign, line);
        }
        docs.push('\n');
    }
}

/// Writes a line of Markdown in lines of [`DOC_WIDTH`], as far as blanks allow. It renders the same: code spans stay whole, and no
/// line begins like a list, a heading or a quotation.
fn write_wrapped(docs: &mut String, sign: &str, line: &str) {
    let indent = if line.starts_with("- ") { "  " } else { "" };
    let (mut width, mut in_code) = (0, false);
    for word in line.split(' ') {
        let length = length(word);
        let fits = width == 0 || width + length < DOC_WIDTH;
        let may_begin_a_line = |c: char| c.is_alphabetic() || matches!(c, '`' | '(' | '"' | '[');
        if !fits && !in_code && word.starts_with(may_begin_a_line) {
            docs.extend(["\n", sign, " ", indent, word]);
            width = indent.len() + length;
        } else if width + length > 0 {
            docs.extend([" ", word]);
            width += usize::from(width > 0) + length;
        }
        in_code ^= word.bytes().filter(|byte| *byte == b'`').count() % 2 == 1;
    }
}

/// Text from a specification as Markdown that renders as that text and nothing else: no links, no HTML, no code.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$' | '&') {
            out.push('\\');
        }
        out.push(c);
    }
    // An address would be flagged as a bare link, and a line may not start like a list, a heading or a definition.
    let out = if out.contains("://") { out.replace("://", "\\://") } else { out };
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
