//! The outer optimiser: plans, objectives, seeds, ladder, certificate.
//!
//! Where the reference behaviour has a fault, the tests state what it should be instead:
//!
//! | expectation of the reference | here | why |
//! | --- | --- | --- |
//! | no gradient, no hook: a BFGS plan that the runner refuses | a planning error | no plan is better than an unusable one |
//! | Hessian without gradient: the same BFGS plan | wrong input, before any evaluation | the declaration contradicts itself |
//! | hook without gradient, n ≤ 8: BFGS | the fixed point at every n | BFGS could not run |

mod plan;
