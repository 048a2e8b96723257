//! Forms with files, `multipart/form-data`: a list of parts, or a mapping by their names.

use naftiko_schema::{BodyContent, BodyNode, BodyPart};

use super::Template;
use super::document::literal;
use super::members::{member, part};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::document::Text;
use crate::read::fields::Fields;
use crate::read::yaml::{self, Content};

/// The keys that say that a mapping is a part, and not a value.
const KEYS: [&str; 6] = ["value", "filename", "fileName", "contentType", "mediaType", "contentEncoding"];

/// What callers send for bytes.
pub(super) const BYTES_OF: &str = "The bytes in Base64, or text that is sent as it is";

impl Template<'_, '_, '_> {
    pub(super) fn multipart(&mut self, data: Option<&yaml::Node>, sink: &mut Sink) -> Option<BodyContent> {
        let parts: Option<Vec<_>> = match data.map(|data| &data.content) {
            Some(Content::Sequence(items)) => items.iter().map(|item| self.part(None, item, sink)).collect(),
            Some(Content::Mapping(entries)) => entries
                .iter()
                .map(|entry| {
                    let name = Text { value: entry.key.clone(), span: entry.span };
                    match &entry.value.content {
                        Content::Mapping(inner) if inner.iter().any(|it| KEYS.contains(&it.key.as_str())) => {
                            self.part(Some(name), &entry.value, sink)
                        }
                        _ => Some(part(member(name.value, self.node(&entry.value, true, sink)?))),
                    }
                })
                .collect(),
            _ => {
                let message = "the body of a multipart form must be a list of parts, or a mapping";
                let help = "write `data:` with a `name:` and a `value:` for each part";
                sink.report(Code::BodyFormat, self.placeholders.span, message).help(help);
                return None;
            }
        };
        Some(BodyContent::Multipart(parts?.into()))
    }

    fn part(&mut self, key: Option<Text>, node: &yaml::Node, sink: &mut Sink) -> Option<BodyPart> {
        let mut fields = Fields::of(node, "a part of a form", sink);
        let given = fields.text(&["name"], sink);
        let file_name = fields.text(&["filename", "fileName"], sink);
        let media_type = fields.text(&["contentType", "mediaType"], sink);
        let encoding = fields.text(&["contentEncoding"], sink);
        let value = fields.get(&["value"]).map(|entry| entry.value.clone());
        let name = key.or(given);
        if name.is_none() {
            fields.missing(&["name"], sink);
        }
        if value.is_none() {
            fields.missing(&["value"], sink);
        }
        fields.finish(sink);
        let fits = |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if let Some(media_type) = media_type.as_ref().filter(|it| it.value.contains("{{") || !fits(&it.value)) {
            let message = format!("`{}` is not a media type", media_type.value);
            sink.report(Code::BodyFormat, media_type.span, message).help("write one such as `image/png`");
            return None;
        }
        let value = self.node(&value?, true, sink)?;
        let file_name = match file_name {
            Some(name) => Some(self.placeholders.template(&name.value, sink)?),
            None => None,
        };
        let is_base64 = encoding.is_some_and(|encoding| encoding.value.eq_ignore_ascii_case("base64"));
        let bytes = is_base64 || is_file(file_name.is_some(), media_type.as_ref());
        if bytes {
            self.describe_bytes(&value);
        }
        // A list or an object is JSON, which the part says.
        let json = matches!(&value, BodyNode::Object(_) | BodyNode::Array(_)).then(|| "application/json".into());
        let media_type = media_type.map(|media_type| media_type.value.into()).or(json);
        Some(BodyPart { name: name?.value.into(), value, file_name, media_type, bytes })
    }

    /// Says to callers what they send for a file, where nothing else does.
    fn describe_bytes(&mut self, value: &BodyNode) {
        let (BodyNode::Quoted(id) | BodyNode::Parameter(id)) = value else { return };
        if let Some(parameter) = self.placeholders.operation.parameters.get_mut(id.index()) {
            parameter.description.get_or_insert_with(|| BYTES_OF.to_owned());
        }
    }
}

/// Whether the value of a part is bytes, which text can only hold as Base64.
fn is_file(has_name: bool, media_type: Option<&Text>) -> bool {
    let Some(media_type) = media_type else { return has_name };
    let essence = media_type.value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = essence.starts_with("text/")
        || ["json", "xml", "yaml", "javascript", "x-www-form-urlencoded"].iter().any(|text| essence.ends_with(text));
    !is_text
}

/// A part that is a file of its own name.
pub(super) fn file(part: BodyPart) -> BodyPart {
    BodyPart { file_name: Some(literal(&part.name)), media_type: Some(super::BYTES.into()), bytes: true, ..part }
}
