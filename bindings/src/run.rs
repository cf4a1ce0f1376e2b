//! One solve on a thread of its own: the data it began with, its options, and the caller's hold on it.

use std::sync::Arc;

use equipoise::control::{Control, IterationRecord};
use equipoise::error::InputError;
use equipoise::reweight::ReweightProblem;
use napi::bindgen_prelude::*;
use napi_derive::napi;

use crate::control::{CancelToken, Channel, Listener, on_own_thread};
use crate::errors::{Failure, contained};
use crate::events::{Forwarder, SolverEvent};
use crate::problem::NativeReweightProblem;

/// The caller's hold on a run. The listeners must not throw.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct NativeControl<'env> {
    #[napi(ts_type = "CancelToken")]
    pub token: ClassInstance<'env, CancelToken>,
    #[napi(ts_type = "((record: object) => void) | null")]
    pub on_progress: Option<Listener<'env, IterationRecord>>,
    #[napi(ts_type = "((event: object) => void) | null")]
    pub on_event: Option<Listener<'env, SolverEvent>>,
}

/// All that a solve takes to its thread.
pub struct Run<Options> {
    problem: Arc<ReweightProblem>,
    options: Options,
    control: Control,
    events: Option<Channel<SolverEvent>>,
}

impl<Options: Send + 'static> Run<Options> {
    /// Converts the options now: what is wrong with them is thrown, not rejected.
    pub fn new(
        env: &Env,
        problem: &NativeReweightProblem,
        control: &NativeControl<'_>,
        options: impl FnOnce() -> std::result::Result<Options, InputError>,
    ) -> Result<Self> {
        let progress = control.on_progress.as_ref().map(Channel::new).transpose()?;
        let events = control.on_event.as_ref().map(Channel::new).transpose()?;
        let mut control = Control::default().with_cancel(control.token.flag());
        if let Some(channel) = progress {
            control = control.with_progress(move |record| channel.send(record.clone()));
        }
        contained(env, || Ok(Self { problem: problem.problem()?, options: options()?, control, events }))
    }

    /// Starts the run and returns the promise of its answer.
    pub fn start<'env, T: ToNapiValue + Send + 'static>(
        mut self,
        env: &'env Env,
        solve: impl FnOnce(&ReweightProblem, &Options, &mut Control) -> std::result::Result<T, Failure>
        + Send
        + 'static,
    ) -> Result<Object<'env>> {
        on_own_thread(env, move || {
            let solve = || solve(&self.problem, &self.options, &mut self.control);
            match self.events {
                None => solve(),
                Some(channel) => {
                    let forwarder = Forwarder(move |event| channel.send(event));
                    tracing::dispatcher::with_default(&forwarder.into(), solve)
                }
            }
        })
    }
}
