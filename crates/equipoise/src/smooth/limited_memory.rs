//! Limited-memory BFGS matrix in compact form.
//!
//! Source: R. H. Byrd, P. Lu, J. Nocedal and C. Zhu, *A limited memory algorithm for bound constrained optimization*, SIAM
//! J. Sci. Comput. 16 (1995) 1190–1208, §3, after R. H. Byrd, J. Nocedal and R. B. Schnabel, Math. Programming 63 (1994).
//!
//! With the pairs sⱼ = xⱼ₊₁ − xⱼ, yⱼ = gⱼ₊₁ − gⱼ, oldest first, as columns of S and Y (each n × k, k ≤ capacity):
//!
//! ```text
//! B = θI − W M Wᵀ,   W = [Y  θS],   M⁻¹ = [ −D   Lᵀ   ]    Dᵢᵢ = sᵢᵀyᵢ,  Lᵢⱼ = sᵢᵀyⱼ for i > j
//!                                         [  L   θSᵀS ]
//! ```

use super::restricted_products::RestrictedProducts;
use super::small_dense::{BlockFactor, Square};
use crate::numeric::sum::{axpy, dot};

/// One pair of columns.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub s: Vec<f64>,
    pub y: Vec<f64>,
}

/// What became of a new pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Update {
    /// It is in the matrix.
    Accepted,
    /// Its curvature is too small; the matrix is as it was.
    Skipped,
    /// The matrix lost positive definiteness by rounding and is the identity again.
    Reset,
}

/// The matrix B, positive definite by construction; the identity while it holds no pair.
#[derive(Debug)]
pub(super) struct LimitedMemory {
    capacity: usize,
    dimension: usize,
    theta: f64,
    pairs: Vec<Pair>,
    /// Storage for the next candidate, so that a skipped pair costs no allocation.
    spare: Option<Pair>,
    /// SᵀS, lower triangle.
    ss: Square,
    /// SᵀY, lower triangle with the diagonal: L + D.
    sy: Square,
    /// M, dense and symmetric, of order 2k.
    middle: Vec<f64>,
    /// Storage for forming M.
    middle_rows: Vec<f64>,
    factor: BlockFactor,
    restricted: RestrictedProducts,
}

impl LimitedMemory {
    pub fn new(dimension: usize, capacity: usize) -> Self {
        Self {
            capacity,
            dimension,
            theta: 1.0,
            pairs: Vec::with_capacity(capacity),
            spare: None,
            ss: Square::new(capacity),
            sy: Square::new(capacity),
            middle: Vec::new(),
            middle_rows: Vec::new(),
            factor: BlockFactor::new(capacity),
            restricted: RestrictedProducts::new(dimension, capacity),
        }
    }

    /// Number k of pairs; W has 2k columns.
    pub fn num_pairs(&self) -> usize {
        self.pairs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The scale θ of the initial matrix θI.
    pub fn theta(&self) -> f64 {
        self.theta
    }

    /// Forgets all pairs: B = I.
    pub fn reset(&mut self) {
        self.theta = 1.0;
        self.spare = self.pairs.pop().or(self.spare.take());
        self.pairs.clear();
        self.restricted.forget();
    }

    /// Takes the pair of the step from (x, g) to (x_next, g_next), in place of the oldest where the memory is full.
    ///
    /// A pair enters only if sᵀy > ε‖y‖² with ε the machine precision (§3 of the paper): B stays positive definite.
    pub fn update(&mut self, x: &[f64], x_next: &[f64], g: &[f64], g_next: &[f64]) -> Update {
        if self.capacity == 0 {
            return Update::Skipped;
        }
        let mut pair = self
            .spare
            .take()
            .unwrap_or_else(|| Pair { s: vec![0.0; self.dimension], y: vec![0.0; self.dimension] });
        for i in 0..self.dimension {
            pair.s[i] = x_next[i] - x[i];
            pair.y[i] = g_next[i] - g[i];
        }
        let (curvature, y_squared) = (dot(&pair.s, &pair.y), dot(&pair.y, &pair.y));
        // False for NaN and for the overflow of either product.
        if !(curvature > f64::EPSILON * y_squared && curvature.is_finite()) {
            self.spare = Some(pair);
            return Update::Skipped;
        }
        self.append(pair, curvature, y_squared / curvature);
        if self.factor_middle() {
            return Update::Accepted;
        }
        self.reset();
        Update::Reset
    }

    fn append(&mut self, pair: Pair, curvature: f64, theta: f64) {
        if self.pairs.len() == self.capacity {
            self.ss.drop_first(self.capacity);
            self.sy.drop_first(self.capacity);
            self.restricted.drop_first();
            self.spare = Some(self.pairs.remove(0));
        }
        let last = self.pairs.len();
        for (j, old) in self.pairs.iter().enumerate() {
            self.ss[(last, j)] = dot(&pair.s, &old.s);
            self.sy[(last, j)] = dot(&pair.s, &old.y);
        }
        self.ss[(last, last)] = dot(&pair.s, &pair.s);
        self.sy[(last, last)] = curvature;
        self.theta = theta;
        self.pairs.push(pair);
    }

    /// Forms M: it multiplies a vector at every breakpoint of the Cauchy search.
    fn factor_middle(&mut self) -> bool {
        let k = self.pairs.len();
        self.factor.first.clear();
        self.factor.coupling.clear();
        for i in 0..k {
            self.factor.first[(i, i)] = self.sy[(i, i)];
            for j in 0..i {
                self.factor.coupling[(i, j)] = self.sy[(i, j)];
            }
            for j in 0..=i {
                self.factor.second[(i, j)] = self.theta * self.ss[(i, j)];
            }
        }
        if !self.factor.factor(k) {
            return false;
        }
        self.factor.solve_identity(&mut self.middle_rows, &mut self.middle);
        self.middle.iter().all(|entry| entry.is_finite())
    }

    /// out ← M v, both of length 2k.
    pub fn middle_times(&self, v: &[f64], out: &mut [f64]) {
        for (out, row) in out.iter_mut().zip(self.middle.chunks_exact(v.len().max(1))) {
            *out = dot(row, v);
        }
    }

    /// out ← Wᵀ x: x has length n, out 2k.
    pub fn transpose_times(&self, x: &[f64], out: &mut [f64]) {
        let k = self.pairs.len();
        for (j, pair) in self.pairs.iter().enumerate() {
            out[j] = dot(&pair.y, x);
            out[k + j] = self.theta * dot(&pair.s, x);
        }
    }

    /// out ← out + α W v: v has length 2k, out n.
    pub fn add_times(&self, alpha: f64, v: &[f64], out: &mut [f64]) {
        let k = self.pairs.len();
        for (j, pair) in self.pairs.iter().enumerate() {
            axpy(alpha * v[j], &pair.y, out);
            axpy(alpha * self.theta * v[k + j], &pair.s, out);
        }
    }

    /// out ← row i of W, of length 2k.
    pub fn row(&self, i: usize, out: &mut [f64]) {
        let k = self.pairs.len();
        for (j, pair) in self.pairs.iter().enumerate() {
            out[j] = pair.y[i];
            out[k + j] = self.theta * pair.s[i];
        }
    }

    /// v ← (M⁻¹ − Wᵀ Z Zᵀ W/θ)⁻¹ v, Z the columns of the identity of the free variables; false if the factorisation
    /// fails, which only rounding can cause.
    ///
    /// By Sherman, Morrison and Woodbury, (ZᵀBZ)⁻¹ = I/θ + ZᵀW (M⁻¹ − WᵀZZᵀW/θ)⁻¹ WᵀZ/θ² (§5.1 of the paper).
    /// With F the free and A the other variables the matrix is
    ///
    /// ```text
    /// [ −(D + Y_FᵀY_F/θ)   Rᵀ       ]     Rᵢⱼ = (S_AᵀY_A)ᵢⱼ   for i > j
    /// [  R                 θS_AᵀS_A ]     Rᵢⱼ = −(S_FᵀY_F)ᵢⱼ  for i ≤ j
    /// ```
    pub fn solve_reduced(&mut self, is_free: &[bool], v: &mut [f64]) -> bool {
        let k = self.pairs.len();
        self.restricted.refresh(&self.pairs, is_free);
        for i in 0..k {
            for j in 0..=i {
                self.factor.first[(i, j)] = self.restricted.yy_free[(i, j)] / self.theta;
                self.factor.second[(i, j)] = self.theta * self.restricted.ss_bound[(i, j)];
                self.factor.coupling[(i, j)] = self.restricted.sy[(i, j)];
                self.factor.coupling[(j, i)] = -self.restricted.sy[(j, i)];
            }
            self.factor.first[(i, i)] += self.sy[(i, i)];
        }
        if !self.factor.factor(k) {
            return false;
        }
        self.factor.solve(v);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 7;

    /// Pairs of a fixed convex quadratic with Hessian H = diag(1..n) + ones: y = Hs.
    fn pairs(count: usize) -> Vec<(Vec<f64>, Vec<f64>)> {
        (0..count)
            .map(|k| {
                let s: Vec<f64> =
                    (0..N).map(|i| (((i + 1) * (k + 2)) % 5) as f64 - 1.75 + 0.1 * k as f64).collect();
                let total: f64 = s.iter().sum();
                let y = (0..N).map(|i| (i + 1) as f64 * s[i] + total).collect();
                (s, y)
            })
            .collect()
    }

    fn memory(capacity: usize, count: usize) -> LimitedMemory {
        let mut memory = LimitedMemory::new(N, capacity);
        let zero = vec![0.0; N];
        for (s, y) in pairs(count) {
            assert_eq!(memory.update(&zero, &s, &zero, &y), Update::Accepted);
        }
        memory
    }

    /// B by the BFGS formula, from θI and the given pairs.
    fn recursive(theta: f64, pairs: &[(Vec<f64>, Vec<f64>)]) -> Vec<Vec<f64>> {
        let mut b: Vec<Vec<f64>> =
            (0..N).map(|i| (0..N).map(|j| if i == j { theta } else { 0.0 }).collect()).collect();
        for (s, y) in pairs {
            let bs: Vec<f64> = b.iter().map(|row| dot(row, s)).collect();
            let (sbs, ys) = (dot(s, &bs), dot(y, s));
            for i in 0..N {
                for j in 0..N {
                    b[i][j] += y[i] * y[j] / ys - bs[i] * bs[j] / sbs;
                }
            }
        }
        b
    }

    fn times(memory: &LimitedMemory, x: &[f64]) -> Vec<f64> {
        let k = 2 * memory.num_pairs();
        let (mut v, mut mv) = (vec![0.0; k], vec![0.0; k]);
        memory.transpose_times(x, &mut v);
        memory.middle_times(&v, &mut mv);
        let mut out: Vec<f64> = x.iter().map(|x| memory.theta() * x).collect();
        memory.add_times(-1.0, &mv, &mut out);
        out
    }

    #[test]
    fn the_compact_form_is_the_bfgs_recursion() {
        for (capacity, count) in [(5, 3), (3, 3), (3, 6), (1, 4)] {
            let memory = memory(capacity, count);
            let kept = &pairs(count)[count.saturating_sub(capacity)..];
            let b = recursive(memory.theta(), kept);
            for j in 0..N {
                let mut unit = vec![0.0; N];
                unit[j] = 1.0;
                let column = times(&memory, &unit);
                for i in 0..N {
                    assert!(
                        (column[i] - b[i][j]).abs() < 1e-9,
                        "{capacity} {count} {i} {j}: {} {}",
                        column[i],
                        b[i][j]
                    );
                }
            }
        }
    }

    #[test]
    fn the_reduced_solve_inverts_the_free_block() {
        let mut memory = memory(3, 5);
        let b = recursive(memory.theta(), &pairs(5)[2..]);
        // Sets that differ by few and by many variables: the products are updated in both ways.
        for free in [[0usize, 2, 3, 5].as_slice(), &[0, 2, 3, 4, 5], &[1, 6], &[0, 1, 2, 3, 4, 5, 6], &[4]] {
            let is_free: Vec<bool> = (0..N).map(|i| free.contains(&i)).collect();
            let right: Vec<f64> = (0..N).map(|i| if is_free[i] { 1.0 + i as f64 } else { 0.0 }).collect();
            let mut v = vec![0.0; 2 * memory.num_pairs()];
            memory.transpose_times(&right, &mut v);
            assert!(memory.solve_reduced(&is_free, &mut v));
            let theta = memory.theta();
            let mut solution: Vec<f64> = right.iter().map(|r| r / theta).collect();
            memory.add_times(1.0 / (theta * theta), &v, &mut solution);
            for &i in free {
                let product: f64 = free.iter().map(|&j| b[i][j] * solution[j]).sum();
                assert!((product - right[i]).abs() < 1e-9, "{free:?} {i}: {product} {}", right[i]);
            }
        }
    }

    #[test]
    fn a_pair_without_curvature_is_skipped() {
        let mut memory = memory(3, 2);
        let zero = vec![0.0; N];
        let step = vec![1.0; N];
        let before = times(&memory, &step);
        let opposite = vec![-1.0; N];
        assert_eq!(memory.update(&zero, &step, &zero, &opposite), Update::Skipped);
        assert_eq!(memory.update(&zero, &step, &zero, &zero), Update::Skipped);
        assert_eq!(memory.update(&zero, &step, &zero, &[f64::NAN; N]), Update::Skipped);
        assert_eq!(times(&memory, &step), before);
    }

    #[test]
    fn inconsistent_pairs_reset_the_matrix() {
        // The same s twice makes SᵀS singular; equal y make L D⁻¹ Lᵀ of rank one and the sum singular to rounding.
        let mut memory = LimitedMemory::new(2, 3);
        let zero = [0.0; 2];
        assert_eq!(memory.update(&zero, &[1.0, 0.0], &zero, &[1e-300, 1e-160]), Update::Accepted);
        assert_eq!(memory.update(&zero, &[1.0, 0.0], &zero, &[1.0, 1.0]), Update::Reset);
        assert!(memory.is_empty());
        assert_eq!(memory.theta(), 1.0);
    }
}
