//! Certified optimisation: every answer carries a proof, and the same bits on every machine.
//!
//! | module | for |
//! | --- | --- |
//! | [`reweight`] | weights for surveys, tax microdata and synthetic populations |
//! | [`outer`] | outer searches over hyper-parameters: REML, LAML, GCV |
//! | [`targets`] | portfolio targets: the closest weights to a model under rules, and the rebalance around them |
//! | [`qp`] | convex quadratic programs, feasibility with proof, conflict sets, relaxations |
//! | [`smooth`] | smooth minimisation over a box, as argmin solvers |
//! | [`sqp`] | constrained smooth minimisation, with evidence for every way to stop |
//! | [`certificate`] | independent checks of answers |
//! | [`numeric`] | the deterministic kernels beneath |
//! | [`status`], [`error`], [`control`] | outcomes, wrong input, cancellation and progress |
#![deny(missing_docs)]

pub mod certificate;
pub mod control;
pub mod error;
pub mod numeric;
pub mod outer;
pub mod qp;
pub mod reweight;
pub mod smooth;
pub mod sqp;
pub mod status;
pub mod targets;

// The Rust of the pages of docs/ runs as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/diagnostics.md")]
struct DiagnosticsPage;
#[cfg(doctest)]
#[doc = include_str!("../../../docs/forms.md")]
struct FormsPage;
#[cfg(doctest)]
#[doc = include_str!("../../../docs/outer.md")]
struct OuterPage;
#[cfg(doctest)]
#[doc = include_str!("../../../docs/outer-cache.md")]
struct OuterCachePage;
#[cfg(doctest)]
#[doc = include_str!("../../../docs/qp.md")]
struct QuadraticProgramsPage;
#[cfg(doctest)]
#[doc = include_str!("../../../docs/smooth.md")]
struct SmoothPage;
#[cfg(doctest)]
#[doc = include_str!("../../../docs/sqp.md")]
struct SqpPage;
