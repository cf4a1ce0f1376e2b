//! Checks a whole batch before any of it is solved, and works out what each area is.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::exhaustion::{fixed, float};
use super::options::{Area, AreasOptions};
use super::structure::{Pattern, Shared};
use crate::error::{InputCode, InputError};
use crate::reweight::bands::{BandOptions, BandOverride, BandWeight, TargetBand, TargetSelector};
use crate::reweight::options::{MAX_THREADS, Start};
use crate::reweight::problem::{Bounds, ReweightProblem, Target, validate_targets};
use crate::reweight::{Form, calibration::CalibrationOptions};

/// A valid batch.
pub(super) struct Plan<'a> {
    pub problem: &'a ReweightProblem,
    pub options: &'a AreasOptions,
    pub areas: Vec<PlannedArea<'a>>,
    /// Targets kept, per pattern.
    kept: Vec<Vec<u32>>,
}

/// A valid area.
pub(super) struct PlannedArea<'a> {
    pub area: &'a Area,
    /// Number of its pattern.
    pub pattern: usize,
}

impl<'a> Plan<'a> {
    /// # Errors
    /// What [`ReweightProblem::solve_areas`] says.
    pub fn new(
        problem: &'a ReweightProblem,
        areas: &'a [Area],
        options: &'a AreasOptions,
    ) -> Result<Self, InputError> {
        check_options(problem, options)?;
        check_keys(areas)?;
        let mut check = AreaCheck::new(problem, options);
        let mut plan = Self { problem, options, areas: Vec::with_capacity(areas.len()), kept: Vec::new() };
        let mut numbers = BTreeMap::new();
        for (index, area) in areas.iter().enumerate() {
            let kept = check
                .area(area)
                .map_err(|error| InputError { path: format!("areas[{index}].{}", error.path), ..error })?;
            let next = numbers.len();
            let number = *numbers.entry((area.records.as_deref(), kept)).or_insert(next);
            plan.areas.push(PlannedArea { area, pattern: number });
        }
        plan.kept = vec![Vec::new(); numbers.len()];
        for ((_, kept), number) in numbers {
            plan.kept[number] = kept;
        }
        if let Some(cap) = options.exhaustion_cap {
            plan.check_cap(cap)?;
        }
        Ok(plan)
    }

    pub fn num_patterns(&self) -> usize {
        self.kept.len()
    }

    /// The indices of an area's targets in the problem.
    pub fn kept(&self, area: &PlannedArea<'_>) -> &[u32] {
        &self.kept[area.pattern]
    }

    pub fn pattern(&self, area: &PlannedArea<'a>) -> Pattern<'_> {
        Pattern { records: area.area.records.as_deref(), kept: self.kept(area) }
    }

    /// The bounds of an area.
    pub fn bounds(&self, area: &PlannedArea<'a>) -> Cow<'a, Bounds> {
        match (&area.area.bounds, &area.area.records, &self.problem.bounds) {
            (Some(bounds), ..) => Cow::Borrowed(bounds),
            (None, Some(records), Bounds::PerRecord { lower, upper }) => {
                Cow::Owned(Bounds::PerRecord { lower: select(lower, records), upper: select(upper, records) })
            }
            (None, _, bounds) => Cow::Borrowed(bounds),
        }
    }

    /// The problem of an area alone, with these bounds.
    pub fn area_problem(&self, area: &PlannedArea<'_>, shared: Shared, bounds: Bounds) -> ReweightProblem {
        let scaled = |w: &f64| area.area.weight_scale * w;
        let design_weights = match &area.area.records {
            None => self.problem.design_weights.iter().map(scaled).collect(),
            Some(records) => {
                records.iter().map(|&i| scaled(&self.problem.design_weights[i as usize])).collect()
            }
        };
        let placed = placed_targets(self.problem, area.area, self.kept(area));
        let targets = select(&placed, self.kept(area));
        let Shared { matrix, gram_plan, common } = shared;
        ReweightProblem {
            common: common.map(|common| (common, area.area.weight_scale)),
            ..ReweightProblem::of_valid_parts(matrix, gram_plan, design_weights, targets, bounds)
        }
    }

    /// True if areas that share a matrix have a use for a [`CommonDesign`](crate::reweight::common_design::CommonDesign): bands,
    /// unless each record has a distance weight of its own.
    pub fn uses_common_design(&self) -> bool {
        matches!(&self.options.form, Form::Bands(form) if form.distance_weights.is_none())
    }

    /// The form of an area alone, on one thread.
    pub fn area_form(&self, area: &PlannedArea<'_>) -> Form {
        let records = area.area.records.as_deref();
        let of_records = |values: &Option<Vec<f64>>| match (values, records) {
            (Some(values), Some(records)) => Some(select(values, records)),
            _ => values.clone(),
        };
        let form = match &self.options.form {
            Form::Penalty(options) => Form::Penalty(options.clone()),
            Form::Bands(options) => Form::Bands(BandOptions {
                overrides: self.overrides(area, options),
                importance: None,
                distance_weights: of_records(&options.distance_weights),
                ..options.clone()
            }),
            Form::Calibration(options) => Form::Calibration(CalibrationOptions {
                q_weights: of_records(&options.q_weights),
                clusters: match (&options.clusters, records) {
                    (Some(clusters), Some(records)) => Some(select(clusters, records)),
                    (clusters, _) => clusters.clone(),
                },
                costs: options.costs.as_ref().map(|costs| select(costs, self.kept(area))),
                ..options.clone()
            }),
        };
        form.with_threads(1)
    }

    /// The band and weight of each target of an area, as overrides that leave nothing open. They are worked out when they are
    /// needed: held for every area, names and bands would take more memory than the solves.
    fn overrides(&self, area: &PlannedArea<'_>, form: &BandOptions) -> Vec<BandOverride> {
        let kept = self.kept(area);
        let placed = placed_targets(self.problem, area.area, kept);
        let bands = area_bands(form, area.area, &placed).expect("the plan has checked it");
        let explicit = |(position, &j): (usize, &u32)| BandOverride {
            targets: TargetSelector::Index(position),
            band: Some(bands[j as usize].band),
            weight: Some(bands[j as usize].elastic.map_or(BandWeight::Hard, BandWeight::Elastic)),
            optional: false,
        };
        kept.iter().enumerate().map(explicit).collect()
    }

    /// A cap that the lower bounds alone exceed cannot be met.
    fn check_cap(&self, cap: f64) -> Result<(), InputError> {
        let least = self.least_exhaustion();
        match least.iter().position(|&sum| float(sum) > cap) {
            None => Ok(()),
            Some(i) => Err(InputError::out_of_range(
                "exhaustionCap",
                format!(
                    "at least {}, to which the lower bounds alone bring record {i}",
                    least.iter().map(|&sum| float(sum)).fold(0.0, f64::max)
                ),
                cap,
            )),
        }
    }

    /// Lᵢ = Σₐ scaleₐ·loₐᵢ (n), in fixed point: what each record is exhausted by at least.
    pub fn least_exhaustion(&self) -> Vec<i128> {
        let (mut everywhere, mut sums) = (0, vec![0; self.problem.num_records()]);
        for planned in &self.areas {
            let Area { weight_scale, records, .. } = planned.area;
            match (&*self.bounds(planned), records) {
                (Bounds::Uniform { lower, .. }, None) => everywhere += fixed(weight_scale * lower),
                (bounds, None) => {
                    for (i, sum) in sums.iter_mut().enumerate() {
                        *sum += fixed(weight_scale * bounds.of(i).0);
                    }
                }
                (bounds, Some(records)) => {
                    for (position, &i) in records.iter().enumerate() {
                        sums[i as usize] += fixed(weight_scale * bounds.of(position).0);
                    }
                }
            }
        }
        sums.iter_mut().for_each(|sum| *sum += everywhere);
        sums
    }
}

/// The entries at `indices`.
pub(super) fn select<T: Clone>(values: &[T], indices: &[u32]) -> Vec<T> {
    indices.iter().map(|&i| values[i as usize].clone()).collect()
}

fn check_options(problem: &ReweightProblem, options: &AreasOptions) -> Result<(), InputError> {
    if options.threads > MAX_THREADS {
        let expected = format!("at most {MAX_THREADS}");
        return Err(InputError::new(InputCode::OutOfRange, "threads", expected, options.threads.to_string()));
    }
    if options.max_rounds == 0 {
        return Err(InputError::out_of_range("maxRounds", "at least 1", 0.0));
    }
    let miss = options.miss_tolerance;
    if miss.is_nan() || miss < 0.0 {
        return Err(InputError::out_of_range("missTolerance", "0 or more", miss));
    }
    if let Some(cap) = options.exhaustion_cap {
        if !cap.is_finite() {
            return Err(InputError::not_finite("exhaustionCap", cap));
        }
        if cap <= 0.0 {
            return Err(InputError::out_of_range("exhaustionCap", "a positive number", cap));
        }
        if let Form::Calibration(_) = options.form {
            return Err(InputError::new(
                InputCode::OutOfRange,
                "exhaustionCap",
                "no cap: calibration meets its totals whatever the weights",
                cap.to_string(),
            ));
        }
    }
    in_form(&options.form, || match &options.form {
        Form::Penalty(form) => {
            let start = match form.start {
                Start::DesignWeights => return form.validate(problem.num_records(), problem.num_targets()),
                Start::Multipliers(_) => "startMultipliers",
                Start::Dual(_) => "startDual",
            };
            let expected = "no start: every area starts from its design weights";
            Err(InputError::new(InputCode::OutOfRange, start, expected, "one"))
        }
        Form::Bands(form) => {
            form.validate(problem)?;
            // Whatever the totals of an area may be.
            let mut targets = problem.targets.clone();
            targets.iter_mut().for_each(|target| target.total = 1.0);
            form.target_bands(&targets).map(|_| ())
        }
        // What it says of bounds is checked with those that the areas have.
        Form::Calibration(_) => Ok(()),
    })
}

/// Errors of the form's options have its name in front.
fn in_form<T>(form: &Form, check: impl FnOnce() -> Result<T, InputError>) -> Result<T, InputError> {
    let name = match form {
        Form::Penalty(_) => "penalty",
        Form::Bands(_) => "bands",
        Form::Calibration(_) => "calibration",
    };
    check().map_err(|error| InputError { path: format!("{name}.{}", error.path), ..error })
}

fn check_keys(areas: &[Area]) -> Result<(), InputError> {
    if areas.is_empty() {
        return Err(InputError::new(InputCode::Empty, "areas", "at least one area", "none"));
    }
    let mut seen = BTreeMap::new();
    for (index, area) in areas.iter().enumerate() {
        let path = format!("areas[{index}].key");
        if area.key.is_empty() {
            return Err(InputError::new(InputCode::Empty, path, "a name", "an empty one"));
        }
        if let Some(first) = seen.insert(area.key.as_str(), index) {
            let received = format!("{:?}, also the key of areas[{first}]", area.key);
            return Err(InputError::new(InputCode::Duplicate, path, "keys that occur once", received));
        }
    }
    Ok(())
}

/// The problem's targets with the totals of an area; those that it leaves out get one that offends nobody.
fn placed_targets(problem: &ReweightProblem, area: &Area, kept: &[u32]) -> Vec<Target> {
    let mut placed = problem.targets.clone();
    let mut next = kept.iter().peekable();
    for (j, target) in placed.iter_mut().enumerate() {
        if next.next_if(|kept| **kept as usize == j).is_none() {
            (target.total, target.scale) = (1.0, None);
        } else if let Some(total) = area.totals.as_ref().and_then(|totals| totals[j]) {
            target.total = total;
        }
    }
    placed
}

/// The band and weight of each of the problem's targets, the area's own overrides counted in.
///
/// # Errors
/// As [`BandOptions::target_bands`]; the form's overrides come first.
fn area_bands(form: &BandOptions, area: &Area, placed: &[Target]) -> Result<Vec<TargetBand>, InputError> {
    let options = BandOptions {
        band: area.band.unwrap_or(form.band),
        overrides: form.overrides.iter().chain(&area.overrides).cloned().collect(),
        zero_tolerance: form.zero_tolerance,
        weight: form.weight,
        importance: form.importance.clone(),
        ..BandOptions::default()
    };
    options.target_bands(placed)
}

/// Checks areas one after the other; paths are relative to the area.
struct AreaCheck<'a> {
    options: &'a AreasOptions,
    /// The problem with the totals of the area that is being checked.
    probe: ReweightProblem,
    problem: &'a ReweightProblem,
    /// Least and largest design weight.
    weights: (f64, f64),
    /// True once the form was checked with the bounds of the problem.
    checked_with_bounds: bool,
}

impl<'a> AreaCheck<'a> {
    fn new(problem: &'a ReweightProblem, options: &'a AreasOptions) -> Self {
        let least = problem.design_weights.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = problem.design_weights.iter().copied().fold(0.0, f64::max);
        let probe = problem.clone();
        Self { options, probe, problem, weights: (least, largest), checked_with_bounds: false }
    }

    /// The indices of the targets that a valid area keeps.
    fn area(&mut self, area: &Area) -> Result<Vec<u32>, InputError> {
        self.check_scale(area)?;
        self.check_records(area)?;
        let kept = self.kept(area)?;
        self.probe.targets = placed_targets(self.problem, area, &kept);
        validate_targets(&self.probe.targets, self.probe.num_targets()).map_err(at_total)?;
        self.check_bounds(area)?;
        self.check_bands(area)?;
        Ok(kept)
    }

    fn check_scale(&self, area: &Area) -> Result<(), InputError> {
        let scale = area.weight_scale;
        if !scale.is_finite() {
            return Err(InputError::not_finite("weightScale", scale));
        }
        if scale <= 0.0 {
            return Err(InputError::out_of_range("weightScale", "a positive number", scale));
        }
        let (least, largest) = (scale * self.weights.0, scale * self.weights.1);
        if least == 0.0 || !largest.is_finite() {
            let expected = "a number whose product with every design weight can be represented";
            return Err(InputError::out_of_range("weightScale", expected, scale));
        }
        Ok(())
    }

    fn check_records(&self, area: &Area) -> Result<(), InputError> {
        let Some(records) = &area.records else { return Ok(()) };
        let Some(&last) = records.last() else {
            return Err(InputError::new(InputCode::Empty, "records", "at least one record", "none"));
        };
        if let Some(i) = records.windows(2).position(|pair| pair[0] >= pair[1]) {
            return Err(InputError::new(
                InputCode::OutOfRange,
                format!("records[{}]", i + 1),
                format!("an index above {}, the one before it", records[i]),
                records[i + 1].to_string(),
            ));
        }
        let n = self.problem.num_records();
        if last as usize >= n {
            return Err(InputError::new(
                InputCode::OutOfRange,
                format!("records[{}]", records.len() - 1),
                format!("an index below {n}"),
                last.to_string(),
            ));
        }
        Ok(())
    }

    /// The targets that have a total and are not dropped.
    fn kept(&self, area: &Area) -> Result<Vec<u32>, InputError> {
        let targets = &self.problem.targets;
        if let Some(totals) = &area.totals
            && totals.len() != targets.len()
        {
            return Err(InputError::length("totals", targets.len(), totals.len()));
        }
        let mut dropped = BTreeSet::new();
        for (position, drop) in area.drop.iter().enumerate() {
            dropped.extend(drop.targets.resolve(&format!("drop[{position}]"), targets, drop.optional)?);
        }
        let has_total = |j: usize| area.totals.as_ref().is_none_or(|totals| totals[j].is_some());
        let kept: Vec<u32> =
            (0..targets.len()).filter(|j| has_total(*j) && !dropped.contains(j)).map(|j| j as u32).collect();
        if kept.is_empty() {
            let received = "none, every target being left out";
            return Err(InputError::new(InputCode::Empty, "totals", "at least one total", received));
        }
        Ok(kept)
    }

    fn check_bounds(&mut self, area: &Area) -> Result<(), InputError> {
        let num_records = area.records.as_ref().map_or(self.problem.num_records(), Vec::len);
        if let Some(bounds) = &area.bounds {
            bounds.validate(num_records)?;
        } else if self.checked_with_bounds {
            return Ok(());
        }
        let Form::Calibration(form) = &self.options.form else { return Ok(()) };
        match &area.bounds {
            None => {
                self.checked_with_bounds = true;
                in_form(&self.options.form, || form.validate(self.problem))
            }
            // Those of some records only are checked when the area is solved.
            Some(Bounds::PerRecord { .. }) if area.records.is_some() => Ok(()),
            Some(bounds) => {
                self.probe.bounds.clone_from(bounds);
                form.validate(&self.probe)
            }
        }
    }

    fn check_bands(&self, area: &Area) -> Result<(), InputError> {
        let Form::Bands(form) = &self.options.form else {
            let given = [("band", area.band.is_some()), ("overrides", !area.overrides.is_empty())];
            return match given.into_iter().find(|(_, given)| *given) {
                None => Ok(()),
                Some((path, _)) => {
                    let expected = "none, unless the form is bands";
                    Err(InputError::new(InputCode::OutOfRange, path, expected, "one"))
                }
            };
        };
        let own = form.overrides.len();
        let bands = area_bands(form, area, &self.probe.targets);
        bands.map(|_| ()).map_err(|error| at_override(at_total(error), own))
    }
}

/// `targets[3].total` and its like, where the caller gave `totals[3]`.
fn at_total(error: InputError) -> InputError {
    match error.path.strip_prefix("targets[").and_then(|rest| rest.split_once(']')) {
        Some((j, _)) => InputError { path: format!("totals[{j}]"), ..error },
        None => error,
    }
}

/// `overrides[5]` where the first `own`, checked before, are those of the form's options and the others the area's.
fn at_override(error: InputError, own: usize) -> InputError {
    let Some((i, place)) = error.path.strip_prefix("overrides[").and_then(|rest| rest.split_once(']')) else {
        return error;
    };
    let i = i.parse::<usize>().unwrap_or(own).saturating_sub(own);
    InputError { path: format!("overrides[{i}]{place}"), ..error }
}
