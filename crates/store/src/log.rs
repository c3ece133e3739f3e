//! One JSON line a request on standard error. It holds no query and no header, so no signature.

use std::io::Write as _;
use std::time::Instant;

use serde_json::json;

use crate::body::Upload;
use crate::request::Target;

/// What is said about a request. It is written when dropped, after the last byte went out.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) request_id: String,
    pub(crate) method: String,
    pub(crate) target: Target,
    pub(crate) status: u16,
    /// The code of the error document, if it was one.
    pub(crate) code: Option<String>,
    pub(crate) upload: Upload,
    pub(crate) bytes_out: u64,
    pub(crate) started: Instant,
}

impl Line {
    fn text(&self) -> String {
        json!({
            "request_id": self.request_id,
            "method": self.method,
            "bucket": self.target.bucket,
            "key": self.target.key,
            "status": self.status,
            "code": self.code,
            "bytes_in": self.upload.received(),
            "bytes_out": self.bytes_out,
            "ms": u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
        .to_string()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(std::io::stderr(), "{}", self.text());
    }
}
