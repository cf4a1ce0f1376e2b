//! The curvature model of a run, and which one a problem gets.

use super::choices::HessianChoice;
use super::evaluation::{Evaluator, Point};
use super::functions::SqpError;
use super::hessian::bfgs::{DenseBfgs, PairUse};
use super::hessian::curvature::{Curvature, DenseCurvature, DiagonalCurvature};
use super::hessian::exact::ExactHessian;
use super::hessian::limited_memory::LimitedMemory;
use super::options::SqpOptions;
use crate::numeric::sum::max_abs;

/// Products agree to this part of their size where the Hessian is diagonal.
const DIAGONAL: f64 = 1e-13;
/// Variables up to which the search for a diagonal Hessian does not pay.
const SMALL: usize = 12;
/// A Hessian below this part of (size of the gradient)/(size of x) counts as zero.
const FLAT: f64 = 1e-8;

/// B.
#[derive(Debug, Clone)]
pub(super) enum Model {
    /// A dense quasi-Newton matrix.
    Dense(DenseBfgs),
    /// Limited-memory BFGS.
    Limited(Box<LimitedMemory>),
    /// The exact Hessian as a dense matrix.
    Exact(ExactHessian),
    /// An exact Hessian that is diagonal, negative entries reflected; with the most negative one.
    Diagonal(DiagonalCurvature, f64),
}

impl Model {
    /// The quasi-Newton model of a problem's size.
    pub fn quasi_newton(n: usize, num_equalities: usize, gamma: f64, options: &SqpOptions) -> Self {
        let dense = match options.hessian {
            HessianChoice::Bfgs => true,
            HessianChoice::LimitedMemory => false,
            HessianChoice::Auto | HessianChoice::Exact => {
                n <= options.bfgs_limit && !options.asks_for_matrix_free(num_equalities)
            }
        };
        if dense {
            Self::Dense(DenseBfgs::new(n, gamma))
        } else {
            Self::Limited(Box::new(LimitedMemory::new(n, gamma, options)))
        }
    }

    /// The exact Hessian of the Lagrangian at a point: two products where it is diagonal, n where it is dense; `None` where it is
    /// neither small nor diagonal. Where it vanishes, `flat`·I is added, so that a step has an end.
    pub fn exact(
        evaluator: &mut Evaluator<'_>,
        point: &Point,
        multipliers: &[f64],
        rows: &[&[f64]],
        fixed: &[usize],
        limit: usize,
        flat: f64,
    ) -> Result<Option<Self>, SqpError> {
        let n = point.x.len();
        if n > SMALL
            && let Some(diagonal) = diagonal_hessian(evaluator, point, multipliers)?
        {
            return Ok(Some(reflected(diagonal)));
        }
        if n > limit {
            return Ok(None);
        }
        let mut matrix = vec![0.0; n * n];
        let mut unit = vec![0.0; n];
        for j in 0..n {
            unit[j] = 1.0;
            evaluator.hessian_product(point, multipliers, &unit, &mut matrix[j * n..(j + 1) * n])?;
            unit[j] = 0.0;
        }
        for i in 0..n {
            for j in 0..i {
                let mean = 0.5 * (matrix[i * n + j] + matrix[j * n + i]);
                (matrix[i * n + j], matrix[j * n + i]) = (mean, mean);
            }
        }
        if max_abs(&matrix) <= FLAT * flat {
            (0..n).for_each(|i| matrix[i * n + i] += flat);
        }
        let units: Vec<Vec<f64>> =
            fixed.iter().map(|&j| (0..n).map(|k| f64::from(u8::from(k == j))).collect()).collect();
        let all: Vec<&[f64]> = rows.iter().copied().chain(units.iter().map(Vec::as_slice)).collect();
        Ok(Some(Self::Exact(ExactHessian::new(matrix, &all, n))))
    }

    /// B as the structured solver sees it.
    pub fn curvature(&self, n: usize) -> Box<dyn Curvature + '_> {
        match self {
            Self::Dense(bfgs) => Box::new(DenseCurvature::new(&bfgs.matrix, n)),
            Self::Exact(exact) => Box::new(DenseCurvature::new(&exact.matrix, n)),
            Self::Limited(limited) => Box::new(&**limited),
            Self::Diagonal(diagonal, _) => Box::new(diagonal),
        }
    }

    /// B as a dense matrix (n × n).
    pub fn dense(&self, n: usize) -> Vec<f64> {
        match self {
            Self::Dense(bfgs) => bfgs.matrix.clone(),
            Self::Exact(exact) => exact.matrix.clone(),
            Self::Limited(_) | Self::Diagonal(..) => {
                let curvature = self.curvature(n);
                let mut matrix = vec![0.0; n * n];
                let mut unit = vec![0.0; n];
                for j in 0..n {
                    unit[j] = 1.0;
                    matrix[j * n..(j + 1) * n].copy_from_slice(&curvature.product(&unit));
                    unit[j] = 0.0;
                }
                for i in 0..n {
                    (0..i).for_each(|j| matrix[j * n + i] = matrix[i * n + j]);
                }
                matrix
            }
        }
    }

    /// σ of σAᵀA in the model.
    pub fn augmentation(&self) -> f64 {
        match self {
            Self::Exact(exact) => exact.augmentation,
            Self::Dense(bfgs) => bfgs.augmentation,
            Self::Limited(_) | Self::Diagonal(..) => 0.0,
        }
    }

    /// Takes in a pair; an exact model ignores it. `rows` are those of the working set at the new point.
    pub fn update(&mut self, s: &[f64], y: &[f64], threshold: f64, rows: &[&[f64]]) -> PairUse {
        match self {
            Self::Dense(bfgs) => bfgs.update(s, y, threshold, rows),
            Self::Limited(limited) => limited.update(s, y),
            Self::Exact(_) | Self::Diagonal(..) => PairUse::Stored,
        }
    }

    /// Forgets the pairs and stiffens the matrix by `factor`.
    pub fn reset(&mut self, factor: f64) {
        match self {
            Self::Dense(bfgs) => bfgs.reset(bfgs.gamma * factor),
            Self::Limited(limited) => limited.reset(limited.gamma * factor),
            Self::Exact(_) | Self::Diagonal(..) => {}
        }
    }

    /// The diagonal of B, or of B₀ for the limited memory.
    pub fn diagonal(&self, n: usize) -> Vec<f64> {
        match self {
            Self::Dense(bfgs) => bfgs.matrix.iter().step_by(n + 1).copied().collect(),
            Self::Exact(exact) => exact.matrix.iter().step_by(n + 1).copied().collect(),
            Self::Limited(limited) => limited.diagonal.clone(),
            Self::Diagonal(diagonal, _) => diagonal.0.clone(),
        }
    }

    /// γ (1 for an exact model) and the smallest and largest diagonal entries.
    pub fn extremes(&self, n: usize) -> (f64, f64, f64) {
        let gamma = match self {
            Self::Dense(bfgs) => bfgs.gamma,
            Self::Limited(limited) => limited.gamma,
            Self::Exact(_) | Self::Diagonal(..) => 1.0,
        };
        let fold = |(low, high): (f64, f64), d: f64| (d.min(low), d.max(high));
        let (least, largest) = self.diagonal(n).into_iter().fold((f64::INFINITY, 0.0), fold);
        (gamma, least, largest)
    }
}

/// ∇²L if H·1 and H·r agree with a diagonal matrix for a vector r without pattern.
fn diagonal_hessian(
    evaluator: &mut Evaluator<'_>,
    point: &Point,
    multipliers: &[f64],
) -> Result<Option<Vec<f64>>, SqpError> {
    let n = point.x.len();
    let mut diagonal = vec![0.0; n];
    evaluator.hessian_product(point, multipliers, &vec![1.0; n], &mut diagonal)?;
    // Multiples of the golden ratio modulo 1 are spread evenly and never repeat.
    let probe: Vec<f64> = (1..=n).map(|j| 0.5 + (j as f64 * 0.618_033_988_749_894_9).fract()).collect();
    let mut image = vec![0.0; n];
    evaluator.hessian_product(point, multipliers, &probe, &mut image)?;
    let size = max_abs(&diagonal);
    let agrees = (0..n).all(|j| (image[j] - diagonal[j] * probe[j]).abs() <= DIAGONAL * size);
    Ok((agrees && size > 0.0 && size.is_finite()).then_some(diagonal))
}

/// |hⱼ|, at least a small part of the largest.
fn reflected(mut diagonal: Vec<f64>) -> Model {
    let floor = 1e-8 * max_abs(&diagonal);
    let least = diagonal.iter().fold(0.0, |a: f64, d| a.min(*d));
    diagonal.iter_mut().for_each(|d| *d = d.abs().max(floor));
    Model::Diagonal(DiagonalCurvature(diagonal), least)
}
