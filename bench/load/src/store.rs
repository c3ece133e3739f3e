//! A store that has every object: `/…/LENGTH/NAME` is an object of so many bytes. It proves no
//! signature, which would cost more than all else here, but wants one where it is no open bucket.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::OnceLock;

use crate::http::{Head, send_bare};

const LONGEST: usize = 1 << 20;

static BYTES: OnceLock<Vec<u8>> = OnceLock::new();

pub fn answer(head: &Head, _body: Vec<u8>, to: &mut TcpStream) -> io::Result<()> {
    let path = head.start.split([' ', '?']).nth(1).unwrap_or_default();
    let length = path.rsplit('/').nth(1).and_then(|length| length.parse().ok());
    let Some(length) = length.filter(|length| *length <= LONGEST) else {
        return send_bare(to, "404 Not Found\r\ncontent-length: 0");
    };
    if head.header("authorization").is_none() && !path.starts_with("/open/") {
        return send_bare(to, "403 Forbidden\r\ncontent-length: 0");
    }
    // Not of one byte, so that what arrives can be told from something else of the same length.
    let bytes = BYTES.get_or_init(|| (0..LONGEST).map(|at| (at / 7 % 251) as u8).collect());
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ncontent-type: image/jpeg\r\n\
         etag: \"{length}\"\r\nlast-modified: Sun, 01 Nov 2026 12:00:00 GMT\r\n\
         accept-ranges: bytes\r\nx-amz-request-id: 0123456789ABCDEF\r\n\r\n"
    );
    if length < 1 << 16 {
        return to.write_all(&[head.as_bytes(), &bytes[..length]].concat());
    }
    to.write_all(head.as_bytes())?;
    to.write_all(&bytes[..length])
}
