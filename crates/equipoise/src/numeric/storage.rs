//! Large arrays in memory or in temporary files that are mapped into it: the same values, hence the same bits, either way.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::path::PathBuf;
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;

/// Where the entries of a matrix are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// In memory.
    #[default]
    Memory,
    /// In temporary files of a folder, mapped into memory: the system keeps of them what it has room for. The files have no
    /// name (on Windows they go when they are closed), so that nothing is left behind however the process ends.
    Mapped {
        /// An existing folder, on a disk rather than in memory.
        folder: PathBuf,
    },
}

/// A read-only array of plain numbers.
#[derive(Debug, Clone)]
pub(crate) enum Stored<T> {
    Memory(Vec<T>),
    Mapped(Arc<Mmap>),
}

impl<T> From<Vec<T>> for Stored<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Memory(values)
    }
}

impl<T: Pod> Deref for Stored<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        match self {
            Self::Memory(values) => values,
            // A mapping begins at a page, which is aligned for every number.
            Self::Mapped(map) => bytemuck::cast_slice(map),
        }
    }
}

impl<T: Pod + PartialEq> PartialEq for Stored<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Pod> Stored<T> {
    pub fn into_vec(self) -> Vec<T> {
        match self {
            Self::Memory(values) => values,
            Self::Mapped(_) => self.to_vec(),
        }
    }

    /// Bytes of the heap.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Memory(values) => values.capacity() * size_of::<T>(),
            Self::Mapped(_) => 0,
        }
    }

    /// Says that the elements of `range` are not needed soon: the process gives the pages of a mapped file back. To read them
    /// again costs time, nothing else.
    pub fn release(&self, range: Range<usize>) {
        #[cfg(unix)]
        if let Self::Mapped(map) = self {
            let (start, length) = (range.start * size_of::<T>(), range.len() * size_of::<T>());
            // SAFETY: the mapping is shared and read-only, so that a page given back is read from the file when it is needed.
            // A refusal by the system changes nothing.
            let _ = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, length) };
        }
        #[cfg(not(unix))]
        let _ = range;
    }
}

/// An array while it is written.
#[derive(Debug)]
pub(crate) enum StoredWriter<T> {
    Memory(Vec<T>),
    File { file: File, length: usize, element: PhantomData<T> },
}

impl<T: Pod> StoredWriter<T> {
    pub fn new(storage: &Storage) -> io::Result<Self> {
        Ok(match storage {
            Storage::Memory => Self::Memory(Vec::new()),
            Storage::Mapped { folder } => {
                Self::File { file: tempfile::tempfile_in(folder)?, length: 0, element: PhantomData }
            }
        })
    }

    /// Makes the array at least this long, with zeros.
    pub fn extend_to(&mut self, new_length: usize) -> io::Result<()> {
        match self {
            Self::Memory(values) if values.is_empty() => *values = vec![T::zeroed(); new_length],
            Self::Memory(values) => values.resize(new_length.max(values.len()), T::zeroed()),
            Self::File { file, length, .. } if *length < new_length => {
                file.set_len((new_length * size_of::<T>()) as u64)?;
                *length = new_length;
            }
            Self::File { .. } => {}
        }
        Ok(())
    }

    /// Writes `part` from `start` ≤ length on. Through the file, not through a mapping of it: a full disk is then an error
    /// and not the end of the process.
    pub fn write(&mut self, start: usize, part: &[T]) -> io::Result<()> {
        let end = start + part.len();
        match self {
            Self::Memory(values) => {
                values.resize(end.max(values.len()), T::zeroed());
                values[start..end].copy_from_slice(part);
            }
            Self::File { file, length, .. } => {
                file.seek(SeekFrom::Start((start * size_of::<T>()) as u64))?;
                file.write_all(bytemuck::cast_slice(part))?;
                *length = end.max(*length);
            }
        }
        Ok(())
    }

    /// Replaces every element.
    pub fn map(&mut self, replace: impl Fn(T) -> T) -> io::Result<()> {
        const BLOCK: usize = 1 << 16;
        match self {
            Self::Memory(values) => values.iter_mut().for_each(|value| *value = replace(*value)),
            Self::File { length, .. } => {
                let length = *length;
                for start in (0..length).step_by(BLOCK) {
                    let mut block = self.read(start..(start + BLOCK).min(length))?;
                    block.iter_mut().for_each(|value| *value = replace(*value));
                    self.write(start, &block)?;
                }
            }
        }
        Ok(())
    }

    /// A copy of the elements of `range`.
    pub fn read(&mut self, range: Range<usize>) -> io::Result<Vec<T>> {
        match self {
            Self::Memory(values) => Ok(values[range].to_vec()),
            Self::File { file, .. } => {
                let mut part = vec![T::zeroed(); range.len()];
                file.seek(SeekFrom::Start((range.start * size_of::<T>()) as u64))?;
                file.read_exact(bytemuck::cast_slice_mut(&mut part))?;
                Ok(part)
            }
        }
    }

    pub fn finish(self) -> io::Result<Stored<T>> {
        Ok(match self {
            Self::Memory(mut values) => {
                values.shrink_to_fit();
                Stored::Memory(values)
            }
            // The system maps no empty file.
            Self::File { length: 0, .. } => Stored::Memory(Vec::new()),
            Self::File { file, .. } => {
                // SAFETY: nobody else can change the file: it has no name, and this is its only handle, which ends here.
                Stored::Mapped(Arc::new(unsafe { Mmap::map(&file) }?))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storages() -> [Storage; 2] {
        [Storage::Memory, Storage::Mapped { folder: std::env::temp_dir() }]
    }

    #[test]
    fn what_is_written_is_read() {
        for storage in storages() {
            let mut writer = StoredWriter::<f64>::new(&storage).unwrap();
            writer.write(0, &[1.0, 2.0]).unwrap();
            writer.write(1, &[3.0, 4.0, 5.0]).unwrap();
            writer.extend_to(6).unwrap();
            writer.write(5, &[-0.5]).unwrap();
            writer.map(|x| 2.0 * x).unwrap();
            assert_eq!(writer.read(1..3).unwrap(), [6.0, 8.0]);
            let stored = writer.finish().unwrap();
            let want = [2.0, 6.0, 8.0, 10.0, 0.0, -1.0];
            assert_eq!(*stored, want);
            stored.release(1..5);
            assert_eq!(*stored.clone(), want);
            assert_eq!(stored.into_vec(), want);
        }
    }

    #[test]
    fn an_empty_array_needs_no_file() {
        for storage in storages() {
            assert!(StoredWriter::<u32>::new(&storage).unwrap().finish().unwrap().is_empty());
        }
    }

    #[test]
    fn a_mapped_array_leaves_nothing_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::Mapped { folder: folder.path().into() };
        let mut writer = StoredWriter::<u32>::new(&storage).unwrap();
        writer.write(0, &[7; 100]).unwrap();
        #[cfg(unix)]
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let stored = writer.finish().unwrap();
        assert_eq!(stored[99], 7);
        drop(stored);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let storage = Storage::Mapped { folder: "no such folder".into() };
        assert_eq!(StoredWriter::<u32>::new(&storage).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
