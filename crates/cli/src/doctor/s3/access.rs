//! Whether a store lets us in, and if not, what is wrong.

use cloakroom_core::store::S3Store;

use super::super::http::Heard;

/// What a store makes of the credentials.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Access {
    Granted,
    /// The signature is fine, and the bucket's contents are not for us.
    NoListing,
    Refused {
        problem: String,
        fix: String,
    },
}

/// What the answer to a listing says. `region` is the one that the store named, if any.
pub(super) fn access(
    store: &S3Store,
    bucket: &str,
    heard: &Heard,
    region: Option<String>,
) -> Access {
    let name = &store.name;
    let refused = |problem: String, fix: String| Access::Refused { problem, fix };
    let (status, code) = match heard {
        Heard::Answer { status, code } => (*status, code.as_deref().unwrap_or_default()),
        Heard::Silence(_) => {
            return refused(
                heard.to_string(),
                format!("see whether `stores.{name}.endpoint` is right, and the store runs"),
            );
        }
    };
    let other_region = region.filter(|region| *region != store.region);
    match (status, code, other_region) {
        (200..=299, ..) => Access::Granted,
        (_, _, Some(region)) => refused(
            format!("`{}` is not its region ({heard})", store.region),
            format!(
                "set the region:\n\"stores\": {{ \"{name}\": {{ …, \"region\": \"{region}\" }} }}"
            ),
        ),
        (
            _,
            "AuthorizationHeaderMalformed"
            | "AuthorizationQueryParametersError"
            | "PermanentRedirect"
            | "TemporaryRedirect",
            None,
        )
        | (301 | 307 | 308, ..) => refused(
            format!("`{}` is not its region ({heard})", store.region),
            format!("set `stores.{name}.region` and `stores.{name}.endpoint` to the bucket's own"),
        ),
        (_, "InvalidAccessKeyId", _) => refused(
            format!("it does not know the access key id ({heard})"),
            format!(
                "set the secret that `stores.{name}.credentials.access_key_id` names to the id of \
                 a key of this store"
            ),
        ),
        (_, "SignatureDoesNotMatch", _) => refused(
            format!("the secret access key is not that of the key id ({heard})"),
            format!(
                "set the secrets that `stores.{name}.credentials` names: id and secret must be of \
                 one key pair"
            ),
        ),
        (_, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired", _) => refused(
            format!("it does not take the session token ({heard})"),
            format!(
                "get new temporary credentials, and set all three secrets that \
                 `stores.{name}.credentials` names"
            ),
        ),
        (_, "RequestTimeTooSkewed", _) => refused(
            format!("the clocks are too far apart ({heard})"),
            "set this machine's clock, by NTP".to_owned(),
        ),
        (404, ..) => refused(
            format!("there is no bucket `{bucket}` ({heard})"),
            format!("make the bucket `{bucket}`, or correct its name in the policy's routes"),
        ),
        (403, "AccessDenied", _) => Access::NoListing,
        _ => refused(
            format!("it answered {heard} to a listing of `{bucket}`"),
            format!("see whether `stores.{name}.endpoint` is the store's S3 interface"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cloakroom_core::endpoint::Endpoint;
    use cloakroom_core::sigv4::Credentials;
    use cloakroom_core::sigv4::signing_key::SecretAccessKey;
    use cloakroom_core::store::Addressing;

    use super::super::super::http::Silence;
    use super::*;

    fn asked(status: u16, code: &str, region: Option<&str>) -> Result<Access, String> {
        let store = S3Store {
            name: "main".to_owned(),
            endpoint: Endpoint::parse("https://s3.example")?,
            region: "us-east-1".to_owned(),
            addressing: Addressing::Path,
            credentials: Credentials {
                access_key_id: "ID".to_owned(),
                secret_access_key: SecretAccessKey::new("secret"),
                session_token: None,
            },
            timeout: Duration::from_secs(1),
        };
        let heard = match status {
            0 => Heard::Silence(Silence::Refused),
            status => Heard::Answer { status, code: Some(code.to_owned()) },
        };
        Ok(access(&store, "media", &heard, region.map(str::to_owned)))
    }

    #[test]
    fn each_refusal_says_what_to_change() {
        assert_eq!(asked(200, "", None), Ok(Access::Granted));
        assert_eq!(asked(403, "AccessDenied", Some("us-east-1")), Ok(Access::NoListing));
        for (status, code, region, words) in [
            (0, "", None, "`stores.main.endpoint`"),
            (400, "AuthorizationHeaderMalformed", Some("eu-north-1"), "\"region\": \"eu-north-1\""),
            (301, "PermanentRedirect", None, "`stores.main.region`"),
            (400, "AuthorizationHeaderMalformed", None, "`stores.main.region`"),
            (403, "InvalidAccessKeyId", None, "credentials.access_key_id"),
            (403, "SignatureDoesNotMatch", None, "one key pair"),
            (403, "RequestTimeTooSkewed", None, "NTP"),
            (400, "ExpiredToken", None, "all three secrets"),
            (404, "NoSuchBucket", None, "make the bucket `media`"),
            (405, "MethodNotAllowed", None, "S3 interface"),
        ] {
            let said = format!("{:?}", asked(status, code, region)).replace('\\', "");
            assert!(said.contains("Refused") && said.contains(words), "{said}");
        }
    }
}
