//! The direction of the audit: a function of the context and of the bytes of θ alone.

use crate::numeric::digest::Digest;
use crate::numeric::sum::norm_two;

/// A unit vector of normal numbers: FNV-1a 64 over the bytes of the context and of θ (little-endian) seeds SplitMix64, whose uniform
/// numbers become normal ones by Box and Muller's method.
pub(super) fn audit_direction(theta: &[f64], context: &str) -> Vec<f64> {
    let mut digest = Digest::default();
    digest.add_bytes(context.as_bytes());
    for &value in theta {
        digest.add(value);
    }
    let mut state = digest.value();
    let mut uniform = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((z >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    };
    let mut direction = Vec::with_capacity(theta.len() + 1);
    while direction.len() < theta.len() {
        let (u, v) = (uniform(), uniform());
        let radius = (-2.0 * libm::log(u)).sqrt();
        let angle = 2.0 * std::f64::consts::PI * v;
        direction.push(radius * libm::cos(angle));
        direction.push(radius * libm::sin(angle));
    }
    direction.truncate(theta.len());
    normalise(direction).unwrap_or_else(|| {
        let mut axis = vec![0.0; theta.len()];
        if let Some(first) = axis.first_mut() {
            *first = 1.0;
        }
        axis
    })
}

/// The direction without some coordinates, of length 1 again; bit-identical where none is dropped, none where nothing remains.
pub(super) fn drop_coordinates(mut direction: Vec<f64>, dropped: &[usize]) -> Option<Vec<f64>> {
    if dropped.is_empty() {
        return Some(direction);
    }
    for &i in dropped {
        direction[i] = 0.0;
    }
    normalise(direction)
}

fn normalise(mut direction: Vec<f64>) -> Option<Vec<f64>> {
    let norm = norm_two(&direction);
    if !(norm > f64::EPSILON && norm.is_finite()) {
        return None;
    }
    for v in &mut direction {
        *v /= norm;
    }
    Some(direction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors() {
        let theta = [1.5, -0.25, 7.0];
        let expected = [
            ("ctx-one", [0.5205483539671683, 0.000579722064643969, -0.8538319946596049]),
            ("ctx-two", [-0.6276543389978658, 0.46694450727515535, -0.6229067810376723]),
        ];
        for (context, vector) in expected {
            let direction = audit_direction(&theta, context);
            for (a, b) in direction.iter().zip(vector) {
                assert!((a - b).abs() < 1e-12, "{context}: {direction:?}");
            }
            assert!((norm_two(&direction) - 1.0).abs() < 1e-12);
            assert_eq!(direction, audit_direction(&theta, context));
        }
        assert!(audit_direction(&[], "x").is_empty());
    }

    #[test]
    fn dropping_nothing_changes_no_bit_and_dropping_all_leaves_nothing() {
        let direction = audit_direction(&[0.1, 0.2], "");
        assert_eq!(drop_coordinates(direction.clone(), &[]), Some(direction.clone()));
        assert_eq!(drop_coordinates(direction.clone(), &[1]).unwrap().map_abs(), [1.0, 0.0]);
        assert_eq!(drop_coordinates(direction, &[0, 1]), None);
    }

    trait MapAbs {
        fn map_abs(self) -> Vec<f64>;
    }

    impl MapAbs for Vec<f64> {
        fn map_abs(self) -> Vec<f64> {
            self.into_iter().map(f64::abs).collect()
        }
    }
}
