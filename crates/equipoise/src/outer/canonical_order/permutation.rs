//! The order of coordinates that follows from what they are, not from where they stand.

/// A reordering of the coordinates of θ. Slot c of the canonical order holds native coordinate `native_of[c]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutation {
    native_of: Vec<usize>,
    canonical_of: Vec<usize>,
}

/// The native indices in canonical order: ascending by key, ties in native order. `None` where that is the native order itself.
pub fn canonical_permutation(keys: &[u64]) -> Option<Vec<usize>> {
    let order = sorted(keys, &[]);
    (!order.is_sorted()).then_some(order)
}

/// Ascending by key, then by each list of numbers, then by native index.
fn sorted(keys: &[u64], tie_breaks: &[&[f64]]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&a, &b| {
        tie_breaks
            .iter()
            .fold(keys[a].cmp(&keys[b]), |so_far, list| so_far.then_with(|| list[a].total_cmp(&list[b])))
    });
    order
}

impl Permutation {
    /// Of the keys of the first coordinates among n; the others stay where they are. Equal keys are ordered by the lists (n each): what
    /// the caller says of each coordinate besides its key. `None` where the order is the native one.
    ///
    /// # Panics
    /// If there are more keys than coordinates.
    pub fn new(keys: &[u64], n: usize, tie_breaks: &[&[f64]]) -> Option<Self> {
        assert!(keys.len() <= n);
        let mut native_of = sorted(keys, tie_breaks);
        if native_of.is_sorted() {
            return None;
        }
        native_of.extend(keys.len()..n);
        let mut canonical_of = vec![0; n];
        for (slot, &native) in native_of.iter().enumerate() {
            canonical_of[native] = slot;
        }
        Some(Self { native_of, canonical_of })
    }

    /// Length of θ.
    pub fn len(&self) -> usize {
        self.native_of.len()
    }

    /// True for no coordinate at all, which has no other order than its own.
    pub fn is_empty(&self) -> bool {
        self.native_of.is_empty()
    }

    /// A vector in canonical order; one of another length is returned as it is.
    pub fn to_canonical<T: Clone>(&self, native: &[T]) -> Vec<T> {
        reordered(native, &self.native_of)
    }

    /// A vector in native order; one of another length is returned as it is.
    pub fn to_native<T: Clone>(&self, canonical: &[T]) -> Vec<T> {
        reordered(canonical, &self.canonical_of)
    }

    /// A matrix (n × n by rows) in canonical order; one of another size is returned as it is.
    pub fn matrix_to_canonical(&self, native: &[f64]) -> Vec<f64> {
        reordered_matrix(native, &self.native_of)
    }

    /// A matrix (n × n by rows) in native order; one of another size is returned as it is.
    pub fn matrix_to_native(&self, canonical: &[f64]) -> Vec<f64> {
        reordered_matrix(canonical, &self.canonical_of)
    }

    /// The canonical slot of a native index; an index beyond θ is returned as it is.
    pub fn index_to_canonical(&self, native: usize) -> usize {
        self.canonical_of.get(native).copied().unwrap_or(native)
    }

    /// The native index of a canonical slot; a slot beyond θ is returned as it is.
    pub fn index_to_native(&self, canonical: usize) -> usize {
        self.native_of.get(canonical).copied().unwrap_or(canonical)
    }

    /// The native indices of canonical slots, ascending.
    pub fn indices_to_native(&self, canonical: &[usize]) -> Vec<usize> {
        let mut native: Vec<usize> = canonical.iter().map(|&slot| self.index_to_native(slot)).collect();
        native.sort_unstable();
        native
    }
}

/// The native indices that have equal keys and equal entries in every list, in groups: coordinates that no order tells apart. They must
/// be interchangeable, or the result may depend on how the model was written.
pub fn tied(keys: &[u64], tie_breaks: &[&[f64]]) -> Vec<Vec<usize>> {
    let order = sorted(keys, tie_breaks);
    let same = |a: &usize, b: &usize| {
        keys[*a] == keys[*b] && tie_breaks.iter().all(|list| list[*a].total_cmp(&list[*b]).is_eq())
    };
    order.chunk_by(same).filter(|group| group.len() > 1).map(<[usize]>::to_vec).collect()
}

fn reordered<T: Clone>(values: &[T], source: &[usize]) -> Vec<T> {
    if values.len() != source.len() {
        return values.to_vec();
    }
    source.iter().map(|&i| values[i].clone()).collect()
}

fn reordered_matrix(matrix: &[f64], source: &[usize]) -> Vec<f64> {
    let n = source.len();
    if matrix.len() != n * n {
        return matrix.to_vec();
    }
    source.iter().flat_map(|&i| source.iter().map(move |&j| matrix[i * n + j])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_examples() {
        assert_eq!(canonical_permutation(&[3, 1, 2]), Some(vec![1, 2, 0]));
        assert_eq!(canonical_permutation(&[1, 1, 2]), None);
        assert_eq!(canonical_permutation(&[2, 2, 1]), Some(vec![2, 0, 1]));
        assert_eq!(canonical_permutation(&[]), None);
        assert_eq!(canonical_permutation(&[7]), None);
    }

    #[test]
    fn ties_are_broken_by_content_and_reported_where_they_cannot_be() {
        let keys = [5, 5, 5, 1];
        let starts = [2.0, 1.0, 2.0, 9.0];
        let order = Permutation::new(&keys, 4, &[&starts]).unwrap();
        assert_eq!(order.to_canonical(&[0, 1, 2, 3]), [3, 1, 0, 2]);
        assert_eq!(tied(&keys, &[&starts]), [[0, 2]]);
        assert_eq!(tied(&keys, &[]), [[0, 1, 2]]);
    }

    #[test]
    fn trailing_coordinates_stay() {
        let order = Permutation::new(&[2, 1], 4, &[]).unwrap();
        assert_eq!(order.to_canonical(&["a", "b", "c", "d"]), ["b", "a", "c", "d"]);
        assert_eq!(order.indices_to_native(&[0, 3]), [1, 3]);
        assert_eq!((order.index_to_canonical(9), order.index_to_native(9)), (9, 9));
        assert_eq!(order.to_canonical(&[1.0]), [1.0]);
        assert_eq!(order.matrix_to_native(&[1.0]), [1.0]);
    }

    proptest! {
        #[test]
        fn round_trips_change_nothing(keys in prop::collection::vec(0u64..5, 2..9), extra in 0usize..3) {
            let n = keys.len() + extra;
            let Some(order) = Permutation::new(&keys, n, &[]) else { return Ok(()) };
            let vector: Vec<usize> = (0..n).collect();
            prop_assert_eq!(&order.to_native(&order.to_canonical(&vector)), &vector);
            let canonical: Vec<u64> = order.to_canonical(&vector).iter().take(keys.len()).map(|&i| keys[i]).collect();
            prop_assert!(canonical.is_sorted());
            let matrix: Vec<f64> = (0..n * n).map(|k| k as f64).collect();
            prop_assert_eq!(&order.matrix_to_native(&order.matrix_to_canonical(&matrix)), &matrix);
            for i in 0..n {
                prop_assert_eq!(order.index_to_native(order.index_to_canonical(i)), i);
                prop_assert_eq!(order.to_canonical(&vector)[order.index_to_canonical(i)], i);
            }
        }
    }
}
