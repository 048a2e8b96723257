//! Schemas of bodies, whose definitions become components of the document.

use serde_json::{Map, Value};

use super::schema::with;

/// How references to definitions of a schema begin.
const DEFINITIONS: &str = "#/$defs/";
/// How references to components of a document begin.
const COMPONENTS: &str = "#/components/schemas/";
/// How many schemas may have different definitions of one name.
const NUMBERS: usize = 1000;

/// The components that are schemas.
pub(super) struct Components {
    schemas: Map<String, Value>,
}

impl Components {
    /// The components of a document that are there anyway, from which the schemas are taken.
    pub(super) fn new(components: &mut Value) -> Self {
        let schemas = components.get_mut("schemas").and_then(Value::as_object_mut);
        Self { schemas: schemas.map(std::mem::take).unwrap_or_default() }
    }

    /// The schemas, for the document.
    pub(super) fn into_schemas(self) -> Value {
        self.schemas.into()
    }

    /// A schema of a table, with references to components. `None` if it is no JSON.
    pub(super) fn schema(&mut self, text: &str) -> Option<Value> {
        let Value::Object(mut root) = serde_json::from_str(text).ok()? else { return None };
        let definitions = match root.shift_remove("$defs") {
            Some(Value::Object(definitions)) => definitions,
            _ => Map::new(),
        };
        // Definitions refer to each other, so all of them have the same number.
        let numbered = (1..NUMBERS).find_map(|number| {
            let renamed = |name: &str| renamed(name, number);
            let component = |(name, schema): (&String, &Value)| (renamed(name), referring(schema.clone(), &renamed));
            let components: Map<_, _> = definitions.iter().map(component).collect();
            let is_free =
                |(name, schema): (&String, &Value)| self.schemas.get(name).is_none_or(|known| known == schema);
            let all = components.len() == definitions.len() && components.iter().all(is_free);
            all.then(|| (components, referring(root.clone().into(), &renamed)))
        });
        let (components, schema) = numbered?;
        self.schemas.extend(components);
        Some(schema)
    }

    /// Whether a schema has members that are required.
    pub(super) fn requires(&self, schema: &Value) -> bool {
        let component = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix(COMPONENTS));
        let schema = component.and_then(|name| self.schemas.get(name)).unwrap_or(schema);
        schema.get("required").and_then(Value::as_array).is_some_and(|required| !required.is_empty())
    }
}

/// The name of a component, with a number where another one has the name (OpenAPI 3.1 §4.8.7).
fn renamed(name: &str, number: usize) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    if number == 1 { name } else { format!("{name}_{number}") }
}

/// The schema with references to components.
fn referring(schema: Value, renamed: &impl Fn(&str) -> String) -> Value {
    match schema {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix(DEFINITIONS));
            let target = name.map(|name| format!("{COMPONENTS}{}", renamed(name)));
            let members = members.into_iter().map(|(name, value)| (name, referring(value, renamed)));
            let schema = Value::Object(members.collect());
            match target {
                Some(target) => with(schema, "$ref", target.into()),
                None => schema,
            }
        }
        Value::Array(items) => items.into_iter().map(|item| referring(item, renamed)).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_definitions_are_one_component_and_different_ones_are_numbered() {
        let mut components = Components::new(&mut json!({"schemas": {"Problem": {"type": "object"}}}));
        let schema = |of_a: &str| {
            json!({"$ref": "#/$defs/A", "$defs": {"A": {"items": {"$ref": "#/$defs/B c"}}, "B c": {"type": of_a}}})
                .to_string()
        };
        let refers = |name: &str| Some(json!({"$ref": format!("#/components/schemas/{name}")}));
        assert_eq!(components.schema(&schema("string")), refers("A"));
        assert_eq!(components.schema(&schema("string")), refers("A"));
        assert_eq!(components.schema(&schema("integer")), refers("A_2"));
        assert_eq!(components.schema("{"), None);
        assert_eq!(
            components.into_schemas(),
            json!({
                "Problem": {"type": "object"},
                "A": {"items": {"$ref": "#/components/schemas/B_c"}}, "B_c": {"type": "string"},
                "A_2": {"items": {"$ref": "#/components/schemas/B_c_2"}}, "B_c_2": {"type": "integer"},
            })
        );
    }
}
