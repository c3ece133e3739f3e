//! Keys and paths: one key has one meaning, whichever way it is spelled.

#![no_main]

use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::object::{Bucket, KeyError, MAX_KEY_LENGTH, ObjectKey, decode_path};
use cloakroom_core::upload::content_type::{ContentType, ContentTypes};
use cloakroom_core::upload::key_template::{Filling, KeyTemplate};
use cloakroom_fuzz::NOW;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let as_path = ObjectKey::from_path(&encode(text, Slash::Keep));
    assert_eq!(as_path, ObjectKey::new(text));
    if let Ok(key) = as_path {
        assert_eq!(key.as_str(), text);
        assert!((1..=MAX_KEY_LENGTH).contains(&text.len()));
    }
    // Every byte may be escaped but the slash, which then is none.
    let escaped = ObjectKey::from_path(&encode(text, Slash::Encode));
    assert!(!text.contains('/') || escaped == Err(KeyError::EncodedSlash));
    if let Ok(decoded) = decode_path(text) {
        assert_eq!(decode_path(&encode(&decoded, Slash::Keep)), Ok(decoded));
    }
    if let Ok(bucket) = Bucket::new(text) {
        assert_eq!(encode(bucket.as_str(), Slash::Encode), text);
    }
    let (template, filename) = text.split_once('\n').unwrap_or((text, text));
    if let Ok(template) = KeyTemplate::parse(template) {
        let filling = Filling { principal: "alice", now: NOW, random: [7; 16], filename };
        if let Ok(key) = template.fill(filling) {
            assert_eq!(ObjectKey::new(key.as_str()), Ok(key));
        }
    }
    let mut types = ContentTypes::default();
    if types.add(template).is_ok()
        && let Some(found) = ContentType::parse(filename)
    {
        let _ = types.allow(&found);
    }
});
