//! Eigenvalues and eigenvectors of a dense symmetric matrix.
//!
//! Householder tridiagonalisation, then the implicit QL method with Wilkinson shifts.
//!
//! Sources: G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th ed., §8.3; H. Bowdler, R. S. Martin, C. Reinsch, J. H.
//! Wilkinson, Numer. Math. 11 (1968) 293–306.

use super::sum::{axpy, dot};

/// Iterations allowed to one eigenvalue; three are usual.
const MAX_ITERATIONS: usize = 60;

/// A = V diag(values) Vᵀ.
#[derive(Debug, Clone, PartialEq)]
pub struct SymmetricEigen {
    /// Eigenvalues in ascending order (n).
    pub values: Vec<f64>,
    /// Orthonormal eigenvectors, one after another (n × n): vector `i` is `vectors[i * n..(i + 1) * n]`.
    pub vectors: Vec<f64>,
}

impl SymmetricEigen {
    /// Decomposes the symmetric matrix `a` (n × n by rows, only its lower triangle is read). `None` where an entry is not finite or
    /// the iteration does not end.
    ///
    /// # Panics
    /// If `a` has another length than n².
    pub fn new(a: &[f64], n: usize) -> Option<Self> {
        assert_eq!(a.len(), n * n);
        if n == 0 {
            return Some(Self { values: Vec::new(), vectors: Vec::new() });
        }
        let lower = (0..n).all(|i| a[i * n..=i * n + i].iter().all(|x| x.is_finite()));
        if !lower {
            return None;
        }
        let mut tridiagonal = Tridiagonal::new(a, n);
        tridiagonal.diagonalise()?;
        Some(tridiagonal.sorted())
    }

    /// Eigenvector `i` (n).
    pub fn vector(&self, i: usize) -> &[f64] {
        let n = self.values.len();
        &self.vectors[i * n..(i + 1) * n]
    }
}

/// A = Q T Qᵀ with T tridiagonal. Q is kept as its transpose, so that rotations act on rows.
struct Tridiagonal {
    n: usize,
    diagonal: Vec<f64>,
    /// Entry i couples i and i + 1; the last is 0.
    coupling: Vec<f64>,
    transposed: Vec<f64>,
}

impl Tridiagonal {
    /// Householder's reduction, from the last row upwards.
    fn new(a: &[f64], n: usize) -> Self {
        let mut work = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                work[i * n + j] = a[i * n + j];
                work[j * n + i] = a[i * n + j];
            }
        }
        let mut transposed = vec![0.0; n * n];
        for i in 0..n {
            transposed[i * n + i] = 1.0;
        }
        let mut reflections: Vec<(Vec<f64>, f64)> = Vec::new();
        let (mut coupling, mut product) = (vec![0.0; n], vec![0.0; n]);
        for k in (1..n).rev() {
            // The reflection of row k's first k entries onto a multiple of the last of them.
            let mut v = work[k * n..k * n + k].to_vec();
            let tail = dot(&v[..k - 1], &v[..k - 1]);
            let pivot = v[k - 1];
            if tail == 0.0 {
                coupling[k - 1] = pivot;
                continue;
            }
            let length = (pivot * pivot + tail).sqrt();
            let image = if pivot > 0.0 { -length } else { length };
            v[k - 1] = pivot - image;
            let beta = 2.0 / (tail + v[k - 1] * v[k - 1]);
            coupling[k - 1] = image;
            // A ← A − v wᵀ − w vᵀ on the leading block, p = βAv, w = p − (β/2)(p·v)v.
            for i in 0..k {
                product[i] = beta * dot(&work[i * n..i * n + k], &v);
            }
            let half = 0.5 * beta * dot(&product[..k], &v);
            axpy(-half, &v, &mut product[..k]);
            for i in 0..k {
                let row = &mut work[i * n..i * n + k];
                axpy(-v[i], &product[..k], row);
                axpy(-product[i], &v, row);
            }
            reflections.push((v, beta));
        }
        // Q = H₁H₂… in the order of their making; row i of Qᵀ is H…e_i.
        for row in transposed.chunks_exact_mut(n) {
            for (v, beta) in &reflections {
                let along = beta * dot(&row[..v.len()], v);
                axpy(-along, v, &mut row[..v.len()]);
            }
        }
        // The loop above made the rows of Q; transpose.
        for i in 0..n {
            for j in 0..i {
                transposed.swap(i * n + j, j * n + i);
            }
        }
        Self { n, diagonal: (0..n).map(|i| work[i * n + i]).collect(), coupling, transposed }
    }

    /// Implicit QL with Wilkinson's shift; `None` where an eigenvalue does not settle.
    fn diagonalise(&mut self) -> Option<()> {
        for l in 0..self.n {
            let mut iterations = 0;
            loop {
                let m = (l..self.n - 1).find(|&m| self.is_negligible(m)).unwrap_or(self.n - 1);
                if m == l {
                    break;
                }
                iterations += 1;
                if iterations > MAX_ITERATIONS {
                    return None;
                }
                self.sweep(l, m);
            }
        }
        Some(())
    }

    fn is_negligible(&self, m: usize) -> bool {
        let size = self.diagonal[m].abs() + self.diagonal[m + 1].abs();
        self.coupling[m].abs() <= f64::EPSILON * size || self.coupling[m].abs() < f64::MIN_POSITIVE
    }

    /// One QL step on the block l..=m.
    fn sweep(&mut self, l: usize, m: usize) {
        let (d, e) = (&mut self.diagonal, &mut self.coupling);
        let half = (d[l + 1] - d[l]) / (2.0 * e[l]);
        let root = (half * half + 1.0).sqrt();
        let mut g = d[m] - d[l] + e[l] / (half + if half >= 0.0 { root } else { -root });
        let (mut sine, mut cosine, mut shift) = (1.0, 1.0, 0.0);
        for i in (l..m).rev() {
            let (f, b) = (sine * e[i], cosine * e[i]);
            let length = (f * f + g * g).sqrt();
            e[i + 1] = length;
            if length == 0.0 {
                // The block splits here.
                d[i + 1] -= shift;
                e[m] = 0.0;
                return;
            }
            (sine, cosine) = (f / length, g / length);
            g = d[i + 1] - shift;
            let middle = (d[i] - g) * sine + 2.0 * cosine * b;
            shift = sine * middle;
            d[i + 1] = g + shift;
            g = cosine * middle - b;
            let (first, second) = self.transposed[i * self.n..(i + 2) * self.n].split_at_mut(self.n);
            for (a, b) in first.iter_mut().zip(second) {
                (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
            }
        }
        d[l] -= shift;
        e[l] = g;
        e[m] = 0.0;
    }

    fn sorted(self) -> SymmetricEigen {
        let mut order: Vec<usize> = (0..self.n).collect();
        order.sort_by(|&a, &b| self.diagonal[a].total_cmp(&self.diagonal[b]).then(a.cmp(&b)));
        let row = |i: usize| &self.transposed[i * self.n..(i + 1) * self.n];
        SymmetricEigen {
            values: order.iter().map(|&i| self.diagonal[i]).collect(),
            vectors: order.iter().flat_map(|&i| row(i).iter().copied()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A v = λ v, VVᵀ = I, whatever the matrix.
        #[test]
        fn vectors_and_values_make_the_matrix(n in 1usize..12, entries in prop::collection::vec(-3.0f64..3.0, 144)) {
            let mut a = vec![0.0; n * n];
            for i in 0..n {
                for j in 0..=i {
                    // Zeros make the splitting of blocks happen.
                    let entry = if entries[i * 12 + j].abs() < 1.0 { 0.0 } else { entries[i * 12 + j] };
                    a[i * n + j] = entry;
                    a[j * n + i] = entry;
                }
            }
            let eigen = SymmetricEigen::new(&a, n).unwrap();
            for i in 0..n {
                let v = eigen.vector(i);
                for r in 0..n {
                    let error = dot(&a[r * n..(r + 1) * n], v) - eigen.values[i] * v[r];
                    prop_assert!(error.abs() < 1e-12, "{error:e}");
                }
                for j in 0..n {
                    let product = dot(v, eigen.vector(j)) - f64::from(u8::from(i == j));
                    prop_assert!(product.abs() < 1e-13, "{product:e}");
                }
            }
            prop_assert!(eigen.values.windows(2).all(|pair| pair[0] <= pair[1]));
        }
    }

    #[test]
    fn known_spectra() {
        // The path graph of n points: 2 − 2cos(πj/(n + 1)).
        let n = 30;
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            a[i * n + i] = 2.0;
            if i > 0 {
                a[i * n + i - 1] = -1.0;
            }
        }
        let eigen = SymmetricEigen::new(&a, n).unwrap();
        for (j, value) in eigen.values.iter().enumerate() {
            let angle = std::f64::consts::PI * (j + 1) as f64 / (n + 1) as f64;
            assert!((value - (2.0 - 2.0 * libm::cos(angle))).abs() < 1e-14);
        }
        assert_eq!(SymmetricEigen::new(&[f64::NAN], 1), None);
        assert_eq!(SymmetricEigen::new(&[], 0).unwrap().values, Vec::<f64>::new());
    }
}
