//! JSON Web Tokens (RFC 7519) in the compact form of JWS (RFC 7515, section 3.1).
//!
//! A token names a user of the app. The key's id (`kid`) fixes the algorithm; a token that
//! says another one, `none` among them, is refused.
//!
//! ```text
//! eyJhbGciOiJIUzI1NiIsImtpZCI6InVzZXJzIn0 . eyJzdWIiOiJhbGljZSIsImV4cCI6MTcwMDAwMDAwMH0 . MAC
//! {"alg":"HS256","kid":"users"}             {"sub":"alice","exp":1700000000}
//! ```

mod algorithm;
mod sign;

mod present;
mod verify;

pub use self::algorithm::JwtAlgorithm;
pub use self::present::PresentedJwt;
pub use self::sign::{UnsignedJwt, sign};
pub use self::verify::{JwtError, LEEWAY};
