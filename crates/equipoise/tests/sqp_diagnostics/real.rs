//! Every signal on a real problem that fires it. Options that are not the defaults are named where they are set.

use equipoise::sqp::diagnostics::Diagnosed;
use equipoise::sqp::{
    ActiveSetMethod, HessianChoice, InitialHessian, InnerSolver, PenaltyUpdate, Scaling, SqpStatus,
};
use equipoise_testset::nlp::families::ill_cond;

use crate::support::{Case, noisy_quadratic, of_family, rosenbrock, rosenbrock_gradient};

macro_rules! signals {
    ($($name:ident => $case:expr;)*) => {
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { fires(stringify!($name), $case); })*
    };
}

fn fires(name: &str, mut case: Case) {
    let found = case.diagnose();
    let names: Vec<&str> = found.signals.iter().map(|signal| signal.name.as_str()).collect();
    assert!(names.contains(&name), "{name}: {} with {names:?}", found.result.status);
    let text = found.report.text();
    assert!(text.contains(name), "{text}");
}

/// Σ (xᵢ − 1)² with the gradient's sign turned round.
pub fn wrong_gradient() -> Case {
    Case::new(&[0.0; 3], |x| x.iter().map(|v| (v - 1.0) * (v - 1.0)).sum())
        .gradient(|x| x.iter().map(|v| -2.0 * (v - 1.0)).collect())
        .options(|o| o.line_search_max_steps = 10)
}

/// 40 random half-spaces in 20 dimensions, many of which must become active, with a budget of 5.
pub fn small_budget() -> Case {
    let mut seed = 12345u64;
    let mut next = move || {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    };
    let rows: Vec<f64> = (0..800).map(|_| next()).collect();
    let centre: Vec<f64> = (0..20).map(|_| 10.0 * next()).collect();
    let (jacobian, other) = (rows.iter().map(|a| -a).collect::<Vec<f64>>(), centre.clone());
    Case::new(&[0.0; 20], move |x| x.iter().zip(&centre).map(|(x, t)| (x - t) * (x - t)).sum())
        .gradient(move |x| x.iter().zip(&other).map(|(x, t)| 2.0 * (x - t)).collect())
        .constraints(
            0,
            40,
            move |x| {
                rows.chunks(20).map(|r| 1.0 - r.iter().zip(x).map(|(a, x)| a * x).sum::<f64>()).collect()
            },
            move |_| jacobian.clone(),
        )
        .options(|o| o.qp_max_iter = Some(5))
}

/// min 0.1 x over the unit circle from an angle of 1.5, with the penalty weight as the reference updates it.
pub fn starved() -> Case {
    Case::new(&[libm::cos(1.5), libm::sin(1.5)], |x| 0.1 * x[0])
        .gradient(|_| vec![0.1, 0.0])
        .constraints(1, 0, |x| vec![x[0] * x[0] + x[1] * x[1] - 1.0], |x| vec![2.0 * x[0], 2.0 * x[1]])
        .options(|o| {
            o.penalty_update = PenaltyUpdate::Reference;
            o.max_steps = 10;
            o.scaling = Scaling::Off;
            o.second_order_correction = false;
            o.watchdog_steps = 0;
        })
}

/// Eigenvalues from 0.01 to 10000 and many bounds that bind, by limited memory although the Hessian is given.
fn restless() -> Case {
    of_family(ill_cond(60)).options(|o| {
        o.hessian = HessianChoice::LimitedMemory;
        o.max_steps = 2000;
    })
}

/// The same curvatures for conjugate gradients of three iterations without preconditioner.
fn truncated() -> Case {
    of_family(ill_cond(30)).options(|o| {
        o.inner_solver = InnerSolver::ProjectedCgCholesky;
        o.use_preconditioner = false;
        o.qp_max_cg_iter = 3;
        o.max_steps = 100;
    })
}

/// LPEC-A with a threshold that takes in every bound, trusted from the first step on.
fn overpredicted() -> Case {
    of_family(ill_cond(20)).options(|o| {
        o.hessian = HessianChoice::Bfgs;
        o.active_set_method = ActiveSetMethod::LpecaInit;
        o.lpeca_warmup_steps = 0;
        o.lpeca_trust_threshold = 1e300;
        o.lpeca_beta = Some(1e9);
        o.max_steps = 2000;
    })
}

/// |x|^(4/3) + 50y²: Newton's full steps double x and turn its sign. The watchdog may go on for 20 of them.
fn doubling() -> Case {
    Case::new(&[1.0, 3.0], |x| libm::pow(x[0].abs(), 4.0 / 3.0) + 50.0 * x[1] * x[1])
        .gradient(|x| vec![4.0 / 3.0 * libm::cbrt(x[0]), 100.0 * x[1]])
        .hessian(|x| vec![4.0 / 9.0 / libm::cbrt(x[0] * x[0]), 0.0, 0.0, 100.0])
        .options(|o| o.watchdog_steps = 20)
}

/// Two equalities whose gradients differ by 1e-11: the fit of multipliers takes them for one, the inexact solver does not.
fn nearly_parallel() -> Case {
    Case::new(&[0.5, 0.3], |x| (x[0] - 1.0).powi(2) + (x[1] - 2.0).powi(2))
        .gradient(|x| vec![2.0 * (x[0] - 1.0), 2.0 * (x[1] - 2.0)])
        .constraints(2, 0, |x| vec![x[0], x[0] + 1e-11 * x[1]], |_| vec![1.0, 0.0, 1.0, 1e-11])
        .options(|o| o.inner_solver = InnerSolver::HrInexactStcg)
}

/// A disc and a half-plane that do not meet.
fn apart() -> Case {
    Case::new(&[3.0, 0.1], |x| x[0]).gradient(|_| vec![1.0, 0.0]).constraints(
        0,
        2,
        |x| vec![1.0 - x[0] * x[0] - x[1] * x[1], x[0] + x[1] - 3.0],
        |x| vec![-2.0 * x[0], -2.0 * x[1], 1.0, 1.0],
    )
}

signals! {
    eq_jacobian_rank_deficient => Case::new(&[3.0, 1.0], |x| x[0] * x[0] + x[1] * x[1])
        .gradient(|x| vec![2.0 * x[0], 2.0 * x[1]])
        .constraints(2, 0, |x| vec![x[0] + x[1] - 1.0; 2], |_| vec![1.0; 4]);
    lbfgs_conditioning_extreme => Case::new(&[1.0; 3], |x| 1e8 * x[0].powi(4) + 1e2 * x[1].powi(4) + 1e-3 * x[2].powi(4))
        .gradient(|x| vec![4e8 * x[0].powi(3), 4e2 * x[1].powi(3), 4e-3 * x[2].powi(3)])
        .options(|o| {
            o.hessian = HessianChoice::LimitedMemory;
            o.lbfgs_initial = InitialHessian::Diagonal;
            (o.lbfgs_diag_floor, o.lbfgs_diag_ceil) = (1e-8, 1e12);
        });
    line_search_collapse => wrong_gradient();
    derivative_check => wrong_gradient();
    qp_budget_or_pingpong => small_budget();
    infeasible_termination => apart();
    // The gradient of the constraint vanishes along the path: the multiplier grows without end.
    merit_penalty_explosion => Case::new(&[2.0], |x| x[0])
        .gradient(|_| vec![1.0])
        .constraints(1, 0, |x| vec![(x[0] - 1.0).powi(3)], |x| vec![3.0 * (x[0] - 1.0).powi(2)])
        .options(|o| o.feasibility_tolerance = 1e-16);
    penalty_starvation => starved();
    zero_step_stop => noisy_quadratic();
    objective_noise => noisy_quadratic();
    tolerance_unreachable => noisy_quadratic();
    negative_curvature => Case::new(&[0.0, 0.0], |x| x[0].powi(4) - x[0] * x[0] + x[1] * x[1])
        .gradient(|x| vec![4.0 * x[0].powi(3) - 2.0 * x[0], 2.0 * x[1]]);
    linearisation_infeasible => apart();
    bound_churn => restless();
    cg_truncation => truncated();
    lpeca_overpredicting => overpredicted();
    merit_oscillation => doubling();
    divergence_rollback_triggered => doubling();
    multiplier_recovery_noise => nearly_parallel();
}

/// What shows that a suggestion helped, from the runs before and after.
type Helped = fn(&Diagnosed, &Diagnosed) -> bool;

#[test]
fn following_the_first_suggestion_helps() {
    let violation = |run: &Diagnosed| run.history.last().map_or(0.0, |r| r.summary.max_eq_violation);
    let cases: [(&str, Case, Helped); 7] = [
        ("penalty_starvation", starved(), violation_falls),
        ("qp_budget_or_pingpong", small_budget(), |_, after| {
            after.result.counters.n_qp_budget_exhausted == 0
        }),
        ("objective_noise", noisy_quadratic(), |before, after| {
            before.result.status != SqpStatus::Converged && after.result.status == SqpStatus::Converged
        }),
        ("bound_churn", restless(), |before, after| {
            after.result.status == SqpStatus::Converged && 10 * after.result.steps < before.result.steps
        }),
        ("cg_truncation", truncated(), |before, after| {
            let truncated = |run: &Diagnosed| run.history.iter().map(|r| r.cg_truncations).sum::<u64>();
            let converged = after.result.status == SqpStatus::Converged;
            converged && truncated(after) == 0 && after.result.steps < before.result.steps
        }),
        ("lpeca_overpredicting", overpredicted(), |before, after| {
            2 * after.result.qp_iterations < before.result.qp_iterations
        }),
        ("merit_oscillation", doubling(), |before, after| {
            after.result.counters.n_merit_regressions == 0 && after.result.objective < before.result.objective
        }),
    ];
    for (name, mut case, helped) in cases {
        let before = case.diagnose();
        let signal = before.signals.iter().find(|signal| signal.name == name).expect(name);
        let options = signal.suggestions[0].apply(&case.options);
        let after = case.diagnose_with(&options, Default::default());
        let violations = (violation(&before), violation(&after));
        assert!(helped(&before, &after), "{name}: {} {violations:?}", after.result.message);
    }
}

/// To a tenth after as many steps.
fn violation_falls(before: &Diagnosed, after: &Diagnosed) -> bool {
    let violation = |run: &Diagnosed| run.history.last().map_or(0.0, |r| r.summary.max_eq_violation);
    violation(after) <= 0.1 * violation(before)
}

/// A healthy run beside the others: the function alone is hard.
#[test]
fn a_hard_function_alone_fires_nothing() {
    let found = Case::new(&[-1.2, 1.0], rosenbrock).gradient(rosenbrock_gradient).diagnose();
    assert_eq!(found.result.status, SqpStatus::Converged);
    assert!(found.signals.is_empty(), "{:?}", found.signals);
}
