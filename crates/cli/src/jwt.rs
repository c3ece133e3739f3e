//! `cloakroom jwt`

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use cloakroom_asymmetric::PrivateKey;
use cloakroom_core::jwt::{self, JwtAlgorithm, UnsignedJwt};
use cloakroom_core::secret::Secret;
use cloakroom_core::time::UnixTime;
use serde_json::{Map, Value, json};

use crate::secrets::{from_environment, from_file};
use crate::{Common, Failure};

#[derive(Debug, Args)]
#[command(after_help = "The algorithm follows from the key: HS256 with a secret; RS256, ES256 or \
EdDSA with --private-key.

Examples:
  USERS_JWT_SECRET=… cloakroom jwt --key-env USERS_JWT_SECRET --kid users --claim sub=alice \\
    --expires-in 3600
  cloakroom jwt --private-key key.pem --kid users --claim sub=alice --claim aud=cloakroom \\
    --expires-in 3600")]
pub(crate) struct Options {
    #[command(flatten)]
    key: Key,
    /// The id of the key in the policy document
    #[arg(long, value_name = "ID")]
    kid: String,
    /// HS256, RS256, ES256 or EdDSA, when the key is to be refused unless it is for that one
    #[arg(long, value_parser = parse_algorithm)]
    algorithm: Option<JwtAlgorithm>,
    /// A claim and its text; may be repeated
    #[arg(long = "claim", value_name = "NAME=TEXT", value_parser = parse_claim)]
    claims: Vec<(String, String)>,
    /// How long the token works, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=UnixTime::MAX.as_secs()))]
    expires_in: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Key {
    /// The environment variable that holds the secret of HS256, of at least 32 bytes
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
    /// The file that holds it, as its only line
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// A private key in PEM: RSA, P-256 or Ed25519
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
}

/// What the token is signed with.
enum Signer {
    Secret(Secret),
    PrivateKey { key: Box<PrivateKey>, algorithm: JwtAlgorithm },
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let signer = Signer::read(&options.key)?;
    let algorithm = signer.algorithm();
    if options.algorithm.is_some_and(|wanted| wanted != algorithm) {
        return Err(format!("--algorithm must be {algorithm}, which the key is for"));
    }
    let expires_at = options.common.time().saturating_add(Duration::from_secs(options.expires_in));
    let claims = claims(&options.claims, expires_at)?;
    let token = signer.sign(&options.kid, &claims)?;
    if options.common.json {
        let expires_at = expires_at.to_rfc3339();
        let (token, algorithm) = (token.expose(), algorithm.as_str());
        println!("{}", json!({ "token": token, "algorithm": algorithm, "expires_at": expires_at }));
    } else {
        println!("{}", token.expose());
    }
    Ok(ExitCode::SUCCESS)
}

impl Signer {
    fn read(key: &Key) -> Result<Self, Failure> {
        match (&key.key_env, &key.key_file, &key.private_key) {
            (Some(name), _, _) => checked(from_environment(name)?, name),
            (_, Some(file), _) => checked(from_file(file)?, &file.display().to_string()),
            (_, _, Some(file)) => read_private_key(file),
            (None, None, None) => Err("give --key-env, --key-file or --private-key".to_owned()),
        }
    }

    fn algorithm(&self) -> JwtAlgorithm {
        match self {
            Self::Secret(_) => JwtAlgorithm::Hs256,
            Self::PrivateKey { algorithm, .. } => *algorithm,
        }
    }

    fn sign(&self, kid: &str, claims: &Value) -> Result<Secret, Failure> {
        match self {
            Self::Secret(secret) => Ok(jwt::sign(kid, secret, claims)),
            Self::PrivateKey { key, algorithm } => {
                let unsigned = UnsignedJwt::new(*algorithm, kid, claims);
                let algorithm = algorithm.public_key().ok_or("HS256 takes a secret")?;
                let signature = key.sign(algorithm, unsigned.signing_input().as_bytes())?;
                Ok(unsigned.with_signature(&signature))
            }
        }
    }
}

/// What the edge refuses to verify with is not signed with, either.
fn checked(secret: Secret, source: &str) -> Result<Signer, Failure> {
    if secret.expose().len() < 32 {
        return Err(format!("{source} must hold a secret of at least 32 bytes"));
    }
    Ok(Signer::Secret(secret))
}

fn read_private_key(file: &Path) -> Result<Signer, Failure> {
    let pem = fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let key = PrivateKey::from_pem(&pem).map_err(|why| format!("{} {why}", file.display()))?;
    let takes_it = |algorithm: &JwtAlgorithm| {
        algorithm.public_key().is_some_and(|algorithm| algorithm.key_type() == key.key_type())
    };
    let algorithm = JwtAlgorithm::ALL.into_iter().find(takes_it);
    let algorithm =
        algorithm.ok_or_else(|| format!("no token takes a key of {}", file.display()))?;
    Ok(Signer::PrivateKey { key: Box::new(key), algorithm })
}

/// What was given, and the end.
fn claims(given: &[(String, String)], expires_at: UnixTime) -> Result<Value, Failure> {
    let mut claims = Map::from_iter([("exp".to_owned(), json!(expires_at.as_secs()))]);
    for (name, value) in given {
        if claims.insert(name.clone(), json!(value)).is_some() {
            return Err(match name.as_str() {
                "exp" => "--claim must not give `exp`: it follows from --expires-in".to_owned(),
                _ => format!("claim `{name}` is given twice"),
            });
        }
    }
    Ok(Value::Object(claims))
}

fn parse_algorithm(text: &str) -> Result<JwtAlgorithm, String> {
    let named = JwtAlgorithm::ALL.into_iter().find(|algorithm| algorithm.as_str() == text);
    named.ok_or_else(|| "must be HS256, RS256, ES256 or EdDSA".to_owned())
}

fn parse_claim(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must look like `sub=alice`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_given_once() {
        let given = |pairs: &[&str]| {
            let pairs: Result<Vec<_>, _> = pairs.iter().map(|pair| parse_claim(pair)).collect();
            pairs.and_then(|pairs| claims(&pairs, UnixTime::from_secs(7)))
        };
        let both = json!({ "exp": 7, "sub": "a=b", "x": "" });
        assert_eq!(given(&["sub=a=b", "x="]), Ok(both));
        for (pairs, why) in [
            (&["sub=a", "sub=b"][..], "twice"),
            (&["exp=8"], "--expires-in"),
            (&["sub"], "sub=alice"),
            (&["=a"], "sub=alice"),
        ] {
            assert!(given(pairs).is_err_and(|error| error.contains(why)), "{pairs:?}");
        }
    }
}
