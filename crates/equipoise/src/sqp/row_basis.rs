//! An orthonormal basis of some rows of the Jacobian, restricted to free variables: least-squares multipliers and
//! minimum-norm corrections.

use crate::numeric::sum::{axpy, dot, norm_two};

/// A row counts as dependent below this part of its length after projection.
const DEPENDENT: f64 = 1e-10;

/// Aᵀ = QR for the rows that are independent, by Gram–Schmidt with one repetition.
#[derive(Debug, Clone, Default)]
pub(super) struct RowBasis {
    /// Orthonormal vectors (n each).
    basis: Vec<Vec<f64>>,
    /// Upper triangle by columns.
    triangle: Vec<Vec<f64>>,
    /// Positions, among the rows given, of those kept.
    kept: Vec<usize>,
}

impl RowBasis {
    /// Of the given rows (n each) with the entries of variables that are not free set to zero.
    pub fn new<'a>(rows: impl Iterator<Item = &'a [f64]>, free: &[bool]) -> Self {
        let mut out = Self::default();
        for (position, row) in rows.enumerate() {
            let mut v: Vec<f64> =
                row.iter().zip(free).map(|(a, free)| if *free { *a } else { 0.0 }).collect();
            let length = norm_two(&v);
            let mut coefficients = vec![0.0; out.basis.len() + 1];
            for _ in 0..2 {
                for (k, q) in out.basis.iter().enumerate() {
                    let along = dot(q, &v);
                    coefficients[k] += along;
                    axpy(-along, q, &mut v);
                }
            }
            let rest = norm_two(&v);
            if rest.is_nan() || rest <= DEPENDENT * length {
                continue;
            }
            v.iter_mut().for_each(|v| *v /= rest);
            *coefficients.last_mut().expect("one more") = rest;
            out.basis.push(v);
            out.triangle.push(coefficients);
            out.kept.push(position);
        }
        out
    }

    /// y with the smallest ‖g − Aᵀy‖ over the free variables; 0 for dependent rows. `count` rows were given.
    pub fn least_squares(&self, g: &[f64], count: usize) -> Vec<f64> {
        let mut rest = g.to_vec();
        let mut y: Vec<f64> = Vec::with_capacity(self.basis.len());
        for q in &self.basis {
            let along = dot(q, &rest);
            axpy(-along, q, &mut rest);
            y.push(along);
        }
        for j in (0..y.len()).rev() {
            y[j] /= self.triangle[j][j];
            let (above, at) = y.split_at_mut(j);
            axpy(-at[0], &self.triangle[j][..j], above);
        }
        let mut out = vec![0.0; count];
        self.kept.iter().zip(y).for_each(|(&i, y)| out[i] = y);
        out
    }

    /// The shortest p over the free variables with aᵢᵀp = bᵢ for the independent rows.
    pub fn minimum_norm(&self, b: &[f64], n: usize) -> Vec<f64> {
        let mut u = Vec::with_capacity(self.basis.len());
        for (j, column) in self.triangle.iter().enumerate() {
            let known = dot(&column[..j], &u);
            u.push((b[self.kept[j]] - known) / column[j]);
        }
        let mut p = vec![0.0; n];
        self.basis.iter().zip(&u).for_each(|(q, &u)| axpy(u, q, &mut p));
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependent_rows_are_left_out() {
        let rows: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[2.0, 4.0, -1.0], &[0.0, 1.0, 7.0]];
        let basis = RowBasis::new(rows.into_iter(), &[true, true, false]);
        let y = basis.least_squares(&[3.0, 7.0, 100.0], 3);
        assert!((y[0] - 3.0).abs() < 1e-14 && y[1] == 0.0 && (y[2] - 1.0).abs() < 1e-14);
        let p = basis.minimum_norm(&[5.0, 10.0, 2.0], 3);
        assert!((p[0] - 1.0).abs() < 1e-14 && (p[1] - 2.0).abs() < 1e-14 && p[2] == 0.0);
    }
}
