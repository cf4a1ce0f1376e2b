//! The choices among the solver's parts.

use serde::{Deserialize, Serialize};

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
            pub enum $name {
                $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)*
            }

            impl $name {
                /// Every choice.
                pub const ALL: &'static [Self] = &[$(Self::$variant),*];

                /// The choice as it appears in JavaScript and in files.
                pub fn as_str(self) -> &'static str {
                    match self { $(Self::$variant => $text,)* }
                }
            }
        )*
    };
}

choices! {
    /// Where the curvature comes from.
    HessianChoice {
        /// Exact where products are given; else dense BFGS up to `dense_limit` variables; else limited memory.
        Auto = "auto",
        /// Dense BFGS with Powell's damping.
        Bfgs = "bfgs",
        /// Limited-memory BFGS in compact form.
        LimitedMemory = "limited_memory",
        /// The exact Hessian of the Lagrangian, convexified where it must be.
        Exact = "exact",
    }
    /// The initial matrix of the limited-memory form.
    InitialHessian {
        /// A diagonal where the last pair looks like that of a separable function, else γI.
        Auto = "auto",
        /// γI.
        Scalar = "scalar",
        /// A diagonal updated from the pairs, within 100 of γ.
        Diagonal = "diagonal",
    }
    /// What Powell's damping mixes a curvature pair with.
    DampingReference {
        /// The product of the whole matrix with the step.
        Full = "full",
        /// The product of the initial matrix only, as the reference does: much too stiff, for comparison.
        Initial = "initial",
    }
    /// How the penalty weights follow the multipliers.
    PenaltyUpdate {
        /// A weight per constraint, large enough for a predicted reduction; may shrink.
        PredictedReduction = "predicted_reduction",
        /// One weight, max(ρ, 1.1·max|λ|, 1), which never shrinks.
        Reference = "reference",
    }
    /// Automatic scaling at the start: factors of the objective and of the constraints.
    Scaling {
        /// None.
        Off = "off",
        /// One factor for the objective and one for all constraints.
        Uniform = "uniform",
        /// One per row, each gradient brought to size 1.
        Balanced = "balanced",
        /// One per row, shrinking only, to size 1.
        Knitro = "knitro",
        /// One per row, shrinking only, to size 100.
        Ipopt = "ipopt",
        /// As balanced, with factors up to 1e6.
        Aggressive = "aggressive",
    }
    /// Differences for derivatives that are not given.
    FiniteDifferences {
        /// (f(x + h) − f(x))/h: n more evaluations.
        Forward = "forward",
        /// (f(x + h) − f(x − h))/2h: 2n more evaluations.
        Central = "central",
    }
    /// How active constraints are identified.
    ActiveSetMethod {
        /// From the last working set.
        Expand = "expand",
        /// The prediction LPEC-A starts the working set.
        LpecaInit = "lpeca_init",
        /// The same, and the working tolerance of the reference is not widened.
        Lpeca = "lpeca",
    }
    /// How the subproblem's linear systems are solved.
    InnerSolver {
        /// By size and structure: dense factors, or the compact form with Schur complements, or projected CG.
        Auto = "auto",
        /// Factorisations only.
        Direct = "direct",
        /// Projected CG with a Cholesky projector.
        ProjectedCgCholesky = "projected_cg_cholesky",
        /// Projected CG with CRAIG's method as projector.
        ProjectedCgCraig = "projected_cg_craig",
        /// MINRES-QLP on the saddle-point system.
        MinresQlp = "minres_qlp",
        /// Heinkenschloss and Ridzal's inexact Steihaug–Toint CG.
        HrInexactStcg = "hr_inexact_stcg",
    }
    /// Preconditioner of the matrix-free inner solvers.
    PreconditionerType {
        /// The limited-memory inverse.
        Lbfgs = "lbfgs",
        /// The diagonal of the exact Hessian, probed with random signs.
        Diagonal = "diagonal",
    }
}

impl Scaling {
    /// Size to which gradients are brought.
    pub fn default_target(self) -> f64 {
        if self == Self::Ipopt { 100.0 } else { 1.0 }
    }

    /// Largest factor (and for uniform scaling the inverse of the smallest).
    pub fn default_max_factor(self) -> f64 {
        match self {
            Self::Knitro | Self::Ipopt => 1.0,
            Self::Aggressive => 1e6,
            Self::Off | Self::Uniform | Self::Balanced => 1e3,
        }
    }
}
