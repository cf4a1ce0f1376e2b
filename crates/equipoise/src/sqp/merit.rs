//! The L1 merit function φ = f + Σ wᵢ·violationᵢ with a weight per constraint.

use super::choices::PenaltyUpdate;

/// Σ over violations with their weights; equalities come first.
#[derive(Debug, Clone)]
pub(super) struct Merit {
    /// wᵢ (m).
    pub weights: Vec<f64>,
    num_equalities: usize,
    update: PenaltyUpdate,
}

/// The violation of constraint value c.
pub(super) fn violation(is_equality: bool, c: f64) -> f64 {
    if is_equality {
        c.abs()
    } else if c < 0.0 {
        -c
    } else if c.is_nan() {
        c
    } else {
        0.0
    }
}

impl Merit {
    pub fn new(num_constraints: usize, num_equalities: usize, initial: f64, update: PenaltyUpdate) -> Self {
        Self { weights: vec![initial; num_constraints], num_equalities, update }
    }

    /// Violations of c (m).
    pub fn violations<'a>(&'a self, c: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        c.iter().enumerate().map(|(i, &c)| violation(i < self.num_equalities, c))
    }

    /// Σ violations without weights.
    pub fn total_violation(&self, c: &[f64]) -> f64 {
        self.violations(c).sum()
    }

    /// Σ wᵢ·violationᵢ.
    pub fn penalty(&self, c: &[f64]) -> f64 {
        self.violations(c).zip(&self.weights).map(|(v, w)| v * w).sum()
    }

    /// φ.
    pub fn value(&self, f: f64, c: &[f64]) -> f64 {
        f + self.penalty(c)
    }

    /// The weights after a subproblem with multipliers `multipliers`, directional slope g'd and curvature d'Bd; `left` are the
    /// violations that its linearisation leaves (elastic mode). Returns the slope bound D of φ along d:
    /// D = g'd − Σ wᵢ(violationᵢ − leftᵢ).
    ///
    /// Predicted reduction: each weight is Powell's max(|λᵢ|, (wᵢ + |λᵢ|)/2); if then D > −½·min(d'Bd, …), all weights of violated
    /// constraints grow by the factor that makes it so (Powell 1978; Byrd and Nocedal 1991).
    pub fn update(
        &mut self,
        multipliers: &[f64],
        slope: f64,
        curvature: f64,
        c: &[f64],
        left: &[f64],
    ) -> f64 {
        match self.update {
            PenaltyUpdate::Reference => {
                let largest = multipliers.iter().fold(0.0, |a: f64, y| a.max(y.abs()));
                for w in &mut self.weights {
                    *w = w.max(1.1 * largest).max(1.0);
                }
            }
            PenaltyUpdate::PredictedReduction => {
                for (w, y) in self.weights.iter_mut().zip(multipliers) {
                    *w = y.abs().max(0.5 * (*w + y.abs()));
                }
                let gain = self.gain(c, left);
                let wanted = -0.5 * curvature.max(0.0);
                let missing = slope - gain - wanted;
                let reduction: f64 = self.violations(c).zip(left).map(|(v, t)| (v - t).max(0.0)).sum();
                if missing > 1e-10 * (slope.abs() + gain.abs()) && reduction > 0.0 {
                    let raise = missing / reduction;
                    self.weights.iter_mut().for_each(|w| *w += raise);
                }
            }
        }
        slope - self.gain(c, left)
    }

    /// Σ wᵢ(violationᵢ − leftᵢ).
    fn gain(&self, c: &[f64], left: &[f64]) -> f64 {
        self.violations(c).zip(left).zip(&self.weights).map(|((v, t), w)| w * (v - t)).sum()
    }

    /// The largest weight (0 without constraints).
    pub fn largest_weight(&self) -> f64 {
        self.weights.iter().fold(0.0, |a, &w| w.max(a))
    }
}
