//! The format of the responses of an operation, with what is needed to read it.

use naftiko_schema::{Format, Separator};

use crate::Sources;
use crate::linked::Unreadable;
use crate::read::document::{ConsumedOperation, Text};

/// The formats that an operation can name.
const FORMATS: &str = "json, xml, yaml, csv, tsv, psv, html, markdown, avro, protobuf, binary";

/// The format of an operation; JSON unless it says otherwise.
pub(super) fn link(operation: &ConsumedOperation, _sources: &Sources) -> Result<Format, Unreadable> {
    let Some(word) = &operation.output_format else { return Ok(Format::Json) };
    match word.value.to_ascii_lowercase().as_str() {
        "json" => Ok(Format::Json),
        // No engine knows `text`, but it is clear what it means.
        "binary" | "text" => Ok(Format::Any),
        "xml" => Ok(Format::Xml),
        "yaml" => Ok(Format::Yaml),
        "csv" => Ok(Format::Rows(Separator::Comma)),
        "tsv" => Ok(Format::Rows(Separator::Tab)),
        "psv" => Ok(Format::Rows(Separator::Pipe)),
        _ => Err(unknown(word)),
    }
}

fn unknown(word: &Text) -> Unreadable {
    Unreadable {
        span: word.span,
        message: format!("responses in the unknown format `{}` cannot be mapped; formats are {FORMATS}", word.value),
        help: "correct the format, or remove `outputParameters` to pass the response on unchanged",
    }
}
