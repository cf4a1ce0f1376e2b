//! Stage 3 with its exact confirmation, the whole pipeline, and an explained contradiction:
//! `cargo bench --bench targets -- stage3`. The comparison with cvxpy and OSQP is in `bench/targets`.

#[path = "../examples/bench_targets/problems.rs"]
mod problems;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use equipoise::targets::request::Options;
use equipoise::targets::request::options::TargetMethod;
use equipoise::targets::stage3::RunStatus;
use equipoise::targets::{Identity, simulate_json};
use problems::{SIZES, options, problem};
use rust_decimal::Decimal;

fn stage3(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stage3");
    for (n, groups) in SIZES {
        let problem = problem(n, groups);
        let options = options(&problem, n, groups);
        assert_eq!(problem.solve(&options).status, RunStatus::Ready);
        group.bench_function(BenchmarkId::new("solver", n), |b| {
            b.iter(|| black_box(&problem).solve(&options))
        });
        let heuristic = Options { target_method: TargetMethod::Heuristic, ..options };
        group.bench_function(BenchmarkId::new("heuristic", n), |b| {
            b.iter(|| black_box(&problem).solve(&heuristic));
        });
    }
    group.finish();
}

/// Locks fill a group: certificate, minimal set and relaxations.
fn contradiction(criterion: &mut Criterion) {
    let mut problem = problem(50, 8);
    let mut options = options(&problem, 50, 8);
    problem.names.last_mut().expect("the locked name").weight = Decimal::new(4, 1);
    options.single_position_max_weight = None;
    assert_eq!(problem.solve(&options).status, RunStatus::Blocked);
    criterion.bench_function("contradiction/50", |b| b.iter(|| black_box(&problem).solve(&options)));
}

/// JSON in, JSON out.
fn pipeline(criterion: &mut Criterion) {
    let problem = problem(50, 8);
    let options = options(&problem, 50, 8);
    let ids = || problem.names.iter().map(|name| &name.instrument_id);
    let request = serde_json::json!({
        "portfolio_snapshot": {
            "portfolio_id": "pf", "base_currency": "USD",
            "positions": [{"instrument_id": "N001", "quantity": "100"}, {"instrument_id": "N002", "quantity": "50"}],
            "cash_balances": [{"currency": "USD", "amount": "1000000"}],
        },
        "market_data_snapshot": {
            "prices": ids().map(|id| serde_json::json!({"instrument_id": id, "price": "100", "currency": "USD"}))
                .collect::<Vec<_>>(),
        },
        "model_portfolio": {
            "targets": problem.model.iter().map(|(id, weight)| serde_json::json!({"instrument_id": id, "weight": weight}))
                .collect::<Vec<_>>(),
        },
        "shelf_entries": problem.names.iter().map(|name| serde_json::json!({
            "instrument_id": name.instrument_id, "status": "APPROVED", "attributes": *name.attributes,
        })).collect::<Vec<_>>(),
        "options": {
            "target_method": "SOLVER",
            "cash_band_min_weight": options.cash_band_min_weight,
            "single_position_max_weight": options.single_position_max_weight,
            "group_constraints": options.group_constraints.iter()
                .map(|(key, group)| (key.clone(), serde_json::json!({"max_weight": group.max_weight})))
                .collect::<serde_json::Map<_, _>>(),
        },
    })
    .to_string();
    criterion.bench_function("simulate_json/50", |b| {
        b.iter(|| simulate_json(black_box(&request), &Identity::default()).expect("a valid request"));
    });
}

criterion_group!(benches, stage3, contradiction, pipeline);
criterion_main!(benches);
