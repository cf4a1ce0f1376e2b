//! The last digits: Newton corrections of the dual point held in pairs, on the active set that the plain iteration settled.
//!
//! Active are the targets with yⱼ ≠ 0 (and those whose band is a single value), free the records strictly inside their bounds. On
//! them φ is quadratic and g is evaluated in double-double, so that each correction with a factor in doubles gains about
//! its sixteen digits less those of the condition: iterative refinement (C. B. Moler, J. ACM 14 (1967) 316–321). A correction
//! that changes the sets is followed by one with the new sets.

use super::form::{BandEvaluation, BandForm};
use super::proximal_newton::{FreeGram, Run};
use crate::control::IterationRecord;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::dd::Dd;

/// The finish stops once √ΣMⱼgⱼ²/(2√d) ≤ this for every record: far below half an ulp of 1, 1.1e-16.
const TARGET: f64 = 1e-18;
const MAX_CORRECTIONS: u32 = 14;
/// Corrections that do not halve the residual before the finish gives up.
const MAX_FAILURES: u32 = 3;
/// Weight of a hard target in the residual by which corrections are compared.
const HARD_WEIGHT: f64 = 1e12;
/// Relative ridges tried where the matrix is numerically singular.
const RIDGES: [f64; 3] = [0.0, 1e-13, 1e-10];

/// The dual point v = y ⊘ s with its evaluation.
pub(super) struct Finished {
    pub dual: Vec<Dd>,
    pub evaluation: BandEvaluation,
    pub smallest_pivot: Option<f64>,
}

/// Corrects y (k) until its residual is at rounding level of pairs.
pub(super) fn finish(form: &BandForm<'_>, y: &[f64], free_gram: &mut FreeGram, run: &mut Run) -> Finished {
    let mut dual: Vec<Dd> =
        y.iter().zip(&form.scale).map(|(&y, &s)| Dd::from(y).over(s).renormalised()).collect();
    let mut evaluation = BandEvaluation::new(form);
    form.evaluate_dual(&dual, None, &mut evaluation);
    let mut best = (residual(form, &evaluation), dual.clone());
    let mut newest_is_best = true;
    let (mut smallest_pivot, mut failures) = (None, 0);
    let mut factor: Option<(Vec<usize>, Cholesky)> = None;
    for correction in 1..=MAX_CORRECTIONS {
        let settled = newest_is_best && evaluation.residual_distance(form.smallest_distance_weight) <= TARGET;
        if settled || failures >= MAX_FAILURES {
            break;
        }
        let active = active_targets(form, &dual, &evaluation);
        let changed = changed_records(form, &evaluation, free_gram);
        let stale = factor.as_ref().is_none_or(|(members, _)| *members != active);
        if !changed.is_empty() {
            let flipped_free = changed.iter().filter(|&&i| !free_gram.free[i as usize]).count();
            let num_free = free_gram.free.iter().filter(|f| **f).count() + 2 * flipped_free - changed.len();
            free_gram.update(form, &changed, num_free);
        }
        if stale || !changed.is_empty() {
            let Some(new) = factor_active(form, &active, &free_gram.gram) else { break };
            smallest_pivot = Some(new.smallest_pivot());
            factor = Some((active, new));
        }
        let Some((members, cholesky)) = &factor else { break };
        correct(form, &mut dual, &evaluation, members, cholesky);
        form.evaluate_dual(&dual, None, &mut evaluation);
        let norm = residual(form, &evaluation);
        run.history.push(IterationRecord {
            method: "finish".into(),
            iteration: correction - 1,
            residual: evaluation.dual.residual_bound,
            objective: None,
            step_length: 1.0,
            num_free: free_gram.free.iter().filter(|f| **f).count() as u32,
            num_changed: changed.len() as u32,
        });
        failures = if norm <= 0.5 * best.0 { 0 } else { failures + 1 };
        newest_is_best = norm < best.0;
        if newest_is_best {
            best = (norm, dual.clone());
        } else if norm.is_nan() {
            break;
        }
    }
    if !newest_is_best {
        dual = best.1;
        form.evaluate_dual(&dual, None, &mut evaluation);
    }
    Finished { dual, evaluation, smallest_pivot }
}

/// √ΣMⱼgⱼ²
fn residual(form: &BandForm<'_>, evaluation: &BandEvaluation) -> f64 {
    let term = |j: usize| {
        let g = evaluation.dual.residual[j].abs() + evaluation.residual_error[j];
        form.elastic[j].unwrap_or(HARD_WEIGHT) * g * g
    };
    (0..form.num_targets()).map(term).sum::<f64>().sqrt()
}

/// True where the band is a single value, so that φ has no kink at yⱼ = 0.
pub(super) fn is_equality(form: &BandForm<'_>, j: usize) -> bool {
    form.lower[j].value == form.upper[j].value
}

/// Targets with yⱼ ≠ 0, those at a single value, and zeros whose subgradient is outside the band.
fn active_targets(form: &BandForm<'_>, dual: &[Dd], evaluation: &BandEvaluation) -> Vec<usize> {
    (0..dual.len())
        .filter(|&j| {
            dual[j] != Dd::ZERO
                || is_equality(form, j)
                || evaluation.dual.residual[j].abs() > evaluation.residual_error[j]
        })
        .collect()
}

/// Records whose state at the evaluated point differs from the one in the Gram matrix.
fn changed_records(form: &BandForm<'_>, evaluation: &BandEvaluation, free_gram: &FreeGram) -> Vec<u32> {
    let answer = &evaluation.dual.answer;
    (0..answer.len())
        .filter(|&i| {
            let (lower, upper) = form.problem.bounds.of(i);
            (lower < answer[i] && answer[i] < upper) != free_gram.free[i]
        })
        .map(|i| i as u32)
        .collect()
}

/// Factors S⁻¹GS⁻¹ + diag(1/(2Mⱼ)) on the active targets.
fn factor_active(form: &BandForm<'_>, active: &[usize], gram: &[f64]) -> Option<Cholesky> {
    let k = form.num_targets();
    let mut cholesky = Cholesky::new(active.len());
    RIDGES.iter().find_map(|ridge| {
        let entry = |a: usize, b: usize| {
            let (i, j) = (active[a], active[b]);
            let value = gram[i.max(j) * k + i.min(j)] / form.scale[i] / form.scale[j];
            if a == b { value * (1.0 + ridge) + form.half_inverse_elastic(i) } else { value }
        };
        cholesky.factor(entry, form.workers).ok().map(|()| cholesky.clone())
    })
}

/// y ← y − H⁻¹g on the active targets; one that would change its sign goes to 0.
fn correct(
    form: &BandForm<'_>,
    dual: &mut [Dd],
    evaluation: &BandEvaluation,
    active: &[usize],
    cholesky: &Cholesky,
) {
    let mut step: Vec<f64> = active.iter().map(|&j| -evaluation.dual.residual[j]).collect();
    cholesky.solve(&mut step);
    for (&j, &step) in active.iter().zip(&step) {
        let old = dual[j];
        let new = old + Dd::from(step).over(form.scale[j]);
        let crosses = (old > Dd::ZERO && new < Dd::ZERO) || (old < Dd::ZERO && new > Dd::ZERO);
        dual[j] = if crosses && !is_equality(form, j) { Dd::ZERO } else { new.renormalised() };
    }
}
