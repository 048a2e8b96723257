//! Checks documents against their schema.
//!
//! The time is at most in proportion to the length of the document and to that of the schema: of every value it is found out
//! once whether it is one of several.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Number, Value};

use super::kinds::Kinds;
use super::nearest::nearest;
use super::{Limits, Node, Others, Schema};
use crate::argument::check::{Violation, required};
use crate::argument::violations::Violations;
use crate::encoding::pointer_token;
use crate::rules;
use crate::text::{listed, shortened, visible};

/// How much of a schema a violation repeats, in bytes.
const RULE_LIMIT: usize = 800;
/// How much of a name a violation repeats, in characters.
const NAME_LIMIT: usize = 64;
/// How many values and references may be inside of each other. JSON text that is parsed has 127 levels.
const DEPTH: usize = 512;

/// The check of one document.
pub(super) struct Check<'a> {
    schema: &'a Schema,
    parameter: &'a str,
    /// Whether members may be left out that are required.
    lenient: bool,
    /// Where the current value is.
    path: Vec<Token<'a>>,
    depth: usize,
    violations: Violations,
    /// Whether it is only of interest that something is wrong, and not what.
    quiet: bool,
    failed: bool,
    /// Which values are of which form, by their addresses.
    known: HashMap<(usize, usize), bool>,
}

/// A step into a document.
#[derive(Clone, Copy)]
enum Token<'a> {
    Member(&'a str),
    Item(usize),
}

impl<'a> Check<'a> {
    /// All that is wrong with a document.
    pub(super) fn of(schema: &'a Schema, parameter: &'a str, document: &'a Value, lenient: bool) -> Violations {
        let mut check = Self { lenient, ..Self::new(schema, parameter) };
        check.value(&schema.root, document);
        check.violations
    }

    /// Whether a value satisfies a part of a schema.
    pub(super) fn of_node(schema: &'a Schema, node: &'a Node, value: &'a Value) -> bool {
        Self::new(schema, "").fits(node, value)
    }

    fn new(schema: &'a Schema, parameter: &'a str) -> Self {
        let (path, violations, known) = (Vec::new(), Violations::default(), HashMap::new());
        Self { schema, parameter, lenient: false, path, depth: 0, violations, quiet: false, failed: false, known }
    }

    fn value(&mut self, node: &'a Node, value: &'a Value) {
        if self.is_done() {
            return;
        }
        if self.depth >= DEPTH {
            return self.report(|| "is nested too deeply".to_owned());
        }
        self.depth += 1;
        self.own(node, value);
        self.depth -= 1;
    }

    fn own(&mut self, node: &'a Node, value: &'a Value) {
        if let Some(definition) = self.schema.referred(node) {
            self.value(definition, value);
        }
        if !node.kinds.have(value) {
            return self.report(|| format!("must be {}", node.kinds.words()));
        }
        if let Some(allowed) = &node.allowed
            && !allowed.iter().any(|one| equal(one, value))
        {
            return self.report(|| one_of(allowed));
        }
        if !node.any_of.is_empty() {
            self.one_of_several(&node.any_of, value);
        }
        match value {
            Value::String(text) => self.text(node, text),
            Value::Number(number) => self.number(node, number),
            Value::Array(items) => self.items(node, items),
            Value::Object(members) => self.members(node, members),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn text(&mut self, node: &'a Node, text: &str) {
        if node.length.is_set() {
            // The length comes first: it costs nothing, and limits what patterns cost.
            let length = text.chars().count() as u64;
            if let Some(problem) = node.length.broken(length, "characters") {
                return self.report(|| problem);
            }
        }
        if let Some(pattern) = node.pattern.as_deref().filter(|pattern| !rules::matches(pattern, text)) {
            self.report(|| format!("must match `{}`", shortened(pattern, RULE_LIMIT)));
        }
    }

    fn number(&mut self, node: &'a Node, number: &Number) {
        type Wrong = fn(f64, f64) -> bool;
        let limits: [(_, Wrong, _); 4] = [
            (&node.minimum, |number, limit| number < limit, "at least"),
            (&node.maximum, |number, limit| number > limit, "at most"),
            (&node.above, |number, limit| number <= limit, "more than"),
            (&node.below, |number, limit| number >= limit, "less than"),
        ];
        for (limit, is_wrong, words) in limits {
            let Some(limit) = limit else { continue };
            if number.as_f64().zip(limit.as_f64()).is_some_and(|(number, limit)| is_wrong(number, limit)) {
                self.report(|| format!("must be {words} {limit}"));
            }
        }
    }

    fn items(&mut self, node: &'a Node, items: &'a [Value]) {
        if let Some(problem) = node.count.broken(items.len() as u64, "items") {
            self.report(|| problem);
        }
        if node.unique {
            let mut seen = HashSet::new();
            if !items.iter().all(|item| seen.insert(item.to_string())) {
                self.report(|| "must not have the same item twice".to_owned());
            }
        }
        let Some(schema) = &node.items else { return };
        for (index, item) in items.iter().enumerate() {
            self.inside(Token::Item(index), |check| check.value(schema, item));
        }
    }

    fn members(&mut self, node: &'a Node, members: &'a Map<String, Value>) {
        if let Some(problem) = node.size.broken(members.len() as u64, "members") {
            self.report(|| problem);
        }
        let required = if self.lenient { &[][..] } else { &node.required };
        for name in required.iter().filter(|name| !members.contains_key(*name)) {
            let schema = self.schema;
            self.inside(Token::Member(name), |check| check.report(|| missing(node, schema, name)));
        }
        for group in &node.alternatives {
            let mut given = group.iter().filter(|name| members.get(*name).is_some_and(|value| !value.is_null()));
            let (Some(first), Some(second)) = (given.next(), given.next()) else { continue };
            let problem = || format!("excludes `{first}`: send at most one of {}", listed(group, RULE_LIMIT));
            self.inside(Token::Member(second), |check| check.report(problem));
        }
        for (name, value) in members {
            self.inside(Token::Member(name), |check| match (node.members.get(name), &node.others) {
                (Some(schema), _) => check.value(schema, value),
                (None, Others::Like(schema)) => check.value(schema, value),
                (None, Others::Anything) => {}
                (None, Others::Nothing) => check.report(|| no_member(node, name, members)),
            });
        }
    }

    /// Checks a value that has to be of one of several forms. If it is of none, but only one form can be meant, the violations
    /// say what that form lacks.
    fn one_of_several(&mut self, forms: &'a [Node], value: &'a Value) {
        if forms.iter().any(|form| self.fits(form, value)) {
            return;
        }
        if self.quiet {
            self.failed = true;
            return;
        }
        let same_kind: Vec<_> = forms.iter().filter(|form| self.own_kinds(form).have(value)).collect();
        let meant: Vec<_> = same_kind.iter().filter(|form| self.is_named_by(form, value)).copied().collect();
        match (same_kind.as_slice(), meant.as_slice()) {
            ([], _) => {
                let kinds = forms.iter().fold(Kinds::default(), |kinds, form| kinds.or(self.own_kinds(form)));
                self.report(|| format!("must be {}", kinds.words()));
            }
            ([form], _) | (_, [form]) => self.value(form, value),
            (forms, _) => {
                let allowed = forms.iter().map(|form| self.target(form).allowed.clone()).collect::<Option<Vec<_>>>();
                self.report(|| match allowed {
                    Some(allowed) => one_of(&allowed.concat()),
                    None => format!("must be of one of {} forms, and is of none", forms.len()),
                });
            }
        }
    }

    /// Whether a value satisfies a schema, without a word about what is wrong.
    fn fits(&mut self, node: &'a Node, value: &'a Value) -> bool {
        let key = (std::ptr::from_ref(node).addr(), std::ptr::from_ref(value).addr());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        // A form that is made of itself fits nothing.
        self.known.insert(key, false);
        let before = (std::mem::replace(&mut self.quiet, true), std::mem::replace(&mut self.failed, false));
        self.value(node, value);
        let fits = !self.failed;
        (self.quiet, self.failed) = before;
        self.known.insert(key, fits);
        fits
    }

    /// The node itself, or the definition that it is only a name of.
    fn target(&self, node: &'a Node) -> &'a Node {
        self.schema.referred(node).unwrap_or(node)
    }

    fn own_kinds(&self, node: &'a Node) -> Kinds {
        if node.kinds.is_any() { self.target(node).kinds } else { node.kinds }
    }

    /// Whether a member that has one allowed value in a form has it, such as `type: certificate`.
    fn is_named_by(&self, node: &'a Node, value: &Value) -> bool {
        let mut names = self.target(node).members.iter().filter_map(|(name, member)| {
            let [only] = member.allowed.as_deref()? else { return None };
            Some(value.get(name).is_some_and(|value| equal(only, value)))
        });
        names.next().is_some_and(|first| first && names.all(|named| named))
    }

    fn inside(&mut self, token: Token<'a>, check: impl FnOnce(&mut Self)) {
        if self.is_done() {
            return;
        }
        self.path.push(token);
        check(self);
        self.path.pop();
    }

    fn is_done(&self) -> bool {
        self.quiet && self.failed
    }

    fn report(&mut self, problem: impl FnOnce() -> String) {
        self.failed = true;
        if self.quiet {
            return;
        }
        if self.violations.room() == 0 {
            return self.violations.omit(1);
        }
        let violation = Violation::new(self.parameter, problem()).at(self.pointer());
        self.violations.push(violation);
    }

    /// Where the current value is, as a JSON pointer (RFC 6901). Long names are cut.
    fn pointer(&self) -> String {
        let token = |token: &Token<'_>| match token {
            Token::Member(name) => format!("/{}", visible(&shortened(&pointer_token(name), NAME_LIMIT))),
            Token::Item(index) => format!("/{index}"),
        };
        let pointer: String = self.path.iter().map(token).collect();
        shortened(&pointer, RULE_LIMIT).into_owned()
    }
}

impl Limits {
    fn is_set(self) -> bool {
        self.minimum.is_some() || self.maximum.is_some()
    }

    fn broken(self, number: u64, of: &str) -> Option<String> {
        let too_few = self.minimum.filter(|minimum| number < *minimum);
        let too_few = too_few.map(|minimum| format!("must have at least {minimum} {of}"));
        let too_many = self.maximum.filter(|maximum| number > *maximum);
        too_few.or_else(|| too_many.map(|maximum| format!("must have at most {maximum} {of}")))
    }
}

/// What is wrong if a member is left out.
fn missing(node: &Node, schema: &Schema, name: &str) -> String {
    let configured = schema.configured.iter().find(|member| member.name == name);
    let is_root = std::ptr::eq(node, &schema.root);
    required(configured.filter(|_| is_root).and_then(|member| member.configured.as_deref()))
}

/// Whether two values are equal: 10.0 equals 10.
fn equal(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| one == other)
}

fn one_of(allowed: &[Value]) -> String {
    let names = allowed.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned));
    format!("must be one of {}", listed(names, RULE_LIMIT))
}

/// What is wrong with a name that no member has.
fn no_member(node: &Node, name: &str, given: &Map<String, Value>) -> String {
    let missing = node.members.keys().map(String::as_str).filter(|known| !given.contains_key(*known));
    match nearest(name, missing) {
        Some(nearest) => format!("is not a member; did you mean `{nearest}`?"),
        None if node.members.is_empty() => "is not a member; there are none".to_owned(),
        None => format!("is not a member; expected one of {}", listed(node.members.keys(), RULE_LIMIT)),
    }
}
