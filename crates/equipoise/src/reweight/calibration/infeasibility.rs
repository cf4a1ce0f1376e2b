//! Proofs that no multipliers meet the exact totals: found by any means, believed only if the Farkas checker accepts them.
//!
//! A combination y of the targets proves it if y·t exceeds the largest value of Σᵤ wᵤgᵤ(aᵤ·y) over the multipliers that the
//! distance allows: for bounds Σ wᵤ max(Lᵤaᵤ·y, Uᵤaᵤ·y); for g > 0 it is 0 if every aᵤ·y ≤ 0, and not reached if one is < 0;
//! for free g it is 0 if every aᵤ·y = 0.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettingsBuilder, DefaultSolver, IPSolver, SupportedConeT};
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::newton::Outcome;
use super::options::Distance;
use crate::control::Control;
use crate::reweight::contradiction::{Contradiction, accept, accept_nearly, impossible_alone};
use crate::reweight::target_system::TargetSystem;

/// A checked proof that the exact totals cannot be met together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InfeasibilityProof {
    /// yⱼ (k): the combination of the targets that contradicts itself.
    pub combination: Vec<f64>,
    /// Targets with yⱼ ≠ 0: they alone cannot be met together.
    pub targets: Vec<usize>,
    /// y·t, what the totals ask of the combination.
    pub required: f64,
    /// The most that any multipliers allowed by the distance give.
    pub attainable: f64,
    /// Lower bound on required − attainable after every rounding error; 0 only where `attainable` is not reached.
    pub gap: f64,
}

/// True if the dual grows without limit along λ, as far as doubles can tell.
pub(super) fn grows(form: &Form<'_>, lambda: &[f64]) -> bool {
    let y: Vec<f64> = (0..lambda.len()).map(|j| if form.is_exact(j) { lambda[j] } else { 0.0 }).collect();
    let mut x = vec![0.0; form.num_units()];
    form.matrix.times(&y, &mut x, form.workers);
    let attainable: f64 = (0..x.len())
        .map(|u| {
            let d = form.distance(u);
            form.weights[u] * (d.lower * x[u]).max(d.upper * x[u])
        })
        .sum();
    let required: f64 = y.iter().zip(&form.totals).map(|(y, t)| y * t).sum();
    let scale: f64 = y.iter().zip(&form.magnitudes).map(|(y, m)| (y * m).abs()).sum();
    required - attainable > 1e-9 * scale
}

impl InfeasibilityProof {
    pub(super) fn new(contradiction: Contradiction) -> Self {
        Self {
            targets: contradiction.support(),
            required: contradiction.check.required,
            attainable: contradiction.check.attainable,
            gap: contradiction.check.gap,
            combination: contradiction.combination,
        }
    }
}

/// Looks for a proof.
pub(super) fn prove(form: &Form<'_>, outcome: &Outcome, control: &Control) -> Option<InfeasibilityProof> {
    let system = form.options.target_system(form.problem);
    let found = single_target(&system)
        .or_else(|| along_lambda(form, &system, outcome))
        .or_else(|| dependent_target(form, &system, outcome))
        .or_else(|| by_linear_program(form, &system, control))?;
    Some(InfeasibilityProof::new(without_needless_targets(form, &system, found)))
}

/// One target alone, above all that its records can give or below the least.
fn single_target(system: &TargetSystem<'_>) -> Option<Contradiction> {
    system.targets().into_iter().find_map(|j| impossible_alone(system, j))
}

/// λ itself: along a direction in which the dual grows it is a proof.
fn along_lambda(form: &Form<'_>, system: &TargetSystem<'_>, outcome: &Outcome) -> Option<Contradiction> {
    let lambda = |j: usize| if form.is_exact(j) { outcome.lambda[j].high } else { 0.0 };
    accept_nearly(system, &(0..form.num_targets()).map(lambda).collect::<Vec<f64>>())
}

/// A target that depends on the others but asks for another total than they imply.
fn dependent_target(form: &Form<'_>, system: &TargetSystem<'_>, outcome: &Outcome) -> Option<Contradiction> {
    let k = form.num_targets();
    let entry = |i: usize, j: usize| outcome.gram[if i >= j { i * k + j } else { j * k + i }];
    (0..k).filter(|&j| form.is_exact(j) && !outcome.structure.order.contains(&j)).find_map(|j| {
        let column: Vec<f64> = (0..k).map(|i| entry(i, j)).collect();
        let mut y = outcome.structure.solve(&column);
        y.iter_mut().for_each(|y| *y = -*y);
        y[j] = 1.0;
        [1.0, -1.0].into_iter().find_map(|sign| {
            let y: Vec<f64> = y.iter().map(|y| sign * y).collect();
            accept_nearly(system, &y)
        })
    })
}

/// max y·t subject to aᵤ·y ≤ 0, |yⱼ|·magnitudeⱼ ≤ 1, by Clarabel: for multipliers g > 0.
fn by_linear_program(form: &Form<'_>, system: &TargetSystem<'_>, control: &Control) -> Option<Contradiction> {
    if form.options.distance.is_bounded() || form.options.distance == Distance::Linear {
        return None;
    }
    let columns: Vec<usize> =
        (0..form.num_targets()).filter(|&j| form.is_exact(j) && form.magnitudes[j] > 0.0).collect();
    let k = columns.len();
    let rows = distinct_rows(form);
    let mut position = vec![usize::MAX; form.num_targets()];
    columns.iter().enumerate().for_each(|(p, &j)| position[j] = p);
    let mut entries: Vec<Vec<(usize, f64)>> = vec![Vec::new(); k];
    for (r, &u) in rows.iter().enumerate() {
        let (indices, values) = form.matrix.row(u as usize);
        let terms: Vec<(usize, f64)> = (indices.iter().zip(values))
            .filter(|&(&j, _)| position[j as usize] != usize::MAX)
            .map(|(&j, a)| (position[j as usize], a / form.magnitudes[j as usize]))
            .collect();
        let size = terms.iter().map(|t| t.1.abs()).fold(0.0, f64::max);
        for (p, a) in terms {
            entries[p].push((r, a / size));
        }
    }
    let (mut starts, mut row_indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for (p, column) in entries.into_iter().enumerate() {
        let bounds = [(rows.len() + p, 1.0), (rows.len() + k + p, -1.0)];
        for (r, a) in column.into_iter().chain(bounds) {
            row_indices.push(r);
            values.push(a);
        }
        starts.push(row_indices.len());
    }
    let matrix = CscMatrix::new(rows.len() + 2 * k, k, starts, row_indices, values);
    let linear: Vec<f64> = columns.iter().map(|&j| -form.totals[j] / form.magnitudes[j]).collect();
    let mut right = vec![0.0; rows.len()];
    right.resize(rows.len() + 2 * k, 1.0);
    let cones = [SupportedConeT::NonnegativeConeT(right.len())];
    let mut settings = DefaultSettingsBuilder::default();
    settings.verbose(false).max_threads(1);
    if let Some(seconds) = control.seconds_left() {
        settings.time_limit(seconds);
    }
    let settings = settings.build().ok()?;
    let quadratic = CscMatrix::zeros((k, k));
    let mut solver = DefaultSolver::new(&quadratic, &linear, &matrix, &right, &cones, settings).ok()?;
    let stop = control.clone();
    solver.set_termination_callback(move |_| stop.must_stop());
    solver.solve();
    let mut y = vec![0.0; form.num_targets()];
    for (&j, x) in columns.iter().zip(&solver.solution.x) {
        y[j] = x / form.magnitudes[j];
    }
    accept_nearly(system, &y).or_else(|| shifted(form, &y).and_then(|y| accept(system, y)))
}

/// y less a multiple of the targets whose columns are non-negative, just enough for every aᵤ·y ≤ 0.
fn shifted(form: &Form<'_>, y: &[f64]) -> Option<Vec<f64>> {
    let counts = |j: usize| form.is_exact(j) && form.matrix.column(j).1.iter().all(|&a| a > 0.0);
    let z: Vec<f64> = (0..form.num_targets())
        .map(|j| if counts(j) && form.magnitudes[j] > 0.0 { 1.0 / form.magnitudes[j] } else { 0.0 })
        .collect();
    let (mut excess, mut x, mut base) = (0.0f64, vec![0.0; form.num_units()], vec![0.0; form.num_units()]);
    form.matrix.times(y, &mut x, form.workers);
    form.matrix.times(&z, &mut base, form.workers);
    for (x, base) in x.iter().zip(&base) {
        if *x > 0.0 {
            excess = excess.max(x / base);
        }
    }
    let shift = excess * (1.0 + 1e-6) + 1e-15;
    excess.is_finite().then(|| y.iter().zip(&z).map(|(y, z)| y - shift * z).collect())
}

/// One unit of each distinct row.
fn distinct_rows(form: &Form<'_>) -> Vec<u32> {
    let key = |u: u32| {
        let (columns, values) = form.matrix.row(u as usize);
        (columns, values.iter().map(|v| v.to_bits()).collect::<Vec<u64>>())
    };
    let mut units: Vec<u32> =
        (0..form.num_units() as u32).filter(|&u| !form.matrix.row(u as usize).0.is_empty()).collect();
    units.sort_by_cached_key(|&u| key(u));
    units.dedup_by(|a, b| key(*a) == key(*b));
    units
}

/// Drops targets from the proof, the smallest parts first, while the checker still accepts it.
fn without_needless_targets(
    form: &Form<'_>,
    system: &TargetSystem<'_>,
    found: Contradiction,
) -> Contradiction {
    let part = |j: usize| (found.combination[j] * form.magnitudes[j]).abs();
    let mut order = found.support();
    order.sort_by(|&a, &b| part(a).total_cmp(&part(b)));
    let mut best = found.clone();
    for j in order {
        if best.support().len() == 1 {
            break;
        }
        let mut y = best.combination.clone();
        y[j] = 0.0;
        best = accept(system, y).unwrap_or(best);
    }
    best
}
