//! Enums of texts to which the upstream may add.

use std::fmt;

/// A text that was no value of its enum when the enum was made. Only the enum makes it, so it is never a known one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    #[doc(hidden)]
    pub fn __new(text: &str) -> Self {
        Self(text.into())
    }

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
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("The value that [`", stringify!($name), "::as_str`] writes for this name.")]
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
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Unknown($crate::UnknownValue::__new(other)),
                }
            }
        }

        impl ::std::convert::From<::std::string::String> for $name {
            fn from(text: ::std::string::String) -> Self {
                text.as_str().into()
            }
        }

        $crate::written_as_text!($name);

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: $crate::__private::serde::Deserializer<'de>,
            {
                let text = <::std::string::String as $crate::__private::serde::Deserialize>::deserialize(deserializer)?;
                ::std::result::Result::Ok(text.into())
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
