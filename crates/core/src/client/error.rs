//! S3's error in XML (Amazon S3 API reference, *REST error responses*).
//!
//! ```text
//! <Error><Code>NoSuchKey</Code><Message>…</Message><Resource>/media/a.jpg</Resource>
//!     <RequestId>4442587FB7D0A2F9</RequestId></Error>
//! ```
//!
//! S3 clients read the code out of it: boto3 raises it as that of a `ClientError`.

use super::escape;
use crate::rejection::Row;

/// The error of a row, about the path of the request as it was sent.
pub(super) fn to_xml(row: &Row, path: &str, request_id: &str) -> String {
    let (code, message) = (row.code, escape(&row.text));
    let (resource, request_id) = (escape(path), escape(request_id));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>{message}</Message><Resource>{resource}</Resource>\
         <RequestId>{request_id}</RequestId></Error>"
    )
}
