//! The data of a nonlinear problem: sizes, start, bounds, names.

use crate::error::{InputCode, InputError};

/// min f(x) over cₑ(x) = 0, cᵢ(x) ≥ 0, lower ≤ x ≤ upper; the functions themselves are a
/// [`Functions`](super::Functions).
///
/// Lagrangian: f − λₑ·cₑ − λᵢ·cᵢ − z·x with λᵢ ≥ 0, and z ≥ 0 at lower, ≤ 0 at upper bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct SqpProblem {
    start: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    num_equalities: usize,
    num_inequalities: usize,
    variable_names: Vec<String>,
    constraint_names: Vec<String>,
}

impl SqpProblem {
    /// Without bounds and constraints, from a start point (n).
    ///
    /// # Errors
    /// A start that is empty or not finite (`x0[2]`).
    pub fn new(start: Vec<f64>) -> Result<Self, InputError> {
        if start.is_empty() {
            return Err(InputError::new(InputCode::Empty, "x0", "at least one number", "none"));
        }
        if let Some(i) = start.iter().position(|v| !v.is_finite()) {
            return Err(InputError::not_finite(format!("x0[{i}]"), start[i]));
        }
        let n = start.len();
        Ok(Self {
            start,
            lower: vec![f64::NEG_INFINITY; n],
            upper: vec![f64::INFINITY; n],
            num_equalities: 0,
            num_inequalities: 0,
            variable_names: Vec::new(),
            constraint_names: Vec::new(),
        })
    }

    /// With bounds (n each); ±∞ where there is none. The start is clipped to them.
    ///
    /// # Errors
    /// A wrong length, a NaN, a lower bound of +∞, an upper bound of −∞, or lower > upper (`lower[3]`).
    pub fn with_bounds(mut self, lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, InputError> {
        let n = self.start.len();
        for (name, side, forbidden) in
            [("lower", &lower, f64::INFINITY), ("upper", &upper, f64::NEG_INFINITY)]
        {
            if side.len() != n {
                return Err(InputError::length(name, n, side.len()));
            }
            if let Some(i) = side.iter().position(|&b| b.is_nan() || b == forbidden) {
                let rule = format!("a number or {}", -forbidden);
                let path = format!("{name}[{i}]");
                return Err(InputError::new(InputCode::NotFinite, path, rule, side[i].to_string()));
            }
        }
        if let Some(i) = (0..n).find(|&i| lower[i] > upper[i]) {
            let rule = format!("a number not above upper[{i}] = {}", upper[i]);
            return Err(InputError::out_of_range(format!("lower[{i}]"), rule, lower[i]));
        }
        for i in 0..n {
            self.start[i] = self.start[i].max(lower[i]).min(upper[i]);
        }
        (self.lower, self.upper) = (lower, upper);
        Ok(self)
    }

    /// With mₑ equalities and mᵢ inequalities.
    pub fn with_constraints(mut self, num_equalities: usize, num_inequalities: usize) -> Self {
        (self.num_equalities, self.num_inequalities) = (num_equalities, num_inequalities);
        self
    }

    /// With the user's names: of the variables (n, or none) and of the constraints (mₑ + mᵢ, or none).
    ///
    /// # Errors
    /// A wrong number of names.
    pub fn with_names(
        mut self,
        variables: Vec<String>,
        constraints: Vec<String>,
    ) -> Result<Self, InputError> {
        let (n, m) = (self.start.len(), self.num_constraints());
        for (path, names, length) in [("variableNames", &variables, n), ("constraintNames", &constraints, m)]
        {
            if !names.is_empty() && names.len() != length {
                return Err(InputError::length(path, length, names.len()));
            }
        }
        (self.variable_names, self.constraint_names) = (variables, constraints);
        Ok(self)
    }

    /// Number of variables, n.
    pub fn num_variables(&self) -> usize {
        self.start.len()
    }

    /// Number of equalities, mₑ.
    pub fn num_equalities(&self) -> usize {
        self.num_equalities
    }

    /// Number of inequalities without bounds, mᵢ.
    pub fn num_inequalities(&self) -> usize {
        self.num_inequalities
    }

    /// mₑ + mᵢ.
    pub fn num_constraints(&self) -> usize {
        self.num_equalities + self.num_inequalities
    }

    /// The start, within the bounds.
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// Lower bounds (n).
    pub fn lower(&self) -> &[f64] {
        &self.lower
    }

    /// Upper bounds (n).
    pub fn upper(&self) -> &[f64] {
        &self.upper
    }

    /// The user's name of variable `j`, else `x[j]`.
    pub fn variable_name(&self, j: usize) -> String {
        self.variable_names.get(j).cloned().unwrap_or_else(|| format!("x[{j}]"))
    }

    /// The user's name of constraint `i` (equalities first), else `equality[i]` or `inequality[i]`.
    pub fn constraint_name(&self, i: usize) -> String {
        self.constraint_names.get(i).cloned().unwrap_or_else(|| match i.checked_sub(self.num_equalities) {
            None => format!("equality[{i}]"),
            Some(k) => format!("inequality[{k}]"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_named() {
        let problem = || SqpProblem::new(vec![0.5, 3.0]).unwrap();
        let bounds = |lower: [f64; 2], upper: [f64; 2]| problem().with_bounds(lower.into(), upper.into());
        assert_eq!(SqpProblem::new(vec![0.0, f64::NAN]).unwrap_err().path, "x0[1]");
        assert_eq!(SqpProblem::new(vec![]).unwrap_err().code, InputCode::Empty);
        assert_eq!(bounds([0.0, f64::NAN], [1.0; 2]).unwrap_err().path, "lower[1]");
        assert_eq!(bounds([0.0, f64::INFINITY], [f64::INFINITY; 2]).unwrap_err().path, "lower[1]");
        assert_eq!(bounds([0.0; 2], [1.0, f64::NEG_INFINITY]).unwrap_err().path, "upper[1]");
        assert_eq!(bounds([0.0, 2.0], [1.0; 2]).unwrap_err().code, InputCode::OutOfRange);
        assert_eq!(problem().with_bounds(vec![0.0], vec![1.0; 2]).unwrap_err().path, "lower");
        assert_eq!(bounds([0.0; 2], [1.0; 2]).unwrap().start(), [0.5, 1.0]);
        let named = problem().with_constraints(1, 1).with_names(vec![], vec!["budget".into()]);
        assert_eq!(named.unwrap_err().path, "constraintNames");
        assert_eq!(problem().with_constraints(1, 1).constraint_name(1), "inequality[0]");
    }
}
