//! A problem over some of its records.

use ndarray::ArrayView1;

use crate::error::InputError;
use crate::numeric::sparse::SparseMatrix;
use crate::reweight::options::Start;
use crate::reweight::{Bounds, Form, ReweightProblem};

/// The problem over `records` (ascending), which get `design_weights`; every target stays.
pub(super) fn restricted_problem(
    problem: &ReweightProblem,
    records: &[u32],
    design_weights: &[f64],
) -> Result<ReweightProblem, InputError> {
    let bounds = match &problem.bounds {
        Bounds::Uniform { .. } => problem.bounds.clone(),
        Bounds::PerRecord { lower, upper } => {
            Bounds::PerRecord { lower: taken(lower, records), upper: taken(upper, records) }
        }
    };
    let matrix = restricted_matrix(&problem.matrix, records)?;
    let weights = ArrayView1::from(design_weights);
    ReweightProblem::builder(matrix, weights, problem.targets.clone()).bounds(bounds).build()
}

fn restricted_matrix(matrix: &SparseMatrix, records: &[u32]) -> Result<SparseMatrix, InputError> {
    const DROPPED: u32 = u32::MAX;
    let mut position = vec![DROPPED; matrix.num_rows()];
    for (new, &old) in records.iter().enumerate() {
        position[old as usize] = new as u32;
    }
    let (mut starts, mut rows, mut values) = (vec![0], Vec::new(), Vec::new());
    for j in 0..matrix.num_columns() {
        let (old_rows, old_values) = matrix.column(j);
        for (&old, &value) in old_rows.iter().zip(old_values) {
            let new = position[old as usize];
            if new != DROPPED {
                rows.push(new);
                values.push(value);
            }
        }
        starts.push(rows.len() as u32);
    }
    SparseMatrix::from_csc(records.len(), matrix.num_columns(), starts, rows, values)
}

/// The form for the problem over `records`: what it says of each record is taken over.
pub(super) fn restricted_form(form: &Form, records: &[u32]) -> Form {
    let mut form = form.clone();
    match &mut form {
        Form::Penalty(options) => {
            if let Start::Multipliers(multipliers) = &mut options.start {
                *multipliers = taken(multipliers, records);
            }
        }
        Form::Bands(options) => {
            if let Some(weights) = &mut options.distance_weights {
                *weights = taken(weights, records);
            }
        }
        Form::Calibration(options) => {
            if let Some(weights) = &mut options.q_weights {
                *weights = taken(weights, records);
            }
            if let Some(clusters) = &mut options.clusters {
                *clusters = taken(clusters, records);
            }
        }
    }
    form
}

fn taken<T: Copy>(values: &[T], records: &[u32]) -> Vec<T> {
    records.iter().map(|&i| values[i as usize]).collect()
}
