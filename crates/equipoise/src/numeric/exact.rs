//! Exact statements about sums of doubles, for the rare question that rounding must not decide.

use super::dd::{two_prod, two_sum};

/// The sign of Σ aₑbₑ (−1, 0 or 1), exactly, provided that no product overflows or loses bits below 2⁻¹⁰⁷⁴.
///
/// Source: J. R. Shewchuk, Discrete Comput. Geom. 18 (1997) 305–363, grow-expansion: the sum is held as non-overlapping doubles,
/// the last of which decides.
pub fn sign_of_sum_of_products(products: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let mut expansion: Vec<f64> = Vec::new();
    let mut add = |mut x: f64| {
        let mut kept = 0;
        for k in 0..expansion.len() {
            let (sum, error) = two_sum(x, expansion[k]);
            if error != 0.0 {
                expansion[kept] = error;
                kept += 1;
            }
            x = sum;
        }
        expansion.truncate(kept);
        if x != 0.0 {
            expansion.push(x);
        }
    };
    for (a, b) in products {
        let (product, error) = two_prod(a, b);
        add(error);
        add(product);
    }
    expansion.last().map_or(0.0, |x| x.signum())
}

/// True if Σ aₑbₑ = `total` exactly, under the same proviso.
pub fn sum_of_products_is(products: impl IntoIterator<Item = (f64, f64)>, total: f64) -> bool {
    sign_of_sum_of_products(std::iter::once((-total, 1.0)).chain(products)) == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let tiny = 2f64.powi(-100);
        let huge = 2f64.powi(100);
        let terms = [(huge, 1.0), (1.0, 3.0), (tiny, 1.0), (-huge, 1.0)];
        assert!(!sum_of_products_is(terms, 3.0));
        assert!(sum_of_products_is(terms.into_iter().chain([(-tiny, 1.0)]), 3.0));
        assert!(sum_of_products_is([(0.1, 3.0), (-0.1, 3.0)], 0.0));
        assert!(!sum_of_products_is([(0.1, 3.0)], 0.3));
        assert!(sum_of_products_is([], 0.0));
    }
    #[test]
    fn sign_of_sums_that_cancel() {
        assert_eq!(sign_of_sum_of_products([(0.1, 1e20), (-0.1, 1e20)]), 0.0);
        assert_eq!(sign_of_sum_of_products([(1e20, 1e20), (1e-20, -1e-20), (-1e20, 1e20)]), -1.0);
        // 0.1 is above 1/10 as a double.
        assert_eq!(sign_of_sum_of_products([(0.1, 10.0), (-1.0, 1.0)]), 1.0);
        assert_eq!(sign_of_sum_of_products([]), 0.0);
    }
}
