//! Counters after every step, and the summary and state for an observer.

use super::hessian::bfgs::PairUse;
use super::model::Model;
use super::multipliers::{Multipliers, lagrangian_gradient, reduced_gradient};
use super::observer::{HessianSnapshot, MultiplierSet, SqpState};
use super::run::{Run, StepFacts};
use super::subproblem::Outcome;
use super::summary::StepSummary;
use super::termination::{fit, unscaled};
use crate::certificate::linear_system::{Edge, Part};
use crate::numeric::sum::{dot, max_abs, norm_two};
use crate::numeric::symmetric_eigen::SymmetricEigen;

/// Adds a step to the counters.
pub(super) fn count(run: &mut Run<'_>, facts: &StepFacts, usable: bool) {
    let n = run.point.x.len();
    let direction = &facts.direction;
    let solved = direction.outcome == Outcome::Solved;
    let bounds = direction.working_set.iter().filter(|m| matches!(m.part, Part::Column(_))).count() as u64;
    let equalities = run.problem.num_equalities();
    let is_inequality = |part: Part| !matches!(part, Part::Row(i) if i < equalities);
    let active = direction.working_set.iter().filter(|m| is_inequality(m.part)).count() as u64;
    let (gamma, least, largest) = run.model.extremes(n);
    let s = run.evaluator.factors.objective;
    let c = &mut run.counters;
    c.n_qp_inner_failures += u64::from(!solved);
    c.n_ls_failures += u64::from(usable && !facts.line_search_success);
    c.n_lbfgs_skips += u64::from(facts.pair == PairUse::Skipped && facts.line_search_success && usable);
    c.n_nan_directions += u64::from(direction.d.iter().any(|d| !d.is_finite()));
    c.max_gamma = c.max_gamma.max(gamma / s);
    c.min_diag = c.min_diag.min(least / s);
    c.max_diag = c.max_diag.max(largest / s);
    if usable {
        c.ls_alpha_min = c.ls_alpha_min.min(facts.step_length);
    }
    c.tail_ls_failures = run.progress.line_search_failures;
    c.max_bound_fixed = c.max_bound_fixed.max(bounds);
    c.max_active_ineq = c.max_active_ineq.max(active);
    c.max_qp_active_size = c.max_qp_active_size.max(active);
    c.n_merit_regressions += u64::from(run.progress.is_regression && facts.line_search_success);
    c.n_qp_budget_exhausted += u64::from(direction.outcome == Outcome::Budget);
    c.n_qp_ping_pong += u64::from(direction.outcome == Outcome::PingPong);
    c.max_qp_iterations = c.max_qp_iterations.max(direction.iterations);
    c.n_divergence_blowups += u64::from(run.progress.blowups > 0);
    c.divergence_triggered |= run.progress.blowups >= run.options.divergence_patience;
    let inner = &direction.inner;
    c.n_bound_fix_solves += inner.bound_solves;
    c.n_proj_refinements += inner.refinements;
    c.max_proj_residual = c.max_proj_residual.max(inner.constraint_residual);
    run.projected_gradient = inner.projected_gradient_norm;
    let projected = inner.projected_gradient_norm / s;
    c.min_projected_grad_norm = c.min_projected_grad_norm.min(projected);
    if projected.is_finite() {
        let classical = norm_two(&lagrangian_gradient(&run.point, &fit(run))) / s;
        run.counters.n_steps_inexact_below_classical += u64::from(projected < classical);
    }
}

/// Calls the observer, if there is one.
pub(super) fn observe(run: &mut Run<'_>, facts: &StepFacts, usable: bool) {
    if run.observer.is_none() {
        return;
    }
    let state = state(run, facts);
    let smallest = smallest_singular_value(&state);
    run.counters.eq_jac_min_sv_est = run.counters.eq_jac_min_sv_est.min(smallest);
    let summary = summary(run, facts, &state, usable);
    let counters = run.counters;
    if let Some(observer) = run.observer.as_deref_mut() {
        observer.step(&summary, &counters, &state);
    }
}

/// The state after the step in the user's units.
fn state(run: &Run<'_>, facts: &StepFacts) -> SqpState {
    let (n, m) = (run.point.x.len(), run.point.c.len());
    let equalities = run.problem.num_equalities();
    let user = unscaled(run, &run.point);
    let factors = &run.evaluator.factors;
    let set = |scaled: &Multipliers| {
        let rows = factors.unscaled_multipliers(&scaled.rows);
        let bounds = factors.unscaled_bound_multipliers(&scaled.bounds);
        MultiplierSet {
            equalities: rows[..equalities].to_vec(),
            inequalities: rows[equalities..].to_vec(),
            lower: bounds.iter().map(|z| z.max(0.0)).collect(),
            upper: bounds.iter().map(|z| (-z).max(0.0)).collect(),
        }
    };
    let fitted = fit(run);
    let mut lagrangian_gradient = reduced_gradient(&run.point, &fitted.rows);
    lagrangian_gradient.iter_mut().zip(&fitted.bounds).for_each(|(g, z)| *g = (*g - z) / factors.objective);
    let mut active = vec![false; m - equalities + 2 * n];
    for member in &facts.direction.working_set {
        match (member.part, member.edge) {
            (Part::Row(i), _) if i >= equalities => active[i - equalities] = true,
            (Part::Row(_), _) => {}
            (Part::Column(j), Edge::Lower) => active[m - equalities + j] = true,
            (Part::Column(j), Edge::Upper) => active[m - equalities + n + j] = true,
        }
    }
    let split = equalities * n;
    SqpState {
        step: run.steps,
        objective: user.f,
        equalities: user.c[..equalities].to_vec(),
        inequalities: user.c[equalities..].to_vec(),
        equality_jacobian: user.jacobian[..split].to_vec(),
        inequality_jacobian: user.jacobian[split..].to_vec(),
        gradient: user.gradient,
        x: user.x,
        subproblem_multipliers: set(&Multipliers {
            rows: facts.direction.multipliers.clone(),
            bounds: facts.direction.bound_multipliers.clone(),
        }),
        least_squares_multipliers: set(&fitted),
        lagrangian_gradient,
        penalty_weights: factors.unscaled_multipliers(&run.merit.weights),
        hessian: snapshot(run, facts.direction.inner.negative_curvature),
        active,
        direction: facts.direction.d.clone(),
        step_length: facts.step_length,
        elastic: facts.direction.is_elastic,
        working_set_changes: facts.working_set_changes,
        cg_truncations: facts.direction.inner.truncations,
        best_merit: run.progress.best_merit(&run.merit).unwrap_or(f64::NAN) / factors.objective,
    }
}

/// `negative` is the most negative curvature that the inner solver met.
fn snapshot(run: &Run<'_>, negative: f64) -> HessianSnapshot {
    let n = run.point.x.len();
    let s = run.evaluator.factors.objective;
    let diagonal = run.model.diagonal(n).into_iter().map(|d| d / s).collect();
    let (gamma, _, _) = run.model.extremes(n);
    let plain = HessianSnapshot {
        gamma: gamma / s,
        diagonal,
        negative_curvature: negative / s,
        ..HessianSnapshot::default()
    };
    match &run.model {
        Model::Dense(bfgs) => HessianSnapshot { num_pairs: bfgs.num_pairs, ..plain },
        Model::Limited(limited) => HessianSnapshot {
            num_pairs: limited.steps.len(),
            steps: limited.steps.concat(),
            gradient_changes: limited.changes.iter().flatten().map(|y| y / s).collect(),
            ..plain
        },
        Model::Exact(exact) => HessianSnapshot {
            gamma: 1.0,
            negative_curvature: exact.negative_curvature / s,
            shift: exact.shift / s,
            ..plain
        },
        Model::Diagonal(_, least) => HessianSnapshot { gamma: 1.0, negative_curvature: least / s, ..plain },
    }
}

fn smallest_singular_value(state: &SqpState) -> f64 {
    let (n, k) = (state.x.len(), state.equalities.len());
    if k == 0 {
        return f64::INFINITY;
    }
    if k > n {
        return 0.0;
    }
    // Of the Gram matrix of the rows brought to length 1 the eigenvalues lose half the digits, so that a zero shows as 1e-8.
    let row = |i: usize| &state.equality_jacobian[i * n..(i + 1) * n];
    let gram: Vec<f64> = (0..k * k).map(|e| dot(row(e / k), row(e % k))).collect();
    let rounding = 4.0 * f64::EPSILON * k as f64 * max_abs(&gram);
    match SymmetricEigen::new(&gram, k) {
        Some(eigen) if eigen.values[0] > rounding => eigen.values[0].sqrt(),
        Some(_) => refined_smallest(state, k, n),
        None => 0.0,
    }
}

/// Where the Gram matrix is singular to working precision: the smallest diagonal entry of a pivoted triangle, which is within a
/// factor √k·2ᵏ of the singular value and usually within a few.
fn refined_smallest(state: &SqpState, k: usize, n: usize) -> f64 {
    let mut rows: Vec<Vec<f64>> =
        (0..k).map(|i| state.equality_jacobian[i * n..(i + 1) * n].to_vec()).collect();
    let mut smallest = f64::INFINITY;
    for step in 0..k {
        let longest = (step..k).max_by(|&a, &b| norm_two(&rows[a]).total_cmp(&norm_two(&rows[b])));
        rows.swap(step, longest.unwrap_or(step));
        let length = norm_two(&rows[step]);
        smallest = smallest.min(length);
        if length == 0.0 {
            break;
        }
        let unit: Vec<f64> = rows[step].iter().map(|v| v / length).collect();
        for row in &mut rows[step + 1..] {
            for _ in 0..2 {
                let along = dot(&unit, row);
                crate::numeric::sum::axpy(-along, &unit, row);
            }
        }
    }
    smallest
}

/// The 39 numbers.
fn summary(run: &Run<'_>, facts: &StepFacts, state: &SqpState, usable: bool) -> StepSummary {
    let n = state.x.len();
    let (progress, counters) = (&run.progress, &run.counters);
    let direction = &facts.direction;
    let reached = direction.outcome == Outcome::Budget;
    let converged = matches!(direction.outcome, Outcome::Solved | Outcome::PingPong);
    let fitted = &state.least_squares_multipliers;
    let grad_norm = norm_two(&state.gradient);
    let lagrangian_norm = norm_two(&state.lagrangian_gradient);
    let products = |y: &[f64], c: &[f64]| -> f64 { y.iter().zip(c).map(|(y, c)| y * c).sum() };
    let lagrangian = state.objective
        - products(&fitted.equalities, &state.equalities)
        - products(&fitted.inequalities, &state.inequalities);
    let mut kkt_scale = grad_norm;
    let jacobians =
        [(&fitted.equalities, &state.equality_jacobian), (&fitted.inequalities, &state.inequality_jacobian)];
    for (multipliers, jacobian) in jacobians {
        for (y, row) in multipliers.iter().zip(jacobian.chunks_exact(n)) {
            kkt_scale = kkt_scale.max(y.abs() * norm_two(row));
        }
    }
    kkt_scale = kkt_scale.max(max_abs(&fitted.lower)).max(max_abs(&fitted.upper));
    let (gamma, least, largest) = run.model.extremes(n);
    let s = run.evaluator.factors.objective;
    let inequality_multipliers = [&fitted.inequalities, &fitted.lower, &fitted.upper];
    StepSummary {
        step_count: run.steps,
        f_val: state.objective,
        merit: run.merit.value(run.point.f, &run.point.c) / s,
        last_alpha: facts.step_length,
        qp_iterations_total: run.qp_iterations,
        qp_iterations_step: direction.iterations,
        qp_converged: converged,
        qp_reached_max_iter: reached,
        qp_ping_ponged: direction.outcome == Outcome::PingPong,
        qp_real_failure: !converged && !reached,
        ls_success: facts.line_search_success && usable,
        consecutive_qp_failures: progress.subproblem_failures,
        consecutive_ls_failures: progress.line_search_failures,
        consecutive_zero_steps: progress.zero_steps,
        grad_norm,
        grad_lagrangian_norm: lagrangian_norm,
        lagrangian_value: lagrangian,
        rel_kkt: lagrangian_norm / lagrangian.abs().max(1.0),
        kkt_scale,
        kkt_ratio: lagrangian_norm / kkt_scale.max(1.0),
        gamma: gamma / s,
        min_diag: least / s,
        max_diag: largest / s,
        diag_kappa: largest / least.max(1e-30 * largest),
        lbfgs_count: state.hessian.num_pairs as u64,
        lbfgs_skipped: facts.pair == PairUse::Skipped,
        max_abs_mult_eq: max_abs(&fitted.equalities),
        max_abs_mult_ineq: inequality_multipliers.into_iter().map(|v| max_abs(v)).fold(0.0, f64::max),
        qp_vs_ls_multiplier_ratio: multiplier_ratio(state),
        n_active_ineq: state.active.iter().filter(|a| **a).count() as u64,
        eq_jac_min_sv_est: counters.eq_jac_min_sv_est,
        projected_grad_norm: direction.inner.projected_gradient_norm / s,
        merit_penalty: max_abs(&state.penalty_weights),
        max_eq_violation: max_abs(&state.equalities),
        max_ineq_violation: state.inequalities.iter().fold(0.0, |a: f64, c| a.max(-c)),
        proj_residual_high_water: counters.max_proj_residual,
        diverging: progress.blowups >= run.options.divergence_patience,
        blowup_count: progress.blowups,
        merit_regression_step: progress.is_regression && facts.line_search_success,
    }
}

/// max |λ_qp| / |λ_fit| over the rows where either matters (above 1e-8 of the largest): inactive rows say nothing.
fn multiplier_ratio(state: &SqpState) -> f64 {
    let (qp, fit) = (&state.subproblem_multipliers, &state.least_squares_multipliers);
    let pairs =
        qp.equalities.iter().chain(&qp.inequalities).zip(fit.equalities.iter().chain(&fit.inequalities));
    let largest = pairs.clone().fold(0.0, |a: f64, (q, l)| a.max(q.abs()).max(l.abs()));
    let floor = 1e-8 * largest;
    pairs
        .filter(|(q, l)| q.abs().max(l.abs()) > floor)
        .map(|(q, l)| q.abs() / l.abs().max(floor))
        .fold(f64::NAN, f64::max)
        .max(if largest > 0.0 { 0.0 } else { 1.0 })
}
