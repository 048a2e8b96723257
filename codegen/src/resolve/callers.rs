//! What callers of an adapter have to send: credentials over variables of their own, which a client alone does not need.

use super::credential;
use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use crate::linked::{Authentication, Callers};
use crate::read::document::{self, Adapter};

/// The kinds of credentials that a server checks.
const KINDS: [&str; 5] = ["apikey", "api-key", "header", "bearer", "basic"];

/// What callers of adapters of one type have to send. These are served together, so they cannot want different things.
pub(super) fn link<'a>(
    adapters: impl Iterator<Item = &'a Adapter>,
    variables: &Variables<'_>,
    sink: &mut Sink,
) -> Callers {
    let mut linked: Option<(Place, Callers)> = None;
    for adapter in adapters {
        let place = adapter.authentication.as_ref().map_or(adapter.place, |source| source.place);
        let source = adapter.authentication.as_ref();
        let own = source.map(|source| callers(source, variables, sink)).unwrap_or_default();
        match &linked {
            Some((first, known)) if *known != own => {
                let message = "callers of this adapter have to send something else than those of an earlier one";
                let help = format!(
                    "the other one is on {}; adapters of one type are served together",
                    sink.line(*first, place)
                );
                sink.report(Code::InboundAuthentication, place, message, help);
            }
            Some(_) => {}
            None => linked = Some((place, own)),
        }
    }
    linked.map(|(_, callers)| callers).unwrap_or_default()
}

fn callers(source: &document::Authentication, variables: &Variables<'_>, sink: &mut Sink) -> Callers {
    let kind = source.kind.value.to_ascii_lowercase();
    if !KINDS.contains(&kind.as_str()) {
        let message =
            format!("authentication of callers by `{kind}` is not supported, and without it the server would be open");
        sink.report(Code::InboundAuthentication, source.kind.place, message, "`bearer`, `basic` and `apikey` are");
        return Callers::default();
    }
    let mut variables = variables.apart();
    let linked = credential::link(source, &mut variables, sink);
    let in_header = |credential: &Authentication| match credential {
        Authentication::Header { .. } | Authentication::Bearer { .. } | Authentication::Basic { .. } => true,
        Authentication::Query { .. } | Authentication::Cookie { .. } => false,
    };
    if !linked.members.is_empty() || !linked.credentials.iter().all(in_header) {
        let place = source.placement.as_ref().map_or(source.place, |placement| placement.place);
        let message = "callers can send a credential in a header only";
        let help =
            "queries and bodies end up in logs, and browsers send cookies by themselves: use `placement: header`";
        sink.report(Code::InboundAuthentication, place, message, help);
    }
    Callers { credentials: linked.credentials, variables: variables.names() }
}
