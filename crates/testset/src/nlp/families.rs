//! Families of problems of any size with linear constraints, from the streams of NumPy's legacy generator.
//!
//! Constructions and minima as in the design's reference page on the SQP solver, section 6.2.

use super::RandomState;

/// The objectives of the families.
#[derive(Debug, Clone)]
enum Objective {
    /// Σ wⱼ(xⱼ − tⱼ)².
    Weighted { weights: Vec<f64>, targets: Vec<f64> },
    /// a(‖Fᵀx‖² + Σ dⱼxⱼ²) − b·Σ log xⱼ; F is n × k, column-major.
    Factors { loadings: Vec<f64>, diagonal: Vec<f64>, half: f64, barrier: f64 },
    /// ½xᵀHx.
    Quadratic { hessian: Vec<f64> },
}

/// min f(x) over Aₑx = bₑ, Aᵢx ≥ bᵢ, lower ≤ x ≤ upper.
#[derive(Debug, Clone)]
pub struct FamilyProblem {
    /// `IllCond(500)`.
    pub name: String,
    /// Start (n).
    pub start: Vec<f64>,
    /// Lower bounds (n).
    pub lower: Vec<f64>,
    /// Upper bounds (n).
    pub upper: Vec<f64>,
    /// Rows of Aₑ.
    pub num_equalities: usize,
    /// Rows of Aᵢ.
    pub num_inequalities: usize,
    /// A (m × n, row-major), equalities first.
    pub matrix: Vec<f64>,
    /// b (m).
    pub right: Vec<f64>,
    /// The known minimum, and the relative accuracy to which it is known.
    pub optimum: (f64, f64),
    objective: Objective,
}

impl FamilyProblem {
    /// f(x).
    pub fn value(&self, x: &[f64]) -> f64 {
        match &self.objective {
            Objective::Weighted { weights, targets } => {
                x.iter().zip(weights).zip(targets).map(|((x, w), t)| w * (x - t) * (x - t)).sum()
            }
            Objective::Factors { loadings, diagonal, half, barrier } => {
                let squares: f64 = factor_values(loadings, x).iter().map(|v| v * v).sum();
                let own: f64 = x.iter().zip(diagonal).map(|(x, d)| d * x * x).sum();
                let logs: f64 = if *barrier > 0.0 { x.iter().map(|x| libm::log(*x)).sum() } else { 0.0 };
                half * (squares + own) - barrier * logs
            }
            Objective::Quadratic { hessian } => {
                let n = x.len();
                0.5 * (0..n).map(|i| x[i] * dot(&hessian[i * n..(i + 1) * n], x)).sum::<f64>()
            }
        }
    }

    /// ∇f(x) into `out` (n).
    pub fn gradient(&self, x: &[f64], out: &mut [f64]) {
        match &self.objective {
            Objective::Weighted { weights, targets } => {
                (0..x.len()).for_each(|j| out[j] = 2.0 * weights[j] * (x[j] - targets[j]));
            }
            Objective::Factors { barrier, .. } => {
                self.quadratic_product(x, out);
                if *barrier > 0.0 {
                    (0..x.len()).for_each(|j| out[j] -= barrier / x[j]);
                }
            }
            Objective::Quadratic { .. } => self.quadratic_product(x, out),
        }
    }

    /// ∇²f(x)·v into `out` (n).
    pub fn hessian_product(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        match &self.objective {
            Objective::Weighted { weights, .. } => {
                (0..x.len()).for_each(|j| out[j] = 2.0 * weights[j] * v[j]);
            }
            Objective::Factors { barrier, .. } => {
                self.quadratic_product(v, out);
                if *barrier > 0.0 {
                    (0..x.len()).for_each(|j| out[j] += barrier / (x[j] * x[j]) * v[j]);
                }
            }
            Objective::Quadratic { .. } => self.quadratic_product(v, out),
        }
    }

    fn quadratic_product(&self, v: &[f64], out: &mut [f64]) {
        let n = v.len();
        match &self.objective {
            Objective::Factors { loadings, diagonal, half, .. } => {
                (0..n).for_each(|j| out[j] = diagonal[j] * v[j]);
                for (column, factor) in loadings.chunks_exact(n).zip(factor_values(loadings, v)) {
                    out.iter_mut().zip(column).for_each(|(out, f)| *out += factor * f);
                }
                out.iter_mut().for_each(|out| *out *= 2.0 * half);
            }
            Objective::Quadratic { hessian } => {
                (0..n).for_each(|i| out[i] = dot(&hessian[i * n..(i + 1) * n], v));
            }
            Objective::Weighted { .. } => unreachable!("its product is its diagonal"),
        }
    }

    /// Ax − b (m).
    pub fn constraints(&self, x: &[f64]) -> Vec<f64> {
        let rows = self.matrix.chunks_exact(x.len()).zip(&self.right);
        rows.map(|(row, b)| dot(row, x) - b).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (chunks_a, chunks_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = chunks_a.remainder().iter().zip(chunks_b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in chunks_a.zip(chunks_b) {
        (0..4).for_each(|k| lanes[k] += a[k] * b[k]);
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

/// Fᵀx.
fn factor_values(loadings: &[f64], x: &[f64]) -> Vec<f64> {
    loadings.chunks_exact(x.len()).map(|column| dot(column, x)).collect()
}

/// n × k normal numbers by rows, times 0.1, as columns.
fn loadings(state: &mut RandomState, n: usize, k: usize) -> Vec<f64> {
    let rows = state.normals(n * k);
    (0..n * k).map(|e| 0.1 * rows[(e % n) * k + e / n]).collect()
}

/// `numpy.linspace`.
fn linspace(from: f64, to: f64, count: usize) -> Vec<f64> {
    (0..count).map(|i| from + (to - from) * i as f64 / (count - 1) as f64).collect()
}

/// w = linspace(1, 10), t = 1 but −2 for the first four; Σx = n; x₀ … x₃ ≥ 0 as rows.
pub fn weighted_quad(n: usize) -> FamilyProblem {
    let rows = n.min(4);
    let mut matrix = vec![1.0; n];
    for i in 0..rows {
        matrix.extend((0..n).map(|j| f64::from(u8::from(j == i))));
    }
    let mut right = vec![n as f64];
    right.resize(1 + rows, 0.0);
    let optimum = match n {
        5 => (9.87272727e1, 1e-9),
        20 => (3.2993991290e1, 1e-10),
        100 => (1.8898105825e1, 1e-10),
        500 => (1.6561564926e1, 1e-10),
        1000 => (1.6279660286e1, 1e-10),
        5000 => (1.6055752555e1, 1e-10),
        _ => (f64::NAN, f64::NAN),
    };
    FamilyProblem {
        name: format!("WeightedQuad({n})"),
        start: vec![1.0; n],
        lower: vec![f64::NEG_INFINITY; n],
        upper: vec![f64::INFINITY; n],
        num_equalities: 1,
        num_inequalities: rows,
        matrix,
        right,
        optimum,
        objective: Objective::Weighted {
            weights: linspace(1.0, 10.0, n),
            targets: (0..n).map(|j| if j < 4 { -2.0 } else { 1.0 }).collect(),
        },
    }
}

/// A long-only portfolio with a factor model: seed 42.
pub fn portfolio(n: usize) -> FamilyProblem {
    let mut state = RandomState::new(42);
    let k = 10.min(n / 5);
    let loadings = loadings(&mut state, n, k);
    let diagonal = state.normals(n).iter().map(|v| v.abs() * 0.05 + 0.01).collect();
    let means: Vec<f64> = state.uniforms(n).iter().map(|v| v * 0.1 + 0.02).collect();
    let target = 1.2 * means.iter().sum::<f64>() / n as f64;
    let optimum = match n {
        100 => (2.190219076e-4, 1e-9),
        500 => (3.945242158e-5, 1e-9),
        1000 => (2.086068652e-5, 1e-9),
        5000 => (4.137674378e-6, 1e-9),
        _ => (f64::NAN, f64::NAN),
    };
    let mut matrix = vec![1.0; n];
    matrix.extend(&means);
    FamilyProblem {
        name: format!("Portfolio({n})"),
        start: vec![1.0 / n as f64; n],
        lower: vec![0.0; n],
        upper: vec![1.0; n],
        num_equalities: 1,
        num_inequalities: 1,
        matrix,
        right: vec![1.0, target],
        optimum,
        objective: Objective::Factors { loadings, diagonal, half: 0.5, barrier: 0.0 },
    }
}

/// The point of a polyhedron nearest to 0: seed 7.
pub fn sphere_mixed(n: usize) -> FamilyProblem {
    let mut state = RandomState::new(7);
    let (equalities, inequalities) = (n / 10, n / 5);
    let matrix = state.normals((equalities + inequalities) * n);
    let feasible: Vec<f64> = state.normals(n).iter().map(|v| v * 0.1).collect();
    let shift = |i: usize| if i < equalities { 0.0 } else { 0.5 };
    let right = matrix.chunks_exact(n).enumerate().map(|(i, row)| dot(row, &feasible) - shift(i)).collect();
    let start = feasible.iter().zip(state.normals(n)).map(|(x, v)| x + 0.01 * v).collect();
    let optimum = match n {
        100 => (1.48542545e-1, 1e-8),
        500 => (9.15596288e-1, 1e-8),
        1000 => (1.557522, 1e-6),
        _ => (f64::NAN, f64::NAN),
    };
    FamilyProblem {
        name: format!("SphereMixed({n})"),
        start,
        lower: vec![f64::NEG_INFINITY; n],
        upper: vec![f64::INFINITY; n],
        num_equalities: equalities,
        num_inequalities: inequalities,
        matrix,
        right,
        optimum,
        objective: Objective::Weighted { weights: vec![1.0; n], targets: vec![0.0; n] },
    }
}

/// A quadratic of condition 1e6 over the simplex: seed 13.
pub fn ill_cond(n: usize) -> FamilyProblem {
    let columns = orthonormal_columns(RandomState::new(13).normals(n * n), n);
    let spectrum: Vec<f64> = linspace(-2.0, 4.0, n).iter().map(|e| libm::pow(10.0, *e)).collect();
    let mut scaled = vec![0.0; n * n];
    for i in 0..n {
        (0..n).for_each(|k| scaled[i * n + k] = columns[i * n + k] * spectrum[k]);
    }
    let mut hessian = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let entry = dot(&scaled[i * n..(i + 1) * n], &columns[j * n..(j + 1) * n]);
            (hessian[i * n + j], hessian[j * n + i]) = (entry, entry);
        }
    }
    let optimum = match n {
        100 => (1.672643952e-2, 1e-9),
        500 => (1.570488678e-3, 1e-9),
        _ => (f64::NAN, f64::NAN),
    };
    FamilyProblem {
        name: format!("IllCond({n})"),
        start: vec![1.0 / n as f64; n],
        lower: vec![0.0; n],
        upper: vec![1.0; n],
        num_equalities: 1,
        num_inequalities: 0,
        matrix: vec![1.0; n],
        right: vec![1.0],
        optimum,
        objective: Objective::Quadratic { hessian },
    }
}

/// A quadratic with logarithms over the simplex, started nearly at its minimum: seed 99.
pub fn log_barrier(n: usize) -> FamilyProblem {
    let mut state = RandomState::new(99);
    let k = 5.min(n / 5);
    let loadings = loadings(&mut state, n, k);
    let diagonal = state.normals(n).iter().map(|v| v.abs() * 0.05 + 0.01).collect();
    let optimum = match n {
        100 => (4.60517194e2, 2e-9),
        500 => (3.10730409e3, 2e-9),
        _ => (f64::NAN, f64::NAN),
    };
    FamilyProblem {
        name: format!("LogBarrier({n})"),
        start: vec![1.0 / n as f64; n],
        lower: vec![1e-6; n],
        upper: vec![1.0; n],
        num_equalities: 1,
        num_inequalities: 0,
        matrix: vec![1.0; n],
        right: vec![1.0],
        optimum,
        objective: Objective::Factors { loadings, diagonal, half: 0.25, barrier: 1.0 },
    }
}

/// Q of A = QR (n × n, row-major) by Householder reflections; the columns' signs are free.
fn orthonormal_columns(mut a: Vec<f64>, n: usize) -> Vec<f64> {
    // Work on the transpose, so that columns are contiguous.
    for i in 0..n {
        for j in 0..i {
            a.swap(i * n + j, j * n + i);
        }
    }
    let mut reflections: Vec<Vec<f64>> = Vec::with_capacity(n);
    for k in 0..n {
        let column = &a[k * n + k..(k + 1) * n];
        let length = dot(column, column).sqrt();
        let mut v = column.to_vec();
        v[0] += if v[0] >= 0.0 { length } else { -length };
        let square = dot(&v, &v);
        if square > 0.0 {
            let root = (2.0 / square).sqrt();
            v.iter_mut().for_each(|v| *v *= root);
        }
        for j in k + 1..n {
            reflect(&v, &mut a[j * n + k..(j + 1) * n]);
        }
        reflections.push(v);
    }
    // Column k of Q is H₀ … Hₖ eₖ.
    let mut q = vec![0.0; n * n];
    for k in 0..n {
        let column = &mut q[k * n..(k + 1) * n];
        column[k] = 1.0;
        for i in (0..=k).rev() {
            reflect(&reflections[i], &mut column[i..]);
        }
    }
    for i in 0..n {
        for j in 0..i {
            q.swap(i * n + j, j * n + i);
        }
    }
    q
}

/// x ← x − (v·x)v.
fn reflect(v: &[f64], x: &mut [f64]) {
    let along = dot(v, x);
    x.iter_mut().zip(v).for_each(|(x, v)| *x -= along * v);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orthonormal_columns_span_the_matrix() {
        let n = 7;
        let a = RandomState::new(13).normals(n * n);
        let q = orthonormal_columns(a.clone(), n);
        let column = |m: &[f64], k: usize| -> Vec<f64> { (0..n).map(|i| m[i * n + k]).collect() };
        for i in 0..n {
            for j in 0..n {
                let product = dot(&column(&q, i), &column(&q, j));
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
            // Column i of A has no part along later columns of Q.
            for j in i + 1..n {
                assert!(dot(&column(&a, i), &column(&q, j)).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn gradients_and_products_are_differences() {
        for problem in [weighted_quad(20), portfolio(20), sphere_mixed(20), ill_cond(20), log_barrier(20)] {
            let n = 20;
            let (x, v) = (&problem.start, RandomState::new(1).normals(n));
            let at = |t: f64| -> Vec<f64> { x.iter().zip(&v).map(|(x, v)| x + t * v).collect() };
            let (mut g, mut h, mut ahead, mut behind) =
                (vec![0.0; n], vec![0.0; n], vec![0.0; n], vec![0.0; n]);
            problem.gradient(x, &mut g);
            problem.hessian_product(x, &v, &mut h);
            let step = 1e-4 / n as f64;
            let slope = (problem.value(&at(step)) - problem.value(&at(-step))) / (2.0 * step);
            assert!((slope - dot(&g, &v)).abs() <= 1e-5 * slope.abs().max(1e-3), "{}", problem.name);
            problem.gradient(&at(step), &mut ahead);
            problem.gradient(&at(-step), &mut behind);
            for j in 0..n {
                let second = (ahead[j] - behind[j]) / (2.0 * step);
                assert!((second - h[j]).abs() <= 1e-4 * second.abs().max(1e-3), "{} {j}", problem.name);
            }
        }
    }
}
