//! A form as browsers send it: `multipart/form-data` (RFC 7578), with the file last.

use cloakroom_core::form::SignedForm;

const BOUNDARY: &str = "cloakroom-doctor-4d7a1c90e2b85f36";

/// The value of `Content-Type`.
pub(super) const CONTENT_TYPE: &str =
    "multipart/form-data; boundary=cloakroom-doctor-4d7a1c90e2b85f36";

/// The fields of a form with one of them changed, or one more of them.
pub(super) fn fields(form: &SignedForm, change: Option<(&str, &str)>) -> Vec<(String, String)> {
    let mut fields: Vec<_> =
        form.fields.iter().map(|(n, value)| (n.clone(), value.expose().to_owned())).collect();
    if let Some((name, value)) = change {
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => value.clone_into(known),
            None => fields.push((name.to_owned(), value.to_owned())),
        }
    }
    fields
}

/// The body of a POST with one file.
pub(super) fn body(fields: &[(String, String)], file_name: &str, file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"{file_name}\"\r\n\
         Content-Type: text/plain\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// A text with one character changed near its end, as a signature that somebody tampered with.
/// Not the very last: of base64, that may hold bits which nobody reads.
pub(super) fn tampered(text: &str) -> String {
    const FROM_END: usize = 8;
    let at = text.chars().count().saturating_sub(FROM_END);
    let other = |character| if character == '0' { '1' } else { '0' };
    text.chars().enumerate().map(|(i, c)| if i == at { other(c) } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_comes_last() {
        assert!(CONTENT_TYPE.ends_with(&format!("boundary={BOUNDARY}")));
        let fields = [("key".to_owned(), "a".to_owned())];
        let body = body(&fields, "f", b"bytes");
        let body = String::from_utf8(body).unwrap_or_default();
        let parts: Vec<_> = body.split(&format!("--{BOUNDARY}")).collect();
        assert_eq!(
            parts,
            [
                "",
                "\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na\r\n",
                "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\
                 Content-Type: text/plain\r\n\r\nbytes\r\n",
                "--\r\n",
            ]
        );
    }

    #[test]
    fn one_character_is_another() {
        assert_eq!(tampered("sig=0123456789"), "sig=0103456789");
        assert_eq!(tampered("sig=ab0defghij"), "sig=ab1defghij");
        assert_eq!(tampered("0b"), "1b");
        assert_eq!(tampered(""), "");
    }
}
