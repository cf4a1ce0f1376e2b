//! The assessment of a result by draws.

use super::draws::NormalDraws;
use super::importance::weight_tail;
use super::{UncertaintyDiagnostic, UncertaintyOptions, verdict_of};
use crate::numeric::digest::Digest;
use crate::outer::hessian::checked_dense;
use crate::outer::{EvalOrder, ObjectiveError, OuterObjective, ProblemSize};

/// The result to be assessed.
pub struct Assessed<'a> {
    /// The point θ̂ (n).
    pub theta: &'a [f64],
    /// Lower bounds (n).
    pub lower: &'a [f64],
    /// Upper bounds (n).
    pub upper: &'a [f64],
    /// Number of leading coordinates that are ρ.
    pub rho_dim: usize,
    /// The coordinates near a bound, which are held fixed.
    pub railed: &'a [usize],
    /// Inner coefficients at θ, which every draw starts from.
    pub inner_beta: &'a [f64],
    /// The size of the inner problem.
    pub size: ProblemSize,
    /// What it may cost.
    pub options: &'a UncertaintyOptions,
}

/// The diagnostic, and the Hessian at θ (n × n by rows) if it was evaluated.
pub type Assessment = (UncertaintyDiagnostic, Option<Vec<f64>>);

/// Draws around θ and judges the weights w = exp(F(θ̂) − F(θ) + ½|z|²). The inner state is that of the coefficients at θ̂ before each
/// draw and at the end.
///
/// # Errors
/// Only [`ObjectiveError::Abort`], which ends the run; every other failure is a verdict.
pub fn assess<O: OuterObjective + ?Sized>(
    objective: &mut O,
    assessed: &Assessed<'_>,
) -> Result<Assessment, ObjectiveError> {
    let size = assessed.size;
    if let Some(reason) = assessed.options.refusal(assessed.rho_dim, size.n_obs, size.p_coefficients) {
        return Ok((UncertaintyDiagnostic::skipped(reason, 0), None));
    }
    let capability = objective.capability();
    if !capability.hessian.is_analytic() {
        let reason = "the objective declares no Hessian";
        return Ok((UncertaintyDiagnostic::skipped(reason, 0), None));
    }
    let coordinates: Vec<usize> = (0..assessed.rho_dim).filter(|i| !assessed.railed.contains(i)).collect();
    if coordinates.is_empty() {
        return Ok((UncertaintyDiagnostic::skipped("every smoothing parameter is at a bound", 0), None));
    }
    objective.set_probing(true);
    let assessment = assess_by_draws(objective, assessed, coordinates);
    objective.set_probing(false);
    assessment
}

fn assess_by_draws<O: OuterObjective + ?Sized>(
    objective: &mut O,
    assessed: &Assessed<'_>,
    coordinates: Vec<usize>,
) -> Result<Assessment, ObjectiveError> {
    restore(objective, assessed)?;
    let n = assessed.theta.len();
    let (value, hessian) = match unless_aborted(hessian_at(objective, assessed.theta))? {
        Ok(found) => found,
        Err(reason) => return Ok((UncertaintyDiagnostic::skipped(reason, 1), None)),
    };
    let precision: Vec<f64> = coordinates
        .iter()
        .flat_map(|&i| coordinates.iter().map(move |&j| (i, j)))
        .map(|(i, j)| hessian[i * n + j])
        .collect();
    let draws = match NormalDraws::new(&precision, coordinates.len(), &seed(assessed)) {
        Ok(draws) => draws,
        Err(error) => {
            let reason = format!("the Hessian is not positive definite: {error}");
            return Ok((UncertaintyDiagnostic::skipped(reason, 1), Some(hessian)));
        }
    };
    let weights = weigh(objective, assessed, &coordinates, &draws, value);
    restore(objective, assessed)?;
    let mut diagnostic = weights?.judge();
    diagnostic.standard_errors = draws.standard_deviations();
    diagnostic.coordinates = coordinates;
    Ok((diagnostic, Some(hessian)))
}

/// FNV-1a of n, p, K and the bytes of θ: the same result is assessed by the same draws.
fn seed(assessed: &Assessed<'_>) -> Digest {
    let mut digest = Digest::default();
    let sizes =
        [assessed.size.n_obs.unwrap_or(0), assessed.size.p_coefficients.unwrap_or(0), assessed.rho_dim];
    for size in sizes {
        digest.add_bytes(&(size as u64).to_le_bytes());
    }
    for &x in assessed.theta {
        digest.add(x);
    }
    digest
}

/// The value and the dense Hessian at θ, or why there is none.
fn hessian_at<O: OuterObjective + ?Sized>(
    objective: &mut O,
    theta: &[f64],
) -> Result<(f64, Vec<f64>), ObjectiveError> {
    let eval = objective.eval_with_order(theta, EvalOrder::ValueGradientHessian)?;
    if !eval.cost.is_finite() {
        return Err(ObjectiveError::Recoverable("the criterion is not finite at the point itself".into()));
    }
    let hessian = checked_dense(&eval.hessian, theta.len())
        .map_err(|fault| ObjectiveError::Recoverable(format!("there is no dense Hessian: {fault}")))?;
    Ok((eval.cost, hessian))
}

/// The logarithms of the weights and what became of the draws.
#[derive(Default)]
struct Weights {
    logs: Vec<f64>,
    num_outside: usize,
    num_failed: usize,
    num_evaluations: u64,
}

impl Weights {
    fn judge(&self) -> UncertaintyDiagnostic {
        let mut diagnostic = match weight_tail(&self.logs) {
            Some(tail) => UncertaintyDiagnostic {
                verdict: verdict_of(tail.k_hat),
                k_hat: Some(tail.k_hat),
                effective_draws: Some(tail.effective_draws),
                ..UncertaintyDiagnostic::skipped("", 0)
            },
            None => UncertaintyDiagnostic::skipped("too few draws have a weight of their own", 0),
        };
        diagnostic.num_draws = self.logs.len();
        diagnostic.num_outside = self.num_outside;
        diagnostic.num_failed = self.num_failed;
        diagnostic.num_evaluations = self.num_evaluations;
        diagnostic
    }
}

fn weigh<O: OuterObjective + ?Sized>(
    objective: &mut O,
    assessed: &Assessed<'_>,
    coordinates: &[usize],
    draws: &NormalDraws,
    value: f64,
) -> Result<Weights, ObjectiveError> {
    let mut weights = Weights { num_evaluations: 1, ..Weights::default() };
    for index in 0..assessed.options.effective_draws() {
        let (offset, squared_length) = draws.draw(index as u64);
        let mut theta = assessed.theta.to_vec();
        for (&i, x) in coordinates.iter().zip(&offset) {
            theta[i] += x;
        }
        let is_inside =
            coordinates.iter().all(|&i| assessed.lower[i] <= theta[i] && theta[i] <= assessed.upper[i]);
        if !is_inside {
            weights.num_outside += 1;
            weights.logs.push(f64::NEG_INFINITY);
            continue;
        }
        weights.num_evaluations += 1;
        match unless_aborted(value_from_the_winner(objective, assessed, &theta))? {
            Ok(drawn) if drawn.is_finite() => weights.logs.push(value - drawn + 0.5 * squared_length),
            _ => {
                weights.num_failed += 1;
                weights.logs.push(f64::NEG_INFINITY);
            }
        }
    }
    Ok(weights)
}

fn value_from_the_winner<O: OuterObjective + ?Sized>(
    objective: &mut O,
    assessed: &Assessed<'_>,
    theta: &[f64],
) -> Result<f64, ObjectiveError> {
    objective.seed_inner_state(assessed.inner_beta)?;
    objective.eval_cost(theta)
}

/// Puts the coefficients at θ̂ back; an objective that cannot take them starts cold.
fn restore<O: OuterObjective + ?Sized>(
    objective: &mut O,
    assessed: &Assessed<'_>,
) -> Result<(), ObjectiveError> {
    if let Err(reason) = unless_aborted(objective.seed_inner_state(assessed.inner_beta))? {
        tracing::debug!(reason, "the inner state was not restored");
        objective.reset();
    }
    Ok(())
}

/// Turns every error but an abort into its words.
fn unless_aborted<T>(outcome: Result<T, ObjectiveError>) -> Result<Result<T, String>, ObjectiveError> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(abort @ ObjectiveError::Abort(_)) => Err(abort),
        Err(error) => Ok(Err(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::UncertaintyVerdict;
    use super::*;
    use crate::outer::{DeclaredHessian, OuterCapability, OuterEval, SeedOutcome};

    /// A criterion with its Hessian at 0, and a record of what happened to the inner state.
    struct Criterion<F: FnMut(&[f64]) -> Result<f64, ObjectiveError>> {
        value: F,
        hessian: Vec<f64>,
        num_evaluations: u64,
        installed: Vec<Vec<f64>>,
    }

    impl<F: FnMut(&[f64]) -> Result<f64, ObjectiveError>> Criterion<F> {
        fn new(hessian: &[f64], value: F) -> Self {
            Self { value, hessian: hessian.to_vec(), num_evaluations: 0, installed: Vec::new() }
        }
    }

    impl<F: FnMut(&[f64]) -> Result<f64, ObjectiveError>> OuterObjective for Criterion<F> {
        fn capability(&self) -> OuterCapability {
            let n_params = self.hessian.len().isqrt();
            OuterCapability { hessian: DeclaredHessian::Dense, ..OuterCapability::new(n_params) }
        }
        fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
            self.num_evaluations += 1;
            (self.value)(theta)
        }
        fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
            let cost = self.eval_cost(theta)?;
            Ok(OuterEval::new(cost, vec![0.0; theta.len()]).with_hessian(self.hessian.clone()))
        }
        fn seed_inner_state(&mut self, beta: &[f64]) -> Result<SeedOutcome, ObjectiveError> {
            self.installed.push(beta.to_vec());
            Ok(SeedOutcome::Installed)
        }
    }

    fn of(theta: &[f64]) -> Assessed<'_> {
        const OPTIONS: UncertaintyOptions =
            UncertaintyOptions { enabled: true, num_draws: 32, max_coordinates: 4, max_work: 2_000_000 };
        let lower: &'static [f64] = &[-30.0; 3];
        let upper: &'static [f64] = &[30.0; 3];
        Assessed {
            lower: &lower[..theta.len()],
            upper: &upper[..theta.len()],
            theta,
            rho_dim: theta.len(),
            railed: &[],
            inner_beta: &[1.0, 2.0],
            size: ProblemSize { n_obs: Some(40), p_coefficients: Some(8) },
            options: &OPTIONS,
        }
    }

    fn diagnose<F: FnMut(&[f64]) -> Result<f64, ObjectiveError>>(
        criterion: &mut Criterion<F>,
        assessed: &Assessed<'_>,
    ) -> UncertaintyDiagnostic {
        assess(criterion, assessed).unwrap().0
    }

    #[test]
    fn a_normal_criterion_gives_no_evidence_and_repeats_to_the_bit() {
        let hessian = [4.0, 1.0, 1.0, 2.0];
        let value = |t: &[f64]| Ok(7.0 + 2.0 * t[0] * t[0] + t[0] * t[1] + t[1] * t[1]);
        let mut criterion = Criterion::new(&hessian, value);
        let first = diagnose(&mut criterion, &of(&[0.0, 0.0]));
        assert_eq!(first.verdict, UncertaintyVerdict::NoEvidenceOfHeavyTails);
        assert!(first.k_hat.unwrap() < 0.5);
        assert_eq!((first.num_evaluations, criterion.num_evaluations), (33, 33));
        assert_eq!((first.num_draws, first.num_outside, first.num_failed), (32, 0, 0));
        assert!((first.standard_errors[1] - (4.0f64 / 7.0).sqrt()).abs() < 1e-14);
        assert!(criterion.installed.iter().all(|beta| *beta == [1.0, 2.0]));
        assert_eq!(criterion.installed.len(), 34, "before the point, before each draw, at the end");
        let again = diagnose(&mut Criterion::new(&hessian, value), &of(&[0.0, 0.0]));
        assert_eq!(first, again);
    }

    #[test]
    fn a_narrow_proposal_has_lighter_weights_than_a_cauchy_target() {
        let cauchy = |t: &[f64]| Ok(libm::log1p(t[0] * t[0]));
        let narrow = diagnose(&mut Criterion::new(&[5.0], cauchy), &of(&[0.0]));
        let normal = diagnose(&mut Criterion::new(&[5.0], |t: &[f64]| Ok(2.5 * t[0] * t[0])), &of(&[0.0]));
        assert!(narrow.k_hat.unwrap() > normal.k_hat.unwrap());
        let many =
            UncertaintyOptions { num_draws: 4000, max_work: usize::MAX, ..UncertaintyOptions::default() };
        let assessed = Assessed { options: &many, ..of(&[0.0]) };
        let tails = diagnose(&mut Criterion::new(&[2.0], cauchy), &assessed);
        assert!(tails.k_hat.unwrap() > 0.5, "{tails:?}");
        assert_ne!(tails.verdict, UncertaintyVerdict::NoEvidenceOfHeavyTails);
    }

    #[test]
    fn gates_cost_nothing_and_a_bad_hessian_one_evaluation() {
        let zero = |_: &[f64]| Ok(0.0);
        let mut criterion = Criterion::new(&[1.0], zero);
        let none = Assessed { rho_dim: 0, ..of(&[0.0]) };
        let skipped = diagnose(&mut criterion, &none);
        let reason = "no smoothing parameters".to_owned();
        assert_eq!(skipped.verdict, UncertaintyVerdict::Skipped { reason });
        let railed = Assessed { railed: &[0], ..of(&[0.0]) };
        assert!(matches!(diagnose(&mut criterion, &railed).verdict, UncertaintyVerdict::Skipped { .. }));
        assert_eq!(criterion.num_evaluations, 0);
        for hessian in [&[-1.0][..], &[f64::NAN], &[1.0, 2.0]] {
            let skipped = diagnose(&mut Criterion::new(hessian, zero), &of(&[0.0]));
            assert_eq!(skipped.num_evaluations, 1);
            assert!(matches!(skipped.verdict, UncertaintyVerdict::Skipped { .. }), "{skipped:?}");
        }
    }

    #[test]
    fn coordinates_at_a_bound_stay_there_and_draws_outside_have_no_weight() {
        let mut second = Vec::new();
        let mut criterion = Criterion::new(&[1.0, 0.0, 0.0, 1.0], |t: &[f64]| {
            second.push(t[1]);
            Ok(0.5 * t[0] * t[0] + t[1])
        });
        let assessed =
            Assessed { railed: &[1], lower: &[-1.0, -30.0], upper: &[30.0, 30.0], ..of(&[0.0, -30.0]) };
        let diagnostic = diagnose(&mut criterion, &assessed);
        assert_eq!(diagnostic.coordinates, [0]);
        assert!(diagnostic.num_outside > 0 && diagnostic.num_outside < 16, "{diagnostic:?}");
        assert_eq!(diagnostic.num_evaluations + diagnostic.num_outside as u64, 33);
        assert!(second.iter().all(|x| *x == -30.0));
    }

    #[test]
    fn failures_have_no_weight_and_an_abort_ends_the_run() {
        let mut failing = Criterion::new(&[1.0], |t: &[f64]| match t[0] {
            x if x > 0.5 => Err(ObjectiveError::Recoverable("no".into())),
            x if x < -1.0 => Ok(f64::NAN),
            x => Ok(0.5 * x * x),
        });
        let diagnostic = diagnose(&mut failing, &of(&[0.0]));
        assert!(diagnostic.num_failed > 5, "{diagnostic:?}");
        let mut aborting = Criterion::new(&[1.0], |t: &[f64]| {
            if t[0] == 0.0 { Ok(0.0) } else { Err(ObjectiveError::Abort("stop".into())) }
        });
        assert!(matches!(assess(&mut aborting, &of(&[0.0])), Err(ObjectiveError::Abort(_))));
        assert_eq!(aborting.installed.len(), 3, "restored after the abort as well");
    }
}
