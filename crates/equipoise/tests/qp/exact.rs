//! The optimality conditions in exact rationals, from the data and the answer alone; random data.

use equipoise::certificate::linear_system::Part;
use equipoise::certificate::quadratic::QuadraticProgram;
use equipoise::numeric::matrix::Row;
use equipoise::qp::QpSolution;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

pub const INF: f64 = f64::INFINITY;

/// Uniform on [−1, 1).
pub fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Roughly normal: a sum of twelve uniforms.
pub fn normal(random: &mut ChaCha8Rng) -> f64 {
    0.5 * (0..12).map(|_| uniform(random)).sum::<f64>()
}

pub fn exact(x: f64) -> BigRational {
    BigRational::from_float(x).unwrap()
}

fn product(row: Row<'_>, x: &[BigRational]) -> BigRational {
    row.entries().filter(|e| e.1 != 0.0).map(|(j, a)| exact(a) * &x[j]).sum()
}

/// The largest of stationarity, violation, |multiplier·slack| and wrong signs, exactly evaluated.
pub fn exact_residual(program: &QuadraticProgram, answer: &QpSolution) -> f64 {
    let (m, n) = (program.num_rows(), program.num_columns());
    let x: Vec<BigRational> = answer.x.iter().map(|&v| exact(v)).collect();
    let mut gradient: Vec<BigRational> = (0..n)
        .map(|j| {
            exact(program.linear()[j]) - exact(answer.bound_multipliers[j])
                + product(program.hessian().row(j), &x)
        })
        .collect();
    for i in 0..m {
        let y = exact(answer.row_multipliers[i]);
        for (j, a) in program.matrix().row(i).entries().filter(|e| e.1 != 0.0 && !y.is_zero()) {
            gradient[j] -= exact(a) * &y;
        }
    }
    let mut worst = gradient.into_iter().map(|g| g.abs()).max().unwrap_or_else(BigRational::zero);
    let mut note = |residual: BigRational| {
        if residual > worst {
            worst = residual;
        }
    };
    for part in program.parts() {
        let (lower, upper) = program.interval(part);
        let (value, multiplier) = match part {
            Part::Row(i) => (product(program.matrix().row(i), &x), answer.row_multipliers[i]),
            Part::Column(j) => (x[j].clone(), answer.bound_multipliers[j]),
        };
        if lower.is_finite() {
            note(exact(lower) - &value);
        }
        if upper.is_finite() {
            note(&value - exact(upper));
        }
        if multiplier != 0.0 {
            let pressed = if multiplier > 0.0 { lower } else { upper };
            assert!(pressed.is_finite(), "a multiplier presses on nothing");
            note((exact(multiplier) * (value - exact(pressed))).abs());
        }
    }
    worst.to_f64().unwrap()
}
