//! Penalised regression: η = Xβ, coefficients in blocks, each block with a quadratic penalty λₖ βᵀSₖβ and ρₖ = log λₖ.
//!
//! Random intercepts and slopes are blocks of indicator columns with the identity as penalty: then λₖ is the ratio of the residual
//! variance to that of the effect, and the criteria `Reml` and `Ml` are those of linear mixed models.
//!
//! Sources: S. N. Wood, Generalized Additive Models (2nd edition, 2017), sections 6.2 and 6.6, for the criteria and their derivatives;
//! S. N. Wood and M. Fasiolo, A generalized Fellner–Schall method for smoothing parameter optimization, Biometrics 73 (2017)
//! 1071–1081, for the fixed point; D. Bates et al., Fitting linear mixed-effects models using lme4, Journal of Statistical Software
//! 67 (2015), equations 34 and 41, for the profiled deviances.

use super::derivatives::Derivatives;
use super::inner::{Inner, InnerFailure};
use super::matrix::Matrix;
use equipoise::numeric::symmetric_eigen::SymmetricEigen;

/// The distribution of the responses, with its canonical link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Normal, identity link.
    Gaussian,
    /// Poisson, log link.
    Poisson,
}

/// What is minimised over ρ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Criterion {
    /// −2 log of the restricted likelihood. Gaussian: profiled over σ²; Poisson: by Laplace's approximation, up to a constant.
    Reml,
    /// −2 log of the likelihood, profiled over σ² (Gaussian).
    Ml,
    /// n D/(n − τ)², D the deviance and τ the effective degrees of freedom.
    Gcv,
    /// D/n − σ² + 2τσ²/n for a known σ² (1 for Poisson).
    Ubre {
        /// σ².
        scale: f64,
    },
}

/// A penalty of its own on the columns from `first` on.
#[derive(Debug, Clone)]
pub struct Penalty {
    /// First column of the block.
    pub first: usize,
    /// Sₖ, symmetric and positive semidefinite.
    pub matrix: Matrix,
}

/// One block after the rotation of its columns to the eigenvectors of its penalty: the penalty is diagonal.
#[derive(Debug, Clone)]
pub(super) struct DiagonalPenalty {
    /// (column, eigenvalue) of the penalised directions.
    pub entries: Vec<(usize, f64)>,
    /// Log of the product of the eigenvalues.
    pub log_determinant: f64,
}

/// The model and its data.
#[derive(Debug, Clone)]
pub struct PenalizedRegression {
    pub(super) x: Matrix,
    pub(super) y: Vec<f64>,
    pub(super) family: Family,
    pub(super) criterion: Criterion,
    pub(super) penalties: Vec<DiagonalPenalty>,
    /// The blocks as ranges of columns.
    blocks: Vec<std::ops::Range<usize>>,
    /// Number of columns without any penalty.
    pub(super) num_unpenalised: usize,
}

/// The criterion at ρ with its derivatives.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The criterion.
    pub value: f64,
    /// Its gradient (K).
    pub gradient: Vec<f64>,
    /// Its Hessian (K × K by rows).
    pub hessian: Vec<f64>,
    /// The extended Fellner–Schall step (K): zero exactly where the gradient is.
    pub efs_step: Vec<f64>,
    /// The inner coefficients in the rotated columns (p).
    pub beta: Vec<f64>,
    /// Effective degrees of freedom of each block.
    pub block_degrees: Vec<f64>,
    /// The deviance.
    pub deviance: f64,
}

impl PenalizedRegression {
    /// The model of responses y (n), columns x (n × p) and penalties on blocks that do not overlap.
    pub fn new(x: &Matrix, y: &[f64], family: Family, criterion: Criterion, penalties: &[Penalty]) -> Self {
        assert_eq!(x.rows, y.len());
        assert!(family == Family::Gaussian || criterion != Criterion::Ml, "Ml is for Gaussian responses");
        let mut rotated = x.clone();
        let mut diagonal = Vec::new();
        let mut blocks: Vec<std::ops::Range<usize>> = Vec::new();
        for penalty in penalties {
            let block = penalty.first..penalty.first + penalty.matrix.rows;
            assert!(
                block.end <= x.columns && blocks.iter().all(|b| b.end <= block.start || block.end <= b.start)
            );
            let eigen =
                SymmetricEigen::new(&penalty.matrix.entries, penalty.matrix.rows).expect("finite penalties");
            for i in 0..x.rows {
                let row = x.row(i)[block.clone()].to_vec();
                for (k, column) in block.clone().enumerate() {
                    rotated.entries[i * x.columns + column] =
                        row.iter().zip(eigen.vector(k)).map(|(a, b)| a * b).sum();
                }
            }
            let largest = eigen.values.last().copied().unwrap_or(0.0);
            let entries: Vec<(usize, f64)> = block
                .clone()
                .zip(eigen.values.iter().copied())
                .filter(|(_, d)| *d > 1e-10 * largest)
                .collect();
            let log_determinant = entries.iter().map(|(_, d)| libm::log(*d)).sum();
            diagonal.push(DiagonalPenalty { entries, log_determinant });
            blocks.push(block);
        }
        let num_penalised: usize = diagonal.iter().map(|p| p.entries.len()).sum();
        Self {
            num_unpenalised: x.columns - num_penalised,
            x: rotated,
            y: y.to_vec(),
            family,
            criterion,
            penalties: diagonal,
            blocks,
        }
    }

    /// Number K of smoothing parameters.
    pub fn num_penalties(&self) -> usize {
        self.penalties.len()
    }

    /// Where data and penalty weigh alike: ρₖ is the log of Σ(XᵀX)ⱼⱼ/Σdⱼ over the penalised directions of block k.
    pub fn starting_point(&self) -> Vec<f64> {
        self.penalties
            .iter()
            .map(|penalty| {
                let square = |column: usize| -> f64 {
                    (0..self.x.rows).map(|i| self.x.at(i, column) * self.x.at(i, column)).sum()
                };
                let data: f64 = penalty.entries.iter().map(|(column, _)| square(*column)).sum();
                let roughness: f64 = penalty.entries.iter().map(|(_, d)| d).sum();
                libm::log(data / roughness)
            })
            .collect()
    }

    /// The criterion alone.
    pub fn value(&self, rho: &[f64]) -> Result<f64, InnerFailure> {
        let inner = Inner::solve(self, rho)?;
        Ok(self.combine(rho, &Derivatives::values(self, &inner)).value)
    }

    /// The criterion with all derivatives.
    pub fn evaluate(&self, rho: &[f64]) -> Result<Evaluation, InnerFailure> {
        let inner = Inner::solve(self, rho)?;
        let derivatives = Derivatives::new(self, &inner);
        let mut evaluation = self.combine(rho, &derivatives);
        evaluation.efs_step = self.efs_step(&derivatives, &evaluation.gradient);
        evaluation.block_degrees = self.blocks.iter().map(|b| inner.degrees_of_freedom(b.clone())).collect();
        evaluation.deviance = derivatives.deviance.value;
        evaluation.beta = inner.beta;
        Ok(evaluation)
    }

    /// n − p for restricted likelihoods, else n.
    fn likelihood_size(&self) -> f64 {
        let n = self.y.len();
        (if self.criterion == Criterion::Reml { n - self.num_unpenalised } else { n }) as f64
    }

    fn rank(&self, k: usize) -> f64 {
        self.penalties[k].entries.len() as f64
    }

    /// The criterion from deviance D, penalty P, degrees of freedom τ and log determinant L by the chain rule.
    fn combine(&self, rho: &[f64], pieces: &Derivatives) -> Evaluation {
        let num = rho.len();
        let n = self.y.len() as f64;
        let Derivatives { deviance, penalty, degrees, log_determinant } = pieces;
        let mut result = Evaluation {
            value: 0.0,
            gradient: vec![0.0; num],
            hessian: vec![0.0; num * num],
            efs_step: vec![0.0; num],
            beta: Vec::new(),
            block_degrees: Vec::new(),
            deviance: deviance.value,
        };
        // Value, and the first and second derivatives in each piece u: F, Fᵤ, Fᵤᵤ; only Gcv has a mixed one.
        match self.criterion {
            Criterion::Reml | Criterion::Ml => {
                let m = self.likelihood_size();
                let q = deviance.value + penalty.value;
                let log_ranks: f64 = rho
                    .iter()
                    .enumerate()
                    .map(|(k, r)| self.rank(k) * r + self.penalties[k].log_determinant)
                    .sum();
                let (misfit, first, second) = match self.family {
                    Family::Gaussian => {
                        let profiled = m * (1.0 + libm::log(2.0 * std::f64::consts::PI * q / m));
                        (profiled, m / q, -m / (q * q))
                    }
                    Family::Poisson => (q, 1.0, 0.0),
                };
                result.value = log_determinant.value - log_ranks + misfit;
                result.add(log_determinant, 1.0);
                result.add(deviance, first);
                result.add(penalty, first);
                let q_gradient: Vec<f64> =
                    deviance.gradient.iter().zip(&penalty.gradient).map(|(a, b)| a + b).collect();
                result.add_outer(&q_gradient, &q_gradient, second);
                for k in 0..num {
                    result.gradient[k] -= self.rank(k);
                }
            }
            Criterion::Ubre { scale } => {
                result.value = deviance.value / n - scale + 2.0 * degrees.value * scale / n;
                result.add(deviance, 1.0 / n);
                result.add(degrees, 2.0 * scale / n);
            }
            Criterion::Gcv => {
                let left = n - degrees.value;
                let d = deviance.value;
                result.value = n * d / (left * left);
                result.add(deviance, n / (left * left));
                result.add(degrees, 2.0 * n * d / (left * left * left));
                let mixed = 2.0 * n / (left * left * left);
                result.add_outer(&deviance.gradient, &degrees.gradient, mixed);
                result.add_outer(&degrees.gradient, &deviance.gradient, mixed);
                let second = 6.0 * n * d / (left * left * left * left);
                result.add_outer(&degrees.gradient, &degrees.gradient, second);
            }
        }
        result
    }

    /// log(b/a) where the gradient is a − b with both parts positive: b falls and a grows with λ.
    fn efs_step(&self, pieces: &Derivatives, gradient: &[f64]) -> Vec<f64> {
        let Derivatives { deviance, penalty, degrees, log_determinant } = pieces;
        let n = self.y.len() as f64;
        (0..gradient.len())
            .map(|k| {
                let (rises, falls) = match self.criterion {
                    Criterion::Reml | Criterion::Ml => {
                        let falls = self.rank(k) - log_determinant.gradient[k];
                        (gradient[k] + falls, falls)
                    }
                    Criterion::Ubre { scale } => (deviance.gradient[k], -2.0 * scale * degrees.gradient[k]),
                    Criterion::Gcv => {
                        let share = 2.0 * deviance.value / (n - degrees.value);
                        (deviance.gradient[k], -share * degrees.gradient[k])
                    }
                };
                let _ = penalty;
                match (rises > 0.0, falls > 0.0) {
                    (true, true) => libm::log(falls / rises).clamp(-5.0, 5.0),
                    (true, false) => -5.0,
                    (false, true) => 5.0,
                    (false, false) => (-gradient[k]).clamp(-5.0, 5.0),
                }
            })
            .collect()
    }
}

impl Evaluation {
    /// Adds factor · (piece's gradient, piece's Hessian).
    fn add(&mut self, piece: &super::derivatives::Piece, factor: f64) {
        for (sum, g) in self.gradient.iter_mut().zip(&piece.gradient) {
            *sum += factor * g;
        }
        for (sum, h) in self.hessian.iter_mut().zip(&piece.hessian) {
            *sum += factor * h;
        }
    }

    /// Adds factor · u vᵀ to the Hessian.
    fn add_outer(&mut self, u: &[f64], v: &[f64], factor: f64) {
        for (row, a) in self.hessian.chunks_exact_mut(v.len().max(1)).zip(u) {
            for (sum, b) in row.iter_mut().zip(v) {
                *sum += factor * a * b;
            }
        }
    }
}
