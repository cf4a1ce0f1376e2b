//! The outer optimiser: options, the objective in JavaScript, runs, results.

pub mod defaults;
pub mod objective;
pub mod operator;
pub mod options;
pub mod run;
