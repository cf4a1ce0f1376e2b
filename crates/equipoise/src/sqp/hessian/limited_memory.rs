//! The limited-memory BFGS matrix in compact form, with Powell's damping against the whole matrix.
//!
//! B = B₀ − U M⁻¹ Uᵀ with U = [B₀S, Y], M = [[SᵀB₀S, L], [Lᵀ, −D]], B₀ diagonal.
//!
//! Source: R. H. Byrd, J. Nocedal, R. B. Schnabel, Math. Programming 63 (1994) 129–156, theorem 2.3.

use std::cell::RefCell;

use super::bfgs::PairUse;
use super::curvature::{Curvature, Reduced, inverse_on};
use super::pair_products::PairProducts;
use super::quasi_definite::QuasiDefinite;
use crate::numeric::sum::{axpy, dot};
use crate::sqp::choices::{DampingReference, InitialHessian};
use crate::sqp::options::SqpOptions;

/// Coordinates that moved less than this part of the largest move keep their diagonal entry.
const STILL: f64 = 1e-8;
/// Variables that may come and go before products over them are summed anew.
const ROUNDINGS: usize = 1000;

/// B for n variables and at most `memory` pairs.
#[derive(Debug, Clone)]
pub(in crate::sqp) struct LimitedMemory {
    n: usize,
    memory: usize,
    initial: InitialHessian,
    threshold: f64,
    damping: DampingReference,
    floor: f64,
    ceiling: f64,
    /// γ = yᵀy/sᵀy of the last pair.
    pub gamma: f64,
    /// B₀ (n).
    pub diagonal: Vec<f64>,
    /// Steps, oldest first (n each).
    pub steps: Vec<Vec<f64>>,
    /// Changes of the gradient, damped (n each).
    pub changes: Vec<Vec<f64>>,
    /// δ where B₀ = δI.
    scalar: Option<f64>,
    /// B₀S where B₀ is no multiple of I.
    scaled_steps: Vec<Vec<f64>>,
    /// Among the pairs, over all variables.
    products: PairProducts,
    /// The same over the variables that the last subproblem held fixed.
    fixed: RefCell<FixedProducts>,
    middle: Option<QuasiDefinite>,
}

/// Products of the pairs over variables held fixed.
#[derive(Debug, Clone)]
struct FixedProducts {
    is_fixed: Vec<bool>,
    products: PairProducts,
    /// Variables added or taken away since all was summed anew: each leaves a rounding error.
    changes: usize,
}

impl LimitedMemory {
    /// Whether B = δI.
    pub fn is_scalar(&self) -> bool {
        self.steps.is_empty() && self.scalar.is_some()
    }

    /// γI.
    pub fn new(n: usize, gamma: f64, options: &SqpOptions) -> Self {
        let products = PairProducts::new(options.lbfgs_memory);
        let fixed = FixedProducts { is_fixed: vec![false; n], products: products.clone(), changes: 0 };
        Self {
            n,
            memory: options.lbfgs_memory,
            initial: options.lbfgs_initial,
            threshold: options.damping_threshold,
            damping: options.damping_reference,
            floor: options.lbfgs_diag_floor,
            ceiling: options.lbfgs_diag_ceil,
            gamma,
            diagonal: vec![gamma; n],
            steps: Vec::new(),
            changes: Vec::new(),
            scalar: Some(gamma),
            scaled_steps: Vec::new(),
            products,
            fixed: RefCell::new(fixed),
            middle: None,
        }
    }

    /// Back to γI.
    pub fn reset(&mut self, gamma: f64) {
        self.gamma = gamma;
        self.set_scalar(gamma);
        self.steps.clear();
        self.changes.clear();
        self.products.clear();
        self.fixed.get_mut().products.clear();
        self.rebuild();
    }

    fn set_scalar(&mut self, scale: f64) {
        self.diagonal.fill(scale);
        self.scalar = Some(scale);
    }

    /// Takes in the step s and the change y of the Lagrangian's gradient.
    pub fn update(&mut self, s: &[f64], y: &[f64]) -> PairUse {
        let (ss, yy, sy) = (dot(s, s), dot(y, y), dot(s, y));
        if !(ss > 0.0 && yy > 0.0 && ss.is_finite() && yy.is_finite()) {
            return PairUse::Skipped;
        }
        if self.steps.is_empty() && sy > 1e-8 * (ss * yy).sqrt() {
            self.gamma = yy / sy;
            let scale = self.scale(ss, yy);
            self.set_scalar(scale);
        }
        let against = match self.damping {
            DampingReference::Full => self.product(s),
            DampingReference::Initial => s.iter().zip(&self.diagonal).map(|(s, d)| s * d).collect(),
        };
        let sbs = dot(s, &against);
        let mut mixed = y.to_vec();
        let mut used = PairUse::Stored;
        if sy < self.threshold * sbs {
            let theta = (1.0 - self.threshold) * sbs / (sbs - sy);
            mixed.iter_mut().zip(&against).for_each(|(y, b)| *y = theta * *y + (1.0 - theta) * b);
            used = PairUse::Damped;
        }
        let curvature = dot(s, &mixed);
        if curvature.is_nan() || curvature <= 1e-14 * sbs.max(sy.abs()) {
            return PairUse::Skipped;
        }
        self.gamma = dot(&mixed, &mixed) / curvature;
        self.set_initial(s, &mixed, self.scale(ss, dot(&mixed, &mixed)));
        if self.steps.len() == self.memory {
            self.drop_oldest();
        }
        self.steps.push(s.to_vec());
        self.changes.push(mixed);
        self.products.append(&self.steps, &self.changes, None);
        let fixed = self.fixed.get_mut();
        let over: Vec<usize> = (0..self.n).filter(|&j| fixed.is_fixed[j]).collect();
        fixed.products.append(&self.steps, &self.changes, Some(&over));
        self.rebuild();
        used
    }

    /// The scale of B₀: ‖y‖/‖s‖, the geometric mean of yᵀy/sᵀy (the largest curvature seen) and sᵀy/sᵀs (that along s). The
    /// former alone makes the model too stiff on ill-conditioned problems. Next to a diagonal the reference's γ is kept.
    fn scale(&self, ss: f64, yy: f64) -> f64 {
        match self.initial {
            InitialHessian::Diagonal => self.gamma,
            InitialHessian::Auto | InitialHessian::Scalar => (yy / ss).sqrt(),
        }
    }

    /// B₀ after a pair.
    fn set_initial(&mut self, s: &[f64], y: &[f64], scale: f64) {
        let ratios: Vec<f64> = s.iter().zip(y).map(|(s, y)| y / s).collect();
        let still = STILL * crate::numeric::sum::max_abs(s);
        let diagonal = match self.initial {
            InitialHessian::Scalar => false,
            InitialHessian::Diagonal => true,
            // A separable function has positive ratios everywhere; a coupled one hardly ever.
            InitialHessian::Auto => (0..self.n).all(|j| s[j].abs() <= still || ratios[j] > 0.0),
        };
        if !diagonal {
            self.set_scalar(scale);
            return;
        }
        self.scalar = None;
        let (low, high) = match self.initial {
            InitialHessian::Auto => (1e-4 * self.gamma, 1e4 * self.gamma),
            _ => ((self.gamma / 100.0).max(self.floor), (self.gamma * 100.0).min(self.ceiling)),
        };
        for j in 0..self.n {
            if s[j].abs() > still {
                self.diagonal[j] = ratios[j].abs().clamp(low.min(high), high);
            }
        }
    }

    fn drop_oldest(&mut self) {
        self.steps.remove(0);
        self.changes.remove(0);
        self.products.drop_oldest();
        self.fixed.get_mut().products.drop_oldest();
    }

    /// The factors of M; pairs that make M singular are dropped, the oldest first.
    fn rebuild(&mut self) {
        loop {
            let k = self.steps.len();
            self.scaled_steps.clear();
            if k == 0 {
                self.middle = None;
                return;
            }
            if self.scalar.is_none() {
                let scaled =
                    |s: &Vec<f64>| -> Vec<f64> { s.iter().zip(&self.diagonal).map(|(s, d)| s * d).collect() };
                self.scaled_steps = self.steps.iter().map(scaled).collect();
            }
            let own = |i: usize, j: usize| match self.scalar {
                Some(scale) => scale * self.products.ss(i, j),
                None => dot(&self.steps[i], &self.scaled_steps[j]),
            };
            let below = |i: usize, j: usize| if i > j { self.products.sy(i, j) } else { 0.0 };
            let pivot = |i: usize, j: usize| if i == j { self.products.sy(i, i) } else { 0.0 };
            self.middle = QuasiDefinite::new(lower(k, own), square(k, below), lower(k, pivot), k);
            if self.middle.is_some() {
                return;
            }
            self.drop_oldest();
        }
    }

    /// Uᵀv (2k).
    fn along_columns(&self, v: &[f64]) -> Vec<f64> {
        let steps: Vec<f64> = match self.scalar {
            Some(scale) => self.steps.iter().map(|s| scale * dot(s, v)).collect(),
            None => self.scaled_steps.iter().map(|s| dot(s, v)).collect(),
        };
        steps.into_iter().chain(self.changes.iter().map(|y| dot(y, v))).collect()
    }

    /// Uw (n).
    fn columns_times(&self, w: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.n];
        let (w_steps, w_changes) = w.split_at(self.steps.len());
        match self.scalar {
            Some(scale) => {
                self.steps.iter().zip(w_steps).for_each(|(s, w)| axpy(scale * w, s, &mut out));
            }
            None => self.scaled_steps.iter().zip(w_steps).for_each(|(s, w)| axpy(*w, s, &mut out)),
        }
        self.changes.iter().zip(w_changes).for_each(|(y, w)| axpy(*w, y, &mut out));
        out
    }

    /// The factors of M − UᵀB₀⁻¹U over the variables not fixed, for B₀ = δI. With SᵀY = L + D + R, its blocks are δ(SᵀS)_X,
    /// (SᵀY)_X − D − R and (YᵀY)_X/δ − YᵀY/δ − D, where X are the fixed variables.
    fn core_of_scalar(&self, scale: f64, is_fixed: &[bool]) -> Option<QuasiDefinite> {
        let mut fixed = self.fixed.borrow_mut();
        fixed.follow(&self.steps, &self.changes, is_fixed);
        let (all, over_fixed, k) = (&self.products, &fixed.products, self.steps.len());
        let steps = lower(k, |i, j| scale * over_fixed.ss(i, j));
        let mixed = square(k, |i, j| over_fixed.sy(i, j) - if i > j { 0.0 } else { all.sy(i, j) });
        let own = |i: usize, j: usize| if i == j { all.sy(i, i) } else { 0.0 };
        let changes = lower(k, |i, j| (all.yy(i, j) - over_fixed.yy(i, j)) / scale + own(i, j));
        QuasiDefinite::new(steps, mixed, changes, k)
    }

    /// The same for any B₀, of which `inverse` is the inverse on the variables not fixed.
    fn core_of_diagonal(&self, inverse: &[f64]) -> Option<QuasiDefinite> {
        let k = self.steps.len();
        let is_free = |j: usize| inverse[j] != 0.0;
        let masked = |v: &Vec<f64>| -> Vec<f64> {
            v.iter().enumerate().map(|(j, v)| if is_free(j) { 0.0 } else { *v }).collect()
        };
        let fixed_steps: Vec<Vec<f64>> = self.steps.iter().map(masked).collect();
        let over_free = |y: &Vec<f64>| -> Vec<f64> { y.iter().zip(inverse).map(|(y, d)| y * d).collect() };
        let free_changes: Vec<Vec<f64>> = self.changes.iter().map(over_free).collect();
        let all = &self.products;
        let steps = lower(k, |i, j| dot(&fixed_steps[i], &self.scaled_steps[j]));
        let upper = |i: usize, j: usize| if i > j { 0.0 } else { all.sy(i, j) };
        let mixed = square(k, |i, j| dot(&fixed_steps[i], &self.changes[j]) - upper(i, j));
        let own = |i: usize, j: usize| if i == j { all.sy(i, i) } else { 0.0 };
        let changes = lower(k, |i, j| dot(&free_changes[i], &self.changes[j]) + own(i, j));
        QuasiDefinite::new(steps, mixed, changes, k)
    }
}

/// A k × k matrix by its entries.
fn square(k: usize, entry: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    (0..k * k).map(|e| entry(e / k, e % k)).collect()
}

/// A k × k matrix by the entries of its lower triangle.
fn lower(k: usize, entry: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    (0..k * k).map(|e| if e % k <= e / k { entry(e / k, e % k) } else { 0.0 }).collect()
}

impl FixedProducts {
    /// Changes the set of variables: one by one if they are few, else all anew.
    fn follow(&mut self, steps: &[Vec<f64>], changes: &[Vec<f64>], is_fixed: &[bool]) {
        let n = is_fixed.len();
        let moved: Vec<usize> = (0..n).filter(|&j| is_fixed[j] != self.is_fixed[j]).collect();
        let total = is_fixed.iter().filter(|fixed| **fixed).count();
        self.changes += moved.len();
        if self.changes <= ROUNDINGS && moved.len() <= total {
            for j in moved {
                let sign = if is_fixed[j] { 1.0 } else { -1.0 };
                self.products.add_variable(steps, changes, j, sign);
            }
        } else {
            self.products.clear();
            let over: Vec<usize> = (0..n).filter(|&j| is_fixed[j]).collect();
            (0..steps.len()).for_each(|_| self.products.append(steps, changes, Some(&over)));
            self.changes = 0;
        }
        self.is_fixed.copy_from_slice(is_fixed);
    }
}

impl Curvature for LimitedMemory {
    fn product(&self, v: &[f64]) -> Vec<f64> {
        let mut out: Vec<f64> = v.iter().zip(&self.diagonal).map(|(v, d)| v * d).collect();
        if let Some(middle) = &self.middle {
            let change = self.columns_times(&middle.solve(&self.along_columns(v)));
            out.iter_mut().zip(change).for_each(|(out, change)| *out -= change);
        }
        out
    }

    /// (B₀ − U M⁻¹Uᵀ)_FF⁻¹ = B₀⁻¹ + B₀⁻¹U (M − UᵀB₀⁻¹U)⁻¹ UᵀB₀⁻¹ over the free variables (Sherman, Morrison, Woodbury).
    fn reduced(&self, free: &[usize]) -> Option<Box<dyn Reduced + '_>> {
        let inverse = inverse_on(&self.diagonal, free);
        let mut core = None;
        if self.middle.is_some() {
            core = Some(match self.scalar {
                Some(scale) => {
                    let mut is_fixed = vec![true; self.n];
                    free.iter().for_each(|&j| is_fixed[j] = false);
                    self.core_of_scalar(scale, &is_fixed)?
                }
                None => self.core_of_diagonal(&inverse)?,
            });
        }
        Some(Box::new(LimitedReduced { whole: self, inverse, core }))
    }
}

/// Factors of B_FF.
struct LimitedReduced<'a> {
    whole: &'a LimitedMemory,
    /// B₀⁻¹ on F, 0 elsewhere.
    inverse: Vec<f64>,
    core: Option<QuasiDefinite>,
}

impl Reduced for LimitedReduced<'_> {
    fn solve(&self, x: &mut [f64]) {
        x.iter_mut().zip(&self.inverse).for_each(|(x, d)| *x *= d);
        if let Some(core) = &self.core {
            let change = self.whole.columns_times(&core.solve(&self.whole.along_columns(x)));
            x.iter_mut().zip(&self.inverse).zip(change).for_each(|((x, d), change)| *x += d * change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqp::hessian::bfgs::DenseBfgs;
    use crate::sqp::hessian::curvature::DenseCurvature;

    fn pairs() -> Vec<(Vec<f64>, Vec<f64>)> {
        // The last change has negative curvature along its step.
        vec![
            (vec![1.0, 0.5, -0.2, 0.1], vec![2.0, 1.0, -0.3, 0.2]),
            (vec![0.1, -1.0, 0.3, 0.7], vec![0.3, -2.5, 0.2, 1.4]),
            (vec![0.5, 0.2, 1.0, -0.4], vec![-0.5, 0.1, -2.0, 0.3]),
        ]
    }

    #[test]
    fn the_compact_form_is_the_dense_matrix_while_nothing_is_forgotten() {
        let options = SqpOptions { lbfgs_initial: InitialHessian::Scalar, ..SqpOptions::default() };
        let mut compact = LimitedMemory::new(4, 1.0, &options);
        for (s, y) in pairs() {
            compact.update(&s, &y);
        }
        // The dense recursion from the same B₀ over the damped changes.
        let mut dense = DenseBfgs::new(4, compact.diagonal[0]);
        dense.num_pairs = 1;
        for (s, y) in compact.steps.iter().zip(&compact.changes) {
            dense.update(s, y, 0.0, &[]);
        }
        let v = [0.3, -1.0, 0.7, 2.0];
        for (a, b) in compact.product(&v).iter().zip(DenseCurvature::new(dense.bfgs_matrix(), 4).product(&v))
        {
            assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} {b}");
        }
    }

    #[test]
    fn reduced_solves_invert_the_principal_block() {
        let mut compact = LimitedMemory::new(4, 2.0, &SqpOptions::default());
        for (s, y) in pairs() {
            compact.update(&s, &y);
        }
        let free = [0, 2, 3];
        let reduced = compact.reduced(&free).unwrap();
        let mut x = vec![1.0, 7.0, -0.5, 2.0];
        reduced.solve(&mut x);
        assert_eq!(x[1], 0.0);
        let image = compact.product(&x);
        for (j, want) in [(0, 1.0), (2, -0.5), (3, 2.0)] {
            assert!((image[j] - want).abs() < 1e-12, "{}", image[j]);
        }
    }

    #[test]
    fn one_pair_of_a_separable_quadratic_gives_its_diagonal() {
        let mut compact = LimitedMemory::new(3, 1.0, &SqpOptions::default());
        let weights = [1.0, 4.0, 10.0];
        let s = [0.5, -1.0, 0.25];
        let y: Vec<f64> = s.iter().zip(&weights).map(|(s, w)| s * w).collect();
        compact.update(&s, &y);
        for (a, w) in compact.product(&[1.0; 3]).iter().zip(&weights) {
            assert!((a - w).abs() < 1e-13);
        }
    }
}
