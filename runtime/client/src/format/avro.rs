//! One Avro datum in the binary encoding (Avro 1.12 specification, "Binary Encoding"). What it is, the compiler read from the
//! schema file; so this is all that is left of Avro. Libraries for it have no limit to how deep values are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use naftiko_schema::{AvroNamed, AvroSchema, AvroType};
use serde_json::{Map, Value};

use super::error::{FormatError, Place};
use super::table::{Budget, MEMBER, VALUE};
use super::{MAX_DEPTH, Number, TOO_DEEP, float};

/// The datum as JSON: records and maps are objects, enums texts, bytes base64, and the value of a union is the value.
///
/// # Errors
/// If it is cut, goes on after its end, or is not what the schema says.
pub(super) fn read(body: &[u8], schema: &AvroSchema, number: Number) -> Result<Value, FormatError> {
    let mut reader = Reader::of(body, schema, Budget::of_memory(body.len(), 1), number);
    let value = reader.datum();
    let place = body.len() - reader.rest.len();
    let refused = |problem| FormatError::new("Avro", problem, Some(Place::Byte(place)));
    let value = value.map_err(refused)?;
    if reader.rest.is_empty() { Ok(value) } else { Err(refused("it goes on after its end")) }
}

/// What is wrong with a datum that ends too early.
pub(super) const CUT: &str = "it is cut";

/// Reads data of a schema from bytes.
pub(super) struct Reader<'b> {
    schema: &'b AvroSchema,
    /// What has not been read.
    pub(super) rest: &'b [u8],
    pub(super) budget: Budget,
    number: Number,
}

impl<'b> Reader<'b> {
    pub(super) fn of(body: &'b [u8], schema: &'b AvroSchema, budget: Budget, number: Number) -> Self {
        Self { schema, rest: body, budget, number }
    }

    /// One datum of the schema.
    pub(super) fn datum(&mut self) -> Result<Value, &'static str> {
        self.value(&self.schema.root, 0)
    }

    fn value(&mut self, kind: &AvroType, depth: usize) -> Result<Value, &'static str> {
        if depth > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        // A list of nulls takes no bytes for each.
        self.budget.take(VALUE)?;
        Ok(match kind {
            AvroType::Null => Value::Null,
            AvroType::Boolean => match self.take(1)? {
                [0] => false.into(),
                [1] => true.into(),
                _ => return Err("a boolean is neither 0 nor 1"),
            },
            AvroType::Long => self.long()?.into(),
            AvroType::Float => {
                let value = f32::from_le_bytes(self.array()?);
                float(value.into(), format!("{value:?}"), self.number)
            }
            AvroType::Double => {
                let value = f64::from_le_bytes(self.array()?);
                float(value, format!("{value:?}"), self.number)
            }
            AvroType::Bytes => STANDARD.encode(self.bytes()?).into(),
            AvroType::Text => self.text()?.into(),
            AvroType::Array(items) => {
                let item = items.first().unwrap_or(&AvroType::Null);
                let mut values = Vec::new();
                self.blocks(|reader| {
                    values.push(reader.value(item, depth + 1)?);
                    Ok(())
                })?;
                values.into()
            }
            AvroType::Map(values) => {
                let value = values.first().unwrap_or(&AvroType::Null);
                let mut members = Map::new();
                self.blocks(|reader| {
                    let name = reader.text()?;
                    reader.budget.take(MEMBER)?;
                    members.insert(name, reader.value(value, depth + 1)?);
                    Ok(())
                })?;
                members.into()
            }
            AvroType::Union(kinds) => {
                let kind = usize::try_from(self.long()?).ok().and_then(|index| kinds.get(index));
                self.value(kind.ok_or("a value is of none of the types of its union")?, depth + 1)?
            }
            AvroType::Named(index) => match self.schema.named.get(*index).ok_or("its schema is incomplete")? {
                AvroNamed::Record(fields) => {
                    let mut members = Map::with_capacity(fields.len());
                    for field in fields.iter() {
                        self.budget.take(MEMBER + field.name.len())?;
                        members.insert(field.name.to_string(), self.value(&field.value, depth + 1)?);
                    }
                    members.into()
                }
                AvroNamed::Enum(symbols) => {
                    let symbol = usize::try_from(self.long()?).ok().and_then(|index| symbols.get(index));
                    let symbol = symbol.ok_or("a value is not in its enum")?;
                    self.budget.take(symbol.len())?;
                    symbol.to_string().into()
                }
                AvroNamed::Fixed(length) => STANDARD.encode(self.take(*length)?).into(),
            },
        })
    }

    /// Reads blocks of items, up to an empty one.
    pub(super) fn blocks(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The length of the block in bytes follows, for readers that skip it.
                self.long()?;
                count = count.checked_neg().ok_or("a block is too long")?;
            }
            for _ in 0..count {
                item(self)?;
            }
        }
    }

    /// A number in zigzag encoding, seven bits in each byte.
    pub(super) fn long(&mut self) -> Result<i64, &'static str> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = match self.take(1)? {
                [byte] => *byte,
                _ => return Err(CUT),
            };
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err("a number is too long")
    }

    pub(super) fn bytes(&mut self) -> Result<&'b [u8], &'static str> {
        let length = usize::try_from(self.long()?).map_err(|_| "a length is negative")?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<String, &'static str> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "a text is not UTF-8")
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        self.take(N)?.try_into().map_err(|_| CUT)
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'b [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CUT)?;
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{AvroField, list, text};
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::number;
    use super::*;

    /// A record with a field of each type, and one that may contain another of it.
    fn schema() -> AvroSchema {
        use AvroType::{Array, Boolean, Bytes, Double, Float, Long, Map, Named, Null, Text, Union};
        static SCHEMA: AvroSchema = AvroSchema::new(Named(0)).named(
            const {
                &[
                    AvroNamed::Record(list(
                        const {
                            &[
                                AvroField::new("name", Text),
                                AvroField::new("age", Long),
                                AvroField::new("tall", Boolean),
                                AvroField::new("ratio", Float),
                                AvroField::new("price", Double),
                                AvroField::new("raw", Bytes),
                                AvroField::new("tags", Array(list(const { &[Text] }))),
                                AvroField::new("more", Map(list(const { &[Null] }))),
                                AvroField::new("kind", Named(1)),
                                AvroField::new("id", Named(2)),
                                AvroField::new("next", Union(list(const { &[Null, Named(0)] }))),
                            ]
                        },
                    )),
                    AvroNamed::Enum(list(const { &[text("OAK"), text("ELM")] })),
                    AvroNamed::Fixed(2),
                ]
            },
        );
        SCHEMA.clone()
    }

    /// A datum of it up to its last field.
    const DATUM: &[u8] =
        b"\x06Oak\xf0\x01\x01\xcd\xcc\xcc\x3d\0\0\0\0\0\0\x29\x40\x04\x01\xff\x01\x02\x02a\0\x02\x02x\0\x02\x07\x08";

    fn document(body: &[u8]) -> Result<Value, String> {
        read(body, &schema(), number).map_err(|error| error.to_string())
    }

    #[test]
    fn datum_becomes_json() {
        let expected = json!({
            "name": "Oak", "age": 120, "tall": true, "ratio": 0.1, "price": 12.5, "raw": "Af8=", "tags": ["a"],
            "more": {"x": null}, "kind": "ELM", "id": "Bwg=", "next": null,
        });
        assert_eq!(document(&[DATUM, b"\0"].concat()), Ok(expected));
    }

    #[test]
    fn data_that_are_not_what_the_schema_says_are_refused_with_their_place() {
        for (body, expected) in [
            (&DATUM[..3], "invalid Avro at byte 1: it is cut"),
            (DATUM, "it is cut"),
            (&[DATUM, b"\0\0"].concat(), "it goes on after its end"),
            (&[DATUM, b"\x04"].concat(), "a value is of none of the types of its union"),
            (b"\x01", "a length is negative"),
            (b"\x02\xff", "a text is not UTF-8"),
            (&[b'\xff'; 12], "a number is too long"),
            (&[DATUM, b"\x02"].concat().repeat(200), TOO_DEEP),
        ] {
            let error = document(body).unwrap_err();
            assert!(error.contains(expected), "{body:?}: {error}");
        }
        let nulls = AvroSchema { root: AvroType::Array(vec![AvroType::Null].into()), named: Vec::new().into() };
        let many = [&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01][..], b"\0"].concat();
        assert!(read(&many, &nulls, number).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..80), start in 0..DATUM.len()) {
            let _ = document(&body);
            let _ = document(&[&DATUM[..start], &body[..]].concat());
        }
    }
}
