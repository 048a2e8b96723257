//! Markdown (CommonMark, with the tables of GitHub): its front matter, its tables, and its sections with their plain text.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde_json::{Map, Value, json};

use super::error::FormatError;
use super::table::{Budget, table};
use super::{Number, yaml};

/// The format, as messages call it.
pub(super) const NAME: &str = "Markdown";

/// What is between the lines of front matter and the rest.
const FENCE: &str = "---\n";

/// The parts of a document: `frontMatter`, `tables`, and the `sections` whose headings begin with `prefix`. Of lists and
/// quotes only the text is there; code blocks, and what comes before the first heading, are left out.
///
/// # Errors
/// If the front matter is no YAML, or a table would be far longer than its text.
pub(super) fn read(text: &str, prefix: &str, number: Number) -> Result<Value, FormatError> {
    let text = text.replace("\r\n", "\n");
    let (front, body) = divided(&text);
    let front_matter = match yaml::read(front, number)? {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let mut reader = Reader { budget: Budget::of(text.len()), tables: Vec::new(), sections: Vec::new() };
    let mut events = Parser::new_ext(body, Options::ENABLE_TABLES);
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let heading = text_of(&mut events).trim().to_owned();
                reader.sections.push(Section { heading, level, content: String::new() });
            }
            Event::Start(Tag::Table(_)) => reader.table(&mut events)?,
            // The content of a code block is no text.
            Event::Start(Tag::CodeBlock(_)) => drop(text_of(&mut events)),
            Event::Start(_) => {
                let text = text_of(&mut events);
                reader.content(text.trim());
            }
            _ => {}
        }
    }
    let sections = reader.sections.into_iter().filter(|section| section.heading.starts_with(prefix.trim()));
    let sections: Vec<Value> = sections.map(Section::into_json).collect();
    Ok(json!({"frontMatter": front_matter, "tables": reader.tables, "sections": sections}))
}

/// The front matter, which may be empty, and the rest.
fn divided(text: &str) -> (&str, &str) {
    let fenced = text.strip_prefix(FENCE).and_then(|rest| rest.split_once("\n---\n"));
    fenced.unwrap_or(("", text))
}

struct Section {
    heading: String,
    level: HeadingLevel,
    content: String,
}

impl Section {
    fn into_json(self) -> Value {
        json!({"heading": self.heading, "level": self.level as u8, "content": self.content})
    }
}

struct Reader {
    budget: Budget,
    tables: Vec<Value>,
    sections: Vec<Section>,
}

impl Reader {
    /// Adds a block to the current section.
    fn content(&mut self, text: &str) {
        let Some(section) = self.sections.last_mut().filter(|_| !text.is_empty()) else { return };
        if !section.content.is_empty() {
            section.content.push('\n');
        }
        section.content.push_str(text);
    }

    /// Reads a table up to its end.
    fn table(&mut self, events: &mut Parser<'_>) -> Result<(), FormatError> {
        let mut rows: Vec<Vec<String>> = Vec::new();
        while let Some(event) = events.next() {
            match event {
                Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
                Event::Start(Tag::TableCell) => {
                    let cell = text_of(events).trim().to_owned();
                    rows.last_mut().into_iter().for_each(|row| row.push(cell.clone()));
                }
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        let mut rows = rows.into_iter();
        let names = rows.next().unwrap_or_default();
        let table = table(&names, rows, &mut self.budget);
        self.tables.extend(table.map_err(|problem| FormatError::new(NAME, problem, None))?);
        Ok(())
    }
}

/// The text of what has begun, up to its end.
fn text_of(events: &mut Parser<'_>) -> String {
    let (mut text, mut depth, mut code) = (String::new(), 1_usize, 0_usize);
    for event in events {
        match event {
            Event::Start(tag) => {
                depth += 1;
                code += usize::from(matches!(tag, Tag::CodeBlock(_)));
            }
            Event::End(tag) => {
                depth -= 1;
                code = code.saturating_sub(usize::from(tag == TagEnd::CodeBlock));
                if depth == 0 {
                    break;
                }
            }
            Event::Text(part) if code == 0 => text.push_str(&part),
            Event::Code(part) => text.push_str(&part),
            Event::SoftBreak => text.push(' '),
            Event::HardBreak => text.push('\n'),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::number;
    use super::*;

    fn document(text: &str, prefix: &str) -> Result<Value, String> {
        read(text, prefix, number).map_err(|error| error.to_string())
    }

    #[test]
    fn parts_of_a_document_are_found() {
        let text = "---\r\ntitle: Oak\r\nyear: 1900\r\n---\r\nBefore.\n\n# The *tall* one\n\nSome `text`\nwith [a link](x) &amp;\nmore.  \nEnd\n\n- a\n- b\n\n```\ncode\n```\n\n> quote\n\n| Name | Age |\n|---|---|\n| Oak | 120 |\n| Elm |\n\n## Next\n\n<b>html</b> ![alt](y)\n";
        let expected = json!({
            "frontMatter": {"title": "Oak", "year": 1900},
            "tables": [[{"Name": "Oak", "Age": "120"}, {"Name": "Elm", "Age": ""}]],
            "sections": [
                {"heading": "The tall one", "level": 1, "content": "Some text with a link & more.\nEnd\nab\nquote"},
                {"heading": "Next", "level": 2, "content": "html alt"},
            ],
        });
        assert_eq!(document(text, ""), Ok(expected.clone()));
        assert_eq!(document(text, " Ne").expect("it is read")["sections"], json!([expected["sections"][1]]));
    }

    #[test]
    fn plain_text_has_no_parts() {
        let empty = json!({"frontMatter": {}, "tables": [], "sections": []});
        for text in ["", "just text\n", "---\n- a\n---\n", "---\ntitle: x\n"] {
            let found = document(text, "").expect("it is read");
            assert_eq!((&found["frontMatter"], &found["tables"]), (&empty["frontMatter"], &empty["tables"]), "{text}");
        }
        assert_eq!(document("just text\n", ""), Ok(empty));
        assert!(document("---\na: [\n---\n", "").unwrap_err().starts_with("invalid YAML"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-#*_>|`\\[\\]()!&<a-c: \n]{0,80}|.{0,40}") {
            let _ = document(&text, "");
            let _ = document(&format!("---\n{text}"), "a");
        }
    }
}
