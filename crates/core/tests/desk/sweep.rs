//! Uploads in parts that nobody completes are ended, and no others.

use cloakroom_core::desk::sweep::{AGE, Sweep, Swept};
use cloakroom_core::upload::call::{OpenUpload, OpenUploads, StoreCall};

use super::*;

const RANDOM_HEX: &str = "abababababababababababababababab";

fn sweep() -> Sweep {
    let mut sweeps = desk().sweeps(now(), now());
    assert_eq!(sweeps.len(), 1, "one rule sends in parts");
    sweeps.pop().unwrap()
}

/// An upload that began so long ago.
fn upload(key: &str, age: u64) -> (OpenUpload, UnixTime) {
    let began = UnixTime::from_secs(now().as_secs() - age);
    (OpenUpload { key: key.to_owned(), upload_id: format!("id of {key}") }, began)
}

fn page(uploads: &[(OpenUpload, UnixTime)], next: Option<OpenUpload>) -> OpenUploads {
    OpenUploads { uploads: uploads.to_vec(), next }
}

fn keys(aborts: &[StoreCall]) -> Vec<&str> {
    aborts.iter().map(|call| call.key.as_str()).collect()
}

fn reason(swept: &Swept) -> (&'static str, u64, bool) {
    (swept.log.verdict.reason(), swept.aborted, swept.failed)
}

#[test]
fn what_can_no_longer_be_completed_is_ended() {
    assert_eq!(AGE.as_secs(), 26 * 3600);
    let mut sweep = sweep();
    let call = sweep.list(now()).unwrap();
    assert_eq!(
        (call.bucket.as_str(), call.prefix.as_str(), call.after),
        ("bucket", "users/", None)
    );
    let key = |name: &str| format!("users/alice/{RANDOM_HEX}/{name}");
    let old = AGE.as_secs() + 1;
    let aborts = sweep.listed(Ok(page(
        &[
            upload(&key("old"), old),
            upload(&key("new"), 60),
            upload(&key("on the edge"), AGE.as_secs()),
            upload("users/alice/somebody else's", old),
            upload(&key("in/a/folder"), old),
            upload("users/a\u{1}", old),
            upload(&key("older"), 1_000_000),
        ],
        None,
    )));
    assert_eq!(keys(&aborts), [key("old"), key("older")]);
    assert!(
        matches!(&aborts[0].what, What::AbortMultipart { upload_id } if *upload_id == format!("id of {}", key("old")))
    );
    sweep.aborted(Ok(Reply::Done));
    sweep.aborted(Err(CallError::NotFound));
    assert!(sweep.list(now()).is_none());
    let swept = sweep.finish();
    assert_eq!(reason(&swept), ("swept", 1, false));
    let trail = &swept.log.trail;
    assert_eq!((trail.store.as_deref(), trail.location.as_deref()), (Some("main"), Some("users/")));
}

#[test]
fn pages_follow_each_other_while_there_is_time() {
    let mut sweep = sweep();
    let last = upload("users/alice/x", 0).0;
    assert!(sweep.list(later(1)).is_some());
    assert!(sweep.listed(Ok(page(&[], Some(last.clone())))).is_empty());
    assert_eq!(sweep.list(later(20)).unwrap().after, Some(last));
    assert!(sweep.list(later(21)).is_none());
    assert_eq!(reason(&sweep.finish()), ("swept_in_part", 0, false));
}

#[test]
fn a_store_that_does_not_do_it_is_a_failure() {
    let mut listing = sweep();
    assert!(listing.listed(Err(CallError::Refused)).is_empty());
    assert!(listing.list(now()).is_none());
    assert_eq!(reason(&listing.finish()), ("store_refused", 0, true));
    let mut aborting = sweep();
    let old = upload(&format!("users/alice/{RANDOM_HEX}/old"), 1_000_000);
    assert_eq!(aborting.listed(Ok(page(&[old], None))).len(), 1);
    aborting.aborted(Err(CallError::Unavailable));
    assert_eq!(reason(&aborting.finish()), ("store_unavailable", 0, true));
}
