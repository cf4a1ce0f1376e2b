//! The data of a reweighting problem: validated once, solved many times.

use ndarray::ArrayView1;

use crate::error::{InputCode, InputError};
use crate::numeric::gram::GramPlan;
use crate::numeric::sparse::SparseMatrix;

/// A total to reach: Σᵢ wᵢ Aᵢⱼ ≈ `total`.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Name used in reports and errors.
    pub name: String,
    /// The total tⱼ, in the units of the matrix column times weight.
    pub total: f64,
    /// What the miss is divided by; `None` means tⱼ + 1.
    pub scale: Option<f64>,
}

impl Target {
    /// A target with the default scale tⱼ + 1.
    pub fn new(name: impl Into<String>, total: f64) -> Self {
        Self { name: name.into(), total, scale: None }
    }

    /// The same target with its miss divided by `scale` instead.
    pub fn with_scale(self, scale: f64) -> Self {
        Self { scale: Some(scale), ..self }
    }
}

/// Lower and upper bounds of the multipliers.
#[derive(Debug, Clone, PartialEq)]
pub enum Bounds {
    /// The same interval for every record.
    Uniform {
        /// Least multiplier.
        lower: f64,
        /// Largest multiplier.
        upper: f64,
    },
    /// One interval per record (n each).
    PerRecord {
        /// Least multipliers.
        lower: Vec<f64>,
        /// Largest multipliers.
        upper: Vec<f64>,
    },
}

impl Default for Bounds {
    fn default() -> Self {
        Self::Uniform { lower: 0.1, upper: 10.0 }
    }
}

impl Bounds {
    /// The interval of record `i`.
    #[inline(always)]
    pub fn of(&self, i: usize) -> (f64, f64) {
        match self {
            Self::Uniform { lower, upper } => (*lower, *upper),
            Self::PerRecord { lower, upper } => (lower[i], upper[i]),
        }
    }

    fn validate(&self, num_records: usize) -> Result<(), InputError> {
        let check = |place: &dyn Fn(&str) -> String, lower: f64, upper: f64| {
            for (side, value) in [("lower", lower), ("upper", upper)] {
                if !value.is_finite() {
                    return Err(InputError::not_finite(place(side), value));
                }
            }
            if lower > upper {
                return Err(InputError::out_of_range(
                    place("lower"),
                    format!("at most the upper bound {upper}"),
                    lower,
                ));
            }
            Ok(())
        };
        match self {
            Self::Uniform { lower, upper } => check(&|side| format!("bounds.{side}"), *lower, *upper),
            Self::PerRecord { lower, upper } => {
                for (side, values) in [("lower", lower), ("upper", upper)] {
                    if values.len() != num_records {
                        return Err(InputError::length(format!("bounds.{side}"), num_records, values.len()));
                    }
                }
                (0..num_records)
                    .try_for_each(|i| check(&|side| format!("bounds.{side}[{i}]"), lower[i], upper[i]))
            }
        }
    }

    fn in_order(self, order: &[u32]) -> Self {
        match self {
            Self::Uniform { .. } => self,
            Self::PerRecord { lower, upper } => {
                Self::PerRecord { lower: gather(&lower, order), upper: gather(&upper, order) }
            }
        }
    }
}

/// A validated reweighting problem: n records with design weights w⁰, k targets, a sparse matrix A (n × k), bounds.
///
/// Inside, the records are kept sorted by the targets they count for, because neighbours then touch the same part of
/// the Gram matrix; every input and output is in the caller's order.
#[derive(Debug, Clone)]
pub struct ReweightProblem {
    pub(super) matrix: SparseMatrix,
    pub(super) gram_plan: GramPlan,
    /// Internal row r is the caller's record `order[r]`.
    pub(super) order: Vec<u32>,
    pub(super) design_weights: Vec<f64>,
    pub(super) targets: Vec<Target>,
    pub(super) bounds: Bounds,
}

/// Collects the data of a [`ReweightProblem`] and checks them in one place.
#[derive(Debug, Clone)]
pub struct ReweightProblemBuilder {
    matrix: SparseMatrix,
    design_weights: Vec<f64>,
    targets: Vec<Target>,
    bounds: Bounds,
}

impl ReweightProblemBuilder {
    /// Bounds of the multipliers; the default is 0.1 to 10 for every record.
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Checks everything and prepares the structure.
    ///
    /// # Errors
    /// No records or targets; lengths that differ from the matrix; a design weight that is not positive and finite; a
    /// total or scale that is not finite; a scale of 0 (a total of −1 has the default scale 0); a name that occurs twice;
    /// bounds that are not finite or cross.
    pub fn build(self) -> Result<ReweightProblem, InputError> {
        let Self { matrix, design_weights, targets, bounds } = self;
        if matrix.num_rows() == 0 {
            return Err(InputError::new(InputCode::Empty, "designWeights", "at least one record", "none"));
        }
        validate_targets(&targets, matrix.num_columns())?;
        validate_weights(&design_weights, matrix.num_rows())?;
        bounds.validate(matrix.num_rows())?;
        let order = order_by_pattern(&matrix);
        let matrix = matrix.with_rows_in_order(&order);
        Ok(ReweightProblem {
            gram_plan: GramPlan::new(&matrix),
            design_weights: gather(&design_weights, &order),
            bounds: bounds.in_order(&order),
            matrix,
            order,
            targets,
        })
    }
}

impl ReweightProblem {
    /// Starts from the matrix A (n × k), the design weights (n) and the targets (k).
    pub fn builder(
        matrix: SparseMatrix,
        design_weights: ArrayView1<'_, f64>,
        targets: Vec<Target>,
    ) -> ReweightProblemBuilder {
        ReweightProblemBuilder {
            matrix,
            design_weights: design_weights.to_vec(),
            targets,
            bounds: Bounds::default(),
        }
    }

    /// Number of records n.
    pub fn num_records(&self) -> usize {
        self.matrix.num_rows()
    }

    /// Number of targets k.
    pub fn num_targets(&self) -> usize {
        self.matrix.num_columns()
    }

    /// Number of non-zeros of the matrix.
    pub fn num_nonzeros(&self) -> usize {
        self.matrix.num_nonzeros()
    }

    /// The targets, in the order of the matrix columns.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Replaces the targets (same number).
    ///
    /// # Errors
    /// As for [`ReweightProblemBuilder::build`]; the problem is then unchanged.
    pub fn set_targets(&mut self, targets: Vec<Target>) -> Result<(), InputError> {
        validate_targets(&targets, self.num_targets())?;
        self.targets = targets;
        Ok(())
    }

    /// Replaces the design weights (n, the caller's order).
    ///
    /// # Errors
    /// As for [`ReweightProblemBuilder::build`]; the problem is then unchanged.
    pub fn set_design_weights(&mut self, design_weights: ArrayView1<'_, f64>) -> Result<(), InputError> {
        let design_weights = design_weights.to_vec();
        validate_weights(&design_weights, self.num_records())?;
        self.design_weights = gather(&design_weights, &self.order);
        Ok(())
    }

    /// Replaces the bounds.
    ///
    /// # Errors
    /// As for [`ReweightProblemBuilder::build`]; the problem is then unchanged.
    pub fn set_bounds(&mut self, bounds: Bounds) -> Result<(), InputError> {
        bounds.validate(self.num_records())?;
        self.bounds = bounds.in_order(&self.order);
        Ok(())
    }

    /// Indices of the targets that no record counts for: they stay missed whatever the weights.
    pub fn impossible_targets(&self) -> Vec<usize> {
        (0..self.num_targets()).filter(|&j| self.matrix.column(j).0.is_empty()).collect()
    }

    /// Remarks on the data that a reader of the answer should know.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let outside = (0..self.num_records())
            .filter(|&i| {
                let (lower, upper) = self.bounds.of(i);
                !(lower..=upper).contains(&1.0)
            })
            .count();
        if outside > 0 {
            warnings.push(format!(
                "the bounds of {outside} records exclude 1: these records cannot keep their design weight"
            ));
        }
        let impossible = self.impossible_targets();
        if !impossible.is_empty() {
            let names: Vec<&str> =
                impossible.iter().take(5).map(|&j| self.targets[j].name.as_str()).collect();
            let more = if impossible.len() > 5 { ", …" } else { "" };
            warnings.push(format!(
                "no record counts for {} of the targets, which stay missed: {}{more}",
                impossible.len(),
                names.join(", ")
            ));
        }
        warnings
    }

    /// Puts a vector over internal rows into the caller's order.
    pub(super) fn to_caller_order(&self, internal: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; internal.len()];
        for (x, &record) in internal.iter().zip(&self.order) {
            out[record as usize] = *x;
        }
        out
    }

    /// Puts a vector over the caller's records into internal order.
    pub(super) fn to_internal_order(&self, external: &[f64]) -> Vec<f64> {
        gather(external, &self.order)
    }
}

fn gather(values: &[f64], order: &[u32]) -> Vec<f64> {
    order.iter().map(|&i| values[i as usize]).collect()
}

/// Records sorted by their first targets (ties keep the caller's order).
fn order_by_pattern(matrix: &SparseMatrix) -> Vec<u32> {
    let key = |i: usize| {
        let columns = matrix.row(i).0;
        (0..4).fold(0u128, |key, p| (key << 32) | u128::from(columns.get(p).map_or(u32::MAX, |&c| c)))
    };
    let mut order: Vec<(u128, u32)> = (0..matrix.num_rows()).map(|i| (key(i), i as u32)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, i)| i).collect()
}

fn validate_targets(targets: &[Target], num_columns: usize) -> Result<(), InputError> {
    if targets.is_empty() {
        return Err(InputError::new(InputCode::Empty, "targets", "at least one target", "none"));
    }
    if targets.len() != num_columns {
        return Err(InputError::length("targets", num_columns, targets.len()));
    }
    for (j, target) in targets.iter().enumerate() {
        if !target.total.is_finite() {
            return Err(InputError::not_finite(format!("targets[{j}].total"), target.total));
        }
        match target.scale {
            Some(scale) if !scale.is_finite() => {
                return Err(InputError::not_finite(format!("targets[{j}].scale"), scale));
            }
            Some(0.0) => {
                return Err(InputError::new(
                    InputCode::Singular,
                    format!("targets[{j}].scale"),
                    "a scale other than 0",
                    format!("0 for target {:?}", target.name),
                ));
            }
            None if target.total == -1.0 => {
                return Err(InputError::new(
                    InputCode::Singular,
                    format!("targets[{j}].total"),
                    "a total other than -1, whose default scale total + 1 is 0 (or give a scale)",
                    format!("-1 for target {:?}", target.name),
                ));
            }
            _ => {}
        }
    }
    let mut names: Vec<(&str, usize)> =
        targets.iter().enumerate().map(|(j, t)| (t.name.as_str(), j)).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        None => Ok(()),
        Some(pair) => Err(InputError::new(
            InputCode::Duplicate,
            format!("targets[{}].name", pair[1].1),
            "names that occur once",
            format!("{:?}, also the name of targets[{}]", pair[1].0, pair[0].1),
        )),
    }
}

fn validate_weights(weights: &[f64], num_records: usize) -> Result<(), InputError> {
    if weights.len() != num_records {
        return Err(InputError::length("designWeights", num_records, weights.len()));
    }
    match weights.iter().position(|w| !(w.is_finite() && *w > 0.0)) {
        None => Ok(()),
        Some(i) if !weights[i].is_finite() => {
            Err(InputError::not_finite(format!("designWeights[{i}]"), weights[i]))
        }
        Some(i) => {
            Err(InputError::out_of_range(format!("designWeights[{i}]"), "a positive number", weights[i]))
        }
    }
}
