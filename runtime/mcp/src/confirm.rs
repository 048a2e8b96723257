//! Confirmation of destructive calls by the user (MCP 2026-07-28, "Multi Round-Trip Requests"; before it,
//! "Elicitation").

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use naftiko_adapter::numbers;
use naftiko_client::__private::{Connection, shortened};
use naftiko_schema::{Operation, Tool};
use rmcp::model::{
    BooleanSchema, CallToolRequestParams, ClientCapabilities, ClientResult, ElicitRequest, ElicitRequestParams,
    ElicitationAction, ElicitationSchema, InputRequest, InputRequiredResult, InputResponses, JsonObject,
    PrimitiveSchemaDefinition, RequestStateCodec, SealOptions, ServerRequest,
};
use rmcp::service::{PeerRequestOptions, RequestContext};
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use super::Policy;
use super::choices::Confirmation;
use super::failure::cancelled;
use super::question::lines;
use super::revision::is_stateless;

/// The name of the input request.
const QUESTION: &str = "confirm";
/// The member of the user's answer that confirms the call.
const CONFIRMED: &str = "ok";
/// How long the user's answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);
/// How much of the path the question shows, in characters. The arguments in it have lines of their own.
const REQUEST_LIMIT: usize = 300;
/// How many confirmations are remembered until they expire, so that none is used twice.
const USED_LIMIT: usize = 50_000;
/// How many of these one principal may have.
const SHARE: usize = 5000;

/// How to continue with a call.
pub(super) enum Verdict {
    /// The user has confirmed it.
    Confirmed,
    /// No one has to confirm it.
    Proceed,
    /// The client has to ask the user first.
    Ask(InputRequiredResult),
    /// Why the call is refused.
    Refused(&'static str),
}

/// A destructive call.
pub(super) struct Destructive<'a> {
    pub(super) tool: &'a Tool,
    pub(super) connection: &'a Connection,
    pub(super) params: &'a CallToolRequestParams,
    /// The principal of the caller.
    pub(super) principal: Option<&'a str>,
}

/// Whether no user can be asked who would have to confirm a destructive call.
pub(super) fn is_impossible(policy: &Policy, context: &RequestContext<RoleServer>) -> bool {
    policy.confirmation == Confirmation::Require && !can_ask(context)
}

impl Destructive<'_> {
    /// Decides about a call whose request has this method and path.
    pub(super) async fn verdict(
        &self,
        policy: &Policy,
        context: &RequestContext<RoleServer>,
        request: &str,
    ) -> Result<Verdict, ErrorData> {
        if policy.confirmation == Confirmation::Off {
            return Ok(Verdict::Proceed);
        }
        let can_ask = can_ask(context);
        match &policy.seal {
            Some(seal) if can_ask && is_stateless(context) => self.ask(seal, request),
            _ if can_ask && !is_stateless(context) => self.elicit(context, request).await,
            _ if policy.confirmation == Confirmation::Ask => Ok(Verdict::Proceed),
            _ => Ok(Verdict::Refused("the user must confirm it, and this client cannot ask")),
        }
    }

    /// Whether the user has confirmed the call, so that it was counted when the question was asked. The verdict takes each
    /// confirmation only once.
    pub(super) fn is_confirmed(&self, policy: &Policy, context: &RequestContext<RoleServer>) -> bool {
        let asks = policy.confirmation != Confirmation::Off && can_ask(context) && is_stateless(context);
        let (Some(seal), Some(state), true) = (&policy.seal, &self.params.request_state, asks) else { return false };
        self.params.input_responses.as_ref().and_then(answer) == Some(true)
            && seal.open_with(state, &self.subject()).is_ok_and(|number| !USED.has(&number))
    }

    /// Evaluates the user's answer in the request, or else asks the question.
    fn ask(&self, seal: &RequestStateCodec, request: &str) -> Result<Verdict, ErrorData> {
        let subject = self.subject();
        if let Some(state) = &self.params.request_state {
            // The call is associated data of the seal, so the state of another call is invalid.
            let invalid = || {
                let message = "the request state is invalid, has expired or was used; call again without it";
                ErrorData::invalid_params(message, None)
            };
            let number = seal.open_with(state, &subject).map_err(|_| invalid())?;
            match self.params.input_responses.as_ref().and_then(answer) {
                Some(true) if !USED.add(number, self.principal.unwrap_or_default(), Instant::now()) => {
                    return Err(invalid());
                }
                Some(true) => return Ok(Verdict::Confirmed),
                Some(false) => return Ok(Verdict::Refused(DECLINED)),
                None => {}
            }
        }
        let state = sealed(seal, &subject, ANSWER_TIMEOUT);
        let question = InputRequest::Elicitation(ElicitRequest::new(self.question(request)));
        let questions = [(QUESTION.to_owned(), question)].into();
        Ok(Verdict::Ask(InputRequiredResult::new(Some(questions), Some(state))))
    }

    /// Asks while the call waits, as in older revisions of the protocol. A question that no longer has to be answered is taken
    /// back.
    async fn elicit(&self, context: &RequestContext<RoleServer>, request: &str) -> Result<Verdict, ErrorData> {
        const UNANSWERED: Verdict = Verdict::Refused("the client did not answer the confirmation request");
        let question = ServerRequest::ElicitRequest(ElicitRequest::new(self.question(request)));
        let options = PeerRequestOptions::no_options();
        let Ok(mut asked) = context.peer.send_cancellable_request(question, options).await else {
            return Ok(UNANSWERED);
        };
        let (verdict, why) = tokio::select! {
            answer = timeout(ANSWER_TIMEOUT, &mut asked.rx) => match answer {
                Ok(Ok(Ok(ClientResult::ElicitResult(answer)))) => {
                    let accepted = answer.action == ElicitationAction::Accept && is_confirmed(answer.content.as_ref());
                    return Ok(if accepted { Verdict::Confirmed } else { Verdict::Refused(DECLINED) });
                }
                Ok(_) => return Ok(UNANSWERED),
                Err(_) => (Ok(UNANSWERED), "there was no answer in time"),
            },
            () = context.ct.cancelled() => (Err(cancelled()), "the call was cancelled"),
        };
        // A client that left need not know.
        let _ = asked.cancel(Some(why.to_owned())).await;
        verdict
    }

    fn question(&self, request: &str) -> ElicitRequestParams {
        let none = JsonObject::new();
        let arguments = self.params.arguments.as_ref().unwrap_or(&none);
        let Tool { title, name, binding, .. } = self.tool;
        let request = shortened(request, REQUEST_LIMIT);
        let message = format!("{title} ({name}) may destroy data: {request}{}", lines(binding.inputs(), arguments));
        let yes = PrimitiveSchemaDefinition::Boolean(BooleanSchema::new().title("Yes, do it"));
        let mut requested_schema = ElicitationSchema::new([(CONFIRMED.to_owned(), yes)].into());
        requested_schema.required = Some(vec![CONFIRMED.to_owned()]);
        ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema }
    }

    /// What the confirmation covers: this tool with these arguments, for this principal, at this upstream.
    fn subject(&self) -> Vec<u8> {
        let mut arguments = Value::from(self.params.arguments.clone().unwrap_or_default());
        arguments.sort_all_objects();
        let capability = &self.connection.capability().name;
        let operations = self.tool.binding.target.operations();
        let base_uri = |operation: &&Operation| self.connection.base_uri(operation).map(Url::as_str);
        let base_uris: Vec<_> = operations.iter().map(base_uri).collect();
        numbers::write(&json!([capability, base_uris, self.tool.name, arguments, self.principal])).into_bytes()
    }
}

/// A sealed state that is valid for this subject and this time, once.
fn sealed(seal: &RequestStateCodec, what: &[u8], time: Duration) -> String {
    let mut number = [0; 16];
    // Without random numbers there is no key for the seal either.
    getrandom::fill(&mut number).unwrap_or_default();
    seal.seal_with(&number, &SealOptions::new().associated_data(what).ttl(time))
}

/// The confirmations that were used in this process.
static USED: LazyLock<Used> = LazyLock::new(Used::default);

/// The numbers of used states, until they expire.
#[derive(Default)]
struct Used(Mutex<States>);

#[derive(Default)]
struct States {
    numbers: HashSet<Vec<u8>>,
    /// The same by their age, with who used them.
    ages: VecDeque<(Instant, Vec<u8>, String)>,
    /// How many each principal used.
    counts: HashMap<String, usize>,
}

impl Used {
    fn has(&self, number: &[u8]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).numbers.contains(number)
    }

    /// Adds the number of a state. Returns false if it was used before, or if so many were used, by this principal or by all, that
    /// one would be forgotten.
    fn add(&self, number: Vec<u8>, principal: &str, now: Instant) -> bool {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let States { numbers, ages, counts } = &mut *states;
        while ages.front().is_some_and(|(at, ..)| now.saturating_duration_since(*at) > ANSWER_TIMEOUT)
            && let Some((_, number, principal)) = ages.pop_front()
        {
            numbers.remove(&number);
            if let Entry::Occupied(mut count) = counts.entry(principal) {
                *count.get_mut() -= 1;
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
        if numbers.len() >= USED_LIMIT || counts.get(principal).is_some_and(|count| *count >= SHARE) {
            return false;
        }
        let is_new = numbers.insert(number.clone());
        if is_new {
            *counts.entry(principal.to_owned()).or_default() += 1;
            ages.push_back((now, number, principal.to_owned()));
        }
        is_new
    }
}

const DECLINED: &str = "the user did not confirm it";

/// Whether the user confirmed the call; `None` if the answer is not understood.
fn answer(responses: &InputResponses) -> Option<bool> {
    let answer = responses.get(QUESTION)?;
    match answer.get("action")?.as_str()? {
        "accept" => answer.get("content").map(|content| is_confirmed(Some(content))),
        "decline" | "cancel" => Some(false),
        _ => None,
    }
}

fn is_confirmed(content: Option<&Value>) -> bool {
    content.and_then(|content| content.get(CONFIRMED)) == Some(&Value::Bool(true))
}

fn can_ask(context: &RequestContext<RoleServer>) -> bool {
    context.client_capabilities().is_some_and(|capabilities| supports_forms(&capabilities))
}

/// Whether a client can show forms to its user. A client that declares no mode can.
fn supports_forms(capabilities: &ClientCapabilities) -> bool {
    capabilities.elicitation.as_ref().is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_valid_for_five_minutes() {
        assert_eq!(ANSWER_TIMEOUT, Duration::from_secs(5 * 60));
        let seal = RequestStateCodec::try_new([7; 32]).expect("it is long enough");
        let other = RequestStateCodec::try_new([8; 32]).expect("it is long enough");
        let state = sealed(&seal, b"this", ANSWER_TIMEOUT);
        assert!(seal.open_with(&state, b"this").is_ok());
        assert!(seal.open_with(&state, b"that").is_err());
        assert!(other.open_with(&state, b"this").is_err());
        let over = sealed(&seal, b"this", Duration::ZERO);
        std::thread::sleep(Duration::from_millis(1100));
        assert!(seal.open_with(&over, b"this").is_err());
    }

    #[test]
    fn used_states_are_remembered_until_they_expire_and_in_bounded_memory() {
        let (used, start) = (Used::default(), Instant::now());
        assert!(used.add(vec![1], "ada", start) && !used.add(vec![1], "bob", start + ANSWER_TIMEOUT));
        assert!(used.has(&[1]) && !used.has(&[2]));
        let number = |number: usize| number.to_be_bytes().to_vec();
        assert!((1..SHARE).all(|count| used.add(number(count), "ada", start)));
        assert!(!used.add(number(SHARE), "ada", start), "none is forgotten before its time");
        assert!(used.add(number(SHARE), "bob", start), "one principal does not block others");
        let mut others =
            (SHARE + 1..USED_LIMIT).map(|count| used.add(number(count), &(count / 100).to_string(), start));
        assert!(others.all(|added| added) && !used.add(number(USED_LIMIT), "eve", start));
        assert!(used.add(vec![1], "ada", start + ANSWER_TIMEOUT + Duration::from_secs(1)));
        let States { numbers, ages, counts } = &*used.0.lock().expect("no panic");
        assert_eq!((numbers.len(), ages.len(), counts.len()), (1, 1, 1));
    }

    #[test]
    fn only_true_confirms() {
        for (answer, confirmed) in [
            (json!({"action": "accept", "content": {"ok": true}}), Some(true)),
            (json!({"action": "accept", "content": {"ok": "true"}}), Some(false)),
            (json!({"action": "accept", "content": {}}), Some(false)),
            (json!({"action": "accept"}), None),
            (json!({"action": "decline", "content": {"ok": true}}), Some(false)),
            (json!({"action": "cancel"}), Some(false)),
            (json!({"action": 1}), None),
            (json!(true), None),
        ] {
            assert_eq!(super::answer(&[(QUESTION.to_owned(), answer.clone())].into()), confirmed, "{answer}");
        }
        assert_eq!(super::answer(&[("other".to_owned(), json!({"action": "accept"}))].into()), None);
    }
}
