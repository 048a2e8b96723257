//! Destructive calls that somebody has to agree to first (MCP 2026-07-28, "Multi Round-Trip Requests"; before it,
//! "Elicitation").

use std::time::Duration;

use rmcp::model::{
    BooleanSchema, CallToolRequestParams, ClientCapabilities, ElicitRequest, ElicitRequestParams, ElicitationAction,
    ElicitationSchema, InputRequest, InputRequiredResult, InputResponses, PrimitiveSchemaDefinition, RequestStateCodec,
    SealOptions,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use super::handler::is_stateless;
use super::policy::Confirmation;
use super::{Policy, Tool};

/// The name of the question among those of a result.
const QUESTION: &str = "confirm";
/// The answer's member that says yes.
const YES: &str = "ok";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// How much of the arguments is shown, in characters.
const SHOWN: usize = 500;

/// What is to become of a call.
pub(super) enum Verdict {
    Go,
    /// The client has to ask first.
    Ask(InputRequiredResult),
    Refused(&'static str),
}

/// A call that may destroy something.
pub(super) struct Destructive<'a> {
    pub(super) tool: &'a Tool,
    /// The method and the path of the request.
    pub(super) request: String,
    pub(super) params: &'a CallToolRequestParams,
    /// Who calls.
    pub(super) principal: Option<&'a str>,
}

impl Destructive<'_> {
    pub(super) async fn verdict(
        &self,
        policy: &Policy,
        context: &RequestContext<RoleServer>,
    ) -> Result<Verdict, ErrorData> {
        if policy.confirmation == Confirmation::Off {
            return Ok(Verdict::Go);
        }
        let asks = context.client_capabilities().is_some_and(|capabilities| shows_forms(&capabilities));
        let modern = is_stateless(context);
        match &policy.seal {
            Some(seal) if asks && modern => self.ask(seal),
            _ if asks && !modern => Ok(self.elicit(context).await),
            _ if policy.confirmation == Confirmation::Ask => Ok(Verdict::Go),
            _ => Ok(Verdict::Refused("somebody has to agree to it, and this client cannot ask")),
        }
    }

    /// The answer that came with the request, or else the question.
    fn ask(&self, seal: &RequestStateCodec) -> Result<Verdict, ErrorData> {
        let what = self.what();
        if let Some(state) = &self.params.request_state {
            // What it was sealed for is part of the seal, so a state of another call does not open.
            seal.open_with(state, &what).map_err(|_| {
                let message = "the request state is not valid for this call, or not any more; call without one";
                ErrorData::invalid_params(message, None)
            })?;
            match self.params.input_responses.as_ref().and_then(answer) {
                Some(true) => return Ok(Verdict::Go),
                Some(false) => return Ok(Verdict::Refused(DECLINED)),
                None => {}
            }
        }
        let state = sealed(seal, &what, PATIENCE);
        let question = InputRequest::Elicitation(ElicitRequest::new(self.question()));
        let questions = [(QUESTION.to_owned(), question)].into();
        Ok(Verdict::Ask(InputRequiredResult::new(Some(questions), Some(state))))
    }

    /// Asks while the call waits, as older revisions do it.
    async fn elicit(&self, context: &RequestContext<RoleServer>) -> Verdict {
        match tokio::time::timeout(PATIENCE, context.peer.create_elicitation(self.question())).await {
            Ok(Ok(answer)) if answer.action == ElicitationAction::Accept && says_yes(answer.content.as_ref()) => {
                Verdict::Go
            }
            Ok(Ok(_)) => Verdict::Refused(DECLINED),
            Ok(Err(_)) | Err(_) => Verdict::Refused("the client was asked whether somebody agrees, and did not answer"),
        }
    }

    fn question(&self) -> ElicitRequestParams {
        let arguments = Value::from(self.params.arguments.clone().unwrap_or_default()).to_string();
        let shown: String = arguments.chars().take(SHOWN).collect();
        let more = if shown.len() < arguments.len() { "…" } else { "" };
        let Tool { title, name, .. } = self.tool;
        let message = format!("{title} ({name}) may destroy something: {} with {shown}{more}", self.request);
        let yes = PrimitiveSchemaDefinition::Boolean(BooleanSchema::new().title("Yes, do it"));
        let mut requested_schema = ElicitationSchema::new([(YES.to_owned(), yes)].into());
        requested_schema.required = Some(vec![YES.to_owned()]);
        ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema }
    }

    /// What is agreed to: this tool with these arguments, by whoever calls.
    fn what(&self) -> Vec<u8> {
        let mut arguments = Value::from(self.params.arguments.clone().unwrap_or_default());
        arguments.sort_all_objects();
        json!([self.tool.name, arguments, self.principal]).to_string().into_bytes()
    }
}

/// A state that is good for this call, for so long.
fn sealed(seal: &RequestStateCodec, what: &[u8], time: Duration) -> String {
    seal.seal_with(&[], &SealOptions::new().associated_data(what).ttl(time))
}

const DECLINED: &str = "nobody agreed to it";

/// What was answered, if that can be told.
fn answer(responses: &InputResponses) -> Option<bool> {
    let answer = responses.get(QUESTION)?;
    match answer.get("action")?.as_str()? {
        "accept" => answer.get("content").map(|content| says_yes(Some(content))),
        "decline" | "cancel" => Some(false),
        _ => None,
    }
}

fn says_yes(content: Option<&Value>) -> bool {
    content.and_then(|content| content.get(YES)) == Some(&Value::Bool(true))
}

/// Whether a client shows forms to its user. One that does not say which way it asks does.
fn shows_forms(capabilities: &ClientCapabilities) -> bool {
    capabilities.elicitation.as_ref().is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_good_for_five_minutes() {
        assert_eq!(PATIENCE, Duration::from_secs(5 * 60));
        let seal = RequestStateCodec::try_new([7; 32]).expect("it is long enough");
        let other = RequestStateCodec::try_new([8; 32]).expect("it is long enough");
        let state = sealed(&seal, b"this", PATIENCE);
        assert!(seal.open_with(&state, b"this").is_ok());
        assert!(seal.open_with(&state, b"that").is_err());
        assert!(other.open_with(&state, b"this").is_err());
        let over = sealed(&seal, b"this", Duration::ZERO);
        std::thread::sleep(Duration::from_millis(1100));
        assert!(seal.open_with(&over, b"this").is_err());
    }

    #[test]
    fn only_yes_is_yes() {
        for (answer, says) in [
            (json!({"action": "accept", "content": {"ok": true}}), Some(true)),
            (json!({"action": "accept", "content": {"ok": "true"}}), Some(false)),
            (json!({"action": "accept", "content": {}}), Some(false)),
            (json!({"action": "accept"}), None),
            (json!({"action": "decline", "content": {"ok": true}}), Some(false)),
            (json!({"action": "cancel"}), Some(false)),
            (json!({"action": 1}), None),
            (json!(true), None),
        ] {
            assert_eq!(super::answer(&[(QUESTION.to_owned(), answer.clone())].into()), says, "{answer}");
        }
        assert_eq!(super::answer(&[("other".to_owned(), json!({"action": "accept"}))].into()), None);
    }
}
