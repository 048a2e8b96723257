//! Expressions of tables and clients, and how they are laid out on lines. These are most of what is emitted, so no tokens are
//! made of them, and they are laid out in one pass.

use std::borrow::Cow;

use crate::vocabulary::is_printed;

/// The longest line, in characters, where an expression can be broken.
pub(super) const WIDTH: usize = 120;

/// The blanks of one level.
pub(super) const INDENT: usize = 4;

/// The length of a text in characters. Nearly all texts are ASCII.
pub(super) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// An expression.
#[derive(Debug)]
pub(super) struct Code {
    /// Its length on one line, in characters.
    width: usize,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// A name or a literal, which is never broken.
    Atom(Cow<'static, str>),
    /// A call of a function.
    Call(Cow<'static, str>, Vec<Code>),
    /// Calls of setters on what a constructor returns.
    Set(Box<Code>, Vec<(&'static str, Option<Code>)>),
    /// A list.
    List(Vec<Code>),
}

/// Around the items of a list. One of tables needs a `const` block: tables can own memory, and so are not promoted to statics.
const LIST: (&str, &str) = ("const { &[", "] }");

impl Code {
    /// A name or a literal.
    pub(super) fn atom(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        Self { width: length(&text), form: Form::Atom(text) }
    }

    /// Nothing: no argument.
    pub(super) fn nothing() -> Self {
        Self::atom("")
    }

    /// Whether it is nothing.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(&self.form, Form::Atom(text) if text.is_empty())
    }

    /// A string literal, raw where that is shorter.
    pub(super) fn text(value: &str) -> Self {
        let is_escaped = |byte: &u8| matches!(byte, b'"' | b'\\');
        let is_plain = is_printed(value);
        let escapes = value.as_bytes().iter().filter(|byte| is_escaped(byte)).count();
        Self::atom(match escapes {
            0 if is_plain => ["\"", value, "\""].concat(),
            4.. if is_plain && !value.contains("\"#") => ["r#\"", value, "\"#"].concat(),
            _ => format!("{value:?}"),
        })
    }

    /// A call of a function.
    pub(super) fn call(function: impl Into<Cow<'static, str>>, arguments: Vec<Self>) -> Self {
        let function = function.into();
        let width = length(&function) + "()".len() + joined(&arguments);
        Self { width, form: Form::Call(function, arguments) }
    }

    /// The value with these setters called, those of flags without an argument.
    pub(super) fn set(self, setters: Vec<(&'static str, Option<Self>)>) -> Self {
        let width = |(name, argument): &(&str, Option<Self>)| {
            ".()".len() + name.len() + argument.as_ref().map_or(0, |argument| argument.width)
        };
        match self.form {
            _ if setters.is_empty() => self,
            Form::Set(value, mut before) => {
                let width = self.width + setters.iter().map(width).sum::<usize>();
                before.extend(setters);
                Self { width, form: Form::Set(value, before) }
            }
            _ => Self {
                width: self.width + setters.iter().map(width).sum::<usize>(),
                form: Form::Set(Box::new(self), setters),
            },
        }
    }

    /// A list.
    pub(super) fn list(items: Vec<Self>) -> Self {
        if items.is_empty() {
            return Self::atom("&[]");
        }
        Self { width: LIST.0.len() + LIST.1.len() + joined(&items), form: Form::List(items) }
    }

    /// The lines of it as a statement with this end, each of at most so many characters.
    pub(super) fn statement(&self, end: &str, width: usize) -> String {
        let mut lines = Lines::new(String::new(), width);
        self.write(&mut lines, end.len());
        lines.push(end);
        lines.text + "\n"
    }

    /// The item whose value this is.
    pub(super) fn after(&self, start: &str) -> String {
        let mut lines = Lines::new(start.to_owned(), WIDTH);
        lines.push(" =");
        let first = if let Form::Set(value, _) = &self.form { value.width } else { self.width };
        if lines.column + " ".len() + first > WIDTH && INDENT + first <= WIDTH {
            lines.indent = 1;
            lines.end();
        } else {
            lines.push(" ");
        }
        self.write(&mut lines, ";".len());
        lines.push(";\n");
        lines.text
    }

    /// Writes it where it fits on the line, with as many more characters after it.
    fn write(&self, lines: &mut Lines, after: usize) {
        if lines.column + self.width + after <= lines.width {
            return self.write_on_line(lines);
        }
        match &self.form {
            Form::Atom(text) => lines.push(text),
            Form::Call(function, arguments) => {
                lines.push(function);
                write_arguments(arguments, lines, after);
            }
            Form::List(items) => {
                lines.push(LIST.0);
                write_items(items, lines);
                lines.push(LIST.1);
            }
            Form::Set(value, setters) => {
                // Setters stand below the start of a value that has several lines.
                let levels = usize::from(!self.hugs() && lines.column + value.width <= lines.width);
                value.write(lines, 0);
                lines.indent += levels;
                for (index, (name, argument)) in setters.iter().enumerate() {
                    let after = if index + 1 == setters.len() { after } else { 0 };
                    if !self.hugs() {
                        lines.end();
                    }
                    lines.push(".");
                    lines.push(name);
                    write_arguments(argument.as_slice(), lines, after);
                }
                lines.indent -= levels;
            }
        }
    }

    /// Whether its start stays on the line when it is broken, because only what is in its brackets needs lines.
    fn hugs(&self) -> bool {
        match &self.form {
            Form::Atom(_) => false,
            Form::Call(..) | Form::List(_) => true,
            Form::Set(value, setters) => {
                value.width <= 3 * INDENT && matches!(&**setters, [(_, Some(only))] if only.hugs())
            }
        }
    }

    fn write_on_line(&self, lines: &mut Lines) {
        match &self.form {
            Form::Atom(text) => lines.push(text),
            Form::Call(function, arguments) => {
                lines.push(function);
                lines.push("(");
                write_on_line(arguments, lines);
                lines.push(")");
            }
            Form::List(items) => {
                lines.push(LIST.0);
                write_on_line(items, lines);
                lines.push(LIST.1);
            }
            Form::Set(value, setters) => {
                value.write_on_line(lines);
                for (name, argument) in setters {
                    lines.push(".");
                    lines.push(name);
                    lines.push("(");
                    write_on_line(argument.as_slice(), lines);
                    lines.push(")");
                }
            }
        }
    }
}

/// The length of several on one line.
fn joined(several: &[Code]) -> usize {
    several.iter().map(|code| code.width).sum::<usize>() + ", ".len() * several.len().saturating_sub(1)
}

fn write_on_line(several: &[Code], lines: &mut Lines) {
    for (index, code) in several.iter().enumerate() {
        if index > 0 {
            lines.push(", ");
        }
        code.write_on_line(lines);
    }
}

/// The arguments of a call, with their brackets.
fn write_arguments(arguments: &[Code], lines: &mut Lines, after: usize) {
    lines.push("(");
    if lines.column + joined(arguments) + ")".len() + after <= lines.width {
        write_on_line(arguments, lines);
    } else if let [only] = arguments
        && only.hugs()
    {
        only.write(lines, ")".len() + after);
    } else {
        write_items(arguments, lines);
    }
    lines.push(")");
}

/// Several, each on lines of its own.
fn write_items(several: &[Code], lines: &mut Lines) {
    lines.indent += 1;
    for code in several {
        lines.end();
        code.write(lines, ",".len());
        lines.push(",");
    }
    lines.indent -= 1;
    lines.end();
}

/// Text that is written line by line.
struct Lines {
    text: String,
    /// The longest line.
    width: usize,
    /// The levels of the lines that follow.
    indent: usize,
    /// How many characters the last line has.
    column: usize,
}

impl Lines {
    fn new(text: String, width: usize) -> Self {
        let column = text.chars().rev().take_while(|c| *c != '\n').count();
        Self { text, width, indent: 0, column }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += length(text);
    }

    fn end(&mut self) {
        self.text.push('\n');
        self.column = self.indent * INDENT;
        for _ in 0..self.indent {
            self.text.push_str("    ");
        }
    }
}
