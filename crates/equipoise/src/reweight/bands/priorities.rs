//! Bands by priority: the bands of the first rank are met as far as can be, then as much of the next as these leave room for.
//!
//! The violation of a rank is the sum of squared distances of its (Bᵀm)ⱼ from their bands, in units of the scale and times the
//! importance qⱼ. The vector of distances that is least, given the ranks before, is unique (it belongs to the projection of a convex
//! set), so that widening each band to what was achieved keeps exactly the points that are best so far: the ranks after it then
//! meet hard bands that can hold.
//!
//! A rank that cannot be met is solved with elastic bands of growing weight Mqⱼ beside the hard bands of the earlier ranks. Any
//! multiplier y of such a solve proves that no multipliers do better than
//!
//! ```text
//! violation ≥ (Σ min(loᵢuᵢ, hiᵢuᵢ) − Σ max(lbⱼyⱼ, ubⱼyⱼ))² / Σ yⱼ²/qⱼ      u = By, the last sum over the rank
//! ```
//!
//! if the parenthesis is positive: the dual of the least violation along the ray of y. As M grows y/M tends to the best one linearly
//! in 1/M, so that two solves extrapolate to it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::farkas;
use super::form::BandForm;
use super::options::{Band, BandOptions};
use super::result::BandReweighting;
use super::target_bands::TargetBand;
use crate::control::Control;
use crate::error::InputError;
use crate::numeric::parallel::Workers;
use crate::reweight::problem::ReweightProblem;
use crate::status::Status;

/// The elastic weights tried on a rank that cannot be met, until its violation is proven least.
const WEIGHTS: [f64; 5] = [1e4, 1e6, 1e8, 1e10, 1e12];
/// A violation is proven least once its square root is within this of the bound's, in units of the scale; relative above 1.
const PROVEN: f64 = 1e-8;
/// No larger weight is tried once it is within this.
const ENOUGH: f64 = 1e-11;
/// How far an achieved band is widened, in units of the scale: it otherwise leaves a single point, of which rounding
/// might leave nothing.
const ACHIEVED_SLACK: f64 = 1e-9;

/// What one rank came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RankResult {
    /// The rank, as given.
    pub rank: u32,
    /// Indices of its targets.
    pub targets: Vec<usize>,
    /// Σ qⱼ dist((Bᵀm)ⱼ, bandⱼ)² when the rank was done, in units of the scales.
    pub violation: f64,
    /// No multipliers within their bounds that meet the earlier ranks as achieved have a smaller violation than this: proven.
    pub violation_bound: f64,
    /// True if the violation belongs to a certified answer and is least: |√violation − √bound| ≤ 1e-8 · max(1, √bound).
    pub is_proven: bool,
}

/// An answer by priority.
#[derive(Debug, Clone)]
pub struct PriorityReweighting {
    /// The ranks, in order.
    pub ranks: Vec<RankResult>,
    /// The closest answer to the design weights that meets every band as achieved; its targets show those bands.
    pub answer: BandReweighting,
    /// How far each final total lies outside the band asked for, in units of the total (k).
    pub outside: Vec<f64>,
}

/// One rank's best point: what it achieved and what is proven of it.
struct Achieved {
    answer: BandReweighting,
    violation: f64,
    bound: f64,
}

impl ReweightProblem {
    /// Meets the bands in the order of `ranks` (k, the least first): each rank as far as the earlier ones leave room, then as
    /// close to the design weights as that leaves.
    ///
    /// The elastic weights of the options play no part; importance weighs the targets inside a rank. The answer has the status
    /// `Converged` only if it is certified for the bands as achieved and every rank's violation is proven least.
    ///
    /// # Errors
    /// As [`ReweightProblem::solve_bands`]; `ranks` of another length.
    pub fn solve_bands_by_priority(
        &self,
        options: &BandOptions,
        ranks: &[u32],
    ) -> Result<PriorityReweighting, InputError> {
        self.solve_bands_by_priority_with(options, ranks, &mut Control::default())
    }

    /// [`ReweightProblem::solve_bands_by_priority`] under the caller's control: cancellation, progress.
    ///
    /// # Errors
    /// As [`ReweightProblem::solve_bands_by_priority`].
    pub fn solve_bands_by_priority_with(
        &self,
        options: &BandOptions,
        ranks: &[u32],
        control: &mut Control,
    ) -> Result<PriorityReweighting, InputError> {
        options.validate(self)?;
        if ranks.len() != self.num_targets() {
            return Err(InputError::length("ranks", self.num_targets(), ranks.len()));
        }
        let asked = options.target_bands(self.targets())?;
        control.start_clock(options.time_limit_seconds);
        let workers = Workers::new(options.threads);
        let mut search = Priorities::new(self, options, &workers, &asked);
        let mut results = Vec::new();
        let mut answer = None;
        for rank in ranks.iter().copied().collect::<BTreeSet<u32>>() {
            let targets: Vec<usize> = (0..ranks.len()).filter(|&j| ranks[j] == rank).collect();
            let (result, met) = search.settle_rank(rank, targets, control);
            results.push(result);
            answer = met;
        }
        let mut answer = answer.unwrap_or_else(|| search.solve(&search.bands, control));
        if answer.status == Status::Converged && !results.iter().all(|rank| rank.is_proven) {
            answer.status = Status::NotCertified;
            answer.message = "the violation of a rank is not proven least".into();
        }
        let outside = search.outside(&answer);
        Ok(PriorityReweighting { ranks: results, answer, outside })
    }
}

/// The bands so far: as achieved for the ranks done, without effect for the others.
struct Priorities<'a> {
    problem: &'a ReweightProblem,
    options: &'a BandOptions,
    workers: &'a Workers,
    /// Bands as asked, in units of the totals.
    asked: Vec<(f64, f64)>,
    scale: Vec<f64>,
    bands: Vec<TargetBand>,
}

impl<'a> Priorities<'a> {
    fn new(
        problem: &'a ReweightProblem,
        options: &'a BandOptions,
        workers: &'a Workers,
        asked: &[TargetBand],
    ) -> Self {
        let form = BandForm::new(problem, asked, options, workers);
        let k = problem.num_targets();
        let edge = |j: usize, value: f64| value * form.scale[j];
        let edges = |j: usize| (edge(j, form.lower[j].value.to_f64()), edge(j, form.upper[j].value.to_f64()));
        let exact = |j: usize| match asked[j].band {
            Band::Between { lower, upper } => (lower, upper),
            _ => edges(j),
        };
        let bands = (0..k).map(|j| TargetBand { band: reachable(problem, j), elastic: None }).collect();
        Self {
            problem,
            options,
            workers,
            asked: (0..k).map(exact).collect(),
            scale: form.scale.clone(),
            bands,
        }
    }

    fn solve(&self, bands: &[TargetBand], control: &mut Control) -> BandReweighting {
        self.problem.solve_target_bands(bands, self.options, self.workers, control)
    }

    /// Meets the bands of a rank, or comes as close as can be and widens them to that. The answer is there if it meets them.
    fn settle_rank(
        &mut self,
        rank: u32,
        targets: Vec<usize>,
        control: &mut Control,
    ) -> (RankResult, Option<BandReweighting>) {
        for &j in &targets {
            let (lower, upper) = self.asked[j];
            self.bands[j] = TargetBand { band: Band::Between { lower, upper }, elastic: None };
        }
        let met = self.solve(&self.bands, control);
        if met.status == Status::Converged {
            let result = RankResult { rank, targets, violation: 0.0, violation_bound: 0.0, is_proven: true };
            return (result, Some(met));
        }
        let achieved = self.least_violation(&targets, control);
        self.widen(&achieved.answer);
        let is_proven = achieved.answer.status == Status::Converged
            && is_least(achieved.violation, achieved.bound, PROVEN);
        let (violation, violation_bound) = (achieved.violation, achieved.bound);
        (RankResult { rank, targets, violation, violation_bound, is_proven }, None)
    }

    /// The best of the elastic solves of growing weight, up to the first that is proven least.
    fn least_violation(&self, targets: &[usize], control: &mut Control) -> Achieved {
        let mut best: Option<Achieved> = None;
        // v/M of the solve before, with its 1/M.
        let mut before: Option<(Vec<f64>, f64)> = None;
        for weight in WEIGHTS {
            let mut bands = self.bands.clone();
            for &j in targets {
                bands[j].elastic = Some(weight * self.importance(j));
            }
            let answer = self.solve(&bands, control);
            let direction: Vec<f64> = answer.dual.iter().map(|v| v / weight).collect();
            let mut bound = self.violation_bound(&direction, targets);
            if let Some((other, inverse)) = &before {
                let t = 1.0 / (inverse * weight - 1.0);
                let limit: Vec<f64> = direction.iter().zip(other).map(|(v, w)| v + t * (v - w)).collect();
                bound = bound.max(self.violation_bound(&limit, targets));
            }
            before = Some((direction, 1.0 / weight));
            let violation = self.violation(&answer, targets);
            let proven = answer.status == Status::Converged && is_least(violation, bound, ENOUGH);
            best = Some(match best {
                Some(best) if !improves(&answer, violation, &best) => {
                    Achieved { bound: best.bound.max(bound), ..best }
                }
                Some(best) => Achieved { answer, violation, bound: best.bound.max(bound) },
                None => Achieved { answer, violation, bound },
            });
            if proven || control.must_stop() {
                break;
            }
        }
        best.expect("there is at least one weight")
    }

    /// qⱼ
    fn importance(&self, j: usize) -> f64 {
        self.options.importance.as_ref().map_or(1.0, |values| values[j])
    }

    fn violation(&self, answer: &BandReweighting, targets: &[usize]) -> f64 {
        let outside = self.outside(answer);
        targets.iter().map(|&j| self.importance(j) * (outside[j] / self.scale[j]).powi(2)).sum()
    }

    /// What the dual point v = y ⊘ s proves of the violation of a rank.
    fn violation_bound(&self, v: &[f64], targets: &[usize]) -> f64 {
        let largest = v.iter().zip(&self.scale).map(|(v, s)| (v * s).abs()).fold(0.0, f64::max);
        if largest == 0.0 || !largest.is_finite() {
            return 0.0;
        }
        let direction: Vec<f64> = v.iter().map(|v| v / largest).collect();
        let form = BandForm::new(self.problem, &self.bands, self.options, self.workers);
        let margin = farkas::margin(&form, &direction);
        let square = |j: usize| (direction[j] * self.scale[j]).powi(2) / self.importance(j);
        let squares: f64 = targets.iter().map(|&j| square(j)).sum();
        if margin > 0.0 && squares > 0.0 { margin * margin / squares * (1.0 - 1e-12) } else { 0.0 }
    }

    /// How far each total of an answer lies outside the band asked for.
    fn outside(&self, answer: &BandReweighting) -> Vec<f64> {
        let distance =
            |((lower, upper), after): (&(f64, f64), f64)| (after - upper).max(lower - after).max(0.0);
        self.asked.iter().zip(answer.targets.iter().map(|row| row.after)).map(distance).collect()
    }

    /// Widens every band that `answer` does not meet to what it achieved.
    fn widen(&mut self, answer: &BandReweighting) {
        for (j, row) in answer.targets.iter().enumerate() {
            let slack = ACHIEVED_SLACK * self.scale[j];
            let Band::Between { lower, upper } = self.bands[j].band else { continue };
            let band = Band::Between {
                lower: if row.after < lower { row.after - slack } else { lower },
                upper: if row.after > upper { row.after + slack } else { upper },
            };
            self.bands[j] = TargetBand { band, elastic: None };
        }
    }
}

/// A violation that a certified answer has is least if it is no further than `within` from what is proven, in square roots. (One that
/// lies below the bound by more than rounding belongs to an answer that misses the bands of earlier ranks.)
fn is_least(violation: f64, bound: f64, within: f64) -> bool {
    (violation.sqrt() - bound.sqrt()).abs() <= within * bound.sqrt().max(1.0)
}

/// A certified answer is better than one that is not: that one may buy its violation with the bands of earlier ranks.
fn improves(answer: &BandReweighting, violation: f64, best: &Achieved) -> bool {
    let certified = |answer: &BandReweighting| answer.status == Status::Converged;
    match (certified(answer), certified(&best.answer)) {
        (true, false) => true,
        (false, true) => false,
        _ => violation < best.violation,
    }
}

/// A band that every total within the multipliers' bounds meets.
fn reachable(problem: &ReweightProblem, j: usize) -> Band {
    let (rows, values) = problem.matrix.column(j);
    let (mut least, mut most, mut magnitude) = (0.0, 0.0, 1.0);
    for (&i, a) in rows.iter().zip(values) {
        let (lower, upper) = problem.bounds.of(i as usize);
        let factor = problem.design_weights[i as usize] * a;
        least += (factor * lower).min(factor * upper);
        most += (factor * lower).max(factor * upper);
        magnitude += factor.abs() * lower.abs().max(upper.abs());
    }
    Band::Between { lower: least - magnitude, upper: most + magnitude }
}
