//! A JSON document read with the place of every fault.

use std::fmt::{self, Display};

use rust_decimal::Decimal;

use super::document::{Members, Node};
use crate::error::{InputCode, InputError};
use crate::targets::Text;

/// Largest size of a number in a request.
pub(crate) const LARGEST: i64 = 1_000_000_000_000_000_000;

/// Where a value is. It is written out only for a fault.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// The whole document.
    Body,
    /// A field of the object there.
    Field(&'a Place<'a>, &'a str),
    /// An entry of the list there.
    Entry(&'a Place<'a>, usize),
}

impl<'a> Place<'a> {
    /// The field of that name.
    pub fn field(&'a self, key: &'a str) -> Self {
        Self::Field(self, key)
    }
}

impl Display for Place<'_> {
    /// `path.key`, or `path["key"]` if the key is no plain word.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Body => Ok(()),
            Self::Entry(list, k) => write!(out, "{list}[{k}]"),
            Self::Field(Self::Body, key) => out.write_str(key),
            Self::Field(object, key) => {
                let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if plain { write!(out, "{object}.{key}") } else { write!(out, "{object}[{key:?}]") }
            }
        }
    }
}

/// An object of the document and where it is.
pub(crate) struct Fields<'a> {
    place: Place<'a>,
    map: &'a Members<'a>,
}

/// A fault of the given code.
pub(crate) fn fault(
    code: InputCode,
    place: impl Display,
    expected: &str,
    received: impl Into<String>,
) -> InputError {
    InputError::new(code, place.to_string(), expected, received)
}

fn wrong_type(place: impl Display, expected: &str, value: &Node<'_>) -> InputError {
    let kind = match value {
        Node::Null => "null".to_string(),
        Node::Flag(flag) => flag.to_string(),
        Node::Number(number) => number.to_string(),
        Node::Text(text) => format!("{:?}", shortened(text)),
        Node::List(_) => "an array".to_string(),
        Node::Object(_) => "an object".to_string(),
    };
    fault(InputCode::WrongType, place, expected, kind)
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl<'a> Fields<'a> {
    /// The object at `place`.
    pub fn of(value: &'a Node<'a>, place: Place<'a>) -> Result<Self, InputError> {
        match (value, place) {
            (Node::Object(map), _) => Ok(Self { place, map }),
            (other, Place::Body) => Err(wrong_type("body", "an object", other)),
            (other, _) => Err(wrong_type(place, "an object", other)),
        }
    }

    /// The place of a field.
    pub fn path<'b>(&'b self, key: &'b str) -> Place<'b> {
        self.place.field(key)
    }

    /// Refuses keys other than these.
    pub fn only(&self, known: &[&str]) -> Result<(), InputError> {
        match self.map.entries().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => {
                let expected = format!("one of {}", known.join(", "));
                Err(fault(InputCode::UnknownField, self.path(key), &expected, "an unknown name"))
            }
        }
    }

    /// Keys in the order of the alphabet, with their values.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Node<'a>)> {
        self.map.entries()
    }

    /// The value, unless it is absent or null.
    pub fn get(&self, key: &str) -> Option<&'a Node<'a>> {
        self.map.get(key).filter(|value| !matches!(value, Node::Null))
    }

    /// The value, which must be there.
    pub fn required(&self, key: &str) -> Result<&'a Node<'a>, InputError> {
        let missing = || fault(InputCode::Missing, self.path(key), "a value", "nothing");
        self.get(key).ok_or_else(missing)
    }

    /// A text that must be there, not empty.
    pub fn text(&self, key: &str) -> Result<Text, InputError> {
        text(self.required(key)?, self.path(key))
    }

    /// A text, if there is one.
    pub fn optional_text(&self, key: &str) -> Result<Option<Text>, InputError> {
        self.get(key).map(|value| text(value, self.path(key))).transpose()
    }

    /// A number that must be there.
    pub fn decimal(&self, key: &str) -> Result<Decimal, InputError> {
        decimal(self.required(key)?, self.path(key))
    }

    /// A number, if there is one.
    pub fn optional_decimal(&self, key: &str) -> Result<Option<Decimal>, InputError> {
        self.get(key).map(|value| decimal(value, self.path(key))).transpose()
    }

    /// True or false, or the default.
    pub fn flag(&self, key: &str, default: bool) -> Result<bool, InputError> {
        match self.get(key) {
            None => Ok(default),
            Some(Node::Flag(value)) => Ok(*value),
            Some(other) => Err(wrong_type(self.path(key), "true or false", other)),
        }
    }

    /// One word of a list, or the default.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], default: T) -> Result<T, InputError> {
        let Some(value) = self.get(key) else { return Ok(default) };
        if let Node::Text(given) = value
            && let Some((_, found)) = words.iter().find(|(word, _)| word == given)
        {
            return Ok(*found);
        }
        let names: Vec<&str> = words.iter().map(|w| w.0).collect();
        let expected = format!("one of {}", names.join(", "));
        Err(match value {
            Node::Text(given) => {
                fault(InputCode::OutOfRange, self.path(key), &expected, format!("{:?}", shortened(given)))
            }
            other => wrong_type(self.path(key), &expected, other),
        })
    }

    /// Each entry of a list, or of nothing if it is absent.
    pub fn list<T>(
        &self,
        key: &str,
        mut read: impl FnMut(&'a Node<'a>, Place<'_>) -> Result<T, InputError>,
    ) -> Result<Vec<T>, InputError> {
        let place = self.path(key);
        match self.get(key) {
            None => Ok(Vec::new()),
            Some(Node::List(values)) => {
                let mut list = Vec::with_capacity(values.len());
                for (k, value) in values.iter().enumerate() {
                    list.push(read(value, Place::Entry(&place, k))?);
                }
                Ok(list)
            }
            Some(other) => Err(wrong_type(place, "an array", other)),
        }
    }

    /// Each member of an object, or of nothing if it is absent.
    pub fn members(
        &self,
        key: &str,
        mut read: impl FnMut(&str, &Node<'_>, Place<'_>) -> Result<(), InputError>,
    ) -> Result<(), InputError> {
        let Some(value) = self.get(key) else { return Ok(()) };
        let place = self.path(key);
        let object = Fields::of(value, place)?;
        object.map.entries().try_for_each(|(key, value)| read(key, value, place.field(key)))
    }
}

/// A text that is not empty.
pub(crate) fn text(value: &Node<'_>, place: Place<'_>) -> Result<Text, InputError> {
    match value {
        Node::Text(text) if !text.is_empty() => Ok(text.as_ref().into()),
        Node::Text(_) => Err(fault(InputCode::Empty, place, "a text that is not empty", "\"\"")),
        other => Err(wrong_type(place, "a text", other)),
    }
}

/// A decimal from a text or a number, exactly; trailing zeros are dropped.
pub(crate) fn decimal(value: &Node<'_>, place: Place<'_>) -> Result<Decimal, InputError> {
    match value {
        Node::Text(text) => match few_digits(text) {
            Some(value) => Ok(value),
            None => written_decimal(text.trim(), place),
        },
        Node::Number(number) => written_decimal(&number.to_string(), place),
        other => Err(wrong_type(place, "a decimal number", other)),
    }
}

fn written_decimal(written: &str, place: Place<'_>) -> Result<Decimal, InputError> {
    let Some(parsed) = exactly(written) else {
        let code = match written.trim_start_matches(['-', '+']).to_ascii_lowercase().as_str() {
            "nan" | "inf" | "infinity" => InputCode::NotFinite,
            _ => InputCode::WrongType,
        };
        let received = format!("{:?}", shortened(written));
        return Err(fault(code, place, "a decimal number of at most 28 digits", received));
    };
    if parsed.abs() > Decimal::from(LARGEST) {
        return Err(fault(InputCode::OutOfRange, place, "a number of size at most 1e18", written));
    }
    Ok(parsed.normalize())
}

/// The decimal of a few digits with at most one point between them, which is how nearly all numbers are written.
fn few_digits(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_whole = whole.len() == text.len();
    if text.len() > DIGITS_OF_DOUBLES || whole.is_empty() || (fraction.is_empty() && !is_whole) {
        return None;
    }
    // Zeros at the end are dropped.
    let fraction = fraction.trim_end_matches('0');
    let mut mantissa = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        mantissa = 10 * mantissa + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    Some(Decimal::new(mantissa, fraction.len() as u32))
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
    place: impl Display,
    lower: Decimal,
    upper: Decimal,
) -> Result<Decimal, InputError> {
    if value >= lower && value <= upper {
        return Ok(value);
    }
    let expected = format!("a number from {lower} to {upper}");
    Err(fault(InputCode::OutOfRange, place, &expected, value.to_string()))
}
