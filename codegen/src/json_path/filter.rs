//! The operators of filters that RFC 9535 does not have, and the library of the reference engine has, in words of the RFC:
//! `=~`, `in`, `nin`, `anyof`, `noneof`, `subsetof`, `contains`, `size` and `empty`, and functions at the end of a path.

use super::closing;

/// A part of a filter.
#[derive(Clone, Copy)]
struct Token<'t> {
    kind: Kind,
    text: &'t str,
    /// The text before it, back to the token before.
    before: &'t str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `@.a`, `$.b[0]`, or with a function: `@.c.length()`.
    Path,
    /// A text in quotes, a number or another word.
    Literal,
    /// `['a', 1]`.
    List,
    /// `/a.*/i`.
    Pattern,
    Operator,
}

/// A filter as the RFC has it; without such operators it stays as it is.
pub(super) fn translated(filter: &str) -> Result<String, String> {
    let tokens = tokens(filter);
    let mut written = String::new();
    let mut rest = tokens.as_slice();
    while let [token, after @ ..] = rest {
        written.push_str(token.before);
        rest = after;
        if let [operator, right, tail @ ..] = after
            && is_operand(token)
            && is_foreign(operator.text)
        {
            written.push_str(&comparison(token, operator.text, right)?);
            rest = tail;
        } else if token.kind == Kind::Path {
            written.push_str(&path(token.text)?);
        } else {
            written.push_str(token.text);
        }
    }
    Ok(written)
}

fn is_operand(token: &Token<'_>) -> bool {
    matches!(token.kind, Kind::Path | Kind::Literal)
}

fn is_foreign(word: &str) -> bool {
    ["=~", "in", "nin", "anyof", "noneof", "subsetof", "contains", "size", "empty"].contains(&word)
}

/// A comparison by an operator that the RFC does not have.
fn comparison(left: &Token<'_>, operator: &str, right: &Token<'_>) -> Result<String, String> {
    let unknown = || Err(format!("`{} {operator} {}` cannot be read", left.text, right.text));
    let one = if left.kind == Kind::Path { path(left.text)? } else { left.text.to_owned() };
    let any = |each: &dyn Fn(&str) -> String, between: &str| {
        let all: Vec<String> = items(right.text).into_iter().map(each).collect();
        if all.is_empty() { "1 == 0".to_owned() } else { all.join(between) }
    };
    Ok(match (operator, left.kind, right.kind) {
        ("=~", _, Kind::Pattern) => format!("match({one}, {})", pattern(right.text)),
        ("in", _, Kind::List) => format!("({})", any(&|item| format!("{one} == {item}"), " || ")),
        ("nin", _, Kind::List) => format!("!({})", any(&|item| format!("{one} == {item}"), " || ")),
        ("in", Kind::Literal, Kind::Path) => format!("{}[?@ == {one}]", path(right.text)?),
        ("nin", Kind::Literal, Kind::Path) => format!("!{}[?@ == {one}]", path(right.text)?),
        ("anyof", Kind::Path, Kind::List) => format!("({})", any(&|item| format!("{one}[?@ == {item}]"), " || ")),
        ("noneof", Kind::Path, Kind::List) => format!("!({})", any(&|item| format!("{one}[?@ == {item}]"), " || ")),
        ("subsetof", Kind::Path, Kind::List) => {
            format!("({one} && !{one}[?{}])", any(&|item| format!("@ != {item}"), " && "))
        }
        ("contains", Kind::Path, Kind::Literal) if right.text.starts_with(['\'', '"']) => {
            let inside = right.text.get(1..right.text.len() - 1).unwrap_or_default();
            format!("({one}[?@ == {}] || search({one}, '{}'))", right.text, literally(inside))
        }
        ("contains", Kind::Path, Kind::Literal) => format!("{one}[?@ == {}]", right.text),
        ("size", Kind::Path, Kind::Literal) => format!("length({one}) == {}", right.text),
        ("empty", Kind::Path, Kind::Literal) if right.text == "true" => format!("length({one}) == 0"),
        ("empty", Kind::Path, Kind::Literal) if right.text == "false" => format!("length({one}) > 0"),
        _ => return unknown(),
    })
}

/// A path, with a function at its end as the RFC writes it.
fn path(text: &str) -> Result<String, String> {
    let Some(before) = text.strip_suffix("()") else { return Ok(text.to_owned()) };
    match before.rsplit_once('.') {
        Some((path, "length" | "size")) => Ok(format!("length({path})")),
        _ => Err(format!("the function of `{text}` is not supported in filters")),
    }
}

/// A regular expression between slashes as a text: it must match as a whole.
fn pattern(text: &str) -> String {
    let (pattern, flags) = text.trim_start_matches('/').rsplit_once('/').unwrap_or((text, ""));
    let flags = if flags.is_empty() { String::new() } else { format!("(?{flags})") };
    format!("'{flags}{}'", pattern.replace("\\/", "/").replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The text of a literal as a regular expression that only matches it.
fn literally(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        match c {
            '\'' => pattern.push_str("\\'"),
            c if "\\.+*?()|[]{}^$#&-~".contains(c) => pattern.extend(["\\\\", c.encode_utf8(&mut [0; 4])]),
            c => pattern.push(c),
        }
    }
    pattern
}

/// The items of a list.
pub(super) fn items(list: &str) -> Vec<&str> {
    let inside = list.trim_start_matches('[').trim_end_matches(']');
    let tokens = tokens(inside);
    tokens.into_iter().filter(|token| token.text != ",").map(|token| token.text).collect()
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = text;
    loop {
        let token = rest.trim_start();
        let before = rest.get(..rest.len() - token.len()).unwrap_or_default();
        let Some(first) = token.chars().next() else { return tokens };
        let follows_match = tokens.last().is_some_and(|last| last.text == "=~");
        let (kind, length) = match first {
            '\'' | '"' => (Kind::Literal, quoted(token, first)),
            '@' | '$' => (Kind::Path, path_length(token)),
            '[' => (Kind::List, closing(token).map_or(token.len(), |end| end + 1)),
            '/' if follows_match => (Kind::Pattern, pattern_length(token)),
            c if is_word(c) => (Kind::Literal, token.find(|c| !is_word(c)).unwrap_or(token.len())),
            _ => {
                let two = ["&&", "||", "==", "!=", "<=", ">=", "=~"].iter().any(|two| token.starts_with(two));
                (Kind::Operator, if two { 2 } else { first.len_utf8() })
            }
        };
        let (own, tail) = token.split_at_checked(length).unwrap_or((token, ""));
        tokens.push(Token { kind, text: own, before });
        rest = tail;
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.')
}

/// The length of a text in quotes at the start of a text.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == quote && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

/// The length of a path at the start of a text.
fn path_length(text: &str) -> usize {
    let mut at = 1;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        at += match rest.chars().next() {
            Some('[') => closing(rest).map_or(rest.len(), |end| end + 1),
            Some('(') if rest.starts_with("()") => return at + 2,
            Some(c) if is_word(c) || c == '*' => c.len_utf8(),
            _ => break,
        };
    }
    at
}

/// The length of a pattern between slashes, with its flags.
fn pattern_length(text: &str) -> usize {
    let end = quoted(text, '/');
    let flags = text.get(end..).unwrap_or_default();
    end + flags.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(flags.len())
}
