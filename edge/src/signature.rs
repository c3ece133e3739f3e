//! Signatures with public keys, checked by WebCrypto.

use std::cell::RefCell;

use cloakroom_core::public_key::{Algorithm, PublicKey, SignatureCheck};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};

thread_local! {
    /// The keys of the policy that were used so far, as WebCrypto wants them. A key belongs to no
    /// request; a promise of one does, so only keys are kept.
    static IMPORTED: RefCell<Vec<(PublicKey, CryptoKey)>> = const { RefCell::new(Vec::new()) };
}

/// Whether a signature holds. A key that cannot be imported holds nothing, and of what the
/// platform throws nothing is told: it may quote what it was given.
pub(crate) async fn holds(check: &SignatureCheck) -> bool {
    verify(check).await.unwrap_or(false)
}

async fn verify(check: &SignatureCheck) -> Result<bool, JsValue> {
    let subtle = js_sys::global().unchecked_into::<WorkerGlobalScope>().crypto()?.subtle();
    let key = imported(&subtle, &check.key).await?;
    let answer = subtle.verify_with_object_and_js_u8_array_and_js_u8_array(
        &parameters(check.key.algorithm())?,
        &key,
        &Uint8Array::from(check.signature.as_slice()),
        &Uint8Array::from(check.message.as_slice()),
    )?;
    Ok(JsFuture::from(answer).await? == JsValue::TRUE)
}

/// `key` for WebCrypto. Each is imported once in the life of an instance, and there are no others
/// than the policy's.
async fn imported(subtle: &SubtleCrypto, key: &PublicKey) -> Result<CryptoKey, JsValue> {
    let known = IMPORTED.with_borrow(|all| {
        all.iter().find(|(known, _)| known == key).map(|(_, imported)| imported.clone())
    });
    if let Some(imported) = known {
        return Ok(imported);
    }
    let import = subtle.import_key_with_object(
        "spki",
        &Uint8Array::from(key.spki()),
        &parameters(key.algorithm())?,
        false,
        &Array::of1(&"verify".into()),
    )?;
    let imported: CryptoKey = JsFuture::from(import).await?.dyn_into()?;
    IMPORTED.with_borrow_mut(|all| {
        // Another request may have imported it in the meantime.
        if !all.iter().any(|(known, _)| known == key) {
            all.push((key.clone(), imported.clone()));
        }
    });
    Ok(imported)
}

/// The algorithm as `importKey` and `verify` name it (W3C Web Cryptography Level 2, sections 20,
/// 23 and 25). RSA wants the hash when a key is imported, ECDSA when a signature is verified; what
/// is not wanted is not read.
fn parameters(algorithm: Algorithm) -> Result<Object, JsValue> {
    let parameters: &[(&str, &str)] = match algorithm {
        Algorithm::RsaSha1 => &[("name", "RSASSA-PKCS1-v1_5"), ("hash", "SHA-1")],
        Algorithm::RsaSha256 => &[("name", "RSASSA-PKCS1-v1_5"), ("hash", "SHA-256")],
        Algorithm::EcdsaSha1 => &[("name", "ECDSA"), ("namedCurve", "P-256"), ("hash", "SHA-1")],
        Algorithm::EcdsaSha256 => {
            &[("name", "ECDSA"), ("namedCurve", "P-256"), ("hash", "SHA-256")]
        }
        Algorithm::Ed25519 => &[("name", "Ed25519")],
    };
    let object = Object::new();
    for (name, value) in parameters {
        Reflect::set(&object, &(*name).into(), &(*value).into())?;
    }
    Ok(object)
}
