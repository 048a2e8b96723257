//! Reading the constraints on values of a parameter, in keywords of JSON Schema.

use naftiko_schema::{Kind, PATTERN_SIZE, StringFormat};
use regex_lite::RegexBuilder;

use super::fields::Fields;
use super::yaml::{Content, Node};
use crate::codes::Code;
use crate::diagnostic::Sink;

/// The rules of a parameter as they are written.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// All but `enum`.
    rules: naftiko_schema::Rules,
    /// The values of `enum`, whose meaning depends on the type: of strings, `1.10` is text.
    allowed: Vec<Node>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { rules: naftiko_schema::Rules::new(), allowed: Vec::new() }
    }
}

impl Rules {
    /// The rules for values of a type, in a body or elsewhere.
    pub(crate) fn of(&self, kind: Kind, in_body: bool) -> naftiko_schema::Rules {
        if self.allowed.is_empty() {
            return self.rules.clone();
        }
        let allowed = self.allowed.iter().map(|value| value.to_json_of(kind, in_body).into());
        naftiko_schema::Rules { allowed: allowed.collect(), ..self.rules.clone() }
    }

    /// Whether any value satisfies them.
    pub(crate) fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.rules.is_empty()
    }

    /// The rules of a companion: limits as keywords with JSON text, a format, and allowed values as JSON text. What cannot be
    /// checked is left out.
    pub(crate) fn of_limits(limits: &[(String, String)], format: Option<&str>, allowed: &[String]) -> Self {
        let whole = |name: &str| limits.iter().find(|(keyword, _)| keyword == name)?.1.parse().ok();
        let number = |name: &str| Some(limits.iter().find(|(keyword, _)| keyword == name)?.1.clone().into());
        let pattern = limits.iter().find(|(keyword, _)| keyword == "pattern");
        let rules = naftiko_schema::Rules {
            allowed: allowed.iter().map(|value| value.clone().into()).collect(),
            pattern: pattern.and_then(|(_, json)| serde_json::from_str::<String>(json).ok()).map(Into::into),
            format: StringFormat::ALL.into_iter().find(|known| Some(known.as_str()) == format),
            minimum: number("minimum"),
            maximum: number("maximum"),
            min_length: whole("minLength"),
            max_length: whole("maxLength"),
            max_items: whole("maxItems"),
        };
        Self { rules, allowed: Vec::new() }
    }
}

/// The keywords, and how each sets its rule; `None` if its value says nothing that can be checked.
type Keyword = (&'static str, fn(&mut Rules, &Node) -> Option<()>);

const KEYWORDS: [Keyword; 8] = [
    ("enum", |rules, value| {
        let Content::Sequence(allowed) = &value.content else { return None };
        rules.allowed.clone_from(allowed);
        (!allowed.is_empty()).then_some(())
    }),
    ("pattern", |rules, value| {
        let pattern = value
            .scalar_text()
            .filter(|pattern| RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).build().is_ok())?;
        rules.rules.pattern = Some(pattern.into());
        Some(())
    }),
    ("format", |rules, value| {
        let name = value.scalar_text()?;
        rules.rules.format = Some(StringFormat::ALL.into_iter().find(|format| format.as_str() == name)?);
        Some(())
    }),
    ("minimum", |rules, value| {
        rules.rules.minimum = Some(number(value)?.into());
        Some(())
    }),
    ("maximum", |rules, value| {
        rules.rules.maximum = Some(number(value)?.into());
        Some(())
    }),
    ("minLength", |rules, value| {
        rules.rules.min_length = Some(number(value)?.parse().ok()?);
        Some(())
    }),
    ("maxLength", |rules, value| {
        rules.rules.max_length = Some(number(value)?.parse().ok()?);
        Some(())
    }),
    ("maxItems", |rules, value| {
        rules.rules.max_items = Some(number(value)?.parse().ok()?);
        Some(())
    }),
];

/// A number as JSON text, with all of its digits.
fn number(value: &Node) -> Option<String> {
    match &value.content {
        Content::Number(json, _) => Some(json.clone()),
        _ => None,
    }
}

/// The rules of a parameter. One that cannot be followed is reported and left out.
pub(super) fn rules(fields: &mut Fields<'_>, sink: &mut Sink) -> Rules {
    let mut rules = Rules::default();
    for (key, set) in KEYWORDS {
        let Some(entry) = fields.get(&[key]) else { continue };
        if set(&mut rules, &entry.value).is_none() {
            let message = format!("`{key}` cannot be checked; it is left out");
            let help = "see https://json-schema.org/understanding-json-schema/reference; the formats are \
                        `uuid`, `date`, `date-time` and `email`";
            sink.report(Code::UnclearRule, entry.span, message).help(help);
        }
    }
    rules
}
