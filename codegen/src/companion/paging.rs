//! Which operations return lists in pages, as far as their parameters and responses say it plainly.

use naftiko_schema::{Location, Method, Pages};

use super::document;
use super::shape::{Member, Shape, Shapes, Use};
use crate::linked::Operation;
use crate::read::yaml::Node;

/// How the pages of an operation's list follow each other: by number where a response has a total, or by a cursor that it
/// contains. A response with several lists, or with none, says nothing.
pub(super) fn pages(
    operation: &Operation<'_>,
    found: &document::Operation<'_>,
    response: &Use,
    shapes: &Shapes,
) -> Option<Pages> {
    let Shape::Object(response) = shapes.get(response.shape) else { return None };
    let mut lists = response.members.iter().filter(|member| matches!(shapes.get(member.value.shape), Shape::List(_)));
    let (Some(list), None) = (lists.next(), lists.next()) else { return None };
    let own = operation.parameters.iter().filter(|parameter| parameter.location == Location::Query);
    let others = found.parameters.iter().filter(|parameter| parameter.location == Location::Query);
    let queries: Vec<&str> =
        own.map(|parameter| parameter.wire.as_str()).chain(others.map(|other| other.name.as_str())).collect();
    let query = |names: &[&str]| queries.iter().copied().find(|name| names.contains(&plain(name).as_str()));
    let member = |name: &str, is_right: fn(&Shape) -> bool| {
        let mut members = response.members.iter();
        members.find(|member| plain(&member.name) == name && is_right(shapes.get(member.value.shape)))
    };
    // The capability may fix the page.
    let is_fixed = |name: &str| operation.constants.iter().any(|constant| constant.name.value == name);
    if operation.method != Method::Get {
        return None;
    }
    let by_number = || {
        let page = query(&["page"]).filter(|_| query(&["pagesize", "perpage", "limit"]).is_some())?;
        let total = member("totalcount", |shape| matches!(shape, Shape::Integer))?;
        Some((page, Some(total), None))
    };
    let by_cursor = || {
        let parameter = query(&["cursor", "pagetoken", "nexttoken", "continuationtoken"])?;
        let next = format!("next{}", plain(parameter).trim_start_matches("next"));
        Some((parameter, None, Some(member(&next, |shape| matches!(shape, Shape::Text(_)))?)))
    };
    let (parameter, total, cursor) = by_number().or_else(by_cursor).filter(|(name, ..)| !is_fixed(name))?;
    let pointer = |member: &Member| format!("/{}", member.name.replace('~', "~0").replace('/', "~1")).into();
    Some(Pages {
        parameter: parameter.to_owned().into(),
        items: pointer(list),
        total: total.map(pointer),
        cursor: cursor.map(pointer),
    })
}

/// The number that a list begins with, from the default or else the minimum of a parameter that counts pages or items; `None` if
/// it is the usual one, or not known.
pub(super) fn counts_from(name: &str, schema: Option<&Node>, limits: &[(String, String)]) -> Option<u64> {
    let usual = match plain(name).as_str() {
        "page" | "pagenumber" | "pageno" | "pagenum" => 1,
        "offset" | "pageoffset" | "skip" | "startindex" | "start" => 0,
        _ => return None,
    };
    let default = schema.and_then(|schema| schema.get("default")).and_then(Node::scalar_text);
    let minimum = || limits.iter().find(|(keyword, _)| keyword == "minimum").map(|(_, value)| value.clone());
    let first = default.or_else(minimum)?.parse::<u64>().ok()?;
    (first <= 1 && first != usual).then_some(first)
}

/// A name without what differs between spellings.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
