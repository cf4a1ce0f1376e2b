//! Answers and checkpoints of earlier runs.
//!
//! A [`CacheSession`] belongs to one run and one [`CacheKey`]. It says what the run may start from, and keeps the best point so far in
//! one slot of a [`CacheStore`], so that a run that was killed goes on where it was. [`classify`] sorts what is found: the answer of
//! this very problem, a start, or nothing to use.

mod checkpointing;
mod directory;
mod entry;
mod payload;
mod resume;
mod session;
mod store;

pub use checkpointing::CheckpointingObjective;
pub use directory::{DirectoryOptions, DirectoryStore};
pub use entry::{CacheEntry, CorruptEntry, EntryKind};
pub use payload::{CacheDecision, CachedPoint, classify};
pub use resume::{CacheOutcome, CacheReport};
pub use session::{CacheSession, EntrySource, Loaded, WriteOutcome};
pub use store::{CacheError, CacheKey, CacheStore, Lookup};

pub(super) use resume::{Offer, certificate_of, consult, save, staleness, started_from};
