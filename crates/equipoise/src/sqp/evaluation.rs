//! Calls of the user's functions in scaled units, counted, with differences for what is not given.

use super::finite_difference::Differences;
use super::functions::{Functions, Provides, SqpError};
use super::options::SqpOptions;
use super::problem::SqpProblem;
use super::result::Evaluations;
use super::scaling::ScaleFactors;

/// A point with values and derivatives, in scaled units.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// x (n).
    pub x: Vec<f64>,
    /// f.
    pub f: f64,
    /// c (m), equalities first.
    pub c: Vec<f64>,
    /// ∇f (n).
    pub gradient: Vec<f64>,
    /// J (m × n, row-major).
    pub jacobian: Vec<f64>,
}

impl Point {
    /// True where every value is finite.
    pub fn has_finite_values(&self) -> bool {
        self.f.is_finite() && self.c.iter().all(|c| c.is_finite())
    }

    /// True where every derivative is finite.
    pub fn has_finite_derivatives(&self) -> bool {
        self.gradient.iter().chain(&self.jacobian).all(|v| v.is_finite())
    }

    /// Row i of J.
    pub fn row(&self, i: usize) -> &[f64] {
        let n = self.x.len();
        &self.jacobian[i * n..(i + 1) * n]
    }
}

/// The user's functions as the solver calls them.
pub(super) struct Evaluator<'a> {
    functions: &'a mut dyn Functions,
    problem: &'a SqpProblem,
    provides: Provides,
    differences: Differences,
    /// Factors of the scaling; set after the first evaluation.
    pub factors: ScaleFactors,
    /// Calls so far.
    pub evaluations: Evaluations,
    /// J of affine constraints, once known (unscaled).
    affine_jacobian: Option<Vec<f64>>,
}

impl<'a> Evaluator<'a> {
    pub fn new(functions: &'a mut dyn Functions, problem: &'a SqpProblem, options: &SqpOptions) -> Self {
        let provides = functions.provides();
        Self {
            functions,
            problem,
            provides,
            differences: Differences::new(options, problem.lower(), problem.upper()),
            factors: ScaleFactors::identity(problem.num_constraints()),
            evaluations: Evaluations::default(),
            affine_jacobian: None,
        }
    }

    /// What the functions give.
    pub fn provides(&self) -> Provides {
        self.provides
    }

    /// f and c at `point.x`; the derivatives keep their old values.
    pub fn values(&mut self, point: &mut Point) -> Result<(), SqpError> {
        point.f = self.factors.objective * self.raw_objective(&point.x)?;
        point.c.resize(self.problem.num_constraints(), 0.0);
        self.raw_constraints(&point.x, &mut point.c)?;
        point.c.iter_mut().zip(&self.factors.constraints).for_each(|(c, s)| *c *= s);
        Ok(())
    }

    /// c at `point.x`; everything else keeps its old value.
    pub fn constraints(&mut self, point: &mut Point) -> Result<(), SqpError> {
        self.raw_constraints(&point.x, &mut point.c)?;
        point.c.iter_mut().zip(&self.factors.constraints).for_each(|(c, s)| *c *= s);
        Ok(())
    }

    /// ∇f and J at `point.x`, whose values are known.
    pub fn derivatives(&mut self, point: &mut Point) -> Result<(), SqpError> {
        let (n, m) = (self.problem.num_variables(), self.problem.num_constraints());
        point.gradient.resize(n, 0.0);
        point.jacobian.resize(m * n, 0.0);
        if self.provides.gradient {
            self.evaluations.gradient += 1;
            self.functions.gradient(&point.x, &mut point.gradient)?;
        }
        let by_differences = (!self.provides.gradient, !self.given_jacobian(point)?);
        if by_differences.0 || by_differences.1 {
            self.difference_derivatives(point, by_differences)?;
        }
        point.gradient.iter_mut().for_each(|g| *g *= self.factors.objective);
        self.scale_jacobian(point);
        Ok(())
    }

    /// J at `point.x`, where c is known; ∇f keeps its old value.
    pub fn jacobian(&mut self, point: &mut Point) -> Result<(), SqpError> {
        if !self.given_jacobian(point)? {
            self.difference_derivatives(point, (false, true))?;
        }
        self.scale_jacobian(point);
        Ok(())
    }

    /// Keeps J of affine constraints, and brings it to scaled units.
    fn scale_jacobian(&mut self, point: &mut Point) {
        if self.provides.linear_constraints && self.affine_jacobian.is_none() {
            self.affine_jacobian = Some(point.jacobian.clone());
        }
        let n = point.x.len();
        for (i, s) in self.factors.constraints.iter().enumerate().filter(|(_, s)| **s != 1.0) {
            point.jacobian[i * n..(i + 1) * n].iter_mut().for_each(|a| *a *= s);
        }
    }

    /// J, unscaled, if it is known or the user gives it.
    fn given_jacobian(&mut self, point: &mut Point) -> Result<bool, SqpError> {
        if self.problem.num_constraints() == 0 {
            return Ok(true);
        }
        if let Some(known) = &self.affine_jacobian {
            point.jacobian.copy_from_slice(known);
        } else if self.provides.jacobian {
            self.evaluations.jacobian += 1;
            let n = self.problem.num_variables();
            let (equalities, inequalities) = point.jacobian.split_at_mut(self.problem.num_equalities() * n);
            self.functions.jacobian(&point.x, equalities, inequalities)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Differences of f and/or c along each coordinate.
    fn difference_derivatives(&mut self, point: &mut Point, (f, c): (bool, bool)) -> Result<(), SqpError> {
        let (n, m) = (self.problem.num_variables(), self.problem.num_constraints());
        let base_f = point.f / self.factors.objective;
        let base_c: Vec<f64> = point.c.iter().zip(&self.factors.constraints).map(|(c, s)| c / s).collect();
        let mut x = point.x.clone();
        let mut near = vec![0.0; m];
        for j in 0..n {
            let stencil = self.differences.stencil(j, point.x[j]);
            let column = |i: usize| i * n + j;
            if f {
                point.gradient[j] = base_f * stencil.weights[0];
            }
            if c {
                (0..m).for_each(|i| point.jacobian[column(i)] = base_c[i] * stencil.weights[0]);
            }
            for (offset, weight) in
                stencil.offsets.iter().zip(&stencil.weights[1..]).filter(|(_, w)| **w != 0.0)
            {
                x[j] = point.x[j] + offset;
                if f {
                    point.gradient[j] += weight * self.raw_objective(&x)?;
                }
                if c {
                    self.raw_constraints(&x, &mut near)?;
                    (0..m).for_each(|i| point.jacobian[column(i)] += weight * near[i]);
                }
            }
            x[j] = point.x[j];
        }
        Ok(())
    }

    fn raw_objective(&mut self, x: &[f64]) -> Result<f64, SqpError> {
        self.evaluations.objective += 1;
        Ok(self.functions.objective(x)?)
    }

    fn raw_constraints(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), SqpError> {
        if out.is_empty() {
            return Ok(());
        }
        self.evaluations.constraints += 1;
        let (equalities, inequalities) = out.split_at_mut(self.problem.num_equalities());
        self.functions.constraints(x, equalities, inequalities)?;
        Ok(())
    }

    /// ∇²L·v of the scaled Lagrangian with scaled multipliers (m) at `point`, into `out` (n).
    ///
    /// Where products with the constraints' second derivatives are not given, the Jacobian is differenced along v.
    pub fn hessian_product(
        &mut self,
        point: &Point,
        multipliers: &[f64],
        v: &[f64],
        out: &mut [f64],
    ) -> Result<(), SqpError> {
        self.evaluations.hessian_products += 1;
        self.functions.objective_hessian_product(&point.x, v, out)?;
        out.iter_mut().for_each(|h| *h *= self.factors.objective);
        let curved = !self.provides.linear_constraints && multipliers.iter().any(|y| *y != 0.0);
        if !curved {
            return Ok(());
        }
        let weights: Vec<f64> =
            multipliers.iter().zip(&self.factors.constraints).map(|(y, s)| y * s).collect();
        let mut part = vec![0.0; v.len()];
        if self.provides.constraint_hessian_product {
            self.functions.constraint_hessian_product(&point.x, &weights, v, &mut part)?;
        } else {
            self.differenced_constraint_product(point, multipliers, v, &mut part)?;
        }
        out.iter_mut().zip(&part).for_each(|(h, p)| *h -= p);
        Ok(())
    }

    /// Σ ỹᵢ∇²c̃ᵢ·v ≈ (J̃(x + hv) − J̃(x))ᵀỹ/h.
    fn differenced_constraint_product(
        &mut self,
        point: &Point,
        multipliers: &[f64],
        v: &[f64],
        out: &mut [f64],
    ) -> Result<(), SqpError> {
        let length = crate::numeric::sum::max_abs(v);
        if length == 0.0 {
            out.fill(0.0);
            return Ok(());
        }
        let reach = crate::numeric::sum::max_abs(&point.x).max(1.0);
        let step = f64::EPSILON.sqrt() * reach / length;
        let mut moved = point.clone();
        moved.x.iter_mut().zip(v).for_each(|(x, v)| *x += step * v);
        if !self.provides.jacobian {
            self.values(&mut moved)?;
        }
        let gradient = std::mem::take(&mut moved.gradient);
        self.derivatives(&mut moved)?;
        moved.gradient = gradient;
        out.fill(0.0);
        for (i, y) in multipliers.iter().enumerate().filter(|(_, y)| **y != 0.0) {
            let rows = moved.row(i).iter().zip(point.row(i));
            out.iter_mut().zip(rows).for_each(|(out, (a, b))| *out += y * (a - b) / step);
        }
        Ok(())
    }
}
