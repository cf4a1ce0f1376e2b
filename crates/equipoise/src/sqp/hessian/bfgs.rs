//! The dense BFGS matrix with Powell's damping.
//!
//! Source: M. J. D. Powell, Lecture Notes in Mathematics 630 (1978) 144–157;
//! J. Nocedal, S. J. Wright, Numerical Optimization (2006), procedure 18.2.

use crate::numeric::sum::dot;

/// B (n × n, symmetric, row-major).
#[derive(Debug, Clone)]
pub(in crate::sqp) struct DenseBfgs {
    n: usize,
    /// B.
    pub matrix: Vec<f64>,
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
        let mut out = Self { n, matrix: vec![0.0; n * n], gamma, num_pairs: 0 };
        out.reset(gamma);
        out
    }

    /// Back to γI.
    pub fn reset(&mut self, gamma: f64) {
        self.matrix.fill(0.0);
        (0..self.n).for_each(|i| self.matrix[i * self.n + i] = gamma);
        (self.gamma, self.num_pairs) = (gamma, 0);
    }

    /// B₀ = diag(yⱼ/sⱼ) where these ratios look like those of a separable function: all positive, within 1e4 of one another.
    /// A coupled function hardly ever gives such a pair; then B₀ stays as it is.
    fn set_initial(&mut self, s: &[f64], y: &[f64]) {
        let still = 1e-8 * crate::numeric::sum::max_abs(s);
        let ratios: Vec<f64> =
            s.iter().zip(y).map(|(s, y)| if s.abs() > still { y / s } else { f64::NAN }).collect();
        let low = ratios.iter().copied().fold(f64::NAN, f64::min);
        let high = ratios.iter().copied().fold(f64::NAN, f64::max);
        if low > 1e-4 * high {
            for (i, ratio) in ratios.iter().enumerate() {
                self.matrix[i * self.n + i] = if ratio.is_nan() { (low * high).sqrt() } else { *ratio };
            }
        }
    }

    /// Bv.
    pub fn product(&self, v: &[f64]) -> Vec<f64> {
        self.matrix.chunks_exact(self.n).map(|row| dot(row, v)).collect()
    }

    /// Takes in the step s and the change y of the Lagrangian's gradient: where sᵀy < threshold·sᵀBs, y is replaced by the
    /// mixture θy + (1 − θ)Bs with sᵀy = threshold·sᵀBs.
    pub fn update(&mut self, s: &[f64], y: &[f64], threshold: f64) -> PairUse {
        let (ss, yy, sy) = (dot(s, s), dot(y, y), dot(s, y));
        if !(ss > 0.0 && yy.is_finite() && ss.is_finite()) {
            return PairUse::Skipped;
        }
        if self.num_pairs == 0 {
            self.set_initial(s, y);
        }
        let bs = self.product(s);
        let sbs = dot(s, &bs);
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
        if sy > 0.0 {
            self.gamma = yy / sy;
        }
        for i in 0..self.n {
            for j in 0..=i {
                let change = mixed[i] * mixed[j] / curvature - bs[i] * bs[j] / sbs;
                self.matrix[i * self.n + j] += change;
                self.matrix[j * self.n + i] = self.matrix[i * self.n + j];
            }
        }
        self.num_pairs += 1;
        used
    }
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
            assert_eq!(bfgs.update(&s, &times(&s), 0.2), PairUse::Stored);
        }
        bfgs.matrix.iter().zip(&h).for_each(|(b, h)| assert!((b - h).abs() < 1e-14));
    }

    #[test]
    fn a_pair_of_negative_curvature_is_damped_and_the_matrix_stays_positive() {
        let mut bfgs = DenseBfgs::new(2, 3.0);
        assert_eq!(bfgs.update(&[1.0, 0.0], &[-5.0, 1.0], 0.2), PairUse::Damped);
        let b = &bfgs.matrix;
        assert!((b[0] - 0.2 * 3.0).abs() < 1e-14 && b[0] * b[3] > b[1] * b[2] && b[1] == b[2]);
        assert_eq!(bfgs.update(&[0.0, 0.0], &[1.0, 0.0], 0.2), PairUse::Skipped);
        assert_eq!(bfgs.update(&[1.0, 0.0], &[f64::NAN, 0.0], 0.2), PairUse::Skipped);
    }
}
