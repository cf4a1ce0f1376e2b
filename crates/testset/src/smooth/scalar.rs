//! Numbers that carry their derivatives, so that each function is written once.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// What the formulas need of a number.
pub trait Scalar:
    Clone
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    /// φ of the number, given φ and its first two derivatives there.
    fn map(&self, function: f64, first: f64, second: f64) -> Self;
    /// The number without its derivatives.
    fn value(&self) -> f64;

    /// eˣ
    fn exp(&self) -> Self {
        let e = libm::exp(self.value());
        self.map(e, e, e)
    }
    /// log x
    fn ln(&self) -> Self {
        let x = self.value();
        self.map(libm::log(x), 1.0 / x, -1.0 / (x * x))
    }
    /// sin x
    fn sin(&self) -> Self {
        let (s, c) = (libm::sin(self.value()), libm::cos(self.value()));
        self.map(s, c, -s)
    }
    /// cos x
    fn cos(&self) -> Self {
        let (s, c) = (libm::sin(self.value()), libm::cos(self.value()));
        self.map(c, -s, -c)
    }
    /// √x
    fn sqrt(&self) -> Self {
        let root = libm::sqrt(self.value());
        self.map(root, 0.5 / root, -0.25 / (root * self.value()))
    }
    /// 1/x
    fn recip(&self) -> Self {
        let x = self.value();
        self.map(1.0 / x, -1.0 / (x * x), 2.0 / (x * x * x))
    }
    /// x², without a call of pow
    fn squared(&self) -> Self {
        self.clone() * self.clone()
    }
    /// The angle of (x, y), where y is this number.
    fn atan2(&self, x: &Self) -> Self {
        // θ = atan(y/x) up to a constant; where x is small, −atan(x/y).
        let angle = libm::atan2(self.value(), x.value());
        let arctan = |t: Self| {
            let slope = 1.0 / (1.0 + t.value() * t.value());
            t.map(angle, slope, -2.0 * t.value() * slope * slope)
        };
        if x.value().abs() >= self.value().abs() {
            arctan(self.clone() / x.clone())
        } else {
            let t = x.clone() / self.clone();
            let slope = 1.0 / (1.0 + t.value() * t.value());
            t.map(angle, -slope, 2.0 * t.value() * slope * slope)
        }
    }
}

impl Scalar for f64 {
    fn map(&self, function: f64, _: f64, _: f64) -> Self {
        function
    }
    fn value(&self) -> f64 {
        *self
    }
}

/// A number with its gradient (n) and its Hessian (lower triangle by rows).
#[derive(Debug, Clone, PartialEq)]
pub struct Jet {
    /// f
    pub value: f64,
    /// ∂f/∂xᵢ
    pub gradient: Vec<f64>,
    /// ∂²f/∂xᵢ∂xⱼ for j ≤ i, row after row
    pub hessian: Vec<f64>,
}

impl Jet {
    /// The coordinates of a point as variables.
    pub fn variables(x: &[f64]) -> Vec<Self> {
        let n = x.len();
        let unit = |i| (0..n).map(|j| f64::from(u8::from(i == j))).collect();
        (0..n).map(|i| Self { value: x[i], gradient: unit(i), hessian: vec![0.0; n * (n + 1) / 2] }).collect()
    }

    /// a·self + b·other, with c·(∇self ∇otherᵀ + ∇other ∇selfᵀ) added to the Hessian.
    fn combine(self, value: f64, a: f64, b: f64, c: f64, other: &Self) -> Self {
        let (g, h) = (self.gradient, &other.gradient);
        let mut hessian = self.hessian;
        let mut at = 0;
        for i in 0..g.len() {
            for j in 0..=i {
                hessian[at] = a * hessian[at] + b * other.hessian[at] + c * (g[i] * h[j] + g[j] * h[i]);
                at += 1;
            }
        }
        let gradient = g.iter().zip(h).map(|(g, h)| a * g + b * h).collect();
        Self { value, gradient, hessian }
    }
}

impl Scalar for Jet {
    fn map(&self, function: f64, first: f64, second: f64) -> Self {
        let g = &self.gradient;
        let products = (0..g.len()).flat_map(|i| (0..=i).map(move |j| g[i] * g[j]));
        let hessian = self.hessian.iter().zip(products).map(|(h, product)| first * h + second * product);
        Self { value: function, gradient: g.iter().map(|g| first * g).collect(), hessian: hessian.collect() }
    }
    fn value(&self) -> f64 {
        self.value
    }
}

impl Add for Jet {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let value = self.value + other.value;
        self.combine(value, 1.0, 1.0, 0.0, &other)
    }
}

impl Sub for Jet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        let value = self.value - other.value;
        self.combine(value, 1.0, -1.0, 0.0, &other)
    }
}

impl Mul for Jet {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let (a, b) = (self.value, other.value);
        self.combine(a * b, b, a, 1.0, &other)
    }
}

impl Div for Jet {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let quotient = self.value / other.value;
        let mut result = self * other.recip();
        result.value = quotient;
        result
    }
}

impl Neg for Jet {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl Add<f64> for Jet {
    type Output = Self;
    fn add(mut self, other: f64) -> Self {
        self.value += other;
        self
    }
}

impl Sub<f64> for Jet {
    type Output = Self;
    fn sub(self, other: f64) -> Self {
        self + -other
    }
}

impl Mul<f64> for Jet {
    type Output = Self;
    fn mul(mut self, other: f64) -> Self {
        self.value *= other;
        self.gradient.iter_mut().chain(&mut self.hessian).for_each(|x| *x *= other);
        self
    }
}
