//! Counts what a solver asks of a problem, until it has asked for the gradient at a point where the projected gradient is small.

use crate::TOLERANCE;
use equipoise_testset::SmoothProblem;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a run asked.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub values: usize,
    pub gradients: usize,
    pub hessians: usize,
    /// (values, gradients, hessians, f) at the first point of a small projected gradient.
    pub reached: Option<(usize, usize, usize, f64)>,
    /// (values + gradients, f) whenever f is the lowest so far.
    pub lowest: Vec<(usize, f64)>,
}

/// The end of a run that has reached its goal; solvers hand it back as an error.
#[derive(Debug)]
pub struct Reached;

impl std::fmt::Display for Reached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the projected gradient is small")
    }
}

impl std::error::Error for Reached {}

pub struct Recorder<'a> {
    pub problem: &'a SmoothProblem,
    record: RefCell<Record>,
}

impl<'a> Recorder<'a> {
    pub fn value(&self, x: &[f64]) -> f64 {
        let mut record = self.record.borrow_mut();
        record.values += 1;
        let value = self.problem.function.value(x);
        if value.is_finite() && record.lowest.last().is_none_or(|&(_, lowest)| value < lowest) {
            let asked = record.values + record.gradients;
            record.lowest.push((asked, value));
        }
        value
    }

    pub fn gradient(&self, x: &[f64]) -> Result<Vec<f64>, Reached> {
        let mut record = self.record.borrow_mut();
        record.gradients += 1;
        let jet = self.problem.function.jet(x);
        if self.projected_gradient(x, &jet.gradient) <= TOLERANCE {
            record.reached = Some((record.values, record.gradients, record.hessians, jet.value));
            return Err(Reached);
        }
        Ok(jet.gradient)
    }

    pub fn hessian(&self, x: &[f64]) -> Vec<Vec<f64>> {
        self.record.borrow_mut().hessians += 1;
        let packed = self.problem.function.jet(x).hessian;
        let entry = |i: usize, j: usize| packed[i.max(j) * (i.max(j) + 1) / 2 + i.min(j)];
        (0..x.len()).map(|i| (0..x.len()).map(|j| entry(i, j)).collect()).collect()
    }

    /// maxᵢ |P(x − g)ᵢ − xᵢ|; infinite outside the box.
    fn projected_gradient(&self, x: &[f64], g: &[f64]) -> f64 {
        let mut norm = 0.0f64;
        for i in 0..x.len() {
            let (lower, upper) = (self.problem.lower[i], self.problem.upper[i]);
            if !(lower..=upper).contains(&x[i]) {
                return f64::INFINITY;
            }
            norm = norm.max(((x[i] - g[i]).clamp(lower, upper) - x[i]).abs());
        }
        norm
    }
}

/// Runs a solver; whatever ends it, the record stands.
pub fn record<'a>(problem: &'a SmoothProblem, run: impl FnOnce(&Recorder<'a>)) -> Record {
    let recorder = Recorder { problem, record: RefCell::default() };
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let ended = catch_unwind(AssertUnwindSafe(|| run(&recorder)));
    std::panic::set_hook(quiet);
    if ended.is_err() {
        eprintln!("{}: a solver panicked", problem.name);
    }
    recorder.record.into_inner()
}

impl Record {
    pub fn to_json(&self, problem: &str, solver: &str) -> Value {
        let reached = self.reached.map(|(f, g, h, value)| json!({ "values": f, "gradients": g, "hessians": h, "f": value }));
        json!({
            "problem": problem, "solver": solver, "reached": reached, "lowest": self.lowest,
            "asked": { "values": self.values, "gradients": self.gradients, "hessians": self.hessians },
        })
    }
}
