//! Evaluations that solvers need on the reference problems.
//!
//! ```text
//! bench-outer solve            runs ours, argmin's and basin's solvers; one line of JSON per run
//! bench-outer problems         the problems, one line of JSON each
//! bench-outer serve            answers lines "NAME x…" by "f g…", for peers in other languages
//! ```

mod argmin_peers;
mod basin_peers;
mod ours;
mod recorder;

use equipoise_testset::{SmoothProblem, bounded_least_squares, cases_folder, smooth_problems};
use recorder::Record;
use serde_json::{Value, json};
use std::io::{BufRead, Write};

/// The projected gradient at which a run counts as ended.
pub const TOLERANCE: f64 = 1e-6;

fn main() -> anyhow::Result<()> {
    let cases = cases_folder().ok_or_else(|| anyhow::anyhow!("no reference cases"))?;
    let mut problems: Vec<SmoothProblem> = Vec::new();
    for file in ["bound.json", "uncon.json"] {
        problems.extend(smooth_problems(&cases, file).into_iter().map(|(problem, _)| problem));
    }
    problems.extend(bounded_least_squares(&cases));
    match std::env::args().nth(1).as_deref() {
        Some("solve") => solve(&problems),
        Some("problems") => problems.iter().for_each(|p| println!("{}", describe(p))),
        Some("serve") => serve(&problems)?,
        _ => anyhow::bail!("usage: bench-outer solve | problems | serve"),
    }
    Ok(())
}

/// The start brought into the box, as every solver gets it.
pub fn start(problem: &SmoothProblem) -> Vec<f64> {
    let sides = problem.lower.iter().zip(&problem.upper);
    problem.start.iter().zip(sides).map(|(x, (lower, upper))| x.clamp(*lower, *upper)).collect()
}

pub fn is_bounded(problem: &SmoothProblem) -> bool {
    problem.lower.iter().chain(&problem.upper).any(|bound| bound.is_finite())
}

fn describe(problem: &SmoothProblem) -> Value {
    // JSON has no infinity: null, as in the files.
    json!({
        "name": problem.name, "start": start(problem), "lower": problem.lower, "upper": problem.upper,
        "optimum": problem.optimum, "bounded": is_bounded(problem),
    })
}

fn solve(problems: &[SmoothProblem]) {
    for problem in problems {
        let mut runs: Vec<(&str, Record)> = vec![
            ("equipoise BFGS", ours::bfgs(problem)),
            ("equipoise L-BFGS-B", ours::lbfgsb(problem)),
            ("equipoise ARC", ours::cubic(problem)),
            ("basin L-BFGS-B", basin_peers::lbfgsb(problem)),
        ];
        if !is_bounded(problem) {
            runs.push(("basin BFGS", basin_peers::bfgs(problem)));
            runs.push(("argmin BFGS", argmin_peers::bfgs(problem)));
            runs.push(("argmin L-BFGS", argmin_peers::lbfgs(problem)));
        }
        for (solver, record) in runs {
            println!("{}", record.to_json(&problem.name, solver));
        }
    }
}

fn serve(problems: &[SmoothProblem]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let problem = problems.iter().find(|p| p.name == name).ok_or_else(|| anyhow::anyhow!("no problem {name}"))?;
        let x: Vec<f64> = words.map(str::parse).collect::<Result<_, _>>()?;
        write!(out, "{:?}", problem.function.value(&x))?;
        for slope in problem.function.jet(&x).gradient {
            write!(out, " {slope:?}")?;
        }
        writeln!(out)?;
        out.flush()?;
    }
    Ok(())
}
