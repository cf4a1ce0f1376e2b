//! The working set that a subproblem starts from: the last one, or what LPEC-A predicts.

use super::choices::ActiveSetMethod;
use super::lpeca::{LpecaPoint, LpecaPrediction, LpecaSettings, predict, refined_multipliers};
use super::multipliers::{Multipliers, lagrangian_gradient};
use super::run::Run;
use crate::certificate::linear_system::Member;

/// The start of the step's subproblem; counts predictions set aside, cut, and the bounds they fix. A prediction that is set aside leaves
/// the last working set in place.
pub(super) fn start(run: &mut Run<'_>) -> Vec<Member> {
    if run.options.active_set_method == ActiveSetMethod::Expand {
        return run.working_set.clone();
    }
    let prediction = prediction(run);
    run.counters.n_lpeca_bypassed += u64::from(!prediction.is_used);
    run.counters.n_lpeca_capped += u64::from(prediction.is_capped);
    run.counters.n_lpeca_bounds_prefixed += prediction.num_bounds as u64;
    prediction.start(&run.working_set).to_vec()
}

/// In scaled units, with the multipliers of the last subproblem or, with `lpeca_use_lp`, those of a linear program.
fn prediction(run: &Run<'_>) -> LpecaPrediction {
    let options = run.options;
    let x = &run.point.x;
    let equalities = run.problem.num_equalities();
    let refined = options.lpeca_use_lp.then(|| linear_program(run)).flatten();
    let multipliers = refined.as_ref().unwrap_or(&run.multipliers);
    let rest = lagrangian_gradient(&run.point, multipliers);
    let (lower, upper) = (run.problem.lower(), run.problem.upper());
    let z = &multipliers.bounds;
    let of_lower: Vec<_> = finite(lower).map(|j| (j, x[j] - lower[j], z[j].max(0.0))).collect();
    let of_upper: Vec<_> = finite(upper).map(|j| (j, upper[j] - x[j], (-z[j]).max(0.0))).collect();
    let point = LpecaPoint {
        equalities: &run.point.c[..equalities],
        inequalities: &run.point.c[equalities..],
        multipliers: &multipliers.rows[equalities..],
        lower: &of_lower,
        upper: &of_upper,
        lagrangian_gradient: &rest,
    };
    let settings = LpecaSettings {
        sigma: options.lpeca_sigma,
        beta: options.lpeca_beta,
        trust_threshold: options.lpeca_trust_threshold,
        warmup_steps: options.lpeca_warmup_steps,
        predict_bounds: options.lpeca_predict_bounds,
    };
    predict(&point, run.steps.saturating_sub(1), &settings)
}

fn finite(bounds: &[f64]) -> impl Iterator<Item = usize> + '_ {
    (0..bounds.len()).filter(|&j| bounds[j].is_finite())
}

/// The linear program's multipliers, the bounds given to it as rows.
fn linear_program(run: &Run<'_>) -> Option<Multipliers> {
    let (n, m) = (run.point.x.len(), run.point.c.len());
    let equalities = run.problem.num_equalities();
    let (lower, upper) = (run.problem.lower(), run.problem.upper());
    let mut jacobian = run.point.jacobian.clone();
    let mut inequalities = run.point.c[equalities..].to_vec();
    let mut sides = Vec::new();
    let mut add = |j: usize, sign: f64, value: f64| {
        let mut row = vec![0.0; n];
        row[j] = sign;
        jacobian.extend(row);
        inequalities.push(value);
        sides.push((j, sign));
    };
    finite(lower).for_each(|j| add(j, 1.0, run.point.x[j] - lower[j]));
    finite(upper).for_each(|j| add(j, -1.0, upper[j] - run.point.x[j]));
    let found = refined_multipliers(&run.point.gradient, &jacobian, equalities, &inequalities)?;
    let mut out = Multipliers { rows: found[..m].to_vec(), bounds: vec![0.0; n] };
    sides.iter().zip(&found[m..]).for_each(|(&(j, sign), y)| out.bounds[j] += sign * y);
    Some(out)
}
