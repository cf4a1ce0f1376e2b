//! What is refused, with its path; and what parity mode accepts all the same.

use equipoise::error::InputError;
use equipoise::targets::request::Request;
use equipoise::targets::{Identity, analyze_json, simulate_json};
use serde_json::{Value, json};

fn request() -> Value {
    json!({
        "portfolio_snapshot": {
            "portfolio_id": "pf", "base_currency": "USD",
            "positions": [{"instrument_id": "A", "quantity": "10"}],
            "cash_balances": [{"currency": "USD", "amount": "1000"}]
        },
        "market_data_snapshot": {"prices": [{"instrument_id": "A", "price": "10", "currency": "USD"}], "fx_rates": []},
        "model_portfolio": {"targets": [{"instrument_id": "A", "weight": "0.5"}]},
        "shelf_entries": [{"instrument_id": "A", "status": "APPROVED"}],
        "options": {}
    })
}

fn set(request: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = request.pointer_mut(parent).expect("the parent");
    match parent {
        Value::Array(list) if key == "-" => list.push(value),
        Value::Array(list) => list[key.parse::<usize>().expect("an index")] = value,
        Value::Object(map) => {
            map.insert(key.to_string(), value);
        }
        _ => panic!("no parent"),
    }
}

fn outcome(mode: &str, pointer: &str, value: &Value) -> Result<String, InputError> {
    let mut request = request();
    set(&mut request, "/options/rounding_mode", mode.into());
    set(&mut request, pointer, value.clone());
    simulate_json(&request.to_string(), &Identity::default())
}

/// Refused in both modes: (where, what, path, code).
#[test]
fn refused_in_both_modes() {
    let cases = [
        (
            "/options/single_position_max_wieght",
            json!("0.4"),
            "options.single_position_max_wieght",
            "unknown_option",
        ),
        ("/options/enable_tax_awareness", json!(true), "options.enable_tax_awareness", "unknown_option"),
        (
            "/options/enable_settlement_awareness",
            json!(true),
            "options.enable_settlement_awareness",
            "unknown_option",
        ),
        ("/options/enable_workflow_gates", json!(true), "options.enable_workflow_gates", "unknown_option"),
        (
            "/options/single_position_max_weight",
            json!("1.01"),
            "options.single_position_max_weight",
            "out_of_range",
        ),
        (
            "/options/single_position_max_weight",
            json!(-3),
            "options.single_position_max_weight",
            "out_of_range",
        ),
        (
            "/options/single_position_max_weight",
            json!("NaN"),
            "options.single_position_max_weight",
            "not_finite",
        ),
        ("/options/max_turnover_pct", json!(2), "options.max_turnover_pct", "out_of_range"),
        ("/options/cash_band_min_weight", json!("much"), "options.cash_band_min_weight", "wrong_type"),
        ("/options/cash_band_min_weight", json!([1]), "options.cash_band_min_weight", "wrong_type"),
        ("/options/target_method", json!("MAGIC"), "options.target_method", "out_of_range"),
        ("/options/suppress_dust_trades", json!("yes"), "options.suppress_dust_trades", "wrong_type"),
        (
            "/options/group_constraints",
            json!({"bad_key": {"max_weight": 0.1}}),
            "options.group_constraints.bad_key",
            "out_of_range",
        ),
        (
            "/options/group_constraints",
            json!({":TECH": {"max_weight": 0.1}}),
            "options.group_constraints[\":TECH\"]",
            "out_of_range",
        ),
        (
            "/options/group_constraints",
            json!({"sector:": {"max_weight": 0.1}}),
            "options.group_constraints[\"sector:\"]",
            "out_of_range",
        ),
        (
            "/options/group_constraints",
            json!({"a:b:c": {"max_weight": 0.1}}),
            "options.group_constraints[\"a:b:c\"]",
            "out_of_range",
        ),
        (
            "/options/group_constraints",
            json!({"a:b": {"max_weight": 1.5}}),
            "options.group_constraints[\"a:b\"].max_weight",
            "out_of_range",
        ),
        (
            "/options/group_constraints",
            json!({"a:b": {}}),
            "options.group_constraints[\"a:b\"].max_weight",
            "missing_value",
        ),
        (
            "/options/group_constraints",
            json!({"a:b": {"weight": 1}}),
            "options.group_constraints[\"a:b\"].weight",
            "unknown_option",
        ),
        (
            "/model_portfolio/targets/0/weight",
            json!("1e999"),
            "model_portfolio.targets[0].weight",
            "wrong_type",
        ),
        (
            "/model_portfolio/targets/0/weight",
            json!(null),
            "model_portfolio.targets[0].weight",
            "missing_value",
        ),
        (
            "/portfolio_snapshot/positions/0/quantity",
            json!("1e19"),
            "portfolio_snapshot.positions[0].quantity",
            "out_of_range",
        ),
        ("/portfolio_snapshot/base_currency", json!(""), "portfolio_snapshot.base_currency", "empty"),
        ("/portfolio_snapshot/positions", json!({}), "portfolio_snapshot.positions", "wrong_type"),
        (
            "/market_data_snapshot/prices/0/price",
            json!("-1"),
            "market_data_snapshot.prices[0].price",
            "out_of_range",
        ),
        ("/shelf_entries/0/status", json!("FINE"), "shelf_entries[0].status", "out_of_range"),
        (
            "/shelf_entries/0/attributes",
            json!({"sector": 3}),
            "shelf_entries[0].attributes.sector",
            "wrong_type",
        ),
        ("/options", json!(null), "options", "missing_value"),
        ("/model_portfolio", json!(null), "model_portfolio", "missing_value"),
    ];
    for (pointer, value, path, code) in &cases {
        for mode in ["PARITY", "STRICT"] {
            if *pointer == "/options" && mode == "PARITY" {
                continue;
            }
            let error = outcome(mode, pointer, value).expect_err(&format!("{mode} {pointer} {value}"));
            assert_eq!(
                (error.path.as_str(), error.code.as_str()),
                (*path, *code),
                "{mode} {pointer} {value}: {error}"
            );
        }
    }
}

/// Refused in strict mode only.
#[test]
fn parity_accepts_what_the_reference_accepts() {
    let target = |weight: &str| json!({"instrument_id": "A", "weight": weight});
    let cases = [
        ("/model_portfolio/targets/0/weight", json!("-0.2"), "model_portfolio.targets[0].weight"),
        ("/model_portfolio/targets/0/weight", json!("1.2"), "model_portfolio.targets[0].weight"),
        ("/model_portfolio/targets/-", target("0.3"), "model_portfolio.targets[1].instrument_id"),
        (
            "/market_data_snapshot/prices/-",
            json!({"instrument_id": "A", "price": "11", "currency": "USD"}),
            "market_data_snapshot.prices[1].instrument_id",
        ),
        (
            "/shelf_entries/-",
            json!({"instrument_id": "A", "status": "BANNED"}),
            "shelf_entries[1].instrument_id",
        ),
        ("/portfolio_snapshot/remark", json!("x"), "portfolio_snapshot.remark"),
        ("/remark", json!("x"), "remark"),
    ];
    for (pointer, value, path) in &cases {
        outcome("PARITY", pointer, value).unwrap_or_else(|error| panic!("{pointer} {value}: {error}"));
        let error = outcome("STRICT", pointer, value).expect_err("strict mode refuses it");
        assert_eq!(error.path, *path, "{error}");
    }
}

/// Numbers are decimals, however many digits they have: no double lies between the text and the engine.
#[test]
fn numbers_of_many_digits_are_read_exactly() {
    let body = |price: &str| {
        let mut request = request();
        set(&mut request, "/market_data_snapshot/prices/0/price", "HERE".into());
        request.to_string().replace("\"HERE\"", price)
    };
    let digits = "12345678.90123456789012345678";
    let exact = Request::from_json(&body(digits)).expect("28 digits");
    let price = exact.market_data_snapshot.prices[0].price;
    assert_eq!(price.to_string(), digits);
    let written =
        |text: &str| Request::from_json(&body(text)).map(|r| r.market_data_snapshot.prices[0].price);
    for same in [
        "\"12345678.90123456789012345678\"",
        "1.234567890123456789012345678e7",
        "12345678.901234567890123456780000",
    ] {
        assert_eq!(written(same), Ok(price), "{same}");
    }
    assert_eq!(written("1E-9").expect("a small number").to_string(), "0.000000001");
    assert_eq!(written("25e2").expect("a number").to_string(), "2500");
    // 30 digits are no decimal of the engine's.
    for text in ["12345678.9012345678901234567891", "\"12345678.9012345678901234567891\"", "1e-29"] {
        let error = written(text).expect_err("too many digits");
        assert_eq!(
            (error.path.as_str(), error.code.as_str()),
            ("market_data_snapshot.prices[0].price", "wrong_type")
        );
    }
    // Digits in texts stay as they are.
    let mut named = request();
    set(
        &mut named,
        "/portfolio_snapshot/portfolio_id",
        "a \\\"12345678901234567890\" 0.12345678901234567".into(),
    );
    let with_long = named.to_string().replace("\"10\"", "10.000000000000000000001");
    let read = Request::from_json(&with_long).expect("a valid request");
    assert_eq!(read.portfolio_snapshot.portfolio_id, "a \\\"12345678901234567890\" 0.12345678901234567");
    assert_eq!(read.portfolio_snapshot.positions[0].quantity.to_string(), "10.000000000000000000001");
}

/// Options beyond the reference's need strict mode.
#[test]
fn extensions_need_strict_mode() {
    let cases = [
        ("/options/buys_only", json!(true)),
        ("/options/unlock_to", json!({"A": "0.1"})),
        ("/options/cash_objective", json!("PENALISED")),
        ("/options/turnover_penalty", json!("0.01")),
        ("/options/linear_constraints", json!([{"name": "x", "coefficients": {"A": 1}, "upper": 1}])),
        ("/options/position_bounds", json!({"A": {"max_weight": 0.2}})),
        ("/options/group_constraints", json!({"a:b": {"min_weight": "0.1"}})),
    ];
    for (pointer, value) in &cases {
        outcome("STRICT", pointer, value).unwrap_or_else(|error| panic!("{pointer}: {error}"));
        let error = outcome("PARITY", pointer, value).expect_err("parity mode refuses it");
        assert_eq!(error.code.as_str(), "unknown_option", "{error}");
    }
    let short = outcome("STRICT", "/options/allow_short", &json!(true)).expect_err("a floor is needed");
    assert_eq!(short.path, "options.short_floor");
}

#[test]
fn inverted_bands_are_accepted() {
    for mode in ["PARITY", "STRICT"] {
        let mut request = request();
        set(&mut request, "/options/rounding_mode", mode.into());
        set(&mut request, "/options/target_method", "SOLVER".into());
        set(&mut request, "/options/cash_band_min_weight", "0.6".into());
        set(&mut request, "/options/cash_band_max_weight", "0.2".into());
        let result = simulate_json(&request.to_string(), &Identity::default()).expect("accepted");
        assert!(result.contains("INFEASIBILITY_HINT_CASH_BAND_CONTRADICTION"), "{mode}");
        assert!(result.contains("cash ≥ 60 % and cash ≤ 20 %"), "{mode}: {result}");
    }
}

#[test]
fn broken_json_and_overflow() {
    for text in ["", "{", "[1,", "nonsense", "{\"a\": NaN}"] {
        let error = simulate_json(text, &Identity::default()).expect_err(text);
        assert_eq!((error.path.as_str(), error.code.as_str()), ("body", "format"), "{text}");
    }
    let mut request = request();
    set(&mut request, "/portfolio_snapshot/positions/0/quantity", "1e18".into());
    set(&mut request, "/market_data_snapshot/prices/0/price", "1e18".into());
    let error = simulate_json(&request.to_string(), &Identity::default()).expect_err("too large");
    assert_eq!(error.code.as_str(), "too_large");
}

#[test]
fn scenarios() {
    let mut request = request();
    request.as_object_mut().expect("an object").remove("options");
    set(
        &mut request,
        "/scenarios",
        json!({
            "base": {"options": {}},
            "solver": {"options": {"target_method": "SOLVER", "single_position_max_weight": "0.3"}},
            "broken": {"options": {"colour": "red"}}
        }),
    );
    let text = analyze_json(&request.to_string(), &Identity::default()).expect("a valid request");
    let result: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(result["results"].as_object().expect("an object").len(), 2);
    assert_eq!(result["warnings"], json!(["PARTIAL_BATCH_FAILURE"]));
    let reason = result["failed_scenarios"]["broken"].as_str().expect("a reason");
    assert!(reason.starts_with("INVALID_OPTIONS: ") && reason.contains("colour"), "{reason}");
    let metrics = &result["comparison_metrics"]["base"];
    assert_eq!((&metrics["security_intent_count"], &metrics["status"]), (&json!(1), &json!("READY")));
    assert_eq!(metrics["gross_turnover_notional_base"]["amount"], "450");
    for (scenarios, path) in [
        (json!({}), "scenarios"),
        (json!({"Bad": {"options": {}}}), "scenarios.Bad"),
        (json!({"a": {}}), "scenarios.a.options"),
        (json!({"a": {"options": {}, "x": 1}}), "scenarios.a.x"),
    ] {
        set(&mut request, "/scenarios", scenarios);
        let error = analyze_json(&request.to_string(), &Identity::default()).expect_err("refused");
        assert_eq!(error.path, path, "{error}");
    }
    let many: serde_json::Map<String, Value> =
        (0..21).map(|k| (format!("s{k}"), json!({"options": {}}))).collect();
    set(&mut request, "/scenarios", Value::Object(many));
    assert_eq!(
        analyze_json(&request.to_string(), &Identity::default()).expect_err("too many").path,
        "scenarios"
    );
}
