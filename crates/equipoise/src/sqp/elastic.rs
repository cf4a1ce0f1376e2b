//! Elastic mode: the subproblem with violations allowed at a price, and the test for a point that no step makes more feasible.
//!
//! min ½dᵀBd + gᵀd + Σ wᵢ(tᵢ + ½δtᵢ²) over aᵢᵀd + cᵢ + tᵢ⁺ − tᵢ⁻ = 0 (equalities) or ≥ 0 without t⁻ (inequalities), t ≥ 0.
//! The small δ makes the problem strictly convex; it does not act where t = 0.

use super::options::SqpOptions;
use super::subproblem::{Direction, Linearisation, Outcome, limits};
use crate::certificate::linear_system::Part;
use crate::numeric::matrix::Matrix;
use crate::numeric::sum::{axpy, dot, max_abs};
use crate::qp::{QpProblem, QpStatus};

/// δ relative to 1/(largest violation).
const SOFTNESS: f64 = 1e-3;

impl Linearisation<'_> {
    /// The elastic form with prices `weights` (m).
    pub(super) fn solve_elastic(
        &self,
        hessian: &[f64],
        linear: &[f64],
        weights: &[f64],
        options: &SqpOptions,
    ) -> Direction {
        let (n, m) = (linear.len(), weights.len());
        let slacks: Vec<(usize, f64)> = (0..m)
            .flat_map(|i| [(i, 1.0), (i, -1.0)])
            .filter(|&(i, sign)| sign > 0.0 || i < self.num_equalities)
            .collect();
        let all = n + slacks.len();
        let soft = SOFTNESS / max_abs(&self.point.c).max(f64::MIN_POSITIVE.sqrt());
        let mut matrix = vec![0.0; all * all];
        (0..n).for_each(|i| matrix[i * all..i * all + n].copy_from_slice(&hessian[i * n..(i + 1) * n]));
        let mut gradient = linear.to_vec();
        for (k, &(i, _)) in slacks.iter().enumerate() {
            matrix[(n + k) * all + n + k] = soft * weights[i];
            gradient.push(weights[i]);
        }
        let Some(mut problem) = self.elastic_problem(matrix, gradient, &slacks) else {
            return self.failed();
        };
        let answer = problem.solve(&limits(options));
        let mut out = self.failed();
        out.iterations = answer.iterations as u64;
        let finite = answer.x.iter().all(|d| d.is_finite());
        out.outcome = match answer.status {
            QpStatus::Converged => Outcome::Solved,
            QpStatus::NotCertified if finite => Outcome::Solved,
            QpStatus::IterationLimit if finite => Outcome::Budget,
            _ => return out,
        };
        out.is_elastic = true;
        out.d = answer.x[..n].to_vec();
        out.multipliers = answer.row_multipliers;
        out.bound_multipliers = answer.bound_multipliers[..n].to_vec();
        out.working_set = answer.working_set;
        out.working_set.retain(|member| !matches!(member.part, Part::Column(j) if j >= n));
        out.left = self.left(&out.d);
        out.curvature = (0..n).map(|i| out.d[i] * dot(&hessian[i * n..(i + 1) * n], &out.d)).sum();
        out
    }

    fn elastic_problem(
        &self,
        hessian: Vec<f64>,
        linear: Vec<f64>,
        slacks: &[(usize, f64)],
    ) -> Option<QpProblem> {
        let (n, m, all) = (self.point.x.len(), self.point.c.len(), linear.len());
        let mut rows = vec![0.0; m * all];
        for (i, row) in rows.chunks_exact_mut(all).enumerate() {
            row[..n].copy_from_slice(self.point.row(i));
        }
        for (k, &(i, sign)) in slacks.iter().enumerate() {
            rows[i * all + n + k] = sign;
        }
        let rows_lower: Vec<f64> = self.point.c.iter().map(|c| -c).collect();
        let upper = |(i, c): (usize, &f64)| if i < self.num_equalities { -c } else { f64::INFINITY };
        let rows_upper = self.point.c.iter().enumerate().map(upper).collect();
        let mut lower = self.lower.to_vec();
        lower.resize(all, 0.0);
        let mut upper = self.upper.to_vec();
        upper.resize(all, f64::INFINITY);
        QpProblem::new(
            Matrix::dense(all, all, hessian).ok()?,
            linear,
            Matrix::dense(m, all, rows).ok()?,
            (rows_lower, rows_upper),
            (lower, upper),
        )
        .ok()
    }

    /// The direction that lowers Σ violations most, close by: B = εI, g = 0, all prices 1/(size of the row).
    pub(super) fn feasibility_direction(&self, options: &SqpOptions) -> Direction {
        let (n, m) = (self.point.x.len(), self.point.c.len());
        let size = max_abs(&self.point.jacobian);
        let reach = max_abs(&self.point.x).max(1.0);
        let curvature = 1e-4 * size.max(f64::MIN_POSITIVE) / reach;
        let mut hessian = vec![0.0; n * n];
        (0..n).for_each(|i| hessian[i * n + i] = curvature);
        self.solve_elastic(&hessian, &vec![0.0; n], &vec![1.0; m], options)
    }

    /// ‖Jᵀy + z‖∞ relative to max|y|·max|J|, for the multipliers of a feasibility direction: 0 at a stationary point of the
    /// violation.
    pub(super) fn violation_stationarity(&self, direction: &Direction) -> f64 {
        let mut rest = direction.bound_multipliers.clone();
        for (i, &y) in direction.multipliers.iter().enumerate() {
            axpy(y, self.point.row(i), &mut rest);
        }
        let scale = max_abs(&direction.multipliers) * max_abs(&self.point.jacobian);
        if scale > 0.0 { max_abs(&rest) / scale } else { 0.0 }
    }
}
