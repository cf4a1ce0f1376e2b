//! The outer optimiser: plans, objectives, seeds, ladder, certificate.
//!
//! Where the reference behaviour has a fault, the tests state what it should be instead:
//!
//! | expectation of the reference | here | why |
//! | --- | --- | --- |
//! | no gradient, no hook: a BFGS plan that the runner refuses | a planning error | no plan is better than an unusable one |
//! | Hessian without gradient: the same BFGS plan | wrong input, before any evaluation | the declaration contradicts itself |
//! | hook without gradient, n ≤ 8: BFGS | the fixed point at every n | BFGS could not run |
//! | unwrapping an unavailable Hessian panics | a typed error, and the seed is rejected | no panic crosses an interface |
//! | value and gradient from different centres: the run returns | it returns, not converged, its stop reason `CriterionBroken` | certificates decide |
//! | options outside their range are silently dropped | wrong input with its path | a typing error must not change a fit |
//! | the fallback marker is a text in an error | `ObjectiveError::FirstOrderFallback` | outcomes are typed |
//! | a coordinate is railed within 0.5 of its bound | within min(0.5, 5 % of the box) | a narrow box is not railed everywhere |
//! | a railed fixed point burns its whole budget | it converges by the projected step | the step that counts is the one that can be taken |
//! | an unfinished early attempt is lost when a later one fails | the best point of all is kept | nothing found is thrown away |

mod cases;
mod certificate;
mod evaluations;
mod fixed_points;
mod ladder;
mod multistart;
mod objectives;
mod plan;
mod problems;
mod seeds;
