//! Problems of the test set as the solver's functions.

use equipoise::control::Control;
use equipoise::sqp::{Functions, Provides, SqpOptions, SqpProblem, SqpResult, UserError, minimize};
use equipoise_testset::nlp::{NlpProblem, families::FamilyProblem};

/// A problem with values and first derivatives, and Hessian products on demand.
pub struct Nlp<'a> {
    pub problem: &'a NlpProblem,
    pub with_hessian: bool,
    pub with_derivatives: bool,
}

impl Functions for Nlp<'_> {
    fn provides(&self) -> Provides {
        Provides {
            gradient: self.with_derivatives,
            jacobian: self.with_derivatives,
            objective_hessian_product: self.with_hessian,
            constraint_hessian_product: self.with_hessian,
            linear_constraints: false,
        }
    }

    fn objective(&mut self, x: &[f64]) -> Result<f64, UserError> {
        Ok(self.problem.values(x).0)
    }

    fn gradient(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        out.copy_from_slice(&self.problem.derivatives(x).0);
        Ok(())
    }

    fn constraints(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let c = self.problem.values(x).1;
        equalities.copy_from_slice(&c[..self.problem.num_equalities]);
        inequalities.copy_from_slice(&c[self.problem.num_equalities..]);
        Ok(())
    }

    fn jacobian(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let jacobian = self.problem.derivatives(x).1;
        equalities.copy_from_slice(&jacobian[..equalities.len()]);
        inequalities.copy_from_slice(&jacobian[equalities.len()..]);
        Ok(())
    }

    fn objective_hessian_product(&mut self, x: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        let none = vec![0.0; self.problem.num_equalities + self.problem.num_inequalities];
        times(&self.problem.hessian(x, 1.0, &none), v, out);
        Ok(())
    }

    fn constraint_hessian_product(
        &mut self,
        x: &[f64],
        weights: &[f64],
        v: &[f64],
        out: &mut [f64],
    ) -> Result<(), UserError> {
        times(&self.problem.hessian(x, 0.0, weights), v, out);
        Ok(())
    }
}

fn times(matrix: &[f64], v: &[f64], out: &mut [f64]) {
    for (out, row) in out.iter_mut().zip(matrix.chunks_exact(v.len())) {
        *out = row.iter().zip(v).map(|(a, v)| a * v).sum();
    }
}

/// A family's problem, with or without Hessian products.
pub struct Family<'a> {
    pub problem: &'a FamilyProblem,
    pub with_hessian: bool,
}

impl Functions for Family<'_> {
    fn provides(&self) -> Provides {
        Provides {
            gradient: true,
            jacobian: true,
            objective_hessian_product: self.with_hessian,
            constraint_hessian_product: false,
            linear_constraints: true,
        }
    }

    fn objective(&mut self, x: &[f64]) -> Result<f64, UserError> {
        Ok(self.problem.value(x))
    }

    fn gradient(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        self.problem.gradient(x, out);
        Ok(())
    }

    fn constraints(
        &mut self,
        x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        let c = self.problem.constraints(x);
        equalities.copy_from_slice(&c[..self.problem.num_equalities]);
        inequalities.copy_from_slice(&c[self.problem.num_equalities..]);
        Ok(())
    }

    fn jacobian(
        &mut self,
        _x: &[f64],
        equalities: &mut [f64],
        inequalities: &mut [f64],
    ) -> Result<(), UserError> {
        equalities.copy_from_slice(&self.problem.matrix[..equalities.len()]);
        inequalities.copy_from_slice(&self.problem.matrix[equalities.len()..]);
        Ok(())
    }

    fn objective_hessian_product(&mut self, x: &[f64], v: &[f64], out: &mut [f64]) -> Result<(), UserError> {
        self.problem.hessian_product(x, v, out);
        Ok(())
    }
}

/// Sizes, start and bounds of a test problem.
pub fn nlp(problem: &NlpProblem) -> SqpProblem {
    SqpProblem::new(problem.start.clone())
        .and_then(|p| p.with_bounds(problem.lower.clone(), problem.upper.clone()))
        .expect("a valid problem")
        .with_constraints(problem.num_equalities, problem.num_inequalities)
}

/// The same of a family.
pub fn family(problem: &FamilyProblem) -> SqpProblem {
    SqpProblem::new(problem.start.clone())
        .and_then(|p| p.with_bounds(problem.lower.clone(), problem.upper.clone()))
        .expect("a valid problem")
        .with_constraints(problem.num_equalities, problem.num_inequalities)
}

/// Solves without observer.
pub fn solve(problem: &SqpProblem, functions: &mut dyn Functions, options: &SqpOptions) -> SqpResult {
    minimize(problem, functions, options, None, &Control::default()).expect("valid input")
}
