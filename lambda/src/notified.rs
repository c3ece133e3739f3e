//! What nobody waits for, done; and a line of the log for each thing.

use cloakroom_core::desk::Desk;
use cloakroom_core::desk::inspection::{Finding, Inspecting, StoreEvent};
use cloakroom_core::log::LogLine;
use cloakroom_core::time::UnixTime;
use lambda_runtime::Error;

use crate::notification::Notification;
use crate::store::Stores;
use crate::{app, now};

/// Handles a notification.
///
/// # Errors
/// When a store or an app did not do what was asked, after everything else was done: Lambda then
/// sends the notification again.
pub(crate) async fn handle(
    desk: &Desk,
    stores: &Stores,
    notification: &Notification,
    id: &str,
) -> Result<(), Error> {
    let (mut all, mut failed) = (0_usize, 0_usize);
    let mut count = |has_failed: bool| {
        all = all.saturating_add(1);
        failed = failed.saturating_add(usize::from(has_failed));
    };
    match notification {
        Notification::Objects(events) => {
            for event in events {
                for inspecting in desk.inspect(event) {
                    let finding = look(stores, inspecting).await?;
                    log(&finding, event, id, now()?);
                    count(finding.again);
                }
            }
        }
        Notification::Sweep(time) => {
            for mut sweep in desk.sweeps(*time, now()?) {
                while let Some(call) = sweep.list(now()?) {
                    let page = stores.list(&call).await;
                    for abort in sweep.listed(page) {
                        sweep.aborted(stores.ask(&abort, now()?).await);
                    }
                }
                let swept = sweep.finish();
                let mut line = LogLine::of_event(now()?, id, "Scheduled Event");
                line.trail(&swept.log.trail);
                line.verdict(&swept.log.verdict);
                line.swept(swept.aborted);
                println!("{line}");
                count(swept.failed);
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} of {all} could not be done; the log says why").into()),
    }
}

/// Looks at one object.
async fn look(stores: &Stores, mut inspecting: Inspecting) -> Result<Finding, Error> {
    loop {
        inspecting = match inspecting {
            Inspecting::Done(finding) => return Ok(finding),
            Inspecting::Ask(inspection) => {
                let reply = stores.ask(&inspection.call(), now()?).await;
                inspection.settle(reply)
            }
            Inspecting::Tell(news) => {
                let answer = app::tell(&news.delivery(now()?)).await;
                news.settle(answer)
            }
        };
    }
}

fn log(finding: &Finding, event: &StoreEvent, id: &str, time: UnixTime) {
    let mut line = LogLine::of_event(time, id, &event.name);
    line.trail(&finding.log.trail);
    line.verdict(&finding.log.verdict);
    println!("{line}");
}
