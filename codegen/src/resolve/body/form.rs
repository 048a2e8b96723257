//! Forms, `application/x-www-form-urlencoded`: pairs, or text that has them.

use naftiko_schema::{BodyContent, BodyNode};

use super::Template;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::yaml::{self, Content};

impl Template<'_, '_, '_> {
    pub(super) fn form(&mut self, data: Option<&yaml::Node>, sink: &mut Sink) -> Option<BodyContent> {
        match data.map(|data| &data.content) {
            Some(Content::Text(_)) => self.text(data, sink).map(BodyContent::Text),
            Some(Content::Mapping(_)) => match self.node(data?, true, sink)? {
                BodyNode::Object(pairs) => Some(BodyContent::Form(pairs)),
                _ => None,
            },
            _ => {
                let message = "the body of a form must be a mapping, or text";
                let help = "write `data:` with a key for each field";
                sink.report(Code::BodyFormat, self.placeholders.span, message).help(help);
                None
            }
        }
    }
}
