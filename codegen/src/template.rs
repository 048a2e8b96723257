//! Templates: text with `{{name}}` placeholders, and paths with `{name}` or `{{name}}` placeholders.

/// A piece of a template or of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Placeholder(String),
}

/// Splits text at its `{{name}}` placeholders. An unclosed `{{` is literal text.
pub(crate) fn split(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        push_literal(&mut pieces, before);
        pieces.push(Piece::Placeholder(name.trim().to_owned()));
        rest = tail;
    }
    push_literal(&mut pieces, rest);
    pieces
}

/// Splits a path at its placeholders; `{{x}}` and `{x}` mean the same. Unbalanced braces are an error.
pub(crate) fn split_path(path: &str) -> Result<Vec<Piece>, &'static str> {
    let mut pieces = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        if before.contains('}') {
            return Err("a `}` has no `{`");
        }
        let (after, close) = after.strip_prefix('{').map_or((after, "}"), |after| (after, "}}"));
        let Some((name, tail)) = after.split_once(close) else { return Err("a `{` is not closed") };
        let name = name.trim();
        if !is_name(name) {
            return Err("a placeholder is no name");
        }
        push_literal(&mut pieces, before);
        pieces.push(Piece::Placeholder(name.to_owned()));
        rest = tail;
    }
    if rest.contains('}') {
        return Err("a `}` has no `{`");
    }
    push_literal(&mut pieces, rest);
    Ok(pieces)
}

/// Whether a placeholder holds a name and not a section, a comment or a partial of the template language.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '@'))
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '@' | '[' | ']'))
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
    fn both_kinds_of_path_placeholder_are_one() {
        let expected = vec![literal("/a/"), placeholder("x"), literal("/b/"), placeholder("y-z")];
        assert_eq!(split_path("/a/{x}/b/{{y-z}}"), Ok(expected));
        assert!(split_path("/a/{x").is_err());
        assert!(split_path("/a/x}").is_err());
        assert!(split_path("/a/{}").is_err());
    }

    proptest::proptest! {
        #[test]
        fn nothing_of_a_path_is_lost(path in "[a-z/{}%]{0,20}") {
            if let Ok(pieces) = split_path(&path) {
                let text: String = pieces.iter().map(|piece| match piece {
                    Piece::Literal(text) => text.clone(),
                    Piece::Placeholder(name) => format!("{{{name}}}"),
                }).collect();
                proptest::prop_assert_eq!(text, path.replace("{{", "{").replace("}}", "}"));
            }
        }
    }
}
