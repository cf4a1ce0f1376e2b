//! Checks of the Hessians that an objective returns.

use crate::smooth::HessianForm;

/// Why a Hessian cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HessianFault {
    /// There is none.
    #[error("hessian: expected second derivatives, received none")]
    Unavailable,
    /// Its shape differs from what is needed.
    #[error("hessian: expected {expected} x {expected} numbers, received {received}")]
    Dimension {
        /// The dimension needed.
        expected: usize,
        /// What was found.
        received: String,
    },
    /// An entry is NaN or infinite.
    #[error("hessian[{row}][{column}]: expected a finite number, received {value}")]
    NotFinite {
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// The entry.
        value: f64,
    },
    /// Two entries that should be equal differ by more than rounding.
    #[error("hessian[{row}][{column}]: expected the mirrored entry, {mirrored}, received {value}")]
    NotSymmetric {
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// The entry.
        value: f64,
        /// The entry at [column][row].
        mirrored: f64,
    },
    /// The operator does not become dense, or a product failed.
    #[error("hessian: {0}")]
    Operator(String),
}

/// Asymmetry, relative to the largest entry, beyond which a dense Hessian is refused: more than rounding and differences of an inner
/// solve explain.
const ASYMMETRY: f64 = 1e-6;

/// The dense matrix (n × n by rows) of a Hessian of n variables: finite, symmetric (|hᵢⱼ − hⱼᵢ| ≤ 1e-6 · max |h|; the mean is taken).
pub(super) fn checked_dense(hessian: &HessianForm, n: usize) -> Result<Vec<f64>, HessianFault> {
    check_dimension(hessian, n)?;
    if let HessianForm::Dense(matrix) = hessian {
        check_entries(matrix, n)?;
    }
    match hessian.to_dense() {
        Ok(Some(matrix)) => Ok(matrix),
        Ok(None) => Err(HessianFault::Unavailable),
        Err(error) => Err(HessianFault::Operator(error.to_string())),
    }
}

/// The operator of a Hessian of n variables, unless it is dense or missing.
pub(super) fn check_dimension(hessian: &HessianForm, n: usize) -> Result<(), HessianFault> {
    let received = match hessian {
        HessianForm::Dense(matrix) if matrix.len() != n * n => format!("{} numbers", matrix.len()),
        HessianForm::Operator(operator) if operator.dim() != n => {
            format!("an operator of {}", operator.dim())
        }
        _ => return Ok(()),
    };
    Err(HessianFault::Dimension { expected: n, received })
}

fn check_entries(matrix: &[f64], n: usize) -> Result<(), HessianFault> {
    if let Some(k) = matrix.iter().position(|value| !value.is_finite()) {
        return Err(HessianFault::NotFinite { row: k / n, column: k % n, value: matrix[k] });
    }
    let limit = ASYMMETRY * crate::numeric::sum::max_abs(matrix);
    for row in 0..n {
        for column in 0..row {
            let (value, mirrored) = (matrix[row * n + column], matrix[column * n + row]);
            if (value - mirrored).abs() > limit {
                return Err(HessianFault::NotSymmetric { row, column, value, mirrored });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_typed_errors() {
        let dense = |matrix: &[f64]| checked_dense(&HessianForm::Dense(matrix.to_vec()), 2).unwrap_err();
        assert_eq!(checked_dense(&HessianForm::Unavailable, 2).unwrap_err(), HessianFault::Unavailable);
        assert!(matches!(dense(&[1.0; 3]), HessianFault::Dimension { expected: 2, .. }));
        let nan = dense(&[1.0, 0.0, f64::NAN, 1.0]);
        assert!(matches!(nan, HessianFault::NotFinite { row: 1, column: 0, .. }));
        let skew = dense(&[1.0, 0.5, -0.5, 1.0]);
        assert!(matches!(skew, HessianFault::NotSymmetric { row: 1, column: 0, .. }));
        let rounded = HessianForm::Dense(vec![1.0, 0.5, 0.5 + 1e-9, 1.0]);
        assert_eq!(checked_dense(&rounded, 2).unwrap()[1], 0.5 + 0.5e-9);
    }
}
