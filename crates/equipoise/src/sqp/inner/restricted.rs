//! The subproblem over the free variables: fixed ones are moved to the right, their columns and entries are zero.

use super::{InnerProblem, Product};
use crate::numeric::sum::{axpy, dot, max_abs};
use crate::sqp::functions::SqpError;

/// min ½tᵀBt + gᵀt over A t = b for the free part t of d; vectors keep their length n, with zeros where fixed.
pub(super) struct Restricted {
    pub(super) n: usize,
    pub(super) m: usize,
    is_free: Vec<bool>,
    /// A without the columns of fixed variables.
    pub(super) rows: Vec<f64>,
    pub(super) right_side: Vec<f64>,
    pub(super) gradient: Vec<f64>,
    fixed: Vec<f64>,
    pub(super) products: usize,
}

impl Restricted {
    pub(super) fn new(problem: &InnerProblem<'_>, product: &mut Product<'_>) -> Result<Self, SqpError> {
        let (n, m) = (problem.gradient.len(), problem.right_side.len());
        assert_eq!(problem.rows.len(), n * m);
        let value = |j: usize| problem.fixed.get(j).copied().flatten();
        let mut out = Self {
            n,
            m,
            is_free: (0..n).map(|j| value(j).is_none()).collect(),
            rows: problem.rows.to_vec(),
            right_side: problem.right_side.to_vec(),
            gradient: problem.gradient.to_vec(),
            fixed: (0..n).map(|j| value(j).unwrap_or(0.0)).collect(),
            products: 0,
        };
        for i in 0..m {
            out.right_side[i] -= dot(&problem.rows[i * n..(i + 1) * n], &out.fixed);
            let row = &mut out.rows[i * n..(i + 1) * n];
            row.iter_mut().zip(&out.is_free).filter(|(_, free)| !**free).for_each(|(a, _)| *a = 0.0);
        }
        if out.fixed.iter().any(|d| *d != 0.0) {
            let mut image = vec![0.0; n];
            product(&out.fixed, &mut image)?;
            out.products += 1;
            axpy(1.0, &image, &mut out.gradient);
        }
        let gradient = std::mem::take(&mut out.gradient);
        out.gradient = out.masked(gradient);
        Ok(out)
    }

    /// The vector with zeros where fixed.
    pub(super) fn masked(&self, mut v: Vec<f64>) -> Vec<f64> {
        self.mask(&mut v);
        v
    }

    /// Zeros where fixed.
    pub(super) fn mask(&self, v: &mut [f64]) {
        v.iter_mut().zip(&self.is_free).filter(|(_, free)| !**free).for_each(|(v, _)| *v = 0.0);
    }

    /// B t over the free variables.
    pub(super) fn product(&mut self, product: &mut Product<'_>, t: &[f64]) -> Result<Vec<f64>, SqpError> {
        let mut out = vec![0.0; self.n];
        self.product_into(product, t, &mut out)?;
        Ok(out)
    }

    /// The same into `out` (n).
    pub(super) fn product_into(
        &mut self,
        product: &mut Product<'_>,
        t: &[f64],
        out: &mut [f64],
    ) -> Result<(), SqpError> {
        product(t, out)?;
        self.products += 1;
        self.mask(out);
        Ok(())
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.n..(i + 1) * self.n]
    }

    /// A v.
    pub(super) fn rows_times(&self, v: &[f64]) -> Vec<f64> {
        (0..self.m).map(|i| dot(self.row(i), v)).collect()
    }

    /// Aᵀy.
    pub(super) fn transposed_times(&self, y: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.n];
        (0..self.m).for_each(|i| axpy(y[i], self.row(i), &mut out));
        out
    }

    /// b − A t.
    pub(super) fn shortfalls(&self, t: &[f64]) -> Vec<f64> {
        self.right_side.iter().zip(self.rows_times(t)).map(|(b, v)| b - v).collect()
    }

    /// max|A t − b|.
    pub(super) fn constraint_residual(&self, t: &[f64]) -> f64 {
        max_abs(&self.shortfalls(t))
    }

    /// d of the free part t.
    pub(super) fn complete(&self, mut t: Vec<f64>) -> Vec<f64> {
        axpy(1.0, &self.fixed, &mut t);
        t
    }
}
