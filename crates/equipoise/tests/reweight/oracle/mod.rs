//! The penalty form in exact rational arithmetic: an oracle that shares no code with the solver.
//!
//! The exact problem is the one whose data are the doubles given, t + 1 and L₀ formed without rounding. With
//! u = κ(y ⊘ s) and ρ = 1/κ = 2 · penalty · L₀/Σw⁰² its optimality conditions for a given set of free records are
//!
//! ```text
//! (ρsⱼ²/2)uⱼ + Σ_free Aᵢⱼ(Au)ᵢ = Σ_free w⁰ᵢAᵢⱼ + Σ_fixed w⁰ᵢmᵢAᵢⱼ − tⱼ        zᵢ = 1 − (Au)ᵢ/w⁰ᵢ
//! ```
//!
//! and any set for which lo < z < hi on the free records, z ≤ lo at lower bounds and z ≥ hi at upper bounds gives the
//! optimum, which is unique: the check of these signs is a proof, whatever proposed the set.

pub mod cases;

use equipoise::numeric::sparse::SparseMatrix;
use equipoise::reweight::{Bounds, ReweightProblem, Target};
use ndarray::ArrayView1;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// The data of a small problem, dense.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// n rows of k values.
    pub matrix: Vec<Vec<f64>>,
    pub weights: Vec<f64>,
    pub totals: Vec<f64>,
    pub scales: Vec<Option<f64>>,
    pub bounds: Vec<(f64, f64)>,
    pub penalty: f64,
}

impl Case {
    pub fn problem(&self) -> ReweightProblem {
        let columns: Vec<Vec<f64>> =
            (0..self.totals.len()).map(|j| self.matrix.iter().map(|row| row[j]).collect()).collect();
        let matrix =
            SparseMatrix::from_dense_columns(self.weights.len(), columns.iter().map(Vec::as_slice)).unwrap();
        let targets = (self.totals.iter().zip(&self.scales).enumerate())
            .map(|(j, (&total, &scale))| Target { name: format!("t{j}"), total, scale })
            .collect();
        let (lower, upper) = self.bounds.iter().copied().unzip();
        ReweightProblem::builder(matrix, ArrayView1::from(&self.weights), targets)
            .bounds(Bounds::PerRecord { lower, upper })
            .build()
            .unwrap()
    }
}

/// The double as the rational number it is.
pub fn exact(x: f64) -> BigRational {
    BigRational::from_float(x).unwrap_or_else(|| panic!("{x} is not finite"))
}

/// |x − y| ≤ bound, without rounding; an infinite bound says nothing and is never wrong.
pub fn within(x: &BigRational, y: &BigRational, bound: f64) -> bool {
    assert!(!bound.is_nan() && bound >= 0.0, "not a bound: {bound}");
    bound == f64::INFINITY || (x - y).abs() <= exact(bound)
}

pub fn to_f64(x: &BigRational) -> f64 {
    x.to_f64().unwrap()
}

/// The double nearest to `value`.
pub fn nearest_double(value: &BigRational) -> f64 {
    let x = to_f64(value);
    let half = BigRational::new(BigInt::one(), BigInt::from(2));
    let middle = |neighbour: f64| (exact(x) + exact(neighbour)) * &half;
    assert!(
        middle(x.next_down()) <= *value && *value <= middle(x.next_up()),
        "{x} is not the nearest double"
    );
    x
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Lower,
    Upper,
}

/// The exact problem.
pub struct Oracle {
    a: Vec<Vec<BigRational>>,
    w: Vec<BigRational>,
    t: Vec<BigRational>,
    s: Vec<BigRational>,
    bounds: Vec<(BigRational, BigRational)>,
    pub initial_loss: BigRational,
    /// 2 · penalty · L₀/Σw⁰², so that λᵢ = ρw⁰ᵢ²/2.
    rho: BigRational,
}

/// What a dual point says, exactly.
pub struct ExactDual {
    /// mᵢ(y)
    pub multipliers: Vec<BigRational>,
    /// ‖F(y)‖²
    pub squared_residual: BigRational,
    /// D(y)
    pub value: BigRational,
}

impl Oracle {
    pub fn new(case: &Case) -> Self {
        let row = |values: &[f64]| values.iter().copied().map(exact).collect::<Vec<_>>();
        let (w, t) = (row(&case.weights), row(&case.totals));
        let s = (t.iter().zip(&case.scales))
            .map(|(t, scale)| scale.map_or_else(|| t + BigRational::one(), exact))
            .collect();
        let mut oracle = Self {
            a: case.matrix.iter().map(|r| row(r)).collect(),
            bounds: case.bounds.iter().map(|&(lo, hi)| (exact(lo), exact(hi))).collect(),
            w,
            t,
            s,
            initial_loss: BigRational::zero(),
            rho: BigRational::zero(),
        };
        oracle.initial_loss = oracle.loss(&vec![BigRational::one(); case.weights.len()]);
        let squares: BigRational = oracle.w.iter().map(|w| w * w).sum();
        oracle.rho = exact(case.penalty) * exact(2.0) * &oracle.initial_loss / squares;
        oracle
    }

    fn lambda(&self, i: usize) -> BigRational {
        &self.rho * &self.w[i] * &self.w[i] / exact(2.0)
    }

    /// (Aᵀ(w⁰∘m) − t) ⊘ s
    pub fn misses(&self, m: &[BigRational]) -> Vec<BigRational> {
        (0..self.t.len())
            .map(|j| {
                let total: BigRational = (0..m.len()).map(|i| &self.w[i] * &m[i] * &self.a[i][j]).sum();
                (total - &self.t[j]) / &self.s[j]
            })
            .collect()
    }

    pub fn loss(&self, m: &[BigRational]) -> BigRational {
        self.misses(m).iter().map(|r| r * r).sum()
    }

    pub fn objective(&self, m: &[BigRational]) -> BigRational {
        let deviation = |i: usize| &m[i] - BigRational::one();
        self.loss(m) + (0..m.len()).map(|i| self.lambda(i) * deviation(i) * deviation(i)).sum::<BigRational>()
    }

    /// ∂P/∂mᵢ
    pub fn gradient(&self, m: &[BigRational]) -> Vec<BigRational> {
        let misses = self.misses(m);
        (0..m.len())
            .map(|i| {
                let fit: BigRational = (misses.iter().zip(&self.s).zip(&self.a[i]))
                    .map(|((r, s), a)| r * a / s)
                    .sum::<BigRational>()
                    * &self.w[i];
                (fit + self.lambda(i) * (&m[i] - BigRational::one())) * exact(2.0)
            })
            .collect()
    }

    pub fn clip(&self, i: usize, x: BigRational) -> BigRational {
        let (lower, upper) = &self.bounds[i];
        x.max(lower.clone()).min(upper.clone())
    }

    /// The dual point v = y ⊘ s, given as high + low.
    pub fn dual(&self, high: &[f64], low: &[f64]) -> ExactDual {
        let v: Vec<BigRational> = high.iter().zip(low).map(|(&h, &l)| exact(h) + exact(l)).collect();
        let spread = |i: usize| -> BigRational { self.a[i].iter().zip(&v).map(|(a, v)| a * v).sum() };
        let multipliers: Vec<BigRational> = (0..self.w.len())
            .map(|i| self.clip(i, BigRational::one() - spread(i) / (&self.rho * &self.w[i])))
            .collect();
        let half = exact(0.5);
        let squared_residual = (self.misses(&multipliers).iter().zip(&v).zip(&self.s))
            .map(|((r, v), s)| {
                let f = v * s * &half - r;
                &f * &f
            })
            .sum();
        // D(y) = −‖y‖²/4 − y·c + Σ min over the box of λ(m − 1)² + (By)m
        let target_part: BigRational = (0..v.len())
            .map(|j| -(&v[j] * &self.s[j] * &self.s[j] * &v[j] / exact(4.0) + &v[j] * &self.t[j]))
            .sum();
        let record_part: BigRational = (0..self.w.len())
            .map(|i| {
                let m = &multipliers[i];
                let off = m - BigRational::one();
                self.lambda(i) * &off * &off + spread(i) * &self.w[i] * m
            })
            .sum();
        ExactDual { multipliers, squared_residual, value: target_part + record_part }
    }

    /// z for the given states: the solution of the linear optimality system of that set.
    fn unclipped(&self, states: &[State]) -> Vec<BigRational> {
        let (n, k) = (self.w.len(), self.t.len());
        let mut system = vec![vec![BigRational::zero(); k + 1]; k];
        for j in 0..k {
            system[j][j] = &self.rho * &self.s[j] * &self.s[j] / exact(2.0);
            system[j][k] = -self.t[j].clone();
        }
        for i in 0..n {
            let fixed = match states[i] {
                State::Free => BigRational::one(),
                State::Lower => self.bounds[i].0.clone(),
                State::Upper => self.bounds[i].1.clone(),
            };
            for j in (0..k).filter(|&j| !self.a[i][j].is_zero()) {
                system[j][k] += &self.w[i] * &fixed * &self.a[i][j];
                if states[i] == State::Free {
                    for l in 0..k {
                        system[j][l] += &self.a[i][j] * &self.a[i][l];
                    }
                }
            }
        }
        let u = solve_exactly(&system);
        (0..n)
            .map(|i| {
                let spread: BigRational = self.a[i].iter().zip(&u).map(|(a, u)| a * u).sum();
                BigRational::one() - spread / &self.w[i]
            })
            .collect()
    }

    /// The multipliers of a set, if it is the set of the optimum.
    fn optimum_of(&self, states: &[State]) -> Option<Vec<BigRational>> {
        let z = self.unclipped(states);
        let optimal = (0..z.len()).all(|i| match states[i] {
            State::Free => self.bounds[i].0 <= z[i] && z[i] <= self.bounds[i].1,
            State::Lower => z[i] <= self.bounds[i].0 || self.bounds[i].0 == self.bounds[i].1,
            State::Upper => z[i] >= self.bounds[i].1,
        });
        optimal.then(|| z.into_iter().enumerate().map(|(i, z)| self.clip(i, z)).collect())
    }

    /// The optimum, proven. `guess` (multipliers of any solver) may save the search; it cannot change the result.
    ///
    /// # Panics
    /// If L₀ = 0, where the form has no unique answer.
    pub fn optimum(&self, guess: Option<&[f64]>) -> Vec<BigRational> {
        assert!(self.initial_loss.is_positive());
        let from_guess = guess.and_then(|m| {
            let states: Vec<State> =
                m.iter().enumerate().map(|(i, &m)| self.state_of(i, &exact(m))).collect();
            self.optimum_of(&states)
        });
        from_guess.unwrap_or_else(|| self.active_set_search())
    }

    fn state_of(&self, i: usize, m: &BigRational) -> State {
        let (lower, upper) = &self.bounds[i];
        if m <= lower {
            State::Lower
        } else if m >= upper {
            State::Upper
        } else {
            State::Free
        }
    }

    /// Primal active-set method in exact arithmetic: the objective falls with every step that moves, so it ends.
    pub fn active_set_search(&self) -> Vec<BigRational> {
        let n = self.w.len();
        let mut m: Vec<BigRational> = (0..n).map(|i| self.clip(i, BigRational::one())).collect();
        let mut states: Vec<State> = (0..n).map(|i| self.state_of(i, &m[i])).collect();
        for _ in 0..1000 {
            let z = self.unclipped(&states);
            let mut step = BigRational::one();
            let mut blocking = None;
            for i in (0..n).filter(|&i| states[i] == State::Free) {
                let (lower, upper) = &self.bounds[i];
                let (bound, state) = if z[i] < *lower {
                    (lower, State::Lower)
                } else if z[i] > *upper {
                    (upper, State::Upper)
                } else {
                    continue;
                };
                let length = (bound - &m[i]) / (&z[i] - &m[i]);
                if blocking.is_none() || length < step {
                    (step, blocking) = (length, Some((i, bound.clone(), state)));
                }
            }
            for i in (0..n).filter(|&i| states[i] == State::Free) {
                let move_by = &step * (&z[i] - &m[i]);
                m[i] += move_by;
            }
            if let Some((i, bound, state)) = blocking {
                (m[i], states[i]) = (bound, state);
                continue;
            }
            // The farther z lies on the inner side of the bound, the more releasing the record gains.
            let released = (0..n)
                .filter(|&i| self.bounds[i].0 < self.bounds[i].1)
                .filter_map(|i| match states[i] {
                    State::Lower if z[i] > self.bounds[i].0 => Some((&z[i] - &self.bounds[i].0, i)),
                    State::Upper if z[i] < self.bounds[i].1 => Some((&self.bounds[i].1 - &z[i], i)),
                    _ => None,
                })
                .max();
            match released {
                Some((_, i)) => states[i] = State::Free,
                None => return m,
            }
        }
        panic!("the active-set search does not end");
    }

    /// The optimum by trying every one of the 3ⁿ sets.
    pub fn enumerate(&self) -> Vec<BigRational> {
        let n = self.w.len();
        (0..3usize.pow(n as u32))
            .find_map(|code| {
                let states: Vec<State> = (0..n)
                    .map(|i| [State::Free, State::Lower, State::Upper][code / 3usize.pow(i as u32) % 3])
                    .collect();
                self.optimum_of(&states)
            })
            .expect("one set satisfies the optimality conditions")
    }
}

/// Solves a k × (k + 1) system by Bareiss's fraction-free elimination on integers.
fn solve_exactly(system: &[Vec<BigRational>]) -> Vec<BigRational> {
    let k = system.len();
    let mut rows: Vec<Vec<BigInt>> = system
        .iter()
        .map(|row| {
            let common = row.iter().fold(BigInt::one(), |c, x| num_integer_lcm(&c, x.denom()));
            row.iter().map(|x| x.numer() * (&common / x.denom())).collect()
        })
        .collect();
    let mut previous = BigInt::one();
    for p in 0..k {
        let pivot = (p..k).find(|&i| !rows[i][p].is_zero()).expect("the optimality system is regular");
        rows.swap(p, pivot);
        for i in p + 1..k {
            for j in p + 1..=k {
                rows[i][j] = (&rows[p][p] * &rows[i][j] - &rows[i][p] * &rows[p][j]) / &previous;
            }
            rows[i][p] = BigInt::zero();
        }
        previous = rows[p][p].clone();
    }
    let mut x = vec![BigRational::zero(); k];
    for p in (0..k).rev() {
        let known: BigRational = (p + 1..k).map(|j| BigRational::from(rows[p][j].clone()) * &x[j]).sum();
        x[p] = (BigRational::from(rows[p][k].clone()) - known) / BigRational::from(rows[p][p].clone());
    }
    x
}

fn num_integer_lcm(a: &BigInt, b: &BigInt) -> BigInt {
    // gcd by way of the reduced fraction a/b: num-rational reduces on construction.
    let reduced = BigRational::new(a.clone(), b.clone());
    a * reduced.denom()
}
