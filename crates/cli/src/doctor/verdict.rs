//! What an answer means. A probe counts only beside its control: the same request with nothing
//! wrong in it. A store that refuses both has not said what it enforces.

use std::time::Duration;

use cloakroom_core::time::UnixTime;

use super::http::Heard;

/// Whether a clause holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    /// The store does not offer what the clause is about.
    Unsupported,
    /// It could not be found out.
    Unknown,
}

/// How far a store's clock may be from this machine's.
pub(super) const MAX_SKEW: Duration = Duration::from_secs(30);

/// Of a request that must be refused, on a write.
pub(super) fn refusal(control: &Heard, probe: &Heard) -> Verdict {
    if !control.is_success() {
        return unasked(control);
    }
    match probe.status() {
        Some(200..=299) => Verdict::Fails,
        Some(429) | None => Verdict::Unknown,
        Some(400..=499 | 501) => Verdict::Holds,
        Some(_) => Verdict::Unknown,
    }
}

/// Of a ticket that must be refused, on a read. To whom it lets in, a store says what it has, or
/// that it has nothing.
pub(super) fn ticket(control: &Heard, probe: &Heard) -> Verdict {
    let is_let_in = |heard: &Heard| matches!(heard.status(), Some(200..=299 | 304 | 404));
    if !is_let_in(control) {
        // Refused alike, unless the codes tell them apart.
        let differ = control.has_code("AccessDenied")
            && matches!(probe, Heard::Answer { status: 400..=499, code: Some(_) })
            && !probe.has_code("AccessDenied");
        return if differ { Verdict::Holds } else { Verdict::Unknown };
    }
    match probe.status() {
        _ if is_let_in(probe) => Verdict::Fails,
        Some(429) | None => Verdict::Unknown,
        Some(400..=499) => Verdict::Holds,
        Some(_) => Verdict::Unknown,
    }
}

/// Of a feature, by the answer to its right use.
pub(super) fn offer(control: &Heard) -> Verdict {
    if control.is_success() { Verdict::Holds } else { unasked(control) }
}

/// A control that was refused: the store does not know what it is about, or does not let us.
fn unasked(control: &Heard) -> Verdict {
    match control.status() {
        _ if control.has_code("AccessDenied") => Verdict::Unknown,
        Some(400 | 401 | 403 | 404 | 405 | 411 | 412 | 415 | 501) => Verdict::Unsupported,
        _ => Verdict::Unknown,
    }
}

/// What became of an upload that asked to stand for another object.
pub(super) struct Pointer<'a> {
    /// The answer to the upload.
    pub(super) put: &'a Heard,
    /// What is read in its place, if anything.
    pub(super) read: Option<&'a [u8]>,
    /// What the other object holds.
    pub(super) other: &'a [u8],
    /// Whether what is stored is read back at all; if not, nothing can be told from reading.
    pub(super) reads_back: bool,
}

/// Of an upload that asks to stand for another object: it must be refused, or the wish ignored.
pub(super) fn pointer(pointer: &Pointer<'_>) -> Verdict {
    match pointer.put.status() {
        Some(200..=299) if !pointer.reads_back => Verdict::Fails,
        Some(200..=299) if pointer.read == Some(pointer.other) => Verdict::Fails,
        Some(200..=299) => Verdict::Holds,
        Some(429) | None => Verdict::Unknown,
        Some(400..=499 | 501) => Verdict::Holds,
        Some(_) => Verdict::Unknown,
    }
}

/// Of the store's clock, and how far it is from this machine's.
pub(super) fn clock(here: UnixTime, there: Option<UnixTime>) -> (Verdict, Duration) {
    let Some(there) = there else { return (Verdict::Unknown, Duration::ZERO) };
    let apart = here.since(there).max(there.since(here));
    (if apart <= MAX_SKEW { Verdict::Holds } else { Verdict::Fails }, apart)
}

#[cfg(test)]
mod tests {
    use super::super::http::Silence;
    use super::Verdict::{Fails, Holds, Unknown, Unsupported};
    use super::*;

    fn heard(status: u16) -> Heard {
        Heard::Answer { status, code: None }
    }

    fn coded(status: u16, code: &str) -> Heard {
        Heard::Answer { status, code: Some(code.to_owned()) }
    }

    const SILENT: Heard = Heard::Silence(Silence::TimedOut);

    #[test]
    fn a_write_that_must_be_refused() {
        for (control, probe, expected) in [
            (heard(200), heard(403), Holds),
            (heard(201), heard(422), Holds),
            (heard(200), heard(412), Holds),
            (heard(200), heard(501), Holds),
            (heard(200), heard(200), Fails),
            (heard(200), heard(204), Fails),
            (heard(200), heard(307), Unknown),
            (heard(200), heard(429), Unknown),
            (heard(200), heard(503), Unknown),
            (heard(200), SILENT, Unknown),
            // Without its control it says nothing.
            (heard(501), heard(501), Unsupported),
            (heard(400), heard(400), Unsupported),
            (heard(405), heard(200), Unsupported),
            (coded(403, "AccessDenied"), heard(403), Unknown),
            (heard(500), heard(403), Unknown),
            (SILENT, heard(403), Unknown),
        ] {
            assert_eq!(refusal(&control, &probe), expected, "{control} {probe}");
        }
    }

    #[test]
    fn a_ticket_that_must_be_refused() {
        for (control, probe, expected) in [
            (heard(200), heard(403), Holds),
            (heard(404), heard(401), Holds),
            (heard(404), heard(400), Holds),
            (heard(200), heard(200), Fails),
            (heard(404), heard(404), Fails),
            (heard(200), heard(302), Unknown),
            (heard(200), heard(500), Unknown),
            (heard(200), SILENT, Unknown),
            (heard(403), heard(403), Unknown),
            (coded(403, "AccessDenied"), coded(403, "SignatureDoesNotMatch"), Holds),
            (coded(403, "AccessDenied"), coded(403, "AccessDenied"), Unknown),
            (coded(403, "AccessDenied"), heard(200), Unknown),
        ] {
            assert_eq!(ticket(&control, &probe), expected, "{control} {probe}");
        }
    }

    #[test]
    fn an_upload_that_points_elsewhere() {
        let other = b"other".as_slice();
        for (put, read, reads_back, expected) in [
            (heard(400), None, true, Holds),
            (heard(201), Some(other), true, Fails),
            (heard(201), Some(b"own".as_slice()), true, Holds),
            (heard(201), None, true, Holds),
            (heard(201), None, false, Fails),
            (heard(503), None, true, Unknown),
            (SILENT, None, true, Unknown),
        ] {
            let found = pointer(&Pointer { put: &put, read, other, reads_back });
            assert_eq!(found, expected, "{put} {read:?}");
        }
    }

    #[test]
    fn clocks_apart() {
        let at = |secs| UnixTime::from_secs(secs);
        assert_eq!(clock(at(100), Some(at(130))), (Holds, MAX_SKEW));
        assert_eq!(clock(at(131), Some(at(100))), (Fails, Duration::from_secs(31)));
        assert_eq!(clock(at(100), Some(at(4000))), (Fails, Duration::from_secs(3900)));
        assert_eq!(clock(at(100), None).0, Unknown);
    }

    #[test]
    fn offers() {
        assert_eq!(offer(&heard(204)), Holds);
        assert_eq!(offer(&heard(405)), Unsupported);
        assert_eq!(offer(&heard(503)), Unknown);
    }
}
