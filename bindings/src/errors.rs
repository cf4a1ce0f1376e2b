//! What crosses the boundary when something is wrong: an error object with `code` and, for wrong input, `path`, `expected`
//! and `received`. A panic becomes the code `internal`; Node would end the process otherwise.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, Once, PoisonError};

use equipoise::error::InputError;
use napi::bindgen_prelude::*;

/// Why an operation has no result.
#[derive(Debug)]
pub enum Failure {
    /// The caller's data or options are wrong.
    Input(InputError),
    /// The problem was disposed.
    Disposed,
    /// A panic, with its message and place.
    Panic(String),
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::Input(error)
    }
}

impl Failure {
    /// The JavaScript error, to be thrown or rejected with.
    pub fn into_js(self, env: &Env) -> Error {
        self.build(env).unwrap_or_else(|error| error)
    }

    fn build(self, env: &Env) -> Result<Error> {
        let (code, message) = match &self {
            Self::Input(error) => (error.code.as_str(), error.to_string()),
            Self::Disposed => ("disposed", "the problem was used after dispose()".to_string()),
            Self::Panic(text) => ("internal", text.clone()),
        };
        let mut object = env.create_error(Error::from_reason(message))?;
        object.set_named_property("code", code)?;
        if let Self::Input(error) = &self {
            object.set_named_property("path", error.path.as_str())?;
            object.set_named_property("expected", error.expected.as_str())?;
            object.set_named_property("received", error.received.as_str())?;
        }
        Ok(Error::from_unknown_without_coercion(object.to_unknown()))
    }
}

/// Runs the body of an operation on the JavaScript thread: failures and panics become errors to throw.
pub fn contained<T>(env: &Env, work: impl FnOnce() -> std::result::Result<T, Failure>) -> Result<T> {
    caught(work).map_err(|failure| failure.into_js(env))
}

/// Runs `work` on whatever thread this is; a panic becomes [`Failure::Panic`].
pub fn caught<T>(work: impl FnOnce() -> std::result::Result<T, Failure>) -> std::result::Result<T, Failure> {
    record_panics_silently();
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| Err(Failure::Panic(panic_text(&*payload))))
}

/// Message and place of the last panic. A worker's panic is resumed on the thread that waits for it, without its place.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// The default hook prints to the host's standard error. The addon links its own `std`, so this sees only our panics.
fn record_panics_silently() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(info.to_string());
        }));
    });
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let recorded = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    let from_payload = || {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_string());
        text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".into())
    };
    recorded.unwrap_or_else(from_payload)
}
