//! Prompts: messages with placeholders for arguments.

use naftiko_adapter::{numbers, short};
use naftiko_client::__private::TARGET;
use naftiko_schema::{Message, Prompt, PromptSource, Role};
use rmcp::ErrorData;
use rmcp::model::{GetPromptResult, JsonObject, PromptMessage};
use serde_json::Value;

use super::{Policy, files};

/// The list entry of a prompt.
pub(super) fn describe(prompt: &Prompt) -> rmcp::model::Prompt {
    let arguments = prompt.arguments.iter().map(|argument| {
        let mut described = rmcp::model::PromptArgument::new(&*argument.name).with_required(argument.required);
        described.title = non_empty(&argument.title);
        described.description = non_empty(&argument.description);
        described
    });
    let arguments: Vec<_> = arguments.collect();
    let arguments = (!arguments.is_empty()).then_some(arguments);
    rmcp::model::Prompt::new(&*prompt.name, non_empty(&prompt.description), arguments).with_title(&*prompt.title)
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The messages of the prompt of this name.
pub(super) async fn get(
    mut prompts: impl Iterator<Item = &'static Prompt>,
    policy: &Policy,
    name: &str,
    arguments: Option<JsonObject>,
) -> Result<GetPromptResult, ErrorData> {
    let Some(prompt) = prompts.find(|prompt| prompt.name == name) else {
        return Err(ErrorData::invalid_params(format!("unknown prompt: {}{}", short(name), policy.rule_note()), None));
    };
    let arguments = arguments.unwrap_or_default();
    let mut values = Vec::new();
    for argument in prompt.arguments.iter() {
        if let Some(value) = arguments.get(&*argument.name).filter(|value| !value.is_null()) {
            values.push((&*argument.name, text_of(value)));
        }
    }
    let budget = policy.response_budget;
    let mut room = budget;
    let mut message = |role: Role, text: &str| {
        let role = match role {
            Role::User => rmcp::model::Role::User,
            Role::Assistant => rmcp::model::Role::Assistant,
        };
        let filled = fill(text, &values, room).ok_or_else(|| {
            ErrorData::invalid_params(format!("the prompt would be longer than {budget} bytes"), None)
        })?;
        room = room.saturating_sub(filled.len());
        Ok(PromptMessage::new_text(role, filled))
    };
    let messages: Result<Vec<_>, ErrorData> = match &prompt.source {
        PromptSource::Messages(messages) => {
            messages.iter().map(|Message { role, text }| message(*role, text)).collect()
        }
        PromptSource::ServerFile(path) => message(Role::User, &text(policy, path).await?).map(|message| vec![message]),
    };
    let result = GetPromptResult::new(messages?);
    Ok(match non_empty(&prompt.description) {
        Some(description) => result.with_description(description),
        None => result,
    })
}

/// The text of an argument.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) if !numbers::is_marked(text) => text.clone(),
        other => numbers::write(other),
    }
}

/// Replaces the placeholders that have a value in a text; the others stay, as those with blanks inside do. Placeholders in
/// the inserted values are not expanded. `None` if the result would be
/// longer than this limit, in bytes.
fn fill(text: &str, values: &[(&str, String)], limit: usize) -> Option<String> {
    let mut filled = String::new();
    let mut push = |part: &str| {
        let fits = filled.len() + part.len() <= limit;
        if fits {
            filled.push_str(part);
        }
        fits.then_some(())
    };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        push(before)?;
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => {
                push(value)?;
                rest = tail;
            }
            // This is not a placeholder, but one may begin at its second brace.
            None => {
                push("{")?;
                rest = rest.get(before.len() + 1..).unwrap_or_default();
            }
        }
    }
    push(rest)?;
    Some(filled)
}

async fn text(policy: &Policy, path: &'static str) -> Result<String, ErrorData> {
    let Some(folder) = policy.folder_of(path) else {
        let text = "the text of the prompt cannot be read: it is a file of the server, which offers only files of the folder that \
                    its operator names with --files";
        return Err(ErrorData::internal_error(text, None));
    };
    let read = tokio::task::spawn_blocking(move || files::read(&folder, path, "")).await;
    let read = read.map_err(std::io::Error::other).flatten();
    let text = read.and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
    text.map_err(|error| {
        tracing::warn!(target: TARGET, path, error = %error, "the file of a prompt cannot be read");
        ErrorData::internal_error("the text of the prompt cannot be read", None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_in_values_are_not_expanded() {
        let values = [("a", "{{b}}".to_owned()), ("b", "B".to_owned()), ("c", String::new())];
        for (text, filled) in [
            ("{{a}} and {{b}}{{c}}.", "{{b}} and B."),
            ("{{ b }} {{gone}}", "{{ b }} {{gone}}"),
            ("{{unknown}} {{b}} {{{b}}} {{", "{{unknown}} B {B} {{"),
            ("{{ {{b}}", "{{ B"),
            ("}}{{", "}}{{"),
        ] {
            assert_eq!(fill(text, &values, 100).as_deref(), Some(filled), "{text}");
        }
        let long = [("a", "x".repeat(60))];
        assert_eq!(fill("{{a}}{{a}}", &long, 100), None);
        assert!(fill("{{a}}{{a}}", &long, 120).is_some());
    }
}
