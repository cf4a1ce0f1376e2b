//! Where a search starts: candidates, their assembly into a list, and how many of them may be used.

use super::config::OuterProblem;
use super::plan::OuterSolver;
use super::seed_config::{RiskProfile, SeedConfig};

/// From this many coordinates on, clusters of coordinates move together.
const CLUSTERED: usize = 10;
/// Largest number of exploratory points.
const MAX_EXPLORATORY: usize = 8;
/// A seed lies at the over-smoothing boundary within this distance.
const BOUNDARY_MARGIN: f64 = 0.5;

struct Profile {
    anchor: f64,
    centers: &'static [f64],
    shifts: &'static [f64],
    amplitude: f64,
    retreat: bool,
}

fn profile(profile: RiskProfile) -> Profile {
    match profile {
        RiskProfile::Gaussian => Profile {
            anchor: 0.0,
            centers: &[0.0, -3.0, 3.0, -6.0, 6.0],
            shifts: &[-2.0, 2.0, -4.0, 4.0],
            amplitude: 2.0,
            retreat: false,
        },
        RiskProfile::GeneralizedLinear => Profile {
            anchor: 1.0,
            centers: &[0.0, 2.0, 4.0, -2.0],
            shifts: &[0.0, 2.0, 4.0, -1.0, -2.0, -4.0],
            amplitude: 2.5,
            retreat: true,
        },
        RiskProfile::Survival => Profile {
            anchor: 2.0,
            centers: &[0.0, 2.0, 4.0, 6.0],
            shifts: &[0.0, 2.0, 4.0, 6.0, -2.0, -4.0],
            amplitude: 3.0,
            retreat: true,
        },
    }
}

/// A list without duplicates (by bits); the first occurrence stays.
#[derive(Default)]
struct Distinct(Vec<Vec<f64>>);

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

impl Distinct {
    fn push(&mut self, seed: Vec<f64>) {
        if !self.0.iter().any(|known| same_bits(known, &seed)) {
            self.0.push(seed);
        }
    }
}

/// The candidates for n coordinates, in order: the anchor, zero, the retreat to heavy smoothing, constant vectors, the anchor with
/// single coordinates and pairs (or clusters) moved, the shifted anchor, the over-smoothing probe, exploratory points.
pub(super) fn candidates(config: &SeedConfig, n: usize, heuristic: Option<&[f64]>) -> Vec<Vec<f64>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let (lower, upper) = config.ordered_bounds();
    let clamp = |x: f64| x.max(lower).min(upper);
    let profile = profile(config.risk_profile);
    let primary = anchor(config, n, heuristic);
    let mut seeds = Distinct::default();
    seeds.push(primary.clone());
    seeds.push(vec![0.0; n]);
    if profile.retreat {
        seeds.push(vec![upper; n]);
    }
    for &center in profile.centers {
        seeds.push(vec![clamp(center); n]);
    }
    if n < CLUSTERED {
        push_coordinate_probes(&mut seeds, &primary, clamp);
    } else {
        push_cluster_probes(&mut seeds, &primary, clamp);
    }
    for &shift in profile.shifts {
        seeds.push(primary.iter().map(|x| clamp(x + shift)).collect());
    }
    if let Some(probe) = config.over_smoothing_probe_rho {
        let num_smoothing = n - config.num_auxiliary_trailing.min(n);
        let mut seed = primary.clone();
        seed[..num_smoothing].fill(clamp(probe));
        seeds.push(seed);
    }
    let room = config.max_seeds.saturating_sub(seeds.0.len()).min(MAX_EXPLORATORY);
    let bases: Vec<usize> = if room > 0 { primes().take(n).collect() } else { Vec::new() };
    for point in 1..=room {
        let moved = primary
            .iter()
            .zip(&bases)
            .map(|(x, base)| clamp(x + profile.amplitude * (2.0 * radical_inverse(point, *base) - 1.0)))
            .collect();
        seeds.push(moved);
    }
    finish(config, n, heuristic, seeds)
}

/// The first candidate: the heuristic vector, else the profile's anchor in every coordinate.
fn anchor(config: &SeedConfig, n: usize, heuristic: Option<&[f64]>) -> Vec<f64> {
    let (lower, upper) = config.ordered_bounds();
    let clamp = |x: f64| x.max(lower).min(upper);
    match heuristic.filter(|anchor| anchor.len() == n) {
        Some(anchor) => anchor.iter().map(|&x| clamp(x)).collect(),
        None => vec![clamp(profile(config.risk_profile).anchor); n],
    }
}

/// Auxiliary trailing coordinates keep their initial values; then at most `max_seeds`, at least one.
fn finish(config: &SeedConfig, n: usize, heuristic: Option<&[f64]>, seeds: Distinct) -> Vec<Vec<f64>> {
    let first = n - config.num_auxiliary_trailing.min(n);
    let mut distinct = Distinct::default();
    for mut seed in seeds.0 {
        for i in first..n {
            seed[i] = heuristic.filter(|anchor| anchor.len() == n).map_or(0.0, |anchor| anchor[i]);
        }
        distinct.push(seed);
    }
    distinct.0.truncate(config.max_seeds);
    if distinct.0.is_empty() {
        distinct.0.push(vec![0.0; n]);
    }
    distinct.0
}

/// How far probes move: 2 for up to 4 coordinates, 2.5 up to 12, else 3.
fn base_step(n: usize) -> f64 {
    match n {
        0..=4 => 2.0,
        5..=12 => 2.5,
        _ => 3.0,
    }
}

fn push_coordinate_probes(seeds: &mut Distinct, primary: &[f64], clamp: impl Fn(f64) -> f64) {
    let base = base_step(primary.len());
    for (i, x) in primary.iter().enumerate() {
        let step = base + 0.25 * x.abs().min(8.0);
        for step in [-step, step] {
            let mut seed = primary.to_vec();
            seed[i] = clamp(x + step);
            seeds.push(seed);
        }
    }
    let num_paired = primary.len().min(6);
    for i in 0..num_paired {
        for j in i + 1..num_paired {
            for sign in [1.0, -1.0] {
                let mut seed = primary.to_vec();
                seed[i] = clamp(seed[i] + sign * base);
                seed[j] = clamp(seed[j] - sign * base);
                seeds.push(seed);
            }
        }
    }
}

fn push_cluster_probes(seeds: &mut Distinct, primary: &[f64], clamp: impl Fn(f64) -> f64) {
    let n = primary.len();
    let base = base_step(n);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| primary[a].total_cmp(&primary[b]));
    let size = (n / 3).max(1);
    let (low, high) = (&order[..size], &order[n - size..]);
    let up = base + 0.75;
    for (high_step, low_step) in [(up, -base), (-up, base), (up, 0.0), (0.0, -base)] {
        let mut seed = primary.to_vec();
        for (cluster, step) in [(high, high_step), (low, low_step)] {
            for &i in cluster {
                seed[i] = clamp(seed[i] + step);
            }
        }
        seeds.push(seed);
    }
}

/// 2, 3, 5, …
fn primes() -> impl Iterator<Item = usize> {
    (2usize..)
        .filter(|&candidate| (2..).take_while(|d| d * d <= candidate).all(|d| !candidate.is_multiple_of(d)))
}

/// The digits of `index` in the base, mirrored at the point: a coordinate of Halton's sequence.
fn radical_inverse(mut index: usize, base: usize) -> f64 {
    let (mut inverse, mut digit) = (0.0, 1.0 / base as f64);
    while index > 0 {
        inverse += (index % base) as f64 * digit;
        index /= base;
        digit /= base as f64;
    }
    inverse
}

/// The seeds of an attempt and what happened to them.
#[derive(Debug, Clone)]
pub(super) struct SeedList {
    pub seeds: Vec<Vec<f64>>,
    pub generated: usize,
    pub budget: usize,
}

/// Candidates, the explicit start in front unless it is among them, all brought into the box and without duplicates.
/// At frontier scale there is one seed: the explicit start, else the first candidate.
pub(super) fn seed_list(problem: &OuterProblem, solver: OuterSolver) -> SeedList {
    let (config, heuristic) = (&problem.seed_config, problem.heuristic.as_deref());
    let mut list = match (solver, &problem.initial_rho) {
        (OuterSolver::FrontierEfs, Some(start)) => vec![start.clone()],
        (OuterSolver::FrontierEfs, None) => vec![anchor(config, problem.n_params, heuristic)],
        _ => candidates(config, problem.n_params, heuristic),
    };
    if let Some(start) = &problem.initial_rho
        && !list.contains(start)
    {
        list.insert(0, start.clone());
    }
    let (lower, upper) = problem.effective_bounds();
    let mut seeds: Vec<Vec<f64>> = Vec::new();
    for seed in &list {
        let clipped: Vec<f64> = (0..seed.len()).map(|i| seed[i].max(lower[i]).min(upper[i])).collect();
        if !seeds.contains(&clipped) {
            seeds.push(clipped);
        }
    }
    let budget = effective_budget(problem, solver).min(seeds.len());
    SeedList { generated: list.len(), seeds, budget }
}

/// max(seed_budget, 1), at most 1 for fixed points and for second-order survival models; for second-order generalised linear models at most
/// 1 with screening, 2 without.
pub(super) fn effective_budget(problem: &OuterProblem, solver: OuterSolver) -> usize {
    let requested = problem.seed_config.seed_budget.max(1);
    let cap = match (solver, problem.seed_config.risk_profile) {
        (OuterSolver::Efs | OuterSolver::HybridEfs | OuterSolver::FrontierEfs, _) => 1,
        (OuterSolver::Arc, RiskProfile::Survival) => 1,
        (OuterSolver::Arc, RiskProfile::GeneralizedLinear) => {
            if problem.screening_cap.is_some() {
                1
            } else {
                2
            }
        }
        _ => requested,
    };
    requested.min(cap)
}

/// Failed or unfinished solver runs after which an attempt ends; none: no limit.
pub(super) fn expensive_failure_limit(problem: &OuterProblem, solver: OuterSolver) -> Option<usize> {
    match (solver, problem.seed_config.risk_profile) {
        (OuterSolver::Efs | OuterSolver::HybridEfs | OuterSolver::FrontierEfs, _) => Some(1),
        (OuterSolver::Arc, RiskProfile::Survival) => Some(1),
        (OuterSolver::Arc, RiskProfile::GeneralizedLinear) => Some(2),
        _ => None,
    }
}

/// Moves seeds whose every ρ coordinate lies within 0.5 of a finite upper bound behind all others: the criterion is flat there, and a search
/// would call such a seed stationary before its first step.
pub(super) fn demote_boundary_seeds(seeds: &mut [(usize, Vec<f64>)], upper: &[f64], rho_dim: usize) {
    let at_boundary = |seed: &[f64]| {
        rho_dim > 0 && (0..rho_dim).all(|i| upper[i].is_finite() && upper[i] - seed[i] <= BOUNDARY_MARGIN)
    };
    seeds.sort_by_key(|(_, seed)| at_boundary(seed));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(risk_profile: RiskProfile) -> SeedConfig {
        SeedConfig { risk_profile, ..SeedConfig::default() }
    }

    fn one(profile: RiskProfile) -> Vec<f64> {
        candidates(&config(profile), 1, None).into_iter().map(|seed| seed[0]).collect()
    }

    #[test]
    fn worked_examples() {
        use RiskProfile::{Gaussian, GeneralizedLinear};
        assert_eq!(
            one(GeneralizedLinear),
            [1.0, 0.0, 12.0, 2.0, 4.0, -2.0, -1.25, 3.25, 3.0, 5.0, -1.0, -3.0]
        );
        assert_eq!(one(Gaussian), [0.0, -3.0, 3.0, -6.0, 6.0, -2.0, 2.0, -4.0, 4.0, -1.0, 1.0]);
        let two = candidates(&config(GeneralizedLinear), 2, None);
        let expected = [
            [1.0, 1.0],
            [0.0, 0.0],
            [12.0, 12.0],
            [2.0, 2.0],
            [4.0, 4.0],
            [-2.0, -2.0],
            [-1.25, 1.0],
            [3.25, 1.0],
            [1.0, -1.25],
            [1.0, 3.25],
            [3.0, -1.0],
            [-1.0, 3.0],
        ];
        assert_eq!(two, expected);
        let two = candidates(&config(Gaussian), 2, None);
        assert_eq!((two.len(), two.last().unwrap().as_slice()), (12, &[-2.0, -2.0][..]));
    }

    #[test]
    fn all_generated_before_truncation() {
        let many = |profile| {
            let config = SeedConfig { max_seeds: 1000, ..config(profile) };
            let before_exploration = SeedConfig { max_seeds: 0, ..config.clone() };
            assert_eq!(candidates(&before_exploration, 2, None).len(), 1);
            candidates(&config, 2, None).len() - MAX_EXPLORATORY
        };
        assert_eq!(many(RiskProfile::GeneralizedLinear), 16);
        // One of the exploratory points is the anchor again.
        assert!((14..=15).contains(&many(RiskProfile::Gaussian)));
    }

    #[test]
    fn the_heuristic_is_first_and_zero_is_present() {
        let anchor = [0.5, -3.25, 20.0];
        for profile in [RiskProfile::Gaussian, RiskProfile::GeneralizedLinear, RiskProfile::Survival] {
            let seeds = candidates(&config(profile), 3, Some(&anchor));
            assert_eq!(seeds[0], [0.5, -3.25, 12.0]);
            assert!(seeds.contains(&vec![0.0; 3]));
            let retreat = seeds.iter().position(|seed| seed == &[12.0; 3]);
            match profile {
                RiskProfile::Gaussian => assert_eq!(retreat, None),
                _ => assert!(retreat.unwrap() <= 2),
            }
        }
        let fits = candidates(&config(RiskProfile::Gaussian), 2, Some(&anchor));
        assert_eq!(fits[0], [0.0, 0.0]);
    }

    #[test]
    fn many_coordinates_move_in_clusters() {
        let config = SeedConfig { max_seeds: 18, ..config(RiskProfile::GeneralizedLinear) };
        let seeds = candidates(&config, 10, None);
        assert!(seeds.iter().any(|seed| seed.iter().any(|x| *x > 1.0) && seed.iter().any(|x| *x < 1.0)));
        assert!(seeds.len() <= 18);
    }

    #[test]
    fn reversed_bounds_are_swapped_and_auxiliary_coordinates_kept() {
        let reversed = SeedConfig { bounds: (12.0, -12.0), ..SeedConfig::default() };
        assert_eq!(candidates(&reversed, 2, None), candidates(&SeedConfig::default(), 2, None));
        let auxiliary = SeedConfig { num_auxiliary_trailing: 1, ..SeedConfig::default() };
        for seed in candidates(&auxiliary, 3, Some(&[1.0, 2.0, 7.5])) {
            assert_eq!(seed[2], 7.5);
        }
        for seed in candidates(&auxiliary, 3, None) {
            assert_eq!(seed[2], 0.0);
        }
        let probe =
            SeedConfig { over_smoothing_probe_rho: Some(11.0), max_seeds: 99, ..SeedConfig::default() };
        assert!(candidates(&probe, 2, None).contains(&vec![11.0, 11.0]));
        assert_eq!(candidates(&SeedConfig::default(), 0, None), [Vec::<f64>::new()]);
    }

    #[test]
    fn the_explicit_start_comes_first_unless_it_is_a_candidate() {
        let problem = OuterProblem::new(1).with_initial_rho(vec![0.125]);
        assert_eq!(seed_list(&problem, OuterSolver::Bfgs).seeds[0], [0.125]);
        let problem = OuterProblem::new(1).with_initial_rho(vec![4.0]);
        assert_eq!(seed_list(&problem, OuterSolver::Bfgs).seeds[0], [1.0]);
        let problem = problem.with_bounds(vec![-1.0], vec![0.5]);
        let list = seed_list(&problem, OuterSolver::Bfgs);
        assert_eq!(list.seeds, [[0.5], [0.0], [-1.0]]);
        assert_eq!((list.generated, list.budget), (12, 2));
    }

    #[test]
    fn budgets() {
        use OuterSolver::{Arc, Bfgs, Efs, HybridEfs};
        let with = |profile, budget, screening: bool| {
            let seeds = SeedConfig { seed_budget: budget, ..config(profile) };
            let problem = OuterProblem::new(2).with_seed_config(seeds);
            if screening { problem.with_screening_cap(Default::default()) } else { problem }
        };
        for profile in [RiskProfile::Gaussian, RiskProfile::GeneralizedLinear, RiskProfile::Survival] {
            for solver in [Efs, HybridEfs] {
                assert_eq!(effective_budget(&with(profile, 5, false), solver), 1);
                assert_eq!(expensive_failure_limit(&with(profile, 5, false), solver), Some(1));
            }
            assert_eq!(effective_budget(&with(profile, 5, true), Bfgs), 5);
            assert_eq!(effective_budget(&with(profile, 0, true), Bfgs), 1);
            assert_eq!(expensive_failure_limit(&with(profile, 5, true), Bfgs), None);
        }
        assert_eq!(effective_budget(&with(RiskProfile::Survival, 5, false), Arc), 1);
        assert_eq!(effective_budget(&with(RiskProfile::GeneralizedLinear, 5, true), Arc), 1);
        assert_eq!(effective_budget(&with(RiskProfile::GeneralizedLinear, 5, false), Arc), 2);
        assert_eq!(effective_budget(&with(RiskProfile::Gaussian, 5, false), Arc), 5);
        assert_eq!(expensive_failure_limit(&with(RiskProfile::Gaussian, 5, false), Arc), None);
        assert_eq!(expensive_failure_limit(&with(RiskProfile::GeneralizedLinear, 5, false), Arc), Some(2));
    }

    #[test]
    fn boundary_seeds_move_behind_all_others() {
        let mut seeds: Vec<(usize, Vec<f64>)> =
            [[30.0, 29.6, 0.0], [30.0, 0.0, 9.0], [29.5, 30.0, 9.0], [1.0, 2.0, 3.0]]
                .iter()
                .map(|seed| seed.to_vec())
                .enumerate()
                .collect();
        demote_boundary_seeds(&mut seeds, &[30.0; 3], 2);
        let order: Vec<usize> = seeds.iter().map(|(i, _)| *i).collect();
        assert_eq!(order, [1, 3, 0, 2]);
        demote_boundary_seeds(&mut seeds, &[30.0; 3], 0);
        assert_eq!(seeds[0].0, 1);
        demote_boundary_seeds(&mut seeds, &[f64::INFINITY; 3], 2);
        assert_eq!(seeds[0].0, 1);
    }
}
