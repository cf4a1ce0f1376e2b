//! The dual active-set method for strictly convex quadratic programs, dense.
//!
//! It starts at the unconstrained minimum and takes in violated constraints one at a time, dropping those whose
//! multipliers reach zero; the objective rises with every full step, so that no working set returns. A constraint that is
//! a combination of the working set with no multiplier to give up is a Farkas certificate. Bounds are constraints with
//! unit normals. The final working set's equations are refined with residuals in double-double.
//!
//! Source: D. Goldfarb, A. Idnani, Math. Programming 27 (1983) 1–33.

use super::feasibility::{Feasibility, FeasibilityOptions, check_feasibility};
use super::unbounded::Ray;
use super::working_factor::WorkingFactor;
use crate::certificate::infeasibility::{Proof, check_farkas};
use crate::certificate::linear_system::{Edge, LinearSystem, Member, Part};
use crate::certificate::quadratic::{QuadraticResiduals, gradients};
use crate::error::{InputCode, InputError};
use crate::numeric::dd::{Accumulator, Dd};
use crate::numeric::sum::{max_abs, norm_two};

/// A violation counts beyond this, relative to max(1, |bound|, ‖normal‖·‖x‖).
const VIOLATION: f64 = 1e-13;
/// A normal counts as a combination of the working set below this part of its length.
const DEPENDENT: f64 = 1e-11;
/// Passes of iterative refinement.
const REFINEMENTS: usize = 3;

/// min ½xᵀPx + qᵀx over a linear system, P symmetric positive definite.
#[derive(Debug, Clone)]
pub struct QuadraticProblem {
    hessian: Vec<f64>,
    linear: Vec<f64>,
    constraints: LinearSystem,
}

/// How a solve ended.
#[derive(Debug, Clone, PartialEq)]
pub enum QuadraticEnd {
    /// The residuals of the independent check are within the tolerance.
    Solved,
    /// The constraints contradict each other, with the checked evidence.
    Infeasible(Feasibility),
    /// The point is feasible, and from it the objective falls without end along a checked ray.
    Unbounded(Ray),
    /// P is not positive definite in double precision.
    NotPositiveDefinite,
    /// The method ended, but the residuals exceed the tolerance.
    NotCertified,
    /// The limit of steps was reached.
    IterationLimit,
}

/// The answer of [`QuadraticProblem::solve`].
#[derive(Debug, Clone)]
pub struct QuadraticAnswer {
    /// How the solve ended.
    pub end: QuadraticEnd,
    /// The point (n).
    pub x: Vec<f64>,
    /// Multipliers of the rows (m): positive ones press on the lower side.
    pub row_multipliers: Vec<f64>,
    /// Multipliers of the bounds (n), with the same signs.
    pub bound_multipliers: Vec<f64>,
    /// The constraints that bind, in the order in which they came: a warm start for a like problem.
    pub working_set: Vec<Member>,
    /// Residuals of the independent check; infinite where there is no point.
    pub residuals: QuadraticResiduals,
    /// Constraints taken in or dropped.
    pub iterations: usize,
}

/// Options of [`QuadraticProblem::solve`].
#[derive(Debug, Clone, PartialEq)]
pub struct QuadraticOptions {
    /// Largest residual that counts as solved, relative to max(1, max|q|, max|multiplier|).
    pub tolerance: f64,
    /// Steps; `None` means 50(m + n) + 100.
    pub iteration_limit: Option<usize>,
    /// Constraints that are taken in first where they are violated: the working set of a like problem.
    pub start: Vec<Member>,
}

impl Default for QuadraticOptions {
    fn default() -> Self {
        Self { tolerance: 1e-9, iteration_limit: None, start: Vec::new() }
    }
}

impl QuadraticProblem {
    /// With P as n × n numbers, row-major.
    ///
    /// # Errors
    /// A length other than n or n², an entry that is not finite, a P that is not symmetric (`hessian[7]`).
    pub fn new(hessian: Vec<f64>, linear: Vec<f64>, constraints: LinearSystem) -> Result<Self, InputError> {
        let n = constraints.num_columns();
        for (path, values, length) in [("hessian", &hessian, n * n), ("linear", &linear, n)] {
            if values.len() != length {
                return Err(InputError::length(path, length, values.len()));
            }
            if let Some(k) = values.iter().position(|v| !v.is_finite()) {
                return Err(InputError::not_finite(format!("{path}[{k}]"), values[k]));
            }
        }
        if let Some(e) = (0..n * n).find(|e| hessian[*e] != hessian[(e % n) * n + e / n]) {
            let rule = "a symmetric matrix";
            let path = format!("hessian[{e}]");
            return Err(InputError::new(InputCode::OutOfRange, path, rule, hessian[e].to_string()));
        }
        Ok(Self { hessian, linear, constraints })
    }

    /// Solves and checks the answer.
    pub fn solve(&self, options: &QuadraticOptions) -> QuadraticAnswer {
        let mut run = match Run::new(self) {
            Some(run) => run,
            None => return self.without_point(QuadraticEnd::NotPositiveDefinite),
        };
        let (m, n) = (self.constraints.num_rows(), self.constraints.num_columns());
        let limit = options.iteration_limit.unwrap_or(50 * (m + n) + 100);
        let mut end = QuadraticEnd::Solved;
        while let Some(member) = run.most_violated(&options.start) {
            if run.iterations >= limit {
                end = QuadraticEnd::IterationLimit;
                break;
            }
            if let Err(farkas) = run.take_in(member, limit) {
                end = self.infeasible(&farkas);
                break;
            }
        }
        run.refine();
        self.judged(run, end, options)
    }

    /// The solver's vector if it passes the check, else what the feasibility check finds.
    fn infeasible(&self, farkas: &[f64]) -> QuadraticEnd {
        let largest = max_abs(farkas);
        let farkas: Vec<f64> = farkas.iter().map(|y| y / largest).collect();
        match check_farkas(&self.constraints, &farkas) {
            Ok(check) if check.proof != Proof::Rejected => {
                QuadraticEnd::Infeasible(Feasibility::Infeasible { farkas, check })
            }
            _ => match check_feasibility(&self.constraints, &FeasibilityOptions::default()) {
                Feasibility::Feasible { .. } | Feasibility::Unknown { .. } => QuadraticEnd::NotCertified,
                proven => QuadraticEnd::Infeasible(proven),
            },
        }
    }

    fn judged(&self, run: Run<'_>, end: QuadraticEnd, options: &QuadraticOptions) -> QuadraticAnswer {
        let (m, n) = (self.constraints.num_rows(), self.constraints.num_columns());
        let mut out = QuadraticAnswer {
            end,
            row_multipliers: vec![0.0; m],
            bound_multipliers: vec![0.0; n],
            residuals: QuadraticResiduals::default(),
            iterations: run.iterations,
            x: run.x,
            working_set: run.working,
        };
        for (&member, &u) in out.working_set.iter().zip(&run.multipliers) {
            match member.part {
                Part::Row(i) => out.row_multipliers[i] += sign(member) * u,
                Part::Column(j) => out.bound_multipliers[j] += sign(member) * u,
            }
        }
        let end = out.end.clone();
        self.certify(&mut out, options);
        if end != QuadraticEnd::Solved {
            out.end = end;
        }
        out
    }

    /// Sets the residuals of the answer for this problem, and with them whether it counts as solved.
    pub(super) fn certify(&self, answer: &mut QuadraticAnswer, options: &QuadraticOptions) {
        let (y, z) = (&answer.row_multipliers, &answer.bound_multipliers);
        let scale = max_abs(&self.linear).max(max_abs(y)).max(max_abs(z)).max(1.0);
        answer.residuals =
            QuadraticResiduals::new(&self.hessian, &self.linear, &self.constraints, &answer.x, y, z);
        let certified = answer.residuals.largest() <= options.tolerance * scale;
        answer.end = if certified { QuadraticEnd::Solved } else { QuadraticEnd::NotCertified };
    }

    pub(super) fn hessian(&self) -> &[f64] {
        &self.hessian
    }

    pub(super) fn linear(&self) -> &[f64] {
        &self.linear
    }

    pub(super) fn constraints(&self) -> &LinearSystem {
        &self.constraints
    }

    /// The same constraints under another objective.
    pub(super) fn with_objective(&self, hessian: Vec<f64>, linear: Vec<f64>) -> Self {
        Self { hessian, linear, constraints: self.constraints.clone() }
    }

    fn without_point(&self, end: QuadraticEnd) -> QuadraticAnswer {
        let (m, n) = (self.constraints.num_rows(), self.constraints.num_columns());
        let none = f64::INFINITY;
        let residuals = QuadraticResiduals {
            stationarity: none,
            feasibility: none,
            complementarity: none,
            objective: f64::NAN,
        };
        QuadraticAnswer {
            end,
            x: vec![f64::NAN; n],
            row_multipliers: vec![0.0; m],
            bound_multipliers: vec![0.0; n],
            working_set: Vec::new(),
            residuals,
            iterations: 0,
        }
    }
}

/// +1 for normal·x ≥ lower, −1 for −normal·x ≥ −upper.
fn sign(member: Member) -> f64 {
    if member.edge == Edge::Lower { 1.0 } else { -1.0 }
}

/// The state of the method: x minimises the objective on the working set, whose multipliers are `multipliers`.
struct Run<'a> {
    problem: &'a QuadraticProblem,
    factor: WorkingFactor,
    x: Vec<f64>,
    working: Vec<Member>,
    multipliers: Vec<f64>,
    iterations: usize,
}

impl<'a> Run<'a> {
    fn new(problem: &'a QuadraticProblem) -> Option<Self> {
        let factor = WorkingFactor::new(&problem.hessian, problem.linear.len())?;
        let step: Vec<f64> = factor.transposed_times(&problem.linear).iter().map(|v| -v).collect();
        let x = factor.times(&step);
        Some(Self { problem, factor, x, working: Vec::new(), multipliers: Vec::new(), iterations: 0 })
    }

    fn is_equality(&self, member: Member) -> bool {
        let (lower, upper) = self.problem.constraints.interval(member.part);
        lower == upper
    }

    /// The signed normal of a member, dense.
    fn normal(&self, member: Member) -> Vec<f64> {
        let mut normal = vec![0.0; self.x.len()];
        match member.part {
            Part::Column(j) => normal[j] = sign(member),
            Part::Row(i) => {
                let (columns, values) = self.problem.constraints.matrix.row(i);
                columns.iter().zip(values).for_each(|(&j, a)| normal[j as usize] = sign(member) * a);
            }
        }
        normal
    }

    /// bound − normal·x of the signed inequality: positive if violated.
    fn shortfall(&self, member: Member) -> f64 {
        let value = match member.part {
            Part::Row(i) => self.problem.constraints.row_value(i, &self.x),
            Part::Column(j) => Dd::from(self.x[j]),
        };
        sign(member) * (Dd::from(self.problem.constraints.bound(member)) - value).to_f64()
    }

    /// The constraint to take in: violated equalities first, then those of the start, then the one furthest away.
    fn most_violated(&self, start: &[Member]) -> Option<Member> {
        let system = &self.problem.constraints;
        let length = norm_two(&self.x);
        let mut best: Option<(u8, f64, Member)> = None;
        for member in system.members() {
            let in_set = |w: &Member| *w == member || (w.part == member.part && self.is_equality(member));
            let shortfall = self.shortfall(member);
            let norm = match member.part {
                Part::Row(i) => norm_two(system.matrix.row(i).1),
                Part::Column(_) => 1.0,
            };
            let size = system.bound(member).abs().max(norm * length).max(1.0);
            if shortfall <= VIOLATION * size || self.working.iter().any(in_set) {
                continue;
            }
            let rank = if self.is_equality(member) { 2 } else { u8::from(start.contains(&member)) };
            let distance = if norm > 0.0 { shortfall / norm } else { f64::INFINITY };
            if best.is_none_or(|b| (rank, distance) > (b.0, b.1)) {
                best = Some((rank, distance, member));
            }
        }
        best.map(|b| b.2)
    }

    /// Goldfarb and Idnani's step 2 for the violated constraint; a Farkas vector (m) if it cannot be satisfied.
    fn take_in(&mut self, member: Member, limit: usize) -> Result<(), Vec<f64>> {
        let normal = self.normal(member);
        let mut multiplier = 0.0;
        loop {
            self.iterations += 1;
            let d = self.factor.transposed_times(&normal);
            let k = self.factor.len();
            let towards = norm_two(&d[k..]);
            let independent = towards > DEPENDENT * norm_two(&d);
            let r = self.factor.solve(&d);
            let blocking = (0..k)
                .filter(|&p| r[p] > DEPENDENT * max_abs(&r) && !self.is_equality(self.working[p]))
                .min_by(|&a, &b| (self.multipliers[a] / r[a]).total_cmp(&(self.multipliers[b] / r[b])));
            let dual_step = blocking.map_or(f64::INFINITY, |p| (self.multipliers[p] / r[p]).max(0.0));
            let full_step =
                if independent { self.shortfall(member) / (towards * towards) } else { f64::INFINITY };
            if dual_step.is_infinite() && full_step.is_infinite() {
                return Err(self.farkas(member, &r));
            }
            let step = dual_step.min(full_step);
            if independent {
                let mut direction = d.clone();
                direction[..k].fill(0.0);
                let direction = self.factor.times(&direction);
                self.x.iter_mut().zip(&direction).for_each(|(x, z)| *x += step * z);
            }
            self.multipliers.iter_mut().zip(&r).for_each(|(u, r)| *u -= step * r);
            multiplier += step;
            match blocking {
                Some(p) if dual_step < full_step => {
                    self.factor.remove(p);
                    self.working.remove(p);
                    self.multipliers.remove(p);
                }
                _ => {
                    self.factor.add(d);
                    self.working.push(member);
                    self.multipliers.push(multiplier);
                    return Ok(());
                }
            }
            if self.iterations >= limit {
                return Ok(());
            }
        }
    }

    /// normal = Σ rₚ·normalₚ with no rₚ > 0: one unit of it and −rₚ of the others prove the contradiction.
    fn farkas(&self, member: Member, r: &[f64]) -> Vec<f64> {
        let mut y = vec![0.0; self.problem.constraints.num_rows()];
        for (member, weight) in self.working.iter().zip(r.iter().map(|r| -r)).chain([(&member, 1.0)]) {
            if let Part::Row(i) = member.part {
                y[i] += sign(*member) * weight;
            }
        }
        y
    }

    /// Newton corrections of the working set's equations Px + q = Nu, Nᵀx = b, with exact residuals.
    fn refine(&mut self) {
        let k = self.factor.len();
        for _ in 0..REFINEMENTS {
            let mut residual = gradients(&self.problem.hessian, &self.problem.linear, &self.x);
            let normals: Vec<Vec<f64>> = self.working.iter().map(|&w| self.normal(w)).collect();
            for (j, residual) in residual.iter_mut().enumerate() {
                let mut sum = Accumulator::default();
                normals.iter().zip(&self.multipliers).for_each(|(n, &u)| sum.add_product(n[j], u, 0.0));
                *residual = *residual - sum.value();
            }
            let residual: Vec<f64> = residual.into_iter().map(Dd::to_f64).collect();
            let shortfalls: Vec<f64> = self.working.iter().map(|&w| self.shortfall(w)).collect();
            let projected = self.factor.transposed_times(&residual);
            let along = self.factor.solve_transposed(&shortfalls);
            let right_side: Vec<f64> = along.iter().zip(&projected).map(|(v, g)| v + g).collect();
            let change: Vec<f64> = along.into_iter().chain(projected[k..].iter().map(|g| -g)).collect();
            for (u, du) in self.multipliers.iter_mut().zip(self.factor.solve(&right_side)) {
                *u += du;
            }
            for (x, dx) in self.x.iter_mut().zip(self.factor.times(&change)) {
                *x += dx;
            }
        }
        // A bound in the working set holds exactly.
        for member in &self.working {
            if let Part::Column(j) = member.part {
                self.x[j] = self.problem.constraints.bound(*member);
            }
        }
        // An inequality's multiplier that rounding left below zero presses on nothing.
        for p in 0..k {
            let equality = self.is_equality(self.working[p]);
            if !equality && self.multipliers[p] < 0.0 {
                self.multipliers[p] = 0.0;
            }
        }
    }
}
