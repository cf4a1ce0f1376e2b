//! Proximal Newton method for the dual of the elastic band form.
//!
//! The smooth part of φ comes from the records and is piecewise quadratic; the bands add kinks at yⱼ = 0. Each step minimises
//! the quadratic model with the kinks kept ([`Subproblem`]), and a line search on the true slope makes it monotone. Where
//! steps become short the model's Hessian is mixed with the one of all records free, which majorises φ (θ = 1 makes
//! descent certain).
//!
//! Sources: J. D. Lee, Y. Sun, M. A. Saunders, SIAM J. Optim. 24 (2014) 1420–1443 (proximal Newton); L. Qi, J. Sun, Math.
//! Programming 58 (1993) 353–367 (generalised Jacobians of piecewise smooth maps).

use super::coordinate_sweep;
use super::form::BandForm;
use super::free_gram::{FreeGram, all_gram};
use super::subproblem::{Model, Subproblem};
use crate::control::{Control, IterationRecord, Stopwatch};
use crate::numeric::cholesky::NotPositiveDefinite;
use crate::numeric::parallel::CHUNK;
use crate::numeric::sum::{axpy, dot};
use crate::reweight::problem::ReweightProblem;
use crate::reweight::result::Timing;

/// A stage stops once gap ≤ this · max(1, P) …
const GAP_TARGET: f64 = 1e-10;
/// … and √(gap/min d) ≤ this, or once the gap no longer halves.
const DISTANCE_TARGET: f64 = 1e-6;
/// Steps without a halving of the best gap after which it counts as stalled.
const STALLED_STEPS: u32 = 2;
/// The line search accepts a slope in [−this, 0] times the first.
const SLOPE_REDUCTION: f64 = 0.1;
const MAX_LINE_SEARCH_STEPS: usize = 60;
/// Steps below this length are short; this many of them end a stage.
const SHORT_STEP: f64 = 0.1;
/// First mixing weight θ of the majorising Hessian, and where it is dropped again.
const FIRST_MIXING: f64 = 0.01;
const LEAST_MIXING: f64 = 1e-5;

/// An elastic problem with weights Mⱼ and bands [lower, upper] in plain doubles.
pub(super) struct Stage {
    pub elastic: Vec<f64>,
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
    /// Short steps allowed before it is given up.
    pub max_short_steps: u32,
    /// Steps allowed.
    pub max_steps: u32,
    /// True if a small gap counts only with multipliers evaluated afresh.
    pub check_afresh: bool,
}

/// Why a stage ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum StageEnd {
    /// The gap is small.
    Solved,
    ShortSteps,
    StepLimit,
    IterationLimit,
    Cancelled,
    Factorisation(NotPositiveDefinite),
    NotFinite,
}

/// Iterations of all stages of one solve.
pub(super) struct Run {
    pub iteration_limit: u32,
    pub iterations: u32,
    pub history: Vec<IterationRecord>,
}

/// What one task of [`ProximalNewton::evaluate`] found.
#[derive(Clone, Default)]
struct Found {
    distance: f64,
    num_free: usize,
    changed: Vec<u32>,
}

pub(super) struct ProximalNewton<'f, 'p> {
    form: &'f BandForm<'p>,
    subproblem: Subproblem,
    /// y
    pub dual: Vec<f64>,
    pub free_gram: FreeGram,
    /// The Gram matrix of all records, once it was needed.
    all_gram: Option<Vec<f64>>,
    hessian: Vec<f64>,
    /// zᵢ − 1
    unclipped: Vec<f64>,
    /// (A(d ⊘ s))ᵢ of the current direction
    change: Vec<f64>,
    /// w⁰ᵢmᵢ
    weighted: Vec<f64>,
    /// Bᵀm
    reached: Vec<f64>,
    changed: Vec<u32>,
    num_free: usize,
    inverse_scale: Vec<f64>,
    /// Σ dᵢ(mᵢ − 1)²
    distance: f64,
    /// θ
    mixing: f64,
    sparse_columns: Vec<usize>,
}

impl<'f, 'p> ProximalNewton<'f, 'p> {
    /// Starts at y = 0.
    pub fn new(form: &'f BandForm<'p>) -> Self {
        let k = form.num_targets();
        let mut newton = Self {
            form,
            subproblem: Subproblem::new(vec![0.0; k]),
            dual: vec![0.0; k],
            free_gram: FreeGram::new(form),
            all_gram: None,
            hessian: vec![0.0; k * k],
            unclipped: Vec::new(),
            change: Vec::new(),
            weighted: Vec::new(),
            reached: vec![0.0; k],
            changed: Vec::new(),
            num_free: 0,
            inverse_scale: form.scale.iter().map(|s| 1.0 / s).collect(),
            distance: 0.0,
            mixing: 0.0,
            sparse_columns: coordinate_sweep::sparse_columns(&form.problem.matrix),
        };
        newton.make_record_vectors();
        newton
    }

    fn make_record_vectors(&mut self) {
        let n = self.form.num_records();
        for vector in [&mut self.unclipped, &mut self.change, &mut self.weighted] {
            *vector = vec![0.0; n];
        }
    }

    /// Gives back the vectors over the records, so that a finish has their memory; [`ProximalNewton::place_records`] makes them
    /// again.
    pub fn release_record_vectors(&mut self) {
        for vector in [&mut self.unclipped, &mut self.change, &mut self.weighted] {
            *vector = Vec::new();
        }
    }

    /// mᵢ(y), rounded into the bounds.
    pub fn multipliers(&self) -> Vec<f64> {
        let clip = |(i, z): (usize, &f64)| {
            let (lower, upper) = self.form.problem.bounds.of(i);
            (1.0 + z).clamp(lower, upper)
        };
        self.unclipped.iter().enumerate().map(clip).collect()
    }

    /// Moves to another dual point.
    pub fn move_to(&mut self, dual: &[f64]) {
        self.dual.copy_from_slice(dual);
        self.subproblem.restart(dual);
        self.mixing = 0.0;
        self.place_records();
    }

    /// Minimises the dual of `stage`, from the current point.
    pub fn solve(
        &mut self,
        stage: &Stage,
        run: &mut Run,
        control: &Control,
        timing: &mut Timing,
    ) -> StageEnd {
        let mut watch = Stopwatch::default();
        let (mut best, mut stalled, mut short, mut steps) = (f64::INFINITY, 0, 0, 0);
        let (mut step_length, mut fresh) = (0.0, !stage.check_afresh);
        let mut distance = self.evaluate();
        loop {
            let objective = distance + self.band_cost(stage);
            let gap = self.gap(stage);
            stalled = if gap < 0.5 * best { 0 } else { stalled + 1 };
            best = best.min(gap);
            timing.passes_seconds += watch.lap();
            let small = self.is_small(gap, objective, stalled);
            if small && !fresh {
                self.place_records();
                distance = self.evaluate();
                fresh = true;
                continue;
            }
            self.report(run, control, gap / objective.max(1.0), objective, step_length);
            if small {
                return StageEnd::Solved;
            } else if !gap.is_finite() {
                return StageEnd::NotFinite;
            } else if control.must_stop() {
                return StageEnd::Cancelled;
            } else if run.iterations >= run.iteration_limit {
                return StageEnd::IterationLimit;
            } else if short >= stage.max_short_steps {
                return StageEnd::ShortSteps;
            } else if steps >= stage.max_steps {
                return StageEnd::StepLimit;
            }
            self.update_gram();
            timing.gram_seconds += watch.lap();
            if let Err(failure) = self.minimise_model(stage) {
                return StageEnd::Factorisation(failure);
            }
            timing.cholesky_seconds += watch.lap();
            (step_length, distance) = self.step(stage);
            fresh = !stage.check_afresh;
            short += u32::from(step_length < SHORT_STEP);
            steps += 1;
            run.iterations += 1;
        }
    }

    /// gap ≤ 1e-10 max(1, P) and (√(gap/min d) ≤ 1e-6 or stalled)
    fn is_small(&self, gap: f64, objective: f64, stalled: u32) -> bool {
        let near = (gap / self.form.smallest_distance_weight).sqrt() <= DISTANCE_TARGET;
        gap <= GAP_TARGET * objective.max(1.0) && (near || stalled >= STALLED_STEPS)
    }

    fn report(&self, run: &mut Run, control: &Control, residual: f64, objective: f64, step_length: f64) {
        let record = IterationRecord {
            method: "proximal_newton".into(),
            iteration: run.iterations,
            residual,
            objective: Some(objective),
            step_length,
            num_free: self.num_free as u32,
            num_changed: self.changed.len() as u32,
        };
        control.report(&record);
        run.history.push(record);
    }

    /// z − 1 from y, by a pass over all non-zeros.
    pub fn place_records(&mut self) {
        if self.unclipped.is_empty() {
            self.make_record_vectors();
        }
        if self.dual.iter().all(|y| *y == 0.0) {
            self.unclipped.fill(0.0);
            return;
        }
        let dual = std::mem::take(&mut self.dual);
        self.spread(&dual);
        self.dual = dual;
        self.unclipped.fill(0.0);
        self.move_records(1.0);
    }

    /// change = A(direction ⊘ s)
    fn spread(&mut self, direction: &[f64]) {
        let v: Vec<f64> = direction.iter().zip(&self.inverse_scale).map(|(d, s)| d * s).collect();
        self.form.problem.matrix.times(&v, &mut self.change, self.form.workers);
    }

    /// z ← z − α ratio ∘ change
    fn move_records(&mut self, alpha: f64) {
        let (form, change) = (self.form, &self.change);
        form.workers.fill(&mut self.unclipped, |start, chunk| {
            for (offset, z) in chunk.iter_mut().enumerate() {
                *z -= alpha * (form.ratio(start + offset) * change[start + offset]);
            }
        });
    }

    /// Multipliers, their distance Σ dᵢ(mᵢ − 1)², the records that changed state, and Bᵀm.
    fn evaluate(&mut self) -> f64 {
        if self.dual.iter().all(|y| *y == 0.0) && self.form.all_records_start_free() {
            self.evaluate_start();
        } else {
            self.evaluate_along(0.0);
        }
        self.distance
    }

    /// [`ProximalNewton::evaluate`] at y = 0 where that is m = 1 for every record: what is reached then is known.
    fn evaluate_start(&mut self) {
        (self.num_free, self.distance) = (self.form.num_records(), 0.0);
        self.changed = self.free_gram.free.zeroes().map(|i| i as u32).collect();
        for ((reached, before), s) in
            self.reached.iter_mut().zip(&self.form.problem.moments.before).zip(&self.inverse_scale)
        {
            *reached = before.to_f64() * s;
        }
    }

    /// [`ProximalNewton::evaluate`] at z − α ratio ∘ change, where z stays as it is.
    fn evaluate_along(&mut self, alpha: f64) {
        let (form, problem) = (self.form, self.form.problem);
        let (unclipped, change, free) = (&self.unclipped, &self.change, &self.free_gram.free);
        let mut found = vec![Found::default(); unclipped.len().div_ceil(CHUNK)];
        let parts = self.weighted.chunks_mut(CHUNK).zip(&mut found).enumerate().collect();
        self.form.workers.for_each(parts, |(chunk, (weighted, found))| {
            for (offset, weighted) in weighted.iter_mut().enumerate() {
                let i = chunk * CHUNK + offset;
                let (lower, upper) = interval(problem, i);
                let z = unclipped[i] - alpha * (form.ratio(i) * change[i]);
                let shift = z.clamp(lower, upper);
                *weighted = problem.design_weights[i] * (1.0 + shift);
                found.distance += self.form.distance_weight(i) * shift * shift;
                let is_free = lower < z && z < upper;
                found.num_free += usize::from(is_free);
                if is_free != free.contains(i) {
                    found.changed.push(i as u32);
                }
            }
        });
        self.num_free = found.iter().map(|f| f.num_free).sum();
        self.distance = found.iter().map(|f| f.distance).sum();
        self.changed = Vec::new();
        self.changed.reserve_exact(found.iter().map(|f| f.changed.len()).sum());
        self.changed.extend(found.into_iter().flat_map(|f| f.changed));
        problem.matrix.transposed_times(&self.weighted, &mut self.reached, self.form.workers);
        for (a, s) in self.reached.iter_mut().zip(&self.inverse_scale) {
            *a *= s;
        }
    }

    /// Σ Mⱼ dist(aⱼ, [lbⱼ, ubⱼ])²
    fn band_cost(&self, stage: &Stage) -> f64 {
        let outside = |j: usize| self.reached[j] - self.reached[j].max(stage.lower[j]).min(stage.upper[j]);
        (0..self.reached.len()).map(|j| stage.elastic[j] * outside(j).powi(2)).sum()
    }

    /// P(m(y)) + φ(y) + const as Fenchel–Young terms, none of them negative; the records contribute nothing.
    fn gap(&self, stage: &Stage) -> f64 {
        (0..self.dual.len())
            .map(|j| {
                fenchel_young(self.reached[j], self.dual[j], stage.lower[j], stage.upper[j], stage.elastic[j])
            })
            .sum()
    }

    /// Brings the Gram matrix up to date: by the records that changed state, or from scratch where that is cheaper.
    pub fn update_gram(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        self.free_gram.update(self.form, &changed, self.num_free);
        self.changed = changed;
    }

    /// H = (1 − θ)G + θG₀ + diag(1/(2Mⱼ)), the model around y, and its minimiser.
    fn minimise_model(&mut self, stage: &Stage) -> Result<(), NotPositiveDefinite> {
        let form = self.form;
        let k = self.dual.len();
        if self.mixing > 0.0 && self.all_gram.is_none() {
            self.all_gram = Some(all_gram(form));
        }
        let (gram, all, s, theta) = (&self.free_gram.gram, &self.all_gram, &self.inverse_scale, self.mixing);
        form.workers.fill_by(k, &mut self.hessian, |start, row| {
            let i = start / k;
            for (j, h) in row.iter_mut().enumerate() {
                let entry = i.max(j) * k + i.min(j);
                let value = match all {
                    Some(all) if theta > 0.0 => (1.0 - theta) * gram[entry] + theta * all[entry],
                    _ => gram[entry],
                };
                *h = s[i] * s[j] * value + if i == j { 0.5 / stage.elastic[i] } else { 0.0 };
            }
        });
        let mut linear: Vec<f64> =
            (0..k).map(|j| 0.5 * self.dual[j] / stage.elastic[j] - self.reached[j]).collect();
        for (j, &y) in self.dual.iter().enumerate() {
            if y != 0.0 {
                axpy(-y, &self.hessian[j * k..(j + 1) * k], &mut linear);
            }
        }
        let model =
            Model { hessian: &self.hessian, linear: &linear, lower: &stage.lower, upper: &stage.upper };
        self.subproblem.minimise(&model, form.workers)?;
        Ok(())
    }

    /// The step to the model's minimiser, shortened where the true slope asks for it; its length and the distance there.
    fn step(&mut self, stage: &Stage) -> (f64, f64) {
        let direction: Vec<f64> = self.subproblem.point.iter().zip(&self.dual).map(|(q, y)| q - y).collect();
        self.spread(&direction);
        let first = self.slope_from_totals(stage, &direction, 0.0);
        self.evaluate_along(1.0);
        let at_one = self.slope_from_totals(stage, &direction, 1.0);
        let alpha = if at_one <= SLOPE_REDUCTION * first.abs() {
            self.move_records(1.0);
            // Exactly, so that zeros stay zeros.
            self.dual.copy_from_slice(&self.subproblem.point);
            1.0
        } else {
            self.shortened_step(stage, &direction, first, at_one)
        };
        if alpha < 0.2 {
            self.mixing = (10.0 * self.mixing).clamp(FIRST_MIXING, 1.0);
        } else if alpha >= 0.7 {
            self.mixing *= 0.1;
            if self.mixing < LEAST_MIXING {
                self.mixing = 0.0;
            }
        }
        (alpha, self.distance)
    }

    /// Line search, the step, and a sweep over the sparsest columns.
    fn shortened_step(&mut self, stage: &Stage, direction: &[f64], first: f64, at_one: f64) -> f64 {
        let alpha = self.line_search(stage, direction, first, at_one);
        axpy(alpha, direction, &mut self.dual);
        self.move_records(alpha);
        let point = coordinate_sweep::Point {
            dual: &mut self.dual,
            unclipped: &mut self.unclipped,
            inverse_scale: &self.inverse_scale,
        };
        coordinate_sweep::sweep(self.form, stage, &self.sparse_columns, point);
        self.evaluate();
        alpha
    }

    /// α with φ'(α) in [−0.1|φ'(0)|, 0] by safeguarded secants on the monotone φ', given φ'(0) and φ'(1).
    fn line_search(&self, stage: &Stage, direction: &[f64], first: f64, at_one: f64) -> f64 {
        let (mut left, mut right) = ((0.0, first), (1.0, at_one));
        for _ in 0..MAX_LINE_SEARCH_STEPS {
            let width = right.0 - left.0;
            let secant = left.0 - left.1 * width / (right.1 - left.1);
            let alpha = secant.clamp(left.0 + 0.1 * width, right.0 - 0.1 * width);
            let slope = self.slope(stage, direction, alpha);
            if slope <= 0.0 && slope.abs() <= SLOPE_REDUCTION * first.abs() {
                return alpha;
            }
            if slope < 0.0 {
                left = (alpha, slope);
            } else {
                right = (alpha, slope);
            }
            if left.0 > 0.0 && right.0 - left.0 < 0.05 * left.0 {
                break;
            }
        }
        left.0
    }

    /// φ'(α) along the direction.
    fn slope(&self, stage: &Stage, direction: &[f64], alpha: f64) -> f64 {
        let problem = self.form.problem;
        let partial = self.form.workers.map_chunks(self.unclipped.len(), |range| {
            let mut sum = 0.0;
            for i in range {
                let (lower, upper) = interval(problem, i);
                let z = self.unclipped[i] - alpha * (self.form.ratio(i) * self.change[i]);
                sum += (1.0 + z.clamp(lower, upper)) * (problem.design_weights[i] * self.change[i]);
            }
            sum
        });
        self.slope_of_bands(stage, direction, alpha) - partial.iter().sum::<f64>()
    }

    /// φ'(α) from the totals Bᵀm there.
    fn slope_from_totals(&self, stage: &Stage, direction: &[f64], alpha: f64) -> f64 {
        self.slope_of_bands(stage, direction, alpha) - dot(direction, &self.reached)
    }

    /// The derivative of Σ max(lbⱼyⱼ, ubⱼyⱼ) + yⱼ²/(4Mⱼ): at α = 1 from the left, else from the right.
    fn slope_of_bands(&self, stage: &Stage, direction: &[f64], alpha: f64) -> f64 {
        let from_right = alpha < 1.0;
        let mut slope = 0.0;
        for (j, &d) in direction.iter().enumerate() {
            let y = self.dual[j] + alpha * d;
            let upward = if y == 0.0 { (d > 0.0) == from_right } else { y > 0.0 };
            slope += (0.5 * y / stage.elastic[j] + if upward { stage.upper[j] } else { stage.lower[j] }) * d;
        }
        slope
    }
}

/// The interval of zᵢ − 1.
#[inline(always)]
fn interval(problem: &ReweightProblem, i: usize) -> (f64, f64) {
    let (lower, upper) = problem.bounds.of(i);
    (lower - 1.0, upper - 1.0)
}

/// M dist(a, [lb, ub])² + max(lb y, ub y) + y²/(4M) − a y ≥ 0, without cancellation.
pub(super) fn fenchel_young(reached: f64, y: f64, lower: f64, upper: f64, elastic: f64) -> f64 {
    // y < 0 is the mirror image.
    let (a, y, lower, upper) =
        if y < 0.0 { (-reached, -y, -upper, -lower) } else { (reached, y, lower, upper) };
    if a >= upper {
        let apart = (a - upper) - 0.5 * y / elastic;
        elastic * apart * apart
    } else {
        let below = (lower - a).max(0.0);
        elastic * below * below + (upper - a) * y + 0.25 * y * y / elastic
    }
}
