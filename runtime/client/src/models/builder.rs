//! How objects in requests are built.

use std::collections::BTreeMap;

/// Declares how an object is built: `new`, which takes what is required, a method for each other member, and one for each member
/// that may be null. Members are of a type in `()`, a list of items in `[]`, or a map of values in `{}`; after a slash is the
/// name of the method that sends null. Last are the members that have always the same value.
#[doc(hidden)]
#[macro_export]
macro_rules! builder {
    (
        $type:ident;
        $($required:ident $shape:tt $(/ $null:ident)?),*;
        $($optional:ident $of:tt $(/ $clear:ident)?),*
        $(; $($constant:ident = $value:expr),+)?
    ) => {
        impl $type {
            /// An object with all that is required.
            #[allow(clippy::new_without_default, clippy::too_many_arguments, reason = "the companion requires it")]
            pub fn new($($required: $crate::builder!(argument $shape)),*) -> Self {
                Self {
                    $($required: $crate::builder!(value $required $shape),)*
                    $($($constant: $value,)+)?
                    $($optional: ::std::default::Default::default(),)*
                }
            }

            $($($crate::builder!(null $required $null);)?)*
            $(
                #[doc = concat!("Sets [`", stringify!($optional), "`](field@Self::", stringify!($optional), ").")]
                #[must_use]
                pub fn $optional(mut self, $optional: $crate::builder!(argument $of)) -> Self {
                    self.$optional = $crate::builder!(value $optional $of);
                    self
                }

                $($crate::builder!(null $optional $clear);)?
            )*
        }
    };
    (null $name:ident $clear:ident) => {
        #[doc = concat!("Sends null as [`", stringify!($name), "`](field@Self::", stringify!($name), ").")]
        #[must_use]
        pub fn $clear(mut self) -> Self {
            self.$name = $crate::Patch::Null;
            self
        }
    };
    (argument ($type:ty)) => { impl Into<$type> };
    (argument [$type:ty]) => { impl IntoIterator<Item = impl Into<$type>> };
    (argument {$type:ty}) => { impl IntoIterator<Item = (impl Into<String>, impl Into<$type>)> };
    (value $name:ident ($type:ty)) => { $crate::__private::held::<$type, _>($name) };
    (value $name:ident [$type:ty]) => { $crate::__private::held_list::<$type, _>($name) };
    (value $name:ident {$type:ty}) => { $crate::__private::held_map::<$type, _>($name) };
}

/// A value as its field holds it.
pub fn held<T, H: From<T>>(value: impl Into<T>) -> H {
    H::from(value.into())
}

/// A list as its field holds it.
pub fn held_list<T, H: From<Vec<T>>>(items: impl IntoIterator<Item = impl Into<T>>) -> H {
    H::from(items.into_iter().map(Into::into).collect())
}

/// A map as its field holds it.
pub fn held_map<T, H: From<BTreeMap<String, T>>>(
    members: impl IntoIterator<Item = (impl Into<String>, impl Into<T>)>,
) -> H {
    H::from(members.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "in generated crates the methods are public")]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use crate::{Patch, Redacted};

    #[derive(Debug, Serialize)]
    struct Body {
        id: Patch<i64>,
        names: Vec<String>,
        kind: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tags: Option<Vec<String>>,
        #[serde(skip_serializing_if = "Patch::is_keep")]
        labels: Patch<BTreeMap<String, i64>>,
        #[serde(skip_serializing_if = "Patch::is_keep")]
        password: Patch<Redacted<String>>,
        #[serde(flatten)]
        others: BTreeMap<String, bool>,
    }

    builder!(
        Body; id(i64) / clear_id, names[String];
        path(String), tags[String], labels{i64} / clear_labels, password(Redacted<String>) / clear_password, others{bool};
        kind = "plain".into()
    );

    fn json(body: &Body) -> String {
        serde_json::to_string(body).expect("JSON")
    }

    #[test]
    fn only_what_is_set_is_sent() {
        let new = || Body::new(1, ["a"]);
        assert_eq!(json(&new()), r#"{"id":1,"names":["a"],"kind":"plain"}"#);
        let nothing = new().clear_id().tags([""; 0]).clear_labels();
        assert_eq!(json(&nothing), r#"{"id":null,"names":["a"],"kind":"plain","tags":[],"labels":null}"#);
        let all = new().path("/db").tags(["a"]).labels([("b", 1)]).password("hunter22").others([("new", true)]);
        let start = r#"{"id":1,"names":["a"],"kind":"plain","path":"/db","tags":["a"],"#;
        assert_eq!(json(&all), format!(r#"{start}"labels":{{"b":1}},"password":"hunter22","new":true}}"#));
        assert_eq!(
            json(&all.clear_labels().clear_password()),
            format!(r#"{start}"labels":null,"password":null,"new":true}}"#)
        );
    }
}
