//! Iteration records and events on their way to the façade, which fetches them between evaluations: in their order, none lost,
//! and no solver waits. Between two evaluations there are few.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::*;
use napi::sys;
use napi_derive::napi;
use serde::Serialize;

use crate::convert::Plain;
use crate::events::{Forwarder, SolverEvent};

type Notice = Box<dyn FnOnce(sys::napi_env) -> Result<sys::napi_value> + Send>;

/// What a run has to tell, of the sorts that the caller listens to.
#[napi]
pub struct Notices {
    queue: Queue,
    iterations: bool,
    events: bool,
}

#[napi]
impl Notices {
    #[napi(constructor)]
    pub fn new(iterations: bool, events: bool) -> Self {
        Self { queue: Queue::default(), iterations, events }
    }

    /// All that has come since the last call: `{ iteration }` or `{ event }`.
    #[napi(ts_return_type = "({ iteration: object } | { event: object })[]")]
    pub fn take(&self) -> Taken {
        Taken(std::mem::take(&mut *self.queue.lock()))
    }
}

impl Notices {
    /// Where iteration records go, if the caller listens to them.
    pub fn iterations(&self) -> Option<Queue> {
        self.iterations.then(|| self.queue.clone())
    }

    /// Where events go, if the caller listens to them.
    pub fn events(&self) -> Option<Queue> {
        self.events.then(|| self.queue.clone())
    }
}

/// The notices that wait.
#[derive(Clone, Default)]
pub struct Queue(Arc<Mutex<Vec<Notice>>>);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Sort<T> {
    Iteration(T),
    Event(T),
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Notice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put<T: Serialize + Send + 'static>(&self, notice: Sort<T>) {
        // SAFETY: `Taken` is converted on the environment's thread.
        self.lock().push(Box::new(|env| unsafe { Plain::to_napi_value(env, Plain(notice)) }));
    }

    /// Puts an iteration record.
    pub fn iteration<T: Serialize + Send + 'static>(&self, record: T) {
        self.put(Sort::Iteration(record));
    }

    /// Puts an event of the solver's own.
    pub fn event<T: Serialize + Send + 'static>(&self, event: T) {
        self.put(Sort::Event(event));
    }

    /// Runs `work` with its `tracing` events going to `events`, if there is such a queue.
    pub fn with_events<T>(events: Option<Self>, work: impl FnOnce() -> T) -> T {
        match events {
            None => work(),
            Some(queue) => {
                let forwarder = Forwarder(move |event: SolverEvent| queue.put(Sort::Event(event)));
                tracing::dispatcher::with_default(&forwarder.into(), work)
            }
        }
    }
}

/// Notices that are being handed over.
pub struct Taken(Vec<Notice>);

impl ToNapiValue for Taken {
    unsafe fn to_napi_value(env: sys::napi_env, Self(notices): Self) -> Result<sys::napi_value> {
        let environment = Env::from_raw(env);
        let mut array = environment.create_array(notices.len() as u32)?;
        for (i, notice) in notices.into_iter().enumerate() {
            // SAFETY: the notice returns a live handle of `env`.
            array.set(i as u32, unsafe { Unknown::from_raw_unchecked(env, notice(env)?) })?;
        }
        Ok(array.raw())
    }
}
