//! The pattern of a route's path: which paths it matches, and the values of its placeholders.

use std::borrow::Cow;
use std::cmp::Reverse;

use naftiko_schema::http::percent_encode;
use percent_encoding::percent_decode_str;

/// A path with placeholders.
#[derive(Debug)]
pub(super) struct Pattern<'p> {
    segments: Box<[Segment<'p>]>,
    /// Whether the last placeholder takes the rest of the path.
    rest: bool,
}

/// A segment. Most are one piece, so that servers with many routes need little memory for them.
#[derive(Debug)]
enum Segment<'p> {
    One(Piece<'p>),
    Mixed(Vec<Piece<'p>>),
}

#[derive(Debug)]
enum Piece<'p> {
    Literal(Cow<'p, str>),
    Capture,
}

/// How specific a pattern is: one rank for each segment, compared from the first segment on.
pub(super) type Rank = Vec<Reverse<(Class, usize)>>;

/// How specific a segment is. Within a class, the segment with more literal characters is more specific.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Rest,
    Capture,
    Mixed,
    Literal,
}

impl<'p> Segment<'p> {
    fn new(text: &'p str) -> Self {
        let mut pieces = pieces(text);
        match pieces.len() {
            0 => Self::One(Piece::Literal(Cow::Borrowed(""))),
            1 => Self::One(pieces.remove(0)),
            _ => Self::Mixed(pieces),
        }
    }

    fn pieces(&self) -> &[Piece<'p>] {
        match self {
            Self::One(piece) => std::slice::from_ref(piece),
            Self::Mixed(pieces) => pieces,
        }
    }
}

impl<'p> Pattern<'p> {
    pub(super) fn new(path: &'p str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        let (path, rest) = match path.rsplit_once('/').unwrap_or(("", path)) {
            (before, last) if is_rest(last) => (Some(before).filter(|_| path.contains('/')), true),
            _ => (Some(path), false),
        };
        Self { segments: path.map(|path| path.split('/').map(Segment::new).collect()).unwrap_or_default(), rest }
    }

    /// The values of the placeholders in a path of these decoded segments; `None` if it does not match.
    pub(super) fn captures(&self, path: &[Cow<'_, str>]) -> Option<Vec<String>> {
        let (head, tail) = path.split_at_checked(self.segments.len())?;
        let segments = || self.segments.iter().zip(head);
        // Most paths do not match. This check finds that out without copying.
        let literals_match = |(segment, text): (&Segment<'_>, &Cow<'_, str>)| match segment {
            Segment::One(Piece::Literal(literal)) => literal == text,
            _ => true,
        };
        if (tail.is_empty() == self.rest) || !segments().all(literals_match) {
            return None;
        }
        let mut captures = Vec::new();
        for (segment, text) in segments() {
            match_segment(segment.pieces(), text, &mut captures)?;
        }
        if self.rest {
            captures.push(Some(tail.join("/")).filter(|tail| !tail.is_empty())?);
        }
        Some(captures)
    }

    /// The path with these percent-encoded values in its placeholders; `None` if one takes the rest of the path.
    pub(super) fn filled(&self, values: &[&str]) -> Option<String> {
        let mut values = values.iter().filter(|_| !self.rest);
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            for piece in segment.pieces() {
                match piece {
                    Piece::Literal(text) => path.push_str(&percent_encode(text)),
                    Piece::Capture => path.push_str(values.next()?),
                }
            }
        }
        Some(path).filter(|_| !self.rest)
    }

    /// The rank. A smaller rank is more specific.
    pub(super) fn rank(&self) -> Rank {
        let ranks = self.segments.iter().map(|segment| {
            let literals = segment.pieces().iter().map(|piece| match piece {
                Piece::Literal(text) => text.chars().count(),
                Piece::Capture => 0,
            });
            let class = match segment {
                Segment::One(Piece::Literal(_)) => Class::Literal,
                Segment::One(Piece::Capture) => Class::Capture,
                Segment::Mixed(_) => Class::Mixed,
            };
            Reverse((class, literals.sum()))
        });
        ranks.chain(self.rest.then_some(Reverse((Class::Rest, 0)))).collect()
    }

    pub(super) fn shape(&self) -> Shape {
        let mut shape = Shape { segments: Vec::new(), rest: self.rest };
        for segment in &self.segments {
            let segment = match segment {
                Segment::One(Piece::Literal(text)) if text.bytes().all(is_plain) => Some(text.to_string()),
                _ => None,
            };
            if segment.is_none() && shape.segments.iter().filter(|segment| segment.is_none()).count() == WILDCARDS {
                shape.rest = true;
                break;
            }
            shape.segments.push(segment);
        }
        shape
    }
}

/// axum panics at more than 26 wildcards in a path, so after this many the rest of the path is one wildcard.
const WILDCARDS: usize = 20;

/// A superset of the paths that a pattern matches, in the syntax of axum: every segment is a whole wildcard or a literal.
/// Text that callers may percent-encode is a wildcard.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    /// `None` is a wildcard.
    segments: Vec<Option<String>>,
    rest: bool,
}

impl Shape {
    /// Whether this shape matches every path of another shape. axum rejects a wildcard next to one for the rest.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let Some(tail) = other.segments.strip_prefix(self.segments.as_slice()) else { return false };
        // A wildcard for the rest does not match an empty rest.
        let may_be_empty = match tail {
            [] => true,
            [Some(last)] => last.is_empty() && !other.rest,
            _ => false,
        };
        self.rest && self != other && !may_be_empty
    }

    /// The shape in the syntax of axum.
    pub(super) fn path(&self) -> String {
        let segments = self.segments.iter().enumerate().map(|(index, segment)| match segment {
            Some(text) => format!("/{text}"),
            None => format!("/{{p{index}}}"),
        });
        segments.chain(self.rest.then(|| "/{*rest}".to_owned())).collect()
    }
}

/// For how many segments of a path there is room without growing.
const USUAL_SEGMENTS: usize = 8;

/// Decodes a path segment by segment, so that an encoded slash does not separate segments. `None` if it is not UTF-8.
pub(super) fn decode(path: &str) -> Option<Vec<Cow<'_, str>>> {
    let is_encoded = path.contains('%');
    let decoded = |segment| {
        if is_encoded { percent_decode_str(segment).decode_utf8().ok() } else { Some(Cow::Borrowed(segment)) }
    };
    let mut segments = Vec::with_capacity(USUAL_SEGMENTS);
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    // Segments are so short that `split` takes several times as long.
    while let Some((segment, after)) =
        rest.bytes().position(|byte| byte == b'/').and_then(|at| rest.split_at_checked(at))
    {
        segments.push(decoded(segment)?);
        rest = after.get(1..).unwrap_or_default();
    }
    segments.push(decoded(rest)?);
    Some(segments)
}

fn is_rest(segment: &str) -> bool {
    let name = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix("+}"));
    name.is_some_and(|name| !name.contains(['{', '}']))
}

/// Bytes that clients never percent-encode in a path. Old clients encode `~`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

fn pieces(segment: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else { break };
        pieces.extend(literal(before));
        pieces.push(Piece::Capture);
        rest = after;
    }
    pieces.extend(literal(rest));
    pieces
}

/// Paths are compared decoded, so a percent-encoded literal is decoded first.
fn literal(text: &str) -> Option<Piece<'_>> {
    let decoded = percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text));
    (!text.is_empty()).then_some(Piece::Literal(decoded))
}

/// Matches one segment. Every placeholder takes at least one character, and as few as possible.
fn match_segment(pieces: &[Piece<'_>], text: &str, captures: &mut Vec<String>) -> Option<()> {
    let mut rest = text;
    // Whether a placeholder starts at the beginning of the rest.
    let mut open = false;
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Capture if open => {
                let (value, after) = rest.split_at_checked(rest.chars().next()?.len_utf8())?;
                captures.push(value.to_owned());
                rest = after;
            }
            Piece::Capture => open = true,
            Piece::Literal(literal) if open => {
                let end = if index + 1 == pieces.len() {
                    rest.strip_suffix(&**literal).map(str::len).filter(|end| *end > 0)
                } else {
                    let mut ends = rest.char_indices().map(|(end, _)| end).skip(1);
                    ends.find(|end| rest.get(*end..).is_some_and(|rest| rest.starts_with(&**literal)))
                };
                let (value, after) = rest.split_at_checked(end?)?;
                captures.push(value.to_owned());
                rest = after.strip_prefix(&**literal)?;
                open = false;
            }
            Piece::Literal(literal) => rest = rest.strip_prefix(&**literal)?,
        }
    }
    if open {
        captures.push(rest.to_owned());
    }
    // The remaining text belongs to the open placeholder; without one it must be empty.
    (open != rest.is_empty()).then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn captures(pattern: &str, path: &str) -> Option<Vec<String>> {
        Pattern::new(pattern).captures(&decode(path).expect("UTF-8"))
    }

    #[test]
    fn placeholders_may_be_parts_of_segments() {
        let cases: [(&str, &str, Option<&[&str]>); 33] = [
            ("/v1/{name}:activate", "/v1/x:activate", Some(&["x"])),
            ("/v1/{name}:activate", "/v1/x%3Aactivate", Some(&["x"])),
            ("/v1/{name}:activate", "/v1/a:activate:activate", Some(&["a:activate"])),
            ("/v1/{name}:activate", "/v1/:activate", None),
            ("/v1/{name}:activate", "/v1/x:activates", None),
            ("/Products({key})", "/Products(%C3%A9%2F1)", Some(&["é/1"])),
            ("/Products({key})", "/Products()", None),
            ("/Products({key})", "/Products(1)/x", None),
            ("/{a}-{b}.json", "/x-y-z.json", Some(&["x", "y-z"])),
            ("/{a}-{b}.json", "/-x-y.json", Some(&["-x", "y"])),
            ("/{a}-{b}.json", "/x-.json", None),
            ("/{a}-{b}.json", "/x-.json.json", Some(&["x", ".json"])),
            ("/{a}{b}", "/é2", Some(&["é", "2"])),
            ("/{a}{b}", "/1", None),
            ("/{a}{b}x", "/éxx", Some(&["é", "x"])),
            ("/{a}", "/", None),
            ("/{a}/b", "//b", None),
            ("/a/{b+}", "/a/b/c%2Fd", Some(&["b/c/d"])),
            ("/a/{b+}", "/a/", None),
            ("/a/{b+}", "/a", None),
            ("/a/{b+}", "/a//", Some(&["/"])),
            ("/{a+}", "/x/", Some(&["x/"])),
            ("/{a+}/b", "/x/b", Some(&["x"])),
            ("/{a+}/b", "/x/y/b", None),
            ("/", "/", Some(&[])),
            ("", "/", Some(&[])),
            ("/a/", "/a", None),
            ("/a/", "/a/", Some(&[])),
            ("/a//b", "/a//b", Some(&[])),
            ("/a b#?/100%", "/a%20b%23%3F/100%25", Some(&[])),
            ("/a%20b", "/a%20b", Some(&[])),
            ("/{a", "/%7Ba", Some(&[])),
            ("/}{a}{", "/%7Dx%7B", Some(&["x"])),
        ];
        for (pattern, path, expected) in cases {
            let expected = expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect());
            assert_eq!(captures(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn more_specific_patterns_come_first() {
        let order = ["/a/b", "/a/{x}bc", "/a/{x}b", "/a/{x}", "/a/{x}/b", "/a/{x+}", "/{y}/b", "/{x+}"];
        let ranks: Vec<_> = order.iter().map(|path| Pattern::new(path).rank()).collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
    }

    #[test]
    fn shapes_have_whole_wildcards_only() {
        let shape = |path: &str| Pattern::new(path).shape().path();
        assert_eq!(shape("/v1/{a}:b/c"), "/v1/{p1}/c");
        assert_eq!(shape("/a b/{c+}"), "/{p0}/{*rest}");
        assert_eq!(shape(""), "/");
        assert_eq!(shape("//a/"), "//a/");
        assert!(shape(&"/{x}".repeat(40)).ends_with("/{p19}/{*rest}"));
    }

    proptest! {
        #[test]
        fn values_are_found_again(
            values in proptest::collection::vec("[^-]{1,5}", 1..4),
            literal in "-[a-z% é]{0,3}-",
        ) {
            // If values do not contain the separator, there is only one way to match.
            let pattern = format!("/{}", vec!["{x}"; values.len()].join(&literal));
            let path = [Cow::Owned(values.join(&literal))];
            prop_assert_eq!(Pattern::new(&pattern).captures(&path), Some(values));
        }
    }
}
