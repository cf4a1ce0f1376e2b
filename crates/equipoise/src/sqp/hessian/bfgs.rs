//! Dense quasi-Newton matrices: the symmetric rank-one matrix where it is positive definite on the null space of the working set, else
//! that of BFGS with Powell's damping.
//!
//! The rank-one matrix of a quadratic is its Hessian after as many independent steps as there are variables, whatever their lengths; it
//! may be indefinite, and then the pair is taken in as BFGS does. BFGS's own matrix stands behind it.
//!
//! Sources: M. J. D. Powell, Lecture Notes in Mathematics 630 (1978) 144–157; J. Nocedal, S. J. Wright, Numerical Optimization (2006),
//! procedure 18.2 and (6.24); A. R. Conn, N. I. M. Gould, P. L. Toint, Math. Programming 50 (1991) 177–195.

use super::exact::with_rows;
use crate::numeric::sum::{dot, norm_two};

/// Of the rank-one update: smallest part of ‖r‖‖s‖ that |rᵀs| may be, r = y − Bs.
const SAFE: f64 = 1e-8;

/// B (n × n, symmetric, row-major).
#[derive(Debug, Clone)]
pub(in crate::sqp) struct DenseBfgs {
    n: usize,
    /// B: one of the two below, or the rank-one matrix with σAᵀA.
    pub matrix: Vec<f64>,
    /// σ.
    pub augmentation: f64,
    bfgs: Vec<f64>,
    rank_one: Vec<f64>,
    /// yᵀy/sᵀy of the last pair.
    pub gamma: f64,
    /// Pairs taken in since the last reset.
    pub num_pairs: usize,
}

/// What became of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqp) enum PairUse {
    Stored,
    Damped,
    Skipped,
}

impl DenseBfgs {
    /// γI.
    pub fn new(n: usize, gamma: f64) -> Self {
        let zero = vec![0.0; n * n];
        let mut out = Self {
            n,
            matrix: zero.clone(),
            augmentation: 0.0,
            bfgs: zero.clone(),
            rank_one: zero,
            gamma,
            num_pairs: 0,
        };
        out.reset(gamma);
        out
    }

    /// Back to γI.
    pub fn reset(&mut self, gamma: f64) {
        self.fill(|_| gamma);
        (self.gamma, self.num_pairs) = (gamma, 0);
    }

    fn fill(&mut self, diagonal: impl Fn(usize) -> f64) {
        self.bfgs.fill(0.0);
        (0..self.n).for_each(|i| self.bfgs[i * self.n + i] = diagonal(i));
        self.rank_one.clone_from(&self.bfgs);
        self.matrix.clone_from(&self.bfgs);
        self.augmentation = 0.0;
    }

    /// Before the first pair: B₀ = diag(yⱼ/sⱼ) where these ratios look like those of a separable function: all positive, within 1e4
    /// of one another. A coupled function hardly ever gives such a pair; then B₀ is not stiffer than yᵀy/sᵀy.
    fn set_initial(&mut self, s: &[f64], y: &[f64]) {
        let still = 1e-8 * crate::numeric::sum::max_abs(s);
        let ratios: Vec<f64> =
            s.iter().zip(y).map(|(s, y)| if s.abs() > still { y / s } else { f64::NAN }).collect();
        let low = ratios.iter().copied().fold(f64::NAN, f64::min);
        let high = ratios.iter().copied().fold(f64::NAN, f64::max);
        let sy = dot(s, y);
        if low > 1e-4 * high {
            self.fill(|i| if ratios[i].is_nan() { (low * high).sqrt() } else { ratios[i] });
        } else if sy > 0.0 {
            let scale = (dot(y, y) / sy).min(self.gamma);
            self.fill(|_| scale);
        }
    }

    /// Chooses B for a step whose working set has the given rows (n each).
    fn choose(&mut self, rows: &[&[f64]]) {
        if self.num_pairs == 0 {
            return;
        }
        if let Some((matrix, augmentation)) = with_rows(&self.rank_one, rows, self.n) {
            (self.matrix, self.augmentation) = (matrix, augmentation);
            return;
        }
        self.rank_one.clone_from(&self.bfgs);
        self.matrix.clone_from(&self.bfgs);
        self.augmentation = 0.0;
    }

    /// BFGS's own matrix.
    #[cfg(test)]
    pub fn bfgs_matrix(&self) -> &[f64] {
        &self.bfgs
    }

    /// Takes in the step s and the change y of the Lagrangian's gradient, and chooses B for the next step; `rows` are those of the working
    /// set at the new point.
    pub fn update(&mut self, s: &[f64], y: &[f64], threshold: f64, rows: &[&[f64]]) -> PairUse {
        let (ss, yy, sy) = (dot(s, s), dot(y, y), dot(s, y));
        if !(ss > 0.0 && yy.is_finite() && ss.is_finite()) {
            self.choose(rows);
            return PairUse::Skipped;
        }
        if self.num_pairs == 0 {
            self.set_initial(s, y);
        }
        let used = damped_update(&mut self.bfgs, s, y, threshold);
        if used == PairUse::Skipped {
            self.choose(rows);
            return used;
        }
        if sy > 0.0 {
            self.gamma = yy / sy;
        }
        let candidate = rank_one_update(&self.rank_one, s, y);
        self.num_pairs += 1;
        if let Some((matrix, augmentation)) = with_rows(&candidate, rows, self.n) {
            self.rank_one = candidate;
            (self.matrix, self.augmentation) = (matrix, augmentation);
            return used;
        }
        if damped_update(&mut self.rank_one, s, y, threshold) == PairUse::Skipped {
            self.rank_one.clone_from(&self.bfgs);
        }
        self.choose(rows);
        used
    }
}

/// BFGS with the change y where sᵀy ≥ threshold·sᵀBs, else with the mixture θy + (1 − θ)Bs that has sᵀy = threshold·sᵀBs.
fn damped_update(matrix: &mut [f64], s: &[f64], y: &[f64], threshold: f64) -> PairUse {
    let n = s.len();
    let bs: Vec<f64> = matrix.chunks_exact(n).map(|row| dot(row, s)).collect();
    let (sbs, sy) = (dot(s, &bs), dot(s, y));
    let mut used = PairUse::Stored;
    let mut mixed = y.to_vec();
    if sy < threshold * sbs {
        let theta = (1.0 - threshold) * sbs / (sbs - sy);
        mixed.iter_mut().zip(&bs).for_each(|(y, b)| *y = theta * *y + (1.0 - theta) * b);
        used = PairUse::Damped;
    }
    let curvature = dot(s, &mixed);
    if !(curvature > 1e-14 * sbs && sbs > 0.0) {
        return PairUse::Skipped;
    }
    for i in 0..n {
        for j in 0..=i {
            let change = mixed[i] * mixed[j] / curvature - bs[i] * bs[j] / sbs;
            matrix[i * n + j] += change;
            matrix[j * n + i] = matrix[i * n + j];
        }
    }
    used
}

/// B + rrᵀ/rᵀs with r = y − Bs; B where the divisor is too small.
fn rank_one_update(matrix: &[f64], s: &[f64], y: &[f64]) -> Vec<f64> {
    let n = s.len();
    let rest = |(row, y): (&[f64], &f64)| y - dot(row, s);
    let r: Vec<f64> = matrix.chunks_exact(n).zip(y).map(rest).collect();
    let divisor = dot(&r, s);
    let mut out = matrix.to_vec();
    if divisor.abs() > SAFE * norm_two(&r) * norm_two(s) {
        for i in 0..n {
            for j in 0..=i {
                out[i * n + j] += r[i] * r[j] / divisor;
                out[j * n + i] = out[i * n + j];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_a_quadratic_make_its_hessian() {
        let h = [2.0, 0.5, 0.5, 1.0];
        let times = |v: &[f64]| vec![dot(&h[..2], v), dot(&h[2..], v)];
        let mut bfgs = DenseBfgs::new(2, 1.0);
        // Conjugate steps.
        for s in [vec![1.0, 0.0], vec![-0.25, 1.0]] {
            assert_eq!(bfgs.update(&s, &times(&s), 0.2, &[]), PairUse::Stored);
        }
        bfgs.bfgs.iter().zip(&h).for_each(|(b, h)| assert!((b - h).abs() < 1e-14));
        // The rank-one matrix needs independent steps only.
        let mut bfgs = DenseBfgs::new(2, 1.0);
        for s in [vec![1.0, -0.5], vec![0.1, 0.3], vec![0.7, 0.2]] {
            bfgs.update(&s, &times(&s), 0.2, &[]);
        }
        bfgs.matrix.iter().zip(&h).for_each(|(b, h)| assert!((b - h).abs() < 1e-13));
    }

    #[test]
    fn a_pair_of_negative_curvature_is_damped_and_the_matrix_stays_positive() {
        let mut bfgs = DenseBfgs::new(2, 3.0);
        assert_eq!(bfgs.update(&[1.0, 0.0], &[-5.0, 1.0], 0.2, &[]), PairUse::Damped);
        let b = &bfgs.bfgs;
        assert!((b[0] - 0.2 * 3.0).abs() < 1e-14 && b[0] * b[3] > b[1] * b[2] && b[1] == b[2]);
        assert_eq!(bfgs.update(&[0.0, 0.0], &[1.0, 0.0], 0.2, &[]), PairUse::Skipped);
        assert_eq!(bfgs.update(&[1.0, 0.0], &[f64::NAN, 0.0], 0.2, &[]), PairUse::Skipped);
    }
}
