//! Solves on JavaScript's thread: each evaluation is a call.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::thread::{self, ThreadId};

use napi::bindgen_prelude::*;

use crate::errors::{Failure, contained};
use crate::objective::callback::{Callback, Called, Dispatch};
use crate::objective::message::{Evaluate, NoReply, Reply, Request};

/// Evaluates by calling JavaScript from the solver.
struct Direct {
    callback: RefCell<Callback>,
    thread: ThreadId,
    /// What N-API reported when a call failed; nothing is asked after that.
    broken: Cell<Option<Error>>,
    stopped: Cell<bool>,
}

// SAFETY: `evaluate` looks at nothing but `thread` on another thread than that one; `run` lets go of it on that one.
unsafe impl Send for Direct {}
// SAFETY: the same.
unsafe impl Sync for Direct {}

impl Evaluate for Direct {
    fn evaluate(&self, kind: u32, vectors: [&[f64]; 3]) -> std::result::Result<Reply, NoReply> {
        if thread::current().id() != self.thread || self.stopped.get() {
            return Err(NoReply::Stopped);
        }
        let request = Request { kind, vectors: vectors.map(<[f64]>::to_vec) };
        let answer = match self.callback.borrow_mut().call(&request) {
            Ok(Called::Answer(answer)) => answer,
            // The façade answers a promise with "stop".
            Ok(Called::Promise(_)) => Err(NoReply::Stopped),
            Err(error) => {
                self.broken.set(Some(error));
                Err(NoReply::Stopped)
            }
        };
        self.stopped.set(matches!(answer, Err(NoReply::Stopped)));
        answer
    }
}

/// Runs `work` here; what it asks for, `dispatch` answers.
pub fn run<T>(
    env: &Env,
    dispatch: &Dispatch<'_>,
    work: impl FnOnce(Arc<dyn Evaluate>) -> std::result::Result<T, Failure>,
) -> Result<T> {
    let direct = Arc::new(Direct {
        callback: RefCell::new(Callback::new(env, dispatch)?),
        thread: thread::current().id(),
        broken: Cell::new(None),
        stopped: Cell::new(false),
    });
    let evaluate = Arc::clone(&direct);
    let outcome = contained(env, || work(evaluate));
    // A pending exception goes first: it is thrown as it is.
    match direct.broken.take() {
        Some(error) => Err(error),
        None => outcome,
    }
}
