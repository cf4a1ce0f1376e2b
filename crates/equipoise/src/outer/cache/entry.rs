//! One cached entry, and its form in a file: a header that proves the rest complete, a line of metadata, the payload.

use crate::numeric::digest::Digest;
use serde::{Deserialize, Serialize};

/// First word of every file; the number is the version of the form.
const MAGIC: &str = "equipoise-cache-1";

/// Whether an entry is the answer of a run or a point on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EntryKind {
    /// A point of a run that has not ended.
    Checkpoint,
    /// The answer of a run that converged.
    Final,
}

/// What a session stores: bytes that the store does not look into, and what is needed to choose among entries.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheEntry {
    /// The encoded point.
    pub payload: Vec<u8>,
    /// The criterion there, if it is known.
    pub objective: Option<f64>,
    /// The iteration or evaluation it belongs to.
    pub iteration: Option<u64>,
    /// Answer or point on the way.
    pub kind: EntryKind,
    /// When it was written, in seconds since 1970.
    pub written_seconds: f64,
}

/// Why the bytes of a file are no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorruptEntry {
    /// The first line is not that of an entry of this version.
    #[error("it does not begin as an entry of this version does")]
    Header,
    /// Bytes are missing or too many.
    #[error("it has {received} bytes after its header where {expected} were written")]
    Length {
        /// Bytes the header promises.
        expected: usize,
        /// Bytes there are.
        received: usize,
    },
    /// The digest differs.
    #[error("its bytes do not have the digest they were written with")]
    Digest,
    /// The metadata cannot be read.
    #[error("its metadata cannot be read: {0}")]
    Metadata(String),
    /// The entry belongs to another key whose fingerprint is the same.
    #[error("it belongs to another key with the same fingerprint")]
    OtherKey,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    key: String,
    kind: EntryKind,
    objective: Option<f64>,
    iteration: Option<u64>,
    written_seconds: f64,
}

impl CacheEntry {
    /// The bytes of a file with this entry.
    pub fn encode(&self, key: &str) -> Vec<u8> {
        let metadata = Metadata {
            key: key.into(),
            kind: self.kind,
            objective: self.objective.filter(|f| f.is_finite()),
            iteration: self.iteration,
            written_seconds: self.written_seconds,
        };
        let mut body = serde_json::to_vec(&metadata).expect("metadata of numbers and text are JSON");
        body.push(b'\n');
        body.extend_from_slice(&self.payload);
        let mut bytes = format!("{MAGIC} {} {}\n", digest(&body), body.len()).into_bytes();
        bytes.extend_from_slice(&body);
        bytes
    }

    /// The entry of a file.
    ///
    /// # Errors
    /// What is wrong with the bytes. Any file that was cut short, and any with one changed byte, is refused.
    pub fn decode(bytes: &[u8], key: &str) -> Result<Self, CorruptEntry> {
        let (header, body) = split_line(bytes).ok_or(CorruptEntry::Header)?;
        let header = std::str::from_utf8(header).map_err(|_| CorruptEntry::Header)?;
        let mut words = header.split(' ');
        if words.next() != Some(MAGIC) {
            return Err(CorruptEntry::Header);
        }
        let (expected_digest, length) =
            words.next().zip(words.next().and_then(canonical_number)).ok_or(CorruptEntry::Header)?;
        if words.next().is_some() {
            return Err(CorruptEntry::Header);
        }
        if body.len() != length {
            return Err(CorruptEntry::Length { expected: length, received: body.len() });
        }
        if digest(body) != expected_digest {
            return Err(CorruptEntry::Digest);
        }
        let (metadata, payload) = split_line(body).ok_or(CorruptEntry::Metadata("no end of line".into()))?;
        let metadata: Metadata =
            serde_json::from_slice(metadata).map_err(|e| CorruptEntry::Metadata(e.to_string()))?;
        if metadata.key != key {
            return Err(CorruptEntry::OtherKey);
        }
        Ok(Self {
            payload: payload.to_vec(),
            objective: metadata.objective,
            iteration: metadata.iteration,
            kind: metadata.kind,
            written_seconds: metadata.written_seconds,
        })
    }
}

fn digest(body: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.add_bytes(body);
    digest.to_string()
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

/// A number written as we write it (no sign, no leading zero).
fn canonical_number(word: &str) -> Option<usize> {
    word.parse().ok().filter(|n: &usize| n.to_string() == word)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn entry(objective: f64, kind: EntryKind) -> CacheEntry {
        CacheEntry {
            payload: format!("point of value {objective}").into_bytes(),
            objective: Some(objective),
            iteration: Some(4),
            kind,
            written_seconds: 1.75e9,
        }
    }

    #[test]
    fn a_round_trip_keeps_every_bit() {
        for objective in [Some(0.1 + 0.2), Some(-1.234_567_890_123_456_7e-300), Some(f64::MAX), None] {
            let entry = CacheEntry {
                payload: vec![0, 10, 255, 13, 10],
                objective,
                iteration: None,
                kind: EntryKind::Final,
                written_seconds: 1.764_250_000_123_456e9,
            };
            assert_eq!(CacheEntry::decode(&entry.encode("k"), "k").as_ref(), Ok(&entry));
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = entry(3.0, EntryKind::Checkpoint).encode("model a");
        for length in 0..bytes.len() {
            assert!(CacheEntry::decode(&bytes[..length], "model a").is_err(), "{length}");
        }
        let mut longer = bytes.clone();
        longer.push(b' ');
        assert!(matches!(CacheEntry::decode(&longer, "model a"), Err(CorruptEntry::Length { .. })));
        assert_eq!(CacheEntry::decode(&bytes, "model b"), Err(CorruptEntry::OtherKey));
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let bytes = entry(3.0, EntryKind::Checkpoint).encode("model a");
        for place in 0..bytes.len() {
            for change in [1u8, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[place] ^= change;
                assert!(CacheEntry::decode(&changed, "model a").is_err(), "{place} {change}");
            }
        }
    }
}
