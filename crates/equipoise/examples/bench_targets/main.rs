//! Our side of `bench/targets`.
//!
//! ```text
//! bench_targets problem 500 20      the program as one JSON line: weights of the model, rows, limits
//! bench_targets solve 500 20        one JSON line: seconds (median and least of some), exact weights
//! bench_targets repeat 500 20 100   that many solves and nothing else, for a profiler
//! bench_targets simulate 100        that many simulations of the request on standard input
//! ```
#![allow(clippy::print_stdout, reason = "a program that prints its results")]

mod problems;

use std::hint::black_box;
use std::time::Instant;

use equipoise::targets::request::Options;
use equipoise::targets::stage3::{RunStatus, TargetProblem};
use equipoise::targets::{Identity, simulate_json};
use problems::{SIZES, options, problem};
use rust_decimal::Decimal;
use serde_json::{Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let case = |n: &str, groups: &str| {
        let (n, groups) = (n.parse().expect("a size"), groups.parse().expect("a number of groups"));
        let problem = problem(n, groups);
        let options = options(&problem, n, groups);
        (problem, options)
    };
    match words[..] {
        ["sizes"] => println!("{}", json!(SIZES)),
        ["problem", n, groups] => {
            let (problem, options) = case(n, groups);
            println!("{}", program(&problem, &options));
        }
        ["solve", n, groups] => {
            let (problem, options) = case(n, groups);
            println!("{}", timed(&problem, &options));
        }
        ["repeat", n, groups, times] => {
            let (problem, options) = case(n, groups);
            for _ in 0..times.parse().expect("a count") {
                black_box(black_box(&problem).solve(&options));
            }
        }
        ["simulate", times] => {
            let request = std::io::read_to_string(std::io::stdin()).expect("a request");
            for _ in 0..times.parse().expect("a count") {
                let result = simulate_json(black_box(&request), &Identity::default());
                black_box(result.expect("a valid request"));
            }
        }
        _ => panic!("see the head of this file"),
    }
}

/// The quadratic program as the reference states it: tradeable names only, locked weight taken off the limits.
fn program(problem: &TargetProblem, options: &Options) -> Value {
    let locked: Decimal = problem.names.iter().filter(|name| !name.tradeable).map(|name| name.weight).sum();
    let bought: Vec<_> = problem.names.iter().filter(|name| name.tradeable).collect();
    let groups: Vec<Value> = options
        .group_constraints
        .iter()
        .map(|(key, limits)| {
            let (attribute, value) = key.split_once(':').expect("a key");
            let is_member = |name: &&_| {
                let name: &equipoise::targets::stage3::TargetName = name;
                name.attributes[attribute] == value
            };
            let held: Decimal = problem
                .names
                .iter()
                .filter(|name| !name.tradeable && is_member(name))
                .map(|name| name.weight)
                .sum();
            let members: Vec<usize> =
                (0..bought.len()).filter(|&i| bought[i].attributes[attribute] == value).collect();
            json!({"members": members, "most": limits.max_weight.expect("a limit") - held})
        })
        .collect();
    json!({
        "model": bought.iter().map(|name| name.weight).collect::<Vec<_>>(),
        "cap": options.single_position_max_weight,
        "least": Decimal::ONE - options.cash_band_max_weight - locked,
        "most": Decimal::ONE - options.cash_band_min_weight - locked,
        "groups": groups,
    })
}

/// Median and least time of as many runs as fit into about a second, at least nine.
fn timed(problem: &TargetProblem, options: &Options) -> Value {
    let mut seconds = Vec::new();
    let begin = Instant::now();
    let answer = loop {
        let start = Instant::now();
        let answer = black_box(problem).solve(options);
        seconds.push(start.elapsed().as_secs_f64());
        if seconds.len() >= 9 && begin.elapsed().as_secs_f64() > 1.0 {
            break answer;
        }
    };
    assert_eq!(answer.status, RunStatus::Ready);
    seconds.sort_by(f64::total_cmp);
    let audit = answer.audit.expect("an audit");
    json!({
        "seconds": seconds[seconds.len() / 2],
        "least": seconds[0],
        "runs": seconds.len(),
        "steps": audit.iterations,
        "engine": audit.engine,
        "binding": audit.active_constraints.len(),
        "weights": answer.targets.iter().map(|row| row.final_weight).collect::<Vec<_>>(),
        "finer": audit.rounding.map(|report| report.finer.len()),
    })
}
