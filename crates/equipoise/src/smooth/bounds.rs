//! The box lower ≤ x ≤ upper; either side may be infinite.

use super::SmoothError;

/// A box of n variables with at least one finite point.
#[derive(Debug, Clone)]
pub struct Bounds {
    pub(super) lower: Vec<f64>,
    pub(super) upper: Vec<f64>,
    /// The bounds of every variable, where they are the same: loops over many variables then read no vector of bounds.
    uniform: Option<(f64, f64)>,
}

impl Bounds {
    /// Both vectors have length n; a bound may be infinite, and equal bounds fix a variable.
    ///
    /// # Errors
    /// [`SmoothError`] if the lengths differ, a bound is NaN, or no finite number lies between two bounds.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, SmoothError> {
        if lower.len() != upper.len() {
            return Err(SmoothError::BoundLengths { lower: lower.len(), upper: upper.len() });
        }
        for (index, (&lower, &upper)) in lower.iter().zip(&upper).enumerate() {
            // The last two leave no finite point.
            if lower.is_nan()
                || upper.is_nan()
                || lower > upper
                || lower == f64::INFINITY
                || upper == f64::NEG_INFINITY
            {
                return Err(SmoothError::Bounds { index, lower, upper });
            }
        }
        let first = lower.first().copied().zip(upper.first().copied());
        let is_first = |(&lower, &upper): (&f64, &f64)| Some((lower, upper)) == first;
        let uniform = first.filter(|_| lower.iter().zip(&upper).all(is_first));
        Ok(Self { lower, upper, uniform })
    }

    /// The bounds of variable `i`.
    #[inline]
    fn of(&self, i: usize) -> (f64, f64) {
        self.uniform.unwrap_or_else(|| (self.lower[i], self.upper[i]))
    }

    /// n
    pub fn len(&self) -> usize {
        self.lower.len()
    }

    /// True if n = 0.
    pub fn is_empty(&self) -> bool {
        self.lower.is_empty()
    }

    /// Lower bounds (n).
    pub fn lower(&self) -> &[f64] {
        &self.lower
    }

    /// Upper bounds (n).
    pub fn upper(&self) -> &[f64] {
        &self.upper
    }

    /// The nearest number to `x` within the bounds of variable `i`.
    #[inline]
    pub fn clip(&self, i: usize, x: f64) -> f64 {
        let (lower, upper) = self.of(i);
        x.max(lower).min(upper)
    }

    /// The start point brought into the box.
    ///
    /// # Errors
    /// [`SmoothError`] if there is none, its length is not n, or it is not finite.
    pub(super) fn start(&self, start: Option<Vec<f64>>) -> Result<Vec<f64>, SmoothError> {
        let mut x = start.ok_or(SmoothError::NoStart)?;
        if x.len() != self.len() {
            return Err(SmoothError::StartLength { expected: self.len(), received: x.len() });
        }
        for (index, value) in x.iter_mut().enumerate() {
            let clipped = self.clip(index, *value);
            if value.is_nan() || clipped.is_infinite() {
                return Err(SmoothError::StartNotFinite { index, value: *value });
            }
            *value = clipped;
        }
        Ok(x)
    }

    /// True if variable i lies on a bound and −g points out of the box (or both bounds are equal).
    #[inline]
    pub fn holds(&self, i: usize, x: f64, g: f64) -> bool {
        (x <= self.lower[i] && g > 0.0) || (x >= self.upper[i] && g < 0.0) || self.lower[i] == self.upper[i]
    }

    /// maxᵢ |P(x − g)ᵢ − xᵢ| for x in the box, P the projection onto it.
    ///
    /// Written as the projection of −g onto [lower − x, upper − x], which does not lose g beside a large x.
    pub fn projected_gradient_norm(&self, x: &[f64], g: &[f64]) -> f64 {
        let mut norm = 0.0f64;
        for i in 0..x.len() {
            norm = norm.max(self.projected_component(i, x[i], -g[i]).abs());
        }
        norm
    }

    /// P(x + s)ᵢ − xᵢ for xᵢ = `x` in the box and sᵢ = `step`.
    #[inline]
    pub fn projected_component(&self, i: usize, x: f64, step: f64) -> f64 {
        let (lower, upper) = self.of(i);
        step.max(lower - x).min(upper - x)
    }

    /// P(x + s) − x (n) for x in the box.
    pub fn projected_step(&self, x: &[f64], step: &[f64]) -> Vec<f64> {
        (0..x.len()).map(|i| self.projected_component(i, x[i], step[i])).collect()
    }

    /// P(x + αs) (n).
    pub fn moved(&self, x: &[f64], step: &[f64], alpha: f64) -> Vec<f64> {
        (0..x.len()).map(|i| self.clip(i, x[i] + alpha * step[i])).collect()
    }

    /// The largest α for which x + αd stays in the box, and the first variable that stops it there; (∞, none) if
    /// nothing does.
    pub fn largest_step(&self, x: &[f64], d: &[f64]) -> (f64, Option<usize>) {
        let (mut largest, mut variable) = (f64::INFINITY, None);
        for i in 0..x.len() {
            let step = if d[i] > 0.0 {
                (self.upper[i] - x[i]) / d[i]
            } else if d[i] < 0.0 {
                (self.lower[i] - x[i]) / d[i]
            } else {
                continue;
            };
            if step < largest {
                (largest, variable) = (step, Some(i));
            }
        }
        (largest, variable)
    }

    /// out ← x + αd, clipped. The variable that stops the path at `largest` gets its bound exactly there: one rounding
    /// short of it, it would count as free.
    pub(super) fn point_at(
        &self,
        x: &[f64],
        d: &[f64],
        alpha: f64,
        largest: (f64, Option<usize>),
        out: &mut [f64],
    ) {
        for i in 0..x.len() {
            out[i] = self.clip(i, x[i] + alpha * d[i]);
        }
        if let (true, Some(i)) = (alpha >= largest.0, largest.1) {
            out[i] = if d[i] > 0.0 { self.upper[i] } else { self.lower[i] };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        Bounds::new(vec![0.0, -1.0, f64::NEG_INFINITY], vec![0.0, 2.0, f64::INFINITY]).unwrap()
    }

    #[test]
    fn the_projected_gradient_stops_at_the_bounds() {
        let x = [0.0, 2.0, 1e20];
        assert_eq!(bounds().projected_gradient_norm(&x, &[5.0, -3.0, 0.0]), 0.0);
        assert_eq!(bounds().projected_gradient_norm(&x, &[5.0, 10.0, 0.0]), 3.0);
        // P(x − g) − x computed as written would be 0.
        assert_eq!(bounds().projected_gradient_norm(&x, &[0.0, 0.0, 1e-3]), 1e-3);
    }

    #[test]
    fn the_largest_step_reaches_a_bound_exactly() {
        let (x, d) = ([0.0, 0.7, 0.0], [0.0, 0.3, 5.0]);
        let largest = bounds().largest_step(&x, &d);
        assert_eq!(largest.1, Some(1));
        let mut point = [9.0; 3];
        bounds().point_at(&x, &d, largest.0, largest, &mut point);
        assert_eq!((point[0], point[1]), (0.0, 2.0));
        assert_eq!(bounds().largest_step(&x, &[0.0, 0.0, 1.0]), (f64::INFINITY, None));
    }
}
