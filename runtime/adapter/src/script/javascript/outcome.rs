//! What a script leaves: its result as JSON, as `JSON.stringify` would write it, or the message of its error.

use boa_engine::object::builtins::JsFunction;
use boa_engine::value::JsVariant;
use boa_engine::{Context, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, js_string};
use serde_json::{Map, Number, Value};

/// The deepest result, as most readers of JSON have it.
const DEPTH: usize = 128;
/// The largest whole number of which all smaller ones are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Makes JSON of values.
pub(super) struct Shape {
    /// `Object.keys`, before the script could change it.
    keys: JsFunction,
    /// The longest result, in bytes.
    limit: usize,
}

impl Shape {
    pub(super) fn new(engine: &mut Context, limit: usize) -> JsResult<Self> {
        let objects = engine.intrinsics().constructors().object().constructor();
        let keys = objects.get(js_string!("keys"), engine)?.as_function();
        let keys = keys.ok_or_else(|| JsNativeError::typ().with_message("the engine has no `Object.keys`"))?;
        Ok(Self { keys, limit })
    }

    /// A value as JSON; `None` for a function and the like.
    pub(super) fn json(&self, value: &JsValue, engine: &mut Context) -> JsResult<Option<Value>> {
        self.value(value, "", &mut { self.limit }, DEPTH, engine)
    }

    fn value(
        &self,
        value: &JsValue,
        key: &str,
        left: &mut usize,
        depth: usize,
        engine: &mut Context,
    ) -> JsResult<Option<Value>> {
        let error = |message: &'static str| Err(JsNativeError::typ().with_message(message).into());
        let length = value.as_string().map_or(8, |text| text.len());
        let Some(rest) = left.checked_sub(length) else { return error("the result is too long") };
        *left = rest;
        Ok(Some(match value.variant() {
            JsVariant::Undefined | JsVariant::Symbol(_) => return Ok(None),
            JsVariant::Null => Value::Null,
            JsVariant::Boolean(is_true) => is_true.into(),
            JsVariant::Integer32(number) => number.into(),
            JsVariant::Float64(number) => self::number(number),
            JsVariant::String(text) => text.to_std_string_lossy().into(),
            JsVariant::BigInt(_) => return error("a BigInt is no JSON"),
            JsVariant::Object(_) if depth == 0 => return error("the result is nested too deeply"),
            JsVariant::Object(object) => {
                // Dates have it, for example.
                let own = object.get(js_string!("toJSON"), engine)?;
                if let Some(own) = own.as_callable() {
                    let name = JsString::from(key);
                    let other = own.call(value, &[name.into()], engine)?;
                    return match other.as_object() {
                        Some(object) => self.object(&object, left, depth - 1, engine),
                        None => self.value(&other, key, left, depth - 1, engine),
                    };
                }
                return self.object(&object, left, depth - 1, engine);
            }
        }))
    }

    fn object(
        &self,
        object: &JsObject,
        left: &mut usize,
        depth: usize,
        engine: &mut Context,
    ) -> JsResult<Option<Value>> {
        if object.is_callable() {
            return Ok(None);
        }
        if object.is_array() {
            let length = object.get(js_string!("length"), engine)?.to_length(engine)?;
            let mut items = Vec::new();
            for index in 0..length {
                let item = object.get(index, engine)?;
                items.push(self.value(&item, &index.to_string(), left, depth, engine)?.unwrap_or_default());
            }
            return Ok(Some(items.into()));
        }
        let keys = self.keys.call(&JsValue::undefined(), &[object.clone().into()], engine)?;
        let mut members = Map::new();
        if let Some(keys) = keys.as_object() {
            let length = keys.get(js_string!("length"), engine)?.to_length(engine)?;
            for index in 0..length {
                let key = keys.get(index, engine)?.to_string(engine)?;
                let member = object.get(key.clone(), engine)?;
                let name = key.to_std_string_lossy();
                *left = left.saturating_sub(name.len());
                if let Some(member) = self.value(&member, &name, left, depth, engine)? {
                    members.insert(name, member);
                }
            }
        }
        Ok(Some(members.into()))
    }
}

/// A number; null if JSON has none for it. Whole numbers have no decimal point.
fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[allow(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
        return (number as i64).into();
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// The message of an error, as the script would show it.
pub(super) fn shown(error: &JsError, engine: &mut Context) -> String {
    let value = error.to_opaque(engine);
    match value.to_string(engine) {
        Ok(text) => text.to_std_string_lossy(),
        Err(_) => "an error without a message".to_owned(),
    }
}
