//! The trace of targets, with its tags.

use foldhash::{HashMap, HashSet};
use rust_decimal::Decimal;

use super::TargetProblem;
use super::answer::TargetRow;
use crate::targets::Text;

/// Model rows in order, then the names outside the model; `reasons` by name.
pub(super) fn rows(problem: &TargetProblem, weights: &[Decimal], reasons: &[Vec<Text>]) -> Vec<TargetRow> {
    let index = problem.names.iter().enumerate().map(|(i, name)| (name.instrument_id.as_str(), i));
    // Both are looked up only: the order of hashes decides nothing.
    let index: HashMap<&str, usize> = index.collect();
    let in_model: HashSet<&str> = problem.model.iter().map(|m| m.0.as_str()).collect();
    let of_model = problem.model.iter().map(|(id, model_weight)| {
        let position = index.get(id.as_str());
        let final_weight = position.map_or(Decimal::ZERO, |&i| weights[i]);
        let tags = if *model_weight > final_weight {
            vec!["CAPPED_BY_MAX_WEIGHT"]
        } else if final_weight > *model_weight {
            vec!["REDISTRIBUTED_RECIPIENT"]
        } else {
            Vec::new()
        };
        let reasons = position.map_or_else(|| vec!["NOT_ELIGIBLE".into()], |&i| reasons[i].clone());
        TargetRow { instrument_id: id.clone(), model_weight: *model_weight, final_weight, tags, reasons }
    });
    let rest = problem.names.iter().enumerate().filter(|(_, n)| !in_model.contains(n.instrument_id.as_str()));
    let of_rest = rest.map(|(i, name)| {
        let sold = name.tradeable || weights[i].is_zero();
        TargetRow {
            instrument_id: name.instrument_id.clone(),
            model_weight: Decimal::ZERO,
            final_weight: weights[i],
            tags: vec![if sold { "IMPLICIT_SELL_TO_ZERO" } else { "LOCKED_POSITION" }],
            reasons: reasons[i].clone(),
        }
    });
    of_model.chain(of_rest).collect()
}
