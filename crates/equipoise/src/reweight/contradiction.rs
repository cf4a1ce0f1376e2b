//! Combinations of targets that prove a contradiction: found by any means, believed only if the Farkas checker accepts them on
//! the data as given, without neglecting anything.

use super::target_system::TargetSystem;
use crate::certificate::infeasibility::{FarkasCheck, Proof, check_farkas};
use crate::numeric::sum::max_abs;

/// Denominators tried for a combination that should be made of small whole numbers, and how near to them it must be.
const LARGEST_WHOLE: u32 = 60;
const NEARLY_WHOLE: f64 = 1e-4;

/// A combination of the targets (k) that proves a contradiction, with its check.
#[derive(Debug, Clone)]
pub(super) struct Contradiction {
    pub combination: Vec<f64>,
    /// Without its support, which would name every record.
    pub check: FarkasCheck,
}

impl Contradiction {
    /// Targets that the proof presses on, ascending.
    pub fn support(&self) -> Vec<usize> {
        (0..self.combination.len()).filter(|&j| self.combination[j] != 0.0).collect()
    }
}

/// The combination as it is, if the checker accepts it.
pub(super) fn accept(system: &TargetSystem<'_>, combination: Vec<f64>) -> Option<Contradiction> {
    let mut check = check_farkas(system, &combination).ok()?;
    check.support = Vec::new();
    (check.proof == Proof::Rigorous).then_some(Contradiction { combination, check })
}

/// The combination, scaled, if the checker accepts it; else in the small whole numbers it is nearest to: sums of categories are
/// dependent in these, and then exactly so.
pub(super) fn accept_nearly(system: &TargetSystem<'_>, combination: &[f64]) -> Option<Contradiction> {
    let largest = max_abs(combination);
    if !(largest > 0.0 && largest.is_finite()) {
        return None;
    }
    let scaled: Vec<f64> = combination.iter().map(|y| y / largest).collect();
    accept(system, scaled.clone()).or_else(|| {
        (1..=LARGEST_WHOLE).find_map(|size| {
            let exact: Vec<f64> = scaled.iter().map(|y| y * f64::from(size)).collect();
            let whole: Vec<f64> = exact.iter().map(|y| libm::rint(*y)).collect();
            let near = exact.iter().zip(&whole).all(|(a, b)| (a - b).abs() <= NEARLY_WHOLE);
            if near { accept(system, whole) } else { None }
        })
    })
}

/// The proof that target j alone asks for more than its greatest or less than its least total, if it does.
pub(super) fn impossible_alone(system: &TargetSystem<'_>, j: usize) -> Option<Contradiction> {
    let (least, greatest) = system.extremes(j);
    let near = |extreme: f64| 1e-9 * extreme.abs();
    let short = greatest.is_finite() && greatest <= system.lower[j] + near(greatest);
    let over = least.is_finite() && least >= system.upper[j] - near(least);
    let sides = [(1.0, short), (-1.0, over)];
    sides.into_iter().filter(|side| side.1).find_map(|(sign, _)| {
        let mut combination = vec![0.0; system.lower.len()];
        combination[j] = sign;
        accept(system, combination)
    })
}
