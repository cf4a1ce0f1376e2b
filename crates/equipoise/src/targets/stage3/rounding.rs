//! From exact weights to decimals.
//!
//! Parity mode rounds each weight half to even. Strict mode starts below, at whole units of 10⁻⁴, hands out by largest remainder the
//! units that are still needed while every rule stays satisfied, and then repairs rules that ask for more: a chain of moves, each of
//! exactly the size that is needed, the next one restoring what the last one broke. A weight leaves the grid of 10⁻⁴ only where
//! a rule leaves no other way (a band of width zero beside a locked weight of twelve decimals).

use std::borrow::Cow;

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{ToPrimitive, Zero};
use rust_decimal::Decimal;

use super::answer::RoundingReport;
use super::audit;
use super::rounded;
use super::rules::{Projection, RuleBook};
use super::solver::PLACES;
use crate::targets::Text;

/// Decimal places in which sums are reported.
const REPORT_PLACES: u32 = 12;
/// Moves tried in one repair.
const MOST_MOVES: usize = 20_000;
/// Decimal places to start from where four do not do.
const FINER_STARTS: [u32; 4] = [6, 8, 10, 12];
/// Longest chain of moves.
const LONGEST_CHAIN: usize = 12;

/// Weights as fractions of one denominator.
pub(super) struct ExactPoint<'a> {
    pub numerators: Cow<'a, [BigInt]>,
    pub denominator: Cow<'a, BigInt>,
}

impl ExactPoint<'_> {
    /// The decimals themselves.
    pub fn of(weights: &[Decimal]) -> Self {
        let places = weights.iter().map(Decimal::scale).max().unwrap_or(0);
        let scaled = |w: &Decimal| BigInt::from(w.mantissa()) * BigInt::from(10).pow(places - w.scale());
        Self {
            numerators: weights.iter().map(scaled).collect(),
            denominator: Cow::Owned(BigInt::from(10).pow(places)),
        }
    }

    /// wᵢ·10^places, rounded down, and whether something is left.
    fn floor(&self, i: usize, places: u32) -> (i128, BigInt) {
        let scale = 10i64.pow(places);
        let narrow = self.numerators[i].to_i128().and_then(|n| n.checked_mul(scale.into()));
        if let (Some(scaled), Some(denominator)) = (narrow, self.denominator.to_i128()) {
            let (quotient, remainder) = scaled.div_mod_floor(&denominator);
            return (quotient, remainder.into());
        }
        let scaled = &self.numerators[i] * BigInt::from(scale);
        let (quotient, remainder) = scaled.div_mod_floor(&self.denominator);
        (quotient.to_i128().unwrap_or(i128::MAX / 4), remainder)
    }
}

/// Half to even, four decimals; `fixed` names keep their weight.
pub(super) fn round_half_even(
    book: &RuleBook<'_>,
    exact: &ExactPoint<'_>,
    fixed: &[Option<Decimal>],
) -> (Vec<Decimal>, RoundingReport) {
    let weights: Vec<Decimal> = (0..fixed.len())
        .map(|i| fixed[i].unwrap_or_else(|| rounded(&exact.numerators[i], &exact.denominator, PLACES)))
        .collect();
    let violated = book
        .constraints
        .iter()
        .filter(|c| c.slack(&weights).is_some_and(|s| s.is_sign_negative() && !s.is_zero()));
    let mut violated: Vec<String> = violated.map(|c| audit::identifier(&c.rule)).collect();
    if let Some(cap) = book.options.single_position_max_weight
        && book.tradeable.iter().any(|&i| weights[i] > cap)
    {
        violated.push("SINGLE_POSITION_MAX".into());
    }
    let report = report("PARITY", exact, &weights, Vec::new(), violated);
    (weights, report)
}

/// Decimals under which every rule of the projection holds that holds at the exact point.
pub(super) fn round_strictly(
    book: &RuleBook<'_>,
    projection: &Projection,
    exact: &ExactPoint<'_>,
    fixed: &[Option<Decimal>],
) -> (Vec<Decimal>, RoundingReport) {
    let mut grid = Grid::new(projection, exact, fixed, PLACES);
    grid.hand_out();
    grid.repair();
    // Where no chain of moves mends whole units, rules that are far from binding at finer ones are in nobody's way.
    for start in FINER_STARTS {
        if grid.violated().is_empty() {
            break;
        }
        grid = Grid::new(projection, exact, fixed, start);
        grid.hand_out();
        grid.repair();
    }
    let weights = grid.weights();
    let names = &book.problem.names;
    let finer = (0..names.len()).filter(|&i| fixed[i].is_none() && weights[i].normalize().scale() > PLACES);
    let finer = finer.map(|i| names[i].instrument_id.clone()).collect();
    let violated = grid.violated().into_iter().filter_map(|r| projection.row_rules[grid.rows[r].source]);
    let violated = violated.map(|rule| audit::identifier(&book.constraints[rule].rule)).collect();
    let report = report("STRICT", exact, &weights, finer, violated);
    (weights, report)
}

fn report(
    mode: &'static str,
    exact: &ExactPoint<'_>,
    weights: &[Decimal],
    finer: Vec<Text>,
    violated: Vec<String>,
) -> RoundingReport {
    let (sum, largest, denominator) =
        changes_in_128_bits(exact, weights).unwrap_or_else(|| changes(exact, weights));
    RoundingReport {
        mode,
        places: PLACES,
        finer,
        residual: rounded(&sum, &denominator, REPORT_PLACES).normalize(),
        largest_change: rounded(&largest, &denominator, REPORT_PLACES).normalize(),
        violated,
    }
}

/// Σ and the largest size of the changes, and the denominator of both.
fn changes(exact: &ExactPoint<'_>, weights: &[Decimal]) -> (BigInt, BigInt, BigInt) {
    let point = ExactPoint::of(weights);
    let mut sum = BigInt::zero();
    let mut largest = BigInt::zero();
    for (own, numerator) in point.numerators.iter().zip(exact.numerators.iter()) {
        let change = own * &*exact.denominator - numerator * &*point.denominator;
        sum += &change;
        largest = largest.max(BigInt::from(change.magnitude().clone()));
    }
    (sum, largest, &*point.denominator * &*exact.denominator)
}

/// The same where 128 bits suffice.
fn changes_in_128_bits(exact: &ExactPoint<'_>, weights: &[Decimal]) -> Option<(BigInt, BigInt, BigInt)> {
    let places = weights.iter().map(Decimal::scale).max().unwrap_or(0);
    let (unit, denominator) = (10i128.checked_pow(places)?, exact.denominator.to_i128()?);
    let (mut sum, mut largest) = (0i128, 0);
    for (weight, numerator) in weights.iter().zip(exact.numerators.iter()) {
        let own = weight.mantissa().checked_mul(10i128.pow(places - weight.scale()))?;
        let exact = numerator.to_i128()?.checked_mul(unit)?;
        let change = own.checked_mul(denominator)?.checked_sub(exact)?;
        sum = sum.checked_add(change)?;
        largest = largest.max(change.unsigned_abs());
    }
    Some((sum.into(), largest.into(), BigInt::from(unit) * denominator))
}

/// A row in whole numbers: Σ aᵢwᵢ within [lower, upper], w in units of 10^−places, a times 10^coefficients.
struct WholeRow {
    terms: Vec<(usize, i128)>,
    lower: Option<i128>,
    upper: Option<i128>,
    value: i128,
    /// The row of the projection.
    source: usize,
}

impl WholeRow {
    /// > 0: what is missing below; < 0: what is too much above.
    fn fault(&self) -> i128 {
        match (self.lower, self.upper) {
            (Some(lower), _) if self.value < lower => lower - self.value,
            (_, Some(upper)) if self.value > upper => upper - self.value,
            _ => 0,
        }
    }
}

struct Grid {
    places: u32,
    /// 10^−start, the unit of weights that no repair has moved.
    unit: i128,
    weights: Vec<i128>,
    bounds: Vec<(i128, i128)>,
    movable: Vec<usize>,
    rows: Vec<WholeRow>,
    by_name: Vec<Vec<(usize, i128)>>,
    /// What the exact weights have beyond whole units, by name.
    remainders: Vec<(BigInt, usize)>,
    /// Σ of the movable weights, to whole units.
    wanted: i128,
    moves: usize,
}

impl Grid {
    /// At whole units of 10^−start, rounded down.
    fn new(projection: &Projection, exact: &ExactPoint<'_>, fixed: &[Option<Decimal>], start: u32) -> Self {
        let n = fixed.len();
        let names = &projection.problem.names[..n];
        // Rows of cash as a variable have terms beyond the names.
        let rows = projection.problem.rows.iter().enumerate();
        let rows: Vec<_> = rows.filter(|(_, row)| row.terms.iter().all(|t| t.0 < n)).collect();
        let bounds = names.iter().flat_map(|name| name.lower.iter().chain(&name.upper));
        let limits = rows.iter().flat_map(|(_, row)| row.lower.iter().chain(&row.upper));
        let decimals = bounds.chain(limits).chain(fixed.iter().flatten());
        // Zeros at the end are no places that a decimal needs.
        let enough = |places: u32, d: &Decimal| {
            if d.scale() > places { places.max(d.normalize().scale()) } else { places }
        };
        let places = decimals.fold(start, enough);
        let coefficients =
            rows.iter().flat_map(|(_, row)| row.terms.iter().map(|t| t.1.scale())).max().unwrap_or(0);
        let whole = |d: &Decimal, places: u32| {
            let d = if d.scale() > places { d.normalize() } else { *d };
            d.mantissa() * 10i128.pow(places - d.scale())
        };
        let coefficient = |d: &Decimal| d.mantissa() * 10i128.pow(coefficients - d.scale());
        let mut grid = Self {
            places,
            unit: 10i128.pow(places - start),
            weights: Vec::with_capacity(n),
            bounds: Vec::with_capacity(n),
            movable: (0..n).filter(|&i| fixed[i].is_none()).collect(),
            rows: Vec::with_capacity(rows.len()),
            by_name: vec![Vec::new(); n],
            remainders: Vec::new(),
            wanted: 0,
            moves: 0,
        };
        let total: BigInt = grid.movable.iter().map(|&i| &exact.numerators[i]).sum();
        let total = rounded(&total, &exact.denominator, start) * Decimal::from(10i64.pow(start));
        grid.wanted = total.to_i128().unwrap_or(0) * grid.unit;
        for (i, name) in names.iter().enumerate() {
            let lower = name.lower.as_ref().map_or(i128::MIN / 4, |d| whole(d, places));
            let upper = name.upper.as_ref().map_or(i128::MAX / 4, |d| whole(d, places));
            let weight = match &fixed[i] {
                Some(weight) => whole(weight, places),
                None => {
                    let (floor, remainder) = exact.floor(i, start);
                    grid.remainders.push((remainder, i));
                    (floor * grid.unit).clamp(lower, upper)
                }
            };
            grid.bounds.push((lower, upper));
            grid.weights.push(weight);
        }
        for (source, row) in rows {
            let terms: Vec<(usize, i128)> = row.terms.iter().map(|(i, a)| (*i, coefficient(a))).collect();
            let value = terms.iter().map(|(i, a)| a * grid.weights[*i]).sum();
            let limit = |d: &Option<Decimal>| d.as_ref().map(|d| whole(d, places + coefficients));
            terms.iter().for_each(|&(i, a)| grid.by_name[i].push((grid.rows.len(), a)));
            grid.rows.push(WholeRow {
                terms,
                lower: limit(&row.lower),
                upper: limit(&row.upper),
                value,
                source,
            });
        }
        grid
    }

    /// Changes a weight and the rows it is in.
    fn shift(&mut self, i: usize, amount: i128) {
        self.weights[i] += amount;
        for &(r, a) in &self.by_name[i] {
            self.rows[r].value += a * amount;
        }
    }

    /// The units that Σw lacks, to the names with the largest remainders, while no rule breaks.
    fn hand_out(&mut self) {
        let wanted = self.wanted;
        let mut missing = wanted - self.movable.iter().map(|&i| self.weights[i]).sum::<i128>();
        let mut remainders = std::mem::take(&mut self.remainders);
        remainders.retain(|remainder| !remainder.0.is_zero());
        remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, i) in remainders {
            let unit = self.unit;
            if missing < unit {
                break;
            }
            let breaks = |grid: &Self, (r, a): &(usize, i128)| {
                let row = &grid.rows[*r];
                let value = row.value + a * unit;
                (*a > 0 && row.upper.is_some_and(|upper| value > upper))
                    || (*a < 0 && row.lower.is_some_and(|lower| value < lower))
            };
            let fits = self.weights[i] + unit <= self.bounds[i].1;
            if fits && !self.by_name[i].iter().any(|term| breaks(self, term)) {
                self.shift(i, unit);
                missing -= unit;
            }
        }
    }

    fn violated(&self) -> Vec<usize> {
        (0..self.rows.len()).filter(|&r| self.rows[r].fault() != 0).collect()
    }

    /// Moves weights until every row holds, if chains of moves can do it.
    fn repair(&mut self) {
        self.moves = 0;
        let mut used = vec![false; self.weights.len()];
        while let Some(&r) = self.violated().first() {
            let before = self.rows[r].fault().abs();
            // Short chains first: nearly always one or two moves suffice.
            let mends = (1..=LONGEST_CHAIN).any(|length| self.fix(r, &mut used, length));
            if !mends && !self.fix_in_part(r) {
                break;
            }
            if self.moves > MOST_MOVES || self.rows[r].fault().abs() >= before {
                break;
            }
        }
    }

    /// How far name i may move to mend row r: what is needed, and what its bounds allow; both with the sign of the move.
    fn needed(&self, r: usize, i: usize, a: i128) -> (i128, i128) {
        let fault = self.rows[r].fault();
        let size = (fault.abs() + a.abs() - 1) / a.abs();
        let needed = if (fault > 0) == (a > 0) { size } else { -size };
        let (lower, upper) = self.bounds[i];
        let room = if needed > 0 { upper - self.weights[i] } else { lower - self.weights[i] };
        (needed, room)
    }

    /// A chain of moves after which row r and all that the moves touched hold.
    fn fix(&mut self, r: usize, used: &mut Vec<bool>, depth: usize) -> bool {
        if depth == 0 {
            return false;
        }
        for (i, a) in self.rows[r].terms.clone() {
            if used[i] || self.movable.binary_search(&i).is_err() || self.moves > MOST_MOVES {
                continue;
            }
            let (needed, room) = self.needed(r, i, a);
            if needed.abs() > room.abs() {
                continue;
            }
            self.moves += 1;
            if depth == 1 && self.breaks_another(r, i, needed) {
                continue;
            }
            let faulty_before: Vec<usize> = self.violated();
            self.shift(i, needed);
            used[i] = true;
            let snapshot = self.weights.clone();
            let mends = self.settle(&faulty_before, r, used, depth);
            used[i] = false;
            if mends {
                return true;
            }
            self.restore(&snapshot);
            self.shift(i, -needed);
        }
        false
    }

    /// Mends, one after the other, the rows that were whole before and row r.
    fn settle(&mut self, before: &[usize], r: usize, used: &mut Vec<bool>, depth: usize) -> bool {
        for _ in 0..LONGEST_CHAIN {
            let broken = self.violated().into_iter().find(|&t| t == r || !before.contains(&t));
            match broken {
                None => return true,
                Some(t) => {
                    if !self.fix(t, used, depth - 1) {
                        return false;
                    }
                }
            }
        }
        false
    }

    /// True if that move takes a row other than r out of its bounds.
    fn breaks_another(&self, r: usize, i: usize, amount: i128) -> bool {
        self.by_name[i].iter().filter(|term| term.0 != r).any(|&(t, a)| {
            let row = &self.rows[t];
            let value = row.value + a * amount;
            let over = row.upper.is_some_and(|upper| value > upper && value > row.value);
            over || row.lower.is_some_and(|lower| value < lower && value < row.value)
        })
    }

    /// Part of what row r needs, from one name, where no other row breaks.
    fn fix_in_part(&mut self, r: usize) -> bool {
        for (i, a) in self.rows[r].terms.clone() {
            if self.movable.binary_search(&i).is_err() {
                continue;
            }
            let (needed, room) = self.needed(r, i, a);
            let amount = if needed > 0 { needed.min(room) } else { needed.max(room) };
            let amount = self.allowed(r, i, amount);
            if amount != 0 {
                self.moves += 1;
                self.shift(i, amount);
                return true;
            }
        }
        false
    }

    /// The part of a move of name i that breaks no row but r.
    fn allowed(&self, r: usize, i: usize, amount: i128) -> i128 {
        let mut size = amount.abs();
        for &(t, a) in self.by_name[i].iter().filter(|t| t.0 != r) {
            let row = &self.rows[t];
            let rises = (a > 0) == (amount > 0);
            let room =
                if rises { row.upper.map(|u| u - row.value) } else { row.lower.map(|l| row.value - l) };
            if let Some(room) = room {
                size = size.min((room / a.abs()).max(0));
            }
        }
        size * amount.signum()
    }

    fn restore(&mut self, weights: &[i128]) {
        for i in 0..weights.len() {
            let change = weights[i] - self.weights[i];
            if change != 0 {
                self.shift(i, change);
            }
        }
    }

    fn weights(&self) -> Vec<Decimal> {
        self.weights.iter().map(|&w| Decimal::from_i128_with_scale(w, self.places).normalize()).collect()
    }
}
