//! An objective seen in canonical order.

use super::permutation::Permutation;
use crate::outer::hessian::checked_dense;
use crate::outer::{
    EfsEval, EvalOrder, HessianForm, HessianOperator, HomotopyEntry, Materialisation, ObjectiveError,
    OuterCapability, OuterEval, OuterObjective, OuterPlan, SeedOutcome,
};
use argmin::core::Error;
use std::sync::Arc;

/// Calls an objective in its native order on behalf of a search in canonical order: θ goes in permuted back, and gradients, Hessians
/// (dense or operator), fixed-point steps and indices come out permuted. Inner coefficients are passed through.
pub struct CanonicalObjective<O> {
    inner: O,
    order: Arc<Permutation>,
}

impl<O: OuterObjective> CanonicalObjective<O> {
    /// The objective `inner` in the given order.
    pub fn new(inner: O, order: impl Into<Arc<Permutation>>) -> Self {
        Self { inner, order: order.into() }
    }

    fn native(&self, theta: &[f64]) -> Vec<f64> {
        self.order.to_native(theta)
    }

    fn canonical(&self, eval: OuterEval) -> Result<OuterEval, ObjectiveError> {
        let n = self.order.len();
        let hessian = match eval.hessian {
            // Checked here, so that a message names the entry by the caller's own indices.
            HessianForm::Dense(matrix) => {
                let form = HessianForm::Dense(matrix);
                let matrix =
                    checked_dense(&form, n).map_err(|f| ObjectiveError::Recoverable(f.to_string()))?;
                HessianForm::Dense(self.order.matrix_to_canonical(&matrix))
            }
            HessianForm::Operator(inner) if inner.dim() == n => {
                HessianForm::Operator(Arc::new(CanonicalOperator { inner, order: Arc::clone(&self.order) }))
            }
            other => other,
        };
        Ok(OuterEval { gradient: self.order.to_canonical(&eval.gradient), hessian, ..eval })
    }
}

impl<O: OuterObjective> OuterObjective for CanonicalObjective<O> {
    fn capability(&self) -> OuterCapability {
        self.inner.capability()
    }

    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        let theta = self.native(theta);
        self.inner.eval_cost(&theta)
    }

    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        let theta = self.native(theta);
        let eval = self.inner.eval(&theta)?;
        self.canonical(eval)
    }

    fn eval_with_order(&mut self, theta: &[f64], order: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        let theta = self.native(theta);
        let eval = self.inner.eval_with_order(&theta, order)?;
        self.canonical(eval)
    }

    fn eval_efs(&mut self, theta: &[f64]) -> Result<EfsEval, ObjectiveError> {
        let theta = self.native(theta);
        let eval = self.inner.eval_efs(&theta)?;
        let psi_indices =
            eval.psi_indices.map(|i| i.iter().map(|&i| self.order.index_to_canonical(i)).collect());
        Ok(EfsEval { steps: self.order.to_canonical(&eval.steps), psi_indices, ..eval })
    }

    fn eval_screening_proxy(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        let theta = self.native(theta);
        self.inner.eval_screening_proxy(&theta)
    }

    fn reset(&mut self) {
        self.inner.reset();
    }

    fn seed_inner_state(&mut self, beta: &[f64]) -> Result<SeedOutcome, ObjectiveError> {
        self.inner.seed_inner_state(beta)
    }

    fn allow_continuation_prewarm(&self) -> bool {
        self.inner.allow_continuation_prewarm()
    }

    fn requires_continuation_path_entry(&self) -> bool {
        self.inner.requires_continuation_path_entry()
    }

    fn curvature_homotopy_entry(&mut self, theta: &[f64]) -> Result<HomotopyEntry, ObjectiveError> {
        let theta = self.native(theta);
        self.inner.curvature_homotopy_entry(&theta)
    }

    fn accept_seed_without_outer_iterations(&mut self, theta: &[f64]) -> Result<Option<f64>, ObjectiveError> {
        let theta = self.native(theta);
        self.inner.accept_seed_without_outer_iterations(&theta)
    }

    fn finalize_outer_result(&mut self, theta: &[f64], plan: &OuterPlan) -> Result<(), ObjectiveError> {
        let theta = self.native(theta);
        self.inner.finalize_outer_result(&theta, plan)
    }

    fn set_probing(&mut self, probing: bool) {
        self.inner.set_probing(probing);
    }
}

/// PHPᵀ by its products.
struct CanonicalOperator {
    inner: Arc<dyn HessianOperator>,
    order: Arc<Permutation>,
}

impl HessianOperator for CanonicalOperator {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), Error> {
        let mut native = vec![0.0; v.len()];
        self.inner.apply(&self.order.to_native(v), &mut native)?;
        out.copy_from_slice(&self.order.to_canonical(&native));
        Ok(())
    }

    fn apply_batch(&self, vectors: &[f64], num: usize, out: &mut [f64]) -> Result<(), Error> {
        let n = self.dim().max(1);
        let columns: Vec<f64> = vectors.chunks_exact(n).flat_map(|v| self.order.to_native(v)).collect();
        let mut native = vec![0.0; out.len()];
        self.inner.apply_batch(&columns, num, &mut native)?;
        for (out, native) in out.chunks_exact_mut(n).zip(native.chunks_exact(n)) {
            out.copy_from_slice(&self.order.to_canonical(native));
        }
        Ok(())
    }

    fn materialisation(&self) -> Materialisation {
        self.inner.materialisation()
    }

    fn materialise(&self) -> Result<Vec<f64>, Error> {
        Ok(self.order.matrix_to_canonical(&self.inner.materialise()?))
    }
}
