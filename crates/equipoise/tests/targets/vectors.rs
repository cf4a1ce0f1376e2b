//! The measured vectors of the reference, numerically, in parity mode.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use equipoise::targets::Text;
use equipoise::targets::request::Options;
use equipoise::targets::request::options::{GroupConstraint, RoundingMode, TargetMethod};
use equipoise::targets::stage3::{TargetAnswer, TargetName, TargetProblem};
use rust_decimal::Decimal;
use serde_json::Value;

/// What a reference weight may differ by: it is a rounded first-order solution.
const REFERENCE_TOLERANCE: &str = "0.0001";
/// What decimals of 28 digits may differ by.
const DECIMAL_TOLERANCE: &str = "0.0000000000000000000000001";

fn file() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/cases/targets_vectors.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the vectors are there"))
        .expect("they are JSON")
}

fn decimal(value: &Value) -> Decimal {
    let text = value.as_str().expect("a decimal text");
    // "0E-57" is one of the reference's zeros.
    if text.split(['E', 'e']).next().is_some_and(|mantissa| mantissa.chars().all(|c| "-+0.".contains(c))) {
        return Decimal::ZERO;
    }
    Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).expect("a decimal")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_string()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

fn problem(case: &Value) -> TargetProblem {
    let pairs = |key: &str| -> Vec<(Text, Decimal)> {
        list(&case[key]).iter().map(|pair| (text(&pair[0]).into(), decimal(&pair[1]))).collect()
    };
    let model = pairs("model");
    let buyable: BTreeSet<Text> = list(&case["buy_list"]).iter().map(|id| text(id).into()).collect();
    let attributes = case["attributes"].as_object().expect("an object");
    let names = pairs("eligible").into_iter().map(|(id, weight)| TargetName {
        weight,
        tradeable: buyable.contains(&id),
        model_weight: model.iter().rev().find(|m| m.0 == id).map_or(Decimal::ZERO, |m| m.1),
        current_weight: Decimal::ZERO,
        attributes: attributes
            .get(id.as_str())
            .map_or_else(BTreeMap::new, |own| {
                own.as_object().expect("an object").iter().map(|(k, v)| (k.into(), text(v).into())).collect()
            })
            .into(),
        instrument_id: id,
    });
    let known =
        attributes.values().flat_map(|own| own.as_object().expect("an object").keys().map(Text::from));
    TargetProblem {
        names: names.collect(),
        sell_only_excess: decimal(&case["sell_only_excess"]),
        known_attributes: known.collect(),
        model,
    }
}

fn options(case: &Value, target_method: TargetMethod) -> Options {
    let given = case["options"].as_object().expect("an object");
    let mut options = Options { target_method, rounding_mode: RoundingMode::Parity, ..Options::default() };
    for (key, value) in given {
        match key.as_str() {
            "cash_band_min_weight" => options.cash_band_min_weight = decimal(value),
            "cash_band_max_weight" => options.cash_band_max_weight = decimal(value),
            "single_position_max_weight" => {
                options.single_position_max_weight = (!value.is_null()).then(|| decimal(value));
            }
            "min_cash_buffer_pct" => options.min_cash_buffer_pct = decimal(value),
            "group_constraints" => {
                for (key, max) in value.as_object().expect("an object") {
                    let group = GroupConstraint { max_weight: Some(decimal(max)), min_weight: None };
                    options.group_constraints.insert(key.clone(), group);
                }
            }
            other => panic!("an option that the test does not know: {other}"),
        }
    }
    options
}

/// Status, warnings, tags and events exactly; weights within the tolerance.
fn check(name: &str, answer: &TargetAnswer, expected: &Value, tolerance: &str) {
    let tolerance = Decimal::from_str(tolerance).expect("a decimal");
    let near = |a: Decimal, b: Decimal| (a - b).abs() <= tolerance;
    let status = serde_json::to_value(answer.status).expect("plain data");
    assert_eq!(status, expected["status"], "{name}: status");
    let warnings: Vec<String> = list(&expected["warnings"]).iter().map(text).collect();
    assert_eq!(answer.warnings, warnings, "{name}: warnings");
    let targets = list(&expected["targets"]);
    assert_eq!(answer.targets.len(), targets.len(), "{name}: number of targets");
    for (row, expected) in answer.targets.iter().zip(targets) {
        let place = format!("{name}, {}", row.instrument_id);
        assert_eq!(row.instrument_id, text(&expected[0]), "{place}: order");
        let weight = decimal(&expected[1]);
        assert!(near(row.final_weight, weight), "{place}: {} is not {weight}", row.final_weight);
        let tags: Vec<String> = list(&expected[2]).iter().map(text).collect();
        assert_eq!(row.tags, tags, "{place}: tags");
    }
    let events = list(&expected["group_events"]);
    assert_eq!(answer.group_events.len(), events.len(), "{name}: number of events");
    for (event, expected) in answer.group_events.iter().zip(events) {
        assert_eq!(event.constraint_key, text(&expected[0]), "{name}: key");
        assert_eq!(event.status, text(&expected[1]), "{name}: event");
        assert!(near(event.group_weight_before, decimal(&expected[2])), "{name}: weight before");
        assert!(near(event.released_weight, decimal(&expected[3])), "{name}: released weight");
        let recipients = expected[4].as_object().expect("an object");
        let ids: Vec<&str> = recipients.keys().map(String::as_str).collect();
        assert_eq!(event.recipients.keys().map(Text::as_str).collect::<Vec<_>>(), ids, "{name}: recipients");
        for (id, share) in &event.recipients {
            assert!(near(*share, decimal(&recipients[id.as_str()])), "{name}: share of {id}");
        }
    }
}

#[test]
fn hand_made_calls() {
    let file = file();
    for case in list(&file["stage3"]) {
        let name = text(&case["name"]);
        let problem = problem(case);
        let heuristic = problem.solve(&options(case, TargetMethod::Heuristic));
        check(&format!("{name}, heuristic"), &heuristic, &case["expected"]["HEURISTIC"], DECIMAL_TOLERANCE);
        let solver = problem.solve(&options(case, TargetMethod::Solver));
        check(&format!("{name}, solver"), &solver, &case["expected"]["SOLVER"], REFERENCE_TOLERANCE);
    }
}

#[test]
fn random_programs() {
    let file = file();
    let (mut feasible, mut infeasible) = (0, 0);
    for case in list(&file["qp"]) {
        let name = text(&case["name"]);
        let problem = problem(case);
        let answer = problem.solve(&options(case, TargetMethod::Solver));
        check(&name, &answer, &case["expected"]["reference"], REFERENCE_TOLERANCE);
        if case["exact_half_even_4dp"].is_null() && case["expected"]["exact_half_even_4dp"].is_null() {
            infeasible += 1;
            let report = answer.infeasibility.as_ref().expect("an infeasible program is explained");
            assert!(!report.conflict.is_empty(), "{name}: a conflict set");
            continue;
        }
        feasible += 1;
        let rounded = list(&case["expected"]["exact_half_even_4dp"]);
        let buyable = list(&case["buy_list"]);
        assert_eq!(rounded.len(), buyable.len());
        for (id, weight) in buyable.iter().zip(rounded) {
            let row =
                answer.targets.iter().find(|row| row.instrument_id == text(id)).expect("a row for each name");
            assert_eq!(row.final_weight, decimal(weight), "{name}, {id}");
        }
    }
    assert_eq!((feasible, infeasible), (62, 18));
}
