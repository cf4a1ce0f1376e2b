//! Dense factorisations of the few-by-few matrices of a limited memory.

use std::ops::{Index, IndexMut};

/// Square matrix of order up to `capacity`, row-major; entries beyond the order in use are ignored.
#[derive(Debug, Clone)]
pub(super) struct Square {
    capacity: usize,
    entries: Vec<f64>,
}

impl Square {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, entries: vec![0.0; capacity * capacity] }
    }

    pub fn clear(&mut self) {
        self.entries.fill(0.0);
    }

    /// Drops the first row and column of the leading block of the given order.
    pub fn drop_first(&mut self, order: usize) {
        for i in 1..order {
            for j in 1..order {
                self[(i - 1, j - 1)] = self[(i, j)];
            }
        }
        for i in 0..order {
            self[(i, order - 1)] = 0.0;
            self[(order - 1, i)] = 0.0;
        }
    }
}

impl Index<(usize, usize)> for Square {
    type Output = f64;

    #[inline]
    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        &self.entries[i * self.capacity + j]
    }
}

impl IndexMut<(usize, usize)> for Square {
    #[inline]
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut f64 {
        &mut self.entries[i * self.capacity + j]
    }
}

/// Replaces the lower triangle of the leading block by its Cholesky factor; false where the matrix is not positive
/// definite to working precision.
fn factor_cholesky(a: &mut Square, order: usize) -> bool {
    for j in 0..order {
        let diagonal = a[(j, j)];
        let mut pivot = diagonal;
        for k in 0..j {
            pivot -= a[(j, k)] * a[(j, k)];
        }
        // A pivot below one rounding of its diagonal entry has no correct digit; NaN fails as well.
        if !(pivot > f64::EPSILON * diagonal && pivot.is_finite()) {
            return false;
        }
        let root = pivot.sqrt();
        a[(j, j)] = root;
        for i in j + 1..order {
            let mut entry = a[(i, j)];
            for k in 0..j {
                entry -= a[(i, k)] * a[(j, k)];
            }
            a[(i, j)] = entry / root;
        }
    }
    true
}

/// v ← L⁻¹ v.
fn solve_lower(l: &Square, v: &mut [f64]) {
    for i in 0..v.len() {
        let mut entry = v[i];
        for k in 0..i {
            entry -= l[(i, k)] * v[k];
        }
        v[i] = entry / l[(i, i)];
    }
}

/// v ← L⁻ᵀ v.
fn solve_lower_transposed(l: &Square, v: &mut [f64]) {
    for i in (0..v.len()).rev() {
        let mut entry = v[i];
        for k in i + 1..v.len() {
            entry -= l[(k, i)] * v[k];
        }
        v[i] = entry / l[(i, i)];
    }
}

/// Factorisation of the symmetric indefinite matrix
///
/// ```text
/// [ −A   Rᵀ ]
/// [  R   C  ]     A positive definite, C + R A⁻¹ Rᵀ positive definite
/// ```
///
/// by block elimination: A = L Lᵀ, V = R L⁻ᵀ, C + V Vᵀ = J Jᵀ.
#[derive(Debug, Clone)]
pub(super) struct BlockFactor {
    order: usize,
    /// A, then L.
    pub first: Square,
    /// R, then V.
    pub coupling: Square,
    /// C (lower triangle), then J.
    pub second: Square,
}

impl BlockFactor {
    pub fn new(capacity: usize) -> Self {
        Self {
            order: 0,
            first: Square::new(capacity),
            coupling: Square::new(capacity),
            second: Square::new(capacity),
        }
    }

    /// Factors the blocks in place; A, R and C are of the given order. False if a block is not positive definite.
    pub fn factor(&mut self, order: usize) -> bool {
        self.order = order;
        if !factor_cholesky(&mut self.first, order) {
            return false;
        }
        for i in 0..order {
            let row = i * self.coupling.capacity;
            solve_lower(&self.first, &mut self.coupling.entries[row..row + order]);
        }
        for i in 0..order {
            for j in 0..=i {
                let mut entry = self.second[(i, j)];
                for k in 0..order {
                    entry += self.coupling[(i, k)] * self.coupling[(j, k)];
                }
                self.second[(i, j)] = entry;
            }
        }
        factor_cholesky(&mut self.second, order)
    }

    /// Solves in place; the vector has twice the order, first the part of A, then the part of C.
    pub fn solve(&self, vector: &mut [f64]) {
        let order = self.order;
        let (u, v) = vector.split_at_mut(order);
        solve_lower(&self.first, u);
        for i in 0..order {
            for k in 0..order {
                v[i] += self.coupling[(i, k)] * u[k];
            }
        }
        solve_lower(&self.second, v);
        solve_lower_transposed(&self.second, v);
        for k in 0..order {
            let mut entry = -u[k];
            for i in 0..order {
                entry += self.coupling[(i, k)] * v[i];
            }
            u[k] = entry;
        }
        solve_lower_transposed(&self.first, u);
    }

    /// Writes the solutions for the columns of the identity into `columns`, one after another; `rows` is storage. Both get the
    /// length (2 order)². Component by component for all columns at once, in vector registers: the bits of [`BlockFactor::solve`].
    pub fn solve_identity(&self, rows: &mut Vec<f64>, columns: &mut Vec<f64>) {
        let (order, width) = (self.order, 2 * self.order);
        for matrix in [&mut *rows, &mut *columns] {
            matrix.clear();
            matrix.resize(width * width, 0.0);
        }
        for i in 0..width {
            rows[i * width + i] = 1.0;
        }
        let mut rows_of = Rows { width, entries: rows };
        for i in 0..order {
            (0..i).for_each(|k| rows_of.add(i, k, -self.first[(i, k)]));
            rows_of.divide(i, self.first[(i, i)]);
        }
        for i in 0..order {
            (0..order).for_each(|k| rows_of.add(order + i, k, self.coupling[(i, k)]));
        }
        for i in 0..order {
            (0..i).for_each(|k| rows_of.add(order + i, order + k, -self.second[(i, k)]));
            rows_of.divide(order + i, self.second[(i, i)]);
        }
        for i in (0..order).rev() {
            (i + 1..order).for_each(|k| rows_of.add(order + i, order + k, -self.second[(k, i)]));
            rows_of.divide(order + i, self.second[(i, i)]);
        }
        for k in 0..order {
            rows_of.divide(k, -1.0);
            (0..order).for_each(|i| rows_of.add(k, order + i, self.coupling[(i, k)]));
        }
        for i in (0..order).rev() {
            (i + 1..order).for_each(|k| rows_of.add(i, k, -self.first[(k, i)]));
            rows_of.divide(i, self.first[(i, i)]);
        }
        for (c, column) in columns.chunks_exact_mut(width.max(1)).enumerate() {
            for (r, entry) in column.iter_mut().enumerate() {
                *entry = rows[r * width + c];
            }
        }
    }
}

/// A matrix by rows, for elimination.
struct Rows<'a> {
    width: usize,
    entries: &'a mut [f64],
}

impl Rows<'_> {
    /// Adds `factor` times the row `from` to another.
    fn add(&mut self, to: usize, from: usize, factor: f64) {
        if factor == 0.0 {
            return;
        }
        let width = self.width;
        let (target, source) = if to < from {
            let (head, tail) = self.entries.split_at_mut(from * width);
            (&mut head[to * width..][..width], &tail[..width])
        } else {
            let (head, tail) = self.entries.split_at_mut(to * width);
            (&mut tail[..width], &head[from * width..][..width])
        };
        target.iter_mut().zip(source).for_each(|(x, y)| *x += factor * y);
    }

    fn divide(&mut self, row: usize, by: f64) {
        self.entries[row * self.width..][..self.width].iter_mut().for_each(|x| *x /= by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> BlockFactor {
        let mut factor = BlockFactor::new(4);
        for i in 0..3 {
            for j in 0..3 {
                let (x, y) = (i as f64, j as f64);
                factor.first[(i, j)] = 1.0 / (1.0 + x + y) + if i == j { 1.0 } else { 0.0 };
                factor.coupling[(i, j)] = x - 2.0 * y + 0.5;
                factor.second[(i, j)] = if i == j { 0.3 * x } else { 0.0 };
            }
        }
        factor
    }

    #[test]
    fn the_solution_solves_the_block_system() {
        let plain = blocks();
        let mut factor = blocks();
        assert!(factor.factor(3));
        let right = [1.0, -2.0, 0.5, 3.0, 0.25, -1.0];
        let mut solution = right;
        factor.solve(&mut solution);
        for i in 0..3 {
            let (mut top, mut bottom) = (0.0, 0.0);
            for j in 0..3 {
                top += -plain.first[(i, j)] * solution[j] + plain.coupling[(j, i)] * solution[3 + j];
                bottom += plain.coupling[(i, j)] * solution[j] + plain.second[(i, j)] * solution[3 + j];
            }
            assert!((top - right[i]).abs() < 1e-12, "{top} {}", right[i]);
            assert!((bottom - right[3 + i]).abs() < 1e-12, "{bottom} {}", right[3 + i]);
        }
    }

    #[test]
    fn the_inverse_has_the_bits_of_single_solutions() {
        let mut factor = blocks();
        assert!(factor.factor(3));
        let (mut rows, mut columns) = (vec![7.0; 2], Vec::new());
        factor.solve_identity(&mut rows, &mut columns);
        for i in 0..6 {
            let mut unit = [0.0; 6];
            unit[i] = 1.0;
            factor.solve(&mut unit);
            assert_eq!(columns[6 * i..6 * (i + 1)], unit);
        }
    }

    #[test]
    fn an_indefinite_block_is_refused() {
        let mut factor = blocks();
        factor.first[(1, 1)] = -1.0;
        assert!(!factor.factor(3));
        let mut factor = blocks();
        factor.second[(2, 2)] = -1e3;
        assert!(!factor.factor(3));
        let mut factor = blocks();
        factor.second[(0, 0)] = f64::NAN;
        assert!(!factor.factor(3));
    }

    #[test]
    fn dropping_the_first_row_moves_the_rest_up() {
        let mut a = Square::new(3);
        for i in 0..3 {
            for j in 0..3 {
                a[(i, j)] = (10 * i + j) as f64;
            }
        }
        a.drop_first(3);
        assert_eq!((a[(0, 0)], a[(0, 1)], a[(1, 0)], a[(1, 1)]), (11.0, 12.0, 21.0, 22.0));
        assert_eq!((a[(2, 0)], a[(1, 2)], a[(2, 2)]), (0.0, 0.0, 0.0));
    }
}
