//! JSON of requests and results, as `serde_json` writes it byte for byte, with less work for each byte: names of fields are copied
//! as they are, and texts are looked through eight bytes at a time.

use arrayvec::ArrayString;
use rust_decimal::Decimal;
use serde::ser::{self, Serialize, Serializer};

/// Writes texts, lists, and objects with texts for keys; numbers and texts with escapes go through `serde_json`.
pub(super) struct Writer {
    out: String,
}

/// Bytes that a result of a hundred names takes.
const USUAL_SIZE: usize = 1 << 16;

/// The JSON of a result, an options object or the table of codes.
///
/// # Panics
/// If a key is no text, which no type here has.
pub fn written(value: &(impl Serialize + ?Sized)) -> String {
    let mut writer = Writer { out: String::with_capacity(USUAL_SIZE) };
    value.serialize(&mut writer).expect("plain data with text keys");
    writer.out
}

/// A decimal as its own `Serialize` writes it, with less work.
pub(super) fn decimal<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&decimal_text(value))
}

/// The text of a decimal as `Display` writes it: a sign, a point and 29 digits at most.
pub(super) fn decimal_text(value: &Decimal) -> ArrayString<32> {
    let mantissa = value.mantissa().unsigned_abs();
    let mut buffer = itoa::Buffer::new();
    let digits = match u64::try_from(mantissa) {
        Ok(mantissa) => buffer.format(mantissa),
        Err(_) => buffer.format(mantissa),
    };
    let scale = value.scale() as usize;
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    let mut text = ArrayString::new();
    if value.is_sign_negative() {
        text.push('-');
    }
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        text.push('.');
        for _ in fraction.len()..scale {
            text.push('0');
        }
        text.push_str(fraction);
    }
    text
}

/// True for a byte that must be escaped: below 32, a quotation mark or a backslash.
const ESCAPED: [bool; 256] = {
    let mut escaped = [false; 256];
    let mut byte = 0;
    while byte < 32 {
        escaped[byte] = true;
        byte += 1;
    }
    escaped[b'"' as usize] = true;
    escaped[b'\\' as usize] = true;
    escaped
};

/// True if one of eight bytes must be escaped.
fn has_escaped(chunk: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([128; 8]);
    let chunk = u64::from_ne_bytes(chunk);
    // The high bit of each byte that is zero (and maybe of bytes above such a one).
    let zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGH;
    let control = chunk.wrapping_sub(ONES * 32) & !chunk & HIGH;
    (control | zero(chunk ^ (ONES * u64::from(b'"'))) | zero(chunk ^ (ONES * u64::from(b'\\')))) != 0
}

/// True if the text has an escape.
fn needs_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.last_chunk::<8>() {
        None => bytes.iter().fold(false, |found, byte| found | ESCAPED[usize::from(*byte)]),
        Some(last) => {
            let chunks = bytes.as_chunks::<8>().0;
            chunks.iter().fold(has_escaped(*last), |found, chunk| found | has_escaped(*chunk))
        }
    }
}

impl Writer {
    #[inline]
    fn text(&mut self, text: &str) -> Outcome {
        if needs_escapes(text) {
            return self.other(text);
        }
        self.out.reserve(text.len() + 2);
        self.out.push('"');
        self.out.push_str(text);
        self.out.push('"');
        Ok(())
    }

    #[cold]
    fn other(&mut self, value: impl Serialize) -> Outcome {
        self.out.push_str(&serde_json::to_string(&value)?);
        Ok(())
    }

    /// A comma, unless it is the first entry; then the name of a field, which needs no escapes.
    // Inlined, so that names are copied by moves of a known length.
    #[inline(always)]
    fn field(&mut self, first: &mut bool, name: &'static str) {
        self.out.reserve(name.len() + 4);
        self.comma(first);
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    /// {"name": and what `begin` opens.
    fn variant(&mut self, name: &'static str, begin: char, end: &'static str) -> Open<'_> {
        self.out.push('{');
        self.field(&mut true, name);
        self.out.push(begin);
        Open { writer: self, first: true, end }
    }

    #[inline(always)]
    fn comma(&mut self, first: &mut bool) {
        if !std::mem::replace(first, false) {
            self.out.push(',');
        }
    }
}

/// A list or an object that has been opened.
pub(super) struct Open<'a> {
    writer: &'a mut Writer,
    first: bool,
    end: &'static str,
}

type Outcome<T = ()> = Result<T, serde_json::Error>;

macro_rules! by_serde_json {
    ($($name:ident: $kind:ty),*) => {
        $(fn $name(self, value: $kind) -> Outcome {
            self.other(value)
        })*
    };
}

impl<'a> ser::Serializer for &'a mut Writer {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Open<'a>;
    type SerializeTuple = Open<'a>;
    type SerializeTupleStruct = Open<'a>;
    type SerializeTupleVariant = Open<'a>;
    type SerializeMap = Open<'a>;
    type SerializeStruct = Open<'a>;
    type SerializeStructVariant = Open<'a>;

    by_serde_json!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_u8: u8, serialize_u16: u16);
    by_serde_json!(serialize_u32: u32, serialize_u64: u64, serialize_f32: f32, serialize_f64: f64, serialize_char: char);
    by_serde_json!(serialize_bytes: &[u8]);

    fn serialize_bool(self, value: bool) -> Outcome {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Outcome {
        self.text(text)
    }

    fn serialize_none(self) -> Outcome {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Outcome {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Outcome {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Outcome {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Outcome {
        self.out.push('{');
        self.field(&mut true, variant);
        value.serialize(&mut *self)?;
        self.out.push('}');
        Ok(())
    }

    fn serialize_seq(self, _len: Option<usize>) -> Outcome<Open<'a>> {
        self.out.push('[');
        Ok(Open { writer: self, first: true, end: "]" })
    }

    fn serialize_tuple(self, len: usize) -> Outcome<Open<'a>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Outcome<Open<'a>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Outcome<Open<'a>> {
        Ok(self.variant(variant, '[', "]}"))
    }

    fn serialize_map(self, _len: Option<usize>) -> Outcome<Open<'a>> {
        self.out.push('{');
        Ok(Open { writer: self, first: true, end: "}" })
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Outcome<Open<'a>> {
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Outcome<Open<'a>> {
        Ok(self.variant(variant, '{', "}}"))
    }
}

impl Open<'_> {
    fn entry(&mut self, value: &(impl Serialize + ?Sized)) -> Outcome {
        self.writer.comma(&mut self.first);
        value.serialize(&mut *self.writer)
    }

    #[inline(always)]
    fn member(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> Outcome {
        self.writer.field(&mut self.first, name);
        value.serialize(&mut *self.writer)
    }

    fn close(self) -> Outcome {
        self.writer.out.push_str(self.end);
        Ok(())
    }
}

macro_rules! lists {
    ($($kind:ident::$entry:ident),*) => {
        $(impl ser::$kind for Open<'_> {
            type Ok = ();
            type Error = serde_json::Error;

            fn $entry<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome {
                self.entry(value)
            }

            fn end(self) -> Outcome {
                self.close()
            }
        })*
    };
}

macro_rules! objects {
    ($($kind:ident),*) => {
        $(impl ser::$kind for Open<'_> {
            type Ok = ();
            type Error = serde_json::Error;

            #[inline(always)]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Outcome {
                self.member(name, value)
            }

            fn end(self) -> Outcome {
                self.close()
            }
        })*
    };
}

lists!(SerializeSeq::serialize_element, SerializeTuple::serialize_element);
lists!(SerializeTupleStruct::serialize_field, SerializeTupleVariant::serialize_field);
objects!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Open<'_> {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Outcome {
        self.writer.comma(&mut self.first);
        key.serialize(&mut *self.writer)?;
        self.writer.out.push(':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Outcome {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rust_decimal::Decimal;

    use super::written;
    use crate::targets::request::Request;

    #[test]
    fn every_text_is_written_as_serde_json_writes_it() {
        for place in 0..20 {
            for special in
                ['"', '\\', '\n', '\u{0}', '\u{1f}', ' ', '!', '[', ']', '\u{7f}', '\u{80}', 'é', '…', '🙂']
            {
                let mut text = "a".repeat(20);
                text.insert(place, special);
                assert_eq!(written(&text), serde_json::to_string(&text).expect("a text"));
                let map = BTreeMap::from([(text.clone(), vec![Some(text), None])]);
                assert_eq!(written(&map), serde_json::to_string(&map).expect("a map"));
            }
        }
    }

    #[test]
    fn every_decimal_is_written_as_serde_json_writes_it() {
        #[derive(serde::Serialize)]
        struct Own(#[serde(serialize_with = "super::decimal")] Decimal);
        let mantissas = [0, 1, 5, 10, 99, 100, 12_345, 1 << 53, u64::MAX as i128, 1 << 64, (1 << 96) - 1];
        for mantissa in mantissas {
            for scale in 0..=28 {
                for sign in [1, -1] {
                    let mut value = Decimal::from_i128_with_scale(sign * mantissa, scale);
                    value.set_sign_negative(sign < 0);
                    assert_eq!(written(&Own(value)), serde_json::to_string(&value).expect("a decimal"));
                }
            }
        }
    }

    #[test]
    fn a_request_is_written_as_serde_json_writes_it() {
        let text = r#"{"portfolio_snapshot": {"portfolio_id": "p\"f", "base_currency": "USD",
            "positions": [{"instrument_id": "A", "quantity": "-1.50", "market_value": {"amount": 7, "currency": "EUR"}}]},
            "market_data_snapshot": {"prices": [{"instrument_id": "A", "price": "123456789012345678.1", "currency": "USD"}]},
            "model_portfolio": {"targets": [{"instrument_id": "A", "weight": "0.0"}]},
            "shelf_entries": [{"instrument_id": "A", "status": "SELL_ONLY", "attributes": {"sec\\tor": "T…"}}],
            "options": {"position_bounds": {"A": {"max_weight": "0.5"}}, "buys_only": true}}"#;
        let request = Request::from_json(text).expect("a request");
        assert_eq!(request.canonical_json(), serde_json::to_string(&request).expect("plain data"));
    }
}
