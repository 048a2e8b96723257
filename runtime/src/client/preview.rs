//! The request that a call would send, for whoever wants to see it before.

use super::connection::Connection;
use super::keys::Keys;
use super::options::Options;
use crate::arguments::Arguments;
use crate::error::Error;
use crate::operation::Operation;

/// A request that is not sent. In the place of secrets stands a word.
pub(crate) struct Preview {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The body, unless it is a stream.
    pub(crate) body: Option<Vec<u8>>,
}

impl Connection {
    /// Makes the request of a call as it would be made, all checks included, without the values of variables.
    pub(crate) fn preview(
        &self,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
    ) -> Result<Preview, Error> {
        let wrong = |violations| Error::arguments(operation.name, violations);
        let violations = arguments.check(operation);
        if !violations.is_empty() {
            return Err(wrong(violations));
        }
        let shared = self.shared();
        // A table that names an API which does not exist cannot be generated.
        let endpoint = shared.endpoint(operation).ok_or_else(|| wrong(Vec::new()))?;
        let keys = Keys::hidden(shared.capability).map_err(|_| wrong(Vec::new()))?;
        let mut request = shared.compose(&endpoint.base_uri, operation, arguments, options, &keys).map_err(wrong)?;
        shared.seal(&mut request, operation, &keys).map_err(wrong)?;
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(Preview {
            method: operation.method.as_str(),
            url: request.url().to_string(),
            headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: request.body().and_then(reqwest::Body::as_bytes).map(<[u8]>::to_vec),
        })
    }
}
