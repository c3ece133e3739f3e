//! Secrets from the Parameter Store of AWS Systems Manager, or from the Secrets Manager, read
//! once when the function starts. Where none is named, nothing is asked.
//!
//! | `SECRETS` | where the secret `NAME` is |
//! |---|---|
//! | `ssm:/cloakroom` | in the parameter `/cloakroom/NAME` |
//! | `secretsmanager:ARN` | in the field `NAME` of the JSON object that this secret holds |
//!
//! What is not there is looked for in the environment, where Lambda has the credentials of the
//! function's role; with these the source is asked. `AWS_ENDPOINT_URL_SSM` and
//! `AWS_ENDPOINT_URL_SECRETS_MANAGER` stand for another place to ask, as in the SDKs of AWS.
//!
//! Source: [GetParametersByPath] and [GetSecretValue].
//!
//! [GetParametersByPath]: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
//! [GetSecretValue]: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html

use std::collections::BTreeMap;
use std::time::Duration;

use cloakroom_core::crypto::sha256;
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::Credentials;
use cloakroom_core::sigv4::sign::{Payload, Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::time::UnixTime;
use serde_json::{Map, Value, json};

use crate::http::Sent;

/// How long an answer may take. Lambda gives a function ten seconds to start.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What is waited for before another try. Many instances that start at once are throttled.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];

/// The longest answer that is read, in bytes: ten parameters of 8 KB, or a secret of 64 KB, each
/// character written as up to six.
const MAX_ANSWER: u64 = 1024 * 1024;

/// What the environment says.
pub(crate) type Environment<'e> = dyn Fn(&str) -> Option<String> + 'e;

/// Secrets by their names.
#[derive(Debug, Default)]
pub(crate) struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    /// Reads what the variable `SECRETS` names; nothing, when it is not set.
    ///
    /// # Errors
    /// Says what is wrong with the variable, or what the source answered.
    pub(crate) async fn read(environment: &Environment<'_>, now: UnixTime) -> Result<Self, String> {
        let named = environment("SECRETS").filter(|named| !named.is_empty());
        let Some(named) = named else { return Ok(Self::default()) };
        let source = Source::parse(&named)?;
        let service = Service::new(&source, environment)?;
        let problem =
            |problem: String| format!("the secrets of `{named}` cannot be read: {problem}");
        let mut secrets = Self::default();
        let mut page = None;
        loop {
            let body = source.request(page.as_deref());
            let answer = service.ask(source.target(), &body, now).await.map_err(problem)?;
            page = source.add(&answer, &mut secrets).map_err(problem)?;
            if page.is_none() {
                return Ok(secrets);
            }
        }
    }

    /// The secret of this name.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|secret| secret.expose().to_owned())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Source {
    /// A folder of the Parameter Store, without a slash at its end.
    Parameters { path: String },
    /// A secret of the Secrets Manager.
    Secret { arn: String, region: String },
}

impl Source {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "variable `SECRETS` is `{text}`; it must look like `ssm:/cloakroom` or \
                 `secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-AbCdEf`"
            )
        };
        if let Some(path) = text.strip_prefix("ssm:") {
            let path = path.trim_end_matches('/');
            return match path.starts_with('/') {
                true => Ok(Self::Parameters { path: path.to_owned() }),
                false => Err(wrong()),
            };
        }
        let arn = text.strip_prefix("secretsmanager:").ok_or_else(wrong)?;
        match arn.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "secretsmanager", region, _, "secret", _] if !region.is_empty() => {
                Ok(Self::Secret { arn: arn.to_owned(), region: (*region).to_owned() })
            }
            _ => Err(wrong()),
        }
    }

    /// The operation.
    fn target(&self) -> &'static str {
        match self {
            Self::Parameters { .. } => "AmazonSSM.GetParametersByPath",
            Self::Secret { .. } => "secretsmanager.GetSecretValue",
        }
    }

    /// Its input; `page` is where the one before has ended.
    fn request(&self, page: Option<&str>) -> String {
        let mut body = match self {
            Self::Parameters { path } => json!({ "Path": path, "WithDecryption": true }),
            Self::Secret { arn, .. } => json!({ "SecretId": arn }),
        };
        if let (Some(page), Some(fields)) = (page, body.as_object_mut()) {
            fields.insert("NextToken".to_owned(), page.into());
        }
        body.to_string()
    }

    /// Takes what the answer holds. Returns where it goes on, if it does.
    fn add(&self, answer: &Value, secrets: &mut Secrets) -> Result<Option<String>, String> {
        let text = |value: &Value, field: &str| value.get(field)?.as_str().map(str::to_owned);
        if let Self::Secret { .. } = self {
            let held = text(answer, "SecretString").ok_or("it has no `SecretString`")?;
            let fields: Map<String, Value> = serde_json::from_str(&held)
                .map_err(|_| "it is not a JSON object such as `{\"NAME\": \"value\"}`")?;
            for (name, value) in fields {
                let value =
                    value.as_str().ok_or_else(|| format!("its field `{name}` is no text"))?;
                secrets.0.insert(name, Secret::new(value));
            }
            return Ok(None);
        }
        for parameter in answer.get("Parameters").and_then(Value::as_array).into_iter().flatten() {
            let (path, value) = (text(parameter, "Name"), text(parameter, "Value"));
            let (Some(path), Some(value)) = (path, value) else {
                return Err("a parameter has no name or no value".to_owned());
            };
            let name = path.rsplit('/').next().unwrap_or_default();
            secrets.0.insert(name.to_owned(), Secret::new(value));
        }
        Ok(text(answer, "NextToken").filter(|page| !page.is_empty()))
    }
}

/// A service of AWS that speaks JSON 1.1.
struct Service {
    name: &'static str,
    region: String,
    endpoint: Endpoint,
    credentials: Credentials,
}

impl Service {
    fn new(source: &Source, environment: &Environment<'_>) -> Result<Self, String> {
        let required = |name: &str| {
            environment(name).ok_or_else(|| format!("variable `{name}` is not set: Lambda sets it"))
        };
        let (name, region, place) = match source {
            Source::Parameters { .. } => ("ssm", required("AWS_REGION")?, "AWS_ENDPOINT_URL_SSM"),
            Source::Secret { region, .. } => {
                ("secretsmanager", region.clone(), "AWS_ENDPOINT_URL_SECRETS_MANAGER")
            }
        };
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        let endpoint = environment(place)
            .unwrap_or_else(|| format!("https://{name}.{region}.amazonaws.com{suffix}"));
        Ok(Self {
            name,
            endpoint: Endpoint::parse(&endpoint)?,
            region,
            credentials: Credentials {
                access_key_id: required("AWS_ACCESS_KEY_ID")?,
                secret_access_key: SecretAccessKey::new(required("AWS_SECRET_ACCESS_KEY")?),
                session_token: environment("AWS_SESSION_TOKEN").map(Secret::new),
            },
        })
    }

    /// Asks, and asks again where that may help.
    async fn ask(&self, target: &str, body: &str, now: UnixTime) -> Result<Value, String> {
        let mut pauses = PAUSES.iter();
        loop {
            let outcome = tokio::time::timeout(TIMEOUT, self.send(target, body, now)).await;
            let failure = match outcome {
                Ok(Ok((200, answer))) => return Ok(answer),
                Ok(Ok((status, answer))) => Failure::answered(status, &answer),
                Ok(Err(problem)) => Failure { problem, may_pass: true },
                Err(_) => Failure { problem: "no answer in time".to_owned(), may_pass: true },
            };
            match pauses.next() {
                Some(pause) if failure.may_pass => tokio::time::sleep(*pause).await,
                _ => return Err(failure.problem),
            }
        }
    }

    async fn send(&self, target: &str, body: &str, now: UnixTime) -> Result<(u16, Value), String> {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let unsigned = Unsigned {
            method: Method::Post,
            endpoint: &self.endpoint,
            path: "/",
            query: &[],
            headers: &headers,
        };
        let signer = Signer {
            credentials: &self.credentials,
            region: &self.region,
            service: self.name,
            time: now,
        };
        let hash = hex::encode(sha256(body.as_bytes()));
        let signed = signer.sign_headers(&unsigned, Payload::Sha256(&hash));
        let signed_headers = signed.headers.iter().map(|(name, value)| (*name, value.expose()));
        let headers: Vec<_> = headers.into_iter().chain(signed_headers).collect();
        let sent = Sent { headers: &headers, body, ..Sent::new(Method::Post, &signed.url) };
        let answer = sent.send().await;
        let answer = answer.map_err(|_| format!("{} cannot be reached", self.endpoint))?;
        let status = answer.status();
        let body = answer.first_bytes(MAX_ANSWER).await.ok_or("the answer broke off")?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}

/// A try that failed.
struct Failure {
    problem: String,
    /// Whether another try may succeed.
    may_pass: bool,
}

impl Failure {
    /// By the kind of error that the service names: its text is not for the log.
    fn answered(status: u16, answer: &Value) -> Self {
        let kind = answer.get("__type").and_then(Value::as_str).unwrap_or_default();
        let kind = kind.rsplit('#').next().unwrap_or_default();
        Self {
            problem: format!("the answer is {status} {kind}").trim_end().to_owned(),
            may_pass: status >= 500 || kind.starts_with("Throttling"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-AbCdEf";

    fn secret() -> Source {
        Source::parse(&format!("secretsmanager:{ARN}")).unwrap()
    }

    fn parameters() -> Source {
        Source::parse("ssm:/cloakroom/").unwrap()
    }

    #[test]
    fn sources() {
        assert_eq!(parameters(), Source::Parameters { path: "/cloakroom".to_owned() });
        assert_eq!(
            secret(),
            Source::Secret { arn: ARN.to_owned(), region: "eu-west-1".to_owned() }
        );
        for wrong in
            ["/cloakroom", "ssm:cloakroom", "ssm:/", "ssm:", "secretsmanager:media", "env:"]
        {
            let problem = Source::parse(wrong).unwrap_err();
            assert!(problem.contains("must look like `ssm:/cloakroom`"), "{problem}");
        }
    }

    #[test]
    fn parameters_come_in_pages() {
        let first = json!({ "Path": "/cloakroom", "WithDecryption": true });
        assert_eq!(serde_json::from_str::<Value>(&parameters().request(None)).unwrap(), first);
        assert!(parameters().request(Some("abc")).contains(r#""NextToken":"abc""#));
        let mut secrets = Secrets::default();
        let answer = json!({
            "Parameters": [
                { "Name": "/cloakroom/A", "Type": "SecureString", "Value": "1" },
                { "Name": "/cloakroom/B", "Type": "String", "Value": "2" }
            ],
            "NextToken": "abc"
        });
        let page = parameters().add(&answer, &mut secrets).unwrap();
        assert_eq!(page.as_deref(), Some("abc"));
        let last = parameters().add(&json!({ "Parameters": [] }), &mut secrets).unwrap();
        assert_eq!(last, None);
        assert_eq!((secrets.get("A"), secrets.get("B")), (Some("1".into()), Some("2".into())));
        assert_eq!(secrets.get("C"), None);
        assert!(!format!("{secrets:?}").contains('1'));
    }

    #[test]
    fn a_secret_holds_an_object() {
        let add = |held: &str| {
            let mut secrets = Secrets::default();
            let added = secret().add(&json!({ "SecretString": held }), &mut secrets);
            added.map(|page| (page, secrets.get("A")))
        };
        assert_eq!(add(r#"{"A":"1"}"#), Ok((None, Some("1".to_owned()))));
        assert!(add("plain").unwrap_err().contains("not a JSON object"));
        assert!(add(r#"{"A":1}"#).unwrap_err().contains("its field `A` is no text"));
        assert!(secret().add(&json!({}), &mut Secrets::default()).is_err());
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        let check = |status, kind: &str, problem: &str, may_pass| {
            let failure = Failure::answered(status, &json!({ "__type": kind }));
            assert_eq!((failure.problem.as_str(), failure.may_pass), (problem, may_pass));
        };
        check(400, "ThrottlingException", "the answer is 400 ThrottlingException", true);
        check(500, "", "the answer is 500", true);
        let denied = "com.amazon.coral.service#AccessDeniedException";
        check(400, denied, "the answer is 400 AccessDeniedException", false);
    }
}
