//! Every golden of the reference and its edge cases: numerically, only what the expectation names; warnings and tags as sets.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use equipoise::targets::{Identity, simulate_json};
use rust_decimal::Decimal;
use serde_json::Value;

/// The committed cases, by name.
pub fn files() -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/targets/goldens");
    let entries = std::fs::read_dir(folder).expect("the goldens are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable entry").path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a readable file");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        (value["name"].as_str().expect("a name").to_string(), value)
    };
    paths.iter().map(read).collect()
}

fn decimal(value: &Value) -> Decimal {
    Decimal::from_str(value.as_str().expect("a decimal text")).expect("a decimal")
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().expect("a list").iter().map(|v| v.as_str().expect("a text").to_string()).collect()
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

fn simulate(request: &Value) -> Value {
    let result = simulate_json(&request.to_string(), &Identity::default()).expect("a valid request");
    serde_json::from_str(&result).expect("JSON")
}

/// `[side, instrument, quantity]`, or `["FX", pair, what is bought]`.
fn intents(result: &Value) -> Vec<(String, String, Decimal)> {
    let intent = |intent: &Value| {
        let text = |key: &str| intent[key].as_str().expect("a text").to_string();
        if intent["intent_type"] == "FX_SPOT" {
            ("FX".to_string(), text("pair"), decimal(&intent["buy"]["amount"]))
        } else {
            (text("side"), text("instrument_id"), decimal(&intent["quantity"]))
        }
    };
    result["intents"].as_array().expect("a list").iter().map(intent).collect()
}

fn by_key(list: &Value, key: &str, value: &str) -> BTreeMap<String, Decimal> {
    let entries = list.as_array().expect("a list").iter();
    entries.map(|e| (e[key].as_str().expect("a text").to_string(), decimal(&e[value]))).collect()
}

#[track_caller]
fn check(name: &str, result: &Value, expected: &Value) {
    for (key, expected) in expected.as_object().expect("an object") {
        let place = format!("{name}: {key}");
        let targets = &result["target"]["targets"];
        match key.as_str() {
            "status" => assert_eq!(&result["status"], expected, "{place}"),
            "warnings" => {
                let warnings = sorted(texts(&result["diagnostics"]["warnings"]));
                assert_eq!(warnings, sorted(texts(expected)), "{place}");
            }
            "weights" => {
                let weights = by_key(targets, "instrument_id", "final_weight");
                let expected: BTreeMap<String, Decimal> = expected
                    .as_object()
                    .expect("an object")
                    .iter()
                    .map(|(k, v)| (k.clone(), decimal(v)))
                    .collect();
                assert_eq!(weights, expected, "{place}");
            }
            "final_values" => {
                for (id, value) in expected.as_object().expect("an object") {
                    let row =
                        targets.as_array().expect("a list").iter().find(|row| row["instrument_id"] == *id);
                    let amount = &row.expect("a row")["final_value"]["amount"];
                    assert_eq!(decimal(amount), decimal(value), "{place} of {id}");
                }
            }
            "tags" => {
                for (id, tags) in expected.as_object().expect("an object") {
                    let row =
                        targets.as_array().expect("a list").iter().find(|row| row["instrument_id"] == *id);
                    assert_eq!(
                        sorted(texts(&row.expect("a row")["tags"])),
                        sorted(texts(tags)),
                        "{place} of {id}"
                    );
                }
            }
            "intents" => {
                let list = expected.as_array().expect("a list").iter();
                let expected: Vec<(String, String, Decimal)> =
                    list.map(|i| (texts(i)[0].clone(), texts(i)[1].clone(), decimal(&i[2]))).collect();
                assert_eq!(intents(result), expected, "{place}");
            }
            "dependencies" => {
                for (id, list) in expected.as_object().expect("an object") {
                    let all = result["intents"].as_array().expect("a list");
                    let intent = all.iter().find(|i| i["instrument_id"] == *id).expect("an intent");
                    assert_eq!(&intent["dependencies"], list, "{place} of {id}");
                }
            }
            "cash" => {
                let cash = by_key(&result["after_simulated"]["cash_balances"], "currency", "amount");
                for (currency, amount) in expected.as_object().expect("an object") {
                    assert_eq!(cash[currency], decimal(amount), "{place} in {currency}");
                }
            }
            "after_groups" => {
                for (attribute, groups) in expected.as_object().expect("an object") {
                    let list = &result["after_simulated"]["allocation_by_attribute"][attribute];
                    let weights = by_key(list, "key", "weight");
                    for (group, weight) in groups.as_object().expect("an object") {
                        assert_eq!(weights[group], decimal(weight), "{place} of {group}");
                    }
                }
            }
            "rules" => {
                for (rule, status) in expected.as_object().expect("an object") {
                    let rows = result["rule_results"].as_array().expect("a list").iter();
                    let found: Vec<&Value> =
                        rows.filter(|r| r["rule_id"] == *rule).map(|r| &r["status"]).collect();
                    assert_eq!(found, vec![status], "{place} {rule}");
                }
            }
            "suppressed" => {
                let rows = result["diagnostics"]["suppressed_intents"].as_array().expect("a list");
                let ids: Vec<&Value> = rows.iter().map(|row| &row["instrument_id"]).collect();
                assert_eq!(ids, expected.as_array().expect("a list").iter().collect::<Vec<_>>(), "{place}");
            }
            "dropped" => {
                let rows = result["diagnostics"]["dropped_intents"].as_array().expect("a list");
                assert_eq!(rows.len(), expected.as_array().expect("a list").len(), "{place}");
                for (row, expected) in rows.iter().zip(expected.as_array().expect("a list")) {
                    assert_eq!(row["instrument_id"], expected[0], "{place}");
                    assert_eq!(
                        decimal(&row["potential_notional"]["amount"]),
                        decimal(&expected[1]),
                        "{place}"
                    );
                    assert_eq!(decimal(&row["score"]), decimal(&expected[2]), "{place}");
                }
            }
            "excluded" => {
                let rows = result["universe"]["excluded"].as_array().expect("a list").iter();
                let word = |row: &Value, key: &str| row[key].as_str().expect("a text").to_string();
                let list: Vec<String> = rows
                    .map(|row| format!("{} {}", word(row, "instrument_id"), word(row, "reason_code")))
                    .collect();
                assert_eq!(list, texts(expected), "{place}");
            }
            "events" => {
                let rows = result["diagnostics"]["group_constraint_events"].as_array().expect("a list");
                assert_eq!(rows.len(), expected.as_array().expect("a list").len(), "{place}");
                for (row, expected) in rows.iter().zip(expected.as_array().expect("a list")) {
                    assert_eq!(
                        (&row["constraint_key"], &row["status"]),
                        (&expected[0], &expected[1]),
                        "{place}"
                    );
                    assert_eq!(decimal(&row["released_weight"]), decimal(&expected[2]), "{place}");
                    let shares = row["recipients"].as_object().expect("an object");
                    assert_eq!(shares.len(), expected[3].as_object().expect("an object").len(), "{place}");
                    for (id, share) in shares {
                        assert_eq!(decimal(share), decimal(&expected[3][id]), "{place}: share of {id}");
                    }
                }
            }
            "data_quality" => {
                for (bucket, list) in expected.as_object().expect("an object") {
                    assert_eq!(&result["diagnostics"]["data_quality"][bucket], list, "{place} {bucket}");
                }
            }
            "differing" => {
                let comparison = &result["explanation"]["target_method_comparison"];
                assert_eq!(&comparison["differing_instruments"], expected, "{place}");
            }
            "alternate_warnings" => {
                let comparison = &result["explanation"]["target_method_comparison"];
                assert_eq!(&comparison["alternate_warnings"], expected, "{place}");
            }
            other => panic!("{name}: an expectation that the test does not know: {other}"),
        }
    }
}

#[test]
fn goldens_in_parity_mode() {
    let files = files();
    assert!(files.len() >= 60, "all goldens are there");
    for (name, case) in &files {
        check(name, &simulate(&case["request"]), &case["expected"]);
    }
}

/// The golden of the first scenario in strict mode: the same weights, and the heuristic finds them too.
#[test]
fn strict_mode_keeps_the_first_scenario() {
    let (_, case) = files().into_iter().find(|(name, _)| name == "12_solver_conflict").expect("the golden");
    for method in ["SOLVER", "HEURISTIC"] {
        let mut request = case["request"].clone();
        request["options"]["rounding_mode"] = "STRICT".into();
        request["options"]["target_method"] = method.into();
        let result = simulate(&request);
        let weights = by_key(&result["target"]["targets"], "instrument_id", "final_weight");
        let expected = BTreeMap::from([
            ("Bond_B".to_string(), Decimal::new(2, 1)),
            ("Tech_A".to_string(), Decimal::new(3, 1)),
        ]);
        assert_eq!(weights, expected, "{method}");
    }
}

/// Defaults are named in every result.
#[test]
fn defaults_are_strict_and_heuristic() {
    let (_, case) = files().into_iter().find(|(name, _)| name == "01").expect("the golden");
    let mut request = case["request"].clone();
    request["options"] = serde_json::json!({});
    let result = simulate(&request);
    assert_eq!((&result["target_method"], &result["rounding_mode"]), (&"HEURISTIC".into(), &"STRICT".into()));
}
