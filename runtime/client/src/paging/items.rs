//! Finds the list of items in a response.

use naftiko_schema::{Operation, PathPart};
use serde_json::{Map, Value};

use super::PagingProblem;
use super::names::{plain, rank};
use crate::encoding::pointer_token;

/// Generic names of lists.
const USUAL: &[&str] = &[
    "items",
    "data",
    "results",
    "result",
    "records",
    "values",
    "entries",
    "content",
    "list",
    "value",
    "elements",
    "resources",
];

/// Names of objects that contain the list.
const WRAPPERS: &[&str] = &["data", "result", "response", "embedded", "payload"];

/// Names of other lists in a response.
const ASIDE: &[&str] = &["errors", "warnings", "messages", "links", "included"];

/// The location of the list in one response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// At this JSON pointer, where null is an empty list.
    At(String),
    /// Left out, because it has no items.
    Empty,
    Unknown(PagingProblem),
}

/// What is known about the location of the list in all pages.
pub(super) struct Lists {
    configured: Option<String>,
    resource: Option<String>,
    /// The location in an earlier page.
    found: Option<String>,
}

impl Lists {
    pub(super) fn new(operation: &Operation, configured: Option<String>) -> Self {
        Self { configured, resource: resource(operation), found: None }
    }

    /// Whether a response has its list where it is said to be.
    pub(super) fn fit(&self, document: &Value) -> bool {
        let list = self.configured.as_ref().and_then(|pointer| document.pointer(pointer));
        matches!(list, Some(Value::Array(_) | Value::Null))
    }

    pub(super) fn of(&mut self, document: &Value, total: Option<u64>) -> List {
        let known = self.configured.clone().or_else(|| self.found.clone());
        let pointer = known.or_else(|| locate(document, self.resource.as_deref()));
        let value = pointer.as_ref().and_then(|pointer| document.pointer(pointer));
        match (pointer, value) {
            (Some(pointer), Some(Value::Array(_) | Value::Null)) => {
                self.found = Some(pointer.clone());
                List::At(pointer)
            }
            // Some servers leave out an empty list, or send an empty body.
            (_, None) if self.found.is_some() || total == Some(0) || holds_nothing(document) => List::Empty,
            _ => List::Unknown(self.configured.clone().map_or(PagingProblem::NoList, PagingProblem::NoListAt)),
        }
    }
}

impl List {
    /// The items of the response in which the list was searched.
    pub(super) fn items<'a>(&self, document: &'a Value) -> Option<&'a [Value]> {
        match self {
            Self::At(pointer) => Some(document.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)),
            Self::Empty => Some(&[]),
            Self::Unknown(_) => None,
        }
    }

    /// The same items, taken out of the response.
    pub(super) fn take(&self, mut document: Value) -> Result<Vec<Value>, PagingProblem> {
        match self {
            Self::At(pointer) => match document.pointer_mut(pointer).map(Value::take) {
                Some(Value::Array(items)) => Ok(items),
                _ => Ok(Vec::new()),
            },
            Self::Empty => Ok(Vec::new()),
            Self::Unknown(problem) => Err(problem.clone()),
        }
    }
}

/// The resource of an operation: the last literal segment of its path.
fn resource(operation: &Operation) -> Option<String> {
    let literals = operation.path.iter().rev().filter_map(|part| match part {
        PathPart::Literal(text) => Some(&**text),
        PathPart::Parameter(_) | PathPart::Variable(_) => None,
    });
    literals.flat_map(|text| text.rsplit('/')).map(plain).find(|name| !name.is_empty())
}

fn holds_nothing(document: &Value) -> bool {
    document.is_null() || document.as_object().is_some_and(Map::is_empty)
}

fn locate(document: &Value, resource: Option<&str>) -> Option<String> {
    if document.is_array() {
        return Some(String::new());
    }
    let members = document.as_object()?;
    let within = || {
        let wrappers = members.iter().filter(|(name, _)| rank(name, WRAPPERS).is_some());
        wrappers.filter_map(|(name, value)| Some((name, member(value.as_object()?, resource)?))).next()
    };
    match member(members, resource) {
        Some(name) => Some(format!("/{}", pointer_token(name))),
        None => within().map(|(wrapper, name)| format!("/{}/{}", pointer_token(wrapper), pointer_token(name))),
    }
}

/// The name of the member that contains the list.
fn member<'a>(members: &'a Map<String, Value>, resource: Option<&str>) -> Option<&'a str> {
    let arrays = || members.iter().filter(|(_, value)| value.is_array());
    let nulls = || members.iter().filter(|(_, value)| value.is_null());
    let resource = resource.as_slice();
    let mut candidates = arrays().filter(|(name, _)| rank(name, ASIDE).is_none());
    let only = match (candidates.next(), candidates.next()) {
        (Some((name, _)), None) => Some(name.as_str()),
        _ => None,
    };
    first(arrays().chain(nulls()), resource)
        .or(only)
        .or_else(|| first(arrays(), USUAL))
        .or_else(|| first(nulls(), USUAL))
}

fn first<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>, names: &[&str]) -> Option<&'a str> {
    let ranked = members.filter_map(|(name, _)| Some((rank(name, names)?, name.as_str())));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::operation;
    use naftiko_schema::ParameterId;

    use super::*;

    fn pointer(document: &Value) -> Option<String> {
        locate(document, Some("secrets"))
    }

    #[test]
    fn resource_is_the_last_literal_segment() {
        let literal = |text: &'static str| PathPart::Literal(text.into());
        let id = PathPart::Parameter(ParameterId(0));
        let of = |path: &[PathPart]| resource(&operation(path, &[]));
        assert_eq!(of(&[literal("/v1/secret-types/")]).as_deref(), Some("secrettypes"));
        let path = [literal("/secrets/"), id.clone(), literal("/versions")];
        assert_eq!(of(&path).as_deref(), Some("versions"));
        assert_eq!(of(&[literal("/secrets/"), id.clone()]).as_deref(), Some("secrets"));
        assert_eq!(of(&[id]), None);
    }

    #[test]
    fn lists_are_found() {
        for (document, place) in [
            (json!([1]), ""),
            (json!({"anything": [1], "total": 1}), "/anything"),
            (json!({"tags": [], "Secrets": [1]}), "/Secrets"),
            (json!({"tags": [], "results": [1], "items": [2]}), "/items"),
            (json!({"errors": [], "messages": [], "result": [1]}), "/result"),
            (json!({"schemas": ["urn"], "Resources": [1]}), "/Resources"),
            (json!({"secrets": null, "warnings": []}), "/secrets"),
            (json!({"items": null, "total": 0}), "/items"),
            (json!({"data": {"things": [1]}, "errors": []}), "/data/things"),
            (json!({"_embedded": {"secrets": [1], "more": [2]}}), "/_embedded/secrets"),
            (json!({"a/b~c": [1]}), "/a~1b~0c"),
        ] {
            assert_eq!(pointer(&document).as_deref(), Some(place), "{document}");
        }
        for document in [json!({}), json!({"a": [], "b": []}), json!({"name": "x", "note": null}), json!("text")] {
            assert_eq!(pointer(&document), None, "{document}");
        }
    }

    fn lists(pointer: Option<&str>) -> Lists {
        Lists::new(&operation(&[PathPart::Literal("/secrets".into())], &[]), pointer.map(str::to_owned))
    }

    #[test]
    fn missing_lists_may_be_empty() {
        for (document, total) in [(json!({}), None), (json!(null), None), (json!({"total": 0}), Some(0))] {
            assert_eq!(lists(None).of(&document, total), List::Empty, "{document}");
        }
        assert_eq!(lists(None).of(&json!({"name": "x"}), None), List::Unknown(PagingProblem::NoList));
        let mut lists = lists(None);
        assert_eq!(lists.of(&json!({"things": [1]}), None), List::At("/things".to_owned()));
        assert_eq!(lists.of(&json!({"things": null, "tags": [1]}), None).take(json!({"things": null})), Ok(vec![]));
        assert_eq!(lists.of(&json!({"next": ""}), None), List::Empty);
        assert_eq!(lists.of(&json!({"things": "text"}), None), List::Unknown(PagingProblem::NoList));
    }

    #[test]
    fn configured_pointer_takes_precedence() {
        let document = json!({"secrets": [1], "deep": [{"list": [2, 3]}]});
        let list = lists(Some("/deep/0/list")).of(&document, None);
        assert_eq!(list.items(&document), Some([json!(2), json!(3)].as_slice()));
        assert_eq!(list.take(document.clone()), Ok(vec![json!(2), json!(3)]));
        let list = lists(Some("/nowhere")).of(&document, None);
        assert_eq!(list.items(&document), None);
        assert_eq!(list.take(document), Err(PagingProblem::NoListAt("/nowhere".to_owned())));
    }
}
