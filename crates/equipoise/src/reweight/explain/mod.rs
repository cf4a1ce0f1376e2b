//! Why targets cannot be met, and what would help.
//!
//! ```text
//! is there m with  lⱼ ≤ Σᵢ w⁰ᵢmᵢAᵢⱼ ≤ uⱼ  for every target j, mᵢ within its bounds?
//! ```
//!
//! The intervals are the bands, or the exact totals of a calibration; the multipliers are those that the form allows. Every claim
//! carries its evidence: a contradiction a combination of the targets that the independent checker
//! ([`check_farkas`](crate::certificate::infeasibility::check_farkas)) accepts on the data as given, a minimal set for each member
//! multipliers that meet all the others, a relaxation multipliers that meet the relaxed targets. What is not proven is `unknown`.
//!
//! ```
//! use equipoise::numeric::sparse::SparseMatrix;
//! use equipoise::reweight::bands::BandOptions;
//! use equipoise::reweight::explain::ExplainOptions;
//! use equipoise::reweight::{Bounds, ReweightProblem, Target};
//! use ndarray::array;
//!
//! # fn main() -> Result<(), equipoise::error::InputError> {
//! // Four households; the first target counts them, the second the one with three children.
//! let matrix = SparseMatrix::from_dense_columns(4, [&[1.0, 1.0, 1.0, 1.0][..], &[0.0, 0.0, 3.0, 0.0]])?;
//! let weights = array![100.0, 120.0, 80.0, 100.0];
//! let targets = vec![Target::new("households", 420.0), Target::new("children", 2000.0)];
//! let bounds = Bounds::Uniform { lower: 0.5, upper: 4.0 };
//! let problem = ReweightProblem::builder(matrix, weights.view(), targets).bounds(bounds).build()?;
//! let why = problem.explain_bands(&BandOptions::default(), &ExplainOptions::default())?;
//! assert_eq!(why.status.as_str(), "infeasible");
//! assert_eq!(
//!     why.minimal_sets[0].sentence,
//!     "children asks for 1,990 to 2,010, but the one record that counts for it gives at most 960 with multipliers from 0.5 to 4: \
//!      1,030 too few."
//! );
//! # Ok(())
//! # }
//! ```

mod condensed;
mod decide;
mod minimal;
mod options;
mod relax;
mod result;
mod sentences;

pub use options::ExplainOptions;
pub use result::{
    EdgeChange, Explanation, ExplanationStatus, MinimalSet, PressingRecord, Relaxation, RelaxationKind,
    SetMember, Side,
};

use crate::control::{Control, Stopwatch};
use crate::error::InputError;
use crate::numeric::dd::Dd;
use crate::reweight::ReweightProblem;
use crate::reweight::bands::{Band, BandOptions};
use crate::reweight::calibration::{CalibrationOptions, Distance};
use crate::reweight::target_system::{Reach, TargetSystem, Units};
use decide::Decider;
use minimal::{Found, search};

impl ReweightProblem {
    /// Explains whether the bands can hold together: the hard ones, or all as if they were hard where none is.
    ///
    /// # Errors
    /// As [`ReweightProblem::solve_bands`]; an option out of range.
    pub fn explain_bands(
        &self,
        bands: &BandOptions,
        options: &ExplainOptions,
    ) -> Result<Explanation, InputError> {
        self.explain_bands_with(bands, options, &mut Control::default())
    }

    /// [`ReweightProblem::explain_bands`] under the caller's control: cancellation, progress (one report per question decided).
    ///
    /// # Errors
    /// As [`ReweightProblem::explain_bands`].
    pub fn explain_bands_with(
        &self,
        bands: &BandOptions,
        options: &ExplainOptions,
        control: &mut Control,
    ) -> Result<Explanation, InputError> {
        options.validate()?;
        let edges = band_edges(self, bands)?;
        let system = TargetSystem::new(self, Reach::Within, edges, Units::single(self.num_records()));
        Ok(explain(&system, None, options, control))
    }

    /// Explains whether the exact totals of a calibration can be met.
    ///
    /// # Errors
    /// As [`ReweightProblem::calibrate`]; an option out of range.
    pub fn explain_calibration(
        &self,
        calibration: &CalibrationOptions,
        options: &ExplainOptions,
    ) -> Result<Explanation, InputError> {
        self.explain_calibration_with(calibration, options, &mut Control::default())
    }

    /// [`ReweightProblem::explain_calibration`] under the caller's control: cancellation, progress.
    ///
    /// # Errors
    /// As [`ReweightProblem::explain_calibration`].
    pub fn explain_calibration_with(
        &self,
        calibration: &CalibrationOptions,
        options: &ExplainOptions,
        control: &mut Control,
    ) -> Result<Explanation, InputError> {
        options.validate()?;
        calibration.validate(self)?;
        let system = calibration.target_system(self);
        Ok(explain(&system, Some(calibration.distance), options, control))
    }
}

/// The edges of the bands that must hold (k each), rounded outwards; infinite for the others.
fn band_edges(problem: &ReweightProblem, options: &BandOptions) -> Result<(Vec<f64>, Vec<f64>), InputError> {
    let bands = options.target_bands(problem.targets())?;
    let some_are_hard = bands.iter().any(|band| band.elastic.is_none());
    let edges = bands.iter().zip(problem.targets()).map(|(band, target)| {
        if some_are_hard && band.elastic.is_some() {
            return (f64::NEG_INFINITY, f64::INFINITY);
        }
        let total = Dd::from(target.total);
        let width = match band.band {
            Band::Between { lower, upper } => return (lower, upper),
            Band::Absolute(width) => Dd::from(width),
            Band::Relative(tolerance) => Dd::product(tolerance, target.total.abs()),
        };
        if width == Dd::ZERO {
            return (target.total, target.total);
        }
        ((total - width).high.next_down(), (total + width).high.next_up())
    });
    Ok(edges.unzip())
}

fn explain(
    system: &TargetSystem<'_>,
    distance: Option<Distance>,
    options: &ExplainOptions,
    control: &mut Control,
) -> Explanation {
    let watch = Stopwatch::default();
    control.start_clock(options.time_limit_seconds);
    let mut decider = Decider { options, distance, control: control.clone(), questions: 0 };
    let found = search(system, &mut decider);
    let minimal_sets: Vec<MinimalSet> =
        found.sets.iter().map(|set| sentences::describe_set(system, set, options.max_records)).collect();
    let relaxations = if options.relaxations { ways_out(system, &found, &mut decider) } else { Vec::new() };
    let status = match (&found.first, found.feasible) {
        (Some(_), _) => ExplanationStatus::Infeasible,
        (None, true) => ExplanationStatus::Feasible,
        (None, false) => ExplanationStatus::Unknown,
    };
    Explanation {
        status,
        message: message(system, status, &minimal_sets, &found, options.tolerance),
        combination: found.first.map(|contradiction| contradiction.combination),
        minimal_sets,
        all_sets: found.complete && status != ExplanationStatus::Unknown,
        removal: found.removal.filter(|removal| !removal.is_empty()),
        relaxations,
        questions: decider.questions,
        seconds: watch.seconds(),
    }
}

/// The cheapest relaxations for all targets, then those of one member for each set.
fn ways_out(system: &TargetSystem<'_>, found: &Found, decider: &mut Decider<'_>) -> Vec<Relaxation> {
    let Some(first) = &found.first else { return Vec::new() };
    let mut out = Vec::new();
    if let Some(way) = relax::cheapest(system, first, decider) {
        out.push(sentences::describe_way_out(system, &way, RelaxationKind::LeastSum, None));
    }
    if let Some(way) = relax::in_proportion(system, first, decider) {
        out.push(sentences::describe_way_out(system, &way, RelaxationKind::InProportion, None));
    }
    for (index, set) in found.sets.iter().enumerate() {
        let part = system.restricted_to(&set.targets);
        let edges: Vec<_> = relax::pressed_edges(&set.contradiction).map(|e| (e.0, e.1)).collect();
        for edge in edges {
            if let Some(way) = relax::single(&part, &set.contradiction, edge, decider) {
                let kind = RelaxationKind::OneTarget;
                out.push(sentences::describe_way_out(system, &way, kind, Some(index)));
            }
        }
    }
    out
}

fn message(
    system: &TargetSystem<'_>,
    status: ExplanationStatus,
    sets: &[MinimalSet],
    found: &Found,
    tolerance: f64,
) -> String {
    match status {
        ExplanationStatus::Feasible => {
            format!(
                "All targets can be met together: weights that do so to {tolerance:e} of each were found."
            )
        }
        ExplanationStatus::Unknown => {
            "It is proven neither that the targets can be met together nor that they contradict one another."
                .into()
        }
        ExplanationStatus::Infeasible => {
            let first = sets.first().map_or("", |set| set.sentence.as_str());
            let left_out = match &found.removal {
                Some(removal) if !removal.is_empty() => {
                    let name = |&j: &usize| system.problem.targets()[j].name.as_str();
                    let names: Vec<&str> = removal.iter().map(name).collect();
                    format!(" Without {} all others can be met.", names.join(", "))
                }
                _ => String::new(),
            };
            format!("It is proven that the targets cannot all be met. {first}{left_out}")
        }
    }
}
