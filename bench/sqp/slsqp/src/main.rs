//! The `slsqp` crate, through its public interface, on the small problems of `bench/sqp`: one JSON line per problem.
//!
//! Its constraints are inequalities g ≤ 0 alone, so that an equality is given as two of them. It stops where f changes by less than 1e-6,
//! as SciPy's default has it. A call for the gradient gives f and ∇f, and counts as one evaluation of either.
#![allow(clippy::print_stdout, reason = "a program that prints its results")]

use std::cell::Cell;

use equipoise_testset::nlp::{NlpProblem, nlp_problems};
use serde_json::{Value, json};
use slsqp::{Func, StopTols, minimize};

const CHANGE: f64 = 1e-6;
const EVALUATIONS: usize = 5000;

fn main() {
    let cases = equipoise_testset::cases_folder().expect("the reference cases");
    for file in ["nlp_hs.json", "nlp_cutest_small.json"] {
        for (problem, _) in nlp_problems(&cases, file) {
            println!("{}", solve(&problem));
        }
    }
}

fn solve(problem: &NlpProblem) -> Value {
    let n = problem.start.len();
    let (objectives, gradients) = (Cell::new(0u64), Cell::new(0u64));
    let objective = |x: &[f64], gradient: Option<&mut [f64]>, _: &mut ()| {
        objectives.set(objectives.get() + 1);
        if let Some(out) = gradient {
            gradients.set(gradients.get() + 1);
            out.copy_from_slice(&problem.derivatives(x).0);
        }
        problem.values(x).0
    };
    let row = |i: usize, sign: f64| {
        move |x: &[f64], gradient: Option<&mut [f64]>, _: &mut ()| {
            if let Some(out) = gradient {
                let jacobian = problem.derivatives(x).1;
                out.iter_mut().zip(&jacobian[i * n..(i + 1) * n]).for_each(|(out, a)| *out = sign * a);
            }
            sign * problem.values(x).1[i]
        }
    };
    let all = problem.num_equalities + problem.num_inequalities;
    let sides: Vec<_> = (0..all)
        .flat_map(|i| [(i, -1.0), (i, 1.0)])
        .filter(|&(i, sign)| sign < 0.0 || i < problem.num_equalities)
        .map(|(i, sign)| row(i, sign))
        .collect();
    let constraints: Vec<&dyn Func<()>> = sides.iter().map(|side| side as &dyn Func<()>).collect();
    let bounds: Vec<(f64, f64)> = problem.lower.iter().copied().zip(problem.upper.iter().copied()).collect();
    let start: Vec<f64> = problem.start.iter().zip(&bounds).map(|(x, b)| x.max(b.0).min(b.1)).collect();
    let stop = StopTols { ftol_abs: CHANGE, ..StopTols::default() };
    let (status, x) = match minimize(objective, &start, &bounds, &constraints, (), EVALUATIONS, Some(stop)) {
        Ok((status, x, _)) => (format!("{status:?}"), x),
        Err((status, x, _)) => (format!("{status:?}"), x),
    };
    let (f, c) = problem.values(&x);
    let outside = |i: usize, c: f64| if i < problem.num_equalities { c.abs() } else { (-c).max(0.0) };
    let violation = c.iter().enumerate().map(|(i, &c)| outside(i, c)).fold(0.0, f64::max);
    json!({
        "name": problem.name,
        "status": status,
        "objectiveEvaluations": objectives.get(),
        "gradientEvaluations": gradients.get(),
        "objective": f,
        "violation": violation,
    })
}
