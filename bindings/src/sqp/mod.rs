//! Constrained minimisation: functions in JavaScript, problems, runs, results.

pub mod functions;
pub mod problem;
pub mod run;
