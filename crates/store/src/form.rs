//! A browser's form, read up to its file.
//!
//! ```text
//! --boundary
//! Content-Disposition: form-data; name="key"
//!
//! user/eric/coat.jpg
//! --boundary
//! Content-Disposition: form-data; name="file"; filename="coat.jpg"
//! Content-Type: image/jpeg
//!
//! …
//! --boundary--
//! ```
//!
//! The file is the last field that counts: it streams, and what comes after it is passed over.
//! What the form says of the file's type is the field `Content-Type`, never the part's own header.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html>

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use multer::{Field, Multipart};
use s3s::{S3Error, S3Result, s3_error};

use crate::body::Upload;

/// The most bytes of a form beside its file.
const MAX_BESIDE_FILE: usize = 20 * 1024;

/// How much of a form is taken in before its file is found. Bodies arrive in pieces that are
/// larger than what the fields may have.
const MAX_BEFORE_FILE: u64 = 1 << 20;

/// The fields before the file, each there once, by their names in lower case.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Every field in the order sent.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds a field.
    pub(crate) fn add(&mut self, name: &str, value: String) -> S3Result<()> {
        let name = name.to_ascii_lowercase();
        if self.get(&name).is_some() {
            return Err(s3_error!(
                InvalidArgument,
                "The form has the field '{name}' twice; each field may be there once."
            ));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// Puts the name that the file has at home in place of `${filename}` in the key.
    fn name_file(&mut self, file_name: Option<&str>) {
        let file_name = file_name.unwrap_or_default();
        let file_name = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
        for (name, value) in &mut self.0 {
            if name == "key" {
                *value = value.replace("${filename}", file_name);
            }
        }
    }
}

/// A form whose file has not been read yet.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) fields: Fields,
    pub(crate) file: File,
    pub(crate) rest: Rest,
}

impl Form {
    /// Reads the fields before the file.
    pub(crate) async fn read(headers: &HeaderMap, upload: &Upload) -> S3Result<Self> {
        let boundary = boundary(headers)?;
        let of_boundary = boundary.len();
        let at_file = Arc::new(AtomicBool::new(false));
        let pieces = pieces(upload.clone(), Arc::clone(&at_file));
        let mut multipart = Multipart::new(pieces, boundary);
        let mut fields = Fields::default();
        let mut size: usize = 0;
        while let Some(mut field) = multipart.next_field().await.map_err(fault)? {
            let name = field.name().ok_or_else(malformed)?.to_owned();
            if name.eq_ignore_ascii_case("file") {
                at_file.store(true, Ordering::Relaxed);
                fields.name_file(field.file_name());
                let rest = Rest { multipart, upload: upload.clone() };
                return Ok(Self { fields, file: File(field), rest });
            }
            size = size.saturating_add(of_boundary);
            for (name, value) in field.headers() {
                size = size.saturating_add(name.as_str().len()).saturating_add(value.len());
            }
            let mut value = Vec::new();
            while let Some(bytes) = field.chunk().await.map_err(fault)? {
                size = size.saturating_add(bytes.len());
                if size > MAX_BESIDE_FILE {
                    return Err(too_much());
                }
                value.extend_from_slice(&bytes);
            }
            fields.add(&name, String::from_utf8(value).map_err(|_| malformed())?)?;
        }
        Err(not_one_file())
    }
}

/// The file of a form, not read yet.
#[derive(Debug)]
pub(crate) struct File(Field<'static>);

impl File {
    /// Its bytes as they arrive.
    pub(crate) fn bytes(self) -> impl Stream<Item = S3Result<Bytes>> + Unpin {
        self.0.map_err(fault)
    }
}

/// What comes after the file.
#[derive(Debug)]
pub(crate) struct Rest {
    multipart: Multipart<'static>,
    upload: Upload,
}

impl Rest {
    /// Passes over it, up to the end of the request. A form that was cut off is an error.
    pub(crate) async fn finish(mut self) -> S3Result<()> {
        while let Some(mut field) = self.multipart.next_field().await.map_err(fault)? {
            if field.name().is_some_and(|name| name.eq_ignore_ascii_case("file")) {
                return Err(not_one_file());
            }
            while field.chunk().await.map_err(fault)?.is_some() {}
        }
        while let Some(frame) = self.upload.frame().await {
            frame.map_err(|_| incomplete())?;
        }
        Ok(())
    }
}

/// Whether a request is a form, by any of its types.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_TYPE).iter().any(|value| {
        let kind = value.as_bytes().get(.."multipart/form-data".len());
        kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/form-data"))
    })
}

/// The error of a field that has to be there.
pub(crate) fn missing(name: &str) -> S3Error {
    s3_error!(
        InvalidArgument,
        "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
    )
}

fn boundary(headers: &HeaderMap) -> S3Result<String> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else {
        return Err(malformed());
    };
    let value = value.to_str().map_err(|_| malformed())?;
    let boundary = multer::parse_boundary(value).map_err(|_| malformed())?;
    // RFC 2046, 5.1.1: 1 to 70 characters.
    if (1..=70).contains(&boundary.len()) { Ok(boundary) } else { Err(malformed()) }
}

/// The body, as the parser is to get it.
fn pieces(
    upload: Upload,
    at_file: Arc<AtomicBool>,
) -> impl Stream<Item = S3Result<Bytes>> + Send + 'static {
    let counter = upload.clone();
    paced(upload.into_data_stream().map(move |piece| {
        if !at_file.load(Ordering::Relaxed) && counter.received() > MAX_BEFORE_FILE {
            return Err(too_much());
        }
        piece.map_err(|_| incomplete())
    }))
}

/// One piece at a time: the parser takes in whatever is ready, so that without a pause before each
/// piece its memory would be the sender's to fill. It also takes the end of a body that comes
/// together with its first piece for that of an empty one; the end is a piece of its own.
fn paced<S>(pieces: S) -> impl Stream<Item = S3Result<Bytes>> + Send + 'static
where
    S: Stream<Item = S3Result<Bytes>> + Send + 'static,
{
    let end = futures_util::stream::iter([Ok(Bytes::new())]);
    pieces.chain(end).then(|piece| async move {
        tokio::task::yield_now().await;
        piece
    })
}

fn fault(error: multer::Error) -> S3Error {
    match error {
        multer::Error::StreamReadFailed(source) => {
            source.downcast::<S3Error>().map_or_else(|_| malformed(), |error| *error)
        }
        _ => malformed(),
    }
}

fn malformed() -> S3Error {
    s3_error!(
        MalformedPOSTRequest,
        "The body of your POST request is not well-formed multipart/form-data."
    )
}

fn too_much() -> S3Error {
    s3_error!(
        MaxPostPreDataLengthExceededError,
        "Your POST request fields preceding the upload file were too large: {MAX_BESIDE_FILE} bytes are allowed."
    )
}

fn not_one_file() -> S3Error {
    s3_error!(
        IncorrectNumberOfFilesInPostRequest,
        "POST requires exactly one file upload per request."
    )
}

fn incomplete() -> S3Error {
    s3_error!(IncompleteBody, "The request ended before its Content-Length.")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn a_poll_takes_one_piece() {
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&taken);
        let pieces = futures_util::stream::iter(0..10).map(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(Bytes::from_static(b"x"))
        });
        let mut paced = std::pin::pin!(paced(pieces));
        let mut context = Context::from_waker(Waker::noop());
        for n in 1..=10 {
            assert!(paced.as_mut().poll_next(&mut context).is_pending());
            assert_eq!(taken.load(Ordering::Relaxed), n);
            assert!(paced.as_mut().poll_next(&mut context).is_ready());
        }
    }

    #[test]
    fn forms_are_known_by_their_type() {
        let headers = |values: &[&str]| -> HeaderMap {
            values.iter().map(|value| (CONTENT_TYPE, value.parse().unwrap())).collect()
        };
        for values in [
            &["multipart/form-data; boundary=x"][..],
            &["Multipart/Form-Data"],
            &["text/plain", "multipart/form-data"],
        ] {
            assert!(is_form(&headers(values)), "{values:?}");
        }
        for values in [&["multipart/mixed; boundary=x"][..], &["application/xml"], &[]] {
            assert!(!is_form(&headers(values)), "{values:?}");
        }
        for values in [
            &["multipart/form-data"][..],
            &["multipart/form-data; boundary="],
            &["multipart/form-data; boundary=x", "multipart/form-data; boundary=x"],
        ] {
            assert!(boundary(&headers(values)).is_err(), "{values:?}");
        }
    }

    #[test]
    fn the_file_name_goes_into_the_key_without_its_folder() {
        for (file_name, expected) in [
            (Some("coat.jpg"), "u/coat.jpg"),
            (Some("C:\\photos\\coat.jpg"), "u/coat.jpg"),
            (Some("../../coat.jpg"), "u/coat.jpg"),
            (None, "u/"),
        ] {
            let mut fields = Fields::default();
            fields.add("KEY", "u/${filename}".to_owned()).unwrap();
            fields.name_file(file_name);
            assert_eq!(fields.get("key"), Some(expected), "{file_name:?}");
            assert!(fields.add("Key", String::new()).is_err());
        }
    }
}
