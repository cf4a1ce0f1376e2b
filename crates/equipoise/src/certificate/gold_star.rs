//! Comparison of an answer with a reference ("gold star"), element by element as NumPy's `allclose` does it, and whose
//! error a difference is.
//!
//! `ours` and `reference` agree at a record if |ours − reference| ≤ absolute + relative·|reference|: the reference sets the
//! scale, so the test is not symmetric. NaN agrees with nothing; infinities agree if they have the same sign.
//!
//! A certified bound d on |ours − optimum| decides what `allclose` cannot: |reference − optimum| ≥ |ours − reference| − d.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::error::{InputCode, InputError};

/// How far two numbers may be apart and still agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerances {
    /// Times |reference|: ≥ 0, default 1e-5.
    pub relative: f64,
    /// Added to it: ≥ 0, default 1e-8.
    pub absolute: f64,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self { relative: 1e-5, absolute: 1e-8 }
    }
}

/// What is proven about our numbers: |oursᵢ − optimumᵢ| ≤ bound, in the units of the numbers compared.
#[derive(Debug, Clone, Copy)]
pub enum DistanceBounds<'a> {
    /// Nothing.
    Unknown,
    /// One bound for all, such as [`crate::reweight::Certificate::distance_bound`] for multipliers.
    Uniform(f64),
    /// One for each, such as [`crate::reweight::Certification::distance_bounds`] for multipliers.
    PerRecord(ArrayView1<'a, f64>),
}

impl DistanceBounds<'_> {
    fn of(&self, i: usize) -> f64 {
        match self {
            Self::Unknown => f64::INFINITY,
            Self::Uniform(bound) => *bound,
            Self::PerRecord(bounds) => bounds[i],
        }
    }
}

/// One record whose two numbers differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Index of the record.
    pub record: usize,
    /// Our number.
    pub ours: f64,
    /// The reference's.
    pub reference: f64,
    /// |ours − reference|; infinite where one of them is NaN.
    pub absolute_difference: f64,
    /// absolute + relative·|reference|
    pub allowed: f64,
}

impl Difference {
    /// How far it is beyond what is allowed (negative: within).
    fn excess(&self) -> f64 {
        if self.absolute_difference.is_infinite() {
            return f64::INFINITY;
        }
        self.absolute_difference - self.allowed
    }
}

/// The outcome of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// True if every record agrees.
    pub allclose: bool,
    /// Numbers compared.
    pub num_records: usize,
    /// Records that do not agree.
    pub num_outside: usize,
    /// max |ours − reference|
    pub largest_absolute_difference: f64,
    /// max |ours − reference|/|reference|; infinite where only the reference is 0.
    pub largest_relative_difference: f64,
    /// The records that differ most beyond what is allowed, at most ten; equal ones by index.
    pub worst: Vec<Difference>,
    /// `Some(true)`: a record that does not agree differs by more than our certified bound, so the reference is not the optimum.
    /// `Some(false)`: difference and bound together are allowed everywhere, so the reference is the optimum within the
    /// tolerances. `None`: cannot tell.
    pub reference_is_not_optimal: Option<bool>,
    /// The outcome in words.
    pub sentence: String,
}

const NUM_WORST: usize = 10;

/// Compares our numbers with a reference (n each).
///
/// # Errors
/// Lengths that differ (`reference`, `distanceBounds`); tolerances or bounds that are negative or NaN.
pub fn compare(
    ours: ArrayView1<'_, f64>,
    reference: ArrayView1<'_, f64>,
    tolerances: &Tolerances,
    bounds: DistanceBounds<'_>,
) -> Result<Comparison, InputError> {
    let n = ours.len();
    validate(n, reference.len(), tolerances, bounds)?;
    let mut differing = Vec::new();
    let (mut num_outside, mut proven_wrong, mut proven_right) = (0, false, true);
    let (mut largest_absolute, mut largest_relative) = (0.0f64, 0.0f64);
    for (record, (&ours, &reference)) in ours.iter().zip(&reference).enumerate() {
        let difference = difference(record, ours, reference, tolerances);
        let distance = difference.absolute_difference;
        let agrees = ours == reference || (reference.is_finite() && distance <= difference.allowed);
        num_outside += usize::from(!agrees);
        proven_wrong |= !agrees && distance > bounds.of(record);
        proven_right &= agrees && (distance + bounds.of(record)) * (1.0 + f64::EPSILON) <= difference.allowed;
        if distance > 0.0 {
            largest_absolute = largest_absolute.max(distance);
            largest_relative = largest_relative.max(distance / reference.abs());
            differing.push(difference);
        }
    }
    differing.sort_by(|a, b| b.excess().total_cmp(&a.excess()).then(a.record.cmp(&b.record)));
    differing.truncate(NUM_WORST);
    let mut comparison = Comparison {
        allclose: num_outside == 0,
        num_records: n,
        num_outside,
        largest_absolute_difference: largest_absolute,
        largest_relative_difference: largest_relative,
        worst: differing,
        reference_is_not_optimal: match (proven_wrong, proven_right) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        },
        sentence: String::new(),
    };
    comparison.sentence = sentence(&comparison, tolerances, bounds);
    Ok(comparison)
}

fn difference(record: usize, ours: f64, reference: f64, tolerances: &Tolerances) -> Difference {
    let absolute_difference = match (ours - reference).abs() {
        _ if ours == reference => 0.0,
        distance if distance.is_nan() => f64::INFINITY,
        distance => distance,
    };
    let allowed = tolerances.absolute + tolerances.relative * reference.abs();
    Difference { record, ours, reference, absolute_difference, allowed }
}

fn validate(
    n: usize,
    num_reference: usize,
    tolerances: &Tolerances,
    bounds: DistanceBounds<'_>,
) -> Result<(), InputError> {
    if num_reference != n {
        return Err(InputError::length("reference", n, num_reference));
    }
    for (path, value) in [("rtol", tolerances.relative), ("atol", tolerances.absolute)] {
        if !value.is_finite() {
            return Err(InputError::not_finite(path, value));
        }
        if value < 0.0 {
            return Err(InputError::out_of_range(path, "a number that is not negative", value));
        }
    }
    let check = |path: String, bound: f64| {
        if bound >= 0.0 {
            return Ok(());
        }
        let code = if bound.is_nan() { InputCode::NotFinite } else { InputCode::OutOfRange };
        Err(InputError::new(code, path, "a bound that is not negative", bound.to_string()))
    };
    match bounds {
        DistanceBounds::Unknown => Ok(()),
        DistanceBounds::Uniform(bound) => check("distanceBound".into(), bound),
        DistanceBounds::PerRecord(bounds) if bounds.len() != n => {
            Err(InputError::length("distanceBound", n, bounds.len()))
        }
        DistanceBounds::PerRecord(bounds) => {
            bounds.iter().enumerate().try_for_each(|(i, &bound)| check(format!("distanceBound[{i}]"), bound))
        }
    }
}

fn sentence(comparison: &Comparison, tolerances: &Tolerances, bounds: DistanceBounds<'_>) -> String {
    let Comparison { num_records, num_outside, .. } = *comparison;
    let allowed = format!("{:e} + {:e} × |reference|", tolerances.absolute, tolerances.relative);
    let largest = match comparison.worst.first() {
        None => return format!("All {num_records} records are equal."),
        Some(_) => format!("the largest difference is {:.3e}", comparison.largest_absolute_difference),
    };
    let outcome = match num_outside {
        0 => format!("All {num_records} records agree within {allowed}; {largest}."),
        _ => format!("{num_outside} of {num_records} records differ by more than {allowed}; {largest}."),
    };
    let whose = match (comparison.reference_is_not_optimal, bounds) {
        (Some(true), _) => {
            " Our answer is proven to be closer to the optimum than that: the reference is not the optimum."
        }
        (Some(false), _) => " The reference is proven to be the optimum within these tolerances.",
        (None, DistanceBounds::Unknown) => {
            " Without a certified distance of our answer it cannot be told whose error that is."
        }
        (None, _) => " The certified distance of our answer is not small enough to tell whose error that is.",
    };
    outcome + whose
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::aview1;
    use proptest::prelude::*;

    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;

    fn run(ours: &[f64], reference: &[f64], bounds: DistanceBounds<'_>) -> Comparison {
        compare(aview1(ours), aview1(reference), &Tolerances::default(), bounds).unwrap()
    }

    fn allclose(ours: &[f64], reference: &[f64]) -> bool {
        run(ours, reference, DistanceBounds::Unknown).allclose
    }

    /// The examples in the documentation of `numpy.allclose` and `numpy.isclose`.
    #[test]
    fn documented_cases() {
        assert!(!allclose(&[1e10, 1e-7], &[1.00001e10, 1e-8]));
        assert!(allclose(&[1e10, 1e-8], &[1.00001e10, 1e-9]));
        assert!(!allclose(&[1e10, 1e-8], &[1.0001e10, 1e-9]));
        assert!(!allclose(&[1.0, NAN], &[1.0, NAN]));
        assert!(allclose(&[0.0], &[1e-9]));
        assert!(!allclose(&[1e-7], &[0.0]));
        assert!(allclose(&[], &[]));
    }

    #[test]
    fn infinities_agree_by_sign_and_with_nothing_finite() {
        assert!(allclose(&[INF, -INF], &[INF, -INF]));
        assert!(!allclose(&[INF], &[-INF]));
        assert!(!allclose(&[1.0], &[INF]));
        assert!(!allclose(&[INF], &[1.0]));
        assert!(!allclose(&[NAN], &[INF]));
        assert!(!allclose(&[f64::MAX], &[-f64::MAX]));
    }

    #[test]
    fn the_reference_sets_the_scale() {
        // |difference| = 1.00001e-5: allowed relative to the larger number only.
        let (a, b) = (1e6, 1e6 + 10.00005);
        assert!(allclose(&[a], &[b]));
        assert!(!allclose(&[b], &[a]));
    }

    #[test]
    fn worst_records_come_by_excess_then_index() {
        let reference = [1.0, 100.0, 1.0, 1.0, NAN, 1.0];
        let c = run(&[1.5, 100.5, 1.5, 1.0, 1.0, 1.0 + 1e-12], &reference, DistanceBounds::Unknown);
        assert_eq!(c.worst.iter().map(|d| d.record).collect::<Vec<_>>(), [4, 0, 2, 1, 5]);
        assert_eq!(c.num_outside, 4);
        assert_eq!(c.largest_absolute_difference, INF);
        let many: Vec<f64> = (0..30).map(|i| 1.0 + f64::from(i)).collect();
        let c = run(&many, &[1.0; 30], DistanceBounds::Unknown);
        assert_eq!(c.worst.len(), NUM_WORST);
        assert_eq!((c.worst[0].record, c.worst[9].record), (29, 20));
        assert_eq!((c.largest_absolute_difference, c.largest_relative_difference), (29.0, 29.0));
    }

    #[test]
    fn a_bound_tells_whose_error_it_is() {
        let (ours, reference) = ([1.0, 2.0], [1.0, 2.1]);
        let wrong = run(&ours, &reference, DistanceBounds::Uniform(1e-15));
        assert_eq!(wrong.reference_is_not_optimal, Some(true));
        assert!(wrong.sentence.contains("the reference is not the optimum"), "{}", wrong.sentence);
        assert_eq!(run(&ours, &reference, DistanceBounds::Uniform(0.2)).reference_is_not_optimal, None);
        assert_eq!(run(&ours, &reference, DistanceBounds::Unknown).reference_is_not_optimal, None);
        // The bound counts where the difference is.
        let elsewhere = [1e-15, 0.2];
        let c = run(&ours, &reference, DistanceBounds::PerRecord(aview1(&elsewhere)));
        assert_eq!(c.reference_is_not_optimal, None);
        // A difference that the tolerances allow blames nobody, whatever the bound.
        let close = run(&[1.0], &[1.0 + 1e-9], DistanceBounds::Uniform(1e-15));
        assert_eq!(close.reference_is_not_optimal, Some(false));
        assert_eq!(run(&[1.0], &[1.0], DistanceBounds::Uniform(1.0)).reference_is_not_optimal, None);
    }

    #[test]
    fn bad_input_is_named() {
        let path = |reference: &[f64], relative, absolute, bounds| {
            let tolerances = Tolerances { relative, absolute };
            compare(aview1(&[1.0, 2.0]), aview1(reference), &tolerances, bounds).unwrap_err().path
        };
        let unknown = DistanceBounds::Unknown;
        assert_eq!(path(&[1.0], 0.0, 0.0, unknown), "reference");
        assert_eq!(path(&[1.0, 2.0], -1.0, 0.0, unknown), "rtol");
        assert_eq!(path(&[1.0, 2.0], 0.0, NAN, unknown), "atol");
        assert_eq!(path(&[1.0, 2.0], 0.0, 0.0, DistanceBounds::Uniform(NAN)), "distanceBound");
        let (short, negative) = ([0.0], [0.0, -1.0]);
        assert_eq!(path(&[1.0, 2.0], 0.0, 0.0, DistanceBounds::PerRecord(aview1(&short))), "distanceBound");
        let bounds = DistanceBounds::PerRecord(aview1(&negative));
        assert_eq!(path(&[1.0, 2.0], 0.0, 0.0, bounds), "distanceBound[1]");
    }

    proptest! {
        /// NumPy's definition, written out: isfinite(b) & (|a − b| ≤ atol + rtol·|b|) | (a == b).
        #[test]
        fn agrees_with_the_definition(
            pairs in prop::collection::vec((prop::num::f64::ANY, -2.0f64..2.0, 0u8..4), 0..20),
            relative in 0.0f64..1.0,
            absolute in 0.0f64..1.0,
        ) {
            let ours: Vec<f64> = pairs.iter().map(|p| p.0).collect();
            let reference: Vec<f64> = pairs.iter().map(|&(a, shift, kind)| match kind {
                0 => a,
                1 => a + shift,
                2 => a * shift,
                _ => shift,
            }).collect();
            let isclose = |(&a, &b): (&f64, &f64)| {
                (b.is_finite() && (a - b).abs() <= absolute + relative * b.abs()) || a == b
            };
            let outside = ours.iter().zip(&reference).filter(|&pair| !isclose(pair)).count();
            let tolerances = Tolerances { relative, absolute };
            let c = compare(aview1(&ours), aview1(&reference), &tolerances, DistanceBounds::Unknown).unwrap();
            prop_assert_eq!(c.num_outside, outside);
            prop_assert_eq!(c.allclose, outside == 0);
            prop_assert!(c.worst.windows(2).all(|w| w[0].excess() >= w[1].excess()));
        }

        /// A reference off by more than the bound is never called optimal, one within it never called wrong.
        #[test]
        fn verdicts_are_proofs(optimum in -10.0f64..10.0, error in -1e-3f64..1e-3, off in -1e-3f64..1e-3) {
            let bound = error.abs() + 1e-12;
            let (ours, reference) = (optimum + error, optimum + off);
            let c = run(&[ours], &[reference], DistanceBounds::Uniform(bound));
            let allowed = 1e-8 + 1e-5 * reference.abs();
            match c.reference_is_not_optimal {
                Some(true) => prop_assert!(off != 0.0),
                Some(false) => prop_assert!(off.abs() <= allowed + 1e-12),
                None => {}
            }
        }
    }
}
