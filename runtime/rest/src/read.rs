//! Reads the inputs of a route from a request.

use std::collections::{BTreeMap, HashSet};

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use naftiko_adapter::{STANDSTILL, Values, also_wrong, offload, receive, repeated_name, short, unknown_inputs};
use naftiko_client::__private::{
    Argument, Connection, Schema, Violations, from_json_text, from_texts, without_byte_order_mark,
};
use naftiko_client::Violation;
use naftiko_schema::{InputId, Kind, Location, Parameter, Route, Text};
use percent_encoding::percent_decode_str;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::problem::Problem;

/// The values of a route's inputs. All violations are reported together.
pub(super) async fn values(
    route: &'static Route,
    connection: &Connection,
    captures: Vec<String>,
    request: Request,
) -> Result<Values, Problem> {
    let inputs = route.binding.inputs();
    let (parts, body) = request.into_parts();
    let mut reader = Reader {
        inputs,
        fixed: &route.binding.fixed,
        schema: route.binding.target.request_schema(),
        values: naftiko_adapter::values(&route.binding),
        violations: Violations::default(),
    };
    reader.path(captures, &route.captures);
    reader.query(parts.uri.query().unwrap_or_default());
    reader.headers(&parts.headers);
    reader.cookies(&parts.headers);
    let Reader { values, mut violations, .. } = reader.body(&parts, body).await?;
    if violations.is_empty() {
        return Ok(values);
    }
    let is_whole = |(location, _): &(Option<Location>, Violation)| *location == Some(Location::Body);
    // Without a body that is an object, nothing is known of its members.
    let fields =
        inputs.iter().filter(|input| input.location == Location::Field && violations.first().iter().any(is_whole));
    let known = violations.first().iter().map(|(_, violation)| violation.parameter.as_str());
    let known: Vec<_> = known.chain(fields.map(|field| &*field.name)).collect();
    let (others, omitted) = also_wrong(&route.binding, connection, values, &known).await.into_parts();
    let location = |violation: &Violation| inputs.iter().find(|input| input.name == violation.parameter);
    violations.extend(others.into_iter().map(|it| (location(&it).map(|input| input.location), it)).collect::<Vec<_>>());
    violations.omit(omitted);
    Err(Problem::arguments(&violations))
}

struct Reader {
    inputs: &'static [Parameter],
    /// The names of inputs with a fixed value, which are not read.
    fixed: &'static [Text],
    /// The schema of the body, if it is known.
    schema: Option<&'static str>,
    values: Values,
    /// The violations, with the location of the input.
    violations: Violations<(Option<Location>, Violation)>,
}

impl Reader {
    fn at(&self, location: Location) -> impl Iterator<Item = (usize, &'static Parameter)> + use<> {
        self.inputs.iter().enumerate().filter(move |(_, input)| input.location == location)
    }

    fn set(&mut self, index: usize, texts: impl IntoIterator<IntoIter: ExactSizeIterator<Item = String>>) {
        let Some(input) = self.inputs.get(index) else { return };
        match (from_texts(input, texts.into_iter()), self.values.get_mut(index)) {
            (Ok(argument), Some(slot)) => *slot = Some(argument),
            (Ok(_), None) => {}
            (Err(violation), _) => self.violations.push((Some(input.location), violation)),
        }
    }

    fn path(&mut self, texts: Vec<String>, inputs: &[Option<InputId>]) {
        let mut found: Vec<(usize, String)> = Vec::new();
        let texts = texts.into_iter().zip(inputs).filter_map(|(text, input)| Some((text, (*input)?.index())));
        for (text, index) in texts {
            match found.iter().find(|(known, _)| *known == index) {
                Some((_, known)) if *known == text => {}
                Some(_) => {
                    let name = self.inputs.get(index).map_or("path", |input| &*input.name);
                    let violation = Violation::new(name, "must have the same value everywhere in the path");
                    self.violations.push((Some(Location::Path), violation));
                }
                None => found.push((index, text)),
            }
        }
        for (index, text) in found {
            self.set(index, [text]);
        }
    }

    fn query(&mut self, query: &str) {
        let mut found: Vec<(usize, Vec<String>)> = Vec::new();
        let mut unknown = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode_form(name), decode_form(value)) else {
                self.violations.push((Some(Location::Query), Violation::new("query", "is not percent-encoded UTF-8")));
                return;
            };
            let Some((index, _)) = self.at(Location::Query).find(|(_, input)| input.name == name) else {
                unknown.extend(Some(name).filter(|name| !self.is_fixed(name)));
                continue;
            };
            match found.iter_mut().find(|(known, _)| *known == index) {
                Some((_, values)) => values.push(value),
                None => found.push((index, vec![value])),
            }
        }
        for (index, texts) in found {
            self.set(index, texts);
        }
        let mut seen = HashSet::new();
        let unknown: Vec<_> = unknown.iter().map(String::as_str).filter(|name| seen.insert(*name)).collect();
        self.unknown(Location::Query, unknown.into_iter());
    }

    fn is_fixed(&self, name: &str) -> bool {
        self.fixed.iter().any(|fixed| fixed == name)
    }

    fn unknown<'n>(&mut self, location: Location, names: impl ExactSizeIterator<Item = &'n str>) {
        let known = self.at(location).map(|(_, input)| input);
        unknown_inputs(&mut self.violations, names, known, |violation| (Some(location), violation));
    }

    fn headers(&mut self, headers: &HeaderMap) {
        for (index, input) in self.at(Location::Header) {
            let texts: Result<Vec<_>, _> =
                headers.get_all(&*input.name).iter().map(|value| value.to_str().map(str::to_owned)).collect();
            match texts {
                // Of a list, one field has several items, as several fields have (RFC 9110 §5.6.1).
                Ok(texts) if input.kind == Kind::Array => {
                    let items = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
                    let items: Vec<_> = items.filter(|item| !item.is_empty()).map(str::to_owned).collect();
                    if !items.is_empty() {
                        self.set(index, items);
                    }
                }
                Ok(texts) if texts.is_empty() => {}
                Ok(texts) => self.set(index, texts),
                Err(_) => {
                    let violation = Violation::new(&input.name, "must be visible ASCII");
                    self.violations.push((Some(Location::Header), violation));
                }
            }
        }
    }

    fn cookies(&mut self, headers: &HeaderMap) {
        for (index, input) in self.at(Location::Cookie) {
            let pairs =
                headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
            let mut values =
                pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == input.name);
            if let Some((_, value)) = values.next() {
                if values.next().is_some() {
                    let violation = Violation::new(&input.name, "must be sent once");
                    self.violations.push((Some(Location::Cookie), violation));
                    continue;
                }
                match percent_decode_str(value).decode_utf8() {
                    Ok(text) => self.set(index, [text.into_owned()]),
                    Err(_) => {
                        let violation = Violation::new(&input.name, "is not percent-encoded UTF-8");
                        self.violations.push((Some(Location::Cookie), violation));
                    }
                }
            }
        }
    }

    async fn body(self, parts: &Parts, body: Body) -> Result<Self, Problem> {
        if body.is_end_stream() {
            return Ok(self.without_body());
        }
        let bytes = receive(body, STANDSTILL, |_| true).await?;
        // JSON may begin with a byte order mark, which is not passed on (RFC 8259 §8.1).
        let bytes = bytes.slice_ref(without_byte_order_mark(&bytes));
        if bytes.is_empty() {
            return Ok(self.without_body());
        }
        if self.fixed.is_empty() && self.at(Location::Body).chain(self.at(Location::Field)).next().is_none() {
            // Some SDKs send an empty document with every request, whatever its method.
            let taken = is_empty(&bytes).then_some(self);
            return taken.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "this route takes no body"));
        }
        // The field of a 415 says what it is about (RFC 9110 §12.5.3, §15.5.16).
        let unsupported = |detail| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
        if !is_json(&parts.headers) {
            return Err(unsupported("the body must be `application/json`")
                .header(ACCEPT, HeaderValue::from_static("application/json")));
        }
        if is_coded(&parts.headers) {
            return Err(unsupported("the body must not be compressed")
                .header(ACCEPT_ENCODING, HeaderValue::from_static("identity")));
        }
        let mut reader = self;
        offload(bytes.len(), move || reader.content(&bytes).map(|()| reader)).await
    }

    /// What is not there cannot be content that is unprocessable (RFC 9110 §15.5.21).
    fn without_body(mut self) -> Self {
        let is_missed = |input: &Parameter| input.required && input.default.is_none();
        if let Some((_, input)) = self.at(Location::Body).find(|(_, input)| is_missed(input)) {
            self.violations.push((None, Violation::new(&input.name, "is required, as the body of the request")));
        }
        self
    }

    /// Reads a body that is JSON.
    fn content(&mut self, bytes: &Bytes) -> Result<(), Problem> {
        if std::str::from_utf8(bytes).is_err() {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "the body is not UTF-8"));
        }
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| not_json(&error))?;
        if let Some(name) = repeated_name(bytes) {
            let detail = format!("the body has an object with two members named `{}`", short(&name));
            return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
        }
        let whole = self.at(Location::Body).next();
        if let Some((index, input)) = whole {
            // Null means that the input is left out, unless it accepts any JSON. Tool arguments work the same way.
            if input.kind != Kind::Any && is_null(bytes) {
                return Ok(());
            }
            let content = self.wrapped(input, bytes).unwrap_or_else(|| bytes.clone());
            if let Some(slot) = self.values.get_mut(index) {
                *slot = Some(Argument::Json(content));
            }
        }
        if self.at(Location::Field).next().is_some() || (whole.is_none() && !is_empty(bytes)) {
            self.fields(bytes, whole.is_some())?;
        }
        Ok(())
    }

    /// The only member of a document, if it has the name of the input that is the whole body, and is no member of that body.
    fn wrapped(&self, input: &Parameter, json: &Bytes) -> Option<Bytes> {
        let is_member = || Schema::of(self.schema?).member(&input.name).map(drop);
        let is_object = json.trim_ascii_start().first() == Some(&b'{');
        if !is_object || self.at(Location::Field).next().is_some() || is_member().is_some() {
            return None;
        }
        let members: BTreeMap<String, &RawValue> = serde_json::from_slice(json).ok()?;
        let only = members.get(&*input.name).filter(|_| members.len() == 1)?.get();
        // An object in a body that is one is meant as the body.
        let fits = !matches!(input.kind, Kind::Object) || only.starts_with('{');
        fits.then(|| json.slice_ref(only.as_bytes()))
    }

    /// Reads the members of a body. If another input takes the whole body, it may have other members too (`others`).
    fn fields(&mut self, json: &Bytes, others: bool) -> Result<(), Problem> {
        if json.trim_ascii_start().first() != Some(&b'{') {
            self.violations.push((Some(Location::Body), Violation::new("body", "must be a JSON object")));
            return Ok(());
        }
        let mut members: BTreeMap<String, &RawValue> =
            serde_json::from_slice(json).map_err(|error| not_json(&error))?;
        for (index, input) in self.at(Location::Field) {
            let Some(value) = members.remove(&*input.name) else { continue };
            if (input.kind == Kind::Any || !is_null(value.get().as_bytes()))
                && let Some(slot) = self.values.get_mut(index)
            {
                *slot = Some(from_json_text(input.kind, value.get()));
            }
        }
        if !others {
            // In their order: the values are parts of one text.
            let mut unknown: Vec<_> = members.iter().filter(|(name, _)| !self.is_fixed(name)).collect();
            unknown.sort_by_key(|(_, value)| value.get().as_ptr());
            self.unknown(Location::Field, unknown.iter().map(|(name, _)| name.as_str()));
        }
        Ok(())
    }
}

fn is_null(json: &[u8]) -> bool {
    json.trim_ascii() == b"null"
}

/// Whether a body says nothing: it is blank, null or an empty object.
fn is_empty(json: &[u8]) -> bool {
    let object = json.trim_ascii().strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    is_null(json) || object.unwrap_or(json).trim_ascii().is_empty()
}

fn not_json(error: &serde_json::Error) -> Problem {
    let detail = format!("the body is not valid JSON: line {}, column {}", error.line(), error.column());
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

/// Decodes a name or a value of a query, in which `+` is a space (WHATWG URL, application/x-www-form-urlencoded).
fn decode_form(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(|text| text.into_owned())
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(text) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Whether a body has a content coding. `identity` is not one, nor is an empty element of the list (RFC 9110 §5.6.1).
fn is_coded(headers: &HeaderMap) -> bool {
    let is_absent = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
    let codings = |value: &HeaderValue| value.to_str().is_ok_and(|list| list.split(',').map(str::trim).all(is_absent));
    !headers.get_all(CONTENT_ENCODING).iter().all(codings)
}
