//! The outer optimiser: options, the objective in JavaScript, runs, results.

pub mod audit;
pub mod defaults;
pub mod multistart;
pub mod objective;
pub mod operator;
pub mod options;
pub mod run;
