//! The search along a direction for a point with sufficiently lower merit.

use super::evaluation::{Evaluator, Point};
use super::functions::SqpError;
use super::merit::Merit;
use super::options::SqpOptions;
use super::second_order::corrected;
use super::subproblem::Direction;

/// Roundings of the merit function that are allowed for.
const ROUNDINGS: f64 = 8.0;
/// A slope below this part of the merit function's size promises so little that rounding may hide it.
const PROMISES_LITTLE: f64 = 1e-8;

/// What a search gave.
#[derive(Debug, Clone)]
pub(super) struct Searched {
    /// The trial accepted, or the last one.
    pub trial: Point,
    /// Its step length along d.
    pub step_length: f64,
    /// It is acceptable.
    pub success: bool,
    /// No trial had finite values.
    pub all_nonfinite: bool,
}

/// The data of a search.
pub(super) struct LineSearch<'a> {
    pub options: &'a SqpOptions,
    pub merit: &'a Merit,
    pub point: &'a Point,
    pub direction: &'a Direction,
    /// D: a bound of the merit function's slope along d.
    pub slope: f64,
    /// l − x and u − x (n).
    pub lower: &'a [f64],
    /// u − x.
    pub upper: &'a [f64],
    /// The user's bounds (n).
    pub bounds: (&'a [f64], &'a [f64]),
}

impl LineSearch<'_> {
    /// The full step, then its second-order correction; the full step again if neither is acceptable.
    pub fn full_step(&self, evaluator: &mut Evaluator<'_>) -> Result<Searched, SqpError> {
        let start = self.merit.value(self.point.f, &self.point.c);
        let mut trial = self.trial(&self.direction.d, 1.0);
        evaluator.values(&mut trial)?;
        let success = self.is_acceptable(&trial, start, 1.0);
        if !success
            && self.wants_correction(&trial)
            && let Some(searched) = self.correct(evaluator, &trial, start)?
        {
            return Ok(searched);
        }
        let all_nonfinite = !trial.has_finite_values();
        Ok(Searched { trial, step_length: 1.0, success, all_nonfinite })
    }

    /// Shorter steps with quadratic interpolation, after the refused step.
    pub fn shorter_steps(
        &self,
        evaluator: &mut Evaluator<'_>,
        refused: Searched,
    ) -> Result<Searched, SqpError> {
        let start = self.merit.value(self.point.f, &self.point.c);
        let mut last = refused;
        for _ in 1..self.options.line_search_max_steps {
            let value = self.merit.value(last.trial.f, &last.trial.c);
            let length = last.step_length * self.shrink(value - start, last.step_length);
            let mut trial = self.trial(&self.direction.d, length);
            evaluator.values(&mut trial)?;
            let all_nonfinite = last.all_nonfinite && !trial.has_finite_values();
            let success = self.is_acceptable(&trial, start, length);
            last = Searched { trial, step_length: length, success, all_nonfinite };
            if success {
                break;
            }
        }
        Ok(last)
    }

    /// x + αd within the bounds; at α = 1 a variable in reach of its bound gets it exactly.
    pub fn trial(&self, d: &[f64], length: f64) -> Point {
        let mut trial = Point { gradient: Vec::new(), jacobian: Vec::new(), ..self.point.clone_values() };
        let (lower, upper) = self.bounds;
        for j in 0..d.len() {
            trial.x[j] = (self.point.x[j] + length * d[j]).max(lower[j]).min(upper[j]);
            if length == 1.0 {
                if d[j] <= self.lower[j] && self.point.x[j] + self.lower[j] <= lower[j] {
                    trial.x[j] = lower[j];
                } else if d[j] >= self.upper[j] && self.point.x[j] + self.upper[j] >= upper[j] {
                    trial.x[j] = upper[j];
                }
            }
        }
        trial
    }

    /// φ(x + αd) ≤ φ(x) + c₁αD; rounding is allowed for where a full step promises little more than that, and nowhere else does a
    /// trial pass that does not lower φ at all.
    fn is_acceptable(&self, trial: &Point, start: f64, length: f64) -> bool {
        let size = self.point.f.abs().max(trial.f.abs()).max(self.merit.penalty(&self.point.c));
        let value = self.merit.value(trial.f, &trial.c);
        let decrease = self.options.armijo_c1 * length * self.slope.min(0.0);
        if !trial.has_finite_values() {
            return false;
        }
        if self.slope.abs() <= PROMISES_LITTLE * size {
            return value <= start + decrease + self.noise(size);
        }
        value < start && value <= start + decrease
    }

    /// Rounding error of φ that is allowed for. Where the slope promises less than one rounding of φ, values cannot judge the step: then
    /// only what exceeds the bound nε of a sum over n variables is a rise.
    fn noise(&self, size: f64) -> f64 {
        let is_hidden = self.slope.abs() <= f64::EPSILON * size;
        let roundings = if is_hidden { (self.point.x.len() as f64).max(ROUNDINGS) } else { ROUNDINGS };
        roundings * f64::EPSILON * size
    }

    fn wants_correction(&self, trial: &Point) -> bool {
        let worse = self.merit.penalty(&trial.c) > self.merit.penalty(&self.point.c);
        self.options.second_order_correction
            && trial.has_finite_values()
            && worse
            && !self.direction.is_elastic
    }

    fn correct(
        &self,
        evaluator: &mut Evaluator<'_>,
        trial: &Point,
        start: f64,
    ) -> Result<Option<Searched>, SqpError> {
        let d = corrected(self.point, self.direction, &trial.c, self.lower, self.upper);
        let mut second = self.trial(&d, 1.0);
        evaluator.values(&mut second)?;
        let success = self.is_acceptable(&second, start, 1.0);
        let found = Searched { trial: second, step_length: 1.0, success, all_nonfinite: false };
        Ok(success.then_some(found))
    }

    /// The minimum of the parabola through φ(0), D and φ(α), within [0.1, 0.5] of α.
    fn shrink(&self, rise: f64, length: f64) -> f64 {
        let best = -0.5 * self.slope * length / (rise - self.slope * length);
        if best.is_finite() { best.clamp(0.1, 0.5) } else { 0.1 }
    }
}

impl Point {
    /// x, f and c without derivatives.
    pub(super) fn clone_values(&self) -> Self {
        let (x, c) = (self.x.clone(), self.c.clone());
        Self { x, f: self.f, c, gradient: Vec::new(), jacobian: Vec::new() }
    }
}
