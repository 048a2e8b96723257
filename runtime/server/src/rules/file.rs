//! Reads a policy file. What it does not understand ends the start: it would allow what its author wanted to forbid, or the
//! reverse, without a word.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

use clap::ValueEnum as _;
use naftiko_mcp::__private::Patterns;
use naftiko_mcp::{Confirmation, Grant, Names, Rate};
use serde::Deserialize;
use toml::Spanned;

use super::{CREDENTIALS, Rule, Who};
use crate::confirm::Confirm;

/// The name of the rule for callers that no other rule is for.
const DEFAULT: &str = "default";

type Text = Spanned<String>;
type Texts = Option<Spanned<Vec<Text>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    /// The claim with the groups of a caller.
    group_claim: Option<Text>,
    #[serde(default)]
    rules: Vec<Spanned<Section>>,
    default: Option<Spanned<Section>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Section {
    name: Option<Text>,
    r#for: Option<Spanned<For>>,
    #[serde(default)]
    deny: bool,
    #[serde(default)]
    read_only: bool,
    toolsets: Texts,
    resources: Texts,
    verbs: Texts,
    tools: Texts,
    exclude_tools: Texts,
    confirm: Option<Text>,
    rate: Option<Text>,
    #[serde(default)]
    tool_rates: BTreeMap<String, Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct For {
    subjects: Texts,
    clients: Texts,
    scopes: Texts,
    groups: Texts,
    #[serde(default)]
    claims: BTreeMap<String, Spanned<Vec<Text>>>,
    credentials: Texts,
    adapters: Texts,
}

/// What is wrong, and where.
struct Mistake(Range<usize>, String);

/// The rules of a file, the last of which is for all callers, about capabilities and adapters with these names.
///
/// # Errors
/// What is wrong, with the file and the line.
pub(super) fn read(path: &Path, names: &Names, adapters: &[&str]) -> Result<Vec<Rule>, String> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("the policy file {shown} cannot be read: {error}"))?;
    parse(&text, names, adapters).map_err(|Mistake(span, message)| {
        let before = text.get(..span.start).unwrap_or(&text);
        format!("{shown}:{}: {message}", before.matches('\n').count() + 1)
    })
}

fn parse(text: &str, names: &Names, adapters: &[&str]) -> Result<Vec<Rule>, Mistake> {
    let file: File = toml::from_str(text).map_err(|error| {
        let message = error.message().lines().next().unwrap_or("this is not TOML");
        Mistake(error.span().unwrap_or_default(), message.to_owned())
    })?;
    let group_claim = match &file.group_claim {
        None => "groups",
        Some(text) => claim(text.get_ref(), text.span())?,
    };
    let (mut rules, mut known) = (Vec::new(), BTreeSet::from([DEFAULT.to_owned()]));
    for section in &file.rules {
        let (span, section) = (section.span(), section.get_ref());
        let Some(name) = &section.name else {
            return Err(Mistake(span, "a rule needs a `name`, which callers that it refuses see".to_owned()));
        };
        if name.get_ref().trim().is_empty() || !known.insert(name.get_ref().clone()) {
            let message = format!("a rule needs a name of its own, and not `{}`", name.get_ref());
            return Err(Mistake(name.span(), message));
        }
        let Some(who) = &section.r#for else {
            let message =
                "a rule needs `for`, such as `for = {groups = [\"platform\"]}`; `[default]` is for all others";
            return Err(Mistake(span, message.to_owned()));
        };
        let callers = Some(callers(who, group_claim, adapters)?);
        rules.push(Rule { callers, grant: grant(name.get_ref(), span, section, names)? });
    }
    let default = match &file.default {
        // What is not said is not allowed.
        None => Grant::new(DEFAULT).deny(),
        Some(section) => {
            let (span, section) = (section.span(), section.get_ref());
            if section.name.is_some() || section.r#for.is_some() {
                return Err(Mistake(span, "`[default]` has no `name` and no `for`".to_owned()));
            }
            grant(DEFAULT, span, section, names)?
        }
    };
    rules.push(Rule { callers: None, grant: default });
    Ok(rules)
}

/// Scopes, which are words (RFC 6749 §3.3): no caller would have one with a blank.
fn scopes(list: &Texts) -> Result<Vec<String>, Mistake> {
    let is_none = |scope: &&Text| scope.get_ref().trim().contains(char::is_whitespace);
    if let Some(scope) = list.iter().flat_map(Spanned::get_ref).find(is_none) {
        let message =
            format!("`{}` is no scope: scopes have no blanks; write each as a text of its own", scope.get_ref());
        return Err(Mistake(scope.span(), message));
    }
    Ok(list.as_ref().map(texts).transpose()?.unwrap_or_default())
}

/// The texts of a list, without blanks around them. An empty list or text would mean everything or nothing.
fn texts(list: &Spanned<Vec<Text>>) -> Result<Vec<String>, Mistake> {
    if list.get_ref().is_empty() {
        let message = "the list is empty; leave it out for everything, or write `deny = true` for nothing";
        return Err(Mistake(list.span(), message.to_owned()));
    }
    let text = |text: &Text| match text.get_ref().trim() {
        "" => Err(Mistake(text.span(), "the text is empty".to_owned())),
        trimmed => Ok(trimmed.to_owned()),
    };
    list.get_ref().iter().map(text).collect()
}

/// The name of a claim, without blanks around it.
fn claim(name: &str, span: Range<usize>) -> Result<&str, Mistake> {
    match name.trim() {
        "" => Err(Mistake(span, "the name of a claim is empty".to_owned())),
        trimmed => Ok(trimmed),
    }
}

/// The text of a list that is this pattern.
fn text_of<'l>(list: &'l Texts, pattern: &str) -> Option<&'l Text> {
    list.as_ref()?.get_ref().iter().find(|text| text.get_ref().trim() == pattern)
}

fn callers(who: &Spanned<For>, group_claim: &str, known: &[&str]) -> Result<Who, Mistake> {
    let (span, who) = (who.span(), who.get_ref());
    let list = |list: &Texts| list.as_ref().map(texts).transpose();
    let patterns = |texts: &Texts| Ok(list(texts)?.map(Patterns::new));
    let mut claims = Vec::new();
    claims.extend(list(&who.groups)?.map(|groups| (group_claim.to_owned(), groups)));
    for (name, values) in &who.claims {
        claims.push((claim(name, values.span())?.to_owned(), texts(values)?));
    }
    let credentials = list(&who.credentials)?.unwrap_or_default();
    if let Some(unknown) = credentials.iter().find(|credential| !CREDENTIALS.contains(&credential.as_str())) {
        let span = who.credentials.as_ref().map_or(span, Spanned::span);
        let known = CREDENTIALS.map(|known| format!("`{known}`")).join(", ");
        return Err(Mistake(span, format!("there is no credential `{unknown}`, expected one of {known}")));
    }
    let adapters = patterns(&who.adapters)?;
    if let Some(Err(error)) = adapters.as_ref().map(|adapters| adapters.check("adapters", known)) {
        let pattern = text_of(&who.adapters, error.place().1);
        return Err(Mistake(pattern.map_or(span, Spanned::span), error.to_string()));
    }
    let callers = Who {
        subjects: patterns(&who.subjects)?,
        clients: patterns(&who.clients)?,
        scopes: scopes(&who.scopes)?,
        claims,
        credentials,
        adapters,
    };
    let is_for_all = callers.subjects.is_none()
        && callers.clients.is_none()
        && callers.scopes.is_empty()
        && callers.claims.is_empty()
        && callers.credentials.is_empty()
        && callers.adapters.is_none();
    if is_for_all {
        let message = "`for` is empty; `[default]` is for callers that no rule is for";
        return Err(Mistake(span, message.to_owned()));
    }
    Ok(callers)
}

/// When the user must confirm.
fn confirm(text: &Text) -> Result<Confirm, Mistake> {
    let unknown = || format!("confirm: there is no `{}`, expected one of `off`, `ask`, `require`", text.get_ref());
    Confirm::from_str(text.get_ref(), false).map_err(|_| Mistake(text.span(), unknown()))
}

fn grant(name: &str, span: Range<usize>, section: &Section, names: &Names) -> Result<Grant, Mistake> {
    let list = |list: &Texts| list.as_ref().map(texts).transpose().map(Option::unwrap_or_default);
    let rate = |text: &Text| {
        let message = |error| Mistake(text.span(), format!("`{}` {error}", text.get_ref()));
        text.get_ref().parse::<Rate>().map_err(message)
    };
    let confirm = section.confirm.as_ref().map(confirm).transpose()?;
    let mut grant = Grant::new(name)
        .toolsets(list(&section.toolsets)?)
        .resources(list(&section.resources)?)
        .verbs(list(&section.verbs)?)
        .tools(list(&section.tools)?)
        .exclude_tools(list(&section.exclude_tools)?)
        .confirmation(confirm.map_or(Confirmation::Off, Into::into));
    let lists = [
        ("toolsets", &section.toolsets),
        ("resources", &section.resources),
        ("verbs", &section.verbs),
        ("tools", &section.tools),
        ("exclude-tools", &section.exclude_tools),
    ];
    if section.read_only {
        grant = grant.read_only();
    }
    if let Some(text) = &section.rate {
        grant = grant.rate(rate(text)?);
    }
    for (pattern, text) in &section.tool_rates {
        if pattern.trim().is_empty() {
            return Err(Mistake(text.span(), "tool-rates: the pattern is empty; write `*` for all tools".to_owned()));
        }
        grant = grant.tool_rate(pattern, rate(text)?);
    }
    let says_more = lists.iter().any(|(_, list)| list.is_some())
        || section.read_only
        || section.confirm.is_some()
        || section.rate.is_some()
        || !section.tool_rates.is_empty();
    if section.deny {
        let message = format!("the rule `{name}` denies everything, so it cannot say more");
        return if says_more { Err(Mistake(span, message)) } else { Ok(grant.deny()) };
    }
    grant.check(names).map_err(|error| {
        let (list, pattern) = error.place();
        let of_list = lists.iter().find(|(name, _)| *name == list);
        let text = of_list.and_then(|(_, texts)| text_of(texts, pattern));
        let of_rate = || section.tool_rates.get(pattern).filter(|_| list == "tool-rates");
        Mistake(text.or_else(of_rate).map_or(span, Spanned::span), error.to_string())
    })?;
    Ok(grant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_a_line_and_say_what_is_allowed() {
        for (text, line, said) in [
            ("[[rule]]\nname = \"a\"", 1, "unknown field `rule`, expected one of `group-claim`, `rules`, `default`"),
            ("[default]\nread-only = true\nreadonly = true", 3, "unknown field `readonly`, expected one of"),
            ("[default]\nread-only = \"yes\"", 2, "invalid type: string \"yes\", expected a boolean"),
            ("[default]\n\nconfirm = \"always\"", 3, "there is no `always`, expected one of `off`, `ask`, `require`"),
            ("[default]\nconfirm = true", 2, "expected a string"),
            ("[default]\n[default.tool-rates]\n\" \" = \"1/s\"", 3, "the pattern is empty; write `*` for all tools"),
            (
                "[[rules]]\nname = \"a\"\nfor = {scopes = [\"a\",\n\"b c\"]}",
                4,
                "`b c` is no scope: scopes have no blanks",
            ),
            ("[default]\nrate = \"5 a day\"", 2, "`5 a day` is no rate, such as 10/s, 100/min or 1000/h"),
            ("[default]\ntools = \"x\"", 2, "expected a sequence"),
            ("[default]\ntools = []", 2, "the list is empty; leave it out for everything"),
            ("[default]\nverbs = [\"delete\",\n \"\"]", 3, "the text is empty"),
            ("[default]\nverbs = [\"*\",\n \"remove\"]", 3, "verbs: nothing has a name that matches `remove`"),
            ("[default]\n[default.tool-rates]\n\"delete-*\" = \"1/s\"", 3, "tool-rates: nothing has a name"),
            ("[default]\nname = \"x\"", 1, "`[default]` has no `name`"),
            ("[default]\ndeny = true\nread-only = true", 1, "cannot say more"),
            ("\n[[rules]]\nfor = {subjects = [\"a\"]}", 2, "a rule needs a `name`"),
            ("[[rules]]\nname = \"a\"", 1, "a rule needs `for`"),
            ("[[rules]]\nname = \"default\"\nfor = {subjects = [\"a\"]}", 2, "a name of its own"),
            ("[[rules]]\nname = \"a\"\nfor = {}", 3, "`for` is empty"),
            (
                "[[rules]]\nname = \"a\"\nfor = {users = [\"a\"]}",
                3,
                "unknown field `users`, expected one of `subjects`",
            ),
            ("[[rules]]\nname = \"a\"\nfor = {credentials = [\"jwt\"]}", 3, "expected one of `access-token`, `bearer`"),
            (
                "[[rules]]\nname = \"a\"\nfor = {adapters = [\"crew\",\n\"desk\"]}",
                4,
                "adapters: nothing has a name that matches `desk`; there are: crew",
            ),
            ("\ngroup-claim = \" \"", 2, "the name of a claim is empty"),
            ("[[rules]]\nname = \"a\"\nfor.claims = {\"\" = [\"x\"]}", 3, "the name of a claim is empty"),
            ("[[rules]]\nname = \"a\"\nname = \"b\"", 3, "duplicate key"),
            ("[default\n", 1, "unclosed table"),
        ] {
            let folder = std::env::temp_dir().join(format!("naftiko-policy-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("a folder");
            let path = folder.join("policy.toml");
            fs::write(&path, text).expect("a file");
            let message = read(&path, &Names::default(), &["crew"]).map(|rules| rules.len()).expect_err(text);
            fs::remove_dir_all(&folder).expect("the folder is removed");
            let rest = message.strip_prefix(&format!("{}:{line}: ", path.display()));
            assert!(rest.is_some_and(|rest| rest.contains(said)), "{text}\n{message}");
        }
    }

    #[test]
    fn last_rule_is_for_all_callers_and_denies_unless_the_file_says_otherwise() {
        let rule = "[[rules]]\nname = \"a\"\nfor = {subjects = [\"a\"]}\n";
        for (text, denies) in [(rule.to_owned(), true), (format!("{rule}[default]\nread-only = true"), false)] {
            let Ok(rules) = parse(&text, &Names::default(), &[]) else { panic!("{text}") };
            let last = rules.last().expect("a rule");
            assert_eq!((rules.len(), last.callers.is_none(), last.grant.denies()), (2, true, denies));
        }
    }
}
