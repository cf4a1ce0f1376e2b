//! What the rows of both forms have in common: medians of times, answers as files.

use std::collections::HashMap;
use std::fs;

use equipoise::reweight::Timing;
use ndarray::Array1;
use serde_json::Value;

use crate::Outcome;

/// Every time of a solve by its name.
pub fn part_times(timing: &Timing) -> Outcome<HashMap<String, f64>> {
    let Value::Object(timing) = serde_json::to_value(timing)? else {
        return Err("timing is not an object".into());
    };
    Ok(timing
        .into_iter()
        .filter_map(|(part, seconds)| seconds.as_f64().map(|s| (part, s)))
        .filter(|(part, _)| part.ends_with("Seconds"))
        .collect())
}

/// The median of each time that is not zero, the total left out.
pub fn median_parts(times: &[HashMap<String, f64>]) -> HashMap<&str, f64> {
    (times[0].keys().filter(|part| *part != "totalSeconds"))
        .map(|part| (part.as_str(), median(times.iter().map(|t| t[part]))))
        .filter(|(_, seconds)| *seconds > 0.0)
        .collect()
}

/// The middle of the values.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { 0.5 * (sorted[middle - 1] + sorted[middle]) }
}

/// Writes the multipliers as doubles, for [`largest_distance`] of another answer.
pub fn write_answer(multipliers: impl IntoIterator<Item = f64>, path: &str) -> Outcome<()> {
    let bytes: Vec<u8> = multipliers.into_iter().flat_map(f64::to_le_bytes).collect();
    Ok(fs::write(path, bytes)?)
}

/// maxᵢ |mᵢ − m*ᵢ| for the optimum m* in a file of doubles.
pub fn largest_distance(multipliers: &Array1<f64>, path: &str) -> Outcome<f64> {
    let bytes = fs::read(path)?;
    let optimum: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    if optimum.len() != multipliers.len() {
        return Err(format!("{path} has {} doubles, not {}", optimum.len(), multipliers.len()).into());
    }
    Ok(multipliers.iter().zip(&optimum).map(|(m, o)| (m - o).abs()).fold(0.0, f64::max))
}
