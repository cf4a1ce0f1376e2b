//! Requests: read from JSON with the place of every fault, and written in canonical form.

mod document;
pub mod options;
mod reader;
pub mod snapshot;

use std::collections::BTreeMap;

use foldhash::{HashSet, HashSetExt};
use rust_decimal::Decimal;
use serde::Serialize;
use sha2::{Digest, Sha256};

use document::Node;
pub use options::Options;
use options::{RoundingMode, options};
use reader::{Fields, Place, fault, long_numbers_as_texts};
use snapshot::{MarketDataSnapshot, ModelTarget, PortfolioSnapshot, ShelfEntry, Strictness};

use crate::error::{InputCode, InputError};
use crate::targets::written;

/// Everything that a rebalance depends on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// What the client has.
    pub portfolio_snapshot: PortfolioSnapshot,
    /// Prices and rates.
    pub market_data_snapshot: MarketDataSnapshot,
    /// The model, in order.
    pub model_portfolio: Vec<ModelTarget>,
    /// What may be traded; of duplicates the first counts.
    pub shelf_entries: Vec<ShelfEntry>,
    /// Options.
    pub options: Options,
}

/// One snapshot and several named sets of options.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalyzeRequest {
    /// Requests by scenario, or why its options are refused; each holds the shared snapshots.
    pub scenarios: BTreeMap<String, Result<Request, InputError>>,
}

/// Scenarios of one analysis.
const MOST_SCENARIOS: usize = 20;
/// Characters of a scenario's name.
const LONGEST_NAME: usize = 64;

const BODY: [&str; 4] = ["portfolio_snapshot", "market_data_snapshot", "model_portfolio", "shelf_entries"];

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// Text that is no JSON (path `body`, code `malformed`); a field that is missing, of the wrong type, outside its range or, among
    /// the options, unknown. Strict mode also refuses unknown fields elsewhere, duplicates, and model weights outside [0, 1].
    pub fn from_json(text: &str) -> Result<Self, InputError> {
        let mut exact = None;
        let document = parse(text, &mut exact)?;
        let fields = Fields::of(&document, Place::Body)?;
        let options = options(fields.required("options")?, fields.path("options"))?;
        if options.rounding_mode == RoundingMode::Strict {
            let known: Vec<&str> = BODY.into_iter().chain(["options"]).collect();
            fields.only(&known)?;
        }
        Self::with_options(&fields, options)
    }

    fn with_options(fields: &Fields<'_>, options: Options) -> Result<Self, InputError> {
        let mode = Strictness {
            strict: options.rounding_mode == RoundingMode::Strict,
            least_weight: options.short_floor.unwrap_or(Decimal::ZERO),
        };
        let mut on_shelf = HashSet::new();
        fields.required("shelf_entries")?;
        let part = |key: &'static str| Ok((fields.required(key)?, Place::Field(&Place::Body, key)));
        Ok(Self {
            portfolio_snapshot: snapshot::portfolio(part("portfolio_snapshot")?, mode)?,
            market_data_snapshot: snapshot::market(part("market_data_snapshot")?, mode)?,
            model_portfolio: snapshot::model(part("model_portfolio")?, mode)?,
            shelf_entries: fields.list("shelf_entries", |value, path| {
                snapshot::shelf_entry(value, path, mode, &mut on_shelf)
            })?,
            options,
        })
    }

    /// The request with every default filled in, in one order of fields: the text that [`Request::digest`] is of.
    pub fn canonical_json(&self) -> String {
        written(self)
    }

    /// SHA-256 of the canonical text, as 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        format!("{:x}", Sha256::digest(self.canonical_json().as_bytes()))
    }
}

impl AnalyzeRequest {
    /// Reads the snapshots and 1 to 20 scenarios `{name: {options: {…}}}`.
    ///
    /// # Errors
    /// As [`Request::from_json`], but the options of a scenario: they are kept as that scenario's error.
    pub fn from_json(text: &str) -> Result<Self, InputError> {
        let mut exact = None;
        let document = parse(text, &mut exact)?;
        let fields = Fields::of(&document, Place::Body)?;
        let known: Vec<&str> = BODY.into_iter().chain(["scenarios"]).collect();
        fields.only(&known)?;
        let path = fields.path("scenarios");
        let scenarios = Fields::of(fields.required("scenarios")?, path)?;
        let count = scenarios.entries().count();
        if count == 0 || count > MOST_SCENARIOS {
            let expected = format!("1 to {MOST_SCENARIOS} scenarios");
            return Err(fault(InputCode::OutOfRange, path, &expected, format!("{count}")));
        }
        let mut read = BTreeMap::new();
        for (name, value) in scenarios.entries() {
            let path = path.field(name);
            let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
            if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(letters) {
                let expected = "a name of 1 to 64 of a-z, 0-9, _ and -";
                return Err(fault(InputCode::OutOfRange, path, expected, format!("{name:?}")));
            }
            let own = Fields::of(value, path)?;
            own.only(&["options", "description"])?;
            let request = match options(own.required("options")?, own.path("options")) {
                Ok(options) => Ok(Request::with_options(&fields, options)?),
                Err(error) => Err(error),
            };
            read.insert(name.to_string(), request);
        }
        Ok(Self { scenarios: read })
    }
}

/// The document; `exact` is the place of its text where the given one has a number that a double would change, which is rare.
fn parse<'a>(text: &'a str, exact: &'a mut Option<String>) -> Result<Node<'a>, InputError> {
    let read = |text: &'a str| {
        serde_json::from_str(text)
            .map_err(|error| fault(InputCode::Malformed, "body", "JSON", format!("an error: {error}")))
    };
    let document: Node<'_> = read(text)?;
    if document.holds_no_long_number() {
        return Ok(document);
    }
    *exact = long_numbers_as_texts(text);
    exact.as_deref().map_or(Ok(document), read)
}
