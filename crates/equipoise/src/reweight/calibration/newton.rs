//! Newton on the concave dual with an exact line search, finished in pairs.
//!
//! The dual D(λ) = λ·t − Σ (w/q) H(q(Aλ)) − Σ λⱼ²/(2Cⱼ), H′ = F, has gradient t − Aᵀ(wF) − λ/C and Hessian −Aᵀ diag(wqF′) A −
//! diag(1/C). Targets that depend on others keep λⱼ = 0: A λ reaches the same values without them.
//!
//! Source: J.-C. Deville, C.-E. Särndal, J. Amer. Statist. Assoc. 87 (1992) 376–382; J.-C. Deville, C.-E. Särndal, O. Sautory,
//! J. Amer. Statist. Assoc. 88 (1993) 1013–1020.

use super::form::{Evaluation, ExactEvaluation, Form};
use super::infeasibility;
use super::options::Distance;
use super::pivoted::PivotedCholesky;
use crate::control::{Control, IterationRecord, Stopwatch};
use crate::numeric::dd::Dd;
use crate::numeric::sum::dot;
use crate::reweight::Timing;

/// Relative residual at which the plain iteration hands over to the finish.
const HANDOVER: f64 = 1e-9;
/// Relative residual at which the finish takes over even where too few records are free to meet every target.
const ROUNDING: f64 = 1e-15;
/// Steps between the two levels after which the finish takes over in any case.
const NEAR_STEPS: u32 = 20;
/// |v| (of sinh, asinh 2αv) beyond which a multiplier of an unbounded distance is 0 or infinite for all purposes.
const DIVERGED: f64 = 300.0;
/// Steps of the finish: each squares the residual or meets the rounding of pairs.
const FINISH_STEPS: u32 = 16;

/// Distance from a kink of F below which either slope may be the right one.
const AT_KINK: f64 = 1e-8;

/// Up to so many records at a kink every combination of their slopes is tried.
const KINK_COMBINATIONS: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum End {
    /// The plain iteration reached the level of the finish.
    Finished,
    /// No step reduces the residual any more.
    Stalled,
    /// λ is a direction along which the dual grows without limit.
    Unbounded,
    IterationLimit,
    Cancelled,
    NotFinite,
}

pub(super) struct Outcome {
    pub lambda: Vec<Dd>,
    pub evaluation: ExactEvaluation,
    pub end: End,
    pub iterations: u32,
    pub history: Vec<IterationRecord>,
    /// The Gram matrix at F′ = 1, factored: its rows are the independent targets.
    pub structure: PivotedCholesky,
    pub gram: Vec<f64>,
}

/// From λ = 0, or from `start` (k).
pub(super) fn solve(
    form: &Form<'_>,
    start: Option<&[f64]>,
    control: &Control,
    timing: &mut Timing,
) -> Outcome {
    let mut watch = Stopwatch::default();
    let k = form.num_targets();
    let all: Vec<usize> = (0..k).collect();
    let gram = form.gram(|u| form.weights[u] * form.q[u]);
    timing.gram_seconds += watch.lap();
    let structure = PivotedCholesky::new(&gram, k, &all);
    timing.cholesky_seconds += watch.lap();
    let mut state = State {
        form,
        control,
        timing,
        gram: &gram,
        independent: {
            let mut order = structure.order.clone();
            order.sort_unstable();
            order
        },
        lambda: start.map_or_else(|| vec![0.0; k], <[f64]>::to_vec),
        history: Vec::new(),
    };
    let (end, iterations) = state.iterate(form.options.max_iterations);
    watch.lap();
    let (lambda, evaluation) = match end {
        End::Finished | End::Stalled => state.finish(),
        _ => {
            let lambda: Vec<Dd> = state.lambda.iter().map(|&l| Dd::from(l)).collect();
            let evaluation = form.evaluate_exactly(&lambda);
            (lambda, evaluation)
        }
    };
    let history = state.history;
    timing.finish_seconds += watch.lap();
    Outcome { lambda, evaluation, end, iterations, history, structure, gram }
}

struct State<'a> {
    form: &'a Form<'a>,
    control: &'a Control,
    timing: &'a mut Timing,
    gram: &'a [f64],
    independent: Vec<usize>,
    lambda: Vec<f64>,
    history: Vec<IterationRecord>,
}

impl State<'_> {
    fn iterate(&mut self, limit: u32) -> (End, u32) {
        let form = self.form;
        let mut watch = Stopwatch::default();
        let mut evaluation = form.evaluate(&self.lambda);
        let (mut stalled, mut near) = (0, 0);
        for iteration in 0..limit {
            let residual = form.relative_residual(&evaluation.residual, &self.independent);
            if !residual.is_finite() {
                return (End::NotFinite, iteration);
            }
            near += u32::from(residual <= HANDOVER);
            if residual <= HANDOVER
                && (residual <= ROUNDING || near > NEAR_STEPS || self.keeps_rank(&evaluation))
            {
                return (End::Finished, iteration);
            }
            if form.options.distance.is_bounded() && infeasibility::grows(form, &self.lambda) {
                return (End::Unbounded, iteration);
            }
            if !form.options.distance.is_bounded() && self.diverged(&evaluation) {
                return (End::Unbounded, iteration);
            }
            if self.control.must_stop() {
                return (End::Cancelled, iteration);
            }
            self.timing.passes_seconds += watch.lap();
            let Some((d, slope)) = self.direction(&evaluation, residual) else {
                return (End::Stalled, iteration);
            };
            watch.lap();
            let mut change = vec![0.0; form.num_units()];
            form.products(&d, &mut change);
            let alpha = self.line_search(&evaluation, &d, &change, slope);
            let next: Vec<f64> = self.lambda.iter().zip(&d).map(|(l, d)| l + alpha * d).collect();
            let trial = form.evaluate(&next);
            let reached = form.relative_residual(&trial.residual, &self.independent);
            if !reached.is_finite() {
                return (End::NotFinite, iteration);
            }
            // Near the rounding level of doubles the residual only wanders.
            stalled = if reached >= residual && residual < 1e-6 { stalled + 1 } else { 0 };
            if stalled > 3 {
                return (End::Stalled, iteration);
            }
            self.lambda = next;
            evaluation = trial;
            self.report("newton", iteration, reached, alpha, evaluation.points.iter().map(|p| p.slope));
        }
        (End::IterationLimit, limit)
    }

    /// True if the records that are free to move can meet every independent target on their own, so that Newton's steps
    /// reach all of the residual.
    fn keeps_rank(&self, evaluation: &Evaluation) -> bool {
        let form = self.form;
        if form.options.distance != Distance::TruncatedLinear {
            return true;
        }
        let hessian = form.gram(|u| form.weights[u] * form.q[u] * evaluation.points[u].slope);
        let factor = PivotedCholesky::new(&hessian, form.num_targets(), &self.independent);
        factor.rank() == self.independent.len()
    }

    fn diverged(&self, evaluation: &Evaluation) -> bool {
        let extent = |v: f64| match self.form.options.distance {
            Distance::Linear => 0.0,
            Distance::HyperbolicSine { alpha } => libm::asinh(2.0 * alpha * v).abs(),
            _ => v.abs(),
        };
        evaluation.v.iter().any(|&v| extent(v) > DIVERGED)
    }

    /// Newton's direction, and the slope of the dual along it. Where records at their bounds make the Hessian singular a
    /// multiple of the structure's own is added.
    fn direction(&mut self, evaluation: &Evaluation, residual: f64) -> Option<(Vec<f64>, f64)> {
        let form = self.form;
        let mut watch = Stopwatch::default();
        let hessian = form.gram(|u| form.weights[u] * form.q[u] * evaluation.points[u].slope);
        self.timing.gram_seconds += watch.lap();
        let mut theta = 0.0;
        while theta <= 1.0 {
            let d = self.solve(&hessian, theta, &evaluation.residual);
            self.timing.cholesky_seconds += watch.lap();
            if let Some(d) = d {
                let slope = dot(&d, &evaluation.residual);
                if slope > 0.0 && slope.is_finite() {
                    return Some((d, slope));
                }
            }
            theta = if theta == 0.0 { (1e-3 * residual).clamp(1e-12, 1e-3) } else { theta * 100.0 };
        }
        None
    }

    /// (H + θG)⁻¹r on the independent targets; `None` if some of them depend on others now.
    fn solve(&self, hessian: &[f64], theta: f64, residual: &[f64]) -> Option<Vec<f64>> {
        let k = self.form.num_targets();
        let factor = if theta == 0.0 {
            PivotedCholesky::new(hessian, k, &self.independent)
        } else {
            let sum: Vec<f64> = hessian.iter().zip(self.gram).map(|(h, g)| h + theta * g).collect();
            PivotedCholesky::new(&sum, k, &self.independent)
        };
        (factor.rank() == self.independent.len()).then(|| factor.solve(residual))
    }

    /// A step length whose slope is at most a tenth of the slope at 0, or short of the maximum; the dual is concave, so that
    /// its slope descends.
    fn line_search(&self, evaluation: &Evaluation, d: &[f64], change: &[f64], slope: f64) -> f64 {
        let at = |alpha: f64| {
            let s = self.form.slope(&self.lambda, &evaluation.v, d, change, alpha);
            if s.is_nan() { f64::NEG_INFINITY } else { s }
        };
        let (mut left, mut left_slope) = (0.0, slope);
        let mut right = 1.0;
        let mut right_slope = at(right);
        // Too short: the dual is flatter than its quadratic model.
        while right_slope > 0.5 * slope && right < 1e6 {
            (left, left_slope) = (right, right_slope);
            right *= 4.0;
            right_slope = at(right);
        }
        if right_slope.abs() <= 0.1 * slope || right_slope >= 0.0 {
            return if right_slope.is_finite() { right } else { left };
        }
        for step in 0..100 {
            let secant = left + (right - left) * left_slope / (left_slope - right_slope);
            // Bisection every other time keeps the bracket shrinking where the slope is strongly curved.
            let middle = if step % 2 == 0 && right_slope.is_finite() { secant } else { 0.5 * (left + right) };
            let s = at(middle);
            if s.abs() <= 0.1 * slope {
                return middle;
            }
            if s > 0.0 {
                (left, left_slope) = (middle, s);
            } else {
                (right, right_slope) = (middle, s);
            }
            if left > 0.0 && right - left < 0.01 * left {
                return left;
            }
        }
        left
    }

    /// Newton in pairs until the residual no longer halves.
    fn finish(&mut self) -> (Vec<Dd>, ExactEvaluation) {
        let form = self.form;
        let mut lambda: Vec<Dd> = self.lambda.iter().map(|&l| Dd::from(l)).collect();
        let mut evaluation = form.evaluate_exactly(&lambda);
        for iteration in 0..FINISH_STEPS {
            let norm = self.exact_residual(&evaluation);
            let step = |slopes: &[f64]| {
                let trial = self.exact_step(&lambda, &evaluation, slopes);
                let next = form.evaluate_exactly(&trial);
                let reached = self.exact_residual(&next);
                (reached < norm).then_some((trial, next, reached))
            };
            let slopes: Vec<f64> = evaluation.points.iter().map(|p| p.slope).collect();
            let taken = match step(&slopes) {
                Some(step) if step.2 <= 0.5 * norm => Some(step),
                other => (slopes_at_kinks(&evaluation, &slopes).iter().filter_map(|s| step(s)).chain(other))
                    .reduce(|a, b| if b.2 < a.2 { b } else { a }),
            };
            let Some((trial, next, reached)) = taken else { break };
            lambda = trial;
            evaluation = next;
            self.report("finish", iteration, reached, 1.0, evaluation.points.iter().map(|p| p.slope));
            if reached > 0.5 * norm || reached == 0.0 {
                break;
            }
        }
        (lambda, evaluation)
    }

    fn exact_residual(&self, evaluation: &ExactEvaluation) -> f64 {
        let residual: Vec<f64> = evaluation.residual.iter().map(|r| r.value.to_f64()).collect();
        self.form.relative_residual(&residual, &self.independent)
    }

    /// A Newton step in pairs. A target that depends on others given the records now free is met by them, or not at all.
    fn exact_step(&self, lambda: &[Dd], evaluation: &ExactEvaluation, slopes: &[f64]) -> Vec<Dd> {
        let form = self.form;
        let hessian = form.gram(|u| form.weights[u] * form.q[u] * slopes[u]);
        let residual: Vec<f64> = evaluation.residual.iter().map(|r| r.value.to_f64()).collect();
        let d = PivotedCholesky::new(&hessian, form.num_targets(), &self.independent).solve(&residual);
        lambda.iter().zip(&d).map(|(&l, &d)| l + Dd::from(d)).collect()
    }

    fn report(
        &mut self,
        method: &str,
        iteration: u32,
        residual: f64,
        step_length: f64,
        slopes: impl Iterator<Item = f64>,
    ) {
        let record = IterationRecord {
            method: method.into(),
            iteration,
            residual,
            objective: None,
            step_length,
            num_free: slopes.filter(|&s| s > 0.0).count() as u32,
            num_changed: 0,
        };
        self.control.report(&record);
        self.history.push(record);
    }
}

/// The slopes with those of the records at a kink replaced: every combination of 0 and 1, or all 0 and all 1 where there are
/// many such records.
fn slopes_at_kinks(evaluation: &ExactEvaluation, slopes: &[f64]) -> Vec<Vec<f64>> {
    let near: Vec<usize> = (0..slopes.len()).filter(|&u| evaluation.points[u].margin < AT_KINK).collect();
    let with = |free: &dyn Fn(usize) -> bool| {
        let mut slopes = slopes.to_vec();
        near.iter().enumerate().for_each(|(p, &u)| slopes[u] = f64::from(u8::from(free(p))));
        slopes
    };
    match near.len() {
        0 => Vec::new(),
        few if few <= KINK_COMBINATIONS => {
            (0..1usize << few).map(|mask| with(&|p| mask >> p & 1 == 1)).collect()
        }
        _ => vec![with(&|_| false), with(&|_| true)],
    }
}
