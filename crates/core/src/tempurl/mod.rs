//! Swift TempURLs, signing and verifying.
//!
//! A key of an account or a container signs a method, a time and a path: [`message`]. [`sign`]
//! makes the URLs that `swift tempurl` makes; [`present`] and [`verify`] read and prove them as
//! Swift's own middleware does.
//!
//! Sources: *TempURL* in the OpenStack Swift documentation (overview and middleware), and
//! `swift tempurl` of python-swiftclient.
//!
//! ```text
//! GET /v1/AUTH_account/container/object
//!     ?temp_url_sig=732fcac368abb10c78a4cbe95c3fab7f311584532bf779abd5074e13cbe8b88b
//!     &temp_url_expires=1512508563
//! ```
//!
//! | parameter | value |
//! |---|---|
//! | `temp_url_sig` | the signature: hex, or `sha256:` or `sha512:` and base64 |
//! | `temp_url_expires` | seconds since the epoch, or `YYYY-MM-DDTHH:MM:SSZ` |
//! | `temp_url_prefix` | how names of objects begin; the URL then opens all of these |
//! | `temp_url_ip_range` | an address or a CIDR range; viewers elsewhere are refused |
//! | `filename`, `inline` | what to call the file, and to show it; **not signed** |

pub mod ip_range;
pub mod message;
pub mod sign;

pub mod present;
pub mod verify;

pub use present::PresentedTempUrl;

use crate::crypto::Hash;

const SIGNATURE: &str = "temp_url_sig";
const EXPIRES: &str = "temp_url_expires";
const PREFIX: &str = "temp_url_prefix";
const IP_RANGE: &str = "temp_url_ip_range";
const FILENAME: &str = "filename";
const INLINE: &str = "inline";

/// The query parameters by which a URL is one; `filename` and `inline` are not among them.
pub(crate) const PARAMETERS: [&str; 4] = [SIGNATURE, EXPIRES, PREFIX, IP_RANGE];

/// The hashes that TempURLs are signed with.
pub const DIGESTS: [Hash; 3] = [Hash::Sha1, Hash::Sha256, Hash::Sha512];

/// Splits a decoded path behind its container: `/v1/account/container/` and the object's name.
pub(crate) fn split_container(path: &str) -> Option<(&str, &str)> {
    let (slash, _) = path.match_indices('/').nth(3)?;
    let (container, name) = path.split_at_checked(slash + 1)?;
    let whole = container.starts_with('/') && !container.contains("//");
    whole.then_some((container, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_has_three_names() {
        for (path, expected) in [
            ("/v1/a/c/o", Some(("/v1/a/c/", "o"))),
            ("/v1/a/c/", Some(("/v1/a/c/", ""))),
            ("/v1/a/c//o/", Some(("/v1/a/c/", "/o/"))),
            ("/v1/a/c", None),
            ("/v1/a//o", None),
            ("//a/c/o", None),
            ("v1/a/c/o/p", None),
            ("", None),
        ] {
            assert_eq!(split_container(path), expected, "{path}");
        }
    }
}
