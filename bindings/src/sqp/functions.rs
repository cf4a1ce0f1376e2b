//! The functions of a constrained problem that JavaScript computes.

use std::sync::Arc;

use equipoise::control::CancelFlag;
use equipoise::sqp::{Functions, IntervalRows, Provides, UserError};
use napi_derive::napi;

use crate::objective::message::{Evaluate, NoReply, Reply};
use crate::sqp::problem::LinearBlock;

/// What is asked. The vectors are x, v, and the weights of the rows.
#[napi]
pub enum SqpQuestion {
    Objective,
    Gradient,
    Constraints,
    Jacobian,
    ObjectiveHessianProduct,
    ConstraintHessianProduct,
}

/// Which derivatives the façade's functions give.
#[napi(object, object_to_js = false)]
#[derive(Clone, Copy)]
pub struct NativeProvides {
    pub gradient: bool,
    pub jacobian: bool,
    pub objective_hessian_product: bool,
    pub constraint_hessian_product: bool,
}

/// Functions in JavaScript, and the rows of matrices that need none. Once the run is stopped from JavaScript's side they are not finite, and
/// the solver ends with the best point that it has.
pub struct JsFunctions {
    pub evaluate: Arc<dyn Evaluate>,
    pub provides: NativeProvides,
    pub rows: IntervalRows,
    /// Where the rows of the matrices belong; JavaScript computes the others, in their order.
    pub linear: Vec<LinearBlock>,
    pub cancel: CancelFlag,
}

impl JsFunctions {
    /// A question whose answer has as many numbers as `out`, which the façade has checked.
    fn ask(&self, question: SqpQuestion, vectors: [&[f64]; 3], out: &mut [f64]) {
        match self.reply(question, vectors).and_then(|mut reply| reply.vector()) {
            Some(numbers) => out.copy_from_slice(&numbers),
            None => out.fill(f64::NAN),
        }
    }

    /// The answer to a question; none where the point is rejected or the run stopped.
    fn reply(&self, question: SqpQuestion, vectors: [&[f64]; 3]) -> Option<Reply> {
        let reply = self.evaluate.evaluate(question as u32, vectors);
        if matches!(reply, Err(NoReply::Stopped)) {
            self.cancel.cancel();
        }
        reply.ok()
    }

    /// All rows: `width` numbers each, those of JavaScript from `asked`, those of the matrices from `linear`.
    fn assemble(
        &self,
        width: usize,
        asked: &[f64],
        mut linear: impl FnMut(&LinearBlock, &mut [f64]),
    ) -> Vec<f64> {
        let mut rows = vec![0.0; self.rows.num_rows() * width];
        let (mut next, mut taken) = (0, 0);
        for block in &self.linear {
            let before = (block.first_row * width) - next;
            rows[next..next + before].copy_from_slice(&asked[taken..taken + before]);
            (next, taken) = (next + before, taken + before);
            let end = next + block.num_rows * width;
            linear(block, &mut rows[next..end]);
            next = end;
        }
        rows[next..].copy_from_slice(&asked[taken..]);
        rows
    }

    fn num_asked(&self) -> usize {
        self.rows.num_rows() - self.linear.iter().map(|block| block.num_rows).sum::<usize>()
    }

    /// The rows that JavaScript computes, of `width` numbers each.
    fn asked(&self, question: SqpQuestion, x: &[f64], width: usize) -> Vec<f64> {
        let mut asked = vec![0.0; self.num_asked() * width];
        if !asked.is_empty() {
            self.ask(question, [x, &[], &[]], &mut asked);
        }
        asked
    }
}

impl Functions for JsFunctions {
    fn provides(&self) -> Provides {
        let all_linear = self.num_asked() == 0;
        Provides {
            gradient: self.provides.gradient,
            jacobian: self.provides.jacobian || all_linear,
            objective_hessian_product: self.provides.objective_hessian_product,
            constraint_hessian_product: self.provides.constraint_hessian_product || all_linear,
            linear_constraints: all_linear,
        }
    }

    fn objective(&mut self, x: &[f64]) -> Result<f64, UserError> {
        let mut value = [0.0];
        self.ask(SqpQuestion::Objective, [x, &[], &[]], &mut value);
        Ok(value[0])
    }

    fn gradient(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        self.ask(SqpQuestion::Gradient, [x, &[], &[]], out);
        Ok(())
    }

    fn constraints(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let asked = self.asked(SqpQuestion::Constraints, x, 1);
        let rows = self.assemble(1, &asked, |block, out| block.values(x, out));
        self.rows.split(&rows, equalities, inequalities);
        Ok(())
    }

    fn jacobian(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let asked = self.asked(SqpQuestion::Jacobian, x, x.len());
        let rows = self.assemble(x.len(), &asked, |block, out| out.copy_from_slice(&block.matrix));
        self.rows.split_jacobian(x.len(), &rows, equalities, inequalities);
        Ok(())
    }

    fn objective_hessian_product(&mut self, x: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        self.ask(SqpQuestion::ObjectiveHessianProduct, [x, v, &[]], out);
        Ok(())
    }

    fn constraint_hessian_product(
        &mut self,
        x: &[f64],
        weights: &[f64],
        v: &[f64],
        out: &mut [f64],
    ) -> Result<(), UserError> {
        let (equalities, inequalities) = weights.split_at(self.rows.num_equalities());
        let mut rows = self.rows.gather(equalities, inequalities);
        for block in self.linear.iter().rev() {
            rows.drain(block.first_row..block.first_row + block.num_rows);
        }
        if rows.is_empty() {
            out.fill(0.0);
            return Ok(());
        }
        // One product for each of the user's constraints.
        let products =
            self.reply(SqpQuestion::ConstraintHessianProduct, [x, v, &rows]).map(Reply::into_vectors);
        out.fill(if products.is_some() { 0.0 } else { f64::NAN });
        for product in products.into_iter().flatten() {
            for (sum, entry) in out.iter_mut().zip(product) {
                *sum += entry;
            }
        }
        Ok(())
    }
}
