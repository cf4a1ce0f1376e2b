//! Linear and quadratic programs: convex solves with certificates, feasibility with proof, conflict sets, cheapest relaxations.
//!
//! [`QpProblem`] and [`solve_qp`] solve min ½xᵀPx + qᵀx over l ≤ Ax ≤ u and bounds.
//!
//! | module | for |
//! | --- | --- |
//! | [`problem`], [`options`], [`solution`] | convex quadratic programs, set up once and solved many times |
//! | [`feasibility`] | a point, or a checked proof that there is none |
//! | [`conflict`] | a minimal set of inequalities that contradict each other |
//! | [`relaxation`] | the cheapest changes of row bounds that make a system feasible |
//! | [`unbounded`] | a ray along which a convex quadratic program falls without end |

mod active_set;
mod basis_inverse;
pub mod conflict;
mod elastic;
pub mod feasibility;
mod interior_point;
pub mod options;
pub mod problem;
mod proximal;
mod refine;
pub mod relaxation;
pub mod solution;
mod solve;
pub mod unbounded;
mod working_factor;

pub use options::{QpMethod, QpOptions};
pub use problem::{QpProblem, solve_qp};
pub use solution::{QpAttempt, QpSolution, QpStatus};
