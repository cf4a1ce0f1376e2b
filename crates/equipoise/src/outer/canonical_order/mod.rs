//! The order of coordinates that follows from what they are: the order in which a model's terms were written changes no bit.
//!
//! Each ρ coordinate has a key that is made of its content alone (a digest of its penalty, say). The search runs in ascending order of the
//! keys; what the objective sees and what the result says is in the caller's order.

mod objective;
mod permutation;
mod problem;

pub use objective::CanonicalObjective;
pub use permutation::{Permutation, canonical_permutation, tied};

pub(super) use problem::{canonical_problem, check_keys, native_error, native_result, order_of};
