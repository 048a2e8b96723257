//! Paths of routes as OpenAPI writes them: placeholders have plain names that differ, all else is percent-encoded.

use std::collections::{BTreeMap, BTreeSet};

use crate::percent::{encode_rest, is_in_path};
use crate::template::Piece;

/// A path with placeholders.
pub(crate) struct Template {
    /// The text before each placeholder, and after the last one.
    literals: Vec<String>,
    /// The placeholders, in order.
    pub(crate) names: Vec<String>,
    /// Whether the last placeholder takes the rest of the path, which OpenAPI cannot say.
    pub(crate) takes_rest: bool,
}

impl Template {
    pub(crate) fn new(pieces: &[Piece]) -> Self {
        let mut template = Self { literals: Vec::new(), names: Vec::new(), takes_rest: false };
        let (mut literal, mut names) = (String::new(), Names::default());
        for piece in pieces {
            let several = matches!(piece, Piece::Segments(_));
            match piece {
                Piece::Literal(text) => literal.push_str(&encode_rest(text, is_in_path)),
                Piece::Placeholder(name) | Piece::Segments(name) => {
                    // The server takes more than a segment only where the placeholder is the whole of it.
                    template.takes_rest = several && literal.ends_with('/');
                    template.literals.push(std::mem::take(&mut literal));
                    template.names.push(names.unused(&plain(name)));
                }
            }
        }
        template.literals.push(literal);
        template
    }

    /// What is left when placeholders lose their names. OpenAPI takes paths for one that are equal then.
    pub(crate) fn shape(&self) -> String {
        self.literals.join("{}")
    }

    pub(crate) fn path(&self) -> String {
        let names = self.names.iter().map(|name| format!("{{{name}}}")).chain([String::new()]);
        self.literals.iter().zip(names).map(|(literal, name)| format!("{literal}{name}")).collect()
    }
}

/// Names that are in use.
#[derive(Default)]
pub(crate) struct Names {
    used: BTreeSet<String>,
    /// The number at which to look for a free name.
    next: BTreeMap<String, usize>,
}

impl Names {
    /// The name, with a number where it is used already.
    pub(crate) fn unused(&mut self, name: &str) -> String {
        if self.used.insert(name.to_owned()) {
            return name.to_owned();
        }
        let next = self.next.entry(name.to_owned()).or_insert(2);
        loop {
            let numbered = format!("{name}_{next}");
            *next += 1;
            if self.used.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

/// A name of letters, digits and what separates them: tools look for no other characters between the braces.
fn plain(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'));
    let name = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    if name.is_empty() { "value".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::split_path;

    fn template(path: &str) -> Template {
        Template::new(&split_path(path).expect("a path"))
    }

    #[test]
    fn paths_are_written_as_openapi_wants_them() {
        let cases = [
            ("/things/{thing-id}", "/things/{thing-id}", false),
            ("/files/{Key+}", "/files/{Key}", true),
            ("/files/x{Key+}", "/files/x{Key}", false),
            ("/{id}/copies/{id}/{id_2}", "/{id}/copies/{id_2}/{id_2_2}", false),
            ("/compare/{base}...{head}", "/compare/{base}...{head}", false),
            ("/Products({the key})/{é}", "/Products({the-key})/{value}", false),
            ("/a b?c=\"%41%\"#`é/{x}:go", "/a%20b%3Fc=%22%41%25%22%23%60%C3%A9/{x}:go", false),
            ("/", "/", false),
        ];
        for (path, expected, takes_rest) in cases {
            let template = template(path);
            assert_eq!((template.path().as_str(), template.takes_rest), (expected, takes_rest), "{path}");
        }
        assert_eq!(template("/a/{b}-{c}").shape(), template("/a/{c}-{d+}").shape());
    }
}
