//! The last digits: Newton corrections of the dual point held in pairs, on the active set that the plain iteration settled.
//!
//! Active are the targets with yⱼ ≠ 0 (and those whose band is a single value), free the records strictly inside their bounds. On
//! them φ is quadratic and g is evaluated in double-double, so that each correction with a factor in doubles gains about
//! its sixteen digits less those of the condition: iterative refinement (C. B. Moler, J. ACM 14 (1967) 316–321). A correction
//! that changes the sets is followed by one with the new sets.

use super::form::{BandEvaluation, BandForm};
use super::free_gram::FreeGram;
use super::proximal_newton::Run;
use crate::control::IterationRecord;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::dd::Dd;
use crate::numeric::dd_accumulators::{PairAccumulator, RowSum, TripleAccumulator};

const MAX_CORRECTIONS: u32 = 14;
/// Corrections that do not halve the residual before the finish gives up on a point that is near the optimum …
const MAX_FAILURES: u32 = 3;
/// … which is one whose residual is at most this: another has the wrong active set, and the first failure says so.
const NEAR: f64 = 1e-6;
/// Three levels are tried where two have come near, or have lowered the residual by this factor.
const PROGRESS: f64 = 1e-3;
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

/// Corrects y (k) until its residual is at rounding level of pairs: with row products in two levels as far as these go, then in
/// three. `None` where the active set of y is not that of the optimum, unless the result is wanted whatever it is.
pub(super) fn finish(
    form: &BandForm<'_>,
    y: &[f64],
    free_gram: &mut FreeGram,
    run: &mut Run,
    whatever: bool,
) -> Option<Finished> {
    let dual = y.iter().zip(&form.scale).map(|(&y, &s)| Dd::from(y).over(s).renormalised()).collect();
    let mut corrections = Corrections {
        form,
        dual,
        evaluation: BandEvaluation::new(form),
        free_gram,
        factor: None,
        smallest_pivot: None,
        made: 0,
    };
    let end = corrections.run::<PairAccumulator>(run);
    if end == End::Far && !whatever {
        return None;
    }
    if end == End::Near {
        corrections.run::<TripleAccumulator>(run);
    }
    if end != End::Settled {
        // What a check of the answer evaluates.
        form.evaluate_dual(&corrections.dual, None, &mut corrections.evaluation);
    }
    let Corrections { dual, evaluation, smallest_pivot, .. } = corrections;
    Some(Finished { dual, evaluation, smallest_pivot })
}

/// How far corrections came.
#[derive(PartialEq)]
enum End {
    /// Nothing is left to correct.
    Settled,
    /// The active set seems to be right: more accurate evaluations may do the rest.
    Near,
    /// The active set is wrong.
    Far,
}

/// The corrections of one finish.
struct Corrections<'c, 'p> {
    form: &'c BandForm<'p>,
    dual: Vec<Dd>,
    evaluation: BandEvaluation,
    free_gram: &'c mut FreeGram,
    /// Active targets and the factor on them.
    factor: Option<(Vec<usize>, Cholesky)>,
    smallest_pivot: Option<f64>,
    made: u32,
}

impl Corrections<'_, '_> {
    /// Corrects as long as it helps, row products summed by `S`. Where nothing is left to correct the evaluation is that of the
    /// dual point.
    fn run<S: RowSum>(&mut self, run: &mut Run) -> End {
        let form = self.form;
        form.evaluate_dual_by::<S>(&self.dual, None, &mut self.evaluation);
        let first = residual(form, &self.evaluation);
        let starts_near = self.evaluation.dual.residual_bound <= NEAR;
        let max_failures = if starts_near { MAX_FAILURES } else { 1 };
        let mut best = (first, self.dual.clone());
        let mut failures = 0;
        while !form.is_settled(&self.evaluation) {
            if failures >= max_failures || self.made >= MAX_CORRECTIONS || !self.factor_active_set() {
                self.dual = best.1;
                let near = starts_near || best.0 <= PROGRESS * first;
                return if near { End::Near } else { End::Far };
            }
            self.correct();
            form.evaluate_dual_by::<S>(&self.dual, None, &mut self.evaluation);
            self.report(run);
            let norm = residual(form, &self.evaluation);
            failures = if norm <= 0.5 * best.0 { 0 } else { failures + 1 };
            if norm < best.0 {
                best = (norm, self.dual.clone());
            } else if norm.is_nan() {
                failures = MAX_FAILURES;
            }
        }
        End::Settled
    }

    /// Brings the factor up to date with the active targets and free records. False if they cannot be factored.
    fn factor_active_set(&mut self) -> bool {
        let active = active_targets(self.form, &self.dual, &self.evaluation);
        let changed = changed_records(self.form, &self.evaluation, self.free_gram);
        let stale = self.factor.as_ref().is_none_or(|(members, _)| *members != active);
        if !changed.is_empty() {
            let free = &self.free_gram.free;
            let flipped_free = changed.iter().filter(|&&i| !free.contains(i as usize)).count();
            let num_free = self.free_gram.num_free() + 2 * flipped_free - changed.len();
            self.free_gram.update(self.form, &changed, num_free);
        }
        if stale || !changed.is_empty() {
            self.factor = factor_active(self.form, &active, &self.free_gram.gram).map(|new| (active, new));
            self.smallest_pivot = self.factor.as_ref().map(|(_, factor)| factor.smallest_pivot());
        }
        self.factor.is_some()
    }

    /// y ← y − H⁻¹g on the active targets; one that would change its sign goes to 0.
    fn correct(&mut self) {
        let Some((active, cholesky)) = &self.factor else { return };
        let mut step: Vec<f64> = active.iter().map(|&j| -self.evaluation.dual.residual[j]).collect();
        cholesky.solve(&mut step);
        for (&j, &step) in active.iter().zip(&step) {
            let old = self.dual[j];
            let new = old + Dd::from(step).over(self.form.scale[j]);
            let crosses = (old > Dd::ZERO && new < Dd::ZERO) || (old < Dd::ZERO && new > Dd::ZERO);
            let stops = crosses && !is_equality(self.form, j);
            self.dual[j] = if stops { Dd::ZERO } else { new.renormalised() };
        }
        self.made += 1;
    }

    fn report(&self, run: &mut Run) {
        run.history.push(IterationRecord {
            method: "finish".into(),
            iteration: self.made - 1,
            residual: self.evaluation.dual.residual_bound,
            objective: None,
            step_length: 1.0,
            num_free: self.free_gram.num_free() as u32,
            num_changed: 0,
        });
    }
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
    let changed = form.workers.map_chunks(answer.len(), |range| {
        let changes = |&i: &usize| {
            let (lower, upper) = form.problem.bounds.of(i);
            (lower < answer[i] && answer[i] < upper) != free_gram.free.contains(i)
        };
        range.filter(changes).map(|i| i as u32).collect::<Vec<u32>>()
    });
    changed.concat()
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
