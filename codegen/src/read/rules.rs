//! Reading the constraints on values of a parameter, in keywords of JSON Schema.

use naftiko_schema::{Rules, StringFormat};
use regex_lite::Regex;
use serde_json::Value;

use super::fields::Fields;
use crate::codes::Code;
use crate::diagnostic::Sink;

/// The keywords, and how each sets its rule; `None` if its value says nothing that can be checked.
type Keyword = (&'static str, fn(&mut Rules, &Value) -> Option<()>);

const KEYWORDS: [Keyword; 8] = [
    ("enum", |rules, value| {
        let allowed = value.as_array().filter(|values| !values.is_empty())?;
        rules.allowed = allowed.iter().map(|value| value.to_string().into()).collect::<Vec<_>>().into();
        Some(())
    }),
    ("pattern", |rules, value| {
        let pattern = value.as_str().filter(|pattern| Regex::new(pattern).is_ok())?;
        rules.pattern = Some(pattern.to_owned().into());
        Some(())
    }),
    ("format", |rules, value| {
        let name = value.as_str()?;
        rules.format = Some(StringFormat::ALL.into_iter().find(|format| format.as_str() == name)?);
        Some(())
    }),
    ("minimum", |rules, value| {
        rules.minimum = Some(value.is_number().then(|| value.to_string())?.into());
        Some(())
    }),
    ("maximum", |rules, value| {
        rules.maximum = Some(value.is_number().then(|| value.to_string())?.into());
        Some(())
    }),
    ("minLength", |rules, value| {
        rules.min_length = Some(value.as_u64()?);
        Some(())
    }),
    ("maxLength", |rules, value| {
        rules.max_length = Some(value.as_u64()?);
        Some(())
    }),
    ("maxItems", |rules, value| {
        rules.max_items = Some(value.as_u64()?);
        Some(())
    }),
];

/// The rules of a parameter. One that cannot be followed is reported and left out.
pub(super) fn rules(fields: &mut Fields<'_>, sink: &mut Sink) -> Rules {
    let mut rules = Rules::new();
    for (key, set) in KEYWORDS {
        let Some(entry) = fields.get(&[key]) else { continue };
        if set(&mut rules, &entry.value.to_json()).is_none() {
            let message = format!("`{key}` cannot be checked; it is left out");
            let help = "see https://json-schema.org/understanding-json-schema/reference; the formats are \
                        `uuid`, `date`, `date-time` and `email`";
            sink.report(Code::UnclearRule, entry.span, message).help(help);
        }
    }
    rules
}
