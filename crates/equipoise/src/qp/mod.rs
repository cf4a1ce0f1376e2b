//! Linear and quadratic programs: feasibility with proof, conflict sets, cheapest relaxations, dense convex solves.
//!
//! | module | for |
//! | --- | --- |
//! | [`dual_active_set`] | dense convex quadratic programs |
//! | [`feasibility`] | a point, or a checked proof that there is none |
//! | [`conflict`] | a minimal set of inequalities that contradict each other |
//! | [`relaxation`] | the cheapest changes of row bounds that make a system feasible |
//! | [`unbounded`] | a ray along which a convex quadratic program falls without end |

mod basis_inverse;
mod clarabel;
pub mod conflict;
pub mod dual_active_set;
mod elastic;
pub mod feasibility;
mod proximal;
pub mod relaxation;
pub mod unbounded;
mod working_factor;
