//! Cholesky factor of a principal submatrix that gains and loses rows, for active-set methods.
//!
//! Source: P. E. Gill, G. H. Golub, W. Murray, M. A. Saunders, Math. Comp. 28 (1974) 505–535 (methods C1 and B1).

use super::cholesky::{Cholesky, NotPositiveDefinite};
use super::parallel::Workers;
use super::sum::{axpy, dot};

/// A pivot of an appended row at or below this (diagonal scaled to 1) is taken for zero.
const SMALLEST_PIVOT: f64 = 1e-14;

/// H_FF = D L Lᵀ D for an ordered list F of rows of a symmetric matrix H with D = diag(√Hᵢᵢ).
#[derive(Debug, Clone)]
pub struct UpdatableCholesky {
    stride: usize,
    factor: Vec<f64>,
    inverse_scale: Vec<f64>,
    members: Vec<usize>,
}

impl UpdatableCholesky {
    /// An empty factor for at most `capacity` rows.
    pub fn new(capacity: usize) -> Self {
        Self {
            stride: capacity,
            factor: vec![0.0; capacity * capacity],
            inverse_scale: Vec::new(),
            members: Vec::new(),
        }
    }

    /// The rows of H that are factored, in the order of the factor.
    pub fn members(&self) -> &[usize] {
        &self.members
    }

    /// Factors H_FF from scratch for F = `members`; `matrix(i, j)` gives H.
    ///
    /// # Errors
    /// A pivot that is not positive; the factor is then empty.
    pub fn factor(
        &mut self,
        members: Vec<usize>,
        matrix: impl Fn(usize, usize) -> f64 + Sync + Send,
        workers: &Workers,
    ) -> Result<(), NotPositiveDefinite> {
        self.members.clear();
        self.inverse_scale.clear();
        let mut blocked = Cholesky::new(members.len());
        blocked.factor(|a, b| matrix(members[a], members[b]), workers)?;
        for a in 0..members.len() {
            let (row, scale) = blocked.row(a);
            self.factor[a * self.stride..a * self.stride + a + 1].copy_from_slice(row);
            self.inverse_scale.push(scale);
        }
        self.members = members;
        Ok(())
    }

    /// Appends row `j` of H.
    ///
    /// # Errors
    /// A pivot that is not safely positive; the factor is then unchanged.
    pub fn append(&mut self, j: usize, row_of_h: &[f64]) -> Result<(), NotPositiveDefinite> {
        let (m, stride) = (self.members.len(), self.stride);
        let diagonal = row_of_h[j];
        if !(diagonal > 0.0 && diagonal.is_finite()) {
            return Err(NotPositiveDefinite { index: m, pivot: diagonal });
        }
        let scale = 1.0 / diagonal.sqrt();
        let (done, new) = self.factor.split_at_mut(m * stride);
        for p in 0..m {
            let row = &done[p * stride..=p * stride + p];
            let entry = scale * self.inverse_scale[p] * row_of_h[self.members[p]];
            new[p] = (entry - dot(&row[..p], &new[..p])) / row[p];
        }
        let pivot = 1.0 - dot(&new[..m], &new[..m]);
        if !(pivot > SMALLEST_PIVOT && pivot.is_finite()) {
            return Err(NotPositiveDefinite { index: m, pivot });
        }
        new[m] = pivot.sqrt();
        self.members.push(j);
        self.inverse_scale.push(scale);
        Ok(())
    }

    /// Removes the row at `position` of the list by Givens rotations.
    pub fn remove(&mut self, position: usize) {
        let stride = self.stride;
        self.members.remove(position);
        self.inverse_scale.remove(position);
        let mut rotations: Vec<(f64, f64)> = Vec::with_capacity(self.members.len() - position);
        for r in position..self.members.len() {
            let next = (r + 1) * stride;
            self.factor.copy_within(next..next + r + 2, r * stride);
            let row = &mut self.factor[r * stride + position..r * stride + r + 2];
            for (t, &(c, s)) in rotations.iter().enumerate() {
                let (a, b) = (row[t], row[t + 1]);
                row[t] = c * a + s * b;
                row[t + 1] = c * b - s * a;
            }
            let last = rotations.len();
            let (a, b) = (row[last], row[last + 1]);
            let length = (a * a + b * b).sqrt();
            rotations.push((a / length, b / length));
            row[last] = length;
        }
    }

    /// x ← H_FF⁻¹ x, x in the order of [`UpdatableCholesky::members`].
    ///
    /// # Panics
    /// If x has another length than the list.
    pub fn solve(&self, x: &mut [f64]) {
        let (m, stride) = (self.members.len(), self.stride);
        assert_eq!(x.len(), m);
        for (x, s) in x.iter_mut().zip(&self.inverse_scale) {
            *x *= s;
        }
        for i in 0..m {
            let row = &self.factor[i * stride..=i * stride + i];
            x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
        }
        for i in (0..m).rev() {
            let row = &self.factor[i * stride..=i * stride + i];
            x[i] /= row[i];
            let xi = x[i];
            axpy(-xi, &row[..i], &mut x[..i]);
        }
        for (x, s) in x.iter_mut().zip(&self.inverse_scale) {
            *x *= s;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const K: usize = 7;

    fn example(entries: &[f64]) -> Vec<f64> {
        let mut h = vec![0.0; K * K];
        for i in 0..K {
            for j in 0..K {
                let inner: f64 = (0..K).map(|l| entries[i * K + l] * entries[j * K + l]).sum();
                h[i * K + j] = inner + if i == j { 0.5 } else { 0.0 };
            }
        }
        h
    }

    proptest! {
        #[test]
        fn any_sequence_of_changes_solves_the_current_system(
            entries in prop::collection::vec(-1.0f64..1.0, K * K),
            start in prop::collection::btree_set(0..K, 0..K),
            changes in prop::collection::vec(0..K, 1..20),
        ) {
            let h = example(&entries);
            let mut cholesky = UpdatableCholesky::new(K);
            cholesky.factor(start.into_iter().collect(), |i, j| h[i * K + j], &Workers::inline()).unwrap();
            for j in changes {
                match cholesky.members().iter().position(|&member| member == j) {
                    Some(position) => cholesky.remove(position),
                    None => cholesky.append(j, &h[j * K..(j + 1) * K]).unwrap(),
                }
                let members = cholesky.members().to_vec();
                let mut x: Vec<f64> =
                    members.iter().map(|&i| members.iter().map(|&j| h[i * K + j] * (1.0 + j as f64)).sum()).collect();
                cholesky.solve(&mut x);
                for (x, &j) in x.iter().zip(&members) {
                    prop_assert!((x - (1.0 + j as f64)).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn a_dependent_row_is_refused_and_changes_nothing() {
        let h = [1.0, 1.0, 1.0, 1.0];
        let mut cholesky = UpdatableCholesky::new(2);
        cholesky.append(0, &h[..2]).unwrap();
        assert!(cholesky.append(1, &h[2..]).is_err());
        assert_eq!(cholesky.members(), [0]);
        let mut x = [3.0];
        cholesky.solve(&mut x);
        assert_eq!(x, [3.0]);
    }
}
