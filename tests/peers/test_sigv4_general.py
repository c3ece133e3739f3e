"""botocore as the other implementation of SigV4 for services other than S3."""

import dataclasses
from urllib.parse import urlsplit

import pytest

import botocore_signer
from random_general import random_general_requests
from random_requests import amz_date

REQUESTS = random_general_requests()
each_request = pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))


@each_request
def test_core_signs_headers_as_botocore_does(core, request_):
    theirs = botocore_signer.sign_header_for(request_.service, request_)
    ours = core("sign", payload_sha256=request_.payload_sha256, **signing_inputs(request_))
    assert ours["canonical_request"] == theirs.canonical_request
    assert ours["string_to_sign"] == theirs.string_to_sign
    headers = {name.lower(): value for name, value in theirs.headers}
    assert ours["signature"] == headers["authorization"].rpartition("Signature=")[2]
    # What the signer adds is the same, and no more.
    added = {name: value for name, value in headers.items() if name not in request_.names}
    assert ours["headers"] == added


@each_request
def test_core_presigns_as_botocore_does(core, request_):
    # botocore keeps one value of each parameter when it presigns.
    request = dataclasses.replace(request_, parameters=tuple(dict(request_.parameters).items()))
    theirs = botocore_signer.presign_for(request.service, request)
    ours = core("presign", expires_in=request.expires_in, **signing_inputs(request))
    assert ours["canonical_request"] == theirs.canonical_request
    assert ours["string_to_sign"] == theirs.string_to_sign
    ours, theirs = urlsplit(ours["url"]), urlsplit(theirs.url)
    assert ours.path == theirs.path
    assert sorted(ours.query.split("&")) == sorted(theirs.query.split("&"))


def test_the_requests_are_as_odd_as_they_are_meant_to_be():
    paths = [request.url for request in REQUESTS]
    assert sum("/.." in path for path in paths) > 100
    assert sum("//" in path.partition("://")[2] for path in paths) > 100
    assert sum(len(set(request.names)) < len(request.names) for request in REQUESTS) > 100
    names = [[name for name, _ in request.parameters] for request in REQUESTS]
    assert sum(len(set(each)) < len(each) for each in names) > 100
    assert sum(request.credentials.session_token is not None for request in REQUESTS) > 100


def signing_inputs(request):
    return {
        "method": request.method,
        "url": request.url,
        "headers": request.headers,
        "region": request.region,
        "service": request.service,
        "access_key_id": request.credentials.access_key_id,
        "secret_access_key": request.credentials.secret_access_key,
        "session_token": request.credentials.session_token,
        "time": amz_date(request.time),
    }
