//! A JSON document read with the place of every fault.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::error::{InputCode, InputError};

/// Largest size of a number in a request.
pub(crate) const LARGEST: i64 = 1_000_000_000_000_000_000;

/// An object of the document and where it is.
pub(crate) struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

/// `path.key`, or `path["key"]` if the key is no plain word.
pub(crate) fn child(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match (path.is_empty(), plain) {
        (true, _) => key.to_string(),
        (false, true) => format!("{path}.{key}"),
        (false, false) => format!("{path}[{key:?}]"),
    }
}

/// A fault of the given code.
pub(crate) fn fault(code: InputCode, path: &str, expected: &str, received: impl Into<String>) -> InputError {
    InputError::new(code, path, expected, received)
}

fn wrong_type(path: &str, expected: &str, value: &Value) -> InputError {
    let kind = match value {
        Value::Null => "null".to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("{:?}", shortened(text)),
        Value::Array(_) => "an array".to_string(),
        Value::Object(_) => "an object".to_string(),
    };
    fault(InputCode::WrongType, path, expected, kind)
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl<'a> Fields<'a> {
    /// The object at `path`.
    pub fn of(value: &'a Value, path: impl Into<String>) -> Result<Self, InputError> {
        let path = path.into();
        match value {
            Value::Object(map) => Ok(Self { path, map }),
            other => Err(wrong_type(if path.is_empty() { "body" } else { &path }, "an object", other)),
        }
    }

    /// The place of a field.
    pub fn path(&self, key: &str) -> String {
        child(&self.path, key)
    }

    /// Refuses keys other than these.
    pub fn only(&self, known: &[&str]) -> Result<(), InputError> {
        match self.map.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let expected = format!("one of {}", known.join(", "));
                Err(fault(InputCode::UnknownField, &self.path(key), &expected, "an unknown name"))
            }
        }
    }

    /// Keys in the order of the alphabet, with their values.
    pub fn entries(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.map.iter()
    }

    /// The value, unless it is absent or null.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// The value, which must be there.
    pub fn required(&self, key: &str) -> Result<&'a Value, InputError> {
        let missing = || fault(InputCode::Missing, &self.path(key), "a value", "nothing");
        self.get(key).ok_or_else(missing)
    }

    /// A text that must be there, not empty.
    pub fn text(&self, key: &str) -> Result<String, InputError> {
        // Paths are for faults only.
        match self.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            _ => text(self.required(key)?, &self.path(key)),
        }
    }

    /// A text, if there is one.
    pub fn optional_text(&self, key: &str) -> Result<Option<String>, InputError> {
        self.get(key).map(|value| text(value, &self.path(key))).transpose()
    }

    /// A number that must be there.
    pub fn decimal(&self, key: &str) -> Result<Decimal, InputError> {
        match self.get(key) {
            Some(Value::String(text)) if is_plain(text) => match Decimal::from_str_exact(text) {
                Ok(value) => Ok(value.normalize()),
                Err(_) => decimal(self.required(key)?, &self.path(key)),
            },
            _ => decimal(self.required(key)?, &self.path(key)),
        }
    }

    /// A number, if there is one.
    pub fn optional_decimal(&self, key: &str) -> Result<Option<Decimal>, InputError> {
        self.get(key).map(|value| decimal(value, &self.path(key))).transpose()
    }

    /// True or false, or the default.
    pub fn flag(&self, key: &str, default: bool) -> Result<bool, InputError> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(*value),
            Some(other) => Err(wrong_type(&self.path(key), "true or false", other)),
        }
    }

    /// One word of a list, or the default.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], default: T) -> Result<T, InputError> {
        let Some(value) = self.get(key) else { return Ok(default) };
        let names: Vec<&str> = words.iter().map(|w| w.0).collect();
        let expected = format!("one of {}", names.join(", "));
        let given = value.as_str().ok_or_else(|| wrong_type(&self.path(key), &expected, value))?;
        let found = words.iter().find(|w| w.0 == given);
        let unknown =
            || fault(InputCode::OutOfRange, &self.path(key), &expected, format!("{:?}", shortened(given)));
        found.map(|w| w.1).ok_or_else(unknown)
    }

    /// Each entry of a list, or of nothing if it is absent.
    pub fn list<T>(
        &self,
        key: &str,
        mut read: impl FnMut(&'a Value, String) -> Result<T, InputError>,
    ) -> Result<Vec<T>, InputError> {
        let path = self.path(key);
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => {
                values.iter().enumerate().map(|(k, value)| read(value, format!("{path}[{k}]"))).collect()
            }
            Some(other) => Err(wrong_type(&path, "an array", other)),
        }
    }
}

/// A text that is not empty.
pub(crate) fn text(value: &Value, path: &str) -> Result<String, InputError> {
    match value {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::String(_) => Err(fault(InputCode::Empty, path, "a text that is not empty", "\"\"")),
        other => Err(wrong_type(path, "a text", other)),
    }
}

/// A decimal from a text or a number, exactly; trailing zeros are dropped.
pub(crate) fn decimal(value: &Value, path: &str) -> Result<Decimal, InputError> {
    let written = match value {
        Value::String(text) => text.trim().to_string(),
        Value::Number(number) => number.to_string(),
        other => return Err(wrong_type(path, "a decimal number", other)),
    };
    let Some(parsed) = exactly(&written) else {
        let code = match written.trim_start_matches(['-', '+']).to_ascii_lowercase().as_str() {
            "nan" | "inf" | "infinity" => InputCode::NotFinite,
            _ => InputCode::WrongType,
        };
        return Err(fault(
            code,
            path,
            "a decimal number of at most 28 digits",
            format!("{:?}", shortened(&written)),
        ));
    };
    if parsed.abs() > Decimal::from(LARGEST) {
        return Err(fault(InputCode::OutOfRange, path, "a number of size at most 1e18", written));
    }
    Ok(parsed.normalize())
}

/// True for few digits with a point at most.
fn is_plain(text: &str) -> bool {
    text.len() <= DIGITS_OF_DOUBLES && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The decimal, unless it needs more than 28 digits.
fn exactly(written: &str) -> Option<Decimal> {
    let (mantissa, exponent) = written.split_once(['e', 'E']).unwrap_or((written, "0"));
    // Zeros at the end of a fraction are no digits that it needs.
    let needed = if mantissa.contains('.') { mantissa.trim_end_matches('0') } else { mantissa };
    let mantissa = Decimal::from_str_exact(needed.strip_suffix('.').unwrap_or(needed)).ok()?.normalize();
    let scale = i64::from(mantissa.scale()) - exponent.parse::<i64>().ok()?;
    if mantissa.is_zero() {
        Some(Decimal::ZERO)
    } else if scale < 0 {
        let power = 10i128.checked_pow(u32::try_from(-scale).ok()?)?;
        Decimal::try_from_i128_with_scale(mantissa.mantissa().checked_mul(power)?, 0).ok()
    } else {
        Decimal::try_from_i128_with_scale(mantissa.mantissa(), u32::try_from(scale).ok()?).ok()
    }
}

/// Significant digits that every double keeps.
const DIGITS_OF_DOUBLES: usize = 15;

/// JSON that has been found well-formed, with every number of more digits than a double keeps made a text; `None` if there is no such
/// number. Texts are read as decimals.
pub(crate) fn long_numbers_as_texts(json: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    let bytes = json.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let start = at;
                while at < bytes.len() && matches!(bytes[at], b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
                {
                    at += 1;
                }
                let number = &json[start..at];
                let mantissa = number.split(['e', 'E']).next().unwrap_or(number);
                let digits = mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|&digit| digit == b'0');
                if digits.count() > DIGITS_OF_DOUBLES {
                    out.push_str(&json[copied..start]);
                    out.push('"');
                    out.push_str(number);
                    out.push('"');
                    copied = at;
                }
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&json[copied..]);
    Some(out)
}

/// The number, if it lies in [lower, upper].
pub(crate) fn within(
    value: Decimal,
    path: &str,
    lower: Decimal,
    upper: Decimal,
) -> Result<Decimal, InputError> {
    if value >= lower && value <= upper {
        return Ok(value);
    }
    let expected = format!("a number from {lower} to {upper}");
    Err(fault(InputCode::OutOfRange, path, &expected, value.to_string()))
}
