//! The inner solve: β(ρ) and the factorised Hessian of the penalised log-likelihood there.

use super::matrix::Matrix;
use super::penalized::{Criterion, Family, PenalizedRegression};
use equipoise::numeric::cholesky::Cholesky;
use equipoise::numeric::parallel::Workers;
use equipoise::numeric::sum::dot;

const MAX_ITERATIONS: usize = 100;

/// The inner solve did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub struct InnerFailure(pub String);

/// The inner solution at ρ.
pub struct Inner {
    /// Coefficients (p).
    pub beta: Vec<f64>,
    /// Linear predictor Xβ (n).
    pub eta: Vec<f64>,
    /// Fitted means (n).
    pub mean: Vec<f64>,
    /// Weights w = dμ/dη (n).
    pub weights: Vec<f64>,
    /// diag of λ₁S₁ + … (p).
    pub total_penalty: Vec<f64>,
    /// diag of λₖSₖ, each (p).
    pub penalties: Vec<Vec<f64>>,
    /// H⁻¹, H = XᵀWX + λ₁S₁ + … (p × p).
    pub inverse: Matrix,
    /// The inverse of the part of H that the log determinant is of (all of it but for `Ml`), with zeros elsewhere.
    pub determinant_inverse: Matrix,
    /// That log determinant.
    pub log_determinant: f64,
}

impl Inner {
    /// Solves at ρ: once for Gaussian responses, by Newton's method from the responses for Poisson ones.
    pub fn solve(model: &PenalizedRegression, rho: &[f64]) -> Result<Self, InnerFailure> {
        let p = model.x.columns;
        let mut total_penalty = vec![0.0; p];
        let mut penalties = vec![vec![0.0; p]; rho.len()];
        for (k, penalty) in model.penalties.iter().enumerate() {
            for &(column, d) in &penalty.entries {
                penalties[k][column] = libm::exp(rho[k]) * d;
                total_penalty[column] = penalties[k][column];
            }
        }
        let (beta, eta) = match model.family {
            Family::Gaussian => {
                let ones = vec![1.0; model.y.len()];
                let beta = weighted_solve(model, &ones, &model.y, &total_penalty)?;
                let eta = model.x.times(&beta);
                (beta, eta)
            }
            Family::Poisson => poisson(model, &total_penalty)?,
        };
        let (mean, weights) = match model.family {
            Family::Gaussian => (eta.clone(), vec![1.0; eta.len()]),
            Family::Poisson => {
                let mean: Vec<f64> = eta.iter().map(|e| libm::exp(*e)).collect();
                (mean.clone(), mean)
            }
        };
        let hessian = penalised_gram(model, &weights, &total_penalty);
        let all: Vec<usize> = (0..p).collect();
        let (inverse, log_of_all) = inverse_of_part(&hessian, &all)?;
        let (determinant_inverse, log_determinant) = if model.criterion == Criterion::Ml {
            let part: Vec<usize> = (0..p).filter(|&j| total_penalty[j] > 0.0).collect();
            inverse_of_part(&hessian, &part)?
        } else {
            (inverse.clone(), log_of_all)
        };
        Ok(Self {
            beta,
            eta,
            mean,
            weights,
            total_penalty,
            penalties,
            inverse,
            determinant_inverse,
            log_determinant,
        })
    }

    /// H⁻¹v.
    pub fn solve_hessian(&self, v: &[f64]) -> Vec<f64> {
        self.inverse.times(v)
    }

    /// tr of the block of H⁻¹XᵀWX = I − H⁻¹ΣλS.
    pub fn degrees_of_freedom(&self, block: std::ops::Range<usize>) -> f64 {
        block.map(|j| 1.0 - self.inverse.at(j, j) * self.total_penalty[j]).sum()
    }
}

fn penalised_gram(model: &PenalizedRegression, weights: &[f64], penalty: &[f64]) -> Matrix {
    let mut gram = model.x.weighted_gram(weights);
    for (j, s) in penalty.iter().enumerate() {
        gram.entries[j * gram.columns + j] += s;
    }
    gram
}

/// (XᵀWX + ΣλS)⁻¹ XᵀWz.
fn weighted_solve(
    model: &PenalizedRegression,
    weights: &[f64],
    z: &[f64],
    penalty: &[f64],
) -> Result<Vec<f64>, InnerFailure> {
    let gram = penalised_gram(model, weights, penalty);
    let factor = factor(&gram, &(0..gram.rows).collect::<Vec<_>>())?;
    let weighted: Vec<f64> = weights.iter().zip(z).map(|(w, z)| w * z).collect();
    let mut beta = model.x.transposed_times(&weighted);
    factor.solve(&mut beta);
    Ok(beta)
}

/// Newton's method on the penalised deviance, halving steps that raise it, until it no longer falls.
fn poisson(model: &PenalizedRegression, penalty: &[f64]) -> Result<(Vec<f64>, Vec<f64>), InnerFailure> {
    let mut eta: Vec<f64> = model.y.iter().map(|y| libm::log(y + 0.1)).collect();
    let mut beta: Option<Vec<f64>> = None;
    let mut merit = f64::INFINITY;
    for _ in 0..MAX_ITERATIONS {
        let mean: Vec<f64> = eta.iter().map(|e| libm::exp(*e)).collect();
        let z: Vec<f64> = eta.iter().zip(&mean).zip(&model.y).map(|((e, m), y)| e + (y - m) / m).collect();
        let full = weighted_solve(model, &mean, &z, penalty)?;
        let mut trial = full.clone();
        let mut accepted = false;
        for _ in 0..30 {
            let trial_eta = model.x.times(&trial);
            let trial_merit = penalised_deviance(model, &trial, &trial_eta, penalty);
            if trial_merit < merit {
                (eta, merit, accepted) = (trial_eta, trial_merit, true);
                break;
            }
            let Some(beta) = &beta else { break };
            trial = trial.iter().zip(beta).map(|(a, b)| 0.5 * (a + b)).collect();
        }
        if !accepted {
            return match beta {
                // The last Newton step is below what the deviance resolves; it is taken, for it squares the error once more.
                Some(_) => {
                    let eta = model.x.times(&full);
                    Ok((full, eta))
                }
                None => Err(InnerFailure("the first inner step has no finite deviance".into())),
            };
        }
        beta = Some(trial);
    }
    Err(InnerFailure(format!("the inner solve did not settle in {MAX_ITERATIONS} iterations")))
}

fn penalised_deviance(model: &PenalizedRegression, beta: &[f64], eta: &[f64], penalty: &[f64]) -> f64 {
    let mean: Vec<f64> = eta.iter().map(|e| libm::exp(*e)).collect();
    let roughness: f64 = beta.iter().zip(penalty).map(|(b, s)| s * b * b).sum();
    deviance(model, eta, &mean) + roughness
}

/// 2 Σ (y log(y/μ) − y + μ), or the sum of squares.
pub fn deviance(model: &PenalizedRegression, eta: &[f64], mean: &[f64]) -> f64 {
    let terms: Vec<f64> = match model.family {
        Family::Gaussian => model.y.iter().zip(mean).map(|(y, m)| (y - m) * (y - m)).collect(),
        Family::Poisson => (0..mean.len())
            .map(|i| {
                let y = model.y[i];
                let entropy = if y > 0.0 { y * (libm::log(y) - eta[i]) } else { 0.0 };
                2.0 * (entropy - y + mean[i])
            })
            .collect(),
    };
    equipoise::numeric::sum::sum(&terms)
}

fn factor(matrix: &Matrix, part: &[usize]) -> Result<Cholesky, InnerFailure> {
    let mut factor = Cholesky::new(part.len());
    factor
        .factor(|i, j| matrix.at(part[i], part[j]), &Workers::inline())
        .map_err(|error| InnerFailure(error.to_string()))?;
    Ok(factor)
}

/// The inverse of the part of a matrix in the given rows and columns, zero elsewhere, and the log of its determinant.
fn inverse_of_part(matrix: &Matrix, part: &[usize]) -> Result<(Matrix, f64), InnerFailure> {
    let factor = factor(matrix, part)?;
    let mut inverse = Matrix::zeros(matrix.rows, matrix.columns);
    for (k, &column) in part.iter().enumerate() {
        let mut unit = vec![0.0; part.len()];
        unit[k] = 1.0;
        factor.solve(&mut unit);
        for (&row, value) in part.iter().zip(unit) {
            inverse.entries[row * matrix.columns + column] = value;
        }
    }
    Ok((inverse, factor.log_determinant()))
}

/// βᵀΛβ for a diagonal Λ.
pub fn quadratic(beta: &[f64], diagonal: &[f64], other: &[f64]) -> f64 {
    let scaled: Vec<f64> = diagonal.iter().zip(other).map(|(d, b)| d * b).collect();
    dot(beta, &scaled)
}
