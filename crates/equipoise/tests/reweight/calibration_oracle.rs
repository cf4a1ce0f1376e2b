//! Calibration against a solve in 256-bit fixed point: sinh, truncated, q-weighted, clustered and relaxed problems.

use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::calibration::{CalibrationOptions, CalibrationStatus, Distance};
use equipoise::reweight::{Bounds, ReweightProblem, Target};
use ndarray::ArrayView1;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

const BITS: u32 = 256;

/// A number in units of 2⁻²⁵⁶.
#[derive(Clone, PartialEq, PartialOrd)]
struct Fixed(BigInt);

impl Fixed {
    fn of(x: f64) -> Self {
        let exact = BigRational::from_float(x).unwrap() * BigRational::from_integer(BigInt::from(1) << BITS);
        Self(exact.to_integer())
    }
    fn add(&self, b: &Self) -> Self {
        Self(&self.0 + &b.0)
    }
    fn sub(&self, b: &Self) -> Self {
        Self(&self.0 - &b.0)
    }
    fn mul(&self, b: &Self) -> Self {
        Self((&self.0 * &b.0) >> BITS)
    }
    fn div(&self, b: &Self) -> Self {
        Self((&self.0 << BITS) / &b.0)
    }
    fn sqrt(&self) -> Self {
        Self((&self.0 << BITS).sqrt())
    }
    fn to_f64(&self) -> f64 {
        BigRational::new(self.0.clone(), BigInt::from(1) << BITS).to_f64().unwrap()
    }
    /// Series of x/2¹⁶, squared sixteen times: about 220 bits remain.
    fn exp(&self) -> Self {
        let r = Self(&self.0 >> 16);
        let (mut term, mut sum, mut n) = (Self::of(1.0), Self::of(1.0), 1);
        while !term.0.is_zero() && n < 100 {
            term = Self(term.mul(&r).0 / n);
            sum = sum.add(&term);
            n += 1;
        }
        (0..16).fold(sum, |s, _| s.mul(&s))
    }
    /// y ← y + 2(x − eʸ)/(x + eʸ): the error is cubed each time.
    fn ln(&self) -> Self {
        let mut y = Self::of(self.to_f64().ln());
        for _ in 0..4 {
            let e = y.exp();
            let step = self.sub(&e).div(&self.add(&e));
            y = y.add(&step).add(&step);
        }
        y
    }
    fn asinh(&self) -> Self {
        let value = Self(self.0.abs()).add(&self.mul(self).add(&Self::of(1.0)).sqrt()).ln();
        if self.0.is_negative() { Self(-value.0) } else { value }
    }
}

struct Case {
    weights: Vec<f64>,
    q: Vec<f64>,
    columns: Vec<Vec<f64>>,
    totals: Vec<f64>,
    inverse_costs: Vec<f64>,
    bounds: Vec<(f64, f64)>,
}

/// F and F′ by the textbook formulas.
fn point(distance: Distance, (lower, upper): (f64, f64), v: &Fixed) -> (Fixed, Fixed) {
    let one = Fixed::of(1.0);
    let (l, u) = (Fixed::of(lower), Fixed::of(upper));
    match distance {
        Distance::Linear => (one.add(v), one),
        Distance::TruncatedLinear => {
            let g = one.add(v);
            if g <= l {
                (l, Fixed::of(0.0))
            } else if g >= u {
                (u, Fixed::of(0.0))
            } else {
                (g, one)
            }
        }
        Distance::Raking => (v.exp(), v.exp()),
        Distance::Logit => {
            let (below, above) = (one.sub(&l), u.sub(&one));
            let rate = u.sub(&l).div(&below.mul(&above));
            let e = rate.mul(v).exp();
            let g = l.mul(&above).add(&u.mul(&below).mul(&e)).div(&above.add(&below.mul(&e)));
            let slope = rate.mul(&g.sub(&l)).mul(&u.sub(&g)).div(&u.sub(&l));
            (g, slope)
        }
        Distance::HyperbolicSine { alpha } => {
            let a = Fixed::of(alpha);
            let x = a.add(&a).mul(v);
            let y = x.asinh().div(&a);
            let root = y.mul(&y).add(&Fixed::of(4.0)).sqrt();
            let g = Fixed(y.add(&root).0 / 2);
            let slope = g.add(&g).div(&root.mul(&one.add(&x.mul(&x)).sqrt()));
            (g, slope)
        }
    }
}

/// Gauss elimination with the largest pivot.
fn solve(mut m: Vec<Vec<Fixed>>, mut r: Vec<Fixed>) -> Vec<Fixed> {
    let k = r.len();
    for p in 0..k {
        let best = (p..k).max_by_key(|&i| m[i][p].0.abs()).unwrap();
        m.swap(p, best);
        r.swap(p, best);
        for i in 0..k {
            if i != p {
                let f = m[i][p].div(&m[p][p]);
                for j in p..k {
                    m[i][j] = m[i][j].sub(&f.mul(&m[p][j]));
                }
                r[i] = r[i].sub(&f.mul(&r[p]));
            }
        }
    }
    (0..k).map(|p| r[p].div(&m[p][p])).collect()
}

/// Newton from λ = 0 until the residual is below 2⁻²⁰⁰.
fn multipliers(case: &Case, distance: Distance) -> Vec<f64> {
    let (n, k) = (case.weights.len(), case.totals.len());
    let a = |i: usize, j: usize| Fixed::of(case.columns[j][i]);
    let mut lambda = vec![Fixed::of(0.0); k];
    for _ in 0..60 {
        let mut g = Vec::new();
        let mut residual: Vec<Fixed> = (0..k)
            .map(|j| Fixed::of(case.totals[j]).sub(&lambda[j].mul(&Fixed::of(case.inverse_costs[j]))))
            .collect();
        let mut hessian = vec![vec![Fixed::of(0.0); k]; k];
        for i in 0..n {
            let (w, q) = (Fixed::of(case.weights[i]), Fixed::of(case.q[i]));
            let u = (0..k).fold(Fixed::of(0.0), |s, j| s.add(&a(i, j).mul(&lambda[j])));
            let (gi, slope) = point(distance, case.bounds[i], &q.mul(&u));
            for j in 0..k {
                residual[j] = residual[j].sub(&w.mul(&gi).mul(&a(i, j)));
                for l in 0..k {
                    let term = w.mul(&q).mul(&slope).mul(&a(i, j)).mul(&a(i, l));
                    hessian[j][l] = hessian[j][l].add(&term);
                }
            }
            g.push(gi);
        }
        if residual.iter().all(|r| r.to_f64().abs() < 2f64.powi(-170)) {
            return g.iter().map(Fixed::to_f64).collect();
        }
        for j in 0..k {
            hessian[j][j] = hessian[j][j].add(&Fixed::of(case.inverse_costs[j]));
        }
        for (l, d) in lambda.iter_mut().zip(solve(hessian, residual)) {
            *l = l.add(&d);
        }
    }
    panic!("the fixed-point Newton did not converge")
}

fn example() -> Case {
    Case {
        weights: vec![10.0, 12.5, 7.25, 30.0, 4.0, 18.5, 22.0, 9.75],
        q: vec![1.0; 8],
        columns: vec![
            vec![1.0; 8],
            vec![0.0, 1.0, 2.0, 1.0, 0.0, 3.0, 1.0, 2.0],
            vec![120.5, 80.25, 300.0, 95.0, 410.75, 60.0, 151.0, 222.0],
        ],
        totals: vec![118.0, 150.0, 17_500.0],
        inverse_costs: vec![0.0; 3],
        bounds: vec![
            (0.5, 2.0),
            (0.4, 1.8),
            (0.9, 1.2),
            (0.3, 3.0),
            (0.5, 2.0),
            (0.75, 1.5),
            (0.5, 2.0),
            (0.2, 2.5),
        ],
    }
}

fn problem(case: &Case) -> ReweightProblem {
    let n = case.weights.len();
    let matrix = SparseMatrix::from_dense_columns(n, case.columns.iter().map(Vec::as_slice)).unwrap();
    let targets =
        case.totals.iter().enumerate().map(|(j, &t)| Target::new(format!("total {j}"), t)).collect();
    let (lower, upper) = case.bounds.iter().copied().unzip();
    ReweightProblem::builder(matrix, ArrayView1::from(&case.weights), targets)
        .bounds(Bounds::PerRecord { lower, upper })
        .build()
        .unwrap()
}

const DISTANCES: [Distance; 6] = [
    Distance::Linear,
    Distance::TruncatedLinear,
    Distance::Raking,
    Distance::Logit,
    Distance::HyperbolicSine { alpha: 1.0 },
    Distance::HyperbolicSine { alpha: 0.25 },
];

/// The multipliers are within their certified bound of the reference rounded to double, and that bound is a rounding.
fn check(case: &Case, options: &CalibrationOptions, records: &[usize]) {
    let reference = multipliers(case, options.distance);
    let answer = problem(case).calibrate(options).unwrap();
    compare(&reference, &answer, options, records);
}

fn compare(
    reference: &[f64],
    answer: &equipoise::reweight::calibration::Calibration,
    options: &CalibrationOptions,
    records: &[usize],
) {
    let certificate = &answer.certificate;
    assert_eq!(answer.status, CalibrationStatus::Converged, "{options:?}: {certificate:?}");
    for (i, &unit) in records.iter().enumerate() {
        let error = (answer.multipliers[i] - reference[unit]).abs();
        let rounding = 0.5 * f64::EPSILON * reference[unit].abs();
        assert!(error <= certificate.distance_bound + rounding, "{options:?}, record {i}: {error:e}");
        assert!(error <= 2.0 * rounding, "{options:?}, record {i}: {error:e}");
    }
    assert!(certificate.distance_bound < 1e-15, "{options:?}: {certificate:?}");
    assert!(certificate.relative_gap < 1e-13, "{options:?}: {certificate:?}");
}

#[test]
fn every_distance_is_correctly_rounded() {
    let case = example();
    for distance in DISTANCES {
        check(&case, &CalibrationOptions::with_distance(distance), &[0, 1, 2, 3, 4, 5, 6, 7]);
    }
}

#[test]
fn q_weights_enter_the_distance() {
    let q = vec![1.0, 0.5, 2.0, 1.25, 0.3, 1.0, 0.75, 4.0];
    let case = Case { q: q.clone(), ..example() };
    for distance in DISTANCES {
        let options =
            CalibrationOptions { q_weights: Some(q.clone()), ..CalibrationOptions::with_distance(distance) };
        check(&case, &options, &[0, 1, 2, 3, 4, 5, 6, 7]);
    }
}

#[test]
fn relaxed_totals_pay_for_their_miss() {
    let costs = vec![f64::INFINITY, 0.25, 0.0009765625];
    let case = Case { inverse_costs: costs.iter().map(|c| 1.0 / c).collect(), ..example() };
    for distance in DISTANCES {
        let options =
            CalibrationOptions { costs: Some(costs.clone()), ..CalibrationOptions::with_distance(distance) };
        check(&case, &options, &[0, 1, 2, 3, 4, 5, 6, 7]);
        let answer = problem(&case).calibrate(&options).unwrap();
        assert!(answer.certificate.relaxation_cost > 0.0);
        assert!(answer.targets[1].relaxed && answer.targets[1].relative_error.abs() > 1e-6);
        assert!(answer.targets[0].relative_error.abs() < 1e-15);
    }
}

#[test]
fn households_share_one_weight() {
    // Records 0, 3, 6 and 2, 5 are households: the oracle solves the problem of five units with summed rows.
    let clusters = vec![7, 1, 3, 7, 2, 3, 7, 9];
    let units = [0, 1, 2, 0, 3, 2, 0, 4];
    let mut case = example();
    let mut small = Case {
        weights: vec![20.0, 12.5, 15.0, 4.0, 9.75],
        q: vec![2.0 / 5.0, 1.0, 0.5, 1.0, 1.0],
        columns: vec![vec![0.0; 5]; 3],
        totals: vec![],
        inverse_costs: vec![0.0; 3],
        bounds: vec![(0.5, 2.0); 5],
    };
    // 1/q of household 0: 1/2 + 1 + 1 = 5/2.
    let q = vec![2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    for i in 0..8 {
        case.weights[i] = small.weights[units[i]];
        case.bounds[i] = small.bounds[units[i]];
        for j in 0..3 {
            small.columns[j][units[i]] += case.columns[j][i];
        }
    }
    case.totals = vec![130.0, 160.0, 19_500.0];
    small.totals = case.totals.clone();
    for distance in DISTANCES {
        let reference = multipliers(&small, distance);
        let options = CalibrationOptions {
            q_weights: Some(q.clone()),
            clusters: Some(clusters.clone()),
            ..CalibrationOptions::with_distance(distance)
        };
        let answer = problem(&case).calibrate(&options).unwrap();
        // q = 2/5 of the oracle is rounded to double, as is that of the solver.
        compare(&reference, &answer, &options, &units);
        for (i, &unit) in units.iter().enumerate() {
            let first = units.iter().position(|&u| u == unit).unwrap();
            assert_eq!(answer.weights[i], answer.weights[first]);
        }
    }
}

#[test]
fn every_thread_count_gives_the_same_digest() {
    let n = 20_000;
    let weights: Vec<f64> = (0..n).map(|i| 5.0 + f64::from(i * 37 % 101) / 7.0).collect();
    let columns: Vec<Vec<f64>> = (0..6)
        .map(|j| {
            (0..n).map(|i| if j == 0 { 1.0 } else { f64::from((i * (j + 3) + i / 17) % (j + 2)) }).collect()
        })
        .collect();
    let totals: Vec<f64> = (columns.iter().enumerate())
        .map(|(j, c)| {
            let before: f64 = c.iter().zip(&weights).map(|(a, w)| a * w).sum();
            before * (1.0 + 0.03 * (j as f64 - 2.0) / 3.0)
        })
        .collect();
    let matrix = SparseMatrix::from_dense_columns(n as usize, columns.iter().map(Vec::as_slice)).unwrap();
    let targets = totals.iter().enumerate().map(|(j, &t)| Target::new(format!("{j}"), t)).collect();
    let problem = ReweightProblem::builder(matrix, ArrayView1::from(&weights), targets)
        .bounds(Bounds::Uniform { lower: 0.7, upper: 1.5 })
        .build()
        .unwrap();
    for distance in DISTANCES {
        let run = |threads| {
            let options = CalibrationOptions { threads, ..CalibrationOptions::with_distance(distance) };
            let answer = problem.calibrate(&options).unwrap();
            assert_eq!(answer.status, CalibrationStatus::Converged, "{distance:?}: {:?}", answer.certificate);
            (answer.digest, answer.lambda, answer.lambda_low, answer.certificate)
        };
        let one = run(1);
        for threads in [2, 4, 8] {
            assert_eq!(run(threads), one, "{distance:?}, {threads} threads");
        }
    }
}
