//! The paths that mappings use, of two kinds of authors: JSONPath of RFC 9535, and what the format's engine reads: `$.`, no
//! `$` at all, names with hyphens or blanks, and functions at the end.
//!
//! Names, indexes and `[*]` become steps. From the first filter, slice, union or `..` on, the path is one query of the RFC, which
//! the library reads that also runs it.

mod filter;

use naftiko_schema::{PathFunction, PathStep};
use serde_json_path::JsonPath;

/// Longer paths, in bytes, and those with more brackets are refused: the parser of the library calls itself for each.
pub(crate) const MAX_PATH: usize = 4096;
pub(crate) const MAX_BRACKETS: usize = 48;

/// A part of a path.
enum Segment {
    Step(PathStep),
    /// The text of a part of a query.
    Query(String),
    /// Several names, and their text. At the end of a path they are an object, as in the reference engine.
    Members(Vec<String>, String),
}

/// Parses a path; the error says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Vec<PathStep>, String> {
    let text = text.trim();
    if text.len() > MAX_PATH || text.matches(['[', '(']).count() > MAX_BRACKETS {
        return Err(format!("it has more than {MAX_PATH} bytes or {MAX_BRACKETS} brackets"));
    }
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    if rest == "." {
        return Ok(Vec::new());
    }
    let mut segments = Vec::new();
    let mut is_start = !text.starts_with('$');
    while !rest.is_empty() {
        let (segment, tail) = segment(rest, is_start)?;
        segments.push(segment);
        (rest, is_start) = (tail, false);
    }
    steps(segments)
}

/// The first segment of a text, and what follows.
fn segment(text: &str, is_start: bool) -> Result<(Segment, &str), String> {
    if let Some(deep) = text.strip_prefix("..") {
        let (segment, tail) = if deep.starts_with('[') { bracket(deep)? } else { name(deep)? };
        return Ok((Segment::Query(format!("..{}", written(&segment)?.trim_start_matches('.'))), tail));
    }
    let after = match text.strip_prefix('.') {
        Some(after) => after,
        None if is_start || text.starts_with('[') => text,
        None => return Err(format!("a dot is missing before `{text}`")),
    };
    if after.starts_with('[') { bracket(after) } else { name(after) }
}

/// A name, `*` or a function, up to the next dot or bracket.
fn name(text: &str) -> Result<(Segment, &str), String> {
    if let Some(called) = called(text) {
        return called;
    }
    let (name, tail) = text.split_at_checked(text.find(['.', '[']).unwrap_or(text.len())).unwrap_or((text, ""));
    let step = match name.trim() {
        "" => return Err("a name is empty".to_owned()),
        "*" => PathStep::Each,
        name => match name.strip_suffix("()") {
            Some(function) => PathStep::Function(self::function(function)?),
            None => PathStep::Key(name.to_owned().into()),
        },
    };
    Ok((Segment::Step(step), tail))
}

/// A function with arguments at the start of a text. Parentheses after a blank are a part of a name.
fn called(text: &str) -> Option<Result<(Segment, &str), String>> {
    let (name, arguments) = text.split_once('(').filter(|(name, _)| name.chars().all(char::is_alphabetic))?;
    let (argument, tail) = arguments.split_once(')')?;
    if name.is_empty() || argument.trim().is_empty() {
        return None;
    }
    Some(match (name, argument.trim().parse()) {
        ("index", Ok(index)) => Ok((Segment::Step(PathStep::Index(index)), tail)),
        _ => Err(format!("the function `{name}()` is not supported with arguments")),
    })
}

fn function(name: &str) -> Result<PathFunction, String> {
    Ok(match name {
        "length" | "size" => PathFunction::Length,
        "keys" => PathFunction::Keys,
        "first" => PathFunction::First,
        "last" => PathFunction::Last,
        "min" => PathFunction::Min,
        "max" => PathFunction::Max,
        "avg" => PathFunction::Average,
        "sum" => PathFunction::Sum,
        name => return Err(format!("the function `{name}()` is not supported")),
    })
}

/// What is in brackets at the start of a text.
fn bracket(text: &str) -> Result<(Segment, &str), String> {
    let end = closing(text).ok_or("`[` is not closed")?;
    let (inside, tail) = (text.get(1..end).unwrap_or_default(), text.get(end + 1..).unwrap_or_default());
    let inside = inside.trim();
    let segment = match inside {
        "" => return Err("`[]` is empty".to_owned()),
        "*" => Segment::Step(PathStep::Each),
        _ => match (quoted(inside), inside.parse()) {
            (Some(name), _) => Segment::Step(PathStep::Key(name.into())),
            (None, Ok(index)) => Segment::Step(PathStep::Index(index)),
            (None, Err(_)) if inside.starts_with('?') => {
                Segment::Query(format!("[{}]", with_quoted_names(&filter::translated(inside)?)))
            }
            (None, Err(_)) => {
                let text = format!("[{}]", with_quoted_names(inside));
                match names(inside) {
                    Some(names) => Segment::Members(names, text),
                    None => Segment::Query(text),
                }
            }
        },
    };
    Ok((segment, tail))
}

/// The names in a text that are all in quotes, with commas between them.
fn names(text: &str) -> Option<Vec<String>> {
    let names: Vec<String> = filter::items(text).into_iter().map(quoted).collect::<Option<_>>()?;
    let is_list = text.starts_with(['\'', '"']) && names.len() > 1 && text.matches(',').count() >= names.len() - 1;
    is_list.then_some(names)
}

/// Where the bracket at the start of a text is closed.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut is_escaped) = (0usize, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            (None, _) => {}
        }
    }
    None
}

/// The name in a text that is one string in quotes.
fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let (mut json, mut is_escaped) = (String::from('"'), false);
    for c in inside.chars() {
        match c {
            '\'' if is_escaped => {
                json.pop();
                json.push('\'');
            }
            c if c == quote && !is_escaped => return None,
            '"' if !is_escaped => json.push_str("\\\""),
            c => json.push(c),
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    json.push('"');
    // An escape that JSON does not have is text.
    Some(serde_json::from_str(&json).unwrap_or_else(|_| inside.to_owned()))
}

/// The text of a filter with names in quotes where the RFC wants them: `@.a-b` is `@['a-b']`.
fn with_quoted_names(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    let mut in_path = false;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        if matches!(c, '\'' | '"') {
            let mut is_escaped = false;
            let end = rest.char_indices().skip(1).find(|(_, other)| {
                let ends = *other == c && !is_escaped;
                is_escaped = *other == '\\' && !is_escaped;
                ends
            });
            taken = end.map_or(rest.len(), |(end, _)| end + 1);
            written.push_str(rest.get(..taken).unwrap_or_default());
        } else if in_path && c == '.' {
            let after = rest.trim_start_matches('.');
            let dots = rest.len() - after.len();
            let is_end = |c: char| c.is_whitespace() || ".[](){}=<>!&|,'\"*~+/:?".contains(c);
            let name = after.get(..after.find(is_end).unwrap_or(after.len())).unwrap_or_default();
            taken = dots + name.len();
            let is_plain = !name.starts_with(|c: char| c.is_ascii_digit())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii());
            if is_plain {
                written.push_str(rest.get(..taken).unwrap_or_default());
            } else {
                written.push_str(if dots > 1 { ".." } else { "" });
                written.push_str(&key(name));
            }
        } else {
            written.push(c);
        }
        in_path = matches!(c, '@' | '$' | ']') || (in_path && matches!(c, '.' | '*'));
        rest = rest.get(taken..).unwrap_or_default();
    }
    written
}

/// A name as a query has it.
fn key(name: &str) -> String {
    let mut text = String::from("['");
    for c in name.chars() {
        match c {
            '\'' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push_str("']");
    text
}

/// A segment as a query has it.
fn written(segment: &Segment) -> Result<String, String> {
    Ok(match segment {
        Segment::Query(text) | Segment::Members(_, text) => text.clone(),
        Segment::Step(PathStep::Members(_) | PathStep::Function(_)) => {
            return Err("a function must be the last step".to_owned());
        }
        Segment::Step(PathStep::Key(name)) => key(name),
        Segment::Step(PathStep::Index(index)) => format!("[{index}]"),
        Segment::Step(PathStep::Each) => "[*]".to_owned(),
        Segment::Step(PathStep::Query(text)) => text.trim_start_matches('$').to_owned(),
    })
}

fn steps(mut segments: Vec<Segment>) -> Result<Vec<PathStep>, String> {
    if let Some(Segment::Members(names, _)) = segments.pop_if(|last| matches!(last, Segment::Members(..))) {
        let mut path = steps(segments)?;
        path.push(PathStep::Members(names.into_iter().map(Into::into).collect()));
        return Ok(path);
    }
    let is_function = |segment: &Segment| matches!(segment, Segment::Step(PathStep::Function(_)));
    let functions = segments.iter().position(is_function).unwrap_or(segments.len());
    if segments.iter().skip(functions).any(|segment| !is_function(segment)) {
        return Err("a function must be the last step".to_owned());
    }
    // A filter that names the root means that of the whole path.
    let names_root = |segment: &Segment| matches!(segment, Segment::Query(text) if text.contains('$'));
    let query = match segments.iter().any(names_root) {
        true => Some(0),
        false => segments.iter().position(|segment| matches!(segment, Segment::Query(_) | Segment::Members(..))),
    };
    let query = query.unwrap_or(functions);
    let mut steps = Vec::new();
    let mut text = String::new();
    for (index, segment) in segments.into_iter().enumerate() {
        match segment {
            Segment::Step(step) if index < query || index >= functions => steps.push(step),
            segment => text.push_str(&written(&segment)?),
        }
        if index + 1 == functions && !text.is_empty() {
            steps.push(PathStep::Query(checked(format!("${text}"))?.into()));
        }
    }
    Ok(steps)
}

/// A query that the library can run.
fn checked(text: String) -> Result<String, String> {
    match JsonPath::parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => {
            let at = error.position().saturating_sub(1);
            let place = text.get(at..).filter(|rest| !rest.is_empty());
            Err(match place {
                Some(rest) => format!("it is no JSONPath from `{rest}` on"),
                None => "it is no JSONPath".to_owned(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> PathStep {
        PathStep::Key(name.to_owned().into())
    }

    fn query(text: &str) -> PathStep {
        PathStep::Query(text.to_owned().into())
    }

    #[test]
    fn paths_of_the_format_are_read() {
        assert_eq!(parse("$"), Ok(vec![]));
        assert_eq!(parse("$."), Ok(vec![]));
        assert_eq!(parse("total_count"), Ok(vec![key("total_count")]));
        assert_eq!(
            parse("$.a-b.c[0]['d e'][*].f"),
            Ok(vec![key("a-b"), key("c"), PathStep::Index(0), key("d e"), PathStep::Each, key("f")])
        );
        assert_eq!(parse("$[-1]"), Ok(vec![PathStep::Index(-1)]));
        assert_eq!(parse(r#"$['it\'s']["a.b]"]"#), Ok(vec![key("it's"), key("a.b]")]));
        assert_eq!(parse("$.a.length()"), Ok(vec![key("a"), PathStep::Function(PathFunction::Length)]));
    }

    #[test]
    fn what_selects_several_values_is_a_query_from_there_on() {
        for (path, expected) in [
            ("$.a[?(@.b > 1)]", vec![key("a"), query("$[?(@.b > 1)]")]),
            (
                "$.a[?@.b-c == 'x-.y' && @.d.2e].f-g",
                vec![key("a"), query("$[?@['b-c'] == 'x-.y' && @.d['2e']]['f-g']")],
            ),
            ("$.a[*].b[1:3]", vec![key("a"), PathStep::Each, key("b"), query("$[1:3]")]),
            ("$..a-b", vec![query("$..['a-b']")]),
            ("$..*", vec![query("$..[*]")]),
            ("$..[0]", vec![query("$..[0]")]),
            ("$.a['b','c'].d", vec![key("a"), query("$['b','c']['d']")]),
            ("$.a[?@.b > $.c].d", vec![query("$['a'][?@.b > $.c]['d']")]),
            ("$..a.max()", vec![query("$..['a']"), PathStep::Function(PathFunction::Max)]),
            ("$.a[?length(@.b) > 1.5]", vec![key("a"), query("$[?length(@.b) > 1.5]")]),
        ] {
            assert_eq!(parse(path), Ok(expected), "{path}");
        }
    }

    #[test]
    fn operators_of_other_filters_are_those_of_the_rfc() {
        for (path, expected) in [
            ("$[?(@.b =~ /x.*\\d[0-9]/i)]", r"$[?(match(@.b, '(?i)x.*\\d[0-9]'))]"),
            ("$[?(@.b in ['x', 1] && @.c > 2)]", "$[?((@.b == 'x' || @.b == 1) && @.c > 2)]"),
            ("$[?(@.b-c nin ['x'])]", "$[?(!(@['b-c'] == 'x'))]"),
            ("$[?('x' in @.b)]", "$[?(@.b[?@ == 'x'])]"),
            ("$[?(@.b anyof [1, 2] || @.c noneof [3])]", "$[?((@.b[?@ == 1] || @.b[?@ == 2]) || !(@.c[?@ == 3]))]"),
            ("$[?(@.b subsetof [1, 2])]", "$[?((@.b && !@.b[?@ != 1 && @ != 2]))]"),
            ("$[?(@.b contains 'x.y')]", r"$[?((@.b[?@ == 'x.y'] || search(@.b, 'x\\.y')))]"),
            ("$[?(@.b contains 3)]", "$[?(@.b[?@ == 3])]"),
            ("$[?(@.b size 2)]", "$[?(length(@.b) == 2)]"),
            ("$[?(@.b empty false)]", "$[?(length(@.b) > 0)]"),
            ("$[?(@.b.length() > 1)]", "$[?(length(@.b) > 1)]"),
        ] {
            assert_eq!(parse(path), Ok(vec![query(expected)]), "{path}");
        }
        assert_eq!(parse("$.a.index(1)"), Ok(vec![key("a"), PathStep::Index(1)]));
        assert_eq!(parse("$.a (b)"), Ok(vec![key("a (b)")]));
        let both = PathStep::Members(vec!["b".into(), "c".into()].into());
        assert_eq!(parse("$.a['b', \"c\"]"), Ok(vec![key("a"), both.clone()]));
        assert_eq!(parse("$.a[?@.d]['b','c']"), Ok(vec![key("a"), query("$[?@.d]"), both]));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for path in [
            "$..",
            "$...a",
            "$.a[0",
            "$.a[]",
            "$.a.median()",
            "$.a.length().b",
            "$a",
            "$.a[?(@.b >)]",
            "$.a[?(@.b =~ x)]",
            "$.a[?(@.b in @.c)]",
            "$.a[?(@.b.max() > 1)]",
            "$.a.append('b')",
            "$.sum($.a, $.b)",
            "$..length()",
            "$.a[",
            "$.a[(1)]",
        ] {
            assert!(parse(path).is_err(), "{path} must be refused: {:?}", parse(path));
        }
        assert!(parse(&"[?@".repeat(60)).is_err());
    }
}
