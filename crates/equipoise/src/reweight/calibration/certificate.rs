//! The certificate of a calibration: what an answer is worth, from the data and the dual point λ alone.
//!
//! * *Totals*: the misses of the multipliers as returned, in double-double.
//! * *Gap*: at ĝ = F(q(Aλ)) the Fenchel–Young terms vanish; for the multipliers returned each is at most 2(w/q)(g − ĝ)²/F′ (see
//!   `divergence_bound`), and the misses add |λⱼ·missⱼ| (exact) or Cⱼ(missⱼ + λⱼ/Cⱼ)²/2 (relaxed): a bound on |P − D| without cancellation.
//! * *Distance*: let r be the dual gradient at λ, H = Aᵀ diag(wqF′)A + diag(1/C) and LLᵀ its factor, with H ≥ LLᵀ/2 after
//!   rounding, and ε = ‖L⁻¹r‖. On the ball ‖Lᵀδ‖ ≤ 4ε each v moves by at most τᵤ = 4εqᵤ‖L⁻¹aᵤ‖. Where that changes no F′ by more
//!   than a factor 2 (|F″/F′|·τ ≤ log 2; no record of the truncated distance that counts in H meets a bound), the Hessian stays
//!   above LLᵀ/4, so that the gradient points inward on the whole sphere: the maximiser of the dual lies inside, and
//!   |gᵤ − gᵤ*| ≤ 2F′ᵤτᵤ. This needs no global modulus of convexity, and so holds for raking and sinh too. ‖L⁻¹aᵤ‖ is bounded
//!   by the leverage, w q F′ aᵀH⁻¹a ≤ 1, and by Σⱼ|aᵤⱼ|‖L⁻¹eⱼ‖.
//!
//! Targets that depend on others (`dependent` in the rows) are taken as implied by them: for these the bound on the distance
//! supposes that their totals are consistent, and the misses say how nearly they are. A target that depends on others only
//! because the records that would tell them apart are at their bounds must be met to the rounding of pairs, or nothing is
//! proven.

use serde::{Deserialize, Serialize};

use super::form::{ExactEvaluation, Form, larger};
use super::options::Distance;
use super::pivoted::PivotedCholesky;
use crate::numeric::dd::{DD_EPSILON, Dd, Uncertain};
use crate::numeric::sum::CompensatedSum;

/// A residual below this multiple of its target's magnitude is the rounding of pairs.
const HELD: f64 = 1e-28;

/// Every number of the check. All are for the doubles returned, not for the pairs behind them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalibrationCertificate {
    /// P(g) = Σ w⁰ᵢ/qᵢ G(gᵢ), plus the cost of relaxed totals.
    pub objective: f64,
    /// Σ Cⱼ(Aᵀw − t)ⱼ²/2 over the relaxed totals.
    pub relaxation_cost: f64,
    /// Upper bound on |P(g) − D(λ)|.
    pub duality_gap: f64,
    /// The gap divided by max(P, smallest positive number).
    pub relative_gap: f64,
    /// max |Aᵀw − t|ⱼ/|tⱼ| over the exact totals (a total of 0 is measured against Σ w⁰|A|).
    pub constraint_residual: f64,
    /// maxᵢ |gᵢ − gᵢ*| is at most this; infinite where nothing is proven.
    pub distance_bound: f64,
    /// The part of the bound that is not the rounding of the answer to doubles.
    pub bound_before_rounding: f64,
    /// Upper bound on the norm ε of the dual gradient in the metric of the inverse Hessian.
    pub dual_residual: f64,
    /// Multipliers equal to their lower bound (bounded distances).
    pub num_at_lower: u32,
    /// Multipliers equal to their upper bound (bounded distances).
    pub num_at_upper: u32,
    /// Targets that depend on others, given the records that are free to move.
    pub num_dependent: u32,
    /// Smallest scaled pivot of the Hessian; `None` if no target is independent.
    pub smallest_pivot: Option<f64>,
}

/// The certificate with what was computed on the way.
pub(super) struct Judgement {
    pub certificate: CalibrationCertificate,
    /// Multipliers of the records.
    pub multipliers: Vec<f64>,
    /// |gᵤ − gᵤ*| is at most this, for every unit.
    pub distance_bounds: Vec<f64>,
    /// Totals reached by them.
    pub after: Vec<Dd>,
    /// Targets that depend on others.
    pub dependent: Vec<bool>,
}

impl CalibrationCertificate {
    /// True if the totals are met and the distance from the optimum is proven, both within the tolerance.
    pub(super) fn holds(&self, tolerance: f64) -> bool {
        self.constraint_residual <= tolerance && self.distance_bound <= tolerance
    }
}

/// Judges λ with its evaluation, and the multipliers `given` (n) or those of λ rounded; `independent` are the targets that are
/// independent when every record is free.
pub(super) fn judge(
    form: &Form<'_>,
    lambda: &[Dd],
    evaluation: &ExactEvaluation,
    independent: &[usize],
    given: Option<Vec<f64>>,
) -> Judgement {
    let records = form.problem.num_records();
    let rounded = |i: usize| evaluation.points[form.unit_of(i)].multiplier.to_f64();
    let multipliers = given.unwrap_or_else(|| (0..records).map(rounded).collect());
    let (units, apart) = unit_multipliers(form, evaluation, &multipliers);
    let after = reach(form, &multipliers);
    let bound = DistanceBound::new(form, evaluation, independent);
    let misses: Vec<Uncertain> = (after.iter().zip(&form.totals))
        .map(|(sum, &t)| {
            let value = sum.value - Dd::from(t);
            Uncertain { value, error: sum.error + DD_EPSILON * (value.high.abs() + t.abs()) }
        })
        .collect();

    let mut record_gap = CompensatedSum::default();
    let mut distance = CompensatedSum::default();
    let (mut distance_bound, mut before_rounding) = (0.0f64, 0.0f64);
    let (mut num_at_lower, mut num_at_upper) = (0, 0);
    let mut distance_bounds = Vec::with_capacity(units.len());
    for (u, point) in evaluation.points.iter().enumerate() {
        let record = form.distance(u);
        let share = form.weights[u] / form.q[u];
        let apart = apart[u] + point.error;
        let allowed = record.allows(units[u]);
        record_gap.add(
            share * if allowed { record.divergence_bound(units[u], point, apart) } else { f64::INFINITY },
        );
        distance.add(share * if allowed { record.value(units[u]) } else { f64::INFINITY });
        let unrounded = bound.of(form, point, u);
        let mut total = (unrounded + apart) * (1.0 + 1e-12);
        if record.distance.is_bounded() {
            num_at_lower += u32::from(units[u] == record.lower);
            num_at_upper += u32::from(units[u] == record.upper);
            if allowed && bound.is_finite() {
                total = total.min((units[u] - record.lower).max(record.upper - units[u]));
            }
        }
        if !allowed {
            total = f64::INFINITY;
        }
        distance_bounds.push(total);
        distance_bound = larger(distance_bound, total);
        before_rounding = larger(before_rounding, unrounded + point.error);
    }

    let (mut target_gap, mut relaxation_cost, mut constraint_residual) = (0.0, 0.0, 0.0f64);
    for (j, miss) in misses.iter().enumerate() {
        let size = miss.value.high.abs() + miss.error;
        if form.is_exact(j) {
            target_gap += lambda[j].high.abs() * size;
            let against = if form.totals[j] == 0.0 { form.magnitudes[j] } else { form.totals[j].abs() };
            constraint_residual = larger(constraint_residual, if size == 0.0 { 0.0 } else { size / against });
        } else {
            let cost = 1.0 / form.inverse_costs[j];
            relaxation_cost += 0.5 * cost * size * size;
            let rest = (miss.value + lambda[j].times(form.inverse_costs[j])).to_f64().abs() + miss.error;
            target_gap += 0.5 * cost * rest * rest;
        }
    }
    let objective = distance.value() + relaxation_cost;
    // The factor covers the roundings of plain sums of non-negative terms.
    let duality_gap = (record_gap.value() + target_gap) * (1.0 + 1e-9);
    Judgement {
        certificate: CalibrationCertificate {
            objective,
            relaxation_cost,
            duality_gap,
            relative_gap: duality_gap / objective.max(f64::MIN_POSITIVE),
            constraint_residual,
            distance_bound,
            bound_before_rounding: before_rounding,
            dual_residual: bound.epsilon,
            num_at_lower,
            num_at_upper,
            num_dependent: bound.dependent.iter().filter(|&&d| d).count() as u32,
            smallest_pivot: Some(bound.smallest_pivot).filter(|p| p.is_finite()),
        },
        multipliers,
        distance_bounds,
        after: after.into_iter().map(|sum| sum.value).collect(),
        dependent: bound.dependent,
    }
}

/// The multiplier of each unit, and how far it lies from that of λ: at most this for every member. Members that differ make a
/// unit's multiplier NaN: such an answer is none.
fn unit_multipliers(
    form: &Form<'_>,
    evaluation: &ExactEvaluation,
    multipliers: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let (mut units, mut apart) = (vec![None; form.num_units()], vec![0.0; form.num_units()]);
    for (i, &g) in multipliers.iter().enumerate() {
        let u = form.unit_of(i);
        let own = (Dd::from(g) - evaluation.points[u].multiplier).to_f64().abs();
        apart[u] = larger(apart[u], own);
        units[u] = match units[u] {
            Some(other) if other != g => Some(f64::NAN),
            _ => Some(g),
        };
    }
    (units.into_iter().map(|g| g.unwrap_or(f64::NAN)).collect(), apart)
}

/// Totals of multipliers of the records, on the matrix as given.
fn reach(form: &Form<'_>, multipliers: &[f64]) -> Vec<Uncertain> {
    let weights = &form.problem.design_weights;
    let epsilon = form.problem.matrix.dd_summation_error();
    let weighted: Vec<Uncertain> = (multipliers.iter().zip(weights))
        .map(|(&g, &w)| {
            let value = Dd::product(w, g);
            Uncertain { value, error: epsilon * value.high.abs() }
        })
        .collect();
    form.problem.matrix.transposed_times_dd(&weighted, form.workers)
}

/// The ball that holds the maximiser of the dual, and how far it lets each unit's v move.
struct DistanceBound {
    /// Upper bound on ‖L⁻¹r‖.
    epsilon: f64,
    /// Radius of the ball: 4ε, or infinite where a condition fails.
    radius: f64,
    /// ‖L⁻¹eⱼ‖ for independent targets, 0 for the others.
    column_norms: Vec<f64>,
    /// Records nearer than this to a kink of F do not count in H.
    margin: f64,
    dependent: Vec<bool>,
    smallest_pivot: f64,
}

impl DistanceBound {
    fn new(form: &Form<'_>, evaluation: &ExactEvaluation, independent: &[usize]) -> Self {
        // A record so near its bound that the ball reaches it must not count in H: the margin grows until none does.
        let mut margin = 1e-24;
        loop {
            let bound = Self::with_margin(form, evaluation, independent, margin);
            if bound.is_finite() || margin > 1e-9 || form.options.distance != Distance::TruncatedLinear {
                return bound;
            }
            margin *= 1e3;
        }
    }

    fn with_margin(
        form: &Form<'_>,
        evaluation: &ExactEvaluation,
        independent: &[usize],
        margin: f64,
    ) -> Self {
        let k = form.num_targets();
        let counted =
            |u: usize| if evaluation.points[u].margin > margin { evaluation.points[u].slope } else { 0.0 };
        let hessian = form.gram(|u| form.weights[u] * form.q[u] * counted(u));
        let all: Vec<usize> = (0..k).collect();
        let factor = PivotedCholesky::new(&hessian, k, &all);
        let rank = factor.rank();
        let inverse = factor.inverse_factor();
        let mut column_norms = vec![0.0; k];
        let mut dependent = vec![true; k];
        for (c, &j) in factor.order.iter().enumerate() {
            dependent[j] = false;
            let squares: f64 = (c..rank).map(|p| inverse[p * rank + c].powi(2)).sum();
            column_norms[j] = squares.sqrt() * (1.0 + 1e-6);
        }
        let squares: f64 = (0..rank)
            .map(|p| {
                let term = |c: usize| {
                    let r = evaluation.residual[factor.order[c]];
                    inverse[p * rank + c].abs() * (r.value.high.abs() + r.error)
                };
                (0..=p).map(term).sum::<f64>().powi(2)
            })
            .sum();
        let epsilon = squares.sqrt() * (1.0 + 1e-6);
        // Rounding of the Gram matrix (a sum over n records per entry, each |entry| ≤ 1 after scaling) and of its factor.
        let rounding = rank as f64 * (form.num_units() + 2 * rank + 16) as f64 * f64::EPSILON;
        let well_conditioned = rank == 0 || rounding <= 0.5 * factor.least_eigenvalue();
        // A target that only records at their bounds count for must hold to the rounding of pairs: nothing could correct it.
        let held = independent.iter().filter(|&&j| dependent[j]).all(|&j| {
            let r = evaluation.residual[j];
            r.value.high.abs() <= HELD * form.magnitudes[j]
        });
        let mut bound = Self {
            epsilon,
            radius: if well_conditioned && held { 4.0 * epsilon } else { f64::INFINITY },
            column_norms,
            margin,
            dependent,
            smallest_pivot: factor.smallest_pivot,
        };
        let holds = evaluation.points.iter().enumerate().all(|(u, point)| {
            let move_of_v = bound.move_of_v(form, point.slope, u);
            if form.options.distance == Distance::TruncatedLinear {
                point.slope == 0.0 || point.margin <= margin || point.margin > move_of_v
            } else {
                form.distance(u).slope_rate() * move_of_v <= std::f64::consts::LN_2
            }
        });
        if !holds {
            bound.radius = f64::INFINITY;
        }
        bound
    }

    fn is_finite(&self) -> bool {
        self.radius.is_finite()
    }

    /// τ: how far v of unit `u` may move in the ball.
    fn move_of_v(&self, form: &Form<'_>, slope: f64, u: usize) -> f64 {
        if self.radius == 0.0 {
            return 0.0;
        }
        let (columns, values) = form.matrix.row(u);
        let triangle: f64 =
            columns.iter().zip(values).map(|(&j, a)| a.abs() * self.column_norms[j as usize]).sum();
        let leverage = (1.6 / (form.weights[u] * form.q[u] * slope)).sqrt();
        self.radius * form.q[u] * triangle.min(leverage) * (1.0 + 1e-6)
    }

    /// Bound on |F(q(Aλ)) − g*| of unit `u`, the evaluation error not counted.
    fn of(&self, form: &Form<'_>, point: &super::distance::ExactPoint, u: usize) -> f64 {
        if !self.is_finite() {
            return f64::INFINITY;
        }
        // A record that does not count in H has no leverage bound.
        let counted = point.slope > 0.0 && point.margin > self.margin;
        let move_of_v = self.move_of_v(form, if counted { point.slope } else { 0.0 }, u);
        match form.options.distance {
            Distance::Linear => move_of_v,
            Distance::TruncatedLinear if point.slope == 0.0 && point.margin > move_of_v => 0.0,
            Distance::TruncatedLinear => move_of_v,
            _ => 2.0 * point.slope * move_of_v,
        }
    }
}
