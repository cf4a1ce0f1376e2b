//! Proof that hard bands cannot hold together.
//!
//! If for some direction y the least value of y·(Bᵀm) over the bounds exceeds the largest that the bands allow,
//!
//! ```text
//! Σ min(loᵢuᵢ, hiᵢuᵢ) > Σ max(lbⱼyⱼ, ubⱼyⱼ)      u = By
//! ```
//!
//! no multipliers within the bounds meet every band with yⱼ ≠ 0 (Farkas' lemma); these must be hard. Both sides are evaluated in double-double, the errors
//! of that evaluation counted against the claim.

use super::form::BandForm;
use crate::numeric::dd::{self, DD_EPSILON, Dd};
use crate::numeric::dd_accumulators::SplitDd;
use crate::numeric::parallel::CHUNK;
use crate::reweight::dual_evaluation::row_product;

/// Left side less right side of the inequality for v = y ⊘ s, less every rounding error: positive means proven, if the bands with
/// vⱼ ≠ 0 are hard.
pub(super) fn margin(form: &BandForm<'_>, v: &[f64]) -> f64 {
    let problem = form.problem;
    let split: Vec<SplitDd> = v.iter().map(|&v| SplitDd::from(Dd::from(v))).collect();
    let partial = form.workers.map_chunks(form.num_records(), |range| {
        let (mut sum, mut magnitude, mut error) = (Dd::ZERO, 0.0, 0.0);
        for i in range {
            let (product, summation_error) = row_product(problem, i, &split);
            let weight = problem.design_weights[i];
            let u = product.times(weight);
            let (lower, upper) = problem.bounds.of(i);
            let bound = if u > Dd::ZERO { lower } else { upper };
            let term = u.times(bound);
            let largest = lower.abs().max(upper.abs());
            sum = sum + term;
            magnitude += term.high.abs();
            error += weight * largest * (summation_error + 4.0 * DD_EPSILON * product.high.abs());
        }
        (sum, magnitude, error)
    });
    let least = dd::sum(partial.iter().map(|p| p.0));
    let mut magnitude: f64 = partial.iter().map(|p| p.1).sum();
    let mut error: f64 = partial.iter().map(|p| p.2).sum();
    let mut allowed = Dd::ZERO;
    for (j, &v) in v.iter().enumerate() {
        let edge = if v > 0.0 { form.upper[j] } else { form.lower[j] };
        let y = Dd::product(v, form.scale[j]);
        let term = y * edge.value;
        allowed = allowed + term;
        magnitude += term.high.abs();
        error += y.high.abs() * edge.error + 4.0 * DD_EPSILON * term.high.abs();
    }
    let additions = (CHUNK + partial.len() + v.len() + 10) as f64;
    let error = (error + additions * DD_EPSILON * magnitude) * (1.0 + 1e-9);
    (least - allowed).to_f64() * (1.0 - 4.0 * f64::EPSILON) - error
}
