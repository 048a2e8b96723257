//! Setters of members of requests.

/// Declares a method that sets a member: a value, the items of a list in `[]`, or the members of a map in `{}`. With a second
/// name, another method sets it to null.
#[doc(hidden)]
#[macro_export]
macro_rules! setter {
    ($name:ident, [$type:ty] $(, $clear:ident)?) => {
        #[doc = concat!("Sets [`", stringify!($name), "`](field@Self::", stringify!($name), ").")]
        #[must_use]
        pub fn $name(mut self, items: impl IntoIterator<Item = impl Into<$type>>) -> Self {
            self.$name = items.into_iter().map(Into::into).collect::<Vec<$type>>().into();
            self
        }

        $($crate::setter!(null $name, $clear);)?
    };
    ($name:ident, {$type:ty} $(, $clear:ident)?) => {
        #[doc = concat!("Sets [`", stringify!($name), "`](field@Self::", stringify!($name), ").")]
        #[must_use]
        pub fn $name(mut self, members: impl IntoIterator<Item = (impl Into<String>, impl Into<$type>)>) -> Self {
            let members = members.into_iter().map(|(name, value)| (name.into(), value.into()));
            self.$name = members.collect::<::std::collections::BTreeMap<String, $type>>().into();
            self
        }

        $($crate::setter!(null $name, $clear);)?
    };
    ($name:ident, $type:ty $(, $clear:ident)?) => {
        #[doc = concat!("Sets [`", stringify!($name), "`](field@Self::", stringify!($name), ").")]
        #[must_use]
        pub fn $name(mut self, value: impl Into<$type>) -> Self {
            let value: $type = value.into();
            self.$name = value.into();
            self
        }

        $($crate::setter!(null $name, $clear);)?
    };
    (null $name:ident, $clear:ident) => {
        #[doc = concat!("Sends null as [`", stringify!($name), "`](field@Self::", stringify!($name), ").")]
        #[must_use]
        pub fn $clear(mut self) -> Self {
            self.$name = $crate::Patch::Null;
            self
        }
    };
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "in generated crates the methods are public")]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use crate::{Patch, Redacted};

    #[derive(Debug, Default, Serialize)]
    struct Body {
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tags: Option<Vec<String>>,
        #[serde(skip_serializing_if = "Patch::is_keep")]
        labels: Patch<BTreeMap<String, i64>>,
        #[serde(skip_serializing_if = "Patch::is_keep")]
        password: Patch<Redacted<String>>,
    }

    impl Body {
        setter!(path, String);
        setter!(tags, [String]);
        setter!(labels, { i64 }, clear_labels);
        setter!(password, Redacted<String>, clear_password);
    }

    fn json(body: &Body) -> String {
        serde_json::to_string(body).expect("JSON")
    }

    #[test]
    fn only_what_is_set_is_sent() {
        assert_eq!(json(&Body::default()), "{}");
        assert_eq!(json(&Body::default().tags([""; 0]).clear_labels()), r#"{"tags":[],"labels":null}"#);
        let all = Body::default().path("/db").tags(["a"]).labels([("b", 1)]).password("hunter22");
        assert_eq!(json(&all), r#"{"path":"/db","tags":["a"],"labels":{"b":1},"password":"hunter22"}"#);
        assert_eq!(
            json(&all.clear_labels().clear_password()),
            r#"{"path":"/db","tags":["a"],"labels":null,"password":null}"#
        );
    }
}
