//! Runs what waits for the platform: each request, and what goes on after its answer.
//!
//! ```text
//! JavaScript ── begin ──▶ poll ── a question ──▶ JavaScript … ── resume ──▶ poll ── …
//! ```
//!
//! A task is polled when it begins and whenever a question of it was answered, so nothing has to
//! be woken. Futures and promises of JavaScript are not tied to each other: that took ten
//! crossings for each thing that was waited for, and here it takes two.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::platform;

thread_local! {
    static TASKS: RefCell<Tasks> = RefCell::default();
}

#[derive(Default)]
struct Tasks {
    /// The platform's clock stands still while a request computes.
    now: Duration,
    /// The task that is polled.
    current: u32,
    /// Few at a time, as are the questions: requests of one instance that wait for the platform.
    waiting: Vec<(u32, Running)>,
    /// Those that the current one has started.
    spawned: Vec<(u32, Running)>,
    last_question: u32,
    questions: Vec<(u32, Option<Answered>)>,
}

impl Tasks {
    /// The answer to a question that was asked, or the place for it.
    fn asked(&mut self, number: u32) -> Option<&mut Option<Answered>> {
        let asked = self.questions.iter_mut().find(|(other, _)| *other == number);
        asked.map(|(_, answered)| answered)
    }
}

/// What has this number, which is in the list no longer.
fn take<T>(list: &mut Vec<(u32, T)>, number: u32) -> Option<T> {
    let place = list.iter().position(|(other, _)| *other == number)?;
    Some(list.swap_remove(place).1)
}

type Running = Pin<Box<dyn Future<Output = ()>>>;

/// What the platform has found out.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    /// The number of an object, or 0.
    pub(crate) object: u32,
    pub(crate) text: String,
    pub(crate) bytes: Option<Vec<u8>>,
}

/// The platform's time.
pub(crate) fn clock() -> Duration {
    TASKS.with_borrow(|tasks| tasks.now)
}

/// The number of the task that is polled.
pub(crate) fn current() -> u32 {
    TASKS.with_borrow(|tasks| tasks.current)
}

/// Begins a task that has this number.
pub(crate) fn begin(number: u32, now: Duration, task: impl Future<Output = ()> + 'static) {
    TASKS.with_borrow_mut(|tasks| tasks.now = now);
    run(number, Box::pin(task));
}

/// Goes on with something after the answer, for as long as the platform lets it.
pub(crate) fn spawn(task: impl Future<Output = ()> + 'static) {
    let number = platform::spawn(current());
    let running: Running = Box::pin(async move {
        task.await;
        platform::ended(number);
    });
    TASKS.with_borrow_mut(|tasks| tasks.spawned.push((number, running)));
}

/// Asks the platform: `ask` is given the numbers of the task and of the question.
pub(crate) fn question(ask: impl FnOnce(u32, u32)) -> Question {
    let (task, number) = TASKS.with_borrow_mut(|tasks| {
        tasks.last_question = tasks.last_question.wrapping_add(1);
        tasks.questions.push((tasks.last_question, None));
        (tasks.current, tasks.last_question)
    });
    ask(task, number);
    Question { number }
}

/// A question that was asked. When it is dropped, nobody is interested any more.
#[must_use]
pub(crate) struct Question {
    number: u32,
}

impl Future for Question {
    type Output = Answered;

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Answered> {
        TASKS.with_borrow_mut(|tasks| {
            let answered = tasks.asked(self.number).and_then(Option::take);
            answered.map_or(Poll::Pending, Poll::Ready)
        })
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        TASKS.with_borrow_mut(|tasks| take(&mut tasks.questions, self.number));
    }
}

/// The platform has given a task up.
pub(crate) fn abandon(task: u32) {
    // Dropped when nothing is borrowed any more: it drops its questions.
    let given_up = TASKS.with_borrow_mut(|tasks| take(&mut tasks.waiting, task));
    drop(given_up);
}

/// A time of the platform's clock.
pub(crate) fn time(seconds: u32, milliseconds: u32) -> Duration {
    Duration::from_secs(seconds.into()).saturating_add(Duration::from_millis(milliseconds.into()))
}

/// Goes on with a task of which a question was answered.
pub(crate) fn resume(task: u32, question: u32, answered: Answered, now: Duration) {
    let running = TASKS.with_borrow_mut(|tasks| {
        tasks.now = now;
        if let Some(asked) = tasks.asked(question) {
            *asked = Some(answered);
        }
        take(&mut tasks.waiting, task)
    });
    if let Some(running) = running {
        run(task, running);
    }
}

/// Polls a task, and those that it starts.
fn run(number: u32, running: Running) {
    let mut ready = vec![(number, running)];
    while let Some((number, mut running)) = ready.pop() {
        TASKS.with_borrow_mut(|tasks| tasks.current = number);
        let polled = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let still_waiting = polled.is_pending().then_some(running);
        TASKS.with_borrow_mut(|tasks| {
            tasks.waiting.extend(still_waiting.map(|running| (number, running)));
            ready.append(&mut tasks.spawned);
        });
    }
}
