//! The independent certificate of the band form: what an answer is worth, from the data alone.
//!
//! For multipliers m and a dual point y, whatever made them (P, φ, g as in the form; m(y) the multipliers of y):
//!
//! * *gap*: 0 ≤ P(m) − P* ≤ P(m) + φ(y) + const = Σ dᵢ[(mᵢ − mᵢ(y))² + 2(mᵢ − mᵢ(y))(mᵢ(y) − zᵢ)] + k Fenchel–Young terms, none of
//!   them negative, and Σ dᵢ(mᵢ − mᵢ*)² is at most as much;
//! * *dual residual*: |mᵢ(y) − mᵢ*| ≤ √ΣMⱼgⱼ²/(2√dᵢ);
//! * *active set*: where it is proven to be that of the optimum (see `settled`), a bound that needs no M; failing that, with
//!   hard bands, one from an interior point (see `interior`).
//!
//! All are evaluated in double-double with the error of that evaluation added. Where a band is hard the gap is that of the
//! Lagrangian: it bounds P(m) − P* only for multipliers that meet the bands exactly, which doubles cannot; the distance then rests on
//! the active set alone.

use serde::{Deserialize, Serialize};

use super::form::{BandEvaluation, BandForm};
use super::settled::Settled;
use crate::certificate::box_residuals::{BoxResiduals, larger};
use crate::numeric::dd::{self, Dd, Uncertain};
use crate::numeric::dd_accumulators::Accumulator;

/// Every number of the check. All are for the doubles returned, not for the pairs behind them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BandCertificate {
    /// P(m): distance plus what the bands cost.
    pub objective: f64,
    /// Σ dᵢ(mᵢ − 1)²
    pub distance: f64,
    /// Σ Mⱼ dist((Bᵀm)ⱼ, bandⱼ)² over the elastic bands.
    pub band_cost: f64,
    /// The gap, a sum of non-negative terms with their errors.
    pub duality_gap: f64,
    /// The gap divided by max(P(m), smallest positive number).
    pub relative_gap: f64,
    /// maxᵢ |mᵢ − mᵢ*| is at most this.
    pub distance_bound: f64,
    /// maxᵢ |mᵢ − mᵢ*|/|mᵢ| is at most this.
    pub relative_distance_bound: f64,
    /// The part of the bound that is not the rounding of the answer to doubles: it bounds |mᵢ(y) − mᵢ*|.
    pub bound_before_rounding: f64,
    /// Upper bound on ‖g‖.
    pub dual_residual: f64,
    /// True if the bound rests on a proven active set or an interior point, false if on the dual residual and the gap alone.
    pub structure_proven: bool,
    /// maxⱼ distance of (Bᵀm)ⱼ from its band, in units of the scale.
    pub largest_violation: f64,
    /// maxᵢ |mᵢ − clip(mᵢ − ∂L/∂mᵢ)|, L the Lagrangian with the dual point.
    pub stationarity: f64,
    /// maxᵢ distance of mᵢ from [loᵢ, hiᵢ].
    pub feasibility: f64,
    /// maxᵢ of max(∂L/∂mᵢ, 0)(mᵢ − loᵢ) and max(−∂L/∂mᵢ, 0)(hiᵢ − mᵢ).
    pub complementarity: f64,
    /// Multipliers at their lower bound.
    pub num_at_lower: u32,
    /// Multipliers at their upper bound.
    pub num_at_upper: u32,
}

/// What is proven about |mᵢ(y) − mᵢ*| at worst.
pub(super) fn rounding_free_bound(
    form: &BandForm<'_>,
    evaluation: &BandEvaluation,
    settled: Option<&Settled>,
) -> f64 {
    let by_residual = evaluation.residual_distance(form.smallest_distance_weight);
    let by_set = settled.map_or(f64::INFINITY, |s| s.shift.iter().copied().fold(0.0, larger));
    let bound = if by_residual.is_nan() { by_set } else { by_residual.min(by_set) };
    evaluation.dual.evaluation_error + bound
}

/// The smallest proven bound on |mᵢ − mᵢ*|.
fn record_bound(
    form: &BandForm<'_>,
    evaluation: &BandEvaluation,
    settled: Option<&Settled>,
    gap: f64,
    i: usize,
) -> f64 {
    let (lower, upper) = form.problem.bounds.of(i);
    let (answer, deviation) = (evaluation.dual.answer[i], evaluation.dual.deviation(form, i));
    let d = form.distance_weight(i);
    let by_residual = (deviation + evaluation.residual_distance(d)) * (1.0 + 1e-12);
    if by_residual.is_nan() || !(lower..=upper).contains(&answer) {
        return f64::NAN;
    }
    let by_set = settled.map_or(f64::INFINITY, |s| (deviation + s.shift[i]) * (1.0 + 1e-12));
    let by_gap = if form.has_hard { f64::INFINITY } else { (gap / d).sqrt() * (1.0 + 1e-12) };
    by_residual.min(by_set).min(by_gap).min((answer - lower).max(upper - answer).next_up())
}

/// The smallest proven bound on |mᵢ − mᵢ*| for every record (n).
pub(super) fn record_bounds(
    form: &BandForm<'_>,
    evaluation: &BandEvaluation,
    settled: Option<&Settled>,
    gap: f64,
) -> Vec<f64> {
    (0..form.num_records()).map(|i| record_bound(form, evaluation, settled, gap, i)).collect()
}

/// The certificate of the answer in `evaluation`, which belongs to the dual point v = `dual`; `totals` is Bᵀm of it.
pub(super) fn certificate(
    form: &BandForm<'_>,
    dual: &[Dd],
    evaluation: &BandEvaluation,
    settled: Option<&Settled>,
    totals: &[Uncertain],
) -> BandCertificate {
    let answer = &evaluation.dual.answer;
    let distance = distance(form, answer);
    let violations: Vec<f64> = totals.iter().enumerate().map(|(j, a)| violation(form, j, a.value)).collect();
    let cost = |(m, v): (&Option<f64>, &f64)| m.map_or(0.0, |m| m * v * v);
    let band_cost = form.elastic.iter().zip(&violations).map(cost).sum::<f64>();
    let objective = distance + band_cost;
    let target_gap: f64 = totals.iter().enumerate().map(|(j, a)| target_gap(form, j, dual[j], *a)).sum();
    // The factor covers the roundings of plain sums of non-negative terms.
    let duality_gap = (target_gap + evaluation.dual.record_gap) * (1.0 + 1e-9);
    let partial = form.workers.map_chunks(answer.len(), |range| {
        range.fold((0.0f64, 0.0f64), |(absolute, relative), i| {
            let bound = record_bound(form, evaluation, settled, duality_gap, i);
            let ratio = if bound == 0.0 { 0.0 } else { bound / answer[i].abs() };
            (larger(absolute, bound), larger(relative, ratio))
        })
    });
    let (distance_bound, relative_distance_bound) =
        partial.into_iter().fold((0.0, 0.0), |a, b| (larger(a.0, b.0), larger(a.1, b.1)));
    let residuals = box_residuals(form, evaluation);
    BandCertificate {
        objective,
        distance,
        band_cost,
        duality_gap,
        relative_gap: duality_gap / objective.max(f64::MIN_POSITIVE),
        distance_bound,
        relative_distance_bound,
        bound_before_rounding: rounding_free_bound(form, evaluation, settled),
        dual_residual: evaluation.dual.residual_bound,
        structure_proven: settled.is_some(),
        largest_violation: violations.into_iter().fold(0.0, larger),
        stationarity: residuals.stationarity,
        feasibility: residuals.feasibility,
        complementarity: residuals.complementarity,
        num_at_lower: residuals.num_at_lower,
        num_at_upper: residuals.num_at_upper,
    }
}

/// Distance of aⱼ from its band.
pub(super) fn violation(form: &BandForm<'_>, j: usize, reached: Dd) -> f64 {
    let above = (reached - form.upper[j].value).to_f64();
    let below = (form.lower[j].value - reached).to_f64();
    above.max(below).max(0.0)
}

/// Mⱼ dist(a, band)² + max(lb y, ub y) + y²/(4Mⱼ) − a y for the uncertain a, rounded up.
fn target_gap(form: &BandForm<'_>, j: usize, v: Dd, reached: Uncertain) -> f64 {
    let y = v.times(form.scale[j]);
    let (lower, upper) = (form.lower[j], form.upper[j]);
    // y < 0 is the mirror image.
    let (y, above, below) = if y < Dd::ZERO {
        (-y, lower.value - reached.value, reached.value - upper.value)
    } else {
        (y, reached.value - upper.value, lower.value - reached.value)
    };
    let error = reached.error + lower.error + upper.error;
    let Some(elastic) = form.elastic[j] else {
        return (above.to_f64().abs() + error) * y.to_f64();
    };
    if above >= Dd::ZERO {
        let apart = (above - y.over(elastic).times(0.5)).to_f64().abs() + error;
        elastic * apart * apart
    } else {
        let outside = (below.to_f64() + error).max(0.0);
        let y = y.to_f64();
        elastic * outside * outside + (error - above.to_f64()) * y + 0.25 * y * y / elastic
    }
}

/// Σ dᵢ(mᵢ − 1)²
fn distance(form: &BandForm<'_>, answer: &[f64]) -> f64 {
    let partial = form.workers.map_chunks(answer.len(), |range| {
        let mut squares = Accumulator::default();
        for i in range {
            let x = answer[i] - 1.0;
            squares.add_product(form.distance_weight(i) * x, x, 0.0);
        }
        squares.value()
    });
    dd::sum(partial).to_f64()
}

/// ∂L/∂mᵢ = 2dᵢ(mᵢ − 1) + w⁰ᵢ(Av)ᵢ = 2dᵢ(mᵢ − zᵢ) and what it says at the bounds.
fn box_residuals(form: &BandForm<'_>, evaluation: &BandEvaluation) -> BoxResiduals {
    let answer = &evaluation.dual.answer;
    let partial = form.workers.map_chunks(answer.len(), |range| {
        let start = range.start;
        let slope = |i| 2.0 * form.distance_weight(i) * evaluation.dual.slope(form, i);
        let gradient: Vec<f64> = range.clone().map(slope).collect();
        BoxResiduals::new(&answer[range], &gradient, |i| form.problem.bounds.of(start + i))
    });
    partial.into_iter().fold(BoxResiduals::default(), BoxResiduals::merge)
}
