//! Replicate design weights, each reweighted to the same targets.

use std::borrow::Cow;

use ndarray::{Array1, ArrayView1};

use super::subset::{restricted_form, restricted_problem};
use crate::control::{Control, Stopwatch};
use crate::error::{InputCode, InputError};
use crate::numeric::digest::Digest;
use crate::numeric::parallel::Workers;
use crate::reweight::options::MAX_THREADS;
use crate::reweight::{Form, FormAnswer, ReweightProblem};
use crate::status::Status;

/// One replicate and how its reweighting ended.
#[derive(Debug, Clone)]
pub struct Replicate {
    /// Its place in the list given, from 0.
    pub index: usize,
    /// How its solve ended: `Converged` only if the certificate holds.
    pub status: Status,
    /// The status in words.
    pub message: String,
    /// Final weights (n): 0 where the replicate's design weight is 0; the replicate's design weights where there was no solve.
    pub weights: Array1<f64>,
    /// Records with a positive design weight in it.
    pub num_records: usize,
    /// Certified bound on the distance of every multiplier from the replicate's optimum; infinite without a solve.
    pub distance_bound: f64,
    /// Largest relative error of a target (for a target of 0, of the total itself); infinite without a solve.
    pub largest_relative_error: f64,
    /// Iterations of the method that made the answer.
    pub iterations: u32,
    /// FNV-1a 64 over the little-endian IEEE bytes of the weights.
    pub digest: Digest,
    /// Why the replicate is no problem of the form at all, such as households of two weights in a cluster calibration.
    pub input_error: Option<InputError>,
    /// The whole answer of a replicate that did not converge, over its records: its evidence.
    pub evidence: Option<FormAnswer>,
}

/// All replicates, in the order given.
#[derive(Debug, Clone)]
pub struct ReplicateBatch {
    /// One per replicate.
    pub replicates: Vec<Replicate>,
    /// How many of them converged.
    pub num_converged: usize,
    /// FNV-1a 64 over the weights of all replicates, in order.
    pub digest: Digest,
    /// Threads used.
    pub threads: usize,
    /// Seconds of the whole batch.
    pub seconds: f64,
}

impl ReplicateBatch {
    /// The weights of each replicate, `None` where it did not converge.
    pub fn converged(&self) -> Vec<Option<ArrayView1<'_, f64>>> {
        self.replicates.iter().map(|r| (r.status == Status::Converged).then(|| r.weights.view())).collect()
    }
}

impl ReweightProblem {
    /// Reweights each column of replicate design weights (R columns of n, each ≥ 0 with one > 0) to the targets of the problem.
    ///
    /// Replicates run side by side on `threads` threads (0: as many as the machine offers), each on one, from the start that
    /// the form names: no answer depends on another, on the order or on the threads. A replicate without an answer (a limit,
    /// infeasible, no problem of the form) is reported as such and stops no other. A time limit holds for each
    /// replicate; a cancellation ends those that run and marks the rest `Cancelled`. `done` is told of each as it ends, on
    /// the thread that solved it.
    ///
    /// # Errors
    /// No columns, or (`replicates[3][7]`) a length other than n, a weight that is negative or not finite, a column of zeros; an
    /// option of the form that is out of its range.
    pub fn solve_replicates<C: AsRef<[f64]> + Sync>(
        &self,
        columns: &[C],
        form: &Form,
        threads: usize,
        control: &Control,
        done: &(dyn Fn(&Replicate) + Sync),
    ) -> Result<ReplicateBatch, InputError> {
        validate_columns(columns, self.num_records())?;
        if threads > MAX_THREADS {
            let expected = format!("at most {MAX_THREADS}");
            return Err(InputError::new(InputCode::OutOfRange, "threads", expected, threads.to_string()));
        }
        form.validate(self)?;
        let watch = Stopwatch::default();
        let workers = Workers::new(threads);
        let form = form.clone().with_threads(1);
        let mut slots: Vec<Option<Replicate>> = vec![None; columns.len()];
        workers.for_each(slots.iter_mut().zip(columns).enumerate().collect(), |(index, (slot, column))| {
            let replicate = self.solve_replicate(index, column.as_ref(), &form, control.clone());
            done(&replicate);
            *slot = Some(replicate);
        });
        let replicates: Vec<Replicate> = slots.into_iter().flatten().collect();
        Ok(ReplicateBatch {
            num_converged: replicates.iter().filter(|r| r.status == Status::Converged).count(),
            digest: Digest::of(replicates.iter().flat_map(|r| r.weights.iter().copied())),
            replicates,
            threads: workers.threads(),
            seconds: watch.seconds(),
        })
    }

    fn solve_replicate(&self, index: usize, column: &[f64], form: &Form, mut control: Control) -> Replicate {
        let records: Vec<u32> = (0..column.len() as u32).filter(|&i| column[i as usize] > 0.0).collect();
        let num_records = records.len();
        if control.must_stop() {
            let message = Status::Cancelled.sentence().into();
            return without_answer(index, column, num_records, Status::Cancelled, message, None);
        }
        match self.solve_over(&records, column, form, &mut control) {
            Err(error) => {
                let message = error.to_string();
                without_answer(index, column, num_records, Status::NumericalFailure, message, Some(error))
            }
            Ok(answer) => {
                let mut weights = Array1::zeros(column.len());
                for (&i, &weight) in records.iter().zip(answer.weights()) {
                    weights[i as usize] = weight;
                }
                Replicate {
                    index,
                    status: answer.status(),
                    message: answer.message().into(),
                    num_records,
                    distance_bound: answer.distance_bound(),
                    largest_relative_error: answer.largest_relative_error(),
                    iterations: answer.iterations(),
                    digest: Digest::of(weights.iter().copied()),
                    weights,
                    input_error: None,
                    evidence: (answer.status() != Status::Converged).then_some(answer),
                }
            }
        }
    }

    /// Solves over the records of a replicate; where those are all, the matrix is shared.
    fn solve_over(
        &self,
        records: &[u32],
        column: &[f64],
        form: &Form,
        control: &mut Control,
    ) -> Result<FormAnswer, InputError> {
        let (problem, form) = if records.len() == column.len() {
            let mut problem = self.clone();
            problem.set_design_weights(ArrayView1::from(column))?;
            (problem, Cow::Borrowed(form))
        } else {
            let weights: Vec<f64> = records.iter().map(|&i| column[i as usize]).collect();
            (restricted_problem(self, records, &weights)?, Cow::Owned(restricted_form(form, records)))
        };
        problem.solve_form(&form, control)
    }
}

/// A replicate that keeps its design weights, with the reason.
fn without_answer(
    index: usize,
    column: &[f64],
    num_records: usize,
    status: Status,
    message: String,
    input_error: Option<InputError>,
) -> Replicate {
    Replicate {
        index,
        status,
        message,
        weights: Array1::from(column.to_vec()),
        num_records,
        distance_bound: f64::INFINITY,
        largest_relative_error: f64::INFINITY,
        iterations: 0,
        digest: Digest::of(column.iter().copied()),
        input_error,
        evidence: None,
    }
}

fn validate_columns<C: AsRef<[f64]>>(columns: &[C], num_records: usize) -> Result<(), InputError> {
    if columns.is_empty() {
        return Err(InputError::new(InputCode::Empty, "replicates", "at least one replicate", "none"));
    }
    for (r, column) in columns.iter().map(AsRef::as_ref).enumerate() {
        if column.len() != num_records {
            return Err(InputError::length(format!("replicates[{r}]"), num_records, column.len()));
        }
        if let Some(i) = column.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
            let (place, weight) = (format!("replicates[{r}][{i}]"), column[i]);
            return Err(if weight.is_finite() {
                InputError::out_of_range(place, "0 or more", weight)
            } else {
                InputError::not_finite(place, weight)
            });
        }
        if column.iter().all(|&w| w == 0.0) {
            let place = format!("replicates[{r}]");
            return Err(InputError::new(
                InputCode::Empty,
                place,
                "at least one weight above 0",
                "only zeros",
            ));
        }
    }
    Ok(())
}
