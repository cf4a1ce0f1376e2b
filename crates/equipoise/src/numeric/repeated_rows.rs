//! Which rows of a sparse matrix are equal, bit for bit.

use std::sync::OnceLock;

use super::parallel::Workers;
use super::sparse::SparseMatrix;

/// At least this many entries are looked at to judge how many are distinct.
const SAMPLE: usize = 4096;

/// Whether at most half of the rows are distinct: found once for a matrix, which never changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats(OnceLock<bool>);

/// What is known of a matrix is no part of it.
impl PartialEq for Repeats {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl SparseMatrix {
    /// True if, as far as a sample tells, at most half of the rows are distinct. The sample takes all copies of a row or none.
    pub fn has_repeated_rows(&self, workers: &Workers) -> bool {
        *self.repeats.0.get_or_init(|| mostly_repeated(&self.row_hashes(workers)))
    }

    /// A number for each row: equal for equal rows, and nearly always different for others.
    pub fn row_hashes(&self, workers: &Workers) -> Vec<u64> {
        let mut hashes = vec![0; self.num_rows()];
        workers.fill(&mut hashes, |start, chunk| {
            for (offset, hash) in chunk.iter_mut().enumerate() {
                let (columns, values) = self.row(start + offset);
                *hash = columns
                    .iter()
                    .zip(values)
                    .fold(0, |hash, (&j, value)| mixed(hash, value.to_bits().rotate_left(32) ^ u64::from(j)));
            }
            self.release_rows(start..start + chunk.len());
        });
        hashes
    }

    /// True if two rows have the same columns and the same values to the bit.
    pub fn rows_are_equal(&self, a: usize, b: usize) -> bool {
        let ((columns, values), (other_columns, other_values)) = (self.row(a), self.row(b));
        columns == other_columns && values.iter().zip(other_values).all(|(x, y)| x.to_bits() == y.to_bits())
    }
}

/// One more word in a hash: the finaliser of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, 453–472).
pub fn mixed(hash: u64, word: u64) -> u64 {
    let mut z = (hash ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// True if at most half of the hashes are distinct, judged by those that fall into a small class of hashes.
pub fn mostly_repeated(hashes: &[u64]) -> bool {
    let classes = (hashes.len() / SAMPLE).max(1).next_power_of_two() as u64;
    let mut sample: Vec<u64> = hashes.iter().copied().filter(|hash| hash % classes == 0).collect();
    // Few large groups may all miss the class.
    if sample.len() < SAMPLE / 4 {
        sample = hashes.to_vec();
    }
    let size = sample.len();
    sample.sort_unstable();
    sample.dedup();
    2 * sample.len() <= size
}
