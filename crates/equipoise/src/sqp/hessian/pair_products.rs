//! Inner products among the pairs of a limited memory, over all variables or some, kept up to date as pairs and variables come and go.

use crate::numeric::sum::dot;

/// SᵀS, SᵀY and YᵀY over a set of variables, for at most `stride` pairs.
#[derive(Debug, Clone)]
pub(super) struct PairProducts {
    stride: usize,
    len: usize,
    ss: Vec<f64>,
    sy: Vec<f64>,
    yy: Vec<f64>,
}

impl PairProducts {
    pub(super) fn new(stride: usize) -> Self {
        let square = vec![0.0; stride * stride];
        Self { stride, len: 0, ss: square.clone(), sy: square.clone(), yy: square }
    }

    /// sᵢᵀsⱼ.
    pub(super) fn ss(&self, i: usize, j: usize) -> f64 {
        self.ss[i * self.stride + j]
    }

    /// sᵢᵀyⱼ.
    pub(super) fn sy(&self, i: usize, j: usize) -> f64 {
        self.sy[i * self.stride + j]
    }

    /// yᵢᵀyⱼ.
    pub(super) fn yy(&self, i: usize, j: usize) -> f64 {
        self.yy[i * self.stride + j]
    }

    /// Forgets every pair.
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// Forgets the oldest pair.
    pub(super) fn drop_oldest(&mut self) {
        for part in [&mut self.ss, &mut self.sy, &mut self.yy] {
            for i in 1..self.len {
                let from = i * self.stride + 1;
                part.copy_within(from..from + self.len - 1, (i - 1) * self.stride);
            }
        }
        self.len -= 1;
    }

    /// Takes in the last pair of `steps` and `changes`; `over` names the variables, all if there is none.
    pub(super) fn append(&mut self, steps: &[Vec<f64>], changes: &[Vec<f64>], over: Option<&[usize]>) {
        let last = self.len;
        self.len += 1;
        let inner = |a: &[f64], b: &[f64]| match over {
            None => dot(a, b),
            Some(variables) => variables.iter().map(|&j| a[j] * b[j]).sum(),
        };
        let (s, y, width) = (&steps[last], &changes[last], self.stride);
        for i in 0..=last {
            let (ss, yy) = (inner(&steps[i], s), inner(&changes[i], y));
            (self.ss[i * width + last], self.ss[last * width + i]) = (ss, ss);
            (self.yy[i * width + last], self.yy[last * width + i]) = (yy, yy);
            self.sy[i * width + last] = inner(&steps[i], y);
            if i < last {
                self.sy[last * width + i] = inner(s, &changes[i]);
            }
        }
    }

    /// Adds variable j `sign` times to those summed over.
    pub(super) fn add_variable(&mut self, steps: &[Vec<f64>], changes: &[Vec<f64>], j: usize, sign: f64) {
        let s: Vec<f64> = steps.iter().map(|s| s[j]).collect();
        let y: Vec<f64> = changes.iter().map(|y| y[j]).collect();
        for i in 0..self.len {
            let row = i * self.stride..i * self.stride + self.len;
            let (si, yi) = (sign * s[i], sign * y[i]);
            self.ss[row.clone()].iter_mut().zip(&s).for_each(|(p, s)| *p += si * s);
            self.sy[row.clone()].iter_mut().zip(&y).for_each(|(p, y)| *p += si * y);
            self.yy[row].iter_mut().zip(&y).for_each(|(p, y)| *p += yi * y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_follow_pairs_and_variables() {
        let vector =
            |seed: usize| (0..6).map(|j| ((7 * seed + 3 * j) % 11) as f64 - 5.0).collect::<Vec<f64>>();
        let (mut steps, mut changes) = (Vec::new(), Vec::new());
        let mut products = PairProducts::new(3);
        let over = [1, 4];
        for k in 0..5 {
            if steps.len() == 3 {
                steps.remove(0);
                changes.remove(0);
                products.drop_oldest();
            }
            steps.push(vector(k));
            changes.push(vector(k + 20));
            products.append(&steps, &changes, Some(&over));
        }
        products.add_variable(&steps, &changes, 0, 1.0);
        products.add_variable(&steps, &changes, 4, -1.0);
        for i in 0..3 {
            for j in 0..3 {
                let sum = |a: &[f64], b: &[f64]| a[0] * b[0] + a[1] * b[1];
                assert_eq!(products.ss(i, j), sum(&steps[i], &steps[j]));
                assert_eq!(products.sy(i, j), sum(&steps[i], &changes[j]));
                assert_eq!(products.yy(i, j), sum(&changes[i], &changes[j]));
            }
        }
    }
}
