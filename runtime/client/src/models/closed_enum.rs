//! Enums of texts to which the upstream never adds.

/// Declares an enum of texts that are all known. Another text is an error.
#[doc(hidden)]
#[macro_export]
macro_rules! closed_enum {
    ($name:ident, $docs:literal, $($variant:ident = $text:literal),+ $(,)?) => {
        #[doc = $docs]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(
                /// The value that [`as_str`](Self::as_str) writes for this name.
                $variant,
            )+
        }

        impl $name {
            /// The value as it travels.
            pub fn as_str(&self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        $crate::written_as_text!($name);

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D>(deserializer: D) -> ::std::result::Result<Self, D::Error>
            where
                D: $crate::__private::serde::Deserializer<'de>,
            {
                let text = <::std::string::String as $crate::__private::serde::Deserialize>::deserialize(deserializer)?;
                match text.as_str() {
                    $($text => ::std::result::Result::Ok(Self::$variant),)+
                    other => ::std::result::Result::Err(
                        $crate::__private::serde::de::Error::unknown_variant(other, &[$($text),+]),
                    ),
                }
            }
        }
    };
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "in generated crates the enums are public")]
mod tests {
    use serde_json::json;

    closed_enum!(Side, "Where it is.", Left = "left", Right = "right");

    #[test]
    fn known_values_survive_in_both_directions_and_others_are_errors() {
        for (text, side) in [("left", Side::Left), ("right", Side::Right)] {
            assert_eq!((side.as_str(), side.to_string()), (text, text.to_owned()));
            assert_eq!(serde_json::from_value::<Side>(json!(text)).expect("a known text"), side);
            assert_eq!(serde_json::to_value(side).expect("JSON"), json!(text));
        }
        for other in [json!("middle"), json!(1), json!(null)] {
            assert!(serde_json::from_value::<Side>(other.clone()).is_err(), "{other}");
        }
    }
}
