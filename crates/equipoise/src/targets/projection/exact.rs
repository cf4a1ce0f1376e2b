//! The optimum of a working set, or the proof that there is no point, in integers: weights and coefficients are scaled by
//! powers of ten, the equations of the working rows are solved without fractions, and every inequality of the
//! Karush–Kuhn–Tucker conditions is compared exactly. 128-bit integers serve where they suffice.
//!
//! Elimination without fractions: E. H. Bareiss, Mathematics of Computation 22 (1968) 565–578.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{CheckedAdd, CheckedMul, CheckedSub, Signed, ToPrimitive, Zero};
use rust_decimal::Decimal;

use super::dual_active_set::{Side, WorkingSet};
use super::problem::{Path, Problem, Segment};

/// The exact solution.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Optimum {
    /// w = numerators / denominator.
    pub numerators: Vec<BigInt>,
    /// > 0; a multiple of 10 to the decimal places of the data.
    pub denominator: BigInt,
    /// y of each row of the program with ½(w − m)², times the denominator: positive presses on the lower side.
    pub multipliers: Vec<BigInt>,
    /// Aᵀy of each name, times the denominator.
    pub pressures: Vec<BigInt>,
    /// The rows that bind.
    pub rows: Vec<(usize, Side)>,
    /// Where each name stands.
    pub segments: Vec<Segment>,
}

impl Optimum {
    /// wᵢ.
    pub fn weight(&self, i: usize) -> BigRational {
        BigRational::new(self.numerators[i].clone(), self.denominator.clone())
    }

    /// A decimal of the data times the denominator.
    pub fn scaled(&self, value: &Decimal) -> BigInt {
        &self.denominator / BigInt::from(10i128.pow(value.scale())) * value.mantissa()
    }
}

/// A Farkas vector that has been checked: Σᵣ min yᵣr − Σᵢ max zᵢwᵢ > 0 with z = Aᵀy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Proof {
    /// y of each row, up to a positive factor; positive presses on the lower side.
    pub rows: Vec<BigInt>,
    /// z of each name, up to the same factor; positive presses on the upper bound.
    pub names: Vec<BigInt>,
}

/// Why there is no verdict in these integers.
enum Stop {
    /// A number is too large for them.
    Overflow,
    /// The working set is not that of the optimum, or the vector proves nothing.
    Rejected,
}

/// The optimum, if the working set is that of one.
pub(crate) fn optimum(problem: &Problem, working: &WorkingSet) -> Option<Optimum> {
    let scales = Scales::of(problem);
    match Integers::<i128>::new(problem, &scales).and_then(|p| p.optimum(working)) {
        Ok(optimum) => Some(optimum),
        Err(Stop::Rejected) => None,
        Err(Stop::Overflow) => {
            Integers::<BigInt>::new(problem, &scales).and_then(|p| p.optimum(working)).ok()
        }
    }
}

/// The proof that row `row` cannot hold on that side, if the working set gives one.
pub(crate) fn proof(problem: &Problem, working: &WorkingSet, row: usize, rises: bool) -> Option<Proof> {
    let scales = Scales::of(problem);
    match Integers::<i128>::new(problem, &scales).and_then(|p| p.proof(working, row, rises)) {
        Ok(proof) => Some(proof),
        Err(Stop::Rejected) => None,
        Err(Stop::Overflow) => {
            Integers::<BigInt>::new(problem, &scales).and_then(|p| p.proof(working, row, rises)).ok()
        }
    }
}

/// Decimal places: of weights and bounds, and of coefficients.
struct Scales {
    weights: u32,
    coefficients: u32,
}

impl Scales {
    fn of(problem: &Problem) -> Self {
        let names = problem.names.iter().flat_map(|name| {
            let kink = name.kink.iter().flat_map(|k| [&k.anchor, &k.slope]);
            [&name.target].into_iter().chain(&name.lower).chain(&name.upper).chain(kink)
        });
        let bounds = problem.rows.iter().flat_map(|row| row.lower.iter().chain(&row.upper));
        let terms = problem.rows.iter().flat_map(|row| row.terms.iter().map(|t| &t.1));
        Self {
            weights: names.chain(bounds).map(Decimal::scale).max().unwrap_or(0),
            coefficients: terms.map(Decimal::scale).max().unwrap_or(0),
        }
    }
}

/// What the computation needs of an integer.
trait Whole:
    Clone + Ord + CheckedAdd + CheckedSub + CheckedMul + Signed + Integer + From<i128> + Into<BigInt>
{
    /// mantissa·10^exponent.
    fn scaled(mantissa: i128, exponent: u32) -> Option<Self>;
    /// The same number, if there is room for it.
    fn narrowed(wide: BigInt) -> Option<Self>;
}

impl Whole for i128 {
    fn scaled(mantissa: i128, exponent: u32) -> Option<Self> {
        // Room for sums and differences of what was converted.
        let value = mantissa.checked_mul(10i128.checked_pow(exponent)?)?;
        (value.unsigned_abs() < 1 << 120).then_some(value)
    }

    fn narrowed(wide: BigInt) -> Option<Self> {
        wide.to_i128()
    }
}

impl Whole for BigInt {
    fn scaled(mantissa: i128, exponent: u32) -> Option<Self> {
        Some(Self::from(mantissa) * Self::from(10).pow(exponent))
    }

    fn narrowed(wide: BigInt) -> Option<Self> {
        Some(wide)
    }
}

fn plus<I: Whole>(a: &I, b: &I) -> Result<I, Stop> {
    a.checked_add(b).ok_or(Stop::Overflow)
}

fn minus<I: Whole>(a: &I, b: &I) -> Result<I, Stop> {
    a.checked_sub(b).ok_or(Stop::Overflow)
}

fn times<I: Whole>(a: &I, b: &I) -> Result<I, Stop> {
    a.checked_mul(b).ok_or(Stop::Overflow)
}

fn require(holds: bool) -> Result<(), Stop> {
    if holds { Ok(()) } else { Err(Stop::Rejected) }
}

/// The program in integers: weights times 10^s, coefficients times 10^c, row bounds times 10^(s + c).
struct Integers<I> {
    paths: Vec<Path<I>>,
    starts: Vec<usize>,
    terms: Vec<(usize, I)>,
    bounds: Vec<(Option<I>, Option<I>)>,
    scales: (u32, u32),
}

impl<I: Whole> Integers<I> {
    fn new(problem: &Problem, scales: &Scales) -> Result<Self, Stop> {
        let at = |value: &Decimal, places: u32| I::scaled(value.mantissa(), places - value.scale());
        let both = scales.weights + scales.coefficients;
        let mut paths = Vec::with_capacity(problem.names.len());
        for name in &problem.names {
            paths.push(Path::new(name, |d| at(d, scales.weights)).ok_or(Stop::Overflow)?);
        }
        let bound = |b: &Option<Decimal>| match b {
            None => Ok(None),
            Some(d) => at(d, both).map(Some).ok_or(Stop::Overflow),
        };
        let mut bounds = Vec::with_capacity(problem.rows.len());
        let mut counts = vec![0; problem.names.len() + 1];
        for row in &problem.rows {
            bounds.push((bound(&row.lower)?, bound(&row.upper)?));
            row.terms.iter().for_each(|(i, _)| counts[i + 1] += 1);
        }
        for i in 0..problem.names.len() {
            counts[i + 1] += counts[i];
        }
        let mut next = counts.clone();
        let mut terms = vec![(0, I::zero()); counts[problem.names.len()]];
        for (r, row) in problem.rows.iter().enumerate() {
            for (i, a) in &row.terms {
                terms[next[*i]] = (r, at(a, scales.coefficients).ok_or(Stop::Overflow)?);
                next[*i] += 1;
            }
        }
        Ok(Self { paths, starts: counts, terms, bounds, scales: (scales.weights, scales.coefficients) })
    }

    fn terms_of(&self, i: usize) -> &[(usize, I)] {
        &self.terms[self.starts[i]..self.starts[i + 1]]
    }

    /// The position of each row in the working set.
    fn positions(&self, working: &WorkingSet) -> Vec<Option<usize>> {
        let mut positions = vec![None; self.bounds.len()];
        working.rows.iter().enumerate().for_each(|(k, w)| positions[w.0] = Some(k));
        positions
    }

    /// G_WW over the rising names (upper triangle, row-major).
    fn gram(&self, working: &WorkingSet, positions: &[Option<usize>]) -> Result<Vec<I>, Stop> {
        let m = working.rows.len();
        let mut gram = vec![I::zero(); m * m];
        for i in (0..self.paths.len()).filter(|&i| working.segments[i].rises()) {
            for (r, a) in self.terms_of(i) {
                let Some(k) = positions[*r] else { continue };
                for (t, b) in self.terms_of(i) {
                    if let Some(l) = positions[*t].filter(|&l| l >= k) {
                        gram[k * m + l] = plus(&gram[k * m + l], &times(a, b)?)?;
                    }
                }
            }
        }
        Ok(gram)
    }

    fn optimum(&self, working: &WorkingSet) -> Result<Optimum, Stop> {
        let (n, m) = (self.paths.len(), working.rows.len());
        let positions = self.positions(working);
        let mut right = Vec::with_capacity(m);
        for &(r, side) in &working.rows {
            let (lower, upper) = &self.bounds[r];
            let bound = if side == Side::Upper { upper } else { lower };
            right.push(bound.clone().ok_or(Stop::Rejected)?);
        }
        for i in 0..n {
            let at_rest = self.paths[i].value(working.segments[i], &I::zero());
            if !at_rest.is_zero() {
                for (r, a) in self.terms_of(i) {
                    if let Some(k) = positions[*r] {
                        right[k] = minus(&right[k], &times(a, &at_rest)?)?;
                    }
                }
            }
        }
        let (y, denominator) = solve_equations(self.gram(working, &positions)?, right)?;
        for (&(_, side), y) in working.rows.iter().zip(&y) {
            require(match side {
                Side::Lower => !y.is_negative(),
                Side::Upper => !y.is_positive(),
                Side::Equal => true,
            })?;
        }
        let (mut numerators, mut pressures) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for i in 0..n {
            let pressure = self.pressure(i, &y, &positions)?;
            numerators.push(self.checked_value(i, working.segments[i], &pressure, &denominator)?);
            pressures.push(pressure.into());
        }
        self.check_rows(&numerators, &denominator)?;
        let (weights, coefficients) = self.scales;
        let ten = BigInt::from(10);
        let mut multipliers = vec![BigInt::zero(); self.bounds.len()];
        for (&(r, _), y) in working.rows.iter().zip(y) {
            multipliers[r] = y.into() * ten.pow(coefficients);
        }
        Ok(Optimum {
            numerators: numerators.into_iter().map(Into::into).collect(),
            denominator: denominator.into() * ten.pow(weights),
            multipliers,
            pressures,
            rows: working.rows.clone(),
            segments: working.segments.clone(),
        })
    }

    /// (Aᵀy)ᵢ.
    fn pressure(&self, i: usize, y: &[I], positions: &[Option<usize>]) -> Result<I, Stop> {
        let mut pressure = I::zero();
        for (r, a) in self.terms_of(i) {
            if let Some(k) = positions[*r] {
                pressure = plus(&pressure, &times(a, &y[k])?)?;
            }
        }
        Ok(pressure)
    }

    /// The numerator of wᵢ over `denominator`, after a check that its segment is that of its pressure.
    fn checked_value(&self, i: usize, segment: Segment, pressure: &I, denominator: &I) -> Result<I, Stop> {
        let path = &self.paths[i];
        if path.is_fixed() {
            return times(path.lower.as_ref().expect("a fixed name has bounds"), denominator);
        }
        if let Some((end, _)) = path.end_above(segment) {
            require(*pressure <= times(&end, denominator)?)?;
        }
        if let Some((end, _)) = path.end_below(segment) {
            require(*pressure >= times(&end, denominator)?)?;
        }
        let at_rest = times(&path.value(segment, &I::zero()), denominator)?;
        if segment.rises() { plus(&at_rest, pressure) } else { Ok(at_rest) }
    }

    /// Every row within its bounds at w = numerators / denominator.
    fn check_rows(&self, numerators: &[I], denominator: &I) -> Result<(), Stop> {
        let mut activities = vec![I::zero(); self.bounds.len()];
        for (i, w) in numerators.iter().enumerate() {
            for (r, a) in self.terms_of(i) {
                let term = if a.is_one() { w.clone() } else { times(a, w)? };
                activities[*r] = plus(&activities[*r], &term)?;
            }
        }
        for (activity, (lower, upper)) in activities.iter().zip(&self.bounds) {
            if let Some(bound) = lower {
                require(*activity >= times(bound, denominator)?)?;
            }
            if let Some(bound) = upper {
                require(*activity <= times(bound, denominator)?)?;
            }
        }
        Ok(())
    }

    fn proof(&self, working: &WorkingSet, row: usize, rises: bool) -> Result<Proof, Stop> {
        let m = working.rows.len();
        let positions = self.positions(working);
        let mut right = vec![I::zero(); m];
        for i in (0..self.paths.len()).filter(|&i| working.segments[i].rises()) {
            let terms = self.terms_of(i);
            let Some((_, a)) = terms.iter().find(|t| t.0 == row) else { continue };
            for (r, b) in terms {
                if let Some(k) = positions[*r] {
                    right[k] = plus(&right[k], &times(a, b)?)?;
                }
            }
        }
        let (x, denominator) = solve_equations(self.gram(working, &positions)?, right)?;
        let mut y = vec![I::zero(); self.bounds.len()];
        let signed = |value: I| if rises { value } else { I::zero() - value };
        for (&(r, _), x) in working.rows.iter().zip(x) {
            y[r] = signed(I::zero() - x);
        }
        y[row] = signed(denominator);
        let pressures = self.check_proof(&y)?;
        Ok(Proof {
            rows: y.into_iter().map(Into::into).collect(),
            names: pressures.into_iter().map(Into::into).collect(),
        })
    }

    /// z = Aᵀy, after a check that the gap is positive.
    fn check_proof(&self, y: &[I]) -> Result<Vec<I>, Stop> {
        let mut gap = I::zero();
        for (y, (lower, upper)) in y.iter().zip(&self.bounds).filter(|(y, _)| !y.is_zero()) {
            let bound = if y.is_positive() { lower } else { upper };
            gap = plus(&gap, &times(y, bound.as_ref().ok_or(Stop::Rejected)?)?)?;
        }
        let mut pressures = Vec::with_capacity(self.paths.len());
        for i in 0..self.paths.len() {
            let mut z = I::zero();
            for (r, a) in self.terms_of(i) {
                z = plus(&z, &times(a, &y[*r])?)?;
            }
            if !z.is_zero() {
                let path = &self.paths[i];
                let bound = if z.is_positive() { &path.upper } else { &path.lower };
                gap = minus(&gap, &times(&z, bound.as_ref().ok_or(Stop::Rejected)?)?)?;
            }
            pressures.push(z);
        }
        require(gap.is_positive())?;
        Ok(pressures)
    }
}

/// [`solve_symmetric`] in these integers, or in wide ones where only the elimination needs them: what it leaves is small again.
fn solve_equations<I: Whole>(g: Vec<I>, b: Vec<I>) -> Result<(Vec<I>, I), Stop> {
    match solve_symmetric(g.clone(), b.clone()) {
        Err(Stop::Overflow) => {
            let wide = |numbers: Vec<I>| numbers.into_iter().map(Into::into).collect::<Vec<BigInt>>();
            let narrow = |number| I::narrowed(number).ok_or(Stop::Overflow);
            let (x, d) = solve_symmetric(wide(g), wide(b))?;
            Ok((x.into_iter().map(narrow).collect::<Result<_, _>>()?, narrow(d)?))
        }
        verdict => verdict,
    }
}

/// x and d > 0 with G·x = d·b, G given by its upper triangle (m × m, row-major); rejected if G is not positive definite.
fn solve_symmetric<I: Whole>(mut g: Vec<I>, mut b: Vec<I>) -> Result<(Vec<I>, I), Stop> {
    let m = b.len();
    let mut previous = I::one();
    for k in 0..m {
        let pivot = g[k * m + k].clone();
        require(pivot.is_positive())?;
        for i in k + 1..m {
            let factor = g[k * m + i].clone();
            let eliminated = |own: &I, above: &I| -> Result<I, Stop> {
                let kept = times(&pivot, own)?;
                if factor.is_zero() || above.is_zero() {
                    return Ok(kept / previous.clone());
                }
                Ok(minus(&kept, &times(&factor, above)?)? / previous.clone())
            };
            for j in i..m {
                g[i * m + j] = eliminated(&g[i * m + j], &g[k * m + j])?;
            }
            b[i] = eliminated(&b[i], &b[k])?;
        }
        previous = pivot;
    }
    let determinant = previous;
    for i in (0..m).rev() {
        let mut sum = times(&determinant, &b[i])?;
        for j in i + 1..m {
            sum = minus(&sum, &times(&g[i * m + j], &b[j])?)?;
        }
        b[i] = sum / g[i * m + i].clone();
    }
    // Smaller numbers for all that follows.
    let common = b.iter().fold(determinant.clone(), |common, x| common.gcd(x));
    let reduced = b.into_iter().map(|x| x / common.clone()).collect();
    Ok((reduced, determinant / common))
}
