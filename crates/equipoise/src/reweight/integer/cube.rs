//! The cube method on the fractional parts: a random walk that keeps the totals, ends in integers, and is unbiased.
//!
//! Let πᵢ be the fractional parts. The flight adds one record at a time to a working basis and moves along the direction that
//! keeps every target's total, the sum of every cell and the sum over all records, until a record becomes 0 or 1; of the two ends
//! of the line it takes one at random so that the expectation stays. Then the cells, whose sums need only become integers, enter
//! as variables of their own. When nothing can move, the landing lets the totals go one by one, those first that
//! one record can do least to, the sum over all records last.
//!
//! Each cell with records in play keeps one of them as its *key*, which takes up what the others do to the sum of the cell: a record
//! i of the basis has the column aᵢ − a_key, a cell's sum the column a_key, and the rows of the basis are the totals alone.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::round::Cells;
use super::working_basis::WorkingBasis;
use crate::numeric::dd::Dd;
use crate::numeric::sparse::SparseMatrix;

/// A variable of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    /// The fractional part of a record's weight.
    Record(u32),
    /// The fractional part of a cell's sum.
    CellSum(u32),
    /// How far a total that was let go has moved.
    Slack(u32),
}

/// What a position of the basis holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    /// Nothing yet: the unit column of a total that is kept and that no variable answers for.
    Nothing,
    Variable(Variable),
}

/// Who stops a move.
#[derive(Debug, Clone, Copy)]
enum Stop {
    Entering,
    Position(usize),
    Key(u32),
}

const NONE: u32 = u32::MAX;
/// Fractional parts this near to an integer are one.
const SNAP: f64 = 1e-12;
/// A total answers to a variable if that moves it by more than this per unit, in units of the total's typical entry.
const DEPENDENT: f64 = 1e-9;
/// Rates below this part of the largest do not end a move.
const NEGLIGIBLE: f64 = 1e-10;
/// A pivot below this part of the largest entry spoils the inverse, which is then made anew.
const POOR_PIVOT: f64 = 1e-6;

/// Weights rounded to the floor or ceiling of each; `sizes` is what a move of each total is measured by.
pub(super) fn round(
    matrix: &SparseMatrix,
    weights: &[f64],
    cells: &Cells,
    sizes: &[f64],
    seed: u64,
) -> Vec<u32> {
    let mut walk = Walk::new(matrix, weights, cells, seed);
    for record in walk.records_by_influence(sizes) {
        walk.enter(Variable::Record(record));
    }
    for cell in 0..cells.totals.len() as u32 {
        if walk.sums[cell as usize] > 0.0 && walk.sums[cell as usize] < 1.0 {
            walk.enter(Variable::CellSum(cell));
        }
    }
    for total in walk.landing_order(sizes) {
        walk.enter(Variable::Slack(total));
    }
    walk.integers(weights, cells)
}

struct Walk<'a> {
    matrix: &'a SparseMatrix,
    cell_of: &'a [u32],
    random: ChaCha8Rng,
    /// 1/(typical entry) of each row: the targets, then the sum over all records.
    row_scale: Vec<f64>,
    /// Fractional part of each record.
    parts: Vec<f64>,
    /// Fractional part of each cell's sum.
    sums: Vec<f64>,
    /// Key of each cell, or [`NONE`].
    keys: Vec<u32>,
    held: Vec<Held>,
    basis: WorkingBasis,
    exchanges: usize,
    // Scratch of one move:
    dense: Vec<f64>,
    column: Vec<(u32, f64)>,
    d: Vec<f64>,
    key_rates: Vec<f64>,
    moving_cells: Vec<u32>,
}

impl<'a> Walk<'a> {
    fn new(matrix: &'a SparseMatrix, weights: &[f64], cells: &'a Cells, seed: u64) -> Self {
        let parts: Vec<f64> = weights.iter().map(|w| snapped(w.fract())).collect();
        let rows = matrix.num_columns() + 1;
        let mut row_scale: Vec<f64> = (0..matrix.num_columns())
            .map(|j| {
                let (records, values) = matrix.column(j);
                let in_play = records.iter().zip(values).filter(|(i, _)| parts[**i as usize] > 0.0);
                let (count, square) = in_play.fold((0.0, 0.0), |(n, s), (_, a)| (n + 1.0, s + a * a));
                if square > 0.0 { (count / square).sqrt() } else { 1.0 }
            })
            .collect();
        row_scale.push(1.0);
        Self {
            matrix,
            cell_of: &cells.of_record,
            random: ChaCha8Rng::seed_from_u64(seed),
            row_scale,
            sums: cells.totals.iter().map(|&total| fraction(total)).collect(),
            keys: vec![NONE; cells.totals.len()],
            held: vec![Held::Nothing; rows],
            basis: WorkingBasis::identity(rows),
            exchanges: 0,
            dense: vec![0.0; rows],
            column: Vec::with_capacity(rows),
            d: vec![0.0; rows],
            key_rates: vec![0.0; cells.totals.len()],
            moving_cells: Vec::new(),
            parts,
        }
    }

    /// Records in play, those first that can move a total most, relative to its size: small ones stay for the landing.
    fn records_by_influence(&self, sizes: &[f64]) -> Vec<u32> {
        let influence = |i: u32| {
            let (targets, values) = self.matrix.row(i as usize);
            targets.iter().zip(values).map(|(&j, a)| a.abs() / sizes[j as usize]).fold(0.0, f64::max)
        };
        let mut order: Vec<(f64, u32)> = (0..self.parts.len() as u32)
            .filter(|&i| self.is_open(self.parts[i as usize]))
            .map(|i| (influence(i), i))
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        order.into_iter().map(|(_, i)| i).collect()
    }

    /// Totals in the order in which they are let go, the sum over all records last.
    fn landing_order(&self, sizes: &[f64]) -> Vec<u32> {
        let open = |i: &u32| self.is_open(self.parts[*i as usize]);
        let urgency = |j: usize| {
            let (records, values) = self.matrix.column(j);
            let left = records.iter().zip(values).filter(|(i, _)| open(i));
            left.map(|(_, a)| a.abs()).fold(0.0, f64::max) / sizes[j]
        };
        let mut order: Vec<(f64, u32)> = (0..sizes.len()).map(|j| (urgency(j).max(0.0), j as u32)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        order.into_iter().map(|(_, j)| j).chain([sizes.len() as u32]).collect()
    }

    fn is_open(&self, part: f64) -> bool {
        part > 0.0 && part < 1.0
    }

    /// Brings a variable in, and keeps the inverse accurate.
    fn enter(&mut self, variable: Variable) {
        self.place(variable);
        if self.exchanges > 4 * self.held.len() {
            self.renew_basis();
        }
    }

    /// Gives a variable a free position, or moves until a variable has become an integer.
    fn place(&mut self, variable: Variable) {
        match variable {
            Variable::Record(i) => {
                let key = &mut self.keys[self.cell_of[i as usize] as usize];
                if *key == NONE {
                    *key = i;
                    return;
                }
            }
            // Without a key the cell has no record in play: its sum is settled.
            Variable::CellSum(c) if self.keys[c as usize] == NONE => return,
            _ => {}
        }
        self.set_column(variable);
        self.basis.solve(&self.column, &mut self.d);
        match self.free_position() {
            Some(q) => self.hold(q, variable),
            None => self.walk(variable),
        }
    }

    /// The column of a variable: what one unit of it does to the totals, the keys' answer included.
    fn set_column(&mut self, variable: Variable) {
        self.dense.fill(0.0);
        match variable {
            Variable::Record(i) => {
                let key = self.keys[self.cell_of[i as usize] as usize];
                self.add_record(i, 1.0);
                self.add_record(key, -1.0);
            }
            Variable::CellSum(c) => self.add_record(self.keys[c as usize], 1.0),
            Variable::Slack(j) => self.dense[j as usize] = 1.0,
        }
        self.column.clear();
        let entries = self.dense.iter().enumerate().filter(|(_, v)| **v != 0.0);
        self.column.extend(entries.map(|(j, &v)| (j as u32, v)));
    }

    fn add_record(&mut self, i: u32, sign: f64) {
        let (targets, values) = self.matrix.row(i as usize);
        for (&j, a) in targets.iter().zip(values) {
            self.dense[j as usize] += sign * (a * self.row_scale[j as usize]);
        }
        let last = self.dense.len() - 1;
        self.dense[last] += sign;
    }

    /// The position without a variable whose total answers most to the entering one.
    fn free_position(&self) -> Option<usize> {
        let free = (0..self.held.len()).filter(|&q| self.held[q] == Held::Nothing);
        let best = free.reduce(|a, b| if self.d[b].abs() > self.d[a].abs() { b } else { a })?;
        (self.d[best].abs() > DEPENDENT).then_some(best)
    }

    fn hold(&mut self, q: usize, variable: Variable) {
        let largest = self.d.iter().fold(0.0, |a: f64, d| a.max(d.abs()));
        let poor = self.d[q].abs() < POOR_PIVOT * largest;
        self.basis.exchange(q, &self.d);
        self.held[q] = Held::Variable(variable);
        self.exchanges += if poor { 4 * self.held.len() + 1 } else { 1 };
    }

    /// Moves the entering variable, the basis and the keys to one of the two ends of their line.
    fn walk(&mut self, entering: Variable) {
        self.set_key_rates(entering);
        let ends = [1.0, -1.0].map(|direction| self.end(entering, direction));
        let [Some((forwards, ahead)), Some((backwards, behind))] = ends else {
            // Nothing but slacks would move.
            return;
        };
        // Forwards with probability backwards/(forwards + backwards): the expected move is 0.
        let (step, stop) = if self.uniform() * (forwards + backwards) < backwards {
            (forwards, ahead)
        } else {
            (-backwards, behind)
        };
        self.advance(entering, step, stop);
        match stop {
            Stop::Entering => {}
            Stop::Position(q) => self.hold(q, entering),
            Stop::Key(cell) => self.replace_key(cell, entering),
        }
    }

    /// Rate of each cell's key, which answers for the other variables of the cell.
    fn set_key_rates(&mut self, entering: Variable) {
        for &cell in &self.moving_cells {
            self.key_rates[cell as usize] = 0.0;
        }
        self.moving_cells.clear();
        let held = self.held.iter().zip(&self.d).filter_map(|(held, d)| match held {
            Held::Variable(variable) => Some((*variable, -d)),
            Held::Nothing => None,
        });
        for (variable, rate) in held.chain([(entering, 1.0)]) {
            if let Some((cell, sign)) = on_key(self.cell_of, variable) {
                self.key_rates[cell as usize] += sign * rate;
                self.moving_cells.push(cell);
            }
        }
        self.moving_cells.sort_unstable();
        self.moving_cells.dedup();
    }

    /// How far the line goes in a direction, and who ends it; `None` if nothing does.
    fn end(&self, entering: Variable, direction: f64) -> Option<(f64, Stop)> {
        let entering_rate = if matches!(entering, Variable::Slack(_)) { 0.0 } else { 1.0 };
        let basis_rate = |q: usize| match self.held[q] {
            Held::Variable(Variable::Record(_) | Variable::CellSum(_)) => -self.d[q],
            _ => 0.0,
        };
        let cells = self.moving_cells.iter().map(|&c| (self.key_rates[c as usize], Stop::Key(c)));
        let movers = [(entering_rate, Stop::Entering)]
            .into_iter()
            .chain((0..self.held.len()).map(|q| (basis_rate(q), Stop::Position(q))))
            .chain(cells);
        let largest = movers.clone().fold(0.0, |a: f64, (rate, _)| a.max(rate.abs()));
        let mut end: Option<(f64, Stop)> = None;
        for (rate, stop) in movers.filter(|(rate, _)| rate.abs() > NEGLIGIBLE * largest) {
            let rate = direction * rate;
            let part = self.part_of(entering, stop);
            let length = if rate > 0.0 { (1.0 - part) / rate } else { part / -rate };
            if end.is_none_or(|(shortest, _)| length < shortest) {
                end = Some((length, stop));
            }
        }
        end
    }

    fn part_of(&self, entering: Variable, stop: Stop) -> f64 {
        let of = |variable| match variable {
            Variable::Record(i) => self.parts[i as usize],
            Variable::CellSum(c) => self.sums[c as usize],
            Variable::Slack(_) => 0.0,
        };
        match stop {
            Stop::Entering => of(entering),
            Stop::Position(q) => match self.held[q] {
                Held::Variable(variable) => of(variable),
                Held::Nothing => 0.0,
            },
            Stop::Key(cell) => self.parts[self.keys[cell as usize] as usize],
        }
    }

    /// Takes the step; the one that ends it becomes an integer exactly.
    fn advance(&mut self, entering: Variable, step: f64, stop: Stop) {
        for q in 0..self.held.len() {
            if let Held::Variable(variable) = self.held[q] {
                let ends = matches!(stop, Stop::Position(p) if p == q);
                self.shift(variable, -self.d[q] * step, ends);
            }
        }
        self.shift(entering, step, matches!(stop, Stop::Entering));
        for c in 0..self.moving_cells.len() {
            let cell = self.moving_cells[c];
            let ends = matches!(stop, Stop::Key(of) if of == cell);
            let change = self.key_rates[cell as usize] * step;
            self.shift(Variable::Record(self.keys[cell as usize]), change, ends);
        }
    }

    fn shift(&mut self, variable: Variable, change: f64, ends: bool) {
        let part = match variable {
            Variable::Record(i) => &mut self.parts[i as usize],
            Variable::CellSum(c) => &mut self.sums[c as usize],
            Variable::Slack(_) => return,
        };
        let moved = (*part + change).clamp(0.0, 1.0);
        *part = if ends { moved.round() } else { moved };
    }

    /// A key has become an integer: another record of its cell takes its place, the entering variable a position.
    fn replace_key(&mut self, cell: u32, entering: Variable) {
        let of_cell: Vec<(usize, f64)> = (0..self.held.len())
            .filter_map(|q| match self.held[q] {
                Held::Variable(variable) => match on_key(self.cell_of, variable) {
                    Some((c, sign)) if c == cell => Some((q, sign)),
                    _ => None,
                },
                Held::Nothing => None,
            })
            .collect();
        let record_at = |q: usize| match self.held[q] {
            Held::Variable(Variable::Record(i)) => Some(i),
            _ => None,
        };
        let successor = of_cell.iter().find_map(|&(q, _)| record_at(q).map(|i| (q, i)));
        match (successor, entering) {
            (Some((q, record)), _) => {
                // With the old key at position q, row q is the signed sum of the rows of the cell, and so is the entering one's entry.
                self.basis.combine_rows(q, &of_cell);
                self.keys[cell as usize] = record;
                self.d[q] = -self.key_rates[cell as usize];
                self.hold(q, entering);
            }
            (None, Variable::Record(i)) if self.cell_of[i as usize] == cell && of_cell.is_empty() => {
                self.keys[cell as usize] = i;
            }
            // The last record in play: the sum of its cell is settled with it.
            (None, _) => {
                self.keys[cell as usize] = NONE;
                self.sums[cell as usize] = self.sums[cell as usize].round();
                if let Some(&(q, _)) = of_cell.first() {
                    self.hold(q, entering);
                }
            }
        }
    }

    /// Makes the inverse anew from what the basis holds: rounding errors of many exchanges add up.
    fn renew_basis(&mut self) {
        let held = std::mem::replace(&mut self.held, vec![Held::Nothing; self.dense.len()]);
        self.basis = WorkingBasis::identity(self.held.len());
        let variables: Vec<Variable> = held
            .into_iter()
            .filter_map(|held| match held {
                Held::Variable(variable) => Some(variable),
                Held::Nothing => None,
            })
            .collect();
        for &variable in &variables {
            // A slack is the unit column that its position has already.
            if let Variable::Slack(j) = variable {
                self.held[j as usize] = Held::Variable(variable);
            }
        }
        let records = variables.iter().filter(|v| matches!(v, Variable::Record(_)));
        let sums = variables.iter().filter(|v| matches!(v, Variable::CellSum(_)));
        for &variable in records.chain(sums) {
            self.place(variable);
        }
        self.exchanges = 0;
    }

    fn uniform(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The integers: the key of a cell takes what its settled sum leaves.
    fn integers(&self, weights: &[f64], cells: &Cells) -> Vec<u32> {
        let mut integers: Vec<u32> =
            weights.iter().zip(&self.parts).map(|(w, part)| whole(*w) + part.round() as u32).collect();
        let mut sums = vec![0u64; cells.totals.len()];
        for (&cell, &integer) in cells.of_record.iter().zip(&integers) {
            sums[cell as usize] += u64::from(integer);
        }
        for (cell, &key) in self.keys.iter().enumerate() {
            if key != NONE {
                let (key, floor) = (key as usize, whole(weights[key as usize]));
                let others = sums[cell] - u64::from(integers[key]);
                let settled = whole_total(cells.totals[cell]) + self.sums[cell].round() as u64;
                integers[key] = if settled > others + u64::from(floor) { floor + 1 } else { floor };
            }
        }
        integers
    }
}

/// The cell whose key answers for a variable, and by how much the key moves for one unit of it.
fn on_key(cell_of: &[u32], variable: Variable) -> Option<(u32, f64)> {
    match variable {
        Variable::Record(i) => Some((cell_of[i as usize], -1.0)),
        Variable::CellSum(c) => Some((c, 1.0)),
        Variable::Slack(_) => None,
    }
}

/// A fractional part; next to an integer it is 0.
fn snapped(part: f64) -> f64 {
    if (SNAP..=1.0 - SNAP).contains(&part) { part } else { 0.0 }
}

/// The integer below a weight, or the one that it is next to.
fn whole(weight: f64) -> u32 {
    (if weight.fract() > 1.0 - SNAP { weight.ceil() } else { weight.floor() }) as u32
}

/// Fractional part of a cell's total; next to an integer it is 0. Sums of weights are known to less than the weights themselves.
fn fraction(total: Dd) -> f64 {
    let part = (total - Dd::from(whole_total(total) as f64)).to_f64();
    if part < sum_snap(total) { 0.0 } else { part }
}

/// The integer below a total, or the one that it is next to.
fn whole_total(total: Dd) -> u64 {
    (total + Dd::from(sum_snap(total))).to_f64().floor().max(0.0) as u64
}

/// Sums this near to an integer are one: weights whose exact sum is an integer miss it by their rounding.
fn sum_snap(total: Dd) -> f64 {
    1e-9_f64.max(1e-13 * total.high)
}
