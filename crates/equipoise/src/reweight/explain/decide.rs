//! Can some targets be met together? Several methods are asked; what any of them offers is believed only if it passes the
//! check on the records as given.

use super::condensed::Condensed;
use super::options::ExplainOptions;
use crate::control::{Control, IterationRecord};
use crate::qp::feasibility::{Feasibility, FeasibilityOptions, check_feasibility};
use crate::reweight::bands::{BandMethod, BandOptions, BandWeight};
use crate::reweight::calibration::{CalibrationOptions, CalibrationStatus, Distance};
use crate::reweight::contradiction::{Contradiction, accept_nearly};
use crate::reweight::target_system::{Reach, TargetSystem};

/// Up to so many groups the exact simplex method is asked first, up to the second number at all.
const FEW_GROUPS: usize = 300;
pub(super) const SIMPLEX_GROUPS: usize = 20_000;
/// Where bounds are not attained: how far inside them a vertex is looked for, as a fraction of their distance.
const OPEN_MARGINS: [f64; 4] = [1e-3, 1e-6, 1e-9, 0.0];
/// The same for the solver of the bands.
pub(super) const OPEN_MARGIN: f64 = 1e-6;
/// An elastic problem of this weight with bands narrower by this fraction of the width usually ends inside the bands.
const INNER_WEIGHT: f64 = 1e6;
const INNER_NARROWING: f64 = 0.1;
/// Weight of elastic bands whose misses should be as small as they can be.
const ELASTIC_WEIGHT: f64 = 1e9;
/// Iterations of a solver that is asked for feasibility.
const SOLVER_ITERATIONS: u32 = 400;
/// The answer, each with its evidence.
pub(super) enum Decision {
    /// Multipliers were found that meet the targets within the tolerance: their check is the evidence.
    Feasible,
    Infeasible(Contradiction),
    Unknown,
}

/// Decides one question after the other.
pub(super) struct Decider<'a> {
    pub options: &'a ExplainOptions,
    /// The distance of a calibration.
    pub distance: Option<Distance>,
    pub control: Control,
    /// Questions decided so far.
    pub questions: u32,
}

/// The methods, in the order in which they are asked.
#[derive(Clone, Copy)]
enum Method {
    Simplex,
    Bands,
    Calibration,
}

impl Decider<'_> {
    /// Whether the targets in force can be met.
    pub fn decide(&mut self, system: &TargetSystem<'_>) -> Decision {
        if self.control.must_stop() {
            return Decision::Unknown;
        }
        let condensed = Condensed::new(system);
        let mut decision = Decision::Unknown;
        for &method in methods(system, &condensed) {
            decision = match method {
                Method::Simplex => self.by_simplex(system, &condensed),
                Method::Bands => self.by_bands(system, &condensed),
                Method::Calibration => self.by_calibration(system, &condensed),
            };
            if !matches!(decision, Decision::Unknown) {
                break;
            }
        }
        self.report(&decision, &condensed);
        decision
    }

    fn report(&mut self, decision: &Decision, condensed: &Condensed<'_, '_>) {
        let residual = match decision {
            Decision::Feasible => 0.0,
            Decision::Infeasible(contradiction) => contradiction.check.relative_gap,
            Decision::Unknown => f64::NAN,
        };
        self.control.report(&IterationRecord {
            method: "explain".into(),
            iteration: self.questions,
            residual,
            objective: None,
            step_length: 1.0,
            num_free: condensed.num_groups() as u32,
            num_changed: condensed.targets.len() as u32,
        });
        self.questions += 1;
    }

    /// True if the multipliers are allowed and meet the targets in force.
    pub fn accepts(&self, system: &TargetSystem<'_>, multipliers: &[f64]) -> bool {
        system.violation(multipliers) <= self.options.tolerance
    }

    fn by_simplex(&self, system: &TargetSystem<'_>, condensed: &Condensed<'_, '_>) -> Decision {
        let margins: &[f64] = if system.reach.is_open() { &OPEN_MARGINS } else { &[0.0] };
        let limits = FeasibilityOptions { tolerance: self.options.tolerance, ..Default::default() };
        for &margin in margins {
            let Ok(question) = condensed.linear_system(margin) else { return Decision::Unknown };
            match check_feasibility(&question, &limits) {
                Feasibility::Feasible { point, .. } => {
                    if self.accepts(system, &condensed.expand(&point)) {
                        return Decision::Feasible;
                    }
                }
                Feasibility::Infeasible { farkas, .. } => {
                    if let Some(proof) = accept_nearly(system, &condensed.spread(&farkas)) {
                        return Decision::Infeasible(proof);
                    }
                }
                Feasibility::EmptyInterval(_) | Feasibility::Unknown { .. } => {}
            }
            if self.control.must_stop() {
                break;
            }
        }
        Decision::Unknown
    }

    fn by_bands(&self, system: &TargetSystem<'_>, condensed: &Condensed<'_, '_>) -> Decision {
        let margin = if system.reach.is_open() { OPEN_MARGIN } else { 0.0 };
        let Ok(problem) = condensed.problem(margin) else { return Decision::Unknown };
        let tries = [(BandWeight::Elastic(INNER_WEIGHT), INNER_NARROWING), (BandWeight::Hard, 0.0)];
        for (weight, narrowing) in tries {
            let options = BandOptions {
                method: BandMethod::ProximalNewton,
                max_iterations: Some(SOLVER_ITERATIONS),
                time_limit_seconds: self.control.seconds_left().map(|s| s.max(1e-3)),
                threads: self.options.threads,
                ..condensed.band_options(weight, narrowing)
            };
            let Ok(answer) = problem.solve_bands_with(&options, &mut self.control.without_progress()) else {
                return Decision::Unknown;
            };
            if let Some(proof) = answer.infeasibility {
                let combination: Vec<f64> = proof.direction.iter().map(|v| -v).collect();
                if let Some(proof) = accept_nearly(system, &condensed.spread(&combination)) {
                    return Decision::Infeasible(proof);
                }
            }
            let multipliers = answer.multipliers.to_vec();
            let point = condensed.expand(&condensed.group_weights(&multipliers));
            if self.accepts(system, &point) {
                return Decision::Feasible;
            }
            if self.control.must_stop() {
                break;
            }
        }
        Decision::Unknown
    }

    /// Multipliers (n) and dual values (k) of elastic bands of large weight, times the importance of each target in force.
    pub fn elastic_answer(
        &mut self,
        condensed: &Condensed<'_, '_>,
        system: &TargetSystem<'_>,
        importance: &[f64],
    ) -> Option<(Vec<f64>, Vec<f64>)> {
        if self.control.must_stop() {
            return None;
        }
        let margin = if system.reach.is_open() { OPEN_MARGIN } else { 0.0 };
        let options = BandOptions {
            method: BandMethod::ProximalNewton,
            importance: Some(importance.to_vec()),
            max_iterations: Some(SOLVER_ITERATIONS),
            time_limit_seconds: self.control.seconds_left().map(|s| s.max(1e-3)),
            threads: self.options.threads,
            ..condensed.band_options(BandWeight::Elastic(ELASTIC_WEIGHT), 0.0)
        };
        let answer = condensed
            .problem(margin)
            .ok()?
            .solve_bands_with(&options, &mut self.control.without_progress())
            .ok()?;
        self.questions += 1;
        let point = condensed.expand(&condensed.group_weights(&answer.multipliers.to_vec()));
        let dual: Vec<f64> = answer.dual.iter().map(|v| -v).collect();
        Some((point, condensed.spread(&dual)))
    }

    fn by_calibration(&self, system: &TargetSystem<'_>, condensed: &Condensed<'_, '_>) -> Decision {
        let distance = match (self.distance, system.reach) {
            (Some(distance), _) => distance,
            (None, Reach::Within) => Distance::TruncatedLinear,
            (None, _) => return Decision::Unknown,
        };
        let Ok(problem) = condensed.problem(0.0) else { return Decision::Unknown };
        let options = CalibrationOptions {
            time_limit_seconds: self.control.seconds_left().map(|s| s.max(1e-3)),
            threads: self.options.threads,
            ..CalibrationOptions::with_distance(distance)
        };
        let Ok(answer) = problem.calibrate_with(&options, &mut self.control.without_progress()) else {
            return Decision::Unknown;
        };
        if answer.status == CalibrationStatus::Infeasible {
            let combination = answer.infeasibility.map(|proof| proof.combination);
            let proof = combination.and_then(|y| accept_nearly(system, &condensed.spread(&y)));
            return proof.map_or(Decision::Unknown, Decision::Infeasible);
        }
        let multipliers = answer.multipliers.to_vec();
        let point = condensed.expand(&condensed.group_weights(&multipliers));
        if self.accepts(system, &point) { Decision::Feasible } else { Decision::Unknown }
    }
}

fn methods(system: &TargetSystem<'_>, condensed: &Condensed<'_, '_>) -> &'static [Method] {
    use Method::{Bands, Calibration, Simplex};
    let by_bands = system.reach.is_bounded() && !condensed.has_exact_totals();
    match (condensed.num_groups(), by_bands) {
        (..=FEW_GROUPS, true) => &[Simplex, Bands],
        (..=FEW_GROUPS, false) => &[Simplex, Calibration],
        (..=SIMPLEX_GROUPS, true) => &[Bands, Simplex],
        (..=SIMPLEX_GROUPS, false) => &[Calibration, Simplex],
        (_, true) => &[Bands],
        (_, false) => &[Calibration],
    }
}
