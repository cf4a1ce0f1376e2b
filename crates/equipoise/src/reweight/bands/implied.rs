//! Hard targets at a single value that others imply: household sizes that add up to the number of households.
//!
//! If column j of A is Σ cₖAₖ over other such targets and tⱼ = Σ cₖtₖ, target j holds wherever those do: its dual value can be moved
//! to them without changing u = Av, and the active set can be proven without it. The coefficients are found in doubles, rounded to
//! integers and then checked exactly against every record.

use super::form::BandForm;
use crate::numeric::exact::sign_of_sum_of_products;
use crate::numeric::updatable_cholesky::UpdatableCholesky;

/// A column is a candidate where its distance from the others, relative to its length, has at most this square.
const DEPENDENT: f64 = 1e-8;
/// How far a coefficient may be from an integer.
const INTEGER: f64 = 1e-4;

/// The targets among `active` that others of it imply. `gram` is that of the free records (k × k, lower triangle).
pub(super) fn implied(form: &BandForm<'_>, active: &[usize], gram: &[f64]) -> Vec<usize> {
    let k = form.num_targets();
    let entry = |i: usize, j: usize| gram[i.max(j) * k + i.min(j)];
    let mut independent = UpdatableCholesky::new(k);
    let mut implied = Vec::new();
    let candidates = active.iter().copied().filter(|&j| form.is_hard(j) && form.single_value[j].is_some());
    for j in candidates {
        let members = independent.members().to_vec();
        let mut coefficients: Vec<f64> = members.iter().map(|&i| entry(i, j)).collect();
        independent.solve(&mut coefficients);
        let explained: f64 = members.iter().zip(&coefficients).map(|(&i, c)| entry(i, j) * c).sum();
        let rest = entry(j, j) - explained;
        let is_candidate = rest <= DEPENDENT * entry(j, j);
        if is_candidate && is_combination(form, j, &members, &coefficients) {
            implied.push(j);
        } else if !is_candidate {
            let row: Vec<f64> = (0..k).map(|i| entry(i, j)).collect();
            // A row that is refused is left out of later combinations, nothing more.
            let _ = independent.append(j, &row);
        }
    }
    implied
}

/// True if column and value of target j are those of the combination, exactly.
fn is_combination(form: &BandForm<'_>, j: usize, members: &[usize], coefficients: &[f64]) -> bool {
    if coefficients.iter().any(|c| (c - c.round()).abs() > INTEGER) {
        return false;
    }
    let mut factor = vec![0.0; form.num_targets()];
    factor[j] = -1.0;
    for (&i, c) in members.iter().zip(coefficients) {
        factor[i] = c.round();
    }
    let values = form.single_value.iter().zip(&factor).filter(|(_, f)| **f != 0.0);
    let total_differs = sign_of_sum_of_products(values.map(|(t, f)| (t.unwrap_or(f64::NAN), *f))) != 0.0;
    let matrix = &form.problem.matrix;
    !total_differs
        && (0..form.num_records()).all(|i| {
            let (columns, entries) = matrix.row(i);
            let products = columns.iter().zip(entries).map(|(&c, a)| (*a, factor[c as usize]));
            sign_of_sum_of_products(products.filter(|(_, f)| *f != 0.0)) == 0.0
        })
}
