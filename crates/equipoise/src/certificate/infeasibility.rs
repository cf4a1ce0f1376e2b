//! Checks that a Farkas vector proves rl ≤ Ax ≤ ru, xl ≤ x ≤ xu infeasible.
//!
//! For y (one number per row) and z = Aᵀy every x of the system satisfies yᵀ(Ax) = zᵀx, while yᵀ(Ax) ≥ Σᵢ min over
//! [rlᵢ, ruᵢ] of yᵢr and zᵀx ≤ Σⱼ max over [xlⱼ, xuⱼ] of zⱼx. Hence a positive
//!
//! ```text
//! gap(y) = Σᵢ min yᵢr − Σⱼ max zⱼx
//! ```
//!
//! leaves no x. The gap is evaluated in double-double and its a-priori error is subtracted: a positive result is a proof
//! for the doubles given. A zⱼ that is a rounding away from zero on the side of an infinite bound is settled by an exact
//! sum, else by a bound on xⱼ that the rows imply, else it is neglected up to a stated tolerance, and then says so.

use super::linear_system::{Edge, LinearSystem, Member, Part};
use crate::error::InputError;
use crate::numeric::dd::{Accumulator, DD_EPSILON, Dd, two_prod, two_sum};
use crate::numeric::sum::max_abs;

/// zⱼ on the side of an infinite bound is neglected up to this multiple of max|y|·maxᵢ|Aᵢⱼ|.
pub const NEGLECTED_TOLERANCE: f64 = 1e-9;

/// What a proof that neglects something must exceed to count: gap > this · max|y|.
pub const NEGLECTING_GAP: f64 = 1e-6;

/// Passes over the rows in search of implied bounds.
const PROPAGATION_PASSES: usize = 6;

/// Products below this may lose their error term.
const SMALLEST_EXACT_PRODUCT: f64 = 1e-280;

/// How much a vector proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The gap is positive for the doubles given, all rounding accounted for.
    Rigorous,
    /// The gap exceeds [`NEGLECTING_GAP`], with some zⱼ neglected within [`NEGLECTED_TOLERANCE`].
    WithinTolerance,
    /// Nothing.
    Rejected,
}

/// The result of [`check_farkas`].
#[derive(Debug, Clone, PartialEq)]
pub struct FarkasCheck {
    /// How much is proven.
    pub proof: Proof,
    /// A lower bound on gap(y), apart from neglected terms; −∞ where an infinite bound is hit.
    pub gap: f64,
    /// gap / max|y|.
    pub relative_gap: f64,
    /// The largest neglected |zⱼ|/(max|y|·maxᵢ|Aᵢⱼ|); 0 if nothing was neglected.
    pub neglected: f64,
    /// Sides that the proof presses on, by the signs of y and z.
    pub support: Vec<Member>,
}

/// Checks the vector y (m) against a system whose intervals are not empty.
///
/// # Errors
/// A length other than m, an entry that is not finite.
pub fn check_farkas(system: &LinearSystem, y: &[f64]) -> Result<FarkasCheck, InputError> {
    if y.len() != system.num_rows() {
        return Err(InputError::length("farkas", system.num_rows(), y.len()));
    }
    if let Some(i) = y.iter().position(|v| !v.is_finite()) {
        return Err(InputError::not_finite(format!("farkas[{i}]"), y[i]));
    }
    let largest = max_abs(y);
    let mut gap = GapSum::default();
    let mut support = Vec::new();
    for (i, &y) in y.iter().enumerate() {
        let edge = if y > 0.0 { Edge::Lower } else { Edge::Upper };
        let member = Member { part: Part::Row(i), edge };
        if y != 0.0 {
            support.push(member);
            gap.add(Dd::product(y, system.bound(member)), 0.0);
        }
    }
    let mut neglected = 0.0f64;
    let mut implied = None;
    for j in 0..system.num_columns() {
        let z = column_product(system, j, y);
        if z.sign == 0 {
            continue;
        }
        let edge = if z.sign > 0 { Edge::Upper } else { Edge::Lower };
        let member = Member { part: Part::Column(j), edge };
        let bound = system.bound(member);
        if bound.is_finite() {
            support.push(member);
            gap.add(-z.value.times(bound), z.error * bound.abs());
            continue;
        }
        let (lower, upper) = implied.get_or_insert_with(|| implied_bounds(system));
        let bound = if z.sign > 0 { upper[j] } else { lower[j] };
        let relative = (z.value.to_f64().abs() + z.error) / (largest * z.largest_entry);
        if bound.is_finite() && relative <= NEGLECTED_TOLERANCE {
            gap.add(-z.value.times(bound), z.error * bound.abs());
        } else if relative <= NEGLECTED_TOLERANCE {
            neglected = neglected.max(relative);
        } else {
            gap.add(Dd::from(f64::NEG_INFINITY), 0.0);
        }
    }
    let gap = gap.lower_bound();
    let relative_gap = if largest > 0.0 { gap / largest } else { 0.0 };
    let proof = match neglected {
        0.0 if gap > 0.0 => Proof::Rigorous,
        _ if neglected > 0.0 && relative_gap > NEGLECTING_GAP => Proof::WithinTolerance,
        _ => Proof::Rejected,
    };
    Ok(FarkasCheck { proof, gap, relative_gap, neglected, support })
}

/// zⱼ with its error and its exact sign.
struct ColumnProduct {
    value: Dd,
    error: f64,
    sign: i32,
    largest_entry: f64,
}

fn column_product(system: &LinearSystem, j: usize, y: &[f64]) -> ColumnProduct {
    let (rows, values) = system.matrix.column(j);
    let mut sum = Accumulator::default();
    let mut magnitude = 0.0;
    for (&i, &a) in rows.iter().zip(values) {
        sum.add_product(a, y[i as usize], 0.0);
        magnitude += (a * y[i as usize]).abs();
    }
    let value = sum.value();
    // The magnitude is itself rounded: 1.01 covers that for any length.
    let error = 1.01 * (Accumulator::relative_error(rows.len()) + DD_EPSILON) * magnitude
        + rows.len() as f64 * SMALLEST_EXACT_PRODUCT;
    let sign = if value.to_f64().abs() > error {
        if value.high > 0.0 { 1 } else { -1 }
    } else {
        exact_sign(rows.iter().zip(values).map(|(&i, &a)| (a, y[i as usize])))
    };
    ColumnProduct { value, error, sign, largest_entry: max_abs(values) }
}

/// The sign of Σ aᵢbᵢ, by Shewchuk's growing expansions (Discrete Comput. Geom. 18 (1997) 305–363, Theorem 10).
fn exact_sign(terms: impl Iterator<Item = (f64, f64)>) -> i32 {
    let mut expansion: Vec<f64> = Vec::new();
    for (a, b) in terms.filter(|&(a, b)| a != 0.0 && b != 0.0) {
        let (product, error) = two_prod(a, b);
        for mut carry in [error, product] {
            for component in &mut expansion {
                let (sum, rest) = two_sum(carry, *component);
                (carry, *component) = (sum, rest);
            }
            expansion.push(carry);
            expansion.retain(|c| *c != 0.0);
        }
    }
    expansion.last().map_or(0, |c| if *c > 0.0 { 1 } else { -1 })
}

/// A sum of terms in double-double that ends as a guaranteed lower bound.
#[derive(Default)]
struct GapSum {
    sum: Dd,
    magnitude: f64,
    error: f64,
    terms: usize,
    infinite: bool,
}

impl GapSum {
    fn add(&mut self, term: Dd, error: f64) {
        if !term.high.is_finite() {
            self.infinite = true;
            return;
        }
        self.sum = self.sum + term;
        self.magnitude += term.high.abs();
        self.error += error;
        self.terms += 1;
    }

    fn lower_bound(&self) -> f64 {
        if self.infinite {
            return f64::NEG_INFINITY;
        }
        let rounding = 1.01 * (self.terms + 2) as f64 * DD_EPSILON * self.magnitude
            + self.terms as f64 * SMALLEST_EXACT_PRODUCT;
        let bound = (self.sum - Dd::from(1.01 * self.error + rounding)).to_f64();
        // One rounding to double, towards −∞.
        bound - bound.abs() * f64::EPSILON
    }
}

/// Bounds on every variable that the rows and bounds imply; each is widened by far more than its rounding.
fn implied_bounds(system: &LinearSystem) -> (Vec<f64>, Vec<f64>) {
    let (mut lower, mut upper) = (system.lower.clone(), system.upper.clone());
    for _ in 0..PROPAGATION_PASSES {
        let mut changed = false;
        for i in 0..system.num_rows() {
            let (columns, values) = system.matrix.row(i);
            // Σa·x ≤ ru, then −Σa·x ≤ −rl.
            for (sign, right_side) in [(1.0, system.row_upper[i]), (-1.0, -system.row_lower[i])] {
                if right_side.is_infinite() {
                    continue;
                }
                let least = |j: usize, a: f64| if a > 0.0 { a * lower[j] } else { a * upper[j] };
                let (mut sum, mut magnitude, mut unbounded, mut count) = (0.0, right_side.abs(), 0, None);
                for (&j, &a) in columns.iter().zip(values) {
                    let term = least(j as usize, sign * a);
                    if term.is_finite() {
                        sum += term;
                        magnitude += term.abs();
                    } else {
                        unbounded += 1;
                        count = Some((j as usize, sign * a));
                    }
                }
                // With one unbounded term that variable alone can be bounded; with none, no infinite bound is in play.
                if let (1, Some((j, a))) = (unbounded, count) {
                    changed |= tighten(&mut lower[j], &mut upper[j], a, right_side - sum, magnitude);
                }
                if unbounded == 0 {
                    for (&j, &a) in columns.iter().zip(values) {
                        let (j, a) = (j as usize, sign * a);
                        let rest = right_side - (sum - if a > 0.0 { a * lower[j] } else { a * upper[j] });
                        if if a > 0.0 { upper[j] } else { lower[j] }.is_infinite() {
                            changed |= tighten(&mut lower[j], &mut upper[j], a, rest, magnitude);
                        }
                    }
                }
            }
        }
        if !changed {
            break;
        }
    }
    (lower, upper)
}

/// a·x ≤ rest bounds x where it had no bound on that side.
fn tighten(lower: &mut f64, upper: &mut f64, a: f64, rest: f64, magnitude: f64) -> bool {
    let margin = 1e-9 * magnitude / a.abs();
    let bound = rest / a;
    if a > 0.0 && upper.is_infinite() && (bound + margin).is_finite() {
        *upper = bound + margin + bound.abs() * 1e-9;
        return true;
    }
    if a < 0.0 && lower.is_infinite() && (bound - margin).is_finite() {
        *lower = bound - margin - bound.abs() * 1e-9;
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::sparse::SparseMatrix;

    const INF: f64 = f64::INFINITY;

    /// x + y ≥ 3, x − y = 0 with x, y in [lower, upper].
    fn system(lower: f64, upper: f64) -> LinearSystem {
        let matrix = SparseMatrix::from_dense_columns(2, [&[1.0, 1.0][..], &[1.0, -1.0]]).unwrap();
        LinearSystem::new(matrix, (vec![3.0, 0.0], vec![INF, 0.0]), (vec![lower; 2], vec![upper; 2])).unwrap()
    }

    #[test]
    fn accepts_a_proof_and_names_what_it_presses_on() {
        let check = check_farkas(&system(0.0, 1.0), &[1.0, 0.0]).unwrap();
        assert_eq!(check.proof, Proof::Rigorous);
        assert!((check.gap - 1.0).abs() < 1e-12);
        let words: Vec<String> = check.support.iter().map(|&m| system(0.0, 1.0).describe(m)).collect();
        assert_eq!(words, ["row_0 >= 3", "x_0 <= 1", "x_1 <= 1"]);
    }

    #[test]
    fn rejects_what_is_no_proof() {
        let rejected =
            |system: &LinearSystem, y: &[f64]| check_farkas(system, y).unwrap().proof == Proof::Rejected;
        assert!(rejected(&system(0.0, 1.5), &[1.0, 0.0]), "a gap of zero");
        assert!(rejected(&system(0.0, 2.0), &[1.0, 0.3]));
        assert!(rejected(&system(0.0, INF), &[1.0, 0.0]), "an infinite bound");
        assert!(rejected(&system(0.0, 1.0), &[-1.0, 0.0]), "a side that is not there");
        assert!(rejected(&system(0.0, 1.0), &[0.0, 0.0]));
        assert_eq!(check_farkas(&system(0.0, 1.0), &[1.0]).unwrap_err().path, "farkas");
        assert_eq!(check_farkas(&system(0.0, 1.0), &[1.0, f64::NAN]).unwrap_err().path, "farkas[1]");
    }

    #[test]
    fn a_rounding_on_an_infinite_side_is_settled_or_declared() {
        // 0.1x + y = 1 and 0.1x + y = 2 with y ≥ 0: exact with (−1, 1); with a perturbed y the free x remains.
        let build = |upper: f64, lower: f64| {
            let matrix = SparseMatrix::from_dense_columns(2, [&[0.1, 0.1][..], &[1.0, 1.0]]).unwrap();
            let bounds = (vec![lower, 0.0], vec![upper, INF]);
            LinearSystem::new(matrix, (vec![1.0, 2.0], vec![1.0, 2.0]), bounds).unwrap()
        };
        let exact = check_farkas(&build(INF, -INF), &[-1.0, 1.0]).unwrap();
        assert_eq!((exact.proof, exact.neglected), (Proof::Rigorous, 0.0));
        let perturbed = [-1.0, 1.0 + 1e-12];
        let declared = check_farkas(&build(INF, -INF), &perturbed).unwrap();
        assert_eq!(declared.proof, Proof::WithinTolerance);
        assert!(declared.neglected > 0.0);
        // With x ≥ 0 the rows imply x ≤ 10 and y ≤ 1.
        assert_eq!(check_farkas(&build(INF, 0.0), &perturbed).unwrap().proof, Proof::Rigorous);
    }

    #[test]
    fn the_exact_sign_survives_cancellation() {
        assert_eq!(exact_sign([(1e20, 1.0), (1.0, 1.0), (-1e20, 1.0)].into_iter()), 1);
        assert_eq!(exact_sign([(1e20, 1.0), (-1e-20, 1.0), (-1e20, 1.0)].into_iter()), -1);
        assert_eq!(exact_sign([(0.1, 3.0), (0.3, -1.0), (0.1, -3.0), (0.3, 1.0)].into_iter()), 0);
    }
}
