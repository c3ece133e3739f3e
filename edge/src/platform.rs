//! What is asked of the platform (`platform.mjs`), which has the objects; here they are numbers.

use std::time::Duration;

use wasm_bindgen::prelude::wasm_bindgen;

use cloakroom_core::store::StoreAnswer;

use crate::tasks::{Answered, current, question};

#[wasm_bindgen(raw_module = "./platform.mjs")]
extern "C" {
    #[wasm_bindgen(js_name = look)]
    fn ask_look(task: u32, question: u32, text: &str);
    #[wasm_bindgen(js_name = put)]
    fn ask_put(task: u32, question: u32, text: &str, object: u32);
    #[wasm_bindgen(js_name = forget)]
    fn ask_forget(task: u32, question: u32, key: &str);
    #[wasm_bindgen(js_name = send)]
    fn ask_send(task: u32, question: u32, text: &str, timeout: u32);
    #[wasm_bindgen(js_name = bucket)]
    fn ask_bucket(
        task: u32,
        question: u32,
        binding: &str,
        method: &str,
        key: &str,
        options: &str,
        timeout: u32,
    );
    #[wasm_bindgen(js_name = read)]
    fn ask_read(task: u32, question: u32, object: u32, limit: u32, timeout: u32);
    #[wasm_bindgen(js_name = wait)]
    fn ask_wait(task: u32, question: u32, milliseconds: u32);
    #[wasm_bindgen(js_name = entry)]
    fn ask_entry(task: u32, question: u32, namespace: &str, key: &str);
    #[wasm_bindgen(js_name = verify)]
    fn ask_verify(
        task: u32,
        question: u32,
        algorithm: &str,
        key: &[u8],
        signature: &[u8],
        message: &[u8],
    );
    #[wasm_bindgen(js_name = pipe)]
    fn ask_pipe(task: u32, question: u32, from: u32, to: u32);
    #[wasm_bindgen(js_name = finish)]
    fn ask_finish(task: u32, question: u32, stream: u32, in_order: bool);
    #[wasm_bindgen(js_name = variable)]
    fn read_variable(task: u32, name: &str) -> Option<String>;
    #[wasm_bindgen(js_name = isBound)]
    fn has_binding(task: u32, name: &str) -> bool;
    #[wasm_bindgen(js_name = cancel)]
    fn cancel_object(task: u32, object: u32);
    #[wasm_bindgen(js_name = twin)]
    fn twin_of(task: u32, object: u32) -> u32;
    #[wasm_bindgen(js_name = fixed)]
    fn new_fixed(task: u32, length: &str) -> u32;
    #[wasm_bindgen(js_name = respond)]
    fn send_response(task: u32, status: u16, text: &str, object: u32);
    #[wasm_bindgen(js_name = respondWith)]
    fn send_response_with(task: u32, status: u16, text: &str, body: &str);
    /// Begins a task beside another one: its number.
    pub(crate) fn spawn(task: u32) -> u32;
    /// The end of it.
    pub(crate) fn ended(task: u32);
}

/// A body that the platform has: an answer's, or a stream's. It counts in the task that it was got
/// in, and in those that this one has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Body(u32);

impl Body {
    fn numbered(number: u32) -> Option<Self> {
        (number != 0).then_some(Self(number))
    }

    fn number(body: Option<Self>) -> u32 {
        body.map_or(0, |body| body.0)
    }

    /// Lets go of what nobody will read: the connection is wanted.
    pub(crate) fn cancel(self) {
        cancel_object(current(), self.0);
    }

    /// Another one of the same: the runtime hands the bytes on to both, natively.
    pub(crate) fn twin(self) -> Option<Self> {
        Self::numbered(twin_of(current(), self.0))
    }

    /// A stream that takes so many bytes, no more and no fewer.
    pub(crate) fn fixed(length: u64) -> Option<Self> {
        Self::numbered(new_fixed(current(), &length.to_string()))
    }

    /// Writes it into a stream, which stays open. Whether all went well.
    pub(crate) async fn pipe(self, to: Self) -> bool {
        let piped = question(|task, question| ask_pipe(task, question, self.0, to.0));
        !piped.await.has_failed()
    }

    /// Ends a stream, in good order or not.
    pub(crate) async fn finish(self, in_order: bool) {
        let _ended = question(|task, question| ask_finish(task, question, self.0, in_order)).await;
    }

    /// All of it; of what is longer than `limit`, the beginning.
    pub(crate) async fn read(self, limit: usize, timeout: Duration) -> Result<Vec<u8>, Failure> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let read = question(|task, question| {
            ask_read(task, question, self.0, limit, milliseconds(timeout));
        });
        let read = read.await;
        let failure = read.failure();
        read.bytes.ok_or(failure)
    }
}

/// The head of an answer, and its body.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
}

impl Found {
    /// As the core reads it.
    pub(crate) fn as_answer(&self) -> StoreAnswer<'_> {
        StoreAnswer { status: self.status, headers: &self.headers }
    }

    fn read(answered: &Answered) -> Option<Self> {
        let (status, headers) = answered.text.split_once('\n')?;
        let (status, body) = (status.parse().ok()?, Body::numbered(answered.object));
        Some(Self { status, headers: owned_pairs(headers), body })
    }
}

/// Why there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It could not even be asked for.
    NotSent,
    /// It took too long.
    Late,
    /// Anything else.
    Failed,
}

impl Answered {
    fn has_failed(&self) -> bool {
        self.text == "failed"
    }

    fn failure(&self) -> Failure {
        match self.text.as_str() {
            "not sent" => Failure::NotSent,
            "late" => Failure::Late,
            _ => Failure::Failed,
        }
    }
}

/// Looks for a copy, or for a part of one.
pub(crate) async fn look(key: &str, part: Option<&str>) -> Option<Found> {
    let text = [key, part.unwrap_or_default()].join("\n");
    Found::read(&question(|task, question| ask_look(task, question, &text)).await)
}

/// Keeps a copy. A cache that does not take it keeps nobody from being served.
pub(crate) async fn put(key: &str, headers: Lines<'_, '_>, body: Option<Body>) {
    let text = lines([key], headers);
    let number = Body::number(body);
    let _kept = question(|task, question| ask_put(task, question, &text, number)).await;
}

/// Forgets a copy.
pub(crate) async fn forget(key: &str) {
    let _forgotten = question(|task, question| ask_forget(task, question, key)).await;
}

/// Sends a request, and waits for the head of the answer.
pub(crate) async fn send(
    method: &str,
    url: &str,
    headers: Lines<'_, '_>,
    timeout: Duration,
) -> Result<Found, Failure> {
    let (text, timeout) = (lines([method, url], headers), milliseconds(timeout));
    let sent = question(|task, question| ask_send(task, question, &text, timeout)).await;
    Found::read(&sent).ok_or(sent.failure())
}

/// Asks a bucket of R2: fields, each on a line, then headers; or none, when it has no such object.
pub(crate) async fn bucket(
    binding: &str,
    method: &str,
    key: &str,
    options: &str,
    timeout: Duration,
) -> Result<Option<String>, Failure> {
    let timeout = milliseconds(timeout);
    let asked = question(|task, question| {
        ask_bucket(task, question, binding, method, key, options, timeout);
    });
    let found = asked.await;
    match found.text.as_str() {
        "failed" | "late" => Err(found.failure()),
        "absent" => Ok(None),
        _ => Ok(Some(found.text)),
    }
}

/// The body of an object of R2, by its number as it was told.
pub(crate) fn body_of(number: &str) -> Option<Body> {
    number.parse().ok().and_then(Body::numbered)
}

/// Waits.
pub(crate) async fn wait(time: Duration) {
    let _over = question(|task, question| ask_wait(task, question, milliseconds(time))).await;
}

/// A variable or secret of the Worker.
pub(crate) fn variable(name: &str) -> Option<String> {
    read_variable(current(), name)
}

/// Whether a namespace is bound to the Worker.
pub(crate) fn is_bound(name: &str) -> bool {
    has_binding(current(), name)
}

/// An entry of a namespace, if it is there.
pub(crate) async fn entry(namespace: &str, key: &str) -> Result<Option<String>, Failure> {
    let found = question(|task, question| ask_entry(task, question, namespace, key)).await;
    if found.has_failed() {
        return Err(Failure::Failed);
    }
    Ok(found.text.strip_prefix('=').map(str::to_owned))
}

/// Whether a signature holds: `algorithm` as `importKey` and `verify` name it, in JSON. A key that
/// cannot be imported holds nothing.
pub(crate) async fn verify(algorithm: &str, key: &[u8], signature: &[u8], message: &[u8]) -> bool {
    let verified = question(|task, question| {
        ask_verify(task, question, algorithm, key, signature, message);
    });
    verified.await.text == "holds"
}

/// The answer to the viewer: status, headers, and a body that is there, or one that was made here.
pub(crate) fn respond(
    status: u16,
    headers: Lines<'_, '_>,
    body: Result<Option<Body>, &str>,
    log: &str,
) {
    let text = lines([log], headers);
    match body {
        Ok(body) => send_response(current(), status, &text, Body::number(body)),
        Err(body) => send_response_with(current(), status, &text, body),
    }
}

/// Names and values, each on a line.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut lines = text.split('\n');
    std::iter::from_fn(move || Some((lines.next()?, lines.next()?)))
}

/// The same, to keep.
pub(crate) fn owned_pairs(text: &str) -> Vec<(String, String)> {
    pairs(text).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Headers that are to be written.
pub(crate) type Lines<'i, 'h> = &'i mut dyn Iterator<Item = (&'h str, &'h str)>;

/// Lines, and then names and values, each on a line. A line break within one would begin another
/// header: it becomes what the platform refuses as a whole.
fn lines<const N: usize>(first: [&str; N], headers: Lines<'_, '_>) -> String {
    let mut text = String::with_capacity(1024);
    for part in first.into_iter().chain(headers.flat_map(|(name, value)| [name, value])) {
        if part.contains('\n') {
            text.push_str(&part.replace('\n', "\r"));
        } else {
            text.push_str(part);
        }
        text.push('\n');
    }
    text
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
