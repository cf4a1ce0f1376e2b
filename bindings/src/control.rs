//! Cancellation, progress, and threads of their own for solves (libuv's four would be blocked by them).

use std::sync::mpsc;
use std::thread;

use equipoise::control::CancelFlag;
use napi::JsDeferred;
use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use serde::Serialize;

use crate::convert::Plain;
use crate::errors::{Failure, caught};

/// Ends a running solve after its current iteration, also when the thread that holds it (a worker) is terminated.
#[napi(custom_finalize)]
#[derive(Default)]
pub struct CancelToken {
    flag: CancelFlag,
}

#[napi]
impl CancelToken {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run to stop.
    #[napi]
    pub fn cancel(&self) {
        self.flag.cancel();
    }
}

impl ObjectFinalize for CancelToken {
    fn finalize(self, _: Env) -> Result<()> {
        self.flag.cancel();
        Ok(())
    }
}

impl CancelToken {
    pub fn flag(&self) -> CancelFlag {
        self.flag.clone()
    }
}

/// A JavaScript function that takes one plain value.
pub type Listener<'a, T> = Function<'a, Plain<T>, ()>;

/// Messages that may wait for the event loop; more are dropped, because a solver never waits for a listener.
const QUEUE: usize = 1024;

/// A way from any thread to a JavaScript listener. It does not keep the process alive. The listener must not throw.
pub struct Channel<T: Serialize + 'static>(ThreadsafeFunction<T, (), Plain<T>, Status, false, true, QUEUE>);

impl<T: Serialize + 'static> Channel<T> {
    pub fn new(listener: &Listener<'_, T>) -> Result<Self> {
        let builder = listener.build_threadsafe_function::<T>().weak::<true>().max_queue_size::<QUEUE>();
        Ok(Self(builder.build_callback(|context| Ok(Plain(context.value)))?))
    }

    pub fn send(&self, message: T) {
        self.0.call(message, ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// Runs `work` on a thread of its own and returns the promise of its result.
pub fn on_own_thread<'env, T: ToNapiValue + Send + 'static>(
    env: &'env Env,
    work: impl FnOnce() -> std::result::Result<T, Failure> + Send + 'static,
) -> Result<Object<'env>> {
    type Resolver<T> = Box<dyn FnOnce(Env) -> Result<T> + Send>;
    // The thread comes first: a promise whose thread cannot be started would never settle.
    let (sender, receiver) = mpsc::sync_channel::<JsDeferred<T, Resolver<T>>>(1);
    thread::Builder::new()
        .name("equipoise-solve".into())
        .spawn(move || {
            let Ok(deferred) = receiver.recv() else { return };
            let outcome = caught(work);
            deferred.resolve(Box::new(move |env| outcome.map_err(|failure| failure.into_js(&env))));
        })
        .map_err(|error| Error::from_reason(format!("no thread could be started: {error}")))?;
    let (deferred, promise) = env.create_deferred::<T, Resolver<T>>()?;
    sender.send(deferred).map_err(|_| Error::from_reason("the solver's thread ended early"))?;
    Ok(promise)
}
