//! Standard errors from replicates against classical identities and a published example worked by hand.

use equipoise::error::InputError;
use equipoise::reweight::replicates::{
    Centre, MissingReplicates, Replication, StandardErrorOptions, StandardErrors, Statistic, standard_errors,
};
use ndarray::ArrayView1;

fn errors_of(
    weights: &[f64],
    replicates: &[Vec<f64>],
    statistics: &[Statistic],
    options: &StandardErrorOptions,
) -> Result<StandardErrors, InputError> {
    let views: Vec<_> = replicates.iter().map(|r| Some(ArrayView1::from(&r[..]))).collect();
    standard_errors(ArrayView1::from(weights), &views, statistics, options)
}

fn assert_close(value: f64, want: f64) {
    assert!((value - want).abs() <= 1e-13 * want.abs(), "{value} against {want}");
}

/// s² = Σ(x − x̄)²/(n − 1)
fn sample_variance(x: &[f64]) -> f64 {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (x.len() - 1) as f64
}

const X: [f64; 7] = [3.0, 8.0, 1.0, 4.0, 12.0, 7.0, 9.0];

/// The sudden-cardiac-death data of P. S. Levy and S. Lemeshow, Sampling of Populations, Wiley: three strata of two ambulances,
/// four balanced half-samples. Half-sample ratios 135/975, 144/878, 124/793, 153/976 about 278/1811.
#[test]
fn balanced_half_samples_of_levy_and_lemeshow() {
    let arrests = vec![120.0, 78.0, 185.0, 228.0, 670.0, 530.0];
    let alive = vec![25.0, 24.0, 30.0, 49.0, 80.0, 70.0];
    let replicates = [
        [2.0, 0.0, 2.0, 0.0, 2.0, 0.0],
        [2.0, 0.0, 0.0, 2.0, 0.0, 2.0],
        [0.0, 2.0, 2.0, 0.0, 0.0, 2.0],
        [0.0, 2.0, 0.0, 2.0, 2.0, 0.0],
    ]
    .map(Vec::from);
    let statistic = [Statistic::ratio("survival", alive, arrests)];
    let found =
        errors_of(&[1.0; 6], &replicates, &statistic, &StandardErrorOptions::new(Replication::Brr)).unwrap();
    let row = &found.rows[0];
    let ratios: [f64; 4] = [135.0 / 975.0, 144.0 / 878.0, 124.0 / 793.0, 153.0 / 976.0];
    assert_close(row.estimate, 278.0 / 1811.0);
    assert_close(row.variance, ratios.iter().map(|r| (r - 278.0 / 1811.0).powi(2)).sum::<f64>() / 4.0);
    assert!((row.estimate - 0.153_506_4).abs() < 5e-8);
    assert!((row.standard_error - 0.009_427).abs() < 5e-7, "{}", row.standard_error);
    for (estimate, ratio) in row.replicate_estimates.iter().zip(ratios) {
        assert_close(*estimate, ratio);
    }
    assert!((found.quantile - 1.959_964).abs() < 1e-6);
    assert_close(row.upper - row.estimate, found.quantile * row.standard_error);
}

/// Of a simple random sample the jackknife of a total is N s/√n exactly, whichever the centre.
#[test]
fn the_jackknife_of_a_sample_is_its_textbook_error() {
    let n = X.len();
    let weight = 10.0;
    let replicates: Vec<Vec<f64>> =
        (0..n).map(|r| (0..n).map(|i| if i == r { 0.0 } else { weight * 7.0 / 6.0 }).collect()).collect();
    let statistics = [Statistic::total("total", X.to_vec()), Statistic::mean("mean", X.to_vec())];
    for centre in [Centre::FullSample, Centre::ReplicateMean] {
        let options = StandardErrorOptions {
            centre,
            degrees_of_freedom: Some(6.0),
            ..StandardErrorOptions::new(Replication::Jk1)
        };
        let found = errors_of(&[weight; 7], &replicates, &statistics, &options).unwrap();
        let mean_error = (sample_variance(&X) / 7.0).sqrt();
        assert_close(found.rows[0].standard_error, 70.0 * mean_error);
        assert_close(found.rows[1].standard_error, mean_error);
        assert_close(found.rows[1].coefficient_of_variation, mean_error * 7.0 / 44.0);
        // t at 6 degrees of freedom and 95 %, as tables print it.
        assert!((found.quantile - 2.446_912).abs() < 1e-6);
    }
}

/// Of a stratified sample the jackknife with (nₕ − 1)/nₕ is √Σ Nₕ² sₕ²/nₕ.
#[test]
fn the_stratified_jackknife_adds_the_strata() {
    let strata = [0..3, 3..7];
    let weights = [5.0, 5.0, 5.0, 20.0, 20.0, 20.0, 20.0];
    let (mut replicates, mut coefficients) = (Vec::new(), Vec::new());
    for stratum in &strata {
        let size = stratum.len() as f64;
        for out in stratum.clone() {
            let mut column = weights.to_vec();
            for i in stratum.clone() {
                column[i] *= if i == out { 0.0 } else { size / (size - 1.0) };
            }
            replicates.push(column);
            coefficients.push((size - 1.0) / size);
        }
    }
    let options = StandardErrorOptions::new(Replication::Jkn { coefficients });
    let found = errors_of(&weights, &replicates, &[Statistic::total("x", X.to_vec())], &options).unwrap();
    let want =
        15f64.powi(2) * sample_variance(&X[..3]) / 3.0 + 80f64.powi(2) * sample_variance(&X[3..]) / 4.0;
    assert_close(found.rows[0].variance, want);
}

/// Fay's factor undoes the smaller perturbation: of a total it gives the variance of plain half-samples, whatever ρ.
#[test]
fn fay_agrees_with_half_samples_on_totals() {
    let signs = [[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]];
    let perturbed = |rho: f64| -> Vec<Vec<f64>> {
        signs.map(|s| (0..6).map(|i| 1.0 + (1.0 - rho) * s[i / 2] * [1.0, -1.0][i % 2]).collect()).to_vec()
    };
    let statistic = [Statistic::total("x", X[..6].to_vec())];
    let half = StandardErrorOptions::new(Replication::Brr);
    let want = errors_of(&[1.0; 6], &perturbed(0.0), &statistic, &half).unwrap().rows[0].variance;
    // Two units a stratum: Σ (x₁ − x₂)².
    assert_close(want, 25.0 + 9.0 + 25.0);
    for rho in [0.0, 0.3, 0.5, 0.9] {
        let fay = StandardErrorOptions::new(Replication::Fay { rho });
        let found = errors_of(&[1.0; 6], &perturbed(rho), &statistic, &fay).unwrap().rows[0].variance;
        assert!((found - want).abs() <= 1e-12 * want);
    }
}

#[test]
fn the_bootstrap_divides_by_the_number_of_replicates() {
    let replicates = [vec![2.0, 0.0, 1.0], vec![0.0, 3.0, 0.0], vec![1.0, 1.0, 1.0], vec![0.0, 1.0, 2.0]];
    let statistic = [Statistic::total("x", vec![1.0, 10.0, 100.0])];
    let mut options = StandardErrorOptions::new(Replication::Bootstrap);
    // Estimates 102, 30, 111, 210 about 111.
    let found = errors_of(&[1.0; 3], &replicates, &statistic, &options).unwrap();
    assert_close(found.rows[0].variance, (81.0 + 6561.0 + 0.0 + 9801.0) / 4.0);
    // About their mean, 113.25.
    options.centre = Centre::ReplicateMean;
    let found = errors_of(&[1.0; 3], &replicates, &statistic, &options).unwrap();
    assert_close(found.rows[0].variance, (126.5625 + 6930.5625 + 5.0625 + 9360.5625) / 4.0);
}

#[test]
fn missing_replicates_are_refused_or_left_out_by_name() {
    let (a, b) = (vec![2.0, 0.0], vec![0.0, 2.0]);
    let views = [Some(ArrayView1::from(&a[..])), None, Some(ArrayView1::from(&b[..]))];
    let statistic = [Statistic::total("x", vec![1.0, 4.0])];
    let mut options = StandardErrorOptions::new(Replication::Jkn { coefficients: vec![1.0, 100.0, 0.5] });
    let weights = [1.0, 1.0];
    let refused = standard_errors(ArrayView1::from(&weights), &views, &statistic, &options).unwrap_err();
    assert_eq!(refused.path, "replicates[1]");
    options.missing = MissingReplicates::LeaveOut;
    let found = standard_errors(ArrayView1::from(&weights), &views, &statistic, &options).unwrap();
    assert_eq!((found.num_replicates, found.left_out), (2, vec![1]));
    assert_close(found.rows[0].variance, 9.0 + 4.5);
}

#[test]
fn an_undefined_ratio_is_reported_not_hidden() {
    let replicates = [vec![2.0, 0.0], vec![0.0, 2.0]];
    let statistic = [Statistic::ratio("r", vec![1.0, 1.0], vec![1.0, 0.0])];
    let options = StandardErrorOptions::new(Replication::Jk1);
    let row = errors_of(&[1.0; 2], &replicates, &statistic, &options).unwrap().rows.remove(0);
    assert_eq!((row.estimate, row.undefined), (2.0, vec![1]));
    assert!(row.standard_error.is_nan() && row.lower.is_nan());
}

#[test]
fn wrong_input_is_named() {
    let good = [vec![1.0, 1.0], vec![1.0, 1.0]];
    let statistic = || vec![Statistic::total("x", vec![1.0, 4.0])];
    let path = |replicates: &[Vec<f64>], statistics: &[Statistic], options: StandardErrorOptions| {
        errors_of(&[1.0, 1.0], replicates, statistics, &options).unwrap_err().path
    };
    let jk1 = || StandardErrorOptions::new(Replication::Jk1);
    assert_eq!(path(&[], &statistic(), jk1()), "replicates");
    assert_eq!(path(&[vec![1.0]], &statistic(), jk1()), "replicates[0]");
    assert_eq!(path(&[vec![1.0, f64::NAN]], &statistic(), jk1()), "replicates[0][1]");
    assert_eq!(path(&good, &[], jk1()), "statistics");
    assert_eq!(path(&good, &[Statistic::mean("m", vec![1.0])], jk1()), "statistics[0].mean");
    let ratio = Statistic::ratio("r", vec![1.0, 1.0], vec![1.0, f64::INFINITY]);
    assert_eq!(path(&good, &[ratio], jk1()), "statistics[0].denominator[1]");
    let jkn = |coefficients: Vec<f64>| StandardErrorOptions::new(Replication::Jkn { coefficients });
    assert_eq!(path(&good, &statistic(), jkn(vec![1.0])), "coefficients");
    assert_eq!(path(&good, &statistic(), jkn(vec![1.0, -0.5])), "coefficients[1]");
    let fay = StandardErrorOptions::new(Replication::Fay { rho: 1.0 });
    assert_eq!(path(&good, &statistic(), fay), "rho");
    let level = StandardErrorOptions { confidence_level: 1.0, ..jk1() };
    assert_eq!(path(&good, &statistic(), level), "confidenceLevel");
    let degrees = StandardErrorOptions { degrees_of_freedom: Some(0.0), ..jk1() };
    assert_eq!(path(&good, &statistic(), degrees), "degreesOfFreedom");
}
