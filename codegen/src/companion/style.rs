//! How documents say that arrays and objects are written outside of JSON: `style` and `explode` since version 3.0,
//! `collectionFormat` in version 2.0.

use std::collections::BTreeMap;

use naftiko_schema::{Body, BodyContent, BodyMember, BodyNode, Kind, Location, ParameterStyle, Separator};

use super::document::text;
use super::shape::Shape;
use crate::linked::Operation;
use crate::read::yaml::{Content, Node};
use crate::vocabulary;

/// The keyword for a separator where no style has it, such as tabs (`collectionFormat: tsv` of version 2.0).
const SEPARATOR: &str = "x-naftiko-separator";

/// The styles of a parameter or of a field of a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Styles {
    /// The style of an array; without one it repeats its name.
    pub(crate) of_array: Option<ParameterStyle>,
    /// The style of an object; without one it is JSON.
    pub(crate) of_object: Option<ParameterStyle>,
    /// The style, if requests cannot be written in it.
    pub(crate) unknown: Option<String>,
}

const COMMA: Option<ParameterStyle> = Some(ParameterStyle::Separated(Separator::Comma));

impl Styles {
    /// The styles of a parameter, which is no field of a form.
    pub(crate) fn of_parameter(node: &Node, location: Location) -> Self {
        if node.get("content").is_some() {
            return Self::default();
        }
        if let Some(style) = of_version_2(node) {
            // A header field has commas between its values as it is.
            let of_array = style.filter(|style| location != Location::Header || Some(*style) != COMMA);
            return Self { of_array, ..Self::default() };
        }
        let is_plain = location.is_path() || location == Location::Header;
        let styles = Self::of(node, if is_plain { "simple" } else { "form" });
        let of_array = styles.of_array.filter(|style| location != Location::Header || Some(*style) != COMMA);
        Self { of_array, ..styles }
    }

    /// The styles of a field of a form, as its `encoding` says.
    pub(crate) fn of_field(encoding: &Node) -> Self {
        let says = ["style", "explode", SEPARATOR].iter().any(|key| encoding.get(key).is_some());
        if says { Self::of(encoding, "form") } else { Self::default() }
    }

    fn of(node: &Node, default: &str) -> Self {
        let style = text(node, "style").unwrap_or_else(|| default.to_owned());
        let explode = match node.get("explode").map(|explode| &explode.content) {
            Some(Content::Bool(explode, _)) => *explode,
            _ => style == "form",
        };
        let both = |style| Self { of_array: style, of_object: style, unknown: None };
        let separated = |separator| both(Some(ParameterStyle::Separated(separator)));
        if let Some(separator) = text(node, SEPARATOR).and_then(|separator| separator_of(&separator)) {
            return separated(separator);
        }
        match (style.as_str(), explode) {
            ("form", false) => separated(Separator::Comma),
            ("spaceDelimited", false) => separated(Separator::Space),
            ("pipeDelimited", false) => separated(Separator::Pipe),
            ("form" | "spaceDelimited" | "pipeDelimited", true) => {
                Self { of_object: Some(ParameterStyle::Members), ..Self::default() }
            }
            ("deepObject", _) => both(Some(ParameterStyle::Brackets)),
            ("simple", explode) => Self { of_array: COMMA, of_object: COMMA.filter(|_| !explode), unknown: None },
            _ => Self { unknown: Some(style), ..Self::default() },
        }
    }
}

/// The separator that a text names.
fn separator_of(text: &str) -> Option<Separator> {
    let all = [Separator::Comma, Separator::Space, Separator::Pipe, Separator::Tab];
    all.into_iter().find(|separator| text.as_bytes() == [separator.byte()])
}

/// The style of an array in version 2.0; `None` if the parameter is of another version.
fn of_version_2(node: &Node) -> Option<Option<ParameterStyle>> {
    if node.get("schema").is_some() || node.get("type").is_none() {
        return None;
    }
    Some(match text(node, "collectionFormat").as_deref() {
        Some("multi") => None,
        Some("ssv") => Some(ParameterStyle::Separated(Separator::Space)),
        Some("tsv") => Some(ParameterStyle::Separated(Separator::Tab)),
        Some("pipes") => Some(ParameterStyle::Separated(Separator::Pipe)),
        _ => COMMA,
    })
}

/// The keywords that say a style, in version 3.
pub(crate) fn keywords(style: ParameterStyle, location: Location) -> Vec<(&'static str, serde_json::Value)> {
    let is_plain = location.is_path() || location == Location::Header;
    let style = match style {
        ParameterStyle::Separated(Separator::Comma) if is_plain => return Vec::new(),
        ParameterStyle::Separated(Separator::Comma) => "form",
        ParameterStyle::Separated(Separator::Space) if !is_plain => "spaceDelimited",
        ParameterStyle::Separated(Separator::Pipe) if !is_plain => "pipeDelimited",
        ParameterStyle::Separated(other) => return vec![(SEPARATOR, char::from(other.byte()).to_string().into())],
        ParameterStyle::Brackets => return vec![("style", "deepObject".into()), ("explode", true.into())],
        ParameterStyle::Members => return vec![("style", "form".into()), ("explode", true.into())],
    };
    vec![("style", style.into()), ("explode", false.into())]
}

/// The style of a parameter of this shape.
pub(super) fn style_of(shape: &Shape, styles: &Styles) -> Option<ParameterStyle> {
    match shape {
        Shape::List(_) => styles.of_array,
        Shape::Map(_) | Shape::Object(_) => styles.of_object,
        // Brackets are the only style that says by itself that there may be an object or an array.
        Shape::Any | Shape::Union(_) => styles.of_object.filter(|style| *style == ParameterStyle::Brackets),
        Shape::Boolean | Shape::Integer | Shape::Number | Shape::Text(_) | Shape::Enum(_) => None,
    }
}

/// Gives the fields of a form the styles that the companion says.
pub(super) fn of_fields(operation: &mut Operation<'_>, styles: &BTreeMap<String, Styles>) {
    let Some(Body { content: BodyContent::Form(members), .. }) = &operation.body else { return };
    for BodyMember { name, value, .. } in members.iter() {
        let (BodyNode::Parameter(id) | BodyNode::Bare(id) | BodyNode::Quoted(id)) = value else { continue };
        let (Some(styles), Some(parameter)) = (styles.get(&**name), operation.parameters.get_mut(id.index())) else {
            continue;
        };
        parameter.style = match vocabulary::kind(parameter.kind.as_ref()) {
            Some(Kind::Array) => styles.of_array,
            Some(Kind::Object) => styles.of_object,
            Some(Kind::Any) => styles.of_object.filter(|style| *style == ParameterStyle::Brackets),
            _ => None,
        };
    }
}
