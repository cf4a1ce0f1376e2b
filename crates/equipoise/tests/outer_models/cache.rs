//! The directory store and the session: what is found, what is kept, and what a crash leaves behind.

use equipoise::error::InputCode;
use equipoise::outer::cache::{
    CacheEntry, CacheError, CacheKey, CacheSession, CacheStore, DirectoryOptions, DirectoryStore, EntryKind,
    EntrySource, Loaded, Lookup, WriteOutcome,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn key() -> CacheKey {
    CacheKey::new("model a").unwrap()
}

fn open(folder: &Path) -> Arc<DirectoryStore> {
    Arc::new(DirectoryStore::open(folder, DirectoryOptions::default()).unwrap())
}

fn objective(loaded: Loaded) -> Option<f64> {
    match loaded {
        Loaded::Found(entry, _) => entry.objective,
        Loaded::Miss(_) => None,
    }
}

fn reason(loaded: Loaded) -> String {
    match loaded {
        Loaded::Found(entry, _) => panic!("found {entry:?}"),
        Loaded::Miss(reason) => reason,
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_session_writes_what_is_better_and_ends_with_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let session = CacheSession::new(open(folder.path()), key());
    assert_eq!(reason(session.load()), "nothing is stored under this key");
    let offer = |objective: f64| session.checkpoint(objective, 1, || objective.to_string().into_bytes());
    assert_eq!(offer(f64::NAN), WriteOutcome::NotBetter);
    assert_eq!(offer(5.0), WriteOutcome::Written);
    assert_eq!(objective(session.load()), Some(5.0));
    assert_eq!(offer(3.0), WriteOutcome::Written, "better, although the last write is moments ago");
    assert_eq!(offer(5.0), WriteOutcome::NotBetter);
    assert_eq!(offer(3.0), WriteOutcome::TooSoon);
    assert_eq!(offer(3.0 - 1e-13), WriteOutcome::TooSoon);
    assert_eq!(objective(session.load()), Some(3.0));
    assert_eq!(session.finish(4.0, 9, b"answer".to_vec()), WriteOutcome::Written);
    let Loaded::Found(entry, EntrySource::ExactKey) = session.load() else { panic!() };
    assert_eq!((entry.kind, entry.objective, entry.iteration), (EntryKind::Final, Some(4.0), Some(9)));
    assert_eq!(entry.payload, b"answer");
    assert_eq!(offer(1.0), WriteOutcome::Finished);
    assert_eq!(files(folder.path()).len(), 1, "one slot");
}

#[test]
fn a_worse_checkpoint_never_replaces_a_better_one_however_old() {
    let folder = tempfile::tempdir().unwrap();
    let session = CacheSession::new(open(folder.path()), key()).with_rewrite_seconds(0.0);
    let offer = |objective: f64| session.checkpoint(objective, 1, Vec::new);
    assert_eq!(offer(2.0), WriteOutcome::Written);
    assert_eq!(offer(2.0), WriteOutcome::Written, "as good, and old enough");
    assert_eq!(offer(2.0 + 1e-15), WriteOutcome::NotBetter);
    assert_eq!(offer(5.0), WriteOutcome::NotBetter);
    assert_eq!(objective(session.load()), Some(2.0));
}

#[test]
fn a_preloaded_entry_wins_once_and_a_peek_does_not_use_it_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let near = CacheKey::new("model b").unwrap();
    CacheSession::new(store.clone(), near.clone()).checkpoint(8.0, 1, Vec::new);
    CacheSession::new(store.clone(), key()).checkpoint(7.0, 1, Vec::new);
    let session = CacheSession::new(store.clone(), key()).with_entry_of(&near);
    for _ in 0..2 {
        assert!(
            matches!(session.peek(), Loaded::Found(e, EntrySource::Preloaded) if e.objective == Some(8.0))
        );
    }
    assert!(matches!(session.load(), Loaded::Found(e, EntrySource::Preloaded) if e.objective == Some(8.0)));
    assert!(matches!(session.load(), Loaded::Found(e, EntrySource::ExactKey) if e.objective == Some(7.0)));
    let unknown = CacheKey::new("model c").unwrap();
    let session = CacheSession::new(store, key()).with_entry_of(&unknown);
    assert_eq!(objective(session.load()), Some(7.0));
}

#[test]
fn sessions_of_one_key_have_slots_of_their_own_and_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let first = CacheSession::new(open(folder.path()), key());
    let second = CacheSession::new(open(folder.path()), key());
    first.checkpoint(3.0, 1, Vec::new);
    second.checkpoint(4.0, 1, Vec::new);
    assert_eq!(files(folder.path()).len(), 2);
    assert_eq!(objective(second.load()), Some(3.0));
    second.finish(3.5, 2, Vec::new());
    assert_eq!(objective(first.load()), Some(3.5), "an answer comes before a checkpoint");
}

/// A writer may stop after any byte: the unfinished file is never taken for an entry, and an entry cut short is a miss that says why.
#[test]
fn a_crash_at_any_byte_leaves_the_old_entry_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let old = CacheEntry {
        payload: b"old".to_vec(),
        objective: Some(2.0),
        iteration: Some(1),
        kind: EntryKind::Checkpoint,
        written_seconds: 4e9,
    };
    let new = CacheEntry { payload: b"a new point".to_vec(), objective: Some(1.0), ..old.clone() };
    store.write(&key(), "slot", &old).unwrap();
    let path = files(folder.path()).remove(0);
    let bytes = new.encode(key().as_str());
    for length in 0..=bytes.len() {
        std::fs::write(path.with_file_name(".writing-x"), &bytes[..length]).unwrap();
        assert_eq!(store.read(&key()).unwrap().best(), Some(&old), "{length}");
    }
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let lookup = store.read(&key()).unwrap();
        assert_eq!(lookup.best(), None, "{length}");
        assert_eq!(lookup.unusable.len(), 1);
        assert!(lookup.unusable[0].starts_with("slot is corrupt: "), "{:?}", lookup.unusable);
    }
    assert!(reason(CacheSession::new(store.clone(), key()).load()).contains("corrupt"));
    store.write(&key(), "slot", &new).unwrap();
    assert_eq!(store.read(&key()).unwrap().best(), Some(&new));
}

const CHILD: &str = "EQUIPOISE_CACHE_CHILD";

/// Not a test of its own: with the variable set it is the process that the next test kills.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let session = CacheSession::new(open(Path::new(&folder)), key());
    for k in 0..u64::MAX {
        // 40 kB, so that the write takes more than one instant.
        let payload = || k.to_string().repeat(40_000 / k.to_string().len()).into_bytes();
        assert_eq!(session.checkpoint(-(k as f64), k, payload), WriteOutcome::Written);
    }
}

#[test]
fn a_killed_process_leaves_a_whole_entry() {
    for round in 0..8u64 {
        let folder = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cache::child_that_writes_until_it_is_killed"])
            .env(CHILD, folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Until there is a first entry; then a moment that differs from round to round.
        while objective(CacheSession::new(open(folder.path()), key()).load()).is_none() {
            assert_eq!(child.try_wait().unwrap(), None, "the child ended of itself");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(1_700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let Loaded::Found(entry, _) = CacheSession::new(open(folder.path()), key()).load() else {
            panic!("the entry is gone")
        };
        let k = entry.iteration.unwrap().to_string();
        assert_eq!(entry.payload, k.repeat(40_000 / k.len()).into_bytes());
        assert_eq!(entry.objective, Some(-(entry.iteration.unwrap() as f64)));
    }
}

#[test]
fn entries_past_their_time_are_misses_and_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let options = DirectoryOptions { time_to_live_seconds: 100.0, ..DirectoryOptions::default() };
    let store = Arc::new(DirectoryStore::open(folder.path(), options).unwrap());
    let entry = CacheEntry {
        payload: Vec::new(),
        objective: Some(1.0),
        iteration: None,
        kind: EntryKind::Final,
        written_seconds: 1e9,
    };
    store.write(&key(), "old", &entry).unwrap();
    let lookup = store.read(&key()).unwrap();
    assert_eq!(lookup.best(), None);
    assert_eq!(lookup.unusable, ["old is older than the time to live"]);
    let path = files(folder.path()).remove(0);
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(200);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    let unfinished = path.with_file_name(".writing-gone");
    std::fs::write(&unfinished, b"half").unwrap();
    let hours_ago = std::time::SystemTime::now() - Duration::from_secs(7200);
    std::fs::File::options().write(true).open(&unfinished).unwrap().set_modified(hours_ago).unwrap();
    CacheSession::new(store, CacheKey::new("another").unwrap()).checkpoint(1.0, 1, Vec::new);
    assert!(!path.exists() && !unfinished.exists());
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn the_oldest_entries_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let options = DirectoryOptions { size_budget_bytes: 5_000, ..DirectoryOptions::default() };
    let store = DirectoryStore::open(folder.path(), options).unwrap();
    let entry = |bytes: usize| CacheEntry {
        payload: vec![b'x'; bytes],
        objective: Some(1.0),
        iteration: None,
        kind: EntryKind::Final,
        written_seconds: 4e9,
    };
    let written = |slot: &str| store.read(&key()).unwrap().entries.iter().any(|(name, _)| name == slot);
    for (k, slot) in ["a", "b", "c"].into_iter().enumerate() {
        store.write(&key(), slot, &entry(1_300)).unwrap();
        let path = files(folder.path()).into_iter().find(|f| f.file_stem().unwrap() == slot).unwrap();
        let age = std::time::SystemTime::now() - Duration::from_secs(60 - 10 * k as u64);
        std::fs::File::options().write(true).open(path).unwrap().set_modified(age).unwrap();
    }
    assert!(written("a") && written("b") && written("c"));
    store.write(&key(), "d", &entry(1_300)).unwrap();
    assert!(!written("a") && written("b") && written("c") && written("d"));
    assert!(store.write(&key(), "e", &entry(6_000)).is_err(), "larger than the budget");
    assert!(written("d"));
    store.write(&key(), "f", &entry(4_700)).unwrap();
    assert!(written("f") && !written("d"), "what was just written stays");
}

#[test]
fn other_files_are_left_alone_and_bad_places_are_typed_errors() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let session = CacheSession::new(open(folder.path()), key());
    session.checkpoint(1.0, 1, Vec::new);
    assert!(folder.path().join("notes.txt").exists());
    let file = folder.path().join("notes.txt");
    let error = DirectoryStore::open(file, DirectoryOptions::default()).unwrap_err();
    assert_eq!((error.code, error.path.as_str()), (InputCode::File, "cache.directory"));
    for seconds in [0.0, -1.0, f64::NAN] {
        let options = DirectoryOptions { time_to_live_seconds: seconds, ..DirectoryOptions::default() };
        let error = DirectoryStore::open(folder.path(), options).unwrap_err();
        assert_eq!(error.path, "cache.timeToLiveSeconds");
    }
    let options = DirectoryOptions { size_budget_bytes: 0, ..DirectoryOptions::default() };
    assert_eq!(DirectoryStore::open(folder.path(), options).unwrap_err().path, "cache.sizeBudgetBytes");
    let store = open(folder.path());
    let entry = store.read(&key()).unwrap().best().unwrap().clone();
    for slot in ["", "../a", "a/b", "a.b"] {
        assert!(store.write(&key(), slot, &entry).is_err(), "{slot}");
    }
}

/// A store of the caller's own that cannot do anything.
struct Broken;

impl CacheStore for Broken {
    fn read(&self, _: &CacheKey) -> Result<Lookup, CacheError> {
        Err(CacheError { place: "the moon".into(), reason: "no connection".into() })
    }
    fn write(&self, _: &CacheKey, _: &str, _: &CacheEntry) -> Result<(), CacheError> {
        Err(CacheError { place: "the moon".into(), reason: "no connection".into() })
    }
}

#[test]
fn a_broken_store_is_a_miss_with_a_reason() {
    let session = CacheSession::new(Arc::new(Broken), key());
    assert!(reason(session.load()).contains("no connection"));
    let outcome = session.checkpoint(1.0, 1, Vec::new);
    assert_eq!(outcome, WriteOutcome::Failed("the moon: no connection".into()));
}
