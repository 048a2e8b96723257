//! Results that replace responses which are too long for a client. JSON is never cut in the middle.

use http::StatusCode;
use naftiko_adapter::numbers;
use naftiko_client::__private::pages;
use naftiko_schema::Tool;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::Value;

use super::long::{Cut, Document};

/// The result in place of a response that is too long.
pub(super) fn replacement(
    tool: &'static Tool,
    status: StatusCode,
    length: usize,
    document: Option<Document>,
    budget: usize,
) -> CallToolResult {
    let too_long = format!("the response has {length} bytes, and this server limits results to {budget}");
    let paging: Vec<_> = tool.binding.inputs().iter().map(|input| &*input.name).filter(|name| pages(name)).collect();
    // The hint asks for another call, so that must be harmless.
    if tool.hints.read_only && !paging.is_empty() {
        let names = paging.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return error(format!("{}: {too_long}; request fewer items, or one page, with {names}", &tool.name));
    }
    if let Some((document, shown, all)) = document.and_then(|document| shortened(document, budget)) {
        let note = format!("Only the first {shown} of {all} items are included: {too_long}.");
        let mut result =
            CallToolResult::success(vec![ContentBlock::text(numbers::write(&document)), ContentBlock::text(note)]);
        result.structured_content = Some(document);
        return result;
    }
    if tool.hints.read_only {
        return error(format!("{}: {too_long}; the operator can raise the limit with --response-budget", &tool.name));
    }
    CallToolResult::success(vec![ContentBlock::text(format!("{status}. The response body was left out: {too_long}."))])
}

fn error(text: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text)])
}

/// The document with fewer items in its longest list, the number of these items, and of the original ones.
fn shortened(document: Document, budget: usize) -> Option<(Value, usize, usize)> {
    let Document { value: mut document, cut } = document;
    let length = numbers::write(&document).len();
    let list = match &cut {
        Some(Cut { member: Some(member), .. }) => document.get_mut(member)?.as_array_mut(),
        Some(Cut { member: None, .. }) => document.as_array_mut(),
        None => longest(&mut document),
    }?;
    let lengths: Vec<usize> = list.iter().map(|item| numbers::write(item).len() + 1).collect();
    let around = length.checked_sub(lengths.iter().sum())?;
    let fits = lengths.iter().scan(around, |length, item| {
        *length += item;
        (*length <= budget).then_some(())
    });
    let (shown, all) = (fits.count(), lengths.len() + cut.map_or(0, |cut| cut.omitted));
    list.truncate(shown);
    (shown > 0).then_some((document, shown, all))
}

/// The list with the most items: the document itself, or one of its members.
fn longest(document: &mut Value) -> Option<&mut Vec<Value>> {
    match document {
        Value::Array(items) => Some(items),
        Value::Object(members) => members.values_mut().filter_map(Value::as_array_mut).max_by_key(|items| items.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shortened_documents_are_valid_and_fit() {
        let document = json!({"name": "n", "few": [1], "items": (0..100).collect::<Vec<_>>()});
        for budget in [60, 100, 200] {
            let (document, shown, all) =
                shortened(Document::whole(document.clone()), budget).expect("a part of it fits");
            assert_eq!((document["items"].as_array().map(Vec::len), all), (Some(shown), 100));
            assert!(document.to_string().len() <= budget, "{document}");
            assert_eq!(document["few"], json!([1]));
        }
        assert!(shortened(Document::whole(document), 20).is_none());
        assert!(shortened(Document::whole(json!({"text": "x".repeat(100)})), 50).is_none());
    }
}
