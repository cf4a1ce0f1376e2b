//! A multistart: every search has a thread and an objective of its own.

use std::sync::{Arc, Mutex, PoisonError};

use equipoise::control::Control;
use equipoise::outer::{Multistart, OuterError, OuterResult};
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::control::CancelToken;
use crate::convert::Plain;
use crate::errors::contained;
use crate::objective::callback::Dispatch;
use crate::objective::notices::Notices;
use crate::objective::session::{Session, start};
use crate::outer::objective::{JsObjective, NativeOuterHooks};
use crate::outer::options::{Configured, NativeOuterOptions};
use crate::outer::run::{Ended, observer};

type Found = Vec<Option<std::result::Result<OuterResult, OuterError>>>;

/// The searches of a multistart and what they have come to.
#[napi]
pub struct NativeMultistart {
    /// None where no solver fits: the reason is what was found.
    searches: Option<Multistart>,
    configured: Arc<Configured>,
    found: Arc<Mutex<Found>>,
}

#[napi]
impl NativeMultistart {
    #[napi(constructor)]
    pub fn new(env: &Env, options: NativeOuterOptions) -> Result<Self> {
        contained(env, || {
            // Limits of inner solves would be shared between searches.
            let configured =
                Configured { screening_cap: None, inner_progress: None, ..options.into_problem()? };
            let (searches, found) = match Multistart::new(&configured.problem, &configured.capability) {
                Ok(searches) => {
                    let mut found = Found::new();
                    found.resize_with(searches.num_searches(), || None);
                    (Some(searches), found)
                }
                Err(OuterError::Input(error)) => return Err(error.into()),
                Err(error) => (None, vec![Some(Err(error))]),
            };
            Ok(Self { searches, configured: Arc::new(configured), found: Arc::new(Mutex::new(found)) })
        })
    }

    #[napi(getter)]
    pub fn num_searches(&self) -> u32 {
        self.searches.as_ref().map_or(0, |searches| searches.num_searches() as u32)
    }

    /// Starts the search of this number on a thread of its own; its outcome is undefined, and kept for [`Self::outcome`].
    #[napi]
    pub fn start(
        &self,
        env: &Env,
        dispatch: Dispatch<'_>,
        wake: Function<'_, (), ()>,
        index: u32,
        hooks: NativeOuterHooks,
        notices: &Notices,
        token: &CancelToken,
    ) -> Result<Session> {
        let Some(mut searches) = self.searches.clone() else {
            return Err(Error::from_reason("there is nothing to search"));
        };
        if let Some(observer) = observer(notices) {
            searches = searches.with_observer(observer);
        }
        let mut control = Control::default().with_cancel(token.flag());
        control.start_clock(self.configured.time_limit_seconds);
        let (configured, found, index) =
            (Arc::clone(&self.configured), Arc::clone(&self.found), index as usize);
        start(env, &dispatch, &wake, move |evaluate| {
            let objective = JsObjective::new(evaluate, &configured, hooks);
            let outcome = searches.search(index, objective, &configured.context, &control);
            found.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(outcome);
            Ok(())
        })
    }

    /// What the searches that have ended come to, taken together. Once only.
    #[napi(ts_return_type = "object")]
    pub fn outcome(&self, env: &Env) -> Result<Plain<Ended>> {
        let found = std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner));
        // A search that was not begun counts as cancelled.
        let ended = |outcome: Option<_>| outcome.unwrap_or(Err(OuterError::Cancelled));
        let mut found: Vec<_> = found.into_iter().map(ended).collect();
        contained(env, || {
            let outcome = match &self.searches {
                Some(searches) => searches.winner(found),
                None => found.pop().unwrap_or(Err(OuterError::Cancelled)),
            };
            Ended::of(outcome).map(Plain)
        })
    }
}
