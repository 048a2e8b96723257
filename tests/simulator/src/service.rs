//! The whole state behind the listener, and the way of a request through it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::answers::{Answer, ApiError};
use crate::arguments::{self, Query};
use crate::clock::{Clock, Timestamp};
use crate::fault::Faults;
use crate::operations;
use crate::recorder::{Recorded, Recorder};
use crate::rendering::Rendering;
use crate::routes::{self, Route};
use crate::store::{REGIONS, Store};
use crate::{EXPIRED_TOKEN, TOKEN};

pub(crate) struct Service {
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) recorder: Recorder,
    store: Mutex<Store>,
    settings: Mutex<Settings>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Settings {
    pub(crate) rendering: Rendering,
    pub(crate) unknown_field: bool,
    pub(crate) read_lag: u32,
}

/// What an operation works with.
pub(crate) struct Call<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) now: Timestamp,
    pub(crate) read_lag: u32,
    pub(crate) region: String,
    pub(crate) query: Query,
    pub(crate) body: &'a [u8],
}

impl Service {
    pub(crate) fn new() -> Service {
        Service {
            clock: Clock::start(),
            faults: Faults::default(),
            recorder: Recorder::default(),
            store: Mutex::default(),
            settings: Mutex::default(),
        }
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn settings(&self) -> Settings {
        *self.lock_settings()
    }

    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.lock_settings());
    }

    pub(crate) fn answer(&self, request: &Recorded) -> Answer {
        self.carry_out(request).unwrap_or_else(Answer::from)
    }

    fn carry_out(&self, request: &Recorded) -> Result<Answer, ApiError> {
        authenticate(request)?;
        let route = routes::find(&request.method, &request.path).ok_or(ApiError::UnknownRoute)?;
        match route {
            Route::Metadata => Ok(Answer::ok(json!({"platform": "external", "partition": "scw", "domain": "scw.eu"}))),
            Route::Regional { region, target } => {
                arguments::choice("region", &region, &REGIONS)?;
                let mut store = self.store();
                // Read under the lock, so that the order of changes is the order of their times.
                let now = self.clock.now();
                store.sweep(now);
                let call = Call {
                    store: &mut store,
                    now,
                    read_lag: self.settings().read_lag,
                    region,
                    query: Query::parse(request.query.as_deref().unwrap_or_default()),
                    body: &request.body,
                };
                operations::carry_out(call, target)
            }
        }
    }

    fn lock_settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn authenticate(request: &Recorded) -> Result<(), ApiError> {
    let token = request.header("x-auth-token").unwrap_or_default();
    let reason = match token {
        TOKEN => return Ok(()),
        EXPIRED_TOKEN => "expired",
        _ if arguments::parse_uuid(token).is_none() => "invalid_argument",
        _ => "not_found",
    };
    Err(ApiError::Unauthenticated { reason })
}
