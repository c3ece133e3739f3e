//! The store over real HTTP, signed by the SDK's own signer.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on stops where it stands"
)]

mod form;
mod support;

mod access;
mod conditional;
mod cors;
mod forms;
mod forms_refused;
mod keys;
mod listing;
mod multipart;
mod objects;
mod payload;
mod process;
