//! The closest point to given targets under interval bounds and linear rows, in exact decimals:
//!
//! ```text
//! min Σᵢ ½(wᵢ − mᵢ)² + κᵢ|wᵢ − cᵢ|   s.t.   lᵢ ≤ wᵢ ≤ uᵢ,   rlᵣ ≤ aᵣ·w ≤ ruᵣ
//! ```
//!
//! | module | for |
//! | --- | --- |
//! | [`problem`] | the data, and the numbers they are held in |
//! | [`dual_active_set`] | the working set, in doubles or rationals |
//! | [`exact`] | the optimum, or the proof that there is no point, from a working set, in integers |
//! | [`solve`] | the ladder: doubles, then Clarabel for many names, then rationals; each judged by [`exact`] |

pub(crate) mod clarabel;
pub(crate) mod dual_active_set;
pub(crate) mod exact;
pub(crate) mod problem;
pub(crate) mod solve;

pub(crate) use problem::{Kink, Name, Problem, Row};
pub(crate) use solve::{Decision, Optimum, solve};
