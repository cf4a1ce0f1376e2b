//! The constrained problems, from their SIF statements; rows as in the files: all ≤, then all =, then all ≥.

use super::NlpFormula;
use crate::smooth::scalar::Scalar;

macro_rules! problems {
    ($($name:ident($x:ident) objective $objective:block rows [$($row:expr),* $(,)?])*) => {
        $(
            pub(super) struct $name;
            impl NlpFormula for $name {
                fn objective<T: Scalar>(&self, $x: &[T]) -> T $objective
                #[allow(unused_variables)]
                fn rows<T: Scalar>(&self, $x: &[T], out: &mut Vec<T>) {
                    $(out.push($row);)*
                }
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

fn square<T: Scalar>(x: T) -> T {
    x.clone() * x
}

fn fourth<T: Scalar>(x: T) -> T {
    square(square(x))
}

fn cube<T: Scalar>(x: T) -> T {
    x.clone() * x.clone() * x
}

fn sum<T: Scalar>(x: &[T]) -> T {
    x.iter().cloned().reduce(|a, b| a + b).expect("at least one term")
}

problems! {
    Hs6(x) objective { square(v!(x[0]) - 1.0) } rows [(v!(x[1]) - square(v!(x[0]))) * 10.0]
    Hs10(x) objective { v!(x[0]) - v!(x[1]) }
        rows [square(v!(x[0])) * -3.0 + v!(x[0]) * v!(x[1]) * 2.0 - square(v!(x[1])) + 1.0]
    Hs12(x) objective {
        square(v!(x[0])) * 0.5 + square(v!(x[1])) - v!(x[0]) * v!(x[1]) - v!(x[0]) * 7.0 - v!(x[1]) * 7.0
    } rows [square(v!(x[0])) * -4.0 - square(v!(x[1])) + 25.0]
    Hs14(x) objective { square(v!(x[0]) - 2.0) + square(v!(x[1]) - 1.0) }
        rows [v!(x[0]) - v!(x[1]) * 2.0 + 1.0, square(v!(x[0])) * -0.25 - square(v!(x[1])) + 1.0]
    Hs21(x) objective { square(v!(x[0])) * 0.01 + square(v!(x[1])) - 100.0 }
        rows [v!(x[0]) * 10.0 - v!(x[1]) - 10.0]
    Hs22(x) objective { square(v!(x[0]) - 2.0) + square(v!(x[1]) - 1.0) }
        rows [-v!(x[0]) - v!(x[1]) + 2.0, v!(x[1]) - square(v!(x[0]))]
    Hs26(x) objective { square(v!(x[0]) - v!(x[1])) + fourth(v!(x[1]) - v!(x[2])) }
        rows [(square(v!(x[1])) + 1.0) * v!(x[0]) + fourth(v!(x[2])) - 3.0]
    Hs28(x) objective { square(v!(x[0]) + v!(x[1])) + square(v!(x[1]) + v!(x[2])) }
        rows [v!(x[0]) + v!(x[1]) * 2.0 + v!(x[2]) * 3.0 - 1.0]
    Hs29(x) objective { -(v!(x[0]) * v!(x[1]) * v!(x[2])) }
        rows [square(v!(x[0])) * -1.0 - square(v!(x[1])) * 2.0 - square(v!(x[2])) * 4.0 + 48.0]
    Hs35(x) objective {
        square(v!(x[0])) * 2.0 + square(v!(x[1])) * 2.0 + square(v!(x[2])) + v!(x[0]) * v!(x[1]) * 2.0
            + v!(x[0]) * v!(x[2]) * 2.0 - v!(x[0]) * 8.0 - v!(x[1]) * 6.0 - v!(x[2]) * 4.0 + 9.0
    } rows [-v!(x[0]) - v!(x[1]) - v!(x[2]) * 2.0 + 3.0]
    Hs39(x) objective { -v!(x[0]) }
        rows [v!(x[1]) - cube(v!(x[0])) - square(v!(x[2])), -v!(x[1]) + square(v!(x[0])) - square(v!(x[3]))]
    Hs40(x) objective { -(v!(x[0]) * v!(x[1]) * v!(x[2]) * v!(x[3])) }
        rows [
            cube(v!(x[0])) + square(v!(x[1])) - 1.0,
            square(v!(x[0])) * v!(x[3]) - v!(x[2]),
            square(v!(x[3])) - v!(x[1]),
        ]
    Hs43(x) objective {
        square(v!(x[0])) + square(v!(x[1])) + square(v!(x[2])) * 2.0 + square(v!(x[3])) - v!(x[0]) * 5.0
            - v!(x[1]) * 5.0 - v!(x[2]) * 21.0 + v!(x[3]) * 7.0
    } rows [
        -square(v!(x[0])) - square(v!(x[1])) - square(v!(x[2])) - square(v!(x[3])) - v!(x[0]) + v!(x[1])
            - v!(x[2]) + v!(x[3]) + 8.0,
        -square(v!(x[0])) - square(v!(x[1])) * 2.0 - square(v!(x[2])) - square(v!(x[3])) * 2.0 + v!(x[0])
            + v!(x[3]) + 10.0,
        square(v!(x[0])) * -2.0 - square(v!(x[1])) - square(v!(x[2])) - v!(x[0]) * 2.0 + v!(x[1]) + v!(x[3]) + 5.0,
    ]
    Hs48(x) objective { square(v!(x[0]) - 1.0) + square(v!(x[1]) - v!(x[2])) + square(v!(x[3]) - v!(x[4])) }
        rows [sum(x) - 5.0, v!(x[2]) - v!(x[3]) * 2.0 - v!(x[4]) * 2.0 + 3.0]
    Hs65(x) objective {
        square(v!(x[0]) - v!(x[1])) + square(v!(x[0]) + v!(x[1]) - 10.0) * (1.0 / 9.0) + square(v!(x[2]) - 5.0)
    } rows [-square(v!(x[0])) - square(v!(x[1])) - square(v!(x[2])) + 48.0]
    Hs71(x) objective { v!(x[0]) * v!(x[3]) * (v!(x[0]) + v!(x[1]) + v!(x[2])) + v!(x[2]) }
        rows [
            square(v!(x[0])) + square(v!(x[1])) + square(v!(x[2])) + square(v!(x[3])) - 40.0,
            v!(x[0]) * v!(x[1]) * v!(x[2]) * v!(x[3]) - 25.0,
        ]
    Hs76(x) objective {
        square(v!(x[0])) + square(v!(x[1])) * 0.5 + square(v!(x[2])) + square(v!(x[3])) * 0.5 - v!(x[0]) * v!(x[2])
            + v!(x[2]) * v!(x[3]) - v!(x[0]) - v!(x[1]) * 3.0 + v!(x[2]) - v!(x[3])
    } rows [
        v!(x[0]) + v!(x[1]) * 2.0 + v!(x[2]) + v!(x[3]) - 5.0,
        v!(x[0]) * 3.0 + v!(x[1]) + v!(x[2]) * 2.0 - v!(x[3]) - 4.0,
        v!(x[1]) + v!(x[2]) * 4.0 - 1.5,
    ]
    Hs78(x) objective { v!(x[0]) * v!(x[1]) * v!(x[2]) * v!(x[3]) * v!(x[4]) }
        rows [
            square(v!(x[0])) + square(v!(x[1])) + square(v!(x[2])) + square(v!(x[3])) + square(v!(x[4])) - 10.0,
            v!(x[1]) * v!(x[2]) - v!(x[3]) * v!(x[4]) * 5.0,
            cube(v!(x[0])) + cube(v!(x[1])) + 1.0,
        ]
    Hs93(x) objective {
        let first = v!(x[0]) * v!(x[3]) * (v!(x[0]) + v!(x[1]) + v!(x[2]));
        let second = v!(x[1]) * v!(x[2]) * (v!(x[0]) + v!(x[1]) * 1.57 + v!(x[3]));
        v!(first) * 0.0204 + v!(second) * 0.0187 + first * square(v!(x[4])) * 0.0607
            + second * square(v!(x[5])) * 0.0437
    } rows [
        v!(x[0]) * v!(x[3]) * (v!(x[0]) + v!(x[1]) + v!(x[2])) * square(v!(x[4])) * 6.2e-4
            + v!(x[1]) * v!(x[2]) * (v!(x[0]) + v!(x[1]) * 1.57 + v!(x[3])) * square(v!(x[5])) * 5.8e-4 - 1.0,
        v!(x[0]) * v!(x[1]) * v!(x[2]) * v!(x[3]) * v!(x[4]) * v!(x[5]) * 1e-3 - 2.07,
    ]
    // The SIF statement carries the scale 1/3 to eleven digits.
    Hs100(x) objective {
        square(v!(x[0]) - 10.0) + square(v!(x[1]) - 12.0) * 5.0 + fourth(v!(x[2]))
            + square(v!(x[3]) - 11.0) * (1.0 / 0.33333333333) + square(cube(v!(x[4]))) * 10.0
            + square(v!(x[5])) * 7.0 + fourth(v!(x[6])) - v!(x[5]) * v!(x[6]) * 4.0 - v!(x[5]) * 10.0
            - v!(x[6]) * 8.0
    } rows [
        square(v!(x[0])) * -2.0 - fourth(v!(x[1])) * 3.0 - v!(x[2]) - square(v!(x[3])) * 4.0 - v!(x[4]) * 5.0 + 127.0,
        v!(x[0]) * -7.0 - v!(x[1]) * 3.0 - square(v!(x[2])) * 10.0 - v!(x[3]) + v!(x[4]) + 282.0,
        v!(x[0]) * -23.0 - square(v!(x[1])) - square(v!(x[5])) * 6.0 + v!(x[6]) * 8.0 + 196.0,
        square(v!(x[0])) * -4.0 - square(v!(x[1])) + v!(x[0]) * v!(x[1]) * 3.0 - square(v!(x[2])) * 2.0
            - v!(x[5]) * 5.0 + v!(x[6]) * 11.0,
    ]
    Hs113(x) objective {
        square(v!(x[0])) + square(v!(x[1])) + v!(x[0]) * v!(x[1]) - v!(x[0]) * 14.0 - v!(x[1]) * 16.0
            + square(v!(x[2]) - 10.0) + square(v!(x[3]) - 5.0) * 4.0 + square(v!(x[4]) - 3.0)
            + square(v!(x[5]) - 1.0) * 2.0 + square(v!(x[6])) * 5.0 + square(v!(x[7]) - 11.0) * 7.0
            + square(v!(x[8]) - 10.0) * 2.0 + square(v!(x[9]) - 7.0) + 45.0
    } rows [
        v!(x[0]) * -4.0 - v!(x[1]) * 5.0 + v!(x[6]) * 3.0 - v!(x[7]) * 9.0 + 105.0,
        v!(x[0]) * -10.0 + v!(x[1]) * 8.0 + v!(x[6]) * 17.0 - v!(x[7]) * 2.0,
        v!(x[0]) * 8.0 - v!(x[1]) * 2.0 - v!(x[8]) * 5.0 + v!(x[9]) * 2.0 + 12.0,
        square(v!(x[0]) - 2.0) * -3.0 - square(v!(x[1]) - 3.0) * 4.0 - square(v!(x[2])) * 2.0 + v!(x[3]) * 7.0 + 120.0,
        square(v!(x[0])) * -5.0 - v!(x[1]) * 8.0 - square(v!(x[2]) - 6.0) + v!(x[3]) * 2.0 + 40.0,
        square(v!(x[0]) - 8.0) * -0.5 - square(v!(x[1]) - 4.0) * 2.0 - square(v!(x[4])) * 3.0 + v!(x[5]) + 30.0,
        -square(v!(x[0])) - square(v!(x[1]) - 2.0) * 2.0 + v!(x[0]) * v!(x[1]) * 2.0 - v!(x[4]) * 14.0
            + v!(x[5]) * 6.0,
        v!(x[0]) * 3.0 - v!(x[1]) * 6.0 - square(v!(x[8]) - 8.0) * 12.0 + v!(x[9]) * 7.0,
    ]
    Bt2(x) objective { square(v!(x[0]) - 1.0) + square(v!(x[0]) - v!(x[1])) + fourth(v!(x[1]) - v!(x[2])) }
        rows [v!(x[0]) * (square(v!(x[1])) + 1.0) + fourth(v!(x[2])) - 8.2426407]
    Bt11(x) objective {
        square(v!(x[0]) - 1.0) + square(v!(x[0]) - v!(x[1])) + square(v!(x[1]) - v!(x[2]))
            + fourth(v!(x[2]) - v!(x[3])) + fourth(v!(x[3]) - v!(x[4]))
    } rows [
        v!(x[0]) + square(v!(x[1])) + cube(v!(x[2])) - (18f64.sqrt() - 2.0),
        v!(x[1]) + v!(x[3]) - square(v!(x[2])) - (8f64.sqrt() - 2.0),
        v!(x[0]) - v!(x[4]) - 2.0,
    ]
    Chaconn2(x) objective { v!(x[2]) }
        rows [
            fourth(v!(x[0])) + square(v!(x[1])) - v!(x[2]),
            square(-v!(x[0]) + 2.0) + square(-v!(x[1]) + 2.0) - v!(x[2]),
            (v!(x[1]) - v!(x[0])).exp() * 2.0 - v!(x[2]),
        ]
    Makela1(x) objective { v!(x[2]) }
        rows [
            -v!(x[2]) - v!(x[0]) - v!(x[1]),
            -v!(x[2]) - v!(x[0]) - v!(x[1]) + square(v!(x[0])) + square(v!(x[1])) - 1.0,
        ]
    Polak4(x) objective { v!(x[2]) }
        rows [
            -v!(x[2]) - v!(x[0]) - 1.0 + square(v!(x[0])) * 2.0 + square(v!(x[1])) * 2.0,
            -v!(x[2]) - 0.01 + square(v!(x[0])) * 0.01 + square(v!(x[1])) * 0.01,
            -v!(x[2]) - 100000.0 + square(v!(x[0]) - 2.0) * 100000.0 + square(v!(x[1])),
        ]
}

/// Tracking of an index by 12 assets over 62 months; the figures are read from the SIF statement.
pub(super) struct Portfolio {
    /// Returns (months × assets).
    pub assets: Vec<Vec<f64>>,
    /// Returns of the index (months).
    pub index: Vec<f64>,
}

impl NlpFormula for Portfolio {
    fn objective<T: Scalar>(&self, x: &[T]) -> T {
        let residual = |month: usize| {
            let terms = x.iter().zip(&self.assets[month]).map(|(x, a)| v!(x) * *a);
            terms.reduce(|a, b| a + b).expect("assets") - self.index[month]
        };
        (0..self.index.len()).map(|month| square(residual(month))).reduce(|a, b| a + b).expect("months")
    }

    fn rows<T: Scalar>(&self, x: &[T], out: &mut Vec<T>) {
        out.push(sum(x) - 1.0);
    }
}
