//! The rebalance around stage 3, in decimals: one pure function from request to result.
//!
//! | module | for |
//! | --- | --- |
//! | [`market`] | prices, rates, shelf; arithmetic that says when 28 digits do not suffice |
//! | [`valuation`] | stage 1: what the portfolio is worth |
//! | [`universe`] | stage 2: what may be bought, sold, or is locked |
//! | [`intents`], [`turnover`] | stage 4: whole units to trade, and the cap on them |
//! | [`funding`], [`compliance`] | stage 5: currencies, after-state, rules, reconciliation |
//! | [`simulate`], [`analyze`] | the function, once and for several sets of options |

mod analyze;
mod compliance;
mod funding;
mod intents;
mod market;
pub mod result;
mod simulate;
mod turnover;
mod universe;
mod valuation;

pub use analyze::analyze;
pub use simulate::{generate_targets, simulate};
