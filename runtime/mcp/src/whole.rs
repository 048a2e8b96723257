//! Whole schemas of tools as resources, where the list of tools has no room for them.

use naftiko_schema::Tool;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents};

use super::schema::{source, whole_body, whole_output};

/// The media type of JSON Schema.
const MEDIA_TYPE: &str = "application/schema+json";

/// The list entry of a tool's schemas.
pub(super) fn describe(tool: &Tool) -> Resource {
    let mut described = Resource::new(source(tool), format!("schema-of-{}", tool.name));
    described = described.with_title(format!("Schemas of {}", tool.name));
    described.description = Some(format!("The whole schemas of what the tool {} takes and returns", tool.name));
    described.mime_type = Some(MEDIA_TYPE.to_owned());
    described
}

/// The schemas of a tool: of the body that it takes, and of what it returns. `None` if they are longer than results may be.
pub(super) fn read(tool: &Tool, budget: usize) -> Option<ReadResourceResult> {
    let parts = [("body", whole_body(&tool.binding)), ("result", whole_output(&tool.binding))];
    let parts = parts.into_iter().filter_map(|(name, schema)| Some((name, schema?)));
    let (names, schemas): (Vec<_>, Vec<_>) = parts.unzip();
    let length: usize = schemas.iter().map(|schema| schema.len()).sum();
    let contents = names.iter().zip(schemas).map(|(name, schema)| {
        ResourceContents::text(schema, format!("{}#{name}", source(tool))).with_mime_type(MEDIA_TYPE)
    });
    (length <= budget).then(|| ReadResourceResult::new(contents.collect()))
}
