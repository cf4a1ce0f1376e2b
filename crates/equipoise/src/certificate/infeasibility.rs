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
//! for the doubles given. Where the bounds of the variables are open (xl < x < xu) a gap of exactly 0 is one too, if some zⱼ ≠ 0.
//! A zⱼ that is a rounding away from zero on the side of an infinite bound is settled by an exact
//! sum, else by a bound on xⱼ that the rows imply, else it is neglected up to a stated tolerance, and then says so.

use super::linear_system::{Edge, LinearSystem, Member, Part};
use crate::error::InputError;
use crate::numeric::dd::{DD_EPSILON, Dd};
use crate::numeric::dd_accumulators::Accumulator;
use crate::numeric::exact::sign_of_sum_of_products;
use crate::numeric::sum::max_abs;

/// zⱼ on the side of an infinite bound is neglected up to this multiple of max|y|·maxᵢ|Aᵢⱼ|.
pub const NEGLECTED_TOLERANCE: f64 = 1e-9;

/// What a proof that neglects something must exceed to count: gap > this · max|y|.
pub const NEGLECTING_GAP: f64 = 1e-6;

/// Passes over the rows in search of implied bounds.
const PROPAGATION_PASSES: usize = 6;

/// Products below this may lose their error term.
const SMALLEST_EXACT_PRODUCT: f64 = 1e-280;

/// What the check needs to see of a system, however it is stored.
pub trait Constraints {
    /// Number of rows, m.
    fn num_rows(&self) -> usize;
    /// Number of variables, n.
    fn num_columns(&self) -> usize;
    /// [rlᵢ, ruᵢ], infinite where there is no bound.
    fn row_interval(&self, i: usize) -> (f64, f64);
    /// [xlⱼ, xuⱼ], infinite where there is no bound.
    fn column_interval(&self, j: usize) -> (f64, f64);
    /// Calls `term(row, coefficient)` for every term of column j; the terms of a row add up.
    fn for_each_term(&self, j: usize, term: impl FnMut(usize, f64));
    /// True if the bounds of the variables are not attained: xl < x < xu.
    fn bounds_are_open(&self) -> bool {
        false
    }
    /// Bounds on every variable (lower, upper) that the system implies; those of the variables themselves will do.
    fn implied_bounds(&self) -> (Vec<f64>, Vec<f64>) {
        (0..self.num_columns()).map(|j| self.column_interval(j)).unzip()
    }
}

impl Constraints for LinearSystem {
    fn num_rows(&self) -> usize {
        self.matrix.num_rows()
    }

    fn num_columns(&self) -> usize {
        self.matrix.num_columns()
    }

    fn row_interval(&self, i: usize) -> (f64, f64) {
        (self.row_lower[i], self.row_upper[i])
    }

    fn column_interval(&self, j: usize) -> (f64, f64) {
        (self.lower[j], self.upper[j])
    }

    fn for_each_term(&self, j: usize, mut term: impl FnMut(usize, f64)) {
        let (rows, values) = self.matrix.column(j);
        rows.iter().zip(values).for_each(|(&i, &a)| term(i as usize, a));
    }

    fn implied_bounds(&self) -> (Vec<f64>, Vec<f64>) {
        implied_bounds(self)
    }
}

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
    /// A lower bound on gap(y), apart from neglected terms; −∞ where an infinite bound is hit; 0 in a proof that rests on
    /// open bounds.
    pub gap: f64,
    /// Σᵢ min yᵢr: the least that the rows ask of y·(Ax).
    pub required: f64,
    /// Σⱼ max zⱼx: the most that the bounds of the variables allow.
    pub attainable: f64,
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
pub fn check_farkas(system: &impl Constraints, y: &[f64]) -> Result<FarkasCheck, InputError> {
    if y.len() != system.num_rows() {
        return Err(InputError::length("farkas", system.num_rows(), y.len()));
    }
    if let Some(i) = y.iter().position(|v| !v.is_finite()) {
        return Err(InputError::not_finite(format!("farkas[{i}]"), y[i]));
    }
    let largest = max_abs(y);
    let (mut rows, mut columns) = (GapSum::default(), GapSum::default());
    let mut support = Vec::new();
    for (i, &y) in y.iter().enumerate().filter(|(_, y)| **y != 0.0) {
        let (lower, upper) = system.row_interval(i);
        let (edge, bound) = if y > 0.0 { (Edge::Lower, lower) } else { (Edge::Upper, upper) };
        support.push(Member { part: Part::Row(i), edge });
        rows.add(Dd::product(y, bound), 0.0);
    }
    let mut neglected = 0.0f64;
    let mut implied = None;
    let (mut presses, mut presses_at_zero) = (false, true);
    for j in 0..system.num_columns() {
        let z = column_product(system, j, y);
        if z.sign == 0 {
            continue;
        }
        let (lower, upper) = system.column_interval(j);
        let (edge, bound) = if z.sign > 0 { (Edge::Upper, upper) } else { (Edge::Lower, lower) };
        if bound.is_finite() {
            support.push(Member { part: Part::Column(j), edge });
            columns.add(z.value.times(bound), z.error * bound.abs());
            presses = true;
            presses_at_zero &= bound == 0.0;
            continue;
        }
        presses_at_zero = false;
        let (lower, upper) = implied.get_or_insert_with(|| system.implied_bounds());
        let bound = if z.sign > 0 { upper[j] } else { lower[j] };
        let relative = (z.value.to_f64().abs() + z.error) / (largest * z.largest_entry);
        if bound.is_finite() && relative <= NEGLECTED_TOLERANCE {
            columns.add(z.value.times(bound), z.error * bound.abs());
        } else if relative <= NEGLECTED_TOLERANCE {
            neglected = neglected.max(relative);
        } else {
            columns.add(Dd::from(f64::INFINITY), 0.0);
        }
    }
    let mut gap = lower_bound(&rows, &columns);
    let mut proof = Proof::Rejected;
    if neglected == 0.0 && gap > 0.0 {
        proof = Proof::Rigorous;
    } else if neglected > 0.0 && gap / largest > NEGLECTING_GAP {
        proof = Proof::WithinTolerance;
    } else if system.bounds_are_open() && presses && presses_at_zero && asks_for_zero(system, y) {
        (proof, gap) = (Proof::Rigorous, 0.0);
    }
    Ok(FarkasCheck {
        proof,
        gap,
        required: rows.value(f64::NEG_INFINITY),
        attainable: columns.value(f64::INFINITY),
        relative_gap: if largest > 0.0 { gap / largest } else { 0.0 },
        neglected,
        support,
    })
}

/// True if Σᵢ min yᵢr ≥ 0, exactly.
fn asks_for_zero(system: &impl Constraints, y: &[f64]) -> bool {
    let terms = y.iter().enumerate().filter(|(_, y)| **y != 0.0).map(|(i, &y)| {
        let (lower, upper) = system.row_interval(i);
        (y, if y > 0.0 { lower } else { upper })
    });
    let terms: Vec<(f64, f64)> = terms.collect();
    terms.iter().all(|t| t.1.is_finite()) && sign_of_sum_of_products(terms) >= 0.0
}

/// zⱼ with its error and its exact sign.
struct ColumnProduct {
    value: Dd,
    error: f64,
    sign: i32,
    largest_entry: f64,
}

fn column_product(system: &impl Constraints, j: usize, y: &[f64]) -> ColumnProduct {
    let mut sum = Accumulator::default();
    let (mut magnitude, mut largest_entry, mut terms) = (0.0, 0.0f64, 0);
    system.for_each_term(j, |i, a| {
        largest_entry = largest_entry.max(a.abs());
        if y[i] != 0.0 {
            sum.add_product(a, y[i], 0.0);
            magnitude += (a * y[i]).abs();
            terms += 1;
        }
    });
    let value = sum.value();
    // The magnitude is itself rounded: 1.01 covers that for any length.
    let error = 1.01 * (Accumulator::relative_error(terms) + DD_EPSILON) * magnitude
        + terms as f64 * SMALLEST_EXACT_PRODUCT;
    let sign = if terms == 0 {
        0
    } else if value.to_f64().abs() > error {
        if value.high > 0.0 { 1 } else { -1 }
    } else {
        let mut products = Vec::with_capacity(terms);
        system.for_each_term(j, |i, a| products.push((a, y[i])));
        sign_of_sum_of_products(products) as i32
    };
    ColumnProduct { value, error: if terms == 0 { 0.0 } else { error }, sign, largest_entry }
}

/// A sum of terms in double-double with what is needed to bound its error.
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

    fn value(&self, infinite: f64) -> f64 {
        if self.infinite { infinite } else { self.sum.to_f64() }
    }
}

/// A lower bound on the difference of the two sums; −∞ if either is infinite.
fn lower_bound(rows: &GapSum, columns: &GapSum) -> f64 {
    if rows.infinite || columns.infinite {
        return f64::NEG_INFINITY;
    }
    let terms = (rows.terms + columns.terms) as f64;
    let rounding = 1.01 * (terms + 2.0) * DD_EPSILON * (rows.magnitude + columns.magnitude)
        + terms * SMALLEST_EXACT_PRODUCT;
    let error = 1.01 * (rows.error + columns.error);
    let bound = (rows.sum - columns.sum - Dd::from(error + rounding)).to_f64();
    // One rounding to double, towards −∞.
    bound - bound.abs() * f64::EPSILON
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
    fn open_bounds_turn_a_gap_of_zero_into_a_proof() {
        struct Open(LinearSystem);
        impl Constraints for Open {
            fn num_rows(&self) -> usize {
                Constraints::num_rows(&self.0)
            }
            fn num_columns(&self) -> usize {
                Constraints::num_columns(&self.0)
            }
            fn row_interval(&self, i: usize) -> (f64, f64) {
                self.0.row_interval(i)
            }
            fn column_interval(&self, j: usize) -> (f64, f64) {
                self.0.column_interval(j)
            }
            fn for_each_term(&self, j: usize, term: impl FnMut(usize, f64)) {
                self.0.for_each_term(j, term);
            }
            fn bounds_are_open(&self) -> bool {
                true
            }
        }
        // x + y ≤ 0 with x, y > 0, where x = y = 0 would do.
        let build = |total: f64| {
            let matrix = SparseMatrix::from_dense_columns(1, [&[1.0][..], &[1.0]]).unwrap();
            LinearSystem::new(matrix, (vec![-INF], vec![total]), (vec![0.0; 2], vec![INF; 2])).unwrap()
        };
        let proof = |system: &dyn Fn() -> LinearSystem| check_farkas(&Open(system()), &[-1.0]).unwrap().proof;
        assert_eq!(check_farkas(&build(0.0), &[-1.0]).unwrap().proof, Proof::Rejected);
        assert_eq!(proof(&|| build(0.0)), Proof::Rigorous);
        assert_eq!(proof(&|| build(f64::MIN_POSITIVE)), Proof::Rejected);
        assert_eq!(proof(&|| build(-1.0)), Proof::Rigorous);
    }
}
