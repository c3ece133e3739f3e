//! Times, told one JSON object a line.
//!
//! ```text
//! {"bench":"presign","row":"sign","name":"rusty-s3","version":"0.11.0","ns":3210.5}
//! ```
//!
//! All contestants of a bench run in turn for a moment, and that several times over, so that
//! whatever else the machine does meets them alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

/// How long a contestant runs at a stretch.
const SLICE: Duration = Duration::from_millis(20);

/// How often each has its turn. `cargo xtask bench` starts this program several times, too.
const TURNS: usize = 5;

/// Those that are measured against each other.
pub struct Contest<'a> {
    bench: &'static str,
    contestants: Vec<Contestant<'a>>,
}

/// One of them. It does its work as often as it is told.
struct Contestant<'a> {
    told: Map<String, Value>,
    work: Box<dyn FnMut(u64) + 'a>,
    repeat: u64,
    times: Vec<f64>,
}

/// What else is told of a contestant.
pub struct Facts<'c>(&'c mut Map<String, Value>);

impl<'a> Contest<'a> {
    pub fn new(bench: &'static str) -> Self {
        Self { bench, contestants: Vec::new() }
    }

    /// Adds what `work` does once.
    pub fn add<T>(
        &mut self,
        row: impl Into<String>,
        name: &str,
        mut work: impl FnMut() -> T + 'a,
    ) -> Facts<'_> {
        self.add_repeated(row, name, move |times| {
            for _ in 0..times {
                black_box(work());
            }
        })
    }

    fn add_repeated(
        &mut self,
        row: impl Into<String>,
        name: &str,
        work: impl FnMut(u64) + 'a,
    ) -> Facts<'_> {
        let mut told = Map::new();
        told.insert("bench".to_owned(), json!(self.bench));
        told.insert("row".to_owned(), json!(row.into()));
        told.insert("name".to_owned(), json!(name));
        if let Some(version) = version(name) {
            told.insert("version".to_owned(), json!(version));
        }
        let (work, times) = (Box::new(work), Vec::new());
        self.contestants.push(Contestant { told, work, repeat: 1, times });
        let last = self.contestants.last_mut().expect("one was added");
        Facts(&mut last.told)
    }

    /// Measures all, and tells.
    pub fn run(mut self) {
        self.contestants.iter_mut().for_each(Contestant::warm_up);
        for _ in 0..TURNS {
            self.contestants.iter_mut().for_each(Contestant::take_turn);
        }
        for mut contestant in self.contestants {
            contestant.times.sort_by(f64::total_cmp);
            let median = contestant.times[TURNS / 2];
            contestant.told.insert("ns".to_owned(), json!(median));
            println!("{}", Value::Object(contestant.told));
        }
    }
}

impl Contestant<'_> {
    /// Finds out how often it can do its work in a slice.
    fn warm_up(&mut self) {
        loop {
            let started = Instant::now();
            (self.work)(self.repeat);
            let taken = started.elapsed();
            if taken >= SLICE / 2 {
                let once = taken.as_secs_f64() / self.repeat as f64;
                self.repeat = ((SLICE.as_secs_f64() / once) as u64).max(1);
                return;
            }
            self.repeat *= 2;
        }
    }

    fn take_turn(&mut self) {
        let started = Instant::now();
        (self.work)(self.repeat);
        self.times.push(started.elapsed().as_secs_f64() * 1e9 / self.repeat as f64);
    }
}

impl Facts<'_> {
    /// What came out: the same for all of a row that tell it.
    pub fn made(self, output: impl Into<String>) -> Self {
        self.0.insert("output".to_owned(), json!(output.into()));
        self
    }

    /// Something to know when comparing.
    pub fn note(self, note: impl Into<String>) -> Self {
        self.0.insert("note".to_owned(), json!(note.into()));
        self
    }

    /// How much of that which grows there was.
    pub fn count(self, count: usize) -> Self {
        self.0.insert("count".to_owned(), json!(count));
        self
    }
}

/// The version of a crate, of those that are locked.
fn version(name: &str) -> Option<&'static str> {
    let start = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = include_str!("../Cargo.lock").split_once(&start)?;
    rest.split('"').next().filter(|_| name != "cloakroom")
}
