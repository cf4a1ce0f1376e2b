//! The same bytes for the same request, whatever ran before; the identity changes nothing but what it is for.

use equipoise::targets::{Identity, simulate_json, targets_json};

use crate::goldens::files;

#[test]
fn the_same_bytes_whatever_ran_before() {
    let files = files();
    let run = |request: &str| simulate_json(request, &Identity::default()).expect("a valid request");
    let requests: Vec<String> = files.iter().map(|(_, case)| case["request"].to_string()).collect();
    let first: Vec<String> = requests.iter().map(|request| run(request)).collect();
    let bad = simulate_json("{\"options\": 3}", &Identity::default());
    assert!(bad.is_err());
    let mut again: Vec<String> = requests.iter().rev().map(|request| run(request)).collect();
    again.reverse();
    assert_eq!(first, again);
}

#[test]
fn the_run_id_is_that_of_the_canonical_request() {
    let (_, case) = files().into_iter().find(|(name, _)| name == "12_solver_conflict").expect("the golden");
    let text = case["request"].to_string();
    let run = |text: &str, identity: &Identity| -> serde_json::Value {
        serde_json::from_str(&simulate_json(text, identity).expect("a valid request")).expect("JSON")
    };
    let plain = run(&text, &Identity::default());
    let written_otherwise = text.replace("\"0.4\"", "0.40").replace("\"1000.00\"", "1e3");
    assert_ne!(text, written_otherwise);
    assert_eq!(plain, run(&written_otherwise, &Identity::default()));
    let other = run(&text.replace("\"0.4\"", "\"0.41\""), &Identity::default());
    assert_ne!(plain["rebalance_run_id"], other["rebalance_run_id"]);
    let identity = Identity { idempotency_key: Some("key".into()), correlation_id: Some("c_1".into()) };
    let mut named = run(&text, &identity);
    assert_eq!((&named["lineage"]["request_hash"], &named["correlation_id"]), (&"key".into(), &"c_1".into()));
    named["lineage"]["request_hash"] = plain["lineage"]["request_hash"].clone();
    named["correlation_id"] = plain["correlation_id"].clone();
    assert_eq!(plain, named);
}

#[test]
fn no_number_has_an_exponent() {
    for (name, case) in files() {
        let request = case["request"].to_string();
        let result = simulate_json(&request, &Identity::default()).expect("a valid request");
        let value: serde_json::Value = serde_json::from_str(&result).expect("JSON");
        check(&name, &value);
        targets_json(&request, &Identity::default()).expect("a valid request");
    }
}

fn check(name: &str, value: &serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::String(text) => {
            let is_number =
                text.parse::<f64>().is_ok() && text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            // Residuals of doubles are floating point by nature.
            assert!(!is_number || !text.contains(['e', 'E']) || text.contains("e-"), "{name}: {text}");
        }
        Value::Array(list) => list.iter().for_each(|v| check(name, v)),
        Value::Object(map) => {
            map.iter().filter(|(key, _)| *key != "engine_deviation").for_each(|(_, v)| check(name, v));
        }
        _ => {}
    }
}
