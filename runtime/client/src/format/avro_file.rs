//! Files of Avro data, which have their schema in them (Avro 1.12 specification, "Object Container Files").

use naftiko_schema::{AvroSchema, AvroType};
use serde_json::Value;

use super::Number;
use super::avro::Reader;
use super::avro_codec::Codec;
use super::error::{FormatError, Place};
use super::table::Budget;

/// What every file begins with.
const MAGIC: &[u8] = b"Obj\x01";
/// How far the data of a file are compressed at most, where a little of them may become much.
const COMPRESSION: usize = 4;
/// The length of the mark that ends every block.
const MARK: usize = 16;

/// Whether a body begins as a file does.
pub(super) fn is_file(body: &[u8]) -> bool {
    body.starts_with(MAGIC)
}

/// The data of a file as a list.
///
/// # Errors
/// If it is no file, is cut, is compressed in an unknown way, or is not what its schema says.
pub(super) fn read(body: &[u8], number: Number) -> Result<Value, FormatError> {
    let refused =
        |problem: String, rest: usize| FormatError::new("Avro file", problem, Some(Place::Byte(body.len() - rest)));
    let Some(rest) = body.strip_prefix(MAGIC) else {
        return Err(refused("it does not begin as one".to_owned(), body.len()));
    };
    let nothing = AvroSchema::new(AvroType::Null);
    let mut outer = Reader::of(rest, &nothing, Budget::of_memory(body.len(), COMPRESSION), number);
    let (schema, codec) = header(&mut outer).map_err(|problem| refused(problem, outer.rest.len()))?;
    let mut file = File { outer, schema, codec, inflated: Budget::of(body.len()), number };
    let mut data = Vec::new();
    match file.blocks(&mut data) {
        Ok(()) => Ok(data.into()),
        Err(problem) => Err(refused(problem.to_owned(), file.outer.rest.len())),
    }
}

/// The schema and the codec that a file names.
fn header(reader: &mut Reader<'_>) -> Result<(AvroSchema, Codec), String> {
    let (mut schema, mut codec) = (None, None);
    reader.blocks(|reader| {
        let name = reader.text()?;
        let value = reader.bytes()?;
        match name.as_str() {
            "avro.schema" => schema = Some(value),
            "avro.codec" => codec = Some(value),
            _ => {}
        }
        Ok(())
    })?;
    let text = schema.and_then(|schema| std::str::from_utf8(schema).ok()).ok_or("it has no schema")?;
    // What is wrong with it may quote it.
    let schema = AvroSchema::read(text).map_err(|_| "its schema cannot be read")?;
    Ok((schema, Codec::of(codec)?))
}

struct File<'b> {
    outer: Reader<'b>,
    schema: AvroSchema,
    codec: Codec,
    /// How many bytes may still come out of compressed blocks.
    inflated: Budget,
    number: Number,
}

impl File<'_> {
    /// Reads the blocks after the header.
    fn blocks(&mut self, data: &mut Vec<Value>) -> Result<(), &'static str> {
        let mark = self.outer.take(MARK)?;
        while !self.outer.rest.is_empty() {
            let count = u64::try_from(self.outer.long()?).map_err(|_| "a length is negative")?;
            let block = self.outer.bytes()?;
            let plain = self.codec.plain(block, &mut self.inflated)?;
            // All blocks share one budget.
            let budget = std::mem::replace(&mut self.outer.budget, Budget::of(0));
            let mut reader = Reader::of(&plain, &self.schema, budget, self.number);
            for _ in 0..count {
                data.push(reader.datum()?);
            }
            if !reader.rest.is_empty() {
                return Err("a block goes on after its last datum");
            }
            self.outer.budget = reader.budget;
            if self.outer.take(MARK)? != mark {
                return Err("a block does not end as the file says");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::number;
    use super::super::table::TOO_MUCH;
    use super::*;

    const SCHEMA: &str = r#"{"type": "record", "name": "Tree", "fields": [
        {"name": "name", "type": "string"}, {"name": "age", "type": ["null", "int"]}
    ]}"#;
    const SIGN: &[u8; MARK] = b"0123456789abcdef";

    fn long(value: usize) -> Vec<u8> {
        let mut rest = value << 1;
        let mut bytes = Vec::new();
        while rest > 0x7f {
            bytes.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
        bytes
    }

    fn bytes(text: &[u8]) -> Vec<u8> {
        [long(text.len()), text.to_vec()].concat()
    }

    fn file(codec: Option<&str>, schema: &str, blocks: &[(usize, Vec<u8>)]) -> Vec<u8> {
        let mut members = vec![bytes(b"avro.schema"), bytes(schema.as_bytes())];
        if let Some(codec) = codec {
            members.extend([bytes(b"avro.codec"), bytes(codec.as_bytes())]);
        }
        let header = [MAGIC.to_vec(), long(members.len() / 2), members.concat(), vec![0], SIGN.to_vec()].concat();
        let block = |(count, data): &(usize, Vec<u8>)| [long(*count), bytes(data), SIGN.to_vec()].concat();
        [header, blocks.iter().flat_map(block).collect()].concat()
    }

    fn deflated(data: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).expect("it is written");
        encoder.finish().expect("it ends")
    }

    fn list(body: &[u8]) -> Result<Value, String> {
        read(body, number).map_err(|error| error.to_string())
    }

    const OAK: &[u8] = b"\x06Oak\x02\xf0\x01";
    const ELM: &[u8] = b"\x06Elm\x00";

    #[test]
    fn data_of_all_blocks_become_one_list_whatever_the_codec() {
        let expected = json!([{"name": "Oak", "age": 120}, {"name": "Elm", "age": null}, {"name": "Elm", "age": null}]);
        let blocks = [(2, [OAK, ELM].concat()), (0, Vec::new()), (1, ELM.to_vec())];
        for codec in [None, Some("null")] {
            assert_eq!(list(&file(codec, SCHEMA, &blocks)), Ok(expected.clone()));
        }
        let blocks = blocks.map(|(count, data)| (count, deflated(&data)));
        assert_eq!(list(&file(Some("deflate"), SCHEMA, &blocks)), Ok(expected));
        assert_eq!(list(&file(None, SCHEMA, &[])), Ok(json!([])));
    }

    #[test]
    fn files_that_are_not_what_they_say_are_refused_with_their_place() {
        let oak = || vec![(1, OAK.to_vec())];
        let whole = file(None, SCHEMA, &oak());
        let cut = whole.len() - 1;
        let with_long_name = SCHEMA.replace("[\"null\", \"int\"]", "\"null\"").replace("string", "null");
        let with_long_name = with_long_name.replace("age", &"a".repeat(100_000));
        for (body, expected) in [
            (b"{}".to_vec(), "invalid Avro file at byte 0: it does not begin as one"),
            (whole[..cut].to_vec(), "it is cut"),
            ([&whole[..cut], b"x"].concat(), "a block does not end as the file says"),
            ([&whole[..], b"\x01"].concat(), "a length is negative"),
            (file(Some("bzip2"), SCHEMA, &oak()), "its blocks are compressed by `bzip2`"),
            (file(Some("snappy"), SCHEMA, &oak()), "a block cannot be decompressed"),
            (file(None, r#"{"type": "hush"}"#, &oak()), "its schema cannot be read"),
            (file(None, SCHEMA, &[(1, [OAK, ELM].concat())]), "a block goes on after its last datum"),
            (file(Some("deflate"), SCHEMA, &oak()), "a block cannot be decompressed"),
            (file(Some("deflate"), "\"bytes\"", &[(1, deflated(&vec![0; 9 << 20]))]), TOO_MUCH),
            (file(None, "\"null\"", &[(1 << 40, Vec::new())]), TOO_MUCH),
            (file(None, &with_long_name, &[(1 << 40, Vec::new())]), TOO_MUCH),
        ] {
            let error = list(&body).unwrap_err();
            assert!(error.contains(expected) && !error.contains("hush"), "{expected}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_after_the_magic_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..80), at in 0..90_usize) {
            let whole = file(None, SCHEMA, &[(1, OAK.to_vec())]);
            let _ = list(&[&whole[..at.min(whole.len())], &body[..]].concat());
        }
    }
}
