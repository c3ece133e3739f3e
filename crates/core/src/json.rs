//! JSON (RFC 8259) read strictly: a name given twice in one object is an error.
//!
//! Two readers that disagree about which of two equal names counts would disagree about what
//! was allowed, so neither policies nor tokens may contain one.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::named::Named;

/// One JSON value. Objects keep the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number from 0 to 2⁶⁴ − 1.
    Unsigned(u64),
    /// The whole part of a number below 2⁵³ that is written with a fraction or an exponent, as
    /// some issuers of tokens write times.
    Fraction(u64),
    /// Any other number. Nothing here reads one, so its value is not kept.
    OtherNumber,
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object; no name occurs twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value and nothing behind it.
    ///
    /// # Errors
    /// Says what is wrong and, as line and column, where.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The value of `name` when this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.iter().find(|(n, _)| n == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The string of `name`; none when there is none, or it is `null`.
    ///
    /// # Errors
    /// Says what is there in its place.
    pub fn optional_string(&self, name: &str) -> Result<Option<String>, String> {
        match self.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(format!("`{name}` must be a string, not {}.", other.kind())),
        }
    }

    /// Refuses fields that nobody would read.
    ///
    /// # Errors
    /// Says which one there is, and which there are.
    pub fn refuse_unknown(&self, known: &[&str]) -> Result<(), String> {
        let Json::Object(fields) = self else { return Ok(()) };
        match fields.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
                Err(format!("There is no field `{name}`; the fields are {}.", known.join(", ")))
            }
        }
    }

    /// The text when this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number when this is a whole one that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Json::Unsigned(number) => Some(*number),
            _ => None,
        }
    }

    /// What kind of value this is, for error texts.
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Unsigned(_) | Json::Fraction(_) | Json::OtherNumber => "a number",
            Json::String(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(u64::try_from(value).map_or(Json::OtherNumber, Json::Unsigned))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(whole_part(value).map_or(Json::OtherNumber, Json::Fraction))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut seen = Named::default();
        let mut fields = Vec::new();
        while let Some(name) = entries.next_key::<String>()? {
            if !seen.insert(name.clone(), ()) {
                return Err(A::Error::custom(format_args!("`{name}` is given twice")));
            }
            fields.push((name, entries.next_value()?));
        }
        Ok(Json::Object(fields))
    }
}

/// The whole part of a number from 0 to below 2⁵³, by its bits (IEEE 754, binary64): there is no
/// lossless conversion, and whoever formats floats brings much code along.
fn whole_part(value: f64) -> Option<u64> {
    const FRACTION_BITS: u32 = 52;
    if !(0.0..9_007_199_254_740_992.0).contains(&value) {
        return None;
    }
    let exponent = u32::try_from(value.to_bits() >> FRACTION_BITS & 0x7ff).ok()?;
    let significand = value.to_bits() & ((1 << FRACTION_BITS) - 1) | 1 << FRACTION_BITS;
    let shift = (1023 + FRACTION_BITS).checked_sub(exponent)?;
    Some(significand.checked_shr(shift).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_given_twice_is_an_error() {
        let error = Json::parse("{\n \"a\": 1,\n \"a\": 2}").unwrap_err();
        assert_eq!(error, "`a` is given twice at line 3 column 4");
    }

    #[test]
    fn reads_what_policies_hold() {
        let json = Json::parse(r#"{"n": 7, "m": -7, "s": ["x", null, true]}"#).unwrap();
        assert_eq!(json.get("n").and_then(Json::as_u64), Some(7));
        assert_eq!(json.get("m").and_then(Json::as_u64), None);
        let json_of = |text| Json::parse(text).unwrap();
        assert_eq!(json_of("1700000000.9"), Json::Fraction(1_700_000_000));
        assert_eq!(json_of("1.7e9"), Json::Fraction(1_700_000_000));
        for (number, whole) in [
            ("0.0", 0),
            ("-0.0", 0),
            ("5e-324", 0),
            ("0.999", 0),
            ("1.0", 1),
            ("1.999", 1),
            ("2251799813685249.5", 2_251_799_813_685_249),
        ] {
            assert_eq!(json_of(number), Json::Fraction(whole), "{number}");
        }
        assert_eq!(json_of("9007199254740992.0"), Json::OtherNumber);
        assert_eq!(json_of("-0.5"), Json::OtherNumber);
        assert_eq!(json_of("1e300"), Json::OtherNumber);
        assert_eq!(json.get("s").map(Json::kind), Some("an array"));
    }
}
