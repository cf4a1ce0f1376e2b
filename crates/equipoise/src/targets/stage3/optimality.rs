//! Random problems, and for each the conditions of Karush, Kuhn and Tucker in rationals, written from the program alone. The
//! program is convex, so that they prove the optimum.

use std::collections::BTreeMap;

use num_rational::BigRational;
use num_traits::{Signed, Zero};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rust_decimal::Decimal;

use super::rules::{RuleBook, Treatment};
use super::{TargetName, TargetProblem};
use crate::targets::Text;
use crate::targets::projection::dual_active_set::run;
use crate::targets::projection::problem::Scalar;
use crate::targets::projection::solve::Rung;
use crate::targets::projection::{Decision, Optimum, Problem, clarabel, solve};
use crate::targets::request::Options;
use crate::targets::request::options::{CashObjective, GroupConstraint, TargetMethod};

const CASES: u64 = 2000;

fn rational(value: Decimal) -> BigRational {
    BigRational::of(&value)
}

/// Names with sectors, regions and styles, some locked; a narrow cash band, group limits and floors, turnover and cost.
fn case(seed: u64) -> (TargetProblem, Options) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |limit: u64| (random.next_u64() % limit) as i64;
    let n = 2 + below(14);
    let mut problem = TargetProblem::default();
    let mut options = Options { target_method: TargetMethod::Solver, ..Options::default() };
    for i in 0..n {
        let tradeable = i == 0 || below(6) > 0;
        let weight = Decimal::new(below(25_000 / n as u64), 4);
        let attributes =
            ["sector", "region", "style"].map(|key| (key.into(), format!("{}", below(3)).into()));
        problem.names.push(TargetName {
            instrument_id: format!("N{i:02}").into(),
            weight,
            tradeable,
            model_weight: if tradeable { weight } else { Decimal::ZERO },
            current_weight: Decimal::new(below(2000), 4),
            attributes: BTreeMap::from(attributes).into(),
        });
    }
    problem.known_attributes = ["sector", "region", "style"].map(Text::from).into();
    let least = Decimal::new(below(3000), 4);
    options.cash_band_min_weight = least;
    options.cash_band_max_weight = least + Decimal::new(below(3) * 40, 4);
    options.single_position_max_weight = (below(2) == 0).then(|| Decimal::new(500 + below(5000), 4));
    for key in ["sector", "region", "style"] {
        for value in 0..3 {
            if below(2) == 0 {
                let max = Decimal::new(1000 + below(5000), 4);
                let min = (below(4) == 0).then(|| max * Decimal::new(below(10), 1));
                let group = GroupConstraint { max_weight: Some(max), min_weight: min };
                options.group_constraints.insert(format!("{key}:{value}"), group);
            }
        }
    }
    if below(3) == 0 {
        options.turnover_penalty = Decimal::new(below(400), 3);
    }
    if below(3) == 0 {
        options.cash_objective = CashObjective::Penalised;
    }
    (problem, options)
}

/// Feasible, multipliers of the right signs on rows that are attained, and every name where its pressure puts it.
fn check(seed: u64, problem: &Problem, optimum: &Optimum) {
    let weights: Vec<BigRational> = (0..problem.names.len()).map(|i| optimum.weight(i)).collect();
    let mut pressures = vec![BigRational::zero(); weights.len()];
    for (row, y) in problem.rows.iter().zip(&optimum.multipliers) {
        let y = &BigRational::new(y.clone(), optimum.denominator.clone());
        let value: BigRational =
            row.terms.iter().fold(BigRational::zero(), |sum, (i, a)| sum + rational(*a) * &weights[*i]);
        assert!(row.lower.is_none_or(|lower| value >= rational(lower)), "seed {seed}: a row is below");
        assert!(row.upper.is_none_or(|upper| value <= rational(upper)), "seed {seed}: a row is above");
        if y.is_positive() {
            assert_eq!(Some(value), row.lower.map(rational), "seed {seed}: a row presses from below");
        } else if y.is_negative() {
            assert_eq!(Some(value), row.upper.map(rational), "seed {seed}: a row presses from above");
        }
        row.terms.iter().for_each(|(i, a)| pressures[*i] += rational(*a) * y);
    }
    for (s, numerator) in pressures.iter().zip(&optimum.pressures) {
        assert_eq!(*s, BigRational::new(numerator.clone(), optimum.denominator.clone()), "seed {seed}: Aᵀy");
    }
    for ((name, w), s) in problem.names.iter().zip(&weights).zip(&pressures) {
        let (lower, upper) = (name.lower.map(rational), name.upper.map(rational));
        assert!(
            lower.as_ref().is_none_or(|l| w >= l) && upper.as_ref().is_none_or(|u| w <= u),
            "seed {seed}"
        );
        // What is left of the pressure must be a slope of κ|w − c|, or press on a bound.
        let rest = s + rational(name.target) - w;
        let (least, most) = match &name.kink {
            None => (BigRational::zero(), BigRational::zero()),
            Some(kink) => {
                let (anchor, slope) = (rational(kink.anchor), rational(kink.slope));
                match w.cmp(&anchor) {
                    std::cmp::Ordering::Less => (-slope.clone(), -slope),
                    std::cmp::Ordering::Equal => (-slope.clone(), slope),
                    std::cmp::Ordering::Greater => (slope.clone(), slope),
                }
            }
        };
        assert!(rest >= least || lower.as_ref() == Some(w), "seed {seed}: it wants to be lower");
        assert!(rest <= most || upper.as_ref() == Some(w), "seed {seed}: it wants to be higher");
    }
}

#[test]
fn the_conditions_of_optimality_hold_exactly() {
    let (mut optimal, mut by_doubles) = (0, 0);
    for seed in 0..CASES {
        let (problem, options) = case(seed);
        let book = RuleBook::new(&problem, &options);
        let Ok(projection) = book.projection(|_| Treatment::Hold) else { continue };
        let solution = solve(&projection.problem);
        match &solution.decision {
            Decision::Optimal(optimum) => {
                check(seed, &projection.problem, optimum);
                optimal += 1;
                by_doubles += usize::from(solution.rung == Rung::Doubles);
            }
            Decision::Infeasible(proof) => assert!(proof.rows.iter().any(|y| !y.is_zero()), "seed {seed}"),
            Decision::Unresolved => panic!("seed {seed} has no verdict"),
        }
    }
    assert!(optimal > 400, "{optimal} of {CASES} are feasible");
    assert!(by_doubles * 100 >= optimal * 95, "doubles suffice for {by_doubles} of {optimal}");
}

/// The method in rationals, which doubles fall back to, and Clarabel agree with it.
#[test]
fn every_rung_gives_the_same_weights() {
    let mut compared = 0;
    for seed in 0..150 {
        let (problem, options) = case(seed);
        let book = RuleBook::new(&problem, &options);
        let Ok(projection) = book.projection(|_| Treatment::Hold) else { continue };
        let Decision::Optimal(optimum) = solve(&projection.problem).decision else { continue };
        let rationals = run::<BigRational>(&projection.problem, 5000);
        let interior = clarabel::propose(&projection.problem).expect("Clarabel solves it");
        for i in 0..projection.problem.names.len() {
            assert_eq!(rationals.values[i], optimum.weight(i), "seed {seed}: rationals");
            let exact = num_traits::ToPrimitive::to_f64(&optimum.weight(i)).expect("a small number");
            assert!(
                (interior.values[i] - exact).abs() < 1e-6,
                "seed {seed}: {} is not {exact}",
                interior.values[i]
            );
        }
        compared += 1;
    }
    assert!(compared > 20, "{compared} problems were compared");
}
