//! Defaults and names of the outer optimiser, read from where they are written.

use equipoise::outer::cache::DirectoryOptions;
use equipoise::outer::{OuterDefaults, StopReason};
use napi_derive::napi;
use serde::Serialize;

use crate::convert::{Plain, Sentences};

#[derive(Serialize)]
pub struct Defaults {
    #[serde(flatten)]
    outer: OuterDefaults,
    cache: DirectoryOptions,
}

/// The defaults of the options that have one.
#[napi(ts_return_type = "object")]
pub fn outer_defaults() -> Plain<Defaults> {
    Plain(Defaults { outer: OuterDefaults::default(), cache: DirectoryOptions::default() })
}

/// Every stop reason with its sentence.
#[napi(ts_return_type = "Record<string, string>")]
pub fn outer_stop_reason_sentences() -> Plain<Sentences> {
    Plain(StopReason::ALL.iter().map(|reason| (reason.as_str(), reason.sentence())).collect())
}
