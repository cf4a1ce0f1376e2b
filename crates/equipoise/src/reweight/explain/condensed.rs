//! Some targets with the units that count for them, alike ones merged: the same question, asked of few variables.
//!
//! In the final weights W two units with the same row are one variable, whose interval is the sum of theirs; so are units
//! with a single entry of the same sign, once W is multiplied by its size.

use std::collections::HashMap;

use crate::certificate::linear_system::LinearSystem;
use crate::error::InputError;
use crate::numeric::sparse::SparseMatrix;
use crate::reweight::bands::{Band, BandOptions, BandOverride, BandWeight, TargetSelector};
use crate::reweight::target_system::TargetSystem;
use crate::reweight::{Bounds, ReweightProblem, Target};

/// Units that count for none of the targets.
const NONE: u32 = u32::MAX;

/// The condensed question: groups of units and the targets in force.
pub(super) struct Condensed<'s, 'p> {
    system: &'s TargetSystem<'p>,
    /// Targets in force, ascending.
    pub targets: Vec<usize>,
    /// (group, target position, coefficient)
    entries: (Vec<u32>, Vec<u32>, Vec<f64>),
    /// Group of each unit.
    group_of: Vec<u32>,
    /// Σ of the units' design weights, times the size of their entry where they have only one.
    weights: Vec<f64>,
    /// The same sums of weight times bound.
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl<'s, 'p> Condensed<'s, 'p> {
    pub fn new(system: &'s TargetSystem<'p>) -> Self {
        let targets = system.targets();
        let mut position = vec![NONE; system.lower.len()];
        targets.iter().enumerate().for_each(|(p, &j)| position[j] = p as u32);
        let mut out = Self {
            system,
            targets,
            entries: (Vec::new(), Vec::new(), Vec::new()),
            group_of: vec![NONE; system.units.len()],
            weights: Vec::new(),
            lower: Vec::new(),
            upper: Vec::new(),
        };
        // Looked up only: groups are numbered by their first members, whatever the order of the hashes.
        let mut known: HashMap<Vec<(u32, u64)>, u32> = HashMap::new();
        let mut row: Vec<(u32, f64)> = Vec::new();
        for u in 0..system.units.len() {
            row_of(system, u, &position, &mut row);
            if row.is_empty() {
                continue;
            }
            let size = if row.len() == 1 { row[0].1.abs() } else { 1.0 };
            row.iter_mut().for_each(|entry| entry.1 /= size);
            let key: Vec<(u32, u64)> = row.iter().map(|(j, a)| (*j, a.to_bits())).collect();
            let group = *known.entry(key).or_insert_with(|| out.new_group(&row));
            out.group_of[u] = group;
            let (weight, (lower, upper)) = (size * system.weight(u), system.unit_bounds(u));
            out.weights[group as usize] += weight;
            out.lower[group as usize] += weight * lower;
            out.upper[group as usize] += weight * upper;
        }
        out
    }

    fn new_group(&mut self, row: &[(u32, f64)]) -> u32 {
        let group = self.weights.len() as u32;
        for &(j, a) in row {
            self.entries.0.push(group);
            self.entries.1.push(j);
            self.entries.2.push(a);
        }
        self.weights.push(0.0);
        self.lower.push(0.0);
        self.upper.push(0.0);
        group
    }

    pub fn num_groups(&self) -> usize {
        self.weights.len()
    }

    /// True if some target must be met exactly.
    pub fn has_exact_totals(&self) -> bool {
        self.targets.iter().any(|&j| self.system.lower[j] == self.system.upper[j])
    }

    /// As a linear system in the groups' weights, rows being the targets, with the bounds drawn inwards by `margin`.
    pub fn linear_system(&self, margin: f64) -> Result<LinearSystem, InputError> {
        let (groups, targets, values) = &self.entries;
        let matrix =
            SparseMatrix::from_triples(self.targets.len(), self.num_groups(), targets, groups, values)?;
        let edges = |side: &[f64]| self.targets.iter().map(|&j| side[j]).collect();
        LinearSystem::new(matrix, (edges(&self.system.lower), edges(&self.system.upper)), self.bounds(margin))
    }

    /// Bounds of the groups' weights, drawn inwards by `margin` times their distance (times the weight where there is only
    /// one).
    fn bounds(&self, margin: f64) -> (Vec<f64>, Vec<f64>) {
        let drawn = |g: usize| {
            let range = self.upper[g] - self.lower[g];
            margin * if range.is_finite() { range } else { self.weights[g] }
        };
        (0..self.num_groups()).map(|g| (self.lower[g] + drawn(g), self.upper[g] - drawn(g))).unzip()
    }

    /// As a reweighting problem with the groups for records; the bounds, where there are any, are drawn inwards by `margin`.
    pub fn problem(&self, margin: f64) -> Result<ReweightProblem, InputError> {
        let (groups, targets, values) = &self.entries;
        let matrix =
            SparseMatrix::from_triples(self.num_groups(), self.targets.len(), groups, targets, values)?;
        let named = self.targets.iter().map(|&j| {
            let target = &self.system.problem.targets()[j];
            Target::new(target.name.clone(), target.total).with_scale(self.system.size(j))
        });
        let weights = ndarray::ArrayView1::from(&self.weights);
        let builder = ReweightProblem::builder(matrix, weights, named.collect());
        if !self.system.reach.is_bounded() {
            return builder.build();
        }
        let side = |sums: &[f64]| sums.iter().zip(&self.weights).map(|(s, w)| s / w).collect();
        let (lower, upper) = self.bounds(margin);
        builder.bounds(Bounds::PerRecord { lower: side(&lower), upper: side(&upper) }).build()
    }

    /// Options for its bands, each edge moved inwards by `narrowing` of the width.
    pub fn band_options(&self, weight: BandWeight, narrowing: f64) -> BandOptions {
        let overrides = self.targets.iter().enumerate().map(|(p, &j)| {
            let (lower, upper) = (self.system.lower[j], self.system.upper[j]);
            let moved = narrowing * (upper - lower);
            BandOverride {
                targets: TargetSelector::Index(p),
                band: Some(Band::Between { lower: lower + moved, upper: upper - moved }),
                weight: None,
                optional: false,
            }
        });
        BandOptions { overrides: overrides.collect(), weight, ..BandOptions::default() }
    }

    /// Multipliers of the records (n) from the groups' weights.
    pub fn expand(&self, group_weights: &[f64]) -> Vec<f64> {
        let system = self.system;
        let mut multipliers: Vec<f64> = (0..system.problem.num_records())
            .map(|i| {
                let (lower, upper) = system.multiplier_bounds(i);
                // A unit that counts for nothing may stay where it is, or as near as its bounds let it.
                1.0f64.clamp(lower, upper)
            })
            .collect();
        for (u, &g) in self.group_of.iter().enumerate().filter(|(_, g)| **g != NONE) {
            let (g, (lower, upper)) = (g as usize, system.unit_bounds(u));
            let range = self.upper[g] - self.lower[g];
            let multiplier = if range.is_finite() {
                let share = if range > 0.0 { (group_weights[g] - self.lower[g]) / range } else { 0.0 };
                (lower + share * (upper - lower)).clamp(lower, upper)
            } else {
                (group_weights[g] / self.weights[g]).clamp(lower, upper)
            };
            for &i in system.units.records(u) {
                multipliers[i as usize] = multiplier;
            }
        }
        multipliers
    }

    /// The groups' weights of multipliers of the groups.
    pub fn group_weights(&self, multipliers: &[f64]) -> Vec<f64> {
        multipliers.iter().zip(&self.weights).map(|(m, w)| m * w).collect()
    }

    /// A vector over the targets in force, spread over all (k).
    pub fn spread(&self, y: &[f64]) -> Vec<f64> {
        let mut all = vec![0.0; self.system.lower.len()];
        self.targets.iter().zip(y).for_each(|(&j, y)| all[j] = *y);
        all
    }
}

/// The row of unit `u` over the targets in force: positions ascending, entries of its records added up, zeros dropped.
fn row_of(system: &TargetSystem<'_>, u: usize, position: &[u32], row: &mut Vec<(u32, f64)>) {
    row.clear();
    let records = system.units.records(u);
    for &i in records {
        let (columns, values) = system.problem.matrix.row(i as usize);
        let kept = columns.iter().zip(values).filter(|(j, _)| position[**j as usize] != NONE);
        row.extend(kept.map(|(&j, &a)| (position[j as usize], a)));
    }
    if records.len() > 1 {
        row.sort_by_key(|entry| entry.0);
        row.dedup_by(|next, first| {
            let same = next.0 == first.0;
            if same {
                first.1 += next.1;
            }
            same
        });
    }
    row.retain(|entry| entry.1 != 0.0);
}
