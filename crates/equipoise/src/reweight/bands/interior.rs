//! A bound for hard bands whose active set cannot be proven, such as dependent targets that all press: from an interior
//! point.
//!
//! If multipliers x̄ within their bounds keep Bᵀx̄ at least ε > 0 inside every band, then every optimal dual point has
//! ‖y*‖₁ ≤ (P(x̄) − P*)/ε ≤ P(x̄)/ε, because P* = min L(·, y*) ≤ P(x̄) − ε‖y*‖₁. With the inequality of the form,
//!
//! ```text
//! Σ dᵢ(mᵢ(y) − mᵢ*)² ≤ ½ g·(y − y*) ≤ ½ (Σ|gⱼ||yⱼ| + max|gⱼ| P(x̄)/ε)
//! ```

use super::form::{BandEvaluation, BandForm};
use super::settled::Settled;
use crate::numeric::dd::{DD_EPSILON, Dd};

/// The bound at v = y ⊘ s from the interior point; `None` if it is not inside every band.
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
    let room = totals.iter().enumerate().map(|(j, total)| {
        let (lower, upper) = (form.lower[j], form.upper[j]);
        let magnitude = lower.value.high.abs() + upper.value.high.abs() + total.value.high.abs();
        let error = total.error + lower.error + upper.error + 2.0 * DD_EPSILON * magnitude;
        (upper.value - total.value).to_f64().min((total.value - lower.value).to_f64()) - error
    });
    let slack = room.fold(f64::INFINITY, f64::min) * (1.0 - 1e-12);
    if slack.is_nan() || slack <= 0.0 {
        return None;
    }
    let terms = form.distance_weights.iter().zip(interior).map(|(d, x)| d * (x - 1.0) * (x - 1.0));
    let objective = terms.sum::<f64>();
    let residual = |j: usize| evaluation.dual.residual[j].abs() + evaluation.residual_error[j];
    let own: f64 = (0..dual.len()).map(|j| residual(j) * (dual[j].high * form.scale[j]).abs()).sum();
    let largest = (0..dual.len()).map(residual).fold(0.0, f64::max);
    let squared = 0.5 * (own + largest * objective / slack) * (1.0 + 1e-9);
    let shift = form.distance_weights.iter().map(|d| (squared / d).sqrt() * (1.0 + 1e-12)).collect();
    squared.is_finite().then_some(Settled { shift })
}
