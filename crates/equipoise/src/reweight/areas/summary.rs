//! What a batch adds up to: statuses, missed targets, multipliers, one digest. Everything is counted in integers or in the order of
//! the areas, so that it does not depend on the order in which they end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::exhaustion::{Exhaustion, ExhaustionTable, fixed, float};
use super::plan::Plan;
use super::result::{AreaResult, AreaStatus, misses};
use crate::numeric::digest::Digest;

/// Edges of the classes in which multipliers are counted; an edge belongs to the class above it.
pub const MULTIPLIER_EDGES: [f64; 15] =
    [0.0, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25, 1.5, 2.0, 5.0, 10.0];
/// Areas named as the worst.
const NUM_WORST: usize = 10;

/// A whole batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AreasSummary {
    /// Number of areas by status; statuses that do not occur are left out.
    pub statuses: BTreeMap<AreaStatus, usize>,
    /// True if every area has a certified answer.
    pub all_converged: bool,
    /// One row per area, in the order given.
    pub areas: Vec<AreaRow>,
    /// One row per target of the problem.
    pub targets: Vec<TargetSummary>,
    /// Every target that an area with an answer misses, by area, then target.
    pub missed: Vec<Missed>,
    /// Up to ten areas that deserve a look, the worst first: those without a certified answer, then by the largest miss.
    pub worst: Vec<usize>,
    /// Multipliers of the certified answers.
    pub multipliers: MultiplierCounts,
    /// Exhaustion by the certified answers.
    pub exhaustion: ExhaustionTable,
    /// The exhaustion of each record (n).
    #[serde(skip)]
    pub exhaustion_by_record: Vec<f64>,
    /// How many times the areas were solved again to meet the exhaustion cap.
    pub rounds: u32,
    /// Digest of (key, digest) of every area, sorted by key: see [`digest_of_areas`].
    pub digest: String,
    /// Seconds that the batch took.
    pub seconds: f64,
}

/// One area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AreaRow {
    /// Its key.
    pub key: String,
    /// How it ended.
    pub status: AreaStatus,
    /// The status in words.
    pub message: String,
    /// The round of its result (see [`AreaResult::round`]).
    pub round: u32,
    /// Digest of its multipliers, if it has an answer.
    pub digest: Option<String>,
    /// Certified bound on the distance of its multipliers from the optimum; `None` without one.
    pub distance_bound: Option<f64>,
    /// Targets that it has.
    pub num_targets: usize,
    /// Targets that it misses.
    pub num_missed: usize,
    /// Its largest miss, however small; `None` without an answer.
    pub largest_miss: Option<Missed>,
    /// Least, median and largest multiplier.
    pub multipliers: Option<[f64; 3]>,
    /// Kish's design effect of its final weights.
    pub design_effect: Option<f64>,
    /// Σ w
    pub sum_of_weights: Option<f64>,
    /// Iterations of the method that made the answer.
    pub iterations: u32,
    /// Seconds that it took.
    pub seconds: f64,
}

/// One target over all areas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetSummary {
    /// Its name.
    pub name: String,
    /// Areas with an answer that have it.
    pub num_areas: usize,
    /// Those that miss it.
    pub num_missed: usize,
    /// The largest miss, however small; `None` if no area with an answer has the target.
    pub largest_miss: Option<Missed>,
}

/// How far an area misses a target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Missed {
    /// Index of the area.
    pub area: usize,
    /// Index of the target in the problem.
    pub target: usize,
    /// How far outside its band (in the other forms: off its total), as a fraction of |total|; as it is, where the total is 0.
    pub miss: f64,
}

/// How many multipliers fall into each class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MultiplierCounts {
    /// [`MULTIPLIER_EDGES`]
    pub edges: Vec<f64>,
    /// Multipliers below the first edge, between neighbouring edges, and from the last edge on: one more than edges.
    pub counts: Vec<u64>,
    /// Least multiplier; `None` if there are none at all.
    pub minimum: Option<f64>,
    /// Largest multiplier.
    pub maximum: Option<f64>,
    /// Mean multiplier.
    pub mean: Option<f64>,
}

impl MultiplierCounts {
    fn new() -> Self {
        let edges = MULTIPLIER_EDGES.to_vec();
        let counts = vec![0; edges.len() + 1];
        Self { edges, counts, minimum: None, maximum: None, mean: None }
    }
}

/// What one round adds up, in any order.
pub(super) struct Tally {
    pub exhaustion: Exhaustion,
    multipliers: MultiplierCounts,
    sum_of_multipliers: i128,
}

impl Tally {
    pub fn new(num_records: usize) -> Self {
        Self {
            exhaustion: Exhaustion::of_records(num_records),
            multipliers: MultiplierCounts::new(),
            sum_of_multipliers: 0,
        }
    }

    /// Adds a result, if it is certified.
    pub fn add(&mut self, plan: &Plan<'_>, result: &AreaResult) {
        let (AreaStatus::Converged, Some(answer)) = (result.status, &result.answer) else { return };
        let (weights, multipliers) = (contiguous(answer.weights()), contiguous(answer.multipliers()));
        let records = plan.areas[result.index].area.records.as_deref();
        self.exhaustion.add_valid(&plan.problem.design_weights, weights, records);
        let counted = &mut self.multipliers;
        for &m in multipliers {
            counted.counts[MULTIPLIER_EDGES.partition_point(|edge| *edge <= m)] += 1;
            counted.minimum = Some(counted.minimum.map_or(m, |least| least.min(m)));
            counted.maximum = Some(counted.maximum.map_or(m, |largest| largest.max(m)));
            self.sum_of_multipliers += fixed(m);
        }
    }

    fn multipliers(&self) -> MultiplierCounts {
        let number: u64 = self.multipliers.counts.iter().sum();
        let mean = (number > 0).then(|| float(self.sum_of_multipliers) / number as f64);
        MultiplierCounts { mean, ..self.multipliers.clone() }
    }
}

/// The values of a vector that a solver made.
pub(super) fn contiguous(vector: &ndarray::Array1<f64>) -> &[f64] {
    vector.as_slice().expect("a vector of the solver's own is contiguous")
}

/// The latest result of an area, without its vectors.
#[derive(Clone)]
pub(super) struct Entry {
    row: AreaRow,
    /// How far each target that the area keeps is missed; none without an answer.
    misses: Vec<f64>,
}

impl Entry {
    pub fn unsolved(plan: &Plan<'_>, index: usize) -> Self {
        let planned = &plan.areas[index];
        let status = AreaStatus::NotSolved;
        let row = AreaRow {
            key: planned.area.key.clone(),
            status,
            message: status.sentence().into(),
            round: 0,
            digest: None,
            distance_bound: None,
            num_targets: plan.kept(planned).len(),
            num_missed: 0,
            largest_miss: None,
            multipliers: None,
            design_effect: None,
            sum_of_weights: None,
            iterations: 0,
            seconds: 0.0,
        };
        Self { row, misses: Vec::new() }
    }

    pub fn status(&self) -> AreaStatus {
        self.row.status
    }

    pub fn of(plan: &Plan<'_>, result: &AreaResult) -> Self {
        let mut entry = Self::unsolved(plan, result.index);
        let row = &mut entry.row;
        (row.status, row.round, row.seconds) = (result.status, result.round, result.seconds);
        row.message.clone_from(&result.message);
        let Some(answer) = &result.answer else { return entry };
        entry.misses = misses(answer);
        let distribution = answer.distribution();
        let median =
            distribution.quantiles.iter().find(|q| q.probability == 0.5).map_or(f64::NAN, |q| q.value);
        row.largest_miss = largest(located(plan, result.index, &entry.misses));
        row.digest = Some(answer.digest().to_string());
        row.distance_bound = Some(answer.distance_bound()).filter(|bound| bound.is_finite());
        row.num_missed = entry.misses.iter().filter(|miss| **miss > plan.options.miss_tolerance).count();
        row.multipliers = Some([distribution.minimum, median, distribution.maximum]);
        row.design_effect = Some(distribution.design_effect);
        row.sum_of_weights = Some(distribution.sum_of_weights_after);
        row.iterations = answer.iterations();
        entry
    }
}

/// The misses of an area with the targets that they are of.
fn located<'a>(plan: &'a Plan<'_>, area: usize, misses: &'a [f64]) -> impl Iterator<Item = Missed> + 'a {
    let kept = plan.kept(&plan.areas[area]);
    kept.iter().zip(misses).map(move |(&target, &miss)| Missed { area, target: target as usize, miss })
}

/// The misses of all areas, by area, then target.
fn all_misses<'a>(plan: &'a Plan<'_>, entries: &'a [Entry]) -> impl Iterator<Item = Missed> + 'a {
    entries.iter().enumerate().flat_map(|(area, entry)| located(plan, area, &entry.misses))
}

/// The largest miss: the first of equals.
fn largest(misses: impl Iterator<Item = Missed>) -> Option<Missed> {
    misses.reduce(|a, b| if b.miss > a.miss { b } else { a })
}

impl AreasSummary {
    pub(super) fn new(
        plan: &Plan<'_>,
        entries: Vec<Entry>,
        tally: &Tally,
        rounds: u32,
        seconds: f64,
    ) -> Self {
        let mut statuses = BTreeMap::new();
        for entry in &entries {
            *statuses.entry(entry.row.status).or_insert(0) += 1;
        }
        let missed = all_misses(plan, &entries).filter(|m| m.miss > plan.options.miss_tolerance).collect();
        let targets = target_summaries(plan, &entries);
        let areas: Vec<AreaRow> = entries.into_iter().map(|entry| entry.row).collect();
        Self {
            all_converged: areas.iter().all(|row| row.status == AreaStatus::Converged),
            statuses,
            targets,
            missed,
            worst: worst(&areas),
            multipliers: tally.multipliers(),
            exhaustion: tally.exhaustion.table(plan.options.exhaustion_cap),
            exhaustion_by_record: tally.exhaustion.values(),
            rounds,
            digest: digest_of_areas(areas.iter().map(|row| (row.key.as_str(), row.digest.as_deref())))
                .to_string(),
            areas,
            seconds,
        }
    }
}

fn target_summaries(plan: &Plan<'_>, entries: &[Entry]) -> Vec<TargetSummary> {
    let mut of_target: Vec<Vec<Missed>> = vec![Vec::new(); plan.problem.num_targets()];
    for miss in all_misses(plan, entries) {
        of_target[miss.target].push(miss);
    }
    (plan.problem.targets.iter().zip(of_target))
        .map(|(target, misses)| TargetSummary {
            name: target.name.clone(),
            num_areas: misses.len(),
            num_missed: misses.iter().filter(|m| m.miss > plan.options.miss_tolerance).count(),
            largest_miss: largest(misses.into_iter()),
        })
        .collect()
}

/// Areas without a certified answer, then areas that miss a target, by their largest miss.
fn worst(areas: &[AreaRow]) -> Vec<usize> {
    let miss = |a: &usize| areas[*a].largest_miss.map_or(0.0, |m| m.miss);
    let failed = |a: &usize| areas[*a].status != AreaStatus::Converged;
    let mut order: Vec<usize> = (0..areas.len()).filter(|a| failed(a) || areas[*a].num_missed > 0).collect();
    order.sort_by(|a, b| failed(b).cmp(&failed(a)).then(miss(b).total_cmp(&miss(a))));
    order.truncate(NUM_WORST);
    order
}

/// FNV-1a 64 over `key`, a zero byte, the digest of the area's multipliers as text (nothing without an answer) and a line feed
/// for every area, sorted by key.
pub fn digest_of_areas<'a>(areas: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Digest {
    let mut sorted: Vec<_> = areas.into_iter().collect();
    sorted.sort_unstable();
    let mut digest = Digest::default();
    for (key, of_area) in sorted {
        digest.add_bytes(key.as_bytes());
        digest.add_bytes(&[0]);
        digest.add_bytes(of_area.unwrap_or_default().as_bytes());
        digest.add_bytes(b"\n");
    }
    digest
}
