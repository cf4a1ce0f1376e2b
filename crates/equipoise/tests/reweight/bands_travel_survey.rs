//! The band form on real data: the travel survey cases, whose reference answers were computed in 200-bit arithmetic.

use std::io::Write;
use std::path::Path;

use equipoise::reweight::ReweightProblem;
use equipoise::reweight::bands::{Band, BandMethod, BandOptions, BandOverride, BandWeight, TargetSelector};
use equipoise::status::Status;
use serde_json::Value;

use crate::survey::{Area, folder, number};

/// Set, targets of the area it takes (by position), and whether it leaves out PComm_o.
const SETS: [(&str, usize, bool); 3] =
    [("controls", 25, false), ("all", 35, false), ("controls_without_PComm_o", 25, true)];

/// The band problem of one area and one set of targets, bounds [0.5, 4].
fn problem(folder: &Path, area: u32, num_targets: usize, without_other: bool) -> ReweightProblem {
    let area = Area::read(folder, area);
    let mut names = area.names(num_targets);
    names.retain(|name| !(without_other && name == "PComm_o"));
    area.problem(&names, 4.0)
}

#[test]
fn every_area_and_set_agrees_with_the_reference() {
    let Some(folder) = folder() else { return };
    let reference: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("reference.json")).unwrap()).unwrap();
    let mut largest = 0.0f64;
    for (set, num_targets, without_other) in SETS {
        for area in 1..=4 {
            let what = format!("{set}, area {area}");
            let want = &reference["band_form"][set]["per_area"][area.to_string()];
            let answer = problem(&folder, area, num_targets, without_other)
                .solve_bands(&BandOptions::default())
                .unwrap();
            let certificate = &answer.certificate;
            assert_eq!(answer.status, Status::Converged, "{what}: {:?}", answer.attempts);
            assert!(certificate.distance_bound <= 1e-14, "{what}: {:e}", certificate.distance_bound);
            let records = reference["records"][area.to_string()]["record"].as_array().unwrap();
            for (record, x) in records.iter().zip(want["x"].as_array().unwrap()) {
                let apart = (answer.multipliers[record.as_u64().unwrap() as usize] - number(x)).abs();
                largest = largest.max(apart);
                assert!(apart <= 1e-13, "{what}, record {record}: {apart:e}");
            }
            let close = |got: f64, want: &Value, tolerance: f64| {
                let want = number(want);
                assert!(
                    (got - want).abs() <= tolerance * want.abs().max(1.0),
                    "{what}: {got} against {want}"
                );
            };
            close(certificate.objective, &want["objective"], 1e-14);
            close(certificate.distance, &want["distance_part"], 1e-14);
            let cosine = answer.multipliers.iter().enumerate().map(|(i, x)| x * libm::cos(i as f64));
            close(cosine.sum(), &want["sum_of_x_times_cos_of_record"], 1e-11);
            assert_eq!(u64::from(certificate.num_at_lower), want["n_at_lower"].as_u64().unwrap(), "{what}");
            assert_eq!(u64::from(certificate.num_at_upper), want["n_at_upper"].as_u64().unwrap(), "{what}");
        }
    }
    writeln!(std::io::stderr(), "largest distance from the 200-bit reference: {largest:.1e}").unwrap();
}

/// The smallest possible sum of violations of the 25 controls, from the cases' linear programs: PComm_o is the only control whose
/// band cannot be met.
const LEAST_VIOLATION: [f64; 4] = [0.6189, 0.0336, 0.5210, 0.4075];

#[test]
fn the_target_of_the_second_rank_falls_short_by_the_least_possible() {
    let Some(folder) = folder() else { return };
    for area in 1..=4 {
        let problem = problem(&folder, area, 25, false);
        let last = problem.targets().iter().position(|t| t.name == "PComm_o").unwrap();
        let ranks: Vec<u32> = (0..25).map(|j| u32::from(j == last)).collect();
        let answer = problem.solve_bands_by_priority(&BandOptions::default(), &ranks).unwrap();
        let [first, second] = &answer.ranks[..] else { panic!("two ranks") };
        writeln!(
            std::io::stderr(),
            "area {area}: {second:?}, {} {:e}",
            answer.answer.status,
            answer.answer.certificate.distance_bound
        )
        .unwrap();
        assert_eq!((first.violation, first.violation_bound), (0.0, 0.0), "area {area}");
        assert!(second.is_proven && second.targets == [last], "area {area}: {second:?}");
        assert!((second.violation.sqrt() - LEAST_VIOLATION[area as usize - 1]).abs() <= 5e-5, "area {area}");
        assert_eq!(answer.answer.status, Status::Converged, "area {area}: {:?}", answer.answer.attempts);
        for (j, outside) in answer.outside.iter().enumerate() {
            let total = problem.targets()[j].total;
            let allowed = if j == last { second.violation_bound.sqrt() + 2e-9 } else { 1e-14 };
            assert!(outside / total <= allowed, "area {area}, target {j}: {outside:e}");
        }
    }
}

#[test]
fn exact_totals_of_dependent_targets_are_met_or_proven_infeasible() {
    let Some(folder) = folder() else { return };
    // The classes of each kind add up to the households or the persons, exactly.
    for area in 1..=4 {
        let problem = problem(&folder, area, 25, false);
        let left_out = |name: &str| name == "PComm_o" || name == "PComm_n";
        let overrides = (0..25)
            .filter(|&j| !left_out(&problem.targets()[j].name))
            .map(|j| BandOverride {
                targets: TargetSelector::Index(j),
                band: Some(Band::Relative(0.0)),
                weight: Some(BandWeight::Hard),
                optional: false,
            })
            .collect();
        let options = BandOptions {
            band: Band::Relative(1e3),
            overrides,
            method: BandMethod::ProximalNewton,
            ..BandOptions::default()
        };
        let answer = problem.solve_bands(&options).unwrap();
        let certificate = &answer.certificate;
        writeln!(
            std::io::stderr(),
            "area {area}: {} bound {:.1e}, violation {:.1e}",
            answer.status,
            certificate.distance_bound,
            certificate.largest_violation
        )
        .unwrap();
        assert!(
            matches!(answer.status, Status::Converged | Status::Infeasible),
            "area {area}: {:?}",
            answer.attempts
        );
        if answer.status == Status::Converged {
            assert!(certificate.distance_bound <= 1e-14 && certificate.largest_violation <= 1e-14);
        }
    }
}

#[test]
fn hard_bands_are_met_or_proven_infeasible() {
    let Some(folder) = folder() else { return };
    let hard = BandOptions { weight: BandWeight::Hard, ..BandOptions::default() };
    for (set, num_targets, without_other) in SETS {
        for area in 1..=4 {
            let answer = problem(&folder, area, num_targets, without_other).solve_bands(&hard).unwrap();
            let certificate = &answer.certificate;
            writeln!(
                std::io::stderr(),
                "{set}, area {area}: {} bound {:.1e}, dual residual {:.1e}, violation {:.1e}",
                answer.status,
                certificate.distance_bound,
                certificate.dual_residual,
                certificate.largest_violation
            )
            .unwrap();
            if without_other {
                // In area 3 all bands of a dependent set press at once, which only an interior point can bound.
                assert_eq!(answer.status, Status::Converged, "{set}, area {area}: {:?}", answer.attempts);
                assert!(certificate.largest_violation <= 1e-14, "{set}, area {area}");
            } else {
                assert_eq!(answer.status, Status::Infeasible, "{set}, area {area}: {:?}", answer.attempts);
            }
        }
    }
}
