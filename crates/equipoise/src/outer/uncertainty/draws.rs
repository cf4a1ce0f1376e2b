//! Seeded draws from a normal distribution given by its precision matrix.

use crate::numeric::cholesky::{Cholesky, NotPositiveDefinite};
use crate::numeric::digest::Digest;
use crate::numeric::parallel::Workers;
use crate::numeric::sum::dot;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The normal distribution with mean 0 and covariance H⁻¹.
pub(super) struct NormalDraws {
    factor: Cholesky,
    order: usize,
    seed: u64,
}

impl NormalDraws {
    /// Of the precision matrix H (K × K by rows). The seed is a digest of what identifies the run.
    pub fn new(precision: &[f64], order: usize, seed: &Digest) -> Result<Self, NotPositiveDefinite> {
        let mut factor = Cholesky::new(order);
        factor.factor(|i, j| precision[i * order + j], &Workers::inline())?;
        Ok(Self { factor, order, seed: seed.value() })
    }

    /// √(H⁻¹)ᵢᵢ.
    pub fn standard_deviations(&self) -> Vec<f64> {
        (0..self.order)
            .map(|i| {
                let mut unit = vec![0.0; self.order];
                unit[i] = 1.0;
                self.factor.solve(&mut unit);
                unit[i].sqrt()
            })
            .collect()
    }

    /// Draw number `index` as R⁻¹z, H = RᵀR, with |z|². Each draw has a stream of its own: it does not depend on the others.
    pub fn draw(&self, index: u64) -> (Vec<f64>, f64) {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(index);
        let mut z: Vec<f64> = Vec::with_capacity(self.order + 1);
        while z.len() < self.order {
            let (first, second) = normal_pair(&mut random);
            z.push(first);
            z.push(second);
        }
        z.truncate(self.order);
        let squared_length = dot(&z, &z);
        self.factor.solve_transposed_factor(&mut z);
        (z, squared_length)
    }
}

/// Two independent standard normal numbers (Box and Muller).
fn normal_pair(random: &mut ChaCha8Rng) -> (f64, f64) {
    let radius = (-2.0 * libm::log(uniform(random))).sqrt();
    let (sine, cosine) = libm::sincos(2.0 * std::f64::consts::PI * uniform(random));
    (radius * cosine, radius * sine)
}

/// Strictly between 0 and 1.
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    ((random.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_covariance_of_the_inverse_and_repeat() {
        let precision = [4.0, 1.0, 1.0, 2.0];
        let draws = NormalDraws::new(&precision, 2, &Digest::of([1.0])).unwrap();
        let count = 20_000u64;
        let mut second_moments = [0.0; 3];
        for index in 0..count {
            let (x, squared_length) = draws.draw(index);
            assert_eq!((x.clone(), squared_length), draws.draw(index));
            let form = 4.0 * x[0] * x[0] + 2.0 * x[0] * x[1] + 2.0 * x[1] * x[1];
            assert!((form - squared_length).abs() < 1e-12 * squared_length.max(1.0));
            for (moment, product) in second_moments.iter_mut().zip([x[0] * x[0], x[0] * x[1], x[1] * x[1]]) {
                *moment += product / count as f64;
            }
        }
        // H⁻¹ = [2, −1; −1, 4]/7; the standard errors are below 0.006.
        for (moment, expected) in second_moments.iter().zip([2.0 / 7.0, -1.0 / 7.0, 4.0 / 7.0]) {
            assert!((moment - expected).abs() < 0.025, "{moment} {expected}");
        }
        assert_ne!(draws.draw(0), NormalDraws::new(&precision, 2, &Digest::of([2.0])).unwrap().draw(0));
        assert!(NormalDraws::new(&[1.0, 2.0, 2.0, 1.0], 2, &Digest::default()).is_err());
    }
}
