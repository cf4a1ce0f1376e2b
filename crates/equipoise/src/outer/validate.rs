//! The ranges of all options, checked in one place before anything is evaluated.

use super::canonical_order::check_keys;
use super::capability::OuterCapability;
use super::config::OuterProblem;
use crate::error::{InputCode, InputError};

impl OuterProblem {
    /// Checks every option against its range; the paths are those of the configuration in JSON.
    ///
    /// # Errors
    /// The first option that cannot be used.
    pub fn validate(&self) -> Result<(), InputError> {
        let n = self.n_params;
        check_psi(self.psi_dim, n)?;
        let positive = [
            ("tolerance", Some(self.tolerance)),
            ("relCostTolerance", self.rel_cost_tolerance),
            ("rhoBound", Some(self.rho_bound)),
            ("operatorInitialTrustRadius", self.operator_initial_trust_radius),
            ("arcInitialRegularization", self.arc_initial_regularization),
            ("objectiveScale", self.objective_scale),
            ("bfgsStepCap", self.bfgs_step_cap),
            ("bfgsStepCapPsi", self.bfgs_step_cap_psi),
        ];
        for (path, value) in positive {
            if let Some(value) = value
                && !(value > 0.0 && value.is_finite())
            {
                return Err(InputError::out_of_range(path, "a finite number above 0", value));
            }
        }
        if self.max_iter == 0 {
            return Err(InputError::out_of_range("maxIter", "at least 1", 0.0));
        }
        if let Some((lower, upper)) = &self.bounds {
            check_bounds(lower, upper, n)?;
        }
        for (path, vector) in [("heuristic", &self.heuristic), ("initialRho", &self.initial_rho)] {
            if let Some(vector) = vector {
                check_vector(path, vector, n)?;
            }
        }
        if let Some(rows) = &self.warm_start_hessian
            && rows.len() != n * n
        {
            return Err(InputError::length("warmStartHessian", n * n, rows.len()));
        }
        if let Some(axis) = self.border_axes.iter().find(|&&axis| axis >= n) {
            let expected = format!("indices below {n}");
            return Err(InputError::out_of_range("borderAxes", expected, *axis as f64));
        }
        if let Some(barrier) = &self.barrier {
            barrier.check("barrier")?;
        }
        self.uncertainty.validate()?;
        check_keys(self)?;
        self.seed_config.check(n)
    }

    /// Checks that what the objective declares fits the options and does not contradict itself.
    pub(super) fn check_capability(&self, capability: &OuterCapability) -> Result<(), InputError> {
        if capability.n_params != self.n_params {
            return Err(InputError::length("capability.nParams", self.n_params, capability.n_params));
        }
        check_psi(capability.psi_dim, self.n_params)?;
        if capability.psi_dim != self.psi_dim {
            return Err(InputError::length("capability.psiDim", self.psi_dim, capability.psi_dim));
        }
        if capability.hessian.is_analytic() && !capability.has_gradient() {
            return Err(InputError::new(
                InputCode::OutOfRange,
                "capability.hessian",
                "unavailable where there is no gradient",
                "a Hessian without a gradient",
            ));
        }
        match &capability.barrier {
            Some(barrier) => barrier.check("capability.barrier"),
            None => Ok(()),
        }
    }
}

fn check_psi(psi_dim: usize, n: usize) -> Result<(), InputError> {
    if psi_dim > n {
        let expected = format!("at most {n}, the number of parameters");
        return Err(InputError::out_of_range("psiDim", expected, psi_dim as f64));
    }
    Ok(())
}

fn check_bounds(lower: &[f64], upper: &[f64], n: usize) -> Result<(), InputError> {
    for (path, side) in [("bounds.lower", lower), ("bounds.upper", upper)] {
        if side.len() != n {
            return Err(InputError::length(path, n, side.len()));
        }
        if let Some(i) = side.iter().position(|bound| bound.is_nan()) {
            let path = format!("{path}[{i}]");
            return Err(InputError::new(InputCode::NotFinite, path, "a number or an infinity", "NaN"));
        }
    }
    for (i, (&lo, &hi)) in lower.iter().zip(upper).enumerate() {
        if lo > hi || lo == f64::INFINITY || hi == f64::NEG_INFINITY {
            let expected = format!("a number not above bounds.upper[{i}] = {hi}");
            return Err(InputError::out_of_range(format!("bounds.lower[{i}]"), expected, lo));
        }
    }
    Ok(())
}

fn check_vector(path: &str, vector: &[f64], n: usize) -> Result<(), InputError> {
    if vector.len() != n {
        return Err(InputError::length(path, n, vector.len()));
    }
    match vector.iter().position(|value| !value.is_finite()) {
        Some(i) => Err(InputError::not_finite(format!("{path}[{i}]"), vector[i])),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outer::{BarrierConfig, DeclaredHessian, Derivative, SeedConfig};

    fn path(problem: OuterProblem) -> String {
        problem.validate().unwrap_err().path
    }

    #[test]
    fn the_defaults_are_valid() {
        for n in [0, 1, 100] {
            OuterProblem::new(n).validate().unwrap();
        }
    }

    #[test]
    fn each_fault_names_its_place() {
        let problem = || OuterProblem::new(2);
        assert_eq!(path(problem().with_psi_dim(3)), "psiDim");
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(path(problem().with_tolerance(bad)), "tolerance");
            assert_eq!(path(problem().with_rel_cost_tolerance(Some(bad))), "relCostTolerance");
            assert_eq!(path(problem().with_rho_bound(bad)), "rhoBound");
            assert_eq!(
                path(problem().with_operator_initial_trust_radius(Some(bad))),
                "operatorInitialTrustRadius"
            );
            assert_eq!(
                path(problem().with_arc_initial_regularization(Some(bad))),
                "arcInitialRegularization"
            );
            assert_eq!(path(problem().with_objective_scale(Some(bad))), "objectiveScale");
            assert_eq!(path(problem().with_bfgs_step_cap(Some(bad))), "bfgsStepCap");
            assert_eq!(path(problem().with_bfgs_step_cap_psi(Some(bad))), "bfgsStepCapPsi");
        }
        assert_eq!(path(problem().with_max_iter(0)), "maxIter");
        let bounds = |lo: &[f64], hi: &[f64]| problem().with_bounds(lo.to_vec(), hi.to_vec());
        assert_eq!(path(bounds(&[0.0], &[1.0, 1.0])), "bounds.lower");
        assert_eq!(path(bounds(&[0.0, 0.0], &[1.0])), "bounds.upper");
        assert_eq!(path(bounds(&[0.0, f64::NAN], &[1.0, 1.0])), "bounds.lower[1]");
        assert_eq!(path(bounds(&[0.0, 2.0], &[1.0, 1.0])), "bounds.lower[1]");
        assert!(bounds(&[f64::NEG_INFINITY, 1.0], &[f64::INFINITY, 1.0]).validate().is_ok());
        assert_eq!(path(problem().with_initial_rho(vec![0.0])), "initialRho");
        assert_eq!(path(problem().with_heuristic(vec![0.0, f64::NAN])), "heuristic[1]");
        assert_eq!(path(problem().with_border_axes(vec![2])), "borderAxes");
        let barrier = BarrierConfig { tau: 0.0, ..BarrierConfig::above(vec![0], vec![0.0]) };
        assert_eq!(path(problem().with_barrier(Some(barrier))), "barrier.tau");
        let seeds = SeedConfig { bounds: (f64::NAN, 1.0), ..SeedConfig::default() };
        assert_eq!(path(problem().with_seed_config(seeds)), "seedConfig.bounds[0]");
    }

    #[test]
    fn a_contradictory_capability_is_wrong_input() {
        let problem = OuterProblem::new(2);
        let fault = |capability: OuterCapability| problem.check_capability(&capability).unwrap_err().path;
        let base = OuterCapability { gradient: Derivative::Analytic, ..OuterCapability::new(2) };
        problem.check_capability(&base).unwrap();
        assert_eq!(fault(OuterCapability { n_params: 3, ..base.clone() }), "capability.nParams");
        assert_eq!(fault(OuterCapability { psi_dim: 1, ..base.clone() }), "capability.psiDim");
        let contradiction = OuterCapability { hessian: DeclaredHessian::Dense, ..OuterCapability::new(2) };
        assert_eq!(fault(contradiction), "capability.hessian");
    }
}
