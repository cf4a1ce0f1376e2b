//! The dual active-set method for strictly convex quadratic programs, dense.
//!
//! It starts at the minimum on the equalities and on the members of a warm start whose multipliers have the right sign, takes in
//! violated constraints one at a time and drops those whose multipliers reach zero; the objective rises with every full step, so that
//! no working set returns. A constraint that is a combination of the working set with no multiplier to give up is a Farkas
//! certificate. Bounds are constraints with unit normals. The final working set's equations are refined with residuals in
//! double-double (`refine`).
//!
//! Source: D. Goldfarb, A. Idnani, Math. Programming 27 (1983) 1–33.

use super::working_factor::{NotPositive, WorkingFactor};
use crate::certificate::linear_system::{Edge, Member, Part};
use crate::certificate::quadratic::QuadraticProgram;
use crate::control::Control;
use crate::numeric::matrix::Row;
use crate::numeric::sum::{axpy, max_abs, norm_two};

/// A violation counts beyond this, relative to max(|bound|, ‖normal‖·the largest ‖x‖ so far).
const VIOLATION: f64 = 1e-13;
/// A normal counts as a combination of the working set below this part of its length.
pub(super) const DEPENDENT: f64 = 1e-11;
/// A multiplier of the wrong sign counts beyond this part of the largest.
const WRONG_SIGN: f64 = 1e-12;
/// Rounds of refinement, each followed by a search for what it uncovered.
const ROUNDS: usize = 8;

/// What to solve: min ½xᵀ(P + shift·I)x + linearᵀx over the program's constraints.
pub(super) struct Task<'a> {
    pub(super) program: &'a QuadraticProgram,
    pub(super) shift: f64,
    pub(super) linear: &'a [f64],
    pub(super) limit: usize,
    pub(super) control: &'a Control,
}

/// How the method ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum End {
    /// No constraint is violated and every multiplier has its sign.
    Optimal,
    /// A vector (m) that should prove that the constraints contradict each other.
    Infeasible(Vec<f64>),
    /// The limit of steps was reached.
    IterationLimit,
    /// The caller's flag or time limit.
    Cancelled,
}

/// Where a row or variable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Working,
    /// A dependent constraint that is violated by no more than rounding.
    Ignored,
}

/// The state of the method, reused from solve to solve: x minimises the objective on the working set, whose multipliers are
/// `multipliers`.
#[derive(Debug, Clone, Default)]
pub(super) struct ActiveSet {
    pub(super) factor: WorkingFactor,
    pub(super) x: Vec<f64>,
    pub(super) working: Vec<Member>,
    pub(super) multipliers: Vec<f64>,
    pub(super) iterations: usize,
    /// Rows, then columns.
    places: Vec<Place>,
    norms: Vec<f64>,
    /// Columns with a bound.
    bounded: Vec<usize>,
    /// Rows that have been violated since all were last looked at.
    candidates: Vec<usize>,
    /// The values of the rows in hand.
    values: Vec<f64>,
    /// The largest ‖x‖ so far: what rounding errors of x are relative to.
    length: f64,
    /// The image of the normal in hand, and its parts along Q and beyond it.
    image: Vec<f64>,
    along: Vec<f64>,
    beyond: Vec<f64>,
    pub(super) r: Vec<f64>,
    pub(super) change: Vec<f64>,
    pub(super) z: Vec<f64>,
}

impl ActiveSet {
    /// Factors P + shift·I and notes the lengths of the rows.
    pub(super) fn factor(&mut self, program: &QuadraticProgram, shift: f64) -> Result<(), NotPositive> {
        self.factor.factor(&program.hessian, shift)
    }

    /// Notes the lengths of the rows.
    pub(super) fn measure_rows(&mut self, program: &QuadraticProgram) {
        self.norms.clear();
        self.norms.extend((0..program.num_rows()).map(|i| program.matrix.row(i).norm()));
    }

    /// Solves from the members of `start`; the answer is in `x`, `working` and `multipliers`.
    pub(super) fn run(&mut self, task: &Task<'_>, start: &[Member]) -> End {
        self.begin(task, start);
        for _ in 0..ROUNDS {
            let end = self.climb(task);
            if end != End::Optimal {
                return end;
            }
            self.refine(task);
            if self.has_right_signs(task) {
                if self.most_violated(task).is_none() {
                    return End::Optimal;
                }
            } else {
                self.settle(task);
            }
        }
        End::IterationLimit
    }

    /// Takes in the equalities and the start's members as far as they are independent, and drops what has the wrong sign.
    fn begin(&mut self, task: &Task<'_>, start: &[Member]) {
        let (m, n) = (task.program.num_rows(), task.program.num_columns());
        self.factor.restart();
        self.working.clear();
        self.iterations = 0;
        self.candidates.clear();
        self.bounded.clear();
        let has_bound = |j: &usize| task.program.lower[*j].is_finite() || task.program.upper[*j].is_finite();
        self.bounded.extend((0..n).filter(has_bound));
        self.places.clear();
        self.places.resize(m + n, Place::Outside);
        let buffers = [&mut self.x, &mut self.image, &mut self.along, &mut self.beyond];
        for buffer in buffers.into_iter().chain([&mut self.r, &mut self.z]) {
            buffer.clear();
            buffer.resize(n, 0.0);
        }
        self.length = 0.0;
        for part in task.program.parts() {
            let (lower, upper) = task.program.interval(part);
            if lower == upper {
                self.try_member(task, Member { part, edge: Edge::Lower });
            }
        }
        for &member in start {
            if task.program.bound(member).is_finite() {
                self.try_member(task, member);
            }
        }
        self.settle(task);
    }

    fn try_member(&mut self, task: &Task<'_>, member: Member) {
        let (m, n, k) = (task.program.num_rows(), task.program.num_columns(), self.factor.len());
        let index = match member.part {
            Part::Row(i) if i < m => i,
            Part::Column(j) if j < n => m + j,
            _ => return,
        };
        if k == n || self.places[index] == Place::Working {
            return;
        }
        self.split_normal(task, member);
        let length = norm_two(&self.beyond);
        if length > DEPENDENT * norm_two(&self.image) {
            self.factor.add(&self.along, &self.beyond, length);
            self.working.push(member);
            self.places[index] = Place::Working;
        }
    }

    /// The minimum on the working set, less the inequalities whose multipliers have the wrong sign there.
    fn settle(&mut self, task: &Task<'_>) {
        loop {
            self.minimise_on_working_set(task);
            let before = self.working.len();
            let wrong = -WRONG_SIGN * max_abs(&self.multipliers);
            for p in (0..before).rev() {
                if !is_equality(task.program, self.working[p]) && self.multipliers[p] < wrong {
                    self.drop_position(task, p, false);
                }
            }
            if self.working.len() == before {
                break;
            }
        }
        for (u, &member) in self.multipliers.iter_mut().zip(&self.working) {
            if !is_equality(task.program, member) {
                *u = u.max(0.0);
            }
        }
    }

    /// x and the multipliers from the factors: a Newton step from x = 0 without multipliers.
    fn minimise_on_working_set(&mut self, task: &Task<'_>) {
        for (r, &member) in self.r.iter_mut().zip(&self.working) {
            *r = sign(member) * task.program.bound(member);
        }
        self.newton_step(task.linear);
        std::mem::swap(&mut self.multipliers, &mut self.change);
        std::mem::swap(&mut self.x, &mut self.z);
        self.length = self.length.max(norm_two(&self.x));
    }

    /// With g the gradient less the working set's pressure and `r` the working set's shortfalls: `z` and `change` such that x + z and
    /// u + change solve the working set's equations. For L⁻¹g = Qg₁ + g₂: z = L⁻ᵀ(QR⁻ᵀr − g₂), change = R⁻¹(R⁻ᵀr + g₁).
    pub(super) fn newton_step(&mut self, gradient: &[f64]) {
        let k = self.factor.len();
        self.factor.image_of_row(Row::Dense(gradient), 1.0, &mut self.image);
        self.factor.split(&self.image, &mut self.along, &mut self.beyond);
        self.factor.solve_transposed(&mut self.r[..k]);
        self.change.clear();
        self.change.extend(self.r[..k].iter().zip(&self.along).map(|(r, g)| r + g));
        self.factor.solve(&mut self.change);
        self.factor.basis_times_minus(&self.r, &mut self.beyond);
        self.factor.back(&self.beyond, &mut self.z);
    }

    /// Takes in violated constraints until there is none.
    fn climb(&mut self, task: &Task<'_>) -> End {
        while let Some(member) = self.most_violated(task) {
            match self.take_in(task, member) {
                End::Optimal => (),
                end => return end,
            }
        }
        End::Optimal
    }

    /// Goldfarb and Idnani's step 2 for a violated constraint: `Optimal` once it holds.
    fn take_in(&mut self, task: &Task<'_>, member: Member) -> End {
        self.split_normal(task, member);
        let size = norm_two(&self.image);
        let mut multiplier = 0.0;
        loop {
            if self.iterations >= task.limit {
                return End::IterationLimit;
            }
            if task.control.must_stop() {
                return End::Cancelled;
            }
            self.iterations += 1;
            let k = self.factor.len();
            let towards = norm_two(&self.beyond);
            let is_independent = towards > DEPENDENT * size && k < self.x.len();
            self.r[..k].copy_from_slice(&self.along[..k]);
            self.factor.solve(&mut self.r[..k]);
            let blocking = self.blocking(task);
            let dual_step = blocking.map_or(f64::INFINITY, |p| (self.multipliers[p] / self.r[p]).max(0.0));
            let shortfall = self.shortfall(task, member);
            let full_step = if is_independent { shortfall / (towards * towards) } else { f64::INFINITY };
            if dual_step.is_infinite() && full_step.is_infinite() {
                return self.contradiction(task, member, shortfall);
            }
            let step = dual_step.min(full_step);
            if is_independent {
                self.factor.back(&self.beyond, &mut self.z);
                axpy(step, &self.z, &mut self.x);
            }
            axpy(-step, &self.r[..k], &mut self.multipliers);
            multiplier += step;
            match blocking {
                Some(p) if dual_step < full_step => self.drop_position(task, p, true),
                _ => {
                    self.factor.add(&self.along, &self.beyond, towards);
                    self.working.push(member);
                    self.multipliers.push(multiplier);
                    self.places[index(task, member.part)] = Place::Working;
                    self.length = self.length.max(norm_two(&self.x));
                    return End::Optimal;
                }
            }
        }
    }

    /// The inequality of the working set whose multiplier reaches zero first.
    fn blocking(&self, task: &Task<'_>) -> Option<usize> {
        let k = self.factor.len();
        let least = DEPENDENT * max_abs(&self.r[..k]);
        let mut best: Option<(f64, usize)> = None;
        for p in 0..k {
            if self.r[p] > least && !is_equality(task.program, self.working[p]) {
                let ratio = self.multipliers[p] / self.r[p];
                if best.is_none_or(|b| ratio < b.0) {
                    best = Some((ratio, p));
                }
            }
        }
        best.map(|b| b.1)
    }

    /// The normal is Σ rₚ·normalₚ with no rₚ > 0 to give up: one unit of it and −rₚ of the others contradict each other, unless the
    /// violation is one of rounding.
    fn contradiction(&mut self, task: &Task<'_>, member: Member, shortfall: f64) -> End {
        if shortfall <= f64::EPSILON.sqrt() * self.size(task, member) * 1e-2 {
            self.places[index(task, member.part)] = Place::Ignored;
            return End::Optimal;
        }
        let mut y = vec![0.0; task.program.num_rows()];
        for (member, weight) in self.working.iter().zip(self.r.iter().map(|r| -r)).chain([(&member, 1.0)]) {
            if let Part::Row(i) = member.part {
                y[i] += sign(*member) * weight;
            }
        }
        End::Infeasible(y)
    }

    /// The violated constraint that is furthest away, equalities first; among the rows first those that have been
    /// violated since all were last looked at.
    fn most_violated(&mut self, task: &Task<'_>) -> Option<Member> {
        let m = task.program.num_rows();
        let mut best = Furthest::default();
        for &j in &self.bounded {
            if self.places[m + j] == Place::Outside {
                best.consider(task.program, Part::Column(j), self.x[j], 1.0, self.length);
            }
        }
        let mut candidates = std::mem::take(&mut self.candidates);
        self.keep_violated(task, &mut candidates, &mut best);
        if best.member.is_none() {
            candidates.clear();
            candidates.extend(0..m);
            self.keep_violated(task, &mut candidates, &mut best);
        }
        self.candidates = candidates;
        best.member
    }

    /// Considers rows and keeps those that are violated.
    fn keep_violated(&mut self, task: &Task<'_>, rows: &mut Vec<usize>, best: &mut Furthest) {
        rows.retain(|&i| self.places[i] == Place::Outside);
        self.values.resize(rows.len(), 0.0);
        task.program.matrix.some_rows_times(rows, &self.x, &mut self.values);
        let mut values = self.values.iter();
        rows.retain(|&i| {
            let value = *values.next().expect("each row has a value");
            best.consider(task.program, Part::Row(i), value, self.norms[i], self.length)
        });
    }

    fn has_right_signs(&mut self, task: &Task<'_>) -> bool {
        let wrong = -WRONG_SIGN * max_abs(&self.multipliers);
        let mut right = true;
        for (u, &member) in self.multipliers.iter_mut().zip(&self.working) {
            if !is_equality(task.program, member) {
                right &= *u >= wrong;
                *u = if *u >= wrong { u.max(0.0) } else { *u };
            }
        }
        right
    }

    /// Drops the constraint at position p; the split normal in hand follows if there is one.
    fn drop_position(&mut self, task: &Task<'_>, p: usize, follow: bool) {
        let split = if follow { Some((&mut self.along[..], &mut self.beyond[..])) } else { None };
        self.factor.remove(p, split);
        self.multipliers.remove(p);
        let member = self.working.remove(p);
        self.places[index(task, member.part)] = Place::Outside;
    }

    /// The image L⁻¹·(signed normal) and its parts along Q and beyond it.
    fn split_normal(&mut self, task: &Task<'_>, member: Member) {
        match member.part {
            Part::Row(i) => {
                self.factor.image_of_row(task.program.matrix.row(i), sign(member), &mut self.image);
            }
            Part::Column(j) => self.factor.image_of_unit(j, sign(member), &mut self.image),
        }
        self.factor.split(&self.image, &mut self.along, &mut self.beyond);
    }

    /// bound − normal·x of the signed inequality: positive if violated.
    fn shortfall(&self, task: &Task<'_>, member: Member) -> f64 {
        let value = match member.part {
            Part::Row(i) => task.program.matrix.row(i).dot(&self.x),
            Part::Column(j) => self.x[j],
        };
        sign(member) * (task.program.bound(member) - value)
    }

    /// What a violation of the member is relative to.
    fn size(&self, task: &Task<'_>, member: Member) -> f64 {
        let norm = match member.part {
            Part::Row(i) => self.norms[i],
            Part::Column(_) => 1.0,
        };
        task.program.bound(member).abs().max(norm * self.length)
    }
}

/// The search for the constraint to take in.
#[derive(Default)]
struct Furthest {
    member: Option<Member>,
    distance: f64,
}

impl Furthest {
    /// Notes a row or variable with its value; true if it is violated.
    #[inline]
    fn consider(
        &mut self,
        program: &QuadraticProgram,
        part: Part,
        value: f64,
        norm: f64,
        length: f64,
    ) -> bool {
        let (lower, upper) = program.interval(part);
        let (edge, bound, shortfall) = if value < lower {
            (Edge::Lower, lower, lower - value)
        } else if value > upper {
            (Edge::Upper, upper, value - upper)
        } else {
            return false;
        };
        if shortfall <= VIOLATION * bound.abs().max(norm * length) {
            return false;
        }
        // A row without entries cannot be met at all.
        let distance = if lower == upper || norm == 0.0 { f64::INFINITY } else { shortfall / norm };
        if self.member.is_none() || distance > self.distance {
            *self = Self { member: Some(Member { part, edge }), distance };
        }
        true
    }
}

/// +1 for normal·x ≥ lower, −1 for −normal·x ≥ −upper.
pub(super) fn sign(member: Member) -> f64 {
    if member.edge == Edge::Lower { 1.0 } else { -1.0 }
}

pub(super) fn is_equality(program: &QuadraticProgram, member: Member) -> bool {
    let (lower, upper) = program.interval(member.part);
    lower == upper
}

fn index(task: &Task<'_>, part: Part) -> usize {
    match part {
        Part::Row(i) => i,
        Part::Column(j) => task.program.num_rows() + j,
    }
}
