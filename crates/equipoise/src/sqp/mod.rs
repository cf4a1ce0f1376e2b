//! Constrained smooth minimisation by sequential quadratic programming, with evidence for every way to stop.
//!
//! min f(x) over cₑ(x) = 0, cᵢ(x) ≥ 0, lower ≤ x ≤ upper. Start at [`minimize`].

mod argmin_functions;
mod capture;
mod choices;
mod closures;
mod counters;
mod derivative_check;
pub mod diagnostics;
mod elastic;
mod evaluation;
mod factored;
mod finite_difference;
mod functions;
mod hessian;
mod infeasibility;
pub mod inner;
mod interval_rows;
mod line_search;
pub mod lpeca;
mod matrix_free;
mod merit;
mod model;
mod multipliers;
mod noise;
mod observer;
mod options;
mod prediction;
mod primal_dual;
mod problem;
mod progress;
mod record;
mod restoration;
mod result;
mod row_basis;
mod run;
mod scaling;
mod second_order;
mod solve;
mod status;
mod subproblem;
mod summary;
mod termination;
mod watchdog;

pub use argmin_functions::{ArgminFunctions, ArgminFunctionsWithHessian, Constraints, Jacobians};
pub use capture::{CapturedStep, capture_state_at_step};
pub use choices::{
    ActiveSetMethod, DampingReference, FiniteDifferences, HessianChoice, InitialHessian, InnerSolver,
    PenaltyUpdate, PreconditionerType, Scaling,
};
pub use closures::Closures;
pub use counters::SqpCounters;
pub use derivative_check::{DerivativeReport, SuspiciousEntry, check_derivatives};
pub use functions::{Functions, Provides, SqpError, UserError};
pub use interval_rows::IntervalRows;
pub use noise::ValueNoise;
pub use observer::{HessianSnapshot, MultiplierSet, SqpState, StepObserver};
pub use options::SqpOptions;
pub use problem::SqpProblem;
pub use result::{Evaluations, InfeasibilityEvidence, ResponsibleRow, SqpResult};
pub use scaling::ScaleFactors;
pub use solve::minimize;
pub use status::SqpStatus;
pub use summary::{StepSummary, SummaryValue};
