//! CloudFront signed URLs and cookies.

pub mod present;
