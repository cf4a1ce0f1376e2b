//! Fixed-point iterations whose steps the problem supplies: what a problem has to offer, and why a run gives up.
//!
//! Extended Fellner–Schall steps (S. N. Wood, M. Fasiolo, Biometrics 73 (2017) 1071–1081) are of this kind: multiplicative in a smoothing
//! parameter, additive in its logarithm.

use super::hessian_operator::HessianOperator;
use argmin::core::Error;
use std::sync::Arc;

/// What the problem says at a point x (n).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FixedPointEvaluation {
    /// f(x)
    pub value: f64,
    /// The step, additive in x (n).
    pub step: Vec<f64>,
    /// ∂f/∂ψ for the ψ coordinates in the order of their indices; none if unknown or there are none.
    pub psi_gradient: Option<Vec<f64>>,
    /// How far the two-sided bound on a log-determinant in f is open; none if f is exact.
    pub enclosure_gap: Option<f64>,
}

/// What a log-barrier within the problem's inner solve does to the steps at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BarrierState {
    /// There is no barrier.
    #[default]
    Absent,
    /// There is one, and it does not disturb the steps.
    Harmless,
    /// Its curvature is significant beside that of the inner problem: the step formula does not hold.
    Significant,
    /// It acts on some coefficients only, or one of them is infeasible.
    Concentrated,
}

/// Problems for [`FixedPointIteration`](super::FixedPointIteration) and [`Frontier`](super::Frontier), beside argmin's `CostFunction`, which
/// is asked for values at trial points.
pub trait FixedPoint {
    /// Value and step at x (n).
    ///
    /// # Errors
    /// Whatever makes the evaluation impossible; it ends the run.
    fn evaluate(&self, x: &[f64]) -> Result<FixedPointEvaluation, Error>;

    /// The barrier at the point of the last evaluation. By default there is none.
    fn barrier(&self, evaluation: &FixedPointEvaluation) -> BarrierState {
        let _ = evaluation;
        BarrierState::Absent
    }

    /// ∇f(x) (n), for coupled border axes. By default there is none, and axes are never coupled.
    ///
    /// # Errors
    /// Are not fatal: the border keeps its single steps.
    fn border_gradient(&self, x: &[f64]) -> Result<Option<Vec<f64>>, Error> {
        let _ = x;
        Ok(None)
    }

    /// The Hessian at x, for coupled border axes. Without one, products are taken by differences of
    /// [`border_gradient`](Self::border_gradient).
    ///
    /// # Errors
    /// Are not fatal: the border keeps its single steps.
    fn border_hessian(&self, x: &[f64]) -> Result<Option<Arc<dyn HessianOperator>>, Error> {
        let _ = x;
        Ok(None)
    }
}

/// Why a fixed-point iteration cannot go on and a method with gradients should.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FixedPointFallback {
    /// The barrier's curvature is significant ([`BarrierState::Significant`]).
    BarrierCurvature,
    /// The barrier acts on some coefficients only ([`BarrierState::Concentrated`]).
    BarrierConcentrated,
    /// The ψ steps are within the tolerance while the projected ψ gradient is not: `gradient` > `tolerance`.
    PsiNotStationary {
        /// Largest entry of the projected ψ gradient.
        gradient: f64,
        /// The step tolerance.
        tolerance: f64,
    },
    /// No fraction of the step lowers f.
    NoDescent,
    /// The step lowers f only without its ψ part.
    PsiStagnation,
}
