//! The order in which the terms of a model were written changes no bit, whatever the plan.

use equipoise::control::Control;
use equipoise::outer::canonical_order::{CanonicalObjective, Permutation};
use equipoise::outer::{
    DeclaredHessian, Derivative, EfsEval, EvalOrder, HessianForm, HessianOperator, Materialisation,
    ObjectiveError, OuterCapability, OuterEval, OuterObjective, OuterProblem, OuterResult,
};
use std::sync::Arc;

/// One coordinate: ½a(θ − c)² + log cosh(θ − c).
#[derive(Debug, Clone, Copy, PartialEq)]
struct Term {
    key: u64,
    curvature: f64,
    centre: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    Dense,
    Products,
    Gradient,
    FixedPoint,
}

/// F = Σ terms + ½κ(Σθ)². Sums run in the order of the keys: the model's own arithmetic does not depend on how it was written.
struct Model {
    terms: Vec<Term>,
    offer: Offer,
    /// Each θ that was evaluated, in the order of the keys.
    trace: Vec<Vec<u64>>,
}

const COUPLING: f64 = 0.05;

impl Model {
    fn new(terms: &[Term], offer: Offer) -> Self {
        Self { terms: terms.to_vec(), offer, trace: Vec::new() }
    }

    /// Indices in the order of the keys.
    fn by_key(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.terms.len()).collect();
        order.sort_by_key(|&i| self.terms[i].key);
        order
    }

    fn record(&mut self, theta: &[f64]) {
        self.trace.push(self.by_key().iter().map(|&i| theta[i].to_bits()).collect());
    }

    fn total(&self, theta: &[f64]) -> f64 {
        self.by_key().iter().map(|&i| theta[i]).sum()
    }

    fn slope(&self, i: usize, theta: &[f64]) -> f64 {
        let away = theta[i] - self.terms[i].centre;
        self.terms[i].curvature * away + libm::tanh(away) + COUPLING * self.total(theta)
    }

    fn diagonal(&self, theta: &[f64]) -> Vec<f64> {
        self.terms
            .iter()
            .zip(theta)
            .map(|(term, t)| {
                let tanh = libm::tanh(t - term.centre);
                term.curvature + 1.0 - tanh * tanh
            })
            .collect()
    }

    fn value(&self, theta: &[f64]) -> f64 {
        let of = |i: usize| {
            let away = theta[i] - self.terms[i].centre;
            0.5 * self.terms[i].curvature * away * away + libm::log(libm::cosh(away))
        };
        let total = self.total(theta);
        self.by_key().into_iter().map(of).sum::<f64>() + 0.5 * COUPLING * total * total
    }
}

/// diag + κ11ᵀ by products.
struct Products {
    diagonal: Vec<f64>,
    by_key: Vec<usize>,
}

impl HessianOperator for Products {
    fn dim(&self) -> usize {
        self.diagonal.len()
    }
    fn apply(&self, v: &[f64], out: &mut [f64]) -> Result<(), argmin::core::Error> {
        let total: f64 = self.by_key.iter().map(|&i| v[i]).sum();
        for (out, (d, v)) in out.iter_mut().zip(self.diagonal.iter().zip(v)) {
            *out = d * v + COUPLING * total;
        }
        Ok(())
    }
    fn materialisation(&self) -> Materialisation {
        Materialisation::Unavailable
    }
}

impl OuterObjective for Model {
    fn capability(&self) -> OuterCapability {
        let mut capability = OuterCapability::new(self.terms.len());
        capability.fixed_point_available = self.offer == Offer::FixedPoint;
        if self.offer != Offer::FixedPoint {
            capability.gradient = Derivative::Analytic;
        }
        capability.hessian = match self.offer {
            Offer::Dense => DeclaredHessian::Dense,
            Offer::Products => DeclaredHessian::Operator {
                materialisation: Materialisation::Unavailable,
                estimated_cost: None,
            },
            _ => DeclaredHessian::Unavailable,
        };
        capability
    }

    fn eval_cost(&mut self, theta: &[f64]) -> Result<f64, ObjectiveError> {
        self.record(theta);
        Ok(self.value(theta))
    }

    fn eval_with_order(&mut self, theta: &[f64], _: EvalOrder) -> Result<OuterEval, ObjectiveError> {
        self.eval(theta)
    }

    fn eval(&mut self, theta: &[f64]) -> Result<OuterEval, ObjectiveError> {
        self.record(theta);
        let n = theta.len();
        let gradient = (0..n).map(|i| self.slope(i, theta)).collect();
        let diagonal = self.diagonal(theta);
        let hessian = match self.offer {
            Offer::Dense => {
                let mut matrix = vec![COUPLING; n * n];
                for (i, d) in diagonal.iter().enumerate() {
                    matrix[i * n + i] += d;
                }
                HessianForm::Dense(matrix)
            }
            Offer::Products => HessianForm::Operator(Arc::new(Products { diagonal, by_key: self.by_key() })),
            _ => HessianForm::Unavailable,
        };
        Ok(OuterEval { hessian, ..OuterEval::new(self.value(theta), gradient) })
    }

    fn eval_efs(&mut self, theta: &[f64]) -> Result<EfsEval, ObjectiveError> {
        self.record(theta);
        let diagonal = self.diagonal(theta);
        // D + nκI is above the Hessian: each step lowers the criterion.
        let above = COUPLING * theta.len() as f64;
        let steps = (0..theta.len()).map(|i| -self.slope(i, theta) / (diagonal[i] + above)).collect();
        Ok(EfsEval { cost: self.value(theta), steps, ..EfsEval::default() })
    }
}

fn terms(n: usize) -> Vec<Term> {
    (0..n)
        .map(|i| Term {
            key: (((i * 7 + 3) % 101) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000_003,
            curvature: 0.3 + (i % 5) as f64,
            centre: 2.0 * libm::sin(1.3 * i as f64),
        })
        .collect()
}

fn run(terms: &[Term], offer: Offer, with_keys: bool) -> (OuterResult, Vec<Vec<u64>>) {
    let mut model = Model::new(terms, offer);
    let n = terms.len();
    // Bounds belong to the terms: the upper one of the last key keeps its coordinate from its centre.
    let largest = terms.iter().map(|t| t.key).max().unwrap();
    let upper = terms.iter().map(|t| if t.key == largest { t.centre - 1.0 } else { 10.0 }).collect();
    let mut problem = OuterProblem::new(n)
        .with_bounds(vec![-10.0; n], upper)
        .with_tolerance(1e-9)
        .with_initial_rho(terms.iter().map(|t| 0.25 * t.curvature).collect());
    if with_keys {
        problem = problem.with_rho_canonical_keys(terms.iter().map(|t| t.key).collect());
    }
    let result = problem.run(&mut model, "canonical", &Control::default()).unwrap();
    (result, model.trace)
}

fn bits_by_key(terms: &[Term], values: &[f64]) -> Vec<u64> {
    let mut pairs: Vec<(u64, u64)> = terms.iter().zip(values).map(|(t, v)| (t.key, v.to_bits())).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, bits)| bits).collect()
}

fn orders(terms: &[Term]) -> Vec<Vec<Term>> {
    let mut reversed = terms.to_vec();
    reversed.reverse();
    let mut rotated = terms.to_vec();
    rotated.rotate_left(terms.len() / 3);
    rotated.swap(0, 2);
    vec![terms.to_vec(), reversed, rotated]
}

#[test]
fn the_order_of_terms_changes_no_bit() {
    for (n, offer) in [
        (6, Offer::Dense),
        (6, Offer::Products),
        (6, Offer::Gradient),
        (12, Offer::FixedPoint),
        (70, Offer::FixedPoint),
    ] {
        let base = terms(n);
        let (first, first_trace) = run(&base, offer, true);
        assert!(first.converged, "{offer:?}: {first:?}");
        for order in orders(&base) {
            let (result, trace) = run(&order, offer, true);
            assert_eq!(trace, first_trace, "{offer:?}");
            assert_eq!(bits_by_key(&order, &result.rho), bits_by_key(&base, &first.rho), "{offer:?}");
            assert_eq!(result.final_value.to_bits(), first.final_value.to_bits());
            assert_eq!(result.evaluations, first.evaluations);
            assert_eq!(result.path, first.path);
            if let (Some(g), Some(expected)) = (&result.final_gradient, &first.final_gradient) {
                assert_eq!(bits_by_key(&order, g), bits_by_key(&base, expected), "{offer:?}");
                let mut model = Model::new(&order, offer);
                assert_eq!(
                    model.eval(&result.rho).unwrap().gradient,
                    *g,
                    "the gradient is in the caller's order"
                );
            }
            if let Some(hessian) = &result.final_hessian {
                let diagonal: Vec<f64> = (0..n).map(|i| hessian[i * n + i] - COUPLING).collect();
                let expected = Model::new(&order, offer).diagonal(&result.rho);
                for (d, e) in diagonal.iter().zip(&expected) {
                    assert!((d - e).abs() < 1e-12, "{offer:?}: {d} {e}");
                }
            }
            if let Some(certificate) = &result.criterion_certificate {
                let last = (0..n).max_by_key(|&i| order[i].key).unwrap();
                assert_eq!(certificate.lambdas_railed, [last], "{offer:?}");
                let expected = &first.criterion_certificate.as_ref().unwrap().direction;
                assert_eq!(bits_by_key(&order, &certificate.direction), bits_by_key(&base, expected));
            }
            for seed in result.attempts.iter().flat_map(|attempt| &attempt.seeds) {
                let starts: Vec<Vec<u64>> = first
                    .attempts
                    .iter()
                    .flat_map(|attempt| &attempt.seeds)
                    .map(|seed| bits_by_key(&base, &seed.start))
                    .collect();
                assert!(starts.contains(&bits_by_key(&order, &seed.start)));
            }
        }
    }
}

/// The test above would see nothing if the order did not matter without keys.
#[test]
fn without_keys_the_order_matters() {
    let base = terms(6);
    let traces: Vec<_> = orders(&base).iter().map(|order| run(order, Offer::Gradient, false).1).collect();
    assert!(traces.iter().any(|trace| *trace != traces[0]));
}

#[test]
fn operators_steps_and_indices_are_permuted_alike() {
    let base = terms(4);
    let keys: Vec<u64> = base.iter().map(|t| t.key).collect();
    let order = Permutation::new(&keys, 4, &[]).expect("the keys are not ascending");
    let theta = [0.3, -0.7, 1.1, 0.2];
    let canonical = order.to_canonical(&theta);
    let dense = Model::new(&base, Offer::Dense).eval(&theta).unwrap();
    let native = dense.hessian.to_dense().unwrap().unwrap();
    let expected = order.matrix_to_canonical(&native);
    for offer in [Offer::Dense, Offer::Products] {
        let mut wrapped = CanonicalObjective::new(Model::new(&base, offer), order.clone());
        let eval = wrapped.eval(&canonical).unwrap();
        assert_eq!(eval.gradient, order.to_canonical(&dense.gradient));
        for i in 0..4 {
            let column = match &eval.hessian {
                HessianForm::Dense(matrix) => (0..4).map(|j| matrix[j * 4 + i]).collect::<Vec<_>>(),
                HessianForm::Operator(operator) => {
                    let (mut unit, mut out, mut batch) = ([0.0; 4], [0.0; 4], [0.0; 8]);
                    unit[i] = 1.0;
                    operator.apply(&unit, &mut out).unwrap();
                    operator.apply_batch(&[unit, unit].concat(), 2, &mut batch).unwrap();
                    assert_eq!(batch, *[out, out].concat());
                    out.to_vec()
                }
                HessianForm::Unavailable => panic!(),
            };
            for j in 0..4 {
                assert!((column[j] - expected[j * 4 + i]).abs() < 1e-15, "{offer:?}");
            }
        }
    }
    let mut wrapped = CanonicalObjective::new(Model::new(&base, Offer::FixedPoint), order.clone());
    let steps = Model::new(&base, Offer::FixedPoint).eval_efs(&theta).unwrap().steps;
    assert_eq!(wrapped.eval_efs(&canonical).unwrap().steps, order.to_canonical(&steps));
}
