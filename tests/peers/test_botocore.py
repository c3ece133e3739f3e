"""botocore as the other implementation of SigV4 for S3: a thousand requests, both ways."""

import dataclasses
import datetime
import hashlib
from urllib.parse import urlsplit

import pytest

import botocore_signer
from core_process import verify
from random_requests import amz_date, random_requests

REQUESTS = random_requests()
PAYLOADS = [
    hashlib.sha256(b"").hexdigest(),
    "UNSIGNED-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
]
each_request = pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))


@each_request
def test_core_verifies_what_botocore_signs_in_headers(core, request_):
    signed = botocore_signer.sign_header(request_)
    assert verify(core, request_.credentials, signed, request_.method, request_.time) == {
        "ok": True,
        "key_id": request_.credentials.access_key_id,
        "user": None,
        # Good for 15 minutes around the time of signing, as at S3.
        "expires_at": epoch(request_.time) + 15 * 60,
    }


@each_request
def test_core_verifies_what_botocore_presigns(core, request_):
    signed = botocore_signer.presign(request_)
    assert verify(core, request_.credentials, signed, request_.method, request_.time) == {
        "ok": True,
        "key_id": request_.credentials.access_key_id,
        "user": None,
        "expires_at": epoch(request_.time) + request_.expires_in,
    }


@each_request
def test_core_verifies_urls_that_name_their_payload(core, request_):
    """In the query or in a signed header, as the payload hash of the body or as a word."""
    payload = PAYLOADS[request_.expires_in % len(PAYLOADS)]
    in_query = botocore_signer.presign_naming_payload(request_, payload)
    headers = request_.headers | {"X-Amz-Content-SHA256": payload}
    in_header = botocore_signer.presign(dataclasses.replace(request_, headers=headers))
    for signed in (in_query, in_header):
        assert signed.canonical_request.endswith("\n" + payload)
        answer = verify(core, request_.credentials, signed, request_.method, request_.time)
        assert answer["ok"], answer


@each_request
def test_a_key_is_for_its_regions(core, request_):
    for sign in (botocore_signer.sign_header, botocore_signer.presign):
        signed = sign(request_)

        def answer(*regions):
            method, now = request_.method, request_.time
            return verify(core, request_.credentials, signed, method, now, regions)

        assert answer(request_.region)["ok"]
        assert answer("mars-1", request_.region)["ok"]
        refused = answer("mars-1", "moon-1")
        assert refused["reason"] == "wrong_region"
        assert "`mars-1` or `moon-1`" in refused["detail"]


@each_request
def test_core_presigns_the_payload_as_botocore_does(core, request_):
    payload = PAYLOADS[request_.expires_in % len(PAYLOADS)]
    theirs = botocore_signer.presign_naming_payload(request_, payload)
    inputs = signing_inputs(request_)
    ours = core("presign", expires_in=request_.expires_in, payload_sha256=payload, **inputs)
    if payload == "UNSIGNED-PAYLOAD":
        # It is what a URL without the parameter means.
        theirs = botocore_signer.presign(request_)
    assert ours["canonical_request"] == theirs.canonical_request
    assert sorted(query(ours["url"])) == sorted(query(theirs.url))


@each_request
def test_core_signs_headers_as_botocore_does(core, request_):
    theirs = botocore_signer.sign_header(request_)
    ours = core("sign", payload_sha256=request_.payload_sha256, **signing_inputs(request_))
    assert ours["canonical_request"] == theirs.canonical_request
    assert ours["string_to_sign"] == theirs.string_to_sign
    headers = {name.lower(): value for name, value in theirs.headers.items()}
    assert authorization(ours["headers"]["authorization"]) == authorization(
        headers["authorization"]
    )
    assert ours["signature"] == authorization(headers["authorization"])["Signature"]
    added = {"authorization", "x-amz-date", "x-amz-content-sha256"}
    if request_.credentials.session_token:
        added.add("x-amz-security-token")
    for name in added - {"authorization"}:
        assert ours["headers"][name] == headers[name]
    assert added <= ours["headers"].keys()


@each_request
def test_core_presigns_as_botocore_does(core, request_):
    theirs = botocore_signer.presign(request_).url
    ours = core("presign", expires_in=request_.expires_in, **signing_inputs(request_))["url"]
    assert ours.partition("?")[0] == theirs.partition("?")[0]
    # The order of parameters is free: the canonical query sorts them. All else is compared raw.
    assert sorted(query(ours)) == sorted(query(theirs))


def signing_inputs(request):
    return {
        "method": request.method,
        "url": request.url,
        "headers": request.headers,
        "region": request.region,
        "service": "s3",
        "access_key_id": request.credentials.access_key_id,
        "secret_access_key": request.credentials.secret_access_key,
        "session_token": request.credentials.session_token,
        "time": amz_date(request.time),
    }


def query(url):
    return urlsplit(url).query.split("&")


def authorization(header):
    algorithm, _, fields = header.partition(" ")
    return {"algorithm": algorithm} | dict(
        field.strip().split("=", 1) for field in fields.split(",")
    )


def epoch(time):
    return int(time.replace(tzinfo=datetime.UTC).timestamp())
