//! A start from records in groups.
//!
//! mᵢ(y) depends on the row of record i, its bounds and w⁰ᵢ/dᵢ alone. Records that agree in these are one record with the
//! design weight Σw⁰ᵢ and the distance weight Σdᵢ.

use fixedbitset::FixedBitSet;

use super::form::BandForm;
use super::free_gram::FreeGram;
use super::options::{BandMethod, BandOptions};
use super::outer;
use super::proximal_newton::StageEnd;
use super::target_bands::TargetBand;
use crate::control::Control;
use crate::numeric::dd::Dd;
use crate::reweight::grouping::{GroupedStart, Groups};
use crate::reweight::result::Timing;

/// A dual point y with the Gram matrix that belongs to it.
pub(super) struct BandStart {
    pub dual: Vec<f64>,
    pub free_gram: FreeGram,
}

/// Solves the problem over groups; `None` if there are too few repeats, or no solution.
pub(super) fn grouped_start(
    form: &BandForm<'_>,
    bands: &[TargetBand],
    options: &BandOptions,
    control: &Control,
) -> Option<GroupedStart<BandStart>> {
    let problem = form.problem;
    if form.common_design().is_some_and(|(common, _)| common.has_distinct_records) {
        return None;
    }
    let ratio = |i: usize| problem.design_weights[i] / form.distance_weight(i);
    let groups = Groups::find(problem, ratio, form.workers)?;
    let weights = groups.sums(|i| problem.design_weights[i]);
    let distance_weights = Some(groups.sums(|i| form.distance_weight(i)));
    let grouped_problem = groups.problem(problem, weights, None);
    let grouped_options = BandOptions { distance_weights, ..options.clone() };
    let grouped = BandForm::new(&grouped_problem, bands, &grouped_options, form.workers);
    let limit = options.iteration_limit(BandMethod::ProximalNewton);
    let outcome = outer::solve(&grouped, limit, control, &mut Timing::default());
    if outcome.stop != StageEnd::Solved || outcome.infeasible.is_some() {
        return None;
    }
    let answer = &outcome.finished.evaluation.dual.answer;
    let mut free_gram = FreeGram::new(&grouped);
    for (g, m) in answer.iter().enumerate() {
        let (lower, upper) = grouped_problem.bounds.of(g);
        free_gram.free.set(g, lower < *m && *m < upper);
    }
    free_gram.rebuild(&grouped);
    let is_free = |(i, &g): (usize, &u32)| free_gram.free.contains(g as usize).then_some(i);
    let mut free_records = FixedBitSet::with_capacity(form.num_records());
    free_records.extend(groups.of_record.iter().enumerate().filter_map(is_free));
    let unscaled = |(v, &scale): (&Dd, &f64)| v.to_f64() * scale;
    Some(GroupedStart {
        dual: BandStart {
            dual: outcome.finished.dual.iter().zip(&grouped.scale).map(unscaled).collect(),
            free_gram: FreeGram { gram: free_gram.gram, free: free_records },
        },
        num_groups: groups.len(),
        iterations: outcome.run.iterations,
        history: outcome.run.history,
    })
}
