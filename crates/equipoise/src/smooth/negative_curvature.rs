//! The walk along a direction of negative curvature: it confirms the claim by a lower value, or contradicts it.

use super::bounds::Bounds;
use crate::numeric::sum::max_abs;

/// Trials of the walk on one side, and doublings after a descent.
const MAX_TRIALS: usize = 60;

/// What the walk found.
#[derive(Debug, Clone, PartialEq)]
pub enum CurvatureWalk {
    /// A point with a value below f − b.
    Descent {
        /// The point (n), in the box.
        x: Vec<f64>,
        /// f there.
        value: f64,
    },
    /// No trial descends: the Hessian's claim is contradicted by f.
    Contradicted,
}

/// Where the walk begins.
#[derive(Debug, Clone, Copy)]
pub struct CurvatureWalkStart<'a> {
    /// x (n), in the box.
    pub x: &'a [f64],
    /// f(x)
    pub value: f64,
    /// Unit eigenvector (n) of the least eigenvalue.
    pub direction: &'a [f64],
    /// The least eigenvalue λ < 0.
    pub least: f64,
    /// b, rounding error of f.
    pub noise: f64,
}

/// Walks along ± the direction, on both sides alternately, from α = min(box, max(1, maxᵢ |xᵢ|)) by halves down to √(2b/|λ|), where the
/// promised ½|λ|α² falls below b. Trials are projected to the box. The first value below f − b ends the search and is followed by doubling
/// α while the value keeps falling.
///
/// # Errors
/// Only those of `evaluate`, which returns f at a point of the box; a value that is not finite counts as no descent.
pub fn walk_negative_curvature<E>(
    bounds: &Bounds,
    start: &CurvatureWalkStart,
    mut evaluate: impl FnMut(&[f64]) -> Result<f64, E>,
) -> Result<CurvatureWalk, E> {
    let longest = max_abs(start.x).max(1.0);
    let opposite: Vec<f64> = start.direction.iter().map(|d| -d).collect();
    let sides = [start.direction, &opposite]
        .map(|direction| (direction, bounds.largest_step(start.x, direction).0.min(longest)));
    let smallest = (2.0 * start.noise / start.least.abs()).sqrt().max(f64::EPSILON * longest);
    let limit = start.value - start.noise;
    let mut scale = 1.0;
    for _ in 0..MAX_TRIALS {
        let mut any = false;
        for (direction, reach) in sides {
            let alpha = scale * reach;
            if alpha < smallest || alpha == 0.0 {
                continue;
            }
            any = true;
            let x = bounds.moved(start.x, direction, alpha);
            let value = evaluate(&x)?;
            if value < limit {
                return extend(bounds, start.x, direction, alpha, x, value, evaluate);
            }
        }
        if !any {
            break;
        }
        scale *= 0.5;
    }
    Ok(CurvatureWalk::Contradicted)
}

/// Doubles α while the value falls.
fn extend<E>(
    bounds: &Bounds,
    from: &[f64],
    direction: &[f64],
    mut alpha: f64,
    mut x: Vec<f64>,
    mut value: f64,
    mut evaluate: impl FnMut(&[f64]) -> Result<f64, E>,
) -> Result<CurvatureWalk, E> {
    for _ in 0..MAX_TRIALS {
        alpha *= 2.0;
        let further = bounds.moved(from, direction, alpha);
        if further == x {
            break;
        }
        let lower = evaluate(&further)?;
        if lower >= value || !lower.is_finite() {
            break;
        }
        (x, value) = (further, lower);
    }
    Ok(CurvatureWalk::Descent { x, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn walk(
        bounds: &Bounds,
        x: &[f64],
        f: impl Fn(&[f64]) -> f64,
        noise: f64,
    ) -> (CurvatureWalk, Vec<Vec<f64>>) {
        let mut seen = Vec::new();
        let start = CurvatureWalkStart { x, value: f(x), direction: &[1.0, 0.0], least: -2.0, noise };
        let found = walk_negative_curvature(bounds, &start, |point| {
            seen.push(point.to_vec());
            Ok::<_, Infallible>(f(point))
        });
        (found.unwrap(), seen)
    }

    /// −x₀² + x₀⁴ + x₁²
    fn double_well(x: &[f64]) -> f64 {
        x[0].powi(4) - x[0] * x[0] + x[1] * x[1]
    }

    #[test]
    fn a_saddle_is_left_and_the_descent_is_followed_while_it_improves() {
        let bounds = Bounds::new(vec![-40.0; 2], vec![40.0; 2]).unwrap();
        let (found, _) = walk(&bounds, &[0.0, 0.0], double_well, 1e-15);
        // α = 1 gives 0, no descent; α = 1/2 gives −3/16, and doubling leads back to 0.
        assert_eq!(found, CurvatureWalk::Descent { x: vec![0.5, 0.0], value: -0.1875 });
        let falling = |x: &[f64]| -x[0] * x[0];
        let (found, _) = walk(&bounds, &[0.0, 0.0], falling, 1e-15);
        assert_eq!(found, CurvatureWalk::Descent { x: vec![40.0, 0.0], value: -1600.0 });
    }

    #[test]
    fn the_other_side_is_tried_and_the_box_is_kept() {
        let bounds = Bounds::new(vec![-0.25, -1.0], vec![0.0, 1.0]).unwrap();
        let (found, seen) = walk(&bounds, &[0.0, 0.0], double_well, 1e-15);
        assert!(matches!(found, CurvatureWalk::Descent { ref x, .. } if x[0] == -0.25));
        assert!(seen.iter().all(|x| (-0.25..=0.0).contains(&x[0])));
    }

    #[test]
    fn a_claim_that_f_does_not_bear_out_is_contradicted() {
        let bounds = Bounds::new(vec![-4.0; 2], vec![4.0; 2]).unwrap();
        let (found, seen) = walk(&bounds, &[0.0, 0.0], |x| x[0] * x[0], 1e-4);
        assert_eq!(found, CurvatureWalk::Contradicted);
        // Halved from 1 down to √(2b/|λ|) = 0.01, on both sides.
        assert_eq!(seen.len(), 14);
        let (found, _) = walk(&bounds, &[0.0, 0.0], |x| if x[0] == 0.0 { 0.0 } else { f64::NAN }, 1e-4);
        assert_eq!(found, CurvatureWalk::Contradicted);
    }
}
