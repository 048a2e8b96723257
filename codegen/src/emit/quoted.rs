//! Texts of specifications as quoted strings of other languages. Each is one line, and short: files have limits for lines, and
//! clusters for annotations.

use std::borrow::Cow;

use crate::json::write_text;
use crate::vocabulary::{is_invisible, is_printed};

/// The longest text, in characters.
const LONGEST: usize = 500;

/// A double-quoted scalar of YAML. Quotes also keep words such as `no` from being read as something else.
pub(super) fn yaml(text: &str) -> String {
    format!("\"{}\"", line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// A string of JSON, whole.
pub(super) fn json(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + text.len() / 8 + 2);
    write_text(&mut quoted, text);
    quoted
}

/// A double-quoted word of a Dockerfile, in which no variable is expanded.
pub(super) fn dockerfile(text: &str) -> String {
    format!("\"{}\"", line(text).replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
}

/// The text without anything that ends a line or cannot be printed, cut where it is too long.
fn line(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST && is_printed(text) {
        return text.into();
    }
    let breaks = |c: char| c.is_control() || c.is_whitespace() || is_invisible(c) || is_nothing(c);
    let plain: Vec<char> = text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect();
    match plain.get(..LONGEST) {
        Some(start) if plain.len() > LONGEST => start.iter().chain(['…'].iter()).collect::<String>().into(),
        _ => plain.iter().collect::<String>().into(),
    }
}

/// Whether YAML cannot hold this character (YAML 1.2.2, §5.1).
fn is_nothing(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_ends_the_quotes_or_the_line() {
        let hostile = "a \"b\" \\ $(rm) ${HOME} # c\n---\nd: e\t\u{2028}\u{85}\r\nRUN f \u{202e} ' @ {{g}} \\";
        let line = r#"a \"b\" \\ $(rm) ${HOME} # c --- d: e     RUN f   ' @ {{g}} \\"#;
        assert_eq!(yaml(hostile), format!("\"{line}\""));
        assert_eq!(dockerfile(hostile), format!("\"{}\"", line.replace('$', "\\$")));
        assert_eq!((yaml(""), dockerfile("")), ("\"\"".to_owned(), "\"\"".to_owned()));
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let long = yaml(&"\"ж".repeat(1 << 19));
        assert!(long.ends_with("ж…\"") && long.chars().filter(|c| *c == 'ж').count() == LONGEST / 2, "{long}");
        assert_eq!(yaml(&"x".repeat(LONGEST)).len(), LONGEST + 2);
    }

    proptest! {
        #[test]
        fn yaml_reads_the_line_that_was_quoted(text in any::<String>()) {
            let read: String = serde_yaml::from_str(&yaml(&text)).expect("it is YAML");
            prop_assert_eq!(read, line(&text));
        }

        #[test]
        fn every_quote_and_dollar_of_a_dockerfile_is_escaped(text in any::<String>()) {
            let quoted = dockerfile(&text);
            let mut read = String::new();
            let mut inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("it is quoted").chars();
            while let Some(c) = inside.next() {
                prop_assert!(c != '"' && c != '$' && !c.is_control(), "{}", quoted);
                read.push(if c == '\\' { inside.next().expect("something is escaped") } else { c });
            }
            prop_assert_eq!(read, line(&text));
        }
    }
}
