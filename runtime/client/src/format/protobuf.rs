//! Protobuf messages, of a type that the compiler read from a `.proto` file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MapKey, Syntax};
use serde_json::{Map, Value};

use super::error::FormatError;
use super::table::{Budget, MEMBER, VALUE};
use super::{Number, float};

/// The format, as messages call it.
const NAME: &str = "Protobuf";

/// The message as JSON: the fields that are there by the names of the file, numbers as numbers, and bytes in base64. Values of
/// enums are numbers in files of `proto2`, as in the reference engine, and names in others.
///
/// # Errors
/// If it is not what the descriptor says, or has fields that the file does not have.
pub(super) fn read(body: &[u8], descriptor: &str, number: Number) -> Result<Value, FormatError> {
    let (name, set) = descriptor.split_once('\n').unwrap_or_default();
    let pool = STANDARD.decode(set).ok().and_then(|set| DescriptorPool::decode(&*set).ok());
    let Some(kind) = pool.and_then(|pool| pool.get_message_by_name(name)) else {
        return Err(FormatError::new(NAME, "its type is not known", None));
    };
    let message = DynamicMessage::decode(kind, body);
    let message = message.map_err(|_| FormatError::new(NAME, "it is not what its type says", None))?;
    Reader { budget: Budget::of_memory(body.len(), 1), number }.json(&message)
}

struct Reader {
    budget: Budget,
    number: Number,
}

impl Reader {
    fn json(&mut self, message: &DynamicMessage) -> Result<Value, FormatError> {
        if let Some(unknown) = message.unknown_fields().next() {
            let problem = format!("the file of its type has no field {}", unknown.number());
            return Err(FormatError::of_schema(NAME, problem));
        }
        let mut members = Map::new();
        for (field, value) in message.fields() {
            self.take(MEMBER + field.name().len())?;
            members.insert(field.name().to_owned(), self.value(&field.kind(), value)?);
        }
        // The names of extensions are written as in the JSON of Protobuf.
        for (extension, value) in message.extensions() {
            let name = format!("[{}]", extension.full_name());
            self.take(MEMBER + name.len())?;
            members.insert(name, self.value(&extension.kind(), value)?);
        }
        Ok(members.into())
    }

    fn take(&mut self, amount: usize) -> Result<(), FormatError> {
        self.budget.take(amount).map_err(|problem| FormatError::new(NAME, problem, None))
    }

    fn value(&mut self, kind: &Kind, value: &prost_reflect::Value) -> Result<Value, FormatError> {
        use prost_reflect::Value as Read;
        self.take(VALUE)?;
        Ok(match value {
            Read::Bool(value) => (*value).into(),
            Read::I32(value) => (*value).into(),
            Read::I64(value) => (*value).into(),
            Read::U32(value) => (*value).into(),
            Read::U64(value) => (*value).into(),
            Read::F32(value) => float((*value).into(), format!("{value:?}"), self.number),
            Read::F64(value) => float(*value, format!("{value:?}"), self.number),
            Read::String(text) => text.as_str().into(),
            Read::Bytes(bytes) => STANDARD.encode(bytes).into(),
            Read::EnumNumber(value) => match kind {
                Kind::Enum(kind) if kind.parent_file().syntax() != Syntax::Proto2 => match kind.get_value(*value) {
                    Some(value) => {
                        self.take(value.name().len())?;
                        value.name().into()
                    }
                    None => (*value).into(),
                },
                _ => (*value).into(),
            },
            Read::Message(message) => self.json(message)?,
            Read::List(items) => items.iter().map(|item| self.value(kind, item)).collect::<Result<Vec<_>, _>>()?.into(),
            Read::Map(entries) => {
                let inner = kind.as_message().and_then(|entry| entry.get_field(2)).map(|value| value.kind());
                let inner = inner.as_ref().unwrap_or(kind);
                let mut members = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    self.take(MEMBER)?;
                    members.push((text(key), self.value(inner, value)?));
                }
                // They come in no order.
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
                members.into_iter().collect::<Map<_, _>>().into()
            }
        })
    }
}

fn text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost_reflect::prost::Message as _;
    use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
    use prost_reflect::prost_types::{
        DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
        FileDescriptorSet,
    };
    use serde_json::json;

    use super::super::number;
    use super::*;

    /// The descriptor of a message in a file of this syntax.
    fn descriptor(syntax: &str) -> String {
        let field = |name: &str, number, kind: Type, label: Label, type_name: Option<&str>| FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            r#type: Some(kind.into()),
            label: Some(label.into()),
            type_name: type_name.map(str::to_owned),
            ..FieldDescriptorProto::default()
        };
        let value = |name: &str, number| EnumValueDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            ..EnumValueDescriptorProto::default()
        };
        let tree = DescriptorProto {
            name: Some("Tree".to_owned()),
            field: vec![
                field("name", 1, Type::String, Label::Optional, None),
                field("age", 2, Type::Uint64, Label::Optional, None),
                field("ratio", 3, Type::Float, Label::Optional, None),
                field("raw", 4, Type::Bytes, Label::Optional, None),
                field("kinds", 5, Type::Enum, Label::Repeated, Some(".Kind")),
                field("next_tree", 6, Type::Message, Label::Optional, Some(".Tree")),
            ],
            ..DescriptorProto::default()
        };
        let kind = EnumDescriptorProto {
            name: Some("Kind".to_owned()),
            value: vec![value("OAK", 0), value("ELM", 1)],
            ..EnumDescriptorProto::default()
        };
        let file = FileDescriptorProto {
            name: Some("tree.proto".to_owned()),
            syntax: Some(syntax.to_owned()),
            message_type: vec![tree],
            enum_type: vec![kind],
            ..FileDescriptorProto::default()
        };
        format!("Tree\n{}", STANDARD.encode(FileDescriptorSet { file: vec![file] }.encode_to_vec()))
    }

    const MESSAGE: &[u8] =
        b"\x0a\x03Oak\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1d\xcd\xcc\xcc\x3d\x22\x02\x01\xff\x28\x01\x32\x02\x10\0";

    #[test]
    fn message_becomes_json() {
        for (syntax, kinds) in [("proto2", json!([1])), ("proto3", json!(["ELM"]))] {
            let document = read(MESSAGE, &descriptor(syntax), number).map_err(|error| error.to_string());
            let expected = json!({
                "name": "Oak", "age": u64::MAX, "ratio": 0.1, "raw": "Af8=", "kinds": kinds, "next_tree": {"age": 0},
            });
            // What is not sent is not there. In proto3, nor is what is as nothing.
            let mut document = document.expect("it is read");
            if syntax == "proto3" {
                document["next_tree"]["age"] = 0.into();
            }
            assert_eq!(document, expected, "{syntax}");
        }
    }

    #[test]
    fn messages_that_are_not_of_their_type_are_refused() {
        for (body, expected) in [
            (&b"\x0a\x05Oak"[..], "invalid Protobuf: it is not what its type says"),
            (b"\x48\x03", "invalid Protobuf: the file of its type has no field 9"),
            (b"\x32\x02\x48\x03", "invalid Protobuf: the file of its type has no field 9"),
        ] {
            let error = read(body, &descriptor("proto3"), number).expect_err("it is refused");
            assert_eq!(error.to_string(), expected, "{body:?}");
        }
        assert!(read(b"", "Branch\n", number).is_err());
        let mut deep = Vec::new();
        for _ in 0..300 {
            let length = u16::try_from(deep.len()).expect("it is short");
            let mut outer = vec![0x32];
            outer.extend(if length < 128 {
                vec![length as u8]
            } else {
                vec![(length & 127) as u8 | 128, (length >> 7) as u8]
            });
            outer.extend(deep);
            deep = outer;
        }
        assert!(read(&deep, &descriptor("proto3"), number).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..60), start in 0..MESSAGE.len()) {
            let descriptor = descriptor("proto3");
            let _ = read(&body, &descriptor, number);
            let _ = read(&[&MESSAGE[..start], &body[..]].concat(), &descriptor, number);
        }
    }
}
