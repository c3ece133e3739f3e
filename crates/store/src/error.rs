//! Error documents as S3 writes them.
//!
//! `s3s` answers some errors with a bare code. This module completes every document with the
//! message, the resource and the request id, so that a failing client shows why.

use bytes::Bytes;
use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, s3_error};

/// An error whose code `s3s` does not know by name.
pub(crate) fn custom(
    code: &'static str,
    status: StatusCode,
    message: impl Into<String>,
) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message.into());
    error.set_status_code(status);
    error
}

/// A failure of the folder underneath. The path stays in the log and out of the answer.
pub(crate) fn storage(doing: &'static str) -> impl FnOnce(std::io::Error) -> S3Error {
    move |source| {
        if source.kind() == std::io::ErrorKind::StorageFull {
            return s3_error!(ServiceUnavailable, "the disk of the store is full");
        }
        let mut error =
            s3_error!(InternalError, "the store failed while {doing}: {}", source.kind());
        error.set_source(Box::new(source));
        error
    }
}

/// Names a header or parameter whose feature this store does not have.
pub(crate) fn not_implemented(what: &str) -> S3Error {
    s3_error!(
        NotImplemented,
        "A header you provided implies functionality that is not implemented: `{what}`"
    )
}

/// An error document with its message, resource and request id filled in, and its code.
pub(crate) fn complete_document(
    document: &[u8],
    resource: &str,
    request_id: &str,
) -> Option<(Bytes, String)> {
    let text = std::str::from_utf8(document).ok()?;
    let (head, rest) = text.split_once("<Code>")?;
    let (code, rest) = rest.split_once("</Code>")?;
    let (fields, tail) = rest.split_once("</Error>")?;
    let message = if fields.contains("<Message>") {
        String::new()
    } else {
        format!("<Message>{}</Message>", standard_message(code))
    };
    let resource = escape(resource);
    let document = format!(
        "{head}<Code>{code}</Code>{message}{fields}<Resource>{resource}</Resource><RequestId>{request_id}</RequestId></Error>{tail}"
    );
    Some((Bytes::from(document), code.to_owned()))
}

fn standard_message(code: &str) -> &'static str {
    match code {
        "AccessDenied" => "Access Denied",
        "IncompleteBody" => {
            "You did not provide the number of bytes specified by the Content-Length HTTP header."
        }
        "InvalidAccessKeyId" => "The AWS Access Key Id you provided does not exist in our records.",
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "KeyTooLongError" => "Your key is too long",
        "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published schema"
        }
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "NotImplemented" => "This store does not implement the operation.",
        "PreconditionFailed" => "At least one of the pre-conditions you specified did not hold",
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check your key and signing method."
        }
        _ => "The request failed.",
    }
}

/// Text for a document, where a control character has no place.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_code_gets_its_message() {
        let bare = b"<?xml?><Error><Code>SignatureDoesNotMatch</Code></Error>";
        let (document, code) = complete_document(bare, "/b/<k>&\u{1}", "R1").unwrap();
        assert_eq!(code, "SignatureDoesNotMatch");
        assert_eq!(
            document,
            "<?xml?><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not \
             match the signature you provided. Check your key and signing method.</Message>\
             <Resource>/b/&lt;k&gt;&amp;\u{FFFD}</Resource><RequestId>R1</RequestId></Error>"
        );
    }

    #[test]
    fn a_message_that_is_there_stays() {
        let full = b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>";
        let (document, _) = complete_document(full, "/b/k", "R1").unwrap();
        assert_eq!(
            document,
            "<Error><Code>NoSuchKey</Code><Message>gone</Message><Resource>/b/k</Resource><RequestId>R1</RequestId></Error>"
        );
        assert!(complete_document(b"<ListBucketResult/>", "/", "R").is_none());
    }
}
