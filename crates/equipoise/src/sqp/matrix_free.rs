//! The subproblem with B known by its products alone: the guesses of the working set as in the method with factors, the equations of
//! each solved by a method of [`inner`](super::inner).

use super::choices::{InnerSolver, PreconditionerType};
use super::evaluation::{Evaluator, Point};
use super::functions::SqpError;
use super::hessian::curvature::Curvature;
use super::inner::inexact_stcg::InexactStcg;
use super::inner::minres_qlp::MinresQlp;
use super::inner::preconditioner::{LbfgsInverse, Preconditioner, ProbedDiagonal};
use super::inner::projected_cholesky::ProjectedCgCholesky;
use super::inner::projected_craig::ProjectedCgCraig;
use super::inner::proximal::Proximal;
use super::inner::{InnerAnswer, InnerEnd, InnerMethod, InnerProblem, InnerSettings};
use super::model::Model;
use super::multipliers::lagrangian_gradient;
use super::options::SqpOptions;
use super::primal_dual::{Equations, Guess, Guessing};
use super::run::Run;
use super::subproblem::{Direction, Linearisation};
use super::termination;
use crate::certificate::linear_system::Member;
use crate::numeric::sum::{dot, max_abs, norm_two};

/// Rows are met if A d = b holds to this part of its size.
const MET: f64 = 1e-6;
/// Loosest residual of `adaptive_cg_tol`, relative to its start.
const LOOSEST: f64 = 0.1;

/// What the inner solves of one subproblem did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct InnerFacts {
    /// Solves that the limit of iterations or negative curvature cut short.
    pub truncations: u64,
    /// Solves beyond the first with variables held at bounds.
    pub bound_solves: u64,
    /// Rounds of projection refinement.
    pub refinements: u64,
    /// Largest max|Ad − b| that they left, in scaled units.
    pub constraint_residual: f64,
    /// Of the last solve; ∞ where the method publishes none.
    pub projected_gradient_norm: f64,
    /// The most negative pᵀBp/pᵀp met; 0 if none.
    pub negative_curvature: f64,
}

impl Default for InnerFacts {
    fn default() -> Self {
        Self {
            truncations: 0,
            bound_solves: 0,
            refinements: 0,
            constraint_residual: 0.0,
            projected_gradient_norm: f64::INFINITY,
            negative_curvature: 0.0,
        }
    }
}

impl SqpOptions {
    /// Whether a matrix-free method is asked for, whatever the size.
    pub(super) fn asks_for_matrix_free(&self, num_equalities: usize) -> bool {
        let named = !matches!(self.inner_solver, InnerSolver::Auto | InnerSolver::Direct);
        named || self.is_proximal(num_equalities)
    }

    fn is_proximal(&self, num_equalities: usize) -> bool {
        self.proximal_tau > 0.0 && num_equalities > 0
    }

    fn inner_method(&self) -> Box<dyn InnerMethod> {
        match self.inner_solver {
            InnerSolver::Auto | InnerSolver::Direct | InnerSolver::ProjectedCgCholesky => {
                Box::new(ProjectedCgCholesky)
            }
            InnerSolver::ProjectedCgCraig => Box::new(ProjectedCgCraig),
            InnerSolver::MinresQlp => Box::new(MinresQlp),
            InnerSolver::HrInexactStcg => Box::new(InexactStcg { craig: true }),
        }
    }
}

/// The direction of a step by the matrix-free method that the options and the problem ask for; `None` if the guesses do not settle, or
/// the rows contradict each other.
pub(super) fn direction(
    run: &mut Run<'_>,
    (lower, upper): (&[f64], &[f64]),
    start: &[Member],
) -> Result<Option<Direction>, SqpError> {
    let options = run.options;
    // The products below need the evaluator of the run.
    let point = &run.point.clone();
    let linearisation = Linearisation { point, num_equalities: run.problem.num_equalities(), lower, upper };
    let n = point.x.len();
    let residual = lagrangian_gradient(point, &run.multipliers);
    let budget = run.product_budget();
    let settings = InnerSettings {
        tolerance: tolerance(options, max_abs(&residual) / termination::scale(run)),
        iteration_limit: options.qp_max_cg_iter as usize,
        curvature_floor: options.cg_regularization,
        expected_limit: usize::MAX,
    };
    let proximal = options.is_proximal(linearisation.num_equalities).then(|| Proximal {
        mu: Proximal::weight(
            norm_two(&residual),
            options.proximal_tau,
            (options.proximal_mu_min, options.proximal_mu_max),
        ),
        multipliers: run.multipliers.rows[..linearisation.num_equalities].to_vec(),
    });
    let exact = run.uses_exact_products();
    // A model with σAᵀA wants the gradient that goes with it.
    let linear = if exact { point.gradient.clone() } else { run.model_gradient() };
    let mut products = Products {
        model: (!exact).then(|| run.model.curvature(n)),
        evaluator: &mut run.evaluator,
        point,
        multipliers: &run.multipliers.rows,
    };
    let preconditioner = preconditioner(options, &run.model, n, run.steps, &mut products)?;
    let mut equations = MatrixFree {
        products,
        method: proximal.map_or_else(|| options.inner_method(), |method| Box::new(method)),
        rows_are_met: !options.is_proximal(linearisation.num_equalities),
        preconditioner,
        settings,
        budget,
        spent: 0,
        solves: 0,
        facts: InnerFacts::default(),
    };
    let guessing = Guessing::of(options).inexact(settings.tolerance);
    let settled = linearisation.settle(&mut equations, &linear, start, &guessing)?;
    Ok(settled.map(|direction| Direction { inner: equations.facts, ..direction }))
}

/// The residual of an inner solve relative to its start: the option, or with `adaptive_cg_tol` the relative residual of the step (Dembo,
/// Eisenstat, Steihaug 1982), never above 0.1, so that every solve makes progress.
fn tolerance(options: &SqpOptions, residual: f64) -> f64 {
    if options.adaptive_cg_tol {
        residual.min(LOOSEST).max(options.qp_cg_tolerance)
    } else {
        options.qp_cg_tolerance
    }
}

/// Bv, of the model or exact.
struct Products<'a, 'f> {
    model: Option<Box<dyn Curvature + 'a>>,
    evaluator: &'a mut Evaluator<'f>,
    point: &'a Point,
    multipliers: &'a [f64],
}

impl Products<'_, '_> {
    fn times(&mut self, v: &[f64], out: &mut [f64]) -> Result<(), SqpError> {
        match &self.model {
            Some(model) => out.copy_from_slice(&model.product(v)),
            None => self.evaluator.hessian_product(self.point, self.multipliers, v, out)?,
        }
        Ok(())
    }
}

/// M ≈ B⁻¹ as the options have it.
fn preconditioner(
    options: &SqpOptions,
    model: &Model,
    n: usize,
    step: u64,
    products: &mut Products<'_, '_>,
) -> Result<Option<Box<dyn Preconditioner>>, SqpError> {
    if !options.use_preconditioner {
        return Ok(None);
    }
    Ok(Some(match (options.preconditioner_type, model) {
        (PreconditionerType::Diagonal, _) => {
            let probes = options.diagonal_n_probes as usize;
            Box::new(ProbedDiagonal::new(n, probes, step, &mut |v, out| products.times(v, out))?)
        }
        // γI changes nothing in conjugate gradients.
        (PreconditionerType::Lbfgs, Model::Limited(limited))
            if limited.is_scalar()
                && options.inner_solver == InnerSolver::Auto
                && options.proximal_tau == 0.0 =>
        {
            return Ok(None);
        }
        (PreconditionerType::Lbfgs, Model::Limited(limited)) => {
            Box::new(LbfgsInverse::new(&limited.diagonal, &limited.steps, &limited.changes))
        }
        (PreconditionerType::Lbfgs, _) => Box::new(LbfgsInverse::new(&model.diagonal(n), &[], &[])),
    }))
}

/// The equations of a guess by a method that knows B by its products.
struct MatrixFree<'a, 'f> {
    products: Products<'a, 'f>,
    method: Box<dyn InnerMethod>,
    /// The method meets the rows, or says that it cannot.
    rows_are_met: bool,
    preconditioner: Option<Box<dyn Preconditioner>>,
    settings: InnerSettings,
    /// Products that may be taken, where others stand behind; those taken.
    budget: Option<usize>,
    spent: usize,
    solves: u64,
    facts: InnerFacts,
}

impl MatrixFree<'_, '_> {
    fn note(&mut self, answer: &InnerAnswer, some_are_fixed: bool) -> Result<(), SqpError> {
        let facts = &mut self.facts;
        facts.truncations += u64::from(answer.is_truncated());
        facts.bound_solves += u64::from(some_are_fixed && self.solves > 0);
        facts.refinements += answer.refinements as u64;
        facts.constraint_residual = facts.constraint_residual.max(answer.constraint_residual);
        facts.projected_gradient_norm = answer.projected_gradient_norm;
        self.solves += 1;
        if let Some(p) = &answer.negative_curvature {
            let mut image = vec![0.0; p.len()];
            self.products.times(p, &mut image)?;
            let least = dot(p, &image) / dot(p, p);
            self.facts.negative_curvature = self.facts.negative_curvature.min(least);
        }
        Ok(())
    }
}

impl Equations for MatrixFree<'_, '_> {
    fn solve(&mut self, guess: &mut Guess<'_>) -> Result<bool, SqpError> {
        let point = guess.problem.point;
        let n = guess.d.len();
        let working = guess.working_rows();
        let mut rows = Vec::with_capacity(working.len() * n);
        working.iter().for_each(|&i| rows.extend_from_slice(point.row(i)));
        let right_side: Vec<f64> = working.iter().map(|&i| -point.c[i]).collect();
        let fixed: Vec<Option<f64>> = (0..n).map(|j| guess.value_at_bound(j)).collect();
        // The last guess's solution is near.
        let start = if self.solves > 0 { &guess.d[..] } else { &[] };
        let problem = InnerProblem {
            gradient: guess.linear,
            rows: &rows,
            right_side: &right_side,
            fixed: &fixed,
            start,
        };
        if let Some(budget) = self.budget {
            self.settings.expected_limit = budget.saturating_sub(self.spent);
        }
        let products = &mut self.products;
        let answer = self.method.solve(
            &problem,
            &mut |v, out| products.times(v, out),
            self.preconditioner.as_deref(),
            &self.settings,
        )?;
        self.spent += answer.products;
        if self.budget.is_some_and(|budget| answer.is_truncated() || self.spent > budget) {
            return Ok(false);
        }
        self.note(&answer, fixed.iter().any(Option::is_some))?;
        let reach = max_abs(&right_side).max(max_abs(&rows) * max_abs(&answer.d));
        if answer.end == InnerEnd::Breakdown
            || (self.rows_are_met && answer.constraint_residual > MET * reach)
        {
            return Ok(false);
        }
        Ok(guess.take(&answer.d, &working, &answer.multipliers))
    }

    fn product(&mut self, v: &[f64]) -> Result<Vec<f64>, SqpError> {
        let mut out = vec![0.0; v.len()];
        self.products.times(v, &mut out)?;
        Ok(out)
    }
}
