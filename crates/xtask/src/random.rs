//! Random values from the system's source.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// A secret of 256 random bits, in 43 characters that need no escaping anywhere.
pub(crate) fn secret() -> Result<String> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Random bytes in hexadecimal.
pub(crate) fn hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    fill(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A random identifier in the form of a UUID.
pub(crate) fn uuid() -> Result<String> {
    let parts = [hex(4)?, hex(2)?, hex(2)?, hex(2)?, hex(6)?];
    Ok(parts.join("-"))
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).context("the system has no random source")
}
