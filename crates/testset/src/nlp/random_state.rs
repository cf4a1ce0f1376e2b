//! NumPy's legacy random streams: MT19937, 53-bit uniforms, polar normals.
//!
//! Sources: M. Matsumoto, T. Nishimura, ACM TOMACS 8 (1998) 3–30; G. Marsaglia, T. A. Bray, SIAM Review 6 (1964) 260–264.

const N: usize = 624;
const M: usize = 397;

/// `numpy.random.RandomState(seed)`.
#[derive(Debug, Clone)]
pub struct RandomState {
    key: [u32; N],
    position: usize,
    cached_normal: Option<f64>,
}

impl RandomState {
    /// Seeded with a 32-bit integer.
    pub fn new(seed: u32) -> Self {
        let mut key = [seed; N];
        for i in 1..N {
            let last = key[i - 1];
            key[i] = 1_812_433_253u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(i as u32);
        }
        Self { key, position: N, cached_normal: None }
    }

    fn twist(&mut self) {
        for i in 0..N {
            let y = (self.key[i] & 0x8000_0000) | (self.key[(i + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.key[i] = self.key[(i + M) % N] ^ (y >> 1) ^ odd;
        }
        self.position = 0;
    }

    fn next_u32(&mut self) -> u32 {
        if self.position == N {
            self.twist();
        }
        let mut y = self.key[self.position];
        self.position += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// `rand()`: uniform over [0, 1).
    pub fn uniform(&mut self) -> f64 {
        let (a, b) = (self.next_u32() >> 5, self.next_u32() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    /// `randn()`: standard normal.
    pub fn normal(&mut self) -> f64 {
        if let Some(value) = self.cached_normal.take() {
            return value;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * libm::log(square) / square).sqrt();
                self.cached_normal = Some(factor * x);
                return factor * y;
            }
        }
    }

    /// `rand(count)`.
    pub fn uniforms(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.uniform()).collect()
    }

    /// `randn(count)`; a matrix is filled by rows.
    pub fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_those_of_numpy() {
        let mut state = RandomState::new(42);
        let want = [0.374_540_118_847_362_5, 0.950_714_306_409_916_2, 0.731_993_941_811_405_1];
        assert_eq!(state.uniforms(3), want);
        let mut state = RandomState::new(42);
        let want = [0.496_714_153_011_233, -0.138_264_301_171_184_66, 0.647_688_538_100_692_5];
        for (ours, want) in state.normals(3).into_iter().zip(want) {
            assert!((ours - want).abs() < 1e-15, "{ours} {want}");
        }
        // RandomState(0): rand() and, after 1000 draws in all, the stream has been twisted.
        let mut state = RandomState::new(0);
        assert_eq!(state.uniform(), 0.548_813_503_927_324_8);
        assert_eq!(RandomState::new(5489).next_u32(), 3_499_211_612);
        let mut state = RandomState::new(5489);
        let tenth_thousand = (0..10_000).map(|_| state.next_u32()).last();
        assert_eq!(tenth_thousand, Some(4_123_659_995));
    }
}
