//! Objects in bodies: how they are read, written, compared and shown.
//!
//! A generated object lists its members once for all that looks at them, and once for what reads them. Derives would say the same
//! for each trait, and most of the time of `cargo check` would be theirs.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::{Deserialize, Deserializer, Serialize};

use super::{Patch, decode};

/// What is the same for all values of an object's type.
#[derive(Clone, Copy, Debug)]
pub struct Outline {
    /// The name of the type.
    pub name: &'static str,
    /// Whether members without a value are left out. In other objects they are null.
    pub is_sent: bool,
    /// The names of each member: the field's, and last the one that travels.
    pub members: &'static [&'static [&'static str]],
}

/// An object in a body.
pub trait Object {
    /// What is the same for all objects of the type.
    fn outline() -> Outline;

    /// Shows each member, in the order of the outline, beside the same member of another object.
    fn look<L: Look>(&self, other: &Self, at: &mut L);
}

/// An object in responses.
pub trait Received: Object + Sized {
    /// An object before anything is read.
    fn empty() -> Self;

    /// Offers each member, in the order of the outline, to what fills one.
    fn fill<'de, F: Fill<'de>>(&mut self, from: &mut F);
}

/// What a member can be.
pub trait Member: Debug + PartialEq + Serialize {}

impl<T: Debug + PartialEq + Serialize> Member for T {}

/// What looks at the members of two objects, which may be the same.
pub trait Look {
    /// The next member.
    fn member<T: Member, H: Held<T>>(&mut self, held: H, one: &T, other: &T);

    /// The members that have no field of their own.
    fn others<T: Member>(&mut self, field: &'static str, one: &BTreeMap<String, T>, other: &BTreeMap<String, T>);
}

/// What fills one of the members that it is offered.
pub trait Fill<'de> {
    /// The next member.
    fn member<T, R: Reads<'de, T>>(&mut self, reads: R, member: &mut T);

    /// The members that have no field of their own, after all others.
    fn others<T, R: ReadsOther<'de, T>>(&mut self, reads: R, members: &mut BTreeMap<String, T>);
}

/// How a field holds its member. `()` is a field with a value or none.
pub trait Held<T> {
    /// Whether the member is left out.
    fn is_absent(&self, _member: &T) -> bool {
        false
    }
}

/// How a member is read.
pub trait Reads<'de, T> {
    /// Reads the member.
    fn read<D: Deserializer<'de>>(&self, deserializer: D) -> Result<T, D::Error>;
}

/// How the value of a member is read that has no field of its own.
pub trait ReadsOther<'de, T> {
    /// Reads the value, if it is one. Of another kind than the companion says, it is unknown, as other members are.
    fn read_other<D: Deserializer<'de>>(&self, deserializer: D) -> Result<Option<T>, D::Error>;
}

/// A member that is always sent.
#[derive(Clone, Copy, Debug)]
pub struct Always;

/// A list: null is an empty one, and an item that is null is left out.
#[derive(Clone, Copy, Debug)]
pub struct List;

/// A map: null is an empty one, and a value that is null is left out.
#[derive(Clone, Copy, Debug)]
pub struct Map;

/// A list or a map in which null means something. Null in its place is an empty one.
#[derive(Clone, Copy, Debug)]
pub struct OrEmpty;

impl<T> Held<Option<T>> for () {
    fn is_absent(&self, member: &Option<T>) -> bool {
        member.is_none()
    }
}

impl<T> Held<Patch<T>> for () {
    fn is_absent(&self, member: &Patch<T>) -> bool {
        member.is_keep()
    }
}

impl<T> Held<T> for Always {}
impl<T> Held<T> for List {}
impl<T> Held<T> for Map {}
impl<T> Held<T> for OrEmpty {}

impl<'de, T: Deserialize<'de>> Reads<'de, T> for () {
    fn read<D: Deserializer<'de>>(&self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> Reads<'de, Vec<T>> for List {
    fn read<D: Deserializer<'de>>(&self, deserializer: D) -> Result<Vec<T>, D::Error> {
        decode::list(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> Reads<'de, BTreeMap<String, T>> for Map {
    fn read<D: Deserializer<'de>>(&self, deserializer: D) -> Result<BTreeMap<String, T>, D::Error> {
        decode::map(deserializer)
    }
}

impl<'de, T: Deserialize<'de> + Default> Reads<'de, T> for OrEmpty {
    fn read<D: Deserializer<'de>>(&self, deserializer: D) -> Result<T, D::Error> {
        decode::or_empty(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> ReadsOther<'de, T> for Map {
    fn read_other<D: Deserializer<'de>>(&self, deserializer: D) -> Result<Option<T>, D::Error> {
        decode::known::<D, Option<T>>(deserializer).map(Option::flatten)
    }
}

impl<'de, T: Deserialize<'de>> ReadsOther<'de, T> for OrEmpty {
    fn read_other<D: Deserializer<'de>>(&self, deserializer: D) -> Result<Option<T>, D::Error> {
        decode::known(deserializer)
    }
}

/// Implements for an object what derives of `Debug`, `PartialEq`, `Serialize` and, if it is `received`, `Deserialize` would. Its
/// members are in the order of its fields; in parentheses is how a field holds its member, and after `=` another name on the
/// wire. Last is the field for other members.
#[doc(hidden)]
#[macro_export]
macro_rules! object {
    (received $name:ident; $($members:tt)*) => {
        $crate::object!(looked_at $name, false; $($members)*);
        $crate::object!(filled $name, ::std::default::Default::default(); $($members)*);
    };
    (sent $name:ident; $($members:tt)*) => {
        $crate::object!(looked_at $name, true; $($members)*);
    };
    (both $name:ident; $($member:ident $(($how:ident))? $(= $wire:literal)?),* $(; $others:ident ($other:ident))?) => {
        $crate::object!(looked_at $name, true; $($member $(($how))? $(= $wire)?),* $(; $others ($other))?);
        $crate::object!(
            filled $name,
            Self { $($member: ::std::default::Default::default(),)* $($others: ::std::default::Default::default())? };
            $($member $(($how))? $(= $wire)?),* $(; $others ($other))?
        );
    };
    (
        looked_at $name:ident, $is_sent:literal;
        $($member:ident $(($how:ident))? $(= $wire:literal)?),* $(; $others:ident $(($other:ident))?)?
    ) => {
        impl $crate::__private::Object for $name {
            fn outline() -> $crate::__private::Outline {
                $crate::__private::Outline {
                    name: stringify!($name),
                    is_sent: $is_sent,
                    members: &[$(&[stringify!($member) $(, $wire)?]),*],
                }
            }

            fn look<L: $crate::__private::Look>(&self, other: &Self, at: &mut L) {
                $(at.member(($($crate::__private::$how)?), &self.$member, &other.$member);)*
                $(at.others(stringify!($others), &self.$others, &other.$others);)?
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::__private::show(self, f)
            }
        }

        impl ::std::cmp::PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                $crate::__private::are_equal(self, other)
            }
        }

        impl $crate::__private::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::__private::write(self, serializer)
            }
        }
    };
    (
        filled $name:ident, $empty:expr;
        $($member:ident $(($how:ident))? $(= $wire:literal)?),* $(; $others:ident ($other:ident))?
    ) => {
        impl $crate::__private::Received for $name {
            fn empty() -> Self {
                $empty
            }

            fn fill<'de, F: $crate::__private::Fill<'de>>(&mut self, from: &mut F) {
                $(from.member(($($crate::__private::$how)?), &mut self.$member);)*
                $(from.others($crate::__private::$other, &mut self.$others);)?
            }
        }

        impl<'de> $crate::__private::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::__private::read(deserializer)
            }
        }
    };
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "in generated crates the objects are public")]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use crate::{Patch, Redacted};

    #[derive(Clone, Default)]
    pub struct Page {
        items: Vec<i64>,
        kind: Option<String>,
        marks: Vec<Option<bool>>,
        type_: Option<u64>,
        others: BTreeMap<String, f64>,
    }

    object!(received Page; items(List), kind, marks(OrEmpty), type_ = "type"; others(Map));

    #[derive(Clone)]
    pub struct Body {
        name: String,
        note: Patch<String>,
        password: Option<Redacted<String>>,
        others: BTreeMap<String, i64>,
    }

    object!(sent Body; name(Always), note, password = "pass word"; others(Map));

    #[derive(Clone)]
    pub struct Policy {
        action: Option<String>,
        once: Patch<bool>,
    }

    object!(both Policy; action, once);

    fn page(json: &str) -> Page {
        serde_json::from_str(json).expect(json)
    }

    #[test]
    fn received_objects_survive_and_null_is_nothing() {
        let json = r#"{"items":[1],"kind":"a","marks":[null,true],"type":18446744073709551615,"new":1.5}"#;
        assert_eq!(serde_json::to_string(&page(json)).expect("JSON"), json);
        let nothing = page(r#"{"items":null,"kind":null,"marks":null,"type":null,"new":null}"#);
        assert_eq!((nothing.clone(), page("[]")), (page("{}"), Page::default()));
        assert_eq!(
            serde_json::to_value(&nothing).expect("JSON"),
            json!({"items": [], "kind": null, "marks": [], "type": null})
        );
        assert_ne!(page(r#"{"new":1}"#), nothing);
        assert_eq!(
            format!("{:?}", page(json)),
            "Page { items: [1], kind: Some(\"a\"), marks: [None, Some(true)], type_: Some(18446744073709551615), others: {\"new\": 1.5} }"
        );
    }

    #[test]
    fn errors_say_where_what_is_expected() {
        for (json, message) in [
            ("[1]", "invalid type: sequence, expected struct Page at line 1 column 3"),
            ("1", "invalid type: integer `1`, expected struct Page at line 1 column 1"),
            (r#"{"type":-1}"#, "invalid value: integer `-1`, expected u64 at line 1 column 10"),
            (r#"{"kind":null,"kind":null}"#, "duplicate field `kind` at line 1 column 19"),
        ] {
            let error = serde_json::from_str::<Page>(json).expect_err(json);
            assert_eq!(error.to_string(), message, "{json}");
        }
    }

    #[test]
    fn other_members_of_another_kind_are_skipped() {
        let read = page(r#"{"@odata.context":"https://a.test","kind":"a","new":1.5,"more":[1]}"#);
        assert_eq!((read.kind.as_deref(), read.others), (Some("a"), [("new".to_owned(), 1.5)].into()));
    }

    #[test]
    fn sent_objects_leave_out_what_has_no_value() {
        let body = Body { name: String::new(), note: Patch::Keep, password: None, others: BTreeMap::new() };
        assert_eq!(serde_json::to_string(&body).expect("JSON"), r#"{"name":""}"#);
        let body =
            Body { note: Patch::Null, password: Some("hunter22".into()), others: [("n".into(), 1)].into(), ..body };
        assert_eq!(
            serde_json::to_string(&body).expect("JSON"),
            r#"{"name":"","note":null,"pass word":"hunter22","n":1}"#
        );
        assert!(format!("{body:?}").contains("password: Some([redacted])"), "{body:?}");
    }

    #[test]
    fn objects_of_both_directions_tell_null_from_missing() {
        for json in ["{}", r#"{"once":null}"#, r#"{"action":"a","once":true}"#] {
            let policy: Policy = serde_json::from_str(json).expect(json);
            assert_eq!(serde_json::to_string(&policy).expect("JSON"), json);
        }
    }
}
