//! What is asked of the desk, done step by step, with the store's word in between.
//!
//! ```text
//! begin     ─▶ admit ─┬─ put, form ───────────────────────────▶ begun
//!                     └─ multipart ─ CreateMultipart ─────────▶ begun
//! sign parts, which asks nobody ──────────────────────────────▶ parts
//! list      ─ ListParts ──────────────────────────────────────▶ listed
//! complete  ─ ListParts ─┬─ fit ─ CompleteMultipart ─┐
//!                        └─ too large ─ Abort ─▶ no  ▼
//! confirm   ───────────────────────────────────── Head ─ FirstBytes ─▶ stored ─ perhaps: tell the app
//! abort     ─ AbortMultipart ─────────────────────────────────▶ aborted
//! ```
//!
//! These are S3's names of what is asked; to Swift they are [segments](crate::upload::segments).
//!
//! Every step can be asked for again: an upload that is completed a second time is confirmed, and
//! one that is aborted a second time is aborted.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::object::ObjectKey;
use crate::secret::Secret;
use crate::time::UnixTime;
use crate::trail::Trail;
use crate::upload::UploadError;
use crate::upload::call::{CallError, Reply, StoreCall, StoredHead, What};
use crate::upload::form::UploadForm;
use crate::upload::kind::{Kind, Taker};
use crate::upload::multipart::{
    self, Multipart, NOT_IN_PARTS, Part, SentPart, SignedPart, Unfit, part_size,
};
use crate::upload::notice::{Notice, Stored};
use crate::upload::order::Order;
use crate::upload::put::SignedPut;
use crate::upload::receipt::Receipt;
use crate::upload::rule::{Naming, UploadRule};
use crate::upload::sniff::FIRST_BYTES;
use crate::upload::step::Step;
use crate::upload::uploader::Uploader;

/// An upload that has begun.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    pub(super) rule: Arc<UploadRule>,
    pub(super) receipt: Receipt,
    pub(super) filename: String,
    /// The sealed id.
    pub(super) id: String,
    pub(super) way: Way,
}

/// How it goes on.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Put(SignedPut),
    Form(UploadForm),
    Multipart(Multipart),
}

/// What was done.
#[derive(Clone, Debug)]
pub(super) enum Done {
    Begun(Vec<Begun>),
    Parts {
        parts: Vec<SignedPart>,
        expires_at: UnixTime,
    },
    Listed(Vec<Part>),
    /// The URL of a step, and the key where it is new to the client.
    StepSigned {
        url: Secret,
        key: Option<ObjectKey>,
    },
    Stored {
        key: ObjectKey,
        head: StoredHead,
        is_new: bool,
    },
    Aborted,
}

impl Done {
    /// What the log calls it.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Begun(_) => "issued",
            Self::Parts { .. } => "parts_signed",
            Self::Listed(_) => "parts_listed",
            Self::StepSigned { .. } => "step_signed",
            Self::Stored { is_new: true, .. } => "completed",
            Self::Stored { .. } => "confirmed",
            Self::Aborted => "aborted",
        }
    }
}

/// Something that is being done.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) rule: Arc<UploadRule>,
    pub(super) trail: Trail,
    stage: Stage,
}

/// What the store is asked next.
#[derive(Clone, Debug)]
enum Stage {
    Create { first: Box<Waiting>, rest: VecDeque<Waiting>, begun: Vec<Begun> },
    List { receipt: Receipt },
    Choose { receipt: Receipt, sent: Option<Vec<SentPart>> },
    Discard { receipt: Receipt, why: UploadError },
    Complete { receipt: Receipt, parts: Vec<Part> },
    Abort { receipt: Receipt },
    Head { receipt: Receipt, is_new: bool },
    FirstBytes { receipt: Receipt, head: StoredHead, is_new: bool },
}

/// An upload in parts that the store does not know yet.
#[derive(Clone, Debug)]
struct Waiting {
    receipt: Receipt,
    filename: String,
    part_size: u64,
    headers: Vec<(String, String)>,
}

/// What comes of a step.
#[derive(Clone, Debug)]
pub(super) enum Progress {
    Done(Done),
    Ask(Box<Work>),
    /// What was found, once the app has been told of it.
    Tell(Box<Notice>, Result<Done, UploadError>),
}

/// Begins uploads, all of one rule or none.
pub(super) fn begin(
    rule: &Arc<UploadRule>,
    uploader: &Uploader,
    orders: Vec<Order>,
    namings: impl Iterator<Item = Naming>,
    trail: &mut Trail,
) -> Result<Progress, UploadError> {
    let (mut begun, mut waiting) = (Vec::new(), VecDeque::new());
    // INVARIANT: the policy has no rules for a store that takes none.
    let taker = Taker::of(&rule.destination.store).ok_or(UploadError::StoreUnavailable)?;
    for (order, naming) in orders.into_iter().zip(namings) {
        let admitted = rule.admit(uploader.clone(), order, naming)?;
        trail.ruled(rule, admitted.key());
        let receipt = Receipt::new(&admitted, None, naming.now);
        let filename = admitted.order().filename.clone();
        let way = match admitted.kind() {
            Kind::Put => Way::Put(admitted.sign_put(naming.now)),
            Kind::Form => Way::Form(admitted.sign_form(naming.now)),
            Kind::Multipart => {
                // A file of unknown size may be as large as the rule allows.
                let most = *receipt.sizes(rule).end();
                let part_size = part_size(most, rule.part_size, taker);
                let headers = admitted.create_headers();
                waiting.push_back(Waiting { receipt, filename, part_size, headers });
                continue;
            }
        };
        begun.push(Begun::new(rule, receipt, filename, way));
    }
    Ok(match waiting.pop_front() {
        None => Progress::Done(Done::Begun(begun)),
        Some(first) => {
            let stage = Stage::Create { first: Box::new(first), rest: waiting, begun };
            let (rule, trail) = (Arc::clone(rule), trail.clone());
            Progress::Ask(Box::new(Work { rule, trail, stage }))
        }
    })
}

/// Signs the URL at which an upload in parts is begun. `base` is where steps are.
pub(super) fn sign_create(
    rule: &Arc<UploadRule>,
    uploader: &Uploader,
    filename: String,
    naming: Naming,
    base: &str,
) -> Result<Done, UploadError> {
    let key = rule.name(uploader, &filename, naming)?;
    let step = Step::Create { uploader: uploader.clone(), filename, naming };
    let url = Secret::new(format!("{base}/{}", step.seal(rule, naming.now)));
    Ok(Done::StepSigned { url, key: Some(key) })
}

impl Begun {
    fn new(rule: &Arc<UploadRule>, receipt: Receipt, filename: String, way: Way) -> Self {
        let id = receipt.seal(&rule.seal_secret);
        Self { rule: Arc::clone(rule), receipt, filename, id, way }
    }

    /// The link by which it is read later.
    pub(super) fn read_url(&self, now: UnixTime) -> Secret {
        self.rule.read_url(&self.receipt.key, now)
    }
}

/// An upload that its sealed id names.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) rule: Arc<UploadRule>,
    pub(super) receipt: Receipt,
    pub(super) trail: Trail,
}

impl Upload {
    /// An upload whose receipt was shown.
    pub(super) fn new(rule: &Arc<UploadRule>, receipt: Receipt, trail: &mut Trail) -> Self {
        trail.ruled(rule, &receipt.key);
        Self { rule: Arc::clone(rule), receipt, trail: trail.clone() }
    }

    /// Signs the URL of a step. `base` is where steps are.
    pub(super) fn sign_step(
        self,
        step: impl FnOnce(Receipt) -> Step,
        base: &str,
        now: UnixTime,
    ) -> Result<Done, UploadError> {
        if self.receipt.multipart.is_none() {
            return Err(NOT_IN_PARTS);
        }
        let sealed = step(self.receipt).seal(&self.rule, now);
        Ok(Done::StepSigned { url: Secret::new(format!("{base}/{sealed}")), key: None })
    }

    /// Signs the PUTs of parts.
    pub(super) fn sign_parts(self, numbers: &[u16], now: UnixTime) -> Result<Done, UploadError> {
        let multipart = self.receipt.multipart.as_ref().ok_or(NOT_IN_PARTS)?;
        let rule = &self.rule;
        let place = (&rule.destination, &self.receipt.key);
        let sign = |number: &u16| multipart.sign_part(place, *number, (now, rule.expires_in));
        let parts = numbers.iter().map(sign).collect::<Result<_, _>>()?;
        let expires_at = now.saturating_add(rule.expires_in.duration());
        Ok(Done::Parts { parts, expires_at })
    }

    /// Lists the parts.
    pub(super) fn list_parts(self) -> Result<Work, UploadError> {
        self.in_parts(|receipt| Stage::List { receipt })
    }

    /// Puts the parts together: those that the client names, or all.
    pub(super) fn complete(self, sent: Option<Vec<SentPart>>) -> Result<Work, UploadError> {
        self.in_parts(|receipt| Stage::Choose { receipt, sent })
    }

    /// Throws the parts away.
    pub(super) fn abort(self) -> Result<Work, UploadError> {
        self.in_parts(|receipt| Stage::Abort { receipt })
    }

    /// Looks whether it is there.
    pub(super) fn confirm(self) -> Work {
        let Self { rule, receipt, trail } = self;
        Work { rule, trail, stage: Stage::Head { receipt, is_new: false } }
    }

    fn in_parts(self, stage: impl FnOnce(Receipt) -> Stage) -> Result<Work, UploadError> {
        let Self { rule, receipt, trail } = self;
        match receipt.multipart {
            Some(_) => Ok(Work { rule, trail, stage: stage(receipt) }),
            None => Err(NOT_IN_PARTS),
        }
    }
}

impl Work {
    /// What the store is to be asked.
    pub(super) fn call(&self) -> StoreCall {
        let (key, what) = match &self.stage {
            Stage::Create { first, .. } => {
                (&first.receipt.key, What::CreateMultipart(first.headers.clone()))
            }
            Stage::List { receipt } | Stage::Choose { receipt, .. } => {
                (&receipt.key, What::ListParts { upload_id: upload_id(receipt) })
            }
            Stage::Complete { receipt, parts } => {
                let (upload_id, parts) = (upload_id(receipt), parts.clone());
                let create_only = self.rule.create_only;
                let headers = receipt.manifest_headers(&self.rule);
                (&receipt.key, What::CompleteMultipart { upload_id, parts, create_only, headers })
            }
            Stage::Abort { receipt } | Stage::Discard { receipt, .. } => {
                (&receipt.key, What::AbortMultipart { upload_id: upload_id(receipt) })
            }
            Stage::Head { receipt, .. } => (&receipt.key, What::Head),
            Stage::FirstBytes { receipt, .. } => (&receipt.key, What::FirstBytes(FIRST_BYTES)),
        };
        let destination = &self.rule.destination;
        StoreCall {
            store: destination.store.clone(),
            bucket: destination.bucket.clone(),
            key: key.clone(),
            segments: destination.segments.clone(),
            what,
        }
    }

    /// Goes on, now that the store has answered, or has not.
    pub(super) fn settle(self, reply: Result<Reply, CallError>) -> Result<Progress, UploadError> {
        let Self { rule, trail, stage } = self;
        let next = |stage| {
            Ok(Progress::Ask(Box::new(Self {
                rule: Arc::clone(&rule),
                trail: trail.clone(),
                stage,
            })))
        };
        match (stage, reply) {
            (Stage::Create { first, mut rest, mut begun }, Ok(Reply::Created(upload_id))) => {
                let Waiting { mut receipt, filename, part_size, .. } = *first;
                let multipart = Multipart { upload_id, part_size, size: receipt.size };
                receipt.multipart = Some(multipart.clone());
                begun.push(Begun::new(&rule, receipt, filename, Way::Multipart(multipart)));
                match rest.pop_front() {
                    None => Ok(Progress::Done(Done::Begun(begun))),
                    Some(first) => next(Stage::Create { first: Box::new(first), rest, begun }),
                }
            }
            (Stage::List { .. }, Ok(Reply::Parts(parts))) => {
                Ok(Progress::Done(Done::Listed(parts)))
            }
            (Stage::Choose { receipt, sent }, Ok(Reply::Parts(stored))) => {
                match multipart::choose(stored, sent.as_deref(), &receipt.sizes(&rule)) {
                    Ok(parts) => next(Stage::Complete { receipt, parts }),
                    Err(Unfit::TooLarge(why)) => next(Stage::Discard { receipt, why }),
                    Err(Unfit::Wrong(why)) => Err(why),
                }
            }
            // What was completed before is not among the uploads any more; it is an object.
            (Stage::Choose { receipt, .. }, Err(CallError::NotFound)) => {
                next(Stage::Head { receipt, is_new: false })
            }
            (Stage::Complete { receipt, .. }, Ok(Reply::Done)) => {
                next(Stage::Head { receipt, is_new: true })
            }
            // Somebody was faster: perhaps the same client, whose answer was lost.
            (Stage::Complete { receipt, .. }, Err(CallError::NotFound | CallError::Exists)) => {
                next(Stage::Head { receipt, is_new: false })
            }
            (Stage::Complete { .. }, Err(CallError::Refused)) => {
                let least = match rule.destination.segments {
                    Some(_) => "a byte at least, and none may be sent again meanwhile",
                    None => "5 MiB at least",
                };
                Err(UploadError::Mismatch {
                    problem: format!(
                        "The store does not put these parts together. Each but the last must have \
                         {least}."
                    ),
                })
            }
            (Stage::Discard { why, .. }, _) => Err(why),
            (Stage::Abort { .. }, Ok(Reply::Done) | Err(CallError::NotFound)) => {
                Ok(Progress::Done(Done::Aborted))
            }
            (Stage::Head { receipt, is_new }, Ok(Reply::Head(head))) => {
                let verdict = receipt.compare(&rule, &head);
                if verdict.is_ok() && rule.wants_bytes(&head) {
                    return next(Stage::FirstBytes { receipt, head, is_new });
                }
                conclude(&rule, receipt, head, is_new, verdict)
            }
            (Stage::FirstBytes { receipt, head, is_new }, Ok(Reply::FirstBytes(bytes))) => {
                let verdict = receipt.compare_bytes(&bytes);
                conclude(&rule, receipt, head, is_new, verdict)
            }
            (Stage::List { .. }, Err(CallError::NotFound)) => Err(UploadError::NoParts),
            (_, Err(error)) => Err(error.into()),
            // An answer to something else is none.
            (_, Ok(_)) => Err(UploadError::StoreUnavailable),
        }
    }
}

/// What was found of an object that is there. The app is told first, where the rule says so: a
/// client must not learn what the app does not know.
fn conclude(
    rule: &Arc<UploadRule>,
    receipt: Receipt,
    head: StoredHead,
    is_new: bool,
    verdict: Result<(), UploadError>,
) -> Result<Progress, UploadError> {
    let Receipt { key, principal, .. } = receipt;
    let stored = Stored {
        key: key.clone(),
        head: head.clone(),
        principal,
        version_id: None,
        sequencer: None,
    };
    let notice = Notice::new(rule, stored, verdict.clone());
    let done = verdict.map(|()| Done::Stored { key, head, is_new });
    match notice {
        Some(notice) => Ok(Progress::Tell(Box::new(notice), done)),
        None => done.map(Progress::Done),
    }
}

fn upload_id(receipt: &Receipt) -> String {
    receipt.multipart.as_ref().map(|it| it.upload_id.clone()).unwrap_or_default()
}
