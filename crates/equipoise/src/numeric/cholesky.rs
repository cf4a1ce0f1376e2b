//! Blocked Cholesky factorisation of a dense symmetric positive definite matrix, with symmetric diagonal scaling.

use super::parallel::Workers;
use super::sum::{dot, sum};

/// Width of a panel; the packed panel of a 1000-column matrix stays in the second-level cache.
const PANEL: usize = 48;
/// Side of the register block of the trailing update.
const TILE: usize = 4;
/// Rows of one task of the panel solve and of the trailing update: a multiple of [`TILE`].
const ROWS_PER_TASK: usize = 16;

/// H = D L Lᵀ D with D = diag(√Hᵢᵢ), L unit-scaled lower triangular (k × k, row-major).
#[derive(Debug, Clone)]
pub struct Cholesky {
    order: usize,
    factor: Vec<f64>,
    inverse_scale: Vec<f64>,
    smallest_pivot: f64,
}

/// The factorisation met a pivot that is not positive: the matrix is not numerically positive definite.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("pivot {index} of the scaled matrix is {pivot:e}: it is not positive definite in double precision")]
pub struct NotPositiveDefinite {
    /// Row of the pivot.
    pub index: usize,
    /// Its value after elimination (diagonal scaled to 1).
    pub pivot: f64,
}

impl Cholesky {
    /// An empty factorisation of order k, whose storage every later [`Cholesky::factor`] reuses.
    pub fn new(order: usize) -> Self {
        Self::with_storage(order, Vec::new())
    }

    /// The same in the storage of another, see [`Cholesky::take_storage`].
    pub fn with_storage(order: usize, mut storage: Vec<f64>) -> Self {
        storage.clear();
        storage.resize(order * order, 0.0);
        Self { order, factor: storage, inverse_scale: vec![1.0; order], smallest_pivot: f64::NAN }
    }

    /// Its storage; the factorisation is then one of order 0.
    pub fn take_storage(&mut self) -> Vec<f64> {
        self.order = 0;
        std::mem::take(&mut self.factor)
    }

    /// Factors the symmetric matrix whose lower triangle is `matrix(i, j)`, i ≥ j.
    ///
    /// # Errors
    /// A diagonal entry or a pivot that is not positive, with its index; the factor is then unusable.
    pub fn factor(
        &mut self,
        matrix: impl Fn(usize, usize) -> f64 + Sync + Send,
        workers: &Workers,
    ) -> Result<(), NotPositiveDefinite> {
        let k = self.order;
        for i in 0..k {
            let diagonal = matrix(i, i);
            if !(diagonal > 0.0 && diagonal.is_finite()) {
                return Err(NotPositiveDefinite { index: i, pivot: diagonal });
            }
            self.inverse_scale[i] = 1.0 / diagonal.sqrt();
        }
        let scale = &self.inverse_scale;
        workers.fill_by(k.max(1), &mut self.factor, |start, row| {
            let i = start / k;
            for j in 0..=i {
                row[j] = scale[i] * scale[j] * matrix(i, j);
            }
        });
        self.smallest_pivot = f64::INFINITY;
        for start in (0..k).step_by(PANEL) {
            let end = (start + PANEL).min(k);
            self.factor_diagonal_block(start, end)?;
            self.solve_panel(start, end, workers);
            self.update_trailing(start, end, workers);
        }
        Ok(())
    }

    /// Smallest pivot met, in the scaling where the diagonal is 1: near 2⁻⁵³ the matrix is numerically singular.
    pub fn smallest_pivot(&self) -> f64 {
        self.smallest_pivot
    }

    /// log|H|.
    pub fn log_determinant(&self) -> f64 {
        let logs = (0..self.order)
            .map(|i| 2.0 * libm::log(self.factor[i * self.order + i] / self.inverse_scale[i]))
            .collect::<Vec<_>>();
        sum(&logs)
    }

    /// Row i of L up to its diagonal, and 1/√Hᵢᵢ.
    pub(super) fn row(&self, i: usize) -> (&[f64], f64) {
        (&self.factor[i * self.order..=i * self.order + i], self.inverse_scale[i])
    }

    fn factor_diagonal_block(&mut self, start: usize, end: usize) -> Result<(), NotPositiveDefinite> {
        let k = self.order;
        for j in start..end {
            for i in j..end {
                let (upper, lower) = self.factor.split_at_mut(i * k);
                let row_j = if i == j { &lower[start..j] } else { &upper[j * k + start..j * k + j] };
                let rest = lower[j] - dot(&lower[start..j], row_j);
                if i == j {
                    if !(rest > 0.0 && rest.is_finite()) {
                        return Err(NotPositiveDefinite { index: j, pivot: rest });
                    }
                    self.smallest_pivot = self.smallest_pivot.min(rest);
                    lower[j] = rest.sqrt();
                } else {
                    lower[j] = rest / upper[j * k + j];
                }
            }
        }
        Ok(())
    }

    /// L₂₁ = A₂₁ L₁₁⁻ᵀ, one output row at a time.
    fn solve_panel(&mut self, start: usize, end: usize, workers: &Workers) {
        let k = self.order;
        let (done, below) = self.factor.split_at_mut(end * k);
        let done = &*done;
        workers.fill_by(ROWS_PER_TASK * k, below, |_, rows| {
            for row in rows.chunks_exact_mut(k) {
                for j in start..end {
                    let pivot_row = &done[j * k..=j * k + j];
                    let rest = row[j] - dot(&row[start..j], &pivot_row[start..j]);
                    row[j] = rest / pivot_row[j];
                }
            }
        });
    }

    /// A₂₂ −= L₂₁L₂₁ᵀ by 4 × 4 register blocks over the packed, transposed panel.
    fn update_trailing(&mut self, start: usize, end: usize, workers: &Workers) {
        let (k, width) = (self.order, end - start);
        let below = &mut self.factor[end * k..];
        let num_rows = k - end;
        let mut packed = vec![0.0; num_rows.div_ceil(TILE) * TILE * width];
        for (i, row) in below.chunks_exact(k).enumerate() {
            let tile = &mut packed[(i / TILE) * TILE * width..][..TILE * width];
            for (p, &x) in row[start..end].iter().enumerate() {
                tile[p * TILE + i % TILE] = x;
            }
        }
        let packed = &packed;
        workers.fill_by(ROWS_PER_TASK * k, below, |offset, rows| {
            let first = offset / k;
            for (t, tile_rows) in rows.chunks_mut(TILE * k).enumerate() {
                let tile = first / TILE + t;
                let left = &packed[tile * TILE * width..][..TILE * width];
                for other in 0..=tile {
                    let right = &packed[other * TILE * width..][..TILE * width];
                    let products = tile_product(left, right);
                    subtract_tile(tile_rows, k, tile * TILE, end, other * TILE, &products);
                }
            }
        });
    }

    /// x ← H⁻¹ x.
    pub fn solve(&self, x: &mut [f64]) {
        let k = self.order;
        assert_eq!(x.len(), k);
        for (x, s) in x.iter_mut().zip(&self.inverse_scale) {
            *x *= s;
        }
        for i in 0..k {
            let row = &self.factor[i * k..=i * k + i];
            x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
        }
        self.solve_transposed_factor(x);
    }

    /// x ← R⁻¹ x with the upper triangular R = LᵀD, H = RᵀR: turns white noise into noise of covariance H⁻¹.
    pub fn solve_transposed_factor(&self, x: &mut [f64]) {
        let k = self.order;
        assert_eq!(x.len(), k);
        for i in (0..k).rev() {
            let row = &self.factor[i * k..=i * k + i];
            x[i] /= row[i];
            let xi = x[i];
            for (x, l) in x[..i].iter_mut().zip(row) {
                *x -= l * xi;
            }
        }
        for (x, s) in x.iter_mut().zip(&self.inverse_scale) {
            *x *= s;
        }
    }
}

/// Σₚ leftₚ rightₚᵀ over the panel, four rows by four columns.
#[inline(always)]
fn tile_product(left: &[f64], right: &[f64]) -> [[f64; TILE]; TILE] {
    let mut products = [[0.0; TILE]; TILE];
    for (x, y) in left.as_chunks::<TILE>().0.iter().zip(right.as_chunks::<TILE>().0) {
        for u in 0..TILE {
            for v in 0..TILE {
                products[u][v] += x[u] * y[v];
            }
        }
    }
    products
}

/// Subtracts a tile from the lower triangle; `row` and `column` count from the panel's end.
#[inline(always)]
fn subtract_tile(
    tile_rows: &mut [f64],
    k: usize,
    row: usize,
    end: usize,
    column: usize,
    products: &[[f64; TILE]; TILE],
) {
    for (u, (target, product)) in tile_rows.chunks_exact_mut(k).zip(products).enumerate() {
        let last = (row + u + 1).min(column + TILE);
        for (x, p) in target[end + column..end + last].iter_mut().zip(product) {
            *x -= p;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A well-conditioned test matrix with entries of very different scale.
    fn example(k: usize) -> Vec<f64> {
        let scale = |i: usize| 10f64.powi((i % 7) as i32 - 3);
        let mut h = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..k {
                let base = if i == j { 3.0 } else { 1.0 / (1.0 + (i as f64 - j as f64).abs()).powi(2) };
                h[i * k + j] = base * scale(i) * scale(j);
            }
        }
        h
    }

    #[test]
    fn solves_to_rounding_for_every_size_around_the_block_widths() {
        for k in [1, 2, 3, 4, 5, 15, 16, 17, 47, 48, 49, 53, 96, 97, 150] {
            let h = example(k);
            let want: Vec<f64> = (0..k).map(|i| 1.0 + (i % 5) as f64).collect();
            let mut x: Vec<f64> = (0..k).map(|i| dot(&h[i * k..(i + 1) * k], &want)).collect();
            let mut cholesky = Cholesky::new(k);
            cholesky.factor(|i, j| h[i * k + j], &Workers::new(2)).unwrap();
            cholesky.solve(&mut x);
            let worst = x.iter().zip(&want).map(|(a, b)| (a - b).abs() / b).fold(0.0, f64::max);
            assert!(worst < 1e-9, "order {k}: {worst:e}");
            let mut inline = Cholesky::new(k);
            inline.factor(|i, j| h[i * k + j], &Workers::inline()).unwrap();
            assert_eq!(inline.factor, cholesky.factor, "order {k}");
        }
    }

    #[test]
    fn the_log_determinant_is_that_of_the_matrix() {
        let (mut cholesky, h) = (Cholesky::new(2), [4e6, 1e3, 1e3, 2.0]);
        cholesky.factor(|i, j| h[i * 2 + j], &Workers::inline()).unwrap();
        assert!((cholesky.log_determinant() - libm::log(7e6)).abs() < 1e-14 * libm::log(7e6));
        assert_eq!(Cholesky::new(0).log_determinant(), 0.0);
    }

    #[test]
    fn reports_the_pivot_that_fails() {
        let mut cholesky = Cholesky::new(2);
        let singular = |_: usize, _: usize| 1.0;
        assert_eq!(cholesky.factor(singular, &Workers::inline()).unwrap_err().index, 1);
        let negative = |i: usize, j: usize| if i == j { -1.0 } else { 0.0 };
        let failure = cholesky.factor(negative, &Workers::inline()).unwrap_err();
        assert_eq!(failure, NotPositiveDefinite { index: 0, pivot: -1.0 });
        assert!(cholesky.factor(|_, _| f64::NAN, &Workers::inline()).is_err());
    }
}
