//! FNV-1a 64 over the IEEE bytes of an answer: two runs agree if their digests do.

/// A digest of doubles, printed as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// The digest of the little-endian bytes of `values`, in order.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut digest = Self::default();
        for value in values {
            digest.add(value);
        }
        digest
    }

    /// The digest as a number.
    pub fn value(self) -> u64 {
        self.0
    }

    /// Adds one value.
    pub fn add(&mut self, value: f64) {
        self.add_bytes(&value.to_le_bytes());
    }

    /// Adds bytes, such as those of a text.
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(Digest::default().to_string(), "cbf29ce484222325");
        // FNV-1a 64 of eight zero bytes: eight multiplications by the prime.
        let mut expected = 0xcbf2_9ce4_8422_2325u64;
        for _ in 0..8 {
            expected = expected.wrapping_mul(0x100_0000_01b3);
        }
        assert_eq!(Digest::of([0.0]).to_string(), format!("{expected:016x}"));
        assert_ne!(Digest::of([0.0]), Digest::of([-0.0]));
    }
}
