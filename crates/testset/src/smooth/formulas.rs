//! The functions of the bound-constrained and unconstrained problems, from their SIF statements; index base 0.

use super::Formula;
use super::data::{BARD, HART6_A, HART6_C, HART6_P, KOWOSB, PALMER1, PALMER1A, PALMER4B};
use super::scalar::Scalar;

/// Σ of numbers.
fn sum<T: Scalar>(terms: impl IntoIterator<Item = T>) -> T {
    terms.into_iter().reduce(|a, b| a + b).expect("at least one term")
}

/// Σ of squares.
fn squares<T: Scalar>(terms: impl IntoIterator<Item = T>) -> T {
    sum(terms.into_iter().map(|r| r.squared()))
}

fn fourth<T: Scalar>(x: T) -> T {
    x.squared().squared()
}

macro_rules! formulas {
    ($($name:ident($x:ident) $body:block)*) => {
        $(
            pub(super) struct $name;
            impl Formula for $name {
                fn at<T: Scalar>(&self, $x: &[T]) -> T $body
            }
        )*
    };
}

/// A copy: the operators take their numbers by value.
macro_rules! v {
    ($number:expr) => {
        $number.clone()
    };
}

formulas! {
    Rosenbrock(x) {
        (v!(x[1]) - x[0].squared()).squared() * 100.0 + (-v!(x[0]) + 1.0).squared()
    }
    Hs3(x) { v!(x[1]) + (v!(x[1]) - v!(x[0])).squared() * 1e-5 }
    Hs5(x) {
        (v!(x[0]) + v!(x[1])).sin() + (v!(x[0]) - v!(x[1])).squared() - v!(x[0]) * 1.5 + v!(x[1]) * 2.5 + 1.0
    }
    Hs38(x) {
        let valley = (v!(x[1]) - x[0].squared()).squared() * 100.0 + (v!(x[0]) - 1.0).squared();
        let other = (v!(x[3]) - x[2].squared()).squared() * 90.0 + (v!(x[2]) - 1.0).squared();
        let coupled = ((v!(x[1]) - 1.0).squared() + (v!(x[3]) - 1.0).squared()) * 10.1;
        valley + other + coupled + (v!(x[1]) - 1.0) * (v!(x[3]) - 1.0) * 19.8
    }
    Hs45(x) { v!(x[0]) * v!(x[1]) * v!(x[2]) * v!(x[3]) * v!(x[4]) * (-1.0 / 120.0) + 2.0 }
    Hatflda(x) {
        (v!(x[0]) - 1.0).squared() + squares((1..x.len()).map(|i| v!(x[i - 1]) - x[i].sqrt()))
    }
    Palmer1(x) {
        squares(PALMER1.iter().map(|&(t, y)| {
            let square = t * t;
            v!(x[0]) * square + v!(x[1]) / (v!(x[2]) + x[3].recip() * square) - y
        }))
    }
    Palmer1a(x) {
        squares(PALMER1A.iter().map(|&(t, y)| {
            let s = t * t;
            let even = v!(x[0]) + v!(x[1]) * s + v!(x[2]) * (s * s) + v!(x[3]) * (s * s * s);
            even + v!(x[4]) / (v!(x[5]) + s) - y
        }))
    }
    Palmer4b(x) {
        squares(PALMER4B.iter().map(|&(t, y)| {
            let s = t * t;
            v!(x[0]) * s + v!(x[1]) * (s * s) + v!(x[2]) / (v!(x[3]) + s) - y
        }))
    }
    Camel6(x) {
        let (a, b) = (x[0].squared(), x[1].squared());
        let first = v!(a) * 4.0 - a.squared() * 2.1 + a.squared() * v!(a) * 0.333333333333;
        first + v!(x[0]) * v!(x[1]) - v!(b) * 4.0 + b.squared() * 4.0
    }
    Hart6(x) {
        sum((0..4).map(|i| {
            let exponent = sum((0..6).map(|j| (v!(x[j]) - HART6_P[i][j]).squared() * HART6_A[i][j]));
            (-exponent).exp() * -HART6_C[i]
        }))
    }
    Logros(x) {
        let t = v!(x[1]) - x[0].squared();
        (t.squared() * 10_000.0 + (-v!(x[0]) + 1.0).squared() + 1.0).ln()
    }
    Pspdoc(x) {
        sum((0..2).map(|i| (x[i].squared() + (v!(x[i + 1]) - v!(x[i + 2])).squared() + 1.0).sqrt()))
    }
    Simbqp(x) {
        v!(x[1]) + (v!(x[1]) - v!(x[0])).squared() + (v!(x[0]) * 2.0 + v!(x[1])).squared()
    }
    // P = 4 points a side, spacing 1/3, force constant 5.
    Torsion1(x) {
        let at = |i: usize, j: usize| v!(x[j * 4 + i]);
        let cells = (1..3).flat_map(|i| (1..3).map(move |j| (i, j)));
        sum(cells.map(|(i, j)| {
            let around = [(i + 1, j), (i, j + 1), (i - 1, j), (i, j - 1)];
            let bending = squares(around.map(|(p, q)| at(p, q) - at(i, j)));
            bending * 0.25 - at(i, j) * (5.0 / 9.0)
        }))
    }
    // ‖L T Lᵀ − I‖² for a lower bidiagonal L of order 10; T pentadiagonal. The SIF statement leaves out bᵢ₋₁bᵢ₋₃Tᵢ₋₁,ᵢ₋₃, and so do we.
    Linverse(x) {
        const N: usize = 10;
        let t = |i: usize, j: usize| {
            let (low, high) = (i.min(j), i.max(j));
            if high - low > 2 { 0.0 } else { libm::sin((high + 1) as f64) * libm::cos((low + 1) as f64) }
        };
        let diagonal = |i: usize| v!(x[2 * i]);
        let below = |i: usize| v!(x[2 * i - 1]);
        // Row i of L has its diagonal entry and, from the second row on, the one before it.
        let row = |i: usize| -> Vec<(usize, T)> {
            let own = [(i, diagonal(i))].into_iter();
            if i > 0 { own.chain([(i - 1, below(i))]).collect() } else { own.collect() }
        };
        sum((0..N).flat_map(|i| (i.saturating_sub(2)..=i).map(move |j| (i, j))).map(|(i, j)| {
            let (left, right) = (row(i), row(j));
            let pairs = left.iter().flat_map(|(p, a)| right.iter().map(move |(q, b)| (*p, *q, a, b)));
            let stated = pairs.filter(|&(p, q, _, _)| !(i == j + 2 && p < i && q < j));
            let entry = sum(stated.map(|(p, q, a, b)| v!(a) * v!(b) * t(p, q)));
            let (target, times) = if i == j { (1.0, 1.0) } else { (0.0, 2.0) };
            (entry - target).squared() * times
        }))
    }
    Nonscomp(x) {
        let first = (v!(x[0]) - 1.0).squared();
        first + sum((1..x.len()).map(|i| (v!(x[i]) - x[i - 1].squared()).squared() * 4.0))
    }
    Bqp1var(x) { v!(x[0]) + x[0].squared() }
    // P = 4 points a side; the weight −0.1 sits in the upper right corner.
    Clplatea(x) {
        let at = |i: usize, j: usize| v!(x[j * 4 + i]);
        let cells = (1..4).flat_map(|i| (1..4).map(move |j| (i, j)));
        let energy = sum(cells.map(|(i, j)| {
            let (across, up) = (at(i, j) - at(i, j - 1), at(i, j) - at(i - 1, j));
            let stretch = (across.squared() + up.squared()) * 0.5;
            stretch + (fourth(across) + fourth(up)) * 8.0
        }));
        energy - at(3, 3) * 0.1
    }
    Beale(x) {
        let power = |p: usize| (1..p).fold(v!(x[1]), |product, _| product * v!(x[1]));
        squares([1.5, 2.25, 2.625].iter().zip(1..).map(|(&c, p)| v!(x[0]) * (-power(p) + 1.0) - c))
    }
    // The SIF statement carries 1/2π to eight digits.
    Helix(x) {
        let angle = x[1].atan2(&x[0]) * 0.15915494;
        let radius = (x[0].squared() + x[1].squared()).sqrt();
        ((v!(x[2]) - angle * 10.0).squared() + (radius - 1.0).squared()) * 100.0 + x[2].squared()
    }
    Bard(x) {
        squares(BARD.iter().enumerate().map(|(i, &y)| {
            let u = (i + 1) as f64;
            let (v, w) = (16.0 - u, u.min(16.0 - u));
            v!(x[0]) + (v!(x[1]) * v + v!(x[2]) * w).recip() * u - y
        }))
    }
    Powellsg(x) {
        sum((0..x.len()).step_by(4).map(|i| {
            let quadratic = (v!(x[i]) + v!(x[i + 1]) * 10.0).squared() + (v!(x[i + 2]) - v!(x[i + 3])).squared() * 5.0;
            quadratic + fourth(v!(x[i + 1]) - v!(x[i + 2]) * 2.0) + fourth(v!(x[i]) - v!(x[i + 3])) * 10.0
        }))
    }
    Brownden(x) {
        squares((1..=20).map(|i| {
            let t = f64::from(i) * 0.2;
            let (e, s, c) = (libm::exp(t), libm::sin(t), libm::cos(t));
            (v!(x[0]) + v!(x[1]) * t - e).squared() + (v!(x[2]) + v!(x[3]) * s - c).squared()
        }))
    }
    Kowosb(x) {
        squares(KOWOSB.iter().map(|&(u, y)| {
            v!(x[0]) * (v!(x[1]) * u + u * u) / (v!(x[2]) * u + v!(x[3]) + u * u) - y
        }))
    }
    Vardim(x) {
        let n = x.len() as f64;
        let weighted = sum((0..x.len()).map(|i| v!(x[i]) * (i + 1) as f64)) - n * (n + 1.0) / 2.0;
        squares(x.iter().map(|x| v!(x) - 1.0)) + weighted.squared() + fourth(weighted)
    }
    Penalty1(x) {
        squares(x.iter().map(|x| v!(x) - 1.0)) * 1e-5 + (squares(x.iter().cloned()) - 0.25).squared()
    }
    Cliff(x) {
        let difference = v!(x[0]) - v!(x[1]);
        (v!(x[0]) * 0.01 - 0.03).squared() - v!(difference) + (difference * 20.0).exp()
    }
    Brownal(x) {
        let n = x.len();
        let total = sum(x.iter().cloned());
        let product = x.iter().cloned().reduce(|a, b| a * b).expect("n > 0");
        squares((0..n - 1).map(|i| v!(total) + v!(x[i]) - (n + 1) as f64)) + (product - 1.0).squared()
    }
    Denschna(x) {
        fourth(v!(x[0])) + (v!(x[0]) + v!(x[1])).squared() + (x[1].exp() - 1.0).squared()
    }
}

formulas! {
    // Numbers of Moré, Garbow and Hillstrom 1981.
    Mgh3(x) {
        squares([v!(x[0]) * v!(x[1]) * 1e4 - 1.0, (-v!(x[0])).exp() + (-v!(x[1])).exp() - 1.0001])
    }
    Mgh7(x) {
        let angle = x[1].atan2(&x[0]) * (0.5 / std::f64::consts::PI);
        let radius = (x[0].squared() + x[1].squared()).sqrt();
        squares([(v!(x[2]) - angle * 10.0) * 10.0, (radius - 1.0) * 10.0, v!(x[2])])
    }
    Mgh9(x) {
        const Y: [f64; 15] = [
            0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989, 0.3521, 0.2420, 0.1295, 0.0540, 0.0175,
            0.0044, 0.0009,
        ];
        squares(Y.iter().enumerate().map(|(i, &y)| {
            let t = (8.0 - (i + 1) as f64) / 2.0;
            v!(x[0]) * (-(v!(x[1]) * (-v!(x[2]) + t).squared() * 0.5)).exp() - y
        }))
    }
    Mgh14(x) {
        let (root90, root10) = (libm::sqrt(90.0), libm::sqrt(10.0));
        squares([
            (v!(x[1]) - x[0].squared()) * 10.0,
            -v!(x[0]) + 1.0,
            (v!(x[3]) - x[2].squared()) * root90,
            -v!(x[2]) + 1.0,
            (v!(x[1]) + v!(x[3]) - 2.0) * root10,
            (v!(x[1]) - v!(x[3])) * (1.0 / root10),
        ])
    }
}
