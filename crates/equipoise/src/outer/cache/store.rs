//! Where entries are kept: a trait, so that a database or an object store can take the place of a folder.

use super::entry::CacheEntry;
use crate::error::{InputCode, InputError};
use crate::numeric::digest::Digest;

/// What identifies a model and its data: entries are found again under an equal key.
///
/// A text that must change whenever the criterion changes: put digests of the data, the formula and the options of the inner solve
/// into it. It is stored whole, so that two keys of one fingerprint cannot be taken for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheKey(String);

/// Longest key in bytes; longer identities are better digested.
const LONGEST_KEY: usize = 4096;

impl CacheKey {
    /// A key.
    ///
    /// # Errors
    /// [`InputCode::Empty`] for an empty text, [`InputCode::TooLarge`] beyond 4096 bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, InputError> {
        let text = text.into();
        if text.is_empty() {
            return Err(InputError::new(InputCode::Empty, "cache.key", "a text", "an empty one"));
        }
        if text.len() > LONGEST_KEY {
            let received = format!("{} bytes", text.len());
            let expected = format!("at most {LONGEST_KEY} bytes");
            return Err(InputError::new(InputCode::TooLarge, "cache.key", expected, received));
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// 16 hexadecimal digits (FNV-1a 64 of the text), for names of files.
    pub fn fingerprint(&self) -> String {
        let mut digest = Digest::default();
        digest.add_bytes(self.0.as_bytes());
        digest.to_string()
    }

    /// The first 8 digits of the fingerprint, for messages.
    pub fn short(&self) -> String {
        self.fingerprint()[..8].into()
    }
}

/// A store that cannot be read or written. It never stops a run: a read counts as a miss.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct CacheError {
    /// The file, table or address.
    pub place: String,
    /// What is wrong there.
    pub reason: String,
}

/// What a store holds under one key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lookup {
    /// Each readable entry with the name of its slot, in the order of the names.
    pub entries: Vec<(String, CacheEntry)>,
    /// A sentence about each entry that cannot be used: corrupt, too old.
    pub unusable: Vec<String>,
}

impl Lookup {
    /// The entry to go on from: answers before checkpoints; then the least objective; then the newest; then the first slot.
    pub fn best(&self) -> Option<&CacheEntry> {
        let rank = |entry: &CacheEntry| {
            let objective = entry.objective.filter(|f| f.is_finite()).unwrap_or(f64::INFINITY);
            (entry.kind == super::EntryKind::Checkpoint, objective, -entry.written_seconds)
        };
        self.entries
            .iter()
            .min_by(|(slot, entry), (other_slot, other)| {
                let ((checkpoint, objective, age), (b, c, d)) = (rank(entry), rank(other));
                checkpoint
                    .cmp(&b)
                    .then(objective.total_cmp(&c))
                    .then(age.total_cmp(&d))
                    .then(slot.cmp(other_slot))
            })
            .map(|(_, entry)| entry)
    }
}

/// A store of entries under keys. One key has one slot per run.
pub trait CacheStore: Send + Sync {
    /// Everything under `key`.
    ///
    /// # Errors
    /// Where the store cannot be read at all; one bad entry belongs into [`Lookup::unusable`].
    fn read(&self, key: &CacheKey) -> Result<Lookup, CacheError>;

    /// Puts `entry` into a slot. After a crash at any moment the slot holds the old entry or the new one, whole.
    ///
    /// # Errors
    /// Where the entry was not written; the slot is then as before.
    fn write(&self, key: &CacheKey, slot: &str, entry: &CacheEntry) -> Result<(), CacheError>;
}

#[cfg(test)]
mod tests {
    use super::super::EntryKind;
    use super::super::entry::tests::entry;
    use super::*;

    #[test]
    fn answers_come_first_then_the_least_objective() {
        let mut lookup = Lookup::default();
        assert_eq!(lookup.best(), None);
        lookup.entries.push(("a".into(), entry(1.0, EntryKind::Checkpoint)));
        lookup.entries.push(("b".into(), entry(0.5, EntryKind::Checkpoint)));
        assert_eq!(lookup.best().unwrap().objective, Some(0.5));
        lookup.entries.push(("c".into(), entry(3.0, EntryKind::Final)));
        lookup.entries.push(("d".into(), entry(2.0, EntryKind::Final)));
        assert_eq!(lookup.best().unwrap().objective, Some(2.0));
        let newer = CacheEntry { written_seconds: 1.8e9, iteration: Some(9), ..entry(2.0, EntryKind::Final) };
        lookup.entries.push(("e".into(), newer));
        assert_eq!(lookup.best().unwrap().iteration, Some(9));
    }

    #[test]
    fn keys_are_bounded_texts() {
        assert_eq!(CacheKey::new("").unwrap_err().code, InputCode::Empty);
        assert_eq!(CacheKey::new("x".repeat(4097)).unwrap_err().code, InputCode::TooLarge);
        let key = CacheKey::new("model").unwrap();
        assert_eq!((key.fingerprint().len(), key.short().len()), (16, 8));
    }
}
