//! One run's hold on a store: what it may start from, and the one slot it writes.

use super::entry::{CacheEntry, EntryKind};
use super::store::{CacheKey, CacheStore};
use crate::control::{Stopwatch, unix_seconds};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A checkpoint better than the last by more than this is written at once.
const IMPROVEMENT: f64 = 1e-12;
/// A checkpoint as good as the last is written when that is at least this old (seconds).
const REWRITE_SECONDS: f64 = 2.0;

/// Where a loaded entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EntrySource {
    /// Given to the session, for a model like this one.
    Preloaded,
    /// Found under the session's own key.
    ExactKey,
}

/// What a session has to start from.
#[derive(Debug, Clone, PartialEq)]
pub enum Loaded {
    /// An entry and its origin.
    Found(CacheEntry, EntrySource),
    /// None, with the reason.
    Miss(String),
}

/// What became of an entry offered to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It is in the slot.
    Written,
    /// Its objective is not finite or above that of the entry in the slot.
    NotBetter,
    /// It is as good as the entry in the slot, which was written moments ago.
    TooSoon,
    /// The slot holds the answer of this run already.
    Finished,
    /// The store refused it, for this reason; the slot is as before.
    Failed(String),
}

#[derive(Default)]
struct State {
    preloaded: Option<CacheEntry>,
    best: Option<f64>,
    last_write: Option<Stopwatch>,
    is_finished: bool,
}

/// A run's session with a store. All its writes go to one slot, whose name no other session has.
///
/// A checkpoint never replaces a better one. Nothing here can fail a run.
pub struct CacheSession {
    store: Arc<dyn CacheStore>,
    key: CacheKey,
    slot: String,
    rewrite_seconds: f64,
    state: Mutex<State>,
}

impl std::fmt::Debug for CacheSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CacheSession")
            .field("key", &self.key)
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}

impl CacheSession {
    /// A session under `key`.
    pub fn new(store: Arc<dyn CacheStore>, key: CacheKey) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Names a file; no number of any answer depends on it.
        let slot = format!("{:x}-{:x}-{number:x}", std::process::id(), (unix_seconds() * 1e6) as u64);
        Self { store, key, slot, rewrite_seconds: REWRITE_SECONDS, state: Mutex::default() }
    }

    /// With an entry of a model like this one, which the first [`load`](Self::load) gives in place of what the key has.
    #[must_use]
    pub fn with_preloaded(self, entry: CacheEntry) -> Self {
        self.lock().preloaded = Some(entry);
        self
    }

    /// With the best entry under another key, if there is one, as the preloaded entry: a model like this one.
    #[must_use]
    pub fn with_entry_of(self, near: &CacheKey) -> Self {
        match self.store.read(near).ok().and_then(|lookup| lookup.best().cloned()) {
            Some(entry) => self.with_preloaded(entry),
            None => self,
        }
    }

    /// With another age from which a checkpoint as good as the last is written again (2 s unless set).
    #[must_use]
    pub fn with_rewrite_seconds(mut self, seconds: f64) -> Self {
        self.rewrite_seconds = seconds;
        self
    }

    /// The key.
    pub fn key(&self) -> &CacheKey {
        &self.key
    }

    /// What a run should start from. A preloaded entry is given once; after that, and without one, what is stored under the key,
    /// by whichever run.
    pub fn load(&self) -> Loaded {
        match self.lock().preloaded.take() {
            Some(entry) => Loaded::Found(entry, EntrySource::Preloaded),
            None => self.look_up(),
        }
    }

    /// What [`load`](Self::load) would give, without using up a preloaded entry.
    pub fn peek(&self) -> Loaded {
        let preloaded = self.lock().preloaded.clone();
        preloaded.map_or_else(|| self.look_up(), |entry| Loaded::Found(entry, EntrySource::Preloaded))
    }

    fn look_up(&self) -> Loaded {
        let lookup = match self.store.read(&self.key) {
            Ok(lookup) => lookup,
            Err(error) => return Loaded::Miss(format!("the store cannot be read: {error}")),
        };
        match lookup.best() {
            Some(entry) => Loaded::Found(entry.clone(), EntrySource::ExactKey),
            None if lookup.unusable.is_empty() => Loaded::Miss("nothing is stored under this key".into()),
            None => Loaded::Miss(lookup.unusable.join("; ")),
        }
    }

    /// Offers a point on the way. It is written if it is the first, if it improves on the slot by more than 10⁻¹², or if it is as
    /// good as the slot and the last write is two seconds old; `payload` is made only then.
    pub fn checkpoint(
        &self,
        objective: f64,
        iteration: u64,
        payload: impl FnOnce() -> Vec<u8>,
    ) -> WriteOutcome {
        let mut state = self.lock();
        if state.is_finished {
            return WriteOutcome::Finished;
        }
        let best = state.best.unwrap_or(f64::INFINITY);
        if !objective.is_finite() || objective > best {
            return WriteOutcome::NotBetter;
        }
        let is_old = state.last_write.as_ref().is_none_or(|w| w.seconds() >= self.rewrite_seconds);
        if best - objective <= IMPROVEMENT && !is_old {
            return WriteOutcome::TooSoon;
        }
        let outcome = self.write(EntryKind::Checkpoint, objective, iteration, payload());
        if outcome == WriteOutcome::Written {
            state.best = Some(objective);
            state.last_write = Some(Stopwatch::default());
        }
        outcome
    }

    /// Puts the answer into the slot, whatever is there. Checkpoints are refused from then on.
    pub fn finish(&self, objective: f64, iteration: u64, payload: Vec<u8>) -> WriteOutcome {
        let mut state = self.lock();
        if !objective.is_finite() {
            return WriteOutcome::NotBetter;
        }
        let outcome = self.write(EntryKind::Final, objective, iteration, payload);
        state.is_finished |= outcome == WriteOutcome::Written;
        outcome
    }

    fn write(&self, kind: EntryKind, objective: f64, iteration: u64, payload: Vec<u8>) -> WriteOutcome {
        let entry = CacheEntry {
            payload,
            objective: Some(objective),
            iteration: Some(iteration),
            kind,
            written_seconds: unix_seconds(),
        };
        match self.store.write(&self.key, &self.slot, &entry) {
            Ok(()) => WriteOutcome::Written,
            Err(error) => {
                tracing::warn!(key = self.key.short(), %error, "a cached entry was not written");
                WriteOutcome::Failed(error.to_string())
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
