//! A locked holding that the options let go in part: the relaxation of a contradiction, taken.

use equipoise::targets::{Identity, simulate_json};
use serde_json::{Value, json};

/// A quarter of the portfolio is suspended ACME.
fn run(limit: &str, unlock_to: Option<&str>) -> Value {
    let price = |id: &str| json!({"instrument_id": id, "price": "100", "currency": "USD"});
    let mut request = json!({
        "portfolio_snapshot": {
            "portfolio_id": "pf", "base_currency": "USD",
            "positions": [{"instrument_id": "ACME", "quantity": "25"}],
            "cash_balances": [{"currency": "USD", "amount": "7500"}],
        },
        "market_data_snapshot": {"prices": [price("ACME"), price("BOND")]},
        "model_portfolio": {"targets": [{"instrument_id": "BOND", "weight": "0.5"}]},
        "shelf_entries": [
            {"instrument_id": "ACME", "status": "SUSPENDED", "attributes": {"sector": "TECH"}},
            {"instrument_id": "BOND", "status": "APPROVED", "attributes": {"sector": "BOND"}},
        ],
        "options": {"target_method": "SOLVER", "group_constraints": {"sector:TECH": {"max_weight": limit}}},
    });
    if let Some(weight) = unlock_to {
        request["options"]["unlock_to"] = json!({"ACME": weight});
    }
    let result = simulate_json(&request.to_string(), &Identity::default()).expect("a valid request");
    serde_json::from_str(&result).expect("JSON")
}

fn weight_of_acme(result: &Value) -> &str {
    let targets = result["target"]["targets"].as_array().expect("targets");
    let acme = targets.iter().find(|row| row["instrument_id"] == "ACME").expect("a row");
    acme["final_weight"].as_str().expect("a decimal")
}

#[test]
fn the_relaxation_of_a_lock_is_taken() {
    let blocked = run("0.2", None);
    assert_eq!(blocked["status"], "BLOCKED");
    let offers = blocked["diagnostics"]["infeasibility"]["relaxations"].as_array().expect("offers").clone();
    let changes: Vec<Value> =
        offers.iter().flat_map(|offer| offer["changes"].as_array().cloned().unwrap_or_default()).collect();
    let sale = changes.iter().find(|change| change["constraint"] == "LOCKED:ACME").expect("a sale");
    assert_eq!(sale["field"], json!(["options", "unlock_to", "ACME"]));
    let sold = run("0.2", sale["to"].as_str());
    assert_eq!(sold["status"], "READY");
    let sells = |intent: &Value| intent["side"] == "SELL" && intent["instrument_id"] == "ACME";
    let intents = sold["intents"].as_array().expect("intents");
    assert_eq!(intents.iter().find(|intent| sells(intent)).expect("a sale")["quantity"], "5");
}

/// It may go down to 5 %, but no more of it is sold than the rules need.
#[test]
fn no_more_is_sold_than_the_rules_need() {
    assert_eq!(weight_of_acme(&run("0.22", Some("0.05"))), "0.22");
    assert_eq!(weight_of_acme(&run("0.3", Some("0.05"))), "0.25");
}
