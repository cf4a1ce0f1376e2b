//! Constrained smooth minimisation by sequential quadratic programming, with evidence for every way to stop.
//!
//! min f(x) over cₑ(x) = 0, cᵢ(x) ≥ 0, lower ≤ x ≤ upper. Start at [`minimize`].

mod choices;
mod counters;
mod elastic;
mod evaluation;
mod finite_difference;
mod functions;
mod hessian;
mod infeasibility;
mod line_search;
mod merit;
mod model;
mod multipliers;
mod observer;
mod options;
mod primal_dual;
mod problem;
mod progress;
mod record;
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

pub use choices::{
    ActiveSetMethod, DampingReference, FiniteDifferences, Globalisation, HessianChoice, InitialHessian,
    InnerSolver, PenaltyUpdate, PreconditionerType, Scaling,
};
pub use counters::SqpCounters;
pub use functions::{Functions, Provides, SqpError, UserError};
pub use observer::{HessianSnapshot, MultiplierSet, SqpState, StepObserver};
pub use options::SqpOptions;
pub use problem::SqpProblem;
pub use result::{Evaluations, InfeasibilityEvidence, ResponsibleRow, SqpResult};
pub use scaling::ScaleFactors;
pub use solve::minimize;
pub use status::SqpStatus;
pub use summary::{StepSummary, SummaryValue};
