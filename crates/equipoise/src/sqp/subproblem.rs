//! The quadratic subproblem of a step.
//!
//! min ½dᵀBd + gᵀd over Aₑd = −cₑ, Aᵢd ≥ −cᵢ, l − x ≤ d ≤ u − x; dense, by the dual active-set method.

use super::evaluation::Point;
use super::matrix_free::InnerFacts;
use super::merit::violation;
use super::options::SqpOptions;
use crate::certificate::linear_system::{Member, Part};
use crate::numeric::matrix::Matrix;
use crate::numeric::sum::dot;
use crate::qp::feasibility::Feasibility;
use crate::qp::{QpMethod, QpOptions, QpProblem, QpSolution, QpStatus};

/// Residuals up to this part of their scale count as solved.
const ACCEPTABLE: f64 = 1e-6;

/// How a subproblem ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// Its first-order conditions hold.
    Solved,
    /// `qp_max_iter` changes of the working set were made.
    Budget,
    /// A constraint went in and out of the working set too often.
    PingPong,
    /// The arithmetic broke down.
    Failed,
    /// The linearised constraints contradict each other: the checked Farkas vector (m).
    Inconsistent(Vec<f64>),
}

/// A direction with the multipliers of its subproblem, in scaled units.
#[derive(Debug, Clone)]
pub(super) struct Direction {
    /// d (n).
    pub d: Vec<f64>,
    /// λ (m).
    pub multipliers: Vec<f64>,
    /// z (n): positive at lower, negative at upper bounds.
    pub bound_multipliers: Vec<f64>,
    /// The constraints that bind.
    pub working_set: Vec<Member>,
    /// Changes of the working set.
    pub iterations: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Violations that the linearisation leaves at d (m).
    pub left: Vec<f64>,
    /// It is the answer of the elastic form.
    pub is_elastic: bool,
    /// dᵀBd.
    pub curvature: f64,
    /// What matrix-free solves did.
    pub inner: InnerFacts,
}

/// The data of a subproblem besides B.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linearisation<'a> {
    /// Values and derivatives.
    pub point: &'a Point,
    /// Number of equalities.
    pub num_equalities: usize,
    /// l − x (n), within a trust region.
    pub lower: &'a [f64],
    /// u − x (n).
    pub upper: &'a [f64],
}

/// Dense solves within the limit of steps.
pub(super) fn limits(options: &SqpOptions) -> QpOptions {
    QpOptions {
        method: QpMethod::ActiveSet,
        iteration_limit: options.qp_max_iter.map(|k| k as usize),
        ..QpOptions::default()
    }
}

impl Linearisation<'_> {
    /// Violations of the linearised constraints at d.
    pub fn left(&self, d: &[f64]) -> Vec<f64> {
        let c = &self.point.c;
        let value = |i: usize| {
            let (change, size) = (dot(self.point.row(i), d), c[i].abs());
            let value = c[i] + change;
            // What rounding leaves is nothing.
            if value.abs() <= 1e-12 * size.max(change.abs()) { 0.0 } else { value }
        };
        (0..c.len()).map(|i| violation(i < self.num_equalities, value(i))).collect()
    }

    fn problem(&self, hessian: &[f64], linear: &[f64]) -> Option<QpProblem> {
        let (n, m) = (self.point.x.len(), self.point.c.len());
        let rows_lower = self.point.c.iter().map(|c| -c).collect();
        let upper = |(i, c): (usize, &f64)| if i < self.num_equalities { -c } else { f64::INFINITY };
        let rows_upper = self.point.c.iter().enumerate().map(upper).collect();
        QpProblem::new(
            Matrix::dense(n, n, hessian.to_vec()).ok()?,
            linear.to_vec(),
            Matrix::dense(m, n, self.point.jacobian.clone()).ok()?,
            (rows_lower, rows_upper),
            (self.lower.to_vec(), self.upper.to_vec()),
        )
        .ok()
    }

    /// Solves with the dense matrix B (n × n) and the gradient `linear` (that of the point, or a changed one).
    pub fn solve_dense(
        &self,
        hessian: &[f64],
        linear: &[f64],
        start: &[Member],
        options: &SqpOptions,
    ) -> Direction {
        let Some(mut problem) = self.problem(hessian, linear) else { return self.failed() };
        problem.set_working_set(start);
        let answer = problem.solve(&limits(options));
        self.direction(answer, hessian)
    }

    fn direction(&self, answer: QpSolution, hessian: &[f64]) -> Direction {
        let n = answer.x.len();
        let finite = answer.x.iter().all(|d| d.is_finite());
        let outcome = match answer.status {
            QpStatus::Converged => Outcome::Solved,
            QpStatus::NotCertified if answer.residuals.relative() <= ACCEPTABLE => Outcome::Solved,
            QpStatus::Infeasible => Outcome::Inconsistent(match answer.infeasibility {
                Some(Feasibility::Infeasible { farkas, .. }) => farkas,
                _ => Vec::new(),
            }),
            QpStatus::IterationLimit if finite => Outcome::Budget,
            _ => Outcome::Failed,
        };
        let curvature: f64 = (0..n).map(|i| answer.x[i] * dot(&hessian[i * n..(i + 1) * n], &answer.x)).sum();
        Direction {
            left: self.left(&answer.x),
            multipliers: answer.row_multipliers,
            bound_multipliers: answer.bound_multipliers,
            working_set: answer.working_set,
            iterations: answer.iterations as u64,
            outcome,
            is_elastic: false,
            inner: InnerFacts::default(),
            curvature,
            d: answer.x,
        }
    }

    /// No direction.
    pub fn failed(&self) -> Direction {
        let (n, m) = (self.point.x.len(), self.point.c.len());
        Direction {
            d: vec![0.0; n],
            multipliers: vec![0.0; m],
            bound_multipliers: vec![0.0; n],
            working_set: Vec::new(),
            iterations: 0,
            outcome: Outcome::Failed,
            left: self.left(&vec![0.0; n]),
            is_elastic: false,
            inner: InnerFacts::default(),
            curvature: 0.0,
        }
    }
}

/// The constraints (rows first) of a working set as indices of rows and flags of bounds.
pub(super) fn rows_and_bounds(working_set: &[Member], n: usize) -> (Vec<usize>, Vec<bool>) {
    let (mut rows, mut free) = (Vec::new(), vec![true; n]);
    for member in working_set {
        match member.part {
            Part::Row(i) => rows.push(i),
            Part::Column(j) => free[j] = false,
        }
    }
    (rows, free)
}
