//! The loop: linearise, solve the subproblem, search, update.

use super::choices::InnerSolver;
use super::counters::SqpCounters;
use super::evaluation::{Evaluator, Point};
use super::functions::SqpError;
use super::hessian::bfgs::PairUse;
use super::infeasibility;
use super::line_search::Searched;
use super::matrix_free;
use super::merit::Merit;
use super::model::Model;
use super::multipliers::{Multipliers, reduced_gradient};
use super::observer::StepObserver;
use super::options::SqpOptions;
use super::prediction;
use super::primal_dual::Guessing;
use super::problem::SqpProblem;
use super::progress::Progress;
use super::record;
use super::result::InfeasibilityEvidence;
use super::scaling::ScaleFactors;
use super::status::SqpStatus;
use super::subproblem::{Direction, Linearisation, Outcome, rows_and_bounds};
use super::termination;
use super::watchdog::{self, Watchdog};
use crate::certificate::kkt::KktResiduals;
use crate::certificate::linear_system::Member;
use crate::control::Control;
use crate::numeric::sum::{axpy, dot, max_abs};

/// Growth of the elastic prices where they do not suffice.
const PRICE_GROWTH: f64 = 10.0;
/// Variables up to which the dual active-set method goes first.
const SMALL: usize = 30;
/// Variables up to which it stands behind the primal-dual method.
const RESCUE: usize = 1500;
/// Variables from which an exact Hessian that is not diagonal is tried by products before it is made a matrix.
const PRODUCTS_FIRST: usize = 50;

/// The state of a run, in scaled units.
pub(super) struct Run<'a> {
    pub problem: &'a SqpProblem,
    pub options: &'a SqpOptions,
    pub evaluator: Evaluator<'a>,
    pub observer: Option<&'a mut dyn StepObserver>,
    pub control: &'a Control,
    pub point: Point,
    pub model: Model,
    pub merit: Merit,
    /// Of the last subproblem.
    pub multipliers: Multipliers,
    pub working_set: Vec<Member>,
    pub progress: Progress,
    pub counters: SqpCounters,
    pub steps: u64,
    pub qp_iterations: u64,
    pub status: SqpStatus,
    /// ‖∇f(x₀)‖∞ in the user's units.
    pub reference_gradient: f64,
    /// Multipliers (user's units) that passed the independent check, with it.
    pub certified: Option<(Multipliers, KktResiduals)>,
    pub infeasibility: Option<InfeasibilityEvidence>,
    /// The exact Hessian is not diagonal, and too large for a matrix or tried by its products first.
    exact_by_products: bool,
    /// The trial took too many products: the exact Hessian is a matrix for the rest of the run.
    products_are_slow: bool,
    /// This run is itself the feasibility phase of another.
    pub is_restoration: bool,
    /// The feasibility phase has led to a feasible point before.
    pub is_restored: bool,
    /// Where to return to if steps on trial fail.
    pub watchdog: Option<Watchdog>,
    /// The last step had length 1.
    pub last_step_was_full: bool,
    /// ‖projected gradient‖₂ as the last step's inexact inner solver saw it, in scaled units; ∞ for the others.
    pub projected_gradient: f64,
}

/// What a step did, for counters and observers.
pub(super) struct StepFacts {
    pub direction: Direction,
    pub step_length: f64,
    pub line_search_success: bool,
    pub pair: PairUse,
    pub working_set_changes: u64,
}

impl<'a> Run<'a> {
    /// Evaluates the start and scales.
    pub fn new(
        problem: &'a SqpProblem,
        mut evaluator: Evaluator<'a>,
        options: &'a SqpOptions,
        observer: Option<&'a mut dyn StepObserver>,
        control: &'a Control,
    ) -> Result<Self, SqpError> {
        let (n, m) = (problem.num_variables(), problem.num_constraints());
        let x = problem.start().to_vec();
        let mut point =
            Point { x, f: 0.0, c: vec![0.0; m], gradient: vec![0.0; n], jacobian: vec![0.0; m * n] };
        evaluator.values(&mut point)?;
        let mut status = SqpStatus::Nonfinite;
        if point.has_finite_values() {
            evaluator.derivatives(&mut point)?;
            if point.has_finite_derivatives() {
                status = SqpStatus::Running;
            }
        }
        let reference_gradient = max_abs(&point.gradient);
        if status == SqpStatus::Running {
            evaluator.factors = ScaleFactors::at_start(&point.gradient, &point.jacobian, m, options);
            apply_scaling(&mut point, &evaluator.factors);
        }
        let gamma = first_curvature(&point);
        Ok(Self {
            merit: Merit::new(m, problem.num_equalities(), options.initial_penalty, options.penalty_update),
            multipliers: Multipliers::zero(n, m),
            model: Model::quasi_newton(n, problem.num_equalities(), gamma, options),
            problem,
            options,
            evaluator,
            observer,
            control,
            point,
            working_set: Vec::new(),
            progress: Progress::default(),
            counters: SqpCounters::default(),
            steps: 0,
            qp_iterations: 0,
            status,
            reference_gradient,
            certified: None,
            infeasibility: None,
            exact_by_products: false,
            products_are_slow: false,
            is_restoration: false,
            is_restored: false,
            watchdog: None,
            last_step_was_full: false,
            projected_gradient: f64::INFINITY,
        })
    }

    /// Steps until the status is not `Running`.
    pub fn run(&mut self) -> Result<(), SqpError> {
        if self.status == SqpStatus::Running {
            let violation = self.violation();
            let feasibility = self.options.feasibility_tolerance;
            self.progress.record(&self.point, violation, &self.merit, feasibility, self.options);
            self.multipliers = termination::fit(self);
            termination::after_step(self, false)?;
        }
        while self.status == SqpStatus::Running {
            self.step()?;
        }
        Ok(())
    }

    /// One step of the method.
    fn step(&mut self) -> Result<(), SqpError> {
        self.steps += 1;
        let room = self.room();
        self.evaluate_model()?;
        let direction = self.direction(&room.0, &room.1)?;
        let mut facts = StepFacts {
            working_set_changes: changes(&self.working_set, &direction.working_set),
            direction,
            step_length: 0.0,
            line_search_success: true,
            pair: PairUse::Skipped,
        };
        let slope = self.descent(&facts.direction);
        match slope {
            // The direction proved that there is no feasible point.
            _ if self.status != SqpStatus::Running => {}
            Some(slope) => {
                self.progress.subproblem_failures = 0;
                let (searched, older) = watchdog::search(self, &facts.direction, slope, &room)?;
                if let Some(direction) = older {
                    facts.direction = direction;
                }
                self.take(searched, &mut facts)?;
            }
            None => {
                self.progress.subproblem_failures += 1;
                // No descent is left within rounding errors: then its multipliers may be those of the solution.
                if facts.direction.outcome == Outcome::Solved {
                    let Direction { multipliers, bound_multipliers, .. } = &facts.direction;
                    self.multipliers =
                        Multipliers { rows: multipliers.clone(), bounds: bound_multipliers.clone() };
                }
                self.model.reset(if self.progress.subproblem_failures > 1 { 10.0 } else { 1.0 });
            }
        }
        self.qp_iterations += facts.direction.iterations;
        let violation = self.violation();
        let feasibility = self.options.feasibility_tolerance;
        self.progress.record(&self.point, violation, &self.merit, feasibility, self.options);
        record::count(self, &facts, slope.is_some());
        termination::after_step(self, slope.is_some() && !facts.line_search_success)?;
        record::observe(self, &facts, slope.is_some());
        Ok(())
    }

    /// l − x and u − x.
    pub fn room(&self) -> (Vec<f64>, Vec<f64>) {
        let x = &self.point.x;
        let part = |side: &[f64]| side.iter().zip(x).map(|(b, x)| b - x).collect();
        (part(self.problem.lower()), part(self.problem.upper()))
    }

    /// Evaluates the exact Hessian where it is used.
    fn evaluate_model(&mut self) -> Result<(), SqpError> {
        if !self.uses_exact_hessian() {
            return Ok(());
        }
        let held = self.held_rows();
        let rows: Vec<&[f64]> = held.iter().map(|&i| self.point.row(i)).collect();
        let fixed = self.fixed_variables();
        let limit = self.matrix_limit();
        let flat = first_curvature(&self.point);
        let y = &self.multipliers.rows;
        match Model::exact(&mut self.evaluator, &self.point, y, &rows, &fixed, limit, flat)? {
            Some(model) => self.model = model,
            None => self.exact_by_products = true,
        }
        Ok(())
    }

    /// Equalities and the other rows of the working set.
    fn held_rows(&self) -> Vec<usize> {
        let equalities = self.problem.num_equalities();
        let (rows, _) = rows_and_bounds(&self.working_set, self.point.x.len());
        (0..equalities).chain(rows.into_iter().filter(|&i| i >= equalities)).collect()
    }

    /// Variables that the working set holds at a bound.
    fn fixed_variables(&self) -> Vec<usize> {
        let (_, free) = rows_and_bounds(&self.working_set, self.point.x.len());
        (0..free.len()).filter(|&j| !free[j]).collect()
    }

    /// Whether the exact Hessian is used as a matrix.
    pub fn uses_exact_hessian(&self) -> bool {
        self.uses_exact_products() && !self.exact_by_products && !self.is_matrix_free()
    }

    /// Whether exact products are given and wanted.
    pub fn uses_exact_products(&self) -> bool {
        self.evaluator.provides().objective_hessian_product && self.options.wants_exact_products()
    }

    /// Whether B is known by its products alone: where the options say so, and by default where the exact Hessian is too large for a
    /// matrix or few products may do.
    fn is_matrix_free(&self) -> bool {
        self.options.asks_for_matrix_free(self.problem.num_equalities())
            || (self.exact_by_products && self.options.inner_solver == InnerSolver::Auto)
    }

    /// Variables up to which an exact Hessian that is not diagonal becomes a matrix at once.
    fn matrix_limit(&self) -> usize {
        let limit = self.options.dense_limit;
        let tries_products = self.options.inner_solver == InnerSolver::Auto && !self.products_are_slow;
        if tries_products { limit.min(PRODUCTS_FIRST - 1) } else { limit }
    }

    /// Products that a subproblem may take before the exact Hessian becomes a matrix; `None` where it is too large for one.
    ///
    /// The matrix takes n products and factors for every guess, about the work of n more. The trial may take as much, so that one in vain
    /// at most doubles the work, whatever the problem (the rule of ski rental: R. M. Karp, Proc. 12th IFIP World Computer Congress (1992)
    /// 416–429).
    pub fn product_budget(&self) -> Option<usize> {
        let n = self.point.x.len();
        (self.exact_by_products && n <= self.options.dense_limit).then_some(2 * n)
    }

    /// The subproblem's direction; elastic where the linearised constraints contradict each other.
    fn direction(&mut self, lower: &[f64], upper: &[f64]) -> Result<Direction, SqpError> {
        let start = prediction::start(self);
        if self.is_matrix_free() {
            if let Some(mut out) = matrix_free::direction(self, (lower, upper), &start)? {
                self.restore_multipliers(&mut out);
                return Ok(out);
            }
            if self.product_budget().is_some() {
                (self.exact_by_products, self.products_are_slow) = (false, true);
                self.evaluate_model()?;
            }
        }
        let linearisation =
            Linearisation { point: &self.point, num_equalities: self.problem.num_equalities(), lower, upper };
        let linear = self.model_gradient();
        let mut out = self.plain_direction(&linearisation, &linear, &start);
        if let Outcome::Inconsistent(farkas) = &out.outcome {
            let farkas = farkas.clone();
            let iterations = out.iterations;
            out = self.elastic_direction(&linearisation, &linear);
            out.iterations += iterations;
            let verdict = infeasibility::judge(self, &linearisation, &farkas, &out);
            if let Some(evidence) = verdict {
                self.infeasibility = Some(evidence);
                self.status = SqpStatus::Infeasible;
            }
        }
        self.restore_multipliers(&mut out);
        Ok(out)
    }

    /// The subproblem as it is: small ones by the dual active-set method, others by the primal-dual method first.
    /// A floor for the multipliers to drop is one of the latter.
    fn plain_direction(
        &self,
        linearisation: &Linearisation<'_>,
        linear: &[f64],
        start: &[Member],
    ) -> Direction {
        let n = linear.len();
        let options = self.options;
        let floor_is_set = options.mult_drop_floor > SqpOptions::default().mult_drop_floor;
        if n > RESCUE || floor_is_set || (n > SMALL && options.qp_max_iter.is_none()) {
            let curvature = self.model.curvature(n);
            let guessing = Guessing::of(options);
            if let Some(out) = linearisation.solve_primal_dual(curvature.as_ref(), linear, start, &guessing) {
                return out;
            }
        }
        if n > RESCUE {
            return linearisation.failed();
        }
        linearisation.solve_dense(&self.model.dense(n), linear, start, self.options)
    }

    /// ∇f + σAᵀc for a model with σAᵀA, else ∇f. (A bound in the working set holds at x, where its value is 0.)
    pub fn model_gradient(&self) -> Vec<f64> {
        let mut out = self.point.gradient.clone();
        let weight = self.model.augmentation();
        if weight > 0.0 {
            for i in self.held_rows() {
                axpy(weight * self.point.c[i], self.point.row(i), &mut out);
            }
        }
        out
    }

    /// With prices that grow until the violation left is nearly the least possible.
    fn elastic_direction(&self, linearisation: &Linearisation<'_>, linear: &[f64]) -> Direction {
        let n = linear.len();
        let m = self.point.c.len();
        let row_size = |i: usize| max_abs(self.point.row(i)).max(f64::MIN_POSITIVE.sqrt());
        let base = max_abs(linear);
        let mut prices: Vec<f64> =
            (0..m).map(|i| (10.0 * self.merit.weights[i]).max(10.0 * base / row_size(i)).max(1e-8)).collect();
        let before = self.merit.total_violation(&self.point.c);
        let least: f64 = linearisation.feasibility_direction(self.options).left.iter().sum();
        let matrix = self.model.dense(n);
        let mut iterations = 0;
        let mut growth = 1.0;
        loop {
            let mut out = linearisation.solve_elastic(&matrix, linear, &prices, self.options);
            iterations += out.iterations;
            out.iterations = iterations;
            let left: f64 = out.left.iter().sum();
            let enough = before - left >= 0.1 * (before - least);
            growth *= PRICE_GROWTH;
            if enough || growth > self.options.elastic_weight_limit || out.d.len() != n {
                return out;
            }
            prices.iter_mut().for_each(|w| *w *= PRICE_GROWTH);
        }
    }

    /// The multipliers of an augmented model are those of the plain one where the rows hold; nothing to change. A direction that
    /// failed keeps the old multipliers.
    fn restore_multipliers(&self, direction: &mut Direction) {
        if direction.outcome == Outcome::Failed {
            direction.multipliers.clone_from(&self.multipliers.rows);
            direction.bound_multipliers.clone_from(&self.multipliers.bounds);
        }
    }

    /// The slope bound of the merit function along a usable direction, after the weights followed its multipliers.
    fn descent(&mut self, direction: &Direction) -> Option<f64> {
        let usable = matches!(direction.outcome, Outcome::Solved | Outcome::Budget | Outcome::PingPong);
        if !usable || !direction.d.iter().all(|d| d.is_finite()) {
            return None;
        }
        let along = dot(&self.point.gradient, &direction.d);
        let (c, left) = (&self.point.c, &direction.left);
        let slope = self.merit.update(&direction.multipliers, along, direction.curvature, c, left);
        let rounding = 1e-10 * (along.abs() + self.merit.penalty(c));
        (slope <= rounding).then_some(slope)
    }

    /// Moves to an accepted trial; else stays and stiffens the model.
    fn take(&mut self, searched: Searched, facts: &mut StepFacts) -> Result<(), SqpError> {
        facts.step_length = searched.step_length;
        facts.line_search_success = searched.success;
        let step_was_full = searched.step_length == 1.0;
        let mut next = searched.trial;
        if searched.success {
            next.gradient.resize(self.point.gradient.len(), 0.0);
            next.jacobian.resize(self.point.jacobian.len(), 0.0);
            self.evaluator.derivatives(&mut next)?;
        }
        if !searched.success || !next.has_finite_derivatives() {
            facts.line_search_success = false;
            self.progress.line_search_failures += 1;
            if searched.all_nonfinite
                && self.progress.line_search_failures >= self.options.ls_failure_patience
            {
                self.status = SqpStatus::Nonfinite;
            }
            let first = self.progress.line_search_failures == 1;
            self.model.reset(if first { 1.0 } else { 10.0 });
            return Ok(());
        }
        self.progress.line_search_failures = 0;
        self.last_step_was_full = step_was_full;
        let direction = &facts.direction;
        self.multipliers =
            Multipliers { rows: direction.multipliers.clone(), bounds: direction.bound_multipliers.clone() };
        self.working_set.clone_from(&direction.working_set);
        let s: Vec<f64> = next.x.iter().zip(&self.point.x).map(|(a, b)| a - b).collect();
        if !self.uses_exact_hessian() {
            let rows = &self.multipliers.rows;
            let (after, before) = (reduced_gradient(&next, rows), reduced_gradient(&self.point, rows));
            let y: Vec<f64> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
            let held: Vec<&[f64]> = self.held_rows().into_iter().map(|i| next.row(i)).collect();
            facts.pair = self.model.update(&s, &y, self.options.damping_threshold, &held);
        } else {
            facts.pair = PairUse::Stored;
        }
        let size = |j: usize| self.point.x[j].abs().max(1.0);
        let zero = (0..s.len()).all(|j| s[j].abs() <= self.options.step_tolerance * size(j));
        self.progress.zero_steps = if zero { self.progress.zero_steps + 1 } else { 0 };
        self.point = next;
        Ok(())
    }

    /// The largest violation in the user's units.
    pub fn violation(&self) -> f64 {
        let scaled = self.merit.violations(&self.point.c).zip(&self.evaluator.factors.constraints);
        scaled.map(|(v, s)| v / s).fold(0.0, crate::certificate::box_residuals::larger)
    }
}

/// Brings values evaluated without scaling to scaled units.
fn apply_scaling(point: &mut Point, factors: &ScaleFactors) {
    let n = point.x.len();
    point.f *= factors.objective;
    point.gradient.iter_mut().for_each(|g| *g *= factors.objective);
    for (i, s) in factors.constraints.iter().enumerate() {
        point.c[i] *= s;
        point.jacobian[i * n..(i + 1) * n].iter_mut().for_each(|a| *a *= s);
    }
}

/// γ of the first matrix: a gradient step that moves no further than the size of x (at least 1).
fn first_curvature(point: &Point) -> f64 {
    let reach = max_abs(&point.x).max(1.0);
    let size = max_abs(&point.gradient) / reach;
    if size > 0.0 && size.is_finite() { size } else { 1.0 }
}

/// Constraints in one working set but not in the other.
fn changes(before: &[Member], after: &[Member]) -> u64 {
    let missing = |a: &[Member], b: &[Member]| a.iter().filter(|member| !b.contains(member)).count() as u64;
    missing(before, after) + missing(after, before)
}
