//! The command's options.

use std::collections::HashMap;
use std::error::Error;
use std::str::FromStr;

use crate::Outcome;

/// `--name value` pairs.
pub struct Options(HashMap<String, String>);

impl Options {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut options = HashMap::new();
        while let Some(name) = arguments.next() {
            let name =
                name.strip_prefix("--").ok_or_else(|| format!("expected an option, received {name:?}"))?;
            let value = arguments.next().ok_or_else(|| format!("--{name} has no value"))?;
            options.insert(name.to_string(), value);
        }
        Ok(Self(options))
    }

    pub fn optional<T: FromStr<Err: Error + 'static>>(&self, name: &str) -> Outcome<Option<T>> {
        self.0.get(name).map(|value| value.parse()).transpose().map_err(|e| format!("--{name}: {e}").into())
    }

    pub fn required<T: FromStr<Err: Error + 'static>>(&self, name: &str) -> Outcome<T> {
        self.optional(name)?.ok_or_else(|| format!("--{name} is missing").into())
    }
}
