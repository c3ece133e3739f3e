"""The published examples of SigV4 for S3.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
"""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

EMPTY = hashlib.sha256(b"").hexdigest()
BUCKET = "https://examplebucket.s3.amazonaws.com"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EXAMPLE = {
    "region": "us-east-1",
    "service": "s3",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": SECRET,
    "session_token": None,
    "time": "20130524T000000Z",
}

HEADER_CASES = {
    "get an object by range": (
        {
            "method": "GET",
            "url": f"{BUCKET}/test.txt",
            "headers": {"range": "bytes=0-9"},
            "payload_sha256": EMPTY,
        },
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "put an object": (
        {
            "method": "PUT",
            "url": f"{BUCKET}/test%24file.text",
            "headers": {
                "date": "Fri, 24 May 2013 00:00:00 GMT",
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            },
            "payload_sha256": hashlib.sha256(b"Welcome to Amazon S3.").hexdigest(),
        },
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "get a bucket's lifecycle": (
        {
            "method": "GET",
            "url": f"{BUCKET}/?lifecycle",
            "headers": {},
            "payload_sha256": EMPTY,
        },
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "list a bucket": (
        {
            "method": "GET",
            "url": f"{BUCKET}/?max-keys=2&prefix=J",
            "headers": {},
            "payload_sha256": EMPTY,
        },
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}


@pytest.mark.parametrize(("inputs", "signature"), HEADER_CASES.values(), ids=HEADER_CASES.keys())
def test_header(core, inputs, signature):
    signed = core("sign", **inputs, **EXAMPLE)
    assert signed["signature"] == signature
    assert signed["headers"]["authorization"].endswith(f"Signature={signature}")
    answer = core(
        "verify",
        method=inputs["method"],
        url=inputs["url"],
        headers=inputs["headers"] | signed["headers"],
        now=EXAMPLE["time"],
        keys={EXAMPLE["access_key_id"]: {"secret_access_key": SECRET, "session_token": None}},
    )
    assert answer["ok"], answer


def test_presigned(core):
    signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    inputs = {"method": "GET", "url": f"{BUCKET}/test.txt", "headers": {}}
    url = core("presign", expires_in=86400, **inputs, **EXAMPLE)["url"]
    assert parse_qs(urlsplit(url).query)["X-Amz-Signature"] == [signature]
    answer = core(
        "verify",
        method="GET",
        url=url,
        headers={},
        now="20130524T235959Z",
        keys={EXAMPLE["access_key_id"]: {"secret_access_key": SECRET, "session_token": None}},
    )
    assert answer["ok"], answer
    assert answer["expires_at"] == 1369440000


def test_post_policy(core):
    """The example's policy has CRLF line ends, an empty line and a space before one brace."""
    conditions = [
        '{"bucket": "sigv4examplebucket"},',
        '["starts-with", "$key", "user/user1/"],',
        '{"acl": "public-read"},',
        '{"success_action_redirect":'
        ' "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},',
        '["starts-with", "$Content-Type", "image/"],',
        '{"x-amz-meta-uuid": "14365123651274"},',
        '{"x-amz-server-side-encryption": "AES256"},',
        '["starts-with", "$x-amz-meta-tag", ""],',
        "",
        '{"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},',
        '{"x-amz-algorithm": "AWS4-HMAC-SHA256"},',
        '{"x-amz-date": "20151229T000000Z" }',
    ]
    lines = ['{ "expiration": "2015-12-30T12:00:00.000Z",', '  "conditions": [']
    lines += [f"    {condition}" if condition else "" for condition in conditions]
    policy = "\r\n".join([*lines, "  ]", "}"])
    answer = core(
        "post_policy",
        policy_base64=base64.b64encode(policy.encode()).decode(),
        region="us-east-1",
        time="20151229T000000Z",
        secret_access_key=SECRET,
    )
    assert answer == {
        "signature": "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
    }
