//! Linear and quadratic programs: feasibility with proof, conflict sets, cheapest relaxations.
//!
//! | module | for |
//! | --- | --- |
//! | [`feasibility`] | a point, or a checked proof that there is none |
//! | [`conflict`] | a minimal set of inequalities that contradict each other |
//! | [`relaxation`] | the cheapest changes of row bounds that make a system feasible |

mod basis_inverse;
mod clarabel;
pub mod conflict;
mod elastic;
pub mod feasibility;
pub mod relaxation;
