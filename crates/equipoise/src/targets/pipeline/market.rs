//! Look-ups, of duplicates the first (in hash tables, whose order nothing asks for), and arithmetic that says when 28 digits do not suffice.

use foldhash::{HashMap, HashMapExt};
use rust_decimal::Decimal;

use crate::error::{InputCode, InputError};
use crate::targets::request::Request;
use crate::targets::request::snapshot::{Money, Price, ShelfEntry};

fn too_large() -> InputError {
    InputError::new(InputCode::TooLarge, "body", "amounts whose products stay below 7.9e28", "larger ones")
}

/// a·b.
pub(super) fn times(a: Decimal, b: Decimal) -> Result<Decimal, InputError> {
    a.checked_mul(b).ok_or_else(too_large)
}

/// a/b, b not zero.
pub(super) fn over(a: Decimal, b: Decimal) -> Result<Decimal, InputError> {
    a.checked_div(b).ok_or_else(too_large)
}

/// a + b.
pub(super) fn plus(a: Decimal, b: Decimal) -> Result<Decimal, InputError> {
    a.checked_add(b).ok_or_else(too_large)
}

/// What the request says about markets and the shelf.
pub(super) struct Market<'a> {
    pub base: &'a str,
    prices: HashMap<&'a str, &'a Price>,
    rates: HashMap<&'a str, Decimal>,
    shelf: HashMap<&'a str, &'a ShelfEntry>,
}

impl<'a> Market<'a> {
    pub fn new(request: &'a Request) -> Self {
        let of_market = &request.market_data_snapshot;
        let mut prices = HashMap::with_capacity(of_market.prices.len());
        let mut rates = HashMap::with_capacity(of_market.fx_rates.len());
        let mut shelf = HashMap::with_capacity(request.shelf_entries.len());
        for price in &of_market.prices {
            prices.entry(price.instrument_id.as_str()).or_insert(price);
        }
        for rate in &of_market.fx_rates {
            rates.entry(rate.pair.as_str()).or_insert(rate.rate);
        }
        for entry in &request.shelf_entries {
            shelf.entry(entry.instrument_id.as_str()).or_insert(entry);
        }
        Self { base: &request.portfolio_snapshot.base_currency, prices, rates, shelf }
    }

    /// The price of an instrument.
    pub fn price(&self, id: &str) -> Option<&'a Price> {
        self.prices.get(id).copied()
    }

    /// What the shelf says of it.
    pub fn shelf(&self, id: &str) -> Option<&'a ShelfEntry> {
        self.shelf.get(id).copied()
    }

    /// Units of base for one of `currency`; a rate of 0 counts as missing.
    pub fn rate(&self, currency: &str) -> Option<Decimal> {
        if currency == self.base {
            return Some(Decimal::ONE);
        }
        let named = |from: &str, to: &str| {
            self.rates.get(format!("{from}/{to}").as_str()).copied().filter(|rate| !rate.is_zero())
        };
        let inverse = || named(self.base, currency).and_then(|rate| Decimal::ONE.checked_div(rate));
        named(currency, self.base).or_else(inverse)
    }

    /// An amount of base currency.
    pub fn in_base(&self, amount: Decimal) -> Money {
        Money { amount, currency: self.base.into() }
    }
}
