//! Is a system of linear constraints feasible? A point whose violation is measured, or a Farkas vector that the
//! independent checker accepts, or neither: never a claim without its evidence.

use super::elastic::{Elastic, ElasticEnd};
use super::interior_point::{self, Offer};
use crate::certificate::conflict::Evidence;
use crate::certificate::infeasibility::{FarkasCheck, Proof, check_farkas};
use crate::certificate::linear_system::{LinearSystem, Part};
use crate::numeric::sum::max_abs;

/// Rows up to which the dense simplex method is tried first.
const SIMPLEX_ROWS: usize = 3000;

/// How far bounds are drawn inwards in search of a point, in multiples of the violation that rounding left.
const INTERIOR_MARGINS: [f64; 4] = [4.0, 100.0, 1e4, 1e6];

/// Limits of the feasibility check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeasibilityOptions {
    /// Largest violation of a feasible point, relative to max(1, |bound|).
    pub tolerance: f64,
    /// Simplex steps per check; `None` means 50(m + n) + 1000.
    pub iteration_limit: Option<usize>,
}

impl Default for FeasibilityOptions {
    fn default() -> Self {
        Self { tolerance: 1e-9, iteration_limit: None }
    }
}

impl FeasibilityOptions {
    pub(super) fn limit(&self, system: &LinearSystem) -> usize {
        self.iteration_limit.unwrap_or(50 * (system.num_rows() + system.num_columns()) + 1000)
    }
}

/// The answer, each with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub enum Feasibility {
    /// A point with its largest violation, within the tolerance.
    Feasible {
        /// The point (n); it lies within the bounds of the variables.
        point: Vec<f64>,
        /// Its largest violation of a row, relative to max(1, |bound|).
        violation: f64,
    },
    /// No point exists, proven by a vector that the checker accepts.
    Infeasible {
        /// One number per row, max|y| = 1.
        farkas: Vec<f64>,
        /// The checker's result.
        check: FarkasCheck,
    },
    /// An interval is empty: its lower side lies above its upper side.
    EmptyInterval(Part),
    /// Neither a feasible point nor a proof was found.
    Unknown {
        /// What was tried and how it ended.
        message: String,
    },
}

impl Feasibility {
    /// `feasible`, `infeasible` or `unknown`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Feasible { .. } => "feasible",
            Self::Infeasible { .. } | Self::EmptyInterval(_) => "infeasible",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The evidence of infeasibility, if that is the answer.
    pub fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Infeasible { farkas, .. } => Some(Evidence::Farkas(farkas.clone())),
            Self::EmptyInterval(_) => Some(Evidence::EmptyInterval),
            Self::Feasible { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// Decides whether the system is feasible: the elastic simplex method, then Clarabel.
pub fn check_feasibility(system: &LinearSystem, options: &FeasibilityOptions) -> Feasibility {
    if let Some(part) = empty_interval(system) {
        return Feasibility::EmptyInterval(part);
    }
    let mut message = String::new();
    if system.num_rows() <= SIMPLEX_ROWS {
        let mut simplex = Elastic::new(system);
        match decide(system, &mut simplex, options) {
            Feasibility::Unknown { message: tried } => message = tried,
            decided => return decided,
        }
    }
    match interior_point::solve(system) {
        Offer::Point { x, .. } => judge_point(system, x, options).unwrap_or_else(|violation| {
            unknown(&message, &format!("Clarabel's point violates a bound by {violation:e}"))
        }),
        Offer::Farkas(y) => judge_farkas(system, y)
            .unwrap_or_else(|_| unknown(&message, "Clarabel's Farkas vector did not pass the check")),
        Offer::Nothing(reason) => unknown(&message, &reason),
    }
}

fn unknown(first: &str, second: &str) -> Feasibility {
    let separator = if first.is_empty() { "" } else { "; " };
    Feasibility::Unknown { message: format!("{first}{separator}{second}") }
}

/// Runs the simplex method from its present basis and judges what it offers.
pub(super) fn decide(
    system: &LinearSystem,
    simplex: &mut Elastic,
    options: &FeasibilityOptions,
) -> Feasibility {
    let end = simplex.run(options.limit(system));
    let violation = match judge_point(system, simplex.point(), options) {
        Ok(feasible) => return feasible,
        Err(violation) => violation,
    };
    let iterations = simplex.iterations;
    if end != ElasticEnd::Optimal {
        return unknown("", &format!("the simplex method ended with {end:?} after {iterations} steps"));
    }
    let rejected = match judge_farkas(system, simplex.multipliers()) {
        Ok(infeasible) => return infeasible,
        Err(check) => check,
    };
    interior_point(system, simplex, violation, options).unwrap_or_else(|| {
        unknown(
            "",
            &format!(
                "the least violation is {violation:e} after {iterations} simplex steps, but its multipliers prove \
                 nothing (relative gap {:e})",
                rejected.relative_gap
            ),
        )
    })
}

/// A vertex with large coordinates misses its bounds by rounding alone: looks for one whose bounds are drawn inwards by
/// more than that.
fn interior_point(
    system: &LinearSystem,
    simplex: &Elastic,
    violation: f64,
    options: &FeasibilityOptions,
) -> Option<Feasibility> {
    INTERIOR_MARGINS.iter().find_map(|factor| {
        let margin = factor * violation;
        let drawn = |lower: &mut f64, upper: &mut f64| {
            let size = |bound: f64| margin * bound.abs().max(1.0);
            let (inner_lower, inner_upper) = (*lower + size(*lower), *upper - size(*upper));
            let (keep_lower, keep_upper) = (lower.is_infinite(), upper.is_infinite());
            if keep_lower || keep_upper || inner_upper - inner_lower > margin {
                *lower = if keep_lower { *lower } else { inner_lower };
                *upper = if keep_upper { *upper } else { inner_upper };
            }
        };
        let mut inner = system.clone();
        inner.row_lower.iter_mut().zip(&mut inner.row_upper).for_each(|(l, u)| drawn(l, u));
        inner.lower.iter_mut().zip(&mut inner.upper).for_each(|(l, u)| drawn(l, u));
        let mut trial = simplex.clone();
        trial.set_bounds(&inner);
        trial.run(options.limit(system));
        judge_point(system, trial.point(), options).ok()
    })
}

fn judge_point(
    system: &LinearSystem,
    mut point: Vec<f64>,
    options: &FeasibilityOptions,
) -> Result<Feasibility, f64> {
    for (x, (lower, upper)) in point.iter_mut().zip(system.lower.iter().zip(&system.upper)) {
        *x = x.max(*lower).min(*upper);
    }
    let violation = system.max_violation(&point);
    if violation <= options.tolerance {
        Ok(Feasibility::Feasible { point, violation })
    } else {
        Err(violation)
    }
}

fn judge_farkas(system: &LinearSystem, mut y: Vec<f64>) -> Result<Feasibility, FarkasCheck> {
    let rejected = || FarkasCheck {
        proof: Proof::Rejected,
        gap: 0.0,
        required: 0.0,
        attainable: 0.0,
        relative_gap: 0.0,
        neglected: 0.0,
        support: Vec::new(),
    };
    let largest = max_abs(&y);
    if !(largest > 0.0 && largest.is_finite()) {
        return Err(rejected());
    }
    for (i, y) in y.iter_mut().enumerate() {
        *y /= largest;
        let absent = if *y > 0.0 { system.row_lower[i] } else { system.row_upper[i] };
        // Rounding noise of a row that does not press.
        if absent.is_infinite() && y.abs() <= 1e-12 {
            *y = 0.0;
        }
    }
    let mut best = check_farkas(system, &y).map_err(|_| rejected())?;
    // Multipliers of small integer data are small rationals: rounding to a grid makes their products exact.
    if best.proof != Proof::Rigorous {
        for denominator in [1.0, 2.0, 12.0, 60.0, 5040.0, 1e6] {
            let rounded: Vec<f64> = y.iter().map(|y| (y * denominator).round()).collect();
            let check = check_farkas(system, &rounded).map_err(|_| rejected())?;
            if check.proof == Proof::Rigorous && check.relative_gap >= 0.5 * best.relative_gap {
                (y, best) = (rounded, check);
                break;
            }
        }
    }
    if best.proof == Proof::Rejected {
        return Err(best);
    }
    Ok(Feasibility::Infeasible { farkas: y, check: best })
}

fn empty_interval(system: &LinearSystem) -> Option<Part> {
    let parts = (0..system.num_rows()).map(Part::Row).chain((0..system.num_columns()).map(Part::Column));
    parts.into_iter().find(|&part| {
        let (lower, upper) = system.interval(part);
        lower > upper
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::sparse::SparseMatrix;

    #[test]
    fn clarabels_offers_pass_the_same_check() {
        let matrix = SparseMatrix::from_dense_columns(2, [&[1.0, 1.0][..], &[1.0, -1.0]]).unwrap();
        let system = |upper: f64| {
            let rows = (vec![3.0, 0.0], vec![f64::INFINITY, 0.0]);
            LinearSystem::new(matrix.clone(), rows, (vec![0.0; 2], vec![upper; 2])).unwrap()
        };
        let Offer::Farkas(y) = interior_point::solve(&system(1.0)) else { panic!("infeasible") };
        assert_eq!(judge_farkas(&system(1.0), y).unwrap().as_str(), "infeasible");
        let Offer::Point { x, .. } = interior_point::solve(&system(2.0)) else { panic!("feasible") };
        assert_eq!(
            judge_point(&system(2.0), x, &FeasibilityOptions::default()).unwrap().as_str(),
            "feasible"
        );
    }

    #[test]
    fn a_run_without_steps_claims_nothing() {
        let matrix = SparseMatrix::from_dense_columns(1, [&[1.0][..]]).unwrap();
        let system = LinearSystem::new(matrix, (vec![2.0], vec![3.0]), (vec![0.0], vec![1.0])).unwrap();
        let options = FeasibilityOptions { iteration_limit: Some(0), ..Default::default() };
        assert_eq!(decide(&system, &mut Elastic::new(&system), &options).as_str(), "unknown");
    }
}
