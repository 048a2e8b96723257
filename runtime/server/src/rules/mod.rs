//! Which rule of the policy file is for a caller.

mod file;

use std::path::Path;
use std::sync::Arc;

use naftiko_adapter::Principal;
use naftiko_mcp::__private::Patterns;
use naftiko_mcp::{Grant, Names};
use serde_json::{Map, Value};

use super::failure::Failure;

/// The kinds of credentials that callers may have. On standard input, the client is the program that started the server.
pub(super) const CREDENTIALS: [&str; 7] = ["access-token", "bearer", "basic", "digest", "api-key", "none", "stdio"];

/// What is known of a caller. It has no `Debug`, because it contains claims of an access token.
pub(super) struct Identity {
    pub(super) principal: Principal,
    /// One of [`CREDENTIALS`].
    pub(super) credential: &'static str,
    /// The name of the user: in Basic authentication, in a digest, or on the command line.
    pub(super) user: Option<String>,
    /// The claims of the access token.
    pub(super) claims: Map<String, Value>,
}

/// The rules of a policy file, in order. Clones share them, and the counts of calls.
#[derive(Clone, Default)]
pub(super) struct Rules(Arc<[Rule]>);

struct Rule {
    /// Who it is for; `None` for all.
    callers: Option<Who>,
    grant: Grant,
}

/// Who a rule is for: callers that fit each list that is there.
#[derive(Default)]
struct Who {
    subjects: Option<Patterns>,
    clients: Option<Patterns>,
    scopes: Vec<String>,
    /// By the name of a claim, the values of which it has one.
    claims: Vec<(String, Vec<String>)>,
    credentials: Vec<String>,
    /// The adapters at which they call.
    adapters: Option<Patterns>,
}

impl Identity {
    /// A caller with a credential that is the same for all of its kind.
    pub(super) fn of(credential: &'static str, user: Option<String>) -> Self {
        let principal = match credential {
            "none" => Principal::by("anonymous"),
            kind => Principal::by(kind),
        };
        Self { principal, credential, user, claims: Map::new() }
    }

    /// The client on standard input, with the name that the command line has.
    pub(super) fn on_stdio(name: Option<&str>) -> Self {
        Self::of("stdio", name.map(str::to_owned))
    }

    /// The values of a claim, which may be inside of another one: `realm_access.roles`.
    fn claim(&self, name: &str) -> Vec<&str> {
        let inside = || {
            let mut names = name.split('.');
            let first = self.claims.get(names.next()?)?;
            names.try_fold(first, |value, name| value.get(name))
        };
        match self.claims.get(name).or_else(inside) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

impl Rules {
    /// The rules of a file, about capabilities and adapters with these names.
    ///
    /// # Errors
    /// If it cannot be read, is not understood, or names what is not there.
    pub(super) fn read(path: &Path, names: &Names, adapters: &[&str]) -> Result<Self, Failure> {
        file::read(path, names, adapters).map(|rules| Self(rules.into())).map_err(Failure::Refused)
    }

    /// What the callers of each rule may do.
    pub(super) fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter().map(|rule| &rule.grant)
    }

    /// The number of the first rule that is for a caller at the adapter with this name, and what it allows; `None` without a
    /// policy file.
    pub(super) fn of(&self, caller: &Identity, adapter: &str) -> Option<(usize, &Grant)> {
        let is_for = |rule: &Rule| rule.callers.as_ref().is_none_or(|callers| callers.have(caller, adapter));
        let found = self.0.iter().enumerate().find(|(_, rule)| is_for(rule));
        found.map(|(number, rule)| (number, &rule.grant))
    }
}

impl Who {
    fn have(&self, caller: &Identity, adapter: &str) -> bool {
        let fits = |patterns: &Option<Patterns>, names: &[&str]| {
            patterns.as_ref().is_none_or(|patterns| names.iter().any(|name| patterns.match_any(name)))
        };
        let any = |wanted: &[String], values: &[&str]| values.iter().any(|value| wanted.iter().any(|one| one == value));
        let subjects: Vec<_> = caller.user.as_deref().into_iter().chain(caller.claim("sub")).collect();
        let clients = [caller.claim("client_id"), caller.claim("azp")].concat();
        // Words of a text (RFC 9068 §2.2.3), or a list as some servers write it.
        let scopes: Vec<_> =
            ["scope", "scp"].into_iter().flat_map(|name| caller.claim(name)).flat_map(|text| text.split(' ')).collect();
        fits(&self.subjects, &subjects)
            && fits(&self.adapters, &[adapter])
            && fits(&self.clients, &clients)
            && (self.scopes.is_empty() || any(&self.scopes, &scopes))
            && self.claims.iter().all(|(name, wanted)| any(wanted, &caller.claim(name)))
            && (self.credentials.is_empty() || any(&self.credentials, &[caller.credential]))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn caller(claims: Value) -> Identity {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        Identity { claims, ..Identity::of("access-token", None) }
    }

    #[test]
    fn callers_fit_each_list_of_a_rule() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let groups = |claim: &str| vec![(claim.to_owned(), texts(&["ops", "dev"]))];
        let patterns = |pattern: &str| Some(Patterns::new([pattern]));
        let all = Who::default();
        let by_subject = Who { subjects: patterns("*@a.test"), ..Who::default() };
        let by_client = Who { clients: patterns("ci"), ..Who::default() };
        let by_scope = Who { scopes: texts(&["x:read"]), ..Who::default() };
        let by_group = Who { claims: groups("groups"), ..Who::default() };
        let by_role = Who { claims: groups("realm.roles"), ..Who::default() };
        let both = Who { scopes: texts(&["x:read"]), claims: groups("groups"), ..Who::default() };
        let stdio = Who { credentials: texts(&["stdio"]), ..Who::default() };
        for (callers, claims, fits) in [
            (&all, json!({}), true),
            (&by_subject, json!({"sub": "ada@a.test"}), true),
            (&by_subject, json!({"sub": "ada@a.test.evil"}), false),
            (&by_subject, json!({"client_id": "ada@a.test"}), false),
            (&by_subject, json!({"sub": {"sub": "ada@a.test"}}), false),
            (&by_subject, json!({}), false),
            (&by_client, json!({"azp": "ci"}), true),
            (&by_client, json!({"sub": "ci"}), false),
            (&by_scope, json!({"scope": "y x:read"}), true),
            (&by_scope, json!({"scp": ["x:read"]}), true),
            (&by_scope, json!({"scope": "x:reader"}), false),
            (&by_group, json!({"groups": ["a", "dev"]}), true),
            (&by_group, json!({"groups": "ops"}), true),
            (&by_group, json!({"groups": "ops dev"}), false),
            (&by_group, json!({"groups": [["ops"]]}), false),
            (&by_group, json!({"groups": {"ops": true}}), false),
            (&by_role, json!({"realm": {"roles": ["ops"]}}), true),
            (&by_role, json!({"realm.roles": ["ops"]}), true),
            (&by_role, json!({"realm": ["ops"]}), false),
            (&both, json!({"groups": ["ops"], "scope": "x:read"}), true),
            (&both, json!({"groups": ["ops"]}), false),
            (&stdio, json!({}), false),
        ] {
            assert_eq!(callers.have(&caller(claims.clone()), "crew"), fits, "{claims}");
        }
        assert!(stdio.have(&Identity::on_stdio(None), "crew"));
        assert!(by_subject.have(&Identity::on_stdio(Some("ada@a.test")), "crew"));
        let at_desk = Who { adapters: patterns("desk"), ..Who::default() };
        assert!(at_desk.have(&caller(json!({})), "desk") && !at_desk.have(&caller(json!({})), "crew"));
    }
}
