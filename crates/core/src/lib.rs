//! # Cloakroom core
//!
//! Decides who may read and store private media, and signs the requests that do it. It has no
//! I/O, no clock and no random source: requests, time and randomness are arguments, decisions
//! and signed requests are results.
//!
//! ## The pipeline
//!
//! Each step consumes the proof that the step before it made. The proofs cannot be made in any
//! other way, so a step that is left out is a program that does not compile.
//!
//! ```text
//! Request ──parse──▶ Presented ──verify──▶ Grant ──locate──▶ Located ──authorize──▶ Access
//!  as sent            a claim               proven            object                 allowed
//!                                                                                      │
//!  ViewerResponse ◀──settle── (the adapter fetches) ◀── OriginRequest ◀──── Retrieval ─┘
//! ```
//!
//! A request for a bucket takes another way from the grant on, to a
//! [`Listing`](listing::Listing). [`gate::Gate`] runs both for reading, [`desk::Desk`] for storing. The modules below
//! stand in reading order.

pub mod time;

pub mod encoding;

pub mod crypto;
pub mod json;
mod named;
pub mod public_key;
pub mod secret;
pub mod wildcard;

pub mod endpoint;
pub mod query;
pub mod request;

pub mod disposition;

pub mod revocation;

pub mod key;

pub mod ticket_id;

pub mod grant;

pub mod capability;
pub mod cloudfront;
pub mod edgeauth;
pub mod jwt;
pub mod sigv4;
pub mod swift_auth;
pub mod tempurl;
pub mod ticket_cookie;

pub mod form;
pub mod formpost;
pub mod lifetime;
pub mod presented;

pub mod object;

pub mod store;

pub mod acl;
pub mod cors;
pub mod disclosure;

pub mod route;

pub mod access;

pub mod origin;
pub mod redirect;

pub mod purge;

pub mod cache;
pub mod chunks;
pub mod conditions;
pub mod health;
pub mod response;
pub mod retrieval;

pub mod listing;

pub mod webhook;

pub mod upload;

pub mod rejection;

pub mod client;

pub mod timing;

pub mod log;
pub mod trail;

pub mod control;
pub mod policy;

pub mod gate;

pub mod signed_urls;

pub mod settings;

pub mod desk;
