//! Rows lower ≤ c(x) ≤ upper in terms of equalities (= 0) and inequalities (≥ 0), and back.

use crate::error::{InputCode, InputError};

/// m rows with bounds each. A row whose bounds are equal is the equality c − lower; any other gives the inequality c − lower where its
/// lower bound is finite, and upper − c where its upper bound is. A row without bounds gives nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct IntervalRows {
    lower: Vec<f64>,
    upper: Vec<f64>,
    /// Row of each equality.
    equalities: Vec<usize>,
    /// Row of each inequality, and whether it is the one at the upper bound.
    inequalities: Vec<(usize, bool)>,
}

impl IntervalRows {
    /// Rows with the bounds `lower` and `upper` (m each), ±∞ where there is none.
    ///
    /// # Errors
    /// Lengths that differ, a NaN, bounds that cross, or a bound that no number meets (`lower[3]`).
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, InputError> {
        if upper.len() != lower.len() {
            return Err(InputError::length("upper", lower.len(), upper.len()));
        }
        for (name, side, forbidden) in
            [("lower", &lower, f64::INFINITY), ("upper", &upper, f64::NEG_INFINITY)]
        {
            if let Some(i) = side.iter().position(|bound| bound.is_nan() || *bound == forbidden) {
                let rule = format!("a number or {}", -forbidden);
                return Err(InputError::new(
                    InputCode::NotFinite,
                    format!("{name}[{i}]"),
                    rule,
                    side[i].to_string(),
                ));
            }
        }
        let mut rows = Self { lower, upper, equalities: Vec::new(), inequalities: Vec::new() };
        for i in 0..rows.lower.len() {
            let (lower, upper) = (rows.lower[i], rows.upper[i]);
            if lower > upper {
                let rule = format!("a number not above upper[{i}] = {upper}");
                return Err(InputError::out_of_range(format!("lower[{i}]"), rule, lower));
            }
            if lower == upper {
                rows.equalities.push(i);
                continue;
            }
            if lower.is_finite() {
                rows.inequalities.push((i, false));
            }
            if upper.is_finite() {
                rows.inequalities.push((i, true));
            }
        }
        Ok(rows)
    }

    /// Number of rows m.
    pub fn num_rows(&self) -> usize {
        self.lower.len()
    }

    /// Number of equalities.
    pub fn num_equalities(&self) -> usize {
        self.equalities.len()
    }

    /// Number of inequalities.
    pub fn num_inequalities(&self) -> usize {
        self.inequalities.len()
    }

    /// The names of equalities and inequalities, from those of the rows (m).
    pub fn names(&self, rows: &[String]) -> Vec<String> {
        let equalities = self.equalities.iter().map(|&i| rows[i].clone());
        let inequalities = self.inequalities.iter().map(|&(i, at_upper)| {
            format!("{} {} {}", rows[i], if at_upper { "<=" } else { ">=" }, self.bound(i, at_upper))
        });
        equalities.chain(inequalities).collect()
    }

    fn bound(&self, row: usize, at_upper: bool) -> f64 {
        if at_upper { self.upper[row] } else { self.lower[row] }
    }

    /// Values of equalities and inequalities from those of the rows (m).
    pub fn split(&self, rows: &[f64], equalities: &mut [f64], inequalities: &mut [f64]) {
        for (out, &i) in equalities.iter_mut().zip(&self.equalities) {
            *out = rows[i] - self.lower[i];
        }
        for (out, &(i, at_upper)) in inequalities.iter_mut().zip(&self.inequalities) {
            *out = if at_upper { self.upper[i] - rows[i] } else { rows[i] - self.lower[i] };
        }
    }

    /// The Jacobians of equalities and inequalities from that of the rows (m × n, all row-major).
    pub fn split_jacobian(&self, n: usize, rows: &[f64], equalities: &mut [f64], inequalities: &mut [f64]) {
        for (out, &i) in equalities.chunks_mut(n).zip(&self.equalities) {
            out.copy_from_slice(&rows[i * n..(i + 1) * n]);
        }
        for (out, &(i, at_upper)) in inequalities.chunks_mut(n).zip(&self.inequalities) {
            for (entry, row) in out.iter_mut().zip(&rows[i * n..(i + 1) * n]) {
                *entry = if at_upper { -row } else { *row };
            }
        }
    }

    /// One weight per row (m) from those of equalities and inequalities: the multiplier of c in the Lagrangian, positive where the lower
    /// bound presses and negative where the upper one does.
    pub fn gather(&self, equalities: &[f64], inequalities: &[f64]) -> Vec<f64> {
        let mut rows = vec![0.0; self.num_rows()];
        for (weight, &i) in equalities.iter().zip(&self.equalities) {
            rows[i] += weight;
        }
        for (weight, &(i, at_upper)) in inequalities.iter().zip(&self.inequalities) {
            rows[i] += if at_upper { -weight } else { *weight };
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn rows_become_equalities_and_inequalities_and_come_back() {
        let rows =
            IntervalRows::new(vec![1.0, -INF, 0.0, -2.0, -INF], vec![1.0, 3.0, INF, 2.0, INF]).unwrap();
        assert_eq!((rows.num_equalities(), rows.num_inequalities()), (1, 4));
        let (mut equalities, mut inequalities) = ([0.0], [0.0; 4]);
        rows.split(&[1.5, 2.0, 4.0, 1.0, 7.0], &mut equalities, &mut inequalities);
        assert_eq!(equalities, [0.5]);
        assert_eq!(inequalities, [1.0, 4.0, 3.0, 1.0]);
        let jacobian: Vec<f64> = (0..10).map(f64::from).collect();
        let (mut equalities, mut inequalities) = ([0.0; 2], [0.0; 8]);
        rows.split_jacobian(2, &jacobian, &mut equalities, &mut inequalities);
        assert_eq!(equalities, [0.0, 1.0]);
        assert_eq!(inequalities, [-2.0, -3.0, 4.0, 5.0, 6.0, 7.0, -6.0, -7.0]);
        assert_eq!(rows.gather(&[5.0], &[1.0, 2.0, 3.0, 4.0]), [5.0, -1.0, 2.0, -1.0, 0.0]);
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).to_vec();
        assert_eq!(rows.names(&names), ["a", "b <= 3", "c >= 0", "d >= -2", "d <= 2"]);
    }

    #[test]
    fn wrong_bounds_are_named() {
        let path =
            |lower: &[f64], upper: &[f64]| IntervalRows::new(lower.into(), upper.into()).unwrap_err().path;
        assert_eq!(path(&[0.0], &[]), "upper");
        assert_eq!(path(&[0.0, f64::NAN], &[1.0, 1.0]), "lower[1]");
        assert_eq!(path(&[INF], &[INF]), "lower[0]");
        assert_eq!(path(&[0.0], &[-INF]), "upper[0]");
        assert_eq!(path(&[2.0], &[1.0]), "lower[0]");
    }
}
