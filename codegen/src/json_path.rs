//! The paths that mappings use: `$`, `$.`, `.name`, `['name']`, `[0]`, `[-1]`, `[*]`.
//!
//! RFC 9535 refuses `$.` and names with hyphens; the format's engine takes both, and most mappings in the wild are one
//! of them. Filters and recursive descent are refused here.

use naftiko_schema::PathStep;

/// Parses a path; the error says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Vec<PathStep>, String> {
    let text = text.trim();
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    let mut steps = Vec::new();
    if rest == "." {
        return Ok(steps);
    }
    let mut first = !text.starts_with('$');
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (inside, tail) = after.split_once(']').ok_or("`[` is not closed")?;
            steps.push(bracket(inside.trim())?);
            rest = tail;
        } else {
            let after = match rest.strip_prefix('.') {
                Some(after) => after,
                None if first => rest,
                None => return Err(format!("a dot is missing before `{rest}`")),
            };
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, tail) = after.split_at(end);
            match name.trim() {
                "" => return Err("recursive descent (`..`) and empty names are not supported".to_owned()),
                "*" => steps.push(PathStep::Each),
                name if name.ends_with("()") => return Err(format!("the function `{name}` is not supported")),
                name => steps.push(PathStep::Key(name.to_owned().into())),
            }
            rest = tail;
        }
        first = false;
    }
    Ok(steps)
}

fn bracket(inside: &str) -> Result<PathStep, String> {
    for quote in ['\'', '"'] {
        if let Some(name) = inside.strip_prefix(quote).and_then(|name| name.strip_suffix(quote)) {
            return Ok(PathStep::Key(name.to_owned().into()));
        }
    }
    match inside {
        "*" => Ok(PathStep::Each),
        number => number
            .parse()
            .map(PathStep::Index)
            .map_err(|_| format!("`[{inside}]` is not supported: use a name, an index or `*`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_format_are_read() {
        let key = |name: &str| PathStep::Key(name.to_owned().into());
        assert_eq!(parse("$"), Ok(vec![]));
        assert_eq!(parse("$."), Ok(vec![]));
        assert_eq!(parse("total_count"), Ok(vec![key("total_count")]));
        assert_eq!(
            parse("$.a-b.c[0]['d e'][*].f"),
            Ok(vec![key("a-b"), key("c"), PathStep::Index(0), key("d e"), PathStep::Each, key("f")])
        );
        assert_eq!(parse("$[-1]"), Ok(vec![PathStep::Index(-1)]));
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for path in ["$..a", "$.a[?(@.b > 1)]", "$.a[0", "$.a.length()", "$a"] {
            assert!(parse(path).is_err(), "{path} must be refused");
        }
    }
}
