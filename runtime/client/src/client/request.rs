//! An untyped call: its operation, arguments and options.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use naftiko_schema::{Format, Operation, ParameterId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::connection::Connection;
use super::options::Options;
use super::reading::Reading;
use super::response_body::ResponseBody;
use crate::argument::{Argument, Arguments, Violation, Violations};
use crate::check::check;
use crate::defaults::Choice;
use crate::error::Error;
use crate::into_body::IntoBody;
use crate::response::Response;

/// A call that is being built. The typed calls of a generated client wrap it.
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Request {
    pub(super) connection: Connection,
    pub(super) operation: &'static Operation,
    pub(super) arguments: Arguments,
    pub(super) options: Options,
    pub(super) violations: Vec<Violation>,
}

impl Connection {
    /// A call of `operation` without arguments.
    pub fn request(&self, operation: &'static Operation) -> Request {
        Request::new(self.clone(), operation)
    }
}

impl Request {
    fn new(connection: Connection, operation: &'static Operation) -> Self {
        let arguments = Arguments::new(operation);
        Self { connection, operation, arguments, options: Options::default(), violations: Vec::new() }
    }

    /// Sets the argument of a parameter. A value that cannot be serialized is reported when the call is sent.
    pub fn set(mut self, id: ParameterId, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).map(Argument::Value).ok();
        self.put(id, value);
        self
    }

    /// Sets a text argument.
    pub fn text(self, id: ParameterId, text: impl Into<String>) -> Self {
        self.set(id, text.into())
    }

    /// Sets the argument of a parameter, unless its default is chosen.
    pub fn choice<T: Serialize>(self, id: ParameterId, choice: impl Into<Choice<T>>) -> Self {
        match choice.into().value() {
            Some(value) => self.set(id, value),
            None => self,
        }
    }

    /// Sets an array of texts as argument.
    pub fn texts(self, id: ParameterId, texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.set(id, texts.into_iter().map(Into::into).collect::<Vec<String>>())
    }

    /// Sets the body.
    pub fn body(mut self, id: ParameterId, body: impl IntoBody) -> Self {
        let (body, secrets) = body.into_argument().unzip();
        self.arguments.add_secrets(secrets.unwrap_or_default());
        self.put(id, body);
        self
    }

    fn put(&mut self, id: ParameterId, argument: Option<Argument>) {
        match argument {
            Some(argument) => self.arguments.set(id, argument),
            // The message of the serializer may quote the value.
            None => {
                let name = self.operation.parameter(id).map_or("", |parameter| &*parameter.name);
                self.violations.push(Violation::new(name, "cannot be written as JSON"));
            }
        }
    }

    /// Sends the request and decodes the response.
    pub async fn send(self) -> Result<Response<Value>, Error> {
        self.receive().await
    }

    /// Sends the request and decodes the response: into a JSON value, or into a model.
    pub async fn receive<T: DeserializeOwned>(self) -> Result<Response<T>, Error> {
        let is_whole = matches!(self.operation.format, Format::Any | Format::Binary);
        let reading = if is_whole { Reading::Whole } else { Reading::Document };
        self.execute(reading).await?.decode(&self.operation.name, &self.operation.format)
    }

    /// Sends the request and reads the whole response.
    pub(super) async fn execute(&self, reading: Reading) -> Result<Response<Bytes>, Error> {
        Ok(self.open(reading).await?.map(ResponseBody::into_buffered))
    }

    pub(super) async fn open(&self, reading: Reading) -> Result<Response<ResponseBody>, Error> {
        self.checked()?;
        self.connection.execute(self.operation, &self.completed(), &self.options, reading).await
    }

    /// The arguments, with the values of those that were left out.
    fn completed(&self) -> Cow<'_, Arguments> {
        let mut arguments = Cow::Borrowed(&self.arguments);
        if !self.connection.defaults().is_empty() {
            self.connection.defaults().complete(self.operation, arguments.to_mut());
        }
        arguments
    }

    pub(super) fn checked(&self) -> Result<(), Error> {
        if self.violations.is_empty() {
            return Ok(());
        }
        let mut violations: Violations = self.violations.clone().into();
        violations.absorb(check(self.operation, &self.completed(), !self.options.unchecked));
        Err(Error::arguments(&self.operation.name, violations))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments are left out, because they may be secrets.
        f.debug_struct("Request").field("operation", &self.operation.name).finish_non_exhaustive()
    }
}
