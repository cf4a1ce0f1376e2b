//! Proof that the active set is the right one, which bounds the distance from the optimum without any help from M.
//!
//! At a dual point with active targets 𝒜 (yⱼ ≠ 0), free records and the residual g, the point y + δ with H δ = −g,
//! H = B_𝒜ᵀ diag(free/2d) B_𝒜 + diag(1/(2Mⱼ)), satisfies the optimality conditions of *this* active set exactly. If no sign and no state changes
//! between y and y + δ, it satisfies those of the problem: m(y + δ) is the optimum. With D = diag(√Hⱼⱼ) and μ a proven lower
//! bound on the smallest eigenvalue of D⁻¹HD⁻¹,
//!
//! ```text
//! |δⱼ| ≤ ‖D⁻¹g‖/(μDⱼ)      |zᵢ change| ≤ Σ|Bᵢⱼ||δⱼ|/(2dᵢ)      |aⱼ change| ≤ √Gⱼⱼ ‖D⁻¹g‖/√μ
//! ```
//!
//! Targets that others imply exactly (see `implied`) are no part of 𝒜 where the matrix is singular with them.
//!
//! μ comes from a Cholesky factor of the matrix shifted down: if it exists in floating-point arithmetic, the smallest
//! eigenvalue is at least the shift less a known rounding error (S. M. Rump, BIT 46 (2006) 433–452).

use super::certificate::rounding_free_bound;
use super::finish::is_equality;
use super::form::{BandEvaluation, BandForm};
use super::free_gram::FreeGram;
use super::implied;
use super::interior::InteriorSearch;
use crate::control::Control;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::dd::Dd;
use crate::numeric::dd_accumulators::SplitDd;
use crate::numeric::parallel::CHUNK;
use crate::reweight::dual_evaluation::{RecordPoint, ShiftedBounds, row_product};
use crate::reweight::result::Timing;

/// Shifts tried, largest first, as long as rounding leaves something of them.
const SHIFTS: [f64; 14] =
    [0.3, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13];

/// An answer whose bound before rounding is at most this needs no further proof.
pub(super) const SETTLED: f64 = 1e-14;

/// |mᵢ(y) − mᵢ*| is at most this, per record, beside the evaluation error of mᵢ(y).
pub(super) struct Settled {
    pub shift: Vec<f64>,
}

impl Settled {
    /// What can be proven of v = y ⊘ s beyond its residual, if that leaves anything to prove: by the active set, then by
    /// interior points.
    pub fn of(
        form: &BandForm<'_>,
        dual: &[Dd],
        evaluation: &BandEvaluation,
        control: &Control,
    ) -> Option<Self> {
        if rounding_free_bound(form, evaluation, None) <= SETTLED {
            return None;
        }
        let settled = prove(form, dual, evaluation, &mut FreeGram::new(form));
        let bound = rounding_free_bound(form, evaluation, settled.as_ref());
        if !form.has_hard {
            return settled;
        }
        let mut timing = Timing::default();
        InteriorSearch::new(form, control, &mut timing).improve(bound, settled, dual, evaluation).1
    }
}

/// Proves that the active set of v = y ⊘ s is that of the optimum; `None` where it cannot.
pub(super) fn prove(
    form: &BandForm<'_>,
    dual: &[Dd],
    evaluation: &BandEvaluation,
    free_gram: &mut FreeGram,
) -> Option<Settled> {
    let k = form.num_targets();
    let mut active: Vec<usize> = (0..k).filter(|&j| dual[j] != Dd::ZERO || is_equality(form, j)).collect();
    let points = record_points(form, dual);
    for (i, point) in points.iter().enumerate() {
        free_gram.free.set(i, is_free(form, i, point));
    }
    // From scratch: an updated matrix carries rounding errors of records that have left it.
    free_gram.rebuild(form);
    let diagonal = |j: usize| free_gram.gram[j * k + j] / form.scale[j] / form.scale[j];
    let roots = |active: &[usize]| -> Vec<f64> {
        active.iter().map(|&j| (diagonal(j) + form.half_inverse_elastic(j)).sqrt()).collect()
    };
    let mut d = roots(&active);
    let mut mu = smallest_eigenvalue(form, &active, &d, &free_gram.gram);
    let mut implied = Vec::new();
    if mu.is_none() {
        implied = implied::implied(form, &active, &free_gram.gram);
        active.retain(|j| !implied.contains(j));
        d = roots(&active);
        mu = smallest_eigenvalue(form, &active, &d, &free_gram.gram);
    }
    let mu = mu?;

    let residual = |j: usize| evaluation.dual.residual[j].abs() + evaluation.residual_error[j];
    let norm = active.iter().zip(&d).map(|(&j, d)| (residual(j) / d).powi(2)).sum::<f64>().sqrt();
    let norm = norm * (1.0 + 1e-9);
    // |δⱼ|/sⱼ
    let mut step = vec![0.0; k];
    for (&j, d) in active.iter().zip(&d) {
        let delta = norm / (mu * d) * (1.0 + 1e-9);
        step[j] = delta / form.scale[j];
        if !is_equality(form, j) && dual[j].high.abs() <= step[j] * (1.0 + 1e-9) {
            return None;
        }
    }
    for j in (0..k).filter(|j| !active.contains(j) && !implied.contains(j)) {
        let moved = diagonal(j).sqrt() * norm / mu.sqrt() * (1.0 + 1e-6);
        let reached = evaluation.reached[j];
        let room = |distance: Dd, edge_error: f64| distance.to_f64() - reached.error - edge_error > moved;
        let above = room(form.upper[j].value - reached.value, form.upper[j].error);
        let below = room(reached.value - form.lower[j].value, form.lower[j].error);
        if !(above && below) {
            return None;
        }
    }
    record_shifts(form, &points, &step).map(|shift| Settled { shift })
}

fn is_free(form: &BandForm<'_>, i: usize, point: &RecordPoint) -> bool {
    let (lower, upper) = form.problem.bounds.of(i);
    Dd::sum(lower, -1.0) < point.unclipped && point.unclipped < Dd::sum(upper, -1.0)
}

fn record_points(form: &BandForm<'_>, dual: &[Dd]) -> Vec<RecordPoint> {
    let split: Vec<SplitDd> = dual.iter().map(|&v| SplitDd::from(v)).collect();
    let bounds = ShiftedBounds::new(&form.problem.bounds);
    let mut points = vec![RecordPoint::default(); form.num_records()];
    form.workers.fill(&mut points, |start, chunk| {
        for (offset, point) in chunk.iter_mut().enumerate() {
            let i = start + offset;
            let (product, error) = row_product(form.problem, i, &split);
            *point = RecordPoint::new(form, i, product, error, bounds.of(i));
        }
    });
    points
}

/// The change of each zᵢ where |v change| ≤ `step`; 0 for a clipped record. `None` if one may change its state.
fn record_shifts(form: &BandForm<'_>, points: &[RecordPoint], step: &[f64]) -> Option<Vec<f64>> {
    let problem = form.problem;
    let mut shifts = vec![0.0; points.len()];
    let mut certain = vec![true; points.len().div_ceil(CHUNK)];
    let parts = shifts.chunks_mut(CHUNK).zip(&mut certain).enumerate().collect();
    form.workers.for_each(parts, |(chunk, (shifts, certain))| {
        for (offset, shift) in shifts.iter_mut().enumerate() {
            let i = chunk * CHUNK + offset;
            let (columns, values) = problem.matrix.row(i);
            let moved: f64 = columns.iter().zip(values).map(|(&j, a)| a.abs() * step[j as usize]).sum();
            let moved = 0.5 * moved * problem.design_weights[i] / form.distance_weight(i) * (1.0 + 1e-9);
            let (lower, upper) = problem.bounds.of(i);
            let point = &points[i];
            let away = |bound: f64| (point.unclipped - Dd::sum(bound, -1.0)).to_f64().abs();
            let margin = away(lower).min(away(upper));
            let stays = margin > moved + point.unclipped_error;
            if lower < upper && !stays {
                *certain = false;
            }
            *shift = if is_free(form, i, point) { moved } else { 0.0 };
        }
    });
    certain.iter().all(|c| *c).then_some(shifts)
}

/// A proven lower bound on the smallest eigenvalue of D⁻¹HD⁻¹ for the exact H, D = diag(d).
fn smallest_eigenvalue(form: &BandForm<'_>, active: &[usize], d: &[f64], gram: &[f64]) -> Option<f64> {
    let (k, m) = (form.num_targets(), active.len());
    if m == 0 {
        return Some(1.0);
    }
    let unit = 0.5 * f64::EPSILON;
    let longest = active.iter().map(|&j| form.problem.matrix.column(j).0.len()).max().unwrap_or(0);
    // Each entry is a sum of at most `longest` products, at most √(HᵢᵢHⱼⱼ) in magnitude together (Cauchy–Schwarz).
    let of_matrix = m as f64 * (longest as f64 + 20.0) * unit * 1.01;
    let of_factor = 2.0 * m as f64 * (m as f64 + 20.0) * unit * 1.01;
    let mut cholesky = Cholesky::new(m);
    for shift in SHIFTS {
        let proven = shift - of_matrix - of_factor;
        if proven <= 0.5 * shift {
            return None;
        }
        let entry = |a: usize, b: usize| {
            let (i, j) = (active[a], active[b]);
            let mut value = gram[i.max(j) * k + i.min(j)] / form.scale[i] / form.scale[j];
            if a == b {
                value += form.half_inverse_elastic(i);
            }
            let value = value / d[a] / d[b];
            if a == b { value - shift } else { value }
        };
        if cholesky.factor(entry, form.workers).is_ok() {
            return Some(proven);
        }
    }
    None
}
