//! The search of `bench/outer/boundary.mjs` in Rust: `cargo run --release --example outer_boundary -- repetitions parameters` prints the
//! seconds of the fastest run, its outer iterations and its digest as JSON.

use std::time::Instant;

use equipoise::control::Control;
use equipoise::outer::{
    Derivative, ObjectiveError, OuterCapability, OuterEval, OuterObjective, OuterProblem,
};

/// The chained function of Rosenbrock.
struct Chain(usize);

impl Chain {
    fn at(&self, theta: &[f64]) -> OuterEval {
        let (mut value, mut gradient) = (0.0, vec![0.0; self.0]);
        for i in 0..self.0.saturating_sub(1) {
            let (r, s) = (theta[i + 1] - theta[i] * theta[i], 1.0 - theta[i]);
            value += 100.0 * (r * r) + s * s;
            gradient[i] += -400.0 * (theta[i] * r) - 2.0 * s;
            gradient[i + 1] += 200.0 * r;
        }
        OuterEval::new(value, gradient)
    }
}

impl OuterObjective for Chain {
    fn capability(&self) -> OuterCapability {
        OuterCapability { gradient: Derivative::Analytic, ..OuterCapability::new(self.0) }
    }

    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        Ok(self.at(theta).cost)
    }

    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        Ok(self.at(theta))
    }
}

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<usize> =
        std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [repetitions, n] = arguments[..] else {
        return Err("usage: outer_boundary repetitions parameters".into());
    };
    let start = (0..n).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
    let problem = OuterProblem::new(n).with_bounds(vec![-30.0; n], vec![30.0; n]).with_initial_rho(start);
    let mut best = (f64::INFINITY, 0, String::new());
    for _ in 0..20 * repetitions {
        let begin = Instant::now();
        let result = problem.run(&mut Chain(n), "", &Control::default())?;
        best = (best.0.min(begin.elapsed().as_secs_f64()), result.iterations, result.digest);
    }
    println!(r#"{{"seconds":{},"iterations":{},"digest":"{}"}}"#, best.0, best.1, best.2);
    Ok(())
}
