//! Enums of texts to which the upstream may add.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// A text that was no value of its enum when the enum was made. Only the enum makes it, so it is never a known one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The value of an enum that has a text, else its value for unknown ones.
pub fn of_text<T, const N: usize>(
    known: [T; N],
    as_str: fn(&T) -> &str,
    unknown: fn(UnknownValue) -> T,
    text: &str,
) -> T {
    let known = known.into_iter().find(|known| as_str(known) == text);
    known.unwrap_or_else(|| unknown(UnknownValue(text.into())))
}

/// Reads an enum of texts.
///
/// # Errors
/// If there is no text.
pub fn read_text<'de, T: From<String>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer).map(T::from)
}

/// Writes an enum as the text that it has.
#[doc(hidden)]
#[macro_export]
macro_rules! written_as_text {
    ($name:ident) => {
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error>
            where
                S: $crate::__private::serde::Serializer,
            {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

/// Declares an enum of texts that keeps unknown ones.
#[doc(hidden)]
#[macro_export]
macro_rules! open_enum {
    ($name:ident, $docs:literal, $($variant:ident = $text:literal),+ $(,)?) => {
        #[doc = $docs]
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $(
                /// The value that [`as_str`](Self::as_str) writes for this name.
                $variant,
            )+
            /// Another value, which was not known when this type was made.
            Unknown($crate::UnknownValue),
        }

        impl $name {
            /// The value as it travels.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(other) => other.as_str(),
                }
            }
        }

        impl ::std::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                $crate::__private::of_text([$(Self::$variant),+], Self::as_str, Self::Unknown, text)
            }
        }

        impl ::std::cmp::PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl ::std::cmp::Eq for $name {}

        impl ::std::cmp::PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> ::std::option::Option<::std::cmp::Ordering> {
                ::std::option::Option::Some(self.cmp(other))
            }
        }

        impl ::std::cmp::Ord for $name {
            fn cmp(&self, other: &Self) -> ::std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl ::std::hash::Hash for $name {
            fn hash<H: ::std::hash::Hasher>(&self, state: &mut H) {
                ::std::hash::Hash::hash(self.as_str(), state);
            }
        }

        impl ::std::convert::From<::std::string::String> for $name {
            fn from(text: ::std::string::String) -> Self {
                Self::from(text.as_str())
            }
        }

        $crate::written_as_text!($name);

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: $crate::__private::serde::Deserializer<'de>,
            {
                $crate::__private::read_text(deserializer)
            }
        }
    };
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "in generated crates the enums are public")]
mod tests {
    use serde_json::json;

    open_enum!(Kind, "What it is.", Fresh = "fresh", KeyValue = "key_value", Unknown_ = "unknown");

    #[test]
    fn known_and_unknown_values_survive_in_both_directions() {
        for (text, kind) in [("fresh", Kind::Fresh), ("key_value", Kind::KeyValue), ("unknown", Kind::Unknown_)] {
            assert_eq!(Kind::from(text), kind);
            assert_eq!((kind.as_str(), kind.to_string()), (text, text.to_owned()));
            assert_eq!(serde_json::from_value::<Kind>(json!(text)).expect("a text"), kind);
        }
        let new: Kind = serde_json::from_value(json!("frozen")).expect("any text is a value");
        assert!(matches!(&new, Kind::Unknown(other) if other.as_str() == "frozen" && other.to_string() == "frozen"));
        assert_eq!(serde_json::to_value(&new).expect("JSON"), json!("frozen"));
        assert_eq!(new, Kind::from("frozen".to_owned()));
        assert!(serde_json::from_value::<Kind>(json!(1)).is_err());
    }
}
