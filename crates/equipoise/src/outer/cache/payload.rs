//! The point inside an entry, as JSON, and what a run may do with it.

use super::entry::{CacheEntry, EntryKind};
use super::session::EntrySource;
use serde::{Deserialize, Serialize};

/// Version of the form of [`CachedPoint`].
const SCHEMA: u32 = 2;

/// A point of a run with what it takes to go on from there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CachedPoint {
    schema: u32,
    /// θ (n), in the caller's order of coordinates.
    pub rho: Vec<f64>,
    /// Inner coefficients; empty where there are none.
    #[serde(default)]
    pub beta: Vec<f64>,
    /// The Hessian at θ, row by row; empty where it is not known.
    #[serde(default)]
    pub hessian: Vec<f64>,
    /// Its number of rows.
    #[serde(default)]
    pub hessian_dim: usize,
    /// The criterion.
    pub cost: f64,
    /// Number of the evaluation, or of iterations for an answer.
    pub eval_id: u64,
    /// The gradient at an answer; empty where it is not known.
    #[serde(default)]
    pub gradient: Vec<f64>,
    /// The tolerance that an answer was found with.
    #[serde(default)]
    pub tolerance: Option<f64>,
    /// The certificate of an answer, as the run gave it.
    #[serde(default)]
    pub certificate: Option<serde_json::Value>,
}

impl CachedPoint {
    /// A point on the way: θ, value and number of the evaluation.
    pub fn checkpoint(rho: &[f64], beta: &[f64], cost: f64, eval_id: u64) -> Self {
        Self { schema: SCHEMA, rho: rho.to_vec(), beta: beta.to_vec(), cost, eval_id, ..Self::default() }
    }

    /// With the Hessian (n × n by rows); one that is not square or not finite is left out.
    #[must_use]
    pub fn with_hessian(mut self, matrix: &[f64]) -> Self {
        let order = self.rho.len();
        if matrix.len() == order * order && matrix.iter().all(|x| x.is_finite()) {
            self.hessian_dim = order;
            self.hessian = matrix.to_vec();
        }
        self
    }

    /// The Hessian (n × n by rows), if there is one of the given order.
    pub fn hessian_of_order(&self, order: usize) -> Option<&[f64]> {
        let fits = order > 0 && self.hessian_dim == order && self.hessian.len() == order * order;
        fits.then_some(&self.hessian)
    }

    /// The bytes of an entry; `None` where a number is not finite (JSON has no such numbers).
    pub fn encode(&self) -> Option<Vec<u8>> {
        let is_finite = self.rho.iter().chain(&self.beta).chain(&self.gradient).all(|x| x.is_finite());
        (is_finite && self.cost.is_finite()).then(|| serde_json::to_vec(self).ok()).flatten()
    }

    /// The point in the bytes of an entry, for a problem of n parameters.
    ///
    /// # Errors
    /// A sentence: not this form, or a length that differs. An inconsistent Hessian or gradient is only left out.
    pub fn decode(payload: &[u8], n_params: usize) -> Result<Self, String> {
        let mut point: Self = serde_json::from_slice(payload)
            .map_err(|error| format!("the payload cannot be read: {error}"))?;
        if point.schema != SCHEMA {
            return Err(format!("the payload has schema {}, this version reads {SCHEMA}", point.schema));
        }
        if point.rho.len() != n_params {
            return Err(format!("the stored point has length {}, the problem {n_params}", point.rho.len()));
        }
        if point.hessian_of_order(point.hessian_dim).is_none() {
            point.hessian = Vec::new();
            point.hessian_dim = 0;
        }
        if point.gradient.len() != n_params {
            point.gradient = Vec::new();
        }
        Ok(point)
    }
}

/// What a run does with an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum CacheDecision {
    /// It is the answer of this very problem: nothing is left to do but to check its value.
    ExactFinal(CachedPoint),
    /// A start.
    Seed(CachedPoint),
    /// Not usable, for this reason.
    Discard(String),
}

/// Sorts an entry. An answer counts as one only under the exact key, for a tolerance at least as tight as asked for and inside the box
/// (`lower`, `upper`: n each). A point at the edge of the box is taken as it is.
pub fn classify(
    entry: &CacheEntry,
    source: EntrySource,
    tolerance: f64,
    lower: &[f64],
    upper: &[f64],
) -> CacheDecision {
    let mut point = match CachedPoint::decode(&entry.payload, lower.len()) {
        Ok(point) => point,
        Err(reason) => return CacheDecision::Discard(format!("payload-shape-mismatch: {reason}")),
    };
    if entry.objective.is_some_and(|f| !f.is_finite()) {
        return CacheDecision::Discard("non-finite-payload".into());
    }
    point.cost = entry.objective.unwrap_or(point.cost);
    point.eval_id = entry.iteration.unwrap_or(point.eval_id);
    let is_tight = point.tolerance.is_none_or(|stored| stored <= tolerance);
    let is_inside = point.rho.iter().zip(lower.iter().zip(upper)).all(|(x, (lo, hi))| lo <= x && x <= hi);
    if source == EntrySource::ExactKey && entry.kind == EntryKind::Final && is_tight && is_inside {
        CacheDecision::ExactFinal(point)
    } else {
        CacheDecision::Seed(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(point: &CachedPoint, kind: EntryKind) -> CacheEntry {
        CacheEntry {
            payload: point.encode().unwrap(),
            objective: Some(2.5),
            iteration: Some(7),
            kind,
            written_seconds: 0.0,
        }
    }

    fn sort(entry: &CacheEntry, source: EntrySource) -> CacheDecision {
        classify(entry, source, 1e-5, &[-5.0; 2], &[5.0; 2])
    }

    #[test]
    fn a_round_trip_keeps_every_bit() {
        let point = CachedPoint::checkpoint(&[0.1 + 0.2, -5e-324], &[1.0 / 3.0, -0.0], 1.0 / 7.0, 3)
            .with_hessian(&[2.0, 0.1, 0.1, 1e300]);
        let read = CachedPoint::decode(&point.encode().unwrap(), 2).unwrap();
        assert_eq!(read, point);
        assert_eq!(read.beta[1].to_bits(), (-0.0f64).to_bits());
        assert_eq!(read.hessian_of_order(2), Some(&[2.0, 0.1, 0.1, 1e300][..]));
        assert_eq!(read.hessian_of_order(3), None);
    }

    #[test]
    fn numbers_that_are_not_finite_are_not_written() {
        assert_eq!(CachedPoint::checkpoint(&[f64::NAN], &[], 1.0, 0).encode(), None);
        assert_eq!(CachedPoint::checkpoint(&[1.0], &[f64::INFINITY], 1.0, 0).encode(), None);
        assert_eq!(CachedPoint::checkpoint(&[1.0], &[], f64::INFINITY, 0).encode(), None);
        let without = CachedPoint::checkpoint(&[1.0], &[], 1.0, 0).with_hessian(&[f64::NAN]);
        assert_eq!(without.hessian_dim, 0);
        let ragged = CachedPoint::checkpoint(&[1.0], &[], 1.0, 0).with_hessian(&[1.0, 2.0]);
        assert_eq!(ragged.hessian_dim, 0);
    }

    #[test]
    fn another_form_is_refused_and_a_bad_hessian_left_out() {
        let point = CachedPoint::checkpoint(&[1.0, 2.0], &[], 1.0, 0);
        let text = String::from_utf8(point.encode().unwrap()).unwrap();
        assert!(CachedPoint::decode(text.replace("\"schema\":2", "\"schema\":3").as_bytes(), 2).is_err());
        assert!(CachedPoint::decode(text.as_bytes(), 3).is_err());
        assert!(CachedPoint::decode(b"{}", 0).is_err());
        let odd = text.replace("\"hessian\":[],\"hessianDim\":0", "\"hessian\":[1,2,3],\"hessianDim\":2");
        assert_ne!(odd, text);
        assert_eq!(CachedPoint::decode(odd.as_bytes(), 2).unwrap().hessian, Vec::<f64>::new());
    }

    #[test]
    fn answers_seeds_and_what_is_discarded() {
        let point = CachedPoint::checkpoint(&[1.0, 5.0], &[], 3.0, 1);
        let expected = CachedPoint { cost: 2.5, eval_id: 7, ..point.clone() };
        let answer = entry(&point, EntryKind::Final);
        assert_eq!(sort(&answer, EntrySource::ExactKey), CacheDecision::ExactFinal(expected.clone()));
        assert_eq!(sort(&answer, EntrySource::Preloaded), CacheDecision::Seed(expected.clone()));
        let on_the_way = entry(&point, EntryKind::Checkpoint);
        assert_eq!(sort(&on_the_way, EntrySource::ExactKey), CacheDecision::Seed(expected));
        let outside = entry(&CachedPoint::checkpoint(&[1.0, 5.5], &[], 3.0, 1), EntryKind::Final);
        assert!(matches!(sort(&outside, EntrySource::ExactKey), CacheDecision::Seed(_)));
        let loose = entry(&CachedPoint { tolerance: Some(1e-3), ..point.clone() }, EntryKind::Final);
        assert!(matches!(sort(&loose, EntrySource::ExactKey), CacheDecision::Seed(_)));
        let tight = entry(&CachedPoint { tolerance: Some(1e-5), ..point.clone() }, EntryKind::Final);
        assert!(matches!(sort(&tight, EntrySource::ExactKey), CacheDecision::ExactFinal(_)));
        let garbled = CacheEntry { payload: b"no JSON".to_vec(), ..answer.clone() };
        let CacheDecision::Discard(reason) = sort(&garbled, EntrySource::ExactKey) else { panic!() };
        assert!(reason.starts_with("payload-shape-mismatch"));
        let infinite = CacheEntry { objective: Some(f64::INFINITY), ..answer };
        assert_eq!(
            sort(&infinite, EntrySource::ExactKey),
            CacheDecision::Discard("non-finite-payload".into())
        );
    }
}
