//! The largest remainder (Hamilton's method) within each cell.

use super::round::Cells;
use crate::numeric::dd::Dd;

/// Floors, with the units that each cell's rounded total still lacks given to its largest fractional parts; among equal ones
/// to the first records.
pub(super) fn round(weights: &[f64], cells: &Cells) -> Vec<u32> {
    let mut integers: Vec<u32> = weights.iter().map(|w| w.floor() as u32).collect();
    let mut floors = vec![0u64; cells.totals.len()];
    for (&cell, &integer) in cells.of_record.iter().zip(&integers) {
        floors[cell as usize] += u64::from(integer);
    }
    let mut missing: Vec<u64> = cells
        .totals
        .iter()
        .zip(floors)
        .map(|(&total, floor)| nearest(total - Dd::from(floor as f64)))
        .collect();
    let mut order: Vec<u32> = (0..weights.len() as u32).collect();
    order.sort_by(|&a, &b| {
        weights[b as usize].fract().total_cmp(&weights[a as usize].fract()).then(a.cmp(&b))
    });
    for i in order {
        let missing = &mut missing[cells.of_record[i as usize] as usize];
        if *missing > 0 && weights[i as usize].fract() > 0.0 {
            *missing -= 1;
            integers[i as usize] += 1;
        }
    }
    integers
}

/// The nearest integer, halves upwards.
fn nearest(remainder: Dd) -> u64 {
    let shifted = remainder + Dd::from(0.5);
    // The pair may lie just below the integer that its leading part is.
    let floor = shifted.high.floor();
    let below = shifted - Dd::from(floor) < Dd::ZERO;
    if below { (floor - 1.0).max(0.0) as u64 } else { floor.max(0.0) as u64 }
}
