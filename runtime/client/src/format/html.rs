//! The tables of HTML documents.

mod document;
mod selection;
mod sink;

use naftiko_schema::selector::Selector;
use serde_json::{Value, json};

use super::error::FormatError;
use super::table::{Budget, table};
use document::{Document, Id};
use selection::Selection;

/// The format, as messages call it.
pub(super) const NAME: &str = "HTML";

/// How many bytes browsers look at for a charset.
const START: usize = 1024;

/// The charset that a `meta` element of a document names (HTML Standard, "Prescan a byte stream").
pub(super) fn declared_charset(body: &[u8]) -> Option<String> {
    let start = String::from_utf8_lossy(body.get(..START).unwrap_or(body)).to_ascii_lowercase();
    let charset = start.split("<meta").skip(1).find_map(|tag| {
        let (_, value) = tag.split('>').next()?.split_once("charset")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
        value.split(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | ';' | '/')).next().map(str::to_owned)
    })?;
    // What was read until here cannot have two bytes for each character.
    (!charset.is_empty() && !charset.starts_with("utf-16")).then_some(charset)
}

/// The tables with a header, each a list of objects of texts: `{"tables": [[{"name": "cell"}]]}`. If there are selectors, the
/// tables that they select, and those inside of what else they select. Rows with a header cell are left out.
///
/// # Errors
/// If the document is nested too deeply, tables would be far longer than its text, or selectors would take too long.
pub(super) fn read(text: &str, selectors: &str) -> Result<Value, FormatError> {
    let refused = |problem| FormatError::new(NAME, problem, None);
    let document = Document::read(text).map_err(refused)?;
    let mut reader = Reader { document: &document, budget: Budget::of(text.len()) };
    let mut tables = Vec::new();
    for id in reader.tables(selectors).map_err(refused)? {
        tables.extend(reader.table(id).map_err(refused)?);
    }
    Ok(json!({ "tables": tables }))
}

struct Reader<'d> {
    document: &'d Document,
    budget: Budget,
}

impl Reader<'_> {
    /// The tables, in the order of the document.
    fn tables(&mut self, selectors: &str) -> Result<Vec<Id>, &'static str> {
        let mut tables = self.find(Document::ROOT, "table")?;
        if selectors.is_empty() {
            return Ok(tables);
        }
        // The compiler reports those that cannot be read.
        let selectors = Selector::read(selectors).map_err(|_| "its selectors cannot be read")?;
        let selection = Selection::new(self.document, selectors);
        tables.retain(|id| {
            // Of tables inside of each other, those that are selected.
            let outer = self.document.ancestors_and_self(*id).skip(1);
            let mut outer = outer.filter(|outer| !self.document.is_named(*outer, "table"));
            selection.has(*id) || outer.any(|outer| selection.has(outer))
        });
        if selection.is_exhausted() { Err("its selectors take too long") } else { Ok(tables) }
    }

    fn table(&mut self, table_id: Id) -> Result<Option<Value>, &'static str> {
        let mut names = Vec::new();
        for id in self.header(table_id)? {
            names.push(self.text(id)?);
        }
        if names.is_empty() {
            return Ok(None);
        }
        let all = self.find(table_id, "tr")?;
        let mut rows = self.inside(&all, table_id, "tbody")?;
        if rows.is_empty() {
            rows = all;
        }
        let mut cells = Vec::new();
        for row in rows {
            if !self.find(row, "th")?.is_empty() {
                continue;
            }
            let mut texts = Vec::new();
            for cell in self.find(row, "td")? {
                texts.push(self.text(cell)?);
            }
            if !texts.is_empty() {
                cells.push(texts);
            }
        }
        table(&names, cells.into_iter(), &mut self.budget)
    }

    /// The header cells of the first row of the head, else of any first row.
    fn header(&mut self, table: Id) -> Result<Vec<Id>, &'static str> {
        let rows = self.find(table, "tr")?;
        let first: Vec<Id> = rows.into_iter().filter(|row| self.document.is_first_child(*row)).collect();
        let of_head = self.inside(&first, table, "thead")?;
        let mut cells = self.cells(of_head)?;
        if cells.is_empty() {
            cells = self.cells(first)?;
        }
        Ok(cells)
    }

    fn cells(&mut self, rows: Vec<Id>) -> Result<Vec<Id>, &'static str> {
        let mut cells: Vec<Id> = Vec::new();
        for row in rows {
            for cell in self.find(row, "th")? {
                // A row inside of another one has been seen.
                if cells.last().is_none_or(|last| self.document.is_before(*last, cell)) {
                    cells.push(cell);
                }
            }
        }
        Ok(cells)
    }

    /// The elements of this name inside of another.
    fn find(&mut self, outer: Id, name: &str) -> Result<Vec<Id>, &'static str> {
        let mut found = Vec::new();
        for id in self.document.descendants(outer) {
            self.budget.take(1)?;
            if self.document.is_named(id, name) {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// Those of the elements that are in one of this name, which is in another.
    fn inside(&mut self, ids: &[Id], outer: Id, name: &str) -> Result<Vec<Id>, &'static str> {
        let mut found = Vec::new();
        for id in ids {
            for ancestor in self.document.ancestors_and_self(*id).skip(1).take_while(|ancestor| *ancestor != outer) {
                self.budget.take(1)?;
                if self.document.is_named(ancestor, name) {
                    found.push(*id);
                    break;
                }
            }
        }
        Ok(found)
    }

    fn text(&mut self, id: Id) -> Result<String, &'static str> {
        let text = self.document.text(id);
        self.budget.take(text.len())?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tables(text: &str, selectors: &str) -> Result<Value, String> {
        Ok(read(text, selectors).map_err(|error| error.to_string())?["tables"].take())
    }

    #[test]
    fn tables_with_a_header_become_lists_of_objects() {
        for (text, expected) in [
            ("<p>none</p>", json!([])),
            (
                "<table><thead><tr><th>Name<th> Age </thead><tr><td>Oak<td><b>120</b> y<tr><td>Elm<tr><td>1<td>2<td>3</table>",
                json!([[{"Name": "Oak", "Age": "120 y"}, {"Name": "Elm", "Age": ""}, {"Name": "1", "Age": "2"}]]),
            ),
            (
                "<table><tr><th>K<th>V<tr><td>k &amp; 1<td>v<tr><th>sub<td>z</table>",
                json!([[{"K": "k & 1", "V": "v"}]]),
            ),
            ("<table><tr><td>no<td>header</table><table><tr><th> <tr><td>x</table>", json!([])),
            ("<table><tr><th>A<br>B<tr><td><p>x</p><p>y</p><pre>1  2</pre></table>", json!([[{"A B": "x y 1  2"}]])),
            ("<div><table><tr><th>A</th></tr></table></div>", json!([[]])),
        ] {
            assert_eq!(tables(text, "").as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn charset_of_a_document_is_found() {
        for (text, expected) in [
            ("<META Charset = 'ISO-8859-1'>", Some("iso-8859-1")),
            ("<meta name=x><meta http-equiv=a content='text/html; charset=windows-1252'>", Some("windows-1252")),
            ("<meta charset=utf-8/>", Some("utf-8")),
            ("<meta charset='utf-16'>", None),
            ("<meta charset=''>", None),
            ("<p charset=x>", None),
            (&format!("{}<meta charset=x>", " ".repeat(START)), None),
        ] {
            assert_eq!(declared_charset(text.as_bytes()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn selectors_find_tables_and_what_contains_them() {
        let one = |id: &str| format!("<table class='x {id}' id={id}><tr><th>N<tr><td>{id}</table>");
        let text = format!("{}<div class=w><p>{}</div>{}", one("a"), one("b"), one("c"));
        let found = |selectors: &str| {
            let tables = tables(&text, selectors).expect("it is read");
            tables.as_array().expect("a list").iter().map(|table| table[0]["N"].clone()).collect::<Value>()
        };
        assert_eq!(found(""), json!(["a", "b", "c"]));
        assert_eq!(found("#c, div.w"), json!(["b", "c"]));
        assert_eq!(found("table.a"), json!(["a"]));
        assert_eq!(found("div + table"), json!(["c"]));
        assert_eq!(found("body > [id=a]"), json!(["a"]));
        assert_eq!(found("table:first-child"), json!(["a", "b"]));
        assert_eq!(found("ul"), json!([]));
    }

    #[test]
    fn selectors_look_at_places_attributes_texts_and_what_is_inside() {
        let one = |id: &str, more: &str| format!("<table {more}><tr><th>N<tr><td>{id}</table>");
        let (a, b) = (one("a", ""), one("b", "class='x Y'"));
        let text = format!("<div id=main>{a}{b}<p>t</p>{}</div><ul><li>{}</ul>", one("c", "data-k=V-1"), one("d", ""));
        let found = |selectors: &str| {
            let tables = tables(&text, selectors).expect("it is read");
            let names = tables.as_array().expect("a list").iter().map(|table| table[0]["N"].as_str().expect("a text"));
            names.collect::<String>()
        };
        for (selectors, expected) in [
            ("table:nth-of-type(3)", "c"),
            ("table:nth-child(3)", ""),
            ("table:nth-child(2n)", "bc"),
            ("table:nth-last-child(1)", "cd"),
            ("table:first-of-type", "ad"),
            ("table:last-child", "cd"),
            ("table:only-child", "d"),
            ("table:eq(1)", "b"),
            ("table:lt(1)", "ad"),
            ("table:gt(0)", "bc"),
            ("table:not(.x, :only-child)", "ac"),
            (":is(p, li) > table, p + table", "cd"),
            ("p ~ table", "c"),
            ("li:has(> table)", "d"),
            ("ul:has(> table)", ""),
            ("ul:has(li table)", "d"),
            ("table:contains(B)", "b"),
            ("p:containsOwn(t) + table", "c"),
            ("div:containsOwn(t) table", ""),
            ("[data-k]", "c"),
            ("[data-k^=v]:not([data-k$=2])", "c"),
            ("[data-k|=v], [class~=y]", "bc"),
            ("table[data-k!='v-1']", "abd"),
            ("table.y", "b"),
            ("#MAIN", ""),
            (":root", "abcd"),
            ("p:empty ~ table", ""),
        ] {
            assert_eq!(found(selectors), expected, "{selectors}");
        }
        let nested = "<table class=x><tr><th>A<tr><td><table><tr><th>B<tr><td>b</table></table>";
        assert_eq!(tables(nested, ".x").map(|tables| tables.as_array().map(Vec::len)), Ok(Some(1)));
    }

    #[test]
    fn selectors_that_take_too_long_are_refused() {
        let text = format!("{}<table>", "<div>".repeat(200));
        assert_eq!(
            tables(&text, "a div div div div div div table").unwrap_err(),
            "invalid HTML: its selectors take too long"
        );
    }

    #[test]
    fn documents_that_would_become_far_longer_are_refused() {
        let wide = format!("<table><tr>{}{}", "<th>a".repeat(3000), "<tr><td>x".repeat(3000));
        assert!(tables(&wide, "").unwrap_err().contains("far longer"));
        for tag in ["<div>", "<table><tr><td>", "<b>", "<a>x"] {
            let deep = tables(&tag.repeat(50_000), "");
            assert!(deep.is_ok() || deep.unwrap_err().contains("nested too deeply"), "{tag}");
        }
        let attributes: String = (0..30_000).map(|n| format!(" a{n}")).collect();
        assert!(tables(&format!("<p{attributes}>"), "").unwrap_err().contains("too many attributes"));
        let formatting: String = (0..400).map(|n| format!("<font color={n}>")).collect();
        let refused = tables(&format!("<p>{formatting}</p>{}", "<p>x".repeat(20_000)), "");
        assert!(refused.is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(<|</|<table>|<tr>|<td>|<th>|<b>|<p>|<template>|<select><option>|<svg>|<!--|-->|&amp;|a| |'|=|>|<tbody>|</table>|</p>){0,40}|.{0,40}") {
            let _ = tables(&text, "");
            let _ = tables(&text, "table table, p > *, :has(td):not(:nth-child(2)) ~ :contains(a)");
        }
    }
}
