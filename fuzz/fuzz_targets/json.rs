//! JSON is read as serde_json reads it, but for names that come twice.

#![no_main]

use cloakroom_core::json::Json;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let theirs: Result<Value, _> = serde_json::from_str(text);
    match (Json::parse(text), theirs) {
        (Ok(ours), Ok(theirs)) => compare(&ours, &theirs),
        (Ok(_), Err(error)) => panic!("serde_json refuses: {error}"),
        (Err(why), Ok(_)) => assert!(why.contains("is given twice"), "{why}"),
        (Err(_), Err(_)) => {}
    }
});

fn compare(ours: &Json, theirs: &Value) {
    match (ours, theirs) {
        (Json::Null, Value::Null) => {}
        (Json::Bool(a), Value::Bool(b)) => assert_eq!(a, b),
        (Json::Unsigned(a), Value::Number(b)) => assert_eq!(Some(*a), b.as_u64()),
        (Json::Fraction(a), Value::Number(b)) => {
            assert_eq!(Some(*a as f64), b.as_f64().map(f64::trunc));
        }
        (Json::OtherNumber, Value::Number(b)) => assert_eq!(None, b.as_u64()),
        (Json::String(a), Value::String(b)) => assert_eq!(a, b),
        (Json::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| compare(a, b));
        }
        (Json::Object(a), Value::Object(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().for_each(|(name, value)| compare(value, &b[name]));
        }
        (ours, theirs) => panic!("{ours:?} is not {theirs:?}"),
    }
}
