//! The data of a reweighting problem: validated once, solved many times.

use std::sync::Arc;

use ndarray::ArrayView1;

use super::common_design::CommonDesign;
use crate::error::{InputCode, InputError};
use crate::numeric::dd::{self, DD_EPSILON, Dd, Uncertain};
use crate::numeric::exact;
use crate::numeric::gram::GramPlan;
use crate::numeric::parallel::{CHUNK, Workers};
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

    /// Multipliers clipped into them; 1, or what is nearest to it, where one is not finite.
    pub(super) fn clip(&self, multipliers: &[f64]) -> Vec<f64> {
        let clip = |(i, &m): (usize, &f64)| {
            let (lower, upper) = self.of(i);
            if m.is_finite() { m.clamp(lower, upper) } else { 1.0f64.clamp(lower, upper) }
        };
        multipliers.iter().enumerate().map(clip).collect()
    }

    /// Checks them for a problem with n records.
    ///
    /// # Errors
    /// Another length, bounds that are not finite or cross.
    pub fn validate(&self, num_records: usize) -> Result<(), InputError> {
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
}

/// A validated reweighting problem: n records with design weights w⁰, k targets, a sparse matrix A (n × k), bounds.
/// Clones share the matrix.
#[derive(Debug, Clone)]
pub struct ReweightProblem {
    pub(super) matrix: Arc<SparseMatrix>,
    pub(super) gram_plan: Arc<GramPlan>,
    pub(super) design_weights: Vec<f64>,
    pub(super) targets: Vec<Target>,
    pub(super) bounds: Bounds,
    pub(super) moments: Moments,
    /// What it shares with the other problems of its batch, with the factor of its design weights to the common ones.
    pub(super) common: Option<(Arc<CommonDesign>, f64)>,
}

/// Collects the data of a [`ReweightProblem`] and checks them in one place.
#[derive(Debug, Clone)]
pub struct ReweightProblemBuilder {
    matrix: Arc<SparseMatrix>,
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
        validate_design_weights(&design_weights, matrix.num_rows())?;
        bounds.validate(matrix.num_rows())?;
        let moments = Moments::new(&matrix, &design_weights, &targets);
        Ok(ReweightProblem {
            gram_plan: GramPlan::new(&matrix).into(),
            design_weights,
            bounds,
            matrix,
            targets,
            moments,
            common: None,
        })
    }
}

impl ReweightProblem {
    /// Starts from the matrix A (n × k), which several problems may share, the design weights (n) and the targets (k).
    pub fn builder(
        matrix: impl Into<Arc<SparseMatrix>>,
        design_weights: ArrayView1<'_, f64>,
        targets: Vec<Target>,
    ) -> ReweightProblemBuilder {
        ReweightProblemBuilder {
            matrix: matrix.into(),
            design_weights: design_weights.to_vec(),
            targets,
            bounds: Bounds::default(),
        }
    }

    /// A problem whose parts were checked elsewhere.
    pub(super) fn of_valid_parts(
        matrix: Arc<SparseMatrix>,
        gram_plan: Arc<GramPlan>,
        design_weights: Vec<f64>,
        targets: Vec<Target>,
        bounds: Bounds,
    ) -> Self {
        let moments = Moments::new(&matrix, &design_weights, &targets);
        Self { matrix, gram_plan, design_weights, targets, bounds, moments, common: None }
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

    /// Bytes of memory that the problem holds; what is mapped from files is not counted.
    pub fn memory_bytes(&self) -> usize {
        let bounds = match &self.bounds {
            Bounds::Uniform { .. } => 0,
            Bounds::PerRecord { .. } => 2,
        };
        self.matrix.memory_bytes() + (1 + bounds) * self.num_records() * size_of::<f64>()
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
        self.moments = Moments::new(&self.matrix, &self.design_weights, &self.targets);
        Ok(())
    }

    /// Replaces the design weights (n).
    ///
    /// # Errors
    /// As for [`ReweightProblemBuilder::build`]; the problem is then unchanged.
    pub fn set_design_weights(&mut self, design_weights: ArrayView1<'_, f64>) -> Result<(), InputError> {
        let design_weights = design_weights.to_vec();
        validate_design_weights(&design_weights, self.num_records())?;
        self.moments = Moments::new(&self.matrix, &design_weights, &self.targets);
        self.design_weights = design_weights;
        Ok(())
    }

    /// Replaces the bounds.
    ///
    /// # Errors
    /// As for [`ReweightProblemBuilder::build`]; the problem is then unchanged.
    pub fn set_bounds(&mut self, bounds: Bounds) -> Result<(), InputError> {
        bounds.validate(self.num_records())?;
        self.bounds = bounds;
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
}

/// What the penalty form needs of the data whatever the penalty, in double-double.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    /// sⱼ
    pub scale: Vec<Dd>,
    /// cⱼ = tⱼ/sⱼ
    pub c: Vec<Dd>,
    /// Totals at the design weights, Aᵀw⁰.
    pub before: Vec<Dd>,
    /// Bᵀ1 − c
    pub initial_miss: Vec<Uncertain>,
    /// True if every design total is its target exactly, to the last bit.
    pub meets_all_targets: bool,
    /// L₀ = ‖Bᵀ1 − c‖²
    pub initial_loss: Dd,
    /// Σw⁰²
    pub sum_of_squares: Dd,
    /// min w⁰
    pub smallest_weight: f64,
    /// Bound on the relative error of Σw⁰²/L₀.
    pub ratio_error: f64,
}

impl Moments {
    fn new(matrix: &SparseMatrix, design_weights: &[f64], targets: &[Target]) -> Self {
        let scale: Vec<Dd> =
            targets.iter().map(|t| t.scale.map_or(Dd::sum(t.total, 1.0), Dd::from)).collect();
        let c: Vec<Dd> = targets.iter().zip(&scale).map(|(t, &s)| Dd::from(t.total) / s).collect();
        let epsilon = matrix.dd_summation_error();
        let weight = |i: usize| {
            let w = design_weights[i];
            Uncertain { value: Dd::from(w), error: epsilon * w }
        };
        let workers = Workers::inline();
        let before = matrix.transposed_times_dd_of(weight, &workers);

        let initial_miss: Vec<Uncertain> = (0..targets.len())
            .map(|j| {
                let value = (before[j].value - Dd::from(targets[j].total)) / scale[j];
                let error = before[j].error / scale[j].high.abs()
                    + 4.0 * DD_EPSILON * (value.high.abs() + c[j].high.abs());
                Uncertain { value, error: error * (1.0 + 1e-9) }
            })
            .collect();
        let initial_loss = dd::sum(initial_miss.iter().map(|miss| miss.value.square()));
        let squared_error: f64 = initial_miss.iter().map(|miss| miss.error * miss.error).sum();
        // Even double-double can lose a miss: only exact arithmetic may say that there is none.
        let meets_all_targets = initial_loss == Dd::ZERO
            && (0..targets.len()).all(|j| {
                let (rows, values) = matrix.column(j);
                let products = rows.iter().zip(values).map(|(&i, a)| (*a, design_weights[i as usize]));
                exact::sum_of_products_is(products, targets[j].total)
            });
        let partial = workers.map_chunks(design_weights.len(), |range| {
            dd::sum(design_weights[range].iter().map(|&w| Dd::product(w, w)))
        });
        // |dL₀| ≤ 2√L₀‖error‖ + ‖error‖²; the sums of squares add one relative error per pair addition of positive terms.
        let relative = squared_error.sqrt() / initial_loss.high.sqrt();
        let additions = CHUNK + partial.len() + targets.len() + 10;
        Self {
            scale,
            c,
            initial_miss,
            meets_all_targets,
            before: before.into_iter().map(|sum| sum.value).collect(),
            smallest_weight: design_weights.iter().copied().fold(f64::INFINITY, f64::min),
            initial_loss,
            sum_of_squares: dd::sum(partial),
            ratio_error: 2.0 * relative + relative * relative + 2.0 * additions as f64 * DD_EPSILON,
        }
    }
}

/// Checks the targets of a problem whose matrix has k columns.
///
/// # Errors
/// None, or not k; a total or scale that is not finite; a scale of 0; a name that occurs twice.
pub fn validate_targets(targets: &[Target], num_columns: usize) -> Result<(), InputError> {
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

/// Checks the design weights of a problem with n records.
///
/// # Errors
/// Not n; a weight that is not finite or not positive.
pub fn validate_design_weights(weights: &[f64], num_records: usize) -> Result<(), InputError> {
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
