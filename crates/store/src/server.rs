//! Opens a store on its folder and serves it on a socket.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::TcpListener as StdTcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

use crate::access::Rules;
use crate::backend::{Backend, SignedAndSupported};
use crate::bucket;
use crate::cors::{Cors, Origin};
use crate::front::Front;
use crate::index::Index;
use crate::layout::LayoutError;
use crate::post::Forms;
use crate::read::ReadRoute;
use crate::signature::Secret;

/// How long requests in flight may take to end when the store stops.
const GRACE: Duration = Duration::from_secs(5);

/// How long a connection may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(60);

/// What a store is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder; created if it is not there.
    pub data: PathBuf,
    /// The region that requests must be signed for.
    pub region: String,
    /// The buckets to create if they are not there.
    pub buckets: Vec<String>,
    /// The one key pair that is let in.
    pub credentials: Credentials,
    /// The origins whose pages may use the store, as browsers send them; `*` for all.
    pub allow_origins: Vec<String>,
    /// Whether requests are logged.
    pub log: Log,
}

/// A key pair.
#[derive(Clone)]
pub struct Credentials {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Whether requests are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// Nothing is logged.
    Off,
    /// One JSON line a request on standard error.
    Stderr,
}

/// Why a store cannot be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// Another store runs on the folder.
    FolderInUse(PathBuf),
    /// The folder cannot be created, read or written.
    Folder(PathBuf, io::Error),
    /// A file in the folder is not what a store writes.
    Corrupt(PathBuf, String),
    /// S3 would not let a bucket have this name.
    BucketName(String),
    /// An origin is not written as browsers send it.
    Origin(String),
    /// The region, the access key id or the secret is empty.
    Empty(&'static str),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FolderInUse(path) => {
                write!(f, "another store already runs on the folder `{}`", path.display())
            }
            Self::Folder(path, error) => write!(f, "cannot use `{}`: {error}", path.display()),
            Self::Corrupt(path, why) => {
                write!(
                    f,
                    "`{}` is not a file of this store ({why}); choose another folder or remove it",
                    path.display()
                )
            }
            Self::BucketName(name) => write!(
                f,
                "`{name}` is not a bucket name: 3 to 63 characters of a-z, 0-9, `-` and `.`, beginning and ending with a \
                 letter or digit"
            ),
            Self::Origin(why) => f.write_str(why),
            Self::Empty(what) => write!(f, "the {what} is empty"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<LayoutError> for OpenError {
    fn from(error: LayoutError) -> Self {
        match error {
            LayoutError::InUse(path) => Self::FolderInUse(path),
            LayoutError::Io(path, error) => Self::Folder(path, error),
            LayoutError::Corrupt(path, error) => Self::Corrupt(path, error.to_string()),
        }
    }
}

/// A store, open on its folder.
#[derive(Clone, Debug)]
pub struct Store {
    front: Arc<Front>,
}

impl Store {
    /// Opens the folder, removes what an interrupted write left in it and creates the buckets.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let Credentials { access_key_id, secret_access_key } = config.credentials;
        for (what, value) in [
            ("region", &config.region),
            ("access key id", &access_key_id),
            ("secret access key", &secret_access_key),
        ] {
            if value.is_empty() {
                return Err(OpenError::Empty(what));
            }
        }
        let origins = config
            .allow_origins
            .iter()
            .map(|origin| Origin::parse(origin).map_err(OpenError::Origin));
        let cors = Cors { origins: origins.collect::<Result<_, _>>()? };
        if let Some(name) = config.buckets.iter().find(|name| !bucket::is_valid_name(name)) {
            return Err(OpenError::BucketName(name.clone()));
        }

        let index = Arc::new(Index::open(&config.data)?);
        for name in &config.buckets {
            index
                .create_bucket(name)
                .map_err(|error| OpenError::Folder(config.data.clone(), error))?;
        }
        let rules = Rules { region: config.region.clone(), access_key_id: access_key_id.clone() };
        let mut builder =
            S3ServiceBuilder::new(Backend { index: Arc::clone(&index), region: config.region });
        let forms =
            Forms { index: Arc::clone(&index), secret: Secret::new(secret_access_key.clone()) };
        builder.set_auth(SimpleAuth::from_single(access_key_id, secret_access_key));
        builder.set_access(SignedAndSupported);
        builder.set_route(ReadRoute { index });
        let log = config.log == Log::Stderr;
        let front = Front { s3: builder.build(), rules, forms, cors, log };
        Ok(Self { front: Arc::new(front) })
    }

    /// Serves until `stop` completes, then ends: at once for idle connections, within five
    /// seconds for the requests in flight.
    pub async fn serve(
        self,
        listener: StdTcpListener,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            let Ok((stream, _)) = accepted else {
                // Out of file descriptors, or a client gone before it was accepted.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            };
            // Without it a small answer may wait for the client's acknowledgement.
            let _ = stream.set_nodelay(true);
            let front = Arc::clone(&self.front);
            let service = service_fn(move |request| {
                let front = Arc::clone(&front);
                async move { Ok::<_, Infallible>(front.answer(request).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME)
                .serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            // A connection that breaks ends by itself; its request was logged.
            tokio::spawn(async move { connection.await.ok() });
        }
        drop(listener);
        // What is still running after the grace is cut off with the process; writes are atomic.
        let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_not_shown() {
        let credentials =
            Credentials { access_key_id: "ID".to_owned(), secret_access_key: "hidden".to_owned() };
        assert_eq!(format!("{credentials:?}"), "Credentials { access_key_id: \"ID\", .. }");
    }
}
