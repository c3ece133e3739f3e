//! Functions that issue uploads: Cloakroom's, and what others would write in an afternoon. Each
//! runs as on Lambda, started afresh in each round, and is weighed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use cloakroom_core::jwt;
use cloakroom_core::secret::Secret;
use hyper::Request;
use hyper::body::Bytes;
use serde_json::{Value, json};

use super::figures::{Figure, Figures, Unit};
use super::programs::Language;
use crate::cache::Cache;
use crate::checkout::{Checkout, cargo};
use crate::command::Run;
use crate::lambda::{Function, Trial, event_of};
use crate::package::Size;
use crate::process::Log;
use crate::progress::{Step, step};
use crate::{npm, python, random};

/// The name of the bench.
pub(super) const BENCH: &str = "function";

/// What is measured, as the figures' rows.
pub(super) const INIT: &str = "init";
pub(super) const FIRST: &str = "first invocation";
pub(super) const WARM: &str = "warm invocation";
pub(super) const MEMORY: &str = "memory";
pub(super) const PACKAGE: &str = "package";
pub(super) const ZIP: &str = "zip";

/// How many events a process gets before times are taken; compilers at run time are then done.
const WARM_UP: usize = 300;

/// Of how many events the median is taken.
const EVENTS: usize = 500;

/// Functions that are ready to run.
#[derive(Debug)]
pub(super) struct Functions {
    all: Vec<Contestant>,
    event: Bytes,
}

#[derive(Debug)]
struct Contestant {
    name: &'static str,
    version: Option<String>,
    language: Language,
    note: &'static str,
    function: Function,
    arguments: Vec<String>,
    /// What the answer holds when it is right.
    proof: &'static str,
    size: Size,
}

impl Functions {
    /// Builds or installs all.
    pub(super) fn install(checkout: &Checkout, cache: &Cache) -> Result<Self> {
        let (environment, event) = environment(checkout)?;
        let install = Install {
            sources: checkout.root().join("bench/function"),
            checkout,
            cache,
            environment,
            log: Log::create(checkout.target().join("bench-function.log"))?,
        };
        let all = vec![
            step("function, Cloakroom", |step| install.cloakroom(step).map(told))?,
            step("function, Rust", |step| install.rust(step).map(told))?,
            step("function, JavaScript", |step| install.javascript(step).map(told))?,
            step("function, Python", |step| install.python(step).map(told))?,
        ];
        Ok(Self { all, event })
    }

    /// Starts each once, and measures it.
    pub(super) fn measure(&self, figures: &mut Figures) -> Result<()> {
        for contestant in &self.all {
            let measured = contestant.measure(&self.event);
            let measured = measured.with_context(|| format!("function {}", contestant.name))?;
            for (row, value) in measured {
                figures.push(contestant.figure(row, value));
            }
        }
        Ok(())
    }
}

impl Contestant {
    fn measure(&self, event: &Bytes) -> Result<[(&'static str, f64); 6]> {
        let (mut trial, init) = Trial::start(&self.function, &self.arguments)?;
        let (answer, first) = trial.invoke(event)?;
        self.require_right(&answer)?;
        for _ in 0..WARM_UP {
            trial.invoke(event)?;
        }
        let mut times = Vec::with_capacity(EVENTS);
        for _ in 0..EVENTS {
            times.push(trial.invoke(event)?.1);
        }
        times.sort_unstable();
        let warm = times.get(EVENTS / 2).copied().unwrap_or_default();
        let memory = trial.peak_memory()?;
        Ok([
            (INIT, nanoseconds(init)),
            (FIRST, nanoseconds(first)),
            (WARM, nanoseconds(warm)),
            (MEMORY, memory),
            (PACKAGE, f64::from(self.size.bytes)),
            (ZIP, f64::from(self.size.zip)),
        ])
    }

    fn require_right(&self, answer: &[u8]) -> Result<()> {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let status = answer.get("statusCode").and_then(Value::as_u64);
        let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
        if !matches!(status, Some(200 | 201)) || !body.contains(self.proof) {
            bail!("it issues nothing, but answers {answer}");
        }
        Ok(())
    }

    fn figure(&self, row: &str, value: f64) -> Figure {
        Figure {
            bench: BENCH.to_owned(),
            row: row.to_owned(),
            name: self.name.to_owned(),
            language: self.language,
            version: self.version.clone(),
            note: Some(self.note.to_owned()),
            count: None,
            output: None,
            unit: match row {
                MEMORY | PACKAGE | ZIP => Unit::Bytes,
                _ => Unit::Nanoseconds,
            },
            rounds: vec![value],
            rates: Vec::new(),
        }
    }
}

/// What contestants are made of.
struct Install<'a> {
    sources: PathBuf,
    checkout: &'a Checkout,
    cache: &'a Cache,
    environment: Vec<(String, String)>,
    log: Log,
}

impl Install<'_> {
    fn cloakroom(&self, step: &Step) -> Result<Contestant> {
        let build = Run::new(cargo())?.dir(self.checkout.root());
        let build = build.args(["build", "--release", "--locked", "--package", "cloakroom-lambda"]);
        build.arg("--target-dir").args([self.checkout.target()]).run(step)?;
        let binary = self.checkout.target().join("release/uploads");
        Ok(Contestant {
            size: Size::of(&binary, Path::new("python3"))?,
            note: "signs a URL to read what is uploaded, too, and writes a line of its log",
            ..self.contestant("cloakroom", Language::Rust, binary, Vec::new())
        })
    }

    fn rust(&self, step: &Step) -> Result<Contestant> {
        let target = self.checkout.target().join("bench-function");
        let build = Run::new(cargo())?.dir(&self.sources.join("rust"));
        let build = build.args(["build", "--release", "--locked", "--target-dir"]);
        build.args([&target]).run(step)?;
        let binary = target.join("release/cloakroom-bench-function");
        Ok(Contestant {
            size: Size::of(&binary, Path::new("python3"))?,
            note: "says hello: the floor, which the measuring is in",
            proof: "hello",
            ..self.contestant("lambda_runtime", Language::Rust, binary, Vec::new())
        })
    }

    fn javascript(&self, step: &Step) -> Result<Contestant> {
        let folder = self.sources.join("node");
        npm::install(&folder, step)?;
        let name = "@aws-sdk/s3-request-presigner";
        let script = folder.join("runtime.mjs").display().to_string();
        let program = crate::checkout::find_program("node").context("node is missing")?;
        let file = folder.join("node_modules").join(name).join("package.json");
        let about: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
        Ok(Contestant {
            version: about.get("version").and_then(Value::as_str).map(str::to_owned),
            size: Size::of(&folder, Path::new("python3"))?,
            note: "with jsonwebtoken and a loop of its own as the runtime; what is packed is \
                   node_modules, of which AWS's runtime has the SDK",
            ..self.contestant(name, Language::JavaScript, program, vec![script])
        })
    }

    fn python(&self, step: &Step) -> Result<Contestant> {
        let folder = self.sources.join("python");
        let requirements = folder.join("requirements.txt");
        let environment = python::environment(self.cache, "function", &requirements, step)?;
        let program = environment.join("bin/python");
        let ask =
            "import sysconfig, boto3; print(sysconfig.get_path('purelib'), boto3.__version__)";
        let said = Run::new(&program)?.args(["-c", ask]).output()?;
        let (packages, version) = said.trim().rsplit_once(' ').context("python says nothing")?;
        let arguments = ["-m", "awslambdaric", "handler.handler"].map(str::to_owned).into();
        let mut contestant = self.contestant("boto3", Language::Python, program.clone(), arguments);
        let path = folder.display().to_string();
        contestant.function.environment.push(("PYTHONPATH".to_owned(), path));
        Ok(Contestant {
            version: Some(version.to_owned()),
            size: Size::of(Path::new(packages), &program)?,
            note: "with PyJWT and AWS's runtime, awslambdaric; what is packed are site-packages, of \
                   which AWS's runtime has the SDK",
            ..contestant
        })
    }

    fn contestant(
        &self,
        name: &'static str,
        language: Language,
        binary: PathBuf,
        arguments: Vec<String>,
    ) -> Contestant {
        let function = Function {
            name: name.to_owned(),
            binary,
            environment: self.environment.clone(),
            region: "us-east-1".to_owned(),
            log: self.log.clone(),
        };
        let (version, note, size) = (None, "", Size { bytes: 0, zip: 0 });
        let proof = "X-Amz-Signature=";
        Contestant { name, version, language, note, function, arguments, proof, size }
    }
}

fn told(contestant: Contestant) -> (Contestant, String) {
    let said = contestant.size.to_string();
    (contestant, said)
}

/// The example policy with secrets, for whoever reads them, and somebody's request for an upload.
fn environment(checkout: &Checkout) -> Result<(Vec<(String, String)>, Bytes)> {
    let policy = fs::read_to_string(checkout.root().join("policy.json"))
        .context("the example policy cannot be read")?;
    let (issuer, audience, users) = ("https://app.example.com", "cloakroom", random::secret()?);
    let mut environment = vec![
        ("POLICY", policy),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".to_owned()),
        ("ISSUER", issuer.to_owned()),
        ("AUDIENCE", audience.to_owned()),
        ("BUCKET", "example-app-media".to_owned()),
        ("USERS_JWT_SECRET", users.clone()),
    ];
    for name in ["AWS_SECRET_ACCESS_KEY", "EDGE_SECRET_ACCESS_KEY", "UPLOADS_SEAL_SECRET"] {
        environment.push((name, random::secret()?));
    }
    let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = json!({ "sub": "alice", "iss": issuer, "aud": audience, "exp": now + 86_400 });
    let token = jwt::sign("users", &Secret::new(users), &claims);
    let order = json!({ "filename": "harbour.jpg", "content_type": "image/jpeg", "size": 123_456 });
    let request = Request::post("/uploads")
        .header("host", "uploads.example.com")
        .header("authorization", format!("Bearer {}", token.expose()))
        .header("content-type", "application/json")
        .header("accept", "*/*")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101")
        .body(Bytes::from(order.to_string()))?;
    Ok((environment.collect(), event_of(request)))
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
