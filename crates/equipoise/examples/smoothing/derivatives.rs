//! First and second derivatives in ρ of the four quantities that the criteria are made of.
//!
//! With H = XᵀWX + Λ, Λ = Σλₖ Sₖ, Λₖ = λₖSₖ and the canonical link, differentiating the score equation Xᵀ(y − μ) = Λβ gives
//! βₖ = −H⁻¹Λₖβ and βₖₗ = δₖₗβₖ − H⁻¹(Hₗβₖ + Λₖβₗ), with Hₖ = XᵀWₖX + Λₖ. For Poisson responses w = μ = w′ = w″.

use super::inner::{Inner, deviance, quadratic};
use super::matrix::{Matrix, trace_of_product};
use super::penalized::{Family, PenalizedRegression};
use equipoise::numeric::sum::dot;

/// A quantity with its gradient (K) and Hessian (K × K by rows).
#[derive(Debug, Clone, Default)]
pub struct Piece {
    pub value: f64,
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
}

/// The four quantities.
#[derive(Debug, Clone, Default)]
pub struct Derivatives {
    /// D, the deviance.
    pub deviance: Piece,
    /// P = βᵀΛβ.
    pub penalty: Piece,
    /// τ = tr(H⁻¹XᵀWX) = p − tr(H⁻¹Λ).
    pub degrees: Piece,
    /// L = log|H|, or of its penalised part.
    pub log_determinant: Piece,
}

impl Derivatives {
    /// Only the values.
    pub fn values(model: &PenalizedRegression, inner: &Inner) -> Self {
        let piece = |value| Piece { value, ..Piece::default() };
        Self {
            deviance: piece(deviance(model, &inner.eta, &inner.mean)),
            penalty: piece(quadratic(&inner.beta, &inner.total_penalty, &inner.beta)),
            degrees: piece(inner.degrees_of_freedom(0..model.x.columns)),
            log_determinant: piece(inner.log_determinant),
        }
    }

    /// Values and derivatives.
    pub fn new(model: &PenalizedRegression, inner: &Inner) -> Self {
        let mut result = Self::values(model, inner);
        let first = FirstOrder::new(model, inner);
        result.differentiate_coefficients(inner, &first);
        result.differentiate_traces(inner, &first);
        for k in 0..first.num {
            for l in 0..=k {
                let second = SecondOrder::new(model, inner, &first, k, l);
                let entries = [
                    (&mut result.deviance, second.deviance),
                    (&mut result.penalty, second.penalty),
                    (&mut result.degrees, second.degrees),
                    (&mut result.log_determinant, second.log_determinant),
                ];
                for (piece, entry) in entries {
                    piece.hessian.resize(first.num * first.num, 0.0);
                    piece.hessian[k * first.num + l] = entry;
                    piece.hessian[l * first.num + k] = entry;
                }
            }
        }
        result
    }

    /// Dₖ = −2βᵀΛβₖ, Pₖ = 2βᵀΛβₖ + βᵀΛₖβ.
    fn differentiate_coefficients(&mut self, inner: &Inner, first: &FirstOrder) {
        for k in 0..first.num {
            let along = quadratic(&inner.beta, &inner.total_penalty, &first.beta[k]);
            self.deviance.gradient.push(-2.0 * along);
            let own = quadratic(&inner.beta, &inner.penalties[k], &inner.beta);
            self.penalty.gradient.push(2.0 * along + own);
        }
    }

    /// τₖ = tr(H⁻¹HₖH⁻¹Λ) − tr(H⁻¹Λₖ), Lₖ = tr(H⁻¹Hₖ).
    fn differentiate_traces(&mut self, inner: &Inner, first: &FirstOrder) {
        for k in 0..first.num {
            let through_inverse = trace_of_product(&first.relative[k], &first.shrinkage);
            self.degrees.gradient.push(through_inverse - trace_with(&inner.inverse, &inner.penalties[k]));
            self.log_determinant.gradient.push(trace(&first.determinant_relative[k]));
        }
    }
}

/// What the first derivatives are made of.
struct FirstOrder {
    num: usize,
    /// βₖ.
    beta: Vec<Vec<f64>>,
    /// Xβₖ.
    eta: Vec<Vec<f64>>,
    /// Hₖ.
    hessian: Vec<Matrix>,
    /// H⁻¹Hₖ.
    relative: Vec<Matrix>,
    /// The same with the inverse of the part that the log determinant is of.
    determinant_relative: Vec<Matrix>,
    /// H⁻¹Λ.
    shrinkage: Matrix,
}

impl FirstOrder {
    fn new(model: &PenalizedRegression, inner: &Inner) -> Self {
        let beta: Vec<Vec<f64>> = inner
            .penalties
            .iter()
            .map(|own| {
                let right: Vec<f64> = own.iter().zip(&inner.beta).map(|(s, b)| -s * b).collect();
                inner.solve_hessian(&right)
            })
            .collect();
        let eta: Vec<Vec<f64>> = beta.iter().map(|b| model.x.times(b)).collect();
        let hessian: Vec<Matrix> = eta
            .iter()
            .zip(&inner.penalties)
            .map(|(eta, own)| {
                let weights = weight_change(model, inner, eta);
                with_diagonal(weights.map(|w| model.x.weighted_gram(&w)), own)
            })
            .collect();
        let relative = hessian.iter().map(|h| inner.inverse.product(h)).collect();
        let determinant_relative = hessian.iter().map(|h| inner.determinant_inverse.product(h)).collect();
        let shrinkage = inner.inverse.with_scaled_columns(&inner.total_penalty);
        Self { num: inner.penalties.len(), beta, eta, hessian, relative, determinant_relative, shrinkage }
    }
}

/// The entries (k, l) of the four Hessians.
struct SecondOrder {
    deviance: f64,
    penalty: f64,
    degrees: f64,
    log_determinant: f64,
}

impl SecondOrder {
    fn new(model: &PenalizedRegression, inner: &Inner, first: &FirstOrder, k: usize, l: usize) -> Self {
        let same = f64::from(u8::from(k == l));
        let (own_k, own_l) = (&inner.penalties[k], &inner.penalties[l]);
        let (beta_k, beta_l) = (&first.beta[k], &first.beta[l]);
        let mut right = first.hessian[l].times(beta_k);
        for (sum, (s, b)) in right.iter_mut().zip(own_k.iter().zip(beta_l)) {
            *sum += s * b;
        }
        let moved = inner.solve_hessian(&right);
        let beta_kl: Vec<f64> = beta_k.iter().zip(&moved).map(|(b, m)| same * b - m).collect();
        let along = quadratic(&inner.beta, &inner.total_penalty, &beta_kl);
        let curvature: Vec<f64> =
            (0..inner.weights.len()).map(|i| inner.weights[i] * first.eta[k][i] * first.eta[l][i]).collect();
        let deviance = 2.0 * equipoise::numeric::sum::sum(&curvature) - 2.0 * along;
        let penalty = 2.0 * quadratic(beta_l, &inner.total_penalty, beta_k)
            + 2.0 * quadratic(&inner.beta, own_l, beta_k)
            + 2.0 * quadratic(&inner.beta, own_k, beta_l)
            + 2.0 * along
            + same * quadratic(&inner.beta, own_k, &inner.beta);
        let hessian_kl = second_hessian(model, inner, first, (k, l), &beta_kl);
        let (relative_k, relative_l) = (&first.relative[k], &first.relative[l]);
        let through_l = relative_l.product(relative_k);
        let through_k = relative_k.product(relative_l);
        let degrees = trace_of_product(&inner.inverse.product(&hessian_kl), &first.shrinkage)
            - trace_of_product(&through_l, &first.shrinkage)
            - trace_of_product(&through_k, &first.shrinkage)
            + trace_with(&relative_k.product(&inner.inverse), own_l)
            + trace_with(&relative_l.product(&inner.inverse), own_k)
            - same * trace_with(&inner.inverse, own_k);
        let log_determinant = trace_of_product(&inner.determinant_inverse, &hessian_kl)
            - trace_of_product(&first.determinant_relative[k], &first.determinant_relative[l]);
        Self { deviance, penalty, degrees, log_determinant }
    }
}

/// Hₖₗ = XᵀWₖₗX + δₖₗΛₖ, Wₖₗ = diag(w″ηₖηₗ + w′ηₖₗ).
fn second_hessian(
    model: &PenalizedRegression,
    inner: &Inner,
    first: &FirstOrder,
    (k, l): (usize, usize),
    beta_kl: &[f64],
) -> Matrix {
    let p = model.x.columns;
    let own = if k == l { inner.penalties[k].clone() } else { vec![0.0; p] };
    let gram = (model.family == Family::Poisson).then(|| {
        let eta_kl = model.x.times(beta_kl);
        let weights: Vec<f64> = (0..eta_kl.len())
            .map(|i| inner.mean[i] * (first.eta[k][i] * first.eta[l][i] + eta_kl[i]))
            .collect();
        model.x.weighted_gram(&weights)
    });
    with_diagonal(gram, &own)
}

/// dw/dρₖ = w′ηₖ; `None` where the weights are constant.
fn weight_change(model: &PenalizedRegression, inner: &Inner, eta: &[f64]) -> Option<Vec<f64>> {
    (model.family == Family::Poisson).then(|| inner.mean.iter().zip(eta).map(|(m, e)| m * e).collect())
}

fn with_diagonal(gram: Option<Matrix>, diagonal: &[f64]) -> Matrix {
    let p = diagonal.len();
    let mut matrix = gram.unwrap_or_else(|| Matrix::zeros(p, p));
    for (j, d) in diagonal.iter().enumerate() {
        matrix.entries[j * p + j] += d;
    }
    matrix
}

fn trace(a: &Matrix) -> f64 {
    (0..a.rows).map(|i| a.at(i, i)).sum()
}

/// tr(A diag(d)).
fn trace_with(a: &Matrix, d: &[f64]) -> f64 {
    let diagonal: Vec<f64> = (0..a.rows).map(|i| a.at(i, i)).collect();
    dot(&diagonal, d)
}
