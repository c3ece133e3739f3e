"""What botocore signed, changed in one place, is refused with the reason that fits the change."""

import dataclasses
import datetime
import hashlib

import pytest

import botocore_signer
import tampering
from core_process import verify
from random_requests import Credentials, Request, random_requests

EMPTY = hashlib.sha256(b"").hexdigest()
REQUESTS = random_requests()
each_request = pytest.mark.parametrize("index", range(len(REQUESTS)))
each_form = pytest.mark.parametrize(
    "sign", [botocore_signer.sign_header, botocore_signer.presign], ids=["header", "presigned"]
)

PLAIN = Request(
    method="GET",
    origin="https://examplebucket.s3.amazonaws.com",
    key="photo.jpg",
    parameters=(),
    headers={"range": "bytes=0-9"},
    body=None,
    region="us-east-1",
    credentials=Credentials("AKIAEXAMPLE", "secret of the test", None),
    time=datetime.datetime(2026, 3, 1, 12, 0, 30),
    expires_in=3600,
)


@each_form
@each_request
def test_one_change(core, index, sign):
    request = REQUESTS[index]
    sent = send(sign, request)
    tamper = tampering.EVERY_KIND[index % len(tampering.EVERY_KIND)]
    before = dataclasses.astuple(dataclasses.replace(sent, headers=dict(sent.headers)))
    reason = tamper(sent, tampering.random_source(index))
    assert dataclasses.astuple(sent) != before, "the change changed nothing"
    assert refusal(core, sent, request.credentials) == reason, tamper.__name__


@pytest.mark.parametrize(
    "expires, reason",
    [(number, "expiry_out_of_range") for number in ["0", "604801", "99999999999999999999"]]
    + [(text, "malformed_credential") for text in ["-1", "1e3", "+1", "%201", "", "x"]],
)
def test_expiry(core, expires, reason):
    sent = send(botocore_signer.presign)
    sent.edit_query("X-Amz-Expires", lambda _: expires)
    assert refusal(core, sent) == reason


@pytest.mark.parametrize("seconds", [604801, 10**9])
def test_signed_expiry_over_seven_days(core, seconds):
    sent = send(botocore_signer.presign, dataclasses.replace(PLAIN, expires_in=seconds))
    assert refusal(core, sent) == "expiry_out_of_range"


@pytest.mark.parametrize(
    ("minutes", "reason"), [(-20, "not_yet_valid"), (0, None), (59, None), (61, "expired")]
)
def test_presigned_time(core, minutes, reason):
    sent = send(botocore_signer.presign)
    sent.now += datetime.timedelta(minutes=minutes)
    assert refusal(core, sent) == reason


@pytest.mark.parametrize(
    ("minutes", "reason"),
    [(-20, "clock_skew"), (-14, None), (0, None), (14, None), (20, "clock_skew")],
)
def test_header_time(core, minutes, reason):
    sent = send(botocore_signer.sign_header)
    sent.now += datetime.timedelta(minutes=minutes)
    assert refusal(core, sent) == reason


@each_form
def test_extra_amz_header_that_is_not_signed(core, sign):
    sent = send(sign)
    sent.headers["x-amz-acl"] = "public-read"
    assert refusal(core, sent) == "header_not_signed"


@pytest.mark.parametrize("kind", tampering.EVERY_KIND)
@pytest.mark.parametrize("payload", ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", EMPTY])
def test_one_change_of_a_url_that_names_its_payload(core, kind, payload):
    signed = botocore_signer.presign_naming_payload(PLAIN, payload)
    sent = tampering.Sent(PLAIN.method, signed.url, signed.headers, PLAIN.time)
    assert refusal(core, sent) is None
    reason = kind(sent, tampering.random_source(1))
    assert refusal(core, sent) == reason


@pytest.mark.parametrize(
    ("parameter", "header", "reason"),
    [
        ("UNSIGNED-PAYLOAD", "UNSIGNED-PAYLOAD", None),
        (EMPTY, None, None),
        (None, EMPTY, None),
        (EMPTY, "UNSIGNED-PAYLOAD", "malformed_credential"),
        (hashlib.sha256(b"body").hexdigest(), None, "malformed_credential"),
        (None, hashlib.sha256(b"body").hexdigest(), "malformed_credential"),
        ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", None, "malformed_credential"),
        (EMPTY.upper(), None, "malformed_credential"),
        ("", None, "malformed_credential"),
        ("x", None, "malformed_credential"),
    ],
)
def test_payload_that_a_url_names(core, parameter, header, reason):
    headers = PLAIN.headers | ({"X-Amz-Content-SHA256": header} if header else {})
    request = dataclasses.replace(PLAIN, headers=headers)
    if parameter is None:
        signed = botocore_signer.presign(request)
    else:
        signed = botocore_signer.presign_naming_payload(request, parameter)
    sent = tampering.Sent(PLAIN.method, signed.url, signed.headers, PLAIN.time)
    assert refusal(core, sent) == reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("UNSIGNED-PAYLOAD", "signature_mismatch"),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "signature_mismatch"),
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "signature_mismatch"),
        (hashlib.sha256(b"body").hexdigest(), "malformed_credential"),
        ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "malformed_credential"),
        ("", "malformed_credential"),
    ],
)
def test_payload_hash_of_a_read(core, value, reason):
    request = dataclasses.replace(PLAIN, body=b"")
    sent = send(botocore_signer.sign_header, request)
    assert refusal(core, sent) is None
    sent.edit_header("x-amz-content-sha256", lambda _: value)
    assert refusal(core, sent) == reason


@pytest.mark.parametrize("spelling", ["x-amz-content-sha256", "X-Amz-Content-SHA256"])
def test_payload_parameter_is_spelled_exactly_so(core, spelling):
    request = dataclasses.replace(PLAIN, parameters=((spelling, "UNSIGNED-PAYLOAD"),))
    assert refusal(core, send(botocore_signer.presign, request)) == "malformed_credential"


def test_a_token_that_was_appended_after_signing(core):
    """S3 wants it signed: otherwise whoever holds the URL could put another in its place."""
    expected = dataclasses.replace(PLAIN.credentials, session_token="the token")
    sent = send(botocore_signer.presign)
    sent.url += "&X-Amz-Security-Token=the%20token"
    assert refusal(core, sent, expected) == "signature_mismatch"
    sent = send(botocore_signer.sign_header)
    sent.headers["X-Amz-Security-Token"] = "the token"
    assert refusal(core, sent, expected) == "header_not_signed"


@each_form
@pytest.mark.parametrize("given", [None, "another token"])
def test_session_token(core, sign, given):
    """The key has a session token; the request is signed by its secret with another or none."""
    expected = dataclasses.replace(PLAIN.credentials, session_token="the token")
    signed_with = dataclasses.replace(PLAIN.credentials, session_token=given)
    sent = send(sign, dataclasses.replace(PLAIN, credentials=signed_with))
    assert refusal(core, sent, expected) == "session_token"


@each_form
def test_session_token_for_a_key_that_has_none(core, sign):
    signed_with = dataclasses.replace(PLAIN.credentials, session_token="surplus")
    sent = send(sign, dataclasses.replace(PLAIN, credentials=signed_with))
    assert refusal(core, sent) == "session_token"


@pytest.mark.parametrize(
    "name",
    [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    ],
)
def test_duplicate_parameter(core, name):
    sent = send(botocore_signer.presign)
    value = next(p for p in sent.url.split("?")[1].split("&") if p.startswith(name + "="))
    sent.url += "&" + value
    assert refusal(core, sent) == "duplicate_parameter"


def test_two_credentials(core):
    sent = send(botocore_signer.presign)
    sent.headers |= botocore_signer.sign_header(PLAIN).headers
    assert refusal(core, sent) == "several_credentials"


def test_no_credential(core):
    sent = send(botocore_signer.presign)
    sent.url = sent.url.split("?")[0]
    assert refusal(core, sent) == "no_credential"


@pytest.mark.parametrize("name", ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date"])
@pytest.mark.parametrize("value", ["", "x", "%00", "AWS4-HMAC-SHA1", "a/b/c"])
def test_malformed_parameter(core, name, value):
    sent = send(botocore_signer.presign)
    sent.edit_query(name, lambda _: value)
    assert refusal(core, sent) == "malformed_credential"


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0",
    ],
)
def test_malformed_header(core, authorization):
    sent = send(botocore_signer.sign_header)
    sent.edit_header("authorization", lambda _: authorization)
    assert refusal(core, sent) == "malformed_credential"


def test_another_algorithm(core):
    sent = send(botocore_signer.sign_header)
    sent.edit_header("authorization", lambda value: value.replace("SHA256", "SHA512"))
    assert refusal(core, sent) == "unsupported_authorization"


def test_host_must_be_signed(core):
    """A signature that does not cover `host` could be replayed against another endpoint."""
    sent = send(botocore_signer.presign)
    sent.edit_query("X-Amz-SignedHeaders", lambda value: value.replace("host%3B", ""))
    assert refusal(core, sent) == "malformed_credential"


def send(sign, request=PLAIN):
    signed = sign(request)
    return tampering.Sent(request.method, signed.url, signed.headers, request.time)


def refusal(core, sent, credentials=PLAIN.credentials):
    """The reason, or nothing when the request is accepted."""
    answer = verify(core, credentials, sent, sent.method, sent.now)
    return None if answer["ok"] else answer["reason"]
