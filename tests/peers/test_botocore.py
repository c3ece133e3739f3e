"""botocore as the other implementation of SigV4 for S3: a thousand requests, both ways."""

import datetime
from urllib.parse import urlsplit

import pytest

import botocore_signer
from core_process import verify
from random_requests import amz_date, random_requests

REQUESTS = random_requests()
each_request = pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))


@each_request
def test_core_verifies_what_botocore_signs_in_headers(core, request_):
    signed = botocore_signer.sign_header(request_)
    assert verify(core, request_.credentials, signed, request_.method, request_.time) == {
        "ok": True,
        "key_id": request_.credentials.access_key_id,
        "user": None,
        "expires_at": None,
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
    theirs = urlsplit(botocore_signer.presign(request_).url)
    answer = core("presign", expires_in=request_.expires_in, **signing_inputs(request_))
    ours = urlsplit(answer["url"])
    assert (ours.scheme, ours.netloc, ours.path) == (theirs.scheme, theirs.netloc, theirs.path)
    # The order of parameters is free: the canonical query sorts them. All else is compared raw.
    assert sorted(ours.query.split("&")) == sorted(theirs.query.split("&"))


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


def authorization(header):
    algorithm, _, fields = header.partition(" ")
    return {"algorithm": algorithm} | dict(
        field.strip().split("=", 1) for field in fields.split(",")
    )


def epoch(time):
    return int(time.replace(tzinfo=datetime.UTC).timestamp())
