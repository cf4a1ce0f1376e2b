//! Stage 3 with its exact confirmation, the whole pipeline, and an explained contradiction:
//! `cargo bench --bench targets -- stage3`. The comparison with cvxpy and OSQP is in `bench/targets`.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use equipoise::targets::request::Options;
use equipoise::targets::request::options::{GroupConstraint, TargetMethod};
use equipoise::targets::stage3::{RunStatus, TargetName, TargetProblem};
use equipoise::targets::{Identity, simulate_json};
use rust_decimal::Decimal;

/// (names, groups): a client's portfolio, and a whole market.
const SIZES: [(usize, usize); 3] = [(50, 8), (200, 12), (500, 20)];

/// The parts per 10⁴ of name i of n: uneven, and together 1.
fn model_units(i: usize, n: usize) -> i64 {
    let uneven = |i: usize| 1 + (i * 7919) % 13;
    let total: usize = (0..n).map(uneven).sum();
    let share = |i: usize| (0..i).map(uneven).sum::<usize>() * 10_000 / total;
    (share(i + 1) - share(i)) as i64
}

fn attributes(i: usize, groups: usize) -> BTreeMap<String, String> {
    let half = groups / 2;
    BTreeMap::from([
        ("sector".to_string(), format!("S{}", i % half)),
        ("region".to_string(), format!("R{}", (i / 3) % half)),
    ])
}

fn problem(n: usize, groups: usize) -> TargetProblem {
    let id = |i: usize| format!("N{i:03}");
    let weight = |i: usize| Decimal::new(model_units(i, n), 4);
    let mut names: Vec<TargetName> = (0..n)
        .map(|i| TargetName {
            instrument_id: id(i),
            weight: weight(i),
            tradeable: true,
            model_weight: weight(i),
            current_weight: Decimal::ZERO,
            attributes: attributes(i, groups),
        })
        .collect();
    names.push(TargetName {
        instrument_id: "LOCKED".into(),
        weight: Decimal::new(51_234, 6),
        tradeable: false,
        model_weight: Decimal::ZERO,
        current_weight: Decimal::new(51_234, 6),
        attributes: attributes(0, groups),
    });
    TargetProblem {
        model: (0..n).map(|i| (id(i), weight(i))).collect(),
        names,
        sell_only_excess: Decimal::ZERO,
        known_attributes: ["sector".to_string(), "region".to_string()].into(),
    }
}

/// Every second group capped a little below its model weight, a narrow cash band, a cap on names.
fn options(problem: &TargetProblem, n: usize, groups: usize) -> Options {
    let mut options = Options { target_method: TargetMethod::Solver, ..Options::default() };
    options.cash_band_min_weight = Decimal::new(1, 2);
    options.cash_band_max_weight = Decimal::new(3, 2);
    options.single_position_max_weight = Some(Decimal::new(20_000 / n as i64, 4));
    for (attribute, letter) in [("sector", 'S'), ("region", 'R')] {
        for k in 0..groups / 2 {
            let value = format!("{letter}{k}");
            let weights = problem.names.iter().filter(|name| name.attributes[attribute] == value);
            let total: Decimal = weights.map(|name| name.weight).sum();
            let factor = if k % 2 == 0 { Decimal::new(97, 2) } else { Decimal::new(110, 2) };
            let max = (total * factor).round_dp(4).min(Decimal::ONE);
            options.group_constraints.insert(
                format!("{attribute}:{value}"),
                GroupConstraint { max_weight: Some(max), min_weight: None },
            );
        }
    }
    options
}

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
            "instrument_id": name.instrument_id, "status": "APPROVED", "attributes": name.attributes,
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
