//! The dual active-set method on the rows, with bounds and anchors followed implicitly.
//!
//! For row multipliers y every name takes the best value of its own interval at s = Aᵀy: a piecewise linear wᵢ(sᵢ). The
//! method starts at y = 0 and takes in violated rows one at a time. While it raises the multiplier of one row, those of
//! the working rows follow so that they stay equalities; it stops where a name changes its segment, where a
//! multiplier reaches zero (the row is dropped) or where the row holds. The dual objective rises with every step. If none of
//! these ends comes, the direction of y is a Farkas vector.
//!
//! In a program with identity Hessian this is the method of D. Goldfarb, A. Idnani, Math. Programming 27 (1983) 1–33, with the
//! normals of the bounds eliminated, so that the equations have as many unknowns as rows bind. Ties go to the least index
//! (Murty's rule against cycles).

use super::problem::{Path, Problem, Scalar, Segment};

/// The side of a row that binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// y ≥ 0.
    Lower,
    /// y ≤ 0.
    Upper,
    /// Both bounds are one number: y of any sign.
    Equal,
}

/// The rows that bind, in the order in which they came, and the segment of each name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct WorkingSet {
    pub rows: Vec<(usize, Side)>,
    pub segments: Vec<Segment>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// No row is violated.
    Optimal,
    /// The row cannot be met on that side while the working rows hold.
    Infeasible { row: usize, side: Side },
    /// The limit of steps was reached.
    StepLimit,
}

/// What a run leaves: nothing of it is believed before it is checked in integers.
#[derive(Debug, Clone)]
pub(crate) struct Run<S> {
    pub end: End,
    pub working: WorkingSet,
    pub steps: usize,
    /// The values of the names when the run ended.
    pub values: Vec<S>,
}

/// Runs the method in the numbers S.
pub(crate) fn run<S: Scalar>(problem: &Problem, step_limit: usize) -> Run<S> {
    let mut state = State::<S>::new(problem);
    let end = loop {
        let Some((row, side)) = state.most_violated() else { break End::Optimal };
        match state.take_in(row, side, step_limit) {
            Taken::Holds => {}
            Taken::Never => break End::Infeasible { row, side },
            Taken::StepLimit => break End::StepLimit,
        }
        state.refresh();
    };
    let working = WorkingSet { rows: state.working, segments: state.segments };
    Run { end, working, steps: state.steps, values: state.values }
}

enum Taken {
    Holds,
    Never,
    StepLimit,
}

/// What ends a step.
enum Event {
    RowHolds,
    RowDrops(usize),
    NameTurns(usize, Segment),
}

struct State<S> {
    paths: Vec<Path<S>>,
    /// Names that can move.
    movable: Vec<usize>,
    /// Terms of the names: (row, coefficient), by name.
    starts: Vec<usize>,
    terms: Vec<(usize, S)>,
    row_bounds: Vec<(Option<S>, Option<S>)>,
    /// 1 + Σ|a| of each row: the scale of what its value may lose.
    row_scale: Vec<S>,
    segments: Vec<Segment>,
    values: Vec<S>,
    pressures: Vec<S>,
    activities: Vec<S>,
    multipliers: Vec<S>,
    working: Vec<(usize, Side)>,
    /// Σ over rising names of aᵣaₜ, all rows.
    gram: Vec<S>,
    steps: usize,
    // Work space.
    factor: Vec<S>,
    row_direction: Vec<S>,
    directions: Vec<S>,
}

impl<S: Scalar> State<S> {
    fn new(problem: &Problem) -> Self {
        let (n, k) = (problem.names.len(), problem.rows.len());
        let path = |name| Path::new(name, |d| Some(S::of(d))).expect("every decimal converts");
        let paths: Vec<Path<S>> = problem.names.iter().map(path).collect();
        let movable = (0..n).filter(|&i| !paths[i].is_fixed()).collect();
        let segments: Vec<Segment> =
            paths.iter().map(|p| if p.is_fixed() { Segment::AtLower } else { p.start() }).collect();
        let (starts, terms) = by_name(problem);
        // Σ|a|, and 1 for the bound.
        let row_scale = problem
            .rows
            .iter()
            .map(|row| row.terms.iter().fold(S::one(), |sum, (_, a)| sum + S::of(a).abs()))
            .collect();
        let mut state = Self {
            row_scale,
            row_bounds: problem
                .rows
                .iter()
                .map(|r| (r.lower.as_ref().map(S::of), r.upper.as_ref().map(S::of)))
                .collect(),
            paths,
            movable,
            starts,
            terms,
            segments,
            values: vec![S::zero(); n],
            pressures: vec![S::zero(); n],
            activities: vec![S::zero(); k],
            multipliers: vec![S::zero(); k],
            working: Vec::new(),
            gram: vec![S::zero(); k * k],
            steps: 0,
            factor: Vec::new(),
            row_direction: vec![S::zero(); k],
            directions: vec![S::zero(); n],
        };
        for position in 0..state.movable.len() {
            let i = state.movable[position];
            if state.segments[i].rises() {
                state.update_gram(i, true);
            }
        }
        state.refresh();
        state
    }

    fn terms_of(&self, i: usize) -> std::ops::Range<usize> {
        self.starts[i]..self.starts[i + 1]
    }

    /// Adds name i to the Gram matrix of the rising names, or takes it out.
    fn update_gram(&mut self, i: usize, rises: bool) {
        let k = self.row_bounds.len();
        let range = self.terms_of(i);
        for (r, a) in &self.terms[range.clone()] {
            for (t, b) in &self.terms[range.clone()] {
                let entry = &mut self.gram[r * k + t];
                let product = a.clone() * b.clone();
                *entry = if rises { entry.clone() + product } else { entry.clone() - product };
            }
        }
    }

    /// Pressures, values and row values from the multipliers.
    fn refresh(&mut self) {
        for value in &mut self.activities {
            *value = S::zero();
        }
        for i in 0..self.paths.len() {
            let range = self.terms_of(i);
            let s = self.terms[range.clone()]
                .iter()
                .fold(S::zero(), |sum, (r, a)| sum + a.clone() * self.multipliers[*r].clone());
            let w = self.paths[i].value(self.segments[i], &s);
            for (r, a) in &self.terms[range] {
                self.activities[*r] = self.activities[*r].clone() + a.clone() * w.clone();
            }
            self.pressures[i] = s;
            self.values[i] = w;
        }
    }

    /// The row outside the working set that is violated most, relative to its scale.
    fn most_violated(&self) -> Option<(usize, Side)> {
        let mut worst: Option<(S, usize, Side)> = None;
        for r in 0..self.row_bounds.len() {
            if self.working.iter().any(|w| w.0 == r) {
                continue;
            }
            let (lower, upper) = &self.row_bounds[r];
            let equal = lower.is_some() && lower == upper;
            let below = lower.as_ref().map(|b| (b.clone() - self.activities[r].clone(), Side::Lower));
            let above = upper.as_ref().map(|b| (self.activities[r].clone() - b.clone(), Side::Upper));
            for (violation, side) in below.into_iter().chain(above) {
                let relative = violation / self.row_scale[r].clone();
                let side = if equal { Side::Equal } else { side };
                let counts = relative > S::zero() && !relative.is_negligible(&S::one());
                if counts && worst.as_ref().is_none_or(|w| relative > w.0) {
                    worst = Some((relative, r, side));
                }
            }
        }
        worst.map(|(_, r, side)| (r, side))
    }

    /// Moves y along the path that ends where row p holds.
    fn take_in(&mut self, p: usize, side: Side, step_limit: usize) -> Taken {
        let (lower, upper) = self.row_bounds[p].clone();
        let bound = if side == Side::Upper { upper } else { lower }.expect("a violated side has a bound");
        let rises = self.activities[p] < bound;
        loop {
            if self.steps >= step_limit {
                return Taken::StepLimit;
            }
            self.steps += 1;
            self.set_direction(p, rises);
            let Some((length, event)) = self.first_event(p, &bound) else { return Taken::Never };
            self.advance(p, &length);
            match event {
                Event::RowHolds => {
                    self.working.push((p, side));
                    return Taken::Holds;
                }
                Event::RowDrops(position) => {
                    let (r, _) = self.working.remove(position);
                    self.multipliers[r] = S::zero();
                }
                Event::NameTurns(i, segment) => {
                    self.segments[i] = segment;
                    self.update_gram(i, segment.rises());
                }
            }
        }
    }

    /// dy: ±1 on row p, and on the working rows what keeps them equalities; then ds = Aᵀdy.
    fn set_direction(&mut self, p: usize, rises: bool) {
        let unit = if rises { S::one() } else { -S::one() };
        self.row_direction.iter_mut().for_each(|d| *d = S::zero());
        let solution = self.solve_working(p);
        for (&(r, _), d) in self.working.iter().zip(solution) {
            self.row_direction[r] = -(d * unit.clone());
        }
        self.row_direction[p] = unit;
        for position in 0..self.movable.len() {
            let i = self.movable[position];
            let (mut sum, mut scale) = (S::zero(), S::zero());
            for (r, a) in &self.terms[self.starts[i]..self.starts[i + 1]] {
                let term = a.clone() * self.row_direction[*r].clone();
                scale = scale + term.abs();
                sum = sum + term;
            }
            self.directions[i] = if sum.is_negligible(&scale) { S::zero() } else { sum };
        }
    }

    /// G_WW⁻¹ G_Wp by LDLᵀ.
    fn solve_working(&mut self, p: usize) -> Vec<S> {
        let (k, m) = (self.row_bounds.len(), self.working.len());
        let l = &mut self.factor;
        l.clear();
        l.resize(m * m, S::zero());
        let mut x: Vec<S> = self.working.iter().map(|w| self.gram[w.0 * k + p].clone()).collect();
        for i in 0..m {
            for j in 0..=i {
                let mut sum = self.gram[self.working[i].0 * k + self.working[j].0].clone();
                for t in 0..j {
                    sum = sum - l[i * m + t].clone() * l[j * m + t].clone() * l[t * m + t].clone();
                }
                // Off the diagonal L, on it D.
                l[i * m + j] = if i == j { sum } else { sum / l[j * m + j].clone() };
            }
        }
        for i in 0..m {
            for t in 0..i {
                x[i] = x[i].clone() - l[i * m + t].clone() * x[t].clone();
            }
        }
        for i in 0..m {
            x[i] = x[i].clone() / l[i * m + i].clone();
        }
        for i in (0..m).rev() {
            for t in i + 1..m {
                x[i] = x[i].clone() - l[t * m + i].clone() * x[t].clone();
            }
        }
        x
    }

    /// The shortest step to an event; `None` if there is none on the way.
    fn first_event(&self, p: usize, bound: &S) -> Option<(S, Event)> {
        let mut first: Option<(S, Event)> = None;
        let mut offer = |length: S, event: Event| {
            let length = if length < S::zero() { S::zero() } else { length };
            if first.as_ref().is_none_or(|f| length < f.0) {
                first = Some((length, event));
            }
        };
        let k = self.row_bounds.len();
        let rate = self.gram_rate(p);
        if !rate.is_negligible(&self.gram[p * k + p]) {
            offer((bound.clone() - self.activities[p].clone()) / rate, Event::RowHolds);
        }
        for (position, &(r, side)) in self.working.iter().enumerate() {
            let (y, d) = (&self.multipliers[r], &self.row_direction[r]);
            let falls = match side {
                Side::Lower => *d < S::zero(),
                Side::Upper => *d > S::zero(),
                Side::Equal => false,
            };
            if falls {
                offer(-(y.clone() / d.clone()), Event::RowDrops(position));
            }
        }
        for &i in &self.movable {
            let d = &self.directions[i];
            if d.is_zero() {
                continue;
            }
            let end = if *d > S::zero() {
                self.paths[i].end_above(self.segments[i])
            } else {
                self.paths[i].end_below(self.segments[i])
            };
            if let Some((s, next)) = end {
                offer((s - self.pressures[i].clone()) / d.clone(), Event::NameTurns(i, next));
            }
        }
        first
    }

    /// The rate at which aₚ·w changes along the direction: Σ over rising names of aₚᵢ dsᵢ.
    fn gram_rate(&self, p: usize) -> S {
        let k = self.row_bounds.len();
        let along = |r: usize| self.gram[p * k + r].clone() * self.row_direction[r].clone();
        self.working.iter().fold(along(p), |sum, w| sum + along(w.0))
    }

    /// Takes a step of that length. The value of row p is followed; those of the working rows do not change.
    fn advance(&mut self, p: usize, length: &S) {
        if length.is_zero() {
            return;
        }
        let rate = self.gram_rate(p);
        self.activities[p] = self.activities[p].clone() + rate * length.clone();
        for r in self.working.iter().map(|w| w.0).chain([p]) {
            self.multipliers[r] =
                self.multipliers[r].clone() + self.row_direction[r].clone() * length.clone();
        }
        for &i in &self.movable {
            self.pressures[i] = self.pressures[i].clone() + self.directions[i].clone() * length.clone();
        }
    }
}

/// The rows' terms by name.
pub(super) fn by_name<S: Scalar>(problem: &Problem) -> (Vec<usize>, Vec<(usize, S)>) {
    let n = problem.names.len();
    let mut starts = vec![0; n + 1];
    for (i, _) in problem.rows.iter().flat_map(|row| &row.terms) {
        starts[i + 1] += 1;
    }
    for i in 0..n {
        starts[i + 1] += starts[i];
    }
    let mut next = starts.clone();
    let mut terms = vec![(0, S::zero()); starts[n]];
    for (r, row) in problem.rows.iter().enumerate() {
        for (i, a) in &row.terms {
            terms[next[*i]] = (r, S::of(a));
            next[*i] += 1;
        }
    }
    (starts, terms)
}
