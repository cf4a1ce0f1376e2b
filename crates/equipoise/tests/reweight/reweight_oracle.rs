//! Every number of an answer against exact rational arithmetic, on random small problems.

use crate::oracle::cases::{any_case, met_case};
use crate::oracle::{Case, Oracle, exact, nearest_double, to_f64, within};
use equipoise::error::InputCode;
use equipoise::reweight::{Certificate, DualPoint, Method, ReweightOptions, ReweightProblem, Reweighting};
use equipoise::status::Status;
use ndarray::ArrayView1;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn options(case: &Case, method: Method) -> ReweightOptions {
    ReweightOptions { penalty: case.penalty, method, threads: 1, ..ReweightOptions::default() }
}

fn rationals(values: &[f64]) -> Vec<BigRational> {
    values.iter().copied().map(exact).collect()
}

/// |value − exact| ≤ relative · |exact| + absolute
fn close(value: f64, exact_value: &BigRational, relative: f64, absolute: f64) -> bool {
    within(&exact(value), exact_value, relative * to_f64(&exact_value.abs()) + absolute)
}

/// Checks what a certificate says about `multipliers` and the dual point, given the exact optimum.
fn check_certificate(
    case: &Case,
    oracle: &Oracle,
    best: &[BigRational],
    multipliers: &[f64],
    dual: (&[f64], &[f64]),
    certificate: &Certificate,
) -> Result<(), TestCaseError> {
    let m = rationals(multipliers);
    for i in 0..m.len() {
        prop_assert!(
            within(&m[i], &best[i], certificate.distance_bound),
            "record {i}: |m - m*| = {:e} > distance_bound {:e}",
            to_f64(&(&m[i] - &best[i])),
            certificate.distance_bound
        );
        let relative = certificate.relative_distance_bound * multipliers[i].abs();
        prop_assert!(
            relative.is_nan() || within(&m[i], &best[i], relative * (1.0 + 1e-15)),
            "relative bound, record {i}"
        );
    }
    // The dual statements hold for the dual point alone.
    let point = oracle.dual(dual.0, dual.1);
    for i in 0..m.len() {
        prop_assert!(
            within(&point.multipliers[i], &best[i], certificate.bound_before_rounding),
            "record {i}: |m(y) - m*| = {:e} > bound_before_rounding {:e}",
            to_f64(&(&point.multipliers[i] - &best[i])),
            certificate.bound_before_rounding
        );
    }
    if certificate.dual_residual.is_finite() {
        let bound = exact(certificate.dual_residual);
        prop_assert!(point.squared_residual <= &bound * &bound, "the dual residual is larger than its bound");
    }

    let (loss, objective) = (oracle.loss(&m), oracle.objective(&m));
    // Misses are differences of totals, known to about 2⁻⁹⁰ of their terms.
    let root_floor = 1e-24 * largest_term(case, multipliers);
    let floor = root_floor * root_floor;
    prop_assert!(close(certificate.loss, &loss, 1e-13, floor), "loss {:e}", certificate.loss);
    prop_assert!(
        close(certificate.objective, &objective, 1e-13, floor),
        "objective {:e}",
        certificate.objective
    );

    let inside = (0..m.len()).all(|i| m[i] == oracle.clip(i, m[i].clone()));
    prop_assert_eq!(inside, certificate.feasibility == 0.0);
    if inside {
        let suboptimality = &objective - oracle.objective(best);
        prop_assert!(!suboptimality.is_negative(), "the oracle's optimum is not one");
        let gap = &objective - &point.value;
        prop_assert!(gap >= suboptimality, "weak duality");
        prop_assert!(
            exact(certificate.duality_gap) >= suboptimality,
            "duality_gap {:e} < P - P* = {:e} (exact gap {:e})",
            certificate.duality_gap,
            to_f64(&suboptimality),
            to_f64(&gap)
        );
        // Where L₀ is no more than the rounding of the totals the gap consists of its own proven error.
        let ones = vec![1.0; m.len()];
        if to_f64(&oracle.initial_loss).sqrt() > 1e-10 * largest_term(case, &ones) {
            prop_assert!(
                close(
                    certificate.duality_gap,
                    &gap,
                    1e-8,
                    (2.0 * to_f64(&gap).sqrt() + root_floor) * root_floor
                ),
                "duality_gap {:e}, exact {:e}",
                certificate.duality_gap,
                to_f64(&gap)
            );
        }
    }

    let gradient = oracle.gradient(&m);
    let stationarity =
        (0..m.len()).map(|i| (&m[i] - oracle.clip(i, &m[i] - &gradient[i])).abs()).max().unwrap();
    let magnitude = gradient_magnitude(case, oracle, multipliers);
    prop_assert!(
        close(certificate.stationarity, &stationarity, 1e-12, 1e-14 * magnitude),
        "stationarity {:e}, exact {:e}",
        certificate.stationarity,
        to_f64(&stationarity)
    );
    let at = |pick: fn(&(f64, f64)) -> f64| {
        multipliers.iter().zip(&case.bounds).filter(|(m, b)| **m == pick(b)).count() as u32
    };
    if inside {
        let fixed = case.bounds.iter().filter(|b| b.0 == b.1).count() as u32;
        prop_assert_eq!(certificate.num_at_lower, at(|b| b.0));
        prop_assert_eq!(certificate.num_at_upper, at(|b| b.1) - fixed);
    }
    Ok(())
}

/// maxⱼ of (Σ|wᵢmᵢAᵢⱼ| + |tⱼ|)/|sⱼ|
fn largest_term(case: &Case, multipliers: &[f64]) -> f64 {
    let scale = |j: usize| case.scales[j].unwrap_or(case.totals[j] + 1.0).abs();
    (0..case.totals.len())
        .map(|j| {
            let terms = (0..multipliers.len())
                .map(|i| (case.weights[i] * multipliers[i] * case.matrix[i][j]).abs())
                .sum::<f64>();
            (terms + case.totals[j].abs()) / scale(j)
        })
        .fold(0.0, f64::max)
}

/// Size of the terms whose sum is the gradient: what its rounding errors are relative to.
fn gradient_magnitude(case: &Case, oracle: &Oracle, multipliers: &[f64]) -> f64 {
    let misses = oracle.misses(&rationals(multipliers));
    let scale = |j: usize| case.scales[j].unwrap_or(case.totals[j] + 1.0).abs();
    (0..multipliers.len())
        .map(|i| {
            let fit: f64 =
                (0..misses.len()).map(|j| (case.matrix[i][j] * to_f64(&misses[j]) / scale(j)).abs()).sum();
            2.0 * case.weights[i] * fit + multipliers[i].abs()
        })
        .fold(0.0, f64::max)
}

fn check_answer(
    case: &Case,
    oracle: &Oracle,
    best: &[BigRational],
    answer: &Reweighting,
) -> Result<(), TestCaseError> {
    let multipliers = answer.multipliers.to_vec();
    let dual = (answer.dual.to_vec(), answer.dual_low.to_vec());
    check_certificate(case, oracle, best, &multipliers, (&dual.0, &dual.1), &answer.certificate)?;
    let proven = answer.certificate.distance_bound <= 1e-9 && answer.certificate.feasibility == 0.0;
    prop_assert_eq!(proven, answer.status == Status::Converged);
    for (i, w) in answer.weights.iter().enumerate() {
        prop_assert_eq!(*w, case.weights[i] * multipliers[i]);
    }
    Ok(())
}

/// The bounds per record, from `certify`.
fn check_record_bounds(
    case: &Case,
    problem: &ReweightProblem,
    best: &[BigRational],
    multipliers: &[f64],
    dual: Option<(&[f64], &[f64])>,
) -> Result<Certificate, TestCaseError> {
    let point = dual.map(|(high, low)| DualPoint { high: high.into(), low: Some(low.into()) });
    let check = problem.certify(ArrayView1::from(multipliers), point, case.penalty, 1).unwrap();
    for i in 0..best.len() {
        let bound = check.distance_bounds[i];
        prop_assert!(
            within(&exact(multipliers[i]), &best[i], bound),
            "record {i}: |m - m*| = {:e} > {bound:e}",
            to_f64(&(exact(multipliers[i]) - &best[i]))
        );
        prop_assert!(bound <= check.certificate.distance_bound);
    }
    Ok(check.certificate)
}

fn check_newton(case: &Case) -> Result<(), TestCaseError> {
    let (problem, oracle) = (case.problem(), Oracle::new(case));
    let solved = problem.solve(&options(case, Method::Newton));
    if oracle.initial_loss.is_zero() {
        return check_zero_loss(case, solved);
    }
    let answer = solved.unwrap();
    let multipliers = answer.multipliers.to_vec();
    let best = oracle.optimum(Some(&multipliers));
    check_answer(case, &oracle, &best, &answer)?;
    let dual = (answer.dual.to_vec(), answer.dual_low.to_vec());
    let again = check_record_bounds(case, &problem, &best, &multipliers, Some((&dual.0, &dual.1)))?;
    if answer.status == Status::Converged {
        prop_assert_eq!(&again, &answer.certificate);
    }
    // Rounding is monotone: where both ends of the proven interval round to one double, the optimum does too.
    let slack = exact(answer.certificate.bound_before_rounding);
    for (i, m) in best.iter().enumerate() {
        let ends = (nearest_double(&(m - &slack)), nearest_double(&(m + &slack)));
        prop_assert!(ends.0 != ends.1 || multipliers[i] == ends.0, "record {i} is not the rounded optimum");
    }
    for (j, row) in answer.targets.iter().enumerate() {
        let reached = &oracle.misses(&rationals(&multipliers))[j];
        let scale =
            exact(case.scales[j].unwrap_or(case.totals[j])) + exact(f64::from(case.scales[j].is_none()));
        let after = reached * scale + exact(case.totals[j]);
        let size = largest_term(case, &multipliers) * case.scales[j].unwrap_or(case.totals[j] + 1.0).abs();
        prop_assert!(close(row.after, &after, 1e-15, 1e-24 * size), "total {j}");
    }
    Ok(())
}

fn check_zero_loss(
    case: &Case,
    solved: Result<Reweighting, equipoise::error::InputError>,
) -> Result<(), TestCaseError> {
    if case.bounds.iter().all(|(lower, upper)| (*lower..=*upper).contains(&1.0)) {
        let answer = solved.unwrap();
        prop_assert!(answer.multipliers.iter().all(|m| *m == 1.0));
        prop_assert_eq!(answer.status, Status::Converged);
        prop_assert_eq!(answer.certificate.distance_bound, 0.0);
        prop_assert_eq!(answer.certificate.objective, 0.0);
    } else {
        prop_assert_eq!(solved.unwrap_err().code, InputCode::NotUnique);
    }
    Ok(())
}

/// Totals whose sum loses its smallest term even in double-double: L₀ is not 0, though it may be computed as 0.
#[test]
fn a_loss_below_double_double_is_not_taken_for_zero() {
    let (huge, tiny) = (2f64.powi(100), 2f64.powi(-100));
    let column = [huge, 1.0, 1.0, 1.0, tiny, 1.0, -huge, 1.0];
    let mut case = Case {
        matrix: column.iter().map(|a| vec![*a]).collect(),
        weights: vec![1.0; 8],
        totals: vec![5.0],
        scales: vec![None],
        bounds: vec![(1.0, 1.0); 8],
        penalty: 1e-2,
    };
    // All others are fixed: the exact answer takes the tiny term, the whole miss, to its lower bound.
    case.bounds[4] = (0.1, 10.0);
    let oracle = Oracle::new(&case);
    assert!(oracle.initial_loss.is_positive());
    let best = oracle.optimum(None);
    assert_eq!(best[4], exact(0.1));
    let answer = case.problem().solve(&options(&case, Method::Newton)).unwrap();
    for (m, optimal) in answer.multipliers.iter().zip(&best) {
        assert!(within(&exact(*m), optimal, answer.certificate.distance_bound));
    }
}

/// The same 48 problems in every run, 1,024 with EQUIPOISE_LONG_TESTS; PROPTEST_CASES and PROPTEST_RNG_SEED give any others.
fn config() -> ProptestConfig {
    let given = |name: &str| std::env::var_os(name).is_some();
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if !given("PROPTEST_CASES") {
        config.cases = if given("EQUIPOISE_LONG_TESTS") { 1024 } else { 48 };
    }
    if !given("PROPTEST_RNG_SEED") {
        config.rng_seed = RngSeed::Fixed(3);
    }
    config
}

/// What a wrong answer is made of: how far each number of the right one is moved.
#[derive(Debug, Clone)]
struct Tampering {
    multipliers: Vec<f64>,
    clip: bool,
    dual: Vec<f64>,
    replace_dual: bool,
    drop_low: bool,
}

fn tampering(max_records: usize, max_targets: usize) -> impl Strategy<Value = Tampering> {
    let change = || {
        prop_oneof![
            2 => Just(0.0),
            3 => (-17i32..1, -1.0f64..1.0).prop_map(|(e, x)| x * 10f64.powi(e)),
        ]
    };
    (
        prop::collection::vec(change(), max_records),
        any::<bool>(),
        prop::collection::vec(change(), max_targets),
        prop::bool::weighted(0.2),
        any::<bool>(),
    )
        .prop_map(|(multipliers, clip, dual, replace_dual, drop_low)| Tampering {
            multipliers,
            clip,
            dual,
            replace_dual,
            drop_low,
        })
}

fn check_tampered(case: &Case, tampering: &Tampering) -> Result<(), TestCaseError> {
    let (problem, oracle) = (case.problem(), Oracle::new(case));
    prop_assume!(!oracle.initial_loss.is_zero());
    let answer = problem.solve(&options(case, Method::Newton)).unwrap();
    let best = oracle.optimum(answer.multipliers.as_slice());
    let multipliers: Vec<f64> = (answer.multipliers.iter().zip(&tampering.multipliers).zip(&case.bounds))
        .map(|((m, change), (lower, upper))| {
            let moved = m + change;
            if tampering.clip { moved.clamp(*lower, *upper) } else { moved }
        })
        .collect();
    let high: Vec<f64> = (answer.dual.iter().zip(&tampering.dual))
        .map(|(v, change)| if tampering.replace_dual { *change } else { v * (1.0 + change) })
        .collect();
    let low: Vec<f64> = answer.dual_low.iter().map(|v| if tampering.drop_low { 0.0 } else { *v }).collect();
    let certificate = check_record_bounds(case, &problem, &best, &multipliers, Some((&high, &low)))?;
    check_certificate(case, &oracle, &best, &multipliers, (&high, &low), &certificate)?;
    check_record_bounds(case, &problem, &best, &multipliers, None)?;
    Ok(())
}

fn check_methods(case: &Case) -> Result<(), TestCaseError> {
    let (problem, oracle) = (case.problem(), Oracle::new(case));
    prop_assume!(!oracle.initial_loss.is_zero());
    let newton = problem.solve(&options(case, Method::Newton)).unwrap();
    let best = oracle.optimum(newton.multipliers.as_slice());
    for method in [Method::Clarabel, Method::Lbfgsb, Method::Auto] {
        let other = problem.solve(&options(case, method)).unwrap();
        check_answer(case, &oracle, &best, &other)?;
        let bound = newton.certificate.distance_bound + other.certificate.distance_bound;
        for (a, b) in newton.multipliers.iter().zip(&other.multipliers) {
            prop_assert!(
                (a - b).abs() <= bound,
                "{method:?} and newton differ by {:e} > {bound:e}",
                (a - b).abs()
            );
        }
    }
    Ok(())
}

/// A run that is stopped early says what its answer is worth, and `converged` only if it is worth that.
fn check_stopped_early(case: &Case, method: Method, iterations: u32) -> Result<(), TestCaseError> {
    let (problem, oracle) = (case.problem(), Oracle::new(case));
    prop_assume!(!oracle.initial_loss.is_zero());
    let options = ReweightOptions { max_iterations: Some(iterations), ..options(case, method) };
    let answer = problem.solve(&options).unwrap();
    let best = oracle.optimum(answer.multipliers.as_slice());
    check_answer(case, &oracle, &best, &answer)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn three_searches_of_the_oracle_agree(case in any_case(4, 3)) {
        let oracle = Oracle::new(&case);
        prop_assume!(!oracle.initial_loss.is_zero());
        let enumerated = oracle.enumerate();
        prop_assert_eq!(&oracle.active_set_search(), &enumerated);
        let approximate: Vec<f64> = enumerated.iter().map(to_f64).collect();
        prop_assert_eq!(&oracle.optimum(Some(&approximate)), &enumerated);
    }

    #[test]
    fn newton_on_any_problem(case in any_case(9, 5)) {
        check_newton(&case)?;
    }

    #[test]
    fn newton_where_the_design_weights_meet_the_targets(case in met_case(9, 5)) {
        check_newton(&case)?;
    }

    #[test]
    fn bounds_hold_for_wrong_answers(case in any_case(9, 5), tampering in tampering(9, 5)) {
        check_tampered(&case, &tampering)?;
    }

    #[test]
    fn bounds_hold_for_wrong_answers_near_the_design_weights(case in met_case(9, 5), tampering in tampering(9, 5)) {
        check_tampered(&case, &tampering)?;
    }

    #[test]
    fn methods_agree_within_their_certificates(case in any_case(9, 5)) {
        check_methods(&case)?;
    }

    #[test]
    fn runs_that_stop_early_are_honest(
        case in any_case(9, 5),
        method in prop_oneof![Just(Method::Newton), Just(Method::Clarabel), Just(Method::Lbfgsb)],
        iterations in 1u32..4,
    ) {
        check_stopped_early(&case, method, iterations)?;
    }
}
