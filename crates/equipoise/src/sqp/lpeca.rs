//! LPEC-A: which inequalities will be active at the solution, predicted from a point near it and its multipliers.
//!
//! ρ̄ = Σ over inequalities [√(c·λ)₊ where c > 0, else −c] + ‖cₑ‖₁ + ‖∇f − Jᵀλ‖₁ measures the distance from a solution; rows with
//! c ≤ (β·ρ̄)^σ are predicted to be active.
//!
//! Source: C. Oberlin, S. J. Wright, Math. Programming 117 (2009) 355–386.

use crate::certificate::linear_system::{Edge, Member, Part};
use crate::numeric::matrix::Matrix;
use crate::numeric::sparse::SparseMatrix;
use crate::numeric::sum::dot;
use crate::qp::{QpMethod, QpOptions, QpProblem};

/// Largest multiplier that the linear program considers.
const MULTIPLIER_LIMIT: f64 = 1e6;

/// The settings of a prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LpecaSettings {
    /// σ in (0, 1).
    pub sigma: f64,
    /// β > 0; `None` means 1/(number of inequalities + number of equalities + n).
    pub beta: Option<f64>,
    /// The prediction counts up to this ρ̄.
    pub trust_threshold: f64,
    /// Steps before predictions count.
    pub warmup_steps: u64,
    /// Predict bounds too.
    pub predict_bounds: bool,
}

impl Default for LpecaSettings {
    fn default() -> Self {
        Self { sigma: 0.9, beta: None, trust_threshold: 1.0, warmup_steps: 3, predict_bounds: true }
    }
}

/// A point with its multipliers.
#[derive(Debug, Clone, Copy)]
pub struct LpecaPoint<'a> {
    /// cₑ.
    pub equalities: &'a [f64],
    /// cᵢ, feasible where not negative.
    pub inequalities: &'a [f64],
    /// λᵢ.
    pub multipliers: &'a [f64],
    /// xⱼ − lⱼ and its multiplier for each finite lower bound, by variable.
    pub lower: &'a [(usize, f64, f64)],
    /// uⱼ − xⱼ and its multiplier for each finite upper bound, by variable.
    pub upper: &'a [(usize, f64, f64)],
    /// ∇f − Jᵀλ − (multipliers of the bounds) (n).
    pub lagrangian_gradient: &'a [f64],
}

/// What is predicted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LpecaPrediction {
    /// ρ̄.
    pub distance: f64,
    /// (β·ρ̄)^σ.
    pub threshold: f64,
    /// ρ̄ is within the trust threshold and the warm-up is over; else nothing is predicted, and the ordinary warm start holds.
    pub is_used: bool,
    /// More sides were below the threshold than a working set can hold; the nearest were kept.
    pub is_capped: bool,
    /// The sides, as members of the subproblem whose rows are the equalities and then the inequalities.
    pub members: Vec<Member>,
    /// How many of them are bounds.
    pub num_bounds: usize,
}

impl LpecaPrediction {
    /// The working set to start the subproblem from: the prediction where it is used, else `otherwise`.
    pub fn start<'a>(&'a self, otherwise: &'a [Member]) -> &'a [Member] {
        if self.is_used { &self.members } else { otherwise }
    }
}

/// Predicts the active sides at step `step` (from 0).
pub fn predict(point: &LpecaPoint<'_>, step: u64, settings: &LpecaSettings) -> LpecaPrediction {
    let n = point.lagrangian_gradient.len();
    let (num_equalities, num_inequalities) =
        (point.equalities.len(), point.inequalities.len() + point.lower.len() + point.upper.len());
    let gap = |c: f64, multiplier: f64| if c > 0.0 { (c * multiplier).max(0.0).sqrt() } else { -c };
    let rows = point.inequalities.iter().zip(point.multipliers).map(|(&c, &u)| gap(c, u));
    let bounds = point.lower.iter().chain(point.upper).map(|&(_, c, u)| gap(c, u));
    let absolute = point.equalities.iter().chain(point.lagrangian_gradient).map(|v| v.abs());
    let distance: f64 = rows.chain(bounds).chain(absolute).sum();
    let beta = settings.beta.unwrap_or(1.0 / (num_inequalities + n + num_equalities).max(1) as f64);
    let threshold = libm::pow(beta * distance, settings.sigma);
    let is_used = step >= settings.warmup_steps && distance <= settings.trust_threshold;
    let mut out = LpecaPrediction { distance, threshold, is_used, ..LpecaPrediction::default() };
    if !is_used {
        return out;
    }
    let row = |(i, &c): (usize, &f64)| (c, Member { part: Part::Row(num_equalities + i), edge: Edge::Lower });
    let bound =
        |edge: Edge| move |&(j, c, _): &(usize, f64, f64)| (c, Member { part: Part::Column(j), edge });
    let mut near: Vec<(f64, Member)> = point.inequalities.iter().enumerate().map(row).collect();
    if settings.predict_bounds {
        near.extend(point.lower.iter().map(bound(Edge::Lower)));
        near.extend(point.upper.iter().map(bound(Edge::Upper)));
    }
    near.retain(|(c, _)| *c <= threshold);
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    // A variable near both of its bounds keeps the nearer one.
    let mut fixed = vec![false; n];
    near.retain(|(_, member)| match member.part {
        Part::Column(j) => !std::mem::replace(&mut fixed[j], true),
        Part::Row(_) => true,
    });
    let room = n.saturating_sub(num_equalities + 1).max(1);
    out.is_capped = near.len() > room;
    near.truncate(room);
    out.members = near.into_iter().map(|(_, member)| member).collect();
    out.num_bounds = out.members.iter().filter(|member| matches!(member.part, Part::Column(_))).count();
    out
}

/// Multipliers (equalities, then inequalities) with the least Σ over cᵢ > 0 of cᵢλᵢ + ‖∇f − Jᵀλ‖₁, 0 ≤ λᵢ ≤ 10⁶, by a linear program;
/// `None` if that fails. Bounds of the variables are to be given as rows.
pub fn refined_multipliers(
    gradient: &[f64],
    jacobian: &[f64],
    num_equalities: usize,
    inequalities: &[f64],
) -> Option<Vec<f64>> {
    let (n, m) = (gradient.len(), num_equalities + inequalities.len());
    // Variables λ (m), u (n), v (n); rows Jᵀλ + u − v = ∇f.
    let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut add = |i: usize, j: usize, value: f64| {
        if value != 0.0 {
            rows.push(i as u32);
            columns.push(j as u32);
            values.push(value);
        }
    };
    for k in 0..m {
        (0..n).for_each(|j| add(j, k, jacobian[k * n + j]));
    }
    for j in 0..n {
        add(j, m + j, 1.0);
        add(j, m + n + j, -1.0);
    }
    let all = m + 2 * n;
    let matrix = SparseMatrix::from_triples(n, all, &rows, &columns, &values).ok()?;
    let empty = SparseMatrix::from_triples(all, all, &[], &[], &[]).ok()?;
    let mut linear = vec![0.0; num_equalities];
    linear.extend(inequalities.iter().map(|c| c.max(0.0)));
    linear.resize(all, 1.0);
    let mut lower = vec![-MULTIPLIER_LIMIT; num_equalities];
    lower.resize(all, 0.0);
    let mut upper = vec![MULTIPLIER_LIMIT; m];
    upper.resize(all, f64::INFINITY);
    let sides = (gradient.to_vec(), gradient.to_vec());
    let mut problem =
        QpProblem::new(Matrix::from(empty), linear, Matrix::from(matrix), sides, (lower, upper)).ok()?;
    let options = QpOptions { method: QpMethod::InteriorPoint, tolerance: 1e-7, ..QpOptions::default() };
    let answer = problem.solve(&options);
    answer.is_converged().then(|| answer.x[..m].to_vec())
}

/// ‖∇f − Jᵀλ‖₁ of multipliers (m).
pub fn stationarity_one_norm(gradient: &[f64], jacobian: &[f64], multipliers: &[f64]) -> f64 {
    let n = gradient.len();
    let column = |j: usize| -> Vec<f64> { (0..multipliers.len()).map(|k| jacobian[k * n + j]).collect() };
    (0..n).map(|j| (gradient[j] - dot(&column(j), multipliers)).abs()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// min (x − 2)² + (y − 1)² + z² over 2 − x − y ≥ 0, 3 − x ≥ 0, z ≥ 0: solved by (1.5, 0.5, 0) with λ = (1, 0), z's bound multiplier 0.
    fn at(shift: f64, settings: &LpecaSettings, step: u64) -> LpecaPrediction {
        let x = [1.5 + shift, 0.5 - 2.0 * shift, shift.abs()];
        let c = [2.0 - x[0] - x[1], 3.0 - x[0]];
        let rest = [2.0 * (x[0] - 2.0) + 1.0, 2.0 * (x[1] - 1.0) + 1.0, 2.0 * x[2]];
        let point = LpecaPoint {
            equalities: &[],
            inequalities: &c,
            multipliers: &[1.0, 0.0],
            lower: &[(2, x[2], 0.0)],
            upper: &[],
            lagrangian_gradient: &rest,
        };
        predict(&point, step, settings)
    }

    const ROW: Member = Member { part: Part::Row(0), edge: Edge::Lower };
    const BOUND: Member = Member { part: Part::Column(2), edge: Edge::Lower };

    #[test]
    fn the_active_set_is_found_near_the_solution_and_only_there() {
        let settings = LpecaSettings::default();
        for shift in [1e-3, -1e-5, 1e-8] {
            let mut found = at(shift, &settings, 5);
            found.members.sort();
            assert_eq!(found.members, [ROW, BOUND], "{shift:e}: {found:?}");
            assert!(found.is_used && !found.is_capped && found.num_bounds == 1);
        }
        let far = at(0.4, &settings, 5);
        assert!(!far.is_used && far.members.is_empty() && far.distance > 1.0);
        // A bypassed prediction leaves the ordinary warm start in place.
        assert_eq!(far.start(&[BOUND]), [BOUND]);
        assert_eq!(at(1e-5, &settings, 5).start(&[]).len(), 2);
    }

    #[test]
    fn warm_up_trust_and_bounds_are_obeyed() {
        let settings = LpecaSettings::default();
        assert!(!at(1e-5, &settings, 2).is_used);
        let wary = LpecaSettings { trust_threshold: 1e-6, ..settings };
        assert!(!at(1e-3, &wary, 9).is_used);
        let rows_only = LpecaSettings { predict_bounds: false, ..settings };
        assert_eq!(at(1e-5, &rows_only, 9).members, [ROW]);
        let nothing = LpecaSettings { beta: Some(1e-30), ..settings };
        assert!(at(1e-3, &nothing, 9).members.is_empty());
    }

    #[test]
    fn more_than_fits_is_cut_to_the_nearest() {
        let c: Vec<f64> = (0..6).map(|i| 1e-6 * f64::from(6 - i)).collect();
        let point = LpecaPoint {
            equalities: &[0.0],
            inequalities: &c,
            multipliers: &[1.0; 6],
            lower: &[(0, 1e-7, 0.0), (1, 0.0, 1.0)],
            upper: &[(1, 1e-8, 1.0)],
            lagrangian_gradient: &[1e-3; 4],
        };
        let found = predict(&point, 3, &LpecaSettings { warmup_steps: 3, ..LpecaSettings::default() });
        assert!(found.is_capped);
        // n − mₑ − 1 = 2 sides: both bounds of variable 1 count once.
        let column = |j: usize| Member { part: Part::Column(j), edge: Edge::Lower };
        assert_eq!(found.members, [column(1), column(0)]);
    }

    #[test]
    fn the_linear_program_finds_the_multipliers() {
        // ∇f = (−1, −1, 0) at (1.5, 0.5, 0); rows −x − y, −x, z.
        let jacobian = [-1.0, -1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        let gradient = [-1.0, -1.0, 0.0];
        let found = refined_multipliers(&gradient, &jacobian, 0, &[0.0, 1.5, 0.0]).unwrap();
        assert!((found[0] - 1.0).abs() < 1e-6 && found[1].abs() < 1e-6, "{found:?}");
        assert!(stationarity_one_norm(&gradient, &jacobian, &found) < 1e-6);
        assert_eq!(stationarity_one_norm(&gradient, &jacobian, &[0.0; 3]), 2.0);
    }
}
