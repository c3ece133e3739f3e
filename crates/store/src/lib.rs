//! The embedded S3-compatible store that development and tests run on.
//!
//! It keeps its buckets in a folder and is as strict as AWS, so that what works here works
//! there: signatures, region, expiry, signed headers, checksums, conditional writes, the policies
//! of browser forms.
//!
//! ```text
//!              front ── log            every request, before and after
//!                │
//!    cors ── request ── presented ── access     who may: rules before the signature
//!                │             ╲
//!               s3s             form ── signature ── policy     a browser's form
//!              ╱   ╲                         │
//!          read     backend                post                what is done
//!        ╱  │        │     ╲      ╲          │
//!   range conditional object multipart list ── bucket ── uploads
//!                    │
//!                 receive ── checksum  bytes in, hashed on the way
//!                    │
//!                  index ── meta       what there is; one lock for every change
//!                    │
//!                  layout              the folder; survives a kill at any moment
//! ```
//!
//! It is for development: one key pair, no versions, no ACLs, no encryption, plain HTTP.
//!
//! ```no_run
//! use cloakroom_store::{Config, Credentials, Log, Store};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Store::open(Config {
//!     data: "data".into(),
//!     region: "us-east-1".to_owned(),
//!     buckets: vec!["media".to_owned()],
//!     credentials: Credentials { access_key_id: "DEV".to_owned(), secret_access_key: "secret".to_owned() },
//!     allow_origins: vec!["http://127.0.0.1:8000".to_owned()],
//!     log: Log::Off,
//! })?;
//! let listener = std::net::TcpListener::bind("127.0.0.1:9000")?;
//! store.serve(listener, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod layout;
mod meta;

mod index;

mod checksum;
mod receive;

mod conditional;
mod range;

mod bucket;
mod list;
mod multipart;
mod object;
mod parts;
mod uploads;

mod backend;
mod read;

mod access;
mod cors;
mod presented;
mod request;

mod form;
mod policy;
mod post;
mod signature;

mod body;
mod error;
mod front;
mod log;

mod server;

pub use server::{Config, Credentials, Log, OpenError, Store};
