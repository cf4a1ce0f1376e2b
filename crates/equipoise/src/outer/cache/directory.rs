//! Entries in a folder: one file per slot, written beside its place, flushed and renamed.

use super::entry::CacheEntry;
use super::store::{CacheError, CacheKey, CacheStore, Lookup};
use crate::control::unix_seconds;
use crate::error::{InputCode, InputError};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

const EXTENSION: &str = "entry";
/// Beginning of the name of a file that is being written.
const UNFINISHED: &str = ".writing-";
/// An unfinished file older than this belongs to a process that is gone.
const UNFINISHED_SECONDS: f64 = 3600.0;

/// How long and how much a folder keeps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DirectoryOptions {
    /// Entries older than this many seconds are not used and are removed. Default 30 days.
    pub time_to_live_seconds: f64,
    /// The oldest entries are removed while all together have more bytes than this. Default 64 MiB.
    pub size_budget_bytes: u64,
}

impl Default for DirectoryOptions {
    fn default() -> Self {
        Self { time_to_live_seconds: 30.0 * 86_400.0, size_budget_bytes: 64 << 20 }
    }
}

/// A store in a folder, which several processes may share.
///
/// The file of a slot is `<fingerprint of the key>/<slot>.entry`.
#[derive(Debug, Clone)]
pub struct DirectoryStore {
    root: PathBuf,
    options: DirectoryOptions,
}

impl DirectoryStore {
    /// Opens `root`, which is made if it is not there.
    ///
    /// # Errors
    /// [`InputCode::OutOfRange`] for a time to live or a size budget that is not positive, [`InputCode::File`] for a folder that cannot
    /// be made.
    pub fn open(root: impl Into<PathBuf>, options: DirectoryOptions) -> Result<Self, InputError> {
        let root = root.into();
        if options.time_to_live_seconds.is_nan() || options.time_to_live_seconds <= 0.0 {
            let path = "cache.timeToLiveSeconds";
            return Err(InputError::out_of_range(path, "a number above 0", options.time_to_live_seconds));
        }
        if options.size_budget_bytes == 0 {
            return Err(InputError::out_of_range("cache.sizeBudgetBytes", "a number above 0", 0.0));
        }
        fs::create_dir_all(&root).map_err(|error| {
            let received = format!("{}: {error}", root.display());
            InputError::new(InputCode::File, "cache.directory", "a folder that can be written to", received)
        })?;
        Ok(Self { root, options })
    }

    fn folder(&self, key: &CacheKey) -> PathBuf {
        self.root.join(key.fingerprint())
    }

    /// Removes what is too old, then the oldest entries until the rest fits, but never `keep`.
    fn tidy(&self, keep: &Path) {
        let now = unix_seconds();
        let mut files = Vec::new();
        for folder in folders(&self.root) {
            for file in files_of(&folder) {
                let age = now - file.modified_seconds;
                let limit =
                    if file.is_unfinished { UNFINISHED_SECONDS } else { self.options.time_to_live_seconds };
                if age > limit {
                    remove(&file.path);
                } else if !file.is_unfinished {
                    files.push(file);
                }
            }
            // Fails while it has files, as it should.
            let _ = fs::remove_dir(&folder);
        }
        files.sort_by(|a, b| a.modified_seconds.total_cmp(&b.modified_seconds).then(a.path.cmp(&b.path)));
        let mut total: u64 = files.iter().map(|f| f.bytes).sum();
        for file in files {
            if total <= self.options.size_budget_bytes {
                break;
            }
            if file.path != keep {
                remove(&file.path);
                total -= file.bytes;
            }
        }
    }
}

impl CacheStore for DirectoryStore {
    fn read(&self, key: &CacheKey) -> Result<Lookup, CacheError> {
        let mut lookup = Lookup::default();
        let oldest = unix_seconds() - self.options.time_to_live_seconds;
        let mut files = files_of(&self.folder(key));
        files.retain(|file| !file.is_unfinished);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        for file in files {
            let slot = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = match fs::read(&file.path) {
                Ok(bytes) => bytes,
                Err(error) => {
                    lookup.unusable.push(format!("{slot} cannot be read: {error}"));
                    continue;
                }
            };
            match CacheEntry::decode(&bytes, key.as_str()) {
                Ok(entry) if entry.written_seconds < oldest => {
                    lookup.unusable.push(format!("{slot} is older than the time to live"));
                }
                Ok(entry) => lookup.entries.push((slot, entry)),
                Err(corrupt) => lookup.unusable.push(format!("{slot} is corrupt: {corrupt}")),
            }
        }
        Ok(lookup)
    }

    fn write(&self, key: &CacheKey, slot: &str, entry: &CacheEntry) -> Result<(), CacheError> {
        let folder = self.folder(key);
        let path = folder.join(format!("{slot}.{EXTENSION}"));
        let failure = |reason: String| CacheError { place: path.display().to_string(), reason };
        if slot.is_empty() || !slot.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(failure("the name of a slot has letters, digits and hyphens only".into()));
        }
        let bytes = entry.encode(key.as_str());
        if bytes.len() as u64 > self.options.size_budget_bytes {
            return Err(failure(format!("the entry of {} bytes exceeds the size budget", bytes.len())));
        }
        replace_file(&folder, &path, &bytes).map_err(|error| failure(error.to_string()))?;
        self.tidy(&path);
        Ok(())
    }
}

/// After a crash at any moment `path` has its old content or `bytes`: the new file is complete on the disk before it takes the name.
fn replace_file(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name as well; other systems have no handle of a folder to flush.
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

struct StoredFile {
    path: PathBuf,
    bytes: u64,
    modified_seconds: f64,
    is_unfinished: bool,
}

/// The folders of all keys. A folder that cannot be listed has none: reading it is a miss.
fn folders(root: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(root).into_iter().flatten().flatten();
    listed.filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir())).map(|entry| entry.path()).collect()
}

/// Entries and unfinished files of one folder; other files are left alone.
fn files_of(folder: &Path) -> Vec<StoredFile> {
    let listed = fs::read_dir(folder).into_iter().flatten().flatten();
    listed
        .filter_map(|entry| {
            let path = entry.path();
            let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            let is_entry = path.extension().is_some_and(|e| e == EXTENSION);
            let metadata = entry.metadata().ok().filter(|m| m.is_file() && (is_entry || is_unfinished))?;
            let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
            Some(StoredFile {
                path,
                bytes: metadata.len(),
                modified_seconds: modified.as_secs_f64(),
                is_unfinished,
            })
        })
        .collect()
}

/// Another process may have removed it already.
fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!(path = %path.display(), %error, "a cached entry was not removed");
    }
}
