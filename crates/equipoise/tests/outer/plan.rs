//! The table of plans.

use equipoise::outer::{
    BarrierConfig, DeclaredHessian, Derivative, FallbackPolicy, HessianSource, Materialisation,
    OuterCapability, OuterPlan, OuterSolver, PlanError, dispatch, fallback_attempts, plan,
    primary_capability,
};

fn capability(n: usize, psi: usize, gradient: bool, hessian: bool, hook: bool) -> OuterCapability {
    OuterCapability {
        psi_dim: psi,
        gradient: if gradient { Derivative::Analytic } else { Derivative::Unavailable },
        hessian: if hessian { DeclaredHessian::Dense } else { DeclaredHessian::Unavailable },
        fixed_point_available: hook,
        ..OuterCapability::new(n)
    }
}

fn solver(capability: &OuterCapability) -> Result<OuterSolver, PlanError> {
    plan(capability).map(|plan| plan.solver)
}

#[test]
fn every_row_of_the_table() {
    for n in [0, 3, 5, 8, 9, 12, 15, 20] {
        for psi in [0, 1] {
            if psi > n {
                continue;
            }
            for hook in [false, true] {
                // Second derivatives win at any size, n = 0 included.
                let arc = OuterPlan { solver: OuterSolver::Arc, hessian_source: HessianSource::Analytic };
                assert_eq!(plan(&capability(n, psi, true, true, hook)), Ok(arc));
                let contradiction = PlanError::HessianWithoutGradient { n_params: n };
                assert_eq!(plan(&capability(n, psi, false, true, hook)), Err(contradiction));
                let fixed_point = if psi == 0 {
                    OuterPlan { solver: OuterSolver::Efs, hessian_source: HessianSource::EfsFixedPoint }
                } else {
                    OuterPlan {
                        solver: OuterSolver::HybridEfs,
                        hessian_source: HessianSource::HybridEfsFixedPoint,
                    }
                };
                let bfgs = OuterPlan { solver: OuterSolver::Bfgs, hessian_source: HessianSource::BfgsApprox };
                let with_gradient = if hook && n > 8 { fixed_point } else { bfgs };
                assert_eq!(plan(&capability(n, psi, true, false, hook)), Ok(with_gradient), "n {n}");
                let without =
                    if hook { Ok(fixed_point) } else { Err(PlanError::NoDerivatives { n_params: n }) };
                assert_eq!(plan(&capability(n, psi, false, false, hook)), without, "n {n}");
            }
        }
    }
}

#[test]
fn every_form_of_hessian_counts_as_analytic() {
    let operator =
        DeclaredHessian::Operator { materialisation: Materialisation::Unavailable, estimated_cost: None };
    for hessian in [DeclaredHessian::Dense, operator, DeclaredHessian::Either] {
        let declared = OuterCapability { hessian, ..capability(12, 0, true, false, true) };
        assert_eq!(solver(&declared), Ok(OuterSolver::Arc));
    }
}

#[test]
fn flags() {
    // A preference changes no plan.
    let preferring = OuterCapability { prefer_gradient_only: true, ..capability(3, 1, true, true, true) };
    assert_eq!(solver(&preferring), Ok(OuterSolver::Arc));
    // A barrier is looked at while the fixed point runs, not before.
    for (n, gradient) in [(15, true), (20, false)] {
        let barrier = Some(BarrierConfig::above(vec![0], vec![0.0]));
        let guarded = OuterCapability { barrier, ..capability(n, 0, gradient, false, true) };
        assert_eq!(solver(&guarded), Ok(OuterSolver::Efs));
    }
    // Forbidden fixed points.
    let forbidden = OuterCapability { disable_fixed_point: true, ..capability(15, 0, true, false, true) };
    assert_eq!(solver(&forbidden), Ok(OuterSolver::Bfgs));
    let nothing_left = OuterCapability { gradient: Derivative::Unavailable, ..forbidden };
    assert_eq!(solver(&nothing_left), Err(PlanError::NoDerivatives { n_params: 15 }));
}

#[test]
fn the_frontier_wins_even_over_a_declared_hessian() {
    let solver = |n, psi, hessian| dispatch(&capability(n, psi, true, hessian, true)).unwrap().solver;
    assert_eq!(solver(63, 0, false), OuterSolver::Efs);
    assert_eq!(solver(64, 0, false), OuterSolver::FrontierEfs);
    assert_eq!(solver(64, 0, true), OuterSolver::FrontierEfs);
    assert_eq!(solver(80, 1, false), OuterSolver::HybridEfs);
    let forbidden = OuterCapability { disable_fixed_point: true, ..capability(64, 0, true, true, true) };
    assert_eq!(dispatch(&forbidden).unwrap().solver, OuterSolver::Arc);
}

#[test]
fn the_ladder_has_at_most_two_rungs() {
    use FallbackPolicy::{Automatic, Disabled};
    for psi in [0, 1] {
        let fixed_point = capability(12, psi, true, false, true);
        let ladder = fallback_attempts(&fixed_point, Automatic);
        assert_eq!(ladder.len(), 1);
        assert_eq!(solver(&ladder[0]), Ok(OuterSolver::Bfgs));
        assert!(fallback_attempts(&fixed_point, Disabled).is_empty());
    }
    let no_gradient = capability(12, 0, false, false, true);
    assert!(fallback_attempts(&no_gradient, Automatic).is_empty());
    assert!(fallback_attempts(&capability(12, 0, true, true, true), Automatic).is_empty());
    assert!(fallback_attempts(&capability(5, 0, true, false, true), Automatic).is_empty());
}

#[test]
fn without_fallback_the_hybrid_is_not_tried() {
    let hybrid = capability(12, 2, true, false, true);
    let primary = primary_capability(&hybrid, FallbackPolicy::Disabled);
    assert!(primary.disable_fixed_point);
    assert_eq!(solver(&primary), Ok(OuterSolver::Bfgs));
    assert_eq!(primary_capability(&hybrid, FallbackPolicy::Automatic), hybrid);
    // The pure fixed point and the one without a gradient stay.
    for other in [capability(12, 0, true, false, true), capability(12, 2, false, false, true)] {
        assert_eq!(primary_capability(&other, FallbackPolicy::Disabled), other);
    }
}

#[test]
fn planning_errors_say_what_is_missing() {
    let text = plan(&capability(2, 0, false, false, false)).unwrap_err().to_string();
    assert!(text.contains("no usable plan for 2 parameters") && text.contains("gradient"), "{text}");
}
