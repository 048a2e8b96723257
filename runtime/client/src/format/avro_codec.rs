//! How the blocks of files of Avro data are compressed (Avro 1.12 specification, "Required Codecs" and "Optional Codecs").

use std::borrow::Cow;
use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::table::{Budget, TOO_MUCH};

/// How the bytes of blocks are compressed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Codec {
    Null,
    Deflate,
    Snappy,
    Zstandard,
}

/// What is wrong with a block that is not what its codec makes.
const BROKEN: &str = "a block cannot be decompressed";

impl Codec {
    /// The codec that a file names.
    ///
    /// # Errors
    /// If it is not known here. The error has its name only if it is one of the specification.
    pub(super) fn of(name: Option<&[u8]>) -> Result<Self, String> {
        let known = match name {
            None | Some(b"null") => return Ok(Self::Null),
            Some(b"deflate") => return Ok(Self::Deflate),
            Some(b"snappy") => return Ok(Self::Snappy),
            Some(b"zstandard") => return Ok(Self::Zstandard),
            Some(b"bzip2") => "by `bzip2`",
            Some(b"xz") => "by `xz`",
            Some(_) => "in a way that is not known",
        };
        Err(format!("its blocks are compressed {known}; deflate, snappy and zstandard can be read"))
    }

    /// The bytes of a block. They are taken from the budget.
    pub(super) fn plain<'b>(self, block: &'b [u8], budget: &mut Budget) -> Result<Cow<'b, [u8]>, &'static str> {
        let plain = match self {
            Self::Null => return Ok(Cow::Borrowed(block)),
            Self::Deflate => up_to(budget.left(), DeflateDecoder::new(block))?,
            Self::Zstandard => up_to(budget.left(), StreamingDecoder::new(block).map_err(|_| BROKEN)?)?,
            Self::Snappy => snappy(budget.left(), block)?,
        };
        budget.take(plain.len())?;
        Ok(Cow::Owned(plain))
    }
}

/// What a decoder makes, which is at most so much.
fn up_to(most: usize, decoder: impl Read) -> Result<Vec<u8>, &'static str> {
    let mut plain = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(limit).read_to_end(&mut plain).map_err(|_| BROKEN)?;
    if plain.len() > most { Err(TOO_MUCH) } else { Ok(plain) }
}

/// A block in Snappy, with a checksum after it.
fn snappy(most: usize, block: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (block, sum) = block.split_last_chunk::<4>().ok_or(BROKEN)?;
    // It says first how long it becomes.
    if snap::raw::decompress_len(block).map_err(|_| BROKEN)? > most {
        return Err(TOO_MUCH);
    }
    let plain = snap::raw::Decoder::new().decompress_vec(block).map_err(|_| BROKEN)?;
    let mut crc = Crc::new();
    crc.update(&plain);
    if crc.sum() == u32::from_be_bytes(*sum) { Ok(plain) } else { Err("a block has not the checksum that it names") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame with one block that is not compressed.
    const ZSTANDARD: &[u8] = b"\x28\xb5\x2f\xfd\x20\x05\x29\0\0Oak 1";
    const PLAIN: &[u8] = b"Oak 1";

    fn in_snappy(plain: &[u8]) -> Vec<u8> {
        let mut crc = Crc::new();
        crc.update(plain);
        let block = snap::raw::Encoder::new().compress_vec(plain).expect("it is compressed");
        [&block[..], &crc.sum().to_be_bytes()].concat()
    }

    fn plain(codec: &[u8], block: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let mut budget = Budget::exactly(most);
        Ok(Codec::of(Some(codec))?.plain(block, &mut budget)?.into_owned())
    }

    #[test]
    fn blocks_are_decompressed_up_to_the_budget() {
        assert_eq!(plain(b"zstandard", ZSTANDARD, 5).as_deref(), Ok(PLAIN));
        assert_eq!(plain(b"snappy", &in_snappy(PLAIN), 5).as_deref(), Ok(PLAIN));
        assert_eq!(plain(b"zstandard", ZSTANDARD, 4).unwrap_err(), TOO_MUCH);
        assert_eq!(plain(b"snappy", &in_snappy(&[0; 10_000]), 4).unwrap_err(), TOO_MUCH);
    }

    #[test]
    fn blocks_that_are_not_what_their_codec_makes_are_refused() {
        let mut other = in_snappy(PLAIN);
        other.pop();
        other.push(0);
        for (codec, block, expected) in [
            (&b"zstandard"[..], &ZSTANDARD[..9], BROKEN),
            (b"zstandard", b"", BROKEN),
            (b"snappy", b"\xff\xff\xff\xff\x0f\0\0\0\0", TOO_MUCH),
            (b"snappy", b"abc", BROKEN),
            (b"snappy", &other, "a block has not the checksum that it names"),
        ] {
            assert_eq!(plain(codec, block, 100).unwrap_err(), expected, "{block:?}");
        }
        let unknown = |name: &[u8]| Codec::of(Some(name)).unwrap_err();
        assert!(unknown(b"bzip2").contains("by `bzip2`; deflate"), "{}", unknown(b"bzip2"));
        assert!(!unknown(b"hush-hush").contains("hush"), "{}", unknown(b"hush-hush"));
    }

    proptest! {
        #[test]
        fn any_blocks_are_read_or_refused(block in prop::collection::vec(any::<u8>(), 0..60), at in 0..14_usize) {
            for codec in [&b"snappy"[..], b"zstandard", b"deflate"] {
                let _ = plain(codec, &block, 1 << 20);
            }
            let start = ZSTANDARD.get(..at).unwrap_or(ZSTANDARD);
            let _ = plain(b"zstandard", &[start, &block].concat(), 1 << 20);
        }
    }
}
