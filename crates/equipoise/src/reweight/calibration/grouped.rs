//! A start from records in groups.
//!
//! gᵢ = F(qᵢ(Aλ)ᵢ) depends on the row of record i, q and, for a bounded distance, the bounds. Records that agree in these are one
//! record with the design weight Σw⁰ᵢ.

use super::form::Form;
use super::newton::{self, End};
use super::options::CalibrationOptions;
use crate::control::Control;
use crate::reweight::Timing;
use crate::reweight::grouping::{GroupedStart, Groups};

/// Solves the problem over groups: λ near the solution. `None` if there are too few repeats, clusters, or no solution.
pub(super) fn grouped_start(form: &Form<'_>, control: &Control) -> Option<GroupedStart<Vec<f64>>> {
    let (problem, options) = (form.problem, form.options);
    if options.clusters.is_some() {
        return None;
    }
    let groups = Groups::find(problem, |i| form.q[i], form.workers)?;
    let weights = groups.sums(|i| problem.design_weights[i]);
    let grouped = groups.problem(problem, weights, None);
    let q_weights = Some(groups.first.iter().map(|&i| form.q[i as usize]).collect());
    let options = CalibrationOptions { q_weights, ..options.clone() };
    let grouped = Form::new(&grouped, &options, form.workers);
    let outcome = newton::solve(&grouped, None, control, &mut Timing::default());
    (outcome.end == End::Finished).then(|| GroupedStart {
        dual: outcome.lambda.iter().map(|l| l.to_f64()).collect(),
        num_groups: groups.len(),
        iterations: outcome.iterations,
        history: outcome.history,
    })
}
