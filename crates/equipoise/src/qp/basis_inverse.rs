//! The explicit inverse of a simplex basis: rank-one updates, and a fresh elimination from time to time.

use crate::numeric::sum::{axpy, dot};

/// A pivot below this, relative to the largest entry of its column, makes a basis numerically singular.
const SINGULAR: f64 = 1e-12;

/// B⁻¹ of an m × m basis, row-major: row p belongs to the variable at position p of the basis.
#[derive(Debug, Clone)]
pub(super) struct BasisInverse {
    order: usize,
    entries: Vec<f64>,
}

impl BasisInverse {
    /// The inverse of −I, the basis of the row activities.
    pub(super) fn negative_identity(order: usize) -> Self {
        let mut entries = vec![0.0; order * order];
        for p in 0..order {
            entries[p * order + p] = -1.0;
        }
        Self { order, entries }
    }

    pub(super) fn row(&self, p: usize) -> &[f64] {
        &self.entries[p * self.order..(p + 1) * self.order]
    }

    /// B⁻¹a of a sparse column.
    pub(super) fn times_sparse(&self, rows: &[u32], values: &[f64]) -> Vec<f64> {
        (0..self.order)
            .map(|p| {
                let row = self.row(p);
                rows.iter().zip(values).map(|(&i, &a)| row[i as usize] * a).sum()
            })
            .collect()
    }

    /// B⁻¹b of a dense column.
    pub(super) fn times(&self, b: &[f64]) -> Vec<f64> {
        (0..self.order).map(|p| dot(self.row(p), b)).collect()
    }

    /// cᵀB⁻¹ (zeros of c are skipped).
    pub(super) fn left_times(&self, c: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.order];
        for (p, &c) in c.iter().enumerate().filter(|(_, c)| **c != 0.0) {
            axpy(c, self.row(p), &mut out);
        }
        out
    }

    /// Puts a column with B⁻¹a = `direction` at position p.
    pub(super) fn replace(&mut self, p: usize, direction: &[f64]) {
        let m = self.order;
        let pivot_row: Vec<f64> = self.row(p).iter().map(|v| v / direction[p]).collect();
        for (i, &d) in direction.iter().enumerate() {
            if i != p && d != 0.0 {
                axpy(-d, &pivot_row, &mut self.entries[i * m..(i + 1) * m]);
            }
        }
        self.entries[p * m..(p + 1) * m].copy_from_slice(&pivot_row);
    }

    /// Builds the inverse anew from the columns `column(p)` by pivoting each into the identity, the largest pivot
    /// among the rows still free. Returns for each position of the result the column that came to stand there, or
    /// `None` if the columns are numerically dependent (the inverse is then unusable).
    ///
    /// Columns that are −eᵢ go first: they cost nothing.
    pub(super) fn rebuild<'a>(
        order: usize,
        columns: impl Fn(usize) -> (&'a [u32], &'a [f64]),
        unit_row: impl Fn(usize) -> Option<usize>,
    ) -> Option<(Self, Vec<usize>)> {
        let mut out = Self::negative_identity(order);
        let mut holder: Vec<Option<usize>> = vec![None; order];
        for p in 0..order {
            if let Some(i) = unit_row(p) {
                holder[i] = Some(p);
            }
        }
        for p in (0..order).filter(|&p| unit_row(p).is_none()) {
            let (rows, values) = columns(p);
            let direction = out.times_sparse(rows, values);
            let mut best = None;
            for (i, d) in direction.iter().enumerate() {
                if holder[i].is_none() && best.is_none_or(|b: usize| d.abs() > direction[b].abs()) {
                    best = Some(i);
                }
            }
            let pivot = best?;
            let largest = values.iter().fold(0.0f64, |a, v| a.max(v.abs()));
            if direction[pivot].abs() <= SINGULAR * largest {
                return None;
            }
            out.replace(pivot, &direction);
            holder[pivot] = Some(p);
        }
        Some((out, holder.into_iter().collect::<Option<Vec<usize>>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rebuilding_and_replacing_agree() {
        let columns: [(&[u32], &[f64]); 3] =
            [(&[0, 2], &[2.0, 1.0]), (&[1], &[-1.0]), (&[0, 1], &[1.0, 3.0])];
        let unit = |p: usize| (p == 1).then_some(1);
        let (inverse, holder) = BasisInverse::rebuild(3, |p| columns[p], unit).unwrap();
        for (position, &p) in holder.iter().enumerate() {
            let (rows, values) = columns[p];
            let image = inverse.times_sparse(rows, values);
            for (i, v) in image.iter().enumerate() {
                assert!((v - if i == position { 1.0 } else { 0.0 }).abs() < 1e-15);
            }
        }
        let dependent: [(&[u32], &[f64]); 2] = [(&[0, 1], &[1.0, 1.0]), (&[0, 1], &[2.0, 2.0])];
        assert!(BasisInverse::rebuild(2, |p| dependent[p], |_| None).is_none());
    }
}
