//! A start from records in groups.
//!
//! A group of c records with row a, design weight w and the same bounds adds c·w·m·a to the totals and c·λ(m − 1)² to the
//! objective, λ = w²/(2κ): as one record with design weight √c·w and row √c·a does. L₀ and Σw⁰², and with them κ, stay.

use super::{Structure, solve};
use crate::control::Control;
use crate::numeric::dd::Dd;
use crate::reweight::grouping::{GroupedStart, Groups};
use crate::reweight::options::{Method, ReweightOptions, Start};
use crate::reweight::penalty::PenaltyForm;
use crate::reweight::result::Timing;

/// Solves the problem over groups: dual values v near the solution, and in `structure` the Gram matrix that belongs to them.
/// `None` if there are too few repeats, or no solution.
pub(in crate::reweight) fn grouped_start(
    form: &PenaltyForm<'_>,
    options: &ReweightOptions,
    structure: &mut Structure,
    control: &Control,
) -> Option<GroupedStart<Vec<f64>>> {
    let problem = form.problem;
    let start = match &options.start {
        Start::DesignWeights => vec![0.0; form.num_targets()],
        Start::Dual(v) => v.clone(),
        Start::Multipliers(_) => return None,
    };
    let groups = Groups::find(problem, |i| problem.design_weights[i], form.workers)?;
    let roots: Vec<f64> = groups.sums(|_| 1.0).iter().map(|count| count.sqrt()).collect();
    let weight = |(&first, root): (&u32, &f64)| root * problem.design_weights[first as usize];
    let weights = groups.first.iter().zip(&roots).map(weight).collect();
    let grouped = groups.problem(problem, weights, Some(&roots));
    if grouped.moments.initial_loss == Dd::ZERO {
        return None;
    }
    let grouped = PenaltyForm::new(&grouped, options.penalty, form.workers);
    let mut over_groups = Structure::default();
    let limit = options.iteration_limit(Method::Newton);
    let out = solve(&grouped, &start, limit, &mut over_groups, control, &mut Timing::default());
    if !out.stop.may_finish() {
        return None;
    }
    *structure = Structure { gram: over_groups.gram, free: groups.expanded(&over_groups.free) };
    Some(GroupedStart {
        dual: out.dual.iter().map(|v| v.to_f64()).collect(),
        num_groups: groups.len(),
        iterations: out.iterations,
        history: out.history,
    })
}
