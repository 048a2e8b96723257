//! Previews of the request that a call would send.

use super::connection::Connection;
use super::keys::Keys;
use super::options::Options;
use crate::argument::Arguments;
use crate::check::check;
use crate::error::Error;
use naftiko_schema::Operation;

/// A request that is not sent. Secrets are replaced by a placeholder.
pub struct Preview {
    /// The method.
    pub method: &'static str,
    /// The URI.
    pub url: String,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body, unless it is a stream.
    pub body: Option<Vec<u8>>,
}

impl Connection {
    /// Builds the request of a call with all checks, but without the values of variables.
    #[doc(hidden)]
    pub fn preview(
        &self,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
    ) -> Result<Preview, Error> {
        let invalid = |violations| Error::arguments(&operation.name, violations);
        let violations = check(operation, arguments, !options.unchecked);
        if !violations.is_empty() {
            return Err(Error::arguments(&operation.name, violations));
        }
        let arguments = arguments.shown();
        let shared = self.shared();
        // The compiler never generates a table with an unknown API.
        let endpoint = shared.endpoint(operation).ok_or_else(|| invalid(Vec::new()))?;
        let keys = Keys::placeholders(shared.capability, operation.api).map_err(|_| invalid(Vec::new()))?;
        let mut request =
            shared.build_request(&endpoint.base_uri, operation, arguments, options, &keys).map_err(invalid)?;
        shared.add_fixed(&mut request, operation, arguments, &keys).map_err(invalid)?;
        shared.add_credentials(&mut request, operation, arguments, &keys).map_err(invalid)?;
        // What a caller sends for a credential is not shown: that of the API has placeholders only.
        for credential in keys.credentials.iter().filter(|_| !operation.credentials.is_empty()) {
            let shown = credential.apply(&mut request, operation.api, &shared.challenges);
            shown.map_err(|violation| invalid(vec![violation]))?;
        }
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(Preview {
            method: operation.method.as_str(),
            url: request.url().to_string(),
            headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: request.body().and_then(reqwest::Body::as_bytes).map(<[u8]>::to_vec),
        })
    }
}
