//! The double-double finish of newton: iterative refinement of the last linear system, down to how the multipliers round.

use super::Newton;
use crate::control::{Control, IterationRecord};
use crate::numeric::dd::Dd;
use crate::numeric::sum::norm_two;
use crate::reweight::dual_evaluation::DualEvaluation;

/// The finish stops once ‖F‖/(2√λ) ≤ this for every record: far below half an ulp of 1, 1.1e-16.
const FINISH_TARGET: f64 = 1e-17;
const MAX_CORRECTIONS: usize = 8;

impl Newton<'_, '_> {
    /// The finish corrects with a factor that belongs to the free set it starts from. Returns false if there is none.
    pub(super) fn bring_factor_up_to_date(&mut self) -> bool {
        if self.factored && self.changed.is_empty() {
            return true;
        }
        self.update_gram();
        self.factor().is_ok()
    }

    /// Corrects v = y ⊘ s, held in pairs, with F in double-double and the last factor, until every multiplier is known to
    /// far below its rounding or a correction no longer helps.
    pub(super) fn finish(
        mut self,
        history: &mut Vec<IterationRecord>,
        control: &Control,
    ) -> (Vec<Dd>, DualEvaluation) {
        let form = self.form;
        let mut dual: Vec<Dd> = self
            .dual
            .iter()
            .zip(&form.moments.scale)
            .map(|(&y, &s)| (Dd::from(y) / s).renormalised())
            .collect();
        self.release_vectors();
        let mut evaluation = DualEvaluation::new(form);
        form.evaluate_dual(&dual, None, &mut evaluation);
        if !self.factored {
            return (dual, evaluation);
        }
        let sensitivity = form.largest_sensitivity();
        let mut norm = norm_two(&evaluation.residual);
        for correction in 1..=MAX_CORRECTIONS {
            if norm * sensitivity <= FINISH_TARGET {
                break;
            }
            let mut d: Vec<f64> = evaluation.residual.iter().map(|f| -f).collect();
            self.cholesky.solve(&mut d);
            let trial: Vec<Dd> = (dual.iter().zip(&d).zip(&self.inverse_scale))
                .map(|((&v, d), s)| (v + Dd::from(d * s)).renormalised())
                .collect();
            form.evaluate_dual(&trial, None, &mut evaluation);
            let next = norm_two(&evaluation.residual);
            if next.is_nan() || next >= norm {
                form.evaluate_dual(&dual, None, &mut evaluation);
                break;
            }
            dual = trial;
            let record = IterationRecord {
                method: "finish".into(),
                iteration: correction as u32,
                residual: next / self.root_initial_loss,
                objective: None,
                step_length: 1.0,
                num_free: self.num_free as u32,
                num_changed: 0,
            };
            control.report(&record);
            history.push(record);
            if next > 0.25 * norm {
                break;
            }
            norm = next;
        }
        self.round_with_last_correction(&mut evaluation);
        (dual, evaluation)
    }

    /// One more correction to first order, in the answer alone: m(y + d) = m(y) − ratio ∘ A(d ⊘ s) where nothing is clipped. It moves
    /// the multipliers by far less than an ulp, but it is what decides how they round.
    fn round_with_last_correction(&mut self, evaluation: &mut DualEvaluation) {
        let mut d: Vec<f64> = evaluation.residual.iter().map(|f| -f).collect();
        self.cholesky.solve(&mut d);
        self.spread(&d);
        let problem = self.form.problem;
        let kappa = self.form.kappa.to_f64();
        let (change, answer) = (&self.change, evaluation.answer.clone());
        let correction = |i: usize| {
            let (lower, upper) = problem.bounds.of(i);
            let free = lower < answer[i] && answer[i] < upper;
            if free { -(kappa / problem.design_weights[i]) * change[i] } else { 0.0 }
        };
        evaluation.round_corrected(self.form, correction);
    }

    /// Frees the vectors that the finish does not use, so that its own take their place.
    fn release_vectors(&mut self) {
        self.ratio = Vec::new();
        self.unclipped = Vec::new();
    }
}
