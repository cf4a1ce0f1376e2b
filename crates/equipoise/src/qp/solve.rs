//! The ladder: one method after the other until the certificate, which knows none of them, is satisfied.

use super::active_set::{End, Task, sign};
use super::feasibility::{Feasibility, FeasibilityOptions, check_feasibility};
use super::interior_point::{Offer, Quadratic, solve_quadratic};
use super::options::{QpMethod, QpOptions};
use super::problem::QpProblem;
use super::solution::{QpSolution, QpStatus};
use super::unbounded::find_ray;
use crate::certificate::infeasibility::{Proof, check_farkas};
use crate::certificate::linear_system::{Edge, LinearSystem, Member, Part};
use crate::certificate::quadratic::QuadraticResiduals;
use crate::control::Control;
use crate::numeric::sum::max_abs;

/// Variables up to which the dense active set comes first whatever the sparsity.
const SMALL: usize = 300;
/// Variables up to which the dense active set is tried at all.
const DENSE_LIMIT: usize = 3000;
/// Part of non-zero entries below which a problem counts as sparse.
const SPARSE: f64 = 0.1;

impl QpProblem {
    /// Solves and certifies.
    ///
    /// # Panics
    /// Never for options that [`QpOptions::validate`] accepts.
    pub fn solve(&mut self, options: &QpOptions) -> QpSolution {
        self.solve_with(options, &Control::default())
    }

    /// As [`QpProblem::solve`], under a control that can end the run.
    pub fn solve_with(&mut self, options: &QpOptions, control: &Control) -> QpSolution {
        let mut control = control.without_progress();
        if options.time_limit_seconds.is_some() {
            control.start_clock(options.time_limit_seconds);
        }
        if let Some(part) = self.program.empty_interval() {
            let mut solution = self.without_point(QpStatus::Infeasible, QpMethod::ActiveSet);
            solution.infeasibility = Some(Feasibility::EmptyInterval(part));
            return solution;
        }
        let mut attempts = Vec::with_capacity(1);
        let mut best: Option<QpSolution> = None;
        for &method in self.rungs(options.method) {
            let solution = match method {
                QpMethod::InteriorPoint => self.by_interior_point(options, &control),
                _ => self.by_active_set(options, &control),
            };
            attempts.push(solution.attempt());
            let residual = |s: &QpSolution| s.residuals.relative();
            let is_better =
                best.as_ref().is_none_or(|b| residual(&solution) < residual(b) || residual(b).is_nan());
            let is_final = solution.status.is_final();
            if is_final || is_better {
                best = Some(solution);
            }
            if is_final {
                break;
            }
        }
        let mut solution =
            best.unwrap_or_else(|| self.without_point(QpStatus::NotCertified, QpMethod::ActiveSet));
        solution.attempts = attempts;
        self.start.clone_from(&solution.working_set);
        solution
    }

    fn rungs(&self, method: QpMethod) -> &'static [QpMethod] {
        use QpMethod::{ActiveSet, Auto, InteriorPoint};
        let (m, n) = (self.program.num_rows() as f64, self.program.num_columns() as f64);
        let stored = (self.program.hessian.num_stored() + self.program.matrix.num_stored()) as f64;
        let is_sparse = stored < SPARSE * (n * n + m * n);
        match method {
            ActiveSet => &[ActiveSet],
            InteriorPoint => &[InteriorPoint],
            Auto if n > DENSE_LIMIT as f64 => &[InteriorPoint],
            Auto if n > SMALL as f64 && is_sparse => &[InteriorPoint, ActiveSet],
            Auto => &[ActiveSet, InteriorPoint],
        }
    }

    fn by_active_set(&mut self, options: &QpOptions, control: &Control) -> QpSolution {
        if !std::mem::replace(&mut self.measured, true) {
            self.active_set.measure_rows(&self.program);
        }
        let Some(shift) = self.factor() else {
            return self.without_point(QpStatus::NotConvex, QpMethod::ActiveSet);
        };
        if shift > 0.0 {
            return self.by_proximal_steps(shift, options, control);
        }
        let start = if options.warm_start { std::mem::take(&mut self.start) } else { Vec::new() };
        let task = Task {
            program: &self.program,
            shift,
            linear: &self.program.linear,
            limit: self.limit(options),
            control,
        };
        let end = self.active_set.run(&task, &start);
        self.judged(end, options)
    }

    pub(super) fn limit(&self, options: &QpOptions) -> usize {
        let (m, n) = (self.program.num_rows(), self.program.num_columns());
        options.iteration_limit.unwrap_or(50 * (m + n) + 100)
    }

    /// The active set's answer for the program itself, as the certificate sees it.
    pub(super) fn judged(&self, end: End, options: &QpOptions) -> QpSolution {
        let set = &self.active_set;
        let (mut y, mut z) = (vec![0.0; self.program.num_rows()], vec![0.0; self.program.num_columns()]);
        for (&member, &u) in set.working.iter().zip(&set.multipliers) {
            match member.part {
                Part::Row(i) => y[i] += sign(member) * u,
                Part::Column(j) => z[j] += sign(member) * u,
            }
        }
        let mut solution =
            self.certified(set.x.clone(), y, z, QpMethod::ActiveSet, set.iterations, options.tolerance);
        solution.working_set.clone_from(&set.working);
        match end {
            End::Optimal => (),
            End::IterationLimit => solution.status = QpStatus::IterationLimit,
            End::Cancelled => solution.status = QpStatus::Cancelled,
            End::Infeasible(farkas) => self.contradicted(&mut solution, &farkas),
        }
        solution
    }

    /// A point with multipliers, its coordinates moved into their bounds, and what the certificate says of it.
    fn certified(
        &self,
        mut x: Vec<f64>,
        row_multipliers: Vec<f64>,
        bound_multipliers: Vec<f64>,
        method: QpMethod,
        iterations: usize,
        tolerance: f64,
    ) -> QpSolution {
        for (x, (lower, upper)) in x.iter_mut().zip(self.program.lower.iter().zip(&self.program.upper)) {
            // A NaN stays one.
            *x = if *x < *lower {
                *lower
            } else if *x > *upper {
                *upper
            } else {
                *x
            };
        }
        let residuals = QuadraticResiduals::new(&self.program, &x, &row_multipliers, &bound_multipliers);
        let holds = residuals.relative() <= tolerance;
        QpSolution {
            status: if holds { QpStatus::Converged } else { QpStatus::NotCertified },
            x,
            row_multipliers,
            bound_multipliers,
            working_set: Vec::new(),
            residuals,
            infeasibility: None,
            ray: None,
            method,
            iterations,
            attempts: Vec::new(),
        }
    }

    fn without_point(&self, status: QpStatus, method: QpMethod) -> QpSolution {
        let (m, n) = (self.program.num_rows(), self.program.num_columns());
        QpSolution {
            status,
            x: vec![f64::NAN; n],
            row_multipliers: vec![0.0; m],
            bound_multipliers: vec![0.0; n],
            working_set: Vec::new(),
            residuals: QuadraticResiduals::none(),
            infeasibility: None,
            ray: None,
            method,
            iterations: 0,
            attempts: Vec::new(),
        }
    }

    /// Infeasible with the solver's vector if that passes the check, else with what the feasibility check finds.
    fn contradicted(&self, solution: &mut QpSolution, farkas: &[f64]) {
        let Ok(system) = self.program.system() else { return };
        let proven = checked(&system, farkas).or_else(|| {
            let found = check_feasibility(&system, &FeasibilityOptions::default());
            found.evidence().is_some().then_some(found)
        });
        solution.status = if proven.is_some() { QpStatus::Infeasible } else { QpStatus::NotCertified };
        solution.infeasibility = proven;
    }

    fn by_interior_point(&mut self, options: &QpOptions, control: &Control) -> QpSolution {
        let none = self.without_point(QpStatus::NotCertified, QpMethod::InteriorPoint);
        let Ok(system) = self.program.system() else { return none };
        let objective = Quadratic { hessian: &self.program.hessian, linear: &self.program.linear };
        let limits = (options.iteration_limit, control.seconds_left());
        let answer = solve_quadratic(&system, &objective, limits);
        match answer.offer {
            Offer::Point { x, row_multipliers: y, bound_multipliers: z } => {
                let mut solution =
                    self.certified(x, y, z, QpMethod::InteriorPoint, answer.iterations, options.tolerance);
                solution.working_set = self.pressed(&solution);
                if control.must_stop() && !solution.is_converged() {
                    solution.status = QpStatus::Cancelled;
                } else if answer.limited && !solution.is_converged() {
                    solution.status = QpStatus::IterationLimit;
                }
                // The guess of the binding constraints is where the active set starts from.
                self.start.clone_from(&solution.working_set);
                solution
            }
            Offer::Farkas(farkas) => {
                let mut solution = none;
                solution.iterations = answer.iterations;
                self.contradicted(&mut solution, &farkas);
                solution
            }
            Offer::Nothing(_) => self.ray_or(none, options),
        }
    }

    /// Unbounded if a feasible point and a ray are found.
    fn ray_or(&self, mut solution: QpSolution, options: &QpOptions) -> QpSolution {
        let Ok(system) = self.program.system() else { return solution };
        let feasibility = FeasibilityOptions { tolerance: options.tolerance, ..Default::default() };
        match check_feasibility(&system, &feasibility) {
            Feasibility::Feasible { point, .. } => {
                if let Some(ray) = find_ray(&self.program, options.tolerance) {
                    solution.status = QpStatus::Unbounded;
                    solution.ray = Some(ray);
                    solution.x = point;
                }
            }
            Feasibility::Unknown { .. } => (),
            proven => {
                solution.status = QpStatus::Infeasible;
                solution.infeasibility = Some(proven);
            }
        }
        solution
    }

    /// The sides whose multiplier is larger than the distance to them: an interior point's guess of what binds.
    fn pressed(&self, solution: &QpSolution) -> Vec<Member> {
        let multiplier = |part: Part| match part {
            Part::Row(i) => solution.row_multipliers[i],
            Part::Column(j) => solution.bound_multipliers[j],
        };
        let presses = |part: Part| {
            let u = multiplier(part);
            let member = Member { part, edge: if u > 0.0 { Edge::Lower } else { Edge::Upper } };
            let distance = self.program.value_dd(part, &solution.x).to_f64() - self.program.bound(member);
            (u != 0.0 && distance.abs() < u.abs()).then_some(member)
        };
        self.program.parts().filter_map(presses).collect()
    }
}

/// The vector, scaled to 1, if the independent checker accepts it.
fn checked(system: &LinearSystem, farkas: &[f64]) -> Option<Feasibility> {
    let largest = max_abs(farkas);
    let farkas: Vec<f64> = farkas.iter().map(|y| y / largest).collect();
    let check = check_farkas(system, &farkas).ok()?;
    (check.proof != Proof::Rejected).then_some(Feasibility::Infeasible { farkas, check })
}
