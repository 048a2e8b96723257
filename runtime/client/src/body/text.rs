//! Text, with values that are escaped for where they stand.

use naftiko_schema::{Template, TemplatePart};

use super::escape::Escaper;
use crate::argument::Violation;
use crate::template::Values;

/// Fills a text template. A value that is left out becomes empty text.
pub(super) fn text(values: &Values<'_>, template: &Template, media_type: &str) -> Result<String, Violation> {
    let mut escaper = match &*template.parts {
        [TemplatePart::Parameter(_)] => Escaper::of_whole(media_type),
        _ => Escaper::of(media_type),
    };
    let mut out = String::new();
    let mut parts = template.parts.iter();
    while let Some(part) = parts.next() {
        if let TemplatePart::Literal(text) = part {
            escaper.pass(text);
            out.push_str(text);
            continue;
        }
        escaper.append(&values.text(part), parts.as_slice(), &mut out).map_err(|_| {
            let name = if let TemplatePart::Parameter(id) = part { values.name(*id) } else { "body" };
            Violation::new(name, "must not contain control characters: XML cannot represent them")
        })?;
    }
    Ok(out)
}
