//! Reading Avro schemas: from JSON text to a table (Avro 1.12 specification, "Schema Declaration"). The compiler reads `.avsc`
//! files, and the runtime what files of Avro say about themselves.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{AvroField, AvroNamed, AvroSchema, AvroType};

impl AvroSchema {
    /// The schema of a text.
    ///
    /// # Errors
    /// If the text is no schema. The error says why.
    pub fn read(text: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let mut reader = Reader::default();
        let root = reader.kind(&json, "")?;
        let named = reader.named.into_iter().collect::<Option<Vec<_>>>().unwrap_or_default();
        Ok(Self { root, named: named.into() })
    }
}

#[derive(Default)]
struct Reader {
    /// The numbers of the types with names, by full name.
    known: BTreeMap<String, usize>,
    /// `None` as long as one is being read: it may refer to itself.
    named: Vec<Option<AvroNamed>>,
}

impl Reader {
    /// The type that a part of the schema declares, in a namespace.
    fn kind(&mut self, json: &Value, namespace: &str) -> Result<AvroType, String> {
        match json {
            Value::String(name) => self.by_name(name, namespace),
            Value::Array(kinds) => {
                let kinds = kinds.iter().map(|kind| self.kind(kind, namespace)).collect::<Result<Vec<_>, _>>()?;
                Ok(AvroType::Union(kinds.into()))
            }
            Value::Object(members) => self.declared(members, namespace),
            _ => Err("a type is neither a text, a list nor an object".to_owned()),
        }
    }

    fn by_name(&self, name: &str, namespace: &str) -> Result<AvroType, String> {
        Ok(match name {
            "null" => AvroType::Null,
            "boolean" => AvroType::Boolean,
            "int" | "long" => AvroType::Long,
            "float" => AvroType::Float,
            "double" => AvroType::Double,
            "bytes" => AvroType::Bytes,
            "string" => AvroType::Text,
            _ => {
                let index = self.known.get(&full(name, namespace)).or_else(|| self.known.get(name));
                AvroType::Named(*index.ok_or_else(|| format!("the type `{name}` is not declared before it is used"))?)
            }
        })
    }

    fn declared(&mut self, members: &Map<String, Value>, namespace: &str) -> Result<AvroType, String> {
        let member = |name: &str| members.get(name).ok_or_else(|| format!("`{name}` is missing in a type"));
        let text = |name: &str| member(name)?.as_str().ok_or_else(|| format!("`{name}` of a type is not a text"));
        let list = |name: &str| member(name)?.as_array().ok_or_else(|| format!("`{name}` of a type is not a list"));
        match member("type")? {
            Value::String(kind) => match kind.as_str() {
                "array" => Ok(AvroType::Array(vec![self.kind(member("items")?, namespace)?].into())),
                "map" => Ok(AvroType::Map(vec![self.kind(member("values")?, namespace)?].into())),
                "record" | "error" => {
                    let (index, inner) = self.begin(members, text("name")?, namespace)?;
                    let mut fields = Vec::new();
                    for field in list("fields")? {
                        let name = field.get("name").and_then(Value::as_str).ok_or("a field has no name")?;
                        let kind = field.get("type").ok_or_else(|| format!("the field `{name}` has no type"))?;
                        fields.push(AvroField { name: name.to_owned().into(), value: self.kind(kind, &inner)? });
                    }
                    Ok(self.end(index, AvroNamed::Record(fields.into())))
                }
                "enum" => {
                    let (index, _) = self.begin(members, text("name")?, namespace)?;
                    let symbols =
                        list("symbols")?.iter().map(|symbol| symbol.as_str().map(|text| text.to_owned().into()));
                    let symbols = symbols.collect::<Option<Vec<_>>>().ok_or("a symbol of an enum is not a text")?;
                    Ok(self.end(index, AvroNamed::Enum(symbols.into())))
                }
                "fixed" => {
                    let (index, _) = self.begin(members, text("name")?, namespace)?;
                    let size = member("size")?.as_u64().and_then(|size| usize::try_from(size).ok());
                    Ok(self.end(index, AvroNamed::Fixed(size.ok_or("`size` of a type is not a number")?)))
                }
                name => self.by_name(name, namespace),
            },
            nested => self.kind(nested, namespace),
        }
    }

    /// Begins a type with a name: its number, and the namespace of what is in it.
    fn begin(&mut self, members: &Map<String, Value>, name: &str, outer: &str) -> Result<(usize, String), String> {
        let own = members.get("namespace").and_then(Value::as_str).unwrap_or(outer);
        let name = full(name, own);
        let index = self.named.len();
        let namespace = name.rsplit_once('.').map_or("", |(namespace, _)| namespace).to_owned();
        if self.known.insert(name.clone(), index).is_some() {
            return Err(format!("the type `{name}` is declared twice"));
        }
        self.named.push(None);
        Ok((index, namespace))
    }

    fn end(&mut self, index: usize, named: AvroNamed) -> AvroType {
        if let Some(place) = self.named.get_mut(index) {
            *place = Some(named);
        }
        AvroType::Named(index)
    }
}

/// The full name of a type.
fn full(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_refer_to_each_other_by_name() {
        let text = r#"{"type": "record", "name": "a.Tree", "fields": [
            {"name": "name", "type": {"type": "string", "logicalType": "uuid"}},
            {"name": "next", "type": ["null", "Tree"]},
            {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["OAK"]}},
            {"name": "same", "type": "a.Kind"},
            {"name": "id", "type": {"type": "fixed", "name": "b.Id", "size": 4}},
            {"name": "all", "type": {"type": "map", "values": {"type": "array", "items": "b.Id"}}}
        ]}"#;
        let schema = AvroSchema::read(text).expect("a schema");
        assert_eq!(schema.root, AvroType::Named(0));
        let Some(AvroNamed::Record(fields)) = schema.named.first() else { panic!("a record: {schema:?}") };
        let kinds: Vec<_> = fields.iter().map(|field| field.value.clone()).collect();
        let ids = AvroType::Array(vec![AvroType::Named(2)].into());
        let expected = [
            AvroType::Text,
            AvroType::Union(vec![AvroType::Null, AvroType::Named(0)].into()),
            AvroType::Named(1),
            AvroType::Named(1),
            AvroType::Named(2),
            AvroType::Map(vec![ids].into()),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn schemas_that_cannot_be_read_are_refused() {
        for (text, expected) in [
            ("{", "it is not JSON"),
            ("\"Tree\"", "the type `Tree` is not declared before it is used"),
            ("7", "neither a text, a list nor an object"),
            (r#"{"type": "array"}"#, "`items` is missing"),
            (r#"{"type": "record", "name": "A", "fields": [{"type": "int"}]}"#, "a field has no name"),
            (r#"{"type": "fixed", "name": "A", "size": -1}"#, "`size` of a type is not a number"),
            (
                r#"[{"type": "fixed", "name": "A", "size": 1}, {"type": "fixed", "name": "A", "size": 1}]"#,
                "declared twice",
            ),
        ] {
            let problem = AvroSchema::read(text).unwrap_err();
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }
}
