//! The data of a projection, as decimals, and as the numbers of one run: doubles or rationals.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Num, Signed, ToPrimitive};
use rust_decimal::Decimal;

/// κ|w − c|: what it costs to move a name away from where it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kink {
    /// c.
    pub anchor: Decimal,
    /// κ > 0.
    pub slope: Decimal,
}

/// One variable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name {
    /// m.
    pub target: Decimal,
    /// l; `None` is −∞.
    pub lower: Option<Decimal>,
    /// u ≥ l; `None` is +∞.
    pub upper: Option<Decimal>,
    /// The cost of moving, if any.
    pub kink: Option<Kink>,
}

/// One linear row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Pairs (name, coefficient), coefficients not zero, names in ascending order.
    pub terms: Vec<(usize, Decimal)>,
    /// rl; `None` is −∞.
    pub lower: Option<Decimal>,
    /// ru ≥ rl; `None` is +∞.
    pub upper: Option<Decimal>,
}

/// The whole program.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Problem {
    /// Variables.
    pub names: Vec<Name>,
    /// Rows.
    pub rows: Vec<Row>,
}

/// A number that a run is held in: a double or a rational.
pub(crate) trait Scalar: Clone + PartialOrd + Num + Signed {
    /// The number nearest to a decimal; a rational is that decimal.
    fn of(value: &Decimal) -> Self;
    /// True if a result of that size says nothing beside terms of size `scale`: rounding, in doubles; 0, in rationals.
    fn is_negligible(&self, scale: &Self) -> bool;
}

/// What a double loses in the sums of a run, with a wide margin.
const ROUNDING: f64 = 1e-11;

/// Powers of ten that doubles hold exactly.
const POWERS: [f64; 13] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];

impl Scalar for f64 {
    fn of(value: &Decimal) -> Self {
        // Both numbers are exact, so that the quotient is the nearest double.
        match (i64::try_from(value.mantissa()), POWERS.get(value.scale() as usize)) {
            (Ok(mantissa), Some(power)) if mantissa.unsigned_abs() < 1 << 53 => mantissa as f64 / power,
            _ => value.to_f64().unwrap_or(f64::NAN),
        }
    }

    fn is_negligible(&self, scale: &Self) -> bool {
        f64::abs(*self) <= ROUNDING * scale
    }
}

impl Scalar for BigRational {
    fn of(value: &Decimal) -> Self {
        BigRational::new(BigInt::from(value.mantissa()), BigInt::from(10).pow(value.scale()))
    }

    fn is_negligible(&self, _scale: &Self) -> bool {
        *self == BigRational::from_integer(BigInt::ZERO)
    }
}

/// Where a name stands on its path wᵢ(s), s = (Aᵀy)ᵢ: flat at its bounds and at its anchor, rising with slope 1 between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment {
    /// w = l.
    AtLower,
    /// w = m + κ + s < c.
    BelowAnchor,
    /// w = c.
    AtAnchor,
    /// w = m − κ + s > c; the only rising one where there is no anchor, with κ = 0.
    AboveAnchor,
    /// w = u.
    AtUpper,
}

impl Segment {
    /// True where w rises with s.
    pub fn rises(self) -> bool {
        matches!(self, Self::BelowAnchor | Self::AboveAnchor)
    }
}

/// A name in the numbers of a run. An anchor outside (l, u) is folded into the offset.
#[derive(Debug, Clone)]
pub(crate) struct Path<S> {
    pub lower: Option<S>,
    pub upper: Option<S>,
    pub anchor: Option<S>,
    /// m + κ, for the segment below the anchor.
    pub offset_below: S,
    /// m − κ, for the segment above it.
    pub offset_above: S,
}

impl<S: Clone + PartialOrd + Num> Path<S> {
    /// With decimals as `of` converts them; `None` if it cannot.
    pub fn new(name: &Name, of: impl Fn(&Decimal) -> Option<S>) -> Option<Self> {
        let level = |bound: &Option<Decimal>| bound.as_ref().map(&of).map_or(Some(None), |v| v.map(Some));
        let (m, lower, upper) = (of(&name.target)?, level(&name.lower)?, level(&name.upper)?);
        let Some(kink) = &name.kink else {
            return Some(Self { lower, upper, anchor: None, offset_below: m.clone(), offset_above: m });
        };
        let (anchor, slope) = (of(&kink.anchor)?, of(&kink.slope)?);
        let (below, above) = (m.clone() + slope.clone(), m - slope);
        Some(if lower.as_ref().is_some_and(|l| anchor <= *l) {
            Self { lower, upper, anchor: None, offset_below: above.clone(), offset_above: above }
        } else if upper.as_ref().is_some_and(|u| anchor >= *u) {
            Self { lower, upper, anchor: None, offset_below: below.clone(), offset_above: below }
        } else {
            Self { lower, upper, anchor: Some(anchor), offset_below: below, offset_above: above }
        })
    }

    /// True if the name cannot move.
    pub fn is_fixed(&self) -> bool {
        self.lower.is_some() && self.lower == self.upper
    }

    /// The segment of s = 0, where no row presses.
    pub fn start(&self) -> Segment {
        let above = self.offset_above.clone();
        let below = self.offset_below.clone();
        if self.upper.as_ref().is_some_and(|u| above >= *u) {
            Segment::AtUpper
        } else if let Some(anchor) = &self.anchor {
            if above > *anchor {
                Segment::AboveAnchor
            } else if below >= *anchor {
                Segment::AtAnchor
            } else if self.lower.as_ref().is_some_and(|l| below <= *l) {
                Segment::AtLower
            } else {
                Segment::BelowAnchor
            }
        } else if self.lower.as_ref().is_some_and(|l| above <= *l) {
            Segment::AtLower
        } else {
            Segment::AboveAnchor
        }
    }

    /// The value at s on a segment.
    pub fn value(&self, segment: Segment, s: &S) -> S {
        let flat = |level: &Option<S>| level.clone().expect("a segment that exists has a level");
        match segment {
            Segment::AtLower => flat(&self.lower),
            Segment::BelowAnchor => self.offset_below.clone() + s.clone(),
            Segment::AtAnchor => flat(&self.anchor),
            Segment::AboveAnchor => self.offset_above.clone() + s.clone(),
            Segment::AtUpper => flat(&self.upper),
        }
    }

    /// The s at which the segment ends as s rises, and the next segment.
    pub fn end_above(&self, segment: Segment) -> Option<(S, Segment)> {
        let minus = |level: &S, offset: &S| level.clone() - offset.clone();
        match segment {
            Segment::AtLower => {
                let level = self.lower.as_ref()?;
                Some(match self.anchor {
                    Some(_) => (minus(level, &self.offset_below), Segment::BelowAnchor),
                    None => (minus(level, &self.offset_above), Segment::AboveAnchor),
                })
            }
            Segment::BelowAnchor => {
                self.anchor.as_ref().map(|c| (minus(c, &self.offset_below), Segment::AtAnchor))
            }
            Segment::AtAnchor => {
                self.anchor.as_ref().map(|c| (minus(c, &self.offset_above), Segment::AboveAnchor))
            }
            Segment::AboveAnchor => {
                self.upper.as_ref().map(|u| (minus(u, &self.offset_above), Segment::AtUpper))
            }
            Segment::AtUpper => None,
        }
    }

    /// The s at which the segment ends as s falls, and the next segment.
    pub fn end_below(&self, segment: Segment) -> Option<(S, Segment)> {
        let minus = |level: &S, offset: &S| level.clone() - offset.clone();
        match segment {
            Segment::AtLower => None,
            Segment::BelowAnchor => {
                self.lower.as_ref().map(|l| (minus(l, &self.offset_below), Segment::AtLower))
            }
            Segment::AtAnchor => {
                self.anchor.as_ref().map(|c| (minus(c, &self.offset_below), Segment::BelowAnchor))
            }
            Segment::AboveAnchor => match (&self.anchor, &self.lower) {
                (Some(c), _) => Some((minus(c, &self.offset_above), Segment::AtAnchor)),
                (None, Some(l)) => Some((minus(l, &self.offset_above), Segment::AtLower)),
                (None, None) => None,
            },
            Segment::AtUpper => {
                self.upper.as_ref().map(|u| (minus(u, &self.offset_above), Segment::AboveAnchor))
            }
        }
    }
}
