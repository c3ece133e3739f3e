"""What botocore signed, changed in one place, is refused with the reason that fits the change."""

import dataclasses
import datetime

import pytest

import botocore_signer
import tampering
from core_process import verify
from random_requests import Credentials, Request, random_requests

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
