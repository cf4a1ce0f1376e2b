//! The quadratic model with kinks that every proximal Newton step minimises.
//!
//! ```text
//! min ½qᵀHq + cᵀq + Σ max(lbⱼqⱼ, ubⱼqⱼ)
//! ```
//!
//! H is positive definite and each term has its only kink at qⱼ = 0. A monotone active-set method: Newton on the non-zeros
//! with their signs held, along a path that stops where a coordinate meets 0 and fixes it there; at the minimum of a face all
//! zeros whose subgradient leaves [lb, ub] are freed at once. The objective falls strictly, so that it ends.

use crate::numeric::cholesky::NotPositiveDefinite;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::{axpy, dot};
use crate::numeric::updatable_cholesky::UpdatableCholesky;

/// A zero is freed where its subgradient leaves [lb, ub] by more than this.
const FREEING_TOLERANCE: f64 = 1e-12;
/// More than |F|/this + 8 deletions at once: factoring anew is cheaper.
const DELETIONS_BEFORE_REFACTORING: usize = 16;
/// More than |F|/this + 8 additions at once: likewise.
const ADDITIONS_BEFORE_REFACTORING: usize = 10;

/// The model: H (k × k, both triangles), c and the bands.
pub(super) struct Model<'a> {
    pub hessian: &'a [f64],
    pub linear: &'a [f64],
    pub lower: &'a [f64],
    pub upper: &'a [f64],
}

/// The minimiser's state, kept from one model to the next as a warm start.
pub(super) struct Subproblem {
    /// q
    pub point: Vec<f64>,
    /// Sign of each coordinate; 0 where it is fixed at its kink.
    sign: Vec<i8>,
    cholesky: UpdatableCholesky,
    /// c + Hq
    gradient: Vec<f64>,
}

impl Model<'_> {
    fn row(&self, j: usize) -> &[f64] {
        let k = self.linear.len();
        &self.hessian[j * k..(j + 1) * k]
    }

    /// Slope of the kinked term of coordinate j on the side of its sign.
    fn edge(&self, sign: i8, j: usize) -> f64 {
        if sign > 0 { self.upper[j] } else { self.lower[j] }
    }
}

impl Subproblem {
    /// Starts at q = 0 or wherever `point` says.
    pub fn new(point: Vec<f64>) -> Self {
        let k = point.len();
        Self {
            sign: point.iter().map(|&y| signum(y)).collect(),
            point,
            cholesky: UpdatableCholesky::new(k),
            gradient: vec![0.0; k],
        }
    }

    /// Moves q to the minimum. Returns false if the cap of face changes was met (q is then the best point reached).
    ///
    /// # Errors
    /// H is not numerically positive definite on a face.
    pub fn minimise(&mut self, model: &Model<'_>, workers: &Workers) -> Result<bool, NotPositiveDefinite> {
        let k = self.point.len();
        for j in 0..k {
            if self.sign[j] != signum(self.point[j]) {
                self.point[j] = 0.0;
                self.sign[j] = 0;
            }
        }
        self.refresh_gradient(model);
        let members: Vec<usize> = (0..k).filter(|&j| self.sign[j] != 0).collect();
        let mut at_minimum = members.is_empty();
        self.refactor(members, model, workers)?;
        for _ in 0..20 * k + 200 {
            if at_minimum && !self.free_violated(model, workers)? {
                return Ok(true);
            }
            at_minimum = self.descend(model, workers)?;
        }
        Ok(false)
    }

    fn refactor(
        &mut self,
        members: Vec<usize>,
        model: &Model<'_>,
        workers: &Workers,
    ) -> Result<(), NotPositiveDefinite> {
        let k = self.point.len();
        self.cholesky.factor(members, |i, j| model.hessian[i * k + j], workers)
    }

    fn refresh_gradient(&mut self, model: &Model<'_>) {
        self.gradient.copy_from_slice(model.linear);
        for (j, &q) in self.point.iter().enumerate() {
            if q != 0.0 {
                axpy(q, model.row(j), &mut self.gradient);
            }
        }
    }

    /// Gives every zero whose subgradient leaves its band the sign it wants. Returns false if there is none.
    fn free_violated(&mut self, model: &Model<'_>, workers: &Workers) -> Result<bool, NotPositiveDefinite> {
        let mut additions = Vec::new();
        for j in 0..self.point.len() {
            if self.sign[j] == 0 {
                if -self.gradient[j] > model.upper[j] + FREEING_TOLERANCE {
                    self.sign[j] = 1;
                    additions.push(j);
                } else if -self.gradient[j] < model.lower[j] - FREEING_TOLERANCE {
                    self.sign[j] = -1;
                    additions.push(j);
                }
            }
        }
        if additions.is_empty() {
            return Ok(false);
        }
        let few = additions.len() * ADDITIONS_BEFORE_REFACTORING
            <= self.cholesky.members().len() + 8 * ADDITIONS_BEFORE_REFACTORING;
        let appended = if few {
            additions.iter().take_while(|&&j| self.cholesky.append(j, model.row(j)).is_ok()).count()
        } else {
            0
        };
        if appended < additions.len() {
            let mut members = self.cholesky.members().to_vec();
            members.extend(&additions[appended..]);
            self.refactor(members, model, workers)?;
        }
        Ok(true)
    }

    /// One Newton direction on the non-zeros and the path along it. Returns true if the full step was taken, which is the
    /// minimum of the face.
    fn descend(&mut self, model: &Model<'_>, workers: &Workers) -> Result<bool, NotPositiveDefinite> {
        let k = self.point.len();
        let members = self.cholesky.members().to_vec();
        let mut step: Vec<f64> =
            members.iter().map(|&j| -(self.gradient[j] + model.edge(self.sign[j], j))).collect();
        self.cholesky.solve(&mut step);
        let (mut direction, mut image) = (vec![0.0; k], vec![0.0; k]);
        for (&j, &d) in members.iter().zip(&step) {
            direction[j] = d;
            axpy(d, model.row(j), &mut image);
        }
        let crossings = self.crossings(&members, &direction);
        if crossings.is_empty() {
            axpy(1.0, &direction, &mut self.point);
            self.refresh_gradient(model);
            return Ok(true);
        }
        self.follow_path(model, &members, &crossings, &mut direction, &mut image);
        self.drop_fixed(model, workers)?;
        Ok(self.cholesky.members().is_empty())
    }

    /// Where coordinates meet 0 before the full step, in order along it.
    fn crossings(&self, members: &[usize], direction: &[f64]) -> Vec<(f64, usize)> {
        let mut crossings: Vec<(f64, usize)> = members
            .iter()
            .filter(|&&j| f64::from(self.sign[j]) * direction[j] < 0.0)
            .map(|&j| ((-self.point[j] / direction[j]).max(0.0), j))
            .filter(|&(t, _)| t < 1.0)
            .collect();
        crossings.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        crossings
    }

    /// The first minimum along the path, at most the full step. Coordinates that meet 0 stay there.
    fn follow_path(
        &mut self,
        model: &Model<'_>,
        members: &[usize],
        crossings: &[(f64, usize)],
        direction: &mut [f64],
        image: &mut [f64],
    ) {
        let slope = |this: &Self, direction: &[f64]| -> f64 {
            let terms = members.iter().filter(|&&j| this.sign[j] != 0);
            terms.map(|&j| direction[j] * (this.gradient[j] + model.edge(this.sign[j], j))).sum()
        };
        let mut current = slope(self, direction);
        let mut curvature = dot(direction, image);
        let mut position = 0.0;
        for (fixed, &(crossing, j)) in crossings.iter().enumerate() {
            let length = crossing - position;
            if fixed > 0 && current + curvature * length >= 0.0 {
                let rest = if curvature > 0.0 { (-current / curvature).max(0.0).min(length) } else { 0.0 };
                self.advance(rest, direction, image);
                return;
            }
            self.advance(length, direction, image);
            position = crossing;
            self.point[j] = 0.0;
            self.sign[j] = 0;
            let d = std::mem::take(&mut direction[j]);
            axpy(-d, model.row(j), image);
            current = slope(self, direction);
            curvature = dot(direction, image);
            // A NaN ends the path too.
            if current.is_nan() || current >= 0.0 {
                return;
            }
        }
        let rest = 1.0 - position;
        self.advance(if curvature > 0.0 { (-current / curvature).min(rest) } else { rest }, direction, image);
    }

    fn advance(&mut self, length: f64, direction: &[f64], image: &[f64]) {
        axpy(length, direction, &mut self.point);
        axpy(length, image, &mut self.gradient);
    }

    /// Takes the coordinates fixed at 0 out of the factor.
    fn drop_fixed(&mut self, model: &Model<'_>, workers: &Workers) -> Result<(), NotPositiveDefinite> {
        let members = self.cholesky.members();
        let fixed: Vec<usize> = (0..members.len()).filter(|&p| self.sign[members[p]] == 0).collect();
        if fixed.len() * DELETIONS_BEFORE_REFACTORING > members.len() + 8 * DELETIONS_BEFORE_REFACTORING {
            let rest = members.iter().copied().filter(|&j| self.sign[j] != 0).collect();
            return self.refactor(rest, model, workers);
        }
        for &position in fixed.iter().rev() {
            self.cholesky.remove(position);
        }
        Ok(())
    }

    /// Forgets the warm start.
    pub fn restart(&mut self, point: &[f64]) {
        self.point.copy_from_slice(point);
        for (sign, &y) in self.sign.iter_mut().zip(point) {
            *sign = signum(y);
        }
    }
}

fn signum(y: f64) -> i8 {
    if y > 0.0 {
        1
    } else if y < 0.0 {
        -1
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_subgradient_contains_zero_at_the_minimum(
            k in 1usize..8,
            entries in prop::collection::vec(-1.0f64..1.0, 64),
            linear in prop::collection::vec(-3.0f64..3.0, 8),
            middle in prop::collection::vec(-1.0f64..1.0, 8),
            width in prop::collection::vec(0.0f64..1.0, 8),
            start in prop::collection::vec(-1.0f64..1.0, 8),
        ) {
            let mut h = vec![0.0; k * k];
            for i in 0..k {
                for j in 0..k {
                    let inner: f64 = (0..3).map(|l| entries[i * 8 + l] * entries[j * 8 + l]).sum();
                    h[i * k + j] = inner + if i == j { 1e-3 } else { 0.0 };
                }
            }
            let lower: Vec<f64> = (0..k).map(|j| middle[j] - width[j]).collect();
            let upper: Vec<f64> = (0..k).map(|j| middle[j] + width[j]).collect();
            let model = Model { hessian: &h, linear: &linear[..k], lower: &lower, upper: &upper };
            let mut subproblem = Subproblem::new(start[..k].to_vec());
            prop_assert!(subproblem.minimise(&model, &Workers::inline()).unwrap());
            for j in 0..k {
                let g = -(linear[j] + dot(&h[j * k..(j + 1) * k], &subproblem.point));
                let q = subproblem.point[j];
                let want = if q > 0.0 { upper[j] } else if q < 0.0 { lower[j] } else { g.clamp(lower[j], upper[j]) };
                prop_assert!((g - want).abs() < 1e-8, "coordinate {j}: {g} against {want} at {q}");
            }
        }
    }
}
