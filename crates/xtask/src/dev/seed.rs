//! The sample pictures and the video: `examples/gallery/samples/`, whose folders are the keys.
//! Put into the store where they are missing; what is there is left alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::request::Method;
use cloakroom_core::sigv4::Credentials;
use cloakroom_core::sigv4::sign::{Payload, Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, StatusCode};

use super::policy::STORE_KEY;
use super::system::Plan;
use super::tokens::now;
use super::{BUCKET, REGION};
use crate::http::{self, Answer};

/// Puts the samples into the store.
pub(super) async fn run(plan: &Plan) -> Result<()> {
    let samples = plan.checkout.root().join("examples/gallery/samples");
    let store = Store {
        endpoint: Endpoint::parse(&plan.ports.store_url()).map_err(|error| anyhow!(error))?,
        credentials: Credentials {
            access_key_id: STORE_KEY.to_owned(),
            secret_access_key: SecretAccessKey::new(plan.secrets.store.clone()),
            session_token: None,
        },
    };
    for file in files_below(&samples)? {
        let key = key_of(&samples, &file)?;
        if store.send(Method::Head, &key, None, Bytes::new()).await?.status() == StatusCode::OK {
            continue;
        }
        let bytes =
            fs::read(&file).with_context(|| format!("`{}` cannot be read", file.display()))?;
        let answer = store.send(Method::Put, &key, Some(content_type(&file)), bytes.into()).await?;
        if answer.status() != StatusCode::OK {
            let text = String::from_utf8_lossy(answer.body());
            bail!("the store did not take the sample `{key}`: {} {text}", answer.status());
        }
    }
    Ok(())
}

struct Store {
    endpoint: Endpoint,
    credentials: Credentials,
}

impl Store {
    async fn send(
        &self,
        method: Method,
        key: &str,
        content_type: Option<&str>,
        body: Bytes,
    ) -> Result<Answer> {
        let signer =
            Signer { credentials: &self.credentials, region: REGION, service: "s3", time: now()? };
        let path = format!("/{BUCKET}/{key}");
        let headers: Vec<_> =
            content_type.map(|value| ("content-type", value)).into_iter().collect();
        let unsigned = Unsigned {
            method,
            endpoint: &self.endpoint,
            path: &path,
            query: &[],
            headers: &headers,
        };
        let signed = signer.sign_headers(&unsigned, Payload::Unsigned);
        let mut request = Request::builder().method(method.as_str()).uri(signed.url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in signed.headers {
            request = request.header(name, value.expose());
        }
        http::send(request.body(Full::new(body)).context("a request to the store is malformed")?)
            .await
    }
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("`{}` cannot be read", folder.display()))?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn key_of(samples: &Path, file: &Path) -> Result<String> {
    let key = file.strip_prefix(samples).ok().and_then(Path::to_str);
    key.map(str::to_owned)
        .with_context(|| format!("`{}` cannot be a key: it is not UTF-8", file.display()))
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "avif" => "image/avif",
        "gif" => "image/gif",
        "jpg" | "jpeg" => "image/jpeg",
        "mp4" => "video/mp4",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "webm" => "video/webm",
        "webp" => "image/webp",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_keys() {
        let key = key_of(Path::new("/samples"), Path::new("/samples/users/alice/a b.jpg")).unwrap();
        assert_eq!(key, "users/alice/a b.jpg");
    }

    #[test]
    fn types_of_files() {
        assert_eq!(content_type(Path::new("a/b.jpg")), "image/jpeg");
        assert_eq!(content_type(Path::new("a/b")), "application/octet-stream");
    }
}
