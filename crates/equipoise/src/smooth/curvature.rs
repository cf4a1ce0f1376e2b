//! What the Hessian says at a point of the box, over the variables that are free to move.

use super::bounds::Bounds;
use super::hessian_operator::HessianOperator;
use crate::numeric::sum::{axpy, dot, norm_two};
use crate::numeric::symmetric_eigen::SymmetricEigen;
use argmin::core::Error;

/// Curvature below −√ε times the largest diagonal entry (at least 1) is resolved: beyond what rounding of the Hessian explains.
const RESOLUTION: f64 = 1.490_116_119_384_765_6e-8;
/// Up to this many free variables the Hessian is formed by products with all unit vectors.
const DENSE_LIMIT: usize = 128;
/// Products of the Lanczos process above that.
const LANCZOS_STEPS: usize = 64;

/// The Hessian over the free variables, decomposed.
#[derive(Debug, Clone)]
pub struct FreeCurvature {
    /// The variables that are not held at a bound by the sign of the gradient, ascending.
    pub free: Vec<usize>,
    /// Their Hessian's eigenvalues and eigenvectors.
    pub eigen: SymmetricEigen,
    /// An eigenvalue below −`resolution` is negative beyond rounding.
    pub resolution: f64,
}

/// The least curvature over the free variables.
#[derive(Debug, Clone, PartialEq)]
pub struct LeastCurvature {
    /// λ: the least eigenvalue, or the least Ritz value, which is never below it.
    pub value: f64,
    /// Its unit eigenvector (n), zero where variables are held; its largest entry is positive.
    pub direction: Vec<f64>,
    /// μ: λ < −μ is negative beyond rounding.
    pub resolution: f64,
}

/// The variables that are not held at a bound, ascending.
pub(super) fn free_variables(bounds: &Bounds, x: &[f64], g: &[f64]) -> Vec<usize> {
    (0..x.len()).filter(|&i| !bounds.holds(i, x[i], g[i])).collect()
}

impl FreeCurvature {
    /// Of the Hessian (n × n by rows, symmetric) at x (n) with gradient g (n). `None` where it is not finite.
    pub fn new(bounds: &Bounds, x: &[f64], g: &[f64], hessian: &[f64]) -> Option<Self> {
        let n = x.len();
        let free = free_variables(bounds, x, g);
        let reduced: Vec<f64> =
            free.iter().flat_map(|&i| free.iter().map(move |&j| hessian[i * n + j])).collect();
        Self::of_reduced(free, &reduced)
    }

    /// Of the Hessian over the given free variables.
    fn of_reduced(free: Vec<usize>, reduced: &[f64]) -> Option<Self> {
        let m = free.len();
        let largest = (0..m).map(|i| reduced[i * m + i].abs()).fold(1.0, f64::max);
        let eigen = SymmetricEigen::new(reduced, m)?;
        Some(Self { free, eigen, resolution: RESOLUTION * largest })
    }

    /// The least eigenvalue; `None` where nothing is free.
    pub fn least(&self) -> Option<f64> {
        self.eigen.values.first().copied()
    }

    /// The least eigenvalue with its eigenvector as a direction of all n variables; `None` where nothing is free.
    pub fn least_curvature(&self, n: usize) -> Option<LeastCurvature> {
        let value = self.least()?;
        let direction = scattered(&self.free, self.eigen.vector(0), n);
        Some(LeastCurvature { value, direction, resolution: self.resolution })
    }

    /// True if an eigenvalue is negative beyond rounding.
    pub fn is_negative(&self) -> bool {
        self.least().is_some_and(|least| least < -self.resolution)
    }
}

/// The vector of the free variables among all n, its largest entry made positive.
fn scattered(free: &[usize], vector: &[f64], n: usize) -> Vec<f64> {
    let largest = vector.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
    let sign = if largest < 0.0 { -1.0 } else { 1.0 };
    let mut direction = vec![0.0; n];
    for (&i, entry) in free.iter().zip(vector) {
        direction[i] = sign * entry;
    }
    direction
}

/// The least curvature of an operator at x with gradient g: from all of its columns up to 128 free variables, above that the least Ritz
/// value of 64 Lanczos steps with full reorthogonalisation. `None` where nothing is free or a product is not finite.
pub(super) fn least_curvature_of(
    operator: &dyn HessianOperator,
    bounds: &Bounds,
    x: &[f64],
    g: &[f64],
) -> Result<Option<LeastCurvature>, Error> {
    let free = free_variables(bounds, x, g);
    if free.len() <= DENSE_LIMIT {
        return Ok(reduced_curvature(operator, free, x.len())?.and_then(|c| c.least_curvature(x.len())));
    }
    lanczos(operator, &free, x.len())
}

/// All columns of the free variables, decomposed.
pub(super) fn reduced_curvature(
    operator: &dyn HessianOperator,
    free: Vec<usize>,
    n: usize,
) -> Result<Option<FreeCurvature>, Error> {
    let m = free.len();
    let (mut units, mut products) = (vec![0.0; m * n], vec![0.0; m * n]);
    for (k, &i) in free.iter().enumerate() {
        units[k * n + i] = 1.0;
    }
    operator.apply_batch(&units, m, &mut products)?;
    let mut reduced = vec![0.0; m * m];
    for a in 0..m {
        for b in 0..=a {
            let mean = 0.5 * (products[a * n + free[b]] + products[b * n + free[a]]);
            (reduced[a * m + b], reduced[b * m + a]) = (mean, mean);
        }
    }
    Ok(FreeCurvature::of_reduced(free, &reduced))
}

/// Source: C. Lanczos 1950; G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th ed., §10.3.
fn lanczos(
    operator: &dyn HessianOperator,
    free: &[usize],
    n: usize,
) -> Result<Option<LeastCurvature>, Error> {
    let m = free.len();
    // Any fixed vector without symmetry: no eigenvector is orthogonal to it but by accident.
    let start: Vec<f64> = (0..m).map(|k| 1.0 + libm::sin(1.0 + 0.7 * k as f64)).collect();
    let size = norm_two(&start);
    let mut basis: Vec<Vec<f64>> = vec![start.iter().map(|s| s / size).collect()];
    let (mut diagonal, mut coupling) = (Vec::new(), Vec::<f64>::new());
    let (mut vector, mut product) = (vec![0.0; n], vec![0.0; n]);
    for k in 0..LANCZOS_STEPS.min(m) {
        for (&i, q) in free.iter().zip(&basis[k]) {
            vector[i] = *q;
        }
        operator.apply(&vector, &mut product)?;
        let mut next: Vec<f64> = free.iter().map(|&i| product[i]).collect();
        let alpha = dot(&next, &basis[k]);
        if !alpha.is_finite() {
            return Ok(None);
        }
        diagonal.push(alpha);
        // Twice is enough.
        for _ in 0..2 {
            for q in &basis {
                axpy(-dot(q, &next), q, &mut next);
            }
        }
        let beta = norm_two(&next);
        let scale = diagonal.iter().chain(&coupling).fold(0.0f64, |s, a| s.max(a.abs()));
        if beta.is_nan() || beta <= 1e-12 * scale.max(f64::MIN_POSITIVE) {
            break;
        }
        coupling.push(beta);
        basis.push(next.iter().map(|v| v / beta).collect());
    }
    let k = diagonal.len();
    let mut tridiagonal = vec![0.0; k * k];
    for i in 0..k {
        tridiagonal[i * k + i] = diagonal[i];
        if i > 0 {
            tridiagonal[i * k + i - 1] = coupling[i - 1];
            tridiagonal[(i - 1) * k + i] = coupling[i - 1];
        }
    }
    let Some(ritz) = SymmetricEigen::new(&tridiagonal, k) else { return Ok(None) };
    let mut combined = vec![0.0; m];
    for (q, weight) in basis.iter().zip(ritz.vector(0)) {
        axpy(*weight, q, &mut combined);
    }
    // The largest Ritz value stands for the largest diagonal entry.
    let largest = ritz.values.iter().fold(1.0f64, |largest, v| largest.max(v.abs()));
    Ok(Some(LeastCurvature {
        value: ritz.values[0],
        direction: scattered(free, &combined, n),
        resolution: RESOLUTION * largest,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// diag(1, 2, …) with one negative entry, rotated in one plane.
    struct Diagonal(Vec<f64>);

    impl HessianOperator for Diagonal {
        fn dim(&self) -> usize {
            self.0.len()
        }
        fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), Error> {
            for i in 0..v.len() {
                out[i] = self.0[i] * v[i];
            }
            Ok(())
        }
    }

    #[test]
    fn the_least_curvature_is_found_by_columns_and_by_lanczos() {
        for n in [5, 400] {
            let mut values: Vec<f64> = (0..n).map(|i| 1.0 + (i % 17) as f64).collect();
            values[3] = -0.25;
            values[1] = -9.0;
            let bounds = Bounds::new(vec![0.0; n], vec![1.0; n]).unwrap();
            let (mut x, mut g) = (vec![0.5; n], vec![0.0; n]);
            // Variable 1 is held at its bound: its curvature does not count.
            (x[1], g[1]) = (0.0, 1.0);
            let least = least_curvature_of(&Diagonal(values), &bounds, &x, &g).unwrap().unwrap();
            assert!((least.value + 0.25).abs() < 1e-9, "{n}: {}", least.value);
            assert!((least.direction[3] - 1.0).abs() < 1e-6 && least.direction[1] == 0.0);
        }
    }

    #[test]
    fn nothing_free_has_no_curvature() {
        let bounds = Bounds::new(vec![0.0; 2], vec![0.0; 2]).unwrap();
        let found = least_curvature_of(&Diagonal(vec![-1.0; 2]), &bounds, &[0.0; 2], &[1.0; 2]).unwrap();
        assert_eq!(found, None);
    }
}
