//! A start from a coarse grid of true values, for criteria whose seeds all lie in poor basins.

use super::config::OuterProblem;
use super::error::ObjectiveError;
use super::objective::OuterObjective;

/// Step of the grid in log units.
const STEP: f64 = 3.0;
/// Isotropic shifts go from minus to plus this.
const LARGEST_SHIFT: f64 = 12.0;
/// Up to so many smoothing coordinates move one by one.
const MAX_COORDINATES: usize = 6;

impl OuterProblem {
    /// The lowest point of a coarse search around `seed` (n), by values alone: all smoothing coordinates shifted together by −12, −9, …, 12;
    /// then, up to 6 of them, one by one by ±3 and to the upper seed bound, in sweeps until nothing improves; then each adjacent pair to the upper
    /// seed bound. Points stay within the seed bounds; a move needs a strictly lower finite value. Give the answer to
    /// [`with_heuristic`](Self::with_heuristic).
    ///
    /// # Errors
    /// [`ObjectiveError::Abort`] of the objective; other errors count as no value.
    pub fn grid_start<O: OuterObjective + ?Sized>(
        &self,
        objective: &mut O,
        seed: &[f64],
    ) -> Result<Vec<f64>, ObjectiveError> {
        let (lower, upper) = self.seed_config.ordered_bounds();
        let num_smoothing =
            seed.len() - self.seed_config.num_auxiliary_trailing.max(self.psi_dim).min(seed.len());
        let mut grid = Grid { objective, lower, upper, best: seed.to_vec(), value: f64::INFINITY };
        grid.consider(seed.to_vec())?;
        let mut shift = -LARGEST_SHIFT;
        while shift <= LARGEST_SHIFT {
            let mut point = seed.to_vec();
            for x in &mut point[..num_smoothing] {
                *x += shift;
            }
            grid.consider(point)?;
            shift += STEP;
        }
        if num_smoothing <= MAX_COORDINATES {
            grid.sweep(num_smoothing)?;
        }
        grid.saturate_pairs(num_smoothing, seed)?;
        Ok(grid.best)
    }
}

struct Grid<'o, O: OuterObjective + ?Sized> {
    objective: &'o mut O,
    lower: f64,
    upper: f64,
    best: Vec<f64>,
    value: f64,
}

impl<O: OuterObjective + ?Sized> Grid<'_, O> {
    /// Moves to the point, brought within the seed bounds, if its value is strictly lower; true if it was.
    fn consider(&mut self, mut point: Vec<f64>) -> Result<bool, ObjectiveError> {
        for x in &mut point {
            *x = x.max(self.lower).min(self.upper);
        }
        let value = match self.objective.eval_cost(&point) {
            Ok(value) => value,
            Err(ObjectiveError::Abort(error)) => return Err(ObjectiveError::Abort(error)),
            Err(_) => return Ok(false),
        };
        let improves = value.is_finite() && value < self.value;
        if improves {
            (self.best, self.value) = (point, value);
        }
        Ok(improves)
    }

    /// Coordinate descent, at most ⌈span/3⌉ + 2 sweeps.
    fn sweep(&mut self, num_smoothing: usize) -> Result<(), ObjectiveError> {
        let max_sweeps = libm::ceil((self.upper - self.lower) / STEP) as usize + 2;
        for _ in 0..max_sweeps {
            let mut improved = false;
            for i in 0..num_smoothing {
                for target in [self.best[i] - STEP, self.best[i] + STEP, self.upper] {
                    let mut point = self.best.clone();
                    point[i] = target;
                    improved |= self.consider(point)?;
                }
            }
            if !improved {
                break;
            }
        }
        Ok(())
    }

    /// Adjacent pairs at the upper bound together, from the best point and from the seed: two coordinates may only pay off together.
    fn saturate_pairs(&mut self, num_smoothing: usize, seed: &[f64]) -> Result<(), ObjectiveError> {
        for from in [self.best.clone(), seed.to_vec()] {
            for i in 1..num_smoothing {
                let mut point = from.clone();
                point[i - 1..=i].fill(self.upper);
                self.consider(point)?;
            }
        }
        Ok(())
    }
}
