//! Numbers with first derivatives in an array of fixed size: as fast as written out for the small problems.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::smooth::scalar::Scalar;

/// Most variables of a problem here.
pub(super) const MOST: usize = 12;

/// A value and its gradient.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dual {
    pub value: f64,
    pub gradient: [f64; MOST],
}

impl Dual {
    /// The variables of a problem.
    pub fn variables(x: &[f64]) -> Vec<Self> {
        let unit = |j: usize| std::array::from_fn(|k| f64::from(u8::from(k == j)));
        x.iter().enumerate().map(|(j, &value)| Self { value, gradient: unit(j) }).collect()
    }

    fn combine(self, other: Self, value: f64, a: f64, b: f64) -> Self {
        Self { value, gradient: std::array::from_fn(|k| a * self.gradient[k] + b * other.gradient[k]) }
    }

    fn scaled(self, value: f64, a: f64) -> Self {
        Self { value, gradient: self.gradient.map(|g| a * g) }
    }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.combine(other, self.value + other.value, 1.0, 1.0)
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.combine(other, self.value - other.value, 1.0, -1.0)
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.combine(other, self.value * other.value, other.value, self.value)
    }
}

impl Div for Dual {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let quotient = self.value / other.value;
        self.combine(other, quotient, 1.0 / other.value, -quotient / other.value)
    }
}

impl Neg for Dual {
    type Output = Self;
    fn neg(self) -> Self {
        self.scaled(-self.value, -1.0)
    }
}

impl Add<f64> for Dual {
    type Output = Self;
    fn add(self, other: f64) -> Self {
        Self { value: self.value + other, ..self }
    }
}

impl Sub<f64> for Dual {
    type Output = Self;
    fn sub(self, other: f64) -> Self {
        Self { value: self.value - other, ..self }
    }
}

impl Mul<f64> for Dual {
    type Output = Self;
    fn mul(self, other: f64) -> Self {
        self.scaled(self.value * other, other)
    }
}

impl Scalar for Dual {
    fn map(&self, function: f64, first: f64, _second: f64) -> Self {
        self.scaled(function, first)
    }

    fn value(&self) -> f64 {
        self.value
    }
}
