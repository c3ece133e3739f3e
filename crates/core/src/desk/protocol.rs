//! Which protocol a path is of, what a request asks for in it, and how it reads an answer.
//!
//! | path | protocol |
//! |---|---|
//! | `/uploads…` | the desk's [own](super::api) |
//! | `/companion…/s3/…` | [Uppy's Companion](super::companion) |
//! | `/sign-request…` | [Uppy's `signRequest`](super::sign_request) |
//! | `/rails/active_storage/direct_uploads…` | [Active Storage](super::active_storage) |
//! | `/better-upload` | [better-upload](super::better_upload) |
//! | `/upload-steps/…` | [steps](super::steps) of the last ones |

use serde_json::Value;

use crate::rejection::Row;
use crate::request::{Method, Request};
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::multipart::SentPart;
use crate::upload::order::Order;
use crate::upload::rule::UploadRule;

use super::work::Done;
use super::{active_storage, api, better_upload, companion, sign_request};

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Ask<'r> {
    Begin {
        rule: Option<String>,
        orders: Vec<Order>,
    },
    SignParts {
        id: &'r str,
        key: Option<String>,
        numbers: Vec<u16>,
    },
    ListParts {
        id: &'r str,
        key: Option<String>,
    },
    Complete {
        id: &'r str,
        key: Option<String>,
        sent: Option<Vec<SentPart>>,
    },
    Abort {
        id: &'r str,
        key: Option<String>,
    },
    Confirm {
        id: &'r str,
    },
    /// The URL of a step.
    SignStep(sign_request::Wanted),
}

/// A protocol, with what an answer depends on beside what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Api,
    Companion(companion::Form),
    SignRequest,
    ActiveStorage,
    BetterUpload,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'r> {
    place: Place,
    /// The rule that the path names.
    rule: Option<&'r str>,
    /// The token that the path holds.
    token: Option<&'r str>,
    /// The rest of the path.
    rest: &'r str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Uploads,
    Companion,
    SignRequest,
    ActiveStorage,
    BetterUpload,
    Steps,
}

const PLACES: [(&str, Place); 6] = [
    ("/uploads", Place::Uploads),
    ("/companion", Place::Companion),
    ("/sign-request", Place::SignRequest),
    ("/rails/active_storage/direct_uploads", Place::ActiveStorage),
    ("/better-upload", Place::BetterUpload),
    ("/upload-steps", Place::Steps),
];

/// Where steps are.
pub(super) const STEPS: &str = "/upload-steps";

/// What is asked, and how it is answered; or that the method is none, and which ones are.
pub(super) type Read<'r> = Result<Result<(Ask<'r>, Protocol), UploadError>, &'static str>;

impl<'r> Target<'r> {
    /// The protocol of a path; none when it is that of an object.
    pub(super) fn of(path: &'r str) -> Option<Self> {
        let (place, rest) = PLACES.into_iter().find_map(|(prefix, place)| {
            let rest = path.strip_prefix(prefix)?;
            (rest.is_empty() || rest.starts_with('/')).then_some((place, rest))
        })?;
        let target = Self { place, rule: None, token: None, rest };
        match place {
            Place::Companion => target.of_companion(),
            Place::SignRequest | Place::ActiveStorage => {
                let rule = rest.strip_prefix('/').filter(|rule| !rule.contains('/'));
                (rule.is_some() || rest.is_empty()).then_some(Self { rule, rest: "", ..target })
            }
            Place::BetterUpload => rest.is_empty().then_some(target),
            Place::Uploads | Place::Steps => Some(target),
        }
    }

    /// `[/{rule}][/t/{token}]/s3/…`. Clients put `/s3` behind what they are given, also when that
    /// ends with a slash.
    fn of_companion(self) -> Option<Self> {
        let (before, rest) = self.rest.split_once("/s3/")?;
        let segments: Vec<_> = before.split('/').filter(|segment| !segment.is_empty()).collect();
        let (rule, token) = match segments.as_slice() {
            [] => (None, None),
            ["t", token] => (None, Some(*token)),
            [rule] => (Some(*rule), None),
            [rule, "t", token] => (Some(*rule), Some(*token)),
            _ => return None,
        };
        Some(Self { rule, token, rest, ..self })
    }

    /// The token that the path holds.
    pub(super) fn token(&self) -> Option<&'r str> {
        self.token
    }

    /// The sealed step, when it is one that is asked for.
    pub(super) fn step(&self) -> Option<&'r str> {
        (self.place == Place::Steps).then(|| self.rest.trim_start_matches('/'))
    }

    /// How a no is said here.
    pub(super) fn protocol(&self) -> Protocol {
        match self.place {
            Place::Uploads | Place::Steps => Protocol::Api,
            Place::Companion => Protocol::Companion(companion::Form::Plain),
            Place::SignRequest => Protocol::SignRequest,
            Place::ActiveStorage => Protocol::ActiveStorage,
            Place::BetterUpload => Protocol::BetterUpload,
        }
    }

    /// Reads what is asked.
    pub(super) fn read(&self, request: &Request<'r>, body: &[u8]) -> Read<'r> {
        let method = request.method();
        let only_post = |read: &dyn Fn() -> Result<Ask<'r>, UploadError>| match method {
            Method::Post => Ok(read().map(|ask| (ask, self.protocol()))),
            _ => Err("POST, OPTIONS"),
        };
        match self.place {
            Place::Uploads => {
                Ok(api::read(method, self.rest, body)?.map(|ask| (ask, Protocol::Api)))
            }
            Place::Companion => {
                let read = companion::read(request, self.rule, self.rest, body)?;
                Ok(read.map(|(ask, form)| (ask, Protocol::Companion(form))))
            }
            Place::SignRequest => only_post(&|| sign_request::read(self.rule, body)),
            Place::ActiveStorage => only_post(&|| active_storage::read(self.rule, body)),
            Place::BetterUpload => only_post(&|| better_upload::read(body)),
            // INVARIANT: steps are taken before anything is read.
            Place::Steps => Ok(Err(UploadError::NoSuchPath)),
        }
    }
}

impl Protocol {
    /// The body that says what was done; none when there is nothing to say. `base` is where the
    /// desk is.
    pub(super) fn write(
        self,
        done: &Done,
        rule: &UploadRule,
        base: &str,
        now: UnixTime,
    ) -> Result<Option<Value>, UploadError> {
        Ok(match (self, done) {
            (Self::Companion(form), _) => Some(companion::write(done, form, rule, now)),
            (Self::SignRequest, _) => Some(sign_request::write(done)),
            (Self::ActiveStorage, Done::Begun(begun)) => begun.first().map(active_storage::write),
            (Self::BetterUpload, Done::Begun(begun)) => {
                Some(better_upload::write(begun, base, now)?)
            }
            (Self::Api | Self::ActiveStorage | Self::BetterUpload, _) => {
                api::write(done, rule, now)
            }
        })
    }

    /// The body of a no, where its client reads none of the usual forms.
    pub(super) fn write_error(self, row: &Row) -> Option<Value> {
        match self {
            Self::Companion(_) => Some(companion::write_error(row)),
            Self::BetterUpload => Some(better_upload::write_error(row)),
            Self::Api | Self::SignRequest | Self::ActiveStorage => None,
        }
    }
}
