//! Dual semismooth Newton method for the penalty form, with a double-double finish.
//!
//! F(y) = 0 is piecewise linear and strongly monotone. A generalised Jacobian is H = ½I + κ S⁻¹(Σ_free aᵢaᵢᵀ)S⁻¹, free
//! being the records with lo < z < hi; the step solves H d = −F, and a line search on the dual objective φ (∇φ = F, φ convex)
//! makes the method globally convergent. Once the free set is right one full step lands on the solution.
//!
//! Sources: L. Qi, J. Sun, Math. Programming 58 (1993) 353–367 (semismooth Newton, local convergence); H. Qi, D. Sun, SIAM
//! J. Matrix Anal. Appl. 28 (2006) 360–385 (globalised on the dual of a projection problem). The double-double finish is
//! iterative refinement of the last linear system: C. B. Moler, J. ACM 14 (1967) 316–321.

mod finish;
mod grouped;

pub(super) use grouped::grouped_start;

use super::dual_evaluation::DualEvaluation;
use super::penalty::PenaltyForm;
use super::problem::ReweightProblem;
use super::result::Timing;
use crate::control::{Control, IterationRecord, Stopwatch};
use crate::numeric::cholesky::{Cholesky, NotPositiveDefinite};
use crate::numeric::dd::Dd;
use crate::numeric::parallel::CHUNK;
use crate::numeric::sparse::SCATTERED;
use crate::numeric::sum::{dot, norm_two};

/// Newton stops once ‖F‖ ≤ this · √L₀: the finish takes over where plain doubles lose their grip.
const RESIDUAL_TARGET: f64 = 1e-9;
/// Below this · √L₀ a residual that no longer halves has reached rounding level.
const ROUNDING_LEVEL: f64 = 1e-6;
/// Above this · √L₀ the residual that the linear model predicts is good enough to step from; below it is evaluated anew,
/// so that the last step, and with it the finish, starts from all the digits that doubles give.
const PREDICTION_LEVEL: f64 = 1e-3;
/// The line search accepts a slope of at most this fraction of the first.
const SLOPE_REDUCTION: f64 = 0.1;
const MAX_LINE_SEARCH_STEPS: usize = 40;
/// Relative raise of the diagonal for a second attempt to factor: the step still descends.
const DIAGONAL_RAISE: f64 = 1e-12;
/// A round whose finish leaves ‖F‖/(2√λ) above this is followed by another.
const SETTLED: f64 = 1e-13;
const MAX_ROUNDS: u32 = 3;

/// Why the iteration ended; the certificate alone decides what the answer is worth.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NewtonStop {
    /// ‖F‖ ≤ [`RESIDUAL_TARGET`]·√L₀.
    Residual,
    /// A full step changed no record's state: F is linear there and the step lands on its zero.
    ExactStep,
    /// ‖F‖ no longer halves and is at rounding level.
    RoundingLevel,
    IterationLimit,
    Cancelled,
    Factorisation(NotPositiveDefinite),
    NotFinite,
}

pub(super) struct NewtonOutcome {
    /// v = y ⊘ s
    pub dual: Vec<Dd>,
    pub evaluation: DualEvaluation,
    pub stop: NewtonStop,
    pub iterations: u32,
    pub smallest_pivot: Option<f64>,
    pub history: Vec<IterationRecord>,
}

/// What one task of [`Newton::move_records`] found.
#[derive(Clone, Default)]
struct Moved {
    num_free: usize,
    changed: Vec<u32>,
    surprises: Vec<(u32, f64)>,
}

/// What a later solve of the same data may reuse: the Gram matrix over the free records and which they are.
#[derive(Default)]
pub(super) struct Structure {
    gram: Vec<f64>,
    free: Vec<bool>,
}

struct Newton<'f, 'p> {
    form: &'f PenaltyForm<'p>,
    structure: &'f mut Structure,
    cholesky: Cholesky,
    /// y
    dual: Vec<f64>,
    /// κ/w⁰ᵢ, so that zᵢ − 1 = −ratioᵢ(Av)ᵢ
    ratio: Vec<f64>,
    /// zᵢ − 1: held instead of zᵢ, because near the design weights F is made of these small differences alone.
    unclipped: Vec<f64>,
    /// (A(d ⊘ s))ᵢ of the current direction
    change: Vec<f64>,
    /// F(y)
    residual: Vec<f64>,
    /// Records whose state differs from the one the Gram matrix was made for.
    changed: Vec<u32>,
    num_free: usize,
    inverse_scale: Vec<f64>,
    /// Bᵀ1 − c, from double-double
    initial_miss: Vec<f64>,
    root_initial_loss: f64,
    /// True once `cholesky` holds a factor.
    factored: bool,
}

/// Runs Newton from `start` (dual values v = y ⊘ s, k), then the finish; again from there in the rare case that the finish
/// finds the residual of plain doubles to have been an illusion.
pub(super) fn solve(
    form: &PenaltyForm<'_>,
    start: &[f64],
    iteration_limit: u32,
    structure: &mut Structure,
    control: &Control,
    timing: &mut Timing,
) -> NewtonOutcome {
    let mut run = Run { iteration_limit, iterations: 0, history: Vec::new() };
    let mut start = start.to_vec();
    let mut round = 1;
    loop {
        let mut newton = Newton::new(form, &start, structure);
        let stop = newton.iterate(&mut run, control, timing);
        let smallest_pivot = Some(newton.cholesky.smallest_pivot()).filter(|p| p.is_finite());
        let watch = Stopwatch::default();
        newton.factored = stop.may_finish() && newton.bring_factor_up_to_date();
        let (dual, evaluation) = newton.finish(&mut run.history, control);
        timing.finish_seconds += watch.seconds();
        let settled = norm_two(&evaluation.residual) * form.largest_sensitivity() <= SETTLED;
        if settled || !stop.may_finish() || round == MAX_ROUNDS {
            let Run { iterations, history, .. } = run;
            return NewtonOutcome { dual, evaluation, stop, iterations, smallest_pivot, history };
        }
        start = dual.iter().map(|v| v.to_f64()).collect();
        round += 1;
    }
}

/// What the rounds of one solve share.
struct Run {
    iteration_limit: u32,
    iterations: u32,
    history: Vec<IterationRecord>,
}

/// Stop tests before a step, on r = ‖F(y)‖/√L₀: r ≤ 1e-9; or r ≤ 1e-6 and r > ½ of the best r before (rounding level).
fn stop_reason(relative: f64, best: f64, run: &Run, control: &Control) -> Option<NewtonStop> {
    if !relative.is_finite() {
        Some(NewtonStop::NotFinite)
    } else if relative <= RESIDUAL_TARGET {
        Some(NewtonStop::Residual)
    } else if relative <= ROUNDING_LEVEL && relative > 0.5 * best {
        Some(NewtonStop::RoundingLevel)
    } else if control.must_stop() {
        Some(NewtonStop::Cancelled)
    } else if run.iterations >= run.iteration_limit {
        Some(NewtonStop::IterationLimit)
    } else {
        None
    }
}

impl NewtonStop {
    /// True where the last factor belongs to a point that is nearly the solution.
    fn may_finish(&self) -> bool {
        matches!(self, Self::Residual | Self::ExactStep | Self::RoundingLevel)
    }
}

impl<'f, 'p> Newton<'f, 'p> {
    /// The semismooth Newton iteration.
    fn iterate(&mut self, run: &mut Run, control: &Control, timing: &mut Timing) -> NewtonStop {
        let mut watch = Stopwatch::default();
        let (mut best, mut step_length) = (f64::INFINITY, 0.0);
        loop {
            let relative = norm_two(&self.residual) / self.root_initial_loss;
            let record = self.record(run.iterations, relative, step_length);
            control.report(&record);
            run.history.push(record);
            if let Some(stop) = stop_reason(relative, best, run, control) {
                return stop;
            }
            best = best.min(relative);
            self.update_gram();
            timing.gram_seconds += watch.lap();
            if let Err(failure) = self.factor() {
                return NewtonStop::Factorisation(failure);
            }
            self.factored = true;
            timing.cholesky_seconds += watch.lap();
            let direction = self.direction();
            step_length = self.line_search(&direction);
            let exact = self.take_step(step_length, &direction);
            timing.passes_seconds += watch.lap();
            run.iterations += 1;
            if exact {
                return NewtonStop::ExactStep;
            }
            if norm_two(&self.residual) <= PREDICTION_LEVEL * self.root_initial_loss {
                self.evaluate_residual();
            }
        }
    }

    fn new(form: &'f PenaltyForm<'p>, start: &[f64], structure: &'f mut Structure) -> Self {
        let (n, k) = (form.num_records(), form.num_targets());
        if structure.free.len() != n || structure.gram.len() != k * k {
            *structure = Structure { gram: vec![0.0; k * k], free: vec![false; n] };
        }
        let kappa = form.kappa.to_f64();
        let moments = form.moments;
        let mut newton = Self {
            form,
            structure,
            cholesky: Cholesky::new(k),
            dual: start.iter().zip(&moments.scale).map(|(v, s)| v * s.to_f64()).collect(),
            ratio: form.problem.design_weights.iter().map(|w| kappa / w).collect(),
            unclipped: vec![0.0; n],
            change: vec![0.0; n],
            residual: vec![0.0; k],
            changed: Vec::new(),
            num_free: 0,
            inverse_scale: moments.scale.iter().map(|s| 1.0 / s.to_f64()).collect(),
            initial_miss: moments.initial_miss.iter().map(|miss| miss.value.to_f64()).collect(),
            factored: false,
            root_initial_loss: moments.initial_loss.to_f64().sqrt(),
        };
        if start.iter().any(|v| *v != 0.0) {
            form.problem.matrix.times(start, &mut newton.change, form.workers);
            newton.move_records(1.0);
            // The dual value of y = 0 is at least 0: a start below it is worse than none.
            if newton.dual_value() >= 0.0 {
                newton.evaluate_residual();
                return newton;
            }
            newton.dual.fill(0.0);
            newton.unclipped.fill(0.0);
            newton.change.fill(0.0);
        }
        newton.move_records(1.0);
        if newton.num_free == n {
            // F(0) = −(Bᵀ1 − c), known to all digits.
            newton.residual = newton.initial_miss.iter().map(|r| -r).collect();
        } else {
            newton.evaluate_residual();
        }
        newton
    }

    /// The interval of zᵢ − 1.
    #[inline(always)]
    fn interval(problem: &ReweightProblem, i: usize) -> (f64, f64) {
        let (lower, upper) = problem.bounds.of(i);
        (lower - 1.0, upper - 1.0)
    }

    /// change = A(direction ⊘ s)
    fn spread(&mut self, direction: &[f64]) {
        let v: Vec<f64> = direction.iter().zip(&self.inverse_scale).map(|(d, s)| d * s).collect();
        self.form.problem.matrix.times(&v, &mut self.change, self.form.workers);
    }

    /// D(y) = −‖y‖²/4 + y·(Bᵀ1 − c) + Σ (By)ᵢxᵢ + λᵢxᵢ², x = m(y) − 1; `change` must hold Av.
    fn dual_value(&self) -> f64 {
        let problem = self.form.problem;
        let partial = self.form.workers.map_chunks(self.unclipped.len(), |range| {
            let mut sum = 0.0;
            for i in range {
                let (lower, upper) = Self::interval(problem, i);
                let x = self.unclipped[i].clamp(lower, upper);
                sum += problem.design_weights[i] * self.change[i] * x + self.form.lambda(i) * x * x;
            }
            sum
        });
        dot(&self.dual, &self.initial_miss) - 0.25 * dot(&self.dual, &self.dual) + partial.iter().sum::<f64>()
    }

    /// z ← z − α ratio ∘ change. Returns the records whose weight differs from what the linear model of the Gram matrix
    /// predicts, with the difference in w⁰ᵢmᵢ.
    fn move_records(&mut self, alpha: f64) -> Vec<(u32, f64)> {
        let problem = self.form.problem;
        let (ratio, change, free) = (&self.ratio, &self.change, &self.structure.free);
        let mut found: Vec<Moved> = vec![Moved::default(); self.unclipped.len().div_ceil(CHUNK)];
        let parts = self.unclipped.chunks_mut(CHUNK).zip(&mut found).enumerate().collect();
        self.form.workers.for_each(parts, |(chunk, (unclipped, found))| {
            for (offset, z) in unclipped.iter_mut().enumerate() {
                let i = chunk * CHUNK + offset;
                let (lower, upper) = Self::interval(problem, i);
                let before = *z;
                *z -= alpha * (ratio[i] * change[i]);
                let is_free = lower < *z && *z < upper;
                found.num_free += usize::from(is_free);
                if is_free != free[i] {
                    found.changed.push(i as u32);
                }
                if !(is_free && free[i]) {
                    let predicted = if free[i] { *z } else { before.clamp(lower, upper) };
                    let surprise = z.clamp(lower, upper) - predicted;
                    if surprise != 0.0 {
                        found.surprises.push((i as u32, problem.design_weights[i] * surprise));
                    }
                }
            }
        });
        self.num_free = found.iter().map(|f| f.num_free).sum();
        self.changed = found.iter().flat_map(|f| f.changed.iter().copied()).collect();
        found.into_iter().flat_map(|f| f.surprises).collect()
    }

    /// F(y) = y/2 − (Bᵀ1 − c) − Bᵀ(m − 1) by a pass over all non-zeros.
    fn evaluate_residual(&mut self) {
        let (problem, z) = (self.form.problem, &self.unclipped);
        let mut weighted = vec![0.0; z.len()];
        self.form.workers.fill(&mut weighted, |start, chunk| {
            for (offset, x) in chunk.iter_mut().enumerate() {
                let (lower, upper) = Self::interval(problem, start + offset);
                *x = problem.design_weights[start + offset] * z[start + offset].clamp(lower, upper);
            }
        });
        problem.matrix.transposed_times(&weighted, &mut self.residual, self.form.workers);
        for (j, f) in self.residual.iter_mut().enumerate() {
            *f = 0.5 * self.dual[j] - self.initial_miss[j] - *f * self.inverse_scale[j];
        }
    }

    fn record(&self, iteration: u32, residual: f64, step_length: f64) -> IterationRecord {
        IterationRecord {
            method: "newton".into(),
            iteration,
            residual,
            objective: None,
            step_length,
            num_free: self.num_free as u32,
            num_changed: self.changed.len() as u32,
        }
    }

    /// Brings Σ_free aᵢaᵢᵀ up to date: by the records that changed state, or from scratch where that is cheaper.
    fn update_gram(&mut self) {
        let Structure { gram, free } = &mut *self.structure;
        for &i in &self.changed {
            free[i as usize] ^= true;
        }
        let (plan, matrix) = (&self.form.problem.gram_plan, &self.form.problem.matrix);
        if self.changed.len() < self.num_free {
            let sign = |i: usize| if free[i] { 1.0 } else { -1.0 };
            plan.add(matrix, &self.changed, sign, gram, self.form.workers);
        } else {
            let rows: Vec<u32> = (0..free.len() as u32).filter(|&i| free[i as usize]).collect();
            gram.fill(0.0);
            plan.add(matrix, &rows, |_| 1.0, gram, self.form.workers);
        }
    }

    /// Factors H = ½I + κ S⁻¹ G S⁻¹; with its diagonal raised where dependent targets leave a pivot below rounding.
    fn factor(&mut self) -> Result<(), NotPositiveDefinite> {
        self.factor_raised(0.0).or_else(|_| self.factor_raised(DIAGONAL_RAISE))
    }

    fn factor_raised(&mut self, raise: f64) -> Result<(), NotPositiveDefinite> {
        let (k, kappa) = (self.dual.len(), self.form.kappa.to_f64());
        let (gram, s) = (&self.structure.gram, &self.inverse_scale);
        let entry = |i: usize, j: usize| {
            let value = kappa * (s[i] * s[j] * gram[i * k + j]);
            if i == j { (value + 0.5) * (1.0 + raise) } else { value }
        };
        self.cholesky.factor(entry, self.form.workers)
    }

    /// d = −H⁻¹F
    fn direction(&self) -> Vec<f64> {
        let mut d: Vec<f64> = self.residual.iter().map(|f| -f).collect();
        self.cholesky.solve(&mut d);
        d
    }

    /// Exact line search on φ along d: α with |φ'(α)| ≤ 0.1|φ'(0)|, by safeguarded regula falsi on the monotone,
    /// piecewise linear φ'(α) = F(y + αd)·d. The full step is taken where it qualifies.
    fn line_search(&mut self, direction: &[f64]) -> f64 {
        self.spread(direction);
        let first = dot(&self.residual, direction);
        let at_one = self.slope(1.0, direction);
        if at_one <= SLOPE_REDUCTION * first.abs() {
            return 1.0;
        }
        let (mut left, mut right) = ((0.0, first), (1.0, at_one));
        let mut alpha = 1.0;
        for _ in 0..MAX_LINE_SEARCH_STEPS {
            let width = right.0 - left.0;
            let secant = left.0 - left.1 * width / (right.1 - left.1);
            alpha = secant.clamp(left.0 + 0.1 * width, right.0 - 0.1 * width);
            let slope = self.slope(alpha, direction);
            if slope.abs() <= SLOPE_REDUCTION * first.abs() {
                break;
            }
            if slope < 0.0 {
                left = (alpha, slope);
            } else {
                right = (alpha, slope);
            }
        }
        alpha
    }

    /// φ'(α) = (y·d + α d·d)/2 − (Bᵀ1 − c)·d − Σ (clip(zᵢ − α ratioᵢ changeᵢ) − 1) w⁰ᵢ changeᵢ
    fn slope(&self, alpha: f64, direction: &[f64]) -> f64 {
        let problem = self.form.problem;
        let partial = self.form.workers.map_chunks(self.unclipped.len(), |range| {
            let mut sum = 0.0;
            for i in range {
                let (lower, upper) = Self::interval(problem, i);
                let z = self.unclipped[i] - alpha * (self.ratio[i] * self.change[i]);
                sum += z.clamp(lower, upper) * (problem.design_weights[i] * self.change[i]);
            }
            sum
        });
        let smooth = 0.5 * (dot(&self.dual, direction) + alpha * dot(direction, direction));
        smooth - dot(&self.initial_miss, direction) - partial.iter().sum::<f64>()
    }

    /// y ← y + αd; true if the step is exact: full, and F is linear along it.
    ///
    /// Along d the linear model says F(y + αd) = (1 − α)F(y), so that only the records that leave the model need a pass:
    /// F(y + αd) = (1 − α)F(y) − Bᵀ(m − m_predicted).
    fn take_step(&mut self, alpha: f64, direction: &[f64]) -> bool {
        for (y, d) in self.dual.iter_mut().zip(direction) {
            *y += alpha * d;
        }
        let surprises = self.move_records(alpha);
        for f in &mut self.residual {
            *f *= 1.0 - alpha;
        }
        let matrix = &self.form.problem.matrix;
        for surprises in surprises.chunks(SCATTERED) {
            for &(i, difference) in surprises {
                let (columns, values) = matrix.row(i as usize);
                for (&j, a) in columns.iter().zip(values) {
                    self.residual[j as usize] -= difference * a * self.inverse_scale[j as usize];
                }
            }
            matrix.release_rows(surprises[0].0 as usize..surprises[surprises.len() - 1].0 as usize + 1);
        }
        alpha == 1.0 && surprises.is_empty()
    }
}
