//! The targets as a linear system in the final weights, for the Farkas checker and for what explains a contradiction.
//!
//! The variables are the final weights Wᵤ = w⁰ᵤmᵤ of the units (records, or clusters that share a multiplier), the rows the
//! totals: lⱼ ≤ Σᵤ aᵤⱼWᵤ ≤ uⱼ with A as given, nothing rounded. Intervals that doubles cannot hold are rounded outwards: what
//! contradicts the wider system contradicts the one meant.

use std::collections::HashMap;
use std::sync::Arc;

use super::problem::ReweightProblem;
use crate::certificate::box_residuals::larger;
use crate::certificate::infeasibility::Constraints;
use crate::certificate::linear_system::Edge;
use crate::numeric::dd::Dd;
use crate::numeric::dd_accumulators::Accumulator;
use crate::numeric::sum::CompensatedSum;

/// Which multipliers are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// lo ≤ m ≤ hi
    Within,
    /// lo < m < hi
    StrictlyWithin,
    /// m > 0
    Positive,
    /// Any.
    Free,
}

impl Reach {
    /// True if the multipliers lie between finite bounds.
    pub fn is_bounded(self) -> bool {
        matches!(self, Self::Within | Self::StrictlyWithin)
    }

    /// True if the bounds are not attained.
    pub fn is_open(self) -> bool {
        matches!(self, Self::StrictlyWithin | Self::Positive)
    }
}

/// The records of each unit.
#[derive(Debug)]
pub(super) struct Units {
    starts: Vec<u32>,
    records: Vec<u32>,
}

impl Units {
    /// Each record on its own.
    pub fn single(num_records: usize) -> Self {
        let records = 0..num_records as u32;
        Self { starts: (0..=num_records as u32).collect(), records: records.collect() }
    }

    /// Records of one cluster together, in the order of the clusters' first records.
    pub fn clusters(clusters: &[u32]) -> Self {
        // Looked up only: its order of iteration decides nothing.
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        let unit_of: Vec<u32> = (clusters.iter())
            .map(|&cluster| {
                let next = numbers.len() as u32;
                *numbers.entry(cluster).or_insert(next)
            })
            .collect();
        let num_units = numbers.len();
        let mut starts = vec![0u32; num_units + 1];
        unit_of.iter().for_each(|&u| starts[u as usize + 1] += 1);
        for u in 0..num_units {
            starts[u + 1] += starts[u];
        }
        let mut next = starts.clone();
        let mut records = vec![0u32; unit_of.len()];
        for (i, &u) in unit_of.iter().enumerate() {
            records[next[u as usize] as usize] = i as u32;
            next[u as usize] += 1;
        }
        Self { starts, records }
    }

    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Records of unit `u`, ascending.
    #[inline]
    pub fn records(&self, u: usize) -> &[u32] {
        &self.records[self.starts[u] as usize..self.starts[u + 1] as usize]
    }
}

/// The system; an edge that is not in force is infinite.
#[derive(Debug, Clone)]
pub(super) struct TargetSystem<'a> {
    pub problem: &'a ReweightProblem,
    pub reach: Reach,
    /// Least acceptable totals (k).
    pub lower: Vec<f64>,
    /// Largest acceptable totals (k).
    pub upper: Vec<f64>,
    pub units: Arc<Units>,
}

impl<'a> TargetSystem<'a> {
    /// With the totals between the edges `lower` and `upper`.
    pub fn new(
        problem: &'a ReweightProblem,
        reach: Reach,
        (lower, upper): (Vec<f64>, Vec<f64>),
        units: Units,
    ) -> Self {
        Self { problem, reach, lower, upper, units: Arc::new(units) }
    }

    /// The same system with only these targets in force.
    pub fn restricted_to(&self, targets: &[usize]) -> Self {
        let k = self.lower.len();
        let (mut lower, mut upper) = (vec![f64::NEG_INFINITY; k], vec![f64::INFINITY; k]);
        for &j in targets {
            (lower[j], upper[j]) = (self.lower[j], self.upper[j]);
        }
        Self { lower, upper, units: self.units.clone(), ..*self }
    }

    /// The same system with edge `edge` of target j moved outwards by `amount(j, edge)`.
    pub fn widened(&self, amount: impl Fn(usize, Edge) -> f64) -> Self {
        let mut out = self.clone();
        for j in 0..self.lower.len() {
            out.lower[j] -= amount(j, Edge::Lower);
            out.upper[j] += amount(j, Edge::Upper);
        }
        out
    }

    /// |tⱼ|, 1 for a total of 0: what a change of the target is measured against.
    pub fn size(&self, j: usize) -> f64 {
        let total = self.problem.targets[j].total.abs();
        if total == 0.0 { 1.0 } else { total }
    }

    /// Targets with an edge in force.
    pub fn targets(&self) -> Vec<usize> {
        (0..self.lower.len()).filter(|&j| self.lower[j].is_finite() || self.upper[j].is_finite()).collect()
    }

    pub fn edge(&self, j: usize, edge: Edge) -> f64 {
        match edge {
            Edge::Lower => self.lower[j],
            Edge::Upper => self.upper[j],
        }
    }

    /// Design weight of unit `u`.
    #[inline]
    pub fn weight(&self, u: usize) -> f64 {
        self.problem.design_weights[self.units.records(u)[0] as usize]
    }

    /// Bounds of the multiplier of record `i`, as the reach says.
    #[inline]
    pub fn multiplier_bounds(&self, i: usize) -> (f64, f64) {
        match self.reach {
            Reach::Within | Reach::StrictlyWithin => self.problem.bounds.of(i),
            Reach::Positive => (0.0, f64::INFINITY),
            Reach::Free => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// Bounds of the multiplier of unit `u`.
    #[inline]
    pub fn unit_bounds(&self, u: usize) -> (f64, f64) {
        self.multiplier_bounds(self.units.records(u)[0] as usize)
    }

    /// The total of target j at these multipliers (n).
    pub fn total(&self, j: usize, multipliers: &[f64]) -> Dd {
        let (records, values) = self.problem.matrix.column(j);
        let mut sum = Accumulator::default();
        for (&i, &a) in records.iter().zip(values) {
            let weight = Dd::product(self.problem.design_weights[i as usize], multipliers[i as usize]);
            sum.add_product(a, weight.high, weight.low);
        }
        sum.value()
    }

    /// The largest distance of a total from its interval, relative to max(1, |edge|); infinite where a multiplier is not
    /// allowed.
    pub fn violation(&self, multipliers: &[f64]) -> f64 {
        let allowed = |(i, &m): (usize, &f64)| {
            let (lower, upper) = self.multiplier_bounds(i);
            if self.reach.is_open() { lower < m && m < upper } else { lower <= m && m <= upper }
        };
        if !multipliers.iter().enumerate().all(allowed) {
            return f64::INFINITY;
        }
        let of = |j: usize| {
            let total = self.total(j, multipliers);
            let outside = |edge: f64, distance: Dd| {
                if edge.is_infinite() { 0.0 } else { distance.to_f64() / edge.abs().max(1.0) }
            };
            let below = outside(self.lower[j], Dd::from(self.lower[j]) - total);
            let above = outside(self.upper[j], total - Dd::from(self.upper[j]));
            larger(below, above)
        };
        self.targets().into_iter().map(of).fold(0.0, larger)
    }

    /// The least and the greatest total of target j, in doubles.
    pub fn extremes(&self, j: usize) -> (f64, f64) {
        let (mut least, mut greatest) = (CompensatedSum::default(), CompensatedSum::default());
        let (records, values) = self.problem.matrix.column(j);
        for (&i, &a) in records.iter().zip(values) {
            let (lower, upper) = self.multiplier_bounds(i as usize);
            let weight = a * self.problem.design_weights[i as usize];
            let (at_lower, at_upper) = (weight * lower, weight * upper);
            least.add(at_lower.min(at_upper));
            greatest.add(at_lower.max(at_upper));
        }
        (least.value(), greatest.value())
    }
}

impl Constraints for TargetSystem<'_> {
    fn num_rows(&self) -> usize {
        self.lower.len()
    }

    fn num_columns(&self) -> usize {
        self.units.len()
    }

    fn row_interval(&self, j: usize) -> (f64, f64) {
        (self.lower[j], self.upper[j])
    }

    fn column_interval(&self, u: usize) -> (f64, f64) {
        let (lower, upper) = self.unit_bounds(u);
        let weight = self.weight(u);
        // A rounded product is widened unless it is exact.
        let outwards = |bound: f64, next: fn(f64) -> f64| {
            let product = weight * bound;
            if !product.is_finite() || Dd::product(weight, bound).low == 0.0 {
                product
            } else {
                next(product)
            }
        };
        (outwards(lower, f64::next_down), outwards(upper, f64::next_up))
    }

    fn for_each_term(&self, u: usize, mut term: impl FnMut(usize, f64)) {
        for &i in self.units.records(u) {
            let (columns, values) = self.problem.matrix.row(i as usize);
            columns.iter().zip(values).for_each(|(&j, &a)| term(j as usize, a));
        }
    }

    fn bounds_are_open(&self) -> bool {
        self.reach.is_open()
    }
}
