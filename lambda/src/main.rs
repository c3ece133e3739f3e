//! The function: an AWS Lambda that issues uploads, confirms them, signs URLs for reading, and
//! sends readers to the store.
//!
//! The environment, the clock, random bytes, calls to stores ([`store`], [`swift`], [`large`]) and
//! to the app ([`app`]), signatures of private keys ([`private_keys`]) and the shapes of events
//! ([`event`], [`notification`], [`reply`]) are here; everything else is the core's [`Desk`].
//!
//! Environment: `POLICY` holds the policy document, and each secret that it names is a
//! variable of that name, unless it is where `SECRETS` says ([`secrets`]). `BASE_PATH` is what
//! paths have in front of `/uploads`, if anything, and `PUBLIC_URL` where clients reach the
//! function, when that is not the host of their requests.

mod app;
mod event;
mod http;
mod large;
mod multipart;
mod notification;
mod notified;
mod object;
mod payload;
mod private_keys;
mod reply;
mod sdk;
mod secrets;
mod store;
mod swift;

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use cloakroom_core::client::Client;
use cloakroom_core::desk::answer::Answer;
use cloakroom_core::desk::{Desk, Step};
use cloakroom_core::log::LogLine;
use cloakroom_core::policy::Policy;
use cloakroom_core::time::UnixTime;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::json;

use crate::event::{Event, Place};
use crate::notification::Invocation;
use crate::private_keys::PrivateKeys;
use crate::reply::Reply;
use crate::secrets::Secrets;
use crate::store::Stores;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (desk, keys, place) = configure().await.map_err(|problem| {
        eprintln!("{}", json!({ "level": "error", "problem": problem }));
        Error::from(problem)
    })?;
    let (desk, keys, place) = (Arc::new(desk), Arc::new(keys), Arc::new(place));
    let stores = Arc::new(Stores::default());
    run(service_fn(move |event: LambdaEvent<Invocation>| {
        let (desk, keys, place) = (Arc::clone(&desk), Arc::clone(&keys), Arc::clone(&place));
        let stores = Arc::clone(&stores);
        async move {
            let (invocation, id) = (event.payload, event.context.request_id.as_str());
            match invocation {
                Invocation::Request(event) => {
                    handle(&desk, &keys, &stores, &place, (&event, id)).await.map(Some)
                }
                // Nobody waits for an answer.
                Invocation::Notification(notification) => {
                    notified::handle(&desk, &stores, &notification, id).await.map(|()| None)
                }
            }
        }
    }))
    .await
}

async fn configure() -> Result<(Desk, PrivateKeys, Place), String> {
    let environment = |name: &str| std::env::var(name).ok();
    let now = now().map_err(|error| error.to_string())?;
    let secrets = Secrets::read(&environment, now).await?;
    let lookup = |name: &str| secrets.get(name).or_else(|| environment(name));
    let text = lookup("POLICY").filter(|text| !text.is_empty());
    let text = text.ok_or("`POLICY` is not set: it is the policy document")?;
    let policy = Policy::parse(&text).map_err(|error| error.to_string())?;
    let desk = Desk::new(&policy, &lookup).map_err(|error| error.to_string())?;
    let keys = PrivateKeys::read(&desk)?;
    Ok((desk, keys, Place::read(environment)?))
}

async fn handle(
    desk: &Desk,
    keys: &PrivateKeys,
    stores: &Stores,
    place: &Place,
    (event, id): (&Event, &str),
) -> Result<Reply, Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| format!("no random bytes: {error}"))?;
    let target = event.target(place);
    let request =
        target.as_ref().map_err(Clone::clone).and_then(|target| event.request(target, place));
    let answer = match request {
        Ok(request) => {
            let mut step = desk.handle(&request, event.body(), now()?, random);
            loop {
                step = match step {
                    Step::Answer(answer) => break answer,
                    Step::Check(checking) => {
                        let holds = cloakroom_asymmetric::holds(checking.check());
                        checking.answer(holds)
                    }
                    Step::Ask(pending) => {
                        let reply = stores.ask(&pending.call(), now()?).await;
                        pending.settle(reply, now()?)
                    }
                    Step::Tell(telling) => {
                        let answer = app::tell(&telling.delivery(now()?)).await;
                        telling.settle(answer, now()?)
                    }
                    Step::Sign(signing) => {
                        let signatures = keys.sign(&signing);
                        break signing.settle(&signatures);
                    }
                };
            }
        }
        Err(rejection) => desk.reject(None, &rejection),
    };
    let client = Client::new(
        // The platform makes the answer to a HEAD out of that to a GET.
        "GET",
        target.as_deref().unwrap_or("/"),
        event.headers(),
        id,
    );
    let answer = answer.told_to(&client);
    log(event, &answer, id, now()?);
    let headers = answer.headers.into_iter().chain([("x-request-id", id.to_owned())]);
    Ok(Reply::new(event.form, answer.status, headers, answer.body))
}

fn now() -> Result<UnixTime, Error> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(UnixTime::from_secs(since_epoch.as_secs()))
}

/// One line of JSON for each request. An upload id is a permission, so the path is not written.
fn log(event: &Event, answer: &Answer, id: &str, time: UnixTime) {
    let mut line = LogLine::new(time, id, event.method());
    line.trail(&answer.log.trail);
    line.verdict(&answer.log.verdict);
    line.answered(answer.status, u64::try_from(answer.body.len()).ok());
    println!("{line}");
}
