//! Lists, page by page and item by item.

use std::iter::Enumerate;
use std::vec;

use bytes::Bytes;
use naftiko_schema::Location;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::request::Request;
use super::stream::ResultStream;
use crate::argument::Argument;
use crate::error::{Error, ErrorKind, Phase};
use crate::format::{from_json, from_value};
use crate::json_error::JsonError;
use crate::paging::{Next, Pager, PagingProblem, Turn};
use crate::response::Response;

pub(super) fn pages<T: DeserializeOwned + Send + 'static>(request: Request) -> ResultStream<Response<T>> {
    ResultStream::new(Walk::new(request), |mut walk| async move {
        Ok(match walk.turn().await? {
            Some((page, turn)) if !turn.repeated => {
                let (response, document) = page.split();
                match from_value(document) {
                    Ok(page) => Some((response.map(|()| page), walk)),
                    Err(error) => return Err(decode_error(&walk, response, error)),
                }
            }
            _ => None,
        })
    })
}

pub(super) fn items<T: DeserializeOwned + Send + 'static>(request: Request) -> ResultStream<T> {
    ResultStream::new((Walk::new(request), None), next_item)
}

/// The remaining items of a page, with their indices.
type Items = Option<Response<Enumerate<vec::IntoIter<Value>>>>;

async fn next_item<T: DeserializeOwned>(
    (mut walk, mut page): (Walk, Items),
) -> Result<Option<(T, (Walk, Items))>, Error> {
    loop {
        if let Some(mut items) = page.take()
            && let Some((index, item)) = items.body_mut().next()
        {
            return match serde_json::from_value(item) {
                Ok(item) => Ok(Some((item, (walk, Some(items))))),
                Err(error) => Err(decode_error(&walk, items.map(drop), JsonError::of_item(&error, index + 1))),
            };
        }
        let Some((document, turn)) = walk.turn().await? else { return Ok(None) };
        let (response, document) = document.split();
        let items = turn.items(document).map_err(|problem| walk.paging_error(&problem))?;
        page = Some(response.map(|()| items.into_iter().enumerate()));
    }
}

/// The error for a page or an item that is not of the caller's type.
fn decode_error(walk: &Walk, response: Response<()>, error: JsonError) -> Error {
    response.map(|()| Bytes::new()).decode_error(&walk.request.operation.name, error)
}

/// An iteration over the pages of a list.
struct Walk {
    request: Request,
    pager: Option<Pager>,
    next: Result<Next, PagingProblem>,
}

impl Walk {
    fn new(request: Request) -> Self {
        Self { request, pager: None, next: Ok(Next::Query(Vec::new())) }
    }

    /// Requests the next page, if there is one.
    async fn turn(&mut self) -> Result<Option<(Response<Value>, Turn)>, Error> {
        match std::mem::replace(&mut self.next, Ok(Next::End)) {
            Ok(Next::End) => return Ok(None),
            Ok(Next::Query(pairs)) => {
                self.request.options.query = pairs.into_iter().map(|(name, value)| (name, value.into())).collect();
            }
            Err(problem) => return Err(self.paging_error(&problem)),
        }
        let pager = match &mut self.pager {
            Some(pager) => pager,
            empty => empty.insert(start(&self.request)?),
        };
        let mut page = self.request.clone().send().await?;
        // A text is no page, but some APIs serve JSON as text.
        if let Value::String(text) = page.body()
            && let Ok(document) = from_json(text.as_bytes())
        {
            *page.body_mut() = document;
        }
        let mut turn = pager.turn(page.body(), page.headers());
        match std::mem::replace(&mut turn.next, Ok(Next::End)) {
            Err(problem) if turn.repeated => Err(self.paging_error(&problem)),
            next => {
                self.next = next;
                Ok(Some((page, turn)))
            }
        }
    }

    fn paging_error(&self, problem: &PagingProblem) -> Error {
        paging_error(&self.request, problem)
    }
}

fn start(request: &Request) -> Result<Pager, Error> {
    let value = |name: &str| {
        let mut pairs = request.arguments.pairs(&request.operation.parameters);
        match pairs.find(|(parameter, _)| parameter.location == Location::Query && parameter.name == name)?.1? {
            Argument::Value(value) => Some(value.clone()),
            Argument::Json(_) | Argument::Raw(_) => None,
        }
    };
    Pager::new(request.operation, &request.options.paging, value).map_err(|problem| paging_error(request, &problem))
}

fn paging_error(request: &Request, problem: &PagingProblem) -> Error {
    Error::new(&request.operation.name, ErrorKind::Paging(problem.to_string()), Phase::Decode)
}
