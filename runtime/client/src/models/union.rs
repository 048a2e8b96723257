//! Values that are one of several shapes.

use std::cmp::Reverse;

use serde_json::Value;

/// What JSON a variant of a union is.
#[derive(Clone, Copy, Debug)]
pub enum Pattern {
    /// A boolean.
    Boolean,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// An object with any members.
    Map,
    /// An object in which a member has one of these values, as texts. It is tried first.
    Tagged(&'static str, &'static [&'static str]),
    /// An object that has all of the first members, and perhaps some of the second, which not all variants have.
    Members(&'static [&'static str], &'static [&'static str]),
}

impl Pattern {
    /// How well a value fits, if it does.
    fn score(self, value: &Value) -> Option<usize> {
        match (self, value) {
            (Self::Boolean, Value::Bool(_)) | (Self::Number, Value::Number(_)) | (Self::Text, Value::String(_)) => {
                Some(0)
            }
            (Self::List, Value::Array(_)) | (Self::Map, Value::Object(_)) => Some(0),
            (Self::Tagged(member, values), Value::Object(members)) => {
                let is_one = match members.get(member)? {
                    Value::String(text) => values.contains(&text.as_str()),
                    other => values.contains(&other.to_string().as_str()),
                };
                // One that a value names counts before all others.
                is_one.then_some(usize::MAX)
            }
            (Self::Members(required, others), Value::Object(members)) => {
                let count = |names: &[&str]| names.iter().filter(|name| members.contains_key(**name)).count();
                (count(required) == required.len()).then(|| required.len() + count(others) + 1)
            }
            _ => None,
        }
    }
}

/// A variant of a union: what it looks like, and how it is read.
type Variant<T> = (Pattern, fn(&Value) -> Option<T>);

/// The value as the variant that it fits best; of variants that it fits equally well, as the first that can be read.
pub fn best<T>(value: &Value, variants: &[Variant<T>]) -> Option<T> {
    let mut fitting: Vec<_> =
        variants.iter().filter_map(|(pattern, read)| Some((Reverse(pattern.score(value)?), read))).collect();
    fitting.sort_by_key(|(score, _)| *score);
    fitting.into_iter().find_map(|(_, read)| read(value))
}

/// Declares an enum of several shapes. First are objects, which are in boxes, then other values, then the variant that texts
/// become. Without patterns it cannot be read. `Debug` does not show a value of no known shape, in which there may be secrets.
#[doc(hidden)]
#[macro_export]
macro_rules! union {
    (
        $name:ident, $docs:literal,
        [$($object:ident($boxed:ty)),* $(,)?],
        [$($other:ident($plain:ty)),* $(,)?]
        $(, $text:ident)?
    ) => {
        #[doc = $docs]
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("An object: [`", stringify!($boxed), "`].")]
                $object(::std::boxed::Box<$boxed>),
            )*
            $(
                #[doc = concat!("A value of the type `", stringify!($plain), "`.")]
                $other($plain),
            )*
            /// A value of a shape that was not known when this type was made.
            Unknown($crate::__private::Value),
        }

        $(
            impl ::std::convert::From<$boxed> for $name {
                fn from(value: $boxed) -> Self {
                    Self::$object(::std::boxed::Box::new(value))
                }
            }
        )*

        $(
            impl ::std::convert::From<$plain> for $name {
                fn from(value: $plain) -> Self {
                    Self::$other(value)
                }
            }
        )*

        $(
            impl ::std::convert::From<&str> for $name {
                fn from(text: &str) -> Self {
                    Self::$text(text.into())
                }
            }
        )?

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$object(value) => value.fmt(f),)*
                    $(Self::$other(value) => value.fmt(f),)*
                    Self::Unknown(_) => f.write_str("Unknown(..)"),
                }
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error>
            where
                S: $crate::__private::serde::Serializer,
            {
                match self {
                    $(Self::$object(value) => value.serialize(serializer),)*
                    $(Self::$other(value) => value.serialize(serializer),)*
                    Self::Unknown(value) => value.serialize(serializer),
                }
            }
        }
    };
    (
        $name:ident, $docs:literal,
        [$($object:ident($boxed:ty) = $pattern:ident $argument:tt),* $(,)?],
        [$($other:ident($plain:ty) = $kind:ident),* $(,)?]
        $(, $text:ident)?
    ) => {
        $crate::union!($name, $docs, [$($object($boxed)),*], [$($other($plain)),*] $(, $text)?);

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: $crate::__private::serde::Deserializer<'de>,
            {
                use $crate::__private::{Pattern, Value, best, serde::Deserialize};

                let value = <Value as Deserialize>::deserialize(deserializer)?;
                let known = best(&value, &[
                    $((Pattern::$pattern $argument, |value| <$boxed>::deserialize(value).ok().map(Self::from)),)*
                    $((Pattern::$kind, |value| <$plain>::deserialize(value).ok().map(Self::$other)),)*
                ]);
                ::std::result::Result::Ok(known.unwrap_or(Self::Unknown(value)))
            }
        }
    };
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "in generated crates the enums are public")]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
    #[serde(default)]
    pub struct Cat {
        kind: Option<String>,
        name: Option<String>,
        lives: Option<i64>,
    }

    #[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
    #[serde(default)]
    pub struct Dog {
        kind: Option<i64>,
        name: Option<String>,
        owner: Option<String>,
    }

    union!(Pet, "Tagged.", [Cat(Cat) = Tagged("kind", &["cat", "kitten"]), Dog(Dog) = Tagged("kind", &["2"])], []);
    union!(
        Any,
        "Everything.",
        [Dog(Dog) = Members(&["name", "owner"], &[]), Cat(Cat) = Members(&["name"], &["lives"])],
        [
            Boolean(bool) = Boolean,
            Number(f64) = Number,
            Text(String) = Text,
            List(Vec<i64>) = List,
            TextList(Vec<String>) = List,
            Map(BTreeMap<String, i64>) = Map
        ],
        Text
    );

    union!(Base, "A base.", [Dog(Dog) = Members(&[], &[]), Cat(Cat) = Tagged("kind", &["cat"])], []);

    fn pet(value: Value) -> Pet {
        Pet::deserialize(value).expect("any value is one")
    }

    fn any(value: Value) -> Any {
        Any::deserialize(value).expect("any value is one")
    }

    #[test]
    fn tag_says_which_variant_a_value_is() {
        let cat = Cat { kind: Some("kitten".to_owned()), ..Cat::default() };
        assert_eq!(pet(json!({"kind": "kitten", "new": 1})), cat.into());
        assert!(matches!(pet(json!({"kind": 2, "name": "Rex"})), Pet::Dog(dog) if dog.name.as_deref() == Some("Rex")));
        for unknown in
            [json!({"kind": "bird"}), json!({}), json!({"kind": null}), json!([]), json!({"kind": "cat", "name": 1})]
        {
            let read = pet(unknown.clone());
            assert_eq!(serde_json::to_value(&read).expect("JSON"), unknown);
            assert_eq!((format!("{read:?}"), read), ("Unknown(..)".to_owned(), Pet::Unknown(unknown)));
        }
    }

    #[test]
    fn value_that_no_tag_names_is_the_base() {
        let base = |value| Base::deserialize(value).expect("any value is one");
        assert!(matches!(base(json!({"kind": "cat", "name": "Tom", "owner": "Ann"})), Base::Cat(_)));
        assert!(matches!(base(json!({"kind": 2, "owner": "Ann"})), Base::Dog(_)));
        assert!(matches!(base(json!({})), Base::Dog(_)));
    }

    #[test]
    fn members_and_kinds_say_which_variant_a_value_is() {
        assert!(matches!(any(json!({"name": "Rex", "owner": null})), Any::Dog(_)));
        assert!(matches!(any(json!({"name": "Tom", "lives": 9})), Any::Cat(_)));
        assert!(matches!(any(json!({"name": "Tom"})), Any::Cat(_)));
        assert_eq!(any(json!({"lives": 9})), BTreeMap::from([("lives".to_owned(), 9)]).into());
        assert_eq!(any(json!({"lives": "9"})), Any::Unknown(json!({"lives": "9"})));
        assert_eq!((any(json!(true)), any(json!(1)), any(json!("a"))), (true.into(), 1.0.into(), "a".into()));
        assert_eq!((any(json!([1])), any(json!(["a"]))), (vec![1].into(), vec!["a".to_owned()].into()));
        let known = any(json!({"name": "Tom"}));
        assert!(format!("{known:?}").starts_with("Cat {"), "{known:?}");
    }
}
