//! The band form and its dual, evaluated from the data as given.
//!
//! With Bᵢⱼ = w⁰ᵢAᵢⱼ/sⱼ (sⱼ = |tⱼ| unless given, 1 for a total of 0) and the band [lbⱼ, ubⱼ] of (Bᵀm)ⱼ:
//!
//! ```text
//! min P(m) = Σ dᵢ(mᵢ − 1)² + Σ Mⱼ dist((Bᵀm)ⱼ, [lbⱼ, ubⱼ])²      lo ≤ m ≤ hi
//! min φ(y) = Σ hᵢ((By)ᵢ) + Σ [max(lbⱼyⱼ, ubⱼyⱼ) + yⱼ²/(4Mⱼ)]      hᵢ' = −mᵢ(y) = −clip(1 − (By)ᵢ/(2dᵢ))
//! ```
//!
//! yⱼ > 0: the upper edge presses; yⱼ < 0: the lower. Mⱼ = ∞ (a hard band) drops the last term. For any subgradient g of
//! φ at y, since clip is firmly non-expansive,
//!
//! ```text
//! g·(y − y*) ≥ 2 Σ dᵢ(mᵢ(y) − mᵢ*)² + Σ (yⱼ − yⱼ*)²/(2Mⱼ)     hence     Σ dᵢ(mᵢ(y) − mᵢ*)² ≤ Σ Mⱼgⱼ²/4
//! ```
//!
//! B is never formed: with v = y ⊘ s, (By)ᵢ = w⁰ᵢ(Av)ᵢ and Bᵀm = (Aᵀ(w⁰∘m)) ⊘ s.

use super::options::{Band, BandOptions};
use super::target_bands::TargetBand;
use crate::numeric::dd::{DD_EPSILON, Dd, Uncertain};
use crate::numeric::dd_accumulators::{PairAccumulator, RowSum, TripleAccumulator};
use crate::numeric::parallel::Workers;
use crate::reweight::common_design::CommonDesign;
use crate::reweight::dual_evaluation::{DualEvaluation, RecordTerms};
use crate::reweight::problem::{Bounds, ReweightProblem};

/// A residual that moves no record by more than this asks for no better evaluation: far below half an ulp of 1, 1.1e-16.
const SETTLED_RESIDUAL: f64 = 1e-18;

/// A problem with its bands: the operators of the primal and the dual.
pub(super) struct BandForm<'a> {
    pub problem: &'a ReweightProblem,
    pub workers: &'a Workers,
    /// sⱼ > 0
    pub scale: Vec<f64>,
    /// lbⱼ; the error is that of forming it from the total and the tolerance.
    pub lower: Vec<Uncertain>,
    /// ubⱼ
    pub upper: Vec<Uncertain>,
    /// The total that the band asks for, where it is a single value exactly.
    pub single_value: Vec<Option<f64>>,
    /// dᵢ; `None` means 1 for each.
    distance_weights: Option<&'a [f64]>,
    pub smallest_distance_weight: f64,
    /// Mⱼ; `None` means ∞.
    pub elastic: Vec<Option<f64>>,
    /// True if some band must hold.
    pub has_hard: bool,
}

/// A dual point with everything that the certificate needs of it.
pub(super) struct BandEvaluation {
    /// m(y) and g, the subgradient of least norm.
    pub dual: DualEvaluation,
    /// (Bᵀm(y))ⱼ
    pub reached: Vec<Uncertain>,
    /// Bound on the error of gⱼ (k).
    pub residual_error: Vec<f64>,
    /// Upper bound on Σ Mⱼgⱼ²; ∞ where a hard target has gⱼ ≠ 0.
    pub weighted_square: f64,
}

impl<'a> BandForm<'a> {
    /// The form of a problem with one band per target (k).
    pub fn new(
        problem: &'a ReweightProblem,
        bands: &[TargetBand],
        options: &'a BandOptions,
        workers: &'a Workers,
    ) -> Self {
        let (mut scales, mut lower, mut upper) = (Vec::new(), Vec::new(), Vec::new());
        let mut single_value = Vec::new();
        for (target, TargetBand { band, .. }) in problem.targets().iter().zip(bands) {
            let default = if target.total == 0.0 { 1.0 } else { target.total.abs() };
            let scale = target.scale.map_or(default, f64::abs);
            let total = Dd::from(target.total);
            let (low, high) = match *band {
                Band::Between { lower, upper } => (Dd::from(lower), Dd::from(upper)),
                Band::Absolute(width) => (total - Dd::from(width), total + Dd::from(width)),
                Band::Relative(tolerance) => {
                    let width = Dd::product(tolerance, target.total.abs());
                    (total - width, total + width)
                }
            };
            let edge = |value: Dd| {
                let magnitude = 2.0 * (value.high.abs() + target.total.abs()) / scale;
                Uncertain { value: value.over(scale), error: 4.0 * DD_EPSILON * magnitude }
            };
            single_value.push(match *band {
                Band::Between { lower, upper } if lower == upper => Some(lower),
                Band::Absolute(0.0) | Band::Relative(0.0) => Some(target.total),
                _ => None,
            });
            scales.push(scale);
            lower.push(edge(low));
            upper.push(edge(high));
        }
        let distance_weights = options.distance_weights.as_deref();
        Self {
            problem,
            workers,
            scale: scales,
            lower,
            upper,
            single_value,
            smallest_distance_weight: distance_weights
                .map_or(1.0, |d| d.iter().copied().fold(f64::INFINITY, f64::min)),
            distance_weights,
            elastic: bands.iter().map(|band| band.elastic).collect(),
            has_hard: bands.iter().any(|band| band.elastic.is_none()),
        }
    }

    pub fn num_records(&self) -> usize {
        self.problem.num_records()
    }

    /// w⁰ᵢ/(2dᵢ), so that zᵢ − 1 = −ratioᵢ(Av)ᵢ
    #[inline(always)]
    pub fn ratio(&self, i: usize) -> f64 {
        let half = 0.5 * self.problem.design_weights[i];
        self.distance_weights.map_or(half, |d| half / d[i])
    }

    pub fn num_targets(&self) -> usize {
        self.problem.num_targets()
    }

    /// Facts about the design weights over a factor, and this factor; none where distance weights differ.
    pub fn common_design(&self) -> Option<(&CommonDesign, f64)> {
        let (common, scale) = self.problem.common.as_ref()?;
        self.distance_weights.is_none().then_some((common, *scale))
    }

    /// True if a multiplier of 1 is strictly inside the bounds of every record.
    pub fn all_records_start_free(&self) -> bool {
        let holds_one = |lower: f64, upper: f64| lower < 1.0 && 1.0 < upper;
        match &self.problem.bounds {
            Bounds::Uniform { lower, upper } => holds_one(*lower, *upper),
            Bounds::PerRecord { lower, upper } => lower.iter().zip(upper).all(|(l, u)| holds_one(*l, *u)),
        }
    }

    /// dᵢ
    #[inline(always)]
    pub fn distance_weight(&self, i: usize) -> f64 {
        self.distance_weights.map_or(1.0, |d| d[i])
    }

    /// 1/(2Mⱼ)
    pub fn half_inverse_elastic(&self, j: usize) -> f64 {
        self.elastic[j].map_or(0.0, |weight| 0.5 / weight)
    }

    /// True where the band of target j must hold.
    pub fn is_hard(&self, j: usize) -> bool {
        self.elastic[j].is_none()
    }

    /// Evaluates the dual point y = s ∘ v. The answer to bound is `given`, or m(y) rounded. Row products are summed in two levels,
    /// and in three where that leaves more than [`SETTLED_RESIDUAL`].
    pub fn evaluate_dual(&self, v: &[Dd], given: Option<&[f64]>, out: &mut BandEvaluation) {
        self.evaluate_dual_by::<PairAccumulator>(v, given, out);
        if !self.is_settled(out) {
            self.evaluate_dual_by::<TripleAccumulator>(v, given, out);
        }
    }

    /// True if the residual leaves no record more than [`SETTLED_RESIDUAL`] from the optimum.
    pub fn is_settled(&self, evaluation: &BandEvaluation) -> bool {
        evaluation.residual_distance(self.smallest_distance_weight) <= SETTLED_RESIDUAL
    }

    /// [`BandForm::evaluate_dual`] with row products summed by `S`.
    pub fn evaluate_dual_by<S: RowSum>(&self, v: &[Dd], given: Option<&[f64]>, out: &mut BandEvaluation) {
        out.dual.evaluate_records::<S>(self, v, given);
        let sums = out.dual.moved_totals(self);
        let (mut squared_bound, mut weighted_square) = (0.0, 0.0);
        for (j, sum) in sums.iter().enumerate() {
            let reached = self.reached(j, sum);
            let (g, error) = self.subgradient(j, v[j], reached);
            let bound = (g.abs() * (1.0 + f64::EPSILON) + error) * (1.0 + 1e-9);
            squared_bound += bound * bound;
            if bound != 0.0 {
                weighted_square += self.elastic[j].map_or(f64::INFINITY, |m| m * bound * bound);
            }
            out.dual.residual[j] = g;
            out.residual_error[j] = error;
            out.reached[j] = reached;
        }
        out.dual.residual_bound = squared_bound.sqrt() * (1.0 + 1e-9);
        out.weighted_square = weighted_square * (1.0 + 1e-9);
    }

    /// (Bᵀm)ⱼ from Σᵢ Aᵢⱼw⁰ᵢ(mᵢ − 1).
    fn reached(&self, j: usize, moved: &Uncertain) -> Uncertain {
        let moments = &self.problem.moments;
        let before = moments.before[j];
        let value = before + moved.value;
        let magnitude = before.high.abs() + moved.value.high.abs();
        // The error of the initial miss covers that of the total at the design weights.
        let before_error = moments.initial_miss[j].error * moments.scale[j].high.abs() * (1.0 + 1e-9);
        self.scaled(j, &Uncertain { value, error: before_error + moved.error + DD_EPSILON * magnitude })
    }

    /// A sum Σᵢ Aᵢⱼxᵢ divided by sⱼ.
    fn scaled(&self, j: usize, sum: &Uncertain) -> Uncertain {
        let value = sum.value.over(self.scale[j]);
        let error = sum.error / self.scale[j] + DD_EPSILON * value.high.abs();
        Uncertain { value, error: error * (1.0 + 1e-9) }
    }

    /// The element of least magnitude of ∂φ/∂yⱼ at y = sⱼvⱼ, with a bound on its error.
    fn subgradient(&self, j: usize, v: Dd, reached: Uncertain) -> (f64, f64) {
        let (lower, upper) = (self.lower[j], self.upper[j]);
        if v == Dd::ZERO {
            let above = (upper.value - reached.value).to_f64();
            let below = (lower.value - reached.value).to_f64();
            let error = |edge: Uncertain| {
                edge.error + reached.error + DD_EPSILON * (edge.value.high.abs() + reached.value.high.abs())
            };
            // Within rounding of the edge the point may lie outside by that much.
            let excess = |distance: f64, error: f64| (error - distance).max(0.0).min(error);
            if above < 0.0 {
                return (above, error(upper));
            }
            if below > 0.0 {
                return (below, error(lower));
            }
            return (0.0, excess(above, error(upper)).max(excess(-below, error(lower))));
        }
        let edge = if v > Dd::ZERO { upper } else { lower };
        let slack = match self.elastic[j] {
            Some(weight) => v.times(self.scale[j]).over(weight).times(0.5),
            None => Dd::ZERO,
        };
        let g = (slack + edge.value - reached.value).to_f64();
        let magnitude = slack.high.abs() + edge.value.high.abs() + reached.value.high.abs();
        (g, edge.error + reached.error + 4.0 * DD_EPSILON * magnitude)
    }

    /// (Bᵀm)ⱼ of given multipliers, and the totals reached.
    pub fn totals(&self, multipliers: &[f64]) -> (Vec<Uncertain>, Vec<Dd>) {
        let weights = &self.problem.design_weights;
        let epsilon = self.problem.matrix.dd_summation_error();
        let weighted = |i: usize| {
            let value = Dd::product(weights[i], multipliers[i]);
            Uncertain { value, error: epsilon * value.high.abs() }
        };
        let sums = self.problem.matrix.transposed_times_dd_of(weighted, self.workers);
        let scaled = sums.iter().enumerate().map(|(j, sum)| self.scaled(j, sum)).collect();
        (scaled, sums.into_iter().map(|sum| sum.value).collect())
    }
}

impl BandEvaluation {
    pub fn new(form: &BandForm<'_>) -> Self {
        let k = form.num_targets();
        Self {
            dual: DualEvaluation::new(form),
            reached: vec![Uncertain::default(); k],
            residual_error: vec![0.0; k],
            weighted_square: f64::INFINITY,
        }
    }

    /// √ΣMⱼgⱼ²/(2√d): how far m(y) may be off where the distance weight is d, rounded up.
    pub fn residual_distance(&self, distance_weight: f64) -> f64 {
        0.5 * (self.weighted_square / distance_weight).sqrt() * (1.0 + 1e-12)
    }
}

impl RecordTerms for BandForm<'_> {
    fn problem(&self) -> &ReweightProblem {
        self.problem
    }

    fn workers(&self) -> &Workers {
        self.workers
    }

    /// zᵢ − 1 = −w⁰ᵢ(Av)ᵢ/(2dᵢ)
    #[inline(always)]
    fn unclipped(&self, i: usize, product: Dd, summation_error: f64) -> Uncertain {
        let (weight, d) = (self.problem.design_weights[i], 2.0 * self.distance_weight(i));
        let inverse = 1.0 / d;
        let unclipped = -product.times(weight).over_by(d, inverse);
        let error =
            (1.0 + 1e-9) * (summation_error * weight * inverse + 3.0 * DD_EPSILON * unclipped.high.abs());
        Uncertain { value: unclipped, error }
    }

    #[inline(always)]
    fn curvature(&self, i: usize) -> f64 {
        self.distance_weight(i)
    }
}
