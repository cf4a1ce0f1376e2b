//! The calibration problem as the solver sees it: one *unit* per record or per cluster, evaluated in doubles and in pairs.
//!
//! Members of a cluster share their design weight w and multiplier g, so that Σᵢ w/qᵢ G(g) = w/q G(g) with 1/q = Σ 1/qᵢ
//! and their rows add up: a cluster is one record of a smaller problem.

use std::borrow::Cow;
use std::sync::Arc;

use super::distance::{ExactPoint, Point, RecordDistance};
use super::options::CalibrationOptions;
use crate::numeric::dd::{DD_EPSILON, Dd, Uncertain};
use crate::numeric::dd_accumulators::{RowSum, SplitDd, TripleAccumulator};
use crate::numeric::gram::GramPlan;
use crate::numeric::parallel::Workers;
use crate::numeric::sparse::SparseMatrix;
use crate::numeric::sum::CompensatedSum;
use crate::reweight::problem::{Bounds, ReweightProblem};

pub(super) struct Form<'a> {
    pub workers: &'a Workers,
    pub problem: &'a ReweightProblem,
    pub options: &'a CalibrationOptions,
    /// Rows of the units (units × k).
    pub matrix: Arc<SparseMatrix>,
    pub gram_plan: Arc<GramPlan>,
    /// Design weight of each unit.
    pub weights: Cow<'a, [f64]>,
    /// q of each unit.
    pub q: Vec<f64>,
    bounds: Cow<'a, Bounds>,
    /// Unit of each record, where clusters were given.
    unit_of: Option<Vec<u32>>,
    pub totals: Vec<f64>,
    /// 1/Cⱼ: 0 for an exact total.
    pub inverse_costs: Vec<f64>,
    /// max(|tⱼ|, Σ w|Aᵢⱼ|): what a miss counts against while the solver works in doubles.
    pub magnitudes: Vec<f64>,
}

/// The dual point λ in doubles: v = q(Aλ), g = F(v), F′(v), and t − Aᵀ(wg) − λ/C.
pub(super) struct Evaluation {
    pub v: Vec<f64>,
    pub points: Vec<Point>,
    pub residual: Vec<f64>,
}

/// The dual point λ in pairs.
pub(super) struct ExactEvaluation {
    pub points: Vec<ExactPoint>,
    /// The residual with a bound on its error.
    pub residual: Vec<Uncertain>,
}

impl<'a> Form<'a> {
    pub fn new(problem: &'a ReweightProblem, options: &'a CalibrationOptions, workers: &'a Workers) -> Self {
        let records = problem.num_records();
        let record_q = |i: usize| options.q_weights.as_ref().map_or(1.0, |q| q[i]);
        let totals: Vec<f64> = problem.targets.iter().map(|t| t.total).collect();
        let inverse_costs = match &options.costs {
            None => vec![0.0; totals.len()],
            Some(costs) => costs.iter().map(|c| 1.0 / c).collect(),
        };
        let mut form = Self {
            workers,
            problem,
            options,
            matrix: problem.matrix.clone(),
            gram_plan: problem.gram_plan.clone(),
            weights: Cow::Borrowed(&problem.design_weights),
            q: (0..records).map(record_q).collect(),
            bounds: Cow::Borrowed(&problem.bounds),
            unit_of: None,
            totals,
            inverse_costs,
            magnitudes: Vec::new(),
        };
        if let Some(clusters) = &options.clusters {
            form.merge(clusters);
        }
        form.magnitudes = (0..form.totals.len())
            .map(|j| {
                let (rows, values) = form.matrix.column(j);
                let moved: f64 =
                    rows.iter().zip(values).map(|(&i, a)| form.weights[i as usize] * a.abs()).sum();
                moved.max(form.totals[j].abs())
            })
            .collect();
        form
    }

    /// Replaces records by clusters, numbered in the order of their first member.
    fn merge(&mut self, clusters: &[u32]) {
        let records = clusters.len();
        let mut order: Vec<u32> = (0..records as u32).collect();
        order.sort_by_key(|&i| clusters[i as usize]);
        let mut first_of = vec![0u32; records];
        for group in order.chunk_by(|&a, &b| clusters[a as usize] == clusters[b as usize]) {
            for &i in group {
                first_of[i as usize] = group[0];
            }
        }
        let mut firsts: Vec<usize> = Vec::new();
        let mut unit_of = vec![0u32; records];
        let mut inverse_q: Vec<f64> = Vec::new();
        for i in 0..records {
            let first = first_of[i] as usize;
            if first == i {
                unit_of[i] = firsts.len() as u32;
                firsts.push(i);
                inverse_q.push(0.0);
            } else {
                unit_of[i] = unit_of[first];
            }
            inverse_q[unit_of[i] as usize] += 1.0 / self.q[i];
        }
        let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..records {
            let (row_columns, row_values) = self.problem.matrix.row(i);
            rows.extend(std::iter::repeat_n(unit_of[i], row_columns.len()));
            columns.extend_from_slice(row_columns);
            values.extend_from_slice(row_values);
        }
        let matrix = SparseMatrix::from_triples(firsts.len(), self.totals.len(), &rows, &columns, &values)
            .expect("the entries of a valid matrix, fewer rows");
        self.gram_plan = GramPlan::new(&matrix).into();
        self.matrix = matrix.into();
        self.weights = firsts.iter().map(|&i| self.problem.design_weights[i]).collect();
        self.q = inverse_q.into_iter().map(|s| 1.0 / s).collect();
        if let Bounds::PerRecord { lower, upper } = &self.problem.bounds {
            let of = |side: &[f64]| firsts.iter().map(|&i| side[i]).collect();
            self.bounds = Cow::Owned(Bounds::PerRecord { lower: of(lower), upper: of(upper) });
        }
        self.unit_of = Some(unit_of);
    }

    pub fn num_units(&self) -> usize {
        self.weights.len()
    }

    pub fn num_targets(&self) -> usize {
        self.totals.len()
    }

    pub fn is_exact(&self, j: usize) -> bool {
        self.inverse_costs[j] == 0.0
    }

    /// The distance of unit `u` with its bounds.
    #[inline]
    pub fn distance(&self, u: usize) -> RecordDistance {
        let (lower, upper) = self.bounds.of(u);
        RecordDistance { distance: self.options.distance, lower, upper }
    }

    /// Unit of record `i`.
    pub fn unit_of(&self, i: usize) -> usize {
        self.unit_of.as_ref().map_or(i, |units| units[i] as usize)
    }

    /// Evaluates λ in doubles.
    pub fn evaluate(&self, lambda: &[f64]) -> Evaluation {
        let mut v = vec![0.0; self.num_units()];
        self.products(lambda, &mut v);
        let mut points = vec![Point::default(); v.len()];
        self.workers.fill(&mut points, |start, chunk| {
            for (offset, point) in chunk.iter_mut().enumerate() {
                let u = start + offset;
                *point = self.distance(u).point(v[u]);
            }
        });
        let weighted: Vec<f64> = points.iter().zip(&*self.weights).map(|(p, w)| w * p.multiplier).collect();
        let mut reached = vec![0.0; lambda.len()];
        self.matrix.transposed_times(&weighted, &mut reached, self.workers);
        let residual = (0..lambda.len())
            .map(|j| self.totals[j] - reached[j] - lambda[j] * self.inverse_costs[j])
            .collect();
        Evaluation { v, points, residual }
    }

    /// v = q(Aλ)
    pub fn products(&self, lambda: &[f64], v: &mut [f64]) {
        self.matrix.times(lambda, v, self.workers);
        for (v, q) in v.iter_mut().zip(&self.q) {
            *v *= q;
        }
    }

    /// Evaluates λ in pairs, with bounds on every error.
    pub fn evaluate_exactly(&self, lambda: &[Dd]) -> ExactEvaluation {
        let split: Vec<SplitDd> = lambda.iter().map(|&l| SplitDd::from(l)).collect();
        let mut points = vec![ExactPoint::default(); self.num_units()];
        self.workers.fill(&mut points, |start, chunk| {
            for (offset, point) in chunk.iter_mut().enumerate() {
                let u = start + offset;
                let (columns, values) = self.matrix.row(u);
                let mut product = TripleAccumulator::default();
                product.add_row(columns, values, &split);
                let v = product.value().times(self.q[u]);
                let error =
                    self.q[u] * TripleAccumulator::relative_error(columns.len()) * product.magnitude()
                        + DD_EPSILON * v.high.abs();
                *point = self.distance(u).exact_point(v, error);
            }
        });
        let reached = self.reach(|u| (points[u].multiplier, points[u].error));
        let residual = (0..lambda.len())
            .map(|j| {
                let relaxed = lambda[j].times(self.inverse_costs[j]);
                let value = Dd::from(self.totals[j]) - reached[j].value - relaxed;
                let error = reached[j].error
                    + 4.0
                        * DD_EPSILON
                        * (reached[j].value.high.abs() + self.totals[j].abs() + relaxed.high.abs());
                Uncertain { value, error: error * (1.0 + 1e-9) }
            })
            .collect();
        ExactEvaluation { points, residual }
    }

    /// Totals Aᵀ(w ∘ g) of multipliers given per unit with their errors, in pairs.
    pub fn reach(&self, multiplier: impl Fn(usize) -> (Dd, f64) + Sync + Send) -> Vec<Uncertain> {
        let epsilon = self.matrix.dd_summation_error() + DD_EPSILON;
        let mut weighted = vec![Uncertain::default(); self.num_units()];
        self.workers.fill(&mut weighted, |start, chunk| {
            for (offset, slot) in chunk.iter_mut().enumerate() {
                let u = start + offset;
                let (g, error) = multiplier(u);
                let value = g.times(self.weights[u]);
                *slot = Uncertain { value, error: self.weights[u] * error + epsilon * value.high.abs() };
            }
        });
        self.matrix.transposed_times_dd(&weighted, self.workers)
    }

    /// Lower triangle of Aᵀ diag(weight) A + diag(1/C), k × k.
    pub fn gram(&self, weight: impl Fn(usize) -> f64 + Sync + Send) -> Vec<f64> {
        let k = self.num_targets();
        let mut gram = vec![0.0; k * k];
        let rows: Vec<u32> = (0..self.num_units() as u32).filter(|&u| weight(u as usize) > 0.0).collect();
        self.gram_plan.add(&self.matrix, &rows, weight, &mut gram, self.workers);
        for j in 0..k {
            gram[j * k + j] += self.inverse_costs[j];
        }
        gram
    }

    /// max |residualⱼ|/magnitudeⱼ over the targets `of`.
    pub fn relative_residual(&self, residual: &[f64], of: &[usize]) -> f64 {
        // A total of 0 that no record counts for has magnitude 0, and is met.
        let relative =
            |&j: &usize| if residual[j] == 0.0 { 0.0 } else { residual[j].abs() / self.magnitudes[j] };
        of.iter().map(relative).fold(0.0, larger)
    }

    /// Derivative of the dual along λ + αd, with v and its direction `change` per unit: d·(t − Aᵀ(wg)) − d·(λ + αd)/C.
    pub fn slope(&self, lambda: &[f64], v: &[f64], d: &[f64], change: &[f64], alpha: f64) -> f64 {
        let partial = self.workers.map_chunks(v.len(), |range| {
            let mut sum = CompensatedSum::default();
            for u in range {
                if change[u] != 0.0 {
                    let g = self.distance(u).point(v[u] + alpha * change[u]).multiplier;
                    sum.add(self.weights[u] * g * (change[u] / self.q[u]));
                }
            }
            sum.value()
        });
        let mut total = CompensatedSum::default();
        for (j, d) in d.iter().enumerate() {
            total.add(d * self.totals[j]);
            total.add(-d * (lambda[j] + alpha * d) * self.inverse_costs[j]);
        }
        partial.into_iter().for_each(|p| total.add(-p));
        total.value()
    }
}

/// The larger of two numbers, NaN if either is.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}
