//! Templates: text with `{{name}}` placeholders, and paths with `{name}` or `{{name}}` placeholders.

use naftiko_schema::http::is_dots;

use crate::vocabulary::is_invisible;

/// A piece of a template or of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Placeholder(String),
    /// A placeholder of a path for one or more segments.
    Segments(String),
}

impl Piece {
    /// The name of a placeholder.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Placeholder(name) | Self::Segments(name) => Some(name),
        }
    }
}

/// Splits text at its placeholders: `{{name}}`, `{{{name}}}` and `{{&name}}` mean the same, and comments (`{{! … }}`) are left
/// out. An unclosed `{{` is literal text.
pub(crate) fn split(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        push_literal(&mut pieces, before);
        let (name, tail) = match (name.strip_prefix('{'), tail.strip_prefix('}')) {
            (Some(name), Some(tail)) => (name, tail),
            // The brace of a JSON object, before a placeholder.
            (Some(name), None) => {
                push_literal(&mut pieces, "{");
                (name, tail)
            }
            (None, _) => (name, tail),
        };
        let name = unescaped(name);
        if !name.starts_with('!') {
            pieces.push(Piece::Placeholder(name.to_owned()));
        }
        rest = tail;
    }
    push_literal(&mut pieces, rest);
    pieces
}

/// The name of a placeholder, without the sign that turns off the escaping of HTML, which is never done here.
fn unescaped(name: &str) -> &str {
    let name = name.trim();
    name.strip_prefix('&').unwrap_or(name).trim_start()
}

/// Splits a path at its placeholders; `{x}`, `{{x}}`, `{{{x}}}` and `{{&x}}` mean the same, and so do `{x+}`, `{+x}`, `{x*}` and `{*x}`, which
/// take several segments. Unbalanced braces are an error.
pub(crate) fn split_path(path: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        if before.contains('}') {
            return Err("`}` without `{`");
        }
        let braces = 1 + after.bytes().take(2).take_while(|byte| *byte == b'{').count();
        let (after, close) = (after.trim_start_matches('{'), "}".repeat(braces));
        let Some((name, tail)) = after.split_once(&close) else { return Err("`{` is not closed") };
        let marked = if braces == 1 { name.trim() } else { unescaped(name) };
        let name = marked.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '+'));
        if name.is_empty() || name.contains(['{', '}', '/', '?', '#', '\\']) || name.contains(char::is_control) {
            return Err("a placeholder has no valid name");
        }
        push_literal(&mut pieces, before);
        let piece = if name == marked { Piece::Placeholder } else { Piece::Segments };
        pieces.push(piece(name.to_owned()));
        rest = tail;
    }
    if rest.contains('}') {
        return Err("`}` without `{`");
    }
    push_literal(&mut pieces, rest);
    Ok(pieces)
}

/// Whether clients send a path as it is written: without segments that they resolve, and without characters that cannot be seen.
pub(crate) fn is_sent(pieces: &[Piece]) -> bool {
    let literal: String =
        pieces.iter().map(|piece| if let Piece::Literal(text) = piece { text.as_str() } else { "*" }).collect();
    let unseen = |c: char| c.is_control() || is_invisible(c) || c == '\\';
    !literal.split('/').any(is_dots) && !literal.contains(unseen)
}

/// Cuts what an author wrote as a path into path, query and fragment (RFC 3986 §3). Placeholders are left alone, but
/// for those of RFC 6570 §3.2.8 that form a query: `{?a,b}` is `?a={?a}&b={?b}`, where `?` marks what may be left
/// out.
pub(crate) fn cut(text: &str) -> (String, Option<String>, Option<String>) {
    if !text.contains(['?', '#', '&']) {
        return (text.to_owned(), None, None);
    }
    let (mut path, mut query, mut fragment) = (String::new(), None::<String>, None::<String>);
    let (mut depth, mut rest) = (0_usize, text);
    while let Some(c) = rest.chars().next() {
        let expansion = rest.strip_prefix("{?").or(rest.strip_prefix("{&")).and_then(|rest| rest.split_once('}'));
        if let Some((names, tail)) = expansion.filter(|_| depth == 0 && fragment.is_none()) {
            let pairs = names.split(',').map(|name| name.trim().trim_end_matches('*'));
            let pairs = pairs.map(|name| format!("{name}={{?{name}}}")).collect::<Vec<_>>().join("&");
            let before = query.take().filter(|query| !query.is_empty()).map(|query| query + "&");
            query = Some(before.unwrap_or_default() + &pairs);
            rest = tail;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '?' if depth == 0 && query.is_none() && fragment.is_none() => query = Some(String::new()),
            '#' if depth == 0 && fragment.is_none() => fragment = Some(String::new()),
            _ => {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                fragment.as_mut().or(query.as_mut()).unwrap_or(&mut path).push(c);
            }
        }
    }
    (path, query, fragment)
}

/// Whether a placeholder holds a name and not a section, a comment or a partial of the template language.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['#', '/', '^', '!', '>', '&', '=', '.', '"', '\''])
        && !text.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '{' | '}' | '(' | ')' | '|'))
}

fn push_literal(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Literal(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.to_owned())
    }

    fn placeholder(name: &str) -> Piece {
        Piece::Placeholder(name.to_owned())
    }

    #[test]
    fn templates_keep_what_is_no_placeholder() {
        assert_eq!(split("Bearer {{ env.TOKEN }}"), [literal("Bearer "), placeholder("env.TOKEN")]);
        assert_eq!(split("{{open"), [literal("{{open")]);
        assert_eq!(split("{\"a\": 1}"), [literal("{\"a\": 1}")]);
    }

    #[test]
    fn placeholders_have_two_or_three_braces_and_comments_are_left_out() {
        assert_eq!(
            split("a{{{b}}}c{{& d }}{{! e }}f"),
            [literal("a"), placeholder("b"), literal("c"), placeholder("d"), literal("f")]
        );
        assert_eq!(split(r#"{"a":{{b}}}"#), [literal(r#"{"a":"#), placeholder("b"), literal("}")]);
        assert_eq!(split("{{{b}}: 1}"), [literal("{"), placeholder("b"), literal(": 1}")]);
        assert_eq!(
            split_path("/a/{{{b}}}/{{&c}}"),
            Ok(vec![literal("/a/"), placeholder("b"), literal("/"), placeholder("c")])
        );
    }

    #[test]
    fn both_kinds_of_path_placeholder_are_one() {
        let expected = vec![literal("/a/"), placeholder("x"), literal("/b/"), placeholder("y-z")];
        assert_eq!(split_path("/a/{x}/b/{{y-z}}"), Ok(expected));
        assert!(split_path("/a/{x").is_err());
        assert!(split_path("/a/x}").is_err());
        assert!(split_path("/a/{}").is_err());
        assert_eq!(split_path("/{Key+}"), Ok(vec![literal("/"), Piece::Segments("Key".to_owned())]));
        assert_eq!(split_path("/{*path}"), Ok(vec![literal("/"), Piece::Segments("path".to_owned())]));
    }

    #[test]
    fn a_path_ends_where_its_query_or_fragment_begins() {
        let cut = |text| {
            let (path, query, fragment) = cut(text);
            [path, query.unwrap_or_else(|| "-".to_owned()), fragment.unwrap_or_else(|| "-".to_owned())]
        };
        assert_eq!(cut("/a/{b}"), ["/a/{b}", "-", "-"]);
        assert_eq!(cut("/?Action=Run&x={y?}"), ["/", "Action=Run&x={y?}", "-"]);
        assert_eq!(cut("/#X-Target=A?b"), ["/", "-", "X-Target=A?b"]);
        assert_eq!(cut("/a?#"), ["/a", "", ""]);
        assert_eq!(cut("/a{?b,c}"), ["/a", "b={?b}&c={?c}", "-"]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_of_a_path_is_lost(path in "[a-z/{}%]{0,20}") {
            if let Ok(pieces) = split_path(&path) {
                let text: String = pieces.iter().map(|piece| match piece {
                    Piece::Literal(text) => text.clone(),
                    Piece::Placeholder(name) | Piece::Segments(name) => format!("{{{name}}}"),
                }).collect();
                let one = |text: &str, brace: &str| text.replace(&brace.repeat(3), brace).replace(&brace.repeat(2), brace);
                proptest::prop_assert_eq!(text, one(&one(&path, "{"), "}"));
            }
        }

        #[test]
        fn cutting_takes_any_text(text in ".{0,40}") {
            let (path, query, fragment) = cut(&text);
            if !text.contains('{') {
                let query = query.map(|query| format!("?{query}")).unwrap_or_default();
                let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
                proptest::prop_assert_eq!(format!("{path}{query}{fragment}"), text);
            }
        }
    }
}
