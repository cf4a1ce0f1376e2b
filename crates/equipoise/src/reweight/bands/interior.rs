//! A bound for hard bands whose active set cannot be proven, such as dependent targets that all press: from an interior
//! point.
//!
//! If multipliers x̄ within their bounds keep Bᵀx̄ at least ε > 0 inside every hard band ℋ, then every optimal dual point has
//! Σ_ℋ|yⱼ*| ≤ (P(x̄) − P*)/ε ≤ P(x̄)/ε, because P* = min L(·, y*) ≤ P(x̄) − ε Σ_ℋ|yⱼ*|. With the inequality of the form,
//!
//! ```text
//! Σ dᵢ(mᵢ(y) − mᵢ*)² ≤ ½ (Σ_ℋ|gⱼ||yⱼ| + max_ℋ|gⱼ| P(x̄)/ε) + ¼ Σ Mⱼgⱼ²      (the last sum over the elastic bands)
//! ```

use super::certificate::rounding_free_bound;
use super::form::{BandEvaluation, BandForm};
use super::proximal_newton::{ProximalNewton, Run, Stage};
use super::settled::{SETTLED, Settled};
use crate::control::Control;
use crate::numeric::dd::{DD_EPSILON, Dd, Uncertain};
use crate::reweight::result::Timing;

/// Fractions of the width by which each hard edge is moved inwards to look for an interior point, and the weight of its bands.
const NARROWINGS: [f64; 3] = [0.25, 0.1, 0.02];
const WEIGHT: f64 = 1e8;
const MAX_SHORT_STEPS: u32 = 20;
const MAX_STEPS: u32 = 80;

/// Looks for interior points; what it finds depends on the data alone.
pub(super) struct InteriorSearch<'f, 'p> {
    form: &'f BandForm<'p>,
    newton: ProximalNewton<'f, 'p>,
    pub run: Run,
    control: &'f Control,
    timing: &'f mut Timing,
}

impl<'f, 'p> InteriorSearch<'f, 'p> {
    pub fn new(form: &'f BandForm<'p>, control: &'f Control, timing: &'f mut Timing) -> Self {
        let run = Run { iteration_limit: u32::MAX, iterations: 0, history: Vec::new() };
        Self { form, newton: ProximalNewton::new(form), run, control, timing }
    }

    /// The best of the proof given, whose bound before rounding is `bound`, and those by interior points.
    pub fn improve(
        &mut self,
        mut bound: f64,
        mut settled: Option<Settled>,
        dual: &[Dd],
        evaluation: &BandEvaluation,
    ) -> (f64, Option<Settled>) {
        let narrowings = if bound > SETTLED { &NARROWINGS[..] } else { &[] };
        for &narrowing in narrowings {
            self.newton.solve(&self.narrowed(narrowing), &mut self.run, self.control, self.timing);
            let proof = prove(self.form, dual, evaluation, &self.newton.multipliers());
            let by_point = rounding_free_bound(self.form, evaluation, proof.as_ref());
            if by_point < bound {
                (bound, settled) = (by_point, proof);
            }
        }
        (bound, settled)
    }

    /// The elastic problem with narrower hard bands.
    fn narrowed(&self, narrowing: f64) -> Stage {
        let form = self.form;
        let edges = |own: &[Uncertain], other: &[Uncertain]| {
            let edge = |j: usize| {
                let (own, other) = (own[j].value.to_f64(), other[j].value.to_f64());
                if form.is_hard(j) { own + narrowing * (other - own) } else { own }
            };
            (0..own.len()).map(edge).collect()
        };
        Stage {
            elastic: form.elastic.iter().map(|m| m.map_or(WEIGHT, |m: f64| m.min(WEIGHT))).collect(),
            lower: edges(&form.lower, &form.upper),
            upper: edges(&form.upper, &form.lower),
            max_short_steps: MAX_SHORT_STEPS,
            max_steps: MAX_STEPS,
            check_afresh: false,
        }
    }
}

/// The bound at v = y ⊘ s from the interior point; `None` if it is not inside every hard band.
fn prove(form: &BandForm<'_>, dual: &[Dd], evaluation: &BandEvaluation, interior: &[f64]) -> Option<Settled> {
    let inside = |(i, x): (usize, &f64)| {
        let (lower, upper) = form.problem.bounds.of(i);
        (lower..=upper).contains(x)
    };
    if !interior.iter().enumerate().all(inside) {
        return None;
    }
    let (totals, _) = form.totals(interior);
    let (mut slack, mut objective) = (f64::INFINITY, 0.0);
    for (j, total) in totals.iter().enumerate() {
        let (lower, upper) = (form.lower[j], form.upper[j]);
        let magnitude = lower.value.high.abs() + upper.value.high.abs() + total.value.high.abs();
        let error = total.error + lower.error + upper.error + 2.0 * DD_EPSILON * magnitude;
        let room = (upper.value - total.value).to_f64().min((total.value - lower.value).to_f64()) - error;
        match form.elastic[j] {
            None => slack = slack.min(room),
            Some(weight) => objective += weight * room.min(0.0).powi(2),
        }
    }
    let slack = slack * (1.0 - 1e-12);
    if slack.is_nan() || slack <= 0.0 {
        return None;
    }
    let term = |(i, x): (usize, &f64)| form.distance_weight(i) * (x - 1.0) * (x - 1.0);
    objective += interior.iter().enumerate().map(term).sum::<f64>();
    let residual = |j: usize| evaluation.dual.residual[j].abs() + evaluation.residual_error[j];
    let hard = || (0..dual.len()).filter(|&j| form.is_hard(j));
    let own: f64 = hard().map(|j| residual(j) * (dual[j].high * form.scale[j]).abs()).sum();
    let largest = hard().map(residual).fold(0.0, f64::max);
    let elastic: f64 = (0..dual.len()).filter_map(|j| form.elastic[j].map(|m| m * residual(j).powi(2))).sum();
    let squared = (0.5 * (own + largest * objective / slack) + 0.25 * elastic) * (1.0 + 1e-9);
    let shift = |i: usize| (squared / form.distance_weight(i)).sqrt() * (1.0 + 1e-12);
    squared.is_finite().then(|| Settled { shift: (0..form.num_records()).map(shift).collect() })
}
