//! The subproblem by a primal-dual active-set method: guess which bounds and rows bind, solve the equations, correct the guess.
//!
//! The [`Equations`] of a guess are solved by factors of B (`factored`) or by products with it (`matrix_free`). All wrong guesses change at once; where their number does not fall, one at a time. From the last step's guess two or three
//! rounds suffice. It has no proof of convergence with rows, so that the caller has another method behind it.
//!
//! Sources: M. Hintermüller, K. Ito, K. Kunisch, SIAM J. Optim. 13 (2003) 865–888; L. F. Portugal, J. J. Júdice, L. N. Vicente,
//! Math. Comp. 63 (1994) 625–643 (the change to single steps).

use super::choices::ActiveSetMethod;
use super::functions::SqpError;
use super::matrix_free::InnerFacts;
use super::options::SqpOptions;
use super::subproblem::{Direction, Linearisation, Outcome};
use crate::certificate::linear_system::{Edge, Member, Part};
use crate::numeric::sum::{axpy, dot, max_abs, norm_two};

/// Rounds in which all wrong guesses may change although their number did not fall.
const PATIENCE: usize = 4;
/// Rounds.
const ROUNDS: usize = 60;
/// A bound or row is violated beyond this part of its size, and a multiplier wrong beyond this part of the largest.
const ROUNDING: f64 = 1e-11;
/// Largest such part where the equations are solved inexactly.
const LOOSEST: f64 = 1e-6;

/// Where a variable is guessed to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Free,
    Lower,
    Upper,
}

/// How guesses are judged, and when to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guessing {
    /// A bound or row is violated beyond this part of its size, and a multiplier wrong beyond this part of the largest.
    pub rounding: f64,
    /// A multiplier below minus this part of the largest drops its constraint.
    pub drop_floor: f64,
    /// Both grow up to twofold over the rounds (the idea of EXPAND), so that ties do not go round for ever.
    pub widens: bool,
    /// Rounds after which the last guess counts; `None` means that the guesses must settle.
    pub round_limit: Option<u64>,
    /// Times in a row that a round may undo the round before.
    pub ping_pong_threshold: u64,
}

impl Default for Guessing {
    fn default() -> Self {
        Self {
            rounding: ROUNDING,
            drop_floor: 0.0,
            widens: true,
            round_limit: None,
            ping_pong_threshold: u64::MAX,
        }
    }
}

impl Guessing {
    /// As the options have it.
    pub fn of(options: &SqpOptions) -> Self {
        Self {
            drop_floor: options.mult_drop_floor,
            widens: options.active_set_method != ActiveSetMethod::Lpeca,
            round_limit: options.qp_max_iter,
            ping_pong_threshold: options.qp_ping_pong_threshold,
            ..Self::default()
        }
    }

    /// For equations that are solved to a residual of `tolerance`: what is within their error is no violation.
    pub fn inexact(self, tolerance: f64) -> Self {
        Self { rounding: (10.0 * tolerance).clamp(ROUNDING, LOOSEST), ..self }
    }

    /// The factor of both tolerances in a round (from 1).
    fn widening(&self, round: usize) -> f64 {
        if self.widens { 1.0 + (round - 1) as f64 / ROUNDS as f64 } else { 1.0 }
    }
}

/// How the equations of a guess are solved.
pub(super) trait Equations {
    /// d and the multipliers of the rows into the guess; false where the equations have no solution.
    fn solve(&mut self, guess: &mut Guess<'_>) -> Result<bool, SqpError>;

    /// Bv.
    fn product(&mut self, v: &[f64]) -> Result<Vec<f64>, SqpError>;
}

/// A guess and what follows from it.
pub(super) struct Guess<'a> {
    /// The subproblem.
    pub problem: &'a Linearisation<'a>,
    /// g.
    pub linear: &'a [f64],
    places: Vec<Place>,
    binding: Vec<bool>,
    /// d.
    pub d: Vec<f64>,
    /// Bd, where it is known.
    pub image: Option<Vec<f64>>,
    rows: Vec<f64>,
    bounds: Vec<f64>,
    /// The largest entry and the length of each row.
    row_sizes: Vec<(f64, f64)>,
}

impl Linearisation<'_> {
    /// The solution from the working set `start`, or `None` where the guesses do not settle.
    pub(super) fn settle(
        &self,
        equations: &mut dyn Equations,
        linear: &[f64],
        start: &[Member],
        guessing: &Guessing,
    ) -> Result<Option<Direction>, SqpError> {
        let mut guess = Guess::new(self, linear, start);
        let (mut fewest, mut patience) = (usize::MAX, PATIENCE);
        let (mut before, mut ping_pongs) = (Vec::new(), 0);
        let limit = guessing.round_limit.unwrap_or(u64::MAX);
        for round in 1..=ROUNDS {
            if !equations.solve(&mut guess)? {
                return Ok(None);
            }
            guess.set_bound_multipliers(equations)?;
            let mut wrong = guess.wrong(guessing, guessing.widening(round));
            if wrong.is_empty() {
                return guess.direction(equations, round as u64, Outcome::Solved).map(Some);
            }
            if wrong.len() < fewest {
                (fewest, patience) = (wrong.len(), PATIENCE);
            } else {
                patience = patience.saturating_sub(1);
            }
            if patience == 0 {
                wrong.drain(..wrong.len() - 1);
            }
            let constraints: Vec<_> = wrong.iter().map(Change::constraint).collect();
            ping_pongs = if constraints == before { ping_pongs + 1 } else { 0 };
            before = constraints;
            if ping_pongs >= guessing.ping_pong_threshold {
                return guess.direction(equations, round as u64, Outcome::PingPong).map(Some);
            }
            if round as u64 >= limit {
                return guess.direction(equations, round as u64, Outcome::Budget).map(Some);
            }
            wrong.into_iter().for_each(|change| guess.change(change));
        }
        Ok(None)
    }
}

/// A correction: a variable to its new place, or a row in or out.
#[derive(Debug, Clone, Copy)]
enum Change {
    Variable(usize, Place),
    Row(usize),
}

impl Change {
    fn constraint(&self) -> (bool, usize) {
        match *self {
            Self::Variable(j, _) => (true, j),
            Self::Row(i) => (false, i),
        }
    }
}

impl<'a> Guess<'a> {
    fn new(problem: &'a Linearisation<'a>, linear: &'a [f64], start: &[Member]) -> Self {
        let (n, m) = (linear.len(), problem.point.c.len());
        let fixed = |j: usize| problem.lower[j] == problem.upper[j];
        let mut places: Vec<Place> =
            (0..n).map(|j| if fixed(j) { Place::Lower } else { Place::Free }).collect();
        let mut binding: Vec<bool> = (0..m).map(|i| i < problem.num_equalities).collect();
        for member in start {
            match (member.part, member.edge) {
                (Part::Row(i), _) => binding[i] = true,
                (Part::Column(j), Edge::Lower) if problem.lower[j].is_finite() => places[j] = Place::Lower,
                (Part::Column(j), Edge::Upper) if problem.upper[j].is_finite() => places[j] = Place::Upper,
                _ => {}
            }
        }
        let row_size = |i: usize| (max_abs(problem.point.row(i)), norm_two(problem.point.row(i)));
        Self {
            problem,
            linear,
            places,
            binding,
            d: vec![0.0; n],
            image: None,
            rows: vec![0.0; m],
            bounds: vec![0.0; n],
            row_sizes: (0..m).map(row_size).collect(),
        }
    }

    /// The rows that the guess holds, ascending.
    pub fn working_rows(&self) -> Vec<usize> {
        (0..self.binding.len()).filter(|&i| self.binding[i]).collect()
    }

    /// dⱼ where the guess holds variable j at a bound.
    pub fn value_at_bound(&self, j: usize) -> Option<f64> {
        match self.places[j] {
            Place::Free => None,
            Place::Lower => Some(self.problem.lower[j]),
            Place::Upper => Some(self.problem.upper[j]),
        }
    }

    /// Takes d (n) and the multipliers of the rows `working`; false if they are not finite.
    pub fn take(&mut self, d: &[f64], working: &[usize], multipliers: &[f64]) -> bool {
        self.d.copy_from_slice(d);
        self.image = None;
        self.rows.fill(0.0);
        working.iter().zip(multipliers).for_each(|(&i, y)| self.rows[i] = *y);
        self.d.iter().chain(&self.rows).all(|v| v.is_finite())
    }

    /// z = Bd + g − Aᵀλ at the bounds.
    fn set_bound_multipliers(&mut self, equations: &mut dyn Equations) -> Result<(), SqpError> {
        self.bounds.fill(0.0);
        if self.places.iter().all(|p| *p == Place::Free) {
            return Ok(());
        }
        let mut z = match &self.image {
            Some(image) => image.clone(),
            None => equations.product(&self.d)?,
        };
        axpy(1.0, self.linear, &mut z);
        for (i, &y) in self.rows.iter().enumerate().filter(|(_, y)| **y != 0.0) {
            axpy(-y, self.problem.point.row(i), &mut z);
        }
        for j in 0..z.len() {
            if self.places[j] != Place::Free {
                self.bounds[j] = z[j];
            }
        }
        Ok(())
    }

    /// Guesses that the solution contradicts: rows first, then variables.
    fn wrong(&self, guessing: &Guessing, widening: f64) -> Vec<Change> {
        let tolerance = widening * guessing.rounding;
        let floor = widening * guessing.rounding.max(guessing.drop_floor);
        let (lower, upper) = (self.problem.lower, self.problem.upper);
        let point = self.problem.point;
        let reach = norm_two(&self.d);
        let force = self.force();
        let mut out = Vec::new();
        for i in self.problem.num_equalities..point.c.len() {
            let (largest, length) = self.row_sizes[i];
            if self.binding[i] {
                if self.rows[i] * largest < -floor * force {
                    out.push(Change::Row(i));
                }
            } else {
                let size = point.c[i].abs().max(length * reach);
                if point.c[i] + dot(point.row(i), &self.d) < -tolerance * size {
                    out.push(Change::Row(i));
                }
            }
        }
        for j in 0..self.d.len() {
            let rounding = tolerance * reach.max(point.x[j].abs());
            match self.places[j] {
                Place::Free if self.d[j] < lower[j] - rounding => out.push(Change::Variable(j, Place::Lower)),
                Place::Free if self.d[j] > upper[j] + rounding => out.push(Change::Variable(j, Place::Upper)),
                Place::Lower if self.bounds[j] < -floor * force && lower[j] < upper[j] => {
                    out.push(Change::Variable(j, Place::Free));
                }
                Place::Upper if self.bounds[j] > floor * force && lower[j] < upper[j] => {
                    out.push(Change::Variable(j, Place::Free));
                }
                _ => {}
            }
        }
        out
    }

    /// The size that multipliers are measured against.
    fn force(&self) -> f64 {
        let rows = self.rows.iter().zip(&self.row_sizes).map(|(y, (largest, _))| y.abs() * largest);
        rows.fold(max_abs(self.linear).max(max_abs(&self.bounds)), f64::max)
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Variable(j, place) => self.places[j] = place,
            Change::Row(i) => self.binding[i] = !self.binding[i],
        }
    }

    fn direction(
        mut self,
        equations: &mut dyn Equations,
        rounds: u64,
        outcome: Outcome,
    ) -> Result<Direction, SqpError> {
        let n = self.d.len();
        for j in 0..n {
            self.d[j] = self.d[j].max(self.problem.lower[j]).min(self.problem.upper[j]);
        }
        let mut working_set = Vec::new();
        for i in 0..self.rows.len() {
            if self.binding[i] {
                working_set.push(Member { part: Part::Row(i), edge: Edge::Lower });
                if i >= self.problem.num_equalities {
                    self.rows[i] = self.rows[i].max(0.0);
                }
            }
        }
        for j in 0..n {
            let edge = match self.places[j] {
                Place::Free => continue,
                Place::Lower => Edge::Lower,
                Place::Upper => Edge::Upper,
            };
            working_set.push(Member { part: Part::Column(j), edge });
        }
        let image = match self.image {
            Some(image) => image,
            None => equations.product(&self.d)?,
        };
        Ok(Direction {
            curvature: dot(&self.d, &image),
            left: self.problem.left(&self.d),
            d: self.d,
            multipliers: self.rows,
            bound_multipliers: self.bounds,
            working_set,
            iterations: rounds,
            outcome,
            is_elastic: false,
            inner: InnerFacts::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqp::evaluation::Point;
    use crate::sqp::hessian::curvature::DenseCurvature;
    use crate::sqp::options::SqpOptions;
    use proptest::prelude::*;

    const N: usize = 6;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// The same solution as the dual active-set method, whatever the start.
        #[test]
        fn agrees_with_the_dual_active_set_method(
            entries in prop::collection::vec(-1.0f64..1.0, N * N),
            linear in prop::collection::vec(-2.0f64..2.0, N),
            rows in prop::collection::vec(-1.0f64..1.0, 3 * N),
            first in 0usize..N,
        ) {
            let matrix: Vec<f64> = (0..N * N).map(|e| {
                let (i, j) = (e / N, e % N);
                let inner: f64 = (0..N).map(|k| entries[i * N + k] * entries[j * N + k]).sum();
                inner + if i == j { 0.5 } else { 0.0 }
            }).collect();
            // 0 satisfies every row and bound.
            let point = Point {
                x: vec![0.0; N], f: 0.0, c: vec![0.0, 0.3, 0.1], gradient: linear.clone(), jacobian: rows,
            };
            let problem = Linearisation { point: &point, num_equalities: 1, lower: &[-0.4; N], upper: &[0.6; N] };
            let start = [Member { part: Part::Column(first), edge: Edge::Upper }];
            let dual = problem.solve_dense(&matrix, &linear, &[], &SqpOptions::default());
            prop_assert_eq!(&dual.outcome, &Outcome::Solved);
            let curvature = DenseCurvature::new(&matrix, N);
            if let Some(ours) = problem.solve_primal_dual(&curvature, &linear, &start, &Guessing::default()) {
                for j in 0..N {
                    prop_assert!((ours.d[j] - dual.d[j]).abs() < 1e-8, "{:?} {:?}", ours.d, dual.d);
                }
            }
        }
    }
}
