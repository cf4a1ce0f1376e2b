//! The Gram matrix of the records strictly inside their bounds, kept up to date as they come and go.

use fixedbitset::FixedBitSet;

use super::form::BandForm;

/// Gram matrix Σ_free (w⁰ᵢ²/2dᵢ) aᵢaᵢᵀ (lower triangle, k × k) and the records it holds.
pub(super) struct FreeGram {
    pub gram: Vec<f64>,
    pub free: FixedBitSet,
}

impl FreeGram {
    /// No record is free.
    pub fn new(form: &BandForm<'_>) -> Self {
        let (n, k) = (form.num_records(), form.num_targets());
        Self { gram: vec![0.0; k * k], free: FixedBitSet::with_capacity(n) }
    }

    /// Number of records that it holds.
    pub fn num_free(&self) -> usize {
        self.free.count_ones(..)
    }

    /// Flips the state of `changed`; `num_free` is the number of free records after that.
    pub fn update(&mut self, form: &BandForm<'_>, changed: &[u32], num_free: usize) {
        for &i in changed {
            self.free.toggle(i as usize);
        }
        if changed.len() < num_free {
            let sign =
                |i: usize| if self.free.contains(i) { curvature(form, i) } else { -curvature(form, i) };
            form.problem.gram_plan.add(&form.problem.matrix, changed, sign, &mut self.gram, form.workers);
        } else {
            self.rebuild(form);
        }
    }

    /// The Gram matrix of the free records from scratch.
    pub fn rebuild(&mut self, form: &BandForm<'_>) {
        let num_free = self.num_free();
        if num_free == form.num_records()
            && let Some((common, scale)) = form.common_design()
        {
            common.half_gram(scale, &mut self.gram);
            return;
        }
        let mut rows = Vec::with_capacity(num_free);
        rows.extend(self.free.ones().map(|i| i as u32));
        self.gram.fill(0.0);
        let (plan, matrix) = (&form.problem.gram_plan, &form.problem.matrix);
        plan.add(matrix, &rows, |i| curvature(form, i), &mut self.gram, form.workers);
    }
}

/// w⁰ᵢ²/(2dᵢ)
fn curvature(form: &BandForm<'_>, i: usize) -> f64 {
    let w = form.problem.design_weights[i];
    0.5 * w * w / form.distance_weight(i)
}

/// The same of all records.
pub(super) fn all_gram(form: &BandForm<'_>) -> Vec<f64> {
    let rows: Vec<u32> = (0..form.num_records() as u32).collect();
    let mut gram = vec![0.0; form.num_targets() * form.num_targets()];
    let (plan, matrix) = (&form.problem.gram_plan, &form.problem.matrix);
    plan.add(matrix, &rows, |i| curvature(form, i), &mut gram, form.workers);
    gram
}
