//! LU factors with partial pivoting of the few-by-few matrices of a limited memory.

/// PA = LU (order × order, row-major).
#[derive(Debug, Clone, Default)]
pub(in crate::sqp) struct SmallLu {
    order: usize,
    factors: Vec<f64>,
    permutation: Vec<usize>,
}

impl SmallLu {
    /// `None` where a pivot is zero or not finite.
    pub fn new(mut a: Vec<f64>, order: usize) -> Option<Self> {
        let mut permutation: Vec<usize> = (0..order).collect();
        for k in 0..order {
            let size = |i: usize| a[i * order + k].abs();
            let pivot = (k..order).fold(k, |best, i| if size(i) > size(best) { i } else { best });
            if !(size(pivot) > 0.0 && size(pivot).is_finite()) {
                return None;
            }
            if pivot != k {
                permutation.swap(k, pivot);
                (0..order).for_each(|j| a.swap(k * order + j, pivot * order + j));
            }
            for i in k + 1..order {
                let ratio = a[i * order + k] / a[k * order + k];
                a[i * order + k] = ratio;
                for j in k + 1..order {
                    a[i * order + j] -= ratio * a[k * order + j];
                }
            }
        }
        Some(Self { order, factors: a, permutation })
    }

    /// A⁻¹b.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let n = self.order;
        let mut x: Vec<f64> = self.permutation.iter().map(|&i| b[i]).collect();
        for i in 0..n {
            for j in 0..i {
                x[i] -= self.factors[i * n + j] * x[j];
            }
        }
        for i in (0..n).rev() {
            for j in i + 1..n {
                x[i] -= self.factors[i * n + j] * x[j];
            }
            x[i] /= self.factors[i * n + i];
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_that_needs_pivoting_is_solved() {
        let a = vec![0.0, 2.0, 1.0, 1.0, 0.0, -1.0, 4.0, 1.0, 0.5];
        let x = [1.0, -2.0, 3.0];
        let b: Vec<f64> = a.chunks_exact(3).map(|row| row.iter().zip(&x).map(|(a, x)| a * x).sum()).collect();
        let solved = SmallLu::new(a, 3).unwrap().solve(&b);
        solved.iter().zip(&x).for_each(|(a, b)| assert!((a - b).abs() < 1e-14));
        assert!(SmallLu::new(vec![1.0, 1.0, 1.0, 1.0], 2).is_none());
    }
}
