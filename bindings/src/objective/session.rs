//! Solves on a thread of their own, which asks JavaScript for evaluations: the objective may be asynchronous, and the event loop
//! turns meanwhile.
//!
//! The solver puts a request in the shared state and waits. JavaScript's thread takes it in [`Session::pump`], calls the façade,
//! and puts the answer back; while the objective answers at once, both threads stay within sight of each other and spin for a
//! few microseconds rather than sleep. The pump leaves after [`TURN`], so that timers and signals get their turn; the solver
//! wakes it again through a thread-safe function, to which the solver's thread has the only strong reference.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use napi::bindgen_prelude::*;
use napi::sys;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::errors::{Failure, caught};
use crate::objective::callback::{Callback, Called, Dispatch, read};
use crate::objective::message::{Evaluate, NoReply, Reply, Request};

/// How long the pump may keep the event loop waiting.
const TURN: Duration = Duration::from_millis(2);
/// How long the pump looks out for the next request before it goes to sleep.
const LOOKOUT: Duration = Duration::from_micros(50);
/// How many times the solver looks for its answer before it goes to sleep: some 20 µs.
const LOOKS: u32 = 2000;

type Answer = std::result::Result<Reply, NoReply>;
type Outcome = Box<dyn FnOnce(&Env) -> Result<sys::napi_value> + Send>;
/// Calls the façade's `wake`, which pumps.
type Wake = ThreadsafeFunction<(), (), (), Status, false>;

#[derive(Default)]
struct State {
    request: Option<Request>,
    answer: Option<Answer>,
    outcome: Option<Outcome>,
    /// The pump is looking, so that no wake-up is needed.
    pumping: bool,
    stopped: bool,
}

/// What both threads see.
struct Shared {
    state: Mutex<State>,
    answered: Condvar,
    /// Hints for whoever spins; the state decides.
    for_pump: AtomicBool,
    for_solver: AtomicBool,
    /// With one processor, spinning only keeps the other thread from running.
    spins: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, answer: Answer) {
        let mut state = self.state();
        state.stopped |= matches!(answer, Err(NoReply::Stopped));
        state.answer = Some(answer);
        self.for_solver.store(true, Ordering::Release);
        drop(state);
        self.answered.notify_one();
    }

    /// Lets the solver go: a question that is open gets no answer.
    fn stop(&self) {
        self.state().stopped = true;
        self.for_solver.store(true, Ordering::Release);
        self.answered.notify_one();
    }
}

/// The solver's end.
struct Link {
    shared: Arc<Shared>,
    wake: Arc<Wake>,
}

impl Link {
    /// Puts something for the pump to find; true if the environment is still there.
    fn put(&self, change: impl FnOnce(&mut State)) -> bool {
        let mut state = self.shared.state();
        change(&mut state);
        self.shared.for_pump.store(true, Ordering::Release);
        let pumping = state.pumping;
        drop(state);
        pumping || self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking) == Status::Ok
    }
}

impl Evaluate for Link {
    fn evaluate(&self, kind: u32, vectors: [&[f64]; 3]) -> Answer {
        let request = Request { kind, vectors: vectors.map(<[f64]>::to_vec) };
        self.shared.for_solver.store(false, Ordering::Release);
        if self.shared.state().stopped || !self.put(|state| state.request = Some(request)) {
            return Err(NoReply::Stopped);
        }
        for _ in 0..if self.shared.spins { LOOKS } else { 0 } {
            if self.shared.for_solver.load(Ordering::Acquire) {
                break;
            }
            std::hint::spin_loop();
        }
        let mut state = self.shared.state();
        loop {
            if let Some(answer) = state.answer.take() {
                return answer;
            }
            if state.stopped {
                return Err(NoReply::Stopped);
            }
            state = self.shared.answered.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// JavaScript's end of a solve that runs on its own thread.
#[napi(custom_finalize)]
pub struct Session {
    shared: Arc<Shared>,
    callback: RefCell<Option<Callback>>,
    wake: Weak<Wake>,
    turn_ends: Cell<Instant>,
}

/// What [`Session::pump`] came to.
pub enum Pumped {
    /// Nothing to do: `wake` will be called.
    Waiting,
    /// The outcome is there.
    Ended,
    /// The answer is owed; the process stays alive only if the promise keeps it.
    Promise(sys::napi_value),
}

impl ToNapiValue for Pumped {
    unsafe fn to_napi_value(env: sys::napi_env, pumped: Self) -> Result<sys::napi_value> {
        // SAFETY: as the caller promises.
        unsafe {
            match pumped {
                Self::Waiting => bool::to_napi_value(env, false),
                Self::Ended => bool::to_napi_value(env, true),
                Self::Promise(promise) => Ok(promise),
            }
        }
    }
}

#[napi]
impl Session {
    /// Answers requests until there is none, the event loop's turn has come, or an answer is a promise (which is returned).
    /// True: the solve has ended. `woken` begins a new turn.
    #[napi(ts_return_type = "boolean | Promise<Float64Array | string | null>")]
    pub fn pump(&self, env: &Env, woken: bool) -> Result<Pumped> {
        if woken {
            self.turn_ends.set(Instant::now() + TURN);
        }
        self.shared.state().pumping = true;
        while let Some(request) = self.next_request() {
            let called = match &mut *self.callback.borrow_mut() {
                Some(callback) => callback.call(&request),
                None => Ok(Called::Answer(Err(NoReply::Stopped))),
            };
            match called {
                Ok(Called::Answer(answer)) => self.shared.answer(answer),
                Ok(Called::Promise(promise)) => {
                    self.shared.state().pumping = false;
                    self.keep_alive(env, false);
                    return Ok(Pumped::Promise(promise));
                }
                Err(error) => {
                    self.shared.state().pumping = false;
                    self.shared.stop();
                    return Err(error);
                }
            }
        }
        Ok(if self.shared.state().outcome.is_some() { Pumped::Ended } else { Pumped::Waiting })
    }

    /// The answer that a promise has resolved to. The façade pumps afterwards.
    #[napi(ts_args_type = "answer: Float64Array | string | null")]
    pub fn answer(&self, env: &Env, answer: Unknown<'_>) -> Result<()> {
        self.keep_alive(env, true);
        // SAFETY: the argument is a live handle.
        if let Called::Answer(answer) = unsafe { read(env.raw(), answer.raw(), None) }? {
            self.shared.answer(answer);
        }
        Ok(())
    }

    /// Lets the solver go on without the answer that it waits for; it ends with what it has.
    #[napi]
    pub fn stop(&self, env: &Env) {
        self.keep_alive(env, true);
        self.shared.stop();
    }

    /// The outcome: returned, or thrown. Once only.
    #[napi(ts_return_type = "object")]
    pub fn outcome(&self, env: &Env) -> Result<Raw> {
        self.callback.take();
        let outcome = self.shared.state().outcome.take();
        outcome
            .map_or_else(|| Err(Error::from_reason("the solve has not ended")), |outcome| outcome(env))
            .map(Raw)
    }
}

impl Session {
    fn next_request(&self) -> Option<Request> {
        let mut now = Instant::now();
        let look_until = (now + LOOKOUT).min(self.turn_ends.get());
        while self.shared.spins && now < look_until {
            for _ in 0..64 {
                if self.shared.for_pump.load(Ordering::Acquire) {
                    break;
                }
                std::hint::spin_loop();
            }
            if self.shared.for_pump.load(Ordering::Acquire) {
                break;
            }
            now = Instant::now();
        }
        let mut state = self.shared.state();
        self.shared.for_pump.store(false, Ordering::Release);
        let turn_is_over = now >= self.turn_ends.get();
        if turn_is_over && state.request.is_some() {
            // The solver was told that nobody need be woken.
            if let Some(wake) = self.wake.upgrade() {
                wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
            }
        }
        let request = if turn_is_over { None } else { state.request.take() };
        state.pumping = request.is_some();
        request
    }

    /// While JavaScript owes an answer, its promise alone decides whether the process lives on.
    fn keep_alive(&self, env: &Env, on: bool) {
        let Some(wake) = self.wake.upgrade() else { return };
        // SAFETY: this is the environment's thread, and `wake` keeps the function alive.
        unsafe {
            if on {
                sys::napi_ref_threadsafe_function(env.raw(), wake.raw());
            } else {
                sys::napi_unref_threadsafe_function(env.raw(), wake.raw());
            }
        }
    }
}

impl ObjectFinalize for Session {
    fn finalize(self, _: Env) -> Result<()> {
        self.shared.stop();
        // Collected after its outcome was taken, it has none; otherwise the environment ends, and its references with it.
        std::mem::forget(self.callback.take());
        Ok(())
    }
}

/// A handle that was made by hand.
pub struct Raw(sys::napi_value);

impl ToNapiValue for Raw {
    unsafe fn to_napi_value(_: sys::napi_env, Self(value): Self) -> Result<sys::napi_value> {
        Ok(value)
    }
}

/// Runs `work` on a thread of its own; what it asks for, `dispatch` answers. `wake` must not throw.
pub fn start<T: ToNapiValue + Send + 'static>(
    env: &Env,
    dispatch: &Dispatch<'_>,
    wake: &Function<'_, (), ()>,
    work: impl FnOnce(Arc<dyn Evaluate>) -> std::result::Result<T, Failure> + Send + 'static,
) -> Result<Session> {
    let callback = Callback::new(env, dispatch)?;
    let wake: Arc<Wake> = Arc::new(wake.build_threadsafe_function::<()>().build()?);
    let weak_wake = Arc::downgrade(&wake);
    let shared = Arc::new(Shared {
        state: Mutex::default(),
        answered: Condvar::new(),
        for_pump: AtomicBool::new(false),
        for_solver: AtomicBool::new(false),
        spins: thread::available_parallelism().is_ok_and(|processors| processors.get() > 1),
    });
    let link = Arc::new(Link { shared: Arc::clone(&shared), wake });
    thread::Builder::new()
        .name("equipoise-solve".into())
        .spawn(move || {
            let outcome = caught(|| work(Arc::clone(&link) as Arc<dyn Evaluate>));
            link.put(|state| {
                state.outcome = Some(Box::new(move |env| match outcome {
                    // SAFETY: outcomes are converted on the environment's thread.
                    Ok(value) => unsafe { T::to_napi_value(env.raw(), value) },
                    Err(failure) => Err(failure.into_js(env)),
                }));
            });
        })
        .map_err(|error| Error::from_reason(format!("no thread could be started: {error}")))?;
    Ok(Session {
        shared,
        callback: RefCell::new(Some(callback)),
        wake: weak_wake,
        turn_ends: Cell::new(Instant::now()),
    })
}
