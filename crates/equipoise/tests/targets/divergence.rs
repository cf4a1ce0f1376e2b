//! The table of where heuristic and solver differ over all goldens, as `docs/targets.md` prints it:
//! `cargo test --test targets divergence` shows it, as does every `cargo test` and CI: it goes to standard
//! output itself, which the harness does not capture.

use std::fmt::Write as _;
use std::io::Write as _;

use equipoise::targets::{Identity, simulate_json};
use serde_json::Value;

use crate::goldens::files;

/// The comparison of a golden with the heuristic first.
fn compared(request: &Value) -> Value {
    let mut request = request.clone();
    request["options"]["target_method"] = "HEURISTIC".into();
    request["options"]["compare_target_methods"] = true.into();
    let result = simulate_json(&request.to_string(), &Identity::default()).expect("a valid request");
    let result: Value = serde_json::from_str(&result).expect("JSON");
    result["explanation"]["target_method_comparison"].clone()
}

fn row(name: &str, comparison: &Value) -> Option<String> {
    let word = |key: &str| comparison[key].as_str().expect("a text").to_string();
    let ids: Vec<&str> = comparison["differing_instruments"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let (heuristic, solver) = (word("primary_status"), word("alternate_status"));
    if heuristic == solver && ids.is_empty() {
        return None;
    }
    let status = if heuristic == solver { "–" } else { "yes" };
    let weights = if ids.is_empty() { "–".to_string() } else { ids.join(", ") };
    let mut row = String::new();
    let l1 = word("l1_distance");
    write!(row, "| {name} | {heuristic} | {solver} | {status} | {weights} | {l1} |")
        .expect("a text takes text");
    Some(row)
}

#[test]
fn divergence_table() {
    let files = files();
    let rows: Vec<(String, String)> = files
        .iter()
        .filter_map(|(name, case)| row(name, &compared(&case["request"])).map(|row| (name.clone(), row)))
        .collect();
    let mut table = String::from(
        "| golden | heuristic | solver | status differs | weights differ | L1 |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    rows.iter().for_each(|(_, row)| table.push_str(&format!("{row}\n")));
    table.push_str(&format!("{} of {} goldens differ\n", rows.len(), files.len()));
    std::io::stdout().write_all(table.as_bytes()).expect("standard output");
    // The reference measured these among its own goldens.
    let of_reference = ["02", "05", "07", "08", "105", "111", "113", "114", "12_solver_conflict"];
    let found: Vec<&str> =
        rows.iter().map(|(name, _)| name.as_str()).filter(|n| !n.starts_with("edge_")).collect();
    assert_eq!(found, of_reference);
}
