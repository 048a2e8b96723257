//! Members of bodies that are secret.

use std::cell::RefCell;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::text::REDACTED;

thread_local! {
    /// The secret values of the body that this thread is serializing.
    static FOUND: RefCell<Option<Vec<Value>>> = const { RefCell::new(None) };
}

/// A value that `Debug` does not show. It serializes as the value itself. If an error response of the upstream repeats a text of
/// at least four bytes that was sent in one, the error has it redacted.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// The secret value.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The secret value itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Redacted<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Redacted<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T: Serialize> Serialize for Redacted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if FOUND.with_borrow(Option::is_some)
            && let Ok(value) = serde_json::to_value(&self.0)
        {
            FOUND.with_borrow_mut(|found| found.iter_mut().for_each(|found| found.push(value.clone())));
        }
        self.0.serialize(serializer)
    }
}

/// A body as JSON, and the secret values in it; `None` if it cannot be written as JSON.
pub(crate) fn to_value(body: impl Serialize) -> Option<(Value, Vec<Value>)> {
    let before = FOUND.replace(Some(Vec::new()));
    let value = serde_json::to_value(body);
    let found = FOUND.replace(before);
    Some((value.ok()?, found.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    #[test]
    fn secret_is_sent_and_found_but_not_shown() {
        let secret = Redacted::<String>::from("hunter22");
        assert_eq!(format!("{:?} {:?}", secret, Some(&secret)), "[redacted] Some([redacted])");
        let body = std::collections::BTreeMap::from([("password", &secret)]);
        assert_eq!(to_value(&body), Some((json!({"password": "hunter22"}), vec![json!("hunter22")])));
        let (_, secrets) = crate::IntoBody::into_argument(body).expect("a body");
        assert_eq!(secrets.iter().map(ExposeSecret::expose_secret).collect::<Vec<_>>(), ["hunter22"]);
        assert_eq!(serde_json::from_value::<Redacted<String>>(json!("hunter22")).expect("a text"), secret);
        assert_eq!((secret.expose().as_str(), secret.clone().into_inner()), ("hunter22", "hunter22".to_owned()));
    }

    #[test]
    fn nested_secret_is_found_once_whole() {
        let nested = Redacted::from(vec![Redacted::<String>::from("one")]);
        let (value, found) = to_value(&nested).expect("JSON");
        assert_eq!(value, json!(["one"]));
        assert!(found.contains(&json!(["one"])), "{found:?}");
        assert!(FOUND.with_borrow(Option::is_none));
    }
}
