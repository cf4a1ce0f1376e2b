//! Approximations of B⁻¹ for the matrix-free methods.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::Product;
use super::projection::CholeskyProjection;
use crate::numeric::sum::{axpy, dot};
use crate::sqp::functions::SqpError;

/// An entry of the probed diagonal is at least this part of the median.
const SMALLEST_ENTRY: f64 = 1e-6;

/// M ≈ B⁻¹, symmetric positive definite.
pub trait Preconditioner {
    /// out ← Mr.
    fn apply(&self, r: &[f64], out: &mut [f64]);
}

/// The limited-memory BFGS inverse in compact form,
/// H = H₀ + [S, H₀Y] [[R⁻ᵀ(D + YᵀH₀Y)R⁻¹, −R⁻ᵀ], [−R⁻¹, 0]] [Sᵀ; YᵀH₀], with R the upper triangle of SᵀY and D its diagonal.
///
/// Source: R. H. Byrd, J. Nocedal, R. B. Schnabel, Math. Programming 63 (1994) 129–156, theorem 2.2.
#[derive(Debug, Clone)]
pub struct LbfgsInverse {
    inverse_diagonal: Vec<f64>,
    steps: Vec<Vec<f64>>,
    changes: Vec<Vec<f64>>,
    /// R (k × k, row-major).
    triangle: Vec<f64>,
    /// D + YᵀH₀Y (k × k, row-major).
    middle: Vec<f64>,
}

impl LbfgsInverse {
    /// With the diagonal of B₀ (n) and pairs of steps and changes of the gradient, oldest first (n each); pairs without positive
    /// curvature are left out.
    pub fn new(diagonal: &[f64], steps: &[Vec<f64>], changes: &[Vec<f64>]) -> Self {
        let inverse_diagonal: Vec<f64> = diagonal.iter().map(|d| 1.0 / d).collect();
        let (steps, changes): (Vec<_>, Vec<_>) = steps
            .iter()
            .zip(changes)
            .filter(|(s, y)| dot(s, y) > 0.0)
            .map(|(s, y)| (s.clone(), y.clone()))
            .unzip();
        let k = steps.len();
        let (mut triangle, mut middle) = (vec![0.0; k * k], vec![0.0; k * k]);
        for i in 0..k {
            let scaled: Vec<f64> = changes[i].iter().zip(&inverse_diagonal).map(|(y, h)| y * h).collect();
            for j in 0..k {
                middle[i * k + j] = dot(&scaled, &changes[j]);
                if j >= i {
                    triangle[i * k + j] = dot(&steps[i], &changes[j]);
                }
            }
            middle[i * k + i] += triangle[i * k + i];
        }
        Self { inverse_diagonal, steps, changes, triangle, middle }
    }

    /// R⁻¹x, or R⁻ᵀx.
    fn solve(&self, mut x: Vec<f64>, transposed: bool) -> Vec<f64> {
        let k = x.len();
        for step in 0..k {
            let i = if transposed { step } else { k - 1 - step };
            let others = if transposed { 0..i } else { i + 1..k };
            let entry =
                |j: usize| if transposed { self.triangle[j * k + i] } else { self.triangle[i * k + j] };
            let rest: f64 = others.map(|j| entry(j) * x[j]).sum();
            x[i] = (x[i] - rest) / self.triangle[i * k + i];
        }
        x
    }
}

impl Preconditioner for LbfgsInverse {
    fn apply(&self, r: &[f64], out: &mut [f64]) {
        let k = self.steps.len();
        out.iter_mut().zip(r).zip(&self.inverse_diagonal).for_each(|((o, r), h)| *o = r * h);
        if k == 0 {
            return;
        }
        // w = R⁻¹Sᵀr; H r = H₀r + S R⁻ᵀ((D + YᵀH₀Y)w − YᵀH₀r) − H₀Yw.
        let w = self.solve(self.steps.iter().map(|s| dot(s, r)).collect(), false);
        let v =
            (0..k).map(|i| dot(&self.middle[i * k..(i + 1) * k], &w) - dot(&self.changes[i], out)).collect();
        let v = self.solve(v, true);
        let mut image = vec![0.0; r.len()];
        self.changes.iter().zip(&w).for_each(|(y, w)| axpy(*w, y, &mut image));
        out.iter_mut().zip(&image).zip(&self.inverse_diagonal).for_each(|((o, y), h)| *o -= h * y);
        self.steps.iter().zip(&v).for_each(|(s, v)| axpy(*v, s, out));
    }
}

/// The inverse of the diagonal of B, estimated from products with random signs.
///
/// Source: C. Bekas, E. Kokiopoulou, Y. Saad, Appl. Numer. Math. 57 (2007) 1214–1229.
#[derive(Debug, Clone)]
pub struct ProbedDiagonal {
    inverse: Vec<f64>,
}

impl ProbedDiagonal {
    /// From `probes` products, drawn from `seed`: |entries|, none below 10⁻⁶ of the median.
    ///
    /// # Errors
    /// What a product with B reports.
    pub fn new(n: usize, probes: usize, seed: u64, product: &mut Product<'_>) -> Result<Self, SqpError> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut sum, mut image) = (vec![0.0; n], vec![0.0; n]);
        for _ in 0..probes {
            let signs: Vec<f64> =
                (0..n).map(|_| if random.next_u32() & 1 == 0 { 1.0 } else { -1.0 }).collect();
            product(&signs, &mut image)?;
            sum.iter_mut().zip(&signs).zip(&image).for_each(|((d, s), b)| *d += s * b);
        }
        let mut sizes: Vec<f64> = sum.iter().map(|d| (d / probes.max(1) as f64).abs()).collect();
        let mut sorted = sizes.clone();
        sorted.sort_by(f64::total_cmp);
        let median = sorted.get(n / 2).copied().unwrap_or(1.0);
        let least = if median > 0.0 { SMALLEST_ENTRY * median } else { 1.0 };
        sizes.iter_mut().for_each(|d| *d = 1.0 / d.max(least));
        Ok(Self { inverse: sizes })
    }
}

impl Preconditioner for ProbedDiagonal {
    fn apply(&self, r: &[f64], out: &mut [f64]) {
        out.iter_mut().zip(r).zip(&self.inverse).for_each(|((o, r), h)| *o = r * h);
    }
}

/// Of B + AᵀA/μ, given M ≈ B⁻¹: M − MAᵀ(μI + AMAᵀ)⁻¹AM (Woodbury).
pub struct Woodbury<'a> {
    inner: Option<&'a dyn Preconditioner>,
    /// A (m × n) and MAᵀ by rows.
    rows: &'a [f64],
    images: Vec<Vec<f64>>,
    core: CholeskyProjection,
}

impl<'a> Woodbury<'a> {
    /// With A (m × n, row-major); no inner preconditioner means M = I.
    pub fn new(inner: Option<&'a dyn Preconditioner>, rows: &'a [f64], n: usize, mu: f64) -> Self {
        let image = |row: &[f64]| {
            let mut out = row.to_vec();
            if let Some(inner) = inner {
                inner.apply(row, &mut out);
            }
            out
        };
        let images: Vec<Vec<f64>> = rows.chunks_exact(n.max(1)).map(image).collect();
        let gram =
            |i: usize, j: usize| dot(&rows[i * n..(i + 1) * n], &images[j]) + if i == j { mu } else { 0.0 };
        let core = CholeskyProjection::of(images.len(), gram);
        Self { inner, rows, images, core }
    }
}

impl Preconditioner for Woodbury<'_> {
    fn apply(&self, r: &[f64], out: &mut [f64]) {
        match self.inner {
            Some(inner) => inner.apply(r, out),
            None => out.copy_from_slice(r),
        }
        let n = r.len().max(1);
        let mut y: Vec<f64> = self.rows.chunks_exact(n).map(|row| dot(row, out)).collect();
        self.core.solve(&mut y);
        self.images.iter().zip(&y).for_each(|(image, y)| axpy(-y, image, out));
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_problems::{dense_product, spd};
    use super::*;

    fn dense(preconditioner: &dyn Preconditioner, n: usize) -> Vec<Vec<f64>> {
        (0..n)
            .map(|j| {
                let unit: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == j))).collect();
                let mut out = vec![0.0; n];
                preconditioner.apply(&unit, &mut out);
                out
            })
            .collect()
    }

    #[test]
    fn the_compact_form_is_that_of_the_updates_one_by_one() {
        let (n, b) = (6, spd(6, 3));
        let diagonal: Vec<f64> = (0..n).map(|i| 1.0 + i as f64).collect();
        let steps: Vec<Vec<f64>> =
            (0..4).map(|k| (0..n).map(|i| ((3 * i + 5 * k) % 7) as f64 - 3.0).collect()).collect();
        let changes: Vec<Vec<f64>> = steps.iter().map(|s| dense_product(&b, s)).collect();
        let found = dense(&LbfgsInverse::new(&diagonal, &steps, &changes), n);
        // H⁺ = (I − ρsyᵀ)H(I − ρysᵀ) + ρssᵀ.
        let mut h: Vec<Vec<f64>> =
            (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 / diagonal[i] } else { 0.0 }).collect()).collect();
        for (s, y) in steps.iter().zip(&changes) {
            let rho = 1.0 / dot(s, y);
            let hy: Vec<f64> = h.iter().map(|row| dot(row, y)).collect();
            let yhy = dot(y, &hy);
            for i in 0..n {
                for j in 0..n {
                    h[i][j] += (rho * rho * yhy + rho) * s[i] * s[j] - rho * (hy[i] * s[j] + s[i] * hy[j]);
                }
            }
        }
        for i in 0..n {
            for j in 0..n {
                assert!((found[i][j] - h[i][j]).abs() < 1e-11, "{i} {j}: {} {}", found[i][j], h[i][j]);
            }
        }
        let mut secant = vec![0.0; n];
        LbfgsInverse::new(&diagonal, &steps, &changes).apply(&changes[3], &mut secant);
        assert!(secant.iter().zip(&steps[3]).all(|(a, b)| (a - b).abs() < 1e-11));
    }

    #[test]
    fn probes_find_a_diagonal_exactly() {
        let entries = [4.0, -2.0, 0.0, 1.0, 8.0];
        let mut product = |v: &[f64], out: &mut [f64]| {
            out.iter_mut().zip(v).zip(&entries).for_each(|((o, v), d)| *o = d * v);
            Ok(())
        };
        let probed = ProbedDiagonal::new(5, 3, 1, &mut product).unwrap();
        // The median of the sizes is 2.
        assert_eq!(probed.inverse, [0.25, 0.5, 1.0 / 2e-6, 1.0, 0.125]);
    }

    #[test]
    fn woodburys_form_is_the_inverse() {
        let (n, mu) = (5, 0.01);
        let rows: Vec<f64> = (0..2 * n).map(|e| ((e * 3) % 5) as f64 - 2.0).collect();
        let found = dense(&Woodbury::new(None, &rows, n, mu), n);
        for (j, column) in found.iter().enumerate() {
            // (I + AᵀA/μ)·column = eⱼ.
            let mut product = column.clone();
            for row in rows.chunks_exact(n) {
                axpy(dot(row, column) / mu, row, &mut product);
            }
            for (i, v) in product.iter().enumerate() {
                assert!((v - f64::from(u8::from(i == j))).abs() < 1e-10);
            }
        }
    }
}
