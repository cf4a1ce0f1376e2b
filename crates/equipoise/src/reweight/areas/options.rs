//! What a batch of areas is asked to do.

use crate::reweight::Form;
use crate::reweight::bands::{Band, BandOptions, BandOverride, TargetSelector};
use crate::reweight::problem::Bounds;

/// One area: what differs from the problem whose records, matrix and names of targets it shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// Names the area in results and files; unique.
    pub key: String,
    /// The area's design weights are the doubles `weight_scale` · w⁰ᵢ: > 0, dimensionless, such as its share of the population.
    pub weight_scale: f64,
    /// Totals (k) in the order of the targets, each in the units of its matrix column times weight; `None` leaves that target out.
    /// Without any, those of the problem.
    pub totals: Option<Vec<Option<f64>>>,
    /// Targets to leave out beside those without a total.
    pub drop: Vec<TargetDrop>,
    /// The band of every target without one of its own, in place of that of the form's options; band form only.
    pub band: Option<Band>,
    /// Bands and weights of some targets, after those of the form's options: the later wins. Band form only.
    pub overrides: Vec<BandOverride>,
    /// Bounds of the multipliers in place of the problem's; arrays are as long as the area has records.
    pub bounds: Option<Bounds>,
    /// The area's records, ascending indices into those of the problem; `None` means all of them.
    pub records: Option<Vec<u32>>,
}

impl Area {
    /// An area that differs from the problem in nothing but its name.
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            weight_scale: 1.0,
            totals: None,
            drop: Vec::new(),
            band: None,
            overrides: Vec::new(),
            bounds: None,
            records: None,
        }
    }
}

/// Targets that an area leaves out.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetDrop {
    /// Which.
    pub targets: TargetSelector,
    /// True if a pattern may match no target at all.
    pub optional: bool,
}

/// Options of a batch; [`AreasOptions::default`] gives the stated defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct AreasOptions {
    /// The form of every area and its options; `threads` and `start` of it are not used. Default: bands.
    pub form: Form,
    /// Areas that are solved at the same time, each on one thread; 0 (the default) means as many as the machine offers threads.
    /// No answer depends on it.
    pub threads: usize,
    /// Largest Σ wₐᵢ/w⁰ᵢ that a record may reach over all areas (> 0, dimensionless), or none (the default); penalty and band
    /// forms only.
    pub exhaustion_cap: Option<f64>,
    /// How many times the areas may be solved again to meet the cap: ≥ 1, default 10.
    pub max_rounds: u32,
    /// A target counts as missed if it lies outside its band (off its total, in the other forms) by more than this fraction of
    /// |total|, or by more than this where the total is 0: ≥ 0, default 1e-3. It affects the report alone.
    pub miss_tolerance: f64,
}

impl Default for AreasOptions {
    fn default() -> Self {
        Self {
            form: Form::Bands(BandOptions::default()),
            threads: 0,
            exhaustion_cap: None,
            max_rounds: 10,
            miss_tolerance: 1e-3,
        }
    }
}
