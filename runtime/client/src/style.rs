//! Arrays and objects in queries, forms, headers, cookies and paths, in the style of their parameter.

use std::borrow::Cow;
use std::collections::BTreeMap;

use naftiko_schema::{BodyContent, Operation, Parameter, ParameterStyle, Separator};
use serde_json::value::RawValue;

use crate::argument::{Argument, items, scalar};

/// How names and values are encoded where they travel.
pub(crate) type Encode = fn(&str) -> String;

/// The pairs that an argument is where its parameter has a style, each encoded; `None` if it has none.
pub(crate) fn pairs(parameter: &Parameter, name: &str, argument: &Argument, encode: Encode) -> Option<Vec<String>> {
    let mut pairs = Vec::new();
    let pair = |name: &str, value: &str| format!("{}={}", encode(name), encode(value));
    match parameter.style? {
        ParameterStyle::Separated(_) => {
            // An array without items is left out.
            let is_empty = argument.texts().is_some_and(|texts| texts.is_empty());
            let text = joined(parameter, argument, encode)?;
            pairs.extend((!is_empty).then(|| format!("{}={text}", encode(name))));
        }
        ParameterStyle::Brackets => {
            let json = argument.to_json()?;
            nested(name, &json, &mut |name, value| pairs.push(pair(name, value)));
        }
        ParameterStyle::Members => {
            let json = argument.to_json()?;
            for (name, value) in members(&json)? {
                let own = Argument::Json(value.get().as_bytes().to_vec().into());
                pairs.extend(own.texts()?.iter().map(|text| pair(&name, text)));
            }
        }
    }
    Some(pairs)
}

/// The name of another parameter that a member of an object would replace or repeat, where members are parameters.
pub(crate) fn taken<'o>(operation: &'o Operation, parameter: &Parameter, argument: &Argument) -> Option<&'o str> {
    if parameter.style != Some(ParameterStyle::Members) {
        return None;
    }
    let json = argument.to_json()?;
    let members = members(&json)?;
    let fields = match operation.body.as_ref().map(|body| &body.content) {
        Some(BodyContent::Form(fields)) => &**fields,
        _ => &[],
    };
    let declared = operation.parameters.iter().map(|known| &*known.name);
    let mut others = declared.chain(fields.iter().map(|field| &*field.name)).filter(|name| *name != parameter.name);
    let mut fixed = operation.fixed.iter().map(|fixed| &*fixed.name);
    others.find(|name| members.contains_key(*name)).or_else(|| fixed.find(|name| members.contains_key(*name)))
}

/// The one text that an argument is where a separator is between its values, each encoded; `None` if it has no separator.
pub(crate) fn joined(parameter: &Parameter, argument: &Argument, encode: Encode) -> Option<String> {
    let Some(ParameterStyle::Separated(separator)) = parameter.style else { return None };
    let between = match separator {
        // It separates values only where it is not encoded.
        Separator::Comma => ",".to_owned(),
        other => encode(&char::from(other.byte()).to_string()),
    };
    let json = argument.to_json()?;
    let texts: Vec<Cow<'_, str>> = match members(&json) {
        Some(members) => members
            .into_iter()
            .filter_map(|(name, value)| Some([name, scalar(value.get().as_bytes())?.into()]))
            .flatten()
            .collect(),
        None => argument.texts()?,
    };
    Some(texts.iter().map(|text| encode(text)).collect::<Vec<_>>().join(&between))
}

/// Calls a function with the name and the text of each scalar in a value.
fn nested(name: &str, json: &[u8], each: &mut impl FnMut(&str, &str)) {
    if let Some(items) = items(json) {
        for (index, item) in items.iter().enumerate() {
            nested(&format!("{name}[{index}]"), item.get().as_bytes(), each);
        }
    } else if let Some(members) = members(json) {
        for (member, value) in members {
            nested(&format!("{name}[{member}]"), value.get().as_bytes(), each);
        }
    } else if let Some(text) = scalar(json) {
        each(name, &text);
    }
}

/// The members of an object in JSON, in the order of their names; `None` for other values.
fn members(json: &[u8]) -> Option<BTreeMap<Cow<'_, str>, &RawValue>> {
    if json.trim_ascii_start().first() == Some(&b'{') { serde_json::from_slice(json).ok() } else { None }
}
