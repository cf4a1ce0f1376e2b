//! The limited-memory BFGS matrix in compact form, with Powell's damping against the whole matrix.
//!
//! B = B₀ − U M⁻¹ Uᵀ with U = [B₀S, Y], M = [[SᵀB₀S, L], [Lᵀ, −D]], B₀ diagonal.
//!
//! Source: R. H. Byrd, J. Nocedal, R. B. Schnabel, Math. Programming 63 (1994) 129–156, theorem 2.3.

use super::bfgs::PairUse;
use super::curvature::{Curvature, Reduced};
use super::small_lu::SmallLu;
use crate::numeric::sum::{axpy, dot};
use crate::sqp::choices::{DampingReference, InitialHessian};
use crate::sqp::options::SqpOptions;

/// Coordinates that moved less than this part of the largest move keep their diagonal entry.
const STILL: f64 = 1e-8;

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
    /// Columns of U (n each).
    columns: Vec<Vec<f64>>,
    middle: Option<SmallLu>,
    middle_matrix: Vec<f64>,
}

impl LimitedMemory {
    /// γI.
    pub fn new(n: usize, gamma: f64, options: &SqpOptions) -> Self {
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
            columns: Vec::new(),
            middle: None,
            middle_matrix: Vec::new(),
        }
    }

    /// Back to γI.
    pub fn reset(&mut self, gamma: f64) {
        self.gamma = gamma;
        self.diagonal.fill(gamma);
        self.steps.clear();
        self.changes.clear();
        self.rebuild();
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
            self.diagonal.fill(scale);
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
            self.steps.remove(0);
            self.changes.remove(0);
        }
        self.steps.push(s.to_vec());
        self.changes.push(mixed);
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
            self.diagonal.fill(scale);
            return;
        }
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

    /// U and the factors of M; pairs that make M singular are dropped, the oldest first.
    fn rebuild(&mut self) {
        loop {
            let k = self.steps.len();
            self.columns.clear();
            if k == 0 {
                (self.middle, self.middle_matrix) = (None, Vec::new());
                return;
            }
            for s in &self.steps {
                self.columns.push(s.iter().zip(&self.diagonal).map(|(s, d)| s * d).collect());
            }
            self.columns.extend(self.changes.iter().cloned());
            let mut m = vec![0.0; 4 * k * k];
            for i in 0..k {
                for j in 0..k {
                    m[i * 2 * k + j] = dot(&self.steps[i], &self.columns[j]);
                    let product = dot(&self.steps[i], &self.changes[j]);
                    if i > j {
                        m[i * 2 * k + k + j] = product;
                        m[(k + j) * 2 * k + i] = product;
                    } else if i == j {
                        m[(k + i) * 2 * k + k + i] = -product;
                    }
                }
            }
            self.middle = SmallLu::new(m.clone(), 2 * k);
            self.middle_matrix = m;
            if self.middle.is_some() {
                return;
            }
            self.steps.remove(0);
            self.changes.remove(0);
        }
    }
}

impl Curvature for LimitedMemory {
    fn product(&self, v: &[f64]) -> Vec<f64> {
        let mut out: Vec<f64> = v.iter().zip(&self.diagonal).map(|(v, d)| v * d).collect();
        if let Some(middle) = &self.middle {
            let along: Vec<f64> = self.columns.iter().map(|u| dot(u, v)).collect();
            for (u, w) in self.columns.iter().zip(middle.solve(&along)) {
                axpy(-w, u, &mut out);
            }
        }
        out
    }

    /// (B₀ − U M⁻¹Uᵀ)_FF⁻¹ = B₀⁻¹ + B₀⁻¹U (M − UᵀB₀⁻¹U)⁻¹ UᵀB₀⁻¹ over the free variables (Sherman, Morrison, Woodbury).
    fn reduced(&self, free: &[usize]) -> Option<Reduced> {
        let inverse: Vec<f64> = free.iter().map(|&j| 1.0 / self.diagonal[j]).collect();
        if self.middle.is_none() {
            return Some(Reduced::LowRank { inverse, columns: Vec::new(), scaled: Vec::new(), core: None });
        }
        let columns: Vec<Vec<f64>> =
            self.columns.iter().map(|u| free.iter().map(|&j| u[j]).collect()).collect();
        let scaled: Vec<Vec<f64>> =
            columns.iter().map(|u: &Vec<f64>| u.iter().zip(&inverse).map(|(u, d)| u * d).collect()).collect();
        let order = columns.len();
        let mut core = self.middle_matrix.clone();
        for i in 0..order {
            for j in 0..=i {
                let product = dot(&columns[i], &scaled[j]);
                core[i * order + j] -= product;
                if i != j {
                    core[j * order + i] -= product;
                }
            }
        }
        let core = SmallLu::new(core, order)?;
        Some(Reduced::LowRank { inverse, columns, scaled, core: Some(core) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqp::hessian::bfgs::DenseBfgs;

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
            dense.update(s, y, 0.0);
        }
        let v = [0.3, -1.0, 0.7, 2.0];
        for (a, b) in compact.product(&v).iter().zip(dense.product(&v)) {
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
        let mut x = vec![1.0, -0.5, 2.0];
        reduced.solve(&mut x);
        let full = [x[0], 0.0, x[1], x[2]];
        let image = compact.product(&full);
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
