//! The crates that others publish.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningInstructions,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use object_store::signer::Signer as _;
use reqsign_core::SignRequest as _;
use rusty_s3::S3Action as _;

use crate::{Case, Contest};

const OWN_CLOCK: &str = "takes the time from the clock, so the URL is another one";

pub fn add(contest: &mut Contest<'_>, case: &Case) {
    rusty_s3(contest, case);
    aws_sigv4(contest, case);
    reqsign(contest, case);
    object_store(contest, case);
    aws_sdk_s3(contest, case);
}

fn rusty_s3(contest: &mut Contest<'_>, case: &Case) {
    let endpoint = case.endpoint.parse().expect("the endpoint is a URL");
    let style = rusty_s3::UrlStyle::Path;
    let bucket = rusty_s3::Bucket::new(endpoint, style, case.bucket.clone(), case.region.clone())
        .expect("the bucket has a URL");
    let credentials = rusty_s3::Credentials::new(&case.access_key_id, &case.secret_access_key);
    let seconds = i64::try_from(case.time).expect("the time is in range");
    let time = jiff::Timestamp::from_second(seconds).expect("the time is in range");
    let (key, life) = (case.key.clone(), life(case));
    let presign = move || {
        let action = rusty_s3::actions::GetObject::new(&bucket, Some(&credentials), &key);
        action.sign_with_time(life, &time)
    };
    let url = presign();
    contest.add("sign", "rusty-s3", presign).made(url);
}

/// What `aws-sigv4` signs of a GET in these settings and in those that S3 needs.
pub fn aws_sigv4_signer(
    case: &Case,
    mut settings: SigningSettings,
) -> impl Fn() -> SigningInstructions + use<> {
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let (region, time) = (case.region.clone(), signed_at(case));
    let identity = peer_credentials(case).into();
    let url = object_url(case);
    move || {
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region.as_str())
            .name("s3")
            .time(time)
            .settings(settings.clone())
            .build()
            .expect("all parameters are there");
        let body = SignableBody::UnsignedPayload;
        let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), body)
            .expect("the request can be signed");
        sign(request, &params.into()).expect("the request is signed").into_parts().0
    }
}

fn object_url(case: &Case) -> String {
    format!("{}/{}/{}", case.endpoint, case.bucket, case.key)
}

fn aws_sigv4(contest: &mut Contest<'_>, case: &Case) {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(life(case));
    let sign = aws_sigv4_signer(case, settings);
    let url = object_url(case);
    let presign = move || {
        let instructions = sign();
        let mut request = http::Request::get(url.as_str()).body(()).expect("the URL is one");
        instructions.apply_to_request_http1x(&mut request);
        request.into_parts().0.uri
    };
    let url = presign();
    contest.add("sign", "aws-sigv4", presign).made(url.to_string());
}

fn reqsign(contest: &mut Contest<'_>, case: &Case) {
    let signer = reqsign_aws_v4::RequestSigner::new("s3", &case.region);
    let credential = reqsign_aws_v4::Credential {
        access_key_id: case.access_key_id.clone(),
        secret_access_key: case.secret_access_key.clone(),
        ..Default::default()
    };
    let context = reqsign_core::Context::new();
    let url = format!("{}/{}/{}", case.endpoint, case.bucket, case.key);
    let life = Some(life(case));
    let presign = move || {
        let (mut parts, ()) =
            http::Request::get(&url).body(()).expect("the URL is one").into_parts();
        ready(signer.sign_request(&context, &mut parts, Some(&credential), life))
            .expect("the request is signed");
        parts.uri
    };
    contest.add("sign", "reqsign-aws-v4", presign).note(OWN_CLOCK);
}

fn object_store(contest: &mut Contest<'_>, case: &Case) {
    let store = object_store::aws::AmazonS3Builder::new()
        .with_endpoint(&case.endpoint)
        .with_region(&case.region)
        .with_bucket_name(&case.bucket)
        .with_access_key_id(&case.access_key_id)
        .with_secret_access_key(&case.secret_access_key)
        .build()
        .expect("the store has all it needs");
    let (key, life) = (object_store::path::Path::from(case.key.as_str()), life(case));
    let presign =
        move || ready(store.signed_url(http::Method::GET, &key, life)).expect("the URL is signed");
    contest.add("sign", "object_store", presign).note(OWN_CLOCK);
}

fn aws_sdk_s3(contest: &mut Contest<'_>, case: &Case) {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_s3::config::Region::new(case.region.clone()))
        .credentials_provider(peer_credentials(case))
        .force_path_style(true)
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let (bucket, key, life, time) =
        (case.bucket.clone(), case.key.clone(), life(case), signed_at(case));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("there is a runtime");
    let presign = move || {
        let _entered = runtime.enter();
        let config = PresigningConfig::builder().expires_in(life).start_time(time).build();
        let request = client.get_object().bucket(bucket.as_str()).key(key.as_str());
        ready(request.presigned(config.expect("the time to live is in range")))
            .expect("the URL is signed")
    };
    contest.add("sign", "aws-sdk-s3", presign).note("adds `x-id=GetObject` to the URL");
}

fn peer_credentials(case: &Case) -> aws_credential_types::Credentials {
    let (id, secret) = (case.access_key_id.as_str(), case.secret_access_key.as_str());
    aws_credential_types::Credentials::new(id, secret, None, None, "bench")
}

fn life(case: &Case) -> Duration {
    Duration::from_secs(case.expires_in)
}

fn signed_at(case: &Case) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(case.time)
}

/// What comes of a future that waits for nothing: signing and proving are no I/O, whatever their
/// signatures say. A runtime would cost a little more.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("this waits for something");
}
