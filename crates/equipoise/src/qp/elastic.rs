//! The elastic primal simplex method: min Σ weight·violation over rl ≤ Ax ≤ ru, xl ≤ x ≤ xu.
//!
//! Every bound may be violated at a price, so every point is a start, the minimum exists, and its multipliers are a Farkas
//! vector whose gap is the minimum. Variables are x (0..n) and the row activities r (n..n + m) with Ax − r = 0; the
//! objective is piecewise linear, and a step passes as many of its breakpoints as it still descends behind (J. J.
//! Forrest's "long step"; R. Fourer, Math. Programming 33 (1985) 204–233). Ties are broken by shifting the bounds by tiny
//! amounts when the method stalls; the shift is taken back before the end.

use std::sync::Arc;

use super::basis_inverse::BasisInverse;
use crate::certificate::linear_system::LinearSystem;
use crate::numeric::sparse::SparseMatrix;

/// A bound counts as met within this, relative to max(1, |bound|) in the user's units.
const PRIMAL_TOLERANCE: f64 = 1e-10;
/// A rate of descent counts beyond this.
const DUAL_TOLERANCE: f64 = 1e-9;
/// Directions below this cannot be pivots.
const PIVOT_TOLERANCE: f64 = 1e-9;
/// Pivots below this are avoided where a smaller step offers a better one.
const GOOD_PIVOT: f64 = 1e-5;
/// Pivots between two eliminations.
const UPDATES: usize = 64;
/// Steps without progress before the bounds are shifted.
const STALL: usize = 24;
/// Shifts before the method relies on the least-index rule alone.
const MAX_SHIFTS: u32 = 6;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElasticEnd {
    /// No direction of descent is left.
    Optimal,
    /// The limit of steps was reached.
    IterationLimit,
    /// The basis became numerically singular.
    Breakdown,
}

/// The state of the method: bounds and weights may be changed between runs, the basis stays as a warm start.
#[derive(Debug, Clone)]
pub(super) struct Elastic {
    m: usize,
    n: usize,
    matrix: Arc<SparseMatrix>,
    row_scale: Vec<f64>,
    column_scale: Vec<f64>,
    lower: Vec<f64>,
    upper: Vec<f64>,
    shifted_lower: Vec<f64>,
    shifted_upper: Vec<f64>,
    weight: Vec<f64>,
    value: Vec<f64>,
    /// Of the basic variables.
    piece: Vec<Piece>,
    basis: Vec<usize>,
    is_basic: Vec<bool>,
    inverse: BasisInverse,
    updates: usize,
    pub(super) iterations: usize,
}

/// A bound that a variable meets on its way.
struct Breakpoint {
    step: f64,
    /// Position in the basis; `None` for the entering variable itself.
    position: Option<usize>,
    bound: f64,
    speed: f64,
    /// By how much the slope of the objective rises behind it.
    slope: f64,
    /// The piece behind it.
    beyond: Piece,
}

/// A piece of the objective of one variable. A basic variable may stand on the end of its piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Below,
    Inside,
    Above,
}

impl Elastic {
    /// The method at the start where every variable is at its bound nearest to zero; `None` if A is too large to scale.
    pub(super) fn new(system: &LinearSystem) -> Self {
        let (m, n) = (system.num_rows(), system.num_columns());
        let (matrix, row_scale, column_scale) = scaled(&system.matrix);
        let mut out = Self {
            m,
            n,
            matrix,
            lower: vec![f64::NEG_INFINITY; n + m],
            upper: vec![f64::INFINITY; n + m],
            shifted_lower: Vec::new(),
            shifted_upper: Vec::new(),
            weight: vec![1.0; n + m],
            value: vec![0.0; n + m],
            piece: vec![Piece::Inside; n + m],
            basis: (n..n + m).collect(),
            is_basic: (0..n + m).map(|v| v >= n).collect(),
            inverse: BasisInverse::negative_identity(m),
            updates: 0,
            iterations: 0,
            row_scale,
            column_scale,
        };
        out.set_bounds(system);
        for j in 0..n {
            out.value[j] = 0.0f64.max(out.lower[j]).min(out.upper[j]);
        }
        out
    }

    /// Takes other bounds for the same matrix.
    pub(super) fn set_bounds(&mut self, system: &LinearSystem) {
        for j in 0..self.n {
            self.lower[j] = system.lower[j] / self.column_scale[j];
            self.upper[j] = system.upper[j] / self.column_scale[j];
        }
        for i in 0..self.m {
            self.lower[self.n + i] = system.row_lower[i] * self.row_scale[i];
            self.upper[self.n + i] = system.row_upper[i] * self.row_scale[i];
        }
    }

    /// Prices of violations in the user's units: per row, and one for all variables' bounds (relative to the scale).
    pub(super) fn set_weights(&mut self, rows: &[f64], columns: f64) {
        for (i, w) in rows.iter().enumerate() {
            self.weight[self.n + i] = w / self.row_scale[i];
        }
        self.weight[..self.n].fill(columns);
    }

    /// The point in the user's units (n).
    pub(super) fn point(&self) -> Vec<f64> {
        (0..self.n).map(|j| self.value[j] * self.column_scale[j]).collect()
    }

    /// The multipliers in the user's units (m): a Farkas vector if the minimum is positive.
    pub(super) fn multipliers(&self) -> Vec<f64> {
        let mut y = self.prices();
        // One correction towards BᵀY = c: the columns of basic variables are what an infinite bound makes exact.
        let correction: Vec<f64> = (self.basic_slopes().zip(&self.basis))
            .map(|(slope, &v)| slope - self.column_dot_compensated(v, &y))
            .collect();
        for (y, c) in y.iter_mut().zip(self.inverse.left_times(&correction)) {
            *y += c;
        }
        y.iter().zip(&self.row_scale).map(|(y, r)| y * r).collect()
    }

    /// Descends until nothing descends any more.
    pub(super) fn run(&mut self, iteration_limit: usize) -> ElasticEnd {
        self.shifted_lower.clone_from(&self.lower);
        self.shifted_upper.clone_from(&self.upper);
        let (mut stalled, mut shifts, mut shifted) = (0, 0, false);
        self.compute_basics();
        for _ in 0..iteration_limit {
            let least_index = shifts >= MAX_SHIFTS && stalled > STALL;
            let Some((entering, sign, rate)) = self.entering(least_index) else {
                if self.updates > 0 {
                    if !self.refactor() {
                        return ElasticEnd::Breakdown;
                    }
                } else if shifted {
                    self.take_back_shift();
                    shifted = false;
                } else {
                    return ElasticEnd::Optimal;
                }
                continue;
            };
            let Some(gain) = self.step(entering, sign, rate) else {
                if self.updates == 0 || !self.refactor() {
                    return ElasticEnd::Breakdown;
                }
                continue;
            };
            self.iterations += 1;
            stalled = if gain > 1e-13 { 0 } else { stalled + 1 };
            if stalled > STALL && shifts < MAX_SHIFTS {
                shifts += 1;
                stalled = 0;
                shifted = true;
                self.shift_bounds(shifts);
            }
            if self.updates >= UPDATES && !self.refactor() {
                return ElasticEnd::Breakdown;
            }
        }
        ElasticEnd::IterationLimit
    }

    fn column(&self, variable: usize) -> (&[u32], &[f64]) {
        self.matrix.column(variable)
    }

    /// πᵀ times the column of a variable.
    fn column_dot(&self, variable: usize, y: &[f64]) -> f64 {
        if variable >= self.n {
            return -y[variable - self.n];
        }
        let (rows, values) = self.column(variable);
        rows.iter().zip(values).map(|(&i, a)| a * y[i as usize]).sum()
    }

    fn column_dot_compensated(&self, variable: usize, y: &[f64]) -> f64 {
        if variable >= self.n {
            return -y[variable - self.n];
        }
        let (rows, values) = self.column(variable);
        let mut sum = crate::numeric::dd_accumulators::Accumulator::default();
        rows.iter().zip(values).for_each(|(&i, &a)| sum.add_product(a, y[i as usize], 0.0));
        sum.value().to_f64()
    }

    /// A bound counts as met within this: a small multiple of max(1, |bound|) in the user's units.
    fn tolerance(&self, v: usize, bound: f64) -> f64 {
        let unit = if v < self.n { 1.0 / self.column_scale[v] } else { self.row_scale[v - self.n] };
        PRIMAL_TOLERANCE * bound.abs().max(unit)
    }

    fn is_below(&self, v: usize) -> bool {
        let bound = self.shifted_lower[v];
        bound.is_finite() && self.value[v] < bound - self.tolerance(v, bound)
    }

    fn is_above(&self, v: usize) -> bool {
        let bound = self.shifted_upper[v];
        bound.is_finite() && self.value[v] > bound + self.tolerance(v, bound)
    }

    /// The piece on which a variable runs when it leaves its value in a direction.
    fn piece_towards(&self, v: usize, sign: f64) -> Piece {
        let value = self.value[v];
        let at = |bound: f64| bound.is_finite() && (value - bound).abs() <= self.tolerance(v, bound);
        if self.is_below(v) || (sign < 0.0 && at(self.shifted_lower[v])) {
            Piece::Below
        } else if self.is_above(v) || (sign > 0.0 && at(self.shifted_upper[v])) {
            Piece::Above
        } else {
            Piece::Inside
        }
    }

    /// Keeps the piece of a basic variable on whose end it stands; else the piece its value says.
    fn correct_piece(&mut self, v: usize) {
        let possible = [self.piece_towards(v, -1.0), self.piece_towards(v, 1.0)];
        if !possible.contains(&self.piece[v]) && !(possible == [Piece::Below, Piece::Above]) {
            self.piece[v] = possible[0];
        }
    }

    /// Slope of the objective on a piece.
    fn slope(&self, v: usize, piece: Piece) -> f64 {
        match piece {
            Piece::Below => -self.weight[v],
            Piece::Inside => 0.0,
            Piece::Above => self.weight[v],
        }
    }

    fn basic_slopes(&self) -> impl Iterator<Item = f64> + '_ {
        self.basis.iter().map(|&v| self.slope(v, self.piece[v]))
    }

    fn prices(&self) -> Vec<f64> {
        let costs: Vec<f64> = self.basic_slopes().collect();
        self.inverse.left_times(&costs)
    }

    /// The non-basic variable with the steepest descent, its direction and its rate.
    fn entering(&self, least_index: bool) -> Option<(usize, f64, f64)> {
        let y = self.prices();
        let mut best: Option<(usize, f64, f64)> = None;
        for v in (0..self.n + self.m).filter(|&v| !self.is_basic[v]) {
            let price = self.column_dot(v, &y);
            for sign in [1.0, -1.0] {
                let rate = sign * (self.slope(v, self.piece_towards(v, sign)) - price);
                if rate < -DUAL_TOLERANCE && best.is_none_or(|b| rate < b.2) {
                    best = Some((v, sign, rate));
                    if least_index {
                        return best;
                    }
                }
            }
        }
        best
    }

    /// Moves the entering variable along its direction; returns the descent, or `None` if no breakpoint ends the step.
    fn step(&mut self, entering: usize, sign: f64, rate: f64) -> Option<f64> {
        let image = self.image(entering);
        let mut points = Vec::new();
        self.breakpoints(entering, None, self.piece_towards(entering, sign), sign, &mut points);
        for (p, &d) in image.iter().enumerate() {
            if d.abs() > PIVOT_TOLERANCE {
                let v = self.basis[p];
                self.breakpoints(v, Some(p), self.piece[v], -sign * d, &mut points);
            }
        }
        points.sort_by(|a, b| a.step.total_cmp(&b.step).then(a.position.cmp(&b.position)));
        let chosen = choose_breakpoint(&points, rate)?;
        self.piece[entering] = self.piece_towards(entering, sign);
        for crossed in &points[..chosen] {
            self.piece[crossed.position.map_or(entering, |p| self.basis[p])] = crossed.beyond;
        }
        let point = &points[chosen];
        let (step, position, bound) = (point.step, point.position, point.bound);
        for (p, &d) in image.iter().enumerate() {
            self.value[self.basis[p]] -= sign * step * d;
        }
        self.value[entering] += sign * step;
        match position {
            None => self.value[entering] = bound,
            Some(p) => {
                let leaving = self.basis[p];
                self.value[leaving] = bound;
                self.inverse.replace(p, &image);
                self.basis[p] = entering;
                (self.is_basic[leaving], self.is_basic[entering]) = (false, true);
                self.updates += 1;
            }
        }
        Some(-rate * step)
    }

    /// B⁻¹ times the column of a variable.
    fn image(&self, variable: usize) -> Vec<f64> {
        if variable >= self.n {
            let row = [(variable - self.n) as u32];
            return self.inverse.times_sparse(&row, &[-1.0]);
        }
        let (rows, values) = self.column(variable);
        self.inverse.times_sparse(rows, values)
    }

    /// The bounds that `variable` meets when it moves with `speed` from `piece`.
    fn breakpoints(
        &self,
        v: usize,
        position: Option<usize>,
        piece: Piece,
        speed: f64,
        out: &mut Vec<Breakpoint>,
    ) {
        let (lower, upper) = (self.shifted_lower[v], self.shifted_upper[v]);
        let (ahead, beyond) = match (piece, speed > 0.0) {
            (Piece::Below, true) => ([lower, upper], [Piece::Inside, Piece::Above]),
            (Piece::Inside, true) => ([f64::NAN, upper], [piece, Piece::Above]),
            (Piece::Above, false) => ([upper, lower], [Piece::Inside, Piece::Below]),
            (Piece::Inside, false) => ([f64::NAN, lower], [piece, Piece::Below]),
            (Piece::Above, true) | (Piece::Below, false) => return,
        };
        for (bound, beyond) in ahead.into_iter().zip(beyond).filter(|(bound, _)| bound.is_finite()) {
            let step = ((bound - self.value[v]) / speed).max(0.0);
            let slope = self.weight[v] * speed.abs();
            out.push(Breakpoint { step, position, bound, speed: speed.abs(), slope, beyond });
        }
    }

    /// x_B = −B⁻¹N x_N, with one correction.
    fn compute_basics(&mut self) {
        for &v in &self.basis {
            self.value[v] = 0.0;
        }
        for _ in 0..2 {
            let mut residual = vec![crate::numeric::dd_accumulators::Accumulator::default(); self.m];
            for v in (0..self.n).filter(|&v| self.value[v] != 0.0) {
                let (rows, values) = self.matrix.column(v);
                rows.iter()
                    .zip(values)
                    .for_each(|(&i, &a)| residual[i as usize].add_product(a, self.value[v], 0.0));
            }
            let residual: Vec<f64> = (residual.iter().enumerate())
                .map(|(i, r)| (r.value() - crate::numeric::dd::Dd::from(self.value[self.n + i])).to_f64())
                .collect();
            for (p, change) in self.inverse.times(&residual).into_iter().enumerate() {
                self.value[self.basis[p]] -= change;
            }
        }
        for p in 0..self.m {
            self.correct_piece(self.basis[p]);
        }
    }

    /// A fresh inverse and fresh basic values; false if the basis is singular.
    fn refactor(&mut self) -> bool {
        let (n, matrix, basis) = (self.n, &self.matrix, &self.basis);
        let rebuilt = BasisInverse::rebuild(
            self.m,
            |p| if basis[p] < n { matrix.column(basis[p]) } else { (&[], &[]) },
            |p| basis[p].checked_sub(n),
        );
        let Some((inverse, holder)) = rebuilt else { return false };
        self.basis = holder.into_iter().map(|p| self.basis[p]).collect();
        self.inverse = inverse;
        self.updates = 0;
        self.compute_basics();
        true
    }

    /// Widens every finite interval by a tiny amount of its own, drawn from a fixed congruential sequence.
    fn shift_bounds(&mut self, round: u32) {
        let mut state = 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(u64::from(round) + 1);
        for v in 0..self.n + self.m {
            for (side, sign) in [(&mut self.shifted_lower[v], -1.0), (&mut self.shifted_upper[v], 1.0)] {
                // Knuth's MMIX constants.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let fraction = 0.5 + (state >> 12) as f64 / (1u64 << 53) as f64;
                if side.is_finite() {
                    let shift = sign * 1e-7 * fraction * side.abs().max(1.0);
                    let moved = *side + shift;
                    if !self.is_basic[v] && self.value[v] == *side {
                        self.value[v] = moved;
                    }
                    *side = moved;
                }
            }
        }
        self.compute_basics();
    }

    fn take_back_shift(&mut self) {
        for v in (0..self.n + self.m).filter(|&v| !self.is_basic[v]) {
            if self.value[v] == self.shifted_lower[v] {
                self.value[v] = self.lower[v];
            } else if self.value[v] == self.shifted_upper[v] {
                self.value[v] = self.upper[v];
            }
        }
        self.shifted_lower.clone_from(&self.lower);
        self.shifted_upper.clone_from(&self.upper);
        self.compute_basics();
    }
}

/// The breakpoint to stop at: the last one up to which the objective descends, or a little earlier one with a sound pivot.
fn choose_breakpoint(points: &[Breakpoint], rate: f64) -> Option<usize> {
    let mut slope = rate;
    let mut last = None;
    for (k, point) in points.iter().enumerate() {
        slope += point.slope;
        last = Some(k);
        if slope >= -DUAL_TOLERANCE {
            break;
        }
    }
    let last = last?;
    if slope < -1e-6 {
        return None;
    }
    let reach = points[last].step;
    let start = points.iter().position(|p| reach - p.step <= 1e-11 * reach.max(1.0)).unwrap_or(last);
    let best = (start..=last).max_by(|&a, &b| points[a].speed.total_cmp(&points[b].speed))?;
    if points[best].speed >= GOOD_PIVOT {
        return Some(best);
    }
    // An earlier breakpoint still descends.
    Some(points[..start].iter().rposition(|p| p.speed >= GOOD_PIVOT).unwrap_or(best))
}

/// R A C with R, C powers of two near the geometric means of rows and columns.
fn scaled(matrix: &Arc<SparseMatrix>) -> (Arc<SparseMatrix>, Vec<f64>, Vec<f64>) {
    let (m, n) = (matrix.num_rows(), matrix.num_columns());
    let (mut rows, mut columns) = (vec![1.0; m], vec![1.0; n]);
    for _ in 0..3 {
        for i in 0..m {
            let (indices, values) = matrix.row(i);
            rows[i] = geometric_scale(indices, values, &columns);
        }
        for j in 0..n {
            let (indices, values) = matrix.column(j);
            columns[j] = geometric_scale(indices, values, &rows);
        }
    }
    let (mut triple_rows, mut triple_columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for j in 0..n {
        let (indices, entries) = matrix.column(j);
        for (&i, &a) in indices.iter().zip(entries) {
            triple_rows.push(i);
            triple_columns.push(j as u32);
            values.push(a * rows[i as usize] * columns[j]);
        }
    }
    let scaled = SparseMatrix::from_triples(m, n, &triple_rows, &triple_columns, &values);
    match scaled {
        Ok(scaled) => (scaled.into(), rows, columns),
        // A product that overflows: leave the matrix as it is.
        Err(_) => (matrix.clone(), vec![1.0; m], vec![1.0; n]),
    }
}

/// A power of two near 1/√(min·max) of the entries, the other side's scale applied.
fn geometric_scale(indices: &[u32], values: &[f64], other: &[f64]) -> f64 {
    let (mut least, mut largest) = (f64::INFINITY, 0.0f64);
    for (&k, a) in indices.iter().zip(values) {
        let size = (a * other[k as usize]).abs();
        least = least.min(size);
        largest = largest.max(size);
    }
    if !(largest > 0.0 && largest.is_finite() && least > 0.0) {
        return 1.0;
    }
    let exponent = -0.5 * (libm::log2(least) + libm::log2(largest));
    libm::ldexp(1.0, exponent.clamp(-200.0, 200.0) as i32)
}
