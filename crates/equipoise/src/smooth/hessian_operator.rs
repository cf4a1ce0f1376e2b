//! Hessians that are known by their products with vectors.

use argmin::core::Error;
use std::fmt;
use std::sync::Arc;

/// How a dense matrix can be made of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Materialisation {
    /// Not at a reasonable price: solvers use products only.
    #[default]
    Unavailable,
    /// By n products, one after another.
    RepeatedProducts,
    /// By one batch of n products, which is cheaper than n single ones.
    BatchedProducts,
    /// The entries are at hand.
    Explicit,
}

/// A symmetric n × n matrix known by its products. Two calls with the same vector must give the same bits.
pub trait HessianOperator: Send + Sync {
    /// n
    fn dim(&self) -> usize;

    /// out ← Hv, both of length n.
    ///
    /// # Errors
    /// Whatever keeps the product from being computed; it ends the run.
    fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), Error>;

    /// out ← HV for `num` vectors one after another (num · n numbers each). By default one product per vector.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    fn apply_batch(&self, vectors: &[f64], num: usize, out: &mut [f64]) -> Result<(), Error> {
        let n = self.dim();
        for k in 0..num {
            self.apply(&vectors[k * n..(k + 1) * n], &mut out[k * n..(k + 1) * n])?;
        }
        Ok(())
    }

    /// Whether and how a dense matrix can be made.
    fn materialisation(&self) -> Materialisation {
        Materialisation::Unavailable
    }

    /// The dense matrix (n × n by rows): one batch of the n unit vectors, the two entries of each pair averaged.
    ///
    /// # Errors
    /// [`HessianError`] inside argmin's error if the operator does not offer it or an entry is not finite; errors of the products.
    fn materialise(&self) -> Result<Vec<f64>, Error> {
        if self.materialisation() == Materialisation::Unavailable {
            return Err(HessianError::NotMaterialisable.into());
        }
        products_of_units(self)
    }
}

/// H by one batch of products with the unit vectors, symmetrised.
pub(super) fn products_of_units<H: HessianOperator + ?Sized>(operator: &H) -> Result<Vec<f64>, Error> {
    let n = operator.dim();
    let mut units = vec![0.0; n * n];
    for i in 0..n {
        units[i * n + i] = 1.0;
    }
    let mut matrix = vec![0.0; n * n];
    operator.apply_batch(&units, n, &mut matrix)?;
    symmetrise(&mut matrix, n)?;
    Ok(matrix)
}

/// Replaces both entries of each pair by their mean.
pub(super) fn symmetrise(matrix: &mut [f64], n: usize) -> Result<(), HessianError> {
    for i in 0..n {
        for j in 0..=i {
            let mean = 0.5 * (matrix[i * n + j] + matrix[j * n + i]);
            if !mean.is_finite() {
                return Err(HessianError::NotFinite { row: i, column: j });
            }
            matrix[i * n + j] = mean;
            matrix[j * n + i] = mean;
        }
    }
    Ok(())
}

/// Why a Hessian cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HessianError {
    /// The operator offers products only.
    #[error("hessian: expected an operator that can be made dense, received one with products only")]
    NotMaterialisable,
    /// An entry is NaN or infinite.
    #[error("hessian[{row}][{column}]: expected a finite number")]
    NotFinite {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
    },
    /// The block does not fit onto the leading rows and columns.
    #[error(
        "block: expected a square block of at most {dim} rows, received {received} numbers for {size} rows"
    )]
    BlockShape {
        /// Dimension of the Hessian.
        dim: usize,
        /// Rows of the block.
        size: usize,
        /// Numbers in the block.
        received: usize,
    },
}

/// The Hessian at a point, in the form that the problem has it.
#[derive(Clone, Default)]
pub enum HessianForm {
    /// Dense, n × n by rows.
    Dense(Vec<f64>),
    /// By its products.
    Operator(Arc<dyn HessianOperator>),
    /// Not known at this point.
    #[default]
    Unavailable,
}

impl HessianForm {
    /// n; `None` where there is no Hessian. A dense one whose length is no square counts as ⌊√length⌋.
    pub fn dim(&self) -> Option<usize> {
        match self {
            Self::Dense(matrix) => Some(matrix.len().isqrt()),
            Self::Operator(operator) => Some(operator.dim()),
            Self::Unavailable => None,
        }
    }

    /// The dense matrix (n × n by rows), symmetrised; `None` where there is no Hessian.
    ///
    /// # Errors
    /// As [`HessianOperator::materialise`].
    pub fn to_dense(&self) -> Result<Option<Vec<f64>>, Error> {
        match self {
            Self::Dense(matrix) => {
                let mut matrix = matrix.clone();
                let n = matrix.len().isqrt();
                symmetrise(&mut matrix, n)?;
                Ok(Some(matrix))
            }
            Self::Operator(operator) => operator.materialise().map(Some),
            Self::Unavailable => Ok(None),
        }
    }

    /// Adds a dense block (size × size by rows) to the leading rows and columns: in place, or by wrapping the operator. Where there
    /// is no Hessian nothing happens.
    ///
    /// # Errors
    /// [`HessianError::BlockShape`] if the block is not square or too large.
    pub fn add_leading_block(&mut self, block: &[f64], size: usize) -> Result<(), HessianError> {
        let Some(dim) = self.dim() else { return Ok(()) };
        if size > dim || block.len() != size * size {
            return Err(HessianError::BlockShape { dim, size, received: block.len() });
        }
        match self {
            Self::Dense(matrix) => {
                for i in 0..size {
                    for j in 0..size {
                        matrix[i * dim + j] += block[i * size + j];
                    }
                }
            }
            Self::Operator(operator) => {
                let inner = Arc::clone(operator);
                *self = Self::Operator(Arc::new(WithLeadingBlock { inner, block: block.to_vec(), size }));
            }
            Self::Unavailable => {}
        }
        Ok(())
    }
}

impl fmt::Debug for HessianForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dense(matrix) => f.debug_tuple("Dense").field(matrix).finish(),
            Self::Operator(operator) => f
                .debug_struct("Operator")
                .field("dim", &operator.dim())
                .field("materialisation", &operator.materialisation())
                .finish(),
            Self::Unavailable => f.write_str("Unavailable"),
        }
    }
}

/// An operator plus a dense block on its leading rows and columns.
struct WithLeadingBlock {
    inner: Arc<dyn HessianOperator>,
    block: Vec<f64>,
    size: usize,
}

impl HessianOperator for WithLeadingBlock {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), Error> {
        self.inner.apply(v, out)?;
        self.add_block(v, out);
        Ok(())
    }

    fn apply_batch(&self, vectors: &[f64], num: usize, out: &mut [f64]) -> Result<(), Error> {
        self.inner.apply_batch(vectors, num, out)?;
        let n = self.dim();
        for k in 0..num {
            self.add_block(&vectors[k * n..(k + 1) * n], &mut out[k * n..(k + 1) * n]);
        }
        Ok(())
    }

    fn materialisation(&self) -> Materialisation {
        self.inner.materialisation()
    }
}

impl WithLeadingBlock {
    fn add_block(&self, v: &[f64], out: &mut [f64]) {
        for (out, row) in out.iter_mut().zip(self.block.chunks_exact(self.size.max(1))) {
            *out += row.iter().zip(v).map(|(b, v)| b * v).sum::<f64>();
        }
    }
}

/// A gradient as a function of the point.
pub type GradientFunction = dyn Fn(&[f64]) -> Result<Vec<f64>, Error> + Send + Sync;

/// Products by central differences of a gradient: Hv ≈ (g(x + hv) − g(x − hv)) / 2h. Two gradients per product, error O(h²).
pub struct DifferencedGradient {
    gradient: Arc<GradientFunction>,
    x: Vec<f64>,
    step: f64,
}

impl DifferencedGradient {
    /// At the point x (n). `step` is h for a vector whose largest entry is 1; 1e-4 suits gradients of full accuracy.
    pub fn new(gradient: Arc<GradientFunction>, x: Vec<f64>, step: f64) -> Self {
        Self { gradient, x, step }
    }
}

impl HessianOperator for DifferencedGradient {
    fn dim(&self) -> usize {
        self.x.len()
    }

    fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), Error> {
        let size = crate::numeric::sum::max_abs(v);
        if size == 0.0 {
            out.fill(0.0);
            return Ok(());
        }
        let h = self.step / size;
        let moved = |by: f64| -> Vec<f64> { self.x.iter().zip(v).map(|(x, v)| x + by * v).collect() };
        let (ahead, behind) = ((self.gradient)(&moved(h))?, (self.gradient)(&moved(-h))?);
        for (out, (a, b)) in out.iter_mut().zip(ahead.iter().zip(&behind)) {
            *out = (a - b) / (2.0 * h);
        }
        Ok(())
    }

    fn materialisation(&self) -> Materialisation {
        Materialisation::RepeatedProducts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A dense matrix that counts how it is asked.
    struct Counting {
        matrix: Vec<f64>,
        n: usize,
        singles: AtomicUsize,
        batches: AtomicUsize,
        batch_columns: AtomicUsize,
        materialisation: Materialisation,
    }

    impl Counting {
        fn new(matrix: &[f64], n: usize, materialisation: Materialisation) -> Self {
            let zero = || AtomicUsize::new(0);
            let (singles, batches, batch_columns) = (zero(), zero(), zero());
            Self { matrix: matrix.to_vec(), n, singles, batches, batch_columns, materialisation }
        }

        fn product(&self, v: &[f64], out: &mut [f64]) {
            for (out, row) in out.iter_mut().zip(self.matrix.chunks_exact(self.n)) {
                *out = row.iter().zip(v).map(|(h, v)| h * v).sum();
            }
        }
    }

    impl HessianOperator for Counting {
        fn dim(&self) -> usize {
            self.n
        }
        fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), Error> {
            self.singles.fetch_add(1, Ordering::Relaxed);
            self.product(v, out);
            Ok(())
        }
        fn apply_batch(&self, vectors: &[f64], num: usize, out: &mut [f64]) -> Result<(), Error> {
            self.batches.fetch_add(1, Ordering::Relaxed);
            self.batch_columns.fetch_add(num, Ordering::Relaxed);
            let n = self.n;
            for k in 0..num {
                self.product(&vectors[k * n..(k + 1) * n], &mut out[k * n..(k + 1) * n]);
            }
            Ok(())
        }
        fn materialisation(&self) -> Materialisation {
            self.materialisation
        }
    }

    const SKEWED: [f64; 9] = [2.0, 0.25, -0.5, 0.5, 3.0, 1.0, -0.25, 2.0, 4.0];
    const SYMMETRIC: [f64; 9] = [2.0, 0.375, -0.375, 0.375, 3.0, 1.5, -0.375, 1.5, 4.0];

    #[test]
    fn one_batch_makes_the_dense_matrix_and_pairs_are_averaged() {
        let operator = Counting::new(&SKEWED, 3, Materialisation::BatchedProducts);
        assert_eq!(operator.materialise().unwrap(), SYMMETRIC);
        let counts = [&operator.batches, &operator.batch_columns, &operator.singles];
        assert_eq!(counts.map(|count| count.load(Ordering::Relaxed)), [1, 3, 0]);
        assert_eq!(HessianForm::Dense(SKEWED.to_vec()).to_dense().unwrap().unwrap(), SYMMETRIC);
    }

    #[test]
    fn an_operator_with_products_only_and_an_infinite_entry_are_refused() {
        let operator = Counting::new(&SKEWED, 3, Materialisation::Unavailable);
        let error = operator.materialise().unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&HessianError::NotMaterialisable));
        let mut matrix = SKEWED;
        matrix[5] = f64::INFINITY;
        let operator = Counting::new(&matrix, 3, Materialisation::Explicit);
        // The products turn the infinity into a NaN beside it: the first entry that is hit is named.
        let error = operator.materialise().unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(HessianError::NotFinite { .. })));
        assert!(HessianForm::Unavailable.to_dense().unwrap().is_none());
    }

    #[test]
    fn a_block_is_added_to_the_leading_rows_of_either_form() {
        let block = [10.0, 1.0, 1.0, 20.0];
        let mut dense = HessianForm::Dense(SYMMETRIC.to_vec());
        let operator = Counting::new(&SYMMETRIC, 3, Materialisation::Explicit);
        let mut by_products = HessianForm::Operator(Arc::new(operator));
        dense.add_leading_block(&block, 2).unwrap();
        by_products.add_leading_block(&block, 2).unwrap();
        let expected = [12.0, 1.375, -0.375, 1.375, 23.0, 1.5, -0.375, 1.5, 4.0];
        assert_eq!(dense.to_dense().unwrap().unwrap(), expected);
        assert_eq!(by_products.to_dense().unwrap().unwrap(), expected);
        let HessianForm::Operator(operator) = by_products else { panic!("still an operator") };
        let mut out = [0.0; 3];
        operator.apply(&[1.0, 0.0, 0.0], &mut out).unwrap();
        assert_eq!(out, [12.0, 1.375, -0.375]);
        let error = dense.add_leading_block(&block, 4).unwrap_err();
        assert_eq!(error, HessianError::BlockShape { dim: 3, size: 4, received: 4 });
        HessianForm::Unavailable.add_leading_block(&block, 2).unwrap();
    }

    #[test]
    fn differenced_products_are_within_1e_6_of_the_exact_ones() {
        // f = Σ exp(0.3 xᵢ) + x₀x₁x₂
        let gradient = |x: &[f64]| {
            let e = |i: usize| 0.3 * libm::exp(0.3 * x[i]);
            Ok(vec![e(0) + x[1] * x[2], e(1) + x[0] * x[2], e(2) + x[0] * x[1]])
        };
        let x = [0.7, -1.2, 0.4];
        let operator = DifferencedGradient::new(Arc::new(gradient), x.to_vec(), 1e-4);
        for v in [[1.0, 0.0, 0.0], [3.0, -2.0, 5.0], [0.0, 1e-3, 2e-3]] {
            let mut out = [0.0; 3];
            operator.apply(&v, &mut out).unwrap();
            let d = |i: usize| 0.09 * libm::exp(0.3 * x[i]) * v[i];
            let exact = [
                d(0) + x[2] * v[1] + x[1] * v[2],
                d(1) + x[2] * v[0] + x[0] * v[2],
                d(2) + x[1] * v[0] + x[0] * v[1],
            ];
            for (out, exact) in out.iter().zip(exact) {
                assert!((out - exact).abs() < 1e-6, "{out} {exact}");
            }
        }
    }
}
