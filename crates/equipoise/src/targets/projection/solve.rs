//! The ladder of a projection. Each rung only proposes a working set; the answer is what [`exact`](super::exact) makes of it.

use num_rational::BigRational;
use num_traits::ToPrimitive;

use super::clarabel;
use super::dual_active_set::{End, Run, Side, run};
pub(crate) use super::exact::Optimum;
use super::exact::{Proof, optimum, proof};
use super::problem::{Problem, Scalar};

/// Beyond this many names Clarabel is asked before the rationals, which then take long.
const MANY_NAMES: usize = 300;

/// What proposed the working set that was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rung {
    /// The dual active set in doubles.
    Doubles,
    /// Clarabel's interior point.
    Clarabel,
    /// The dual active set in rationals.
    Rationals,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decision {
    /// The exact optimum.
    Optimal(Optimum),
    /// There is no point, proven.
    Infeasible(Proof),
    /// The limit of steps was reached on every rung.
    Unresolved,
}

/// A verdict and how it was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Solution {
    pub decision: Decision,
    pub rung: Rung,
    /// Steps of the active set, all rungs.
    pub steps: usize,
    /// maxᵢ |wᵢ − what the rung computed|; 0 for the rationals and where there is no optimum.
    pub deviation: f64,
}

/// Solves; bounds of names must not cross.
pub(crate) fn solve(problem: &Problem) -> Solution {
    let limit = 50 * (problem.names.len() + problem.rows.len()) + 100;
    let doubles = run::<f64>(problem, limit);
    let mut steps = doubles.steps;
    if let Some(decision) = judge(problem, &doubles) {
        let deviation = deviation(&decision, &doubles.values);
        return Solution { decision, rung: Rung::Doubles, steps, deviation };
    }
    if problem.names.len() > MANY_NAMES
        && let Some(offer) = clarabel::propose(problem)
        && let Some(found) = optimum(problem, &offer.working)
    {
        let decision = Decision::Optimal(found);
        let deviation = deviation(&decision, &offer.values);
        return Solution { decision, rung: Rung::Clarabel, steps, deviation };
    }
    let rationals = run::<BigRational>(problem, limit);
    steps += rationals.steps;
    let decision = judge(problem, &rationals).unwrap_or(Decision::Unresolved);
    Solution { decision, rung: Rung::Rationals, steps, deviation: 0.0 }
}

/// What the working set of a run proves; `None` if nothing.
fn judge<S: Scalar>(problem: &Problem, run: &Run<S>) -> Option<Decision> {
    match run.end {
        End::Optimal => optimum(problem, &run.working).map(Decision::Optimal),
        End::Infeasible { row, side } => {
            let directions = match side {
                Side::Lower => vec![true],
                Side::Upper => vec![false],
                Side::Equal => vec![true, false],
            };
            directions
                .into_iter()
                .find_map(|rises| proof(problem, &run.working, row, rises))
                .map(Decision::Infeasible)
        }
        End::StepLimit => None,
    }
}

fn deviation(decision: &Decision, values: &[f64]) -> f64 {
    let Decision::Optimal(optimum) = decision else { return 0.0 };
    let denominator = optimum.denominator.to_f64().unwrap_or(f64::NAN);
    let exact = |i: usize| optimum.numerators[i].to_f64().unwrap_or(f64::NAN) / denominator;
    let difference = |(i, value): (usize, &f64)| (exact(i) - value).abs();
    values.iter().enumerate().map(difference).fold(0.0, f64::max)
}
