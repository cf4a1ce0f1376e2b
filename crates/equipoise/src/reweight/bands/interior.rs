//! A bound for hard bands whose active set cannot be proven, such as dependent targets that all press: from an interior
//! point.
//!
//! If multipliers x̄ within their bounds keep Bᵀx̄ at least ε > 0 inside every hard band ℋ, then every optimal dual point has
//! Σ_ℋ|yⱼ*| ≤ (P(x̄) − P*)/ε ≤ P(x̄)/ε, because P* = min L(·, y*) ≤ P(x̄) − ε Σ_ℋ|yⱼ*|. With the inequality of the form,
//!
//! ```text
//! Σ dᵢ(mᵢ(y) − mᵢ*)² ≤ ½ (Σ_ℋ|gⱼ||yⱼ| + max_ℋ|gⱼ| P(x̄)/ε) + ¼ Σ Mⱼgⱼ²      (the last sum over the elastic bands)
//! ```

use super::form::{BandEvaluation, BandForm};
use super::settled::Settled;
use crate::numeric::dd::{DD_EPSILON, Dd};

/// The bound at v = y ⊘ s from the interior point; `None` if it is not inside every hard band.
pub(super) fn prove(
    form: &BandForm<'_>,
    dual: &[Dd],
    evaluation: &BandEvaluation,
    interior: &[f64],
) -> Option<Settled> {
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
    let terms = form.distance_weights.iter().zip(interior).map(|(d, x)| d * (x - 1.0) * (x - 1.0));
    objective += terms.sum::<f64>();
    let residual = |j: usize| evaluation.dual.residual[j].abs() + evaluation.residual_error[j];
    let hard = || (0..dual.len()).filter(|&j| form.is_hard(j));
    let own: f64 = hard().map(|j| residual(j) * (dual[j].high * form.scale[j]).abs()).sum();
    let largest = hard().map(residual).fold(0.0, f64::max);
    let elastic: f64 = (0..dual.len()).filter_map(|j| form.elastic[j].map(|m| m * residual(j).powi(2))).sum();
    let squared = (0.5 * (own + largest * objective / slack) + 0.25 * elastic) * (1.0 + 1e-9);
    let shift = form.distance_weights.iter().map(|d| (squared / d).sqrt() * (1.0 + 1e-12)).collect();
    squared.is_finite().then_some(Settled { shift })
}
