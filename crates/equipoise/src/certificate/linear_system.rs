//! A system of linear constraints with the user's names.

use std::sync::Arc;

use crate::error::{InputCode, InputError};
use crate::numeric::dd::Dd;
use crate::numeric::dd_accumulators::Accumulator;
use crate::numeric::sparse::SparseMatrix;

/// rl ≤ Ax ≤ ru, xl ≤ x ≤ xu; a bound that is not there is ±∞. An interval may be empty (rl > ru): that is a
/// contradiction to report, not wrong input.
#[derive(Debug, Clone)]
pub struct LinearSystem {
    /// A (m × n), shared by the systems that differ in bounds only.
    pub matrix: Arc<SparseMatrix>,
    /// rl (m).
    pub row_lower: Vec<f64>,
    /// ru (m).
    pub row_upper: Vec<f64>,
    /// xl (n).
    pub lower: Vec<f64>,
    /// xu (n).
    pub upper: Vec<f64>,
    names: Arc<Names>,
}

/// Names of rows and variables; empty where there are none.
#[derive(Debug, Default)]
struct Names {
    rows: Vec<String>,
    columns: Vec<String>,
}

/// A row or a column of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The row with this index.
    Row(usize),
    /// The column (variable) with this index.
    Column(usize),
}

/// A side of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// The lower bound.
    Lower,
    /// The upper bound.
    Upper,
}

/// One single inequality of a system: a side of a row or of a variable's bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Which row or column.
    pub part: Part,
    /// Which of its two sides.
    pub edge: Edge,
}

impl LinearSystem {
    /// A system without names: rows are called `row_0`, …, variables `x_0`, ….
    ///
    /// # Errors
    /// A length that differs from the matrix, a NaN, a lower bound of +∞ or an upper bound of −∞ (`rowLower[3]`).
    pub fn new(
        matrix: impl Into<Arc<SparseMatrix>>,
        row_bounds: (Vec<f64>, Vec<f64>),
        bounds: (Vec<f64>, Vec<f64>),
    ) -> Result<Self, InputError> {
        let matrix = matrix.into();
        let (m, n) = (matrix.num_rows(), matrix.num_columns());
        for (name, side, length, absent) in [
            ("rowLower", &row_bounds.0, m, f64::NEG_INFINITY),
            ("rowUpper", &row_bounds.1, m, f64::INFINITY),
            ("lower", &bounds.0, n, f64::NEG_INFINITY),
            ("upper", &bounds.1, n, f64::INFINITY),
        ] {
            if side.len() != length {
                return Err(InputError::length(name, length, side.len()));
            }
            if let Some(i) = side.iter().position(|&b| b.is_nan() || b == -absent) {
                let rule = format!("a number or {absent}");
                return Err(InputError::new(
                    InputCode::NotFinite,
                    format!("{name}[{i}]"),
                    rule,
                    side[i].to_string(),
                ));
            }
        }
        let ((row_lower, row_upper), (lower, upper)) = (row_bounds, bounds);
        Ok(Self { matrix, row_lower, row_upper, lower, upper, names: Arc::default() })
    }

    /// Gives rows and variables the user's names.
    ///
    /// # Errors
    /// A number of names that differs from the matrix.
    pub fn with_names(mut self, rows: Vec<String>, columns: Vec<String>) -> Result<Self, InputError> {
        for (path, expected, received) in
            [("rowNames", self.num_rows(), rows.len()), ("columnNames", self.num_columns(), columns.len())]
        {
            if expected != received {
                return Err(InputError::length(path, expected, received));
            }
        }
        self.names = Arc::new(Names { rows, columns });
        Ok(self)
    }

    /// Number of rows, m.
    pub fn num_rows(&self) -> usize {
        self.matrix.num_rows()
    }

    /// Number of variables, n.
    pub fn num_columns(&self) -> usize {
        self.matrix.num_columns()
    }

    /// The user's name of a row or variable.
    pub fn name(&self, part: Part) -> String {
        let (names, index, prefix) = match part {
            Part::Row(i) => (&self.names.rows, i, "row"),
            Part::Column(j) => (&self.names.columns, j, "x"),
        };
        names.get(index).cloned().unwrap_or_else(|| format!("{prefix}_{index}"))
    }

    /// The interval of a row or variable.
    pub fn interval(&self, part: Part) -> (f64, f64) {
        match part {
            Part::Row(i) => (self.row_lower[i], self.row_upper[i]),
            Part::Column(j) => (self.lower[j], self.upper[j]),
        }
    }

    /// The bound that a member stands for (±∞ where there is none).
    pub fn bound(&self, member: Member) -> f64 {
        let (lower, upper) = self.interval(member.part);
        match member.edge {
            Edge::Lower => lower,
            Edge::Upper => upper,
        }
    }

    /// A member in words: `budget <= 5`, or `budget = 5` where both sides coincide.
    pub fn describe(&self, member: Member) -> String {
        let (lower, upper) = self.interval(member.part);
        let relation = match member.edge {
            _ if lower == upper => "=",
            Edge::Lower => ">=",
            Edge::Upper => "<=",
        };
        format!("{} {relation} {}", self.name(member.part), self.bound(member))
    }

    /// The system in which only the given members bind; all other bounds are infinite.
    pub fn restricted_to(&self, members: &[Member]) -> Self {
        let mut out = self.clone();
        for (side, absent) in [
            (&mut out.row_lower, f64::NEG_INFINITY),
            (&mut out.lower, f64::NEG_INFINITY),
            (&mut out.row_upper, f64::INFINITY),
            (&mut out.upper, f64::INFINITY),
        ] {
            side.fill(absent);
        }
        for &member in members {
            let bound = self.bound(member);
            match (member.part, member.edge) {
                (Part::Row(i), Edge::Lower) => out.row_lower[i] = bound,
                (Part::Row(i), Edge::Upper) => out.row_upper[i] = bound,
                (Part::Column(j), Edge::Lower) => out.lower[j] = bound,
                (Part::Column(j), Edge::Upper) => out.upper[j] = bound,
            }
        }
        out
    }

    /// aᵢᵀx of row i in double-double.
    pub fn row_value(&self, i: usize, x: &[f64]) -> Dd {
        let (columns, values) = self.matrix.row(i);
        let mut sum = Accumulator::default();
        for (&j, &a) in columns.iter().zip(values) {
            sum.add_product(a, x[j as usize], 0.0);
        }
        sum.value()
    }

    /// How far x lies outside the side `member`, relative to max(1, |bound|); 0 inside, NaN if x is not a number.
    pub fn violation(&self, member: Member, x: &[f64]) -> f64 {
        let bound = self.bound(member);
        if bound.is_infinite() {
            return 0.0;
        }
        let value = match member.part {
            Part::Row(i) => self.row_value(i, x),
            Part::Column(j) => Dd::from(x[j]),
        };
        let inside = match member.edge {
            Edge::Lower => value - Dd::from(bound),
            Edge::Upper => Dd::from(bound) - value,
        };
        let outside = -inside.to_f64();
        if outside <= 0.0 { 0.0 } else { outside / bound.abs().max(1.0) }
    }

    /// The largest [`LinearSystem::violation`] of x over all sides.
    pub fn max_violation(&self, x: &[f64]) -> f64 {
        self.members().map(|member| self.violation(member, x)).fold(0.0, super::box_residuals::larger)
    }

    /// Every side whose bound is finite, rows first.
    pub fn members(&self) -> impl Iterator<Item = Member> + '_ {
        let rows = (0..self.num_rows()).map(Part::Row);
        let parts = rows.chain((0..self.num_columns()).map(Part::Column));
        parts
            .flat_map(|part| [Edge::Lower, Edge::Upper].map(|edge| Member { part, edge }))
            .filter(|&member| self.bound(member).is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system() -> LinearSystem {
        let matrix = SparseMatrix::from_triples(1, 2, &[0, 0], &[0, 1], &[1.0, 2.0]).unwrap();
        let bounds = (vec![0.0, 1.0], vec![f64::INFINITY, 1.0]);
        LinearSystem::new(matrix, (vec![f64::NEG_INFINITY], vec![8.0]), bounds).unwrap()
    }

    #[test]
    fn members_read_as_sentences() {
        let names = (vec!["budget".to_string()], vec!["bread".to_string(), "milk".to_string()]);
        let system = system().with_names(names.0, names.1).unwrap();
        let words: Vec<String> = system.members().map(|m| system.describe(m)).collect();
        assert_eq!(words, ["budget <= 8", "bread >= 0", "milk = 1", "milk = 1"]);
    }

    #[test]
    fn violation_is_relative_to_large_bounds_and_shows_nan() {
        assert_eq!(system().max_violation(&[6.0, 1.0]), 0.0);
        assert_eq!(system().max_violation(&[10.0, 1.0]), 0.5);
        assert_eq!(system().max_violation(&[-0.25, 1.0]), 0.25);
        assert!(system().max_violation(&[f64::NAN, 1.0]).is_nan());
    }

    #[test]
    fn bad_input_is_named() {
        let matrix = SparseMatrix::from_triples(1, 1, &[0], &[0], &[1.0]).unwrap();
        let path = |rows: (Vec<f64>, Vec<f64>), columns: (Vec<f64>, Vec<f64>)| {
            LinearSystem::new(matrix.clone(), rows, columns).unwrap_err().path
        };
        assert_eq!(path((vec![f64::NAN], vec![1.0]), (vec![0.0], vec![1.0])), "rowLower[0]");
        assert_eq!(path((vec![0.0], vec![f64::NEG_INFINITY]), (vec![0.0], vec![1.0])), "rowUpper[0]");
        assert_eq!(path((vec![0.0], vec![1.0]), (vec![0.0], vec![])), "upper");
        assert_eq!(system().with_names(vec![], vec![]).unwrap_err().path, "rowNames");
    }
}
