//! Who may do what with an object. [`access`](crate::access) is the step that asks.
//!
//! | module | concept |
//! |---|---|
//! | [`permission`] | what may be asked; owners |
//! | [`grants`] → [`canned`] | S3: grants, and the six lists of them that have names |
//! | [`referrer`] → [`swift`] | Swift: referrer designations, and the ACLs of containers |
//! | [`decision`] | what an ACL decides, and by which clause |
//! | [`rules`] | the ACL of a key: patterns, the most specific first |
//! | [`scope`] | which keys below a prefix somebody may see |
//! | [`table`] | who may do what, for people to read |
//!
//! Whatever no clause allows is denied. The app acts as the owner of everything and is never
//! denied; what it may is narrowed by its tickets.

pub mod permission;

pub mod grants;

pub mod canned;

pub mod referrer;

pub mod swift;

pub mod decision;

pub mod rules;

pub mod scope;

pub mod table;
